#![doc = include_str!("../README.md")]

mod augment;
mod batches;
pub mod cifar;
pub mod cifar100;
mod dir;
mod error;
pub mod fashion_mnist;
#[cfg(feature = "png")]
pub mod folder;
mod gzip;
pub mod idx;
mod idx_pair;
mod image_set;
mod known_noise;
mod label_noise;
mod memory;
pub mod mnist;
mod normalize;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg(feature = "omniglot")]
pub mod omniglot;
#[cfg(feature = "png")]
pub mod png_image;
mod prefetch;
pub mod programs;
mod resample;
mod resize;
mod share;
mod source;
mod split;
pub mod strings;
#[cfg(feature = "tensors")]
pub mod tasks;
#[cfg(feature = "tensors")]
mod tensor;
pub mod text;
mod windows;

pub use augment::Augment;
pub use batches::{Batches, BatchesState, in_order};
pub use dir::DataDir;
pub use error::{DataError, Problem};
#[cfg(feature = "png")]
pub use folder::FolderOptions;
pub use image_set::{ImageSet, TrainTest};
pub use label_noise::{Flip, LabelNoise, NoisyLabels};
pub use normalize::Normalize;
#[cfg(feature = "png")]
pub use png_image::Channels;
pub use prefetch::Prefetch;
pub use resample::{dominated, duplicate, imbalance, long_tail};
pub use resize::resize;
pub use source::Limits;
pub use split::stratified_split;
pub use windows::{WindowBatch, Windows, WindowsState, windows_in_order};
