//! Elementwise ops of one argument.

use seedbed_autodiff::{Tensor, grad};

use super::support::{T, agree, check, draw, part_of_a_larger};

/// A differentiable op: its name, an interval on which it is smooth, and the formula in `std`.
struct Row {
    name: &'static str,
    domain: (f64, f64),
    op: fn(&T) -> T,
    single: fn(&Tensor<f32>) -> Tensor<f32>,
    std: fn(f64) -> f64,
}

macro_rules! row {
    ($name:literal, $domain:expr, |$x:ident| $op:expr, $std:expr) => {
        Row { name: $name, domain: $domain, op: |$x| $op, single: |$x| $op, std: $std }
    };
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `erf` by its power series, for small arguments.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..60 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
}

/// Functions with a kink have a row on either side of it.
const TABLE: &[Row] = &[
    row!("neg", (-2.0, 2.0), |x| x.neg(), |x| -x),
    row!("abs", (0.1, 2.0), |x| x.abs(), f64::abs),
    row!("abs", (-2.0, -0.1), |x| x.abs(), f64::abs),
    row!("square", (-2.0, 2.0), |x| x.square(), |x| x * x),
    row!("sqrt", (0.5, 2.0), |x| x.sqrt(), f64::sqrt),
    row!("rsqrt", (0.5, 2.0), |x| x.rsqrt(), |x| 1.0 / x.sqrt()),
    row!("recip", (0.5, 2.0), |x| x.recip(), f64::recip),
    row!("recip", (-2.0, -0.5), |x| x.recip(), f64::recip),
    row!("exp", (-2.0, 2.0), |x| x.exp(), f64::exp),
    row!("exp_m1", (-1.0, 1.0), |x| x.exp_m1(), f64::exp_m1),
    row!("ln", (0.5, 2.0), |x| x.ln(), f64::ln),
    row!("ln_1p", (-0.5, 1.0), |x| x.ln_1p(), f64::ln_1p),
    row!("sin", (-2.0, 2.0), |x| x.sin(), f64::sin),
    row!("cos", (-2.0, 2.0), |x| x.cos(), f64::cos),
    row!("tanh", (-2.0, 2.0), |x| x.tanh(), f64::tanh),
    row!("sigmoid", (-3.0, 3.0), |x| x.sigmoid(), sigmoid),
    row!("softplus", (-3.0, 3.0), |x| x.softplus(), |x| x.exp().ln_1p()),
    row!("log_sigmoid", (-3.0, 3.0), |x| x.log_sigmoid(), |x| -(-x).exp().ln_1p()),
    row!("relu", (0.1, 2.0), |x| x.relu(), |x| x),
    row!("relu", (-2.0, -0.1), |x| x.relu(), |_| 0.0),
    row!("leaky_relu", (0.1, 2.0), |x| x.leaky_relu(0.1), |x| x),
    row!("leaky_relu", (-2.0, -0.1), |x| x.leaky_relu(0.1), |x| 0.1 * x),
    row!("elu", (0.1, 2.0), |x| x.elu(1.5), |x| x),
    row!("elu", (-2.0, -0.1), |x| x.elu(1.5), |x| 1.5 * x.exp_m1()),
    row!("gelu", (-2.0, 2.0), |x| x.gelu(), |x| x * 0.5 * (1.0 + erf(x / 2.0_f64.sqrt()))),
    row!("gelu_tanh", (-2.0, 2.0), |x| x.gelu_tanh(), gelu_tanh),
    row!("silu", (-3.0, 3.0), |x| x.silu(), |x| x * sigmoid(x)),
    row!("erf", (-2.0, 2.0), |x| x.erf(), erf),
    row!("powi", (-2.0, 2.0), |x| x.powi(3), |x| x * x * x),
    row!("powi", (0.5, 2.0), |x| x.powi(-2), |x| 1.0 / (x * x)),
    row!("powi", (-2.0, 2.0), |x| x.powi(1), |x| x),
    row!("powi", (-2.0, 2.0), |x| x.powi(0), |_| 1.0),
    row!("powi", (-1.5, 1.5), |x| x.powi(9), |x| x.powi(9)),
    row!("powf", (0.5, 2.0), |x| x.powf(1.7), |x| x.powf(1.7)),
    row!("powf", (0.5, 2.0), |x| x.powf(-0.5), |x| x.powf(-0.5)),
    row!("powf", (-2.0, -0.5), |x| x.powf(3.0), |x| x.powf(3.0)),
    row!("powf", (-2.0, 2.0), |x| x.powf(0.0), |_| 1.0),
    row!("clamp", (-0.4, 0.9), |x| x.clamp(-0.5, 1.0), |x| x),
    row!("clamp", (1.1, 2.0), |x| x.clamp(-0.5, 1.0), |_| 1.0),
    row!("clamp", (-2.0, -0.6), |x| x.clamp(-0.5, 1.0), |_| -0.5),
    row!("hard_tanh", (-0.9, 0.9), |x| x.hard_tanh(), |x| x),
    row!("hard_tanh", (1.1, 2.0), |x| x.hard_tanh(), |_| 1.0),
    row!("hard_sigmoid", (-2.9, 2.9), |x| x.hard_sigmoid(), |x| x / 6.0 + 0.5),
    row!("hard_sigmoid", (-9.0, -3.1), |x| x.hard_sigmoid(), |_| 0.0),
];

