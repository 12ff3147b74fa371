//! Elementwise ops of two arguments, operators, comparisons and select.

use proptest::prelude::*;
use seedbed_autodiff::grad;

use super::support::{T, agree, check, draw, part_of_a_larger};

/// A differentiable op: its name, an interval for each argument, and the formula in `std`.
struct Row {
    name: &'static str,
    domains: [(f64, f64); 2],
    op: fn(&T, &T) -> T,
    std: fn(f64, f64) -> f64,
}

const ANY: (f64, f64) = (-2.0, 2.0);
const POSITIVE: (f64, f64) = (0.5, 2.0);
const NEGATIVE: (f64, f64) = (-2.0, -0.5);

const fn row(
    name: &'static str,
    a: (f64, f64),
    b: (f64, f64),
    op: fn(&T, &T) -> T,
    std: fn(f64, f64) -> f64,
) -> Row {
    Row { name, domains: [a, b], op, std }
}

const TABLE: &[Row] = &[
    row("add", ANY, ANY, |a, b| a.add(b), |a, b| a + b),
    row("sub", ANY, ANY, |a, b| a.sub(b), |a, b| a - b),
    row("mul", ANY, ANY, |a, b| a.mul(b), |a, b| a * b),
    row("div", ANY, POSITIVE, |a, b| a.div(b), |a, b| a / b),
    row("div", ANY, NEGATIVE, |a, b| a.div(b), |a, b| a / b),
    row("mul_no_nan", ANY, ANY, |a, b| a.mul_no_nan(b), |a, b| a * b),
    row("pow", POSITIVE, ANY, |a, b| a.pow(b), f64::powf),
    row("maximum", POSITIVE, NEGATIVE, |a, b| a.maximum(b), f64::max),
    row("maximum", NEGATIVE, POSITIVE, |a, b| a.maximum(b), f64::max),
    row("minimum", POSITIVE, NEGATIVE, |a, b| a.minimum(b), f64::min),
    row("minimum", NEGATIVE, POSITIVE, |a, b| a.minimum(b), f64::min),
    row("atan2", POSITIVE, ANY, |a, b| a.atan2(b), f64::atan2),
    row("atan2", ANY, NEGATIVE, |a, b| a.maximum(0.1).atan2(b), |a, b| a.max(0.1).atan2(b)),
    row("select", ANY, ANY, |a, b| T::new(vec![1.0, 0.0, 2.0], &[3]).select(a, b), |_, _| f64::NAN),
];

/// Every kind of broadcasting: none, a bias, a column, a scalar, both sides, ranks that differ, empty.
const SHAPES: &[[&[usize]; 2]] = &[
    [&[2, 3], &[2, 3]],
    [&[2, 3], &[3]],
    [&[3], &[2, 3]],
    [&[2, 3], &[2, 1]],
    [&[2, 1], &[1, 3]],
    [&[2, 3], &[]],
    [&[1], &[2, 3]],
    [&[2, 1, 3], &[4, 1]],
    [&[0, 3], &[3]],
    [&[0, 3], &[1, 3]],
    [&[1, 3], &[1, 3]],
];

#[test]
fn derivatives_to_third_order() {
    for &Row { name, domains: [a, b], op, .. } in TABLE {
        for &[a_shape, b_shape] in SHAPES {
            let x = [draw(a_shape, a.0, a.1, 1), draw(b_shape, b.0, b.1, 2)];
            let what = format!("shapes {a_shape:?} and {b_shape:?}");
            check(name, &what, &x, |x| op(&x[0], &x[1]));
            // Only one of the two wants a gradient.
            check(name, &what, &x[..1], |v| op(&v[0], &x[1]));
            check(name, &what, &x[1..], |v| op(&x[0], &v[0]));
        }
        let parts = [a, b].map(|(low, high)| part_of_a_larger(&draw(&[2, 3], low, high, 9)));
        check(name, "of parts", &parts, |x| op(&x[0], &x[1]));
    }
}

#[test]
fn derivatives_of_an_op_with_its_argument_twice() {
    let x = [draw(&[3], 0.5, 2.0, 3)];
    for (name, op) in [
        ("add", (|x, y| x.add(y)) as fn(&T, &T) -> T),
        ("sub", |x, y| x.sub(y)),
        ("mul", |x, y| x.mul(y)),
        ("div", |x, y| x.div(y)),
        ("mul_no_nan", |x, y| x.mul_no_nan(y)),
        ("pow", |x, y| x.pow(y)),
        ("maximum", |x, y| x.maximum(y)),
        ("minimum", |x, y| x.minimum(y)),
        ("atan2", |x, y| x.atan2(y)),
        ("select", |x, y| x.gt(1.0).select(x, y)),
    ] {
        check(name, "x op x", &x, |x| op(&x[0], &x[0]) * &x[0]);
    }
}

