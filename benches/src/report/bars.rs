//! Horizontal bars with whiskers, their figures and a mark across.

use super::axis::Axis;
use super::svg::{Anchor, Svg, text_width};
use crate::figure::Bar;
use crate::table::figure;

const WIDTH: f64 = 480.0;
const ROW: f64 = 30.0;
/// Room for the mark's label, where there is one.
const TOP: f64 = 24.0;
const BOTTOM: f64 = 46.0;

pub(super) fn draw(x_label: &str, bars: &[Bar], mark: Option<&(f64, String)>) -> String {
    let left = 24.0 + bars.iter().map(|bar| text_width(&bar.label)).fold(0.0, f64::max);
    let right = 64.0; // for the figures
    let ends = bars.iter().flat_map(|bar| [bar.value, bar.spread.map_or(bar.value, |s| s[1])]);
    let values = ends.chain([0.0]).chain(mark.map(|mark| mark.0));
    let x = Axis::covering(values, 5, [left, WIDTH - right]);
    let top = if mark.is_some() { TOP } else { 4.0 };
    let foot = top + ROW * bars.len() as f64;

    let mut svg = Svg::new(WIDTH, foot + BOTTOM);
    for (value, label) in x.ticks() {
        svg.line("grid", [x.at(value), top], [x.at(value), foot]);
        svg.text("tick", [x.at(value), foot + 16.0], Anchor::Middle, &label);
    }
    svg.text("label", [(left + WIDTH - right) / 2.0, foot + 38.0], Anchor::Middle, x_label);
    for (i, bar) in bars.iter().enumerate() {
        let middle = top + ROW * (i as f64 + 0.5);
        svg.text("label", [left - 10.0, middle + 4.0], Anchor::End, &bar.label);
        if !bar.value.is_finite() {
            svg.text("tick", [left + 8.0, middle + 4.0], Anchor::Start, "not finite");
            continue;
        }
        let (zero, end) = (x.at(0.0), x.at(bar.value));
        let colour = if i == 0 || mark.is_some() { 0 } else { 1 };
        let length = (end - zero).abs().max(1.0);
        svg.rect(&format!("bar s{colour}"), [zero.min(end), middle - 9.0], [length, 18.0]);
        let mut reach = zero.max(end);
        if let Some([low, high]) = bar.spread.filter(|s| s.iter().all(|x| x.is_finite())) {
            svg.line("whisker", [x.at(low), middle], [x.at(high), middle]);
            reach = reach.max(x.at(high));
        }
        svg.text("tick", [reach + 8.0, middle + 4.0], Anchor::Start, &figure(bar.value));
    }
    svg.line("axis", [x.at(0.0), top], [x.at(0.0), foot]);
    if let Some((at, label)) = mark {
        svg.line("mark", [x.at(*at), top - 4.0], [x.at(*at), foot]);
        svg.text("tick", [x.at(*at), top - 9.0], Anchor::Middle, label);
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_and_the_mark_are_named() {
        let bars = [Bar::new("torch", 2.0).spread([1.5, 2.5]), Bar::new("lost", f64::NAN)];
        let svg = draw("ms", &bars, Some(&(1.0, "goal".into())));
        for part in [">torch<", ">lost<", ">goal<", "not finite", "whisker"] {
            assert!(svg.contains(part), "{part}");
        }
        assert!(!svg.contains("NaN"));
    }
}