#[test]
fn derivatives_to_third_order() {
    for &Row { name, domain: (low, high), op, .. } in TABLE {
        check(name, "alone", &[draw(&[2, 3], low, high, 1)], |x| op(&x[0]));
        check(name, "with its argument twice", &[draw(&[3], low, high, 2)], |x| {
            op(&x[0]) * &x[0] + op(&x[0])
        });
        let part = part_of_a_larger(&draw(&[2, 3], low, high, 9));
        check(name, "of a part", &[part], |x| op(&x[0]));
        for shape in [&[][..], &[1], &[1, 1], &[0], &[2, 0]] {
            check(name, "empty and single", &[draw(shape, low, high, 3)], |x| op(&x[0]));
        }
    }
}

#[test]
fn values_are_those_of_std() {
    for &Row { name, domain: (low, high), op, std, .. } in TABLE {
        // More than a vector, and no multiple of one.
        let x = draw(&[7, 11], low, high, 4);
        for (&x, &y) in x.data().iter().zip(op(&x).data()) {
            // The formulas themselves cancel near zeros of the function, hence an absolute part.
            let near = agree(y, std(x), 16.0) || (y - std(x)).abs() <= 4.0 * f64::EPSILON;
            assert!(near, "{name}({x}) = {y}, std has {}", std(x));
        }
        assert_eq!(op(&part_of_a_larger(&x)), op(&x), "{name}");
    }
}

#[test]
fn gradients_in_single_precision_are_those_in_double() {
    for &Row { name, domain: (low, high), op, single, .. } in TABLE {
        let x = draw(&[50], low, high, 5).cast::<f32>();
        let exact = grad(&x.cast::<f64>(), |x| op(x).sum(..));
        let rounded = grad(&x, |x| single(x).sum(..));
        for (&r, &e) in rounded.data().iter().zip(exact.data()) {
            assert!((f64::from(r) - e).abs() <= 2e-6 * (1.0 + e.abs()), "{name}: {r}, {e}");
        }
    }
}

