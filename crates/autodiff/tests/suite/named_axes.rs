//! Einstein's summation, triangles, running products and whole Jacobians against loops and against what they are known to be.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use seedbed_autodiff::{Rng, Tensor, grad, hessian, hvp, jacobian, jvp};

use crate::panics::panic_of;

type T = Tensor<f64>;

fn draw(shape: &[usize], seed: u64) -> T {
    T::uniform(shape, -1.0, 1.0, &mut Rng::new(seed))
}

#[track_caller]
fn assert_close(a: &T, b: &T, tolerance: f64) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.data().iter().zip(b.data()) {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} against {b}");
    }
}

/// The sum over all values of all letters.
fn by_loops(
    inputs: &[Vec<char>],
    output: &[char],
    operands: &[T],
    size: impl Fn(char) -> usize,
) -> T {
    let mut letters: Vec<char> = inputs.iter().flatten().copied().collect();
    letters.sort_unstable();
    letters.dedup();
    let shape: Vec<usize> = output.iter().map(|&c| size(c)).collect();
    let mut out = vec![0.0; shape.iter().product()];
    let all: usize = letters.iter().map(|&c| size(c)).product();
    for mut i in 0..all {
        let mut value = vec![0; letters.len()];
        for (v, &c) in value.iter_mut().zip(&letters).rev() {
            (*v, i) = (i % size(c), i / size(c));
        }
        let place = |labels: &[char]| {
            labels.iter().fold(0, |at, &c| {
                at * size(c) + value[letters.iter().position(|&d| d == c).expect("a letter")]
            })
        };
        let product: f64 = inputs.iter().zip(operands).map(|(l, x)| x.data()[place(l)]).product();
        out[place(output)] += product;
    }
    T::new(out, &shape)
}

