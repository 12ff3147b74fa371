//! Modules that compete for each step of a sequence, in the place of an LSTM, and which of them did what.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::rims::{RimConfig, Rims, Selection};
use seedbed_nn::Config as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut Rng::new(0);
    let config = RimConfig { units: 16, selection: Selection::Compete, ..RimConfig::new(3) };
    let rims = Rims::<f32>::new(&config.check()?, 1, rng);
    let sequences = Tensor::normal(&[8, 20, 3], 0.0, 1.0, rng);
    // As with an LSTM: outputs at every step, and states to go on from.
    let (outputs, states) = rims.forward(&sequences, None);
    assert_eq!(outputs.shape(), [8, 20, 96]);
    let run = rims.run(&sequences, Some(&states))?;
    println!("active, of all steps: {:.2?}", run.traces[0].usage());
    Ok(())
}
