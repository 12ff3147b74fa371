//! A training can be stopped and goes on with the same bits, on any number of threads.

use rayon::ThreadPoolBuilder;
use seedbed_autodiff::Module as _;
use seedbed_data::strings::{Arithmetic, Operation};
use seedbed_neural_gpu::DiagonalConfig;
use seedbed_neural_gpu::train::{Recipe, Trainer};
use seedbed_nn::Config as _;

fn trainer(seed: u64) -> Trainer<Arithmetic> {
    let task = Arithmetic::binary(Operation::Add);
    let recipe = Recipe {
        examples: 4,
        shards: 4,
        patience: 7,
        decay: 0.01,
        settle: 0.1,
        ..Recipe::of(&task, 24)
    };
    let config = DiagonalConfig::default().check().unwrap();
    Trainer::new(config, recipe.check().unwrap(), task, seed).unwrap()
}

fn bits(trainer: &Trainer<Arithmetic>) -> Vec<u32> {
    let params = trainer.model().params();
    params.iter().flat_map(|x| x.data()).map(|x| x.to_bits()).collect()
}

fn steps(trainer: &mut Trainer<Arithmetic>, n: usize) {
    (0..n).for_each(|_| {
        trainer.step().unwrap();
    });
}

#[test]
fn resumed_is_uninterrupted() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("training.safetensors");
    let mut whole = trainer(3);
    steps(&mut whole, 10);

    // Across a restart with new weights, after step 7.
    let mut first = trainer(3);
    steps(&mut first, 5);
    first.save(&file).unwrap();
    let mut second = trainer(3);
    second.load(&file).unwrap();
    steps(&mut second, 5);
    assert_eq!(second.progress(), whole.progress());
    assert_eq!(whole.progress().restarts, 1);
    assert_eq!(bits(&second), bits(&whole));

    let error = trainer(4).load(&file).unwrap_err().to_string();
    assert!(error.ends_with("it has seed 3, and this training 4"), "{error}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let after = |threads| {
        ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut trainer = trainer(0);
            steps(&mut trainer, 3);
            bits(&trainer)
        })
    };
    assert_eq!(after(1), after(2));
}

#[test]
fn what_does_not_fit_is_refused() {
    let task = Arithmetic::binary(Operation::Add);
    let recipe = || Recipe::of(&task, 24);
    let with = |config: DiagonalConfig, recipe: Recipe| {
        let recipe = recipe.check().map_err(|e| e.to_string())?;
        let trainer = Trainer::new(config.check().unwrap(), recipe, task.clone(), 0);
        trainer.map(|_| ()).map_err(|e| e.to_string())
    };
    let config = DiagonalConfig { input_symbols: 5, ..Default::default() };
    let says = with(config, recipe()).unwrap_err();
    assert!(says.contains("is [5, 2], but should be [4, 2], as the task has them"), "{says}");
    let says = with(DiagonalConfig::default(), Recipe { first_length: 4, ..recipe() }).unwrap_err();
    assert!(says.contains("Recipe.first_length is 4, but should be"), "{says}");
    let says = with(DiagonalConfig::default(), Recipe { shards: 5, ..recipe() }).unwrap_err();
    assert_eq!(says, "Recipe.shards is 5, but should be a divisor of examples");
}
