//! The file of metrics: a JSON object a line, each with its step.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Metrics, TrainError};
use crate::files;

/// A file of metrics that lines are added to.
///
/// It has no times in it, so that a resumed run writes the same bytes as an uninterrupted one.
pub(super) struct MetricsFile {
    file: PathBuf,
    out: BufWriter<File>,
}

pub(super) const METRICS: &str = "metrics.jsonl";

impl MetricsFile {
    /// The file in this directory, with what is said up to `step` kept; later lines, and a last line that was being
    /// written when the process died, are dropped: the run writes them again. A damaged line is an error, and nothing is dropped.
    pub(super) fn open(dir: &Path, step: u64) -> Result<Self, TrainError> {
        let file = dir.join(METRICS);
        let text = read_or_empty(&file)?;
        let mut kept = Vec::new();
        for line in parse(&file, &text)?.into_iter().filter(|line| line.step <= step) {
            kept.extend_from_slice(line.bytes);
            kept.push(b'\n');
        }
        if kept != text || !file.exists() {
            files::write(&file, &kept)?;
        }
        let out = File::options().append(true).open(&file).map_err(|source| {
            TrainError::Metrics { file: file.clone(), action: "write", source }
        })?;
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

/// The lines of a file of metrics up to a step, as `metrics.jsonl` in a run's directory. A last line that was being written when a process
/// died is left out, and where there is no file, there are none: a resumed run writes again what is missing.
///
/// # Errors
/// If the file cannot be read, or a line is damaged.
pub fn read_metrics_until(
    file: impl AsRef<Path>,
    step: u64,
) -> Result<Vec<Map<String, Value>>, TrainError> {
    let file = file.as_ref();
    let text = read_or_empty(file)?;
    let lines = parse(file, &text)?.into_iter().filter(|line| line.step <= step);
    Ok(lines.map(|line| line.record).collect())
}

/// The lines of a file of metrics, as `metrics.jsonl` in a run's directory.
///
/// # Errors
/// If the file cannot be read, or a line is no JSON object.
pub fn read_metrics(file: impl AsRef<Path>) -> Result<Vec<Map<String, Value>>, TrainError> {
    let file = file.as_ref();
    let text = files::read(file).map_err(|source| read_error(file, source))?;
    let lines = text.strip_suffix(b"\n").unwrap_or(&text).split(|&byte| byte == b'\n');
    let record = |(i, line)| {
        serde_json::from_slice(line).map_err(|e: serde_json::Error| damaged(file, i, e.to_string()))
    };
    if text.is_empty() { Ok(Vec::new()) } else { lines.enumerate().map(record).collect() }
}

/// All whole lines of a file that is there: a last line that is being written is left out.
pub(super) fn read_whole_lines(file: &Path) -> Result<Vec<Map<String, Value>>, TrainError> {
    let text = files::read(file).map_err(|source| read_error(file, source))?;
    Ok(parse(file, &text)?.into_iter().map(|line| line.record).collect())
}

/// A line, as it stands there and as a record.
struct Line<'a> {
    step: u64,
    bytes: &'a [u8],
    record: Map<String, Value>,
}

/// All whole lines. What follows the last end of a line may be the beginning of one: it is left out.
fn parse<'a>(file: &Path, text: &'a [u8]) -> Result<Vec<Line<'a>>, TrainError> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut pieces = text.split(|&byte| byte == b'\n').enumerate().peekable();
    while let Some((i, bytes)) = pieces.next() {
        let is_last = pieces.peek().is_none();
        // A power cut may leave zeros where the line was to be.
        let zeros = bytes.iter().rev().take_while(|&&byte| byte == 0 && is_last).count();
        let bytes = &bytes[..bytes.len() - zeros];
        if is_last && bytes.is_empty() {
            break;
        }
        let record: Map<String, Value> = match serde_json::from_slice(bytes) {
            Ok(record) => record,
            // The end of the text comes too early, and nothing before it is wrong.
            Err(error) if is_last && error.is_eof() => break,
            Err(error) => return Err(damaged(file, i, error.to_string())),
        };
        let Some(step) = record.get("step").and_then(Value::as_u64) else {
            return Err(damaged(file, i, "it has no step".into()));
        };
        if let Some(before) = lines.last().map(|line| line.step).filter(|&before| before > step) {
            let problem = format!("step {step} after step {before}: one of the two lines is wrong");
            return Err(damaged(file, i, problem));
        }
        lines.push(Line { step, bytes, record });
    }
    Ok(lines)
}

fn damaged(file: &Path, line: usize, problem: String) -> TrainError {
    TrainError::DamagedMetrics { file: file.into(), line: line as u64 + 1, problem }
}

fn read_or_empty(file: &Path) -> Result<Vec<u8>, TrainError> {
    match files::read(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|source| read_error(file, source)),
    }
}

fn read_error(file: &Path, source: std::io::Error) -> TrainError {
    TrainError::Metrics { file: file.into(), action: "read", source }
}
