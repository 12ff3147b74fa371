//! Cases and answers as JSON lines.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::{Case, Scores};

/// A line that another program reads.
#[derive(Serialize)]
struct CaseLine<'a> {
    id: &'a str,
    kind: &'a str,
    input: &'a [u8],
}

/// A line that another program writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerLine {
    id: String,
    answer: Vec<u8>,
}

/// Why answers cannot be scored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// They cannot be read.
    #[error("cannot read the answers: {0}")]
    Io(#[from] io::Error),
    /// A line is no answer.
    #[error(
        "line {line} of the answers: {source}; it should be like {{\"id\": \"41-uniform-0\", \"answer\": [0, 1, 1]}}"
    )]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// An answer belongs to no case.
    #[error("line {line} of the answers: there is no case {id:?}")]
    UnknownId {
        /// Which line, from 1.
        line: usize,
        /// What it names.
        id: String,
    },
    /// Two cases have one name, so that an answer could be of either.
    #[error("two cases are named {id:?}")]
    TwoCases {
        /// The name.
        id: String,
    },
    /// A case is answered twice.
    #[error("line {line} of the answers: case {id:?} was answered before")]
    Twice {
        /// Which line, from 1.
        line: usize,
        /// The case.
        id: String,
    },
}

/// Writes one line a case, without its answer: `{"id": "41-uniform-0", "kind": "uniform", "input": [1, 2, 3]}`.
///
/// # Errors
/// What the operating system says.
pub fn write_cases(cases: &[Case], mut out: impl Write) -> io::Result<()> {
    for Case { id, kind, example } in cases {
        let line = CaseLine { id, kind, input: &example.input };
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Scores the answers of another program, one line a case: `{"id": "41-uniform-0", "answer": [0, 1, 1]}`, in any order. A case without a line has no answer; empty lines are passed over.
///
/// # Errors
/// If a line is no answer, or answers no case or one that was answered before; or if two cases have one name.
pub fn score_answers(cases: &[Case], answers: impl BufRead) -> Result<Scores, AnswerError> {
    let mut place: HashMap<&str, usize> = HashMap::new();
    for (i, case) in cases.iter().enumerate() {
        if place.insert(&case.id, i).is_some() {
            return Err(AnswerError::TwoCases { id: case.id.clone() });
        }
    }
    let mut found: Vec<Option<Vec<u8>>> = vec![None; cases.len()];
    for (text, line) in answers.lines().zip(1..) {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let AnswerLine { id, answer } =
            serde_json::from_str(&text).map_err(|source| AnswerError::Line { line, source })?;
        let Some(&i) = place.get(&*id) else { return Err(AnswerError::UnknownId { line, id }) };
        if found[i].replace(answer).is_some() {
            return Err(AnswerError::Twice { line, id });
        }
    }
    let mut scores = Scores::default();
    cases.iter().zip(&found).for_each(|(case, answer)| scores.add(case, answer.as_deref()));
    Ok(scores)
}
