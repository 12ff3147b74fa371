//! `rho-token`: selective language modelling (Lin et al. 2024, Rho-1) by a character model.

use anyhow::Result;
use seedbed::autodiff::{Activation, Float, Rng, Tensor, module, value_and_grad};
use seedbed::data::text::{Text, tiny_shakespeare};
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::nn::{Config as _, Embedding, Mlp};
use seedbed::rho_selection::score::select_tokens;
use seedbed::rho_selection::train::{ReferenceConfig, evaluate, train_reference};

use crate::experiment::{Context, Outcome, Profile};
use crate::experiments::claim::Claim;
use crate::experiments::jobs::side_by_side;
use crate::figure::{Figure, Series};
use crate::row::{Goal, Row};

/// From scratch, and as Lin et al. have it: from a model that knows the text already.
pub(crate) const CLAIMS: [Claim; 2] = [
    Claim {
        name: "rho-token",
        about: "Rho-1 on a character model (a window of 16 characters, one hidden layer of 256) of a text with a third of its lines replaced by random characters: Tiny Shakespeare, or in the quick profile this workspace's own \
            source code. A reference model of the same size learns from a clean tenth. Every step trains on 128 characters: those with the highest excess loss of 1,280 (or, as in the paper, of so many that they are 60 %), or any 128. \
            Steps are counted to uniform's lowest loss on clean text. The oracle is Rho-1 that is never shown noise.",
        long: true,
        run: |context| run(context, "rho-token", 0),
    },
    Claim {
        name: "rho-token-pretrained",
        about: "The same, but training goes on from a model that has seen all of the noisy text, and the reference model is that one after the clean tenth: what Rho-1 was measured on.",
        long: true,
        run: |context| run(context, "rho-token-pretrained", context.pick(2_000, 10_000)),
    },
];

/// Characters that the model sees before the one that it predicts.
const WINDOW: usize = 16;
const WIDTH: usize = 16;
const HIDDEN: usize = 256;
/// Characters that a step trains on, whatever the method.
const TRAINED: usize = 128;
/// Evaluations whose mean is a run's loss.
const LAST: usize = 5;

/// Predicts a character from those in a window before it: embeddings side by side, one hidden layer.
#[derive(Clone, Debug)]
struct CharModel<F: Float = f32> {
    embedding: Embedding<F>,
    mlp: Mlp<F>,
}
module!(CharModel<F> { embedding, mlp });

impl CharModel {
    fn new(vocabulary: usize, rng: &mut Rng) -> Self {
        Self {
            embedding: Embedding::new(vocabulary, WIDTH, rng),
            mlp: Mlp::new(&[WINDOW * WIDTH, HIDDEN, vocabulary], Activation::Relu, rng),
        }
    }

    /// The loss of the characters at these positions, in nats.
    fn losses(&self, tokens: &[usize], positions: &[usize]) -> Tensor {
        let windows: Vec<usize> =
            positions.iter().flat_map(|&at| &tokens[at - WINDOW..at]).copied().collect();
        let x = self.embedding.forward(&windows).reshape(&[positions.len(), WINDOW * WIDTH]);
        let labels: Vec<usize> = positions.iter().map(|&at| tokens[at]).collect();
        self.mlp.forward(&x).cross_entropy_each(&labels)
    }
}

/// How many candidates a step has, and which of them may be chosen.
#[derive(Clone, Copy)]
enum Method {
    /// The highest excess loss of so many candidates.
    Excess {
        candidates: usize,
    },
    /// The same, of candidates without noise.
    Oracle {
        candidates: usize,
    },
    Uniform,
}

/// For the best tenth, and the best 60 %.
const TENTH: usize = 10 * TRAINED;
const SIXTY: usize = TRAINED * 10 / 6;

const METHODS: [(&str, &str, Method); 4] = [
    ("", "Rho-1, the best tenth", Method::Excess { candidates: TENTH }),
    ("-60", "Rho-1, the best 60 %", Method::Excess { candidates: SIXTY }),
    ("-oracle", "oracle", Method::Oracle { candidates: TENTH }),
    ("-uniform", "uniform", Method::Uniform),
];
const UNIFORM: usize = 3;

