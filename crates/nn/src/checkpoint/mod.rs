//! Checkpoints: everything a training run is, in one safetensors file.
//!
//! A [`Writer`] gathers modules, the optimiser, generators and plain values, and [`Writer::write`] puts them in place
//! at once: a file with a checkpoint's name is a whole checkpoint, whenever the process or the machine stops. A [`Checkpoint`] is
//! read and checked as a whole, too: the sum over every byte, then names, shapes and element types of each
//! module, before anything is handed out.
//!
//! ```
//! use seedbed_autodiff::{Rng, Tensor};
//! use seedbed_nn::checkpoint::{Checkpoint, Writer};
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("run.safetensors");
//! let model = (Tensor::<f32>::ones(&[2, 3]), Tensor::<f32>::zeros(&[3]));
//! let mut writer = Writer::new();
//! writer.module("model", &model).rng("rng", &Rng::new(7)).value("step", &1000)?;
//! writer.write(&file)?;
//!
//! let checkpoint = Checkpoint::read(&file)?;
//! let resumed = checkpoint.module("model", &model)?;
//! assert_eq!(resumed.0, model.0);
//! assert_eq!(checkpoint.value::<u64>("step")?, 1000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The file
//!
//! Tensors are named `model.layers.0.weight`: the module's name, then the path. The metadata has one entry, `seedbed`:
//! JSON with `version`, `crc32` (of all tensors' names, types, shapes and bytes in the order of the
//! names, then of the values) and `values`. Any safetensors reader can read the weights.

mod dir;
mod error;
mod read;
mod write;

pub use dir::{CheckpointDir, Latest};
pub use error::CheckpointError;
pub use read::Checkpoint;
pub use write::Writer;

use safetensors::Dtype;
use seedbed_autodiff::Float;

/// The version of the layout of values and names.
const VERSION: u64 = 1;

/// The one key of the metadata.
const KEY: &str = "seedbed";

fn dtype<F: Float>() -> Dtype {
    if size_of::<F>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

/// The name of a tensor: the module's name and the path in it, which is empty if the module is a tensor.
fn tensor_name(module: &str, path: &str) -> String {
    if path.is_empty() { module.to_owned() } else { format!("{module}.{path}") }
}

/// The check sum of everything in a checkpoint.
struct Sum(crc32fast::Hasher);

impl Sum {
    fn new() -> Self {
        Self(crc32fast::Hasher::new())
    }

    fn tensor(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: &[u8]) {
        self.0.update(format!("{name} {dtype:?} {shape:?} {}\n", bytes.len()).as_bytes());
        self.0.update(bytes);
    }

    /// The sum in hexadecimal.
    fn finish(mut self, values: &str) -> String {
        self.0.update(values.as_bytes());
        format!("{:08x}", self.0.finalize())
    }
}
