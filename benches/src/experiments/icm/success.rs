//! `icm-success`, `icm-speed`, `icm-classifier`, `icm-transfer`, `icm-compose`: ten experts for ten mechanisms.

use anyhow::{Context as _, Result};
use seedbed::autodiff::{Rng, Tensor, value_and_grad};
use seedbed::mechanisms::evaluate::WinMatrix;
use seedbed::mechanisms::mechanism::Mechanism;
use seedbed::nn::optim::{Adam, AdamConfig};
use seedbed::nn::schedule::Schedule;
use seedbed::nn::{Activation, Config as _, Mlp, loss};

use super::ten::{Digits, Judged, Labelled, Routing, Scale, Trained, train};
use crate::experiment::{Context, Outcome};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Image, Series};
use crate::row::{Goal, Row};

pub(super) const CLAIM: Claim = Claim {
    name: "icm",
    about: "Ten experts compete for digits that went through one of ten mechanisms: translations in eight directions, noise, contrast inversion. \
            Nothing says which, and there are no pairs. A seed is solved where every mechanism has an expert of its own that wins more than 90 % \
            of its images. The trained experts restore garments, which they never saw, and digits that went through two mechanisms in a row.",
    long: true,
    run,
};

/// What one seed showed.
struct Seed {
    ours: Trained,
    paper: Trained,
    /// Accuracy of a classifier of clean digits on clean, transformed and restored ones.
    classifier: [f64; 3],
    /// The share of garments that the expert of their mechanism among digits wins.
    right_expert: f64,
    /// The error of restored garments ÷ that of restored digits.
    error_ratio: f64,
    /// The error after two mechanisms, undone by two experts ÷ the error after one, and ÷ what no expert changed.
    compose: [f64; 2],
    sheet: Vec<Image>,
}

fn run(context: &Context) -> Result<Outcome> {
    let seeds: Vec<u64> = (0..context.seeds(3, 10) as u64).collect();
    let scale = Scale::of(context);
    let digits = Digits::load(context)?;
    context.progress.set_length(seeds.len() as u64);
    let studied = side_by_side(&seeds, |&seed| {
        let studied = study(&digits, scale, seed)?;
        context.progress.inc(1);
        Ok(studied)
    })?;
    let solved = |of: &dyn Fn(&Seed) -> &Trained| {
        studied.iter().filter(|seed| of(seed).found.wins.is_solved()).count() as f64
    };
    let each = |value: &dyn Fn(&Seed) -> f64| studied.iter().map(value).collect::<Vec<_>>();
    let all = seeds.len() as f64;
    let source = format!("of {} seeds; {} steps", seeds.len(), scale.steps);
    let mut outcome = Outcome::new()
        .row(
            Row::learn("icm-success", "seeds_solved", "", &[solved(&|seed| &seed.ours)])
                .source(&source)
                .goal(Goal::AtLeast((0.9 * all).floor())),
        )
        .row(
            Row::learn("icm-success", "seeds_solved_paper", "", &[solved(&|seed| &seed.paper)])
                .source(&source),
        )
        .row(Row::learn("icm-success", "purity", "", &each(&|seed| seed.ours.found.wins.purity())))
        .row(Row::learn(
            "icm-success",
            "purity_paper",
            "",
            &each(&|seed| seed.paper.found.wins.purity()),
        ))
        .row(
            Row::learn(
                "icm-speed",
                "iterations",
                "",
                &each(&|seed| seed.ours.solved_at.unwrap_or(scale.steps) as f64),
            )
            .source("the first at which a seed is solved; all of them where it never is")
            .goal(Goal::AtMost(600.0)),
        );
    for (i, name) in ["clean", "transformed", "restored"].into_iter().enumerate() {
        let row = Row::learn("icm-classifier", name, "share", &each(&|seed| seed.classifier[i]));
        let clean = each(&|seed| seed.classifier[0]).iter().sum::<f64>() / all;
        let is_restored = name == "restored";
        outcome =
            outcome.row(if is_restored { row.goal(Goal::AtLeast(clean - 0.02)) } else { row });
    }
    outcome = outcome
        .row(
            Row::learn("icm-transfer", "right_expert", "share", &each(&|seed| seed.right_expert))
                .source("garments")
                .goal(Goal::AtLeast(0.95)),
        )
        .row(
            Row::learn("icm-transfer", "error_ratio", "×", &each(&|seed| seed.error_ratio))
                .source("garments ÷ digits")
                .goal(Goal::AtMost(1.5)),
        )
        .row(
            Row::learn("icm-compose", "error_ratio", "×", &each(&|seed| seed.compose[0]))
                .source("two mechanisms ÷ one")
                .goal(Goal::AtMost(2.0)),
        )
        .row(
            Row::learn("icm-compose", "error_left", "share", &each(&|seed| seed.compose[1]))
                .source("restored ÷ as given"),
        );
    let curves = |of: &dyn Fn(&Seed) -> &Trained| {
        studied.iter().map(|seed| of(seed).curve.clone()).collect::<Vec<_>>()
    };
    let series = vec![
        Series::new("ours", curves(&|seed| &seed.ours)),
        Series::new("the paper's", curves(&|seed| &seed.paper)),
    ];
    let first = studied.into_iter().next().context("at least one seed")?;
    Ok(outcome
        .figure(Figure::curves("Purity of the win matrix", "steps", "purity", series))
        .figure(win_matrix("Who wins what: ours, seed 0", &first.ours.found.wins, scale))
        .figure(win_matrix("Who wins what: the paper's, seed 0", &first.paper.found.wins, scale))
        .figure(Figure::images(
            "Restored by the winner, seed 0",
            "as given, restored, clean",
            3 * PER_LINE,
            first.sheet,
        )))
}

