//! RHO-LOSS on a small problem with wrong labels: it picks fewer of them than chance and than the highest loss.

use seedbed_autodiff::{Activation, Module, Rng, Tensor};
use seedbed_nn::optim::{AdamW, AdamWConfig};
use seedbed_nn::{Config, Mlp};
use seedbed_rho_selection::train::{ReferenceConfig, evaluate, selection_step, train_reference};
use seedbed_rho_selection::{IrreducibleLosses, Score, SelectionConfig, SelectionError, Selector};

/// Points in a plane, labelled by the side of a circle, with a tenth of the labels flipped.
struct Problem {
    x: Tensor,
    labels: Vec<usize>,
    wrong: Vec<bool>,
}

const ROWS: usize = 3_000;

impl Problem {
    fn new(rng: &mut Rng) -> Self {
        let x = Tensor::<f32>::normal(&[ROWS, 2], 0.0, 1.0, rng);
        let wrong: Vec<bool> = (0..ROWS).map(|_| rng.bernoulli(0.1)).collect();
        let label = |p: &[f32], wrong: bool| usize::from((p[0].hypot(p[1]) > 1.2) ^ wrong);
        let labels = x.data().chunks(2).zip(&wrong).map(|(p, &w)| label(p, w)).collect();
        Self { x, labels, wrong }
    }

    fn losses(&self, m: &Mlp, rows: &[usize]) -> Tensor {
        let labels: Vec<usize> = rows.iter().map(|&row| self.labels[row]).collect();
        m.forward(&self.x.index_select(0, rows)).cross_entropy_each(&labels)
    }
}

/// The share of wrong labels among the chosen, and the final parameters.
fn run(score: Score, seed: u64) -> (f64, Vec<Tensor>) {
    let mut rng = Rng::new(seed);
    let problem = Problem::new(&mut rng);
    let rows: Vec<usize> = (0..ROWS).collect();
    let (train, holdout) = rows.split_at(ROWS / 2);
    let losses = |m: &Mlp, rows: &[usize]| problem.losses(m, rows);
    let small = Mlp::new(&[2, 16, 2], Activation::Relu, &mut rng);
    let adamw = AdamWConfig { lr: 0.01, ..Default::default() };
    let config = ReferenceConfig { epochs: 6, optimizer: adamw.clone(), ..Default::default() };
    let reference = train_reference(small, holdout, train, losses, &config, &mut rng).unwrap();
    assert!(reference.mean_loss < 0.6, "the reference model learns: {}", reference.mean_loss);

    let ids: Vec<u64> = train.iter().map(|&row| row as u64).collect();
    let il = IrreducibleLosses::new(&ids, &reference.losses).unwrap();
    let config = SelectionConfig { score, seed, ..Default::default() };
    let mut selector = Selector::new(config.check().unwrap(), il).unwrap();
    let mut model = Mlp::new(&[2, 32, 2], Activation::Relu, &mut rng);
    let mut optimizer = AdamW::new(&model, adamw.check().unwrap());
    let (mut wrong, mut chosen) = (0, 0);
    for _ in 0..200 {
        let rows: Vec<usize> = rng.permutation(train.len())[..100].to_vec();
        let ids: Vec<u64> = rows.iter().map(|&row| row as u64).collect();
        let selection =
            selection_step(&mut model, &mut optimizer, &mut selector, &rows, &ids, losses).unwrap();
        wrong += selection.indices.iter().filter(|&&i| problem.wrong[rows[i]]).count();
        chosen += selection.indices.len();
    }
    (wrong as f64 / chosen as f64, model.params())
}

#[test]
fn fewer_wrong_labels_are_chosen_than_by_chance_or_by_the_highest_loss() {
    for seed in 0..3 {
        let [rho, uniform, loss] =
            [Score::ReducibleLoss, Score::Uniform, Score::TrainingLoss].map(|s| run(s, seed).0);
        assert!(rho < 0.8 * uniform && uniform < 0.5 * loss, "{rho} {uniform} {loss}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    assert_eq!(run(Score::ReducibleLoss, 7), run(Score::ReducibleLoss, 7));
}

#[test]
fn what_cannot_be_trained_is_refused_before_it_starts() {
    let mut rng = Rng::new(0);
    let problem = Problem::new(&mut rng);
    let losses = |m: &Mlp, rows: &[usize]| problem.losses(m, rows);
    let model = Mlp::new(&[2, 4, 2], Activation::Relu, &mut rng);
    let mut refuse = |holdout: &[usize], config: ReferenceConfig| -> SelectionError {
        train_reference(model.clone(), holdout, &[0, 1], losses, &config, &mut rng).unwrap_err()
    };
    let good = ReferenceConfig::default();
    assert_eq!(refuse(&[], good.clone()).to_string(), "holdout: is 0, must be at least 1");
    let no_epoch = ReferenceConfig { epochs: 0, ..good.clone() };
    assert_eq!(refuse(&[5], no_epoch).to_string(), "epochs: is 0, must be at least 1");
    let no_rate = AdamWConfig { lr: -1.0, ..Default::default() };
    let error = refuse(&[5], ReferenceConfig { optimizer: no_rate, ..good }).to_string();
    assert!(error.contains("lr"), "{error}");
}

#[test]
#[should_panic(expected = "the closure must give one loss a row: 3 rows, losses of shape []")]
fn a_mean_in_the_place_of_losses_is_refused() {
    evaluate(&(), &[0, 1, 2], |_, _| Tensor::scalar(1.0));
}
