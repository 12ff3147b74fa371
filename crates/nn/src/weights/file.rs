use std::any::type_name;
use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use seedbed_autodiff::{Float, Module, Path, Tensor};
use seedbed_kernels::half::{bf16, f16};

use super::error::{Mismatch, Report, WeightError};
use super::mapping::Mapping;
use crate::files;

/// The tensors of a safetensors file, whatever wrote it.
#[derive(Debug)]
pub struct WeightFile {
    file: PathBuf,
    bytes: Vec<u8>,
}

/// A part of a tensor of the file, which is to become a tensor of the model.
struct Part<'a> {
    /// The name in the file.
    tensor: &'a str,
    view: &'a TensorView<'a>,
    axis: usize,
    index: usize,
    parts: usize,
}

impl WeightFile {
    /// Reads a file and looks at its header.
    ///
    /// # Errors
    /// [`WeightError::Io`] if it cannot be read, [`WeightError::Malformed`] if it is no safetensors file.
    pub fn read(file: impl AsRef<FilePath>) -> Result<Self, WeightError> {
        let file = file.as_ref().to_owned();
        let bytes = match files::read(&file) {
            Ok(bytes) => bytes,
            Err(source) => return Err(WeightError::Io { file, source }),
        };
        if let Err(error) = SafeTensors::deserialize(&bytes) {
            return Err(WeightError::Malformed { file, problem: error.to_string() });
        }
        Ok(Self { file, bytes })
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("it was read before")
    }

    /// The names and shapes of all tensors, sorted by name.
    pub fn names(&self) -> Vec<(String, Vec<usize>)> {
        let tensors = self.tensors();
        let mut all: Vec<_> =
            tensors.iter().map(|(name, x)| (name.to_owned(), x.shape().to_vec())).collect();
        all.sort();
        all
    }

    /// A tensor by its name in the file, as it lies there.
    ///
    /// # Errors
    /// If there is none, it is not of floats, or a number is too large for `F`.
    pub fn tensor<F: Float>(&self, name: &str) -> Result<Tensor<F>, WeightError> {
        let tensors = self.tensors();
        let missing = |_| WeightError::Missing { file: self.file.clone(), tensor: name.into() };
        self.convert(name, &tensors.tensor(name).map_err(missing)?)
    }

    /// The model with the weights of the file.
    ///
    /// # Errors
    /// [`WeightError::DoesNotFit`] unless every tensor of the model (buffers, too) is in the file with its shape, and every one of the file is used or ignored; and as
    /// [`load_what_fits`](Self::load_what_fits).
    pub fn load<F: Float, M: Module<F>>(
        &self,
        model: &M,
        mapping: &Mapping,
    ) -> Result<M, WeightError> {
        let (model, report) = self.load_what_fits(model, mapping)?;
        match report.is_complete() {
            true => Ok(model),
            false => Err(WeightError::DoesNotFit { file: self.file.clone(), report }),
        }
    }

    /// The model with those weights of the file that fit, the others as they were, and a report of what does not: for a model with a new head, for example.
    ///
    /// # Errors
    /// If a tensor that the model has is not of floats or has a number that is too large for them, cannot be cut as the mapping says, or is there twice.
    pub fn load_what_fits<F: Float, M: Module<F>>(
        &self,
        model: &M,
        mapping: &Mapping,
    ) -> Result<(M, Report), WeightError> {
        let tensors = self.tensors();
        let mut views: Vec<_> = tensors.iter().collect();
        views.sort_by_key(|(name, _)| *name);
        let mut parts: BTreeMap<String, Vec<Part<'_>>> = BTreeMap::new();
        for (tensor, view) in &views {
            if mapping.is_ignored(tensor) {
                continue;
            }
            let (names, axis) = mapping.names(tensor);
            let count = names.len();
            for (index, name) in names.into_iter().enumerate() {
                let part = Part { tensor, view, axis, index, parts: count };
                parts.entry(name).or_default().push(part);
            }
        }

        let (mut out, mut report, mut error) = (model.clone(), Report::default(), None);
        out.walk_mut(&mut Path::default(), &mut |path, _, x| {
            if error.is_some() {
                return;
            }
            let name = path.to_string();
            let Some(parts) = parts.remove(&name) else {
                return report.missing.push((name, x.shape().to_vec()));
            };
            match self.assemble(&name, &parts, mapping, x.shape()) {
                Ok(Ok(value)) => {
                    *x = value;
                    report.loaded.push(name);
                }
                Ok(Err(mismatch)) => report.mismatched.push(mismatch),
                Err(e) => error = Some(e),
            }
        });
        if let Some(error) = error {
            return Err(error);
        }
        for (name, parts) in parts {
            let unused =
                |part: Part<'_>| (part.tensor.to_owned(), name.clone(), part.view.shape().to_vec());
            report.unused.extend(parts.into_iter().map(unused));
        }
        Ok((out, report))
    }

