//! A file of metrics as a page with curves.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::TrainError;
use super::metrics_file::{METRICS, read_whole_lines};
use crate::files;

/// Draws `metrics.jsonl` of a run's directory into `report.html` beside it, and returns where that is: a curve of each metric over the steps, those of training and of validation in one picture.
///
/// The page needs no other file and no network. Values that are NaN or infinite are left out, and counted. It can be made while the training is running.
///
/// ```
/// use seedbed_nn::train::report;
///
/// let dir = tempfile::tempdir()?;
/// let lines = "{\"step\":10,\"split\":\"train\",\"loss\":0.5}\n{\"step\":20,\"split\":\"train\",\"loss\":0.25}\n";
/// std::fs::write(dir.path().join("metrics.jsonl"), lines)?;
/// let page = report(dir.path())?;
/// assert_eq!(page, dir.path().join("report.html"));
/// assert!(std::fs::read_to_string(page)?.contains("<h2>loss</h2>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If there is no file of metrics, it cannot be read, a line of it is damaged, or the page cannot be written.
pub fn report(dir: impl AsRef<Path>) -> Result<PathBuf, TrainError> {
    let dir = dir.as_ref();
    let lines = read_whole_lines(&dir.join(METRICS))?;
    let page = dir.join("report.html");
    files::write(&page, html(&dir.display().to_string(), &charts(&lines)).as_bytes())?;
    Ok(page)
}

/// One metric.
#[derive(Debug)]
struct Chart {
    metric: String,
    curves: Vec<Curve>,
    /// How many values were NaN or infinite.
    left_out: usize,
}

/// One split's values of a metric, by step.
#[derive(Debug)]
struct Curve {
    split: String,
    points: Vec<(f64, f64)>,
}

