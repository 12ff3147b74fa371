//! Arrays of NumPy.

use proptest::prelude::*;
use seedbed_data::npy::{self, Array, Header, Kind, NpyError, Whole};
use seedbed_data::{DataError, Limits};

#[test]
fn arrays_as_numpy_writes_them() {
    let mut rest = &include_bytes!("../golden/arrays.npy.bin")[..];
    let (mut arrays, mut kinds) = (0, std::collections::HashSet::new());
    while !rest.is_empty() {
        let header = Header::read(&mut &rest[..]).unwrap();
        let (file, more) = rest.split_at((header.begin + header.bytes().unwrap()) as usize);
        rest = more;
        let array = Array::parse(file).unwrap();
        let expected: Vec<f64> = (0..12).map(f64::from).collect();
        assert_eq!((array.shape(), array.to_f64()), (&[2, 3, 2][..], expected.clone()));
        assert!(array.to_f32().iter().zip(&expected).all(|(&a, &b)| f64::from(a) == b));
        match array.whole() {
            None => assert!(array.kind().is_float()),
            Some(Whole::Signed(x)) => assert_eq!(x, (0..12).collect::<Vec<_>>()),
            Some(Whole::Unsigned(x)) => assert_eq!(x, (0..12).collect::<Vec<_>>()),
        }
        kinds.insert(array.kind());
        arrays += 1;
    }
    assert_eq!((arrays, kinds.len()), (11 * 2 * 2 * 3, 11));
}

#[test]
fn numbers_keep_their_sign_and_size() {
    let parsed = |file: &[u8]| Array::parse(file).map(|a| (a.to_f32(), a.to_f64())).unwrap();
    assert_eq!(parsed(&npy::encode(&[2], &[-1_i8, 127])), (vec![-1.0, 127.0], vec![-1.0, 127.0]));
    let large = npy::encode(&[1], &[u64::MAX]);
    assert_eq!(Array::parse(&large).unwrap().whole(), Some(Whole::Unsigned(vec![u64::MAX])));
    assert_eq!(parsed(&large).1, [2_f64.powi(64)]);
    // Rounded once: not by way of f32.
    assert_eq!(parsed(&npy::encode(&[1], &[16_777_217_i64])).1, [16_777_217.0]);
    assert_eq!(parsed(&npy::encode(&[], &[0.1_f64])), (vec![0.1], vec![0.1]));
    assert_eq!(Array::parse(&npy::encode::<f32>(&[0, 7], &[])).unwrap().shape(), [0, 7]);
    assert_eq!(
        npy::encode(&[3], &[1_u8; 3])[..36],
        *b"\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_"
    );
}

