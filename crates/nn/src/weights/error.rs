use std::path::PathBuf;
use std::{fmt, io};

/// Why weights could not be read into a model. Every message names the file, and says what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// The operating system refused.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no safetensors file, or a damaged one.
    #[error("{}: not a safetensors file: {problem}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no tensor of this name.
    #[error("{}: there is no tensor `{tensor}`", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// Its name.
        tensor: String,
    },
    /// A tensor is not of floats.
    #[error("{}: `{tensor}` is {found}; it should be F16, BF16, F32 or F64", file.display())]
    Dtype {
        /// The file.
        file: PathBuf,
        /// Its name in the file.
        tensor: String,
        /// Its type.
        found: String,
    },
    /// A number is too large for the model's element type.
    #[error("{}: `{tensor}` holds {value:e}, which is too large for {expected}; load it into a model of f64", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The tensor's name in the file.
        tensor: String,
        /// The number.
        value: f64,
        /// The model's element type.
        expected: &'static str,
    },
    /// Several tensors end up with one name, and no rule says that they are to be added.
    #[error("{}: `{}` and `{}` both become `{name}`", file.display(), tensors[0], tensors[1])]
    Ambiguous {
        /// The file.
        file: PathBuf,
        /// The name in the model.
        name: String,
        /// Their names in the file.
        tensors: [String; 2],
    },
    /// A tensor cannot be cut into the parts that the mapping asks for.
    #[error("{}: `{tensor}` with the shape {shape:?} is to be cut along axis {axis} into {parts} equal parts", file.display())]
    Split {
        /// The file.
        file: PathBuf,
        /// Its name in the file.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The axis.
        axis: usize,
        /// How many parts.
        parts: usize,
    },
    /// File and model do not fit.
    #[error("{}: {report}", file.display())]
    DoesNotFit {
        /// The file.
        file: PathBuf,
        /// What is missing, unused, or of another shape.
        report: Report,
    },
}

/// A tensor of the model whose counterpart in the file has another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Its path in the model.
    pub name: String,
    /// Its name in the file.
    pub tensor: String,
    /// Its shape in the file, as it would lie here.
    pub found: Vec<usize>,
    /// Its shape in the model.
    pub expected: Vec<usize>,
}

/// How the tensors of a file and those of a model fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Paths of the model that the file has.
    pub loaded: Vec<String>,
    /// Paths of the model that the file has not, with their shapes.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Tensors of the file that are of no use: their names in the file, those that they would have in the model, and their shapes.
    pub unused: Vec<(String, String, Vec<usize>)>,
    /// Tensors that have another shape in the file.
    pub mismatched: Vec<Mismatch>,
}

impl Report {
    /// Whether every tensor of the model was found, and every one of the file is used.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unused.is_empty() && self.mismatched.is_empty()
    }
}

/// Tensors of one kind that are listed.
const LISTED: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.loaded.len() + self.missing.len() + self.mismatched.len();
        write!(f, "{} of the model's {all} tensors are in the file", self.loaded.len())?;
        list(f, "missing in the file", &self.missing, |f, (name, shape)| {
            write!(f, "{name} {shape:?}")
        })?;
        list(f, "of another shape", &self.mismatched, |f, m| {
            write!(
                f,
                "{} has {:?} in the file (`{}`), but should have {:?}",
                m.name, m.found, m.tensor, m.expected
            )?;
            let mut turned = m.found.clone();
            turned.reverse();
            if turned == m.expected {
                f.write_str("; for weights of PyTorch use Mapping::torch_linear or torch_conv")?;
            }
            Ok(())
        })?;
        list(f, "not in the model", &self.unused, |f, (tensor, name, shape)| {
            write!(f, "{tensor} {shape:?}")?;
            if tensor != name { write!(f, ", renamed to {name}") } else { Ok(()) }
        })
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    all: &[T],
    one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    write!(f, "\n{} {what}:", all.len())?;
    for item in all.iter().take(LISTED) {
        f.write_str("\n    ")?;
        one(f, item)?;
    }
    if all.len() > LISTED { write!(f, "\n    and {} more", all.len() - LISTED) } else { Ok(()) }
}
