//! The work of the speed rows, in one place for the scoreboard, Criterion and the memory probe.
//! The peers are handed its [`sizes`]. Inputs are random, never zeros.

pub mod chain;
pub mod convolution;
pub mod dense;
pub mod maml;
pub mod mechanisms;
pub mod mlp;
pub mod ngpu;
pub mod ntm;
pub mod quantizers;
pub mod user_fused;

use seedbed::autodiff::{Rng, Tensor};
use serde_json::json;

/// What the peers need to know to do the same work.
pub fn sizes(threads: usize) -> serde_json::Value {
    json!({
        "threads": threads,
        "rho": mlp::RhoStep::sizes(),
        "gemm": dense::GEMM,
        "conv": convolution::sizes(),
        "tanh": dense::TANH,
        "xent": { "rows": dense::ROWS, "classes": dense::CLASSES },
        "ntm": ntm::sizes(),
        "ngpu": ngpu::sizes(),
        "quantizers": quantizers::sizes(),
        "mechanisms": mechanisms::sizes(),
        "maml": maml::sizes(),
        "chain": { "numbers": chain::NUMBERS, "rounds": chain::ROUNDS },
    })
}

/// Standard normal numbers.
fn normal(shape: &[usize], rng: &mut Rng) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, rng)
}
