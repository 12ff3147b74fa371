//! Runs kept by `--save`, and what changed since one (`--against`).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::row::{Goal, Row};

/// The rows of a run and the machine they were measured on: `report.json` and saved runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Machine, commit, date, profile.
    pub environment: Environment,
    /// What was measured.
    pub rows: Vec<Row>,
}

impl Run {
    /// Writes the run as JSON, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<()> {
        write_whole(file, &(serde_json::to_string_pretty(self)? + "\n"))
    }

    /// Keeps the run under a name.
    ///
    /// # Errors
    /// If the name is no plain file name, or the file cannot be written.
    pub fn save(&self, folder: &Path, name: &str) -> Result<PathBuf> {
        let file = saved_file(folder, name)?;
        self.write(&file)?;
        Ok(file)
    }

    /// Whether a run can be saved under this name, to be asked before it is measured.
    ///
    /// # Errors
    /// If the name is no plain file name.
    pub fn check_name(name: &str) -> Result<()> {
        saved_file(Path::new(""), name).map(drop)
    }

    /// Reads the run that was saved under a name.
    ///
    /// # Errors
    /// If there is none (the message lists those that are there), or the file is malformed.
    pub fn saved(folder: &Path, name: &str) -> Result<Self> {
        let file = saved_file(folder, name)?;
        if !file.exists() {
            let known = saved_names(folder);
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            bail!("no run is saved as {name:?} in {}; saved: {known}", folder.display());
        }
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        serde_json::from_str(&text).with_context(|| format!("{} is malformed", file.display()))
    }
}

/// Writes beside the file first and renames then, so that a reader never sees half of it.
pub(crate) fn write_whole(file: &Path, text: &str) -> Result<()> {
    let said = || format!("writing {}", file.display());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(said)?;
    }
    let beside = file.with_extension("tmp");
    std::fs::write(&beside, text).with_context(said)?;
    std::fs::rename(&beside, file).with_context(said)
}

fn saved_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = name.chars().all(plain) && !name.is_empty() && !name.starts_with('.');
    ensure!(fits, "{name:?} cannot name a saved run: use letters, digits, '-', '_' and '.'");
    Ok(folder.join(format!("{name}.json")))
}

fn saved_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// A row beside the same row of a saved run.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The saved figure.
    pub before: f64,
    /// `measured ÷ before − 1`.
    pub relative: f64,
    /// Whether the two spreads lie apart, so that the change is not what repeats anyway differ by.
    pub beyond_spread: bool,
    /// Better or worse, where the row's goal tells which way is better.
    pub better: Option<bool>,
}

impl Change {
    /// The change of `row` since the run `before`; `None` if it has no such row.
    pub fn of(row: &Row, before: &[Row]) -> Option<Self> {
        let old = before.iter().find(|old| old.kind == row.kind && old.key() == row.key())?;
        let apart = row.spread[0] > old.spread[1] || row.spread[1] < old.spread[0];
        let better = match (row.goal.or_else(|| usual_goal(&row.metric)), row.measured) {
            (Some(Goal::AtLeast(_)), now) => Some(now > old.measured),
            (Some(Goal::AtMost(_)), now) => Some(now < old.measured),
            _ => None,
        };
        let relative = row.measured / old.measured - 1.0;
        Some(Change { before: old.measured, relative, beyond_spread: apart, better })
    }
}

/// Times and memory are better when smaller, whether or not a goal says so.
fn usual_goal(metric: &str) -> Option<Goal> {
    let smaller = metric.ends_with("ms") || metric.ends_with("_mb") || metric.starts_with("ns_");
    smaller.then_some(Goal::AtMost(0.0))
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.relative * 100.0;
        if !percent.is_finite() {
            return write!(f, "was {}", crate::table::figure(self.before));
        }
        let verdict = match (self.beyond_spread, self.better) {
            (false, _) => "within the spread",
            (true, Some(true)) => "better",
            (true, Some(false)) => "worse",
            (true, None) => "beyond the spread",
        };
        write!(f, "{percent:+.1} % {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: &[f64]) -> Row {
        Row::speed("x", "ms", "ms", values)
    }

    #[test]
    fn a_change_beyond_the_spread_is_told_from_noise() {
        let before = [ms(&[10.0, 11.0, 12.0])];
        let said = |row: &Row| Change::of(row, &before).unwrap().to_string();
        assert_eq!(said(&ms(&[5.0, 5.5, 6.0])), "-50.0 % better");
        assert_eq!(said(&ms(&[22.0, 22.0, 22.0])), "+100.0 % worse");
        assert_eq!(said(&ms(&[10.5, 11.0, 12.5])), "+0.0 % within the spread");
        assert_eq!(Change::of(&Row::speed("y", "ms", "ms", &[1.0]), &before), None);
    }

    #[test]
    fn the_goal_tells_which_way_is_better() {
        let row = |x| Row::learn("x", "gain", "points", &[x]).goal(Goal::AtLeast(1.0));
        assert_eq!(Change::of(&row(2.0), &[row(1.0)]).unwrap().to_string(), "+100.0 % better");
        let plain = |x| Row::learn("x", "share", "", &[x]);
        let change = Change::of(&plain(2.0), &[plain(1.0)]).unwrap();
        assert_eq!(change.to_string(), "+100.0 % beyond the spread");
        assert_eq!(Change::of(&plain(2.0), &[plain(0.0)]).unwrap().to_string(), "was 0");
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["", ".", "../x", "a/b", ".hidden", "a b"] {
            assert!(saved_file(Path::new("saved"), name).is_err(), "{name}");
        }
        assert!(saved_file(Path::new("saved"), "before-tuning_2.0").is_ok());
    }
}
