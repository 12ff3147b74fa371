//! The parts of training: reference models, cross-fit halves, the exact criterion.

use seedbed_autodiff::{Activation, Module as _, Rng, Tensor};
use seedbed_nn::optim::{AdamW, AdamWConfig, Sgd, SgdConfig};
use seedbed_nn::{Config, Mlp};
use seedbed_rho_selection::pick::{Policy, Proposal};
use seedbed_rho_selection::report::Recommendation;
use seedbed_rho_selection::score::last_layer_grand;
use seedbed_rho_selection::train::{
    CrossFit, Outputs, Overlapped, ReferenceConfig, Trial, cross_fit, ensemble_losses, evaluate,
    grand, holdout_gains, selection_step, selection_step_in_one_pass, train_on, train_reference,
};
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Rows, Score, Selection, SelectionConfig, Selector,
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
fn a_cross_fit_reports_what_its_references_are_worth() {
    let line = Line::new(64);
    let (even, odd): (Vec<usize>, Vec<usize>) = (0..64).partition(|row| row % 2 == 0);
    let halves = [&even[..], &odd[..]];
    let fit = |epochs| {
        let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
        cross_fit(linear, halves, losses, &fast(epochs), &mut Rng::new(1)).unwrap()
    };
    let report = |references: &CrossFit<Mlp>, planned| {
        let labels = |rows: &[usize]| rows.iter().map(|&row| line.labels[row]).collect();
        let logits = |m: &Mlp, rows: &[usize]| m.forward(&line.x.index_select(0, rows));
        references.report(halves, labels, logits, planned).unwrap()
    };
    let short = fit(2);
    let of_short = report(&short, 10);
    assert_eq!((short.references[0].steps, of_short.lengths.reference), (8, 8));
    assert!(of_short.lengths.unfinished && short.references[0].unfinished);
    assert_eq!(of_short.recommendation, Recommendation::Uniform);
    let long = report(&fit(20), 10);
    assert!(long.accuracy > 0.95 && long.wrong_labels < 0.05, "{long}");
    assert_eq!(long.recommendation, Recommendation::Rho);
    let mean = fit(20).losses().iter().map(|&x| f64::from(x)).sum::<f64>() / 64.0;
    assert!((long.mean_loss - mean).abs() < 1e-6, "the irreducible losses of the very rows");
}

#[test]
fn grand_of_one_layer_is_that_of_its_last_layer() {
    let line = Line::new(20);
    let model = linear(&mut Rng::new(3));
    let rows = [4, 0, 19, 7];
    let norms = grand(&model, &rows, |m, rows| line.losses(m, rows)).unwrap();
    let x = line.x.index_select(0, &rows);
    let logits = model.forward(&x);
    let labels = rows.map(|row| line.labels[row]);
    let (logits, x) = (Rows::new(logits.data(), 2).unwrap(), Rows::new(x.data(), 1).unwrap());
    let last = last_layer_grand(logits, &labels, x).unwrap();
    for (whole, last) in norms.iter().zip(&last) {
        assert!((whole - last).abs() < 1e-5, "{norms:?} {last}");
    }
    // Another layer adds to it.
    let deep = Mlp::new(&[1, 3, 2], Activation::Tanh, &mut Rng::new(3));
    assert!(grand(&deep, &rows, |m, rows| line.losses(m, rows)).unwrap().iter().all(|&n| n > 0.0));
    let bad =
        |m: &Mlp, rows: &[usize]| line.losses(m, rows) * Tensor::full(&[rows.len()], f64::INFINITY);
    let said = grand(&model, &rows, bad).unwrap_err().to_string();
    assert!(said.starts_with("norm of the gradient at position 0 is "), "{said}");
}

#[test]
fn an_ensemble_has_the_mean_probability() {
    assert_eq!(ensemble_losses(&[vec![f32::INFINITY], vec![f32::INFINITY]]), [f32::INFINITY]);
    assert_eq!(ensemble_losses(&[vec![f32::INFINITY], vec![0.0]]), [2_f32.ln()]);

    let (a, b) = ([0.3_f32, 2.0], [1.2_f32, 0.1]);
    let losses = ensemble_losses(&[a.to_vec(), b.to_vec()]);
    for i in 0..2 {
        let expected = -(((-a[i]).exp() + (-b[i]).exp()) / 2.0).ln();
        assert!((losses[i] - expected).abs() < 1e-6);
    }
    assert_eq!(ensemble_losses(&[vec![300.0]]), [300.0], "no underflow");
}

