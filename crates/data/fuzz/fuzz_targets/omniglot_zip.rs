#![no_main]
//! Omniglot's archives: every label has a class, every class a drawing.

use libfuzzer_sys::fuzz_target;
use seedbed_data::Limits;
use seedbed_data::omniglot::{Part, parse_archive};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(set) = parse_archive(bytes, "x", Part::Background, 28, Limits { bytes: 1 << 20 }) {
        assert_eq!(set.characters.len(), set.images.num_classes());
        assert!(set.images.class_counts().iter().all(|&count| count > 0));
    }
});
