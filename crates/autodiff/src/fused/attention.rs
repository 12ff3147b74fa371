//! Scaled dot-product attention.

use crate::kernels::attention::{self, Mask, Sight, Sizes};
use crate::shape::{self, Dims};
use crate::{AttentionOptions, Float, Fused, FusedCtx, Tensor};

/// softmax(scale · Q Kᵀ) V over `[batch, …]`, hidden scores left out.
#[derive(Debug)]
struct Attention<F: Float> {
    causal: bool,
    scale: f64,
    /// A mask `[…, 1 or m, n]`, and where in it those of each of the batch begin.
    visible: Option<(Tensor<F>, Vec<usize>)>,
}

impl<F: Float> Attention<F> {
    fn sight(&self) -> Sight<'_, F> {
        let mask = self.visible.as_ref().map(|(mask, starts)| {
            let &[.., rows, keys] = mask.shape() else { unreachable!("two axes at least") };
            Mask { data: mask.data(), starts, stride: if rows == 1 { 0 } else { keys } }
        });
        Sight { scale: F::of(self.scale), causal: self.causal, mask }
    }

    fn sizes([q, k, v]: [&Tensor<F>; 3]) -> Sizes {
        let (&[batch, queries, depth], &[_, keys, width]) = (q.shape(), v.shape()) else {
            unreachable!("three axes each")
        };
        debug_assert_eq!(k.shape(), [batch, keys, depth]);
        Sizes { batch, queries, keys, depth, width }
    }

    /// The mask as `[batch, m, n]`, with what lies in the future hidden.
    fn seen(&self, Sizes { batch, queries, keys, .. }: Sizes) -> Tensor<F> {
        let mut seen = Tensor::ones(&[batch, queries, keys]);
        if let Some(Mask { data, starts, stride }) = self.sight().mask {
            let row = |b: usize, i: usize| &data[starts[b] + i * stride..][..keys];
            let rows = (0..batch).flat_map(|b| (0..queries).map(move |i| (b, i)));
            let all = rows.flat_map(|(b, i)| row(b, i)).copied().collect();
            seen = Tensor::new(all, &[batch, queries, keys]).ne(0.0);
        }
        if self.causal { seen.tril(keys as isize - queries as isize) } else { seen }
    }
}

impl<F: Float> Fused<F, 3> for Attention<F> {
    type Saved = ();

    fn name(&self) -> &'static str {
        "attention"
    }

    fn reference(&self, [q, k, v]: [&Tensor<F>; 3]) -> Tensor<F> {
        let sizes = Self::sizes([q, k, v]);
        let scores = q.matmul_nt(k);
        if sizes.keys == 0 {
            return scores.matmul(v);
        }
        let scores = self.seen(sizes).select(scores, f64::NEG_INFINITY);
        // The difference from the largest first, as in the kernel: it is small where the scores are large.
        let largest = scores.stop_gradient().max_keepdim(-1);
        let largest = largest.abs().lt(f64::INFINITY).select(largest, 0.0);
        ((scores - largest) * self.scale).softmax(-1).matmul(v)
    }

    fn forward(&self, x @ [q, k, v]: [&Tensor<F>; 3]) -> (Tensor<F>, ()) {
        let sizes = Self::sizes(x);
        let y = attention::forward(sizes, self.sight(), [q.data(), k.data(), v.data()]);
        (Tensor::new(y, &[sizes.batch, sizes.queries, sizes.width]), ())
    }

    fn vjp(&self, c: &FusedCtx<'_, F, (), 3>, g: Tensor<F>) -> [Option<Tensor<F>>; 3] {
        let x @ [q, k, v] = [c.x(0), c.x(1), c.x(2)];
        let data = [q.data(), k.data(), v.data()];
        let all = attention::backward(Self::sizes(x), self.sight(), data, g.data());
        let mut all = all.into_iter();
        std::array::from_fn(|i| {
            let gradient = all.next().expect("three inputs");
            c.needs(i).then(|| Tensor::new(gradient, x[i].shape()))
        })
    }
}

