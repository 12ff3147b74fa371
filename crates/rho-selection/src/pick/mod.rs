//! How examples are picked once they are scored: each policy is a function of scores.
//!
//! | policy | weights | source |
//! |---|---|---|
//! | [`top_k`] | 1 | Mindermann et al. 2022 |
//! | [`gumbel_top_k`]: softmax sampling without replacement | 1 | Kool et al. 2019 |
//! | [`importance`]: sampling with replacement | 1 / (n p) | Katharopoulos & Fleuret 2018 |
//! | [`above`]: threshold | 1 | |
//! | [`class_balanced`] | 1 | |
//! | [`rank_law`]: selective backprop | 1 | Jiang et al. 2019; Composer |
//! | [`diverse`]: DivBS | 1 | Hong et al. 2024 |
//! | [`joint`]: JEST | 1 | Evans et al. 2024 |

mod class_balanced;
mod diverse;
mod importance;
mod joint;
mod policy;
mod rank_law;
mod softmax;
mod threshold;
mod top_k;
mod uniform;

pub use class_balanced::class_balanced;
pub use diverse::{Draw, diverse};
pub use importance::{Proposal, importance};
pub use joint::joint;
pub use policy::Policy;
pub use rank_law::rank_law;
pub use softmax::gumbel_top_k;
pub use threshold::above;
pub use top_k::top_k;
pub use uniform::uniform;

/// Positions that were picked, and the weight of each in the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// Positions in the batch of candidates.
    pub indices: Vec<usize>,
    /// The weight of each pick: the loss to train on is (1/k) Σ wᵢ Lᵢ.
    pub weights: Vec<f32>,
}

impl Picked {
    /// Picks that all weigh 1.
    pub fn unweighted(indices: Vec<usize>) -> Self {
        Self { weights: vec![1.0; indices.len()], indices }
    }
}
