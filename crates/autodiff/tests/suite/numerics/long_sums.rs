//! Long sums in single precision against the same op in double precision.
//!
//! Each bound is a number of rounding errors, u = 2⁻²⁴, relative to the sum of magnitudes: what `seedbed_kernels::sums` promises is 72 for one
//! sum, and an op may take several one after the other. Running sums would err by up to the number of their terms.

use seedbed_autodiff::{
    Activation, AttentionOptions, ConvOptions, Float, Indices, Rng, Tensor, grad,
};

const U: f64 = f32::EPSILON as f64 / 2.0;

/// An op as a function of one long tensor, in either precision.
trait Op {
    fn of<F: Float>(&self, x: &Tensor<F>) -> Tensor<F>;
}

/// The error of the op in single precision, in u relative to the largest element of the exact result.
fn error<O: Op>(op: &O, x: &Tensor<f32>) -> f64 {
    let (got, want) = (op.of(x), op.of(&x.cast::<f64>()));
    assert_eq!(got.shape(), want.shape());
    let largest = want.data().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let errors = got.data().iter().zip(want.data()).map(|(&g, &w)| (f64::from(g) - w).abs());
    errors.fold(0.0, f64::max) / largest / U
}

macro_rules! ops {
    ($($Name:ident = |$x:ident| $f:expr;)*) => { $(
        struct $Name;
        impl Op for $Name {
            fn of<F: Float>(&self, $x: &Tensor<F>) -> Tensor<F> {
                $f
            }
        }
    )* };
}

/// Arguments of ops of `n` rows and some columns, all of one sign: their running sums drift most.
fn long(n: usize, columns: usize, kind: usize) -> Tensor<f32> {
    let shape = [n, columns];
    match kind {
        0 => Tensor::full(&shape, 0.1),
        1 => Tensor::uniform(&shape, 0.0, 1.0, &mut Rng::new(5)),
        _ => Tensor::uniform(&shape, 0.5, 1.5, &mut Rng::new(6)) * 1e3,
    }
}

