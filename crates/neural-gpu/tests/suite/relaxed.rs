//! The original network's training learns, resumes with the same bits, and does what the paper says with its copies.

use seedbed_autodiff::Module as _;
use seedbed_data::strings::{ListOperation, Lists, StringTask as _};
use seedbed_neural_gpu::train::{RelaxedRecipe, RelaxedTrainer};
use seedbed_neural_gpu::{NeuralGpu, NeuralGpuConfig};
use seedbed_nn::Config as _;

fn trainer(seed: u64, recipe: RelaxedRecipe) -> RelaxedTrainer<Lists> {
    let task = Lists { operation: ListOperation::Reverse, alphabet: 2 };
    let [input_symbols, target_symbols] = task.symbols();
    let config =
        NeuralGpuConfig { maps: 8, width: 2, layers: 1, copies: 2, input_symbols, target_symbols };
    let config = config.check().unwrap();
    RelaxedTrainer::new(config, recipe.check().unwrap(), task, seed).unwrap()
}

/// A curriculum from 2 to 5 symbols.
fn small() -> RelaxedRecipe {
    RelaxedRecipe {
        examples: 16,
        shards: 2,
        rate: 5e-3,
        first_length: 2,
        full_length: 5,
        every: 20,
        dropout: 0.02,
        state_noise: 0.1,
        gradient_noise: 0.01,
        greatest_pull: 1e-3,
        validation: vec![[5, 16]],
        validate_below: 0.5,
        ..RelaxedRecipe::default()
    }
}

fn steps(trainer: &mut RelaxedTrainer<Lists>, n: usize) {
    (0..n).for_each(|_| {
        trainer.step().unwrap();
    });
}

fn bits(model: &NeuralGpu) -> Vec<u32> {
    model.params().iter().flat_map(|x| x.data()).map(|x| x.to_bits()).collect()
}

#[test]
fn reversing_is_learnt_and_copies_become_one() {
    let mut trainer = trainer(0, small());
    let validated = loop {
        assert!(trainer.progress().step < 1500, "{:?}", trainer.progress());
        trainer.step().unwrap();
        if let Some((_, validated)) = trainer.best().filter(|(_, v)| v.score() >= 0.9) {
            break validated.clone();
        }
    };
    let progress = trainer.progress();
    assert!(validated.score() >= 0.9 && progress.length == 5 && progress.pull > 5e-4);
    assert!(trainer.best().unwrap().0.relaxation().item() < 1e-9);
}

#[test]
fn resumed_is_uninterrupted() {
    let dir = tempfile::tempdir().unwrap();
    let (training, best) = (dir.path().join("training"), dir.path().join("best"));
    let recipe = || RelaxedRecipe { every: 3, grow_below: 1.0, greatest_pull: 6e-4, ..small() };
    let mut whole = trainer(3, recipe());
    steps(&mut whole, 14);
    let mut first = trainer(3, recipe());
    steps(&mut first, 7);
    first.save(&training).unwrap();
    let mut second = trainer(3, recipe());
    second.load(&training).unwrap();
    steps(&mut second, 7);
    assert_eq!(second.progress(), whole.progress());
    assert!(whole.progress().averaged && whole.progress().length > 4);
    assert_eq!(bits(second.model()), bits(whole.model()));

    second.save_best(&best).unwrap();
    let (loaded, config) = NeuralGpu::<f32>::load(&best).unwrap();
    assert_eq!(config.maps, 8);
    assert!(loaded.relaxation().item() < 1e-9);
    let error = trainer(4, recipe()).load(&training).unwrap_err().to_string();
    assert!(error.ends_with("it has seed 3, and this training 4"), "{error}");
}

#[test]
fn gradient_noise_acts() {
    let after = |gradient_noise| {
        let mut trainer = trainer(0, RelaxedRecipe { gradient_noise, ..small() });
        steps(&mut trainer, 1);
        bits(trainer.model())
    };
    assert_eq!(after(0.0), after(0.0));
    assert_ne!(after(0.0), after(0.1));
}

#[test]
fn what_does_not_fit_is_refused() {
    let says = |recipe: RelaxedRecipe| recipe.check().unwrap_err().to_string();
    let error = says(RelaxedRecipe { dropout: 0.5, ..small() });
    assert_eq!(error, "RelaxedRecipe.dropout is 0.5, but should be at least 0 and below 0.375");
    let error = says(RelaxedRecipe { first_length: 6, ..small() });
    assert_eq!(error, "RelaxedRecipe.first_length is 6, but should be at most full_length");
    let task = Lists { operation: ListOperation::Reverse, alphabet: 4 };
    let config = NeuralGpuConfig { input_symbols: 3, ..Default::default() }.check().unwrap();
    let error = RelaxedTrainer::new(config, small().check().unwrap(), task, 0).err().unwrap();
    assert!(error.to_string().contains("as the task has them"), "{error}");
}
