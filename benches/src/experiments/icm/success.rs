//! `icm-success` and `icm-speed`: whether each expert ends up with one mechanism, and after how many steps.

use std::sync::Arc;

use anyhow::Result;

use super::study::{Trained, Way, seeds, shades, sheet, trained, win_matrix};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

pub(super) const SUCCESS: Claim = Claim {
    name: "icm-success",
    about: "Ten experts and a discriminator see digits that went through one of ten mechanisms (eight shifts, noise, inversion), and other digits as they are: no pairs, no labels. Solved: every \
            mechanism has an expert of its own that wins more than 90 % of its images. Ours: exact identity at first, an averaged judge, a handicap for who wins much that fades, R1. The paper's: the \
            highest score wins from the first step on, batch normalisation, the identity learnt first. Quick: 16×16 pixels, shifts of 2, 10,000 digits, 300 steps; full: 32×32, shifts of 4, 60,000, 2,000 steps. \
            Networks of half the paper's width.",
    long: true,
    run: success,
};

pub(super) const SPEED: Claim = Claim {
    name: "icm-speed",
    about: "The first step, looked at every 25, at which every mechanism has an expert of its own, on 200 images. A training that is never solved counts as twice its steps.",
    long: true,
    run: speed,
};

fn success(context: &Context) -> Result<Outcome> {
    let seeds = seeds(context);
    let (pictures, ways) = trained(context, &[Way::Ours(10), Way::Paper], seeds)?;
    let [ours, paper] = &ways[..] else { unreachable!("two ways") };
    let names = &pictures.digits.1.names;
    let of = |way: &[Arc<Trained>], f: fn(&Trained) -> f64| -> Vec<f64> {
        way.iter().map(|one| f(one)).collect()
    };
    let solved = |way: &[Arc<Trained>], metric: &str| {
        let count = way.iter().filter(|one| one.found.wins.is_solved()).count();
        let unit = format!("of {seeds}");
        Row { seeds, ..Row::learn(SUCCESS.name, metric, &unit, &[count as f64]) }
    };
    let memory = "Parascandolo et al. 2018: 7 of 10 seeds; from memory, not verified";
    let share = 7.0 * seeds as f64 / 10.0;
    let purity: fn(&Trained) -> f64 = |one| one.found.wins.purity();
    let coverage: fn(&Trained) -> f64 = |one| one.found.wins.coverage() as f64;
    let error: fn(&Trained) -> f64 = |one| one.found.errors.mean();
    let mut outcome = Outcome::new()
        .row(
            solved(ours, "seeds_solved")
                .reference(share, memory)
                .goal(Goal::AtLeast((0.9 * seeds as f64).ceil())),
        )
        .row(solved(paper, "seeds_solved_paper").reference(share, memory));
    for (way, suffix) in [(ours, ""), (paper, "_paper")] {
        for (metric, unit, figure) in
            [("purity", "", purity), ("coverage", "experts", coverage), ("error", "", error)]
        {
            let metric = format!("{metric}{suffix}");
            outcome = outcome.row(Row::learn(SUCCESS.name, &metric, unit, &of(way, figure)));
        }
    }
    let curves = |name, way: &[Arc<Trained>]| {
        Series::new(name, way.iter().map(|one| one.purity.clone()).collect())
    };
    let clean = |m: isize| shades(pictures.digits.1.clean.index(0, m).data());
    let given = |m: isize| shades(pictures.digits.0.index(0, m).data());
    let all = 0..names.len() as isize;
    let mut rows = vec![all.clone().map(given).collect::<Vec<_>>()];
    rows.extend(ours[0].film.iter().map(|(_, images)| images.clone()));
    rows.push(all.map(clean).collect());
    let steps: Vec<String> = ours[0].film.iter().map(|(step, _)| step.to_string()).collect();
    let caption = format!(
        "Seed 0. First row: what the experts are given. Then the winners' answers after {} steps. Last row: the digits before.",
        steps.join(", ")
    );
    Ok(outcome
        .figure(Figure::curves(
            "Purity",
            "steps",
            "mean over mechanisms of the best expert's share",
            vec![curves("ours", ours), curves("paper", paper)],
        ))
        .figure(win_matrix("Who wins what: ours, seed 0", &ours[0].found.wins, names))
        .figure(win_matrix("Who wins what: the paper's, seed 0", &paper[0].found.wins, names))
        .figure(sheet("Digits over training", &caption, &rows, names)))
}

fn speed(context: &Context) -> Result<Outcome> {
    let (_, ways) = trained(context, &[Way::Ours(10), Way::Paper], seeds(context))?;
    let iterations = |way: usize| -> Vec<f64> {
        let of = |one: &Arc<Trained>| {
            let steps = one.purity.last().map_or(0.0, |&(step, _)| step);
            one.solved_at.map_or(2.0 * steps, |step| step as f64)
        };
        ways[way].iter().map(of).collect()
    };
    Ok(Outcome::new()
        .row(
            Row::learn(SPEED.name, "iterations", "steps", &iterations(0))
                .source("Parascandolo et al. 2018 specialise mostly before some 250 steps, as a replication's report reads their figure")
                .goal(Goal::AtMost(600.0)),
        )
        .row(Row::learn(SPEED.name, "iterations_paper", "steps", &iterations(1))))
}
