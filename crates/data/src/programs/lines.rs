//! Programs and answers as JSON lines, for machines in other languages.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use super::draw::{bits, number};
use super::{Program, ProgramScores, ProgramSize};

#[derive(Serialize)]
struct ProgramLine<'a> {
    id: String,
    task: &'a str,
    #[serde(flatten)]
    size: ProgramSize,
    instructions: Vec<InstructionLine<'a>>,
}

#[derive(Serialize)]
struct InstructionLine<'a> {
    #[serde(rename = "do")]
    operation: &'a str,
    names: &'a [u16],
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    asks: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerLine {
    id: String,
    answers: Vec<String>,
}

/// Why answers cannot be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// They cannot be read.
    #[error("cannot read the answers: {0}")]
    Io(#[from] io::Error),
    /// A line is no answer.
    #[error(
        "line {line} of the answers: {problem}; it should be like {{\"id\": \"ledger-0\", \"answers\": [\"120\", \"7\"]}}"
    )]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An answer belongs to no program.
    #[error("line {line} of the answers: there is no program {id:?}")]
    UnknownId {
        /// Which line, from 1.
        line: usize,
        /// What it names.
        id: String,
    },
    /// A program is answered twice.
    #[error("line {line} of the answers: program {id:?} was answered before")]
    Twice {
        /// Which line, from 1.
        line: usize,
        /// The program.
        id: String,
    },
}

/// No number with a sign or the like is longer.
const LONGEST_TEXT: usize = 1000;

fn id(program: &Program, place: usize) -> String {
    format!("{}-{place}", program.task.name())
}

/// Writes one line a program, without its answers; numbers are decimal, in text, because they may be longer than those of JSON's readers.
///
/// ```
/// use seedbed_kernels::Rng;
/// use seedbed_data::programs::{ProgramSize, ProgramTask, score_lines, write_lines};
///
/// let size = ProgramSize { items: 1, operations: 1, digits: 3 };
/// let programs = [ProgramTask::KvAdd.sample(size, 0.0, &mut Rng::new(0))?];
/// let mut text = Vec::new();
/// write_lines(&programs, &mut text)?;
/// assert!(text.starts_with(br#"{"id":"kv-add-0","task":"kv-add","items":1,"operations":1,"digits":3,"#));
///
/// let sum = 2 * programs[0].instructions[0].number.iter().rev().fold(0, |n, &bit| 2 * n + u32::from(bit));
/// let answers = format!(r#"{{"id": "kv-add-0", "answers": ["{sum}"]}}"#);
/// assert_eq!(score_lines(&programs, answers.as_bytes())?.total().exact, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the operating system says.
pub fn write_lines(programs: &[Program], mut out: impl Write) -> io::Result<()> {
    for (place, program) in programs.iter().enumerate() {
        let operations = program.task.operations();
        let instructions = program.instructions.iter().map(|i| InstructionLine {
            operation: operations[i.operation],
            names: &i.names,
            number: (!i.number.is_empty()).then(|| number(&i.number).to_string()),
            asks: i.answer.is_some(),
        });
        let line = ProgramLine {
            id: id(program, place),
            task: program.task.name(),
            size: program.size,
            instructions: instructions.collect(),
        };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Scores the answers of another machine, one line a program, in any order: the numbers that are asked for, in order, decimal. A program without a line has no answers.
///
/// # Errors
/// If a line is no answer, or answers no program or one that was answered before.
pub fn score_lines(
    programs: &[Program],
    answers: impl BufRead,
) -> Result<ProgramScores, LineError> {
    let ids = programs.iter().enumerate().map(|(place, program)| (id(program, place), place));
    let place: HashMap<String, usize> = ids.collect();
    let mut found: Vec<Option<Vec<Vec<u8>>>> = vec![None; programs.len()];
    for (text, line) in answers.lines().zip(1..) {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let wrong = |problem| LineError::Line { line, problem };
        let AnswerLine { id, answers } =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let Some(&place) = place.get(&id) else { return Err(LineError::UnknownId { line, id }) };
        let cells = programs[place].cells;
        let answer = |text: &String| {
            // A bit is at least three tenths of a digit. To read a number of a million digits would take long.
            let digits = text.trim_start_matches('0');
            if digits.len() > cells / 3 + 1 && digits.bytes().all(|c| c.is_ascii_digit()) {
                return Ok(vec![]);
            }
            if digits.len() > LONGEST_TEXT.max(cells) {
                return Err(wrong(format!("a text of {} characters is no number", text.len())));
            }
            let value: BigUint =
                text.parse().map_err(|_| wrong(format!("{text:?} is no number")))?;
            // What is too long is wrong, but may be answered.
            Ok(if value.bits() > cells as u64 { vec![] } else { bits(&value, cells) })
        };
        let answers = answers.iter().map(answer).collect::<Result<Vec<_>, LineError>>()?;
        if found[place].replace(answers).is_some() {
            return Err(LineError::Twice { line, id });
        }
    }
    let mut scores = ProgramScores::default();
    programs
        .iter()
        .zip(&found)
        .for_each(|(program, answers)| scores.add(program, answers.as_deref()));
    Ok(scores)
}
