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
//! names, then of the values and of `about`), `values`, and `about`: the names of the modules, and the step in a directory of
//! checkpoints. A tensor is of the module with the longest name that it begins with. Any safetensors reader can read the weights.

mod dir;
mod error;
mod finite;
mod read;
mod write;

pub use dir::{CheckpointDir, DirLock, Latest};
pub use error::CheckpointError;
pub(crate) use finite::to_value;
pub use read::Checkpoint;
pub use write::Writer;

use safetensors::Dtype;
use seedbed_autodiff::Float;
use serde::{Deserialize, Serialize};

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

/// The module that a tensor is of, or one within which a name lies: the one with the longest name that it begins with.
fn owner<'a>(name: &str, modules: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    modules.into_iter().filter(|module| is_within(name, module)).max_by_key(|module| module.len())
}

/// Whether a name is a module's, or begins with it and a dot.
fn is_within(name: &str, module: &str) -> bool {
    name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What a file says of itself. Files of early versions have no such entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct About {
    /// The names of the modules, sorted.
    modules: Vec<String>,
    /// The step, if the file was written as one of a [`CheckpointDir`].
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u64>,
}

/// What a file says of the optimiser, as a value under its name.
#[derive(Serialize, Deserialize)]
struct WrittenOptimizer {
    name: String,
    steps: u64,
    /// The steps of each parameter, where one of them was frozen for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    param_steps: Option<Vec<u64>>,
}

/// The name of the optimiser where there is one only.
const OPTIMIZER: &str = "optimizer";

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
    fn finish(mut self, values: &str, about: Option<&About>) -> String {
        self.0.update(values.as_bytes());
        if let Some(about) = about {
            self.0.update(serde_json::to_string(about).expect("names and a number").as_bytes());
        }
        format!("{:08x}", self.0.finalize())
    }
}
