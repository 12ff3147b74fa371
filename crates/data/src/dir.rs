//! Where the full data sets lie.

use std::path::{Path, PathBuf};

use crate::error::DataError;

/// A folder with data sets in it, found by their usual file names.
///
/// Each file is looked for in the folder itself and in the data set's usual subfolders, plain and
/// with `.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The environment variable that names the folder.
    pub const VARIABLE: &'static str = "SEEDBED_DATA";

    /// This folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder that the user named: by an argument, or else by `SEEDBED_DATA`.
    ///
    /// # Errors
    /// [`DataError::NoDataDir`] if by neither.
    pub fn resolve(argument: Option<&Path>) -> Result<Self, DataError> {
        let variable = || std::env::var_os(Self::VARIABLE).filter(|v| !v.is_empty());
        match argument {
            Some(folder) => Ok(Self::new(folder)),
            None => variable().map(Self::new).ok_or(DataError::NoDataDir),
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The first file that exists among `names` (plain, then with `.gz`) in the folder itself and
    /// in `subfolders`.
    pub(crate) fn find(
        &self,
        what: &'static str,
        subfolders: &[&str],
        names: &[&str],
        how: &'static str,
    ) -> Result<PathBuf, DataError> {
        let folders = subfolders.iter().map(|sub| self.0.join(sub)).chain([self.0.clone()]);
        let candidates: Vec<PathBuf> = folders
            .flat_map(|folder| {
                names
                    .iter()
                    .flat_map(move |name| [folder.join(name), folder.join(format!("{name}.gz"))])
            })
            .collect();
        match candidates.iter().find(|path| path.is_file()) {
            Some(path) => Ok(path.clone()),
            None => Err(DataError::Missing { what, looked_for: candidates, how }),
        }
    }
}
