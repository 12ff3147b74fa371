//! Files that say more than they hold, and tensors of no size.

use seedbed_nn::checkpoint::Writer;
use seedbed_quantizers::interop::{
    self, StateDict, dac, encodec, mimi, residual_vq, sim_vq, vector_quantize,
};
use seedbed_quantizers::tokenizer::{Architecture, Tokenizer, TokenizerConfig};
use seedbed_quantizers::train::*;
use seedbed_quantizers::{Dialect, Metric};

use seedbed_autodiff::Tensor;
use seedbed_nn::Config;

use super::with_extremes;

#[test]
fn configurations_larger_than_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    let write = |name: &str, module: &str, config: &serde_json::Value| {
        let small = Tensor::<f32>::zeros(&[3]);
        Writer::new().module(module, &small).value(name, config).unwrap().write(&file).unwrap();
    };
    let large = 1_usize << 33;
    let vq = VqConfig { dim: 1 << 4, codebook_size: 1 << 30, ..Default::default() };
    let sim = SimVqConfig { dim: 1 << 17, ..Default::default() };
    let learners = [
        LearnerConfig::Vq(vq.clone()),
        LearnerConfig::SimVq(sim),
        LearnerConfig::Fsq(FsqConfig { dim: Some(1 << 31), ..Default::default() }),
        LearnerConfig::Lfq(LfqConfig { dim: Some(1 << 31), ..Default::default() }),
        LearnerConfig::ResidualVq(ResidualVqConfig { stage: vq, ..Default::default() }),
        LearnerConfig::ResidualFsq(ResidualFsqConfig { dim: Some(1 << 31), ..Default::default() }),
        LearnerConfig::ResidualLfq(ResidualLfqConfig { dim: Some(1 << 31), ..Default::default() }),
        LearnerConfig::Latent(LatentConfig { dim: Some(1 << 31), ..Default::default() }),
    ];
    for config in &learners {
        config.validate().unwrap();
        write("quantizer-config", "quantizer", &serde_json::to_value(config).unwrap());
        let error = AnyLearner::<f32>::load(&file).unwrap_err().to_string();
        assert!(error.contains("a larger quantizer than it holds"), "{config:?}: {error}");
    }
    let patch = |patch, hidden, layers| Architecture::PatchMlp { patch, hidden, layers };
    for architecture in [
        patch(1 << 14, 128, 0),
        patch(4, 1 << 18, 8),
        Architecture::Conv { channels: vec![1 << 16; 4] },
    ] {
        let config = TokenizerConfig { architecture, ..Default::default() };
        config.validate().unwrap();
        write("config", "tokenizer", &serde_json::to_value(&config).unwrap());
        let error = Tokenizer::<f32>::load(&file).unwrap_err().to_string();
        assert!(error.contains("a larger tokenizer than it holds"), "{config:?}: {error}");
    }
    let field = |architecture| {
        let config = TokenizerConfig { architecture, ..Default::default() };
        config.check().unwrap_err().field
    };
    assert_eq!(field(patch(large, 1, 1)), "architecture.patch");
    assert_eq!(field(patch(1, large, 1)), "architecture.hidden");
    assert_eq!(field(patch(1, 1, usize::MAX)), "architecture.layers");
    assert_eq!(field(patch(1 << 30, 1 << 30, 1)), "architecture");
    let many = Architecture::Conv { channels: vec![1; 64] };
    assert_eq!(field(many), "architecture.channels (length)");
    let config = TokenizerConfig { latent: usize::MAX, ..Default::default() };
    assert_eq!(config.check().unwrap_err().field, "latent");
}

