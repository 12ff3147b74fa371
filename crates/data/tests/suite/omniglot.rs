//! Omniglot from its official archives and from a stacked IDX file.

use std::fs;

use seedbed_data::omniglot::{self, Part};
use seedbed_data::{DataDir, DataError, Limits};

use crate::samples;

fn parse(bytes: &[u8], side: usize) -> Result<omniglot::Omniglot, DataError> {
    omniglot::parse_archive(bytes, "bg.zip", Part::Background, side, Limits { bytes: 1 << 20 })
}

#[test]
fn an_archive_in_the_order_of_its_names() {
    let set = parse(&samples::omniglot(), 105).unwrap();
    let names = ["Greek/character01", "Latin/character01", "Latin/character02"];
    assert_eq!(set.images.class_names(), names);
    assert_eq!(set.images.labels(), [0, 0, 1, 1, 2]);
    assert_eq!(set.characters[1].alphabet, "Latin");
    assert_eq!(set.images.images().dim(), (5, 105, 105, 1));
    // Ink is 255: the drawings are told apart by how many rows have it.
    let ink_rows: Vec<usize> = set
        .images
        .images()
        .outer_iter()
        .map(|image| image.outer_iter().filter(|row| row.iter().all(|&x| x == 255)).count())
        .collect();
    assert_eq!(ink_rows, [15, 30, 0, 105, 2]);

    let small = parse(&samples::omniglot(), 28).unwrap();
    assert_eq!(small.images.images().dim(), (5, 28, 28, 1));
    // 15 of 105 rows are four of 28.
    let column: Vec<u8> = (0..6).map(|y| small.images.images()[[0, y, 14, 0]]).collect();
    assert_eq!(column, [255, 255, 255, 255, 0, 0]);
}

#[test]
fn complaints_about_archives_name_the_archive_or_its_entry() {
    let complaint = |bytes: &[u8]| parse(bytes, 28).unwrap_err().to_string();
    assert!(complaint(b"PK, but no archive").starts_with("bg.zip: byte 0: broken zip archive"));
    let nothing = samples::zip(&[("readme.txt", b"hello")]);
    assert_eq!(complaint(&nothing), "bg.zip: byte 0: no PNG image in it");
    let flat = samples::zip(&[("a.png", &samples::drawing(1))]);
    assert!(complaint(&flat).contains(
        "the name \"a.png\"; it should look like images_background/Greek/character01/0394_01.png"
    ));
    let broken = samples::zip(&[("x/Greek/character01/1.png", b"not an image")]);
    let message = complaint(&broken);
    assert!(message.starts_with("bg.zip/x/Greek/character01/1.png: byte "), "{message}");
    assert!(message.contains("broken PNG image"), "{message}");
    // An entry that unpacks to far more than a drawing.
    let bomb = samples::zip(&[("x/Greek/character01/1.png", &vec![0; 1 << 24])]);
    assert!(bomb.len() < 1 << 16);
    assert!(complaint(&bomb).contains("more than the limit of 1048576 bytes"));
}

#[test]
fn sizes_that_make_no_sense() {
    for side in [0, 106] {
        let message = parse(&samples::omniglot(), side).unwrap_err().to_string();
        assert_eq!(message, format!("side is {side}; it should be from 1 to 105"));
    }
}

const TABLE: &str = "class,alphabet,character,code,split
0,Greek,character01,0001,background
1,\"Old, Latin\",character01,0002,evaluation
";

#[test]
fn stacked_drawings_with_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let (drawings, classes) =
        (folder.path().join("omniglot28-idx4-ubyte.gz"), folder.path().join("classes.csv"));
    fs::write(&drawings, samples::gzip(&samples::idx(&[2, 3, 4, 4]))).unwrap();
    fs::write(&classes, TABLE).unwrap();
    let set = omniglot::load(&DataDir::new(folder.path()), 4).unwrap();
    assert_eq!(set.images.labels(), [0, 0, 0, 1, 1, 1]);
    assert_eq!(set.images.class_names(), ["Greek/character01", "Old, Latin/character01"]);
    assert_eq!(set.rows_of(Part::Background), [0, 1, 2]);
    assert_eq!(set.rows_of(Part::Evaluation), [3, 4, 5]);
    assert_eq!(set.images.images()[[3, 0, 1, 0]], 49);

    let half = omniglot::load(&DataDir::new(folder.path()), 2).unwrap();
    // The mean of 0, 1, 4 and 5, rounded.
    assert_eq!(half.images.images()[[0, 0, 0, 0]], 3);

    let complaint = |table: &str, side| {
        fs::write(&classes, table).unwrap();
        omniglot::read_stacked(&drawings, &classes, side).unwrap_err().to_string()
    };
    let message = complaint(TABLE, 5);
    assert_eq!(message, "side is 5; it should be at most 4, the side of the drawings in the file");
    let message = complaint(&TABLE.replace("\n1,", "\n2,"), 4);
    assert!(
        message.ends_with("byte 72: class 2; the lines should be in order, so it should be 1"),
        "{message}"
    );
    let message = complaint(&TABLE.replace("evaluation", "test"), 4);
    assert!(message.contains("byte 72: broken CSV table"), "{message}");
    let twice = TABLE.replace("code", "alphabet");
    let message = complaint(&twice, 4);
    assert!(message.contains("broken CSV table") && message.contains("alphabet"), "{message}");
    let message = complaint(TABLE.split_inclusive('\n').take(2).collect::<String>().as_str(), 4);
    assert!(message.ends_with("byte 0: 1 lines; there should be 2"), "{message}");
}

#[test]
fn both_archives_make_one_set() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::new(folder.path());
    let message = omniglot::load(&dir, 28).unwrap_err().to_string();
    assert!(message.contains("images_background.zip"), "{message}");

    fs::write(folder.path().join("images_background.zip"), samples::omniglot()).unwrap();
    let message = omniglot::load(&dir, 28).unwrap_err().to_string();
    assert!(message.contains("images_evaluation.zip") && message.contains("brendenlake/omniglot"));

    let evaluation = samples::zip(&[("e/Elvish/character01/1.png", &samples::drawing(1))]);
    fs::write(folder.path().join("images_evaluation.zip"), evaluation).unwrap();
    let set = omniglot::load(&dir, 28).unwrap();
    assert_eq!(set.images.labels(), [0, 0, 1, 1, 2, 3]);
    assert_eq!(set.rows_of(Part::Evaluation), [5]);
    assert_eq!(set.images.class_name(3), "Elvish/character01");
    assert!(set.images.ids().iter().copied().eq(0..6));
}
