//! Operations on short slices: dot products, sums, updates, softmax.
//!
//! They are `#[inline(always)]` parts of a kernel's loop ([`rows`](crate::rows)), which says with `FMA` what the machine has. A slice of 20 elements
//! is too short for wide vectors alone: the loops go by eight elements, then by four, then by one. Slices that belong together have the same length.

use crate::Float;
use crate::rows::{fold, map_in_place};
use crate::simd::Lane;

/// Σ aᵢ bᵢ.
///
/// ```
/// use seedbed_kernels::vector::dot;
/// assert_eq!(dot::<f32, false>(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
#[inline(always)]
pub fn dot<F: Float, const FMA: bool>(a: &[F], b: &[F]) -> F {
    let (mut eight, mut four, mut one) =
        ([Lane(F::zero()); 8], [Lane(F::zero()); 4], Lane(F::zero()));
    let (a8, a) = a.as_chunks::<8>();
    let (b8, b) = b.as_chunks::<8>();
    for (a, b) in a8.iter().zip(b8) {
        multiply_add::<F, FMA, 8>(&mut eight, a, b);
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    let (a4, a) = a.as_chunks::<4>();
    let (b4, b) = b.as_chunks::<4>();
    for (a, b) in a4.iter().zip(b4) {
        multiply_add::<F, FMA, 4>(&mut four, a, b);
    }
    for (&a, &b) in a.iter().zip(b) {
        one = Lane::<F, FMA>(a).mul_add(Lane(b), one);
    }
    ((four[0] + four[2]) + (four[1] + four[3]) + one).0
}

/// Σ xᵢ.
///
/// ```
/// use seedbed_kernels::vector::sum;
/// assert_eq!(sum::<f32, false>(&[1.0, 2.0, 4.0]), 7.0);
/// ```
#[inline(always)]
pub fn sum<F: Float, const FMA: bool>(x: &[F]) -> F {
    let (mut four, mut one) = ([Lane::<F, FMA>(F::zero()); 4], Lane(F::zero()));
    let (fours, rest) = x.as_chunks::<4>();
    for x in fours {
        for i in 0..4 {
            four[i] += Lane(x[i]);
        }
    }
    for &x in rest {
        one += Lane(x);
    }
    ((four[0] + four[2]) + (four[1] + four[3]) + one).0
}

/// y ← y + a x.
///
/// ```
/// use seedbed_kernels::vector::axpy;
/// let mut y = [1.0_f32, 2.0];
/// axpy::<f32, false>(10.0, &[1.0, 2.0], &mut y);
/// assert_eq!(y, [11.0, 22.0]);
/// ```
#[inline(always)]
pub fn axpy<F: Float, const FMA: bool>(a: F, x: &[F], y: &mut [F]) {
    zip_in_place::<F, FMA, 1>(y, [x], |y, [x]| x.mul_add(Lane(a), y));
}

/// sᵢ ← sᵢ + aᵢ bᵢ, on arrays that stay in registers.
///
/// ```
/// use seedbed_kernels::simd::Lane;
/// use seedbed_kernels::vector::multiply_add;
/// let mut sums = [Lane::<f32, false>(1.0); 2];
/// multiply_add(&mut sums, &[1.0, 2.0], &[3.0, 4.0]);
/// assert_eq!(sums.map(|s| s.0), [4.0, 9.0]);
/// ```
#[inline(always)]
pub fn multiply_add<F: Float, const FMA: bool, const K: usize>(
    sums: &mut [Lane<F, FMA>; K],
    a: &[F; K],
    b: &[F; K],
) {
    for i in 0..K {
        sums[i] = Lane(a[i]).mul_add(Lane(b[i]), sums[i]);
    }
}

/// yᵢ ← f(yᵢ, xᵢ), with the i-th elements of all `x`.
///
/// ```
/// use seedbed_kernels::vector::zip_in_place;
/// let mut y = [1.0_f32, 2.0];
/// zip_in_place::<f32, false, 2>(&mut y, [&[3.0, 4.0], &[5.0, 6.0]], |y, [a, b]| y + a * b);
/// assert_eq!(y, [16.0, 26.0]);
/// ```
#[inline(always)]
pub fn zip_in_place<F: Float, const FMA: bool, const N: usize>(
    y: &mut [F],
    x: [&[F]; N],
    f: impl Fn(Lane<F, FMA>, [Lane<F, FMA>; N]) -> Lane<F, FMA>,
) {
    zip_all_in_place::<F, FMA, 1, N>([y], x, |[y], x| [f(y, x)]);
}

/// [`zip_in_place`] of several slices at once.
///
/// ```
/// use seedbed_kernels::vector::zip_all_in_place;
/// let (mut a, mut b) = ([1.0_f32, 2.0], [3.0, 4.0]);
/// zip_all_in_place::<f32, false, 2, 1>([&mut a, &mut b], [&[10.0, 20.0]], |[a, b], [x]| [b, a + x]);
/// assert_eq!((a, b), ([3.0, 4.0], [11.0, 22.0]));
/// ```
#[inline(always)]
pub fn zip_all_in_place<F: Float, const FMA: bool, const M: usize, const N: usize>(
    mut y: [&mut [F]; M],
    x: [&[F]; N],
    f: impl Fn([Lane<F, FMA>; M], [Lane<F, FMA>; N]) -> [Lane<F, FMA>; M],
) {
    let n = y[0].len();
    let mut at = 0;
    while at + 8 <= n {
        block::<F, FMA, M, N, 8>(&mut y, x, at, &f);
        at += 8;
    }
    if at + 4 <= n {
        block::<F, FMA, M, N, 4>(&mut y, x, at, &f);
        at += 4;
    }
    while at < n {
        block::<F, FMA, M, N, 1>(&mut y, x, at, &f);
        at += 1;
    }
}

/// Elements `at..at + K`.
#[inline(always)]
fn block<F: Float, const FMA: bool, const M: usize, const N: usize, const K: usize>(
    y: &mut [&mut [F]; M],
    x: [&[F]; N],
    at: usize,
    f: &impl Fn([Lane<F, FMA>; M], [Lane<F, FMA>; N]) -> [Lane<F, FMA>; M],
) {
    // Everything is read before anything is written: the compiler makes vectors of whole arrays, and not of elements that might be
    // one and the same. Plain loops, because an array's own `map` is not always inlined, and is then compiled for the baseline.
    let mut xs = [[Lane(F::zero()); K]; N];
    for (to, from) in xs.iter_mut().zip(&x) {
        load(from, at, to);
    }
    let mut ys = [[Lane(F::zero()); K]; M];
    for (to, from) in ys.iter_mut().zip(&*y) {
        load(from, at, to);
    }
    for i in 0..K {
        let (mut old, mut x) = ([Lane(F::zero()); M], [Lane(F::zero()); N]);
        for (to, block) in old.iter_mut().zip(&ys) {
            *to = block[i];
        }
        for (to, block) in x.iter_mut().zip(&xs) {
            *to = block[i];
        }
        let new = f(old, x);
        for (block, &new) in ys.iter_mut().zip(&new) {
            block[i] = new;
        }
    }
    for (y, block) in y.iter_mut().zip(&ys) {
        let y = y[at..].first_chunk_mut::<K>().expect("the caller counts");
        for (y, x) in y.iter_mut().zip(block) {
            *y = x.0;
        }
    }
}

#[inline(always)]
fn load<F: Float, const FMA: bool, const K: usize>(
    from: &[F],
    at: usize,
    to: &mut [Lane<F, FMA>; K],
) {
    let from = from[at..].first_chunk::<K>().expect("all have the same length");
    for (to, &x) in to.iter_mut().zip(from) {
        *to = Lane(x);
    }
}

/// y ← f(y, wₕ, xₕ) for one row xₕ of a matrix after another, element by element. Four rows at once: y is loaded and stored a
/// quarter as often.
///
/// ```
/// use seedbed_kernels::vector::fold_rows;
/// let (mut y, w) = ([0.0_f32, 0.0], [1.0, 10.0]);
/// fold_rows::<f32, false>(&mut y, |h| w[h], &[1.0, 2.0, 3.0, 4.0], |y, w, x| y + w * x);
/// assert_eq!(y, [31.0, 42.0]);
/// ```
#[inline(always)]
pub fn fold_rows<F: Float, const FMA: bool>(
    y: &mut [F],
    w: impl Fn(usize) -> F,
    x: &[F],
    f: impl Fn(Lane<F, FMA>, Lane<F, FMA>, Lane<F, FMA>) -> Lane<F, FMA>,
) {
    let width = y.len();
    let mut fours = x.chunks_exact(4 * width);
    let mut row = 0;
    for x in &mut fours {
        let (first, second) = x.split_at(2 * width);
        let ((a, b), (c, d)) = (first.split_at(width), second.split_at(width));
        let w = [Lane(w(row)), Lane(w(row + 1)), Lane(w(row + 2)), Lane(w(row + 3))];
        zip_in_place::<F, FMA, 4>(y, [a, b, c, d], |y, x| {
            let y = f(f(y, w[0], x[0]), w[1], x[1]);
            f(f(y, w[2], x[2]), w[3], x[3])
        });
        row += 4;
    }
    for x in fours.remainder().chunks_exact(width) {
        let w = Lane(w(row));
        zip_in_place::<F, FMA, 1>(y, [x], |y, [x]| f(y, w, x));
        row += 1;
    }
}

/// x ← softmax(scale · x), for a scale that is not negative.
///
/// ```
/// use seedbed_kernels::vector::softmax;
/// let mut x = [0.0_f64, 1.0];
/// softmax::<f64, false>(&mut x, 3_f64.ln());
/// assert!((x[0] - 0.25).abs() < 1e-15 && (x[1] - 0.75).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn softmax<F: Float, const FMA: bool>(x: &mut [F], scale: F) {
    let (least, scale) = (F::neg_infinity(), Lane::<F, FMA>(scale));
    let largest = fold::<F, FMA>(x, least, least, |a, x| x.gt(a).select(x, a));
    let largest = Lane(largest.reduce(|a, b| b.gt(a).select(b, a)));
    map_in_place::<F, FMA>(x, |x| ((x - largest) * scale).exp());
    let total = fold::<F, FMA>(x, F::zero(), F::zero(), |a, x| a + x).sum();
    let share = Lane(total).recip();
    map_in_place::<F, FMA>(x, |x| x * share);
}

