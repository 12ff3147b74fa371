//! Matrix products, batched by NumPy's rule.

use smallvec::smallvec;

use crate::fused::gemm_onto;
use crate::kernels::gemm::{Mat, product_batched};
use crate::shape::{self, Dims};
use crate::{Ctx, Float, Grads, Op, Tensor};

/// DeferredProducts of matrices and vectors.
impl<F: Float> Tensor<F> {
    /// The matrix product over the last two axes: (…, m, k) · (…, k, n) → (…, m, n). Axes before them
    /// broadcast by NumPy's rule. A vector on the left is a row, one on the right a column, and that
    /// axis is absent from the result.
    ///
    /// # Panics
    /// If the inner dimensions differ, the batch axes do not broadcast, or an operand is a scalar.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let a = Tensor::<f32>::new(vec![1.0, 2.0, 3.0, 4.0], &[2, 2]);
    /// assert_eq!(a.matmul(&a).to_vec(), [7.0, 10.0, 15.0, 22.0]);
    /// let v = Tensor::new(vec![1.0, -1.0], &[2]);
    /// assert_eq!(a.matmul(&v).to_vec(), [-1.0, -1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        match (self.ndim(), other.ndim()) {
            (0, _) | (_, 0) => panic!(
                "matmul: needs vectors or matrices: lhs {:?}, rhs {:?}",
                self.shape(),
                other.shape()
            ),
            (1, 1) => self.dot(other),
            (1, _) => {
                let y = product("matmul", &self.unsqueeze(0), other, [false; 2]);
                y.squeeze(-2)
            }
            (_, 1) => {
                let y = product("matmul", self, &other.unsqueeze(1), [false; 2]);
                y.squeeze(-1)
            }
            _ => product("matmul", self, other, [false; 2]),
        }
    }

    /// Aᵀ · B: [`matmul`](Self::matmul) with the last two axes of the left operand exchanged. Nothing is copied for that.
    ///
    /// # Panics
    /// As `matmul`, and if an operand has fewer than two axes.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[5, 3]);
    /// assert_eq!(x.matmul_tn(&x).shape(), &[3, 3]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul_tn(&self, other: &Self) -> Self {
        of_matrices("matmul_tn", self, other, [true, false])
    }

    /// A · Bᵀ: [`matmul`](Self::matmul) with the last two axes of the right operand exchanged. Nothing is copied for that.
    ///
    /// # Panics
    /// As `matmul`, and if an operand has fewer than two axes.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let x = Tensor::<f32>::ones(&[5, 3]);
    /// assert_eq!(x.matmul_nt(&x).shape(), &[5, 5]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn matmul_nt(&self, other: &Self) -> Self {
        of_matrices("matmul_nt", self, other, [false, true])
    }

    /// The inner product of two vectors, a scalar.
    ///
    /// # Panics
    /// Unless both are vectors of one length.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let a = Tensor::<f32>::new(vec![1.0, 2.0], &[2]);
    /// assert_eq!(a.dot(&a).item(), 5.0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot(&self, other: &Self) -> Self {
        assert!(
            self.ndim() == 1 && self.shape() == other.shape(),
            "dot: needs two vectors of one length: lhs {:?}, rhs {:?}",
            self.shape(),
            other.shape()
        );
        product("dot", &self.unsqueeze(0), &other.unsqueeze(1), [false; 2]).reshape(&[])
    }

    /// The outer product of two vectors: (m) × (n) → (m, n).
    ///
    /// # Panics
    /// Unless both are vectors.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let a = Tensor::<f32>::new(vec![1.0, 2.0], &[2]);
    /// assert_eq!(a.outer(&a).to_vec(), [1.0, 2.0, 2.0, 4.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        assert!(
            self.ndim() == 1 && other.ndim() == 1,
            "outer: needs two vectors: lhs {:?}, rhs {:?}",
            self.shape(),
            other.shape()
        );
        self.unsqueeze(1).mul(other.unsqueeze(0))
    }
}

/// The product of operands with two axes or more, each transposed if its flag says so.
#[track_caller]
fn product<F: Float>(
    op: &'static str,
    a: &Tensor<F>,
    b: &Tensor<F>,
    transposed: [bool; 2],
) -> Tensor<F> {
    if a.ndim() > 2 && b.ndim() == 2 && !transposed[0] {
        // One matrix for the whole batch: fold the batch into the rows. The gradient of `b` is then one
        // product too, instead of a sum of many.
        let (batch, k) = (&a.shape()[..a.ndim() - 1], a.shape()[a.ndim() - 1]);
        let mut shape = Dims::from_slice(batch);
        let rows = shape::len(batch);
        let y = matrices(op, &a.reshape(&[rows, k]), b, transposed, [a.shape(), b.shape()]);
        shape.push(y.shape()[1]);
        return y.reshape(&shape);
    }
    matrices(op, a, b, transposed, [a.shape(), b.shape()])
}

