//! Derivatives at the edges of powers and their relatives, where formulas have 0 · ∞ or 0 / 0.

use seedbed_autodiff::{Float, Tensor, grad};

type T = Tensor<f64>;

/// The mixed second derivative of `aᵇ`, by one argument and then by the other, in both orders.
fn mixed<F: Float>(a: f64, b: f64) -> [f64; 2] {
    let (a, b) = (Tensor::<F>::scalar(a), Tensor::scalar(b));
    let by_a_first = grad(&b, |b| grad(&a, |a| a.pow(b)));
    let by_b_first = grad(&a, |a| grad(&b, |b| a.pow(b)));
    [by_a_first.item().f64(), by_b_first.item().f64()]
}

/// `aᵇ⁻¹ (1 + b ln a)`.
#[test]
fn mixed_derivatives_are_the_same_in_either_order() {
    for a in [23.0_f64, 1.0, 0.5, 1e-3, 1e3] {
        for b in [0.0, 1.0, 2.0, 3.0, -1.0, 0.5, -2.5] {
            let want = a.powf(b - 1.0) * (1.0 + b * a.ln());
            for got in mixed::<f64>(a, b) {
                assert!((got - want).abs() <= 1e-13 * want.abs(), "({a}, {b}): {got}, {want}");
            }
            for got in mixed::<f32>(a, b) {
                assert!(
                    (got - want).abs() <= 1e-5 * want.abs().max(1.0),
                    "({a}, {b}): {got}, {want}"
                );
            }
        }
    }
    assert_eq!(mixed::<f64>(23.0, 0.0), [1.0 / 23.0; 2]);
    // At a = 0 the limit for b > 1 is 0. For b = 1 the limit is −∞, but the logarithm of a base of 0 is left out, as everywhere: a⁰ · 1.
    for (b, want) in [(2.0, 0.0), (3.0, 0.0), (1.5, 0.0)] {
        assert_eq!(mixed::<f64>(0.0, b), [want; 2], "b = {b}");
    }
    assert_eq!(mixed::<f64>(0.0, 1.0), [1.0; 2]);
    assert_eq!(mixed::<f32>(0.0, 1.0), [1.0; 2]);
    assert_eq!(mixed::<f64>(0.0, 0.0), [f64::INFINITY; 2]);
}

/// First, second and third derivatives by the base.
fn by_base(a: f64, b: f64) -> [f64; 3] {
    let (a, b) = (T::scalar(a), T::scalar(b));
    let first = |a: &T| grad(a, |a| a.pow(&b));
    let second = |a: &T| grad(a, first);
    [first(&a).item(), second(&a).item(), grad(&a, second).item()]
}

#[test]
fn derivatives_by_the_base_at_zero_and_below() {
    for (a, b, want) in [
        (0.0, 0.0, [0.0, 0.0, 0.0]),
        (0.0, 1.0, [1.0, 0.0, 0.0]),
        (0.0, 2.0, [0.0, 2.0, 0.0]),
        (0.0, 3.0, [0.0, 0.0, 6.0]),
        (0.0, 4.0, [0.0, 0.0, 0.0]),
        (-2.0, 0.0, [0.0, 0.0, 0.0]),
        (-2.0, 1.0, [1.0, 0.0, 0.0]),
        (-2.0, 2.0, [-4.0, 2.0, 0.0]),
        (-2.0, 3.0, [12.0, -12.0, 6.0]),
        (-2.0, -1.0, [-0.25, -0.25, -0.375]),
        (23.0, 0.0, [0.0, 0.0, 0.0]),
    ] {
        assert_eq!(by_base(a, b), want, "({a}, {b})");
        // The same with a constant exponent.
        let a = T::scalar(a);
        let of = |f: &dyn Fn(&T) -> T| {
            let (first, second) = (|a: &T| grad(a, f), |a: &T| grad(a, |a| grad(a, f)));
            [first(&a).item(), second(&a).item(), grad(&a, second).item()]
        };
        assert_eq!(of(&|a| a.powf(b)), want, "{a} to the power {b}, a constant");
        assert_eq!(of(&|a| a.powi(b as i32)), want, "{a} to the power {b}, an integer");
    }
}

