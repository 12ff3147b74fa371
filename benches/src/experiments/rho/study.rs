//! The one driver: trains by each method of a table, on the same tasks, from the same start, on the same candidates.

use std::cell::RefCell;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use seedbed::autodiff::Rng;
use seedbed::data::Batches;
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config as _, Sequential};
use seedbed::rho_selection::train::train_on;
use seedbed::rho_selection::{Candidates, Known, Selector, Telemetry};

use super::method::{Method, Pool};
use super::net;
use super::reference::{Fitted, Reference, accuracy};
use super::scorer::Scorer;
use super::task::Task;
use crate::experiment::Context;
use crate::experiments::jobs::{at_most, side_by_side};

/// How long to train, and how often to look: in the quick profile and in the full one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Unless `--seeds` says otherwise.
    pub seeds: [usize; 2],
    pub steps: [usize; 2],
    /// Steps from one evaluation to the next; a fifth of it in the beginning, where the fast methods learn most.
    pub every: [usize; 2],
    /// Whether trainings take turns, so that their seconds can be compared.
    pub in_turn: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seeds: [2, 5], steps: [500, 2_000], every: [25, 50], in_turn: false }
    }
}

impl Plan {
    fn seeds(&self, context: &Context) -> usize {
        context.seeds(self.seeds[0], self.seeds[1])
    }

    fn steps(&self, context: &Context) -> usize {
        context.pick(self.steps[0], self.steps[1])
    }

    fn looks_after(&self, step: usize, context: &Context) -> bool {
        let every = context.pick(self.every[0], self.every[1]);
        let every = if step < 5 * every { (every / 5).max(1) } else { every };
        step.is_multiple_of(every)
    }
}

/// Candidates a step; a tenth is trained on.
pub(crate) const CANDIDATES: usize = 320;
/// The last evaluations of a run, whose mean is its accuracy: no checkpoint is chosen on test data.
const LAST: usize = 5;
/// The step whose chosen examples are shown.
const SHOWN_STEP: usize = 100;

/// One training.
#[derive(Default)]
pub(crate) struct Run {
    /// Step and test accuracy, in percent.
    pub curve: Vec<(f64, f64)>,
    /// Of a step: the median, which an interruption on a shared machine does not move. Looking at the accuracy does not count.
    pub seconds_a_step: f64,
    /// Shares of the chosen: wrong labels, images that come several times, examples that the test set has nothing of.
    pub corrupted: f64,
    pub duplicated: f64,
    pub irrelevant: f64,
    /// Share of the chosen that were answered correctly already, where the method made a forward pass.
    pub already_correct: Option<f64>,
    /// Picks of each class, over all steps.
    pub classes: Vec<usize>,
    /// At every step after which accuracy was measured.
    pub telemetry: Vec<Telemetry>,
    /// The rows chosen at one step.
    pub shown: Vec<usize>,
}

impl Run {
    pub(crate) fn accuracy(&self) -> f64 {
        let last = &self.curve[self.curve.len().saturating_sub(LAST)..];
        last.iter().map(|p| p.1).sum::<f64>() / last.len() as f64
    }

    pub(crate) fn best(&self) -> f64 {
        self.curve.iter().fold(0.0, |best, p| best.max(p.1))
    }

    /// The accuracy at a step at which it was measured.
    pub(crate) fn accuracy_at(&self, step: f64) -> f64 {
        self.curve.iter().find(|p| p.0 == step).map_or(f64::NAN, |p| p.1)
    }

    /// The steps to the first evaluation with at least this accuracy.
    pub(crate) fn steps_to(&self, accuracy: f64) -> Option<f64> {
        self.curve.iter().find(|p| p.1 >= accuracy).map(|p| p.0)
    }
}

/// All that was trained with one seed.
pub(crate) struct Seed {
    pub task: Task,
    references: Vec<(Reference, Fitted)>,
    /// One for each method.
    pub runs: Vec<Run>,
}

