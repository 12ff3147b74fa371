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
    // Whatever a loss is damaged into, it is not handed out.
    for damaged in [f32::NAN.to_le_bytes(), 2.0_f32.to_le_bytes()] {
        let mut bytes = whole.clone();
        bytes[4_104..4_108].copy_from_slice(&damaged);
        fs::write(&path, bytes).unwrap();
        let error = IrreducibleLosses::open(&path).unwrap().of(&ids[..1]).unwrap_err();
        let said = error.to_string().replace(path.to_str().unwrap(), "FILE");
        let right = "FILE: block 0 of 6 is damaged (the checksum differs): write the file again";
        assert_eq!(said, right);
    }
}

#[test]
fn a_flipped_bit_is_found_by_whoever_looks_at_it() {
    for sparse in [false, true] {
        let (dir, path, ids, losses) = written(700_000, sparse);
        let whole = fs::read(&path).unwrap();
        // The second block; in that of a sparse file, and in its tree of ids behind the records.
        for at in [4_096 + (1 << 20) + 77, whole.len() - 5_000] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let store = IrreducibleLosses::open(&path).unwrap();
            let damaged = |error| matches!(error, SelectionError::Damaged { .. });
            assert!(damaged(store.of(&ids).unwrap_err()));
            assert!(damaged(store.of(&ids).unwrap_err()), "the second time, too");
            assert!(damaged(store.iter().map(drop).unwrap_err()));
            assert!(damaged(IrreducibleLosses::merged([&store]).unwrap_err()));
            // Nor can the damage be given new checksums.
            let copy = dir.path().join("copy.il");
            assert!(matches!(store.save(&copy, &origin()), Err(StoreError::Damaged { .. })));
            assert!(!copy.exists());
            if !sparse && at < 1 << 21 {
                assert_eq!(store.of(&ids[..9]).unwrap(), losses[..9], "other blocks are good");
            }
        }
        // The list of checksums.
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = IrreducibleLosses::open(&path).unwrap().of(&ids[..1]).unwrap_err();
        assert!(error.to_string().contains("the list of checksums is damaged"), "{error}");
    }
}

#[test]
fn threads_that_save_one_path_wait_for_each_other() {
    let (dir, path, ids, losses) = written(20_000, true);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (ids, losses, path) = (&ids, &losses, &path);
            scope.spawn(move || {
                let shifted: Vec<f32> = losses.iter().map(|loss| loss + thread as f32).collect();
                let store = IrreducibleLosses::new(ids, &shifted).unwrap();
                for _ in 0..25 {
                    store.save(path, &origin()).unwrap();
                    let read = IrreducibleLosses::open(path).unwrap();
                    read.verify().unwrap();
                    let first = read.of(&ids[..1]).unwrap()[0];
                    assert!([0.0, 1.0, 2.0, 3.0].contains(&first));
                }
            });
        }
    });
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn what_a_killed_process_left_is_taken_over() {
    let (dir, path, ids, losses) = written(10, true);
    let left = dir.path().join(".losses.il.tmp");
    fs::write(&left, vec![7; 1 << 20]).unwrap();
    let store = IrreducibleLosses::new(&ids, &losses).unwrap();
    store.save(&path, &origin()).unwrap();
    assert!(!left.exists());
    assert_eq!(IrreducibleLosses::open(&path).unwrap().of(&ids).unwrap(), losses);
    assert!(fs::metadata(&path).unwrap().len() < 1 << 14);
}

#[cfg(unix)]
#[test]
fn a_link_at_the_temporary_name_is_not_followed() {
    let (dir, path, ids, losses) = written(10, true);
    let other = dir.path().join("precious");
    fs::write(&other, "precious").unwrap();
    std::os::unix::fs::symlink(&other, dir.path().join(".losses.il.tmp")).unwrap();
    IrreducibleLosses::new(&ids, &losses).unwrap().save(&path, &origin()).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
    IrreducibleLosses::open(&path).unwrap().verify().unwrap();
}

#[test]
fn stores_are_iterated_merged_extended_and_exported() {
    for sparse in [false, true] {
        let (dir, path, ids, losses) = written(1_000, sparse);
        let store = IrreducibleLosses::open(&path).unwrap();
        let pairs: Vec<(u64, f32)> = store.iter().unwrap().collect();
        assert!(pairs.iter().copied().eq(ids.iter().copied().zip(losses.iter().copied())));

        let other = IrreducibleLosses::new(&[2, u64::MAX], &[0.5, f32::MAX]).unwrap();
        let merged = IrreducibleLosses::merged([&other, &store]).unwrap();
        assert_eq!(merged.len(), 1_002);
        assert_eq!(merged.of(&[u64::MAX, ids[999], 2]).unwrap(), [f32::MAX, losses[999], 0.5]);
        let twice = IrreducibleLosses::merged([&merged, &other]).unwrap_err();
        assert_eq!(twice, SelectionError::DuplicateId { id: 2 });
        let extended = store.clone().with_default(0.25).unwrap().extended(&[3], &[0.75]).unwrap();
        assert_eq!(extended.of(&[3, 4, ids[5]]).unwrap(), [0.75, 0.25, losses[5]]);
        assert_eq!(store.of(&[3]), Err(SelectionError::MissingId { id: 3, known: 1_000 }));

        use seedbed_rho_selection::store::export;
        #[cfg(feature = "import")]
        use seedbed_rho_selection::store::import;
        let file = |name: &str| dir.path().join(name);
        #[cfg(feature = "import")]
        let same = |back: IrreducibleLosses| {
            assert!(back.iter().unwrap().eq(merged.iter().unwrap()));
        };
        export::csv(&merged, file("losses.csv")).unwrap();
        #[cfg(feature = "import")]
        {
            export::npy(&merged, file("losses.npy"), file("ids.npy")).unwrap();
            same(import::npy(file("losses.npy"), Some(&file("ids.npy"))).unwrap());
            same(import::csv(file("losses.csv"), "id", "loss").unwrap());
            export::safetensors(&merged, file("st")).unwrap();
            same(import::safetensors(file("st"), "losses", Some("ids")).unwrap());
        }
    }
    let empty = IrreducibleLosses::default();
    assert_eq!(empty.iter().unwrap().count(), 0);
    assert!(empty.with_default(f32::NAN).is_err());
    let largest = IrreducibleLosses::new(&[u64::MAX, u64::MAX - 1], &[1.0, 2.0]).unwrap();
    assert_eq!(largest.iter().unwrap().last(), Some((u64::MAX, 1.0)));
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
