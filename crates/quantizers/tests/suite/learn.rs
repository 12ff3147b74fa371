//! What learns, learns: averages, revival, gradients of codebooks, entropies.

use seedbed_autodiff::{Rng, Tensor, value_and_grad_aux};
use seedbed_nn::Config;
use seedbed_nn::optim::{AdamConfig, Optim};
use seedbed_quantizers::train::{
    AffineMoments, Annealing, CodebookInit, CodebookLearning, Estimator, FiniteScalar, FsqConfig,
    IbqConfig, IndexBackprop, LatentConfig, LatentQuantizer, Learner, LfqConfig, LookupFree,
    QuantizeDropout, ResidualLearner, Revival, ScaleRule, ScaledLearner, SimVq, SimVqConfig,
    VectorQuantizer, VqConfig,
};
use seedbed_quantizers::usage::Usage;

/// Points around eight centres on a circle.
fn circle(n: usize, rng: &mut Rng) -> Tensor {
    let point = |rng: &mut Rng| {
        let angle = rng.below(8) as f64 * std::f64::consts::TAU / 8.0;
        [angle.cos() + 0.05 * rng.normal(), angle.sin() + 0.05 * rng.normal()]
    };
    let data = (0..n).flat_map(|_| point(rng)).map(|x| x as f32).collect();
    Tensor::new(data, &[n, 2])
}

/// The mean square of what quantization leaves, and the share of the codes in use.
fn measure<L: Learner<f32>>(learner: &L, x: &Tensor) -> (f32, f64) {
    let (values, indices) = learner.quantize(x).unwrap();
    let mut usage = Usage::new(learner.freeze().unwrap().codebook_size(0));
    usage.count((&indices).into());
    ((x - &values).square().mean(..).item(), usage.share())
}

/// Training steps on fresh points, with Adam on what has a gradient: on the losses and the error of the values.
fn train<L: Learner<f32>>(learner: L, steps: usize, lr: f64, rng: &mut Rng) -> L {
    train_on(1.0, learner, steps, lr, rng)
}

/// The same with another weight of the error.
fn train_on<L: Learner<f32>>(
    error: f64,
    mut learner: L,
    steps: usize,
    lr: f64,
    rng: &mut Rng,
) -> L {
    let config = AdamConfig { lr, ..Default::default() }.check().unwrap();
    let mut adam = Optim::new(&learner, config);
    for _ in 0..steps {
        let x = circle(128, rng);
        let (_, seen, gradient) = value_and_grad_aux(&learner, |learner| {
            let out = learner.forward_train(&x, None, rng);
            let left = (&out.values - &x).square().mean(..);
            (out.losses.total() + left * error, out.seen)
        });
        adam.step(&mut learner, &gradient);
        learner.update(&seen, rng);
    }
    learner
}

fn vq(config: VqConfig, rng: &mut Rng) -> VectorQuantizer {
    let config = VqConfig { dim: 2, codebook_size: 8, ..config };
    VectorQuantizer::new(&config.check().unwrap(), rng)
}

#[test]
fn averages_from_a_corner_use_every_code_with_revival_alone() {
    let average = CodebookLearning::Average { decay: 0.9, epsilon: 1e-5 };
    let of = |revival, seed| {
        let rng = &mut Rng::new(seed);
        let init = CodebookInit::Reference;
        let mut learner =
            vq(VqConfig { init, learning: average, revival, ..Default::default() }, rng);
        // All codes in one place, far from the data.
        learner.fixed = Some(Tensor::full(&[1, 8, 2], 5.0));
        learner.sums = learner.fixed.clone();
        measure(&train(learner, 200, 1e-3, rng), &circle(2000, rng))
    };
    for seed in 0..3 {
        let (error, used) = of(Some(Revival { threshold: 1.0, reset: 4.0 }), seed);
        assert!(used == 1.0 && error < 0.1, "seed {seed}: {used} of the codes, error {error}");
        let (error, used) = of(None, seed);
        // Smoothing draws codes without vectors to the origin, in the midst of these: some come to life by that alone.
        assert!(used < 1.0, "without revival, seed {seed}: {used}, error {error}");
    }
}

