//! The vector instructions under the register tile, for both element types.

use std::arch::x86_64::*;
use std::ops::{Add, Mul};

/// Bytes of a vector register.
const REGISTER: usize = 32;

/// Numbers in a vector register.
pub(crate) const fn lanes<F>() -> usize {
    REGISTER / size_of::<F>()
}

/// The vector instructions under the kernels, for one element type. [`Float`](crate::Float) rests on this trait, so that generic kernels come to
/// the instructions of their element type.
///
/// # Safety
/// Every function needs AVX2 and FMA, and pointers that are valid for what they read or write.
pub trait Simd: Copy + Add<Output = Self> + Mul<Output = Self> + 'static {
    /// A vector register.
    type Register: Copy;
    /// Elements in a register.
    const LANES: usize = REGISTER / size_of::<Self>();
    /// A register of zeros.
    unsafe fn zeros() -> Self::Register;
    /// A register of one element.
    unsafe fn splat(x: *const Self) -> Self::Register;
    /// The elements from `x` on.
    unsafe fn load(x: *const Self) -> Self::Register;
    /// Writes the elements to `x` and its successors.
    unsafe fn store(x: *mut Self, v: Self::Register);
    /// `a + b`.
    unsafe fn plus(a: Self::Register, b: Self::Register) -> Self::Register;
    /// `a · b + c`, rounded once.
    unsafe fn fma(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register;
    /// Transposes a square of one register by one register: `to[i · to_row + j] = from[j · from_row + i]`. Both squares are valid at
    /// those distances.
    unsafe fn transpose(from: *const Self, from_row: usize, to: *mut Self, to_row: usize);
}

macro_rules! simd {
    ($t:ty, $v:ty, $zero:ident, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident, $transpose:ident) => {
        impl Simd for $t {
            type Register = $v;
            #[inline(always)]
            unsafe fn zeros() -> $v {
                // SAFETY: the caller has AVX2 (all functions).
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
            unsafe fn fma(a: $v, b: $v, c: $v) -> $v {
                // SAFETY: the caller has FMA.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            unsafe fn transpose(from: *const Self, from_row: usize, to: *mut Self, to_row: usize) {
                // SAFETY: the caller has AVX2, and both squares are valid.
                unsafe { $transpose(from, from_row, to, to_row) }
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
    _mm256_fmadd_ps,
    transpose_f32
);
simd!(
    f64,
    __m256d,
    _mm256_setzero_pd,
    _mm256_broadcast_sd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd,
    _mm256_fmadd_pd,
    transpose_f64
);

/// # Safety
/// See [`Simd::transpose`].
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
/// See [`Simd::transpose`].
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
