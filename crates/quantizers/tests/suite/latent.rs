//! Latent quantization.

use proptest::prelude::*;
use seedbed_quantizers::{Latent, Quantizer, QuantizerError};

#[test]
fn indices_and_codes_are_one_to_one() {
    for levels in [&[2, 3][..], &[8, 5, 5, 5], &[7], &[4, 4, 4]] {
        let latent = Latent::even(levels).unwrap();
        let all: Vec<u64> = (0..latent.codebook_size(0)).collect();
        assert_eq!(latent.encode(&latent.decode(&all).unwrap()).unwrap(), all, "{levels:?}");
        let zero = latent.encode(&vec![0.0; levels.len()]).unwrap();
        assert!(latent.decode(&zero).unwrap().iter().all(|v| *v == 0.0), "{levels:?}");
    }
    // Indices are integers: beyond 2^24, too.
    let latent = Latent::even(&[8; 12]).unwrap();
    let last = (1_u64 << 36) - 1;
    assert_eq!(
        latent.encode(&latent.decode(&[last, last - 1]).unwrap()).unwrap(),
        [last, last - 1]
    );
}

#[test]
fn bad_input() {
    let says = |result: Result<Latent, QuantizerError>| result.unwrap_err().to_string();
    assert!(says(Latent::even(&[5, 1])).starts_with("levels[1] is 1: it must be from 2"));
    assert!(says(Latent::even(&[])).contains("levels"));
    assert!(says(Latent::even(&[1 << 20; 4])).contains("more than 2^63 codes"));
    assert!(says(Latent::new(vec![vec![1.0], vec![]])).starts_with("levels[1] is 0"));
    let error = says(Latent::new(vec![vec![1.0], vec![0.0, f32::NAN]]));
    assert!(error.starts_with("number 1 of vector 1 is NaN"), "{error}");
    let latent = Latent::even(&[3, 3]).unwrap();
    assert!(matches!(latent.encode(&[0.0, f32::INFINITY]), Err(QuantizerError::NotFinite { .. })));
    assert!(matches!(latent.encode(&[0.0; 3]), Err(QuantizerError::Width { .. })));
    assert!(matches!(latent.decode(&[9]), Err(QuantizerError::IndexRange { index: 9, .. })));
}

proptest! {
    #[test]
    fn the_nearest_value_is_taken_and_of_equal_ones_the_first(
        values in prop::collection::vec(-4_i8..4, 1..9),
        x in -50_i16..50,
    ) {
        let values: Vec<f32> = values.iter().map(|&v| f32::from(v)).collect();
        let x = f32::from(x) / 10.0;
        let latent = Latent::new(vec![values.clone()]).unwrap();
        let least = values.iter().map(|v| (f64::from(x) - f64::from(*v)).abs()).fold(f64::MAX, f64::min);
        let first = values.iter().position(|v| (f64::from(x) - f64::from(*v)).abs() == least).unwrap();
        prop_assert_eq!(latent.encode(&[x]).unwrap(), [first as u64]);
    }
}
