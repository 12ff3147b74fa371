//! The gate of a mixture-of-experts layer, in which nobody may take more than an equal share of a batch.
//!
//! `cargo run --release -p seedbed-mechanisms --example moe_layer`

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::competition::{Competition, Rule};
use seedbed_nn::Linear;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut Rng::new(0);
    let x = Tensor::<f32>::normal(&[8, 4], 0.0, 1.0, rng);
    let gate = Linear::new(4, 2, rng);
    let experts: Vec<Linear> = (0..2).map(|_| Linear::new(4, 3, rng)).collect();

    let mut competition = Competition::new(2, Rule::Balanced { slack: 0.0 })?;
    let round = competition.judge(&gate.forward(&x), rng)?;
    assert_eq!(round.statistics.wins, [4, 4]);
    let outputs: Vec<Tensor> = experts.iter().map(|expert| expert.forward(&x)).collect();
    println!("{:?}", round.select(&outputs).shape());
    Ok(())
}