#[test]
fn outputs_are_candidates_with_all_that_scores_look_at() {
    let logits = Tensor::new(vec![2.0, 0.0, 0.0, 1.0, 0.0, 0.0], &[3, 2]);
    let features = Tensor::new(vec![1.0, 2.0, 3.0], &[3, 1]);
    let outputs = Outputs { logits, features: Some(features) };
    let labels = [0, 0, 1];
    let losses = outputs.losses(&labels);
    assert!((losses[1] - (1.0 + 1_f32.exp()).ln()).abs() < 1e-6);
    assert_eq!(
        outputs.correct(&labels),
        [true, false, false],
        "a tie is answered by the first class"
    );

    let config =
        SelectionConfig { score: Score::GradientNorm, ratio: 0.34.into(), ..Default::default() };
    let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
    assert!(selector.needs_logits());
    let chosen =
        selector.select(&outputs.candidates(&[5, 6, 7], &labels, &losses).unwrap()).unwrap();
    assert_eq!(chosen.indices, [1], "the one that is wrong with confidence");
    let third = chosen.telemetry.already_correct.unwrap();
    assert!((third.base - 1.0 / 3.0).abs() < 1e-9 && third.picked == 0.0);
}

#[test]
fn samples_of_dropout_stand_one_after_the_other() {
    let mut rng = Rng::new(2);
    let (hidden, w) = (Tensor::<f32>::ones(&[4, 32]), Tensor::normal(&[32, 3], 0.0, 1.0, &mut rng));
    let outputs = Outputs::samples(5, |_| hidden.dropout(0.5, &mut rng).matmul(&w));
    assert_eq!(outputs.logits.shape(), [20, 3]);
    let labels = [0, 1, 2, 0];
    let each: Vec<Vec<f32>> = (0..5)
        .map(|s| outputs.logits.slice(0, 4 * s..4 * s + 4).cross_entropy_each(&labels).to_vec())
        .collect();
    for (row, loss) in outputs.losses(&labels).into_iter().enumerate() {
        let mean = each.iter().map(|sample| sample[row]).sum::<f32>() / 5.0;
        assert!((loss - mean).abs() < 1e-5);
    }
    assert_ne!(each[0], each[1], "masks differ");
}

#[test]
#[should_panic(expected = "a pass over 1000 rows gave logits [2000, 2]")]
fn samples_inside_of_parts_are_refused() {
    let line = Line::new(2_000);
    let model = linear(&mut Rng::new(0));
    let pass =
        |rows: &[usize]| Outputs::samples(2, |_| model.forward(&line.x.index_select(0, rows)));
    Outputs::over(&(0..2_000).collect::<Vec<_>>(), pass);
}

