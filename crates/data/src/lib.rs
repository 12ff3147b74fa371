#![doc = include_str!("../README.md")]

pub mod cifar;
mod dir;
mod error;
pub mod fashion_mnist;
pub mod folder;
pub mod idx;
mod idx_pair;
mod image_set;
pub mod mnist;
pub mod omniglot;
pub mod png_image;
mod resize;
mod source;

pub use dir::DataDir;
pub use error::{DataError, Problem};
pub use folder::FolderOptions;
pub use image_set::{ImageSet, TrainTest};
pub use png_image::Channels;
pub use resize::resize;
pub use source::Limits;
