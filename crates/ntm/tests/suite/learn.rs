//! A small task is learnt, and the shipped machines do what their cards say.

use std::path::Path;

use seedbed_autodiff::Rng;
use seedbed_data::tasks::{AssociativeRecall, Copy, SequenceTask};
use seedbed_nn::Config;
use seedbed_ntm::train::{TrainingConfig, evaluate, train};
use seedbed_ntm::{ControllerConfig, Ntm, NtmConfig};

#[test]
fn copying_is_learnt() {
    let task = Copy { lengths: 1..=4, width: 3 };
    let [inputs, outputs] = task.channels();
    let config = NtmConfig {
        inputs,
        outputs,
        slots: 12,
        width: 6,
        controller: ControllerConfig::FeedForward { hidden: 24, layers: 1 },
        ..Default::default()
    };
    let ntm = Ntm::new(&config.check().unwrap(), &mut Rng::new(0));
    let training = TrainingConfig {
        sequences: 6_000,
        validate_every: 250,
        validation: 64,
        stop_when_solved: true,
        ..Default::default()
    };
    let trained = train(ntm, &task, &training.check().unwrap(), Rng::new(1)).unwrap();
    assert!(trained.solved_at.is_some(), "{:?}", trained.curve);
    let fresh = task.sample(64, &mut Rng::new(2));
    let cost = evaluate(&trained.model, &[fresh]);
    assert!(cost.bit_error < 0.01, "{cost:?}");
}

fn shipped(name: &str) -> Ntm {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    Ntm::load(&models.join(name)).unwrap()
}

#[test]
fn the_shipped_machine_copies_six_times_as_many_vectors_as_it_was_trained_on() {
    let batch = Copy { lengths: 120..=120, ..Default::default() }.sample(2, &mut Rng::new(3));
    let ntm = shipped("copy.safetensors").with_slots(128).unwrap();
    assert_eq!(evaluate(&ntm, &[batch]).bit_error, 0.0);
}

#[test]
fn the_shipped_machine_recalls() {
    let batch =
        AssociativeRecall { items: 6..=6, ..Default::default() }.sample(50, &mut Rng::new(3));
    let cost = evaluate(&shipped("recall.safetensors"), &[batch]);
    assert!(cost.bits < 0.05, "{cost:?}");
}
