//! State dicts that are written for vector-quantize-pytorch. The files are those that `scripts/written.py` gave to the package itself, which found the same tokens.
//!
//! `SEEDBED_GOLDEN=write cargo test -p seedbed-quantizers written` makes the files anew.

use std::path::{Path, PathBuf};

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::Config;
use seedbed_quantizers::interop::{
    InteropError, StateDict, fsq, lfq, residual_vq, sim_vq, vector_quantize,
};
use seedbed_quantizers::train::{
    CodebookLearning, FiniteScalar, FsqConfig, Learner, LfqConfig, LookupFree, ResidualLearner,
    SimVq, SimVqConfig, VectorQuantizer, VqConfig,
};
use seedbed_quantizers::{BitOrder, Dialect, Metric, Quantizer};
use serde_json::json;

use super::tokens::vectors;

const VECTORS: usize = 2000;

struct Written {
    name: &'static str,
    dict: StateDict,
    /// Ours, and what is read back by `read`.
    quantizers: [Box<dyn Quantizer>; 2],
    read: Box<dyn Fn(&StateDict) -> Back>,
}

type Back = Result<Box<dyn Quantizer>, InteropError>;

fn written<L: Learner<f32>>(
    name: &'static str,
    learner: &L,
    write: impl FnOnce(&mut StateDict, &L) -> Result<(), InteropError>,
    read: impl Fn(&StateDict) -> Back + 'static,
) -> Written {
    let mut dict = StateDict::default();
    write(&mut dict, learner).unwrap();
    // Through a file, as others have it.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("q.safetensors");
    std::fs::write(&file, dict.to_bytes()).unwrap();
    let dict = StateDict::read(&file).unwrap();
    let quantizers = [learner.freeze().unwrap(), read(&dict).unwrap()];
    Written { name, dict, quantizers, read: Box::new(read) }
}

fn vq(config: VqConfig, rng: &mut Rng) -> VectorQuantizer {
    let mut vq = VectorQuantizer::new(&config.check().unwrap(), rng);
    let dim = Learner::<f32>::dim(&vq);
    vq.prepare(&Tensor::normal(&[200, dim], 0.0, 1.0, rng), rng);
    vq
}

fn all() -> Vec<Written> {
    let rng = &mut Rng::new(5);
    let config = VqConfig { dim: 6, codebook_size: 32, ..Default::default() };
    let one = vq(config.clone(), rng);
    let heads = VqConfig {
        codebook_dim: Some(3),
        heads: 2,
        separate_codebooks: true,
        metric: Metric::Cosine,
        ..config.clone()
    };
    let heads = vq(heads, rng);
    let learnt = VqConfig { learning: CodebookLearning::Gradient, ..config.clone() };
    let learnt = vq(learnt, rng);
    let stage = VqConfig { dim: 4, ..config };
    let stages = (0..3).map(|_| vq(stage.clone(), rng)).collect();
    let residual = ResidualLearner::new(stages).projected(6, rng);
    let shared = ResidualLearner::shared(vq(VqConfig { dim: 6, ..stage }, rng), 3);
    let grid = FsqConfig { dim: Some(6), ..Default::default() };
    let grid = FiniteScalar::new(&grid.check().unwrap(), rng);
    let bits = LfqConfig { bits: 5, dim: Some(6), codebooks: 2, ..Default::default() };
    let bits = LookupFree::new(&bits.check().unwrap(), rng);
    let sim = SimVqConfig { dim: 6, codebook_size: 32, frozen_dim: Some(4), ..Default::default() };
    let sim = SimVq::new(&sim.check().unwrap(), rng);
    let add_vq = |d: &mut StateDict, l: &VectorQuantizer| d.add_vector_quantize("", l);
    let add_residual =
        |d: &mut StateDict, l: &ResidualLearner<f32, VectorQuantizer>| d.add_residual_vq("", l);
    let read_vq = |metric| move |d: &StateDict| vector_quantize(d, "", metric, 1);
    let read_residual = |d: &StateDict| residual_vq(d, "", Metric::Euclidean);
    vec![
        written("vq", &one, add_vq, read_vq(Metric::Euclidean)),
        written("vq-heads", &heads, add_vq, read_vq(Metric::Cosine)),
        written("vq-learnt", &learnt, add_vq, read_vq(Metric::Euclidean)),
        written("residual-vq", &residual, add_residual, read_residual),
        written("residual-vq-shared", &shared, add_residual, read_residual),
        written(
            "fsq",
            &grid,
            |d, l| d.add_fsq("", l),
            |d| fsq(d, "", &[8, 5, 5, 5], Dialect::Lucidrains),
        ),
        written("lfq", &bits, |d, l| d.add_lfq("", l), |d| lfq(d, "", false)),
        written("sim-vq", &sim, |d, l| d.add_sim_vq("", l), |d| sim_vq(d, "")),
    ]
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/written").join(name)
}

