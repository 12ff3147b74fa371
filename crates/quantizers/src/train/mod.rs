//! Quantizers that learn, on Seedbed's engine.
//!
//! A quantizer is a model like any other: parameters (projections, a codebook that is learnt by gradient), and buffers (a codebook that
//! follows averages). A training step has two parts. [`Learner::forward_train`], inside of the differentiated function, gives the
//! quantized vectors with a gradient estimator, the losses by name, and what the batch has [`Seen`]; [`Learner::update`],
//! after it, moves averages and revives dead codes. For use, [`Learner::freeze`] gives a [`Quantizer`](crate::Quantizer) that knows no engine.
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor, value_and_grad_aux};
//! use seedbed_nn::Config;
//! use seedbed_quantizers::train::{Learner, VectorQuantizer, VqConfig};
//!
//! let rng = &mut Rng::new(0);
//! let config = VqConfig { dim: 4, codebook_size: 16, ..Default::default() }.check()?;
//! let mut vq = VectorQuantizer::<f32>::new(&config, rng);
//! let x = Tensor::normal(&[2, 10, 4], 0.0, 1.0, rng);
//! vq.prepare(&x, rng); // k-means
//! let (loss, seen, gradient) = value_and_grad_aux(&vq, |vq| {
//!     let out = vq.forward_train(&x, None, rng);
//!     assert_eq!((out.values.shape(), out.indices.len()), (&[2, 10, 4][..], 20));
//!     (out.values.square().mean(..) + out.losses.total(), out.seen)
//! });
//! vq.update(&seen, rng);
//! # let _ = (loss, gradient);
//! # Ok::<(), seedbed_nn::ConfigError>(())
//! ```

mod any;
mod convert;
mod entropy;
mod estimator;
mod fsq;
mod grouped;
mod ibq;
mod latent;
mod learner;
mod lfq;
mod losses;
mod norm;
mod projection;
mod residual;
mod residual_fsq;
mod saved;
mod scaled;
mod sim;
mod vq;

pub use any::{AnyLearner, LearnerConfig, ResidualLfqConfig, ResidualVqConfig};
pub use entropy::code_entropies;
pub use estimator::Estimator;
pub use fsq::{FiniteScalar, FsqConfig};
pub use grouped::GroupedLearner;
pub use ibq::{IbqConfig, IndexBackprop};
pub use latent::{LatentConfig, LatentQuantizer};
pub use learner::{Batch, Learner, MASKED, Pass, Quantized, Seen};
pub use lfq::{Annealing, LfqConfig, LookupFree};
pub use losses::{Losses, NamedLoss};
pub use projection::Projection;
pub use residual::{QuantizeDropout, ResidualLearner};
pub use residual_fsq::{ResidualFiniteScalar, ResidualFsqConfig};
pub use scaled::{ScaleRule, ScaledLearner};
pub use sim::{SimVq, SimVqConfig};
pub use vq::{
    AffineMoments, CodebookInit, CodebookLearning, Diversity, Orthogonal, Revival, VectorQuantizer,
    VqConfig,
};