#[test]
fn equal_arguments_share_the_gradient() {
    let x = T::ones(&[2]);
    for (name, op) in
        [("maximum", (|a, b| a.maximum(b)) as fn(&T, &T) -> T), ("minimum", |a, b| a.minimum(b))]
    {
        let (a, b) = grad(&(x.clone(), x.clone()), |(a, b)| op(a, b).sum(..));
        assert_eq!((a.to_vec(), b.to_vec()), (vec![0.5; 2], vec![0.5; 2]), "{name}");
    }
}

#[test]
fn powers_at_zero_have_the_stated_gradients() {
    let (a, b) = (T::new(vec![0.0, 0.0, 2.0], &[3]), T::new(vec![2.0, 0.0, 0.0], &[3]));
    assert_eq!(a.pow(&b).to_vec(), [0.0, 1.0, 1.0]);
    let (da, db) = grad(&(a, b), |(a, b)| a.pow(b).sum(..));
    assert_eq!(da.to_vec(), [0.0, 0.0, 0.0]);
    assert_eq!(db.to_vec(), [0.0, 0.0, 2.0_f64.ln()]);
}

#[test]
fn values_are_those_of_std() {
    for &Row { name, domains: [a, b], op, std } in TABLE {
        if name == "select" {
            continue; // It has a test of its own.
        }
        let (a, b) = (draw(&[7, 11], a.0, a.1, 4), draw(&[7, 11], b.0, b.1, 5));
        for ((&a, &b), &y) in a.data().iter().zip(b.data()).zip(op(&a, &b).data()) {
            assert!(agree(y, std(a, b), 2.0), "{name}({a}, {b}) = {y}, std has {}", std(a, b));
        }
    }
}

#[test]
fn a_scalar_stands_on_either_side_of_an_operator() {
    let x = [draw(&[2, 3], 0.5, 2.0, 6)];
    for (name, op, std) in [
        ("add", (|x| x + 2.0) as fn(&T) -> T, (|x| x + 2.0) as fn(f64) -> f64),
        ("add", |x| 2.0 + x, |x| 2.0 + x),
        ("sub", |x| x - 2.0, |x| x - 2.0),
        ("sub", |x| 2.0 - x, |x| 2.0 - x),
        ("mul", |x| x * 2.0, |x| x * 2.0),
        ("mul", |x| 2.0 * x, |x| 2.0 * x),
        ("div", |x| x / 3.0, |x| x / 3.0),
        ("div", |x| 3.0 / x, |x| 3.0 / x),
        ("neg", |x| -x, |x| -x),
        ("add", |x| x.clone() + 2.0, |x| x + 2.0),
        ("add", |x| 2.0 + x.clone(), |x| 2.0 + x),
        ("sub", |x| x.clone() - 2.0, |x| x - 2.0),
        ("sub", |x| 2.0 - x.clone(), |x| 2.0 - x),
        ("mul", |x| x.clone() * 2.0, |x| x * 2.0),
        ("mul", |x| 2.0 * x.clone(), |x| 2.0 * x),
        ("div", |x| x.clone() / 3.0, |x| x / 3.0),
        ("div", |x| 3.0 / x.clone(), |x| 3.0 / x),
        ("neg", |x| -x.clone(), |x| -x),
    ] {
        let expected: Vec<f64> = x[0].data().iter().map(|&x| std(x)).collect();
        assert_eq!(op(&x[0]).to_vec(), expected, "{name}");
        // In memory of its own, which the operators that own their operand may take over.
        assert_eq!(op(&(&x[0] * 1.0)).to_vec(), expected, "{name}");
        check(name, "with a scalar", &x, |x| op(&x[0]) * op(&x[0]));
    }
}

/// All four ownerships of `$a op $b`.
macro_rules! ownerships {
    ($a:expr, $op:tt, $b:expr) => {{
        let (a, b): (T, T) = ($a, $b);
        // Copies, so that the owned ones are their only owners.
        let fresh = |x: &T| T::new(x.to_vec(), x.shape());
        [&a $op &b, fresh(&a) $op &b, &a $op fresh(&b), fresh(&a) $op fresh(&b)]
    }};
}

