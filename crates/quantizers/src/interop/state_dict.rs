use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::numbers::numbers;
use crate::{Affine, QuantizerError};

/// What can be wrong with a state dict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InteropError {
    /// The file cannot be read.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no safetensors file.
    #[error("{}: not a safetensors file: {error}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Why.
        error: safetensors::SafeTensorError,
    },
    /// A tensor is missing.
    #[error("there is no tensor `{name}`; there are {known}")]
    Missing {
        /// Its name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A tensor has another shape than it must have.
    #[error("`{name}` is of shape {shape:?}, but should be {expected}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What would be right.
        expected: String,
    },
    /// What a state dict of this kind has no place for, or says otherwise.
    #[error("{what} cannot be written: {why}")]
    NoPlace {
        /// What a learner has.
        what: String,
        /// Why it has no place.
        why: &'static str,
    },
    /// What was read is no quantizer.
    #[error(transparent)]
    Quantizer(#[from] QuantizerError),
}

/// The tensors of a network, by name.
///
/// ```
/// use seedbed_quantizers::Quantizer;
/// use seedbed_quantizers::interop::{StateDict, vector_quantize};
/// use seedbed_quantizers::Metric;
/// let mut dict = StateDict::default();
/// dict.insert("quantizer._codebook.embed", &[1, 3, 2], vec![0.0, 0.0, 1.0, 1.0, 4.0, 4.0]);
/// let vq = vector_quantize(&dict, "quantizer.", Metric::Euclidean, 1)?;
/// assert_eq!(vq.encode(&[0.8, 0.9])?, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StateDict(BTreeMap<String, Entry>);

/// A tensor, and the type that it has in a file.
#[derive(Clone, Debug)]
struct Entry {
    shape: Vec<usize>,
    numbers: Vec<f32>,
    dtype: Dtype,
}