impl Seed {
    /// The reference model of a method.
    pub(crate) fn reference(&self, method: &Method) -> Option<&Fitted> {
        let wanted = method.reference?;
        self.references.iter().find(|(reference, _)| *reference == wanted).map(|(_, fit)| fit)
    }

    /// uniform's steps to its best accuracy ÷ this method's steps to it; 0 if it never got there.
    pub(crate) fn steps_speedup(&self, method: usize, uniform: usize) -> f64 {
        let goal = self.runs[uniform].best();
        let slow = self.runs[uniform].steps_to(goal).expect("its best was reached");
        self.runs[method].steps_to(goal).map_or(0.0, |fast| slow / fast)
    }
}

/// Trains by every method on every seed's task.
pub(crate) fn study(
    context: &Context,
    plan: &Plan,
    methods: &[Method],
    prepare: impl Fn(&mut Rng) -> Result<Task> + Sync,
) -> Result<Vec<Seed>> {
    let numbers: Vec<usize> = (0..plan.seeds(context)).collect();
    let steps = numbers.len() * methods.len() * plan.steps(context);
    context.progress.set_length(steps as u64);
    context.progress.set_message("reference models");
    let mut wanted: Vec<Reference> = Vec::new();
    for reference in methods.iter().filter_map(|method| method.reference) {
        if !wanted.contains(&reference) {
            wanted.push(reference);
        }
    }
    let tasks = side_by_side(&numbers, |&seed| prepare(&mut streams(seed).data))?;
    let at_once = if plan.in_turn { 1 } else { rayon::current_num_threads() };
    let fits = at_most(at_once, &product(numbers.len(), wanted.len()), |&(seed, i)| {
        Fitted::new(&tasks[seed], &wanted[i], &mut streams(seed).reference)
    })?;
    let mut fits = fits.into_iter();
    let mut seeds: Vec<Seed> = tasks
        .into_iter()
        .map(|task| {
            let references = wanted.iter().copied().zip(fits.by_ref()).collect();
            Seed { task, references, runs: Vec::new() }
        })
        .collect();
    let runs = at_most(at_once, &product(numbers.len(), methods.len()), |&(seed, i)| {
        train(context, plan, &seeds[seed], &methods[i], seed)
            .with_context(|| format!("seed {seed}, {}", methods[i].label))
    })?;
    let mut runs = runs.into_iter();
    for seed in &mut seeds {
        seed.runs = runs.by_ref().take(methods.len()).collect();
    }
    Ok(seeds)
}

fn product(n: usize, m: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|i| (0..m).map(move |j| (i, j))).collect()
}

/// The random streams of a seed: every method has the same start and sees the same candidates.
struct Streams {
    data: Rng,
    reference: Rng,
    start: Rng,
    candidates: Rng,
    masks: Rng,
}

fn streams(seed: usize) -> Streams {
    let mut rng = Rng::new(seed as u64);
    let [data, reference, start, candidates, masks] = std::array::from_fn(|_| rng.split());
    Streams { data, reference, start, candidates, masks }
}

