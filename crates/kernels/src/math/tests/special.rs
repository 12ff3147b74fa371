//! What is not an ordinary number comes out as `std` has it.

use super::*;

const SPECIAL: [f64; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    5e-324,
    -5e-324,
    0.5,
    -3.0,
];

/// Equal, NaN both, or within 4 ulp; zeros with the same sign.
fn agree(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan())
        || (a == b && a.is_sign_negative() == b.is_sign_negative())
        || (a != 0.0 && (a - b).abs() <= 4.0 * f64::EPSILON * b.abs())
}

fn check<K: Pointwise<f64, 1> + Pointwise<f32, 1> + Named>(
    rule: K,
    std: impl Fn(f64) -> f64,
    std_f32: impl Fn(f32) -> f32,
) {
    for (how, y) in both(rule, [&SPECIAL]) {
        for (x, y) in SPECIAL.into_iter().zip(y) {
            assert!(agree(y, std(x)), "{} ({how}) of {x}: {y}, std {}", K::NAME, std(x));
        }
    }
    let x: Vec<f32> = SPECIAL
        .iter()
        .map(|&x| x as f32)
        .chain([1e-45, -1e-45, f32::MAX, f32::MIN, f32::MIN_POSITIVE])
        .collect();
    for (how, y) in both(rule, [&x]) {
        for (&x, y) in x.iter().zip(y) {
            let s = std_f32(x);
            let near = agree(y.into(), s.into())
                || (y != 0.0 && (y - s).abs() <= 4.0 * f32::EPSILON * s.abs());
            assert!(near, "{} ({how}) of {x}_f32: {y}, std {s}", K::NAME);
        }
    }
}

macro_rules! as_std {
    ($($name:ident: $($Pointwise:ident $f:ident),+;)*) => { $(
        #[test]
        fn $name() {
            $(check($Pointwise, f64::$f, f32::$f);)+
        }
    )* };
}

as_std! {
    exponentials: Exp exp, ExpM1 exp_m1;
    logarithms: Ln ln, Ln1p ln_1p;
    circular: Sin sin, Cos cos;
    tanh: Tanh tanh;
    rounding: Floor floor, Round round_ties_even;
}

#[test]
fn sigmoid_and_softplus_have_the_limits_of_their_formulas() {
    let x = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -745.0, 745.0];
    for (how, y) in both(Sigmoid, [&x]) {
        assert!(y[2].is_nan());
        assert_eq!(
            [y[0], y[1], y[3], y[4], y[5]],
            [1.0, 0.0, 0.5, (-745.0_f64).exp(), 1.0],
            "{how}"
        );
    }
    for (how, y) in both(Softplus, [&x]) {
        assert!(y[2].is_nan());
        assert_eq!(
            [y[0], y[1], y[4], y[5]],
            [f64::INFINITY, 0.0, (-745.0_f64).exp(), 745.0],
            "{how}"
        );
    }
    for (how, y) in both(Erf, [&[f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.0, -0.0, 5e-324]]) {
        assert!(y[2].is_nan());
        assert_eq!([y[0], y[1], y[3], y[4], y[5]], [1.0, -1.0, 0.0, -0.0, 5e-324], "{how}");
        assert!(y[4].is_sign_negative(), "{how}");
    }
}

#[test]
fn powers_of_special_numbers_are_those_of_std() {
    for a in SPECIAL {
        for b in SPECIAL.into_iter().chain([2.0, 0.5, -0.5, 3.0, 1e300]) {
            for (how, y) in both(Powf, [&[a], &[b]]) {
                assert!(
                    agree(y[0], a.powf(b)),
                    "powf({a}, {b}) ({how}): {}, std {}",
                    y[0],
                    a.powf(b)
                );
            }
            let (a, b) = (a as f32, b as f32);
            for (how, y) in both(Powf, [&[a], &[b]]) {
                let s = a.powf(b);
                let near = agree(y[0].into(), s.into())
                    || (y[0] - s).abs() <= 2.0 * f32::EPSILON * s.abs();
                assert!(near, "powf({a}, {b})_f32 ({how}): {}, std {s}", y[0]);
            }
        }
    }
}