ops! {
    Sum = |x| x.sum(..);
    SumDown = |x| x.sum(0);
    Mean = |x| x.mean(0);
    CumSum = |x| x.cumsum(0);
    Mse = |x| x.mse(&Tensor::zeros(x.shape()));
    BiasGradient = |x| {
        let (w, b) = (Tensor::zeros(&[1, x.shape()[1]]), Tensor::zeros(&[x.shape()[1]]));
        let ones = Tensor::ones(&[x.shape()[0], 1]);
        grad(&b, |b| (ones.linear(&w, Some(b), Activation::Identity) * x).sum(..))
    };
    BroadcastGradient = |x| grad(&Tensor::ones(&[1, x.shape()[1]]), |b| (b * x).sum(..));
    Dot = |x| x.flatten().dot(&Tensor::ones(&[x.len()]));
    VectorTimesRows = |x| Tensor::ones(&[x.shape()[0]]).matmul(x);
    ProductOfTwo = |x| x.matmul_tn(&Tensor::ones(&[x.shape()[0], 20]));
    WeightGradient = |x| {
        let w = Tensor::zeros(&[x.shape()[1], 9]);
        grad(&w, |w| x.linear(w, None, Activation::Identity).sum(..))
    };
    ConvWeightGradient = |x| {
        let images = x.reshape(&[1, x.shape()[0], x.shape()[1]]);
        let w = Tensor::zeros(&[3, x.shape()[1], 4]);
        grad(&w, |w| images.conv1d(w, ConvOptions { padding: [1], ..ConvOptions::default() }).sum(..))
    };
    DepthwiseWeightGradient = |x| {
        let images = x.reshape(&[1, x.shape()[0], x.shape()[1]]);
        let w = Tensor::zeros(&[1, 1, x.shape()[1]]);
        let options = ConvOptions { groups: x.shape()[1], ..ConvOptions::default() };
        grad(&w, |w| images.conv1d(w, options).sum(..))
    };
    SoftmaxDown = |x| x.softmax(0) * x.shape()[0] as f64;
    SoftmaxAlong = |x| x.t().softmax(1) * x.shape()[0] as f64;
    LogSumExpDown = |x| (x / 1e3).logsumexp(0).exp();
    LogSumExpAlong = |x| (x.t() / 1e3).logsumexp(1).exp();
    // Beside the gradient of equal weights, which is zero, something to measure the error by.
    LogSoftmaxGradientDown = |x| grad(&Tensor::zeros(x.shape()), |y| ((y.log_softmax(0) + y) * x).sum(..));
    LogSoftmaxGradientAlong = |x| {
        let x = x.t();
        grad(&Tensor::zeros(x.shape()), |y| ((y.log_softmax(1) + y) * &x).sum(..))
    };
    AvgPool = |x| {
        let images = x.reshape(&[1, x.shape()[0], x.shape()[1]]);
        images.avg_pool1d(x.shape()[0], 1, 0)
    };
    UpsampleGradient = |x| {
        let one = Tensor::ones(&[1, 1, x.shape()[1]]);
        let g = x.reshape(&[1, x.shape()[0], x.shape()[1]]);
        grad(&one, |one| (one.upsample_nearest1d(g.shape()[1]) * &g).sum(..))
    };
    EmbeddingGradient = |x| {
        let table = Tensor::zeros(&[3, x.shape()[1]]);
        let at: Vec<_> = (0..x.shape()[0]).map(|i| if i % 100 == 7 { 2 } else { 1 }).collect();
        grad(&table, |table| (table.index_select(0, &at) * x).sum(..))
    };
    GatherGradient = |x| {
        let table = Tensor::zeros(&[2, x.shape()[1]]);
        let at = Indices::from_elem(ndarray::IxDyn(x.shape()), 1);
        grad(&table, |table| (table.gather(0, &at) * x).sum(..))
    };
    LayerNormParameters = |x| {
        let (w, b) = (Tensor::ones(&[x.shape()[1]]), Tensor::zeros(&[x.shape()[1]]));
        let rows = Tensor::arange(x.shape()[1]).reshape(&[1, x.shape()[1]]).broadcast_to(x.shape());
        let (w, b) = grad(&(w, b), |(w, b)| (rows.layer_norm(w, b, 1e-5) * x).sum(..));
        Tensor::concat(&[w, b], 0)
    };
    BatchNormBias = |x| {
        let (w, b) = (Tensor::ones(&[x.shape()[1]]), Tensor::zeros(&[x.shape()[1]]));
        grad(&b, |b| (x.batch_norm(&w, b, 1e-5).0 * x).sum(..))
    };
    Norm = |x| (x / 1e3).norm(0);
    AttentionOverKeys = |x| {
        let (q, k) = (Tensor::zeros(&[1, 2]), Tensor::zeros(&[x.shape()[0], 2]));
        q.attention(&k, x, &AttentionOptions::default())
    };
    AttentionOverQueries = |x| {
        let (q, k) = (Tensor::zeros(&[x.shape()[0], 1]), Tensor::zeros(&[2, 1]));
        let v = Tensor::zeros(&[2, x.shape()[1]]);
        grad(&v, |v| (q.attention(&k, v, &AttentionOptions::default()) * x).sum(..))
    };
    Shards = |x| {
        let shards: Vec<Tensor<F>> = x.slice(0, ..2000).split(0, &[1; 2000]);
        let w = Tensor::ones(&[x.shape()[1]]);
        seedbed_autodiff::par_value_and_grad(&w, &shards, |w, shard| (w * shard).sum(..)).1
    };
}

