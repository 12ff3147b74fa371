//! IDX and CIFAR-10: what is read, and the words of every complaint.

use ndarray::{Array2, ArrayD};
use seedbed_data::cifar100::{self, Labels};
use seedbed_data::{DataDir, DataError, Limits, Problem, cifar, idx};

use crate::samples;

fn parse(bytes: &[u8]) -> Result<ndarray::ArrayD<u8>, DataError> {
    idx::parse(bytes, "x.idx", Limits { bytes: 1 << 16 })
}

fn complaint<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn idx_of_every_rank_plain_and_gzipped() {
    for shape in [&[7][..], &[2, 3], &[2, 3, 4], &[2, 3, 4, 5], &[0], &[3, 0, 2], &[0, 28, 28]] {
        let bytes = samples::idx(shape);
        let array = parse(&bytes).unwrap();
        let expected: Vec<usize> = shape.iter().map(|&d| d as usize).collect();
        assert_eq!(array.shape(), expected);
        assert!(array.iter().enumerate().all(|(i, &x)| x == i as u8));
        assert_eq!(parse(&samples::gzip(&bytes)).unwrap(), array);
        assert_eq!(idx::encode(array.view()), bytes);
    }
}

#[test]
fn gzip_members_in_a_row_are_one_file() {
    let bytes = samples::idx(&[10, 10]);
    let (a, b) = bytes.split_at(33);
    let joined = [samples::gzip(a), samples::gzip(b)].concat();
    assert_eq!(parse(&joined).unwrap(), parse(&bytes).unwrap());
}

#[test]
fn zeros_after_a_gzip_member_are_padding() {
    let bytes = samples::idx(&[10, 10]);
    let whole = parse(&bytes).unwrap();
    let (a, b) = bytes.split_at(33);
    for zeros in [1, 2, 9, 17, 18, 19, 511, 100_000] {
        let padding = vec![0; zeros];
        assert_eq!(parse(&[samples::gzip(&bytes), padding.clone()].concat()).unwrap(), whole);
        // Between members, too, and after an empty one.
        let joined =
            [samples::gzip(a), padding.clone(), samples::gzip(b), padding.clone()].concat();
        assert_eq!(parse(&joined).unwrap(), whole);
        let empty = [samples::gzip(&[]), padding.clone(), samples::gzip(&bytes)].concat();
        assert_eq!(parse(&empty).unwrap(), whole);
        // Anything else is not.
        let noise = [samples::gzip(&bytes), padding.clone(), b"noise".to_vec()].concat();
        let message = complaint(parse(&noise));
        assert!(message.contains("byte 112: broken gzip file"), "{message}");
        let cut = [samples::gzip(&bytes), padding, vec![0x1f, 0x8b]].concat();
        assert!(complaint(parse(&cut)).contains("byte 112: broken gzip file"));
    }
}

#[test]
fn idx_complaints_name_the_byte_and_what_would_be_right() {
    let good = samples::idx(&[2, 3]);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        complaint(parse(&bytes))
    };
    assert_eq!(
        with(0, 1),
        "x.idx: byte 0: the file starts with [01, 00, 08, 02]; \
         an IDX file starts with 00 00 08 and its number of dimensions"
    );
    assert_eq!(
        with(2, 0x0d),
        "x.idx: byte 2: IDX element type 0x0d (32-bit float); only 0x08 (unsigned byte) is read"
    );
    assert_eq!(with(3, 5), "x.idx: byte 3: an array with 5 dimensions; it should have 1 to 4");
    assert_eq!(
        with(4, 255),
        "x.idx: byte 4: shape [4278190082, 3] is announced, which is more than the limit of 65536 bytes"
    );
    assert_eq!(
        complaint(parse(&good[..14])),
        "x.idx: byte 14: the file ends here: 6 bytes should follow from byte 12, 2 do"
    );
    assert_eq!(
        complaint(parse(&good[..6])),
        "x.idx: byte 6: the file ends here: 4 bytes should follow from byte 4, 2 do"
    );
    assert_eq!(
        complaint(parse(&[&good[..], &[9]].concat())),
        "x.idx: byte 18: the data should end here, but more bytes follow"
    );
    let packed = samples::gzip(&good);
    assert_eq!(
        complaint(parse(&packed[..packed.len() - 6])),
        "x.idx: byte 18: broken gzip file: it ends in the middle"
    );
}

