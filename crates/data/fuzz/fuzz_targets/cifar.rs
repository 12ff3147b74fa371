#![no_main]
//! CIFAR-10 records: what is accepted is whole records.

use libfuzzer_sys::fuzz_target;
use seedbed_data::{Limits, cifar};

fuzz_target!(|bytes: &[u8]| {
    let gzipped = bytes.starts_with(&[0x1f, 0x8b]);
    if let Ok(set) = cifar::parse(bytes, "x", Limits { bytes: 1 << 20 })
        && !gzipped
    {
        assert_eq!(set.len() * 3073, bytes.len());
    }
});
