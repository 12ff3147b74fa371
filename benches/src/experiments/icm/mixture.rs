//! A mixture of experts as a baseline: a gate weighs the experts' answers, and the mixed image is what is judged.

use anyhow::Result;
use seedbed::autodiff::{Activation, Float, Rng, Tensor, module, value_and_grad};
use seedbed::data::Batches;
use seedbed::mechanisms::network::{Discriminator, Expert};
use seedbed::mechanisms::samples::Unpaired;
use seedbed::mechanisms::train::{TrainConfig, discriminator_loss};
use seedbed::nn::optim::Adam;
use seedbed::nn::{Checked, Config as _, Mlp};

/// Experts with a gate.
#[derive(Clone, Debug)]
pub(super) struct Mixture<F: Float = f32> {
    experts: Vec<Expert<F>>,
    gate: Mlp<F>,
}
module!(Mixture<F> { experts, gate });

/// Hidden units of the gate.
const GATE: usize = 64;

impl Mixture {
    /// Σ softmax(gate(x))_j · E_j(x).
    pub(super) fn forward(&self, x: &Tensor) -> Tensor {
        let n = x.shape()[0];
        let weights = self.gate.forward(&x.reshape(&[n, x.len() / n])).softmax(-1);
        let one = |(j, expert): (isize, &Expert)| {
            expert.forward(x) * weights.index(1, j).reshape(&[n, 1, 1, 1])
        };
        (0..).zip(&self.experts).map(one).reduce(|a, b| a + b).expect("there is an expert")
    }

    /// The same networks, losses, optimisers and rates as ours; the discriminator sees mixed images.
    pub(super) fn train(
        config: &Checked<TrainConfig>,
        data: &Unpaired,
        steps: u64,
        seed: u64,
    ) -> Result<Self> {
        let rng = &mut Rng::new(seed);
        let expert = config.expert.clone().check()?;
        let [h, w, c] = data.image_shape();
        let mut model = Self {
            experts: (0..config.experts).map(|_| Expert::new(&expert, rng)).collect(),
            gate: Mlp::new(&[h * w * c, GATE, config.experts], Activation::Relu, rng),
        };
        let mut judge = Discriminator::<f32>::new(&config.discriminator.clone().check()?, rng);
        let mut adam = Adam::new(&model, config.expert_adam.clone().check()?);
        let mut judge_adam = Adam::new(&judge, config.discriminator_adam.clone().check()?);
        let batches = |x: &Tensor, rng: &mut Rng| {
            Batches::new(x.shape()[0], config.batch, rng.split())?.drop_last(true)
        };
        let mut canonical = batches(data.canonical(), rng)?;
        let mut transformed = batches(data.transformed(), rng)?;
        for step in 0..steps {
            let rate = config.schedule.factor(step);
            let real = data.canonical().index_select(0, &canonical.next_rows());
            let x = data.transformed().index_select(0, &transformed.next_rows());
            let fakes = model.forward(&x);
            let (_, of_judge) =
                value_and_grad(&judge, |judge| discriminator_loss(judge, config, &real, &fakes).0);
            let (_, gradient) = value_and_grad(&model, |model| {
                judge.forward(&model.forward(&x)).bce_with_logits(&Tensor::ones(&[config.batch]))
            });
            adam.step_scaled(&mut model, &gradient, rate);
            judge_adam.step_scaled(&mut judge, &of_judge, rate);
        }
        Ok(model)
    }
}