#[test]
fn what_is_written_is_read_by_both() {
    let write = std::env::var("SEEDBED_GOLDEN").is_ok_and(|what| what == "write");
    let mut checks = Vec::new();
    for Written { name, dict, quantizers, read } in all() {
        let [own, back] = &quantizers;
        let x: Vec<f32> = vectors(9, VECTORS, own.dim(), 1.0).collect();
        let tokens = own.encode(&x).unwrap();
        assert_eq!(tokens, back.encode(&x).unwrap(), "{name}");
        assert_eq!(own.decode(&tokens).unwrap(), back.decode(&tokens).unwrap(), "{name}");
        let file = place(&format!("{name}.safetensors"));
        if write {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, dict.to_bytes()).unwrap();
        }
        let known = StateDict::read(&file).unwrap();
        assert_eq!(known.keys(), dict.keys(), "{name}");
        // Of the file that the package had: what is drawn and averaged here may have other last bits on another machine.
        let tokens = read(&known).unwrap().encode(&x).unwrap();
        let bytes: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
        let (sum, tokens) = (crc32fast::hash(&bytes), own.tokens());
        checks.push(json!({"name": name, "dim": own.dim(), "tokens": tokens, "sum": sum}));
    }
    let checks = serde_json::to_string(&checks).unwrap() + "\n";
    if write {
        std::fs::write(place("tokens.json"), &checks).unwrap();
    }
    assert_eq!(checks, std::fs::read_to_string(place("tokens.json")).unwrap());
}

#[test]
fn what_has_no_place_is_said() {
    let rng = &mut Rng::new(1);
    let mut dict = StateDict::default();
    let config = FsqConfig { dialect: Dialect::Google, ..Default::default() };
    let error = dict.add_fsq("", &FiniteScalar::<f32>::new(&config.check().unwrap(), rng));
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("the dialect google-1 cannot be written: "), "{text}");
    let config = LfqConfig { order: BitOrder::FirstIsLowest, ..Default::default() };
    let error = dict.add_lfq("", &LookupFree::<f32>::new(&config.check().unwrap(), rng));
    assert!(error.unwrap_err().to_string().contains("has the highest bit first"));
    let config = VqConfig { dim: 4, heads: 2, codebook_size: 8, ..Default::default() };
    let stage = VectorQuantizer::<f32>::new(&config.check().unwrap(), rng);
    let error = dict.add_residual_vq("", &ResidualLearner::new(vec![stage]));
    assert!(error.unwrap_err().to_string().starts_with("stage 0 cannot be written: "));
    let config = VqConfig { affine: Some(Default::default()), ..VqConfig::default() };
    let affine = VectorQuantizer::<f32>::new(&config.check().unwrap(), rng);
    let error = dict.add_vector_quantize("", &affine).unwrap_err();
    assert!(error.to_string().starts_with("running moments cannot be written"), "{error}");
    let config = VqConfig { dim: 2, codebook_size: 3, ..Default::default() };
    let mut broken = VectorQuantizer::<f32>::new(&config.check().unwrap(), rng);
    broken.fixed.as_mut().unwrap().data_mut()[3] = f32::NAN;
    let error = dict.add_vector_quantize("", &broken).unwrap_err();
    assert!(error.to_string().contains("number 1 of vector 1 is NaN"), "{error}");
}
