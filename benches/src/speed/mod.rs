//! Speed rows: fixed pieces of work, timed here and in the peers in turn within one run.
//!
//! Timings drift by a third on shared machines. So every figure that compares is a ratio of two
//! turns that follow one another: contestants take turns for several rounds ([`interleave`]), a
//! ratio is taken in each round, and the row is the median of those.

mod matrixmultiply;
pub(crate) mod memory;
mod peak;
mod quantizer_rows;
mod registers;
mod rho_select;
mod rho_store;
mod rho_stream;
mod rows;
mod threads;
mod timed;
mod timing;
mod tokenize;
mod vq_memory;
pub mod work;

pub use memory::peak_megabytes;
pub(crate) use memory::{SUBCOMMAND as MEMORY_OF, high_water};
pub use rows::{all, timed};
pub use timed::{Rival, Timed, Work};
pub use timing::{Contestant, Plan, Rounds, interleave};

use std::path::PathBuf;
use std::sync::Mutex;

use crate::peers::Peer;

/// What speed rows share within one run.
#[derive(Debug, Default)]
pub struct SpeedContext {
    /// The running peers; empty without `--peers`.
    pub peers: Mutex<Vec<Peer>>,
    /// The program that measures memory in a process of its own; `None` leaves `peak_mb` out.
    pub memory_probe: Option<PathBuf>,
    /// Rounds and turns other than the profile's, for a quick look.
    pub plan: Option<Plan>,
    /// The best large matrix product seen so far, in GFLOP/s.
    pub gemm_peak: Mutex<Option<f64>>,
}
