//! Elementwise ops as a user meets them: messages of shape errors, and the same bits on any number of threads.

use seedbed_autodiff::{Rng, Tensor, value_and_grad};

use crate::panics::panic_of;

type T = Tensor<f32>;

/// The message of the panic of `f`; panics unless it was raised at `line` of this file.
#[track_caller]
fn message<R>(f: impl FnOnce() -> R) -> String {
    let here = std::panic::Location::caller();
    let Some(panic) = panic_of(f) else { return "no panic".to_owned() };
    if (panic.file.as_str(), panic.line) != (here.file(), here.line()) {
        let (file, line) = (panic.file, panic.line);
        return format!("raised at {file}:{line}, not at the caller's line {}", here.line());
    }
    panic.message
}

fn ones(shape: &[usize]) -> T {
    T::ones(shape)
}

#[test]
fn shapes_that_do_not_broadcast_are_refused_at_the_callers_line() {
    let (a, b) = (ones(&[2, 3]), ones(&[2, 4]));
    let (row, column, empty) = (ones(&[4]), ones(&[3, 1]), ones(&[0]));
    let messages = [
        message(|| a.add(&b)),
        message(|| a.sub(&b)),
        message(|| a.mul(&b)),
        message(|| a.div(&b)),
        message(|| &a + &b),
        message(|| &a - b.clone()),
        message(|| a.clone() * &b),
        message(|| a.clone() / b.clone()),
        message(|| a.pow(&row)),
        message(|| a.maximum(&column)),
        message(|| a.minimum(&row)),
        message(|| a.atan2(&empty)),
        message(|| a.eq(&b)),
        message(|| a.ne(&b)),
        message(|| a.lt(&row)),
        message(|| a.le(&row)),
        message(|| a.gt(&column)),
        message(|| a.ge(&b)),
        message(|| a.select(&b, 0.0)),
        message(|| a.select(&row, &column)),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r"
    add: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    sub: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    mul: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    div: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    add: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    sub: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    mul: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    div: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    pow: shapes do not broadcast: lhs [2, 3], rhs [4] (axis -1: 3 against 4)
    maximum: shapes do not broadcast: lhs [2, 3], rhs [3, 1] (axis -2: 2 against 3)
    minimum: shapes do not broadcast: lhs [2, 3], rhs [4] (axis -1: 3 against 4)
    atan2: shapes do not broadcast: lhs [2, 3], rhs [0] (axis -1: 3 against 0)
    eq: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    ne: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    lt: shapes do not broadcast: lhs [2, 3], rhs [4] (axis -1: 3 against 4)
    le: shapes do not broadcast: lhs [2, 3], rhs [4] (axis -1: 3 against 4)
    gt: shapes do not broadcast: lhs [2, 3], rhs [3, 1] (axis -2: 2 against 3)
    ge: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    select: shapes do not broadcast: lhs [2, 3], rhs [2, 4] (axis -1: 3 against 4)
    select: shapes do not broadcast: lhs [2, 3], rhs [3, 4] (axis -2: 2 against 3)
    ");
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let mut rng = Rng::new(1);
    let x = T::uniform(&[300, 257], -3.0, 3.0, &mut rng);
    let (bias, column) =
        (T::uniform(&[257], 0.5, 2.0, &mut rng), T::uniform(&[300, 1], 0.5, 2.0, &mut rng));
    let step = || {
        let model = (x.clone(), bias.clone(), column.clone());
        value_and_grad(&model, |(x, bias, column)| {
            let h = (x * column + bias).tanh();
            (h.gelu() / column - h.exp().maximum(bias) * x.sigmoid()).softplus().sum(..)
        })
    };
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(step)
    };
    let one = on(1);
    assert!(one.0.item().is_finite());
    for threads in [2, 3, 8] {
        assert_eq!(on(threads), one, "{threads} threads");
    }
}

#[test]
fn uniform_draws_lie_below_the_upper_bound() {
    // Half of these are nearer to 1 than to the largest number below it.
    let low = 1.0 - f64::from(f32::EPSILON) / 2.0;
    let x = Tensor::<f32>::uniform(&[1_000], low, 1.0, &mut Rng::new(0));
    assert!(x.data().iter().all(|&x| f64::from(x) >= low && x < 1.0));
}

#[test]
fn the_logarithm_of_a_sum_with_an_infinity_is_infinite() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = T::new(vec![inf, 0.0, -inf, -inf, nan, inf, 1.0, inf], &[4, 2]);
    let along = x.logsumexp(1).to_vec();
    assert_eq!((along[0], along[1], along[3]), (inf, -inf, inf));
    assert!(along[2].is_nan());
    let down = x.logsumexp(0).to_vec();
    assert!(down[0].is_nan() && down[1] == inf);
}

#[test]
#[should_panic(expected = "has more elements than can be counted")]
fn a_shape_that_no_number_counts_is_refused() {
    T::zeros(&[1 << 32, 1 << 33]);
}
