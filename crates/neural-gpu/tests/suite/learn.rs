//! Addition of aligned numbers is learnt and proved right; the shipped network does what its card says.

use std::path::Path;

use seedbed_autodiff::{Module as _, Rng, Tensor};
use seedbed_data::strings::{Arithmetic, Layout, Operands, Operation, StringTask as _};
use seedbed_neural_gpu::automaton::{Automaton, Halt};
use seedbed_neural_gpu::certificate::{Refusal, certify_addition};
use seedbed_neural_gpu::evaluate::{draw, share_exact};
use seedbed_neural_gpu::train::{Event, Recipe, Trainer};
use seedbed_neural_gpu::{DiagonalConfig, DiagonalGpu, Moving, Reach};
use seedbed_nn::Config as _;

fn task() -> Arithmetic {
    Arithmetic { operation: Operation::Add, base: 2, layout: Layout::Aligned }
}

fn config() -> DiagonalConfig {
    let [input_symbols, target_symbols] = task().symbols();
    DiagonalConfig {
        maps: 6,
        moving: Moving { right: 2, left: 0 },
        reach: Reach::Left,
        input_symbols,
        target_symbols,
        rounded: true,
    }
}

#[test]
fn addition_is_learnt_and_proved() {
    let recipe = Recipe { validation: vec![[41, 16], [101, 16]], ..Recipe::of(&task(), 6) };
    let recipe = Recipe { discard_after: 0, ..recipe }.check().unwrap();
    let mut trainer = Trainer::new(config().check().unwrap(), recipe, task(), 0).unwrap();
    let mut refused = None;
    let certificate = loop {
        let progress = trainer.progress();
        assert!(progress.step < 4000, "{refused:?}: {progress:?}");
        // Only a validation can change the best network.
        if let Some(Event::Validated { best: true, .. }) = trainer.step().unwrap() {
            match certify_addition(trainer.best().unwrap().0, &task()) {
                Ok(certificate) => break certificate,
                Err(refusal) => refused = Some(refusal),
            }
        }
    };
    assert!(certificate.margin > 0.0 && certificate.rules.len() >= certificate.states.len());
    let (best, _) = trainer.best().unwrap();
    let fresh = draw(&task(), 201, 32, 0.5, &mut Rng::new(1));
    assert_eq!(share_exact(best, &fresh, true), 1.0);
}

fn shipped() -> DiagonalGpu {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    DiagonalGpu::load(&models.join("add-aligned.safetensors")).unwrap().0
}

#[test]
fn the_shipped_network_is_right_for_every_length() {
    let gpu = shipped();
    let certificate = certify_addition(&gpu, &task()).unwrap();
    let mut automaton = Automaton::new(&gpu).unwrap();
    // One carry across a hundred thousand bits: 1 + 11…1.
    let bits = 100_000;
    let (mut one, ones) = (vec![0; bits], vec![1; bits]);
    one[0] = 1;
    let mut examples = vec![task().example(&one, &ones).unwrap()];
    let rng = &mut Rng::new(2);
    examples.extend(Operands::TOUGH.map(|kind| task().sample_of(kind, 1001, rng)));
    for example in examples {
        let bound = (certificate.settles_within + 1) * example.len();
        let run = automaton.run(&example.input, Halt::WhenSettled { bound }).unwrap();
        assert!(run.settled && run.answer == example.target);
        // The work is that of the string, not of its square.
        assert!(run.visits < 40 * example.len() as u64, "{}", run.visits);
    }
}

#[test]
fn random_weights_are_refused_and_add_nothing() {
    let rng = &mut Rng::new(5);
    let mut refusals = 0;
    for _ in 0..4 {
        let gpu = shipped().map_params(|x| {
            let order = rng.permutation(x.len());
            Tensor::new(order.iter().map(|&i| x.data()[i]).collect(), x.shape())
        });
        let examples = draw(&task(), 41, 32, 0.0, &mut Rng::new(3));
        assert_eq!(share_exact(&gpu, &examples, true), 0.0);
        match certify_addition(&gpu, &task()) {
            Ok(_) => panic!("a random network was certified"),
            Err(Refusal::CounterExample { a, b }) => {
                refusals += 1;
                let example = task().example(&a, &b).unwrap();
                let run = Automaton::new(&gpu).unwrap();
                let run = { run }.run(&example.input, Halt::WhenSettled { bound: 1000 });
                assert!(run.is_err() || run.unwrap().answer != example.target);
            }
            Err(_) => {}
        }
    }
    assert!(refusals > 0, "no counterexample was found");
}
