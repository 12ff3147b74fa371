//! The words in which products, convolutions and pooling refuse their arguments, at the caller's line.

use seedbed_autodiff::{Activation, ConvOptions, Tensor};

use crate::panics::panic_of;

type T = Tensor<f32>;

fn ones(shape: &[usize]) -> T {
    T::ones(shape)
}

const PLAIN: ConvOptions<2> =
    ConvOptions { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

/// What is wrong, and what the user reads.
type Row = (fn() -> T, &'static str);

const TABLE: &[Row] = &[
    (
        || ones(&[2, 3]).matmul(&ones(&[2, 4])),
        "matmul: inner dimensions differ: lhs [2, 3], rhs [2, 4] (3 against 2)",
    ),
    (
        || ones(&[5, 2, 3]).matmul(&ones(&[2, 4])),
        "matmul: inner dimensions differ: lhs [5, 2, 3], rhs [2, 4] (3 against 2)",
    ),
    (|| ones(&[2, 3]).matmul(&ones(&[])), "matmul: needs vectors or matrices: lhs [2, 3], rhs []"),
    (
        || ones(&[2, 1, 3]).matmul(&ones(&[4, 3, 1])),
        "matmul: shapes do not broadcast: lhs [2], rhs [4] (axis -1: 2 against 4)",
    ),
    (
        || ones(&[2, 3]).matmul_tn(&ones(&[3, 4])),
        "matmul_tn: inner dimensions differ: lhs [2, 3] transposed, rhs [3, 4] (2 against 3)",
    ),
    (|| ones(&[3]).matmul_tn(&ones(&[3, 4])), "matmul_tn: needs matrices: lhs [3], rhs [3, 4]"),
    (|| ones(&[3]).dot(&ones(&[4])), "dot: needs two vectors of one length: lhs [3], rhs [4]"),
    (|| ones(&[3, 1]).outer(&ones(&[4])), "outer: needs two vectors: lhs [3, 1], rhs [4]"),
    (
        || ones(&[4, 3]).linear(&ones(&[4, 2]), None, Activation::Relu),
        "linear: needs an input (…, in) and weights (in, out): input [4, 3], weights [4, 2]",
    ),
    (
        || ones(&[4, 3]).linear(&ones(&[3, 2]), Some(&ones(&[3])), Activation::Relu),
        "linear: the bias has one number an output: weights [3, 2], bias [3]",
    ),
    (
        || ones(&[4, 3]).conv2d(&ones(&[3, 3, 1, 1]), PLAIN),
        "conv2d: the input is (N, H, W, C), got [4, 3]",
    ),
    (
        || ones(&[1, 8, 3]).conv1d(&ones(&[3, 1]), ConvOptions::default()),
        "conv1d: the weights are (K, C / groups, O), got [3, 1]",
    ),
    (
        || ones(&[1, 8, 8, 3]).conv2d(&ones(&[3, 3, 4, 5]), PLAIN),
        "conv2d: channels differ: input [1, 8, 8, 3], weights [3, 3, 4, 5] (3 against 4 in 1 groups)",
    ),
    (
        || ones(&[1, 8, 8, 4]).conv2d(&ones(&[3, 3, 2, 5]), ConvOptions { groups: 2, ..PLAIN }),
        "conv2d: 2 groups do not divide the 5 output channels of weights [3, 3, 2, 5]",
    ),
    (
        || ones(&[1, 2, 8, 1]).conv2d(&ones(&[3, 3, 1, 1]), PLAIN),
        "conv2d: the window exceeds the padded input: input [1, 2, 8, 1], weights [3, 3, 1, 1] (axis 1: 3 against 2)",
    ),
    (
        || {
            ones(&[1, 8, 8, 1])
                .conv2d(&ones(&[3, 3, 1, 1]), ConvOptions { stride: [0, 1], ..PLAIN })
        },
        "conv2d: stride [0, 1], dilation [1, 1] and groups 1 must be at least 1",
    ),
    (
        || ones(&[1, 8, 8, 1]).conv2d(&ones(&[0, 3, 1, 1]), PLAIN),
        "conv2d: the window of weights [0, 3, 1, 1] is empty",
    ),
    (
        || ones(&[1, 8, 8, 1]).conv_transpose2d(&ones(&[3, 3, 1, 2]), PLAIN, [0, 0]),
        "conv_transpose2d: channels differ: input [1, 8, 8, 1], weights [3, 3, 1, 2] (1 against 2)",
    ),
    (
        || ones(&[1, 8, 8, 1]).conv_transpose2d(&ones(&[3, 3, 1, 1]), PLAIN, [0, 1]),
        "conv_transpose2d: output_padding 1 is not less than the stride 1",
    ),
    (
        || {
            let options = ConvOptions { padding: [1], ..ConvOptions::default() };
            ones(&[1, 1, 1]).conv_transpose1d(&ones(&[2, 1, 1]), options, [0])
        },
        "conv_transpose1d: nothing is left: input [1, 1, 1], weights [2, 1, 1], padding 1 (axis 1)",
    ),
    (
        || ones(&[4, 3]).max_pool2d([2, 2], [2, 2], [0, 0]),
        "max_pool2d: the input is (N, H, W, C), got [4, 3]",
    ),
    (
        || ones(&[1, 4, 1]).avg_pool1d(5, 1, 0),
        "avg_pool1d: the window exceeds the padded input [1, 4, 1] (axis 1: 5 against 4)",
    ),
    (
        || ones(&[1, 4, 1]).max_pool1d(2, 1, 2),
        "max_pool1d: needs kernel >= 1, stride >= 1 and 2 * padding <= kernel, got kernel 2, stride 1, padding 2",
    ),
    (
        || ones(&[4, 1]).upsample_nearest1d(2),
        "upsample_nearest1d: the input is (N, L, C), got [4, 1]",
    ),
    (
        || ones(&[1, 1, 1, 1]).upsample_nearest2d([2, 0]),
        "upsample_nearest2d: the factors must be at least 1, got [2, 0]",
    ),
];

#[test]
fn messages_name_the_op_and_the_shapes_at_the_callers_line() {
    for (run, want) in TABLE {
        let panic = panic_of(run).expect("the arguments are wrong");
        assert_eq!(panic.message, *want);
        assert!(panic.file.ends_with("messages_linear.rs"), "{want}: blamed on {}", panic.file);
    }
}
