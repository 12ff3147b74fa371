//! Lines over a common axis: the median over seeds, with a band from smallest to largest.

use super::axis::Axis;
use super::svg::{Anchor, Svg, text_width};
use crate::figure::Series;
use crate::row::quantile;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 300.0;
/// Room for ticks and names: left, right, top, bottom.
const MARGIN: [f64; 4] = [64.0, 16.0, 34.0, 46.0];

/// Smallest, median and largest at one place of the horizontal axis.
struct Band {
    x: f64,
    low: f64,
    middle: f64,
    high: f64,
}

/// The band at each x that any run has, over the runs that have it. What is not finite is left out.
fn bands(series: &Series) -> Vec<Band> {
    let mut points: Vec<(f64, f64)> = series.runs.concat();
    points.retain(|(x, y)| x.is_finite() && y.is_finite());
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| {
            let ys: Vec<f64> = same.iter().map(|point| point.1).collect();
            Band { x: same[0].0, low: ys[0], middle: quantile(&ys, 0.5), high: ys[ys.len() - 1] }
        })
        .collect()
}

pub(super) fn draw(x_label: &str, y_label: &str, series: &[Series]) -> String {
    let [left, right, top, bottom] = MARGIN;
    let all: Vec<Vec<Band>> = series.iter().map(bands).collect();
    let xs = all.iter().flatten().map(|band| band.x);
    let ys = all.iter().flatten().flat_map(|band| [band.low, band.high]);
    let x = Axis::covering(xs, 6, [left, WIDTH - right]);
    let y = Axis::covering(ys, 5, [HEIGHT - bottom, top]);

    let mut svg = Svg::new(WIDTH, HEIGHT);
    for (value, label) in y.ticks() {
        svg.line("grid", [left, y.at(value)], [WIDTH - right, y.at(value)]);
        svg.text("tick", [left - 8.0, y.at(value) + 4.0], Anchor::End, &label);
    }
    for (value, label) in x.ticks() {
        svg.line("axis", [x.at(value), HEIGHT - bottom], [x.at(value), HEIGHT - bottom + 4.0]);
        svg.text("tick", [x.at(value), HEIGHT - bottom + 18.0], Anchor::Middle, &label);
    }
    svg.line("axis", [left, HEIGHT - bottom], [WIDTH - right, HEIGHT - bottom]);
    svg.text("label", [(left + WIDTH - right) / 2.0, HEIGHT - 8.0], Anchor::Middle, x_label);
    svg.text_upwards("label", [14.0, (top + HEIGHT - bottom) / 2.0], y_label);

    for (i, bands) in all.iter().enumerate() {
        let upper = bands.iter().map(|b| [x.at(b.x), y.at(b.high)]);
        let lower = bands.iter().rev().map(|b| [x.at(b.x), y.at(b.low)]);
        svg.polygon(&format!("band s{}", i % 6), &upper.chain(lower).collect::<Vec<_>>());
    }
    for (i, bands) in all.iter().enumerate() {
        let line: Vec<_> = bands.iter().map(|b| [x.at(b.x), y.at(b.middle)]).collect();
        svg.polyline(&format!("line s{}", i % 6), &line);
    }
    legend(&mut svg, series);
    svg.finish()
}

/// Names above the plot, from left to right.
fn legend(svg: &mut Svg, series: &[Series]) {
    let mut x = MARGIN[0];
    for (i, series) in series.iter().enumerate() {
        svg.line(&format!("line s{}", i % 6), [x, 14.0], [x + 18.0, 14.0]);
        svg.text("label", [x + 24.0, 18.0], Anchor::Start, &series.label);
        x += 24.0 + text_width(&series.label) + 22.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_smallest_median_and_largest_over_the_seeds() {
        let runs =
            vec![vec![(0.0, 1.0), (1.0, 5.0)], vec![(0.0, 3.0), (1.0, f64::NAN)], vec![(0.0, 2.0)]];
        let bands = bands(&Series::new("x", runs));
        let tuples: Vec<_> = bands.iter().map(|b| (b.x, b.low, b.middle, b.high)).collect();
        assert_eq!(tuples, [(0.0, 1.0, 2.0, 3.0), (1.0, 5.0, 5.0, 5.0)]);
    }

    #[test]
    fn lines_without_points_are_an_empty_plot() {
        let svg = draw("steps", "loss", &[Series::new("nothing <yet>", vec![])]);
        assert!(svg.contains("nothing &lt;yet&gt;") && !svg.contains("NaN"), "{svg}");
    }
}