/// Attention.
impl<F: Float> Tensor<F> {
    /// Scaled dot-product attention of queries `[…, m, depth]` (this tensor) over keys `[…, n, depth]` and values `[…, n, width]`: `[…, m, width]` (Vaswani
    /// et al., "Attention is all you need", 2017, equation 1),
    ///
    /// ```text
    /// softmax(scale · Q Kᵀ) V
    /// ```
    ///
    /// where the softmax is over the keys that a query sees. A query that sees none gets zeros, and gives no gradient. What is hidden takes no part, as long as it is
    /// finite. The weights are computed in blocks and never kept, so that memory grows with m + n and not with m · n.
    ///
    /// # Panics
    /// If the shapes do not fit (leading axes are not broadcast), the mask does not broadcast to `[…, m, n]`, or the scale is not positive and finite.
    ///
    /// ```
    /// use seedbed_autodiff::{AttentionOptions, Tensor};
    /// let (q, k) = (Tensor::<f64>::ones(&[1, 4]), Tensor::ones(&[3, 4]));
    /// let v = Tensor::arange(3).reshape(&[3, 1]);
    /// // Equal scores: the mean of the values.
    /// assert!((q.attention(&k, &v, &AttentionOptions::default()).item() - 1.0).abs() < 1e-15);
    /// let first = AttentionOptions::masked(Tensor::new(vec![1.0, 0.0, 0.0], &[3]));
    /// assert_eq!(q.attention(&k, &v, &first).item(), 0.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn attention(&self, keys: &Self, values: &Self, options: &AttentionOptions<F>) -> Self {
        let shown = [self.shape(), keys.shape(), values.shape()];
        let fits = match shown {
            [[a @ .., _, d], [b @ .., n, e], [c @ .., l, _]] => {
                a == b && a == c && d == e && n == l
            }
            _ => false,
        };
        assert!(
            fits,
            "attention: needs queries […, m, depth], keys […, n, depth] and values […, n, width]: queries {:?}, keys {:?}, \
             values {:?}",
            shown[0], shown[1], shown[2]
        );
        let (batch, &[m, depth]) = shown[0].split_last_chunk().expect("two axes at least");
        let &[n, width] = shown[2].last_chunk().expect("two axes at least");
        let scale = options.scale.unwrap_or(1.0 / (depth.max(1) as f64).sqrt());
        assert!(
            scale > 0.0 && scale.is_finite(),
            "attention: the scale must be positive and finite, got {scale}"
        );
        let count = shape::len(batch);
        let visible = match &options.visible {
            Some(mask) => Some(rows_of(mask, batch, [m, n])),
            None => None,
        };
        let op = Attention { causal: options.causal, scale, visible };
        let mut shape = Dims::from_slice(batch);
        shape.extend([m, width]);
        shape::room::<F>("attention", &shape);
        let q = self.reshape(&[count, m, depth]);
        let (k, v) = (keys.reshape(&[count, n, depth]), values.reshape(&[count, n, width]));
        Tensor::fused(op, [&q, &k, &v]).reshape(&shape)
    }
}

