//! Tables that say of every candidate of a space how good it is: searches are then compared in milliseconds.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use super::space::{Choices, SearchSpace as _};
use crate::MetaError;

/// What a table's columns mean. Several columns of one kind are averaged: trainings from several seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The column with the candidates' texts.
    pub candidate: String,
    /// What a search sees after a short training, if there was one.
    pub short: Vec<String>,
    /// What a search sees after a whole training; the larger, the better.
    pub validation: Vec<String>,
    /// What is reported.
    pub test: Vec<String>,
}

/// A space of which every candidate was trained.
///
/// ```
/// use seedbed_meta::search::Table;
///
/// let cells = Table::cells();
/// assert_eq!(cells.len(), 625);
/// let (best, accuracy) = cells.best();
/// println!("{best} recognises {:.1} % of the digits", 100.0 * accuracy);
/// assert!(accuracy > 0.9);
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    space: Choices,
    /// By the candidate's number, the last position changing first.
    short: Option<Vec<f64>>,
    validation: Vec<f64>,
    test: Vec<f64>,
}

impl Table {
    /// The crate's own: the 625 [`cells`](super::cells), each trained from three seeds on 1,000 digits of 14×14 pixels, with a budget of 6 and of 24
    /// epochs. `examples/cell_table.rs` is how it was made. Accuracies are those on 1,000 digits to choose by, and on 1,000 others.
    pub fn cells() -> Self {
        let mut text = String::new();
        let packed = &include_bytes!("cells.csv.gz")[..];
        GzDecoder::new(packed).read_to_string(&mut text).expect("the file was packed as a whole");
        let of = |kind| (0..3).map(|seed| format!("{kind}_{seed}")).collect();
        let columns = Columns {
            candidate: "cell".into(),
            short: of("short_validation"),
            validation: of("long_validation"),
            test: of("long_test"),
        };
        let mut table =
            Self::parse(text.as_bytes(), "the embedded table", &columns).expect("a whole table");
        // The file has counts of 1,000.
        let scores = [&mut table.validation, &mut table.test];
        scores.into_iter().chain(&mut table.short).flatten().for_each(|x| *x /= 1000.0);
        table
    }

