//! The speed rows and their goals.

use super::timed::Timed;
use super::work::{chain, dense};
use crate::experiment::Experiment;
use crate::row::Goal;

const OP_OVERHEAD: Timed = Timed {
    ops: Some(chain::OPS),
    goals: &[("ns_per_op", Goal::AtMost(300.0))],
    ..Timed::new(
        "op-overhead",
        "A chain of 200 × (mul, add, tanh) on 64 numbers with its gradient. JAX compiles it as a whole.",
        chain::chain,
    )
};

const TANH: Timed = Timed::new("tanh-64k", "tanh of 65,536 numbers.", dense::tanh);

/// The speed rows, in the order of the table.
pub fn all() -> Vec<Box<dyn Experiment>> {
    vec![Box::new(OP_OVERHEAD), Box::new(TANH)]
}