fn run(context: &Context, name: &str, pretraining: usize) -> Result<Outcome> {
    let text = match context.profile {
        Profile::Quick => own_source(),
        Profile::Full => tiny_shakespeare(&context.data_dir()?)?,
    };
    let (steps, every) = (context.pick(500, 3_000), context.pick(10, 50));
    let seeds: Vec<u64> = (0..context.seeds(2, 5) as u64).collect();
    context.progress.set_length((seeds.len() * METHODS.len()) as u64);
    let corpora =
        side_by_side(&seeds, |&seed| Corpus::new(&text, pretraining, &mut Rng::new(seed)))?;
    let jobs: Vec<(usize, Method)> =
        corpora.iter().enumerate().flat_map(|(i, _)| METHODS.map(|m| (i, m.2))).collect();
    let runs = side_by_side(&jobs, |&(i, method)| {
        let run = train(&corpora[i], method, steps, every)?;
        context.progress.inc(1);
        Ok(run)
    })?;
    let runs: Vec<&[Run]> = runs.chunks(METHODS.len()).collect();
    Ok(report(context, name, &runs))
}

/// A text with what is trained on, what the reference model learns from, and what is asked in the end.
struct Corpus {
    /// The clean text, and after it the noisy one: positions of the latter are trained on.
    tokens: Vec<usize>,
    train: Vec<usize>,
    /// Of each token.
    struck: Vec<bool>,
    test: Vec<usize>,
    /// The reference model's loss of each token that is trained on; 0 elsewhere.
    reference: Vec<f32>,
    /// What all trainings, the reference model's too, go on from.
    base: CharModel,
    candidates: Rng,
}

/// Lines in a block: blocks are trained on or held out as a whole.
const BLOCK: usize = 40;
/// Characters of clean text by which models are compared.
const TESTED: usize = 4_000;

impl Corpus {
    fn new(text: &Text, pretraining: usize, rng: &mut Rng) -> Result<Self> {
        let (noisy, struck) = text.corrupt_lines(1.0 / 3.0, rng)?;
        let (clean, length) = (text.tokens(), text.tokens().len());
        let lines = text.line_starts();
        let block = |(i, &start): (usize, &usize)| {
            let end = lines.get((i + 1) * BLOCK).copied().unwrap_or(length);
            (start.max(WINDOW), end)
        };
        let mut blocks: Vec<(usize, usize)> =
            lines.iter().step_by(BLOCK).enumerate().map(block).collect();
        rng.shuffle(&mut blocks);
        let tenth = blocks.len().div_ceil(10);
        let positions = |part: &[(usize, usize)]| -> Vec<usize> {
            part.iter().flat_map(|&(start, end)| start..end).collect()
        };
        let (curated, rest) = blocks.split_at(tenth);
        let (validation, rest) = rest.split_at(tenth);
        let (test, train) = rest.split_at(tenth);
        let [curated, validation, mut test] = [curated, validation, test].map(positions);
        rng.shuffle(&mut test);
        test.truncate(TESTED);
        let train: Vec<usize> = positions(train).into_iter().map(|at| length + at).collect();
        let mut corpus = Self {
            tokens: [clean, noisy.tokens()].concat(),
            train,
            struck: [vec![false; length], struck].concat(),
            test,
            reference: vec![0.0; 2 * length],
            base: CharModel::new(text.vocabulary().len(), rng),
            candidates: rng.split(),
        };
        corpus.base = corpus.pretrained(pretraining, rng)?;
        // The epoch is chosen on clean text that nothing else looks at, as the reference model is to know clean text best.
        let config = ReferenceConfig { epochs: 8, batch_size: TRAINED, ..Default::default() };
        let losses = |m: &CharModel, at: &[usize]| m.losses(&corpus.tokens, at);
        let fit =
            train_reference(corpus.base.clone(), &curated, &validation, losses, &config, rng)?;
        let of_train = evaluate(&fit.model, &corpus.train, losses);
        for (&at, loss) in corpus.train.iter().zip(of_train) {
            corpus.reference[at] = loss;
        }
        Ok(corpus)
    }

    /// The base model after so many steps on any of the noisy text.
    fn pretrained(&self, steps: usize, rng: &mut Rng) -> Result<CharModel> {
        let mut model = self.base.clone();
        let mut optimizer = AdamW::new(&model, AdamWConfig::default().check()?);
        for _ in 0..steps {
            self.step(&mut model, &mut optimizer, &self.draw(TRAINED, rng));
        }
        Ok(model)
    }

    /// Positions of the text that is trained on.
    fn draw(&self, count: usize, rng: &mut Rng) -> Vec<usize> {
        (0..count).map(|_| self.train[rng.below(self.train.len())]).collect()
    }

    /// Trains on the characters at these positions.
    fn step(&self, model: &mut CharModel, optimizer: &mut AdamW<CharModel>, at: &[usize]) {
        let (_, gradient) = value_and_grad(model, |m| m.losses(&self.tokens, at).mean(..));
        optimizer.step(model, &gradient);
    }
}

