//! Extreme sizes, numbers and files: a right value or an error, never a hang, an abort or NaN.

#[cfg(feature = "train")]
mod accepted;
#[cfg(all(feature = "train", feature = "interop"))]
mod files;
#[cfg(feature = "train")]
mod learners;

use seedbed_kernels::Rng;
use seedbed_quantizers::usage::{Usage, adaptive_bits};
use seedbed_quantizers::{
    Beam, Codebook, Fsq, Heads, Lfq, Metric, Quantizer, QuantizerError, Radix, RandomProjection,
    Residual, ResidualFsq, Scaled, StageScale, Vq, kmeans,
};

/// The value with each of its numbers replaced by each of some others, one at a time, and lists that are empty or long.
#[cfg(feature = "train")]
fn with_extremes(value: &serde_json::Value, whole: &[u64], real: &[f64]) -> Vec<serde_json::Value> {
    use serde_json::{Value, json};
    let mut all = Vec::new();
    match value {
        Value::Number(_) => {
            all.extend(whole.iter().map(|x| json!(x)));
            all.extend(real.iter().map(|x| json!(x)));
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                for other in with_extremes(item, whole, real) {
                    let mut items = items.clone();
                    items[i] = other;
                    all.push(Value::Array(items));
                }
            }
            all.push(json!([]));
            all.push(Value::Array(vec![items.clone(); 100].concat()));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                for other in with_extremes(field, whole, real) {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), other);
                    all.push(Value::Object(fields));
                }
            }
        }
        _ => (),
    }
    all
}

fn says<T: std::fmt::Debug>(result: Result<T, QuantizerError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn sizes_that_cannot_be() {
    for n in [usize::MAX, 1 << 63, 1 << 48] {
        assert!(says(Heads::new(Lfq::new(2).unwrap(), n)).contains("at most 65536"));
        let rng = &mut Rng::new(0);
        let means = says(kmeans(&[0.0, 1.0], 2, n, 1, Metric::Euclidean, rng));
        assert!(means.contains("memory"), "{means}");
        let found = says(RandomProjection::new(n, 2, 2, 2, rng));
        assert!(found.contains("memory"), "{found}");
        for [code_dim, size, heads] in [[n, 2, 2], [2, n, 2], [2, 2, n]] {
            assert!(says(RandomProjection::new(4, code_dim, size, heads, rng)).contains("memory"));
        }
        let stage = Vq::new(Codebook::new(vec![0.0, 1.0], 1).unwrap());
        let residual = Residual::new(vec![stage]).unwrap();
        assert!(says(Beam::new(residual, n)).contains("width is"));
        let large = Vq::new(Codebook::new((0..1 << 14).map(|i| i as f32).collect(), 1).unwrap());
        let residual = Residual::new(vec![large.clone(), large]).unwrap();
        assert!(Beam::new(residual.clone(), 1 << 13).is_ok());
        assert!(says(Beam::new(residual, 1 << 14)).contains("at most 67108864 candidates"));
        // A window of any length is possible: no more is kept than comes.
        let mut usage = Usage::sliding(4, n);
        usage.count((&[1_u32, 1, 2]).into());
        assert_eq!((usage.total(), usage.used()), (3, 2));
    }
}

#[test]
fn stages_whose_steps_double_precision_does_not_have() {
    assert!(says(ResidualFsq::new(&[1 << 22], 64)).contains("with 4194304 levels"));
    assert!(says(ResidualFsq::new(&[2, 1 << 20], 54)).contains("with 1048576 levels"));
    // With steps of 1/(L − 1), two levels have the same scale at every stage.
    let same = ResidualFsq::with_scale(&[2], 64, StageScale::Steps, true).unwrap();
    let many = ResidualFsq::new(&[1 << 22], 47).unwrap();
    for fsq in [same, many] {
        for x in [0.0, 0.3, -1e-30, f32::MAX, f32::MIN] {
            let tokens = fsq.encode(&[x]).unwrap();
            assert!(fsq.decode(&tokens).unwrap()[0].is_finite(), "{x}");
        }
    }
}

#[test]
fn digits_and_indices_that_do_not_exist() {
    let radix = Radix::new(&[2; 63]).unwrap();
    let panics = |f: &(dyn Fn() + std::panic::RefUnwindSafe)| std::panic::catch_unwind(f).is_err();
    assert!(panics(&|| _ = Radix::new(&[3, 4]).unwrap().index(&[3, 0])));
    assert!(panics(&|| _ = Radix::new(&[2; 63]).unwrap().index(&[u32::MAX; 63])));
    assert!(panics(&|| Radix::new(&[3, 4]).unwrap().digits(12, &mut [0; 2])));
    let mut digits = [0; 63];
    radix.digits((1 << 63) - 1, &mut digits);
    assert_eq!((digits, radix.index(&digits)), ([1; 63], (1 << 63) - 1));
}

#[test]
fn numbers_beyond_a_scale_s_range_are_beyond_every_code() {
    let fsq = Scaled::new(Fsq::new(&[5]).unwrap(), vec![0.0], vec![1e-30]).unwrap();
    assert_eq!(fsq.encode(&[1e30, -1e30, 0.0]).unwrap(), [4, 0, 2]);
    let far = Scaled::new(Lfq::new(1).unwrap(), vec![-3e38], vec![1.0]).unwrap();
    assert_eq!(far.encode(&[3e38]).unwrap(), [1]);
}

#[test]
fn usage_of_nothing() {
    let usage = Usage::new(0);
    assert_eq!((usage.share(), usage.entropy_bits(), usage.perplexity()), (0.0, 0.0, 1.0));
    assert_eq!(usage.dead().count(), 0);
    let masked = [3, u64::MAX, 3, 16];
    assert_eq!(adaptive_bits((&masked).into(), 16), adaptive_bits((&[3_u64, 3]).into(), 16));
    assert_eq!(adaptive_bits((&masked).into(), 0), 0.0);
}

#[test]
fn means_of_millions_of_vectors() {
    // A running sum in single precision is 100958.34 after a million.
    let x = vec![0.1_f32; 1_000_000];
    for (metric, right) in [(Metric::Euclidean, 0.1_f32), (Metric::Cosine, 1.0)] {
        let found = kmeans(&x, 1, 1, 1, metric, &mut Rng::new(0)).unwrap();
        assert_eq!((found.means[0], found.sizes[0]), (right, 1_000_000));
    }
    let mut usage = Usage::new(1 << 40);
    let code = |i: u64| i % 3 * (1 << 30);
    usage.count((&(0..3_000_000).map(code).collect::<Vec<u64>>()).into());
    assert!((usage.perplexity() - 3.0).abs() < 1e-12);
}

#[test]
fn a_vector_of_zeros_has_no_direction_and_gets_the_first_code() {
    let vq = Vq::by_direction(vec![0.0, 0.0, 1.0, 0.0, 0.0, 2.0], 2).unwrap();
    assert_eq!(vq.encode(&[0.0, 0.0, 1e-30, 0.0, 0.0, 3e38]).unwrap(), [0, 1, 2]);
    assert_eq!(vq.decode(&[0, 2]).unwrap(), [0.0, 0.0, 0.0, 2.0]);
}

#[test]
fn means_that_stand_still_are_found() {
    let x: Vec<f32> = (0..200).map(|i| ((i * 37) % 101) as f32).collect();
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let of = |iterations| kmeans(&x, 2, 5, iterations, metric, &mut Rng::new(1)).unwrap();
        assert_eq!(of(usize::MAX), of(300));
    }
}
