//! Steps: who learns, what is kept, and that the bits are the same.

use seedbed_autodiff::{Module, Rng, Tensor};
use seedbed_mechanisms::competition::Rule;
use seedbed_mechanisms::network::{Discriminator, Norm};
use seedbed_mechanisms::train::{
    Identity, Opening, Sharpening, Statistics, StepReport, TrainConfig, Trainer,
};
use seedbed_mechanisms::{Experts, MechanismsError};
use seedbed_nn::Config;
use seedbed_nn::schedule::Schedule;

use crate::{small_config, small_data};

pub(crate) fn judge() -> Discriminator<f32> {
    let config = small_config().discriminator;
    Discriminator::new(&config.check().unwrap(), &mut Rng::new(0))
}

fn bits(model: &impl Module<f32>) -> Vec<u32> {
    model.named().iter().flat_map(|(_, _, x)| x.to_vec()).map(f32::to_bits).collect()
}

fn trainer(config: TrainConfig) -> Trainer {
    Trainer::new(&config.check().unwrap(), &small_data(0).0, 3).unwrap()
}

/// The detached experts of a public replication would change by nothing here.
#[test]
fn winners_learn_and_losers_stay_to_the_bit() {
    let (data, _) = small_data(0);
    let mut trainer = trainer(small_config());
    for winner in [1, 0, 0] {
        let before = trainer.model.clone();
        trainer.step_decided(&data, |rows| vec![winner; rows.len()]).unwrap();
        let [changed, same] = [winner, 1 - winner]
            .map(|j| bits(&before.experts[j]) != bits(&trainer.model.experts[j]));
        assert!(changed && !same);
        assert_ne!(bits(&before.discriminator), bits(&trainer.model.discriminator));
    }
}

/// Up to its first step nothing differs; in that step only the discriminator does, because experts learn from the discriminator as it was.
#[test]
fn sharpening_is_of_the_discriminator_from_a_step_on() {
    let (data, _) = small_data(0);
    let sharpening = Some(Sharpening { from: 2, weight: 1.0 });
    let mut sharp = trainer(TrainConfig { sharpening, ..small_config() });
    let mut plain = trainer(small_config());
    for step in 0..4 {
        assert_eq!(sharp.step(&data).unwrap().wins.len(), 2);
        plain.step(&data).unwrap();
        let same = bits(&sharp.model.experts) == bits(&plain.model.experts);
        let judges_same = bits(&sharp.model.discriminator) == bits(&plain.model.discriminator);
        assert_eq!([same, judges_same], [step < 3, step < 2], "step {step}");
    }
}

/// With all weight on winners the discriminator tells what the winner makes from canonical images; a loser's it need not tell.
#[test]
fn a_sharpened_discriminator_scores_winners_lower() {
    let (data, _) = small_data(0);
    let score = |weight: f64| {
        let sharpening = Some(Sharpening { from: 0, weight });
        let mut config = TrainConfig { sharpening, ..small_config() };
        config.expert_adam.lr = 0.0;
        config.expert.head = seedbed_mechanisms::network::Head::Residual { std: 0.3 };
        let mut trainer = trainer(config);
        for _ in 0..40 {
            trainer.step_decided(&data, |rows| vec![1; rows.len()]).unwrap();
        }
        let (_, scores) = trainer.model.compete(&data.transformed().slice(0, ..64));
        scores.index(1, 1).mean(..).item()
    };
    assert!(score(20.0) < score(0.0) - 0.1, "{} {}", score(20.0), score(0.0));
}

#[test]
fn the_winners_loss_falls_while_the_judge_rests() {
    let (data, _) = small_data(0);
    let mut config = small_config();
    config.discriminator_adam.lr = 0.0;
    config.expert_adam.lr = 1e-3;
    let mut trainer = trainer(config);
    let losses: Vec<f64> = (0..30).map(|_| trainer.step(&data).unwrap().expert_loss).collect();
    assert!(losses[29] < 0.7 * losses[0], "{losses:?}");
}

