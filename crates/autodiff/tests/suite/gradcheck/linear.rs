//! The fused linear layer.

use approx::relative_eq;
use seedbed_autodiff::{Activation, Rng, Tensor, grad};

use super::case::{Case, T, case};

const ALL: [Activation; 10] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu(0.1),
    Activation::Elu(0.7),
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Softplus,
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::Silu,
];

/// Sums that keep away from the kinks at 0: of positive numbers, or of their negatives.
fn away_from_zero(x: &[T], sign: f64) -> [T; 3] {
    let positive = |x: &T| x.square() + 0.1;
    [positive(&x[0]) * sign, positive(&x[1]), positive(&x[2]) * sign]
}

pub(crate) fn cases() -> Vec<Case> {
    const SHAPES: [&[usize]; 3] = [&[3, 2], &[2, 4], &[4]];
    let mut cases = Vec::new();
    for activation in ALL {
        for sign in [1.0, -1.0] {
            let with_bias = move |x: &[T]| {
                let [x, w, b] = away_from_zero(x, sign);
                x.linear(&w, Some(&b), activation)
            };
            cases.push(case("linear", &SHAPES, with_bias));
            let alone = move |x: &[T]| activation.apply(&((x[0].square() + 0.1) * sign));
            cases.push(case("apply", &[&[3]], alone));
        }
    }
    let without_bias = |x: &[T]| x[0].linear(&x[1], None, Activation::Tanh);
    let batches = |x: &[T]| x[0].linear(&x[1], Some(&x[2]), Activation::Sigmoid);
    cases.extend([
        case("linear", &[&[2, 2], &[2, 2]], without_bias)
            .also(&[&[2], &[2, 3]])
            .also(&[&[2, 1, 3], &[3, 1]])
            .also(&[&[0, 2], &[2, 3]])
            .also(&[&[2, 0], &[0, 3]]),
        case("linear", &[&[2, 1, 3], &[3, 2], &[2]], batches)
            .also(&[&[0, 3], &[3, 2], &[2]])
            .also(&[&[2, 0], &[0, 2], &[2]])
            .also(&[&[2, 3], &[3, 0], &[0]]),
    ]);
    cases
}

/// The value and all gradients agree with the ops of which the layer is made, in both precisions.
#[test]
fn the_layer_is_its_parts() {
    fn check<F: seedbed_autodiff::Float>(tolerance: f64) {
        let mut rng = Rng::new(3);
        let mut draw = |shape: &[usize]| Tensor::<F>::uniform(shape, -1.0, 1.0, &mut rng);
        let x = vec![draw(&[37, 21]), draw(&[21, 50]), draw(&[50])];
        let u = draw(&[37, 50]);
        // A loss of every row, of few (the others' gradient is zero throughout), of none.
        let few: Vec<F> = (0..37).map(|row| F::of(f64::from(row % 5 == 1))).collect();
        let few = &u * Tensor::new(few, &[37, 1]);
        let none = Tensor::zeros(&[37, 50]);
        for (activation, u) in ALL.into_iter().flat_map(|a| [(a, &u), (a, &few), (a, &none)]) {
            let parts = |x: &[Tensor<F>]| {
                let z = x[0].matmul(&x[1]) + &x[2];
                match activation {
                    Activation::Identity => z,
                    Activation::Relu => z.relu(),
                    Activation::LeakyRelu(slope) => z.leaky_relu(slope),
                    Activation::Elu(alpha) => z.elu(alpha),
                    Activation::Tanh => z.tanh(),
                    Activation::Sigmoid => z.sigmoid(),
                    Activation::Softplus => z.softplus(),
                    Activation::Gelu => z.gelu(),
                    Activation::GeluTanh => z.gelu_tanh(),
                    Activation::Silu => z.silu(),
                }
            };
            let fused = |x: &[Tensor<F>]| x[0].linear(&x[1], Some(&x[2]), activation);
            let mut pairs = vec![(fused(&x), parts(&x))];
            let gradients = |f: &dyn Fn(&[Tensor<F>]) -> Tensor<F>| grad(&x, |x| (f(x) * u).sum(..));
            pairs.extend(gradients(&fused).into_iter().zip(gradients(&parts)));
            for (fused, parts) in pairs {
                assert_eq!(fused.shape(), parts.shape());
                let (fused, parts) = (fused.cast::<f64>(), parts.cast::<f64>());
                let close = relative_eq!(fused.data(), parts.data(), epsilon = tolerance, max_relative = tolerance);
                assert!(close, "{activation:?}: {fused}, of parts {parts}");
            }
        }
    }
    check::<f32>(1e-5);
    check::<f64>(1e-13);
}

#[test]
fn rows_without_a_gradient_may_be_empty() {
    let x = [Tensor::<f32>::ones(&[20, 0]), Tensor::ones(&[0, 3])];
    let picked = |x: &[Tensor<f32>; 2]| x[0].linear(&x[1], None, Activation::Tanh).slice(0, 4..6).sum(..);
    let shapes = grad(&x, picked).map(|g| g.shape().to_vec());
    assert_eq!(shapes, [vec![20, 0], vec![0, 3]]);
}