fn with_header(version: u8, header: &str, numbers: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([version, 0]);
    file.extend(&(header.len() as u32).to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    file.extend(header.as_bytes());
    file.extend(numbers);
    file
}

#[test]
fn headers_as_other_programs_write_them() {
    for (version, header) in [
        (2, r#"{"descr":">f8","fortran_order":False,"shape":(2L,1L)}"#),
        (1, "{ 'shape' : ( 1 , 2 ) , 'fortran_order' : True , 'descr' : '>f8' }"),
        (3, "{'descr': \">f8\", \"fortran_order\": False, \"shape\": (2,), }"),
    ] {
        let numbers = [1.5_f64, -2.0].map(f64::to_be_bytes).concat();
        let file = with_header(version, header, &numbers);
        assert_eq!(Array::parse(&file).unwrap().to_f64(), [1.5, -2.0], "{header}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let says = |version, header: &str, numbers: &[u8]| {
        Array::parse(&with_header(version, header, numbers)).unwrap_err().to_string()
    };
    let with = |header: &str| says(1, header, &[0; 8]);
    assert!(with("{'descr': '<c8', 'shape': (1,)}").contains("numbers of type <c8; should be"));
    assert!(with("{'descr': '|f4', 'shape': (2,)}").contains("numbers of type |f4"));
    assert!(with("{'descr': [('a', '<f4')], 'shape': (2,)}").contains("a record type"));
    assert!(with("{'descr': '<f4', 'shape': (-2,)}").contains("the shape (-2,); should be whole"));
    assert!(with("{'shape': (2,)}").contains("without a type"));
    assert!(with("{'descr': '<f4'}").contains("without a shape"));
    assert!(with("").contains("without a type"));
    let short = with("{'descr': '<f4', 'shape': (3,)}");
    assert_eq!(short, "is a truncated NPY file: its shape (3,) takes 12 bytes, 8 follow");
    let long = with("{'descr': '<f4', 'shape': ()}");
    assert_eq!(long, "is a too long NPY file: its shape () takes 4 bytes, 8 follow");
    let huge = format!("{{'descr': '<f8', 'shape': ({}, 2)}}", 1_u64 << 62);
    assert!(with(&huge).contains("takes more than can be counted"), "{}", with(&huge));
    // A side of 0 hides no overflow of the others.
    let hidden = format!("{{'descr': '<f8', 'shape': ({}, 2, 0)}}", 1_u64 << 62);
    assert!(with(&hidden).contains("more than can be counted"));
    assert!(says(9, "", &[]).contains("version 9"));
    assert!(says(2, &" ".repeat(1 << 17), &[]).contains("at most 65536"));
    let good = npy::encode(&[4, 2], &[1.0_f32; 8]);
    for length in 0..good.len() {
        let error = Array::parse(&good[..length]).unwrap_err();
        assert!(error.to_string().contains("truncated"), "{length}: {error}");
    }
    assert!(matches!(Array::parse(b"\x93NUMPX\x01\x00"), Err(NpyError::Magic)));
}

#[test]
fn files_are_read_within_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    std::fs::write(&path, npy::encode(&[100], &[0.5_f32; 100])).unwrap();
    assert_eq!(npy::read(&path, Limits { bytes: 400 }).unwrap().to_f32(), [0.5; 100]);
    let said = |limit| npy::read(&path, Limits { bytes: limit }).unwrap_err().to_string();
    assert!(said(399).contains("shape [100] is announced, which is more than the limit of 399"));
    // A header that lies takes no memory.
    std::fs::write(&path, npy::prefix(Kind::F64, &[1 << 50])).unwrap();
    assert!(said(u64::MAX).contains("byte 128: the file is a truncated NPY file"), "{}", said(1));
    std::fs::write(&path, b"PK").unwrap();
    assert!(said(1).contains("byte 0: the file is no NPY file"));
    assert!(matches!(npy::read(folder.path(), Limits::default()), Err(DataError::Io { .. })));
}

#[test]
#[should_panic(expected = "npy::encode: numbers for the shape (2, 3)")]
fn numbers_that_are_no_array() {
    npy::encode(&[2, 3], &[1_u16; 5]);
}

/// The order of rows of numbers that lie in Fortran's order, element by element.
fn naive_by_rows(shape: &[usize], columns: &[u16]) -> Vec<u16> {
    let mut at = vec![0; shape.len()];
    let rows = (0..columns.len()).map(|mut n| {
        for (axis, &side) in shape.iter().enumerate().rev() {
            at[axis] = n % side;
            n /= side;
        }
        let from = shape.iter().zip(&at).rev().fold(0, |from, (&side, &i)| from * side + i);
        columns[from]
    });
    rows.collect()
}

proptest! {
    #[test]
    fn the_order_of_columns_is_turned(shape in prop::collection::vec(1_usize..5, 0..5)) {
        let count: usize = shape.iter().product();
        let columns: Vec<u16> = (0..count as u16).collect();
        let tuple = npy::tuple(&shape);
        let header = format!("{{'descr': '<u2', 'fortran_order': True, 'shape': {tuple}, }}");
        let bytes: Vec<u8> = columns.iter().flat_map(|x| x.to_le_bytes()).collect();
        let file = with_header(1, &header, &bytes);
        let expected = naive_by_rows(&shape, &columns).into_iter().map(u64::from).collect();
        prop_assert_eq!(Array::parse(&file).unwrap().whole(), Some(Whole::Unsigned(expected)));
    }

    #[test]
    fn what_is_written_is_read(numbers in prop::collection::vec(any::<i32>(), 0..50)) {
        let file = npy::encode(&[numbers.len()], &numbers);
        let wide = numbers.iter().map(|&x| x.into()).collect();
        prop_assert_eq!(Array::parse(&file).unwrap().whole(), Some(Whole::Signed(wide)));
    }

    #[test]
    fn no_bytes_are_too_wrong(mut file in prop::collection::vec(any::<u8>(), 0..300), keep in 0_usize..130) {
        let good = npy::encode(&[4, 2], &[1.0_f32; 8]);
        let keep = keep.min(file.len());
        file[..keep].copy_from_slice(&good[..keep]);
        let _ = Array::parse(&file);
    }
}

#[test]
fn shapes_that_cannot_be_written() {
    let panics = |shape: &[usize]| {
        let shape = shape.to_vec();
        std::panic::catch_unwind(move || npy::encode(&shape, &[0_u8; 0])).is_err()
    };
    assert!(panics(&[1 << 63, 2]), "the product is 0 where it wraps");
    assert!(panics(&[1; 30_000]));
    assert!(!panics(&[0, 1 << 20]));
}
