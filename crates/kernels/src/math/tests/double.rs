//! `f64` against golden values of 50 digits (`scripts/golden_math.py`), and against `std` on many more.

use super::*;

/// One unit in the last place of a number.
fn ulp(y: f64) -> f64 {
    let y = y.abs();
    f64::from_bits(y.to_bits() + 1) - y
}

/// Argument, nearest value, and what the exact value has beyond it in ulp.
fn golden(name: &str) -> Vec<(f64, f64, f64)> {
    let bits = |s: &str| f64::from_bits(u64::from_str_radix(s, 16).expect("hexadecimal bits"));
    include_str!("golden.txt")
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|line| line[0] == name)
        .map(|line| (bits(line[1]), bits(line[2]), line[3].parse().expect("a number of ulp")))
        .collect()
}

fn check_golden<K: Pointwise<f64, 1> + Named>(rule: K) {
    let golden = golden(K::NAME);
    assert!(golden.len() > 150, "{}: {} golden values", K::NAME, golden.len());
    let x: Vec<f64> = golden.iter().map(|g| g.0).collect();
    for (how, y) in both(rule, [&x]) {
        let mut worst = Worst::default();
        for (&(x, nearest, beyond), y) in golden.iter().zip(y) {
            worst.see(((y - nearest) / ulp(nearest) - beyond).abs(), [x, 0.0]);
        }
        worst.check(K::NAME, how, 4.0);
    }
}

#[test]
fn golden_values_are_met() {
    check_golden(Exp);
    check_golden(ExpM1);
    check_golden(Ln);
    check_golden(Ln1p);
    check_golden(Tanh);
    check_golden(Sigmoid);
    check_golden(Softplus);
    check_golden(Erf);
}

/// Numbers of all sizes up to `largest`, and a dense stretch around 0.
fn points(largest: f64) -> Vec<f64> {
    let step = (largest.to_bits() / 200_000) as usize;
    let all = (0..=largest.to_bits()).step_by(step).map(f64::from_bits);
    let linear = (0..200_000).map(|i| f64::from(i) * largest.min(40.0) / 2e5);
    all.chain(linear).flat_map(|x| [x, -x]).collect()
}

/// Against `std`, whose own error is at most one ulp: 3 ulp from it is at most 4 from the truth.
fn check<K: Pointwise<f64, 1> + Named>(rule: K, largest: f64, std: fn(f64) -> f64) {
    let x = points(largest);
    for (how, y) in both(rule, [&x]) {
        let mut worst = Worst::default();
        for (&x, y) in x.iter().zip(y) {
            let s = std(x);
            if !(s.is_nan() && y.is_nan()) && s != y {
                worst.see((y - s).abs() / ulp(s), [x, 0.0]);
            }
        }
        worst.check(K::NAME, how, 3.0);
    }
}

#[test]
fn sweeps_stay_close_to_std() {
    check(Exp, 709.78, f64::exp);
    check(ExpM1, 709.78, f64::exp_m1);
    check(Ln, f64::MAX, f64::ln);
    check(Ln1p, f64::MAX, f64::ln_1p);
    check(Tanh, f64::MAX, f64::tanh);
    check(Sin, f64::MAX, f64::sin);
    check(Cos, f64::MAX, f64::cos);
    check(Rsqrt, f64::MAX, |x| 1.0 / x.sqrt());
    check(Floor, f64::MAX, f64::floor);
    check(Round, f64::MAX, f64::round_ties_even);
}