    /// The tensor of the model with this name and shape.
    fn assemble<F: Float>(
        &self,
        name: &str,
        parts: &[Part<'_>],
        mapping: &Mapping,
        expected: &[usize],
    ) -> Result<Result<Tensor<F>, Mismatch>, WeightError> {
        if let [a, b, ..] = parts
            && !mapping.is_sum(name)
        {
            let tensors = [a.tensor.to_owned(), b.tensor.to_owned()];
            return Err(WeightError::Ambiguous {
                file: self.file.clone(),
                name: name.into(),
                tensors,
            });
        }
        let layout = mapping.layout_of(name);
        let mut sum: Option<Tensor<F>> = None;
        for part in parts {
            let mut there = part.view.shape().to_vec();
            if part.parts > 1 {
                let size = there.get(part.axis).copied().unwrap_or(0);
                if size == 0 || !size.is_multiple_of(part.parts) {
                    return Err(WeightError::Split {
                        file: self.file.clone(),
                        tensor: part.tensor.into(),
                        shape: there,
                        axis: part.axis,
                        parts: part.parts,
                    });
                }
                there[part.axis] = size / part.parts;
            }
            let found = layout.shape(&there);
            if found.as_deref() != Some(expected) {
                return Ok(Err(Mismatch {
                    name: name.into(),
                    tensor: part.tensor.into(),
                    found: found.unwrap_or(there),
                    expected: expected.to_vec(),
                }));
            }
            let mut x = self.convert(part.tensor, part.view)?;
            if part.parts > 1 {
                let size = there[part.axis] as isize;
                let start = part.index as isize * size;
                x = x.slice(part.axis as isize, start..start + size);
            }
            let x = layout.apply(&x);
            sum = Some(sum.map_or(x.clone(), |sum| sum + x));
        }
        let sum = sum.expect("a name has one part at least");
        // A copy of its own, and not a part of the file's.
        Ok(Ok(Tensor::new(sum.to_vec(), expected)))
    }

    /// Numbers of any type of floats.
    fn convert<F: Float>(&self, name: &str, x: &TensorView<'_>) -> Result<Tensor<F>, WeightError> {
        fn each<const N: usize>(
            bytes: &[u8],
            number: impl Fn([u8; N]) -> f64,
        ) -> impl Iterator<Item = f64> {
            bytes.as_chunks::<N>().0.iter().map(move |&bytes| number(bytes))
        }
        let data = x.data();
        let mut out: Vec<F> = Vec::with_capacity(x.shape().iter().product());
        let mut too_large = None;
        let mut push = |value: f64| {
            let rounded = F::of(value);
            if value.is_finite() && !rounded.is_finite() {
                too_large.get_or_insert(value);
            }
            out.push(rounded);
        };
        match x.dtype() {
            Dtype::F16 => each(data, |b| f16(u16::from_le_bytes(b)).into()).for_each(&mut push),
            Dtype::BF16 => each(data, |b| bf16(u16::from_le_bytes(b)).into()).for_each(&mut push),
            Dtype::F32 => each(data, |b| f32::from_le_bytes(b).into()).for_each(&mut push),
            Dtype::F64 => each(data, f64::from_le_bytes).for_each(&mut push),
            other => {
                let (file, tensor) = (self.file.clone(), name.into());
                return Err(WeightError::Dtype { file, tensor, found: format!("{other:?}") });
            }
        }
        match too_large {
            None => Ok(Tensor::new(out, x.shape())),
            Some(value) => Err(WeightError::TooLarge {
                file: self.file.clone(),
                tensor: name.into(),
                value,
                expected: type_name::<F>(),
            }),
        }
    }
}