#[test]
fn a_revived_code_survives_the_next_update() {
    let rng = &mut Rng::new(3);
    let revival = Some(Revival { threshold: 0.5, reset: 2.0 });
    let mut learner = vq(VqConfig { revival, ..Default::default() }, rng);
    // One code is far from everything, and dead.
    learner.fixed.as_mut().unwrap().data_mut()[..2].fill(100.0);
    learner.sums.as_mut().unwrap().data_mut()[..2].fill(0.0);
    learner.sizes.data_mut().fill(1.0);
    learner.sizes.data_mut()[0] = 0.01;
    let x = circle(64, rng);
    let out = learner.forward_train(&x, None, rng);
    assert_eq!(learner.update(&out.seen, rng), 1);
    let revived = learner.codes().data()[..2].to_vec();
    assert!(x.data().chunks(2).any(|x| x == revived), "a revived code is a vector of the batch");
    let out = learner.forward_train(&x, None, rng);
    assert!(out.indices.contains(&0), "it is the nearest code of that vector at least");
    assert_eq!(learner.update(&out.seen, rng), 0);
    let moved = &learner.codes().data()[..2];
    let step = moved.iter().zip(&revived).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(
        step < 0.3,
        "the average begins at the revived code, not at its old sum: moved by {step}"
    );
}

#[test]
fn one_update_by_hand() {
    let rng = &mut Rng::new(4);
    let learning = CodebookLearning::Average { decay: 0.5, epsilon: 0.1 };
    let config =
        VqConfig { dim: 1, codebook_size: 2, learning, revival: None, ..Default::default() };
    let mut learner = VectorQuantizer::<f32>::new(&config.check().unwrap(), rng);
    learner.fixed = Some(Tensor::new(vec![0.0, 10.0], &[1, 2, 1]));
    learner.sums = learner.fixed.clone();
    let x = Tensor::new(vec![1.0, 2.0, 9.0], &[3, 1]);
    let seen = learner.forward_train(&x, None, rng).seen;
    learner.update(&seen, rng);
    // N = (1 + 2)/2 and (1 + 1)/2, m = (0 + 3)/2 and (10 + 9)/2; smoothed by (N + 0.1)/(2.5 + 0.2) · 2.5.
    assert_eq!(learner.sizes.data(), [1.5, 1.0]);
    let expected = [1.5 / (1.6 / 2.7 * 2.5), 9.5 / (1.1 / 2.7 * 2.5)];
    for (code, expected) in learner.codes().data().iter().zip(expected) {
        assert!((code - expected).abs() < 1e-5, "{code} and {expected}");
    }
}

#[test]
fn a_curve_through_the_codes_pulls_dead_ones_into_the_data() {
    let used = |estimator| {
        let rng = &mut Rng::new(11);
        let (learning, init) = (CodebookLearning::Gradient, CodebookInit::Data);
        let config = VqConfig { learning, init, estimator, revival: None, ..Default::default() };
        let mut learner = vq(config, rng);
        learner.prepare(&circle(300, rng), rng);
        // Three codes are where no data is.
        learner.learned.as_mut().unwrap().data_mut()[10..].fill(4.0);
        let x = circle(2000, rng);
        assert!(measure(&learner, &x).1 <= 5.0 / 8.0);
        measure(&train(learner, 800, 2e-2, rng), &x).1
    };
    assert_eq!(used(Estimator::SpaceFilling { variance: 1e-3 }), 1.0);
    assert!(used(Estimator::StraightThrough) <= 5.0 / 8.0);
}

#[test]
fn codebooks_learn_by_gradient() {
    for (name, estimator) in [
        ("straight through", Estimator::StraightThrough),
        ("rotation", Estimator::Rotation),
        ("diveq", Estimator::Diveq { variance: 1e-3 }),
        ("space-filling", Estimator::SpaceFilling { variance: 1e-3 }),
    ] {
        let rng = &mut Rng::new(5);
        let (learning, init) = (CodebookLearning::Gradient, CodebookInit::Data);
        let mut learner = vq(VqConfig { learning, init, estimator, ..Default::default() }, rng);
        learner.prepare(&circle(300, rng), rng);
        let x = circle(2000, rng);
        let before = measure(&learner, &x).0;
        let (after, used) = measure(&train(learner, 300, 1e-2, rng), &x);
        assert!(after < 0.9 * before && used == 1.0, "{name}: {before} to {after}, {used} used");
    }
}

