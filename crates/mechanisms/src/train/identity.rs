//! Approximate identity initialisation.

use seedbed_autodiff::{Float, Tensor, value_and_grad_aux};
use seedbed_data::Batches;
use seedbed_nn::Config as _;
use seedbed_nn::optim::{Adam, AdamConfig};

use super::Identity;
use crate::network::Expert;

/// Every expert by itself learns to keep transformed images as they are, by the mean squared error.
pub(super) fn learn<F: Float>(
    experts: &mut [Expert<F>],
    identity: &Identity,
    images: &Tensor<F>,
    batches: &mut Batches,
) {
    let adam = AdamConfig { lr: identity.lr, ..AdamConfig::default() };
    for expert in experts {
        let mut adam =
            Adam::new(expert, adam.clone().check().expect("a learning rate that was checked"));
        for _ in 0..identity.steps {
            let x = images.index_select(0, &batches.next_rows());
            let (error, moments, gradient) = value_and_grad_aux(expert, |expert| {
                let (y, moments) = expert.forward_train(&x);
                (y.mse(&x), moments)
            });
            adam.step(expert, &gradient);
            expert.update(&moments);
            if error.item().f64() < identity.error {
                break;
            }
        }
    }
}
