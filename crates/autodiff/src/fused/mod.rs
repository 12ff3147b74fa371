//! Kernels with a specification: see [`Fused`](crate::Fused).

mod attention;
mod bce;
mod cross_entropy;
mod dropout;
mod gru;
mod linear;
mod lstm;
mod nonzero_rows;
mod norm;

pub use linear::Activation;
pub(crate) use linear::gemm_onto;

use crate::{Float, Tensor, shape};

/// The number of rows and their length, all axes but the last taken together.
#[track_caller]
fn rows_and_columns<F: Float>(op: &str, x: &Tensor<F>) -> (usize, usize) {
    let Some((&columns, rows)) = x.shape().split_last() else {
        panic!("{op}: needs at least one axis, got a scalar")
    };
    (shape::len(rows), columns)
}

#[track_caller]
fn same_shape<F: Float>(op: &str, x: &Tensor<F>, y: &Tensor<F>) {
    assert!(x.shape() == y.shape(), "{op}: shapes differ: {:?} and {:?}", x.shape(), y.shape());
}
