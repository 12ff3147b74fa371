//! A folder of PNG files, and of folders of them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::image::{AT_ONCE, Pictures};
use super::{About, Fingerprint, Reading, Run, Source, Wanted, open_regular};
use crate::tokenize::TokenizeError;

pub(super) struct Folder {
    root: PathBuf,
    /// Paths within the folder.
    files: Vec<PathBuf>,
    pictures: Pictures,
    about: About,
}

impl Folder {
    pub(super) fn open(
        root: &Path,
        wanted: Wanted,
        reading: &Reading,
    ) -> Result<Self, TokenizeError> {
        let pictures = Pictures::new(root, wanted, reading.size)?;
        let mut files = Vec::new();
        collect(root, Path::new(""), &mut files)?;
        if files.is_empty() {
            return Err(TokenizeError::malformed(root, "has no PNG file"));
        }
        // By the parts of the paths: the same order on every system.
        files.sort();
        let mut fingerprint = Fingerprint::default();
        for file in &files {
            let path = root.join(file);
            let metadata = fs::metadata(&path).map_err(TokenizeError::io(&path, "read it"))?;
            fingerprint.add(&name_of(file), &metadata);
        }
        let about = fingerprint.about(root, files.len(), true);
        Ok(Self { root: root.into(), files, pictures, about })
    }
}

/// The PNG files in a folder and in those within it; hidden ones are passed over.
fn collect(root: &Path, within: &Path, files: &mut Vec<PathBuf>) -> Result<(), TokenizeError> {
    let dir = root.join(within);
    let listed = || TokenizeError::io(&dir, "list it");
    for entry in fs::read_dir(&dir).map_err(listed())? {
        let entry = entry.map_err(listed())?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = within.join(&name);
        // A link to a folder is not followed: it may lead back.
        if entry.file_type().map_err(listed())?.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            files.push(path);
        }
    }
    Ok(())
}

/// The path without its extension, with slashes.
fn name_of(file: &Path) -> String {
    let parts = file.with_extension("");
    let parts = parts.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

impl Source for Folder {
    fn about(&self) -> &About {
        &self.about
    }

    fn name(&self, item: usize) -> String {
        name_of(&self.files[item])
    }

    fn file(&self, item: usize) -> PathBuf {
        self.root.join(&self.files[item])
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn read(&mut self, from: usize, to: usize) -> Result<Vec<Run>, TokenizeError> {
        let read = |item| {
            let path = self.file(item);
            let mut bytes = Vec::new();
            let (mut file, _) = open_regular(&path)?;
            file.read_to_end(&mut bytes).map_err(TokenizeError::io(&path, "read it"))?;
            Ok((path, bytes))
        };
        let files = (from..to).map(read).collect::<Result<Vec<_>, TokenizeError>>()?;
        self.pictures.decode_all(&files)
    }
}
