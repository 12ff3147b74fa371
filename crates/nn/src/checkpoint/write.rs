use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path as FilePath;

use safetensors::{Dtype, SafeTensorError, View};
use seedbed_autodiff::{Float, Module, Path, Rng, Tensor};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    About, CheckpointError, KEY, OPTIMIZER, Sum, VERSION, WrittenOptimizer, dtype, owner,
    tensor_name, to_value,
};
use crate::ema::Ema;
use crate::files;
use crate::optim::Optimizer;

/// Gathers what goes into a checkpoint. Tensors are shared, not copied, until they are written.
///
/// Every name is written once. What would mix two things in the file is an error of [`write`](Self::write), which then writes
/// nothing: a name that is given twice, or a tensor of one module with a name as of another's.
#[derive(Default)]
pub struct Writer {
    tensors: BTreeMap<String, Named>,
    modules: BTreeSet<String>,
    values: Map<String, Value>,
    /// The first thing that cannot be written.
    problem: Option<String>,
}

/// A tensor, and the name of its module.
struct Named {
    module: String,
    tensor: Box<dyn Bytes>,
}

/// The name under which the file format keeps its metadata.
const METADATA: &str = "__metadata__";

/// A tensor of either element type.
trait Bytes {
    fn dtype(&self) -> Dtype;
    fn shape(&self) -> &[usize];
    fn bytes(&self) -> Vec<u8>;
}

impl<F: Float> Bytes for Tensor<F> {
    fn dtype(&self) -> Dtype {
        dtype::<F>()
    }
    fn shape(&self) -> &[usize] {
        Tensor::shape(self)
    }
    fn bytes(&self) -> Vec<u8> {
        match dtype::<F>() {
            Dtype::F32 => self.data().iter().flat_map(|x| (x.f64() as f32).to_le_bytes()).collect(),
            _ => self.data().iter().flat_map(|x| x.f64().to_le_bytes()).collect(),
        }
    }
}

impl View for &dyn Bytes {
    fn dtype(&self) -> Dtype {
        (**self).dtype()
    }
    fn shape(&self) -> &[usize] {
        (**self).shape()
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.bytes())
    }
    fn data_len(&self) -> usize {
        (**self).shape().iter().product::<usize>() * (**self).dtype().bitsize() / 8
    }
}

