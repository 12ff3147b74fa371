//! The vector instructions under the register tile, for both element types.

use std::any::TypeId;
use std::arch::x86_64::*;
use std::ops::{Add, Mul};

use crate::Float;

/// Bytes of a vector register.
const REGISTER: usize = 32;

/// Numbers in a vector register.
pub(crate) const fn lanes<F>() -> usize {
    REGISTER / size_of::<F>()
}

/// The vector instructions that a tile uses, for one element type.
///
/// # Safety
/// Every function needs AVX2 and FMA, and pointers that are valid for what they read or write.
pub(super) trait Simd: Copy + Add<Output = Self> + Mul<Output = Self> + 'static {
    type V: Copy;
    const LANES: usize = REGISTER / size_of::<Self>();
    unsafe fn zero() -> Self::V;
    unsafe fn splat(x: *const Self) -> Self::V;
    unsafe fn load(x: *const Self) -> Self::V;
    unsafe fn store(x: *mut Self, v: Self::V);
    unsafe fn plus(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
}

macro_rules! simd {
    ($t:ty, $v:ty, $zero:ident, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident) => {
        impl Simd for $t {
            type V = $v;
            #[inline(always)]
            unsafe fn zero() -> $v {
                // SAFETY: the caller has AVX2 (all six functions).
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn splat(x: *const Self) -> $v {
                // SAFETY: the caller's pointer is valid for one number.
                unsafe { $splat(&*x) }
            }
            #[inline(always)]
            unsafe fn load(x: *const Self) -> $v {
                // SAFETY: the caller's pointer is valid for a register.
                unsafe { $load(x) }
            }
            #[inline(always)]
            unsafe fn store(x: *mut Self, v: $v) {
                // SAFETY: the caller's pointer is valid for a register.
                unsafe { $store(x, v) }
            }
            #[inline(always)]
            unsafe fn plus(a: $v, b: $v) -> $v {
                // SAFETY: the caller has AVX2.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            unsafe fn mul_add(a: $v, b: $v, c: $v) -> $v {
                // SAFETY: the caller has FMA.
                unsafe { $fma(a, b, c) }
            }
        }
    };
}

simd!(
    f32,
    __m256,
    _mm256_setzero_ps,
    _mm256_broadcast_ss,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps
);
simd!(
    f64,
    __m256d,
    _mm256_setzero_pd,
    _mm256_broadcast_sd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd,
    _mm256_fmadd_pd
);

/// Transposes a square of one register by one register: `to[i · to_row + j] = from[j · from_row + i]`.
///
/// # Safety
/// AVX2; both squares valid at those distances.
pub(crate) unsafe fn transpose<F: Float>(
    from: *const F,
    from_row: usize,
    to: *mut F,
    to_row: usize,
) {
    // SAFETY: `F` is what the branch says, since `Float` is sealed; the rest is the caller's promise.
    unsafe {
        if TypeId::of::<F>() == TypeId::of::<f32>() {
            transpose_f32(from.cast(), from_row, to.cast(), to_row);
        } else {
            transpose_f64(from.cast(), from_row, to.cast(), to_row);
        }
    }
}

/// # Safety
/// See [`transpose`].
#[target_feature(enable = "avx2")]
unsafe fn transpose_f32(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: eight rows of eight numbers are read and written.
    unsafe {
        // Rows `j` and `j + 4` share a register, so that only shuffles within halves remain.
        let half = |j: usize, i: usize| {
            let low = _mm_loadu_ps(from.add(j * from_row + i));
            let high = _mm_loadu_ps(from.add((j + 4) * from_row + i));
            _mm256_set_m128(high, low)
        };
        for i in [0, 4] {
            let [a, b, c, d] = [half(0, i), half(1, i), half(2, i), half(3, i)];
            let (ab0, ab1) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd0, cd1) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            let out = [
                _mm256_shuffle_ps::<0b01_00_01_00>(ab0, cd0),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab0, cd0),
                _mm256_shuffle_ps::<0b01_00_01_00>(ab1, cd1),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab1, cd1),
            ];
            for (r, v) in out.into_iter().enumerate() {
                _mm256_storeu_ps(to.add((i + r) * to_row), v);
            }
        }
    }
}

/// # Safety
/// See [`transpose`].
#[target_feature(enable = "avx2")]
unsafe fn transpose_f64(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
    // SAFETY: four rows of four numbers are read and written.
    unsafe {
        // Rows `j` and `j + 2` share a register, so that only shuffles within halves remain.
        let half = |j: usize, i: usize| {
            let low = _mm_loadu_pd(from.add(j * from_row + i));
            let high = _mm_loadu_pd(from.add((j + 2) * from_row + i));
            _mm256_set_m128d(high, low)
        };
        for i in [0, 2] {
            let (a, b) = (half(0, i), half(1, i));
            _mm256_storeu_pd(to.add(i * to_row), _mm256_unpacklo_pd(a, b));
            _mm256_storeu_pd(to.add((i + 1) * to_row), _mm256_unpackhi_pd(a, b));
        }
    }
}