/// The metrics in the order in which they first appear.
fn charts(lines: &[Map<String, Value>]) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for line in lines {
        let step = line.get("step").and_then(Value::as_f64).unwrap_or_default();
        let split = line.get("split").and_then(Value::as_str).unwrap_or_default();
        for (metric, value) in line.iter().filter(|(name, _)| *name != "step" && *name != "split") {
            let i = charts.iter().position(|c| c.metric == *metric).unwrap_or_else(|| {
                charts.push(Chart { metric: metric.clone(), curves: Vec::new(), left_out: 0 });
                charts.len() - 1
            });
            let chart = &mut charts[i];
            // So far within the largest number that differences of values are numbers, too.
            let Some(value) = value.as_f64().map(|x| x.clamp(-1e300, 1e300)) else {
                chart.left_out += 1;
                continue;
            };
            match chart.curves.iter_mut().find(|c| c.split == split) {
                Some(curve) => curve.points.push((step, value)),
                None => chart
                    .curves
                    .push(Curve { split: split.to_owned(), points: vec![(step, value)] }),
            }
        }
    }
    charts
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 0}svg{width:100%;height:auto}text{font-size:12px;fill:#444}\
.grid{stroke:#ddd}.axis{stroke:#444}.curve{fill:none;stroke-width:1.6}p{color:#666}";

fn html(title: &str, charts: &[Chart]) -> String {
    let title = escape(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    if charts.is_empty() {
        page.push_str("<p>There are no metrics yet.</p>\n");
    }
    for chart in charts {
        page.push_str(&format!("<h2>{}</h2>\n", escape(&chart.metric)));
        page.push_str(&svg(chart));
        if chart.left_out > 0 {
            page.push_str(&format!(
                "<p>{} values that are NaN or infinite are left out.</p>\n",
                chart.left_out
            ));
        }
    }
    page.push_str("</html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
/// The plot's edges.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 708.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 216.0;
/// Colours that are told apart by people who do not see red or green, too (Okabe and Ito, 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

fn svg(chart: &Chart) -> String {
    let all = || chart.curves.iter().flat_map(|c| &c.points);
    let (xs, ys) = (Axis::of(all().map(|p| p.0)).of_steps(), Axis::of(all().map(|p| p.1)));
    let x_at = |x: f64| LEFT + (RIGHT - LEFT) * xs.share(x);
    let y_at = |y: f64| BOTTOM - (BOTTOM - TOP) * ys.share(y);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{} over steps\">\n",
        escape(&chart.metric)
    );
    for tick in ys.ticks() {
        let (y, label) = (y_at(tick), ys.label(tick));
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    for tick in xs.ticks() {
        let (x, label) = (x_at(tick), xs.label(tick));
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{BOTTOM}\" y2=\"{}\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            BOTTOM + 4.0,
            BOTTOM + 18.0
        );
    }
    let _ = writeln!(
        out,
        "<path class=\"axis\" fill=\"none\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>",
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 38.0
    );
    for (i, (curve, colour)) in chart.curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let points = thinned(&curve.points);
        let places: Vec<String> =
            points.iter().map(|&(x, y)| format!("{:.1},{:.1}", x_at(x), y_at(y))).collect();
        let _ = writeln!(
            out,
            "<polyline class=\"curve\" stroke=\"{colour}\" points=\"{}\"/>",
            places.join(" ")
        );
        // A single point is no line, and few of them are easier to see as dots.
        for (x, y) in points.iter().filter(|_| points.len() <= 40) {
            let (x, y) = (x_at(*x), y_at(*y));
            let _ =
                writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>");
        }
        let x = LEFT + 130.0 * i as f64;
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" x2=\"{}\" y1=\"10\" y2=\"10\" stroke=\"{colour}\" stroke-width=\"3\"/>\
             <text x=\"{}\" y=\"14\">{}</text>",
            x + 18.0,
            x + 24.0,
            escape(&curve.split)
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Where a curve has many points, the smallest and the largest of each 500th part, in order: a peak is not lost.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const PARTS: usize = 500;
    if points.len() <= 2 * PARTS {
        return points.to_vec();
    }
    let mut kept = Vec::new();
    for part in points.chunks(points.len().div_ceil(PARTS)) {
        let by_value = |a: &usize, b: &usize| part[*a].1.total_cmp(&part[*b].1);
        let (low, high) = ((0..part.len()).min_by(by_value), (0..part.len()).max_by(by_value));
        let (Some(low), Some(high)) = (low, high) else { continue };
        kept.push(part[low.min(high)]);
        if low != high {
            kept.push(part[low.max(high)]);
        }
    }
    kept
}

/// The range of an axis, and the distance of its ticks: 1, 2 or 5 times a power of ten.
#[derive(Clone, Copy, Debug)]
struct Axis {
    low: f64,
    high: f64,
    tick: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = match high - low {
            // No values.
            range if !range.is_finite() => (0.0, 1.0),
            // One value: a range around it that its rounding does not swallow.
            range if range <= 1e-9 * high.abs().max(low.abs()).max(1e-290) => {
                let around = if high.abs() < 1e-290 { 1.0 } else { 0.1 * high.abs() };
                (low - around, high + around)
            }
            _ => (low, high),
        };
        let power = 10f64.powf(((high - low) / 5.0).log10().floor());
        let tick = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let tick = tick.into_iter().find(|tick| (high - low) / tick <= 6.0).unwrap_or(tick[3]);
        Self { low, high, tick }
    }

    /// There is no half step.
    fn of_steps(self) -> Self {
        Self { tick: self.tick.max(1.0), ..self }
    }

    /// From 0 at the low end to 1 at the high one.
    fn share(self, x: f64) -> f64 {
        (x - self.low) / (self.high - self.low)
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        let (first, last) = ((self.low / self.tick).ceil(), (self.high / self.tick).floor());
        (0..=(last - first) as u32).map(move |i| (first + f64::from(i)) * self.tick)
    }

    fn label(self, x: f64) -> String {
        let largest = self.low.abs().max(self.high.abs());
        if !(1e-3..1e7).contains(&largest) {
            return format!("{x:.1e}");
        }
        let digits = (-self.tick.log10()).ceil().clamp(0.0, 9.0) as usize;
        format!("{x:.digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &str) -> Result<String, TrainError> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(METRICS), lines).unwrap();
        report(dir.path()).map(|page| std::fs::read_to_string(page).unwrap())
    }

    #[test]
    fn each_metric_is_a_picture_and_each_split_a_curve() {
        let page = page(
            "{\"step\":0,\"split\":\"train\",\"loss\":1.0,\"lr\":0.001}\n\
             {\"step\":50,\"split\":\"train\",\"loss\":0.5,\"lr\":0.001}\n\
             {\"step\":100,\"split\":\"train\",\"loss\":0.0,\"lr\":\"NaN\"}\n\
             {\"step\":100,\"split\":\"validation\",\"loss\":0.25,\"a<b\":3}\n\
             {\"step\":110,\"split\":\"tra",
        )
        .unwrap();
        assert_eq!(page.matches("<svg").count(), 3, "{page}");
        // Corners and middle of the plot, from left (72) to right (708) and from top (24) to bottom (216).
        assert!(page.contains("points=\"72.0,24.0 390.0,120.0 708.0,216.0\""), "{page}");
        assert!(page.contains("points=\"708.0,168.0\""), "{page}");
        assert!(
            page.contains(">train<") && page.contains(">validation<") && page.contains(">step<")
        );
        assert!(page.contains(">0.2</text>") && page.contains(">20</text>"), "{page}");
        assert!(page.contains("<h2>a&lt;b</h2>") && !page.contains("a<b"), "{page}");
        assert_eq!(page.matches("1 values that are NaN").count(), 1, "{page}");
    }

    #[test]
    fn every_number_has_a_place() {
        let huge = "{\"step\":1,\"split\":\"t\",\"x\":-1.7e308}\n{\"step\":2,\"split\":\"t\",\"x\":1.7e308}\n";
        let tiny =
            "{\"step\":1,\"split\":\"t\",\"x\":5e-324}\n{\"step\":2,\"split\":\"t\",\"x\":0}\n";
        let same = "{\"step\":7,\"split\":\"t\",\"x\":-3}\n";
        for lines in [huge, tiny, same] {
            let page = page(lines).unwrap();
            assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
            assert!(page.matches("<text").count() < 40, "{page}");
        }
        assert!(page("").unwrap().contains("no metrics yet"));
    }

    #[test]
    fn a_peak_among_many_points_is_drawn() {
        let points: Vec<_> =
            (0..100_000).map(|i| (f64::from(i), if i == 77_777 { 9.0 } else { 0.0 })).collect();
        let kept = thinned(&points);
        assert!(kept.len() <= 1000 && kept.contains(&(77_777.0, 9.0)), "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = report(dir.path()).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl: cannot read the metrics"), "{error}");
        let error = page("nonsense\n{}\n").unwrap_err().to_string();
        assert!(error.contains("line 1 is damaged"), "{error}");
    }
}
