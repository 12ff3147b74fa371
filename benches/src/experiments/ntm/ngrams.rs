//! `ntm-ngrams`: dynamic N-grams (Graves et al. 2014, section 4.4).

use anyhow::Result;
use seedbed::data::tasks::NGrams;
use seedbed::ntm::train::Cost;

use super::Claim;
use super::network::{Network, lstm, with_learnt_rows};
use super::report::{curves, tested};
use super::study::{Study, quick_or_full, test_batches, training_in_batches};
use crate::experiment::{Context, Outcome};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "Dynamic N-grams: every bit of 200 is to be foretold, from a table of 32 probabilities that is drawn afresh for each sequence. `above_optimum` is \
            the cost above that of the best estimator on the same twenty sequences. An LSTM controller and a memory of 32 rows that starts with learnt ones, \
            so that each of the 32 contexts can find a row of its own by content.",
    long: true,
    run,
};

const NAME: &str = "ntm-ngrams";

fn run(context: &Context) -> Result<Outcome> {
    let study = Study {
        name: NAME,
        task: NGrams::default(),
        network: Network::Ntm(with_learnt_rows(32, lstm(100))),
        training: quick_or_full(context, 1_000, training_in_batches(80_000, 4, 3e-3)),
    };
    let runs = study.runs(context, context.seeds(2, 3))?;
    let costs = tested(&runs, &study.task);
    let bits: Vec<f64> = costs.iter().map(|cost| cost.bits).collect();
    let source = "Graves et al. 2014, figure 10, by eye";
    Ok(Outcome::new()
        .row(Row::learn(NAME, "bits", "bits", &bits).reference(133.5, source))
        .row(
            above_optimum(NAME, &costs)
                .reference(2.0, source)
                .goal_when_full(context, Goal::AtMost(1.0)),
        )
        .figure(curves("Dynamic N-grams", &[(NAME, &runs)])))
}

/// Bits above the best estimator on the twenty test sequences.
pub(super) fn above_optimum(name: &str, costs: &[Cost]) -> Row {
    let task = NGrams::default();
    let optima: Vec<f64> =
        test_batches(&task).iter().flat_map(|batch| task.optimal_bits(batch)).collect();
    let optimum = optima.iter().sum::<f64>() / optima.len() as f64;
    let above: Vec<f64> = costs.iter().map(|cost| cost.bits - optimum).collect();
    Row::learn(name, "above_optimum", "bits", &above)
}
