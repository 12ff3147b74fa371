//! Meta: the ring is learnt.

use seedbed::autodiff::{Rng, value_and_grad};
use seedbed::meta::{Meta, MetaConfig, ring};
use seedbed::nn::Config;
use seedbed::nn::optim::{Sgd, SgdConfig};

use crate::experiment::{Context, Experiment, Outcome};
use crate::figure::{Figure, Series};
use crate::row::{Goal, Kind, Row};

/// Accuracy on fresh points after a thousand steps.
pub(super) struct MetaLearns;

impl Experiment for MetaLearns {
    fn name(&self) -> &'static str {
        "meta"
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "A network with one hidden layer tells the inside of a ring from its outside."
    }

    fn run(&self, context: &Context) -> anyhow::Result<Outcome> {
        let (steps, seeds) = (context.pick(1_000, 5_000), context.seeds(3, 10));
        context.progress.set_length(seeds as u64);
        let (mut accuracies, mut curves) = (Vec::new(), Vec::new());
        for seed in 0..seeds {
            let curve = train(steps, seed as u64)?;
            accuracies.extend(curve.last().map(|point| point.1));
            curves.push(curve);
            context.progress.inc(1);
        }
        let series = vec![Series::new("meta", curves)];
        let row = Row::learn(self.name(), "accuracy", "share", &accuracies);
        Ok(Outcome::new().row(row.goal(Goal::AtLeast(0.93))).figure(Figure::curves(
            "Accuracy on fresh points",
            "steps",
            "share",
            series,
        )))
    }
}

/// The accuracy after every hundredth of the steps.
fn train(steps: usize, seed: u64) -> anyhow::Result<Vec<(f64, f64)>> {
    let rng = &mut Rng::new(seed);
    let mut model = Meta::<f32>::new(&MetaConfig::default().check()?, rng);
    let mut sgd = Sgd::new(&model, SgdConfig { lr: 0.5, ..Default::default() }.check()?);
    let (test_x, test_y) = ring(1_000, rng);
    let mut curve = vec![(0.0, model.accuracy(&test_x, &test_y))];
    for step in 1..=steps {
        let (x, y) = ring(64, rng);
        let (_, gradient) = value_and_grad(&model, |m| m.loss(&x, &y));
        sgd.step(&mut model, &gradient);
        if step % (steps / 100) == 0 {
            curve.push((step as f64, model.accuracy(&test_x, &test_y)));
        }
    }
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claim_holds() {
        let context = Context { seeds_asked: Some(1), ..Context::default() };
        let outcome = MetaLearns.run(&context).unwrap();
        assert_eq!(outcome.rows[0].holds, Some(true), "{:?}", outcome.rows[0]);
        assert_eq!(outcome.figures.len(), 1);
    }
}