#[test]
fn every_code_of_sim_vq_moves_and_is_used() {
    let rng = &mut Rng::new(6);
    let config =
        SimVqConfig { dim: 2, codebook_size: 16, frozen_dim: Some(8), ..Default::default() };
    let learner = SimVq::<f32>::new(&config.check().unwrap(), rng);
    let x = circle(2000, rng);
    let before = measure(&learner, &x).0;
    let (after, used) = measure(&train(learner, 400, 1e-2, rng), &x);
    assert!(after < 0.1 * before && used >= 0.5, "{before} to {after}, {used} used");
}

#[test]
fn entropies_spread_codes_of_bits() {
    let used = |entropy: f64| {
        let rng = &mut Rng::new(7);
        let config = LfqConfig {
            bits: 3,
            dim: Some(2),
            entropy,
            inverse_temperature: 1.0,
            diversity: 2.0,
            ..Default::default()
        };
        let mut learner = LookupFree::<f32>::new(&config.check().unwrap(), rng);
        // All vectors have one code.
        let maps = learner.projection.as_mut().unwrap();
        maps.into.bias = Some(Tensor::full(&[3], 1.5));
        maps.into.weight = &maps.into.weight * 0.1;
        measure(&train_on(0.0, learner, 400, 1e-2, rng), &circle(2000, rng)).1
    };
    let (with, without) = (used(0.3), used(0.0));
    assert!(with >= 0.75 && without == 0.125, "{with} with entropies, {without} without");
}

#[test]
fn residual_stages_leave_less_and_less() {
    let rng = &mut Rng::new(8);
    let stages: Vec<_> = (0..4).map(|_| vq(VqConfig::default(), rng)).collect();
    let mut learner = ResidualLearner::new(stages);
    let x = circle(2000, rng);
    learner.prepare(&x, rng);
    let mut before = x.square().mean(..).item();
    for stages in 1..=4 {
        let first = ResidualLearner::new(learner.stages[..stages].to_vec());
        let error = measure(&first, &x).0;
        assert!(error < before, "{stages} stages leave {error}, one less {before}");
        before = error;
    }
    assert!(before < 2e-4, "four stages leave {before}");
}

#[test]
fn dropped_stages_are_marked_and_the_first_ones_are_of_use() {
    let rng = &mut Rng::new(9);
    let stages: Vec<_> = (0..4).map(|_| vq(VqConfig::default(), rng)).collect();
    let dropout = QuantizeDropout { from: 1, multiple_of: 2 };
    let learner = ResidualLearner::new(stages).with_dropout(dropout);
    let x = circle(10, rng);
    let mut seen = [false; 5];
    for _ in 0..40 {
        let out = learner.forward_train(&x, None, rng);
        let in_use = out.indices[..4].iter().take_while(|i| **i < 8).count();
        assert!(out.indices.chunks(4).all(|t| t.iter().take_while(|i| **i < 8).count() == in_use));
        assert_eq!(out.seen.0.len(), in_use);
        seen[in_use] = true;
    }
    assert_eq!(seen, [false, false, true, false, true]);
}

#[test]
fn what_learns_can_be_resumed_bit_for_bit() {
    let of = |first: usize| {
        let rng = &mut Rng::new(10);
        let learner = train(vq(VqConfig::default(), rng), first, 1e-2, rng);
        train(learner, 20 - first, 1e-2, rng)
    };
    // The codebook's averages have no other state than the learner itself.
    assert_eq!(of(20).codes(), of(7).codes());
}