/// Values at the points where functions have steps, and the gradients there that the documentation states.
#[test]
fn kinks_have_the_stated_values_and_subgradients() {
    type Case = (&'static str, fn(&T) -> T, &'static [f64], &'static [f64], &'static [f64]);
    let cases: [Case; 8] = [
        ("abs", |x| x.abs(), &[-1.0, 0.0, 1.0], &[1.0, 0.0, 1.0], &[-1.0, 0.0, 1.0]),
        ("relu", |x| x.relu(), &[-1.0, 0.0, 1.0], &[0.0, 0.0, 1.0], &[0.0, 0.0, 1.0]),
        ("leaky_relu", |x| x.leaky_relu(0.1), &[0.0, 1.0], &[0.0, 1.0], &[0.1, 1.0]),
        ("elu", |x| x.elu(2.0), &[0.0, 1.0, 800.0], &[0.0, 1.0, 800.0], &[2.0, 1.0, 1.0]),
        (
            "clamp",
            |x| x.clamp(0.0, 1.0),
            &[-1.0, 0.0, 1.0, 2.0],
            &[0.0, 0.0, 1.0, 1.0],
            &[0.0, 1.0, 1.0, 0.0],
        ),
        ("hard_tanh", |x| x.hard_tanh(), &[-1.0, 1.0, 2.0], &[-1.0, 1.0, 1.0], &[1.0, 1.0, 0.0]),
        (
            "hard_sigmoid",
            |x| x.hard_sigmoid(),
            &[-3.0, 0.0, 3.0],
            &[0.0, 0.5, 1.0],
            &[0.0, 1.0 / 6.0, 0.0],
        ),
        ("powi", |x| x.powi(2), &[0.0, -3.0], &[0.0, 9.0], &[0.0, -6.0]),
    ];
    for (name, op, x, y, slope) in cases {
        let x = Tensor::new(x.to_vec(), &[x.len()]);
        assert_eq!(op(&x).to_vec(), y, "{name}");
        assert_eq!(grad(&x, |x| op(x).sum(..)).to_vec(), slope, "gradient of {name}");
        // The same while an outer transform watches.
        let second = grad(&x, |x| grad(x, |x| op(x).sum(..)).sum(..));
        assert!(second.data().iter().all(|g| g.is_finite()), "second derivative of {name}");
    }
}

#[test]
fn steps_have_no_gradient() {
    type Case = (&'static str, fn(&T) -> T, [f64; 7]);
    let x = Tensor::new(vec![-1.5, -0.5, -0.0, 0.5, 1.5, 2.5, f64::INFINITY], &[7]);
    let cases: [Case; 3] = [
        ("sign", |x| x.sign(), [-1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0]),
        ("floor", |x| x.floor(), [-2.0, -1.0, 0.0, 0.0, 1.0, 2.0, f64::INFINITY]),
        ("round", |x| x.round(), [-2.0, 0.0, 0.0, 0.0, 2.0, 2.0, f64::INFINITY]),
    ];
    for (name, op, y) in cases {
        assert_eq!(op(&x).to_vec(), y, "{name}");
        assert_eq!(grad(&x, |x| op(x).sum(..)).to_vec(), [0.0; 7], "gradient of {name}");
    }
}

#[test]
fn straight_through_estimators_pass_the_gradient() {
    type Case = (&'static str, fn(&T) -> T, [f64; 4]);
    let x = Tensor::new(vec![-1.7, -0.2, 0.6, 3.0], &[4]);
    let cases: [Case; 3] = [
        ("round_ste", |x| x.round_ste(), [-2.0, 0.0, 1.0, 3.0]),
        ("sign_ste", |x| x.sign_ste(), [-1.0, -1.0, 1.0, 1.0]),
        ("clamp_ste", |x| x.clamp_ste(-1.0, 1.0), [-1.0, -0.2, 0.6, 1.0]),
    ];
    let weights = Tensor::new(vec![1.0, 2.0, 3.0, 4.0], &[4]);
    for (name, op, y) in cases {
        assert_eq!(op(&x).to_vec(), y, "{name}");
        let slope = grad(&x, |x| (op(x) * &weights).sum(..));
        assert_eq!(slope.to_vec(), weights.to_vec(), "gradient of {name}");
        // d²/dx² of f(x)·x with f' = 1 is 2: the estimator is differentiated, not the step.
        let second = grad(&x, |x| grad(x, |x| (op(x) * x).sum(..)).sum(..));
        assert_eq!(second.to_vec(), [2.0; 4], "second derivative of {name}");
    }
}

#[test]
fn the_gelu_approximation_is_close_to_the_exact_one() {
    let x = draw(&[1000], -6.0, 6.0, 6);
    for (a, b) in x.gelu().data().iter().zip(x.gelu_tanh().data()) {
        assert!((a - b).abs() < 1e-3, "{a}, {b}");
    }
}