/// One to three operands of up to four axes of five letters, some twice in one operand, and an order of some letters for the result.
fn formulas() -> impl Strategy<Value = (Vec<Vec<char>>, Vec<char>, [usize; 5])> {
    let letters = vec!['a', 'b', 'c', 'D', 'e'];
    let operand = prop::collection::vec(select(letters), 0..=4);
    let sizes = [0; 5].map(|_| prop_oneof![9 => 1..4_usize, 1 => Just(0)]);
    (prop::collection::vec(operand, 1..=3), sizes).prop_flat_map(|(inputs, sizes)| {
        let mut used: Vec<char> = inputs.iter().flatten().copied().collect();
        used.sort_unstable();
        used.dedup();
        let n = used.len();
        let output = subsequence(used, 0..=n).prop_shuffle();
        (Just(inputs), output, Just(sizes))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sums_over_named_axes_are_their_definition((inputs, output, sizes) in formulas(), seed: u64) {
        let size = |c: char| sizes["abcDe".find(c).expect("a letter")];
        let operands: Vec<T> = inputs.iter().zip(seed..).map(|(labels, seed)| {
            draw(&labels.iter().map(|&c| size(c)).collect::<Vec<_>>(), seed)
        }).collect();
        let text = |labels: &[char]| labels.iter().collect::<String>();
        let names: Vec<String> = inputs.iter().map(|l| text(l)).collect();
        let formula = format!("{} -> {}", names.join(", "), text(&output));
        let refs: Vec<&T> = operands.iter().collect();
        let want = by_loops(&inputs, &output, &operands, size);
        assert_close(&T::einsum(&formula, &refs), &want, 1e-12);

        // The gradient of a sum weighted by w is the same kind of sum, with w in the place of the operand.
        let last = operands.len() - 1;
        let w = draw(want.shape(), seed ^ 7);
        let g = grad(&operands[last], |x| {
            let mut all = refs.clone();
            all[last] = x;
            (T::einsum(&formula, &all) * &w).sum(..)
        });
        let direction = draw(g.shape(), seed ^ 9);
        let mut moved = operands.clone();
        moved[last] = direction.clone();
        let along = (by_loops(&inputs, &output, &moved, size) * &w).sum(..).item();
        let dot = (g * direction).sum(..).item();
        prop_assert!((along - dot).abs() <= 1e-11 * (1.0 + along.abs()), "{formula}: {dot} against {along}");
    }

    #[test]
    fn triangles_keep_their_side(batch in 0..3_usize, m in 0..5_usize, n in 0..5_usize, k in -6..6_isize, seed: u64) {
        let x = draw(&[batch, m, n], seed);
        let (lower, upper) = (x.tril(k), x.triu(k));
        for i in 0..x.len() {
            let (row, column) = ((i / n % m) as isize, (i % n) as isize);
            let stays = |yes: bool| if yes { x.data()[i] } else { 0.0 };
            prop_assert_eq!(lower.data()[i], stays(column <= row + k));
            prop_assert_eq!(upper.data()[i], stays(column >= row + k));
        }
    }

    #[test]
    fn running_products_are_products(outer in 0..3_usize, n in 0..12_usize, inner in 0..3_usize, seed: u64) {
        // Some factors are zero.
        let x = draw(&[outer, n, inner], seed);
        let x = x.abs().gt(0.2) * x;
        let y = x.cumprod(1);
        prop_assert_eq!(y.shape(), x.shape());
        for i in 0..n as isize {
            assert_close(&y.index(1, i), &x.slice(1, ..i + 1).prod(1), 1e-15);
        }
    }
}

#[test]
fn letters_without_a_result_are_summed_in_the_order_of_numpy() {
    let (a, b) = (draw(&[2, 3], 1), draw(&[3, 4], 2));
    assert_close(&T::einsum("ij,jk", &[&a, &b]), &a.matmul(&b), 1e-15);
    assert_close(&T::einsum("ba", &[&a]), &a.t(), 0.0);
    // Capitals come first.
    assert_close(&T::einsum("aB", &[&a]), &a.t(), 0.0);
    assert_eq!(T::einsum("ii", &[&T::eye(3)]).item(), 3.0);
    assert_eq!(T::einsum(",", &[&T::scalar(2.0), &T::scalar(3.0)]).item(), 6.0);
    // A letter that stands three times.
    let cube = draw(&[3, 3, 3], 3);
    let diagonal: Vec<f64> = (0..3).map(|i| cube.data()[i * 13]).collect();
    assert_eq!(T::einsum("iii->i", &[&cube]).to_vec(), diagonal);
}

#[test]
fn a_triangle_leaves_out_what_is_not_a_number() {
    let x = T::new(vec![1.0, f64::NAN, 2.0, f64::INFINITY], &[2, 2]);
    assert_eq!(x.tril(0).to_vec()[..3], [1.0, 0.0, 2.0]);
    assert_eq!(grad(&x, |x| x.tril(-1).sum(..)).to_vec(), [0.0, 0.0, 1.0, 0.0]);
}

/// A mistake, and what the user reads.
type Mistake = (fn() -> T, &'static str);

#[test]
fn mistakes_are_named_at_the_callers_line() {
    let rows: [Mistake; 9] = [
        (
            || T::einsum("ij,jk->ik", &[&T::ones(&[2, 3])]),
            "einsum: `ij,jk->ik` is for 2 operands, there are 1",
        ),
        (
            || T::einsum("ij->i", &[&T::ones(&[2, 3, 4])]),
            "einsum: `ij->i` names 2 axes of operand 0, whose shape is [2, 3, 4]",
        ),
        (
            || T::einsum("ij,jk->ik", &[&T::ones(&[2, 3]), &T::ones(&[4, 5])]),
            "einsum: `j` of `ij,jk->ik` has size 3 and size 4; the shapes are [2, 3], [4, 5]",
        ),
        (
            || T::einsum("...i->i", &[&T::ones(&[2, 3])]),
            "einsum: `.` in `...i->i`: axes have letters a–z and A–Z, operands are separated by commas, and `->` \
             stands before the result",
        ),
        (
            || T::einsum("ij->k", &[&T::ones(&[2, 3])]),
            "einsum: the result of `ij->k` has an axis `k`, which no operand has",
        ),
        (
            || T::einsum("ij->ii", &[&T::ones(&[2, 3])]),
            "einsum: the result of `ij->ii` names `i` twice",
        ),
        (|| T::ones(&[2]).tril(0), "tril: needs at least two axes, the shape is [2]"),
        (|| T::ones(&[2]).cumprod(1), "cumprod: axis 1 is out of range for a tensor of rank 1"),
        (
            || T::linspace(0.0, f64::INFINITY, 3),
            "Tensor::linspace: needs finite ends, got 0 and inf",
        ),
    ];
    for (mistake, message) in rows {
        let panic = panic_of(|| drop(mistake())).expect("a mistake");
        assert_eq!(panic.message, message);
        assert!(panic.file.ends_with("suite/named_axes.rs"), "{message} blames {}", panic.file);
    }
}

#[test]
fn evenly_spaced_numbers_end_exactly() {
    for (start, end, n) in [(0.1, 0.7, 7), (-1.0, 1.0, 1000), (3.0, -3.0, 10), (0.3, 0.3, 5)] {
        let x = T::linspace(start, end, n).to_vec();
        assert_eq!((x[0], x[n - 1], x.len()), (start, end, n));
        for (i, x) in x.iter().enumerate() {
            let exact = start + (end - start) * i as f64 / (n - 1) as f64;
            assert!((x - exact).abs() < 1e-15 * (start.abs() + end.abs()), "{x}, {exact}");
        }
    }
    let far = T::linspace(-1.7e308, 1.7e308, 3).to_vec();
    assert_eq!(far, [-1.7e308, 0.0, 1.7e308], "the range is larger than the largest number");
    assert_eq!(T::linspace(4.0, 9.0, 1).to_vec(), [4.0]);
    assert!(T::linspace(4.0, 9.0, 0).is_empty());
}

/// Lengths whose squares leave the range, beside ordinary ones.
#[test]
fn lengths_neither_overflow_nor_vanish() {
    let rows = [[3e30, 4e30], [3e-30, 4e-30], [3.0, 4.0], [0.0, 0.0], [f32::INFINITY, 1.0]];
    let x = Tensor::<f32>::new(rows.as_flattened().to_vec(), &[5, 2]);
    let want = [5e30, 5e-30, 5.0, 0.0, f32::INFINITY];
    for (axis, x) in [(1, x.clone()), (0, x.t())] {
        let norms = x.norm(axis).to_vec();
        for (n, w) in norms.iter().zip(want) {
            assert!(*n == w || (n / w - 1.0).abs() < 3e-7, "{n} against {w}");
        }
    }
    assert!(Tensor::<f32>::new(vec![1e30, f32::NAN], &[2]).norm(..).item().is_nan());
    assert_eq!(Tensor::<f32>::zeros(&[2, 0]).norm(1).to_vec(), [0.0, 0.0]);
    // What one row is does not depend on the others.
    let alone = x.slice(0, 2..3).norm(1).item();
    assert_eq!(x.norm(1).to_vec()[2], alone);
}

#[test]
fn where_there_is_no_length_no_derivative_is_left() {
    let x = T::new(vec![0.0, 0.0, 0.7, 0.7], &[2, 2]);
    let lengths = |x: &T| x.slice(0, ..1).norm(1).sum(..);
    let deviations = |x: &T| x.std(1).sum(..);
    for f in [&lengths as &dyn Fn(&T) -> T, &deviations] {
        assert_eq!(grad(&x, f).to_vec(), [0.0; 4]);
        assert_eq!(hessian(&x, f).to_vec(), [0.0; 16]);
    }
    let single = Tensor::<f32>::full(&[7], 0.1);
    assert_eq!(single.std(..).item(), 0.0, "equal numbers, whose mean has to be rounded");
    assert!(T::ones(&[1]).std_with(.., 1.0).item().is_nan());
}

#[test]
fn the_logarithm_of_a_probability_is_accurate_at_both_ends() {
    let x = T::new(vec![-1e4, -800.0, -40.0, 40.0, 700.0, 800.0], &[6]);
    let y = x.log_sigmoid().to_vec();
    assert_eq!(y[..2], [-1e4, -800.0]);
    assert!((y[2] + 40.0).abs() < 1e-14);
    assert!(
        (y[3] / -(-40f64).exp() - 1.0).abs() < 1e-15
            && (y[4] / -(-700f64).exp() - 1.0).abs() < 1e-14
    );
    assert_eq!(y[5], 0.0);
    let slope = grad(&x, |x| x.log_sigmoid().sum(..)).to_vec();
    assert_eq!(slope[..2], [1.0, 1.0]);
    assert!((slope[3] / (-40f64).exp() - 1.0).abs() < 1e-15, "{}", slope[3]);
}

#[test]
fn jacobians_hold_what_products_with_vectors_say() {
    let x = draw(&[2, 3], 5);
    let w = draw(&[3, 4], 6);
    let f = |x: &T| x.matmul(&w).tanh();
    let j = jacobian(&x, f);
    assert_eq!(j.shape(), [2, 4, 2, 3]);
    let v = draw(&[2, 3], 7);
    assert_close(&T::einsum("ijkl,kl->ij", &[&j, &v]), &jvp(&x, &v, f), 1e-14);
    // Of a linear map it is the matrix.
    assert_close(&jacobian(&T::ones(&[3]), |x| x.matmul(&w)), &w.t(), 1e-15);
    assert_eq!(jacobian(&x, |x| x.sum(..)), T::ones(&[2, 3]));
    assert_eq!(jacobian(&T::ones(&[0]), |x| x * 2.0).shape(), [0, 0]);
    assert_eq!(jacobian(&x, |x| x.slice(0, ..0)).shape(), [0, 3, 2, 3]);
}

#[test]
fn hessians_are_symmetric_and_can_be_differentiated() {
    let x = draw(&[4], 8);
    let f = |x: &T| (x.cumprod(0).exp() * x.sin()).sum(..);
    let h = hessian(&x, f);
    assert_close(&h, &h.t(), 1e-13);
    let v = draw(&[4], 9);
    assert_close(&h.matmul(&v), &hvp(&x, &v, f), 1e-13);
    // d/dx of the trace of the Hessian of Σ x⁴.
    let third = grad(&x, |x| T::einsum("ii->", &[&hessian(x, |x| x.powi(4).sum(..))]));
    assert_close(&third, &(&x * 24.0), 1e-13);
}