/// One training.
struct Run {
    /// Step and loss on clean text, in nats a character.
    curve: Vec<(f64, f64)>,
    /// The share of noise among the chosen.
    corrupted: f64,
}

impl Run {
    fn loss(&self) -> f64 {
        let last = &self.curve[self.curve.len().saturating_sub(LAST)..];
        last.iter().map(|p| p.1).sum::<f64>() / last.len() as f64
    }

    fn lowest(&self) -> f64 {
        self.curve.iter().fold(f64::INFINITY, |lowest, p| lowest.min(p.1))
    }

    fn steps_to(&self, loss: f64) -> Option<f64> {
        self.curve.iter().find(|p| p.1 <= loss).map(|p| p.0)
    }
}

fn train(corpus: &Corpus, method: Method, steps: usize, every: usize) -> Result<Run> {
    let losses = |m: &CharModel, at: &[usize]| m.losses(&corpus.tokens, at);
    let mut model = corpus.base.clone();
    let mut optimizer = AdamW::new(&model, AdamWConfig::default().check()?);
    let mut rng = corpus.candidates.clone();
    let mut run = Run { curve: Vec::new(), corrupted: 0.0 };
    for step in 1..=steps {
        let count = match method {
            Method::Excess { candidates } | Method::Oracle { candidates } => candidates,
            Method::Uniform => TRAINED,
        };
        let mut at = corpus.draw(count, &mut rng);
        if !matches!(method, Method::Uniform) {
            let training = evaluate(&model, &at, losses);
            let reference: Vec<f32> = at.iter().map(|&at| corpus.reference[at]).collect();
            let only_clean = matches!(method, Method::Oracle { .. });
            let mask: Vec<bool> = at.iter().map(|&at| !(only_clean && corpus.struck[at])).collect();
            let unmasked = mask.iter().filter(|&&counts| counts).count();
            let share = TRAINED as f64 / unmasked as f64;
            let chosen = select_tokens(&training, &reference, &mask, share)?;
            at = chosen.indices.iter().map(|&i| at[i]).collect();
        }
        let noise = at.iter().filter(|&&at| corpus.struck[at]).count();
        run.corrupted += noise as f64 / (at.len() * steps) as f64;
        corpus.step(&mut model, &mut optimizer, &at);
        if step % every == 0 {
            let on_clean = evaluate(&model, &corpus.test, losses);
            let mean = on_clean.iter().map(|&x| f64::from(x)).sum::<f64>() / on_clean.len() as f64;
            run.curve.push((step as f64, mean));
        }
    }
    Ok(run)
}

fn report(context: &Context, name: &str, runs: &[&[Run]]) -> Outcome {
    let each = |f: &dyn Fn(&[Run]) -> f64| runs.iter().map(|run| f(run)).collect::<Vec<f64>>();
    let speedup = |run: &[Run], method: usize| {
        let goal = run[UNIFORM].lowest();
        let slow = run[UNIFORM].steps_to(goal).expect("its lowest loss was reached");
        run[method].steps_to(goal).map_or(0.0, |fast| slow / fast)
    };
    let mut outcome = Outcome::new();
    for (i, (suffix, ..)) in METHODS.iter().enumerate() {
        let name = format!("{name}{suffix}");
        if i != UNIFORM {
            let row = Row::learn(&name, "steps_speedup", "×", &each(&|run| speedup(run, i)));
            outcome = outcome.row(match i {
                0 => row
                    .reference(5.0, "Lin et al. 2024: 5 to 10 times fewer tokens to the baseline's few-shot accuracy")
                    .goal_when_full(context, Goal::AtLeast(3.0)),
                _ => row.source("uniform's steps to its lowest loss on clean text ÷ these to it"),
            });
        }
        outcome = outcome
            .row(Row::learn(&name, "clean_loss", "nats", &each(&|run| run[i].loss())))
            .row(Row::learn(&name, "corrupted_picked", "share", &each(&|run| run[i].corrupted)));
    }
    let series = |(i, (_, label, _)): (usize, &(&str, &str, Method))| {
        Series::new(label, runs.iter().map(|run| run[i].curve.clone()).collect())
    };
    let lines = METHODS.iter().enumerate().map(series).collect();
    let y = "loss on clean text, nats a character";
    outcome.figure(Figure::curves(
        "A third of the lines is noise",
        "steps of 128 characters",
        y,
        lines,
    ))
}

/// A text that is there without a download: files of the engine as they were once, so that it stays the same.
fn own_source() -> Text {
    Text::new(include_str!("../../../data/own-source.txt"))
}