fn study(digits: &Digits, scale: Scale, seed: u64) -> Result<Seed> {
    let rng = &mut Rng::numbered(seed, 1);
    let mechanisms = scale.mechanisms();
    let judged = Judged::new(&digits.test.0, &mechanisms, rng)?;
    let ours = train(digits, scale, (scale.ours(), Routing::Competition), &judged, seed)?;
    let paper = train(digits, scale, (scale.paper(), Routing::Competition), &judged, seed)?;

    let restored = ours.experts.restore(&judged.images)?.images;
    let classifier = classifier(&digits.train, seed)?;
    let [clean, transformed, mended] = [&digits.test.0, &judged.images, &restored]
        .map(|images| accuracy(&classifier, images, &digits.test.1));

    let garments = Judged::new(&digits.garments.0, &mechanisms, rng)?.evaluate(&ours.experts)?;
    let on_digits = ours.found.errors.mean();

    let twice = twice(&digits.test.0, &mechanisms, rng)?;
    let undone = ours.experts.restore_in_turn(&twice, 2, mechanisms.len())?.images;
    let error = |images: &Tensor| f64::from((images - &digits.test.0).square().mean(..).item());
    Ok(Seed {
        classifier: [clean, transformed, mended],
        right_expert: garments.wins.agreement(&ours.found.wins.owners()),
        error_ratio: garments.errors.mean() / on_digits,
        compose: [error(&undone) / on_digits, error(&undone) / error(&twice)],
        sheet: sheet([&judged.images, &restored, &digits.test.0], scale, &judged.truth.names),
        ours,
        paper,
    })
}

/// Each image through two mechanisms, the second another than the first.
fn twice(images: &Tensor, mechanisms: &[Mechanism], rng: &mut Rng) -> Result<Tensor> {
    let n = mechanisms.len();
    let pairs = (0..n).map(|first| {
        let second = (first + 1 + rng.below(n - 1)) % n;
        mechanisms[first].clone().then(mechanisms[second].clone())
    });
    let pairs: Vec<Mechanism> = pairs.collect();
    Ok(Judged::new(images, &pairs, rng)?.images)
}

/// A classifier of clean digits: a layer of 128, ten epochs of Adam.
fn classifier((images, labels): &Labelled, seed: u64) -> Result<Mlp> {
    const BATCH: usize = 64;
    const EPOCHS: usize = 10;
    let rng = &mut Rng::numbered(seed, 2);
    let pixels = images.len() / labels.len();
    let flat = images.reshape(&[labels.len(), pixels]);
    let mut net = Mlp::new(&[pixels, 128, 10], Activation::Relu, rng);
    let mut adam = Adam::new(&net, AdamConfig { lr: 2e-3, ..Default::default() }.check()?);
    let schedule = Schedule::cosine((EPOCHS * (labels.len() / BATCH)) as u64);
    for _ in 0..EPOCHS {
        for rows in rng.permutation(labels.len()).chunks_exact(BATCH) {
            let x = flat.index_select(0, rows);
            let y: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
            let (_, gradient) =
                value_and_grad(&net, |net| net.forward(&x).cross_entropy(&y).mean(..));
            adam.step_scaled(&mut net, &gradient, schedule.factor(adam.steps()));
        }
    }
    Ok(net)
}

fn accuracy(net: &Mlp, images: &Tensor, labels: &[usize]) -> f64 {
    let flat = images.reshape(&[labels.len(), images.len() / labels.len()]);
    loss::accuracy(&net.forward(&flat), labels)
}

fn win_matrix(title: &str, wins: &WinMatrix, scale: Scale) -> Figure {
    let names: Vec<String> = scale.mechanisms().iter().map(Mechanism::name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let experts: Vec<String> =
        (1..=wins.shares()[0].len()).map(|e| format!("expert {e}")).collect();
    let experts: Vec<&str> = experts.iter().map(String::as_str).collect();
    Figure::heatmap(title, &names, &experts, wins.shares().concat())
}

/// Digits in a line of the sheet, three pictures each.
const PER_LINE: usize = 2;

/// The first digits of each mechanism: as given, restored, clean.
fn sheet(images: [&Tensor; 3], scale: Scale, names: &[String]) -> Vec<Image> {
    let size = scale.side * scale.side;
    let mut sheet = Vec::new();
    for (m, name) in names.iter().enumerate() {
        for digit in (0..PER_LINE).map(|i| m + i * names.len()) {
            for (images, caption) in images.iter().zip([name.as_str(), "restored", "clean"]) {
                let pixels = &images.data()[digit * size..][..size];
                let grey = pixels.iter().map(|&x| (x.clamp(0.0, 1.0) * 255.0).round() as u8);
                sheet.push(Image::grey(scale.side, scale.side, grey.collect(), caption));
            }
        }
    }
    sheet
}
