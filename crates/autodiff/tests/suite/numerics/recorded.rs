//! The fast gradient of every op that has one of its own, against the gradient that is recorded where an outer transform watches.

use seedbed_autodiff::{Activation, ConvOptions, Float, Rng, Tensor, grad};

type Loss<F> = fn(&[Tensor<F>]) -> Tensor<F>;

/// An op: its name, the shapes of its arguments, and which of them are distributions.
struct Row<F: Float> {
    name: &'static str,
    shapes: &'static [&'static [usize]],
    shares: &'static [usize],
    f: Loss<F>,
}

const fn row<F: Float>(
    name: &'static str,
    shapes: &'static [&'static [usize]],
    shares: &'static [usize],
    f: Loss<F>,
) -> Row<F> {
    Row { name, shapes, shares, f }
}

const LABELS: [usize; 4] = [0, 4, 2, 2];
const EPS: f64 = 1e-5;

fn table<F: Float>() -> Vec<Row<F>> {
    const MATRIX: &[&[usize]] = &[&[4, 5]];
    const TWO: &[&[usize]] = &[&[4, 5], &[4, 5]];
    const NORM: &[&[usize]] = &[&[4, 5], &[5], &[5]];
    const LAYER: &[&[usize]] = &[&[4, 5], &[5, 3], &[3]];
    macro_rules! layers {
        ($($activation:ident $(($p:literal))?),*) => { vec![$(
            row(stringify!($activation), LAYER, &[], |x: &[Tensor<F>]| {
                x[0].linear(&x[1], Some(&x[2]), Activation::$activation $(($p))?)
            }),
        )*] };
    }
    macro_rules! unary {
        ($($op:ident $(($($p:expr),*))?),* $(,)?) => { vec![$(
            row(stringify!($op), MATRIX, &[], |x: &[Tensor<F>]| x[0].$op($($($p),*)?)),
        )*] };
    }
    let mut rows = vec![
        row("cross_entropy_each", MATRIX, &[], |x| x[0].cross_entropy_each(&LABELS)),
        row("smooth_cross_entropy_each", MATRIX, &[], |x| {
            x[0].smooth_cross_entropy_each(&LABELS, 0.1)
        }),
        row("soft_cross_entropy_each", TWO, &[1], |x| x[0].soft_cross_entropy_each(&x[1])),
        row("bce_with_logits_each", TWO, &[1], |x| x[0].bce_with_logits_each(&x[1])),
        row("mse", TWO, &[], |x| x[0].mse(&x[1])),
        row("layer_norm", NORM, &[], |x| x[0].layer_norm(&x[1], &x[2], EPS)),
        row("group_norm", &[&[4, 6], &[6], &[6]], &[], |x| x[0].group_norm(2, &x[1], &x[2], EPS)),
        row("group_norm", &[&[2, 3, 6], &[6], &[6]], &[], |x| {
            x[0].group_norm(2, &x[1], &x[2], EPS)
        }),
        row("batch_norm", NORM, &[], |x| x[0].batch_norm(&x[1], &x[2], EPS).0),
        row("lstm_cell", &[&[2, 12], &[2, 3]], &[], |x| x[0].lstm_cell(&x[1])),
        row("gru_cell", &[&[2, 9], &[2, 9], &[2, 3]], &[], |x| x[0].gru_cell(&x[1], &x[2])),
        row("softmax", MATRIX, &[], |x| x[0].softmax(1)),
        row("softmax", MATRIX, &[], |x| x[0].softmax(0)),
        row("log_softmax", MATRIX, &[], |x| x[0].log_softmax(1)),
        row("log_softmax", MATRIX, &[], |x| x[0].log_softmax(0)),
        row("logsumexp", MATRIX, &[], |x| x[0].logsumexp(1)),
        row("logsumexp", MATRIX, &[], |x| x[0].logsumexp(0)),
        row("var", MATRIX, &[], |x| x[0].var(1)),
        row("var", MATRIX, &[], |x| x[0].var(0)),
        row("prod", &[&[4, 3]], &[], |x| x[0].prod(1)),
        row("cumprod", &[&[4, 3]], &[], |x| x[0].cumprod(1)),
        row("norm", MATRIX, &[], |x| x[0].norm(1)),
        row("norm", MATRIX, &[], |x| x[0].norm(0)),
        row("std", MATRIX, &[], |x| x[0].std(1)),
        row("std", MATRIX, &[], |x| x[0].std(0)),
        row("einsum", &[&[4, 5], &[5, 3]], &[], |x| Tensor::einsum("ij,jk->k", &[&x[0], &x[1]])),
        row("matmul", &[&[4, 5], &[5, 3]], &[], |x| x[0].matmul(&x[1])),
        row("conv1d", &[&[2, 6, 2], &[3, 2, 2]], &[], |x| {
            x[0].conv1d(&x[1], ConvOptions::default())
        }),
        row("split", MATRIX, &[], |x| x[0].split(1, &[2, 3])[1].square()),
        row("mul", TWO, &[], |x| &x[0] * &x[1]),
        row("div", TWO, &[], |x| &x[0] / (x[1].abs() + 0.5)),
        row("mul_no_nan", TWO, &[], |x| x[0].mul_no_nan(&x[1])),
        row("pow", TWO, &[1], |x| x[0].abs().pow(&x[1])),
        row("atan2", TWO, &[], |x| x[0].atan2(&x[1])),
        row("maximum", TWO, &[], |x| x[0].maximum(&x[1])),
        row("minimum", TWO, &[], |x| x[0].minimum(&x[1])),
    ];
    rows.extend(layers![
        Identity,
        Relu,
        LeakyRelu(0.1),
        Elu(0.7),
        Tanh,
        Sigmoid,
        Softplus,
        Gelu,
        GeluTanh,
        Silu
    ]);
    rows.extend(unary![
        neg,
        abs,
        square,
        exp,
        exp_m1,
        sin,
        cos,
        tanh,
        erf,
        relu,
        leaky_relu(0.1),
        hard_tanh,
        hard_sigmoid,
        sigmoid,
        softplus,
        log_sigmoid,
        elu(1.5),
        gelu,
        gelu_tanh,
        silu,
        powi(3),
        clamp(-1.0, 1.0),
    ]);
    // Defined for positive numbers.
    rows.extend([
        row("sqrt", MATRIX, &[], |x: &[Tensor<F>]| x[0].abs().sqrt()),
        row("rsqrt", MATRIX, &[], |x: &[Tensor<F>]| x[0].abs().rsqrt()),
        row("recip", MATRIX, &[], |x: &[Tensor<F>]| x[0].recip()),
        row("ln", MATRIX, &[], |x: &[Tensor<F>]| x[0].abs().ln()),
        row("ln_1p", MATRIX, &[], |x: &[Tensor<F>]| x[0].abs().ln_1p()),
        row("powf", MATRIX, &[], |x: &[Tensor<F>]| x[0].abs().powf(1.7)),
    ]);
    rows
}

