//! Irreducible losses from Parquet files, good and bad; `scripts/import_fixtures.py` wrote those in `tests/data`.

use std::path::{Path, PathBuf};

use seedbed_rho_selection::IrreducibleLosses;
use seedbed_rho_selection::store::import::parquet;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The five losses that most fixtures have.
fn are_those(losses: &IrreducibleLosses) {
    assert_eq!(losses.len(), 5);
    assert_eq!(losses.of(&[10, 20, 30, 40, 50]).unwrap(), [1.5, 0.25, 2.5, 0.5, 4.0]);
}

fn said(path: &Path, id: &str, loss: &str) -> String {
    parquet(path, id, loss).unwrap_err().to_string()
}

#[test]
fn columns_are_read_and_wrong_ones_refused() {
    let path = data("losses.parquet");
    are_those(&parquet(&path, "id", "loss").unwrap());
    for (id, loss, right) in [
        ("id", "il", "has no column \"il\", but id, loss, gap"),
        ("loss", "loss", "row 0: loss is 0.5, must be a whole number, at least 0"),
        ("id", "id", "row 0: id is 40, must be a float"),
        ("id", "gap", "row 1: gap is null, must be a float"),
    ] {
        let message = said(&path, id, loss);
        assert!(message.ends_with(right), "{message}");
    }
    let message = said(&data("ids.npy"), "id", "loss");
    assert!(message.ends_with("cannot be read as Parquet: it does not begin and end with PAR1"));
    let message = said(&data("twice.parquet"), "id", "loss");
    assert!(
        message.ends_with("has 2 columns \"loss\": which is meant cannot be told"),
        "{message}"
    );
}

#[test]
fn every_type_of_numbers() {
    let path = data("types.parquet");
    for bits in [8, 16, 32, 64] {
        for id in [format!("int{bits}"), format!("uint{bits}")] {
            for loss in ["float16", "float32", "float64"] {
                are_those(&parquet(&path, &id, loss).unwrap());
            }
        }
    }
    for (column, holds) in [
        ("name", "strings or bytes"),
        ("list", "lists or structures"),
        ("pair", "lists or structures"),
        ("day", "dates or times"),
    ] {
        let message = said(&path, column, "float32");
        let right = format!("the column {column:?} holds {holds}, must hold numbers");
        assert!(message.ends_with(&right), "{message}");
    }
}

#[test]
fn every_compression() {
    for codec in ["NONE", "SNAPPY", "GZIP", "BROTLI", "LZ4", "ZSTD"] {
        are_those(&parquet(data("codecs.parquet"), "id", codec).unwrap());
    }
}

#[test]
fn every_encoding_in_pages_of_both_versions() {
    let ids: Vec<u64> = (0..700).map(|i| 3 * i).collect();
    for version in [1, 2] {
        let path = data(&format!("encodings-{version}.parquet"));
        let of = |id, loss| parquet(&path, id, loss).unwrap().of(&ids).unwrap();
        for id in ["plain", "dictionary"] {
            let split = of(id, "split");
            assert!((0..700).all(|i| split[i] == i as f32 / 8.0), "{id}");
            assert_eq!(of(id, "half"), split);
            let repeated = of(id, "repeated");
            assert!((0..700).all(|i| repeated[i] == (i / 100) as f32), "{id}");
        }
        // The differences run down.
        let split = of("delta", "split");
        assert!((0..700).all(|i| split[i] == (699 - i) as f32 / 8.0));
    }
}

/// A Parquet file of one row with this description and this page.
fn of_one_row(dir: &Path, page: &[u8], rows: u8, codec: u8) -> PathBuf {
    // zigzag numbers in one or two bytes
    let chunk = |name: u8, physical: u8, from: u8, bytes: u8| {
        let meta = [
            &[
                0x15,
                2 * physical,
                0x19,
                0x15,
                0,
                0x19,
                0x18,
                1,
                name,
                0x15,
                2 * codec,
                0x16,
                2 * rows,
            ][..],
            &[0x16, 0, 0x16, 2 * bytes, 0x26, 2 * from, 0],
        ];
        [&[0x3c][..], &meta.concat(), &[0]].concat()
    };
    let element = |name: u8, physical: u8| [0x15, 2 * physical, 0x25, 0, 0x18, 1, name, 0].to_vec();
    let length = page.len() as u8;
    let footer = [
        &[0x15, 2, 0x19, 0x3c, 0x48, 1, b'r', 0x15, 4, 0][..],
        &element(b'i', 2),
        &element(b'l', 4),
        &[0x16, 2 * rows, 0x19, 0x1c, 0x19, 0x2c],
        &chunk(b'i', 2, 4, length),
        &chunk(b'l', 4, 4, length),
        &[0x16, 0, 0x16, 2 * rows, 0, 0],
    ]
    .concat();
    let file = [b"PAR1", page, &footer, &(footer.len() as u32).to_le_bytes()[..], b"PAR1"].concat();
    let path = dir.join("made.parquet");
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn sizes_are_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    // A plain page of one number of 8 bytes: a type, two sizes, then its own structure with a count and three encodings.
    let sizes = [0x15, 0, 0x15, 16, 0x15, 16, 0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0];
    let good = [&sizes[..], &[7, 0, 0, 0, 0, 0, 0, 0]].concat();
    let path = of_one_row(dir.path(), &good, 1, 0);
    let losses = parquet(&path, "i", "l").unwrap();
    assert_eq!(losses.of(&[7]).unwrap(), [f32::from_bits(7)]);

    let message = said(&of_one_row(dir.path(), &good, 2, 0), "i", "l");
    assert!(message.ends_with("a column has fewer numbers than there are rows"), "{message}");
    // It says that it unpacks to 2 GiB less one: that is what took 1.9 GB.
    let large = [
        &[0x15, 0, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 16],
        &sizes[6..],
        &[7, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    for codec in [1, 6, 7] {
        let message = said(&of_one_row(dir.path(), &large, 1, codec), "i", "l");
        let right = "a page says it unpacks to 2147483647 bytes, which are too many for its count of numbers, 1";
        assert!(message.ends_with(right), "{message}");
    }
    // A number of rows that no such file can have.
    let mut bytes = std::fs::read(of_one_row(dir.path(), &good, 1, 0)).unwrap();
    let at = bytes.windows(2).position(|pair| pair == [0x16, 2]).unwrap();
    bytes.splice(at + 1..at + 2, [0xfe, 0xff, 0xff, 0xff, 0xff, 0x3f]);
    let (end, length) = (bytes.len() - 8, bytes[bytes.len() - 8]);
    bytes[end] = length + 5;
    std::fs::write(&path, &bytes).unwrap();
    let message = said(&path, "i", "l");
    assert!(message.ends_with("and says it has 1099511627775 rows"), "{message}");
    let message = said(&of_one_row(dir.path(), &good, 1, 3), "i", "l");
    assert!(
        message.contains("compressed with LZO; Snappy, gzip, Brotli, LZ4 and Zstandard"),
        "{message}"
    );
}
