//! Tokenizers: autoencoders with a quantizer in the middle.
//!
//! A picture becomes a small grid of vectors, each of them tokens; tokens become a picture. What is learnt is the encoder, the decoder and the quantizer
//! together. Pictures are channels-last, `[count, height, width, channels]`, of numbers around 0 to 1.

mod config;
mod network;
mod saved;

pub use config::{Architecture, TokenizerConfig};
pub use network::{Decoder, Encoder};

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::Checked;

use crate::QuantizerError;
use crate::train::{AnyLearner, Learner, Losses, Seen};

/// An autoencoder with a quantizer in the middle.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor, value_and_grad_aux};
/// use seedbed_nn::Config;
/// use seedbed_quantizers::tokenizer::{Tokenizer, TokenizerConfig};
///
/// let rng = &mut Rng::new(0);
/// let config = TokenizerConfig::default().check()?;
/// let mut tokenizer = Tokenizer::<f32>::new(&config, rng);
/// let pictures = Tensor::uniform(&[2, 28, 28, 1], 0.0, 1.0, rng);
/// tokenizer.prepare(&pictures, rng);
/// let (_, seen, gradient) = value_and_grad_aux(&tokenizer, |t| {
///     let out = t.forward_train(&pictures, rng);
///     ((&out.pictures - &pictures).abs().mean(..) + out.losses.total(), out.seen)
/// });
/// tokenizer.quantizer.update(&seen, rng);
/// # use seedbed_quantizers::train::Learner;
/// let tokens = tokenizer.encode(&pictures)?;
/// assert_eq!(tokens.shape(), [2, 7, 7, 1]);
/// assert_eq!(tokenizer.decode(&tokens)?.shape(), pictures.shape());
/// # let _ = gradient;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tokenizer<F: Float = f32> {
    /// Pictures to vectors.
    pub encoder: Encoder<F>,
    /// Vectors to tokens and back.
    pub quantizer: AnyLearner<F>,
    /// Vectors to pictures.
    pub decoder: Decoder<F>,
    config: TokenizerConfig,
}
module!(Tokenizer<F> { encoder, quantizer, decoder } config { config });

/// Tokens of pictures: `[count, rows, columns, tokens a vector]`.
pub type Tokens = ndarray::ArrayD<u64>;

/// What a training pass gives.
#[derive(Clone, Debug)]
pub struct Reconstruction<F: Float = f32> {
    /// The pictures, through tokens.
    pub pictures: Tensor<F>,
    /// Their tokens.
    pub tokens: Vec<u64>,
    /// The quantizer's losses.
    pub losses: Losses<F>,
    /// What the quantizer's update needs.
    pub seen: Seen<F>,
}

impl<F: Float> Tokenizer<F> {
    /// A tokenizer of this configuration.
    pub fn new(config: &Checked<TokenizerConfig>, rng: &mut Rng) -> Self {
        let config = TokenizerConfig::clone(config);
        let encoder = Encoder::new(&config, rng);
        let quantizer = config.quantizer.clone().for_vectors_of(config.latent);
        let quantizer = quantizer.build(rng).expect("the configuration was checked");
        let decoder = Decoder::new(&config, rng);
        Self { encoder, quantizer, decoder, config }
    }

    /// Its configuration.
    pub fn config(&self) -> &TokenizerConfig {
        &self.config
    }

    /// Fits the quantizer's first codebook to what the encoder makes of pictures. Call it once, before training.
    ///
    /// # Panics
    /// If the pictures are not `[count, height, width, channels]`, or their sides no multiples of [`TokenizerConfig::stride`].
    #[track_caller]
    pub fn prepare(&mut self, pictures: &Tensor<F>, rng: &mut Rng) {
        let latents = self.encoder.forward(pictures);
        self.quantizer.prepare(&latents, rng);
    }

    /// The training pass.
    ///
    /// # Panics
    /// As [`prepare`](Self::prepare).
    #[track_caller]
    pub fn forward_train(&self, pictures: &Tensor<F>, rng: &mut Rng) -> Reconstruction<F> {
        let latents = self.encoder.forward(pictures);
        let out = self.quantizer.forward_train(&latents, None, rng);
        let pictures = self.decoder.forward(&out.values);
        Reconstruction { pictures, tokens: out.indices, losses: out.losses, seen: out.seen }
    }

    /// The tokens of pictures.
    ///
    /// # Errors
    /// If a number is not finite.
    ///
    /// # Panics
    /// As [`prepare`](Self::prepare).
    #[track_caller]
    pub fn encode(&self, pictures: &Tensor<F>) -> Result<Tokens, QuantizerError> {
        let latents = self.encoder.forward(pictures);
        let (_, indices) = self.quantizer.quantize(&latents)?;
        let mut shape = latents.shape().to_vec();
        shape[3] = self.quantizer.tokens();
        Ok(Tokens::from_shape_vec(shape, indices).expect("as many tokens as the shape says"))
    }

    /// The pictures that tokens stand for.
    ///
    /// # Errors
    /// If the tokens are not `[count, rows, columns, tokens a vector]`, or one is out of range.
    pub fn decode(&self, tokens: &Tokens) -> Result<Tensor<F>, QuantizerError> {
        let own = self.quantizer.tokens();
        let &[count, rows, columns, found] = tokens.shape() else {
            let expected = "of four axes: count, rows, columns, tokens a vector";
            return Err(QuantizerError::setting(
                "tokens",
                format!("{:?}", tokens.shape()),
                expected,
            ));
        };
        crate::error::same_length("the last axis of the tokens", found, own)?;
        let indices: Vec<u64> = tokens.iter().copied().collect();
        let values = self.quantizer.freeze()?.decode(&indices)?;
        let shape = [count, rows, columns, self.config.latent];
        let values = values.iter().map(|&v| F::of(f64::from(v))).collect();
        Ok(self.decoder.forward(&Tensor::new(values, &shape)))
    }

    /// Bits that the tokens of a pixel hold.
    ///
    /// # Errors
    /// If a parameter is not finite.
    pub fn bits_per_pixel(&self) -> Result<f64, QuantizerError> {
        let stride = self.config.stride();
        Ok(self.quantizer.freeze()?.bits() / (stride * stride) as f64)
    }
}
