//! Where the workspace is, and which files belong to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The root of the workspace around `start`: the nearest directory above it that has both a
/// manifest and this program.
pub(crate) fn root_above(start: &Path) -> Result<PathBuf> {
    let found = start
        .ancestors()
        .find(|dir| dir.join("Cargo.toml").is_file() && dir.join("xtask/Cargo.toml").is_file());
    match found {
        Some(root) => Ok(root.to_owned()),
        None => {
            bail!("{} is not inside the workspace: run this from its directory", start.display())
        }
    }
}

/// The workspace's files, as paths from the root with `/`: tracked ones and new ones that git
/// does not ignore. Deleted ones are left out.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed = process::output(&mut git).context("the list of files comes from git")?;
    let mut files: Vec<String> = listed
        .split('\0')
        .filter(|path| !path.is_empty() && root.join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_below_and_missed_from_outside() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(root_above(&here.join("src")).unwrap(), here.parent().unwrap());
        let outside = tempfile::tempdir().unwrap();
        let error = root_above(outside.path()).unwrap_err().to_string();
        assert!(error.contains("not inside the workspace"), "{error}");
    }
}
