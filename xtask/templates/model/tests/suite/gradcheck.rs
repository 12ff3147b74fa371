//! The derivatives of the loss, to the third order, against differences of its values.

use seedbed_autodiff::{GradCheck, Module, Rng, check_grads};
use seedbed_nn::Config;
use seedbed_template_model::{TemplateModel, TemplateModelConfig, ring};

#[test]
fn the_loss_is_differentiated_rightly() {
    let rng = &mut Rng::new(3);
    let config = TemplateModelConfig { hidden: 3, ..Default::default() }.check().unwrap();
    let model = TemplateModel::<f64>::new(&config, rng);
    let (x, y) = ring(5, rng);
    check_grads(GradCheck::default(), &model.params(), |params| {
        let mut params = params.iter();
        model.map_params(|_| params.next().unwrap().clone()).loss(&x, &y)
    });
}