/// Arguments of one kind: a function of a number that is drawn from the normal distribution.
type Kind = (&'static str, fn(f64) -> f64);

const KINDS: &[Kind] = &[
    ("ordinary", |x| x),
    ("large and far from zero", |x| 1e7 + (4.0 * x).round()),
    ("large", |x| 1e4 * x),
    ("very large", |x| 1e9 * x),
    ("tiny", |x| 1e-6 * x),
    ("very tiny", |x| 1e-18 * x),
    ("equal", |_| 0.75),
    ("zero", |_| 0.0),
    ("equal and large", |_| 3e6),
];

/// Only for ops where a mask makes them.
const MASKED: &[Kind] = &[
    ("masked", |x| if x > 0.3 { f64::NEG_INFINITY } else { x }),
    ("masked throughout", |_| f64::NEG_INFINITY),
];

fn arguments<F: Float>(row: &Row<F>, of: fn(f64) -> f64) -> Vec<Tensor<F>> {
    let rng = &mut Rng::new(11);
    let draw = |(i, shape): (usize, &&[usize])| {
        let x = Tensor::<f64>::normal(shape, 0.0, 1.0, rng);
        let x = if row.shares.contains(&i) {
            // Some classes have no share.
            let x = x.maximum(0.0) + 1e-3 * x.gt(0.0);
            if row.name == "soft_cross_entropy_each" {
                let sums = x.sum_keepdim(1);
                x / (sums.eq(0.0) + sums)
            } else {
                x.clamp(0.0, 1.0)
            }
        } else {
            T64::from(x.view().mapv(of))
        };
        x.cast::<F>()
    };
    row.shapes.iter().enumerate().map(draw).collect()
}

type T64 = Tensor<f64>;

fn hold<F: Float>(tolerance: f64) {
    let mut failed = Vec::new();
    for row in table::<F>() {
        let masks = [
            "cross_entropy_each",
            "soft_cross_entropy_each",
            "softmax",
            "log_softmax",
            "logsumexp",
        ];
        let masked = if masks.contains(&row.name) { MASKED } else { &[] };
        for &(kind, of) in KINDS.iter().chain(masked) {
            let x = arguments(&row, of);
            let y = (row.f)(&x);
            let u = Tensor::uniform(y.shape(), -1.0, 1.0, &mut Rng::new(3));
            // Losses of absent classes are infinite: what is weighed by 0 has to stay out.
            let loss = |x: &[Tensor<F>]| u.mul_no_nan((row.f)(x)).sum(..);
            let fast = grad(&x, |x| loss(x));
            let mut recorded = Vec::new();
            let _ = grad(&x, |x| {
                let g = grad(x, |x| loss(x));
                recorded = g.iter().map(Tensor::stop_gradient).collect();
                g.iter().fold(Tensor::scalar(0.0), |s, g| s + (g * 0.0).sum(..))
            });
            for (i, (fast, recorded)) in fast.iter().zip(&recorded).enumerate() {
                let all = fast.data().iter().chain(recorded.data());
                // The specification of this loss gives −x as a difference of softplus(x) and softplus(−x).
                let least = if row.name == "bce_with_logits_each" { 1.0 } else { 0.0 };
                let largest =
                    all.map(|x| x.f64().abs()).filter(|x| x.is_finite()).fold(least, f64::max);
                for (&a, &b) in fast.data().iter().zip(recorded.data()) {
                    let (a, b) = (a.f64(), b.f64());
                    let same = a == b
                        || (a.is_nan() && b.is_nan())
                        || (a - b).abs() <= tolerance * largest;
                    let may_be_nan = kind.starts_with("very large");
                    if !same || (a.is_nan() && !may_be_nan) {
                        failed.push(format!(
                            "{}, {kind} arguments, gradient {i}: {a}, recorded {b} (of {largest})",
                            row.name
                        ));
                    }
                }
            }
        }
    }
    failed.dedup();
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn fast_gradients_are_the_recorded_ones_in_single_precision() {
    hold::<f32>(1e-5);
}

#[test]
fn fast_gradients_are_the_recorded_ones_in_double_precision() {
    hold::<f64>(1e-12);
}
