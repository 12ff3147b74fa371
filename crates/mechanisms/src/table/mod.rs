//! Tables from files: CSV with a line of names, and NumPy's NPY.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use seedbed_autodiff::Tensor;
use seedbed_data::npy;

/// A table of numbers with names of its columns.
///
/// ```
/// use seedbed_mechanisms::table::Table;
/// let folder = std::env::temp_dir().join(format!("seedbed-table-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// let file = folder.join("t.csv");
/// std::fs::write(&file, "a,b,y\n1,2,3\n4,5,6\n")?;
/// let table = Table::read(&file)?;
/// let (x, y) = table.split("y", &[])?;
/// assert_eq!((x.to_vec(), y.to_vec()), (vec![1.0, 2.0, 4.0, 5.0], vec![3.0, 6.0]));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns' names; of a file without names 0, 1, 2, …
    pub names: Vec<String>,
    /// Row by row.
    pub values: Vec<f64>,
}

/// What can be wrong with a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no table of numbers.
    #[error("{} {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The column to explain is asked for as one that explains it.
    #[error("the column {name:?} is both the target and a feature")]
    TargetAmongFeatures {
        /// Its name.
        name: String,
    },
    /// A column is asked for twice.
    #[error("the column {name:?} is asked for twice")]
    Twice {
        /// Its name.
        name: String,
    },
    /// A cell of a column that is asked for holds no finite number.
    #[error("the column {column:?} is {value} in row {row}, but should be finite")]
    NotFinite {
        /// The column's name.
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The number.
        value: f64,
    },
    /// A column is asked for that does not exist.
    #[error("there is no column {name:?}; the columns are {}", names.join(", "))]
    NoColumn {
        /// What was asked for.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
}

impl Table {
    /// Reads a file by the ending of its name: `.csv` or `.npy`.
    ///
    /// # Errors
    /// If it cannot be read, has another ending, or is no table of numbers.
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let malformed = |what: String| TableError::Malformed { path: path.into(), what };
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let bytes =
            || fs::read(path).map_err(|source| TableError::Io { path: path.into(), source });
        match ending.as_deref().and_then(|ending| ending.to_str()) {
            Some("csv") => csv(&bytes()?).map_err(malformed),
            Some("npy") => of_npy(&bytes()?).map_err(malformed),
            _ => Err(malformed("should end in .csv or .npy".into())),
        }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.names.len().max(1)
    }

    /// The column `target` as `[rows]`, and those in `features`, or all others if that is empty, as `[rows, columns]`.
    ///
    /// # Errors
    /// If there is no such column, the target is among the features, a column is asked for twice, or a number in one is not finite.
    pub fn split(
        &self,
        target: &str,
        features: &[String],
    ) -> Result<(Tensor<f64>, Tensor<f64>), TableError> {
        // A table may have as many columns as rows: they are looked up, not compared with one another. Of equal names the first counts.
        let mut places = HashMap::new();
        for (at, name) in self.names.iter().enumerate() {
            places.entry(&**name).or_insert(at);
        }
        let place = |name: &str| {
            let missing = || TableError::NoColumn { name: name.into(), names: self.names.clone() };
            places.get(name).copied().ok_or_else(missing)
        };
        let y = place(target)?;
        if features.iter().any(|name| name == target) {
            return Err(TableError::TargetAmongFeatures { name: target.into() });
        }
        if let Some(name) = twice(features) {
            return Err(TableError::Twice { name: name.into() });
        }
        let columns = self.features(target, features);
        let x: Vec<usize> = columns.iter().map(|name| place(name)).collect::<Result<_, _>>()?;
        let rows = || self.values.chunks_exact(self.names.len());
        for (row, numbers) in rows().enumerate() {
            if let Some(&c) = x.iter().chain([&y]).find(|&&c| !numbers[c].is_finite()) {
                let column = self.names[c].clone();
                return Err(TableError::NotFinite { column, row, value: numbers[c] });
            }
        }
        let of_x: Vec<f64> = rows().flat_map(|row| x.iter().map(|&c| row[c])).collect();
        let of_y = rows().map(|row| row[y]).collect();
        Ok((Tensor::new(of_x, &[self.rows(), x.len()]), Tensor::new(of_y, &[self.rows()])))
    }

    /// The names of the columns that [`split`](Self::split) takes as features.
    pub fn features(&self, target: &str, features: &[String]) -> Vec<String> {
        let others = || self.names.iter().filter(|&name| name != target).cloned().collect();
        if features.is_empty() { others() } else { features.to_vec() }
    }
}

/// The first name that is there twice.
fn twice(names: &[String]) -> Option<&str> {
    let mut seen = HashSet::new();
    names.iter().find(|name| !seen.insert(*name)).map(String::as_str)
}

/// A matrix of numbers of any type. Its columns are named 0, 1, 2, …
fn of_npy(bytes: &[u8]) -> Result<Table, String> {
    let array = npy::Array::parse(bytes).map_err(|error| error.to_string())?;
    let &[_, columns] = array.shape() else {
        let shape = npy::tuple(array.shape());
        return Err(format!("has the shape {shape}, but should be (rows, columns)"));
    };
    let names = (0..columns).map(|column| column.to_string()).collect();
    Ok(Table { names, values: array.to_f64() })
}

fn csv(bytes: &[u8]) -> Result<Table, String> {
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(bytes);
    let wrong = |error: ::csv::Error| format!("is no table: {error}");
    let names: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    if twice(&names).is_some() {
        return Err("has two columns of one name in its first line".into());
    }
    let mut values = Vec::new();
    let mut record = ::csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        let line = record.position().map_or(0, ::csv::Position::line);
        for (name, field) in names.iter().zip(&record) {
            let number = field.parse::<f64>().map_err(|_| {
                format!("has {field:?} in column {name}, line {line}, but should have a number")
            })?;
            values.push(number);
        }
    }
    Ok(Table { names, values })
}
