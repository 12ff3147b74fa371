//! `icm-compose`: two mechanisms in a row, undone by two experts in a row.

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::mechanisms::evaluate::error_by;
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::mechanisms::samples::transform;

use super::study::{Way, seeds, shades, sheet, trained};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "icm-compose",
    about: "Digits that were shifted and then inverted, which no expert has ever seen. Of all rows of one or two experts the one whose result the discriminator likes best answers. error_ratio: the mean squared error ÷ that \
            of the same experts on single mechanisms. right_experts: the share of images that the inversion's expert and then the shift's own restored. one_expert_ratio: the same error with one expert alone; where it is no larger than error_ratio, or right_experts is small, a kept goal says nothing of composition.",
    long: true,
    run,
};

/// Images of a bank; each takes as many forwards as there are rows of two experts.
const BANK: usize = 80;

fn run(context: &Context) -> Result<Outcome> {
    let (pictures, ways) = trained(context, &[Way::Ours(10)], seeds(context))?;
    let shifts = Mechanism::shifts(pictures.shift);
    let kinds = shifts.len();
    let two: Vec<Mechanism> =
        shifts.into_iter().map(|shift| shift.then(Mechanism::Invert)).collect();
    let clean = pictures.digits.1.clean.slice(0, ..BANK);
    let (images, truth) = transform(&clean, &two, &mut Rng::new(5))?;
    let mean = |errors: Vec<f64>| errors.iter().sum::<f64>() / errors.len() as f64;
    let (mut ratio, mut right, mut alone) = (vec![], vec![], vec![]);
    let mut sheets = Vec::new();
    for one in &ways[0] {
        let single = one.found.errors.mean();
        let found = one.model.restore_in_turn(&images, 2, one.model.experts.len())?;
        let error = |images| mean(error_by(&truth.mechanism, kinds, images, &truth.clean));
        ratio.push(error(&found.images) / single);
        alone.push(error(&one.model.restore(&images)?.images) / single);
        let owners = one.found.wins.owners();
        let invert = owners[kinds + 1];
        let wanted = |(by, &m): (&Vec<usize>, &usize)| *by == [invert, owners[m]];
        let count = found.experts.iter().zip(&truth.mechanism).filter(|&pair| wanted(pair)).count();
        right.push(100.0 * count as f64 / BANK as f64);
        if sheets.is_empty() {
            sheets = [&images, &found.images, &truth.clean]
                .map(|x| (0..kinds as isize).map(|m| shades(x.index(0, m).data())).collect())
                .into();
        }
    }
    Ok(Outcome::new()
        .row(
            Row::learn(CLAIM.name, "error_ratio", "×", &ratio)
                .source("none has it; the single case is 1")
                .goal(Goal::AtMost(2.0)),
        )
        .row(Row::learn(CLAIM.name, "right_experts", "%", &right))
        .row(Row::learn(CLAIM.name, "one_expert_ratio", "×", &alone))
        .figure(sheet(
            "Two mechanisms, undone by two experts",
            "Seed 0: as given, restored, before.",
            &sheets,
            &truth.names,
        )))
}
