//! Damaged files are refused or read: they never panic, and never take long. (Tests run with checks of overflow.)

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use super::read;
use crate::{IrreducibleLosses, StoreError};

/// A file, and two of its columns.
const FILES: [(&[u8], &str, &str); 10] = {
    const LOSSES: &[u8] = include_bytes!("../../../../tests/data/losses.parquet");
    const TYPES: &[u8] = include_bytes!("../../../../tests/data/types.parquet");
    const CODECS: &[u8] = include_bytes!("../../../../tests/data/codecs.parquet");
    const FIRST: &[u8] = include_bytes!("../../../../tests/data/encodings-1.parquet");
    const SECOND: &[u8] = include_bytes!("../../../../tests/data/encodings-2.parquet");
    [
        (LOSSES, "id", "loss"),
        (TYPES, "uint8", "float16"),
        (CODECS, "id", "SNAPPY"),
        (CODECS, "id", "GZIP"),
        (CODECS, "id", "BROTLI"),
        (CODECS, "id", "LZ4"),
        (FIRST, "delta", "split"),
        (FIRST, "dictionary", "repeated"),
        (SECOND, "delta", "half"),
        (SECOND, "dictionary", "repeated"),
    ]
};

fn import(file: Vec<u8>, id: &str, loss: &str) -> Result<IrreducibleLosses, StoreError> {
    read(&mut Cursor::new(file), Path::new("mutated"), id, loss)
}

/// A generator of numbers (Knuth's).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A file with some bytes changed, cut out, put in or repeated.
fn mutated(whole: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut file = whole.to_vec();
    for _ in 0..1 + numbers.below(4) {
        // Most of what can go wrong lies at the end.
        let from = if numbers.below(2) == 0 { file.len() / 2 } else { 0 };
        let at = from + numbers.below(file.len() - from);
        match numbers.below(7) {
            0 => file[at] ^= 1 << numbers.below(8),
            1 => file[at] = numbers.below(256) as u8,
            2 => file[at] = [0, 0x7f, 0x80, 0xff][numbers.below(4)],
            3 => file.insert(at, [0xff, 0x80, 0, 0x15][numbers.below(4)]),
            4 if file.len() > 20 => drop(file.remove(at)),
            5 => {
                let again = file[at..file.len().min(at + 20)].to_vec();
                drop(file.splice(at..at, again));
            }
            // The longest number.
            _ => (at..file.len().min(at + 5)).for_each(|at| file[at] = 0xff),
        }
    }
    file
}

#[test]
fn a_damaged_file_never_panics_and_never_takes_long() {
    let mut numbers = Numbers(1);
    let mut refused = 0;
    for (whole, id, loss) in FILES {
        import(whole.to_vec(), id, loss).unwrap();
        for _ in 0..1_000 {
            let file = mutated(whole, &mut numbers);
            let begin = Instant::now();
            refused += usize::from(import(file, id, loss).is_err());
            // It takes milliseconds; a machine may have other things to do.
            assert!(begin.elapsed() < Duration::from_secs(20), "{id} {loss}");
        }
    }
    assert!(refused > 5_000, "{refused}");
}

#[test]
fn a_file_that_is_cut_off_is_refused_at_any_length() {
    for (whole, id, loss) in FILES {
        for length in (0..whole.len()).step_by(3) {
            assert!(import(whole[..length].to_vec(), id, loss).is_err(), "{id} {loss} {length}");
        }
    }
}
