//! Extreme sizes, programs made by hand, and files: a right value or an error.

use seedbed_autodiff::{Module as _, Rng, Tensor};
use seedbed_data::programs::{Program, ProgramSize, ProgramTask};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, Writer};
use seedbed_strip_memory::train::{Recipe, Trainer};
use seedbed_strip_memory::{Batch, Choosing, Control, StripConfig, StripMachine};

fn program(items: usize) -> Program {
    let size = ProgramSize { items, operations: 2, digits: 3 };
    ProgramTask::KvAdd.sample(size, 0.0, &mut Rng::new(0)).unwrap()
}

fn machine(config: StripConfig) -> StripMachine {
    let config = StripConfig { maps: 8, key: 6, strip: 3, ..config };
    StripMachine::new(&config.check().unwrap(), &mut Rng::new(0))
}

#[test]
fn instructions_that_are_none() {
    let error = |change: fn(&mut Program)| {
        let mut broken = program(2);
        change(&mut broken);
        Batch::new(vec![program(2), broken]).unwrap_err().to_string()
    };
    let found = error(|p| p.instructions[1].operation = 9);
    assert_eq!(found, "instruction 1 of program 1 is of kind 9, but should be below 2");
    assert!(error(|p| p.instructions[0].names = vec![0; 4]).contains("at most 3 below 4096"));
    assert!(error(|p| p.instructions[0].names = vec![5000]).contains("at most 3 below 4096"));
    assert!(error(|p| p.instructions[0].number = vec![0; 5]).contains("at most 4 bits"));
    assert!(error(|p| p.instructions[0].number = vec![2]).contains("at most 4 bits"));
    assert!(error(|p| p.instructions[3].answer = Some(vec![0; 3])).contains("for 4 bits"));
    assert!(error(|p| p.instructions[3].answer = Some(vec![7; 4])).contains("for 4 bits"));
    let mut none = program(2);
    (none.cells, none.instructions) = (0, vec![]);
    assert_eq!(Batch::new(vec![none]).unwrap_err().to_string(), "a program of no cells");
}

#[test]
fn memories_that_are_too_small_for_what_is_done_with_them() {
    let batch = Batch::new(vec![program(1)]).unwrap();
    let heads = machine(StripConfig::small());
    for slots in [1, 2] {
        let error = heads.answers(&batch, slots).unwrap_err().to_string();
        assert!(error.contains("at least 3, the shifts of a head"), "{error}");
    }
    for slots in [0, 3] {
        assert_eq!(heads.answers(&batch, slots).unwrap()[0].len(), 2);
    }
    let pointers = machine(StripConfig { choosing: Choosing::Pointers, ..StripConfig::small() });
    assert_eq!(pointers.answers(&batch, 1).unwrap()[0].len(), 2);
    // Two things are read at a time: the second would take the place of what is written.
    let given = StripConfig { choosing: Choosing::Given, read_heads: 1, ..StripConfig::small() };
    let error = machine(given).answers(&batch, 4).unwrap_err().to_string();
    assert!(error.contains("reads 2 things at a time, but the machine has 1 heads"), "{error}");
    // What is read lies outside of the memory.
    let mut far = program(3);
    far.instructions[4].reads = vec![0, 70];
    let given = StripConfig { choosing: Choosing::Given, ..StripConfig::small() };
    let batch = Batch::new(vec![far]).unwrap();
    let error = machine(given).answers(&batch, 4).unwrap_err().to_string();
    assert!(error.contains("should have at least 71"), "{error}");
}

#[test]
fn configurations_larger_than_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    let config = StripConfig { maps: 4096, key: 4096, strip: 4096, ..StripConfig::small() };
    config.validate().unwrap();
    let control = Control::Pooled;
    let most = StripConfig { operations: 1024, read_heads: 64, control, ..config.clone() };
    for config in [config, most] {
        let small = Tensor::<f32>::zeros(&[3]);
        Writer::new()
            .module("model", &small)
            .value("config", &config)
            .unwrap()
            .write(&file)
            .unwrap();
        let error = StripMachine::<f32>::load(&file).unwrap_err().to_string();
        assert!(error.contains("a larger machine than it holds"), "{error}");
    }
    // What a configuration says is what a machine has: each of its own saves is read again.
    for config in [
        StripConfig { read_heads: 3, operations: 4, ..StripConfig::small() },
        StripConfig { control: Control::Pooled, slots: 0, ..StripConfig::small() },
    ] {
        let machine = machine(config);
        machine.save(&file).unwrap();
        let loaded = StripMachine::<f32>::load(&file).unwrap();
        assert_eq!(loaded.num_params(), Checkpoint::read(&file).unwrap().elements());
    }
}

fn trainer(full: usize) -> Trainer {
    let size = |items| ProgramSize { items, operations: 1, digits: 1 };
    let recipe = Recipe {
        batch: 2,
        validated: 2,
        first: size(1),
        full: size(full),
        ..Recipe::of(ProgramTask::KvAdd)
    };
    let config = StripConfig { maps: 8, key: 6, strip: 3, ..StripConfig::small() };
    Trainer::new(config.check().unwrap(), recipe.check().unwrap(), ProgramTask::KvAdd, 0).unwrap()
}

#[test]
fn a_training_is_saved_before_its_first_step() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t.safetensors");
    let mut first = trainer(3);
    first.save(&file).unwrap();
    first.step().unwrap();
    let mut second = trainer(3);
    second.load(&file).unwrap();
    second.step().unwrap();
    assert_eq!(second.progress(), first.progress());
    assert!(first.progress().loss.is_finite());
}

#[test]
fn recipes_that_cannot_be() {
    let recipe = || Recipe::of(ProgramTask::KvAdd);
    let field = |recipe: Recipe| recipe.check().unwrap_err().field;
    for x in [f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(field(Recipe { rate: x, ..recipe() }), "rate");
        assert_eq!(field(Recipe { noise: x, ..recipe() }), "noise");
        assert_eq!(field(Recipe { head_noise: x, ..recipe() }), "head_noise");
    }
    // A first size that makes no sense is said before the first step.
    let first = ProgramSize { items: 0, operations: 1, digits: 1 };
    let config = StripConfig { maps: 8, ..StripConfig::small() }.check().unwrap();
    let recipe = Recipe { first, ..recipe() }.check().unwrap();
    let error = Trainer::new(config, recipe, ProgramTask::KvAdd, 0).err().unwrap().to_string();
    assert!(error.contains("items"), "{error}");
}
