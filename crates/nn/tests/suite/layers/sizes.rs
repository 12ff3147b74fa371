//! Layers that no memory holds: a panic, never a layer of another size.

use std::panic::{AssertUnwindSafe, catch_unwind};

use seedbed_autodiff::{ConvOptions, Rng};
use seedbed_nn::{
    Activation, Conv2d, Embedding, Fans, Gru, GruCell, Init, Linear, Lstm, LstmCell, Mlp,
};

/// Making the layer panics, with a message and not with an overflow of the arithmetic.
fn refused(make: impl FnOnce(&mut Rng)) {
    let panic = catch_unwind(AssertUnwindSafe(|| make(&mut Rng::new(0)))).expect_err("it was made");
    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(!text.contains("attempt to"), "{text}");
}

#[test]
fn units_beyond_counting_make_no_small_layer() {
    for n in [usize::MAX, 1 << 63, 1 << 62, usize::MAX / 3 + 1, usize::MAX / 4 + 1] {
        refused(|rng| drop(LstmCell::<f32>::new(1, n, rng)));
        refused(|rng| drop(LstmCell::<f32>::new(0, n, rng)));
        refused(|rng| drop(GruCell::<f32>::new(1, n, rng)));
        refused(|rng| drop(GruCell::<f32>::new(0, n, rng)));
        refused(|rng| drop(Lstm::<f32>::new(1, n, 2, rng)));
        refused(|rng| drop(Gru::<f32>::new(1, n, 2, rng)));
        refused(|rng| drop(Linear::<f32>::new(n, 5, rng)));
        refused(|rng| drop(Embedding::<f32>::new(n, 5, rng)));
        refused(|rng| drop(Mlp::<f32>::new(&[2, n, n], Activation::Relu, rng)));
        refused(|rng| drop(Conv2d::<f32>::new(1, 1, [n, 5], ConvOptions::default(), rng)));
        for init in [Init::TruncatedNormal(1.0), Init::Orthogonal(1.0), Init::HeUniform] {
            refused(|rng| drop(init.weight::<f32>(&[5, n], rng)));
        }
    }
    let fans = Fans::of(&[usize::MAX, 3, usize::MAX, 2]);
    assert_eq!(fans, Fans { fan_in: usize::MAX, fan_out: usize::MAX });
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    for init in [
        Init::Constant(1e39),
        Init::Constant(f64::NAN),
        Init::Uniform(1e308),
        Init::Uniform(2e38),
        Init::Normal(1e38),
        Init::TruncatedNormal(3e38),
        Init::Orthogonal(1e39),
    ] {
        refused(|rng| drop(init.weight::<f32>(&[2, 3], rng)));
    }
    let large = Init::Normal(1e30).weight::<f32>(&[20, 30], &mut Rng::new(0));
    assert!(large.data().iter().all(|x| x.is_finite()));
    assert!(Init::Constant(1e39).weight::<f64>(&[2], &mut Rng::new(0)).data()[0] == 1e39);
}
