use seedbed_kernels::Rng;
use seedbed_quantizers::usage::{Usage, adaptive_bits};
use seedbed_quantizers::{Cause, Codebook, Metric, Vq, kmeans, why_dead};

fn normal(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| rng.normal() as f32).collect()
}

fn causes(codes: Vec<f32>, x: &[f32]) -> Vec<Cause> {
    why_dead(&Vq::new(Codebook::new(codes, 4).unwrap()), x).unwrap().causes
}

#[test]
fn each_cause_is_found() {
    let rng = &mut Rng::new(1);
    let x = normal(4 * 2000, rng);
    let means = kmeans(&x, 4, 64, 10, Metric::Euclidean, rng).unwrap().means;
    let healthy = why_dead(&Vq::new(Codebook::new(means.clone(), 4).unwrap()), &x).unwrap();
    assert!(healthy.dead == 0 && healthy.causes.is_empty(), "{healthy}");
    assert!(healthy.perplexity > 40.0);

    let small = means.iter().map(|e| e * 0.01).collect();
    assert!(matches!(causes(small, &x)[..], [Cause::Scale { ratio }, ..] if ratio < 0.02));
    let moved = means.iter().map(|e| e + 5.0).collect();
    assert!(
        causes(moved, &x)
            .iter()
            .any(|c| matches!(c, Cause::Place { deviations } if *deviations > 3.0))
    );
    let twice = [&means[..], &means].concat();
    assert!(causes(twice, &x).contains(&Cause::Repeated { codes: 64 }));
    // A quarter of the codes stayed where the data was.
    let mut left = means.clone();
    left[..64].iter_mut().for_each(|e| *e = *e * 0.5 + 4.0);
    assert!(
        causes(left, &x).iter().any(|c| matches!(c, Cause::LeftBehind { ratio } if *ratio > 2.0))
    );
    let few = causes(means.clone(), &x[..4 * 20]);
    assert!(few.contains(&Cause::TooFewVectors { vectors: 20, codes: 64 }));
    let alike = causes(means, &[1.0, 2.0, 3.0, 4.0].repeat(100));
    assert!(alike.iter().any(|c| matches!(c, Cause::FewDifferentVectors { .. })));
}

#[test]
fn a_window_forgets_what_is_old() {
    let mut usage = Usage::sliding(8, 4);
    usage.count((&[0_u32, 1, 2, 3]).into());
    assert_eq!((usage.used(), usage.total()), (4, 4));
    usage.count((&[5_u32, 5, 5]).into());
    assert_eq!((usage.used(), usage.total(), usage.count_of(5)), (2, 4, 3));
    assert_eq!(usage.histogram(), [(5, 3), (3, 1)]);
    // What names no code is not counted.
    usage.count((&[u64::MAX, 8]).into());
    assert_eq!(usage.total(), 4);
    usage.clear();
    assert_eq!((usage.used(), usage.total(), usage.perplexity()), (0, 0, 1.0));
}

#[test]
fn an_adaptive_coder_pays_for_what_it_has_to_learn() {
    let rng = &mut Rng::new(2);
    let uniform: Vec<u32> = (0..20_000).map(|_| rng.below(16) as u32).collect();
    let bits = adaptive_bits((&uniform).into(), 16);
    assert!((4.0..4.02).contains(&bits), "{bits}");
    // The same in a codebook of which a thousandth is used: the first time of each code is dear.
    let sparse = adaptive_bits((&uniform).into(), 16_000);
    assert!(sparse > bits + 0.3, "{sparse} and {bits}");
}
