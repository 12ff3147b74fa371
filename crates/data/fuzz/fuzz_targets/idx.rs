#![no_main]
//! IDX: what is accepted is the whole file, so it encodes to the same bytes.

use libfuzzer_sys::fuzz_target;
use seedbed_data::{Limits, idx};

fuzz_target!(|bytes: &[u8]| {
    let gzipped = bytes.starts_with(&[0x1f, 0x8b]);
    if let Ok(array) = idx::parse(bytes, "x", Limits { bytes: 1 << 20 })
        && !gzipped
    {
        assert_eq!(idx::encode(array.view()), bytes);
    }
});
