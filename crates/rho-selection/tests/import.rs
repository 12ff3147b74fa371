//! Irreducible losses from files of other programs; `scripts/import_fixtures.py` wrote those in `tests/data`.

use std::path::{Path, PathBuf};

use seedbed_rho_selection::store::import;
use seedbed_rho_selection::{IrreducibleLosses, StoreError};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The five losses that every fixture has.
fn are_those(losses: &IrreducibleLosses) {
    assert_eq!(losses.len(), 5);
    assert_eq!(losses.of(&[10, 20, 30, 40, 50]).unwrap(), [1.5, 0.25, 2.5, 0.5, 4.0]);
}

fn said(result: Result<IrreducibleLosses, StoreError>) -> String {
    let message = result.unwrap_err().to_string();
    message.replace(env!("CARGO_MANIFEST_DIR"), "")
}

#[test]
fn npy() {
    are_those(&import::npy(data("losses.npy"), Some(&data("ids.npy"))).unwrap());
    let in_order = import::npy(data("losses.npy"), None).unwrap();
    assert_eq!(in_order.of(&[0, 4]).unwrap(), [0.5, 4.0]);
    assert_eq!(
        said(import::npy(data("ids.npy"), None)),
        "/tests/data/ids.npy: holds I64, losses must be F32 or F64"
    );
    assert_eq!(
        said(import::npy(data("losses.npy"), Some(&data("losses.npy")))),
        "/tests/data/losses.npy: ids must be whole numbers of 32 or 64 bits"
    );
    assert_eq!(
        said(import::npy(data("matrix.npy"), None)),
        "/tests/data/matrix.npy: has the shape (5, 1), must have one dimension"
    );
    assert!(said(import::npy(data("missing.npy"), None)).contains("cannot read it"));
}

#[test]
fn a_damaged_npy_file_is_refused() {
    let whole = std::fs::read(data("losses.npy")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.npy");
    for len in [0, 5, 6, 9, 60, whole.len() - 1] {
        std::fs::write(&path, &whole[..len]).unwrap();
        let message = said(import::npy(&path, None));
        assert!(message.contains("NPY file"), "{len}: {message}");
    }
    let mut nan = whole.clone();
    let at = nan.len() - 4;
    nan[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, nan).unwrap();
    let message = said(import::npy(&path, None));
    assert!(message.ends_with("irreducible loss of example 4 is NaN: it must be finite"));
}

#[cfg(feature = "import")]
#[test]
fn safetensors() {
    let path = data("losses.safetensors");
    are_those(&import::safetensors(&path, "losses", Some("ids")).unwrap());
    assert_eq!(import::safetensors(&path, "losses", None).unwrap().of(&[1]).unwrap(), [1.5]);
    let message = said(import::safetensors(&path, "loss", None));
    assert!(message.contains("has no tensor \"loss\", but "), "{message}");
    let message = said(import::safetensors(&path, "matrix", None));
    assert!(message.ends_with("\"matrix\" has the shape [5, 1], must have one dimension"));
    let message = said(import::safetensors(&path, "losses", Some("losses")));
    assert!(message.ends_with("\"losses\": ids must be whole numbers of 32 or 64 bits"));
    assert!(
        said(import::safetensors(data("ids.npy"), "x", None)).contains("is no safetensors file")
    );
}

#[cfg(feature = "import")]
#[test]
fn csv() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("losses.csv");
    let import = |text: &str| {
        std::fs::write(&path, text).unwrap();
        import::csv(&path, "id", "loss")
    };
    let good = "name,loss,id\na,0.5,40\n\"b, c\", 1.5 ,10\nd,2.5,30\ne,2.5e-1,20\nf,4,50\n";
    are_those(&import(good).unwrap());
    for (text, right) in [
        ("id,il\n1,2\n", "has no column \"loss\", but id, il"),
        (
            "id,loss\n1,0.5\n-2,0.5\n",
            "line 3: the id is \"-2\", must be a whole number, at least 0",
        ),
        ("id,loss\n1,much\n", "line 2: the loss is \"much\", must be a number"),
        ("id,loss\n1,0.5\n1,0.5\n", "id 1 is given twice: ids must be unique"),
        ("id,loss\n3,NaN\n", "irreducible loss of example 3 is NaN: it must be finite"),
    ] {
        let message = import(text).unwrap_err().to_string();
        assert!(message.ends_with(right), "{message}");
    }
    assert!(import("id,loss\n1,2,3\n").is_err(), "a line with more fields");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet() {
    let path = data("losses.parquet");
    are_those(&import::parquet(&path, "id", "loss").unwrap());
    for (id, loss, right) in [
        ("id", "il", "has no column \"il\", but id, loss, gap"),
        ("loss", "loss", "row 0: loss is 0.5, must be a whole number, at least 0"),
        ("id", "id", "row 0: id is 40, must be a float"),
        ("id", "gap", "row 1: gap is null, must be a float"),
    ] {
        let message = said(import::parquet(&path, id, loss));
        assert!(message.ends_with(right), "{message}");
    }
    let message = said(import::parquet(data("ids.npy"), "id", "loss"));
    assert!(message.contains("cannot be read as Parquet"), "{message}");
}
