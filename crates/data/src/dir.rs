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
        let below = subfolders.iter().map(|sub| self.0.join(sub));
        let folders: Vec<PathBuf> = below.chain([self.0.clone()]).collect();
        for folder in &folders {
            for name in names {
                let candidates = [folder.join(name), folder.join(format!("{name}.gz"))];
                if let Some(path) = candidates.into_iter().find(|path| path.is_file()) {
                    return Ok(path);
                }
            }
        }
        let names = names.iter().map(ToString::to_string).collect();
        Err(DataError::Missing { what, names, folders, how })
    }
}
