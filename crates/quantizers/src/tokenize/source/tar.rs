//! A WebDataset archive: files whose names are alike up to the first dot are the fields of a sample.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::image::{self, Pictures};
use super::{About, Fingerprint, Reading, Run, Source, Wanted, array, open_regular, runs};
use crate::tokenize::TokenizeError;

/// Arrays that are read at a time.
const ARRAYS_AT_ONCE: usize = 64;

pub(super) struct Archive {
    path: PathBuf,
    file: File,
    samples: Vec<Sample>,
    wanted: Wanted,
    /// How fields that are PNG files are read; others are NPY files.
    pictures: Option<Pictures>,
    about: About,
}

/// The wanted field of a sample.
struct Sample {
    key: String,
    /// The name of the file in the archive.
    name: String,
    begin: u64,
    size: u64,
}

/// A name's part up to the first dot of its last component, and the rest: the sample and its field.
pub(in crate::tokenize) fn split_name(name: &str) -> Option<(&str, &str)> {
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = base + name[base..].find('.')?;
    // A hidden file is no sample.
    (dot > base).then(|| (&name[..dot], &name[dot + 1..]))
}

impl Archive {
    pub(super) fn open(
        path: &Path,
        wanted: Wanted,
        reading: &Reading,
    ) -> Result<Self, TokenizeError> {
        let default = match wanted {
            Wanted::Vectors { .. } => "npy",
            Wanted::Pictures { .. } => "png",
        };
        let field = reading.field.as_deref().unwrap_or(default);
        let pictures = match field.rsplit('.').next() {
            Some("png") => Some(Pictures::new(path, wanted, reading.size)?),
            Some("npy") => None,
            _ => {
                let problem = format!(
                    "{field:?} is neither a PNG nor an NPY file's: should end in png or npy"
                );
                return Err(TokenizeError::option("--field", problem));
            }
        };
        let (file, metadata) = open_regular(path)?;
        let (samples, others) = list(path, &file, metadata.len(), field)?;
        if samples.is_empty() {
            let known = others.into_iter().collect();
            let name = field.to_owned();
            return Err(TokenizeError::Missing { file: path.into(), what: "field", name, known });
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.add(field, &metadata);
        let about = fingerprint.about(path, samples.len(), true);
        Ok(Self { path: path.into(), file, samples, wanted, pictures, about })
    }
}

/// Where the files of this field are, and what other fields there are.
fn list(
    path: &Path,
    file: &File,
    length: u64,
    field: &str,
) -> Result<(Vec<Sample>, BTreeSet<String>), TokenizeError> {
    let broken = |error: std::io::Error| {
        TokenizeError::malformed(path, format!("is no archive (tar) that can be read: {error}"))
    };
    let (mut samples, mut others) = (Vec::new(), BTreeSet::new());
    let mut archive = ::tar::Archive::new(BufReader::new(file));
    for entry in archive.entries_with_seek().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (begin, size) = (entry.raw_file_position(), entry.size());
        // What is passed over is not read, so that nobody else sees that it is not there.
        if begin.checked_add(size).is_none_or(|end| end > length) {
            let problem =
                format!("is truncated: {name} should end at byte {}", begin.saturating_add(size));
            return Err(TokenizeError::malformed(path, problem));
        }
        match split_name(&name) {
            Some((key, own)) if own == field => {
                samples.push(Sample { key: key.to_owned(), name, begin, size });
            }
            Some((_, own)) => _ = others.insert(own.to_owned()),
            None => (),
        }
    }
    Ok((samples, others))
}

impl Source for Archive {
    fn about(&self) -> &About {
        &self.about
    }

    fn name(&self, item: usize) -> String {
        self.samples[item].key.clone()
    }

    fn file(&self, item: usize) -> PathBuf {
        self.path.join(&self.samples[item].name)
    }

    fn at_once(&self) -> usize {
        if self.pictures.is_some() { image::AT_ONCE } else { ARRAYS_AT_ONCE }
    }

    fn read(&mut self, from: usize, to: usize) -> Result<Vec<Run>, TokenizeError> {
        let mut files = Vec::with_capacity(to - from);
        for item in from..to {
            let Sample { begin, size, .. } = self.samples[item];
            let mut bytes = vec![0; size as usize];
            self.file
                .seek(SeekFrom::Start(begin))
                .and_then(|_| self.file.read_exact(&mut bytes))
                .map_err(TokenizeError::io(&self.path, "read it"))?;
            files.push((self.file(item), bytes));
        }
        match &self.pictures {
            Some(pictures) => pictures.decode_all(&files),
            None => {
                let item =
                    |(path, npy): &(PathBuf, Vec<u8>)| array::item_of(path, npy, self.wanted);
                Ok(runs(files.iter().map(item).collect::<Result<Vec<_>, _>>()?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split_name;

    #[test]
    fn samples_and_fields_of_names() {
        assert_eq!(split_name("a/b.c/007.left.png"), Some(("a/b.c/007", "left.png")));
        assert_eq!(split_name("007.png"), Some(("007", "png")));
        for name in ["a.b/007", "a/.hidden.png", ".png", ""] {
            assert_eq!(split_name(name), None, "{name}");
        }
    }
}
