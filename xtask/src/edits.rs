//! Changes to files that are planned first and written together, all or none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, ensure};

/// Planned texts of files under a root.
pub(crate) struct Edits {
    root: PathBuf,
    files: BTreeMap<String, Edit>,
}

struct Edit {
    before: Option<String>,
    after: String,
}

/// Edits that are on disk and can be taken back.
#[must_use]
pub(crate) struct Applied(Edits);

impl Edits {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: BTreeMap::new() }
    }

    /// The text of a file as planned so far, else as it is on disk.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        match self.files.get(path) {
            Some(edit) => Ok(edit.after.clone()),
            None => fs::read_to_string(self.root.join(path))
                .with_context(|| format!("cannot read {path}")),
        }
    }

    /// Plans a new text for a file that exists.
    pub(crate) fn change(&mut self, path: &str, after: String) -> Result<()> {
        let now = self.text(path)?;
        let edit = self.files.entry(path.to_owned());
        edit.or_insert(Edit { before: Some(now), after: String::new() }).after = after;
        Ok(())
    }

    /// Plans a file that must not exist yet.
    pub(crate) fn create(&mut self, path: &str, after: String) -> Result<()> {
        let taken = self.files.contains_key(path) || self.root.join(path).exists();
        ensure!(!taken, "{path} exists already");
        self.files.insert(path.to_owned(), Edit { before: None, after });
        Ok(())
    }

    /// What would change: for each file that does, the lines that go and come.
    pub(crate) fn show(&self) -> String {
        let mut shown = String::new();
        for (path, Edit { before, after }) in &self.files {
            let before = before.as_deref().unwrap_or("");
            if before == after {
                continue;
            }
            let only = |a: &str, b: &str, mark: &str| {
                let rest: Vec<&str> = b.lines().collect();
                let gone = a.lines().filter(|line| !line.is_empty() && !rest.contains(line));
                gone.map(|line| format!("  {mark} {line}\n")).collect::<String>()
            };
            let changes = only(before, after, "-") + &only(after, before, "+");
            shown += &format!("{path}\n{changes}");
        }
        shown
    }

    /// The paths that are planned, in order.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Writes everything; where one file fails, takes back those before it.
    pub(crate) fn apply(self) -> Result<Applied> {
        let write = |(path, edit): (&String, &Edit)| {
            let target = self.root.join(path);
            let parent = target.parent().map_or(Ok(()), fs::create_dir_all);
            parent
                .and_then(|()| fs::write(&target, &edit.after))
                .with_context(|| format!("cannot write {path}; everything is as it was before"))
        };
        match self.files.iter().try_for_each(write) {
            Ok(()) => Ok(Applied(self)),
            Err(error) => {
                Applied(self).undo()?;
                Err(error)
            }
        }
    }
}

impl Applied {
    /// Puts every file back as it was; the directories that were made for new files go, too.
    pub(crate) fn undo(self) -> Result<()> {
        let Edits { root, files } = self.0;
        for (path, edit) in files {
            let target = root.join(&path);
            let result = match edit.before {
                Some(text) => fs::write(&target, text),
                None => remove_with_empty_parents(&root, &target),
            };
            result.with_context(|| format!("cannot put {path} back"))?;
        }
        Ok(())
    }
}

fn remove_with_empty_parents(root: &Path, file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let above = file.ancestors().skip(1).take_while(|dir| *dir != root);
    // The first directory that still holds something ends the walk.
    for directory in above {
        if fs::remove_dir(directory).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(text: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a.txt"), text).unwrap();
        fs::write(home.path().join("same.txt"), "same\n").unwrap();
        home
    }

    #[test]
    fn edits_are_planned_then_written_then_taken_back() {
        let home = home("one\ntwo\n");
        let read = |path| fs::read_to_string(home.path().join(path)).ok();
        let mut edits = Edits::new(home.path());
        edits.change("a.txt", "one\n".into()).unwrap();
        edits.change("a.txt", edits.text("a.txt").unwrap() + "three\n").unwrap();
        edits.create("new/deep/b.txt", "b\n".into()).unwrap();
        edits.change("same.txt", edits.text("same.txt").unwrap()).unwrap();
        assert_eq!(edits.show(), "a.txt\n  - two\n  + three\nnew/deep/b.txt\n  + b\n");
        assert_eq!(read("a.txt").unwrap(), "one\ntwo\n");
        let applied = edits.apply().unwrap();
        assert_eq!(read("a.txt").unwrap(), "one\nthree\n");
        assert_eq!(read("new/deep/b.txt").unwrap(), "b\n");
        applied.undo().unwrap();
        assert_eq!(read("a.txt").unwrap(), "one\ntwo\n");
        assert!(!home.path().join("new").exists());
    }

    #[test]
    fn a_failing_write_leaves_nothing_behind() {
        let home = home("one\n");
        let mut edits = Edits::new(home.path());
        edits.create("0/b.txt", "b\n".into()).unwrap();
        // a.txt is a file, so nothing can be written below it.
        edits.create("a.txt/c.txt", "c\n".into()).unwrap();
        assert!(edits.apply().is_err());
        assert!(!home.path().join("0").exists());
        assert_eq!(fs::read_to_string(home.path().join("a.txt")).unwrap(), "one\n");
    }

    #[test]
    fn a_new_file_never_overwrites() {
        let home = home("one\n");
        let error = Edits::new(home.path()).create("a.txt", String::new()).unwrap_err();
        assert_eq!(error.to_string(), "a.txt exists already");
    }
}