/// The gradient of the input of a softmax with value y, in place of that of its output: gᵢ ← yᵢ (gᵢ − Σ g y).
///
/// ```
/// use seedbed_kernels::vector::softmax_gradient;
/// let mut g = [1.0_f64, 0.0];
/// softmax_gradient::<f64, false>(&[0.25, 0.75], &mut g);
/// assert_eq!(g, [0.1875, -0.1875]);
/// ```
#[inline(always)]
pub fn softmax_gradient<F: Float, const FMA: bool>(y: &[F], g: &mut [F]) {
    let mean = Lane(dot::<F, FMA>(y, g));
    zip_in_place::<F, FMA, 1>(g, [y], |g, [y]| y * (g - mean));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    /// Two slices of every length through which the loops end differently.
    fn pairs() -> impl Iterator<Item = [Vec<f64>; 2]> {
        let rng = &mut Rng::new(1);
        let draws: Vec<f64> = (0..80).map(|_| rng.uniform() * 4.0 - 2.0).collect();
        (0..40).map(move |n| [draws[..n].to_vec(), draws[40..40 + n].to_vec()])
    }

    fn close(x: f64, expected: f64) {
        assert!((x - expected).abs() <= 1e-14 * (1.0 + expected.abs()), "{x}, expected {expected}");
    }

    fn equals_plain_loops<const FMA: bool>() {
        for [a, b] in pairs() {
            let products = || a.iter().zip(&b).map(|(a, b)| a * b);
            close(dot::<f64, FMA>(&a, &b), products().sum());
            close(sum::<f64, FMA>(&a), a.iter().sum());
            let mut y = b.clone();
            axpy::<f64, FMA>(0.7, &a, &mut y);
            let expected = a.iter().zip(&b).map(|(a, b)| b + 0.7 * a);
            y.iter().zip(expected).for_each(|(&y, e)| close(y, e));

            let (mut first, mut second) = (a.clone(), b.clone());
            zip_all_in_place::<f64, FMA, 2, 1>([&mut first, &mut second], [&b], |[y, z], [x]| {
                [y * x, z - y]
            });
            first.iter().zip(products()).for_each(|(&y, e)| close(y, e));
            let expected = a.iter().zip(&b).map(|(a, b)| b - a);
            second.iter().zip(expected).for_each(|(&y, e)| close(y, e));

            let mut y = a.clone();
            softmax::<f64, FMA>(&mut y, 1.5);
            let total: f64 = a.iter().map(|a| (1.5 * a).exp()).sum();
            y.iter().zip(&a).for_each(|(&y, a)| close(y, (1.5 * a).exp() / total));
            let mut g = b.clone();
            softmax_gradient::<f64, FMA>(&y, &mut g);
            let mean: f64 = y.iter().zip(&b).map(|(y, b)| y * b).sum();
            for ((g, y), b) in g.iter().zip(&y).zip(&b) {
                close(*g, y * (b - mean));
            }
        }
    }

    #[test]
    fn operations_equal_plain_loops() {
        equals_plain_loops::<false>();
        equals_plain_loops::<true>();
    }

    #[test]
    fn rows_are_folded_in_turn() {
        let x: Vec<f64> = (0..9 * 5).map(f64::from).collect();
        for rows in 0..10 {
            for width in [1, 3, 5] {
                let x = &x[..rows.min(9) * width];
                let mut y = vec![1.0; width];
                fold_rows::<f64, false>(&mut y, |h| h as f64, x, |y, w, x| y * 0.5 + w * x);
                for (i, &y) in y.iter().enumerate() {
                    let column = x.iter().skip(i).step_by(width).enumerate();
                    close(y, column.fold(1.0, |y, (h, x)| y * 0.5 + h as f64 * x));
                }
            }
        }
    }

    #[test]
    fn softmax_of_extremes() {
        let mut x = [-1e300, 0.0, 1e300];
        softmax::<f64, false>(&mut x, 1e5);
        assert_eq!(x, [0.0, 0.0, 1.0]);
        let mut x = [7.0_f32; 3];
        softmax::<f32, false>(&mut x, 0.0);
        x.iter().for_each(|&x| close(x.into(), f64::from(1.0_f32 / 3.0)));
        softmax::<f32, false>(&mut [], 1.0);
    }
}
