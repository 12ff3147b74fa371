//! Training of one autoencoder, and what its tokens are worth on pictures that it never saw.

use anyhow::Result;
use seedbed::autodiff::{Rng, Tensor, value_and_grad_aux};
use seedbed::data::{Batches, ImageSet, TrainTest, fashion_mnist};
use seedbed::nn::Config;
use seedbed::nn::optim::{AdamW, AdamWConfig};
use seedbed::quantizers::tokenizer::{Architecture, Tokenizer, TokenizerConfig};
use seedbed::quantizers::train::{Learner, LearnerConfig};
use seedbed::quantizers::usage::Usage;

use crate::experiment::{Context, Profile};

/// Clothes: the embedded ones, or all.
pub(super) fn clothes(context: &Context) -> Result<TrainTest> {
    Ok(match context.profile {
        Profile::Quick => fashion_mnist::embedded(),
        Profile::Full => fashion_mnist::load(&context.data_dir()?)?,
    })
}

/// One training.
pub(super) struct Job {
    /// The quantizer in the middle.
    pub quantizer: LearnerConfig,
    /// Whether vectors are normalised before it.
    pub normalize: bool,
    /// Steps of training.
    pub steps: usize,
    /// Where everything random comes from.
    pub seed: u64,
}

/// Pictures of a batch.
const BATCH: usize = 64;
/// Pictures from which a codebook's first codes are made.
const FIRST: usize = 2_000;

/// What came of it, on pictures that were not trained on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// The share of the first token's codes in use.
    pub used: f64,
    /// The mean absolute error of a pixel.
    pub error: f64,
    /// The mean square error of a pixel.
    pub square: f64,
    /// 2 to the entropy of the first token.
    pub perplexity: f64,
    /// Bits that the tokens of a pixel hold.
    pub bits_per_pixel: f64,
}

/// Trains an autoencoder with patches of 4×4 on the mean absolute error, and measures it.
pub(super) fn train(data: &TrainTest, job: &Job) -> Result<Measured> {
    let mut rng = Rng::new(job.seed);
    let config = TokenizerConfig {
        architecture: Architecture::PatchMlp { patch: 4, hidden: 128, layers: 1 },
        latent: 16,
        normalize: job.normalize,
        quantizer: job.quantizer.clone(),
        ..TokenizerConfig::default()
    };
    let mut model = Tokenizer::<f32>::new(&config.check()?, &mut rng);
    let adamw = AdamWConfig { lr: 1e-3, ..AdamWConfig::default() };
    let mut optimizer = AdamW::new(&model, adamw.check()?);
    let first: Vec<usize> = rng.permutation(data.train.len()).into_iter().take(FIRST).collect();
    model.prepare(&data.train.tensor(&first), &mut rng);
    let mut batches = Batches::new(data.train.len(), BATCH, rng.split())?;
    for _ in 0..job.steps {
        let x: Tensor = data.train.tensor(&batches.next_rows());
        let (_, seen, gradient) = value_and_grad_aux(&model, |model| {
            let out = model.forward_train(&x, &mut rng);
            ((&out.pictures - &x).abs().mean(..) + out.losses.total(), out.seen)
        });
        optimizer.step(&mut model, &gradient);
        model.quantizer.update(&seen, &mut rng);
    }
    measure(&model, &data.test)
}

fn measure(model: &Tokenizer, test: &ImageSet) -> Result<Measured> {
    let frozen = model.quantizer.freeze()?;
    let mut usage = Usage::new(frozen.codebook_size(0));
    let (mut error, mut square, mut pixels) = (0.0, 0.0, 0);
    let rows: Vec<usize> = (0..test.len()).collect();
    for rows in rows.chunks(500) {
        let x: Tensor = test.tensor(rows);
        let tokens = model.encode(&x)?;
        let left = model.decode(&tokens)? - &x;
        error += f64::from(left.abs().sum(..).item());
        square += f64::from(left.square().sum(..).item());
        pixels += x.len();
        let own = model.quantizer.tokens();
        let first: Vec<u64> = tokens.iter().step_by(own).copied().collect();
        usage.count((&first).into());
    }
    let (error, square) = (error / pixels as f64, square / pixels as f64);
    let bits_per_pixel = model.bits_per_pixel()?;
    let (used, perplexity) = (usage.share(), usage.perplexity());
    Ok(Measured { used, error, square, perplexity, bits_per_pixel })
}
