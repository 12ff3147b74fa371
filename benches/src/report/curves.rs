//! Lines over a common axis: the median over seeds, with a band from smallest to largest.

use super::axis::Axis;
use super::svg::{Anchor, Svg, text_width};
use crate::figure::Series;
use crate::row::quantile;

const WIDTH: f64 = 480.0;
/// Of the plot and what stands below it.
const HEIGHT: f64 = 280.0;
/// Room for ticks and names: left, right, below the legend, bottom.
const MARGIN: [f64; 4] = [64.0, 28.0, 14.0, 46.0];
/// Of a line of the legend.
const LEGEND_LINE: f64 = 20.0;

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
    let [left, right, below_legend, bottom] = MARGIN;
    let (places, lines) = legend(series);
    let legend_height = LEGEND_LINE * lines as f64;
    let (top, height) = (legend_height + below_legend, legend_height + HEIGHT);
    let all: Vec<Vec<Band>> = series.iter().map(bands).collect();
    let xs = all.iter().flatten().map(|band| band.x);
    let ys = all.iter().flatten().flat_map(|band| [band.low, band.high]);
    let x = Axis::covering(xs, 6, [left, WIDTH - right]);
    let y = Axis::covering(ys, 5, [height - bottom, top]);

    let mut svg = Svg::new(WIDTH, height);
    for (value, label) in y.ticks() {
        svg.line("grid", [left, y.at(value)], [WIDTH - right, y.at(value)]);
        svg.text("tick", [left - 8.0, y.at(value) + 4.0], Anchor::End, &label);
    }
    for (value, label) in x.ticks() {
        svg.line("axis", [x.at(value), height - bottom], [x.at(value), height - bottom + 4.0]);
        svg.text("tick", [x.at(value), height - bottom + 18.0], Anchor::Middle, &label);
    }
    svg.line("axis", [left, height - bottom], [WIDTH - right, height - bottom]);
    svg.text("label", [(left + WIDTH - right) / 2.0, height - 8.0], Anchor::Middle, x_label);
    svg.text_upwards("label", [14.0, (top + height - bottom) / 2.0], y_label);

    for (i, bands) in all.iter().enumerate() {
        let upper = bands.iter().map(|b| [x.at(b.x), y.at(b.high)]);
        let lower = bands.iter().rev().map(|b| [x.at(b.x), y.at(b.low)]);
        svg.polygon(&format!("band {}", colour(i)), &upper.chain(lower).collect::<Vec<_>>());
    }
    for (i, bands) in all.iter().enumerate() {
        let line: Vec<_> = bands.iter().map(|b| [x.at(b.x), y.at(b.middle)]).collect();
        svg.polyline(&format!("line {}", colour(i)), &line);
    }
    for (i, ([x, y], series)) in places.into_iter().zip(series).enumerate() {
        svg.line(&format!("line {}", colour(i)), [x, y], [x + 18.0, y]);
        svg.text("label", [x + 24.0, y + 4.0], Anchor::Start, &series.label);
    }
    svg.finish()
}

/// The classes of a line: six colours, then the same in dashes.
fn colour(series: usize) -> String {
    let dashes = if series < 6 { "" } else { " dashed" };
    format!("s{}{dashes}", series % 6)
}

/// Where the names stand above the plot, from left to right and then in a further line; and the number of lines.
fn legend(series: &[Series]) -> (Vec<[f64; 2]>, usize) {
    let (mut x, mut line) = (MARGIN[0], 0);
    let mut place = |series: &Series| {
        let width = 24.0 + text_width(&series.label);
        if x > MARGIN[0] && x + width > WIDTH {
            (x, line) = (MARGIN[0], line + 1);
        }
        let place = [x, 14.0 + LEGEND_LINE * line as f64];
        x += width + 22.0;
        place
    };
    let places = series.iter().map(&mut place).collect();
    (places, line + 1)
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
    fn a_long_legend_takes_several_lines() {
        let series: Vec<Series> =
            (0..9).map(|i| Series::new(&format!("a line of a long name {i}"), vec![])).collect();
        let (places, lines) = legend(&series);
        // Two names of 23 letters fit beside each other.
        assert_eq!(lines, 5);
        assert_eq!(places[2], [MARGIN[0], 14.0 + LEGEND_LINE]);
        let names = places.iter().map(|[x, _]| x + 24.0 + text_width(&series[0].label));
        assert!(names.fold(0.0, f64::max) <= WIDTH);
    }

    #[test]
    fn lines_without_points_are_an_empty_plot() {
        let svg = draw("steps", "loss", &[Series::new("nothing <yet>", vec![])]);
        assert!(svg.contains("nothing &lt;yet&gt;") && !svg.contains("NaN"), "{svg}");
    }
}
