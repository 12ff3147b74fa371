//! Any modules compete: two linear models share the rows of y = |x|, and each ends up with a half.
//!
//! `cargo run --release -p seedbed-mechanisms --example gate`

use seedbed_autodiff::{Rng, Tensor, value_and_grad};
use seedbed_mechanisms::competition::{Competition, Rule};
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::{Config, Linear};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut Rng::new(0);
    let x = Tensor::<f32>::uniform(&[256, 1], -1.0, 1.0, rng);
    let y = x.abs();
    let mut experts: Vec<Linear> = (0..2).map(|_| Linear::new(1, 1, rng)).collect();
    let adam = AdamConfig { lr: 0.02, ..AdamConfig::default() }.check()?;
    let mut adams: Vec<Adam<Linear>> = experts.iter().map(|e| Adam::new(e, adam.clone())).collect();
    let mut competition = Competition::new(2, Rule::Argmax)?;
    for step in 0..=400 {
        // The score of a row: minus its squared error.
        let errors: Vec<Tensor> = experts.iter().map(|e| -(e.forward(&x) - &y).square()).collect();
        let round = competition.judge(&Tensor::concat(&errors, 1), rng)?;
        for (j, (expert, adam)) in experts.iter_mut().zip(&mut adams).enumerate() {
            let rows = round.won_by(j);
            if !rows.is_empty() {
                let (x, y) = (x.index_select(0, &rows), y.index_select(0, &rows));
                let (_, gradient) = value_and_grad(&*expert, |expert| expert.forward(&x).mse(&y));
                adam.step(expert, &gradient);
            }
        }
        if step % 100 == 0 {
            let answers: Vec<Tensor> = experts.iter().map(|e| e.forward(&x)).collect();
            let error = round.select(&answers).mse(&y).item();
            println!("step {step}: wins {:?}, error {error:.5}", round.statistics.wins);
        }
    }
    Ok(())
}
