//! Valid files, broken at random: every reader answers with an array or an error, and never panics.
//! `fuzz/` does the same without end.

use proptest::prelude::*;
use proptest::sample::Index;
use seedbed_data::omniglot::{self, Part};
use seedbed_data::{Channels, DataError, Limits, cifar, idx, png_image};

use crate::samples;

const LIMITS: Limits = Limits { bytes: 1 << 20 };

/// One thing that happens to a file.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, u8),
    Insert(Index, Vec<u8>),
    Append(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || proptest::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(i, b)| Damage::Set(i, b)),
        (any::<Index>(), 0..8_u8).prop_map(|(i, b)| Damage::Flip(i, b)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), 1..9_u8).prop_map(|(i, n)| Damage::Remove(i, n)),
        (any::<Index>(), bytes()).prop_map(|(i, b)| Damage::Insert(i, b)),
        bytes().prop_map(Damage::Append),
    ]
}

fn apply(bytes: &mut Vec<u8>, damages: &[Damage]) {
    for damage in damages {
        let at = |i: &Index| i.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match damage {
            Damage::Append(more) => bytes.extend(more),
            _ if bytes.is_empty() => {}
            Damage::Set(i, b) => {
                let i = at(i);
                bytes[i] = *b;
            }
            Damage::Flip(i, bit) => {
                let i = at(i);
                bytes[i] ^= 1 << bit;
            }
            Damage::Cut(i) => bytes.truncate(at(i)),
            Damage::Remove(i, n) => {
                let start = at(i);
                let end = bytes.len().min(start + usize::from(*n));
                bytes.drain(start..end);
            }
            Damage::Insert(i, more) => {
                let i = at(i);
                bytes.splice(i..i, more.iter().copied());
            }
        }
    }
}

/// An error must be about the file: name it, and a byte no further than the end of what it unpacks to.
fn check_error(error: &DataError, name: &str, unpacked: u64) -> Result<(), TestCaseError> {
    match error {
        DataError::Malformed { file, offset, .. } => {
            prop_assert!(file.starts_with(name), "{error}");
            prop_assert!(*offset <= unpacked, "{error}");
            Ok(())
        }
        _ => Err(TestCaseError::fail(format!("not about the file: {error}"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn idx_plain(damages in proptest::collection::vec(damage(), 1..4)) {
        let mut bytes = samples::idx(&[3, 5, 4]);
        apply(&mut bytes, &damages);
        match idx::parse(&bytes, "x", LIMITS) {
            // What is read without an error is the whole file.
            Ok(array) => prop_assert_eq!(idx::encode(array.view()), bytes),
            Err(error) => check_error(&error, "x", bytes.len() as u64)?,
        }
    }

    #[test]
    fn idx_gzipped(inner in proptest::collection::vec(damage(), 0..3), outer in proptest::collection::vec(damage(), 0..3)) {
        let mut bytes = samples::idx(&[3, 5, 4]);
        apply(&mut bytes, &inner);
        let mut packed = samples::gzip(&bytes);
        apply(&mut packed, &outer);
        match idx::parse(&packed, "x", LIMITS) {
            Ok(array) => prop_assert!(array.len() as u64 <= LIMITS.bytes),
            Err(error) => check_error(&error, "x", LIMITS.bytes)?,
        }
    }

    #[test]
    fn cifar_records(damages in proptest::collection::vec(damage(), 1..4)) {
        let mut bytes = samples::cifar(2);
        apply(&mut bytes, &damages);
        match cifar::parse(&bytes, "x", LIMITS) {
            Ok(set) => prop_assert_eq!(set.len() * 3073, bytes.len()),
            Err(error) => check_error(&error, "x", bytes.len() as u64)?,
        }
    }

    #[test]
    fn png_images(kind in 0..3_usize, damages in proptest::collection::vec(damage(), 1..4)) {
        let mut bytes = match kind {
            0 => samples::drawing(30),
            1 => samples::png(2, 2, png::ColorType::Indexed, png::BitDepth::One, &[0x40, 0x80]),
            _ => samples::png(2, 2, png::ColorType::Rgba, png::BitDepth::Eight, &[7; 16]),
        };
        apply(&mut bytes, &damages);
        match png_image::decode(&bytes, Channels::Rgb, "x", LIMITS) {
            Ok(image) => prop_assert!(image.len() as u64 <= LIMITS.bytes),
            Err(error) => check_error(&error, "x", bytes.len() as u64)?,
        }
    }

    #[test]
    fn archives(damages in proptest::collection::vec(damage(), 1..6)) {
        let mut bytes = samples::omniglot();
        apply(&mut bytes, &damages);
        match omniglot::parse_archive(&bytes, "x", Part::Background, 28, LIMITS) {
            Ok(set) => prop_assert!(!set.images.is_empty()),
            Err(error) => check_error(&error, "x", u64::MAX)?,
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = idx::parse(&bytes, "x", LIMITS);
        let _ = cifar::parse(&bytes, "x", LIMITS);
        let _ = png_image::decode(&bytes, Channels::Gray, "x", LIMITS);
        let _ = omniglot::parse_archive(&bytes, "x", Part::Background, 28, LIMITS);
    }
}
