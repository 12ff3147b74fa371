//! Floats of 16 bits, as files have them.

/// A float of 16 bits (IEEE 754: a sign, five bits of exponent, ten of mantissa). Every one is an `f32`.
///
/// ```
/// use seedbed_kernels::half::f16;
/// assert_eq!((f16(0x3c00), f16(0xc000), f16(0x0001)), (1.0, -2.0, 2_f32.powi(-24)));
/// ```
pub fn f16(bits: u16) -> f32 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => mantissa * 2_f32.powi(-14),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + mantissa) * 2_f32.powi(exponent - 15),
    };
    if bits >> 15 == 0 { size } else { -size }
}

/// The upper half of an `f32`: bfloat16.
///
/// ```
/// assert_eq!(seedbed_kernels::half::bf16(0x3f80), 1.0);
/// ```
pub fn bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_are_what_ieee_says() {
        let known = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, value) in known {
            assert_eq!(f16(bits).to_bits(), f32::to_bits(value), "{bits:#06x}");
        }
        assert!(f16(0x7e00).is_nan() && f16(0x7c01).is_nan());
        // In order: each positive one is above the one before.
        assert!((1..=0x7c00).all(|bits| f16(bits) > f16(bits - 1)));
        assert_eq!((bf16(0xc000), bf16(0x7f80)), (-2.0, f32::INFINITY));
    }
}
