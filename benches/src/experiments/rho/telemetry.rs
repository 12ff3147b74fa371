//! What telemetry shows of a study's choices: scores, classes, what was already learnt, effective sample sizes.

use seedbed::rho_selection::Telemetry;

use super::report::Report;
use super::study::Run;
use crate::figure::{Bar, Figure, Series};
use crate::row::Row;

impl Report<'_> {
    /// Pictures of the telemetry: the scores and classes of the method with this suffix, and what all methods have.
    pub(crate) fn telemetry(&self, suffix: &str) -> Vec<Figure> {
        let learnt =
            self.bars_where_known("Chosen, though answered correctly already", "%", |run| {
                run.already_correct.map(|share| 100.0 * share)
            });
        let worth = self.bars_where_known("Effective sample size, of the picks", "%", effective);
        vec![self.scores(suffix), self.classes(suffix), learnt, worth]
    }

    /// The scores of the candidates and of the chosen, step by step.
    fn scores(&self, suffix: &str) -> Figure {
        let method = self.at(suffix);
        let series = |label: &str, of: fn(&Telemetry) -> Option<f32>| {
            let run = |run: &Run| {
                let points = run.telemetry.iter();
                points.filter_map(|t| Some((t.step as f64, f64::from(of(t)?)))).collect()
            };
            Series::new(label, self.seeds.iter().map(|seed| run(&seed.runs[method])).collect())
        };
        Figure::curves(
            &format!("Scores, {}", self.methods[method].label),
            "gradient steps",
            "nats",
            vec![
                series("candidates, median", |t| Some(t.scores?.median)),
                series("candidates, upper quartile", |t| Some(t.scores?.q75)),
                series("chosen, lowest", |t| Some(t.picked_scores?.min)),
                series("chosen, median", |t| Some(t.picked_scores?.median)),
            ],
        )
    }

    /// How often each class was chosen, in percent of what uniform selection chose of it.
    fn classes(&self, suffix: &str) -> Figure {
        let (method, uniform) = (self.at(suffix), self.at("-uniform"));
        let most = self.seeds.iter().map(|seed| seed.runs[uniform].classes.len()).max();
        let bar = |class: usize| {
            let of = |run: &Run| run.classes.get(class).copied().unwrap_or(0) as f64;
            let relative = |runs: &[Run]| 100.0 * of(&runs[method]) / of(&runs[uniform]).max(1.0);
            let row = Row::learn("", "", "%", &self.each(|seed| relative(&seed.runs)));
            Bar::new(&format!("class {class}"), row.measured).spread(row.spread)
        };
        let title = format!("Classes among the chosen, {}", self.methods[method].label);
        Figure::bars(&title, "% of uniform's", (0..most.unwrap_or(0)).map(bar).collect())
            .marked(100.0, "uniform")
    }
}

/// In percent of the picks, the mean over the steps.
fn effective(run: &Run) -> Option<f64> {
    let shares = run.telemetry.iter().map(|t| t.effective_sample_size / t.picked as f64);
    (!run.telemetry.is_empty()).then(|| 100.0 * shares.sum::<f64>() / run.telemetry.len() as f64)
}
