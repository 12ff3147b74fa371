use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use seedbed_autodiff::{Float, Module, Path, RNG_STATE_BYTES, Rng, Tensor};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value};

use super::{
    About, CheckpointError, KEY, OPTIMIZER, Sum, VERSION, WrittenOptimizer, dtype, is_within,
    owner, tensor_name, write::rest_of,
};
use crate::ema::Ema;
use crate::files;
use crate::optim::Optimizer;

/// A checkpoint that was read and found whole.
#[derive(Debug)]
pub struct Checkpoint {
    file: PathBuf,
    bytes: Vec<u8>,
    values: Map<String, Value>,
    about: Option<About>,
}

/// The metadata's entry.
#[derive(Deserialize)]
struct Entry {
    crc32: String,
    values: Map<String, Value>,
    about: Option<About>,
}

impl Checkpoint {
    /// Reads a checkpoint and compares its check sum.
    ///
    /// # Errors
    /// If the file cannot be read or is none (a pipe, for example), ends too early, is not as it was written, or is of another version.
    pub fn read(file: impl AsRef<FilePath>) -> Result<Self, CheckpointError> {
        let file = file.as_ref();
        let bytes = files::read(file).map_err(CheckpointError::io(file, "read it"))?;
        let corrupt = |problem: String| CheckpointError::Corrupt { file: file.into(), problem };
        let tensors = parse(file, &bytes)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| corrupt(e.to_string()))?;
        let Some(entry) = header.metadata().as_ref().and_then(|m| m.get(KEY)) else {
            return Err(CheckpointError::NotACheckpoint { file: file.into() });
        };
        let entry: Value = serde_json::from_str(entry).map_err(|e| corrupt(e.to_string()))?;
        match entry.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(found) => {
                let file = file.into();
                return Err(CheckpointError::Version { file, found, expected: VERSION });
            }
            None => return Err(corrupt("the metadata has no version".into())),
        }
        let Entry { crc32, values, about } =
            serde_json::from_value(entry).map_err(|e| corrupt(e.to_string()))?;

        let mut sum = Sum::new();
        for (name, x) in tensors.iter().collect::<BTreeMap<_, _>>() {
            sum.tensor(name, x.dtype(), x.shape(), x.data());
        }
        let found = sum.finish(&Value::Object(values.clone()).to_string(), about.as_ref());
        if found != crc32 {
            return Err(corrupt(format!("the check sum is {found}, but should be {crc32}")));
        }
        Ok(Self { file: file.into(), bytes, values, about })
    }

    /// The file.
    pub fn file(&self) -> &FilePath {
        &self.file
    }

    /// The step at which it was written into a [`CheckpointDir`](super::CheckpointDir).
    pub(super) fn step(&self) -> Option<u64> {
        self.about.as_ref()?.step
    }

    /// A module like `like`, with the tensors that were written under this name. `model.encoder` is a part of a `model`, or
    /// a module that was written under this name.
    ///
    /// # Errors
    /// If a tensor is missing, is too many, or has another shape or element type.
    pub fn module<F: Float, M: Module<F>>(
        &self,
        name: &str,
        like: &M,
    ) -> Result<M, CheckpointError> {
        let tensors = self.tensors();
        let of = self.owner(name);
        let mut found: BTreeMap<&str, TensorView<'_>> = tensors
            .iter()
            .filter(|(tensor, _)| is_within(tensor, name) && self.owner(tensor) == of)
            .collect();
        let mut module = like.clone();
        let mut error = None;
        module.walk_mut(&mut Path::default(), &mut |path, _, x| {
            if error.is_none() {
                let tensor = tensor_name(name, &path.to_string());
                match self.tensor(&tensor, found.remove(&*tensor), x.shape()) {
                    Ok(value) => *x = value,
                    Err(e) => error = Some(e),
                }
            }
        });
        match (error, found.into_iter().next()) {
            (Some(error), _) => Err(error),
            (None, Some((tensor, x))) => Err(CheckpointError::ExtraTensor {
                file: self.file.clone(),
                tensor: tensor.into(),
                found: x.shape().to_vec(),
            }),
            (None, None) => Ok(module),
        }
    }

    /// Replaces the weights of a running average by those that [were written](super::Writer::ema); all of it or, on an error, nothing. Averages of early versions were written as
    /// modules, without what rounding left.
    ///
    /// # Errors
    /// As [`module`](Self::module).
    pub fn load_ema<F: Float, M: Module<F>>(
        &self,
        name: &str,
        ema: &mut Ema<M>,
    ) -> Result<(), CheckpointError> {
        let rest = rest_of(name);
        let has_rest = self.about.as_ref().is_some_and(|about| about.modules.contains(&rest));
        let average = self.module(name, &ema.average)?;
        let rest = match has_rest {
            true => self.module(&rest, &ema.rest)?,
            false => ema.rest.map_params(|x| Tensor::zeros(x.shape())),
        };
        (ema.average, ema.rest) = (average, rest);
        Ok(())
    }

    /// Replaces the state of an optimiser by the one that was written; all of it or, on an error, nothing.
    ///
    /// # Errors
    /// If another optimiser was written, or as [`module`](Self::module).
    pub fn load_optimizer<F: Float, M: Module<F>>(
        &self,
        optimizer: &mut (impl Optimizer<F, M> + ?Sized),
    ) -> Result<(), CheckpointError> {
        self.load_named_optimizer(OPTIMIZER, optimizer)
    }

    /// Replaces the state of an optimiser by the one that was [written under this name](super::Writer::named_optimizer).
    ///
    /// # Errors
    /// As [`load_optimizer`](Self::load_optimizer).
    pub fn load_named_optimizer<F: Float, M: Module<F>>(
        &self,
        as_name: &str,
        optimizer: &mut (impl Optimizer<F, M> + ?Sized),
    ) -> Result<(), CheckpointError> {
        let written: WrittenOptimizer = self.value(as_name)?;
        if written.name != optimizer.name() {
            return Err(CheckpointError::Optimizer {
                file: self.file.clone(),
                found: written.name,
                expected: optimizer.name().into(),
            });
        }
        let expected = optimizer.param_steps().len();
        let steps = written.param_steps.unwrap_or_else(|| vec![written.steps; expected]);
        if steps.len() != expected || steps.iter().any(|&s| s > written.steps) {
            let problem = format!(
                "the steps of {} parameters, but the model has {expected}, or more steps than the optimizer's {}",
                steps.len(),
                written.steps
            );
            return Err(CheckpointError::Corrupt { file: self.file.clone(), problem });
        }
        let loaded = (optimizer.states().into_iter())
            .map(|(name, state)| self.module(&tensor_name(as_name, name), state))
            .collect::<Result<Vec<M>, _>>()?;
        for ((_, state), loaded) in optimizer.states_mut().into_iter().zip(loaded) {
            *state = loaded;
        }
        optimizer.set_steps(written.steps, &steps);
        Ok(())
    }

    /// A generator that goes on where the written one stood.
    ///
    /// # Errors
    /// If there is no such value, or it is no generator.
    pub fn rng(&self, name: &str) -> Result<Rng, CheckpointError> {
        let bytes: Vec<u8> = self.value(name)?;
        let state: &[u8; RNG_STATE_BYTES] = bytes[..].try_into().map_err(|_| {
            let problem = format!("{} bytes; a generator has {RNG_STATE_BYTES}", bytes.len());
            CheckpointError::Value { name: name.into(), source: serde_json::Error::custom(problem) }
        })?;
        Ok(Rng::from_bytes(state))
    }

    /// A plain value.
    ///
    /// # Errors
    /// If there is none of this name, or it is not of this type.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T, CheckpointError> {
        let value = self.values.get(name).ok_or_else(|| CheckpointError::MissingValue {
            file: self.file.clone(),
            name: name.into(),
            present: self.values.keys().cloned().collect(),
        })?;
        T::deserialize(value).map_err(|source| CheckpointError::Value { name: name.into(), source })
    }

    /// The names of the plain values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The elements of all tensors together: no module in the file has more. Who builds a model from sizes that stand in the file looks here
    /// first, because the file may have been made by anybody.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// use seedbed_nn::checkpoint::{Checkpoint, Writer};
    /// # let dir = tempfile::tempdir()?;
    /// # let file = dir.path().join("model.safetensors");
    /// let model = (Tensor::<f32>::ones(&[2, 3]), Tensor::<f32>::zeros(&[3]));
    /// Writer::new().module("model", &model).write(&file)?;
    /// assert_eq!(Checkpoint::read(&file)?.elements(), 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn elements(&self) -> usize {
        self.tensors().iter().map(|(_, x)| x.shape().iter().product::<usize>()).sum()
    }

    /// The module that a tensor is of; none where the file does not say.
    fn owner(&self, name: &str) -> Option<&str> {
        owner(name, self.about.iter().flat_map(|a| a.modules.iter().map(String::as_str)))
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("it was parsed when it was read")
    }

    fn tensor<F: Float>(
        &self,
        name: &str,
        found: Option<TensorView<'_>>,
        shape: &[usize],
    ) -> Result<Tensor<F>, CheckpointError> {
        let (file, tensor, expected) = (self.file.clone(), name.to_owned(), shape.to_vec());
        let Some(found) = found else {
            return Err(CheckpointError::MissingTensor { file, tensor, expected });
        };
        if found.shape() != shape {
            let found = found.shape().to_vec();
            return Err(CheckpointError::Shape { file, tensor, found, expected });
        }
        if found.dtype() != dtype::<F>() {
            let (found, expected) = (name_of(found.dtype()), name_of(dtype::<F>()));
            return Err(CheckpointError::Dtype { file, tensor, found, expected });
        }
        let data = match found.dtype() {
            Dtype::F32 => elements(found.data(), |b| F::of(f64::from(f32::from_le_bytes(b)))),
            _ => elements(found.data(), |b| F::of(f64::from_le_bytes(b))),
        };
        Ok(Tensor::new(data, shape))
    }
}

