//! Trains on the ring and draws what was learnt: `#` is outside.

use seedbed_autodiff::{Rng, Tensor, value_and_grad};
use seedbed_nn::optim::{Sgd, SgdConfig};
use seedbed_nn::{Config, ConfigError};
use seedbed_template_model::{TemplateModel, TemplateModelConfig, ring};

fn main() -> Result<(), ConfigError> {
    let rng = &mut Rng::new(1);
    let mut model = TemplateModel::<f32>::new(&TemplateModelConfig::default().check()?, rng);
    let mut sgd = Sgd::new(&model, SgdConfig { lr: 0.5, ..Default::default() }.check()?);
    let (test_x, test_y) = ring(1_000, rng);
    for step in 0..=1_000 {
        let (x, y) = ring(64, rng);
        let (loss, gradient) = value_and_grad(&model, |m| m.loss(&x, &y));
        sgd.step(&mut model, &gradient);
        if step % 200 == 0 {
            let accuracy = model.accuracy(&test_x, &test_y);
            println!("step {step:4}: loss {:.3}, accuracy {accuracy:.3}", loss.item());
        }
    }
    for row in -8..=8 {
        let place = |column: i32| [column as f32 / 16.0, row as f32 / 8.0];
        let points = Tensor::new((-16..=16).flat_map(place).collect(), &[33, 2]);
        let z = model.forward(&points);
        println!("{}", z.data().iter().map(|&z| if z > 0.0 { '#' } else { '·' }).collect::<String>());
    }
    Ok(())
}
