#![no_main]
//! NPY: what is accepted has as many numbers as its shape says.

use libfuzzer_sys::fuzz_target;
use seedbed_data::npy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = npy::Array::parse(bytes) {
        let count: usize = array.shape().iter().product();
        assert_eq!((array.to_f32().len(), array.to_f64().len()), (count, count));
    }
});
