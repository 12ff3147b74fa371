//! The parts of training: reference models, cross-fit halves, the exact criterion.

use seedbed_autodiff::{Activation, Rng, Tensor};
use seedbed_nn::optim::{AdamWConfig, Sgd, SgdConfig};
use seedbed_nn::{Config, Mlp};
use seedbed_rho_selection::train::{
    ReferenceConfig, Trial, cross_fit, ensemble_losses, evaluate, holdout_gains, train_reference,
};

/// Points of a line, labelled by their side of 0; the last one has the wrong label.
struct Line {
    x: Tensor,
    labels: Vec<usize>,
}

impl Line {
    fn new(rows: usize) -> Self {
        let x: Vec<f32> = (0..rows).map(|i| (i as f32 + 0.5) / rows as f32 * 4.0 - 2.0).collect();
        let mut labels: Vec<usize> = x.iter().map(|&x| usize::from(x > 0.0)).collect();
        labels[rows - 1] = 0;
        Self { x: Tensor::new(x, &[rows, 1]), labels }
    }

    fn losses(&self, m: &Mlp, rows: &[usize]) -> Tensor {
        let labels: Vec<usize> = rows.iter().map(|&row| self.labels[row]).collect();
        m.forward(&self.x.index_select(0, rows)).cross_entropy_each(&labels)
    }
}

fn linear(rng: &mut Rng) -> Mlp {
    Mlp::new(&[1, 2], Activation::Relu, rng)
}

fn fast(epochs: usize) -> ReferenceConfig {
    let optimizer = AdamWConfig { lr: 0.05, ..Default::default() };
    ReferenceConfig { epochs, batch_size: 8, optimizer }
}

#[test]
fn the_epoch_with_the_lowest_loss_on_the_training_rows_is_kept() {
    let line = Line::new(64);
    let (even, odd): (Vec<usize>, Vec<usize>) = (0..64).partition(|row| row % 2 == 0);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let train = |epochs| {
        let rng = &mut Rng::new(1);
        train_reference(linear(rng), &even, &odd, losses, &fast(epochs), rng).unwrap()
    };
    let best = train(60);
    let means: Vec<f64> = (1..=60).map(|epochs| train(epochs).mean_loss).collect();
    assert!(means.windows(2).all(|pair| pair[1] <= pair[0]), "{means:?}");
    assert_eq!(best.mean_loss, train(best.epoch).mean_loss);
    assert!(best.epoch < 60, "the wrong label makes confidence costly in the end");
    assert_eq!(best.losses, evaluate(&best.model, &odd, losses));
}

#[test]
fn an_epoch_without_finite_losses_is_never_the_best() {
    let line = Line::new(16);
    let rows: Vec<usize> = (0..16).collect();
    // The first pass over the training rows gives NaN, the later ones do not.
    let passes = std::cell::Cell::new(0);
    let losses = |m: &Mlp, asked: &[usize]| {
        let losses = line.losses(m, asked);
        if asked.len() < 8 {
            return losses;
        }
        passes.set(passes.get() + 1);
        if passes.get() == 1 { losses * f64::NAN } else { losses }
    };
    let config = ReferenceConfig { batch_size: 4, ..fast(3) };
    let rng = &mut Rng::new(0);
    let reference = train_reference(linear(rng), &rows[..4], &rows, losses, &config, rng).unwrap();
    assert!(reference.mean_loss.is_finite() && reference.epoch > 1);

    let never = |m: &Mlp, asked: &[usize]| line.losses(m, asked) * f64::INFINITY;
    let error = train_reference(linear(rng), &rows[..4], &rows, never, &config, rng).unwrap_err();
    assert!(error.to_string().starts_with("irreducible loss of example 0 is"), "{error}");
}

#[test]
fn cross_fit_asks_each_half_of_the_model_that_did_not_see_it() {
    let line = Line::new(64);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let (even, odd): (Vec<usize>, Vec<usize>) = (0..64).partition(|row| row % 2 == 0);
    let fit = cross_fit(linear, [&even, &odd], losses, &fast(20), &mut Rng::new(3)).unwrap();
    let [of_even, of_odd] = &fit.references;
    assert_eq!(of_even.losses, evaluate(&of_even.model, &even, losses));
    assert_eq!(of_odd.losses, evaluate(&of_odd.model, &odd, losses));
    assert_eq!(fit.losses(), [of_even.losses.clone(), of_odd.losses.clone()].concat());
    // The wrong label is in the odd half: the even half's model finds it irreducible.
    let wrong = of_odd.losses[31];
    assert!(wrong > 1.0 && of_odd.losses[..31].iter().all(|&loss| loss < wrong), "{wrong}");

    let overlap = cross_fit(linear, [&even, &even], losses, &fast(1), &mut Rng::new(3));
    assert!(overlap.unwrap_err().to_string().contains("row 0 in both, must be disjoint"));
}

#[test]
fn the_exact_criterion_is_the_fall_of_the_holdout_loss() {
    let line = Line::new(64);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let holdout: Vec<usize> = (0..63).step_by(2).collect();
    let candidates = [3, 45, 63];
    let model = linear(&mut Rng::new(5));
    let config = SgdConfig { lr: 0.5, ..Default::default() }.check().unwrap();
    let sgd = Sgd::new(&model, config);
    let gains = |trial| holdout_gains(&model, &sgd, &candidates, &holdout, losses, trial).unwrap();
    let one = gains(Trial { steps: 1, seen: &[] });

    // By hand: one gradient step on the mislabelled point.
    let (_, gradient) = seedbed_autodiff::value_and_grad(&model, |m| losses(m, &[63]).mean(..));
    let stepped = seedbed_autodiff::Module::zip_params(&model, &gradient, |p, g| p - 0.5 * g);
    let mean = |m: &Mlp| evaluate(m, &holdout, losses).iter().sum::<f32>() / holdout.len() as f32;
    assert!((one[2] - (mean(&model) - mean(&stepped))).abs() < 1e-6);
    assert!(one[2] < 0.0 && one[2] < one[0].min(one[1]), "a wrong label harms: {one:?}");

    // Together with what was seen before, one candidate counts for less.
    let seen: Vec<usize> = (1..63).step_by(2).collect();
    let many = gains(Trial { steps: 3, seen: &seen });
    let span = |gains: &[f32]| gains.iter().fold(0.0_f32, |most, g| most.max((g - gains[0]).abs()));
    assert!(span(&many) < span(&one), "{many:?} {one:?}");
    let none = holdout_gains(&model, &sgd, &[], &holdout, losses, Trial { steps: 1, seen: &[] });
    assert_eq!(none.unwrap_err().to_string(), "candidates: is 0, must be at least 1");
}

#[test]
fn an_ensemble_has_the_mean_probability() {
    let (a, b) = ([0.3_f32, 2.0], [1.2_f32, 0.1]);
    let losses = ensemble_losses(&[a.to_vec(), b.to_vec()]);
    for i in 0..2 {
        let expected = -(((-a[i]).exp() + (-b[i]).exp()) / 2.0).ln();
        assert!((losses[i] - expected).abs() < 1e-6);
    }
    assert_eq!(ensemble_losses(&[vec![300.0]]), [300.0], "no underflow");
}
