//! Residual VQ by beam search.

use seedbed_kernels::Rng;
use seedbed_quantizers::{Beam, Codebook, Quantizer, QuantizerError, Residual, Vq};

fn normal(n: usize, seed: u64) -> Vec<f32> {
    let rng = &mut Rng::new(seed);
    (0..n).map(|_| rng.normal() as f32).collect()
}

/// Stages of random codes, each half as large as those before.
fn stages(sizes: &[usize], dim: usize) -> Residual<Vq> {
    let stage = |(i, &size): (usize, &usize)| {
        let codes =
            normal(size * dim, 40 + i as u64).into_iter().map(|e| e * 0.5_f32.powi(i as i32));
        Vq::new(Codebook::new(codes.collect(), dim).unwrap())
    };
    Residual::new(sizes.iter().enumerate().map(stage).collect()).unwrap()
}

fn error(x: &[f32], y: &[f32]) -> f64 {
    x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum()
}

#[test]
fn a_width_of_one_is_the_greedy_search() {
    let residual = stages(&[30, 600, 7], 5);
    let x = normal(400 * 5, 1);
    let beam = Beam::new(residual.clone(), 1).unwrap();
    assert_eq!(beam.encode(&x).unwrap(), residual.encode(&x).unwrap());
    let mut narrow = vec![0_u32; 1200];
    beam.encode_into(&x, (&mut narrow).into(), &mut Default::default()).unwrap();
    assert!(narrow.iter().zip(beam.encode(&x).unwrap()).all(|(&a, b)| u64::from(a) == b));
}

#[test]
fn a_beam_that_keeps_all_finds_the_best_of_all_sums() {
    let residual = stages(&[4, 5, 6], 3);
    let beam = Beam::new(residual.clone(), 120).unwrap();
    for x in normal(50 * 3, 2).chunks(3) {
        let found = error(x, &beam.decode(&beam.encode(x).unwrap()).unwrap());
        let all = (0..120_u64).map(|i| [i / 30, i / 6 % 5, i % 6]);
        let best =
            all.map(|sum| error(x, &residual.decode(&sum).unwrap())).fold(f64::MAX, f64::min);
        assert!(found <= best * (1.0 + 1e-6), "{found}, the best is {best}");
    }
}

#[test]
fn wider_beams_leave_less_and_tokens_depend_on_the_vector_alone() {
    let residual = stages(&[64; 4], 8);
    let x = normal(500 * 8, 3);
    let mut last = error(&x, &residual.decode(&residual.encode(&x).unwrap()).unwrap());
    for width in [2, 4, 16] {
        let beam = Beam::new(residual.clone(), width).unwrap();
        let tokens = beam.encode(&x).unwrap();
        let left = error(&x, &beam.decode(&tokens).unwrap());
        assert!(left < 0.97 * last, "{width}: {left}, before {last}");
        last = left;
        let alone = x[160..176].chunks(8).flat_map(|x| beam.encode(x).unwrap());
        assert!(alone.eq(tokens[80..88].iter().copied()));
    }
}

#[test]
fn of_equal_sums_the_first_is_taken() {
    let one = |codes: &[f32]| Vq::new(Codebook::new(codes.to_vec(), 1).unwrap());
    let residual = Residual::new(vec![one(&[1.0, 1.0, -1.0]), one(&[0.0, 0.0])]).unwrap();
    let beam = Beam::new(residual, 6).unwrap();
    assert_eq!(beam.encode(&[1.0, 0.0]).unwrap(), [0, 0, 0, 0]);
}

#[test]
fn bad_input() {
    let residual = stages(&[4, 4], 3);
    let says = |result: Result<Beam, QuantizerError>| result.unwrap_err().to_string();
    assert_eq!(says(Beam::new(residual.clone(), 0)), "width is 0, but should be at least 1");
    let cosine = Residual::new(vec![Vq::cosine(Codebook::new(vec![1.0, -1.0], 1).unwrap())]);
    assert!(says(Beam::new(cosine.unwrap(), 2)).starts_with("metric is cosine"));
    let beam = Beam::new(residual, 3).unwrap();
    assert!(says(beam.clone().summed(&[1.0])).starts_with("weights has 1 entries"));
    assert!(says(beam.clone().summed(&[1.0, -1.0])).starts_with("weights is -1"));
    let error = beam.encode(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0]).unwrap_err();
    assert!(matches!(error, QuantizerError::NotFinite { vector: 1, channel: 1, .. }), "{error}");
    assert!(matches!(beam.encode(&[0.0; 4]), Err(QuantizerError::Width { .. })));
    assert!(matches!(beam.decode(&[0, 4]), Err(QuantizerError::IndexRange { position: 1, .. })));
    // Products that overflow say nothing; distances in double precision do.
    let huge = Residual::new(vec![Vq::new(Codebook::new(vec![3e38, -3e38], 1).unwrap())]).unwrap();
    assert_eq!(Beam::new(huge, 2).unwrap().encode(&[-3e38, 3e38]).unwrap(), [1, 0]);
}