/// [`product`], as one node; `shown` are the shapes for messages.
#[track_caller]
fn matrices<F: Float>(
    op: &'static str,
    a: &Tensor<F>,
    b: &Tensor<F>,
    [ta, tb]: [bool; 2],
    shown: [&[usize]; 2],
) -> Tensor<F> {
    let split = |t: &Tensor<F>, transposed: bool| {
        let (batch, last) = t.shape().split_at(t.ndim() - 2);
        let size = if transposed { [last[1], last[0]] } else { [last[0], last[1]] };
        (Dims::from_slice(batch), size)
    };
    let ((batch_a, [m, k]), (batch_b, [inner, n])) = (split(a, ta), split(b, tb));
    assert!(
        k == inner,
        "{op}: inner dimensions differ: lhs {:?}{}, rhs {:?}{} ({k} against {inner})",
        shown[0],
        if ta { " transposed" } else { "" },
        shown[1],
        if tb { " transposed" } else { "" },
    );
    let mut shape = shape::broadcast(op, &batch_a, &batch_b);
    let batch = shape.clone();
    shape.extend([m, n]);
    shape::room::<F>(op, &shape);
    if shape.contains(&0) {
        let empty = Tensor::new(Vec::new(), &shape);
        return Tensor::record(MatMul { op, transposed: [ta, tb] }, &[a, b], empty);
    }
    // Nothing is read where k is 0.
    let first_a = places(&batch_a, &batch, m * k);
    let first_b = places(&batch_b, &batch, k * n);
    let count = shape::len(&batch);

    let lhs = Mat::new(a.data(), if ta { m } else { k }).t_if(ta);
    let rhs = Mat::new(b.data(), if tb { k } else { n }).t_if(tb);
    let at = |i: usize| (first_a[i], first_b[i]);
    let data = product_batched(count, [m, n, k], lhs, rhs, at);
    Tensor::record(MatMul { op, transposed: [ta, tb] }, &[a, b], Tensor::new(data, &shape))
}

/// Where each matrix of a batch that is broadcast to `to` begins, for matrices of `len` numbers.
fn places(batch: &[usize], to: &[usize], len: usize) -> Vec<usize> {
    let strides = shape::broadcast_strides(batch, to);
    let place = |mut i: usize| {
        let mut at = 0;
        for (&size, stride) in to.iter().zip(&strides).rev() {
            at += i % size * stride;
            i /= size;
        }
        at * len
    };
    (0..shape::len(to)).map(place).collect()
}

/// The product of two operands that have to be matrices (or batches of them), each transposed or not.
#[track_caller]
fn of_matrices<F: Float>(
    op: &'static str,
    a: &Tensor<F>,
    b: &Tensor<F>,
    transposed: [bool; 2],
) -> Tensor<F> {
    assert!(
        a.ndim() >= 2 && b.ndim() >= 2,
        "{op}: needs matrices: lhs {:?}, rhs {:?}",
        a.shape(),
        b.shape()
    );
    product(op, a, b, transposed)
}

#[derive(Debug)]
struct MatMul {
    op: &'static str,
    /// Which operand is transposed, if one is.
    transposed: [bool; 2],
}

impl<F: Float> Op<F> for MatMul {
    fn name(&self) -> &'static str {
        self.op
    }

    /// C = A · B: dA = G · Bᵀ, dB = Aᵀ · G. C = A · Bᵀ: dA = G · B, dB = Gᵀ · A. C = Aᵀ · B: dA = B · Gᵀ, dB = A · G.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F> {
        let (a, b) = (c.x(0), c.x(1));
        let left = || match self.transposed {
            [false, false] => g.matmul_nt(b),
            [false, true] => g.matmul(b),
            [true, _] => b.matmul_nt(&g),
        };
        let right = || match self.transposed {
            [false, false] => a.matmul_tn(&g),
            [false, true] => g.matmul_tn(a),
            [true, _] => a.matmul(&g),
        };
        let left = c.needs(0).then(|| left().sum_to(a.shape()));
        if let ([false, false], &[m, k], &[_, n]) = (self.transposed, a.shape(), b.shape())
            && c.needs(1)
        {
            // A weight that is used many times.
            if c.add_product(1, [a.data(), g.data()]) {
                return smallvec![left, None];
            }
            if let accumulated @ Some(_) = c.accumulated(1) {
                let (a, g) = (Mat::new(a.data(), k).t(), Mat::new(g.data(), n));
                return smallvec![left, Some(gemm_onto([k, n, m], a, g, accumulated))];
            }
        }
        smallvec![left, c.needs(1).then(|| right().sum_to(b.shape()))]
    }
}