fn all_ownerships(a: &T, b: &T) -> [(&'static str, [T; 4], T); 4] {
    [
        ("+", ownerships!(a.clone(), +, b.clone()), a.add(b)),
        ("-", ownerships!(a.clone(), -, b.clone()), a.sub(b)),
        ("*", ownerships!(a.clone(), *, b.clone()), a.mul(b)),
        ("/", ownerships!(a.clone(), /, b.clone()), a.div(b)),
    ]
}

#[test]
fn an_operand_that_others_hold_is_left_alone() {
    let a = T::new(vec![1.0, 2.0], &[2]);
    let held = a.clone();
    assert_eq!((a + 1.0).to_vec(), [2.0, 3.0]);
    assert_eq!(held.to_vec(), [1.0, 2.0]);
    let other = held.clone();
    assert_eq!((other * &held).to_vec(), [1.0, 4.0]);
    assert_eq!(held.to_vec(), [1.0, 2.0]);
    // A variable that is given away is not overwritten either: its gradient is still wanted.
    assert_eq!(grad(&held, |x| (x.clone() * x.clone()).sum(..)).to_vec(), [2.0, 4.0]);
    assert_eq!(held.to_vec(), [1.0, 2.0]);
}

/// A shape of up to three axes and two that broadcast to it; together they cover every axis.
fn broadcastable() -> impl Strategy<Value = [Vec<usize>; 2]> {
    proptest::collection::vec((1..4_usize, 0..3_u8), 0..4).prop_flat_map(|axes| {
        let shape = |k: u8| -> Vec<usize> {
            axes.iter().map(|&(n, one)| if one == k { 1 } else { n }).collect()
        };
        let (a, b) = (shape(0), shape(1));
        (0..=a.len()).prop_map(move |skip| [a.clone(), b[skip..].to_vec()])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn broadcasting_agrees_with_ndarray([a_shape, b_shape] in broadcastable(), seed in 0..1000_u64) {
        let (a, b) = (draw(&a_shape, 0.5, 2.0, seed), draw(&b_shape, 0.5, 2.0, seed + 1));
        let (va, vb) = (a.view(), b.view());
        let expected = [&va + &vb, &va - &vb, &va * &vb, &va / &vb];
        for ((name, results, method), expected) in all_ownerships(&a, &b).into_iter().zip(&expected) {
            for result in results.iter().chain([&method]) {
                prop_assert_eq!(&result.view(), &expected.view(), "{}", name);
            }
        }
        // The gradient of a sum over what was repeated: every element of y counts its sources once.
        let (ga, gb) = grad(&(a.clone(), b.clone()), |(a, b)| (a + b).sum(..));
        let repeats = |x: &T| expected[0].len() as f64 / x.len() as f64;
        prop_assert_eq!(ga, T::full(a.shape(), repeats(&a)));
        prop_assert_eq!(gb, T::full(b.shape(), repeats(&b)));
    }

    #[test]
    fn comparisons_agree_with_std(a in proptest::collection::vec(-2..3_i32, 8), b in proptest::collection::vec(-2..3_i32, 8)) {
        let of = |v: &[i32]| T::new(v.iter().map(|&x| f64::from(x)).collect(), &[2, 4]);
        let (x, y) = (of(&a), of(&b));
        let expected = |f: fn(&i32, &i32) -> bool| -> Vec<f64> {
            a.iter().zip(&b).map(|(a, b)| f64::from(u8::from(f(a, b)))).collect()
        };
        for (name, mask, std) in [
            ("eq", x.eq(&y), i32::eq as fn(&i32, &i32) -> bool),
            ("ne", x.ne(&y), i32::ne),
            ("lt", x.lt(&y), i32::lt),
            ("le", x.le(&y), i32::le),
            ("gt", x.gt(&y), i32::gt),
            ("ge", x.ge(&y), i32::ge),
        ] {
            prop_assert_eq!(mask.to_vec(), expected(std), "{}", name);
        }
    }
}

#[test]
fn comparisons_with_nan_and_scalars() {
    let x = T::new(vec![f64::NAN, 1.0, 2.0], &[3]);
    assert_eq!(x.eq(&x).to_vec(), [0.0, 1.0, 1.0]);
    assert_eq!(x.ne(&x).to_vec(), [1.0, 0.0, 0.0]);
    assert_eq!(x.gt(1.0).to_vec(), [0.0, 0.0, 1.0]);
    assert_eq!(x.le(T::scalar(1.0)).to_vec(), [0.0, 1.0, 0.0]);
    assert_eq!(x.lt(T::zeros(&[2, 1])).shape(), [2, 3]);
    // A comparison is a constant: no gradient flows through it.
    assert_eq!(grad(&x, |x| (x.ge(0.0) * 5.0).sum(..)).to_vec(), [0.0; 3]);
}

#[test]
fn select_takes_from_both_and_sends_the_gradient_back() {
    let mask = T::new(vec![1.0, 0.0, -2.0], &[3]);
    let (a, b) = (T::full(&[2, 1], 7.0), T::scalar(5.0));
    assert_eq!(mask.select(&a, &b).to_vec(), [7.0, 5.0, 7.0, 7.0, 5.0, 7.0]);
    let (da, db) = grad(&(a, b), |(a, b)| mask.select(a, b).sum(..));
    assert_eq!((da.to_vec(), db.to_vec()), (vec![2.0, 2.0], vec![2.0]));
    // What was not chosen has no part in the gradient, be it infinite.
    let x = T::new(vec![0.0, 4.0], &[2]);
    let slope = grad(&x, |x| x.gt(0.0).select(x, 1.0).sqrt().sum(..));
    assert_eq!(slope.to_vec(), [0.0, 0.25]);
}