#[test]
fn long_sums_are_accurate() {
    let mut failed = Vec::new();
    let mut check = |name: &str, bound: f64, run: &dyn Fn(&Tensor<f32>) -> f64| {
        for kind in 0..3 {
            for (n, columns) in [(300_000, 3), (30_000, 20)] {
                let error = run(&long(n, columns, kind));
                if error.is_nan() || error > bound {
                    failed.push(format!(
                        "{name} of {n} rows of {columns}, kind {kind}: {error} u, bound {bound}"
                    ));
                }
            }
        }
    };
    macro_rules! check {
        ($($Name:ident: $bound:expr;)*) => { $( check(stringify!($Name), $bound, &|x| error(&$Name, x)); )* };
    }
    check! {
        Sum: 72.0;
        SumDown: 72.0;
        Mean: 72.0;
        CumSum: 2.0;
        Mse: 80.0;
        BiasGradient: 72.0;
        BroadcastGradient: 72.0;
        ConvWeightGradient: 420.0;
        DepthwiseWeightGradient: 140.0;
        SoftmaxDown: 160.0;
        SoftmaxAlong: 160.0;
        LogSumExpDown: 160.0;
        LogSumExpAlong: 160.0;
        LogSoftmaxGradientDown: 160.0;
        LogSoftmaxGradientAlong: 160.0;
        AvgPool: 140.0;
        UpsampleGradient: 140.0;
        EmbeddingGradient: 140.0;
        GatherGradient: 2.0;
        LayerNormParameters: 200.0;
        BatchNormBias: 140.0;
        Norm: 40.0;
        AttentionOverKeys: 1200.0;
        AttentionOverQueries: 140.0;
        Shards: 140.0;
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Products of matrices: the bounds that `seedbed_kernels::gemm` states.
#[test]
fn long_products_are_accurate() {
    let mut failed = Vec::new();
    for kind in 0..3 {
        for (n, columns) in [(300_000, 3), (30_000, 20)] {
            let x = long(n, columns, kind);
            for (name, error) in [
                ("dot", error(&Dot, &x)),
                ("vector times rows", error(&VectorTimesRows, &x)),
                ("product", error(&ProductOfTwo, &x)),
                ("weight gradient", error(&WeightGradient, &x)),
            ] {
                if error.is_nan() || error > 1040.0 {
                    failed.push(format!("{name} of {n} rows of {columns}, kind {kind}: {error} u"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What was measured: 100,958 for a million rows of 0.1.
#[test]
fn the_bias_gradient_of_a_million_rows() {
    let (x, w) = (Tensor::<f32>::ones(&[1_000_000, 1]), Tensor::zeros(&[1, 1]));
    let g = grad(&Tensor::<f32>::zeros(&[1]), |b| {
        (x.linear(&w, Some(b), Activation::Relu) * 0.0
            + x.linear(&w, Some(b), Activation::Identity) * 0.1)
            .sum(..)
    });
    assert!((g.item() - 100_000.0).abs() < 0.1, "{g}");
}

/// 65,536 numbers around 10⁶: the rounded mean alone would put every result off by up to 0.03.
#[test]
fn norms_of_numbers_far_from_zero() {
    let n = 65_536;
    let x = Tensor::<f32>::normal(&[1, n], 1e6, 1.0, &mut Rng::new(2));
    let exact = x.cast::<f64>();
    let far = |y: Tensor<f32>, want: Tensor<f64>| {
        let pairs = y.data().iter().zip(want.data());
        pairs.fold(0.0_f64, |m, (&y, &w)| m.max((f64::from(y) - w).abs()))
    };
    let (w, b) = (Tensor::ones(&[n]), Tensor::zeros(&[n]));
    let (w64, b64) = (w.cast(), b.cast());
    let error = far(x.layer_norm(&w, &b, 1e-5), exact.layer_norm(&w64, &b64, 1e-5));
    assert!(error < 2e-5, "layer norm errs by {error}");
    let gradient = |g: f64| move |i: usize| g * (i % 7) as f64;
    let u: Vec<f64> = (0..n).map(gradient(0.1)).collect();
    let u64 = Tensor::<f64>::new(u, &[1, n]);
    let u = u64.cast::<f32>();
    let error = far(
        grad(&x, |x| (x.layer_norm(&w, &b, 1e-5) * &u).sum(..)),
        grad(&exact, |x| (x.layer_norm(&w64, &b64, 1e-5) * &u64).sum(..)),
    );
    assert!(error < 2e-5, "the gradient of layer norm errs by {error}");

    // The same numbers down a column, in groups of an image, and their variance.
    let (one, zero) = (Tensor::ones(&[1]), Tensor::zeros(&[1]));
    let (one64, zero64) = (one.cast(), zero.cast());
    let (column, exact_column) = (x.t(), exact.t());
    let error = far(
        column.batch_norm(&one, &zero, 1e-5).0,
        exact_column.batch_norm(&one64, &zero64, 1e-5).0,
    );
    assert!(error < 2e-5, "batch norm errs by {error}");
    let error = far(
        grad(&column, |x| (x.batch_norm(&one, &zero, 1e-5).0 * u.t()).sum(..)),
        grad(&exact_column, |x| (x.batch_norm(&one64, &zero64, 1e-5).0 * u64.t()).sum(..)),
    );
    assert!(error < 2e-5, "the gradient of batch norm errs by {error}");
    let (image, exact_image) = (x.reshape(&[1, n / 4, 4]), exact.reshape(&[1, n / 4, 4]));
    let (w, b) = (Tensor::ones(&[4]), Tensor::zeros(&[4]));
    let error = far(
        image.group_norm(2, &w, &b, 1e-5),
        exact_image.group_norm(2, &w.cast(), &b.cast(), 1e-5),
    );
    assert!(error < 2e-5, "group norm errs by {error}");
    for (var, want) in [
        (x.var(1), exact.var(1)),
        (column.var(0), exact_column.var(0)),
        (x.var(..), exact.var(..)),
        (x.reshape(&[256, 256]).var(1), exact.reshape(&[256, 256]).var(1)),
        (x.reshape(&[256, 256]).var(0), exact.reshape(&[256, 256]).var(0)),
    ] {
        let error = far(var, want);
        assert!(error < 2e-5, "the variance errs by {error}");
    }
}
