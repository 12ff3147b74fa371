//! Whatever a configuration's check accepts trains with finite numbers.

use seedbed_autodiff::{Module as _, Rng, Tensor, value_and_grad_aux};
use seedbed_nn::Config;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_quantizers::Metric;
use seedbed_quantizers::train::*;

use super::with_extremes;

/// One of each kind, with all that can be set.
fn kinds() -> Vec<LearnerConfig> {
    let vq = VqConfig { dim: 4, codebook_size: 6, ..Default::default() };
    let learnt = VqConfig {
        learning: CodebookLearning::Gradient,
        orthogonal: Some(Orthogonal { weight: 1.0, active_only: true, most: Some(3) }),
        diversity: Some(Diversity { weight: 1.0, inverse_temperature: 2.0 }),
        ..vq.clone()
    };
    let lfq = LfqConfig {
        bits: 3,
        soft_clamp: Some(1.5),
        commitment: 0.5,
        annealing: Some(Annealing { factor: 3.5, steps: 3 }),
        ..Default::default()
    };
    let diveq = Estimator::Diveq { variance: 0.01 };
    let curve = Estimator::SpaceFilling { variance: 0.01 };
    let dropout = Some(QuantizeDropout::default());
    let levels = vec![3, 5];
    vec![
        LearnerConfig::Vq(VqConfig { affine: Some(AffineMoments::default()), ..vq.clone() }),
        LearnerConfig::Vq(VqConfig { sampling: Some(1.5), ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { estimator: diveq, ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { estimator: curve, ..learnt.clone() }),
        LearnerConfig::Vq(VqConfig { metric: Metric::Cosine, ..learnt }),
        LearnerConfig::SimVq(SimVqConfig {
            dim: 4,
            codebook_size: 6,
            frozen_dim: Some(3),
            ..Default::default()
        }),
        LearnerConfig::Fsq(FsqConfig {
            levels: levels.clone(),
            noise_dropout: Some(0.5),
            ..Default::default()
        }),
        LearnerConfig::Lfq(lfq.clone()),
        LearnerConfig::Lfq(LfqConfig { spherical: true, ..lfq.clone() }),
        LearnerConfig::ResidualVq(ResidualVqConfig {
            stages: 3,
            stage: vq,
            shared: false,
            dropout,
        }),
        LearnerConfig::ResidualFsq(ResidualFsqConfig {
            levels: levels.clone(),
            ..Default::default()
        }),
        LearnerConfig::ResidualLfq(ResidualLfqConfig {
            stages: 3,
            stage: lfq,
            ..Default::default()
        }),
        LearnerConfig::Latent(LatentConfig { levels, ..Default::default() }),
    ]
}

fn finite(x: &Tensor) -> bool {
    x.data().iter().all(|x| x.is_finite())
}

/// Three steps, then tokens and back.
fn trains(config: &LearnerConfig) {
    let rng = &mut Rng::new(0);
    let mut learner = config.build::<f32>(rng).unwrap();
    let x = Tensor::<f32>::normal(&[12, 4], 0.0, 1.0, rng);
    learner.prepare(&x, rng);
    let mut adam = Adam::new(&learner, AdamConfig::default().check().unwrap());
    for _ in 0..3 {
        let (loss, seen, gradient) = value_and_grad_aux(&learner, |learner| {
            let out = learner.forward_train(&x, None, rng);
            (out.values.square().sum(..) + out.losses.total(), out.seen)
        });
        assert!(loss.item().is_finite(), "the loss is {} of {config:?}", loss.item());
        assert!(gradient.params().iter().all(finite), "a gradient of {config:?}");
        adam.step(&mut learner, &gradient);
        learner.update(&seen, rng);
    }
    assert!(learner.named().iter().all(|(_, _, x)| finite(x)), "a weight of {config:?}");
    let quantizer = learner.freeze().unwrap();
    let values = quantizer.decode(&quantizer.encode(x.data()).unwrap()).unwrap();
    assert!(values.iter().all(|x| x.is_finite()), "a value of {config:?}");
}

#[test]
fn what_is_accepted_trains() {
    let whole = [0, 1, 2, 3, 5];
    let real = [0.0, 1e-320, 1e-38, 1e-10, 1.0, 3.0, 1e6, 1e12, 1e20, 3e38, 1e300];
    let (mut accepted, mut refused) = (0, 0);
    for config in kinds() {
        for other in with_extremes(&serde_json::to_value(&config).unwrap(), &whole, &real) {
            let other = serde_json::from_value::<LearnerConfig>(other).ok();
            let other = other.map(|other| other.for_vectors_of(4)).filter(|c| c.validate().is_ok());
            match other {
                Some(config) => {
                    trains(&config);
                    accepted += 1;
                }
                None => refused += 1,
            }
        }
    }
    assert!(accepted > 300 && refused > 300, "{accepted} and {refused}");
}