fn train(
    context: &Context,
    plan: &Plan,
    seed: &Seed,
    method: &Method,
    number: usize,
) -> Result<Run> {
    let (task, mut streams) = (&seed.task, streams(number));
    let fitted = seed.reference(method);
    let pool = pool(task, method.pool, fitted)?;
    let irreducible = fitted.map(|fitted| fitted.irreducible.clone()).unwrap_or_default();
    let mut scorer = Scorer::new(method, &irreducible);
    let mut selector = Selector::new(method.config(number as u64)?, irreducible.clone())?;
    let mut model = method.arch.init(&mut streams.start);
    let adamw = AdamWConfig { lr: method.lr, ..Default::default() }.check()?;
    let mut optimizer = AdamW::new(&model, adamw);
    let mut batches = Batches::new(pool.len(), CANDIDATES, streams.candidates)?;
    let masks = RefCell::new(streams.masks);

    let steps = plan.steps(context);
    let mut seconds = Vec::with_capacity(steps);
    let mut picks = Picks::default();
    let mut run = Run::default();
    for step in 1..=steps {
        let begin = Instant::now();
        let rows: Vec<usize> = batches.next_rows().iter().map(|&i| pool[i]).collect();
        let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
        let labels = task.labels(&rows);
        let scored = (selector.needs_losses() || selector.needs_logits())
            .then(|| scorer.score(&model, &task.x(&rows), &ids, &labels, &mut masks.borrow_mut()))
            .transpose()?;
        let candidates = match &scored {
            Some((outputs, losses)) => outputs.candidates(&ids, &labels, losses)?,
            None => Candidates::of_ids(&ids).labels(&labels),
        };
        let flags = |all: &[bool]| rows.iter().map(|&row| all[row]).collect::<Vec<bool>>();
        let (corrupted, duplicated) = (flags(&task.corrupted), flags(&task.duplicated));
        let irrelevant = flags(&task.irrelevant);
        let known = Known {
            corrupted: Some(&corrupted),
            duplicated: Some(&duplicated),
            low_relevance: Some(&irrelevant),
            ..Known::default()
        };
        let selection =
            selector.select(&candidates.known(known)).with_context(|| format!("step {step}"))?;
        if let Some((outputs, _)) = &scored {
            scorer.observe(outputs, &labels, &selection.indices)?;
        }
        train_on(
            &mut model,
            &mut optimizer,
            &selection,
            &rows,
            |m: &Sequential, rows: &[usize]| {
                let logits = net::logits_in_training(m, &task.x(rows), &mut masks.borrow_mut());
                logits.cross_entropy_each(&task.labels(rows))
            },
        );
        seconds.push(begin.elapsed().as_secs_f64());

        picks.add(&selection.telemetry);
        if step == SHOWN_STEP {
            run.shown = selection.indices.iter().map(|&i| rows[i]).collect();
        }
        if plan.looks_after(step, context) {
            run.curve.push((step as f64, accuracy(&model, task.test())));
            run.telemetry.push(selection.telemetry);
        }
        context.progress.inc(1);
    }
    context.progress.set_message(format!("seed {number}: {} done", method.label));
    seconds.sort_by(f64::total_cmp);
    Ok(Run {
        seconds_a_step: seconds[seconds.len() / 2],
        corrupted: picks.corrupted.mean().unwrap_or(0.0),
        duplicated: picks.duplicated.mean().unwrap_or(0.0),
        irrelevant: picks.irrelevant.mean().unwrap_or(0.0),
        already_correct: picks.correct.mean(),
        classes: picks.classes,
        ..run
    })
}

/// The rows that a method may choose from.
fn pool(task: &Task, pool: Pool, fitted: Option<&Fitted>) -> Result<Vec<usize>> {
    let mut rows = task.train();
    match pool {
        Pool::All => {}
        Pool::Clean => rows.retain(|&row| !task.corrupted[row]),
        Pool::CoreSet => {
            let fitted = fitted.ok_or_else(|| anyhow!("a core set needs a proxy"))?;
            let keep = rows.len() / 10;
            rows.sort_by(|&a, &b| fitted.entropies[b].total_cmp(&fitted.entropies[a]));
            rows.truncate(keep);
        }
    }
    Ok(rows)
}

/// Running means of the telemetry's shares, and sums of its classes.
#[derive(Default)]
struct Picks {
    classes: Vec<usize>,
    corrupted: Mean,
    duplicated: Mean,
    irrelevant: Mean,
    correct: Mean,
}

impl Picks {
    fn add(&mut self, telemetry: &Telemetry) {
        self.classes.resize(self.classes.len().max(telemetry.classes.len()), 0);
        self.classes.iter_mut().zip(&telemetry.classes).for_each(|(sum, &n)| *sum += n);
        for (mean, share) in [
            (&mut self.corrupted, telemetry.corrupted),
            (&mut self.duplicated, telemetry.duplicated),
            (&mut self.irrelevant, telemetry.low_relevance),
            (&mut self.correct, telemetry.already_correct),
        ] {
            if let Some(share) = share {
                mean.sum += share.picked * telemetry.picked as f64;
                mean.weight += telemetry.picked as f64;
            }
        }
    }
}

#[derive(Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}
