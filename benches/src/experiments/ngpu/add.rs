//! `ngpu-add`: the shipped network for unaligned addition on strings a hundred times as long as those of its training.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::neural_gpu::evaluate::draw;

use super::shipped::Shipped;
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: NAME,
    about: "The shipped network for binary addition, one number after the other, answers alone: the paper's setting. It was trained on strings of at most 41 symbols (20 bits), half of them tough. \
            Fresh strings, the same number random and tough; one counts if every symbol of its answer is right. The control has the numbers of each weight in random order.",
    long: false,
    run,
};

const NAME: &str = "ngpu-add";

fn run(context: &Context) -> Result<Outcome> {
    // Lengths, and fresh strings of each: half of them random, half tough.
    let tests = context.pick(
        &[(41, 256), (101, 256), (401, 128), (2001, 8), (4001, 2)][..],
        &[(41, 1024), (101, 1024), (401, 1024), (2001, 256), (4001, 64)],
    );
    let [network, _] = Shipped::adders()?;
    let control = network.shuffled(1);
    context.progress.set_length(tests.len() as u64);
    let (mut outcome, mut points) = (Outcome::new(), Vec::new());
    for &(length, strings) in tests {
        let mut rng = Rng::new(2026);
        let random = draw(&network.task, length, strings / 2, 0.0, &mut rng);
        let tough = draw(&network.task, length, strings / 2, 1.0, &mut rng);
        let all = [random, tough].concat();
        let share = 1.0 - network.error(&all);
        points.push((length as f64, share));
        let metric = format!("exact_{length}");
        let source = format!("of {strings} strings, half of them tough; one network");
        let row = Row::learn(NAME, &metric, "share", &[share]).source(&source);
        outcome = outcome.row(row.goal_when_full(context, Goal::AtLeast(1.0)));
        if length == 41 {
            let row = Row::learn(NAME, "control_exact_41", "share", &[1.0 - control.error(&all)]);
            outcome = outcome.row(row.goal(Goal::AtMost(0.0)));
        }
        context.progress.inc(1);
    }
    let series = Series::new("shipped", vec![points]);
    Ok(outcome.figure(Figure::curves("Accuracy against length", "symbols", "exact", vec![series])))
}
