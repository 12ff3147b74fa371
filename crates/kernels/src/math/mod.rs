//! Elementary functions of a [`Lane`](crate::simd::Lane), without branches.
//!
//! One algorithm serves `f32` and `f64`: what differs is a table of coefficients and a few constants
//! ([`Elementary`]). Each function states its largest error in units in the last place (ulp), measured by the tests
//! over a sweep of all `f32` and over golden values and sweeps of `f64`, with and without a fused
//! multiply-add. NaN, infinities, signed zeros and subnormal numbers come out as `std` has them.

mod erf;
mod exp;
mod ln;
mod pow;
mod rounding;
mod sigmoid;
mod tables;
#[cfg(test)]
mod tests;
mod trigonometry;

/// What the elementary functions need to know of a number format.
pub trait Elementary: Copy + 'static {
    /// `1.5 · 2^p`, `p` bits of fraction: adding it rounds a small number to an integer, which then
    /// stands in the lowest bits.
    const SHIFT: Self;
    /// From here on every value is an integer.
    const INTEGERS_FROM: Self;
    /// The smallest normal number.
    const NORMAL_FROM: Self;
    /// Below this magnitude `x² ` does not change `1 ± x`.
    const TINY: Self;
    /// `2^(p+2)` for `p` bits of fraction: makes any subnormal number normal.
    const SUBNORMAL_SCALE: f64;
    /// Its exponent.
    const SUBNORMAL_EXPONENT: f64;
    /// ln 2 with enough trailing zeros that its product with an exponent is exact …
    const LN2_HIGH: Self;
    /// … and the rest.
    const LN2_LOW: Self;
    /// `eˣ` is 0 below this.
    const EXP_MIN: f64;
    /// `eˣ` is infinite from here on.
    const EXP_MAX: f64;
    /// `eˣ` is a normal number from here on.
    const EXP_NORMAL: f64;
    /// `tanh x` is 1 from here on, and `eˣ − 1` is −1 below twice its negative.
    const TANH_ONE: f64;
    /// `erf x` is 1 from here on.
    const ERF_ONE: f64;
    /// Coefficients: see `scripts/math_tables.py`.
    const EXP: &'static [Self];
    /// Coefficients: see `scripts/math_tables.py`.
    const LN: &'static [Self];
    /// Coefficients: see `scripts/math_tables.py`.
    const ERF: &'static [Self];
    /// Coefficients: see `scripts/math_tables.py`.
    const ERFC: &'static [Self];

    /// `a·b + c`, rounded once.
    fn fused(a: Self, b: Self, c: Self) -> Self;

    /// `2ⁿ` for `z = SHIFT + n`, where it is a normal number.
    fn exp2_of_shifted(z: Self) -> Self;

    /// `(m, e)` with `x = m · 2^e` and `m` in `[√½, √2)`, for a positive normal number.
    fn split(x: Self) -> (Self, Self);

    /// `xʸ` for `x ≥ 0`, neither NaN, `x` other than 1, `y` other than 0.
    fn pow_of_positive<const FMA: bool>(x: Self, y: Self) -> Self;
}

macro_rules! elementary {
    ($F:ident, $Bits:ident, $fraction:literal, $bias:literal, $pow:path, { $($constants:tt)* }) => {
        impl Elementary for $F {
            const SHIFT: Self = (1_u64 << $fraction) as $F * 1.5;
            const INTEGERS_FROM: Self = (1_u64 << $fraction) as $F;
            const NORMAL_FROM: Self = $F::MIN_POSITIVE;
            const TINY: Self = $F::EPSILON / 4.0;
            const SUBNORMAL_SCALE: f64 = (1_u64 << ($fraction + 2)) as f64;
            const SUBNORMAL_EXPONENT: f64 = $fraction as f64 + 2.0;
            $($constants)*

            #[inline(always)]
            fn fused(a: Self, b: Self, c: Self) -> Self {
                a.mul_add(b, c)
            }

            #[inline(always)]
            fn exp2_of_shifted(z: Self) -> Self {
                // The integer is in the lowest bits; those of SHIFT leave at the top.
                $F::from_bits((z.to_bits() << $fraction).wrapping_add($bias << $fraction))
            }

            #[inline(always)]
            fn split(x: Self) -> (Self, Self) {
                const ROOT_HALF: $Bits = std::$F::consts::FRAC_1_SQRT_2.to_bits();
                const OFFSET: $Bits = $bias + 1;
                let i = x.to_bits().wrapping_sub(ROOT_HALF);
                let m = $F::from_bits((i & ((1 << $fraction) - 1)) + ROOT_HALF);
                // The exponent, made positive, becomes a float by standing in the fraction of 2^p.
                let e = i.wrapping_add(OFFSET << $fraction) >> $fraction;
                let e = $F::from_bits(e | Self::INTEGERS_FROM.to_bits());
                (m, e - (Self::INTEGERS_FROM + OFFSET as $F))
            }

            #[inline(always)]
            fn pow_of_positive<const FMA: bool>(x: Self, y: Self) -> Self {
                $pow(x, y)
            }
        }
    };
}

elementary!(f32, u32, 23, 127, pow::through_f64::<FMA>, {
    const LN2_HIGH: Self = 355.0 / 512.0;
    const LN2_LOW: Self = -2.121_944_4e-4;
    const EXP_MIN: f64 = -104.0;
    const EXP_MAX: f64 = 89.0;
    const EXP_NORMAL: f64 = -87.0;
    const TANH_ONE: f64 = 9.5;
    const ERF_ONE: f64 = 3.95;
    const EXP: &'static [Self] = tables::EXP_F32;
    const LN: &'static [Self] = tables::LN_F32;
    const ERF: &'static [Self] = tables::ERF_F32;
    const ERFC: &'static [Self] = tables::ERFC_F32;
});

elementary!(f64, u64, 52, 1023, f64::powf, {
    const LN2_HIGH: Self = 0.693_147_180_369_123_8;
    const LN2_LOW: Self = 1.908_214_929_270_587_7e-10;
    const EXP_MIN: f64 = -746.0;
    const EXP_MAX: f64 = 710.0;
    const EXP_NORMAL: f64 = -708.0;
    const TANH_ONE: f64 = 20.0;
    const ERF_ONE: f64 = 6.0;
    const EXP: &'static [Self] = tables::EXP_F64;
    const LN: &'static [Self] = tables::LN_F64;
    const ERF: &'static [Self] = tables::ERF_F64;
    const ERFC: &'static [Self] = tables::ERFC_F64;
});