/// The name of what the rounding of an average left.
pub(super) fn rest_of(name: &str) -> String {
    format!("{name}-rest")
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all tensors of a module, buffers too, under `name.path`.
    pub fn module<F: Float, M: Module<F>>(&mut self, name: &str, module: &M) -> &mut Self {
        if !self.modules.insert(name.to_owned()) {
            self.refuse(format!("the module `{name}` is there twice; give each a name of its own"));
        }
        module.walk(&mut Path::default(), &mut |path, _, x| {
            let tensor = tensor_name(name, &path.to_string());
            let named = Named { module: name.to_owned(), tensor: Box::new(x.stop_gradient()) };
            if tensor == METADATA {
                self.refuse(format!("the name `{METADATA}` is the file format's own"));
            } else if let Some(other) = self.tensors.insert(tensor.clone(), named) {
                let other = other.module;
                self.refuse(format!(
                    "the tensor `{tensor}` is there twice, of `{other}` and of `{name}`"
                ));
            }
        });
        self
    }

    /// Adds a running average: its weights as the module `name`, and what their rounding left as the module `name-rest`. The number of updates is a value of the caller's.
    pub fn ema<F: Float, M: Module<F>>(&mut self, name: &str, ema: &Ema<M>) -> &mut Self {
        self.module(name, &ema.average).module(&rest_of(name), &ema.rest)
    }

    /// Adds an optimiser: its state as the modules `optimizer.NAME`, its name and steps as the value `optimizer`.
    pub fn optimizer<F: Float, M: Module<F>>(
        &mut self,
        optimizer: &(impl Optimizer<F, M> + ?Sized),
    ) -> &mut Self {
        self.named_optimizer(OPTIMIZER, optimizer)
    }

    /// Adds one of several optimisers: its state as the modules `as_name.NAME`, its name and steps as the value `as_name`.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// use seedbed_nn::Config;
    /// use seedbed_nn::checkpoint::{Checkpoint, Writer};
    /// use seedbed_nn::optim::{Sgd, SgdConfig};
    /// # let dir = tempfile::tempdir()?;
    /// # let file = dir.path().join("gan.safetensors");
    /// let networks = ["generator", "critic"].map(|name| (name, Tensor::<f32>::ones(&[2])));
    /// let sgd = SgdConfig::default().check()?;
    /// let mut writer = Writer::new();
    /// for (name, network) in &networks {
    ///     writer.module(name, network);
    ///     writer.named_optimizer(&format!("optimizer.{name}"), &Sgd::new(network, sgd.clone()));
    /// }
    /// writer.write(&file)?;
    /// let mut of_critic = Sgd::new(&networks[1].1, sgd);
    /// Checkpoint::read(&file)?.load_named_optimizer("optimizer.critic", &mut of_critic)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named_optimizer<F: Float, M: Module<F>>(
        &mut self,
        as_name: &str,
        optimizer: &(impl Optimizer<F, M> + ?Sized),
    ) -> &mut Self {
        for (name, state) in optimizer.states() {
            self.module(&tensor_name(as_name, name), state);
        }
        let (steps, param_steps) = (optimizer.steps(), optimizer.param_steps());
        let written = WrittenOptimizer {
            name: optimizer.name().into(),
            steps,
            param_steps: param_steps.iter().any(|&s| s != steps).then(|| param_steps.to_vec()),
        };
        self.insert(as_name, json!(written));
        self
    }

    /// Adds a generator, whole.
    pub fn rng(&mut self, name: &str, rng: &Rng) -> &mut Self {
        self.insert(name, json!(rng.to_bytes().to_vec()));
        self
    }

    /// Adds anything that `serde` can write as JSON.
    ///
    /// # Errors
    /// If it cannot: a map with keys that are no strings, for example, or a number that is NaN or infinite.
    pub fn value(
        &mut self,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<&mut Self, CheckpointError> {
        let value = to_value(value)
            .map_err(|source| CheckpointError::Value { name: name.into(), source })?;
        self.insert(name, value);
        Ok(self)
    }

    /// Writes the checkpoint, so that at every moment the path has either what it had before or all of this.
    ///
    /// The bytes go to a temporary file in the same directory, which is synced and then renamed; then the directory
    /// is synced. If that fails, the temporary file is removed; that of a process that was killed is written over next time.
    ///
    /// # Errors
    /// What the operating system says, that another process is writing to the same path, or that names are there twice.
    pub fn write(&self, file: impl AsRef<FilePath>) -> Result<(), CheckpointError> {
        let file = file.as_ref();
        self.write_as(file, None)
    }

    /// [`write`](Self::write), with the step of a directory's checkpoint.
    pub(super) fn write_as(
        &self,
        file: &FilePath,
        step: Option<u64>,
    ) -> Result<(), CheckpointError> {
        let refused = |problem| CheckpointError::NotWritten { file: file.into(), problem };
        let problem = self.problem.clone().or_else(|| self.overlap());
        problem.map_or(Ok(()), |problem| Err(refused(problem)))?;
        files::write(file, &self.bytes(step).map_err(refused)?)
    }

    fn insert(&mut self, name: &str, value: Value) {
        if self.values.insert(name.into(), value).is_some() {
            self.refuse(format!("the value `{name}` is there twice; give each a name of its own"));
        }
    }

    /// The first problem is the one to tell.
    fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// A tensor of one module that would be read as another's.
    fn overlap(&self) -> Option<String> {
        let modules = || self.modules.iter().map(String::as_str);
        self.tensors.iter().find_map(|(tensor, Named { module, .. })| {
            let other = owner(tensor, modules()).filter(|other| other != module)?;
            Some(format!(
                "the tensor `{tensor}` of the module `{module}` has a name as of the module `{other}`; rename one of the modules"
            ))
        })
    }

    /// The contents of the file, or why there can be none.
    fn bytes(&self, step: Option<u64>) -> Result<Vec<u8>, String> {
        let mut sum = Sum::new();
        for (name, Named { tensor: x, .. }) in &self.tensors {
            sum.tensor(name, x.dtype(), x.shape(), &x.bytes());
        }
        let about = About { modules: self.modules.iter().cloned().collect(), step };
        let crc32 = sum.finish(&Value::Object(self.values.clone()).to_string(), Some(&about));
        // One entry, because the order of several in the file would be random.
        let entry =
            json!({ "version": VERSION, "crc32": crc32, "values": self.values, "about": about });
        let metadata = HashMap::from([(KEY.to_owned(), entry.to_string())]);
        let tensors = self.tensors.iter().map(|(name, x)| (name, &*x.tensor));
        safetensors::serialize(tensors, Some(metadata)).map_err(|e| match e {
            SafeTensorError::HeaderTooLarge => {
                "names and values take more than 100 MB, which no reader of the format takes".into()
            }
            e => e.to_string(),
        })
    }
}
