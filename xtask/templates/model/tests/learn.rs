//! The task is learnt: chance is one half.

use seedbed_autodiff::{Module, Rng, value_and_grad};
use seedbed_template_model::{Config, TemplateModel, ring};

#[test]
fn the_ring_is_learnt_from_every_seed() {
    for seed in 0..3 {
        let rng = &mut Rng::new(seed);
        let config = Config::default().check().unwrap();
        let mut model = TemplateModel::<f32>::new(&config, rng);
        let (test_x, test_y) = ring(1_000, rng);
        let before = model.accuracy(&test_x, &test_y);
        for _ in 0..1_000 {
            let (x, y) = ring(64, rng);
            let (_, gradient) = value_and_grad(&model, |m| m.loss(&x, &y));
            model = model.zip_params(&gradient, |w, g| w - 0.5 * g);
        }
        let after = model.accuracy(&test_x, &test_y);
        assert!(before < 0.8 && after > 0.93, "seed {seed}: accuracy from {before} to {after}");
    }
}
