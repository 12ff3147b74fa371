//! What is learnt, and that a training goes on with the same bits.

use seedbed_autodiff::{Module, Rng};
use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_neural_gpu::Moving;
use seedbed_nn::Config;
use seedbed_strip_memory::train::{Recipe, Trainer};
use seedbed_strip_memory::{Batch, Choosing, Digital, StripConfig, StripMachine, evaluate};

fn size(items: usize, operations: usize, digits: usize) -> ProgramSize {
    ProgramSize { items, operations, digits }
}

fn trainer(seed: u64) -> Trainer {
    let config = StripConfig {
        slots: 4,
        maps: 12,
        moving: Moving { right: 4, left: 0 },
        // To learn where to look takes longer than a test may.
        choosing: Choosing::Given,
        ..Default::default()
    };
    let recipe = Recipe {
        steps: 300,
        batch: 16,
        cooling: 100,
        roomy: 0.0,
        full: size(3, 1, 1),
        validation: size(4, 1, 1),
        validated: 16,
        ..Recipe::of(ProgramTask::KvAdd)
    };
    let (config, recipe) = (config.check().unwrap(), recipe.check().unwrap());
    Trainer::new(config, recipe, ProgramTask::KvAdd, seed).unwrap()
}

#[test]
fn sums_of_what_was_stored_are_learnt() {
    let mut trainer = trainer(1);
    let before =
        evaluate(trainer.machine(), ProgramTask::KvAdd, size(3, 1, 1), 0.0, 64, &mut Rng::new(1));
    while trainer.progress().step < 300 {
        trainer.step().unwrap();
    }
    let after =
        evaluate(trainer.best(), ProgramTask::KvAdd, size(3, 1, 1), 0.0, 64, &mut Rng::new(1));
    let (before, after) = (before.unwrap(), after.unwrap());
    assert!(before < 0.5 && after > 0.7, "{before} before, {after} after");
}

#[test]
fn a_training_that_was_stopped_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.safetensors");
    let mut whole = trainer(2);
    for step in 0..210 {
        if step == 100 {
            whole.save(&file).unwrap();
        }
        whole.step().unwrap();
    }
    let mut resumed = trainer(2);
    resumed.load(&file).unwrap();
    assert_eq!(resumed.progress().step, 100);
    for _ in 100..210 {
        resumed.step().unwrap();
    }
    assert_eq!(resumed.progress(), whole.progress());
    let bits = |m: &StripMachine| {
        m.params().iter().flat_map(|x| x.to_vec()).map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(bits(resumed.machine()), bits(whole.machine()));
    assert_eq!(bits(resumed.best()), bits(whole.best()));

    let error = trainer(3).load(&file).unwrap_err().to_string();
    assert!(error.contains("seed 2"), "{error}");
}

#[test]
fn a_saved_machine_answers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.safetensors");
    let trainer = trainer(4);
    trainer.machine().save(&file).unwrap();
    let loaded: StripMachine = StripMachine::load(&file).unwrap();
    let programs = vec![ProgramTask::KvAdd.sample(size(3, 2, 5), 0.0, &mut Rng::new(0)).unwrap()];
    let batch = Batch::new(programs).unwrap();
    assert_eq!(loaded.answers(&batch, 4).unwrap(), trainer.machine().answers(&batch, 4).unwrap());
}

/// Ten thousand instructions after each other, with weights that are large: every number stays finite.
#[test]
fn nothing_becomes_nan_in_ten_thousand_steps() {
    let config = StripConfig {
        slots: 4,
        key: 4,
        strip: 2,
        maps: 4,
        moving: Moving { right: 1, left: 0 },
        ..Default::default()
    };
    let rng = &mut Rng::new(7);
    let machine = StripMachine::<f32>::new(&config.check().unwrap(), rng).map_params(|x| x * 8.0);
    let program = ProgramTask::KvAdd.sample(size(4, 2, 1), 1.0, rng).unwrap();
    let batch = Batch::new(vec![program]).unwrap();
    let noisy = Digital { rounding: 0.3, head_noise: 1.0, ..Digital::SOFT };
    for digital in [noisy, Digital::EXACT] {
        let mut state = machine.reset(1, 4, batch.cells());
        for step in 0..10_000 {
            let (logits, next) = machine.step(&batch, step % batch.steps(), &state, digital, rng);
            state = next;
            let all = [&logits, &state.keys, &state.strips, &state.attention, &state.tape];
            assert!(all.iter().all(|x| x.data().iter().all(|x| x.is_finite())), "step {step}");
        }
    }
}
