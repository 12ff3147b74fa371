//! Quantizers that learnt, in files; and counts of codes, stored in either way.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::CheckpointError;
use seedbed_quantizers::train::{
    Annealing, AnyLearner, FsqConfig, LatentConfig, Learner, LearnerConfig, LfqConfig,
    ResidualFsqConfig, ResidualLearner, ResidualLfqConfig, ResidualVqConfig, SimVqConfig,
    VectorQuantizer, VqConfig,
};
use seedbed_quantizers::usage::Usage;

#[test]
fn every_kind_comes_back_with_the_same_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("quantizer.safetensors");
    let vq = VqConfig { codebook_size: 32, codebook_dim: Some(4), ..Default::default() };
    let kinds = [
        LearnerConfig::Vq(vq.clone()),
        LearnerConfig::SimVq(SimVqConfig { codebook_size: 32, ..Default::default() }),
        LearnerConfig::Fsq(FsqConfig { codebooks: 2, ..Default::default() }),
        LearnerConfig::Lfq(LfqConfig::default()),
        LearnerConfig::ResidualVq(ResidualVqConfig {
            stages: 2,
            stage: vq.clone(),
            ..Default::default()
        }),
        LearnerConfig::ResidualVq(ResidualVqConfig {
            stage: vq,
            shared: true,
            ..Default::default()
        }),
        LearnerConfig::Latent(LatentConfig { codebooks: 2, ..Default::default() }),
        LearnerConfig::ResidualLfq(ResidualLfqConfig {
            stages: 3,
            stage: LfqConfig {
                bits: 5,
                spherical: true,
                annealing: Some(Annealing { factor: 3.0, steps: 10 }),
                ..Default::default()
            },
            dim: Some(7),
            dropout: None,
        }),
        LearnerConfig::ResidualFsq(ResidualFsqConfig::default()),
    ];
    let rng = &mut Rng::new(3);
    let x = Tensor::normal(&[100, 12], 0.0, 1.0, rng);
    for config in kinds.map(|config| config.for_vectors_of(12)) {
        let mut quantizer = config.build::<f32>(rng).unwrap();
        quantizer.prepare(&x, rng);
        assert_eq!(quantizer.config().as_ref(), Some(&config));
        quantizer.save(&file).unwrap();
        let loaded = AnyLearner::<f32>::load(&file).unwrap();
        assert_eq!(loaded.config(), Some(config));
        assert_eq!(loaded.quantize(&x).unwrap(), quantizer.quantize(&x).unwrap());
    }
}

#[test]
fn what_no_configuration_describes_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("quantizer.safetensors");
    let rng = &mut Rng::new(0);
    let mut stage = |codebook_size| {
        let config = VqConfig { dim: 4, codebook_size, ..Default::default() }.check().unwrap();
        VectorQuantizer::<f32>::new(&config, rng)
    };
    let stages = ResidualLearner::new(vec![stage(8), stage(16)]);
    let error = AnyLearner::ResidualVq(stages).save(&file).unwrap_err();
    assert!(matches!(error, CheckpointError::OtherModel { .. }), "{error}");
    assert!(error.to_string().contains("its stages are not alike"), "{error}");
    assert!(!file.exists());
}

#[test]
fn small_and_large_codebooks_are_counted_alike() {
    // Below 2¹⁶ codes there is a count for each; above, for those that occur.
    let codes: Vec<u64> = (0..5_000_u64).map(|i| i * i % 997).collect();
    for (mut small, mut large) in [
        (Usage::new(1 << 10), Usage::new(1 << 40)),
        (Usage::sliding(1 << 10, 700), Usage::sliding(1 << 40, 700)),
    ] {
        for codes in codes.chunks(900) {
            small.count(codes.into());
            large.count(codes.into());
            assert_eq!(small.histogram(), large.histogram());
            assert_eq!((small.used(), small.total()), (large.used(), large.total()));
            assert_eq!(small.used(), small.histogram().len() as u64);
            assert_eq!(small.perplexity(), large.perplexity());
            assert_eq!(small.count_of(4), large.count_of(4));
            assert!(small.dead().take(100).eq(large.dead().take(100)));
        }
        small.clear();
        assert_eq!((small.used(), small.total(), small.count_of(4)), (0, 0, 0));
    }
}
