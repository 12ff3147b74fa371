//! Convolutions and their transposes.

use approx::assert_abs_diff_eq;
use seedbed_autodiff::{ConvOptions, Rng};

use super::case::{Case, T, case};

/// Stride, padding and dilation along each axis, and groups.
const fn options<const D: usize>(
    stride: [usize; D],
    padding: [usize; D],
    dilation: [usize; D],
    groups: usize,
) -> ConvOptions<D> {
    ConvOptions { stride, padding, dilation, groups }
}

const PLAIN: ConvOptions<2> = options([1, 1], [0, 0], [1, 1], 1);
const SAME: ConvOptions<2> = options([1, 1], [1, 1], [1, 1], 1);
const MIXED: ConvOptions<2> = options([2, 1], [1, 2], [1, 2], 1);
const GROUPED: ConvOptions<2> = options([1, 2], [0, 1], [1, 1], 2);

pub(crate) fn cases() -> Vec<Case> {
    let conv1d = |o: ConvOptions<1>| move |x: &[T]| x[0].conv1d(&x[1], o);
    let conv2d = |o: ConvOptions<2>| move |x: &[T]| x[0].conv2d(&x[1], o);
    let transpose1d = |o: ConvOptions<1>, more| move |x: &[T]| x[0].conv_transpose1d(&x[1], o, more);
    let transpose2d = |o: ConvOptions<2>, more| move |x: &[T]| x[0].conv_transpose2d(&x[1], o, more);
    vec![
        case("conv1d", &[&[2, 5, 2], &[3, 2, 3]], conv1d(ConvOptions::default()))
            .also(&[&[1, 1, 1], &[1, 1, 1]])
            .also(&[&[0, 4, 2], &[2, 2, 1]]),
        case("conv1d", &[&[1, 6, 4], &[2, 2, 2]], conv1d(options([2], [1], [2], 2))),
        case("conv2d", &[&[2, 3, 4, 2], &[2, 3, 2, 3]], conv2d(PLAIN))
            .also(&[&[1, 1, 1, 1], &[1, 1, 1, 1]])
            .also(&[&[2, 2, 1, 2], &[1, 1, 2, 0]])
            .also(&[&[0, 3, 3, 1], &[2, 2, 1, 2]])
            .also(&[&[1, 2, 2, 0], &[2, 2, 0, 2]]),
        // One tensor as image and weights.
        case("conv2d", &[&[2, 2, 2, 2], &[2, 2, 2, 2]], conv2d(SAME)),
        case("conv2d", &[&[1, 5, 3, 2], &[3, 2, 2, 1]], conv2d(MIXED)),
        case("conv2d", &[&[1, 2, 5, 4], &[1, 3, 2, 2]], conv2d(GROUPED)),
        case("conv2d", &[&[1, 3, 3, 3], &[2, 2, 1, 3]], conv2d(options([1, 1], [1, 0], [1, 1], 3))),
        case("conv_transpose1d", &[&[2, 3, 3], &[2, 2, 3]], transpose1d(ConvOptions::default(), [0]))
            .also(&[&[0, 2, 1], &[1, 1, 1]]),
        case("conv_transpose1d", &[&[1, 3, 2], &[3, 1, 2]], transpose1d(options([3], [1], [1], 2), [2])),
        case("conv_transpose2d", &[&[2, 2, 3, 2], &[3, 2, 2, 2]], transpose2d(PLAIN, [0, 0]))
            .also(&[&[1, 1, 1, 1], &[1, 1, 1, 1]]),
        case("conv_transpose2d", &[&[1, 2, 3, 1], &[3, 3, 2, 1]], transpose2d(MIXED, [1, 0])),
        case("conv_transpose2d", &[&[1, 2, 2, 2], &[2, 3, 2, 2]], transpose2d(GROUPED, [0, 1])),
    ]
}

/// ⟨x ∗ w, u⟩ = ⟨x, u ∗ᵀ w⟩.
#[test]
fn the_transpose_is_the_adjoint() {
    let mut rng = Rng::new(5);
    let mut draw = |shape: &[usize]| T::uniform(shape, -1.0, 1.0, &mut rng);
    for (o, more, groups) in [(PLAIN, [0, 0], 1), (SAME, [0, 0], 1), (MIXED, [1, 0], 1), (GROUPED, [0, 1], 2)] {
        let (x, w) = (draw(&[2, 6, 6, 4]), draw(&[3, 3, 4 / groups, 6]));
        let y = x.conv2d(&w, o);
        let u = draw(y.shape());
        let back = u.conv_transpose2d(&w, o, more);
        assert_eq!(back.shape(), x.shape(), "{o:?}");
        let (left, right) = ((y * u).sum(..).item(), (x * back).sum(..).item());
        assert_abs_diff_eq!(left, right, epsilon = 1e-12);
    }
}

/// A sequence is an image of height 1.
#[test]
fn one_axis_is_a_case_of_two() {
    let mut rng = Rng::new(6);
    let mut draw = |shape: &[usize]| T::uniform(shape, -1.0, 1.0, &mut rng);
    let (x, w) = (draw(&[2, 9, 4]), draw(&[3, 2, 6]));
    let flat = options([2], [1], [1], 2);
    let image = options([1, 2], [0, 1], [1, 1], 2);
    let y = x.conv1d(&w, flat);
    let (wide_x, wide_w) = (x.unsqueeze(1), w.unsqueeze(0));
    assert_eq!(y, wide_x.conv2d(&wide_w, image).squeeze(1));
    let back = y.conv_transpose1d(&w, flat, [0]);
    assert_eq!(back, y.unsqueeze(1).conv_transpose2d(&wide_w, image, [0, 0]).squeeze(1));
}