/// Stages of FSQ, each of which follows what it is given, or not.
fn residual_fsq(rule: Option<ScaleRule>, rng: &mut Rng) -> f32 {
    let config = FsqConfig { levels: vec![5, 5], ..Default::default() }.check().unwrap();
    let x = circle(2000, rng);
    let fsq = |rng: &mut Rng| FiniteScalar::<f32>::new(&config, rng);
    let Some(rule) = rule else {
        let learner = ResidualLearner::new((0..3).map(|_| fsq(rng)).collect());
        return measure(&train(learner, 100, 1e-2, rng), &x).0;
    };
    let stages = (0..3).map(|_| ScaledLearner::new(fsq(rng), rule)).collect();
    let mut learner = ResidualLearner::new(stages);
    learner.prepare(&x, rng);
    let learner = train(learner, 100, 1e-2, rng);
    // What is trained is what is used.
    let out = learner.forward_train(&x, None, rng);
    let (values, indices) = learner.quantize(&x).unwrap();
    assert_eq!(out.indices, indices);
    let close = out.values.data().iter().zip(values.data()).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close, "{rule:?}: training and use differ");
    measure(&learner, &x).0
}

#[test]
fn stages_that_follow_what_is_left_leave_less() {
    let plain = residual_fsq(None, &mut Rng::new(12));
    let running = ScaleRule::Running { decay: 0.9, widths: 2.0 };
    for rule in [ScaleRule::Learned, running] {
        let left = residual_fsq(Some(rule), &mut Rng::new(12));
        assert!(left < 0.3 * plain, "{rule:?} leaves {left}, plain stages {plain}");
    }
}

#[test]
fn every_code_of_ibq_learns_from_every_vector() {
    let rng = &mut Rng::new(13);
    let config = IbqConfig { dim: 2, codebook_size: 6, beta: 0.25 }.check().unwrap();
    let mut ibq = IndexBackprop::<f64>::new(&config, rng);
    ibq.codes = Tensor::normal(&[6, 2], 0.0, 1.0, rng);
    let x = Tensor::<f64>::normal(&[9, 2], 0.0, 1.0, rng);
    let g = Tensor::<f64>::normal(&[9, 2], 0.0, 1.0, rng);
    let gradient = seedbed_autodiff::grad(&(ibq.clone(), x.clone()), |(ibq, x)| {
        (ibq.forward_train(x, None, &mut Rng::new(0)).values * &g).sum(..)
    });
    // The authors' formula as it stands: a matrix of ones and zeros with the softmax's gradient, times the codes.
    let expected = seedbed_autodiff::grad(&(ibq.codes.clone(), x), |(codes, x)| {
        let soft = x.matmul_nt(codes).softmax(1);
        let best: Vec<usize> = x.matmul_nt(codes).argmax(1).iter().copied().collect();
        let one_hot = Tensor::one_hot(&best, 6) - soft.stop_gradient() + soft;
        (one_hot.matmul(codes) * &g).sum(..)
    });
    for (a, b) in [(&gradient.0.codes, &expected.0), (&gradient.1, &expected.1)] {
        assert!(a.data().iter().zip(b.data()).all(|(a, b)| (a - b).abs() < 1e-12));
    }
    assert!(gradient.0.codes.data().iter().all(|g| *g != 0.0));
}