#[test]
fn dimensions_of_zero_do_not_hide_an_overflow() {
    let mut bytes = vec![0, 0, 8, 4, 0, 0, 0, 0];
    bytes.extend([0xff; 12]);
    let error = parse(&bytes).unwrap_err();
    let DataError::Malformed { problem: Problem::TooLarge { shape, .. }, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(shape, [0, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff]);
}

#[test]
fn a_gzip_bomb_is_cut_off_where_the_array_should_end() {
    // 64 MiB of zeros behind an array of six elements: 64 KiB packed.
    let bomb = samples::gzip(&[samples::idx(&[2, 3]), vec![0; 1 << 26]].concat());
    assert!(bomb.len() < 1 << 17);
    assert_eq!(
        complaint(idx::parse(&bomb, "bomb.gz", Limits::default())),
        "bomb.gz: byte 18: the data should end here, but more bytes follow"
    );
    // And behind a header that lies about it.
    let bomb = samples::gzip(&[&[0, 0, 8, 1, 4, 0, 0, 0][..], &vec![0; 1 << 26]].concat());
    let limits = Limits { bytes: 1 << 20 };
    assert!(complaint(idx::parse(&bomb, "bomb.gz", limits)).contains("the limit of 1048576 bytes"));
}

#[test]
fn a_header_that_lies_takes_no_memory() {
    // It announces 1 GiB − 1 and has two bytes. Reading grows with the data, so this is immediate.
    let bytes = [0, 0, 8, 1, 0x3f, 0xff, 0xff, 0xff, 1, 2];
    assert_eq!(
        complaint(idx::parse(&bytes, "liar", Limits::default())),
        "liar: byte 10: the file ends here: 1073741823 bytes should follow from byte 8, 2 do"
    );
}

#[test]
fn cifar_turns_planes_into_channels() {
    let bytes = samples::cifar(12);
    let set = cifar::parse(&bytes, "c.bin", Limits::default()).unwrap();
    assert_eq!(set.images().dim(), (12, 32, 32, 3));
    assert_eq!(set.labels()[..4], [0, 1, 2, 3]);
    assert_eq!(set.labels()[11], 1);
    assert_eq!(set.ids()[11], 11);
    for ((_, y, x, c), &value) in set.images().indexed_iter() {
        assert_eq!(usize::from(value), c * 80 + y + x);
    }
    assert_eq!(cifar::parse(&samples::gzip(&bytes), "c.gz", Limits::default()).unwrap(), set);
    assert!(cifar::parse(&[], "empty", Limits::default()).unwrap().is_empty());
}

#[test]
fn cifar_complaints() {
    let mut bytes = samples::cifar(2);
    let parse =
        |bytes: &[u8], limit| complaint(cifar::parse(bytes, "c.bin", Limits { bytes: limit }));
    assert_eq!(
        parse(&bytes[..3083], 1 << 20),
        "c.bin: byte 3083: the file ends here: 3073 bytes should follow from byte 3073, 10 do"
    );
    assert_eq!(
        parse(&bytes, 4000),
        "c.bin: byte 3073: shape [2, 3073] is announced, which is more than the limit of 4000 bytes"
    );
    bytes[3073] = 10;
    assert_eq!(
        parse(&bytes, 1 << 20),
        "c.bin: byte 3073: label 10; there are 10 classes, so it should be below 10"
    );
}

/// Each type there and back, plain and gzipped, and what stands in the bytes.
#[test]
fn idx_of_every_type() {
    fn check<T: idx::Element + PartialEq + std::fmt::Debug>(
        code: u8,
        elements: [T; 6],
        last: &[u8],
    ) {
        let array = Array2::from_shape_vec((2, 3), elements.to_vec()).unwrap().into_dyn();
        let bytes = idx::encode(array.view());
        assert_eq!(bytes[..12], [0, 0, code, 2, 0, 0, 0, 2, 0, 0, 0, 3]);
        assert!(bytes.ends_with(last), "{bytes:?}");
        let read =
            |bytes: &[u8]| -> ArrayD<T> { idx::parse_as(bytes, "x", Limits::default()).unwrap() };
        assert_eq!(read(&bytes), array);
        assert_eq!(read(&samples::gzip(&bytes)), array);
        let size = size_of::<T>() as u64;
        let cut = idx::parse_as::<T>(&bytes[..bytes.len() - 1], "x", Limits::default());
        assert!(complaint(cut).contains(&format!("{} bytes should follow from byte 12", 6 * size)));
        let small = idx::parse_as::<T>(&bytes, "x", Limits { bytes: 6 * size - 1 });
        assert!(
            complaint(small).contains("shape [2, 3] is announced, which is more than the limit")
        );
    }
    check::<u8>(0x08, [0, 1, 2, 3, 4, 255], &[255]);
    check::<i8>(0x09, [0, 1, 2, -3, 127, -128], &[0x80]);
    check::<i16>(0x0b, [0, 1, 2, -3, 32767, -2], &[0xff, 0xfe]);
    check::<i32>(0x0c, [0, 1, 2, -3, i32::MIN, 0x0102_0304], &[1, 2, 3, 4]);
    check::<f32>(0x0d, [0.0, 1.0, -2.5, f32::INFINITY, 1e-45, 1.0], &[0x3f, 0x80, 0, 0]);
    check::<f64>(0x0e, [0.0, 1.0, -2.5, 1e300, 5e-324, -2.0], &[0xc0, 0, 0, 0, 0, 0, 0, 0]);
    let empty = idx::parse_as::<f64>(&[0, 0, 0x0e, 1, 0, 0, 0, 0], "x", Limits { bytes: 0 });
    assert!(empty.is_err_and(|e| e.to_string().contains("limit of 0 bytes")));
    assert_eq!(
        complaint(idx::parse_as::<f64>(&samples::idx(&[2]), "x", Limits::default())),
        "x: byte 2: IDX element type 0x08 (unsigned byte); it should be 0x0e (64-bit float)"
    );
}

#[test]
fn cifar_100_has_two_labels() {
    let mut bytes = Vec::new();
    for (coarse, fine) in [(0, 4), (19, 99), (3, 28)] {
        bytes.extend([coarse, fine]);
        bytes.extend((0..3072).map(|i| (i / 1024 * 80 + i % 1024 / 32 + i % 32) as u8));
    }
    let fine = cifar100::parse(&bytes, "x", Labels::Fine, Limits::default()).unwrap();
    let coarse = cifar100::parse(&bytes, "x", Labels::Coarse, Limits::default()).unwrap();
    let names = |set: &seedbed_data::ImageSet| -> Vec<String> {
        set.labels().iter().map(|&label| set.class_name(label).to_owned()).collect()
    };
    assert_eq!(names(&fine), ["beaver", "worm", "cup"]);
    assert_eq!(names(&coarse), ["aquatic_mammals", "vehicles_2", "food_containers"]);
    assert_eq!((fine.num_classes(), coarse.num_classes()), (100, 20));
    for ((_, y, x, c), &value) in fine.images().indexed_iter() {
        assert_eq!(usize::from(value), c * 80 + y + x);
    }
    assert!(cifar100::FINE.is_sorted() && cifar100::COARSE.is_sorted());
    bytes[3074] = 20;
    assert!(cifar100::parse(&bytes, "x", Labels::Fine, Limits::default()).is_ok());
    assert_eq!(
        complaint(cifar100::parse(&bytes, "x", Labels::Coarse, Limits::default())),
        "x: byte 3074: label 20; there are 20 classes, so it should be below 20"
    );
    bytes[1] = 100;
    assert_eq!(
        complaint(cifar100::parse(&bytes, "x", Labels::Fine, Limits::default())),
        "x: byte 1: label 100; there are 100 classes, so it should be below 100"
    );

    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::new(folder.path());
    assert!(matches!(
        cifar100::load(&dir, Labels::Fine),
        Err(DataError::Missing { what: "CIFAR-100", .. })
    ));
    std::fs::create_dir(folder.path().join("cifar-100-binary")).unwrap();
    for name in ["train.bin", "test.bin"] {
        std::fs::write(folder.path().join("cifar-100-binary").join(name), &bytes[3074 * 2..])
            .unwrap();
    }
    let both = cifar100::load(&dir, Labels::Coarse).unwrap();
    assert_eq!((both.train.labels(), both.test.len()), (&[3][..], 1));
}
