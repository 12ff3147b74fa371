#![no_main]
//! Gzipped IDX: as it comes, and packed here so that the fuzzer also gets past the checksum.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use seedbed_data::{Limits, idx};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 20 };
    let direct = idx::parse(bytes, "x", limits);
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        let packed = idx::parse(&encoder.finish().unwrap(), "x", limits);
        // Also the complaints: they speak of the unpacked bytes.
        let text = |result: Result<_, seedbed_data::DataError>| result.map_err(|e| e.to_string());
        assert_eq!(text(packed), text(direct));
    }
});
