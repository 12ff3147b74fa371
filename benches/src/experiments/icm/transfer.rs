//! `icm-transfer`: experts that learnt from digits, on clothes.

use anyhow::Result;
use seedbed::mechanisms::evaluate::evaluate;

use super::study::{Way, seeds, shades, sheet, trained, win_matrix};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "icm-transfer",
    about: "Experts that learnt from digits alone restore pictures of Fashion-MNIST (with a margin, so that a shift cuts nothing off). right_expert: the share of images that is won by the expert that owns the mechanism among \
            digits, chosen by the digits' discriminator. error_ratio: the mean squared error ÷ that on digits.",
    long: true,
    run,
};

fn run(context: &Context) -> Result<Outcome> {
    let (pictures, ways) = trained(context, &[Way::Ours(10)], seeds(context))?;
    let (images, truth) = &pictures.clothes;
    let (mut right, mut ratio, mut by_owner, mut parts) = (vec![], vec![], vec![], vec![]);
    let mut last = None;
    for one in &ways[0] {
        let found = evaluate(&one.model, images, truth)?;
        right.push(100.0 * found.wins.agreement(&one.found.wins.owners()));
        ratio.push(found.errors.mean() / one.found.errors.mean());
        let untouched = found.errors.untouched.iter().sum::<f64>();
        parts.push(found.errors.restored.iter().sum::<f64>() / untouched);
        by_owner.push(found.errors.best_expert.iter().sum::<f64>() / untouched);
        last.get_or_insert(found);
    }
    let names = &truth.names;
    let first = &ways[0][0];
    let some = images.slice(0, ..names.len());
    let restored = first.model.restore(&some)?.images;
    let row = |x: &seedbed::autodiff::Tensor| -> Vec<Vec<u8>> {
        (0..names.len() as isize).map(|m| shades(x.index(0, m).data())).collect()
    };
    let rows = [row(&some), row(&restored), row(&truth.clean.slice(0, ..names.len()))];
    let found = last.expect("there is a seed");
    Ok(Outcome::new()
        .row(
            Row::learn(CLAIM.name, "right_expert", "%", &right)
                .source("Fashion-MNIST, never seen")
                .goal(Goal::AtLeast(95.0)),
        )
        .row(
            Row::learn(CLAIM.name, "error_ratio", "×", &ratio)
                .source("mean squared error on clothes ÷ on digits")
                .goal(Goal::AtMost(1.5)),
        )
        .row(Row::learn(CLAIM.name, "error_part", "", &parts).source("of the error untouched"))
        .row(
            Row::learn(CLAIM.name, "best_expert_part", "", &by_owner)
                .source("the same if the best expert for each mechanism were chosen"),
        )
        .figure(sheet(
            "Clothes, restored by what learnt from digits",
            "Seed 0: as given, restored, before.",
            &rows,
            names,
        ))
        .figure(win_matrix("Who wins which clothes, seed 0", &found.wins, names)))
}
