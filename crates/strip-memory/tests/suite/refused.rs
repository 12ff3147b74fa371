//! What makes no sense is refused, with a message that says what would.

use seedbed_autodiff::Rng;
use seedbed_data::programs::{ProgramSize, ProgramTask};
use seedbed_neural_gpu::{Moving, Reach};
use seedbed_nn::Config;
use seedbed_strip_memory::train::{Recipe, Trainer};
use seedbed_strip_memory::{Batch, StripConfig, StripMachine};

fn program(task: ProgramTask, items: usize, digits: usize) -> seedbed_data::programs::Program {
    let size = ProgramSize { items, operations: 1, digits };
    task.sample(size, 0.0, &mut Rng::new(0)).unwrap()
}

#[test]
fn batches() {
    let error = |programs| Batch::new(programs).unwrap_err().to_string();
    assert_eq!(error(vec![]), "there is no program");
    let text = error(vec![program(ProgramTask::KvAdd, 1, 3), program(ProgramTask::KvAdd, 1, 4)]);
    assert!(text.contains("cannot run together"), "{text}");
}

#[test]
fn programs_that_do_not_fit_the_machine() {
    let config = StripConfig { slots: 3, maps: 6, ..StripConfig::small() }.check();
    // 8 of 6 maps cannot travel.
    assert!(config.unwrap_err().to_string().contains("moving"));
    let config = StripConfig { slots: 3, maps: 8, ..StripConfig::small() }.check().unwrap();
    let machine = StripMachine::<f32>::new(&config, &mut Rng::new(0));
    let answers = |program, slots| {
        machine.answers(&Batch::new(vec![program]).unwrap(), slots).unwrap_err().to_string()
    };
    assert_eq!(
        answers(program(ProgramTask::Ledger, 1, 3), 3),
        "the task has 4 kinds of instruction, the machine knows 2"
    );
    assert_eq!(
        answers(program(ProgramTask::KvAdd, 5, 3), 4),
        "the program keeps 5 things, the memory has 4 slots: it should have at least 5"
    );
    // A training looks at once whether its largest programs fit.
    let recipe = Recipe::of(ProgramTask::KvAdd).check().unwrap();
    let error = Trainer::new(config, recipe, ProgramTask::KvAdd, 0).err().unwrap();
    assert!(error.to_string().contains("3 slots"), "{error}");
}

#[test]
fn configurations() {
    let usual = StripConfig::default;
    let error = |config: StripConfig| config.check().unwrap_err().to_string();
    assert!(error(StripConfig { slots: 2, ..usual() }).contains("at least 3"));
    assert!(error(StripConfig { strip: 0, ..usual() }).contains("strip is 0"));
    assert!(error(StripConfig { maps: usize::MAX, ..usual() }).contains("at most"));
    assert!(error(StripConfig { similarity_eps: f64::NAN, ..usual() }).contains("similarity_eps"));
    let moving = Moving { right: 1, left: 1 };
    assert!(error(StripConfig { moving, reach: Reach::Left, ..usual() }).contains("moving.left"));
    let recipe = || Recipe::of(ProgramTask::Ledger);
    let error = |recipe: Recipe| recipe.check().unwrap_err().to_string();
    assert!(error(Recipe { average: 1.0, ..recipe() }).contains("average"));
    assert!(error(Recipe { tough: f64::NAN, ..recipe() }).contains("tough"));
    assert!(error(Recipe { cooling: 1 << 40, ..recipe() }).contains("cooling"));
    let first = ProgramSize { items: 50, operations: 1, digits: 1 };
    assert!(error(Recipe { first, ..recipe() }).contains("first"));
}
