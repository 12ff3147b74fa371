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
        "/tests/data/ids.npy: holds I64, losses must be floats (F16, BF16, F32 or F64)"
    );
    assert_eq!(
        said(import::npy(data("losses.npy"), Some(&data("losses.npy")))),
        "/tests/data/losses.npy: holds F32, ids must be whole numbers"
    );
    assert_eq!(
        said(import::npy(data("square.npy"), None)),
        "/tests/data/square.npy: has the shape (2, 2), must have one dimension"
    );
    assert!(said(import::npy(data("missing.npy"), None)).contains("cannot read it"));
}

#[test]
fn npy_of_every_type_and_order_of_bytes() {
    for losses in ["losses", "losses-half", "losses-big-endian", "matrix"] {
        for ids in ["ids", "ids-big-endian", "ids-bytes"] {
            let (losses, ids) = (data(&format!("{losses}.npy")), data(&format!("{ids}.npy")));
            are_those(&import::npy(losses, Some(&ids)).unwrap());
        }
    }
}

#[test]
fn npy_headers_as_other_programs_write_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.npy");
    let import = |header: &str, bytes: &[u8]| {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(bytes);
        std::fs::write(&path, file).unwrap();
        import::npy(&path, None)
    };
    let two = [1.5_f32, 0.25].map(f32::to_le_bytes).concat();
    for header in [
        r#"{"descr": "<f4", "fortran_order": False, "shape": (2,)}"#,
        "{'shape':(2L,),'fortran_order':False,'descr':'<f4'}",
        "{ 'fortran_order' : True , 'shape' : ( 1 , 2 ) , 'descr' : '=f4' }",
        "{'descr': '<f4', \"fortran_order\": False, \"shape\": (2, 1), }",
    ] {
        assert_eq!(import(header, &two).unwrap().of(&[0, 1]).unwrap(), [1.5, 0.25], "{header}");
    }
    for (header, right) in [
        (
            "{'descr': '<c8', 'shape': (2,)}",
            "has numbers of type <c8; should be floats (f2, f4, f8) or whole numbers (i1 to i8, u1 to u8)",
        ),
        (
            "{'descr': '|f4', 'shape': (2,)}",
            "has numbers of type |f4; should be floats (f2, f4, f8) or whole numbers (i1 to i8, u1 to u8)",
        ),
        (
            "{'descr': [('a', '<f4')], 'shape': (2,)}",
            "has numbers of type a record type; should be floats (f2, f4, f8) or whole numbers (i1 to i8, u1 to u8)",
        ),
        ("{'shape': (2,)}", "is an NPY file without a type"),
        ("{'descr': '<f4'}", "is an NPY file without a shape"),
        ("{'descr': '<f8', 'shape': ()}", "has the shape (), must have one dimension"),
        (
            "{'descr': '<f4', 'shape': (-2,)}",
            "has the shape (-2,); should be whole numbers from 0 on",
        ),
        (
            "{'descr': '<f8', 'shape': (2305843009213693953,)}",
            "takes more than can be counted, 8 follow",
        ),
    ] {
        let message = import(header, &two).unwrap_err().to_string();
        assert!(message.ends_with(right), "{message}");
    }
    let negative = "{'descr': '<i4', 'shape': (2,)}";
    import(negative, &[3, 0, 0, 0, 254, 255, 255, 255]).unwrap_err();
    let message = said(import::npy(data("losses.npy"), Some(&path)));
    assert!(!message.is_empty());
    let message = import::npy(data("losses.npy"), Some(&path)).unwrap_err().to_string();
    assert!(message.ends_with("the id -2, at position 1, is negative"), "{message}");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path(), Path::new("/dev/zero")] {
        let message = import::npy(path, None).unwrap_err().to_string();
        assert!(message.ends_with("is no regular file"), "{message}");
        let message = IrreducibleLosses::open(path).unwrap_err().to_string();
        assert!(message.ends_with("is no regular file"), "{message}");
    }
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
    are_those(&import::safetensors(&path, "matrix", Some("ids")).unwrap());
    let message = said(import::safetensors(&path, "losses", Some("losses")));
    assert!(message.ends_with("\"losses\": holds F32, ids must be whole numbers"), "{message}");
    let message = said(import::safetensors(&path, "ids", None));
    let right = "\"ids\" holds I64, losses must be floats (F16, BF16, F32 or F64)";
    assert!(message.ends_with(right), "{message}");
    let path = data("types.safetensors");
    for losses in ["float16", "bfloat16", "float32", "float64"] {
        for bits in [8, 16, 32, 64] {
            for ids in [format!("int{bits}"), format!("uint{bits}")] {
                are_those(&import::safetensors(&path, losses, Some(&ids)).unwrap());
            }
        }
    }
    let message = said(import::safetensors(&path, "square", None));
    assert!(message.ends_with("\"square\" has the shape [2, 2], must have one dimension"));
    assert!(
        said(import::safetensors(data("ids.npy"), "x", None)).contains("is no safetensors file")
    );
}

#[cfg(feature = "import")]
#[test]
fn a_name_that_comes_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("twice");
    let tensor =
        |at: u64| format!(r#"{{"dtype":"F32","shape":[1],"data_offsets":[{at},{}]}}"#, at + 4);
    let header = format!(r#"{{"a":{},"b":{},"a":{}}}"#, tensor(0), tensor(4), tensor(8));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend([0.5_f32, 1.0, 2.0].map(f32::to_le_bytes).concat());
    std::fs::write(&path, file).unwrap();
    let message = import::safetensors(&path, "a", None).unwrap_err().to_string();
    assert!(message.contains("twice: "), "{message}");

    std::fs::write(&path, "id,loss,other,other,loss\n1,2,3,4,5\n").unwrap();
    let said = |loss| import::csv(&path, "id", loss).unwrap_err().to_string();
    let right = "has 2 columns \"loss\": which is meant cannot be told";
    assert!(said("loss").ends_with(right), "{}", said("loss"));
    assert!(said("other").ends_with("has 2 columns \"other\": which is meant cannot be told"));
    // Others may come as often as they like.
    std::fs::write(&path, "\u{feff}id,loss,other,other\n1,2,3,4\n").unwrap();
    assert_eq!(import::csv(&path, "id", "loss").unwrap().of(&[1]).unwrap(), [2.0]);
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