#[test]
fn a_tokenizer_learns_and_is_kept() {
    use seedbed_quantizers::tokenizer::{Architecture, Tokenizer, TokenizerConfig};
    use seedbed_quantizers::train::{FsqConfig, LearnerConfig};
    let architectures = [
        Architecture::PatchMlp { patch: 4, hidden: 32, layers: 1 },
        Architecture::Conv { channels: vec![8, 16] },
    ];
    for architecture in architectures {
        let rng = &mut Rng::new(11);
        let vq = VqConfig { codebook_size: 16, ..Default::default() };
        for quantizer in [LearnerConfig::Vq(vq), LearnerConfig::Fsq(FsqConfig::default())] {
            let architecture = architecture.clone();
            let config =
                TokenizerConfig { architecture, latent: 4, quantizer, ..Default::default() };
            let mut tokenizer = Tokenizer::<f32>::new(&config.check().unwrap(), rng);
            // Stripes of random direction and width.
            let pictures = |rng: &mut Rng| -> Tensor {
                let one = |rng: &mut Rng| {
                    let (a, b) = (rng.uniform() * 2.0 - 1.0, rng.uniform() * 2.0 - 1.0);
                    let dark =
                        move |i: usize| (a * (i / 8) as f64 + b * (i % 8) as f64).sin() > 0.0;
                    (0..64).map(|i| f32::from(u8::from(dark(i)))).collect::<Vec<f32>>()
                };
                Tensor::new((0..32).flat_map(|_| one(rng)).collect(), &[32, 8, 8, 1])
            };
            tokenizer.prepare(&pictures(rng), rng);
            let test = pictures(rng);
            let error = |tokenizer: &Tokenizer| {
                let decoded = tokenizer.decode(&tokenizer.encode(&test).unwrap()).unwrap();
                (decoded - &test).square().mean(..).item()
            };
            let before = error(&tokenizer);
            let adam = AdamConfig { lr: 3e-3, ..Default::default() }.check().unwrap();
            let mut adam = Optim::new(&tokenizer, adam);
            for _ in 0..200 {
                let x = pictures(rng);
                let (_, seen, gradient) = value_and_grad_aux(&tokenizer, |tokenizer| {
                    let out = tokenizer.forward_train(&x, rng);
                    ((&out.pictures - &x).square().mean(..) + out.losses.total(), out.seen)
                });
                adam.step(&mut tokenizer, &gradient);
                tokenizer.quantizer.update(&seen, rng);
            }
            let after = error(&tokenizer);
            let name = format!("{:?}", tokenizer.config());
            assert!(after < 0.5 * before && after < 0.2, "{name}: {before} to {after}");

            let file = tempfile::NamedTempFile::new().unwrap();
            tokenizer.save(file.path()).unwrap();
            let loaded = Tokenizer::<f32>::load(file.path()).unwrap();
            assert_eq!(loaded.config(), tokenizer.config());
            assert_eq!(loaded.encode(&test).unwrap(), tokenizer.encode(&test).unwrap());
            assert_eq!(error(&loaded), after);
        }
    }
}

#[test]
fn the_weight_of_entropies_falls_and_is_kept() {
    let rng = &mut Rng::new(21);
    let annealing = Some(Annealing { factor: 3.0, steps: 4 });
    let config = LfqConfig { bits: 3, entropy: 0.1, annealing, ..Default::default() };
    let mut lfq = LookupFree::<f32>::new(&config.clone().check().unwrap(), rng);
    let x = Tensor::normal(&[20, 3], 0.0, 1.0, rng);
    for expected in [0.4, 0.325, 0.25, 0.175, 0.1, 0.1] {
        assert!((lfq.entropy_weight() - expected).abs() < 1e-7);
        let out = lfq.forward_train(&x, None, rng);
        let weight = out.losses.iter().find(|loss| loss.name == "entropy-vector").unwrap().weight;
        assert_eq!(weight, lfq.entropy_weight());
        // Evaluating moves nothing; an update does.
        lfq.quantize(&x).unwrap();
        lfq.update(&out.seen, rng);
    }
    // Stages of a residual count by themselves.
    let stage = LookupFree::<f32>::new(&config.check().unwrap(), rng);
    let mut stages = ResidualLearner::new(vec![stage.clone(), stage]);
    let seen = stages.forward_train(&x, None, rng).seen;
    stages.update(&seen, rng);
    assert!(stages.stages.iter().all(|stage| (stage.entropy_weight() - 0.325).abs() < 1e-7));
}

#[test]
fn stages_with_one_codebook_learn_together() {
    let rng = &mut Rng::new(22);
    let config = VqConfig { dim: 2, codebook_size: 12, ..Default::default() };
    let vq = VectorQuantizer::<f32>::new(&config.check().unwrap(), rng);
    let mut learner = ResidualLearner::shared(vq, 3);
    assert_eq!((learner.count(), learner.tokens(), learner.codebooks()), (3, 3, 3));
    learner.prepare(&circle(500, rng), rng);
    let x = circle(2000, rng);
    let before = measure(&learner, &x).0;
    let learner = train(learner, 150, 1e-3, rng);
    let after = measure(&learner, &x).0;
    assert!(after < 0.8 * before, "{before} to {after}");
    let beam = learner.freeze_beam(4, None).unwrap();
    let tokens = beam.encode(x.data()).unwrap();
    let left = Tensor::new(beam.decode(&tokens).unwrap(), x.shape());
    let by_beam = (&x - left).square().mean(..).item();
    assert!(by_beam < after, "{after} to {by_beam}");
}

