#![no_main]
//! PNG images of every kind, and resizing what comes out.

use libfuzzer_sys::fuzz_target;
use seedbed_data::{Channels, Limits, png_image, resize};

fuzz_target!(|bytes: &[u8]| {
    let channels = if bytes.len() % 2 == 0 { Channels::Gray } else { Channels::Rgb };
    if let Ok(image) = png_image::decode(bytes, channels, "x", Limits { bytes: 1 << 20 }) {
        assert_eq!(image.dim().2, channels.count());
        let small = resize(image.view(), [5, 7]);
        assert_eq!(small.dim(), (5, 7, channels.count()));
    }
});
