//! Quantizers: training steps (`fsq`, `fsq-proj`, `lfq-10`, `lfq-18`, `vq`, `rvq-8`) and inference (`encode-throughput-…`, `vq-memory`).

use std::hint::black_box;

use seedbed::autodiff::{Rng, value_and_grad_aux};
use seedbed::nn::Config;
use seedbed::quantizers::train::{
    CodebookLearning, Estimator, FiniteScalar, FsqConfig, Learner, LfqConfig, LookupFree,
    ResidualLearner, VectorQuantizer, VqConfig,
};
use seedbed::quantizers::{Codebook, Fsq, Lfq, Quantizer, Scratch, Vq};

use super::normal;
use crate::speed::Work;

/// Vectors of a training step.
const VECTORS: usize = 16_384;
const DIM: usize = 64;
const LEVELS: [u32; 4] = [8, 5, 5, 5];
const CODES: usize = 1024;
const STAGES: usize = 8;
/// Vectors that are encoded at once.
const ENCODED: [usize; 3] = [65_536, 1 << 20, 1 << 20];

/// For the peers.
pub(super) fn sizes() -> serde_json::Value {
    serde_json::json!({
        "vectors": VECTORS, "dim": DIM, "levels": LEVELS, "codes": CODES, "stages": STAGES, "encoded": ENCODED,
    })
}

/// Floating-point operations of the search for the nearest codes.
pub const fn search_flops(stages: usize) -> f64 {
    (2 * stages * VECTORS * CODES * DIM) as f64
}

/// A training step again and again: values, indices, losses, the gradient of vectors and parameters, and what follows the data by itself.
fn train<L: Learner<f32> + Send + 'static>(mut learner: L, rng: &mut Rng) -> Work {
    let x = normal(&[VECTORS, learner.dim()], rng);
    let g = normal(x.shape(), rng);
    let mut rng = rng.split();
    Box::new(move || {
        let both = (learner.clone(), x.clone());
        let (loss, (indices, seen), gradient) = value_and_grad_aux(&both, |(learner, x)| {
            let out = learner.forward_train(x, None, &mut rng);
            ((&out.values * &g).sum(..) + out.losses.total(), (out.indices, out.seen))
        });
        drop(both);
        learner.update(&seen, &mut rng);
        black_box((loss, indices, gradient));
    })
}

fn finite_scalar(dim: Option<usize>) -> Work {
    let rng = &mut Rng::new(1);
    let config = FsqConfig { levels: LEVELS.to_vec(), dim, ..FsqConfig::default() };
    train(FiniteScalar::<f32>::new(&config.check().expect("levels of the paper"), rng), rng)
}

/// FSQ on vectors of as many numbers as there are levels.
pub fn fsq() -> Work {
    finite_scalar(None)
}

/// FSQ between projections.
pub fn fsq_projected() -> Work {
    finite_scalar(Some(DIM))
}

/// LFQ of this many bits, between projections, with its entropies.
pub fn lfq(bits: u32) -> Work {
    let rng = &mut Rng::new(1);
    let config = LfqConfig { bits, dim: Some(DIM), ..LfqConfig::default() };
    train(LookupFree::<f32>::new(&config.check().expect("a number of bits"), rng), rng)
}

fn vector_quantizer(rng: &mut Rng) -> VectorQuantizer {
    let config = VqConfig {
        dim: DIM,
        codebook_size: CODES,
        learning: CodebookLearning::Average { decay: 0.99, epsilon: 1e-5 },
        estimator: Estimator::StraightThrough,
        revival: None,
        ..VqConfig::default()
    };
    VectorQuantizer::new(&config.check().expect("sizes that make sense"), rng)
}

/// VQ by averages.
pub fn vq() -> Work {
    let rng = &mut Rng::new(1);
    train(vector_quantizer(rng), rng)
}

/// Residual stages of it.
pub fn residual_vq() -> Work {
    let rng = &mut Rng::new(1);
    let stages = (0..STAGES).map(|_| vector_quantizer(rng)).collect();
    train(ResidualLearner::new(stages), rng)
}

fn numbers(n: usize, rng: &mut Rng) -> Vec<f32> {
    normal(&[n], rng).to_vec()
}

fn encode(quantizer: impl Quantizer + 'static, vectors: usize) -> Work {
    let x = numbers(vectors * quantizer.dim(), &mut Rng::new(1));
    let (mut tokens, mut scratch) = (vec![0_u32; vectors], Scratch::new());
    Box::new(move || {
        quantizer.encode_into(&x, (&mut tokens).into(), &mut scratch).expect("finite numbers");
        black_box(&tokens);
    })
}

/// Tokens of the `i`-th kind that is encoded, and the bytes of its vectors and tokens.
pub const fn encoded(i: usize) -> [f64; 2] {
    let dim = [DIM, LEVELS.len(), BITS as usize][i];
    [ENCODED[i] as f64, (ENCODED[i] * (dim + 1) * 4) as f64]
}

/// A codebook of random codes.
fn random_vq(codes: usize) -> Vq {
    let codes = numbers(codes * DIM, &mut Rng::new(2));
    Vq::new(Codebook::new(codes, DIM).expect("finite numbers"))
}

/// Indices of VQ.
pub fn encode_vq() -> Work {
    encode(random_vq(CODES), ENCODED[0])
}

/// Indices of FSQ.
pub fn encode_fsq() -> Work {
    encode(Fsq::new(&LEVELS).expect("levels of the paper"), ENCODED[1])
}

/// Bits of the LFQ that is encoded.
const BITS: u32 = 18;

/// Indices of LFQ with 18 bits.
pub fn encode_lfq() -> Work {
    encode(Lfq::new(BITS).expect("a number of bits"), ENCODED[2])
}

/// Vectors and codes of `vq-memory`.
pub const MEMORY: [usize; 2] = [1_000_000, 8_192];

/// A third of the indices of a million vectors among 8,192 codes: the work is done three times to measure its memory.
pub fn encode_large() -> Work {
    let vq = random_vq(MEMORY[1]);
    let x: Vec<f32> =
        (0..MEMORY[0] * DIM).map(|i| ((i * 7919) % 10_007) as f32 / 5e3 - 1.0).collect();
    let (mut tokens, mut scratch, mut part) = (vec![0_u32; MEMORY[0]], Scratch::new(), 0);
    Box::new(move || {
        let rows = part * MEMORY[0] / 3..(part + 1) * MEMORY[0] / 3;
        part = (part + 1) % 3;
        let x = &x[rows.start * DIM..rows.end * DIM];
        vq.encode_into(x, (&mut tokens[rows]).into(), &mut scratch).expect("finite numbers");
        black_box(&tokens);
    })
}

/// Megabytes of the vectors themselves.
pub fn megabytes_of_vectors() -> f64 {
    (MEMORY[0] * DIM * size_of::<f32>()) as f64 / 1e6
}
