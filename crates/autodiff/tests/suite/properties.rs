//! Structured ops against loops over indices, for random shapes: empty ones, ones of size 1, and ones beyond the kernels'
//! blocks.

use ndarray::{ArrayD, Axis, IxDyn, Slice};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use seedbed_autodiff::{Indices, Rng, Tensor};

type T = Tensor<f64>;

/// Values with ties, so that orders have something to be stable about.
fn tensor(shape: &[usize], seed: u64) -> T {
    (T::uniform(shape, -4.0, 4.0, &mut Rng::new(seed)) * 8.0).round() / 8.0
}

/// Up to four axes, sometimes empty, sometimes longer than a block of a kernel.
fn shapes(min: usize) -> impl Strategy<Value = Vec<usize>> {
    let size =
        prop_oneof![8 => select(vec![1, 2, 3, 5]), 1 => Just(0), 2 => select(vec![33, 70, 300])];
    prop::collection::vec(size, min..=4)
        .prop_filter("of moderate size", |s| s.iter().product::<usize>() <= 20_000)
}

/// A tensor and one of its axes.
fn with_axis() -> impl Strategy<Value = (T, usize)> {
    let axis = |s: Vec<usize>| (0..s.len()).prop_map(move |a| (s.clone(), a));
    (shapes(1).prop_flat_map(axis), any::<u64>()).prop_map(|((s, a), seed)| (tensor(&s, seed), a))
}

/// A tensor and some of its axes.
fn with_axes() -> impl Strategy<Value = (T, Vec<isize>)> {
    let axes = |s: Vec<usize>| {
        let all: Vec<_> = (0..s.len() as isize).collect();
        let n = all.len();
        subsequence(all, 0..=n).prop_map(move |a| (s.clone(), a))
    };
    (shapes(0).prop_flat_map(axes), any::<u64>()).prop_map(|((s, a), seed)| (tensor(&s, seed), a))
}

/// The reduction by its definition: the elements of each group, in row-major order.
fn reduced(x: &T, axes: &[isize], f: impl Fn(&[f64]) -> f64) -> T {
    let kept: Vec<_> = (0..x.ndim()).filter(|&a| !axes.contains(&(a as isize))).collect();
    let shape: Vec<_> = kept.iter().map(|&a| x.shape()[a]).collect();
    let mut groups = ArrayD::from_elem(IxDyn(&shape), Vec::new());
    for (i, &v) in x.view().indexed_iter() {
        let at: Vec<_> = kept.iter().map(|&a| i[a]).collect();
        groups[IxDyn(&at)].push(v);
    }
    T::from(groups.mapv(|g| f(&g)))
}

