//! The same bits on any number of threads, for values and gradients of ops that are large enough to run in parallel.

use ndarray::IxDyn;
use seedbed_autodiff::{Indices, Rng, Tensor, value_and_grad};

type Loss = fn(&Tensor, &Tensor) -> Tensor;

/// Each op as a scalar function of two matrices of 600 × 700.
const OPS: &[(&str, Loss)] = &[
    ("sum", |x, _| x.sum(..)),
    ("sum over rows", |x, y| (x.sum(0) * y.sum(0)).sum(..)),
    ("sum over columns", |x, y| (x.sum(1) * y.mean(1)).sum(..)),
    ("broadcast_to", |x, y| (x + y.slice(0, ..1)).square().mean(..)),
    ("var", |x, y| (x.var(0) * y.var(0)).sum(..) + (x.var(1) * y.var(1)).sum(..)),
    ("logsumexp", |x, y| x.logsumexp(0).sum(..) + y.logsumexp(1).sum(..) + x.logsumexp(..)),
    ("max", |x, y| (x.max(0) * y.min(0)).sum(..) + x.max(1).sum(..)),
    ("prod", |x, y| (x + 1.0).prod(0).mean(..) + (y + 1.0).prod(1).mean(..)),
    ("cumsum", |x, y| (x.cumsum(0) * y.cumsum(1)).mean(..)),
    ("softmax", |x, y| (x.softmax(1) * y).sum(..) + (x.log_softmax(0) * y).mean(..)),
    ("sort", |x, y| (x.sort(1).0 * y).sum(..) + (x.topk(0, 50).0 * y.slice(0, ..50)).sum(..)),
    ("permute", |x, y| (x.t() * y.reshape(&[700, 600])).sum(..)),
    ("slice", |x, y| (x.slice(1, 1..) * y.slice(1, ..-1).flip(1)).sum(..)),
    ("concat", |x, y| Tensor::concat(&[x, y], 1).square().mean(0).sum(..)),
    ("pad", |x, y| (x.pad(&[(1, 0), (0, 0)], 0.5).slice(0, ..-1) * y).sum(..)),
    ("gather", |x, y| (x.gather(1, &places()) * y.gather(0, &places())).sum(..)),
    ("scatter_add", |x, y| x.scatter_add(1, &places(), y).square().mean(..)),
    ("index_select", |x, y| {
        let at: Vec<_> = (0..600).map(|i| i * i % 600).collect();
        (x.index_select(0, &at) * y).sum(..) + x.index_add(0, &at, y).square().mean(..)
    }),
    ("elementwise", |x, y| (x.exp() * y.tanh() / (x.square() + 1.0)).mean(..)),
];

fn places() -> Indices {
    let at = (0..600 * 700).map(|i| i * 31 % 600).collect();
    Indices::from_shape_vec(IxDyn(&[600, 700]), at).expect("600 × 700 places")
}

#[test]
fn every_op_gives_the_same_bits_on_1_2_3_and_8_threads() {
    let rng = &mut Rng::new(0);
    let x = Tensor::uniform(&[600, 700], -0.1, 0.1, rng);
    let y = Tensor::uniform(&[600, 700], -0.1, 0.1, rng);
    let bits = |x: &Tensor| x.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for (op, f) in OPS {
        let run = || {
            let (value, g) = value_and_grad(&(x.clone(), y.clone()), |(x, y)| f(x, y));
            assert!(value.item().is_finite(), "{op}");
            (bits(&value), bits(&g.0), bits(&g.1))
        };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a few threads").install(run)
        };
        let one = on(1);
        for threads in [2, 3, 8] {
            assert!(on(threads) == one, "{op}: other bits on {threads} threads than on one");
        }
    }
}

#[test]
fn tensors_and_what_is_made_of_them_can_be_sent_and_shared() {
    fn assert_send_sync<S: Send + Sync + 'static>() {}
    assert_send_sync::<Tensor<f32>>();
    assert_send_sync::<Tensor<f64>>();
    assert_send_sync::<Vec<Tensor<f32>>>();
    assert_send_sync::<Indices>();
    assert_send_sync::<Rng>();
}
