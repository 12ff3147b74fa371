//! A controller of one's own: a plain recurrent layer between the memory and the world.
//!
//! It learns to tell what it was shown three steps ago, which it must keep somewhere.
//!
//! `cargo run --release -p seedbed-ntm --example own_controller`

use seedbed_autodiff::{Activation, Float, Rng, Tensor, module, value_and_grad};
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::{Config, Linear};
use seedbed_ntm::{Controller, Ntm, NtmConfig};

// ANCHOR: controller
/// hₜ = tanh([xₜ, rₜ₋₁, hₜ₋₁] W + b).
#[derive(Clone, Debug)]
struct Elman<F: Float = f32> {
    linear: Linear<F>,
    reads: usize,
}
// Its tensors are learnt, and saved in checkpoints as `controller.linear.weight` …
module!(Elman<F> { linear } config { reads });

impl<F: Float> Controller<F> for Elman<F> {
    /// hₜ₋₁, `[batch, hidden]`.
    type State = Tensor<F>;

    fn inputs(&self) -> usize {
        self.linear.weight.shape()[0] - self.reads - self.outputs()
    }

    fn reads(&self) -> usize {
        self.reads
    }

    fn outputs(&self) -> usize {
        self.linear.weight.shape()[1]
    }

    fn start(&self, batch: usize) -> Tensor<F> {
        Tensor::zeros(&[batch, self.outputs()])
    }

    fn step(&self, x: &Tensor<F>, reads: &Tensor<F>, h: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
        let input = Tensor::concat(&[x, reads, h], 1);
        let h = self.linear.forward_with(&input, Activation::Tanh);
        (h.clone(), h)
    }
}
// ANCHOR_END: controller

const LAG: isize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut Rng::new(1);
    let config = NtmConfig { inputs: 4, outputs: 4, slots: 16, width: 8, ..Default::default() };
    let config = config.check()?;
    let (hidden, reads) = (32, config.read_width());
    let linear = Linear::new(config.inputs + reads + hidden, hidden, rng);
    let mut ntm = Ntm::<f32, _>::with_controller(&config, Elman { linear, reads }, rng);

    let mut adam = Adam::new(&ntm, AdamConfig { lr: 3e-3, ..Default::default() }.check()?);
    for step in 0..=600 {
        let x = Tensor::uniform(&[12, 16, 4], 0.0, 1.0, rng).gt(0.5);
        let (loss, mut gradient) = value_and_grad(&ntm, |ntm| {
            ntm.forward(&x).slice(0, LAG..).bce_with_logits(&x.slice(0, ..-LAG))
        });
        clip_global_norm(&mut gradient, 10.0);
        adam.step(&mut ntm, &gradient);
        if step % 100 == 0 {
            let bits = loss.item() / std::f32::consts::LN_2;
            println!("{step:4} batches: {bits:.3} bits a bit (guessing: 1)");
        }
    }
    Ok(())
}