#[test]
fn codes_that_are_never_used_follow_a_drift_of_the_data() {
    let rng = &mut Rng::new(23);
    let moved = |affine| {
        let rng = &mut Rng::new(24);
        let init = CodebookInit::Normal;
        let mut learner = vq(VqConfig { affine, init, revival: None, ..Default::default() }, rng);
        for step in 0..60 {
            let x = circle(128, rng) + f64::from(step);
            let seen = learner.forward_train(&x, None, rng).seen;
            learner.update(&seen, rng);
        }
        let quantizer = learner.freeze().unwrap();
        (0..8).map(|k| quantizer.decode(&[k]).unwrap()[0]).fold(f32::INFINITY, f32::min)
    };
    let affine = AffineMoments { batch_decay: 0.5, ..Default::default() };
    let (without, with) = (moved(None), moved(Some(affine)));
    assert!(without < 10.0 && with > 50.0, "the last code is at {without}, with moments at {with}");
    // What training gives is what use gives, once the moments stand.
    let still = AffineMoments { batch_decay: 0.999_999, codebook_decay: 0.999_999 };
    let mut learner = vq(VqConfig { affine: Some(still), ..Default::default() }, rng);
    let x = circle(200, rng);
    let seen = learner.forward_train(&x, None, rng).seen;
    learner.update(&seen, rng);
    let trained = learner.forward_train(&x, None, rng).indices;
    assert_eq!(trained, learner.quantize(&x).unwrap().1);
}

#[test]
fn dead_codes_are_revived_where_codes_are_kept() {
    let rng = &mut Rng::new(25);
    let config = VqConfig {
        affine: Some(AffineMoments::default()),
        init: CodebookInit::Normal,
        revival: Some(Revival { threshold: 0.2, reset: 1.0 }),
        ..Default::default()
    };
    let mut learner = vq(config, rng);
    // Far from 0, so that a vector that were put among the kept codes as it is would stand out.
    for _ in 0..40 {
        let x = circle(128, rng) * 3.0 + 100.0;
        let seen = learner.forward_train(&x, None, rng).seen;
        learner.update(&seen, rng);
    }
    assert!(learner.codes().data().iter().all(|e| e.abs() < 20.0), "{:?}", learner.codes());
    let x = circle(2000, rng) * 3.0 + 100.0;
    assert_eq!(measure(&learner, &x).1, 1.0);
}

#[test]
fn values_of_latent_quantization_go_where_numbers_are() {
    let rng = &mut Rng::new(26);
    let config = LatentConfig { levels: vec![3, 4], quantization: 1.0, ..Default::default() };
    let latent = LatentQuantizer::<f32>::new(&config.clone().check().unwrap(), rng);
    assert_eq!(latent.values[0].data(), [-0.5, 0.0, 0.5]);
    assert_eq!(latent.values[1].data(), [-0.5, -0.25, 0.0, 0.25]);
    // The losses' own gradients: values go to their numbers, numbers to their values.
    let x = Tensor::new(vec![0.4_f32, -0.3, 0.1, -0.3], &[2, 2]);
    let both = (latent.clone(), x);
    let (_, _, (gradient, gx)) = value_and_grad_aux(&both, |(latent, x)| {
        let out = latent.forward_train(x, None, &mut Rng::new(0));
        assert_eq!(out.indices, [2 + 3, 1 + 3]);
        (out.losses.total(), ())
    });
    let close = |found: &[f32], expected: &[f32]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    };
    // 2 (v − x) / 4 for each number.
    close(gradient.values[0].data(), &[0.0, -0.05, 0.05]);
    close(gradient.values[1].data(), &[0.0, 0.05, 0.0, 0.0]);
    close(gx.data(), &[-0.005, -0.0025, 0.005, -0.0025]);
    let x = circle(2000, rng);
    let before = measure(&latent, &x).0;
    let latent = train_on(0.0, latent, 400, 1e-2, rng);
    let after = measure(&latent, &x).0;
    assert!(after < 0.3 * before, "{before} to {after}");
}