#[test]
fn both_ways_to_differentiate_batch_normalisation_go_downhill() {
    let (data, _) = small_data(0);
    for statistics in [Statistics::Fixed, Statistics::Through] {
        let mut config = small_config();
        (config.expert.norm, config.statistics) = (Norm::Batch, statistics);
        config.discriminator_adam.lr = 0.0;
        let mut trainer = trainer(config);
        let losses: Vec<f64> = (0..30).map(|_| trainer.step(&data).unwrap().expert_loss).collect();
        assert!(losses[29] < 0.8 * losses[0], "{statistics:?} {losses:?}");
        let running = &trainer.model.experts[0].batch_norms[0].running_var;
        assert!(running.data().iter().all(|&v| v != 1.0));
    }
}

#[test]
fn a_training_goes_on_from_a_file_with_the_same_bits() {
    let (data, _) = small_data(0);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("training.safetensors");
    let mut config = small_config();
    (config.discriminator.spectral, config.expert.norm, config.r1) = (true, Norm::Batch, 0.1);
    config.judge_decay = 0.9;
    let mut whole = trainer(config.clone());
    (0..4).for_each(|_| drop(whole.step(&data).unwrap()));
    whole.save(&file).unwrap();
    let mut resumed = trainer(config.clone());
    resumed.load(&file).unwrap();
    for _ in 0..3 {
        assert_eq!(whole.step(&data).unwrap(), resumed.step(&data).unwrap());
    }
    assert_eq!(bits(&whole.model), bits(&resumed.model));
    assert_eq!(bits(&whole.judged()), bits(&resumed.judged()));
    assert_ne!(bits(&whole.judged()), bits(&whole.model));
    assert_eq!(resumed.steps(), 7);
    // Another configuration is refused, and nothing changes.
    let mut other = trainer(TrainConfig { smoothing: 0.1, ..config });
    let before = bits(&other.model);
    assert!(other.load(&file).unwrap_err().to_string().contains("smoothing"));
    assert_eq!((bits(&other.model), other.steps()), (before, 0));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (data, _) = small_data(0);
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(small_config());
            (0..5).for_each(|_| drop(trainer.step(&data).unwrap()));
            bits(&trainer.model)
        })
    };
    assert_eq!(of(1), of(2));
}

#[test]
fn experts_are_saved_and_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("experts.safetensors");
    let trainer = trainer(small_config());
    trainer.model.save(trainer.config(), &file).unwrap();
    let (experts, config) = Experts::<f32>::load(&file).unwrap();
    assert_eq!((bits(&experts), &config), (bits(&trainer.model), trainer.config()));
}

/// Approximate identity initialisation: the paper's experts keep images before they compete.
#[test]
fn experts_learn_the_identity_first() {
    let mut config = small_config();
    (config.expert.head, config.expert.norm) = (TrainConfig::paper().expert.head, Norm::Batch);
    config.identity = Some(Identity { steps: 300, error: 0.01, lr: 3e-3 });
    let (data, _) = small_data(0);
    let trainer = trainer(config);
    let x = data.transformed().slice(0, ..64);
    for expert in &trainer.model.experts {
        let (y, moments) = expert.forward_train(&x);
        moments.into_iter().for_each(|moments| moments.discard());
        let error = y.mse(&x).item();
        assert!(error < 0.02, "{error}");
    }
}

#[test]
fn a_diverged_training_says_so_and_keeps_its_weights() {
    let (data, _) = small_data(0);
    for judge_decay in [0.0, 0.9] {
        let mut trainer = trainer(TrainConfig { judge_decay, ..small_config() });
        let bias = trainer.model.discriminator.output.bias.as_mut().unwrap();
        *bias = Tensor::full(bias.shape(), f64::NAN);
        let before = bits(&trainer.model);
        assert_eq!(trainer.step(&data).unwrap_err(), MechanismsError::NoScore { sample: 0 });
        assert_eq!((bits(&trainer.model), trainer.steps()), (before, 0));
    }
}