/// (1/k) Σ wᵢ ∇Lᵢ, each gradient taken alone.
#[test]
fn a_step_goes_along_the_weighted_mean_of_the_gradients() {
    let line = Line::new(64);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let rows: Vec<usize> = (10..40).collect();
    let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
    let policy = Policy::Importance { proposal: Proposal::Proportional, tau: 0.0 };
    let config = SelectionConfig { score: Score::TrainingLoss, policy, ..Default::default() };
    let start = linear(&mut Rng::new(4));
    let sgd = || SgdConfig { lr: 0.5, ..Default::default() }.check().unwrap();
    for one_pass in [false, true] {
        let mut selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
        let (mut model, mut optimizer) = (start.clone(), Sgd::new(&start, sgd()));
        let step = if one_pass { selection_step_in_one_pass } else { selection_step };
        let chosen = step(&mut model, &mut optimizer, &mut selector, &rows, &ids, losses).unwrap();
        assert!(chosen.weights.iter().any(|&w| (w - 1.0).abs() > 0.1), "{:?}", chosen.weights);
        let mut expected = start.clone();
        for (&i, &weight) in chosen.indices.iter().zip(&chosen.weights) {
            let (_, g) =
                seedbed_autodiff::value_and_grad(&start, |m| losses(m, &rows[i..=i]).sum(..));
            let rate = 0.5 * f64::from(weight) / chosen.indices.len() as f64;
            expected = expected.zip_params(&g, |p, g| p - rate * g);
        }
        for (got, expected) in model.params().iter().zip(expected.params()) {
            for (got, expected) in got.data().iter().zip(expected.data()) {
                assert!((got - expected).abs() < 1e-5, "{got} {expected}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "the closure must give one loss a row: 2 rows, losses of shape []")]
fn a_mean_in_the_place_of_losses_is_refused() {
    let line = Line::new(64);
    let start = linear(&mut Rng::new(4));
    let config = SelectionConfig { score: Score::Uniform, ..Default::default() }.check().unwrap();
    let mut selector = Selector::new(config, Default::default()).unwrap();
    let ids: Vec<u64> = (0..20).collect();
    let chosen = selector.select(&Candidates::of_ids(&ids)).unwrap();
    let mut optimizer = Sgd::new(&start, SgdConfig::default().check().unwrap());
    let rows: Vec<usize> = (0..20).collect();
    train_on(&mut start.clone(), &mut optimizer, &chosen, &rows, |m, rows| {
        line.losses(m, rows).mean(..)
    });
}

#[test]
fn a_step_that_is_bound_to_fail_later_fails_at_once() {
    let line = Line::new(64);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let start = linear(&mut Rng::new(4));
    let sgd = || Sgd::new(&start, SgdConfig::default().check().unwrap());
    let rows: Vec<usize> = (0..20).collect();
    let ids: Vec<u64> = (0..20).collect();
    let selector = |config: SelectionConfig| {
        let config = SelectionConfig { warm_up: 1_000, ..config };
        Selector::new(config.check().unwrap(), Default::default()).unwrap()
    };
    let balanced = SelectionConfig {
        score: Score::TrainingLoss,
        policy: Policy::ClassBalanced,
        ..Default::default()
    };
    let norms = SelectionConfig { score: Score::GradientNorm, ..Default::default() };
    for (config, expected) in
        [(norms, "gradient-norm needs logits"), (balanced, "class-balanced needs labels")]
    {
        let model = &mut start.clone();
        let plain = selection_step(model, &mut sgd(), &mut selector(config), &rows, &ids, losses);
        let one = selection_step_in_one_pass(
            model,
            &mut sgd(),
            &mut selector(config),
            &rows,
            &ids,
            losses,
        );
        let mut overlapped = Overlapped::new(selector(config));
        let over = overlapped.step(model, &mut sgd(), rows.clone(), &ids, losses).map(drop);
        for error in [plain.unwrap_err(), one.unwrap_err(), over.unwrap_err()] {
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }
    let uniform = SelectionConfig { score: Score::Uniform, ..Default::default() };
    let (model, selector) = (&mut start.clone(), &mut selector(uniform));
    let error = selection_step(model, &mut sgd(), selector, &rows, &ids[..19], losses).unwrap_err();
    assert_eq!(error.to_string(), "rows has 20 entries and ids has 19: they must be as many");
}

/// Passes in parts of [`Outputs::over`] are the pass over all.
#[test]
fn many_rows_are_passed_over_in_parts() {
    let line = Line::new(2_300);
    let model = linear(&mut Rng::new(0));
    let pass = |rows: &[usize]| {
        assert!(rows.len() <= 1_000);
        Outputs::of_logits(model.forward(&line.x.index_select(0, rows)))
    };
    let rows: Vec<usize> = (0..2_300).collect();
    assert_eq!(Outputs::over(&rows, pass).logits.data(), model.forward(&line.x).data());
}

#[test]
fn overlapped_scoring_is_a_loop_that_is_stale_by_one_step() {
    let line = Line::new(400);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let config = SelectionConfig { score: Score::TrainingLoss, ..Default::default() };
    let selector = Selector::new(config.check().unwrap(), Default::default()).unwrap();
    let sgd = || SgdConfig { lr: 0.5, ..Default::default() }.check().unwrap();
    let start = linear(&mut Rng::new(9));
    let batches: Vec<Vec<usize>> = (0..8).map(|i| (0..50).map(|j| i * 50 + j).collect()).collect();
    let ids = |rows: &[usize]| rows.iter().map(|&row| row as u64).collect::<Vec<u64>>();

    let (mut model, mut optimizer) = (start.clone(), Sgd::new(&start, sgd()));
    let mut overlapped = Overlapped::new(selector.clone());
    let mut trained = Vec::new();
    for (i, rows) in batches.iter().enumerate() {
        if i == 4 {
            // Stopped, and gone on with what was saved.
            let saved = serde_json::to_string(&overlapped.pending()).unwrap();
            let mut resumed = selector.clone();
            resumed.restore(overlapped.selector().state()).unwrap();
            overlapped = Overlapped::from_parts(resumed, serde_json::from_str(&saved).unwrap());
        }
        trained.extend(
            overlapped.step(&mut model, &mut optimizer, rows.clone(), &ids(rows), losses).unwrap(),
        );
    }

    // By hand: choose by the parameters before the step that trains on the choice before.
    let (mut by_hand, mut optimizer, mut selector) =
        (start.clone(), Sgd::new(&start, sgd()), selector);
    let mut pending: Option<(Vec<usize>, Selection)> = None;
    let mut expected = Vec::new();
    for rows in &batches {
        let scores = evaluate(&by_hand, rows, losses);
        let chosen = selector.select(&Candidates::new(&ids(rows), &scores)).unwrap();
        if let Some((rows, chosen)) = pending.replace((rows.clone(), chosen)) {
            train_on(&mut by_hand, &mut optimizer, &chosen, &rows, losses);
            expected.push((rows, chosen));
        }
    }
    assert_eq!(trained, expected);
    assert_eq!(model.params(), by_hand.params());

    // A bad loss leaves everything as it was.
    let before = model.params();
    let nan = |m: &Mlp, rows: &[usize]| line.losses(m, rows) * f64::NAN;
    let rows = batches[0].clone();
    assert!(overlapped.step(&mut model, &mut optimizer, rows, &ids(&batches[0]), nan).is_err());
    assert_eq!(model.params(), before);
}

#[test]
fn one_pass_learns_what_two_learn() {
    let line = Line::new(320);
    let losses = |m: &Mlp, rows: &[usize]| line.losses(m, rows);
    let ids: Vec<u64> = (0..320).collect();
    let rows: Vec<usize> = (0..320).rev().collect();
    let asked: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
    let close = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{a} {b}"));
    };
    let irreducible = IrreducibleLosses::new(&ids, &vec![0.1; 320]).unwrap();
    let policy = Policy::Importance { proposal: Proposal::Proportional, tau: 0.0 };
    // Weights that differ, and a uniform step between those that select.
    let config =
        SelectionConfig { score: Score::TrainingLoss, policy, every: 2, ..Default::default() };
    let config = config.check().unwrap();
    let mut selectors = [(); 2].map(|()| Selector::new(config, irreducible.clone()).unwrap());
    let first = Mlp::new(&[1, 40, 2], Activation::Relu, &mut Rng::new(2));
    let mut models = [first.clone(), first];
    let adamw = AdamWConfig { lr: 0.01, ..Default::default() }.check().unwrap();
    let mut optimizers = [0, 1].map(|i| AdamW::new(&models[i], adamw.clone()));
    for _ in 0..4 {
        let ([a, b], [p, q], [s, t]) = (&mut models, &mut optimizers, &mut selectors);
        let two = selection_step(a, p, s, &rows, &asked, losses).unwrap();
        let one = selection_step_in_one_pass(b, q, t, &rows, &asked, losses).unwrap();
        assert_eq!(one.indices, two.indices);
        close(&one.weights, &two.weights);
        a.params().iter().zip(b.params()).for_each(|(a, b)| close(a.data(), b.data()));
    }

    let nan = |m: &Mlp, rows: &[usize]| line.losses(m, rows) * f64::NAN;
    let ([model, same], [optimizer, _], [selector, _]) =
        (&mut models, &mut optimizers, &mut selectors);
    *same = model.clone();
    selection_step_in_one_pass(model, optimizer, selector, &rows, &asked, nan).unwrap_err();
    let pairs = model.params().into_iter().zip(same.params());
    pairs.for_each(|(now, before)| assert_eq!(now.data(), before.data()));
}
