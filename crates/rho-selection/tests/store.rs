//! Files of irreducible losses: what is written is read, and what is wrong with one is said.

use std::fs;
use std::path::{Path, PathBuf};

use seedbed_rho_selection::{IrreducibleLosses, Origin, SelectionError, StoreError};
use tempfile::{TempDir, tempdir};

fn origin() -> Origin {
    Origin { fingerprint: 0xfeed, data_set: "digits".into(), model: "MLP 784-64-10".into() }
}

/// A file with `n` losses, of ids that are consecutive or not.
fn written(n: u64, sparse: bool) -> (TempDir, PathBuf, Vec<u64>, Vec<f32>) {
    let ids: Vec<u64> = (0..n).map(|i| if sparse { 7 + i * i } else { 100 + i }).collect();
    let losses: Vec<f32> = (0..n).map(|i| (i % 97) as f32 / 16.0).collect();
    let dir = tempdir().unwrap();
    let path = dir.path().join("losses.il");
    IrreducibleLosses::new(&ids, &losses).unwrap().save(&path, &origin()).unwrap();
    (dir, path, ids, losses)
}

fn error(path: &Path) -> String {
    IrreducibleLosses::open(path).unwrap_err().to_string().replace(path.to_str().unwrap(), "FILE")
}

#[test]
fn what_is_written_is_read() {
    for (n, sparse) in [(0, false), (1, false), (1_000, false), (3, true), (400_000, true)] {
        let (_dir, path, ids, losses) = written(n, sparse);
        let opened = IrreducibleLosses::open_for(&path, 0xfeed).unwrap();
        assert_eq!(opened.len(), ids.len());
        assert_eq!(opened.of(&ids).unwrap(), losses);
        assert_eq!(opened.origin(), Some(&origin()));
        opened.verify().unwrap();
        assert_eq!(opened.of(&[5]), Err(SelectionError::MissingId { id: 5, known: ids.len() }));
    }
}

#[test]
fn a_file_may_be_replaced_while_it_is_open() {
    let (_dir, path, ids, losses) = written(1_000, true);
    let old = IrreducibleLosses::open(&path).unwrap();
    let new = IrreducibleLosses::new(&ids[..2], &[8.0, 9.0]).unwrap();
    new.save(&path, &origin()).unwrap();
    assert_eq!(old.of(&ids).unwrap(), losses);
    assert_eq!(IrreducibleLosses::open(&path).unwrap().of(&ids[..2]).unwrap(), [8.0, 9.0]);
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no temporary file is left");
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one() {
    let (dir, path, ids, losses) = written(10, true);
    let before = fs::read(&path).unwrap();
    let store = IrreducibleLosses::new(&ids, &losses).unwrap();
    let nowhere = store.save(dir.path().join("missing/losses.il"), &origin()).unwrap_err();
    assert!(matches!(nowhere, StoreError::Io { .. }), "{nowhere}");
    // A directory is in the way of the renaming.
    fs::create_dir_all(dir.path().join("taken/full")).unwrap();
    store.save(dir.path().join("taken"), &origin()).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), before);
    let left = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".tmp")));
}

#[test]
fn another_data_set_is_refused() {
    let (_dir, path, ..) = written(3, true);
    let error = IrreducibleLosses::open_for(&path, 0xbeef).unwrap_err().to_string();
    let said = "has losses of the data set \"digits\" with fingerprint 0x000000000000feed, \
                expected 0x000000000000beef: compute them again for this data set";
    assert!(error.ends_with(said), "{error}");
}

#[test]
fn a_truncated_file_is_found_at_any_length() {
    let (_dir, path, ..) = written(2_000, true);
    let whole = fs::read(&path).unwrap();
    for len in [1, 7, 8, 40, 67, 68, 100, 4_095, 4_096, 20_000, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let error = IrreducibleLosses::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Truncated { .. }), "{len}: {error}");
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    let (found, expected) = (whole.len() + 1, whole.len());
    let said = format!(
        "FILE: has {found} bytes, must have {expected}: it is truncated or was written over"
    );
    assert_eq!(error(&path), said);
}

#[test]
fn damage_is_found() {
    let (_dir, path, ids, _) = written(400_000, true);
    let whole = fs::read(&path).unwrap();
    let with = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&path, bytes).unwrap();
    };
    with(20);
    assert_eq!(
        error(&path),
        "FILE: the header is damaged (the checksum differs): write the file again"
    );
    with(70);
    assert!(error(&path).contains("the description is damaged"));
    // 400,000 records take a little more than four blocks; the levels above them end in the sixth.
    for (at, said) in [(4_096, "block 0 of 6"), (3 << 20, "block 2 of 6")] {
        with(at);
        let opened = IrreducibleLosses::open(&path).unwrap();
        let found = opened.verify().unwrap_err().to_string();
        assert!(found.contains(said), "{found}");
    }
    with(whole.len() - 1);
    let found = IrreducibleLosses::open(&path).unwrap().verify().unwrap_err().to_string();
    assert!(found.contains("the list of checksums"), "{found}");
    // A loss that is damaged into something that is not finite is never handed out.
    let mut bytes = whole.clone();
    bytes[4_104..4_108].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let error = IrreducibleLosses::open(&path).unwrap().of(&ids[..1]).unwrap_err();
    assert_eq!(error.to_string(), "irreducible loss of example 7 is NaN: it must be finite");
}

#[test]
fn a_header_that_promises_too_much_is_refused() {
    let (_dir, path, ..) = written(100, true);
    let whole = fs::read(&path).unwrap();
    // The count, the length of the description, where the table begins.
    for field in [16, 32, 40] {
        for value in [u64::MAX, u64::MAX / 12, 5_000, 0] {
            let mut bytes = whole.clone();
            bytes[field..field + 8].copy_from_slice(&value.to_le_bytes());
            let checksum = crc32fast::hash(&bytes[..64]).to_le_bytes();
            bytes[64..68].copy_from_slice(&checksum);
            fs::write(&path, bytes).unwrap();
            let error = IrreducibleLosses::open(&path).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{field} {value}: {error}");
        }
    }
}

#[test]
fn other_files_are_refused() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("other");
    let missing = IrreducibleLosses::open(&path).unwrap_err();
    assert!(matches!(missing, StoreError::Io { .. }), "{missing}");
    fs::write(&path, "id,loss\n").unwrap();
    assert_eq!(error(&path), "FILE: is no file of irreducible losses (it begins differently)");
    fs::write(&path, "").unwrap();
    assert!(error(&path).contains("is no file of irreducible losses"));
    let (_dir, path, ..) = written(3, false);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    fs::write(&path, bytes).unwrap();
    assert_eq!(error(&path), "FILE: has version 2 of the format, this program reads version 1");
}

#[test]
fn bad_losses_are_refused() {
    let new =
        |ids: &[u64], losses: &[f32]| IrreducibleLosses::new(ids, losses).unwrap_err().to_string();
    assert_eq!(new(&[4, 9, 4], &[0.0; 3]), "id 4 is given twice: ids must be unique");
    assert_eq!(
        new(&[4], &[f32::INFINITY]),
        "irreducible loss of example 4 is inf: it must be finite"
    );
    assert_eq!(
        new(&[4], &[]),
        "ids has 1 entries and irreducible losses has 0: they must be as many"
    );
}
