//! What makes an example worth training on: each score is a function of slices, the highest are picked.
//!
//! | score | needs | source |
//! |---|---|---|
//! | [`reducible_loss`] | losses, irreducible losses | Mindermann et al. 2022, eq. 3 |
//! | [`low_irreducible_loss`] | irreducible losses | the same, baseline |
//! | [`gradient_norm`] | logits, labels | Katharopoulos & Fleuret 2018 |
//! | [`el2n`] (EL2N) | logits of several models, labels | Paul et al. 2021 |
//! | [`last_layer_grand`] (GraNd) | logits, labels, features | Paul et al. 2021 |
//! | [`entropy`], [`least_confidence`] | logits | Shannon 1948; Coleman et al. 2020 |
//! | [`bald`], [`conditional_entropy`], [`loss_minus_conditional_entropy`] | logits of several samples | Houlsby et al. 2011 |
//! | [`Forgetting`] | right or wrong, epoch by epoch | Toneva et al. 2019 |
//! | [`LastLayerLaplace`] | logits, labels, features | Deng et al. 2023 |
//! | [`excess_loss`] | token losses and reference losses, a mask | Lin et al. 2024 (Rho-1) |
//! | [`joint_scores`] | losses of pairs | Evans et al. 2024 (JEST) |
//!
//! The training loss is its own score, and uniform selection needs none.

mod bald;
mod calibration;
mod el2n;
mod entropy;
mod forgetting;
mod gradient_norm;
mod grand;
mod irreducible;
mod joint;
mod kind;
mod laplace;
mod least_confidence;
mod linalg;
mod reducible;
mod repair;
mod tokens;

pub use bald::{bald, conditional_entropy, loss_minus_conditional_entropy};
pub use calibration::{fit_temperature, losses_at_temperature};
pub use el2n::el2n;
pub use entropy::entropy;
pub use forgetting::Forgetting;
pub use gradient_norm::gradient_norm;
pub(crate) use gradient_norm::logit_gradients;
pub use grand::last_layer_grand;
pub use irreducible::low_irreducible_loss;
pub use joint::{JointScore, joint_scores, sigmoid_pair_losses};
pub use kind::Score;
pub(crate) use kind::scores_of;
pub use laplace::{LaplaceConfig, LastLayerLaplace};
pub use least_confidence::least_confidence;
pub use reducible::reducible_loss;
pub use repair::Repair;
pub use tokens::{excess_loss, select_tokens};