/// Each lane along an axis replaced by as many or fewer elements.
fn lanes(x: &T, axis: usize, n: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> T {
    let mut shape = x.shape().to_vec();
    shape[axis] = n;
    let mut out = ArrayD::zeros(IxDyn(&shape));
    let view = x.view();
    for (from, mut to) in view.lanes(Axis(axis)).into_iter().zip(out.lanes_mut(Axis(axis))) {
        to.iter_mut().zip(f(&from.to_vec())).for_each(|(o, y)| *o = y);
    }
    T::from(out)
}

#[track_caller]
fn assert_close(a: &T, b: &T) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.data().iter().zip(b.data()) {
        let close =
            a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-11 * (1.0 + b.abs());
        assert!(close, "{a} against {b}");
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / x.len() as f64
}

fn log_sum_exp(x: &[f64]) -> f64 {
    x.iter().map(|v| v.exp()).sum::<f64>().ln()
}

/// The places of a lane in ascending order.
fn order(x: &[f64]) -> Vec<usize> {
    let mut at: Vec<_> = (0..x.len()).collect();
    at.sort_by(|&a, &b| x[a].partial_cmp(&x[b]).expect("numbers"));
    at
}

fn at_of(shape: &[usize], n: usize, seed: u64) -> Indices {
    let at = T::uniform(shape, 0.0, n as f64, &mut Rng::new(seed));
    at.view().mapv(|i| i as usize).into_shared()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reductions_are_their_definitions((x, axes) in with_axes()) {
        assert_close(&x.sum(&axes), &reduced(&x, &axes, |g| g.iter().sum()));
        assert_close(&x.mean(&axes), &reduced(&x, &axes, mean));
        assert_close(&x.var(&axes), &reduced(&x, &axes, variance));
        assert_close(&x.logsumexp(&axes), &reduced(&x, &axes, log_sum_exp));
        let y = &x / 4.0;
        assert_close(&y.prod(&axes), &reduced(&y, &axes, |g| g.iter().product()));
        let groups_are_empty = axes.iter().any(|&a| x.shape()[a as usize] == 0);
        if !groups_are_empty {
            let max = |g: &[f64]| g.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let min = |g: &[f64]| g.iter().copied().fold(f64::INFINITY, f64::min);
            assert_close(&x.max(&axes), &reduced(&x, &axes, max));
            assert_close(&x.min(&axes), &reduced(&x, &axes, min));
        }
        let mut kept = x.shape().to_vec();
        axes.iter().for_each(|&a| kept[a as usize] = 1);
        assert_eq!(x.sum_keepdim(&axes).shape(), &kept);
        assert_close(&x.sum_to(&kept), &x.sum_keepdim(&axes));
        let spread = x.sum_keepdim(&axes).broadcast_to(x.shape());
        let expected = x.sum_keepdim(&axes).view().broadcast(x.shape()).map(|v| v.to_owned());
        assert_close(&spread, &T::from(expected.expect("it broadcasts")));
    }

    #[test]
    fn lanes_are_their_definitions((x, axis) in with_axis()) {
        let (n, a) = (x.shape()[axis], axis as isize);
        let running = |g: &[f64]| g.iter().scan(0.0, |s, v| { *s += v; Some(*s) }).collect();
        assert_close(&x.cumsum(a), &lanes(&x, axis, n, running));
        let softmax = |g: &[f64]| g.iter().map(|v| (v - log_sum_exp(g)).exp()).collect();
        assert_close(&x.softmax(a), &lanes(&x, axis, n, softmax));
        let log = |g: &[f64]| g.iter().map(|v| v - log_sum_exp(g)).collect();
        assert_close(&x.log_softmax(a), &lanes(&x, axis, n, log));

        let positions = |at: &Indices| T::from(at.mapv(|i| i as f64));
        let (values, at) = x.sort(a);
        let places = |g: &[f64]| order(g).into_iter().map(|i| i as f64).collect();
        assert_close(&positions(&at), &lanes(&x, axis, n, places));
        assert_eq!(values, lanes(&x, axis, n, |g| order(g).iter().map(|&i| g[i]).collect()));
        assert_eq!(x.argsort(a), at);
        let k = n.div_ceil(2);
        // The largest first, of equal ones the first: the stable order of the negatives.
        let top = |g: &[f64]| {
            let negatives: Vec<_> = g.iter().map(|v| 0.0 - v).collect();
            order(&negatives).into_iter().map(|i| i as f64).collect()
        };
        assert_close(&positions(&x.topk(a, k).1), &lanes(&x, axis, k, top));
        if n > 0 {
            let largest = lanes(&x, axis, 1, top).squeeze(a);
            assert_close(&positions(&x.argmax(a)), &largest);
            assert_close(&positions(&x.argmin(a)), &lanes(&x, axis, 1, places).squeeze(a));
        }
    }

    #[test]
    fn parts_are_those_of_ndarray((x, axis) in with_axis(), cut in (0..9_usize, 0..9_usize), step in select(vec![-3, -2, -1, 1, 2, 3])) {
        let (n, a) = (x.shape()[axis], axis as isize);
        let (low, high) = (cut.0.min(cut.1).min(n), cut.0.max(cut.1).min(n));
        let range = Slice::new(low as isize, Some(high as isize), step);
        let part = x.slice(a, range);
        assert_eq!(part, T::from(&x.view().slice_axis(Axis(axis), range)));
        let mut turned = x.view();
        turned.invert_axis(Axis(axis));
        assert_eq!(x.flip(a), T::from(&turned));
        let sizes = [low, high - low, n - high];
        let parts = x.split(a, &sizes);
        assert_eq!(&parts[1], &x.slice(a, low..high));
        assert_eq!(&T::concat(&parts, a), &x);
        let rolled = lanes(&x, axis, n, |g| {
            let mut g = g.to_vec();
            g.rotate_right(low.checked_rem(n).unwrap_or(0));
            g
        });
        assert_eq!(x.roll(a, low as isize), rolled);
        let mut amounts = vec![(0, 0); x.ndim()];
        amounts[axis] = (low, high);
        let padded = lanes(&x, axis, low + n + high, |g| {
            let ends = |n| std::iter::repeat_n(0.25, n);
            ends(low).chain(g.iter().copied()).chain(ends(high)).collect()
        });
        // Lanes of an empty tensor do not pad into anything else than padding.
        if !x.is_empty() {
            assert_eq!(x.pad(&amounts, 0.25), padded);
        }
        if n > 0 {
            assert_eq!(x.index(a, -1), T::from(&x.view().index_axis(Axis(axis), n - 1)));
            let both = T::stack(&[&x, &(&x + 1.0)], a);
            assert_eq!(both.index(a, 0), x);
        }
    }

    #[test]
    fn permutes_are_those_of_ndarray(x in shapes(1), seed: u64) {
        let x = tensor(&x, seed);
        let mut order: Vec<_> = (0..x.ndim()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, (seed as usize >> i) % (i + 1));
        }
        let signed: Vec<_> = order.iter().map(|&a| a as isize).collect();
        let y = x.permute(&signed);
        assert_eq!(y, T::from(&x.view().permuted_axes(order)));
        assert_eq!(x.swap_axes(0, -1), {
            let mut v = x.view();
            v.swap_axes(0, x.ndim() - 1);
            T::from(&v)
        });
        assert_eq!(x.reshape(&[x.len()]).to_vec(), x.to_vec());
    }

    #[test]
    fn positions_are_read_and_written_one_by_one((x, axis) in with_axis(), k in 0..7_usize, seed: u64) {
        let (n, a) = (x.shape()[axis], axis as isize);
        prop_assume!(n > 0);
        let mut shape = x.shape().to_vec();
        shape[axis] = k;
        let at = at_of(&shape, n, seed);
        let source = tensor(&shape, seed);
        let (mut read, mut written) = (ArrayD::zeros(IxDyn(&shape)), x.clone().into_ndarray());
        for (i, &p) in at.indexed_iter() {
            let mut j = i.clone();
            j[axis] = p;
            read[&i] = x.view()[&j];
            written[&j] += source.view()[&i];
        }
        assert_eq!(x.gather(a, &at), T::from(read));
        assert_close(&x.scatter_add(a, &at, &source), &T::from(written));

        let places: Vec<_> = at_of(&[k], n, seed).iter().copied().collect();
        assert_eq!(x.index_select(a, &places), T::from(x.view().select(Axis(axis), &places)));
        let mut written = x.clone().into_ndarray();
        for (&p, row) in places.iter().zip(source.view().axis_iter(Axis(axis))) {
            let mut sum = written.index_axis_mut(Axis(axis), p);
            sum += &row;
        }
        assert_close(&x.index_add(a, &places, &source), &T::from(written));
    }
}

