//! Weights from elsewhere: any safetensors file into a model.
//!
//! A [`WeightFile`] holds what is in a file, whatever wrote it: floats of 16, 32 or 64 bits, which become those of the model. A [`Mapping`] says how its names
//! become the [paths](seedbed_autodiff::Module::named) of the model, and how its tensors lie. PyTorch's layers have their rules by name.
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor, module};
//! use seedbed_nn::weights::{Mapping, WeightFile};
//! use seedbed_nn::{Linear, Lstm};
//!
//! #[derive(Clone, Debug)]
//! struct Tagger {
//!     rnn: Lstm,
//!     head: Linear,
//! }
//! module!(Tagger: f32 { rnn, head });
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("tagger.safetensors");
//! # let zeros = |n: usize| vec![0_u8; 4 * n];
//! # let (a, b, c, d, e, f) = (zeros(24), zeros(32), zeros(8), zeros(8), zeros(10), zeros(5));
//! # let view = |shape: &[usize], x| safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.to_vec(), x).unwrap();
//! # safetensors::serialize_to_file([
//! #     ("encoder.weight_ih_l0", view(&[8, 3], &a)), ("encoder.weight_hh_l0", view(&[8, 2], &b[..64])),
//! #     ("encoder.bias_ih_l0", view(&[8], &c)), ("encoder.bias_hh_l0", view(&[8], &d)),
//! #     ("classifier.weight", view(&[5, 2], &e)), ("classifier.bias", view(&[5], &f)),
//! # ], None, &path)?;
//! let rng = &mut Rng::new(0);
//! let model = Tagger { rnn: Lstm::new(3, 2, 1, rng), head: Linear::new(2, 5, rng) };
//! let mapping = Mapping::new()
//!     .rename("encoder.**", "rnn.**") // names of the file, names in the model
//!     .rename("classifier.**", "head.**")
//!     .torch_lstm("rnn")
//!     .torch_linear("head");
//! let model = WeightFile::read(&path)?.load(&model, &mapping)?; // all of it, or an error that names what is missing
//! # assert_eq!(model.head.weight.shape(), [2, 5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod file;
mod layout;
mod mapping;
mod pattern;

pub use error::{Mismatch, Report, WeightError};
pub use file::WeightFile;
pub use layout::Layout;
pub use mapping::Mapping;