/// `N` bytes an element.
fn elements<F, const N: usize>(bytes: &[u8], element: impl Fn([u8; N]) -> F) -> Vec<F> {
    bytes.as_chunks::<N>().0.iter().map(|&b| element(b)).collect()
}

/// As Rust writes it.
fn name_of(dtype: Dtype) -> String {
    format!("{dtype:?}").to_lowercase()
}

/// The file's table, or why it is none.
fn parse<'a>(file: &FilePath, bytes: &'a [u8]) -> Result<SafeTensors<'a>, CheckpointError> {
    let found = bytes.len() as u64;
    let truncated =
        |expected: u64| CheckpointError::Truncated { file: file.into(), expected, found };
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Err(truncated(8)) };
    let header = u64::from_le_bytes(*length);
    SafeTensors::deserialize(bytes).map_err(|error| match error {
        SafeTensorError::InvalidHeaderLength => truncated(header.saturating_add(8)),
        SafeTensorError::MetadataIncompleteBuffer => {
            let end =
                usize::try_from(header).ok().and_then(|h| rest.get(..h)).map_or(0, last_offset);
            match header.saturating_add(8).saturating_add(end) {
                expected if expected > found => truncated(expected),
                expected => CheckpointError::Corrupt {
                    file: file.into(),
                    problem: format!("{found} bytes, but the tensors end at {expected}"),
                },
            }
        }
        error => CheckpointError::Corrupt { file: file.into(), problem: error.to_string() },
    })
}

/// Where the last tensor of a header ends.
fn last_offset(header: &[u8]) -> u64 {
    let header: Map<String, Value> = serde_json::from_slice(header).unwrap_or_default();
    header.values().filter_map(|x| x.get("data_offsets")?.get(1)?.as_u64()).max().unwrap_or(0)
}
