//! Learners without vectors, with extreme ones, and with extreme settings.

use seedbed_autodiff::{Float, Rng, Tensor, value_and_grad_aux};
use seedbed_nn::{Config, ConfigError};
use seedbed_quantizers::Metric;
use seedbed_quantizers::train::*;

/// One of each kind, for vectors of 4 numbers, with every loss.
fn kinds() -> Vec<LearnerConfig> {
    let vq = VqConfig { dim: 4, codebook_size: 8, ..Default::default() };
    let learnt = VqConfig {
        learning: CodebookLearning::Gradient,
        orthogonal: Some(Orthogonal { weight: 1.0, active_only: true, most: None }),
        diversity: Some(Diversity { weight: 1.0, inverse_temperature: 100.0 }),
        ..vq.clone()
    };
    let curve = Estimator::SpaceFilling { variance: 0.01 };
    let lfq = LfqConfig { bits: 4, commitment: 0.25, ..Default::default() };
    vec![
        LearnerConfig::Vq(vq.clone()),
        LearnerConfig::Vq(VqConfig { metric: Metric::Cosine, ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { sampling: Some(1.0), heads: 2, ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { estimator: curve, ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { estimator: Estimator::Diveq { variance: 0.01 }, ..learnt }),
        LearnerConfig::Vq(VqConfig {
            affine: Some(AffineMoments::default()),
            separate_codebooks: true,
            heads: 2,
            ..vq.clone()
        }),
        LearnerConfig::SimVq(SimVqConfig { dim: 4, codebook_size: 8, ..Default::default() }),
        LearnerConfig::Fsq(FsqConfig { noise_dropout: Some(0.5), ..Default::default() }),
        LearnerConfig::Lfq(lfq.clone()),
        LearnerConfig::Lfq(LfqConfig { spherical: true, ..lfq.clone() }),
        LearnerConfig::ResidualVq(ResidualVqConfig { stage: vq, ..Default::default() }),
        LearnerConfig::ResidualFsq(ResidualFsqConfig::default()),
        LearnerConfig::ResidualLfq(ResidualLfqConfig { stage: lfq, ..Default::default() }),
        LearnerConfig::Latent(LatentConfig::default()),
    ]
}

/// A training step; whether losses, values and gradients are finite.
fn step<F: Float>(learner: &mut AnyLearner<F>, x: &Tensor<F>, mask: Option<&[bool]>, name: &str) {
    let rng = &mut Rng::new(7);
    let (loss, (seen, values), (gradient, of_x)) =
        value_and_grad_aux(&(learner.clone(), x.clone()), |(learner, x)| {
            let out = learner.forward_train(x, mask, rng);
            (out.values.sum(..) + out.losses.total(), (out.seen, out.values))
        });
    assert!(loss.item().is_finite(), "{name}: the loss is {}", loss.item());
    let finite = |x: &Tensor<F>| x.data().iter().all(|x| x.is_finite());
    assert!(finite(&values) && finite(&of_x), "{name}: {values:?} {of_x:?}");
    use seedbed_autodiff::Module as _;
    assert!(gradient.params().iter().all(finite), "{name}: a gradient is not finite");
    learner.update(&seen, rng);
    assert!(learner.named().iter().all(|(_, _, x)| finite(x)), "{name}: after the update");
}

fn each<F: Float>(f: impl Fn(&mut AnyLearner<F>, &str)) {
    for (i, config) in kinds().into_iter().enumerate() {
        let mut learner = config.build::<F>(&mut Rng::new(1)).unwrap();
        f(&mut learner, &format!("kind {i}: {config:?}"));
    }
}

#[test]
fn no_vectors_at_all() {
    each::<f32>(|learner, name| {
        step(learner, &Tensor::zeros(&[0, 4]), None, name);
        step(learner, &Tensor::zeros(&[2, 0, 4]), None, name);
        step(learner, &Tensor::ones(&[3, 4]), Some(&[false; 3]), name);
        let out =
            learner.forward_train(&Tensor::ones(&[3, 4]), Some(&[false; 3]), &mut Rng::new(0));
        assert!(out.indices.iter().all(|&i| i == MASKED) && out.values == Tensor::zeros(&[3, 4]));
    });
    let ibq = IbqConfig { dim: 4, codebook_size: 8, ..Default::default() }.check().unwrap();
    let ibq = IndexBackprop::<f32>::new(&ibq, &mut Rng::new(0));
    let out = ibq.forward_train(&Tensor::zeros(&[0, 4]), None, &mut Rng::new(0));
    assert_eq!(out.losses.total().item(), 0.0);
}

#[test]
fn vectors_of_zeros_and_equal_ones() {
    each::<f32>(|learner, name| {
        step(learner, &Tensor::zeros(&[5, 4]), None, name);
        step(learner, &Tensor::full(&[5, 4], 0.3), None, name);
        step(learner, &Tensor::full(&[1, 4], -1e-30), None, name);
    });
}

#[test]
fn directions_of_large_and_small_vectors() {
    let row = [0.6_f32, -0.8, 0.3, 0.2];
    let scaled = |scale: f32| Tensor::<f32>::new(row.map(|x| x * scale).to_vec(), &[1, 4]);
    let spherical = LfqConfig { bits: 4, spherical: true, entropy: 0.0, ..Default::default() };
    let lfq = LookupFree::<f32>::new(&spherical.check().unwrap(), &mut Rng::new(0));
    let cosine =
        VqConfig { dim: 4, codebook_size: 8, metric: Metric::Cosine, ..Default::default() };
    let vq = VectorQuantizer::<f32>::new(&cosine.check().unwrap(), &mut Rng::new(0));
    let loss = |of: &dyn Fn(&Tensor) -> Losses, scale| of(&scaled(scale)).total().item();
    let of_vq = |x: &Tensor| vq.forward_train(x, None, &mut Rng::new(0)).losses;
    let right = loss(&of_vq, 1.0);
    for scale in [1e25, 1e37] {
        assert!((loss(&of_vq, scale) - right).abs() < 1e-5, "{scale}: {}", loss(&of_vq, scale));
    }
    for scale in [1e-11, 1e25, 1e37] {
        let length = |x: &Tensor| lfq.forward_train(x, None, &mut Rng::new(0)).values;
        assert_eq!(length(&scaled(scale)), length(&scaled(1.0)));
    }
}

#[test]
fn distances_far_from_zero_are_distances() {
    // Codes 1 apart at 10⁴: of squares of single precision, differences would be multiples of 8.
    let config = VqConfig {
        dim: 1,
        codebook_size: 4,
        learning: CodebookLearning::Gradient,
        diversity: Some(Diversity { weight: 1.0, inverse_temperature: 2.0 }),
        commitment: 0.0,
        codebook: 0.0,
        ..Default::default()
    };
    let entropy = |offset: f32| {
        let config = config.clone().check().unwrap();
        let mut vq = VectorQuantizer::<f32>::new(&config, &mut Rng::new(0));
        let codes = [0.0, 1.0, 2.0, 3.0].map(|e| e + offset).to_vec();
        vq.learned = Some(Tensor::new(codes, &[1, 4, 1]));
        let x = Tensor::new([0.25, 2.5].map(|x| x + offset).to_vec(), &[2, 1]);
        vq.forward_train(&x, None, &mut Rng::new(0)).losses.get("diversity").unwrap().item()
    };
    let right = entropy(0.0);
    for offset in [1e3, 1e4, -1e5] {
        assert!(
            (entropy(offset) - right).abs() < 1e-2,
            "{offset}: {} for {right}",
            entropy(offset)
        );
    }
}

#[test]
fn certain_bits_have_no_entropy() {
    let x = Tensor::<f32>::new(vec![1e20, -1e20, 3e38, -3e38], &[2, 2]);
    for factor in [1.0, 1e20, 1e30] {
        let (found, slope) = {
            let x = x.clone();
            seedbed_autodiff::value_and_grad(&x, |x| code_entropies(x, factor, 12).index(0, 0))
        };
        assert_eq!((found.item(), slope.to_vec()), (0.0, vec![0.0; 4]), "{factor}");
    }
    let nan = Tensor::<f32>::new(vec![f32::NAN, 1.0], &[1, 2]);
    assert!(code_entropies(&nan, 1.0, 12).data()[0].is_nan());
}

#[test]
fn averages_of_many_vectors_and_slow_ones() {
    let config = |decay| VqConfig {
        dim: 1,
        codebook_size: 1,
        learning: CodebookLearning::Average { decay, epsilon: 0.0 },
        revival: None,
        ..Default::default()
    };
    // Of a million vectors in one code.
    let mut vq = VectorQuantizer::<f32>::new(&config(0.5).check().unwrap(), &mut Rng::new(0));
    let x = Tensor::<f32>::full(&[1_000_000, 1], 0.1);
    let seen = vq.forward_train(&x, None, &mut Rng::new(0)).seen;
    (0..30).for_each(|_| _ = vq.update(&seen, &mut Rng::new(0)));
    assert!((vq.codes().data()[0] - 0.1).abs() < 1e-7, "{}", vq.codes().data()[0]);
    // As slowly as it may be.
    let mut vq = VectorQuantizer::<f32>::new(&config(0.99999).check().unwrap(), &mut Rng::new(0));
    let first = vq.codes().data()[0];
    let x = Tensor::<f32>::full(&[1, 1], f64::from(first) + 1.0);
    let seen = vq.forward_train(&x, None, &mut Rng::new(0)).seen;
    (0..1000).for_each(|_| _ = vq.update(&seen, &mut Rng::new(0)));
    let moved = vq.codes().data()[0] - first;
    assert!((moved - 0.00995).abs() < 2e-4, "{moved}");
    assert_eq!(config(0.999_999_99).check().unwrap_err().field, "learning.decay");
}

#[test]
fn a_code_without_vectors_stays_where_it_is() {
    let config = VqConfig {
        dim: 1,
        codebook_size: 2,
        learning: CodebookLearning::Average { decay: 0.5, epsilon: 0.0 },
        revival: None,
        ..Default::default()
    };
    let mut vq = VectorQuantizer::<f32>::new(&config.check().unwrap(), &mut Rng::new(0));
    let codes = [0.7_f32, 5.0];
    let tensor = |x: [f32; 2]| Some(Tensor::new(x.to_vec(), &[1, 2, 1]));
    (vq.fixed, vq.sums) = (tensor(codes), tensor(codes));
    for _ in 0..300 {
        let seen = vq.forward_train(&Tensor::full(&[8, 1], 0.7), None, &mut Rng::new(0)).seen;
        vq.update(&seen, &mut Rng::new(0));
    }
    let found = vq.codes().to_vec();
    assert!((found[0] - 0.7).abs() < 1e-6 && (found[1] - 5.0).abs() < 1e-3, "{found:?}");
}

fn field<C: Config>(config: C) -> String {
    match config.check() {
        Err(ConfigError { field, .. }) => field,
        Ok(_) => "nothing".into(),
    }
}

#[test]
fn settings_that_cannot_be() {
    for n in [usize::MAX, 1 << 63, 1 << 40] {
        let vq = VqConfig::default;
        assert_eq!(field(VqConfig { dim: n, ..vq() }), "dim");
        assert_eq!(field(VqConfig { codebook_size: n, ..vq() }), "codebook_size");
        assert_eq!(field(VqConfig { heads: n, codebook_dim: Some(2), ..vq() }), "heads");
        assert_eq!(field(VqConfig { codebook_dim: Some(n), ..vq() }), "codebook_dim");
        assert_eq!(field(SimVqConfig { dim: n, ..Default::default() }), "dim");
        assert_eq!(field(SimVqConfig { frozen_dim: Some(n), ..Default::default() }), "frozen_dim");
        assert_eq!(field(IbqConfig { codebook_size: n, ..Default::default() }), "codebook_size");
        assert_eq!(field(FsqConfig { codebooks: n, ..Default::default() }), "codebooks");
        assert_eq!(field(FsqConfig { dim: Some(n), ..Default::default() }), "dim");
        assert_eq!(field(LfqConfig { codebooks: n, ..Default::default() }), "codebooks");
        assert_eq!(field(LatentConfig { codebooks: n, ..Default::default() }), "codebooks");
        assert_eq!(field(ResidualVqConfig { stages: n, ..Default::default() }), "stages");
        assert_eq!(field(ResidualLfqConfig { stages: n, ..Default::default() }), "stages");
        assert_eq!(field(ResidualFsqConfig { stages: n, ..Default::default() }), "levels");
        assert_eq!(field(ResidualFsqConfig { dim: Some(n), ..Default::default() }), "dim");
    }
    let book = VqConfig { codebook_size: 1 << 31, dim: 1 << 31, ..Default::default() };
    assert_eq!(field(book), "codebook_size");
    for x in [1e300, f64::MAX] {
        let lfq = LfqConfig::default;
        assert_eq!(field(LfqConfig { scale: x, ..lfq() }), "scale");
        assert_eq!(field(LfqConfig { inverse_temperature: x, ..lfq() }), "inverse_temperature");
        assert_eq!(field(LfqConfig { entropy: x, ..lfq() }), "entropy");
        assert_eq!(field(VqConfig { commitment: x, ..Default::default() }), "commitment");
        assert_eq!(field(VqConfig { sampling: Some(x), ..Default::default() }), "sampling");
        assert_eq!(field(VqConfig { sampling: Some(1.0 / x), ..Default::default() }), "sampling");
        let revival = Some(Revival { threshold: 0.1, reset: x });
        assert_eq!(field(VqConfig { revival, ..Default::default() }), "revival.reset");
        let diversity = Some(Diversity { weight: 1.0, inverse_temperature: x });
        let found = field(VqConfig { diversity, ..Default::default() });
        assert_eq!(found, "diversity.inverse_temperature");
    }
    let tiny = LfqConfig { scale: 1e-300, ..Default::default() };
    assert_eq!(field(tiny), "scale");
    // Squares of such codes, and products of such weights, are beyond single precision.
    for x in [1e20, 3e38] {
        assert_eq!(field(LfqConfig { scale: x, ..Default::default() }), "scale");
        assert_eq!(field(LfqConfig { diversity: x, ..Default::default() }), "diversity");
        assert_eq!(field(LatentConfig { commitment: x, ..Default::default() }), "commitment");
        assert_eq!(field(SimVqConfig { weight: x, ..Default::default() }), "weight");
        assert_eq!(field(IbqConfig { beta: x, ..Default::default() }), "beta");
    }
}

#[test]
fn extreme_settings_that_can_be() {
    let x = Tensor::<f32>::normal(&[6, 4], 0.0, 1e3, &mut Rng::new(0));
    let base = VqConfig {
        dim: 4,
        codebook_size: 8,
        learning: CodebookLearning::Gradient,
        ..Default::default()
    };
    for t in [1e-12, 1e12] {
        let diversity = Some(Diversity { weight: 1.0, inverse_temperature: t });
        for config in [
            LearnerConfig::Vq(VqConfig { sampling: Some(t), ..base.clone() }),
            LearnerConfig::Vq(VqConfig { diversity, ..base.clone() }),
            LearnerConfig::Lfq(LfqConfig { bits: 4, inverse_temperature: t, ..Default::default() }),
        ] {
            let mut learner = config.build::<f32>(&mut Rng::new(1)).unwrap();
            step(&mut learner, &x, None, &format!("{config:?}"));
        }
    }
}

#[test]
fn what_is_masked_out_may_be_anything() {
    let mask = [true, false, true];
    each::<f32>(|learner, name| {
        let of = |hidden: f32| {
            let rows = [[0.3, -0.2, 0.1, 0.4], [hidden; 4], [-0.5, 0.2, 0.8, -0.1]];
            let x = Tensor::<f32>::new(rows.concat(), &[3, 4]);
            step(&mut learner.clone(), &x, Some(&mask), name);
            let out = learner.forward_train(&x, Some(&mask), &mut Rng::new(0));
            (out.values, out.indices, out.losses.total())
        };
        let right = of(0.0);
        for hidden in [f32::NAN, f32::INFINITY] {
            assert_eq!(of(hidden), right, "{name}");
        }
    });
    let vq = LearnerConfig::Fsq(FsqConfig::default()).build::<f32>(&mut Rng::new(0)).unwrap();
    let x = Tensor::<f32>::new(vec![0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0, f32::NAN, 0.0], &[2, 4]);
    let panic = std::panic::catch_unwind(|| {
        vq.forward_train(&x, Some(&[false, true]), &mut Rng::new(0)).losses.total().item()
    });
    let text = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("number 2 of vector 1 is NaN"), "{text}");
}