#[test]
fn derivatives_by_the_exponent() {
    for (a, b, want) in [
        (0.0, 0.0, [0.0, 0.0]),
        (0.0, 1.0, [0.0, 0.0]),
        (0.0, 2.5, [0.0, 0.0]),
        (0.0, -1.0, [f64::NEG_INFINITY, f64::INFINITY]),
        (1.0, 7.0, [0.0, 0.0]),
        (f64::INFINITY, -1.0, [0.0, 0.0]),
    ] {
        let (a, b) = (T::scalar(a), T::scalar(b));
        let first = |b: &T| grad(b, |b| a.pow(b));
        assert_eq!([first(&b).item(), grad(&b, first).item()], want, "({a}, {b})");
    }
    // Of a negative base: not a number, but for elements whose gradient a mask has taken out.
    let (a, b) = (T::new(vec![-2.0, -2.0], &[2]), T::full(&[2], 2.0));
    let mask = T::new(vec![0.0, 1.0], &[2]);
    let g = grad(&b, |b| (a.pow(b) * &mask).sum(..)).to_vec();
    assert!(g[0] == 0.0 && g[1].is_nan(), "{g:?}");
}

/// An infinite slope at 0, and what a mask of zeros leaves of it.
#[test]
fn infinite_slopes_behind_a_mask_are_zero() {
    type Op = fn(&T) -> T;
    let ops: [(&str, Op, f64, f64); 12] = [
        ("sqrt", |x| x.sqrt(), 0.0, f64::INFINITY),
        ("rsqrt", |x| x.rsqrt(), 0.0, f64::NEG_INFINITY),
        ("recip", |x| x.recip(), 0.0, f64::NEG_INFINITY),
        ("ln", |x| x.ln(), 0.0, f64::INFINITY),
        ("ln_1p", |x| x.ln_1p(), -1.0, f64::INFINITY),
        ("powf", |x| x.powf(0.5), 0.0, f64::INFINITY),
        ("powi", |x| x.powi(-1), 0.0, f64::NEG_INFINITY),
        ("pow", |x| x.pow(0.5), 0.0, f64::INFINITY),
        ("div", |x| 1.0 / x, 0.0, f64::NEG_INFINITY),
        ("div", |x| T::ones(&[1]).div(x), 0.0, f64::NEG_INFINITY),
        ("norm", |x| x.square().sum_keepdim(0).sqrt(), 0.0, 0.0),
        ("norm", |x| x.abs().powf(1.5).sum_keepdim(0), 0.0, 0.0),
    ];
    for (name, op, at, slope) in ops {
        let x = T::full(&[1], at);
        assert_eq!(grad(&x, |x| op(x).sum(..)).item(), slope, "{name}");
        let masked = |x: &T| T::zeros(&[1]).select(op(x), 5.0).sum(..);
        assert_eq!(grad(&x, masked).item(), 0.0, "{name}");
        let twice = grad(&x, |x| grad(x, masked).sum(..));
        assert_eq!(twice.item(), 0.0, "{name}, second derivative");
    }
}

/// A zero that comes in from above is a value like any other to a higher derivative: it must not be taken for a mask.
#[test]
fn products_with_zero_are_differentiated() {
    let (a, b) = (T::scalar(0.0), T::scalar(3.0));
    let (da, db) = grad(&(a.clone(), b.clone()), |(a, b)| a.mul_no_nan(b));
    assert_eq!((da.item(), db.item()), (3.0, 0.0));
    assert_eq!(grad(&b, |b| grad(&a, |a| a.mul_no_nan(b))).item(), 1.0);
    // The pull-back of ln at a gradient of zero: its derivative by that gradient is 1/x.
    let u = T::zeros(&[1]);
    for (f, want) in [
        ((|x: &T| x.ln()) as fn(&T) -> T, 0.25),
        (|x| x.sqrt(), 0.25),
        (|x| 1.0 / x, -1.0 / 16.0),
        (|x| x.pow(2.0), 8.0),
    ] {
        let pulled = grad(&u, |u| seedbed_autodiff::vjp(&T::full(&[1], 4.0), f).1(u).sum(..));
        assert_eq!(pulled.item(), want);
    }
}

#[test]
fn angles_and_products_at_zero_and_at_the_ends() {
    let zero = T::zeros(&[]);
    let (da, db) = grad(&(zero.clone(), zero), |(a, b)| a.atan2(b));
    assert_eq!((da.item(), db.item()), (0.0, 0.0));
    // a² + b² over- or underflows.
    for size in [1e200, 1e-200] {
        let p = (T::scalar(3.0 * size), T::scalar(4.0 * size));
        let (da, db) = grad(&p, |(a, b)| a.atan2(b));
        assert!((da.item() * size - 0.16).abs() < 1e-15, "{da}");
        assert!((db.item() * size + 0.12).abs() < 1e-15, "{db}");
    }
    let x = T::new(vec![0.0, 2.0, 0.0, 5.0], &[4]);
    assert_eq!(grad(&x, |x| x.prod(..)).to_vec(), [0.0; 4]);
    let second = |i: usize| grad(&x, |x| grad(x, |x| x.prod(..)).index(0, i as isize));
    assert_eq!(second(0).to_vec(), [0.0, 0.0, 10.0, 0.0]);
}
