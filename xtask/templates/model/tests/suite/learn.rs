//! The task is learnt: chance is one half.

use seedbed_autodiff::{Rng, value_and_grad};
use seedbed_nn::Config;
use seedbed_nn::optim::{Sgd, SgdConfig};
use seedbed_template_model::{TemplateModel, TemplateModelConfig, ring};

#[test]
fn the_ring_is_learnt_from_every_seed() {
    for seed in 0..3 {
        let rng = &mut Rng::new(seed);
        let config = TemplateModelConfig::default().check().unwrap();
        let mut model = TemplateModel::<f32>::new(&config, rng);
        let config = SgdConfig { lr: 0.5, ..Default::default() }.check().unwrap();
        let mut sgd = Sgd::new(&model, config);
        let (test_x, test_y) = ring(1_000, rng);
        let before = model.accuracy(&test_x, &test_y);
        for _ in 0..1_000 {
            let (x, y) = ring(64, rng);
            let (_, gradient) = value_and_grad(&model, |m| m.loss(&x, &y));
            sgd.step(&mut model, &gradient);
        }
        let after = model.accuracy(&test_x, &test_y);
        assert!(before < 0.8 && after > 0.93, "seed {seed}: accuracy from {before} to {after}");
    }
}
