//! Sizes that cannot be counted, or that no memory holds, are refused at the caller's line.

use ndarray::Slice;
use seedbed_autodiff::{Activation, ConvOptions, Rng, Tensor};

use crate::panics::panic_of;

type T = Tensor<f32>;

const MAX: usize = usize::MAX;
/// More numbers than any machine holds, and no more than can be counted.
const HUGE: usize = 1 << 58;

fn ones(shape: &[usize]) -> T {
    T::ones(shape)
}

fn options(dilation: usize, padding: usize) -> ConvOptions<1> {
    ConvOptions { dilation: [dilation], padding: [padding], ..ConvOptions::default() }
}

/// What is wrong, and a part of what the user reads.
type Row = (fn(), &'static str);

const TABLE: &[Row] = &[
    (
        || drop(ones(&[1, 8, 1]).conv1d(&ones(&[2, 1, 1]), options(MAX, 0))),
        "conv1d: the window exceeds the padded input",
    ),
    (
        || drop(ones(&[1, 8, 1]).conv1d(&ones(&[3, 1, 1]), options(MAX / 2 + 1, 0))),
        "conv1d: the window exceeds the padded input",
    ),
    (
        || drop(ones(&[1, 8, 1]).conv1d(&ones(&[2, 1, 1]), options(1, MAX))),
        "conv1d: a padded axis is larger than can be counted",
    ),
    (
        || drop(ones(&[1, 8, 1]).conv1d(&ones(&[2, 1, 1]), options(1, MAX / 2 + 1))),
        "conv1d: a padded axis is larger than can be counted",
    ),
    (
        || drop(ones(&[1, 8, 1]).conv1d(&ones(&[2, 1, 1]), options(1, HUGE))),
        "conv1d: there is no memory for the shape",
    ),
    (
        || {
            let groups = ConvOptions { groups: MAX / 2 + 2, ..ConvOptions::default() };
            drop(ones(&[1, 3, 2]).conv1d(&ones(&[1, 2, 0]), groups));
        },
        "conv1d: channels differ",
    ),
    (
        || drop(ones(&[1, 3, 1]).conv_transpose1d(&ones(&[2, 1, 1]), options(MAX, 0), [0])),
        "conv_transpose1d: an axis of the result is larger than can be counted",
    ),
    (
        || drop(ones(&[1, 3, 1]).conv_transpose1d(&ones(&[2, 1, 1]), options(1, MAX), [0])),
        "conv_transpose1d: nothing is left",
    ),
    (
        || {
            let stride = ConvOptions { stride: [MAX], ..ConvOptions::default() };
            drop(ones(&[1, 3, 1]).conv_transpose1d(&ones(&[2, 1, 1]), stride, [0]));
        },
        "conv_transpose1d: an axis of the result is larger than can be counted",
    ),
    (
        || {
            let stride = ConvOptions { stride: [HUGE], ..ConvOptions::default() };
            drop(ones(&[1, 3, 1]).conv_transpose1d(&ones(&[2, 1, 1]), stride, [0]));
        },
        "conv_transpose1d: there is no memory for the shape",
    ),
    (|| drop(ones(&[2]).pad(&[(MAX, 1)], 0.0)), "pad: a padded axis is larger than can be counted"),
    (|| drop(ones(&[2]).pad(&[(0, MAX)], 0.0)), "pad: a padded axis is larger than can be counted"),
    (|| drop(ones(&[2]).pad(&[(HUGE, 1)], 0.0)), "pad: there is no memory for the shape"),
    (
        || drop(ones(&[2, 2]).pad(&[(1 << 40, 0), (1 << 40, 0)], 0.0)),
        "has more elements than can be counted",
    ),
    (
        || drop(ones(&[10]).split(0, &[MAX, 11])),
        "split: the sizes [18446744073709551615, 11] do not add up to axis 0",
    ),
    (|| drop(ones(&[10]).split(0, &[5, MAX, 6])), "do not add up to axis 0"),
    (|| drop(ones(&[3]).squeeze(0)), "squeeze: axis 0 of shape [3] has not size 1"),
    (|| drop(ones(&[3, 1]).squeeze([0, 1])), "squeeze: axis 0 of shape [3, 1] has not size 1"),
    (|| drop(ones(&[1, 4, 1]).max_pool1d(2, 1, MAX)), "max_pool1d: needs kernel >= 1"),
    (
        || drop(ones(&[1, 4, 1]).max_pool1d(MAX, 1, MAX / 2)),
        "max_pool1d: a padded axis is larger than can be counted",
    ),
    (|| drop(ones(&[1, 4, 1]).avg_pool1d(2, 1, MAX / 2 + 1)), "avg_pool1d: needs kernel >= 1"),
    (
        || drop(ones(&[1, 0, 1]).max_pool1d(2, 1, 1)),
        "max_pool1d: there is nothing to choose from in shape [1, 0, 1]",
    ),
    (
        || drop(ones(&[1, 3, 0, 1]).max_pool2d([1, 2], [1, 1], [0, 1])),
        "max_pool2d: there is nothing to choose from in shape [1, 3, 0, 1]",
    ),
    (
        || drop(ones(&[1, 4, 1]).upsample_nearest1d(MAX)),
        "upsample_nearest1d: an axis of the result is larger than can be counted",
    ),
    (
        || drop(ones(&[1, 4, 4, 1]).upsample_nearest2d([1 << 32, 1 << 33])),
        "has more elements than can be counted",
    ),
    (
        || drop(ones(&[1, 4, 1]).upsample_nearest1d(HUGE / 4)),
        "upsample_nearest1d: there is no memory for the shape",
    ),
    (|| drop(ones(&[2]).reshape(&[MAX, 2])), "has more elements than can be counted"),
    (|| drop(ones(&[2]).index(0, isize::MIN)), "index: -9223372036854775808 is out of range"),
    (|| drop(ones(&[2]).slice(0, isize::MIN..)), "slice: -9223372036854775808.. is no range"),
    (|| drop(ones(&[2]).sum(isize::MAX)), "sum: axis 9223372036854775807 is out of range"),
    (|| drop(T::zeros(&[MAX, 2])), "has more elements than can be counted"),
    (
        || drop(T::zeros(&[HUGE])),
        "Tensor::full: there is no memory for the shape [288230376151711744]",
    ),
    (|| drop(T::ones(&[1 << 29, 1 << 29])), "Tensor::full: there is no memory for the shape"),
    (|| drop(T::arange(MAX)), "Tensor::arange: there is no memory for the shape"),
    (|| drop(T::eye(1 << 33)), "has more elements than can be counted"),
    (|| drop(T::eye(MAX)), "has more elements than can be counted"),
    (|| drop(T::one_hot(&[0, 1], MAX)), "has more elements than can be counted"),
    (|| drop(T::one_hot(&[0, 1], HUGE)), "one_hot: there is no memory for the shape"),
    (
        || drop(T::uniform(&[HUGE], 0.0, 1.0, &mut Rng::new(0))),
        "Tensor::uniform: there is no memory for the shape",
    ),
    (
        || drop(T::normal(&[MAX, 3], 0.0, 1.0, &mut Rng::new(0))),
        "has more elements than can be counted",
    ),
    (|| drop(ones(&[1]).broadcast_to(&[HUGE])), "broadcast_to: there is no memory for the shape"),
    (|| drop(ones(&[1]).broadcast_to(&[MAX, MAX])), "has more elements than can be counted"),
    (
        || drop(ones(&[1 << 22, 1]).add(ones(&[1, 1 << 22]))),
        "add: there is no memory for the shape",
    ),
    (|| drop(ones(&[1 << 22]).outer(&ones(&[1 << 22]))), "mul: there is no memory for the shape"),
    (|| drop(ones(&[1 << 22, 1]).gt(ones(&[1, 1 << 22]))), "gt: there is no memory for the shape"),
    (
        || drop(ones(&[1 << 22, 1]).select(ones(&[1, 1 << 22]), 0.0)),
        "select: there is no memory for the shape",
    ),
    (
        || drop(ones(&[1 << 22, 1]).matmul(&ones(&[1, 1 << 22]))),
        "matmul: there is no memory for the shape",
    ),
    (|| drop(ones(&[MAX, 0]).matmul(&ones(&[0, MAX]))), "has more elements than can be counted"),
    (
        || drop(ones(&[HUGE, 0]).linear(&ones(&[0, 2]), None, Activation::Relu)),
        "linear: there is no memory for the shape",
    ),
    (
        || drop(T::concat(&[ones(&[MAX, 0]), ones(&[MAX, 0])], 0)),
        "concat: the joined axis is larger than can be counted",
    ),
    (|| drop(ones(&[0, HUGE]).sum(0)), "sum: there is no memory for the shape"),
    (|| drop(ones(&[0, HUGE]).prod(0)), "prod: there is no memory for the shape"),
    (|| drop(ones(&[0, HUGE]).logsumexp(0)), "logsumexp: there is no memory for the shape"),
    (|| drop(ones(&[0, HUGE]).var(0)), "var: there is no memory for the shape"),
    (|| drop(ones(&[0, 0]).lstm_cell(&ones(&[0, 1 << 62]))), "lstm_cell: needs pre-activations"),
];

#[test]
fn impossible_sizes_are_refused_at_the_callers_line() {
    let mut failed = Vec::new();
    for (run, want) in TABLE {
        let Some(panic) = panic_of(run) else {
            failed.push(format!("accepted: {want}"));
            continue;
        };
        if !panic.message.contains(want) || !panic.file.ends_with("sizes.rs") {
            failed.push(format!("wanted `{want}`: {panic:?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What is large and still has a meaning goes on working.
#[test]
fn large_sizes_with_a_meaning_are_accepted() {
    // One tap: its distance to the next is nobody's.
    assert_eq!(ones(&[1, 3, 1]).conv1d(&ones(&[1, 1, 1]), options(MAX, 0)).to_vec(), [1.0; 3]);
    let far = ConvOptions { stride: [MAX], ..ConvOptions::default() };
    assert_eq!(ones(&[1, 3, 1]).conv1d(&ones(&[2, 1, 1]), far).to_vec(), [2.0]);
    assert_eq!(ones(&[1, 3, 1]).max_pool1d(2, MAX, 0).to_vec(), [1.0]);
    let x = T::arange(3);
    assert_eq!(x.slice(0, Slice::from(..).step_by(isize::MAX)).to_vec(), [0.0]);
    assert_eq!(x.slice(0, Slice::from(..).step_by(-isize::MAX)).to_vec(), [2.0]);
    assert_eq!(x.roll(0, isize::MIN).shape(), [3]);
    // Empty, with axes whose product cannot be counted.
    let empty = T::zeros(&[MAX, MAX, 0]);
    assert_eq!((empty.len(), (&empty * 2.0).shape()), (0, &[MAX, MAX, 0][..]));
    assert_eq!(empty.reshape(&[0]).shape(), [0]);
    assert_eq!(T::zeros(&[MAX, 0]).sum(..).item(), 0.0);
    assert_eq!(ones(&[1, 3, 1]).squeeze(..).shape(), [3]);
    assert_eq!(ones(&[1]).squeeze(0).shape(), [0_usize; 0]);
    assert_eq!(ones(&[1, 1]).squeeze([0, 1]).shape(), [0_usize; 0]);
    // The mean of a window that is almost all padding.
    let y = ones(&[1, 1, 1, 1]).avg_pool2d([1 << 40, 2], [1, 1], [1 << 39, 1]);
    assert_eq!(y.shape(), [1, 2, 2, 1]);
    assert_eq!(y.data()[0], 0.5_f32.powi(41));
    // The gradient of a mean over nothing.
    let nothing = ones(&[1, 0, 1]);
    let g = seedbed_autodiff::grad(&nothing, |x| x.avg_pool1d(2, 1, 1).sum(..));
    assert_eq!(g.shape(), [1, 0, 1]);
}
