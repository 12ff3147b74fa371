//! A matrix as shades of one colour, from its smallest to its largest number.

use super::svg::{Anchor, Svg, text_width};
use crate::table::figure;

const SIDE: f64 = 28.0;

pub(super) fn draw(rows: &[String], columns: &[String], values: &[f64]) -> String {
    let widest = |names: &[String]| names.iter().map(|n| text_width(n)).fold(0.0, f64::max);
    let (left, top) = (16.0 + widest(rows), 20.0);
    let cell = SIDE.max(widest(columns) + 6.0);
    let finite = values.iter().copied().filter(|x| x.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));

    let width = left + cell * columns.len() as f64 + 8.0;
    let mut svg = Svg::new(width, top + SIDE * rows.len() as f64 + 8.0);
    for (j, name) in columns.iter().enumerate() {
        svg.text("tick", [left + cell * (j as f64 + 0.5), 14.0], Anchor::Middle, name);
    }
    for (i, name) in rows.iter().enumerate() {
        let y = top + SIDE * i as f64;
        svg.text("tick", [left - 8.0, y + SIDE / 2.0 + 4.0], Anchor::End, name);
        for j in 0..columns.len() {
            let value = values[i * columns.len() + j];
            let shade = if high > low { (value - low) / (high - low) } else { 0.5 };
            let shade = if shade.is_finite() { shade } else { 0.0 };
            let x = left + cell * j as f64;
            svg.raw(&format!(
                "<rect class=\"cell\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill-opacity=\"{shade:.3}\"><title>{}</title></rect>",
                cell - 1.0,
                SIDE - 1.0,
                figure(value)
            ));
        }
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_smallest_is_clear_and_the_largest_full() {
        let names = ["a".to_owned(), "b".to_owned()];
        let svg = super::draw(&names, &names, &[0.0, 1.0, f64::NAN, 4.0]);
        assert_eq!(svg.matches("<rect").count(), 4);
        for shade in ["0.000", "0.250", "1.000"] {
            assert!(svg.contains(&format!("fill-opacity=\"{shade}\"")), "{shade}");
        }
    }
}
