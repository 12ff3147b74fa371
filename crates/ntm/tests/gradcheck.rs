//! The derivatives of whole machines, to the third order, against differences of their values.

use seedbed_autodiff::{GradCheck, Module, Rng, Tensor, check_grads};
use seedbed_nn::Config;
use seedbed_ntm::{
    AddActivation, Addressing, ControllerConfig, Dnc, DncConfig, FirstAttention, HeadOrder,
    MemoryInit, Ntm, NtmConfig,
};

/// A machine so small that every parameter is moved in a moment.
fn tiny() -> NtmConfig {
    NtmConfig {
        inputs: 2,
        outputs: 2,
        slots: 4,
        width: 3,
        controller: ControllerConfig::Lstm { hidden: 3, layers: 1 },
        memory: MemoryInit::Learned,
        attention: FirstAttention::Learned,
        ..Default::default()
    }
}

fn check(config: NtmConfig) {
    let rng = &mut Rng::new(3);
    let ntm = Ntm::<f64>::new(&config.check().unwrap(), rng);
    let sequence = Tensor::uniform(&[3, 2, 2], -1.0, 1.0, rng);
    // The first attention is steep, and memories near 0 bend the cosine: take a middling place.
    let params: Vec<_> =
        ntm.params().iter().map(|p| Tensor::uniform(p.shape(), -0.9, 0.9, rng)).collect();
    let check = GradCheck { tolerance: 1e-6, ..Default::default() };
    check_grads(check, &params, |params| {
        let mut params = params.iter();
        ntm.map_params(|_| params.next().unwrap().clone()).forward(&sequence)
    });
}

#[test]
fn lstm_controller() {
    check(tiny());
}

#[test]
fn feed_forward_controller_of_two_layers_and_several_heads() {
    let controller = ControllerConfig::FeedForward { hidden: 4, layers: 2 };
    let add = AddActivation::Tanh;
    check(NtmConfig { controller, add, read_heads: 2, write_heads: 3, ..tiny() });
}

#[test]
fn two_lstm_layers_and_heads_in_pairs() {
    let controller = ControllerConfig::Lstm { hidden: 2, layers: 2 };
    let order = HeadOrder::InPairs;
    check(NtmConfig { controller, order, read_heads: 2, write_heads: 2, ..tiny() });
}

#[test]
fn content_alone() {
    check(NtmConfig { addressing: Addressing::Content, ..tiny() });
}

#[test]
fn dnc() {
    let config = DncConfig {
        inputs: 2,
        outputs: 2,
        slots: 3,
        width: 2,
        read_heads: 2,
        write_heads: 1,
        controller: ControllerConfig::Lstm { hidden: 2, layers: 1 },
        similarity_eps: 0.1,
        ..Default::default()
    };
    let rng = &mut Rng::new(3);
    let dnc = Dnc::<f64>::new(&config.check().unwrap(), rng);
    let sequence = Tensor::uniform(&[1, 2, 2], -1.0, 1.0, rng);
    let params: Vec<_> =
        dnc.params().iter().map(|p| Tensor::uniform(p.shape(), -0.9, 0.9, rng)).collect();
    // From the second step on, usage stops the gradient of the write heads' attention, so that differences of values are something
    // else: those gradients are held against PyTorch's in the golden test.
    let check = GradCheck { tolerance: 1e-6, ..Default::default() };
    check_grads(check, &params, |params| {
        let mut params = params.iter();
        let dnc = dnc.map_params(|_| params.next().unwrap().clone());
        dnc.forward(&sequence)
    });
}
