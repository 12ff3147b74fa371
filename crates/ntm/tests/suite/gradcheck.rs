//! The derivatives of the operations on a memory and of whole machines, to the third order, against differences of their values.

use seedbed_autodiff::{GradCheck, Module, Rng, Tensor, check_grads};
use seedbed_nn::Config;
use seedbed_ntm::memory::{self, AddressingOptions, HeadOptions};
use seedbed_ntm::{
    AddActivation, Addressing, ControllerConfig, Dnc, DncConfig, FirstAttention, HeadOrder,
    MemoryInit, Ntm, NtmConfig, Sharpening,
};

type T = Tensor<f64>;

/// Checks an operation of `memory` on arguments of each of these shapes. `cargo xtask tidy` looks for their names.
fn case(op: &str, shapes: &[&[&[usize]]], f: impl Fn(&[T]) -> T) {
    for shapes in shapes {
        println!("{op} of {shapes:?}");
        let rng = &mut Rng::new(1);
        let x: Vec<_> = shapes.iter().map(|shape| T::uniform(shape, -1.0, 1.0, rng)).collect();
        check_grads(GradCheck { tolerance: 1e-6, ..Default::default() }, &x, &f);
    }
}

fn addressing_options(shifts: Option<usize>) -> AddressingOptions {
    AddressingOptions { shifts, similarity_eps: 0.1, sharpening: Sharpening::Normalized }
}

#[test]
fn content() {
    let shapes: [&[&[usize]]; 3] =
        [&[&[2, 3, 2], &[2, 2, 3]], &[&[1, 1, 1], &[1, 1, 2]], &[&[0, 3, 2], &[0, 2, 3]]];
    case("content", &shapes, |x| memory::content(&x[0], &x[1], 0.1));
}

#[test]
fn addressing() {
    let shapes: [&[&[usize]]; 3] = [
        &[&[2, 4, 2], &[2, 2, 8], &[2, 2, 4]],
        &[&[1, 3, 1], &[1, 1, 7], &[1, 1, 3]],
        &[&[0, 3, 1], &[0, 1, 7], &[0, 1, 3]],
    ];
    for sharpening in [Sharpening::Normalized, Sharpening::Divided(0.2)] {
        let options = AddressingOptions { sharpening, ..addressing_options(Some(3)) };
        case("addressing", &shapes, |x| {
            memory::addressing(&x[0], &x[1], &x[2].softmax(2), options)
        });
    }
}

#[test]
fn read() {
    let shapes: [&[&[usize]]; 3] =
        [&[&[2, 3, 2], &[2, 2, 3]], &[&[1, 1, 1], &[1, 1, 1]], &[&[0, 3, 2], &[0, 1, 3]]];
    case("read", &shapes, |x| memory::read(&x[0], &x[1]));
}

#[test]
fn write() {
    let shapes: [&[&[usize]]; 3] = [
        &[&[2, 3, 2], &[2, 2, 3], &[2, 2, 2], &[2, 2, 2]],
        &[&[1, 1, 1], &[1, 1, 1], &[1, 1, 1], &[1, 1, 1]],
        &[&[0, 3, 2], &[0, 1, 3], &[0, 1, 2], &[0, 1, 2]],
    ];
    case("write", &shapes, |x| memory::write(&x[0], &x[1], &x[2], &x[3]));
}

#[test]
fn step() {
    let heads = |shifts, add| HeadOptions {
        reads: 1,
        writes: 1,
        width: 2,
        addressing: addressing_options(shifts),
        clip: 20.0,
        add,
    };
    let all = |x: &[T], heads| {
        let next = memory::step(&x[0], &x[1], &x[2].softmax(2), heads);
        Tensor::concat(&next.map(|x| x.flatten()), 0)
    };
    let shapes: [&[&[usize]]; 2] =
        [&[&[2, 4, 2], &[2, 20], &[2, 2, 4]], &[&[0, 4, 2], &[0, 20], &[0, 2, 4]]];
    case("step", &shapes, |x| all(x, heads(Some(3), AddActivation::Tanh)));
    let shapes: [&[&[usize]]; 1] = [&[&[1, 3, 2], &[1, 10], &[1, 2, 3]]];
    case("step", &shapes, |x| all(x, heads(None, AddActivation::Identity)));
}

#[test]
fn links() {
    let shapes: [&[&[usize]]; 2] =
        [&[&[2, 1, 3, 3], &[2, 1, 3], &[2, 1, 3]], &[&[1, 2, 1, 1], &[1, 2, 1], &[1, 2, 1]]];
    case("links", &shapes, |x| memory::links(&x[0], &x[1], &x[2]));
}

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