#[test]
fn a_broken_expert_never_wins() {
    let (data, _) = small_data(0);
    let mut trainer = trainer(small_config());
    let bias = trainer.model.experts[0].convs[2].bias.as_mut().unwrap();
    *bias = Tensor::full(bias.shape(), f64::NAN);
    let restored = trainer.model.restore(data.transformed()).unwrap();
    assert!(restored.experts.iter().all(|by| by == &[1]));
}

#[test]
fn rows_of_experts_are_found_by_trying_all() {
    let (data, _) = small_data(0);
    let mut trainer = trainer(small_config());
    (0..20).for_each(|_| drop(trainer.step(&data).unwrap()));
    let x = data.transformed().slice(0, ..5);
    let model = &trainer.model;
    let found = model.restore_in_turn(&x, 2, 2).unwrap();
    let once: Vec<_> = model.experts.iter().map(|e| e.forward(&x)).collect();
    for i in 0..5 {
        let mut best = (f64::MIN, vec![]);
        for (a, y) in once.iter().enumerate() {
            let twice = model.experts.iter().map(|e| e.forward(y)).enumerate();
            let rows = twice.map(|(b, z)| (z, vec![a, b])).chain([(y.clone(), vec![a])]);
            for (image, by) in rows {
                let score = f64::from(model.discriminator.forward(&image).data()[i]);
                if score > best.0 {
                    best = (score, by);
                }
            }
        }
        assert!((found.scores[i] - best.0).abs() < 1e-4, "{} {}", found.scores[i], best.0);
        assert_eq!(found.experts[i], best.1);
    }
    let one = model.restore_in_turn(&x, 1, 5).unwrap();
    assert_eq!(one.experts, model.restore(&x).unwrap().experts);
    let together = model.restore_together(&x, 1e-3).unwrap();
    assert_eq!(together.experts, one.experts);
}

/// The handicap of who wins much fades; and rates that have fallen to 0 leave everything as it is.
#[test]
fn handicap_and_rates_fall_with_the_steps() {
    let (data, _) = small_data(0);
    let rule = Rule::LoadBias { strength: 1e6, decay: 0.5 };
    let mut config = small_config();
    config.opening = Some(Opening { steps: 4, rule, fade: true });
    config.schedule = Schedule::Linear { steps: 4, end: 0.0 };
    let mut trainer = trainer(config.clone());
    let wins: Vec<_> = (0..4).map(|_| trainer.step(&data).unwrap().wins).collect();
    // All scores are equal at first. After that whoever has won less gets everything, however small what is left of such a handicap.
    assert_eq!(wins, [[16, 0], [0, 16], [16, 0], [0, 16]]);
    let before = bits(&trainer.model);
    trainer.step(&data).unwrap();
    assert_eq!(bits(&trainer.model), before);
    config.opening = Some(Opening { steps: 4, rule: Rule::Balanced { slack: 0.0 }, fade: true });
    let error = config.check().unwrap_err().to_string();
    assert!(error.starts_with("TrainConfig.opening.fade is true, but should be false"), "{error}");
}

#[test]
fn a_report_with_an_expert_that_diverged_is_read_again() {
    let (data, _) = small_data(0);
    let mut trainer = Trainer::new(&small_config().check().unwrap(), &data, 0).unwrap();
    let mut report = trainer.step(&data).unwrap();
    report.scores[1] = f64::NAN;
    report.expert_loss = f64::INFINITY;
    let text = serde_json::to_string(&report).unwrap();
    let back: StepReport = serde_json::from_str(&text).unwrap();
    assert_eq!(back.discriminator_loss, report.discriminator_loss);
    assert!(
        back.expert_loss.is_nan() && back.scores[1].is_nan() && back.scores[0] == report.scores[0]
    );
    assert_eq!((back.wins, back.step), (report.wins, report.step));
}
