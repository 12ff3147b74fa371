//! The memory is used: a controller without a state can tell what it was shown two steps ago only from there. Guessing costs one bit a bit.

use seedbed_autodiff::{Rng, Tensor, value_and_grad};
use seedbed_nn::Config;
use seedbed_nn::clip::clip_global_norm;
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_ntm::{ControllerConfig, Dnc, DncConfig, Ntm, NtmConfig, SequenceModel};

const LAG: isize = 2;
const BITS: usize = 3;
const CONTROLLER: ControllerConfig = ControllerConfig::FeedForward { hidden: 24, layers: 1 };

/// Bits a bit on fresh sequences, after so many batches.
fn learn<M: SequenceModel<f32>>(mut model: M, batches: usize, rng: &mut Rng) -> f32 {
    let loss = |model: &M, x: &Tensor| {
        model.logits(x).slice(0, LAG..).bce_with_logits(&x.slice(0, ..-LAG))
    };
    let mut adam =
        Adam::new(&model, AdamConfig { lr: 5e-3, ..Default::default() }.check().unwrap());
    let mut draw = |batch| Tensor::uniform(&[8, batch, BITS], 0.0, 1.0, rng).gt(0.5);
    for _ in 0..batches {
        let x = draw(16);
        let (_, mut gradient) = value_and_grad(&model, |model| loss(model, &x));
        clip_global_norm(&mut gradient, 10.0);
        adam.step(&mut model, &gradient);
    }
    loss(&model, &draw(200)).item() / std::f32::consts::LN_2
}

#[test]
fn ntm() {
    for seed in 0..2 {
        let rng = &mut Rng::new(seed);
        let config = NtmConfig {
            inputs: BITS,
            outputs: BITS,
            slots: 8,
            width: 6,
            controller: CONTROLLER,
            ..Default::default()
        };
        let bits = learn(Ntm::new(&config.check().unwrap(), rng), 400, rng);
        assert!(bits < 0.2, "seed {seed}: {bits} bits a bit");
    }
}

#[test]
fn dnc() {
    for seed in 0..2 {
        let rng = &mut Rng::new(seed);
        let config = DncConfig {
            inputs: BITS,
            outputs: BITS,
            slots: 8,
            width: 6,
            read_heads: 1,
            controller: CONTROLLER,
            ..Default::default()
        };
        let bits = learn(Dnc::new(&config.check().unwrap(), rng), 400, rng);
        assert!(bits < 0.3, "seed {seed}: {bits} bits a bit");
    }
}