#[test]
fn tensors_without_numbers() {
    let dict = |names: &[(&str, &[usize])]| {
        let mut dict = StateDict::default();
        for (name, shape) in names {
            dict.insert(name, shape, vec![1.0; shape.iter().product()]);
        }
        dict
    };
    for shape in [&[][..], &[0], &[0, 0], &[1, 5, 0], &[1, 0, 5], &[0, 5, 5]] {
        let euclidean = Metric::Euclidean;
        let book = dict(&[("_codebook.embed", shape)]);
        assert!(vector_quantize(&book, "", euclidean, 1).is_err(), "{shape:?}");
        let book = dict(&[("layers.0._codebook.embed", shape)]);
        assert!(residual_vq(&book, "", euclidean).is_err(), "{shape:?}");
        assert!(encodec(&dict(&[("layers.0.codebook.embed", shape)]), "").is_err(), "{shape:?}");
        let maps = dict(&[("project_in.weight", shape), ("project_out.weight", shape)]);
        assert!(interop::fsq(&maps, "", &[5, 5], Dialect::default()).is_err(), "{shape:?}");
        let maps = dict(&[("project_in.weight", shape), ("mask", &[3])]);
        assert!(interop::lfq(&maps, "", false).is_err(), "{shape:?}");
        let sim = dict(&[("frozen_codebook", shape), ("code_transform.weight", shape)]);
        assert!(sim_vq(&sim, "").is_err(), "{shape:?}");
        let sim = dict(&[("frozen_codebook", &[4, 2]), ("code_transform.weight", shape)]);
        assert!(sim_vq(&sim, "").is_err(), "{shape:?}");
        let weight =
            [("quantizers.0.codebook.weight", shape), ("quantizers.0.in_proj.weight", shape)];
        assert!(dac(&dict(&weight), "").is_err(), "{shape:?}");
        let [g, v] = ["quantizers.0.in_proj.weight_g", "quantizers.0.in_proj.weight_v"];
        let weight =
            dict(&[("quantizers.0.codebook.weight", &[4, 2]), (g, &[2, 1, 1]), (v, shape)]);
        assert!(dac(&weight, "").is_err(), "{shape:?}");
        let path = "semantic_residual_vector_quantizer.layers.0.codebook";
        let [sum, usage] = ["embed_sum", "cluster_usage"].map(|name| format!("{path}.{name}"));
        assert!(mimi(&dict(&[(&sum, shape), (&usage, &[0])]), "").is_err(), "{shape:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_state_dict() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("x.safetensors");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = StateDict::read(&pipe).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

const WHOLE: [u64; 10] = [0, 1, 2, 255, 1 << 16, 1 << 24, 1 << 31, 1 << 40, 1 << 63, u64::MAX];
const REAL: [f64; 4] = [-1.0, 0.5, 1e-320, 1e300];

#[test]
fn every_number_of_a_configuration_may_be_anything() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    let small = Tensor::<f32>::zeros(&[3]);
    let (mut refused, mut all) = (0, 0);
    let vq = VqConfig {
        codebook_dim: Some(4),
        affine: Some(AffineMoments::default()),
        diversity: Some(Diversity { weight: 1.0, inverse_temperature: 2.0 }),
        sampling: Some(1.0),
        ..Default::default()
    };
    let lfq = LfqConfig {
        dim: Some(7),
        soft_clamp: Some(1.0),
        annealing: Some(Annealing { factor: 3.0, steps: 10 }),
        ..Default::default()
    };
    let residual = ResidualVqConfig {
        stage: vq.clone(),
        dropout: Some(QuantizeDropout::default()),
        ..Default::default()
    };
    for config in [
        LearnerConfig::Vq(vq),
        LearnerConfig::SimVq(SimVqConfig { frozen_dim: Some(8), ..Default::default() }),
        LearnerConfig::Fsq(FsqConfig {
            dim: Some(9),
            noise_dropout: Some(0.5),
            ..Default::default()
        }),
        LearnerConfig::Lfq(lfq),
        LearnerConfig::ResidualVq(residual),
        LearnerConfig::ResidualFsq(ResidualFsqConfig { dim: Some(5), ..Default::default() }),
        LearnerConfig::ResidualLfq(ResidualLfqConfig::default()),
        LearnerConfig::Latent(LatentConfig { dim: Some(5), ..Default::default() }),
    ] {
        for config in with_extremes(&serde_json::to_value(&config).unwrap(), &WHOLE, &REAL) {
            all += 1;
            if !serde_json::from_value(config.clone())
                .is_ok_and(|c: LearnerConfig| c.validate().is_ok())
            {
                refused += 1;
                continue;
            }
            Writer::new()
                .module("quantizer", &small)
                .value("quantizer-config", &config)
                .unwrap()
                .write(&file)
                .unwrap();
            refused += usize::from(AnyLearner::<f32>::load(&file).is_err());
        }
    }
    let convolutions = Architecture::Conv { channels: vec![8, 4] };
    for architecture in [TokenizerConfig::default().architecture, convolutions] {
        let config = TokenizerConfig { architecture, ..Default::default() };
        for config in with_extremes(&serde_json::to_value(&config).unwrap(), &WHOLE, &REAL) {
            all += 1;
            if !serde_json::from_value(config.clone())
                .is_ok_and(|c: TokenizerConfig| c.validate().is_ok())
            {
                refused += 1;
                continue;
            }
            let mut writer = Writer::new();
            writer.module("tokenizer", &small).value("config", &config).unwrap();
            writer.write(&file).unwrap();
            refused += usize::from(Tokenizer::<f32>::load(&file).is_err());
        }
    }
    // Three numbers are no quantizer's.
    assert!(all > 500 && refused == all, "{refused} of {all}");
}
