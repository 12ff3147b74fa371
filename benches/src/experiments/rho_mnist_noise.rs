//! RHO-LOSS on real digits with wrong labels among them (Mindermann et al. 2022, figure 6, second panel).
//!
//! One label in ten is replaced at random. The digits are then split by class into a training and a holdout
//! half, both with their wrong labels: the holdout set of a practitioner is no cleaner than the rest. Three ways to choose 32 of 320
//! candidates train the same network from the same start, on the same candidate batches.

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use seedbed::autodiff::{Activation, Rng, Tensor};
use seedbed::data::{
    Batches, DataDir, ImageSet, LabelNoise, Normalize, TrainTest, mnist, stratified_split,
};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config, Mlp};
use seedbed::rho_selection::train::{ReferenceConfig, evaluate, selection_step, train_reference};
use seedbed::rho_selection::{IrreducibleLosses, Score, SelectionConfig, Selector};

use crate::experiment::{Context, Experiment, Outcome, Profile};
use crate::figure::{Bar, Figure, Image, Series};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "rho-mnist-noise";
/// Candidates in a batch, of which the selector picks a tenth.
const CANDIDATES: usize = 320;
/// The last evaluations of a run, whose mean is its accuracy: no checkpoint is chosen on test data.
const LAST: usize = 5;
/// The step whose chosen digits are shown.
const SHOWN_STEP: usize = 100;

/// See the module.
pub(crate) struct RhoMnistNoise;

impl Experiment for RhoMnistNoise {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        "RHO-LOSS against uniform and highest-loss selection on MNIST with one label in ten replaced at random, in the \
         training and the holdout half alike. MLP 784-512-512-10, AdamW (1e-3, weight decay 0.01), the best 32 of 320 candidates \
         a step. Steps are counted to uniform's best test accuracy, which favours uniform; accuracies are means of the \
         last five evaluations."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let digits = match context.profile {
            Profile::Quick => mnist::embedded(),
            Profile::Full => mnist::load(&DataDir::resolve(context.data.as_deref())?)?,
        };
        let plan = Plan {
            steps: context.pick(500, 1_875),
            every: context.pick(10, 25),
            reference_epochs: context.pick(8, 5),
        };
        let seeds = context.seeds(5, 5);
        context.progress.set_length((seeds * METHODS.len() * plan.steps) as u64);
        let runs: Vec<[Run; 3]> = (0..seeds)
            .map(|seed| run_seed(seed as u64, &digits, &plan, &context.progress))
            .collect::<Result<_>>()?;
        Ok(report(&runs))
    }
}

/// The ways to choose, with their names in the report.
const METHODS: [(Score, &str); 3] = [
    (Score::ReducibleLoss, "RHO-LOSS"),
    (Score::Uniform, "uniform"),
    (Score::TrainingLoss, "highest loss"),
];
const RHO: usize = 0;
const UNIFORM: usize = 1;
const LOSS: usize = 2;

/// How long to train, and how often to look.
struct Plan {
    steps: usize,
    every: usize,
    reference_epochs: usize,
}

/// One training.
struct Run {
    /// Step and test accuracy, in percent.
    curve: Vec<(f64, f64)>,
    /// The share of the chosen that have a wrong label.
    wrong_picked: f64,
    /// The digits chosen at one step.
    shown: Vec<Image>,
}

impl Run {
    fn accuracy(&self) -> f64 {
        let last = &self.curve[self.curve.len() - LAST..];
        last.iter().map(|p| p.1).sum::<f64>() / LAST as f64
    }

    fn best(&self) -> f64 {
        self.curve.iter().fold(0.0, |best, p| best.max(p.1))
    }

    /// The first step with at least this accuracy.
    fn steps_to(&self, accuracy: f64) -> Option<f64> {
        self.curve.iter().find(|p| p.1 >= accuracy).map(|p| p.0)
    }
}

fn run_seed(
    seed: u64,
    digits: &TrainTest,
    plan: &Plan,
    progress: &ProgressBar,
) -> Result<[Run; 3]> {
    let mut rng = Rng::new(seed);
    let clean = digits.train.labels();
    let noisy =
        LabelNoise::Uniform { share: 0.1 }.apply(clean, digits.train.num_classes(), &mut rng)?;
    let set = digits.train.with_labels(noisy.labels)?;
    let halves = stratified_split(set.labels(), &[0.5, 0.5], &mut rng)?;
    let (train, holdout) = (&halves[0], &halves[1]);

    let x = inputs(&set);
    let losses = |m: &Mlp, rows: &[usize]| {
        m.forward(&x.index_select(0, rows)).cross_entropy_each(&set.labels_of(rows))
    };
    let reference = train_reference(
        Mlp::new(&[784, 512, 10], Activation::Relu, &mut rng.split()),
        holdout,
        train,
        losses,
        &ReferenceConfig { epochs: plan.reference_epochs, ..Default::default() },
        &mut rng.split(),
    )?;
    let irreducible = IrreducibleLosses::new(&set.ids_of(train), &reference.losses)?;

    // Every method starts from the same weights and sees the same candidates.
    let (start, candidates) = (rng.split(), rng.split());
    let test = (inputs(&digits.test), digits.test.labels());
    let run = |(score, name): (Score, &str)| -> Result<Run> {
        progress.set_message(format!("seed {seed}, {name}"));
        let config = SelectionConfig { score, seed, ..Default::default() }.check()?;
        let mut selector = Selector::new(config, irreducible.clone())?;
        let mut model = Mlp::new(&[784, 512, 512, 10], Activation::Relu, &mut start.clone());
        let mut optimizer = AdamW::new(&model, AdamWConfig::default().check()?);
        let mut batches = Batches::new(train.len(), CANDIDATES, candidates.clone())?;
        let mut run = Run { curve: Vec::new(), wrong_picked: 0.0, shown: Vec::new() };
        let (mut wrong, mut picked) = (0, 0);
        for step in 1..=plan.steps {
            let rows: Vec<usize> = batches.next_rows().iter().map(|&i| train[i]).collect();
            let ids = set.ids_of(&rows);
            let selection =
                selection_step(&mut model, &mut optimizer, &mut selector, &rows, &ids, losses)
                    .with_context(|| format!("step {step}"))?;
            let chosen: Vec<usize> = selection.indices.iter().map(|&i| rows[i]).collect();
            wrong += chosen.iter().filter(|&&row| noisy.wrong[row]).count();
            picked += chosen.len();
            if step == SHOWN_STEP {
                run.shown =
                    chosen.iter().map(|&row| picture(&set, row, noisy.wrong[row])).collect();
            }
            if step % plan.every == 0 {
                run.curve.push((step as f64, accuracy(&model, &test)));
            }
            progress.inc(1);
        }
        run.wrong_picked = wrong as f64 / picked as f64;
        Ok(run)
    };
    Ok([run(METHODS[RHO])?, run(METHODS[UNIFORM])?, run(METHODS[LOSS])?])
}

