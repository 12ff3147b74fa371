//! Derivatives of losses, to third order, against differences; and the Jacobians of estimators, which no difference shows.

use seedbed_autodiff::{GradCheck, Rng, Tensor, check_grads, grad};
use seedbed_nn::Config;
use seedbed_quantizers::train::{
    Estimator, Learner, LfqConfig, LookupFree, VectorQuantizer, VqConfig,
};

/// The losses of a learner, as a function of its parameters and the vectors.
fn check<L: Learner<f64>>(learner: &L, x: &Tensor<f64>) {
    let inputs = [learner.params(), vec![x.clone()]].concat();
    check_grads(GradCheck { tolerance: 1e-6, ..Default::default() }, &inputs, |inputs| {
        let (x, params) = inputs.split_last().unwrap();
        let mut params = params.iter();
        let learner = learner.map_params(|_| params.next().unwrap().clone());
        learner.forward_train(x, None, &mut Rng::new(0)).losses.total()
    });
}

#[test]
fn losses_of_bits() {
    let rng = &mut Rng::new(1);
    let config = LfqConfig {
        bits: 5,
        dim: Some(3),
        inverse_temperature: 0.4,
        diversity: 1.5,
        entropy_bits: 3,
        ..Default::default()
    };
    let x = Tensor::normal(&[6, 3], 0.0, 1.0, rng);
    for spherical in [false, true] {
        let config = LfqConfig { spherical, soft_clamp: Some(2.0), ..config.clone() };
        check(&LookupFree::<f64>::new(&config.check().unwrap(), rng), &x);
    }
}

#[test]
fn losses_of_a_codebook() {
    let rng = &mut Rng::new(2);
    let config = VqConfig { dim: 3, codebook_size: 5, ..Default::default() };
    // What holds vectors to codes and codes to vectors has constants in it, which move with the parameters: one of the two at a time.
    let x = Tensor::normal(&[7, 3], 0.0, 1.0, rng);
    let diversity =
        Some(seedbed_quantizers::train::Diversity { weight: 0.3, inverse_temperature: 1.2 });
    let commitment = VqConfig { codebook_dim: Some(2), diversity, ..config };
    check(&VectorQuantizer::<f64>::new(&commitment.check().unwrap(), rng), &x);
}

/// The Jacobian of a quantizer's values at one vector, row by row.
fn jacobian(vq: &VectorQuantizer<f64>, x: &Tensor<f64>) -> Vec<Vec<f64>> {
    let row = |i: isize| {
        let value = |x: &Tensor<f64>| vq.forward_train(x, None, &mut Rng::new(0)).values;
        grad(x, |x| value(x).index(-1, i).sum(..)).to_vec()
    };
    (0..x.len() as isize).map(row).collect()
}

fn one_code(code: &[f64], estimator: Estimator) -> VectorQuantizer<f64> {
    let (dim, revival) = (code.len(), None);
    let config = VqConfig { dim, codebook_size: 1, estimator, revival, ..Default::default() };
    let mut vq = VectorQuantizer::new(&config.check().unwrap(), &mut Rng::new(0));
    vq.fixed = Some(Tensor::new(code.to_vec(), &[1, 1, dim]));
    vq
}

#[test]
fn the_rotation_turns_and_scales_a_vector_into_its_code() {
    let (x, q) = ([0.3, -1.2, 0.7, 0.1], [1.0, 0.4, -0.2, 2.0]);
    let vq = one_code(&q, Estimator::Rotation);
    let j = jacobian(&vq, &Tensor::new(x.to_vec(), &[1, 4]));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = dot(&q, &q) / dot(&x, &x);
    for (i, row) in j.iter().enumerate() {
        assert!((dot(row, &x) - q[i]).abs() < 1e-12, "J x is the code");
        for (k, other) in j.iter().enumerate() {
            let expected = if i == k { scale } else { 0.0 };
            assert!((dot(row, other) - expected).abs() < 1e-12, "J is a scaled rotation");
        }
    }
}

#[test]
fn where_there_is_no_rotation_the_gradient_is_straight() {
    for (x, q) in [([1.0, -2.0], [-2.0, 4.0]), ([0.0, 0.0], [1.0, 1.0]), ([1.0, 1.0], [0.0, 0.0])] {
        let j = jacobian(&one_code(&q, Estimator::Rotation), &Tensor::new(x.to_vec(), &[1, 2]));
        assert_eq!(j, [[1.0, 0.0], [0.0, 1.0]], "{x:?} and {q:?}");
    }
    let j = jacobian(&one_code(&[3.0], Estimator::StraightThrough), &Tensor::ones(&[1, 1]));
    assert_eq!(j, [[1.0]]);
}

#[test]
fn a_vector_that_is_its_code_has_a_gradient_with_diveq() {
    let config = VqConfig {
        dim: 2,
        codebook_size: 1,
        estimator: Estimator::Diveq { variance: 0.0 },
        learning: seedbed_quantizers::train::CodebookLearning::Gradient,
        ..Default::default()
    };
    let vq = VectorQuantizer::<f64>::new(&config.check().unwrap(), &mut Rng::new(0));
    let x = vq.codes().reshape(&[1, 2]);
    let g = grad(&x, |x| vq.forward_train(x, None, &mut Rng::new(0)).values.sum(..));
    assert_eq!(g.to_vec(), [1.0, 1.0]);
}
