use proptest::prelude::*;
use seedbed_kernels::Rng;
use seedbed_kernels::par::serially;
use seedbed_quantizers::{Codebook, Metric, Quantizer, Vq};

fn normal(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| rng.normal() as f32).collect()
}

/// The first of the nearest codes, one distance after the other.
fn naive(x: &[f32], codes: &[f32], dim: usize, metric: Metric) -> Vec<u64> {
    let nearest = |x: &[f32]| {
        let mut best = 0;
        for k in 1..codes.len() / dim {
            let mut gain = 0.0;
            for j in 0..dim {
                let [x, a, b] = [x[j], codes[best * dim + j], codes[k * dim + j]].map(f64::from);
                gain += (b - a) * if metric == Metric::Cosine { x } else { 2.0 * x - a - b };
            }
            if gain > 0.0 {
                best = k;
            }
        }
        best as u64
    };
    x.chunks(dim).map(nearest).collect()
}

fn check(x: &[f32], codes: &[f32], dim: usize, what: &str) {
    let codebook = Codebook::new(codes.to_vec(), dim).unwrap();
    for vq in [Vq::new(codebook.clone()), Vq::cosine(codebook)] {
        let expected = naive(x, codes, dim, vq.metric());
        assert_eq!(vq.encode(x).unwrap(), expected, "{what}, {:?}", vq.metric());
        assert_eq!(serially(|| vq.encode(x).unwrap()), expected, "{what}, on one thread");
    }
}

#[test]
fn the_nearest_code_of_many_sizes() {
    let rng = &mut Rng::new(1);
    for size in [1, 2, 3, 15, 16, 17, 31, 500, 512, 513, 1100] {
        for dim in [1, 2, 5, 64] {
            let (x, codes) = (normal(203 * dim, rng), normal(size * dim, rng));
            check(&x, &codes, dim, &format!("{size} codes of {dim}"));
        }
    }
}

#[test]
fn of_equally_near_codes_the_first() {
    let rng = &mut Rng::new(2);
    let dim = 7;
    let some = normal(40 * dim, rng);
    // Every code three times, in three places.
    let codes = [&some[..], &some, &some].concat();
    let x = normal(100 * dim, rng);
    check(&x, &codes, dim, "repeated codes");
    // All codes alike.
    check(&x, &some[..dim].repeat(600), dim, "one code, many times");
    // Halfway between codes, exactly.
    let line: Vec<f32> = (0..64).map(|i| i as f32).collect();
    let middle: Vec<f32> = (0..63).map(|i| i as f32 + 0.5).collect();
    let vq = Vq::new(Codebook::new(line, 1).unwrap());
    assert_eq!(vq.encode(&middle).unwrap(), (0..63).collect::<Vec<u64>>());
}

#[test]
fn differences_far_below_the_rounding_of_products() {
    let rng = &mut Rng::new(3);
    let dim = 16;
    // Codes that differ by 10⁻⁵ around a point far away: products of f32 cannot tell them apart.
    let centre: Vec<f32> = (0..dim).map(|_| rng.normal() as f32 * 100.0).collect();
    let near = |rng: &mut Rng, n: usize| -> Vec<f32> {
        (0..n * dim).map(|i| centre[i % dim] + rng.normal() as f32 * 1e-4).collect()
    };
    let (codes, x) = (near(rng, 300), near(rng, 100));
    check(&x, &codes, dim, "a tight cluster far away");
}

#[test]
fn huge_and_tiny_numbers() {
    let rng = &mut Rng::new(4);
    let dim = 5;
    for (scale_x, scale_e) in
        [(1e30, 1e30), (1e-30, 1e-30), (1e-42, 1e-42), (1e25, 1.0), (1.0, 1e25), (0.0, 1.0)]
    {
        let scaled = |rng: &mut Rng, n: usize, s: f64| -> Vec<f32> {
            (0..n * dim).map(|_| (rng.normal() * s) as f32).collect()
        };
        let (x, codes) = (scaled(rng, 50, scale_x), scaled(rng, 70, scale_e));
        check(&x, &codes, dim, &format!("{scale_x:e} and {scale_e:e}"));
    }
}

#[test]
fn no_code_depends_on_the_rest_of_the_batch_or_on_threads() {
    let rng = &mut Rng::new(5);
    let (dim, n) = (24, 5000);
    let (x, codes) = (normal(n * dim, rng), normal(700 * dim, rng));
    let vq = Vq::new(Codebook::new(codes, dim).unwrap());
    let together = vq.encode(&x).unwrap();
    assert_eq!(serially(|| vq.encode(&x).unwrap()), together);
    for i in [0, 95, 96, 97, 1234, n - 1] {
        assert_eq!(vq.encode(&x[i * dim..][..dim]).unwrap(), together[i..=i]);
    }
}

proptest! {
    #[test]
    fn decoding_and_encoding_again_changes_nothing(seed in any::<u64>(), size in 1_usize..80, dim in 1_usize..20) {
        let rng = &mut Rng::new(seed);
        let vq = Vq::new(Codebook::new(normal(size * dim, rng), dim).unwrap());
        let tokens = vq.encode(&normal(30 * dim, rng)).unwrap();
        prop_assert_eq!(vq.encode(&vq.decode(&tokens).unwrap()).unwrap(), tokens);
    }

    /// Small integers: distances are exact, and ties are many.
    #[test]
    fn ties_on_a_lattice(x in prop::collection::vec(-3_i8..=3, 60), codes in prop::collection::vec(-3_i8..=3, 3..90)) {
        let float = |v: &[i8]| v.iter().map(|&v| f32::from(v)).collect::<Vec<f32>>();
        let codes = float(&codes[..codes.len() / 3 * 3]);
        check(&float(&x), &codes, 3, "a lattice");
    }
}

#[test]
fn random_projections_are_normalised_projected_and_compared_by_direction() {
    let rng = &mut Rng::new(6);
    let (dim, code_dim, size) = (7, 3, 40);
    let parts: Vec<(Vec<f32>, Vec<f32>)> =
        (0..2).map(|_| (normal(dim * code_dim, rng), normal(size * code_dim, rng))).collect();
    let quantizer =
        seedbed_quantizers::RandomProjection::from_parts(parts.clone(), dim, code_dim, true)
            .unwrap();
    let x: Vec<f32> = normal(50 * dim, rng).iter().map(|x| x * 3.0 + 1.0).collect();
    let found = quantizer.encode(&x).unwrap();
    for (row, found) in x.chunks(dim).zip(found.chunks(2)) {
        let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
        let mean = row.iter().sum::<f64>() / dim as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / dim as f64;
        for ((map, codes), found) in parts.iter().zip(found) {
            let low: Vec<f64> = (0..code_dim)
                .map(|j| {
                    let weight = |i: usize| f64::from(map[i * code_dim + j]);
                    let unit = |x: f64| (x - mean) / (variance + 1e-5).sqrt();
                    row.iter().enumerate().map(|(i, &x)| unit(x) * weight(i)).sum()
                })
                .collect();
            let cosine = |code: &[f32]| {
                let dot: f64 = code.iter().zip(&low).map(|(&e, x)| f64::from(e) * x).sum();
                dot / code.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>().sqrt()
            };
            let all: Vec<f64> = codes.chunks(code_dim).map(cosine).collect();
            let best = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!(all[*found as usize] > best - 1e-5);
        }
    }
    assert!(quantizer.encode(&[f32::NAN; 7]).is_err());
}