    /// A table from a CSV file, one line a candidate.
    ///
    /// A candidate's text is a choice at every position, with `|` between them. The text of NAS-Bench-201, such as
    /// `|none~0|+|skip_connect~0|nor_conv_1x1~1|`, is one, too: empty choices and `+` are left out. Every combination of the options that occur
    /// must be there, once.
    ///
    /// # Errors
    /// If the file cannot be read, a column is missing, a score is not a finite number, or a candidate is missing or named twice.
    pub fn read(file: &Path, columns: &Columns) -> Result<Self, MetaError> {
        let name = file.display().to_string();
        let source = |source| MetaError::File { file: name.clone(), source };
        // Opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(file).map_err(source)?.is_file() {
            return Err(source(std::io::Error::other("it is not a regular file")));
        }
        Self::parse(File::open(file).map_err(source)?, &name, columns)
    }

    /// [`read`](Self::read) from anything; `name` is for errors.
    ///
    /// # Errors
    /// As `read`.
    pub fn parse(text: impl Read, name: &str, columns: &Columns) -> Result<Self, MetaError> {
        let wrong = |reason: String| MetaError::Table { table: name.into(), reason };
        let mut reader = csv::Reader::from_reader(text);
        let headers = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
        let at = |column: &String| {
            let mut found = headers.iter().enumerate().filter(|(_, header)| header == column);
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at),
                (None, _) => {
                    let there = headers.iter().collect::<Vec<_>>().join(", ");
                    Err(wrong(format!("there is no column {column:?}; there are {there}")))
                }
                _ => Err(wrong(format!("there are two columns {column:?}"))),
            }
        };
        let candidate = at(&columns.candidate)?;
        for (kind, names) in [("validation", &columns.validation), ("test", &columns.test)] {
            if names.is_empty() {
                return Err(wrong(format!("no column is named for {kind}")));
            }
        }
        let kinds = [&columns.short, &columns.validation, &columns.test];
        let [short, validation, test] =
            kinds.map(|names| names.iter().map(&at).collect::<Result<Vec<_>, _>>());
        let places = [short?, validation?, test?];

        let mut lines: Vec<(Vec<String>, [f64; 3])> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| wrong(e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let mut scores = [0.0; 3];
            for (score, places) in scores.iter_mut().zip(&places) {
                for &place in places {
                    let text = record.get(place).unwrap_or_default();
                    let value = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
                    let value = value.ok_or_else(|| {
                        let column = headers.get(place).unwrap_or_default();
                        wrong(format!(
                            "line {line}: {column} is {text:?}, but should be a finite number"
                        ))
                    })?;
                    *score += value / places.len() as f64;
                }
            }
            lines.push((choices_of(record.get(candidate).unwrap_or_default()), scores));
        }
        Self::of_lines(&lines, !columns.short.is_empty(), wrong)
    }

    fn of_lines(
        lines: &[(Vec<String>, [f64; 3])],
        has_short: bool,
        wrong: impl Fn(String) -> MetaError,
    ) -> Result<Self, MetaError> {
        let positions = lines.first().map_or(0, |(choices, _)| choices.len());
        let mut options: Vec<Vec<String>> = vec![Vec::new(); positions];
        // The place of each option, by name: a file may have as many of them as lines.
        let mut place: Vec<HashMap<&str, usize>> = vec![HashMap::new(); positions];
        for (choices, _) in lines {
            let text = choices.join("|");
            if choices.len() != positions {
                return Err(wrong(format!(
                    "{text:?} makes {} choices, but the first candidate makes {positions}",
                    choices.len()
                )));
            }
            for ((options, place), choice) in options.iter_mut().zip(&mut place).zip(choices) {
                place.entry(choice).or_insert_with(|| {
                    options.push(choice.clone());
                    options.len() - 1
                });
            }
        }
        let space = Choices::new(options).map_err(|e| wrong(e.to_string()))?;
        let mut rows: HashMap<Vec<usize>, [f64; 3]> = HashMap::new();
        for (choices, scores) in lines {
            let candidate = place.iter().zip(choices).map(|(place, choice)| place[&**choice]);
            if rows.insert(candidate.collect(), *scores).is_some() {
                return Err(wrong(format!("{:?} is there twice", choices.join("|"))));
            }
        }
        // The space may be far larger than the file: the first that is missing ends the search for it.
        let mut columns = [(); 3].map(|()| Vec::with_capacity(rows.len()));
        for candidate in space.all() {
            let Some(scores) = rows.get(&candidate) else {
                let text = space.encode(&candidate);
                return Err(wrong(format!("the candidate {text:?} is missing")));
            };
            columns.iter_mut().zip(scores).for_each(|(column, &score)| column.push(score));
        }
        let [short, validation, test] = columns;
        Ok(Self { space, short: has_short.then_some(short), validation, test })
    }

    /// The space of its candidates.
    pub fn space(&self) -> &Choices {
        &self.space
    }

    /// How many candidates it has.
    pub fn len(&self) -> usize {
        self.test.len()
    }

    /// Never: a space has at least one candidate.
    pub fn is_empty(&self) -> bool {
        self.test.is_empty()
    }

    /// Whether there was a short training, too.
    pub fn has_short(&self) -> bool {
        self.short.is_some()
    }

    /// What a search sees of a candidate after a whole training.
    ///
    /// # Panics
    /// If the candidate is of another space.
    #[track_caller]
    pub fn validation(&self, candidate: &[usize]) -> f64 {
        self.validation[self.number(candidate)]
    }

    /// What a search sees after a short training; after a whole one where there was no short one.
    ///
    /// # Panics
    /// If the candidate is of another space.
    #[track_caller]
    pub fn short(&self, candidate: &[usize]) -> f64 {
        self.short.as_ref().unwrap_or(&self.validation)[self.number(candidate)]
    }

    /// What is reported of a candidate.
    ///
    /// # Panics
    /// If the candidate is of another space.
    #[track_caller]
    pub fn test(&self, candidate: &[usize]) -> f64 {
        self.test[self.number(candidate)]
    }

    /// The text of the candidate with the best test score, and that score.
    pub fn best(&self) -> (String, f64) {
        let scored = self.space.all().zip(&self.test);
        let best = scored.max_by(|a, b| a.1.total_cmp(b.1)).expect("at least one candidate");
        (self.space.encode(&best.0), *best.1)
    }

    /// The best validation score.
    pub fn best_validation(&self) -> f64 {
        self.validation.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    #[track_caller]
    fn number(&self, candidate: &[usize]) -> usize {
        let positions = self.space.positions();
        assert!(
            candidate.len() == positions.len()
                && candidate.iter().zip(positions).all(|(&at, options)| at < options.len()),
            "{candidate:?} is no candidate of the table's space"
        );
        candidate.iter().zip(positions).fold(0, |n, (&at, options)| n * options.len() + at)
    }
}

/// The choices of a candidate's text.
fn choices_of(text: &str) -> Vec<String> {
    let parts = text.split(['|', '+']).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
