//! The statistics of initial values.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::{Fans, Init};

/// Mean, variance and largest magnitude.
fn statistics(x: &Tensor<f64>) -> (f64, f64, f64) {
    let mean = x.mean(..).item();
    let largest = x.data().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    (mean, (x - mean).square().mean(..).item(), largest)
}

#[test]
fn every_rule_has_its_variance() {
    // A kernel of 3×3 positions, 20 inputs and 60 outputs: fan-in 180, fan-out 540.
    let shape = [3, 3, 20, 60];
    let n = shape.iter().product::<usize>() as f64;
    for (init, variance, uniform) in [
        (Init::GlorotUniform, 2.0 / 720.0, true),
        (Init::GlorotNormal, 2.0 / 720.0, false),
        (Init::HeUniform, 2.0 / 180.0, true),
        (Init::HeNormal, 2.0 / 180.0, false),
        (Init::LecunUniform, 1.0 / 180.0, true),
        (Init::LecunNormal, 1.0 / 180.0, false),
        (Init::TorchUniform, 1.0 / (3.0 * 180.0), true),
        (Init::Uniform(0.3), 0.03, true),
        (Init::Normal(0.3), 0.09, false),
    ] {
        let (mean, found, largest) = statistics(&init.weight(&shape, &mut Rng::new(4)));
        // Five standard errors; a normal variable's square has the variance 2σ⁴, a uniform one's 0.8σ⁴.
        assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "{init}: mean {mean}");
        let slack = 5.0 * variance * (2.0 / n).sqrt();
        assert!((found - variance).abs() < slack, "{init}: variance {found}, not {variance}");
        let bound = (3.0 * variance).sqrt();
        let within = largest <= bound;
        assert_eq!(within, uniform, "{init}: largest {largest}, bound {bound}");
    }
}

#[test]
fn truncation_cuts_at_two_deviations() {
    let x = Init::TruncatedNormal(0.5).weight(&[300, 100], &mut Rng::new(1));
    let (mean, variance, largest) = statistics(&x);
    assert!(mean.abs() < 0.02 && largest <= 1.0 && largest > 0.99);
    // 1 − 4 φ(2)/(2 Φ(2) − 1) = 0.7737 of the whole variance is left.
    assert!((variance / 0.25 - 0.7737).abs() < 0.02, "{variance}");
}

#[test]
fn orthogonal_matrices_keep_lengths() {
    for (shape, gain) in
        [(&[40, 40][..], 1.0), (&[17, 5], 2.0), (&[5, 17], 0.5), (&[3, 3, 4, 8], 1.0)]
    {
        let w: Tensor<f64> = Init::Orthogonal(gain).weight(shape, &mut Rng::new(2));
        let columns = shape[shape.len() - 1];
        let w = w.reshape(&[w.len() / columns, columns]);
        let gram = if w.shape()[0] >= columns { w.t().matmul(&w) } else { w.matmul(&w.t()) };
        let identity = Tensor::eye(gram.shape()[0]) * (gain * gain);
        let worst = (gram - identity).data().iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        assert!(worst < 1e-13, "{shape:?}: {worst}");
    }
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    for init in [Init::HeNormal, Init::Orthogonal(1.0), Init::TruncatedNormal(1.0)] {
        let draw = |seed| -> Tensor<f32> { init.weight(&[6, 4], &mut Rng::new(seed)) };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}

#[test]
fn constants_and_empty_shapes() {
    let rng = &mut Rng::new(0);
    assert_eq!(Init::Zeros.weight::<f32>(&[2, 2], rng), Tensor::zeros(&[2, 2]));
    assert_eq!(Init::Constant(0.5).weight::<f32>(&[3], rng), Tensor::full(&[3], 0.5));
    assert_eq!(Init::Uniform(0.0).weight::<f32>(&[3], rng), Tensor::zeros(&[3]));
    for init in [Init::GlorotUniform, Init::HeNormal, Init::Orthogonal(1.0)] {
        assert_eq!(init.weight::<f32>(&[0, 3], rng).shape(), [0, 3]);
    }
    assert_eq!(Fans::of(&[]), Fans { fan_in: 1, fan_out: 1 });
    assert_eq!(Fans::of(&[5, 2, 3]).transposed(), Fans { fan_in: 15, fan_out: 10 });
}
