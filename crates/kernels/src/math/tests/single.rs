//! `f32` against `f64`: a sweep over all finite numbers and dense stretches where functions bend.

use super::*;

/// The error of `y` in units in the last place of the `f32` nearest to `exact`.
fn ulps(y: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if nearest.is_nan() || y.is_nan() {
        return if nearest.is_nan() && y.is_nan() { 0.0 } else { f64::NAN };
    }
    if nearest.is_infinite() || y.is_infinite() {
        let largest = f64::from(f32::MAX) * (1.0 + f64::EPSILON);
        let near_overflow =
            exact.abs() > f64::from(f32::MAX) * (1.0 - 4.0 * f64::from(f32::EPSILON));
        let agree = nearest == y
            || (near_overflow
                && exact.abs() < 2.0 * largest
                && y.is_sign_negative() == (exact < 0.0));
        return if agree { 0.0 } else { f64::INFINITY };
    }
    let exponent = exact.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor() as i32;
    (f64::from(y) - exact).abs() / 2_f64.powi(exponent - 23)
}

/// Every 997th bit pattern, and every number close to 0 in magnitude order, 1, 2, and the ends of the exponential.
fn points() -> Vec<f32> {
    let sweep = (0..=u32::MAX).step_by(997).map(f32::from_bits);
    let centres = [
        0.5_f32,
        1.0,
        2.0,
        4.0,
        9.0,
        16.6,
        88.7,
        103.9,
        std::f32::consts::FRAC_PI_2,
        0.3466,
        1.0397,
    ];
    let dense = centres.into_iter().flat_map(|c| {
        (0..20_000_u32).map(move |i| f32::from_bits(c.to_bits() - 10_000 + i)).flat_map(|x| [x, -x])
    });
    let linear = (-120_000..120_000).map(|i| i as f32 * 1e-3);
    sweep.chain(dense).chain(linear).filter(|x| x.is_finite()).collect()
}

fn check<K: Pointwise<f32, 1> + Named>(rule: K, exact: impl Fn(f64) -> f64, bound: f64) {
    let x = points();
    for (how, y) in both(rule, [&x]) {
        let mut worst = Worst::default();
        for (&x, &y) in x.iter().zip(&y) {
            worst.see(ulps(y, exact(f64::from(x))), [f64::from(x), 0.0]);
        }
        worst.check(K::NAME, how, bound);
    }
}

#[test]
fn exp() {
    check(Exp, f64::exp, 4.0);
}

#[test]
fn exp_m1() {
    check(ExpM1, f64::exp_m1, 4.0);
}

#[test]
fn ln() {
    check(Ln, f64::ln, 4.0);
}

#[test]
fn ln_1p() {
    check(Ln1p, f64::ln_1p, 4.0);
}

#[test]
fn sin() {
    check(Sin, f64::sin, 4.0);
}

#[test]
fn cos() {
    check(Cos, f64::cos, 4.0);
}

#[test]
fn tanh() {
    check(Tanh, f64::tanh, 4.0);
}

#[test]
fn sigmoid() {
    check(
        Sigmoid,
        |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) },
        4.0,
    );
}

#[test]
fn softplus() {
    check(Softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 4.0);
}

#[test]
fn erf() {
    // The f64 version is held against golden values in `double`.
    check(Erf, |x| Lane::<f64, false>(x).erf().0, 4.0);
}

#[test]
fn rsqrt() {
    check(Rsqrt, |x| 1.0 / x.sqrt(), 4.0);
}

#[test]
fn powi() {
    // Four products, the last of which doubles what came before.
    check(Powi7, |x| x.powi(7), 7.0);
}

#[test]
fn rounding_is_exact() {
    check(Floor, f64::floor, 0.0);
    check(Round, f64::round_ties_even, 0.0);
}

fn check_pairs<K: Pointwise<f32, 2> + Named>(rule: K, exact: impl Fn(f64, f64) -> f64, bound: f64) {
    // A cheap sequence that fills the plane of bit patterns evenly, then the plane of usual sizes.
    let bits = (0..2_000_000_u32).map(|i| {
        (
            f32::from_bits(i.wrapping_mul(2_654_435_769)),
            f32::from_bits(i.wrapping_mul(1_640_531_527)),
        )
    });
    let usual = (0..1_000_000_u32).map(|i| {
        let x = i.wrapping_mul(2_654_435_769) as f32 / u32::MAX as f32 * 8.0 - 1.0;
        (x, i.wrapping_mul(1_640_531_527) as f32 / u32::MAX as f32 * 80.0 - 40.0)
    });
    let (x, y): (Vec<_>, Vec<_>) =
        bits.chain(usual).filter(|(x, y)| x.is_finite() && y.is_finite()).unzip();
    for (how, z) in both(rule, [&x, &y]) {
        let mut worst = Worst::default();
        for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
            let (x, y) = (f64::from(x), f64::from(y));
            worst.see(ulps(z, exact(x, y)), [x, y]);
        }
        worst.check(K::NAME, how, bound);
    }
}

#[test]
fn powf() {
    check_pairs(Powf, f64::powf, 4.0);
}

#[test]
fn atan2() {
    check_pairs(Atan2, f64::atan2, 4.0);
}
