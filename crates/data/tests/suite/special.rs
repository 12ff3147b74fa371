//! Paths that lead to no regular file: reading them must not hang.

use std::fs;
use std::path::Path;
use std::process::Command;

use seedbed_data::omniglot::{self, Part};
use seedbed_data::{DataDir, DataError, FolderOptions, cifar, folder, idx, text};

use crate::samples;

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, path: &Path) {
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), format!("{}: it is not a regular file", path.display()));
    assert!(matches!(error, DataError::Io { .. }));
}

#[test]
fn pipes_and_devices_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let fifo = root.path().join("fifo");
    pipe(&fifo);
    for path in [&*fifo, Path::new("/dev/zero"), root.path()] {
        refused(idx::read(path), path);
        refused(cifar::read(path), path);
        refused(omniglot::read_archive(path, Part::Background, 28), path);
        refused(omniglot::read_stacked(path, path, 28), path);
    }
    let drawings = root.path().join("drawings");
    fs::write(&drawings, samples::idx(&[1, 1, 4, 4])).unwrap();
    refused(omniglot::read_stacked(&drawings, &fifo, 4), &fifo);

    let classes = root.path().join("pets/cat");
    fs::create_dir_all(&classes).unwrap();
    pipe(&classes.join("a.png"));
    let pets = root.path().join("pets");
    refused(folder::read(pets, FolderOptions::default()), &classes.join("a.png"));

    // A pipe with a data set's name is not the data set.
    pipe(&root.path().join("tinyshakespeare.txt"));
    let missing = text::tiny_shakespeare(&DataDir::new(root.path()));
    assert!(matches!(missing, Err(DataError::Missing { .. })));
}