/// All images as rows of 784 numbers, normalised.
fn inputs(set: &ImageSet) -> Tensor {
    let rows: Vec<usize> = (0..set.len()).collect();
    set.tensor_with(&rows, &Normalize::mnist()).reshape(&[set.len(), 784])
}

/// The share of right answers, in percent.
fn accuracy(model: &Mlp, (x, labels): &(Tensor, &[usize])) -> f64 {
    let rows: Vec<usize> = (0..labels.len()).collect();
    let wrong = evaluate(model, &rows, |m: &Mlp, rows: &[usize]| {
        let answers = m.forward(&x.index_select(0, rows)).argmax(-1);
        let is_wrong = answers.iter().zip(rows).map(|(&a, &row)| f32::from(a != labels[row]));
        Tensor::new(is_wrong.collect(), &[rows.len()])
    });
    100.0 * (1.0 - wrong.iter().sum::<f32>() as f64 / wrong.len() as f64)
}

fn picture(set: &ImageSet, row: usize, wrong: bool) -> Image {
    let pixels = set.images().outer_iter().nth(row).expect("a row of the set");
    let label = set.labels()[row].to_string();
    Image::grey(28, 28, pixels.iter().copied().collect(), &label).marked(wrong)
}

fn report(runs: &[[Run; 3]]) -> Outcome {
    let each = |f: &dyn Fn(&[Run; 3]) -> f64| runs.iter().map(f).collect::<Vec<f64>>();
    let speedup = each(&|run| {
        let goal = run[UNIFORM].best();
        let steps = run[UNIFORM].steps_to(goal).expect("its best was reached");
        run[RHO].steps_to(goal).map_or(0.0, |rho| steps / rho)
    });
    let failed = speedup.iter().filter(|&&s| s == 0.0).count();
    let gain = each(&|run| run[RHO].accuracy() - run[UNIFORM].accuracy());

    let mut outcome = Outcome::new()
        .row(
            Row::learn(NAME, "steps_speedup", "×", &speedup)
                .source(&format!(
                    "uniform's steps to its best test accuracy ÷ RHO's steps to it; {failed} of {} seeds never got there",
                    runs.len()
                ))
                .goal(Goal::AtLeast(2.5)),
        )
        .row(
            Row::learn(NAME, "accuracy_gain", "points", &gain)
                .reference(2.0, "Mindermann et al. 2022, figure 6, 60,000 digits: 98 against 96, read off by eye")
                .goal(Goal::AtLeast(1.5)),
        );
    for (i, suffix) in [(RHO, ""), (UNIFORM, "-uniform"), (LOSS, "-loss")] {
        let name = format!("{NAME}{suffix}");
        outcome =
            outcome.row(Row::learn(&name, "accuracy", "%", &each(&|run| run[i].accuracy()))).row(
                Row::learn(&name, "corrupted_picked", "share", &each(&|run| run[i].wrong_picked))
                    .source("chosen examples with a wrong label; uniform shows the base rate"),
            );
    }

    let series =
        |i: usize| Series::new(METHODS[i].1, runs.iter().map(|r| r[i].curve.clone()).collect());
    let bars = (0..METHODS.len()).map(|i| {
        let shares = each(&|run| 100.0 * run[i].wrong_picked);
        let row = Row::learn(NAME, "", "", &shares);
        Bar::new(METHODS[i].1, row.measured).spread(row.spread)
    });
    let base = Row::learn(NAME, "", "", &each(&|run| 100.0 * run[UNIFORM].wrong_picked)).measured;
    outcome = outcome
        .figure(Figure::curves(
            "Digits with wrong labels: what selection gains",
            "gradient steps of 32 examples",
            "test accuracy, %",
            (0..METHODS.len()).map(series).collect(),
        ))
        .figure(
            Figure::bars("Wrong labels among the chosen", "% of the chosen", bars.collect())
                .marked(base, "base rate"),
        );
    for (i, (_, name)) in METHODS.into_iter().enumerate() {
        outcome = outcome.figure(Figure::images(
            &format!("Chosen by {name}, step {SHOWN_STEP}"),
            "The label stands below; a frame marks a wrong one.",
            8,
            runs[0][i].shown.clone(),
        ));
    }
    outcome
}