#[test]
fn sums_in_single_precision_stay_accurate() {
    let n = 1 << 22;
    let running = (0..n).fold(0.0_f32, |s, _| s + 0.1);
    let x = Tensor::<f32>::full(&[n], 0.1).sum(..).item();
    let exact = f64::from(0.1_f32) * n as f64;
    assert!((f64::from(running) / exact - 1.0).abs() > 1e-3, "the numbers are a challenge");
    assert!((f64::from(x) / exact - 1.0).abs() < 1e-6, "{x} against {exact}");
    let columns = Tensor::<f32>::full(&[n / 4, 4], 0.1).sum(0);
    for x in columns.to_vec() {
        assert!((f64::from(x) / (exact / 4.0) - 1.0).abs() < 2e-6, "{x} against {}", exact / 4.0);
    }
    // The variance of numbers far from zero.
    let far = Tensor::<f32>::normal(&[1000], 0.0, 1.0, &mut Rng::new(0)) + 4096.0;
    let expected = far.cast::<f64>().var(..).item();
    assert!((f64::from(far.var(..).item()) / expected - 1.0).abs() < 1e-3);
}

#[test]
fn groups_of_minus_infinity_have_a_softmax_and_a_sum() {
    let inf = f64::INFINITY;
    let x = T::new(vec![-inf, -inf, -inf, 0.0], &[2, 2]);
    for (x, axis) in [(x.clone(), 1), (x.t(), 0)] {
        let p = x.softmax(axis);
        assert_eq!(p.sum(axis).to_vec(), [0.0, 1.0]);
        assert_eq!(x.logsumexp(axis).to_vec(), [-inf, 0.0]);
        assert!(x.log_softmax(axis).data().iter().all(|y| !y.is_nan()));
        let g = seedbed_autodiff::grad(&x, |x| x.logsumexp(axis).exp().sum(..));
        assert!(g.data().iter().all(|g| !g.is_nan()), "{g:?}");
    }
}