/// A mask as rows of n numbers, with one row or m for each of the batch, and where those of each begin.
#[track_caller]
fn rows_of<F: Float>(
    mask: &Tensor<F>,
    batch: &[usize],
    [m, n]: [usize; 2],
) -> (Tensor<F>, Vec<usize>) {
    let mut all = Dims::from_slice(batch);
    all.extend([m, n]);
    assert!(
        shape::broadcasts_to(mask.shape(), &all),
        "attention: the mask {:?} does not broadcast to the scores {all:?}",
        mask.shape()
    );
    // As many axes as the scores have, and the last one in full; the others stay as small as they are.
    let mut own = Dims::from_elem(1, all.len() - mask.ndim());
    own.extend_from_slice(mask.shape());
    let last = own.len() - 1;
    own[last] = mask.shape().last().copied().unwrap_or(1);
    let mask = mask.stop_gradient().reshape(&own);
    own[last] = n;
    let mask = mask.broadcast_to(&own);
    let rows = own[last - 1];
    let strides = shape::broadcast_strides(&own[..last - 1], batch);
    let start = |mut i: usize| {
        let mut at = 0;
        for (&size, stride) in batch.iter().zip(&strides).rev() {
            at += i % size * stride;
            i /= size;
        }
        at * rows * n
    };
    let starts = (0..shape::len(batch)).map(start).collect();
    (mask, starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, check_fused, grad};

    fn draw<F: Float>(shape: &[usize], seed: u64) -> Tensor<F> {
        Tensor::normal(shape, 0.0, 1.0, &mut Rng::new(seed))
    }

    fn fast_equals_reference<F: Float>(tolerance: f64) {
        for (m, n) in [(1, 1), (4, 4), (3, 7), (7, 3), (70, 65), (2, 0), (0, 3)] {
            let (q, k, v) = (draw(&[4, m, 5], 1), draw(&[4, n, 5], 2), draw(&[4, n, 3], 3));
            let full = Tensor::<F>::uniform(&[2, 2, m, n], -1.0, 1.0, &mut Rng::new(4)).gt(0.0);
            let masks = [
                None,
                Some(full.clone()),
                Some(full.slice(0, ..1).slice(1, ..1).slice(2, ..m.min(1) as isize)),
            ];
            for mask in masks {
                for causal in [false, true] {
                    let op = || Attention {
                        causal,
                        scale: 0.6,
                        visible: mask.as_ref().map(|mask| rows_of(mask, &[2, 2], [m, n])),
                    };
                    check_fused(op, [&q, &k, &v], tolerance);
                }
            }
        }
    }

    #[test]
    fn fast_equals_reference_f32() {
        fast_equals_reference::<f32>(2e-5);
    }

    #[test]
    fn fast_equals_reference_f64() {
        fast_equals_reference::<f64>(1e-13);
    }

    #[test]
    fn who_sees_nothing_gets_zeros_and_gives_no_gradient() {
        let x = [draw::<f64>(&[3, 2], 1), draw(&[3, 2], 2), draw(&[3, 2], 3)];
        let mask = Tensor::new(vec![1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], &[3, 3]);
        let options = AttentionOptions::masked(mask);
        let y = x[0].attention(&x[1], &x[2], &options);
        assert_eq!(y.to_vec()[2..4], [0.0, 0.0]);
        let of = |x: &[Tensor<f64>; 3]| x[0].attention(&x[1], &x[2], &options).square().sum(..);
        let first = grad(&x, of);
        let second = grad(&x, |x| {
            grad(x, of).iter().fold(Tensor::scalar(0.0), |s, g| s + g.square().sum(..))
        });
        for g in first.iter().chain(&second) {
            assert!(g.data().iter().all(|g| g.is_finite()), "{g}");
        }
        assert_eq!(first[0].to_vec()[2..4], [0.0, 0.0]);
        // With fewer keys than queries the first ones see nothing.
        let keys = x[1].slice(0, ..1);
        let y = x[0].attention(&keys, &keys, &AttentionOptions::causal());
        assert_eq!(y.to_vec()[..4], [0.0; 4]);
        assert_eq!(y.index(0, 2), keys.index(0, 0));
    }

    /// What a program needs that writes one token after the other and keeps the keys.
    #[test]
    fn the_last_queries_see_what_they_would_see_among_all() {
        let [q, k, v] = [1, 2, 3].map(|seed| draw::<f64>(&[2, 9, 4], seed));
        let options = AttentionOptions::causal();
        let all = q.attention(&k, &v, &options);
        for n in 1..=9_isize {
            let [k, v] = [&k, &v].map(|x| x.slice(1, ..n));
            let last = q.slice(1, n - 1..n).attention(&k, &v, &options);
            let want = all.slice(1, n - 1..n);
            for (a, b) in last.data().iter().zip(want.data()) {
                assert!((a - b).abs() < 1e-15, "{a}, {b}");
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let q = Tensor::<f32>::new(vec![1e18, 0.0], &[1, 2]);
        let k = Tensor::new(vec![1e18, 0.0, -1e18, 0.0], &[2, 2]);
        let v = Tensor::new(vec![1.0, 2.0], &[2, 1]);
        let y = q.attention(&k, &v, &AttentionOptions { scale: Some(1.0), ..Default::default() });
        assert_eq!(y.item(), 1.0);
    }

    #[test]
    #[should_panic(
        expected = "attention: needs queries […, m, depth], keys […, n, depth] and values […, n, width]: queries [3, 2], keys [3, 4], values [3, 4]"
    )]
    fn shapes_are_named() {
        let _ = draw::<f32>(&[3, 2], 1).attention(
            &draw(&[3, 4], 2),
            &draw(&[3, 4], 2),
            &AttentionOptions::default(),
        );
    }

    #[test]
    #[should_panic(expected = "attention: the mask [2, 3] does not broadcast to the scores [3, 3]")]
    fn masks_have_to_broadcast() {
        let x = draw::<f32>(&[3, 2], 1);
        let _ = x.attention(&x, &x, &AttentionOptions::masked(Tensor::ones(&[2, 3])));
    }
}