impl StateDict {
    /// Reads a safetensors file. Tensors that are not floats (counters, flags) are read as numbers.
    ///
    /// # Errors
    /// If it cannot be read, or is none.
    pub fn read(file: &Path) -> Result<Self, InteropError> {
        let io = |error| InteropError::Io { file: file.into(), error };
        // Opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(file).map_err(io)?.is_file() {
            return Err(io(std::io::Error::other("it is not a regular file")));
        }
        let bytes = std::fs::read(file).map_err(io)?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| InteropError::Format { file: file.into(), error })?;
        let mut dict = Self::default();
        for (name, tensor) in tensors.tensors() {
            if let Some(numbers) = numbers(tensor.dtype(), tensor.data()) {
                // Floats of other widths are written as those that they are here.
                let dtype = match tensor.dtype() {
                    whole @ (Dtype::BOOL | Dtype::U8 | Dtype::I32 | Dtype::I64) => whole,
                    _ => Dtype::F32,
                };
                dict.0.insert(name, Entry { shape: tensor.shape().to_vec(), numbers, dtype });
            }
        }
        Ok(dict)
    }

    /// Adds a tensor.
    ///
    /// # Panics
    /// If it has not as many numbers as its shape says.
    #[track_caller]
    pub fn insert(&mut self, name: &str, shape: &[usize], numbers: Vec<f32>) {
        self.insert_as(Dtype::F32, name, shape, numbers);
    }

    /// Adds a tensor of another type in files.
    #[track_caller]
    pub(super) fn insert_as(
        &mut self,
        dtype: Dtype,
        name: &str,
        shape: &[usize],
        numbers: Vec<f32>,
    ) {
        let count = shape.iter().try_fold(1_usize, |n, &side| n.checked_mul(side));
        assert_eq!(count, Some(numbers.len()), "StateDict::insert: {name}");
        self.0.insert(name.into(), Entry { shape: shape.to_vec(), numbers, dtype });
    }

    /// The safetensors file of all tensors, as `safetensors.torch.load_file` reads it.
    ///
    /// ```
    /// use seedbed_quantizers::interop::StateDict;
    /// let mut dict = StateDict::default();
    /// dict.insert("codebook.weight", &[2, 1], vec![0.5, -0.5]);
    /// let file = std::env::temp_dir().join(format!("dict-{}.safetensors", std::process::id()));
    /// std::fs::write(&file, dict.to_bytes())?;
    /// assert!(StateDict::read(&file)?.has("codebook.weight"));
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = |entry: &Entry| -> Vec<u8> {
            let numbers = entry.numbers.iter();
            match entry.dtype {
                Dtype::BOOL => numbers.map(|&x| u8::from(x != 0.0)).collect(),
                Dtype::U8 => numbers.map(|&x| x as u8).collect(),
                Dtype::I32 => numbers.flat_map(|&x| (x as i32).to_le_bytes()).collect(),
                Dtype::I64 => numbers.flat_map(|&x| (x as i64).to_le_bytes()).collect(),
                _ => numbers.flat_map(|&x| x.to_le_bytes()).collect(),
            }
        };
        let all: Vec<_> = self.0.iter().map(|(name, entry)| (name, entry, bytes(entry))).collect();
        let views = all.iter().map(|(name, entry, bytes)| {
            let view = TensorView::new(entry.dtype, entry.shape.clone(), bytes);
            (*name, view.expect("as many bytes as the shape says"))
        });
        safetensors::serialize(views, None).expect("names differ, and sizes were checked")
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names of all tensors, in order.
    pub fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// A tensor's shape and numbers.
    pub(super) fn get(&self, name: &str) -> Result<(&[usize], &[f32]), InteropError> {
        match self.0.get(name) {
            Some(entry) => Ok((&entry.shape, &entry.numbers)),
            None => Err(InteropError::Missing {
                name: name.into(),
                known: self.0.keys().cloned().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// A tensor without its axes of length 1, which must have `N` others, none of length 0.
    pub(super) fn squeezed<const N: usize>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<([usize; N], &[f32]), InteropError> {
        let (shape, numbers) = self.get(name)?;
        let others: Vec<usize> = shape.iter().copied().filter(|&n| n != 1).collect();
        let padded = if others.len() < N { shape.to_vec() } else { others };
        match <[usize; N]>::try_from(padded) {
            Ok(sides) if !sides.contains(&0) => Ok((sides, numbers)),
            _ => Err(InteropError::Shape {
                name: name.into(),
                shape: shape.to_vec(),
                expected: expected.into(),
            }),
        }
    }

    /// A linear layer or a convolution with windows of 1: `{name}.weight` of `[outputs, inputs]`, and `{name}.bias` if there is one.
    pub(super) fn affine(&self, name: &str) -> Result<Affine, InteropError> {
        let key = format!("{name}.weight");
        let ([outputs, inputs], weight) = self.squeezed(&key, "[outputs, inputs]")?;
        self.affine_of(name, outputs, inputs, weight)
    }

    /// The same of weights from elsewhere.
    pub(super) fn affine_of(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
        weight: &[f32],
    ) -> Result<Affine, InteropError> {
        let mut transposed = vec![0.0; weight.len()];
        for (o, row) in weight.chunks_exact(inputs).enumerate() {
            for (i, &w) in row.iter().enumerate() {
                transposed[i * outputs + o] = w;
            }
        }
        let key = format!("{name}.bias");
        let bias = if self.has(&key) { Some(self.get(&key)?.1.to_vec()) } else { None };
        Ok(Affine::new(transposed, bias, outputs)?)
    }

    /// The outputs of a linear layer, `{name}.weight`, or `or` where there is none.
    pub(super) fn outputs(&self, name: &str, or: usize) -> Result<usize, InteropError> {
        let key = format!("{name}.weight");
        match self.has(&key) {
            true => Ok(self.squeezed::<2>(&key, "[outputs, inputs]")?.0[0]),
            false => Ok(or),
        }
    }

    /// How many numbered parts there are: `name(0)`, `name(1)` …
    pub(super) fn count(&self, name: impl Fn(usize) -> String) -> usize {
        (0..).take_while(|&i| self.has(&name(i))).count()
    }
}
