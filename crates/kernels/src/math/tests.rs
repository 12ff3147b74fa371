//! Error bounds of the elementary functions, with and without a fused multiply-add.

mod double;
mod single;
mod special;

use super::super::pointwise::{Pointwise, map, map_baseline};
use crate::Float;
use crate::simd::Lane;

/// A function as a rule, and its name.
macro_rules! functions {
    ($($Name:ident $name:literal |$($x:ident),+| $y:expr;)*) => { $(
        #[derive(Clone, Copy)]
        struct $Name;
        impl<F: Float> Pointwise<F, { [$(stringify!($x)),+].len() }> for $Name {
            const WORK: usize = 1;
            #[inline(always)]
            fn at<const FMA: bool>(
                self,
                [$($x),+]: [Lane<F, FMA>; { [$(stringify!($x)),+].len() }],
            ) -> [Lane<F, FMA>; 1] {
                [$y]
            }
        }
        impl Named for $Name {
            const NAME: &'static str = $name;
        }
    )* };
}

trait Named {
    const NAME: &'static str;
}

functions! {
    Exp "exp" |x| x.exp();
    ExpNonpositive "exp_nonpositive" |x| x.exp_nonpositive();
    ExpM1 "exp_m1" |x| x.exp_m1();
    Ln "ln" |x| x.ln();
    Ln1p "ln_1p" |x| x.ln_1p();
    Sin "sin" |x| x.sin();
    Cos "cos" |x| x.cos();
    Tanh "tanh" |x| x.tanh();
    Sigmoid "sigmoid" |x| x.sigmoid();
    Softplus "softplus" |x| x.softplus();
    Erf "erf" |x| x.erf();
    Rsqrt "rsqrt" |x| x.rsqrt();
    Floor "floor" |x| x.floor();
    Round "round" |x| x.round();
    Powf "powf" |x, y| x.pow(y);
    Atan2 "atan2" |y, x| y.atan2(x);
    Powi7 "powi(7)" |x| x.powi(7);
}

/// Both ways to compute a rule: as this machine does, and as the baseline does.
fn both<F: Float, K: Pointwise<F, N>, const N: usize>(
    rule: K,
    x: [&[F]; N],
) -> [(&'static str, Vec<F>); 2] {
    let [dispatched] = map(rule, x);
    [("dispatched", dispatched), ("baseline", map_baseline(rule, x))]
}

/// The largest error over some points, and where it is.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    ulp: f64,
    at: [f64; 2],
}

impl Worst {
    fn see(&mut self, ulp: f64, at: [f64; 2]) {
        // A NaN is the worst of all.
        if ulp > self.ulp || ulp.is_nan() {
            *self = Self { ulp, at };
        }
    }

    fn check(self, name: &str, how: &str, bound: f64) {
        println!("{name:10} {how:10} {:6.3} ulp at {:?}", self.ulp, self.at);
        assert!(self.ulp <= bound, "{name} ({how}): {} ulp at {:?}", self.ulp, self.at);
    }
}

#[test]
fn exp_nonpositive_is_exp() {
    fn check<F: Float>(from: f64) {
        let x: Vec<F> = (0..200_000).map(|i| F::of(-f64::from(i) * 4e-3)).collect();
        let x: Vec<F> = x.into_iter().chain([-F::zero(), F::neg_infinity(), F::nan()]).collect();
        for ((how, got), (_, exp)) in both(ExpNonpositive, [&x]).into_iter().zip(both(Exp, [&x])) {
            for ((x, got), exp) in x.iter().zip(got).zip(exp) {
                let want = if x.f64() < from { F::zero() } else { exp };
                assert!(got == want || (got.is_nan() && x.is_nan()), "{how} {x}: {got} {want}");
            }
        }
    }
    check::<f32>(-87.0);
    check::<f64>(-708.0);
}
