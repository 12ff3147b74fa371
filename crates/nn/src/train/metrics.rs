use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::TrainError;

/// Named numbers in order: what a loss or a validation tells about itself.
///
/// ```
/// use seedbed_nn::train::Metrics;
/// let metrics = Metrics::new().with("accuracy", 0.75);
/// assert_eq!(metrics.get("accuracy"), Some(0.75));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, or with another value of this name.
    ///
    /// # Panics
    /// If the name is `step` or `split`, which every line of a file of metrics has for itself.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, name: impl Into<String>, value: f64) -> Self {
        let name = name.into();
        assert!(
            name != "step" && name != "split",
            "Metrics: the name {name:?} is taken, by what every line of a file of metrics begins with; take another"
        );
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
        self
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }

    /// The mean of each metric of the first over all.
    pub(super) fn mean(all: &[Self]) -> Self {
        let Some(first) = all.first() else { return Self::default() };
        let mean = |name: &str| {
            let values: Vec<f64> = all.iter().filter_map(|m| m.get(name)).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        Self(first.iter().map(|(name, _)| (name.to_owned(), mean(name))).collect())
    }
}

/// As [`Metrics::with`], one after the other.
impl<S: Into<String>, const N: usize> From<[(S, f64); N]> for Metrics {
    #[track_caller]
    fn from(metrics: [(S, f64); N]) -> Self {
        let mut all = Self::new();
        for (name, value) in metrics {
            all = all.with(name, value);
        }
        all
    }
}

/// A file of metrics: a JSON object a line, each with its step.
///
/// It has no times in it, so that a resumed run writes the same bytes as an uninterrupted one.
pub(super) struct MetricsFile {
    file: PathBuf,
    out: BufWriter<File>,
}

pub(super) const METRICS: &str = "metrics.jsonl";

impl MetricsFile {
    /// The file in this directory, with what is said up to `step` kept; later lines, and a line that was being
    /// written when the process died, are dropped: the run writes them again.
    pub(super) fn open(dir: &Path, step: u64) -> Result<Self, TrainError> {
        let file = dir.join(METRICS);
        let error = |action| {
            let file = file.clone();
            move |source| TrainError::Metrics { file, action, source }
        };
        let mut kept = Vec::new();
        for (line, _) in lines_until(&read_or_empty(&file)?, step) {
            kept.extend_from_slice(line);
            kept.push(b'\n');
        }
        let temporary = dir.join(".metrics.tmp");
        fs::write(&temporary, kept).map_err(error("write"))?;
        fs::rename(&temporary, &file).map_err(error("write"))?;
        let out = File::options().append(true).open(&file).map_err(error("write"))?;
        Ok(Self { file, out: BufWriter::new(out) })
    }

    /// Adds a line. What is not finite is written as text, which JSON has no number for.
    pub(super) fn write(
        &mut self,
        step: u64,
        split: &str,
        metrics: &Metrics,
    ) -> Result<(), TrainError> {
        // Written field by field, so that they stand in the order in which they were given.
        let mut line = format!(r#"{{"step":{step},"split":"{split}""#);
        for (name, value) in metrics.iter() {
            let name = Value::from(name);
            let value =
                if value.is_finite() { value.into() } else { Value::from(value.to_string()) };
            line.push_str(&format!(",{name}:{value}"));
        }
        line.push_str("}\n");
        self.out.write_all(line.as_bytes()).map_err(|e| self.error(e))
    }

    /// Makes what was written outlive the process and the machine.
    pub(super) fn sync(&mut self) -> Result<(), TrainError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_data()).map_err(|e| self.error(e))
    }

    fn error(&self, source: std::io::Error) -> TrainError {
        TrainError::Metrics { file: self.file.clone(), action: "write", source }
    }
}

/// The lines of a file of metrics up to a step, as `metrics.jsonl` in a run's directory. A line that was being written when a process died ends
/// them, and where there is no file, there are none: a resumed run writes again what is missing.
///
/// # Errors
/// If the file cannot be read.
pub fn read_metrics_until(file: &Path, step: u64) -> Result<Vec<Map<String, Value>>, TrainError> {
    Ok(lines_until(&read_or_empty(file)?, step).map(|(_, record)| record).collect())
}

/// The lines up to a step, as they stand there and as records.
fn lines_until(text: &[u8], step: u64) -> impl Iterator<Item = (&[u8], Map<String, Value>)> {
    let lines = text.split(|&byte| byte == b'\n');
    lines.map_while(move |line| {
        let record: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let at = record.get("step").and_then(Value::as_u64)?;
        (at <= step).then_some((line, record))
    })
}

fn read_or_empty(file: &Path) -> Result<Vec<u8>, TrainError> {
    match fs::read(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => {
            read.map_err(|source| TrainError::Metrics { file: file.into(), action: "read", source })
        }
    }
}

/// The lines of a file of metrics, as `metrics.jsonl` in a run's directory.
///
/// # Errors
/// If the file cannot be read, or a line is no JSON object.
pub fn read_metrics(file: &Path) -> Result<Vec<Map<String, Value>>, TrainError> {
    let error = |source| TrainError::Metrics { file: file.into(), action: "read", source };
    let text = fs::read_to_string(file).map_err(error)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|e| error(e.into()))).collect()
}
