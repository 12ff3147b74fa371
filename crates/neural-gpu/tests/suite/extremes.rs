//! Extreme sizes, numbers and files: a right value or an error that says what would be right.

use std::path::Path;

use seedbed_autodiff::{Module as _, Rng, Tensor, value_and_grad};
use seedbed_data::strings::{Arithmetic, Example, Layout, Operation, StringTask as _};
use seedbed_neural_gpu::automaton::{Automaton, AutomatonError, Halt};
use seedbed_neural_gpu::certificate::{Refusal, certify_addition};
use seedbed_neural_gpu::harness::{
    AnswerError, Case, arithmetic_cases, carry_cases, score, score_answers, write_cases,
};
use seedbed_neural_gpu::train::{Recipe, RelaxedRecipe, RelaxedTrainer, Trainer};
use seedbed_neural_gpu::{
    Batch, DiagonalConfig, DiagonalGpu, Machine, Moving, NeuralGpu, NeuralGpuConfig, Packing,
    Perturbation,
};
use seedbed_nn::checkpoint::Writer;
use seedbed_nn::{Config, ConfigError};

fn addition() -> Arithmetic {
    Arithmetic::binary(Operation::Add)
}

fn panics<T>(f: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(f).err().expect("it should panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap()
}

fn field<C: Config>(config: C) -> String {
    match config.check() {
        Err(ConfigError { field, .. }) => field,
        Ok(_) => "nothing".into(),
    }
}

#[test]
fn settings_that_cannot_be() {
    let still = Moving { right: 0, left: 0 };
    for n in [usize::MAX, 1 << 63, 1 << 40] {
        assert_eq!(field(DiagonalConfig { maps: n, ..Default::default() }), "maps");
        let found = field(DiagonalConfig { input_symbols: n, ..Default::default() });
        assert_eq!(found, "input_symbols");
        let task = addition();
        let recipe = || Recipe::of(&task, 24);
        assert_eq!(field(Recipe { examples: n, ..recipe() }), "examples");
        assert_eq!(field(Recipe { growth: n, ..recipe() }), "growth");
        assert_eq!(field(Recipe { full_length: n, ..recipe() }), "full_length");
        assert_eq!(field(Recipe { validation: vec![[n, 1]], ..recipe() }), "validation[0][0]");
        assert_eq!(field(Recipe { validation: vec![[9, n]], ..recipe() }), "validation[0][1]");
        let relaxed = RelaxedRecipe { full_length: n, ..Default::default() };
        assert_eq!(field(relaxed), "full_length");
    }
    let large = DiagonalConfig { maps: 1 << 30, moving: still, ..Default::default() };
    assert_eq!(field(large), "maps");
    // A symbol is a byte: answers of 300 symbols would be taken modulo 256.
    let found = field(DiagonalConfig { target_symbols: 300, ..Default::default() });
    assert_eq!(found, "target_symbols");
    let task = addition();
    let recipe = || Recipe::of(&task, 24);
    assert_eq!(field(Recipe { patience: 0, ..recipe() }), "patience");
    assert_eq!(field(Recipe { validation: vec![[9, 0]], ..recipe() }), "validation[0][1]");
    for x in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        assert_eq!(field(Recipe { noise: x, ..recipe() }), "noise");
        assert_eq!(field(Recipe { rate: x, ..recipe() }), "rate");
        assert_eq!(field(Recipe { decay: x, ..recipe() }), "decay");
        assert_eq!(field(Recipe { settle: x, ..recipe() }), "settle");
        assert_eq!(field(Recipe { average: x, ..recipe() }), "average");
        let relaxed = RelaxedRecipe { gradient_noise: x, ..Default::default() };
        assert_eq!(field(relaxed), "gradient_noise");
        assert_eq!(field(RelaxedRecipe { pull_growth: x, ..Default::default() }), "pull_growth");
    }
}

#[test]
fn a_validation_that_the_task_has_no_strings_for() {
    let task = addition();
    let recipe =
        Recipe { validation: vec![[101, 4], [1, 4]], discard_stages: 2, ..Recipe::of(&task, 24) };
    let config = DiagonalConfig::default().check().unwrap();
    let found = Trainer::new(config, recipe.check().unwrap(), task.clone(), 0).err().unwrap();
    let expected = "Recipe.validation[1][0] is 1, but should be the length of the task's shortest";
    assert!(found.to_string().starts_with(expected), "{found}");
    let recipe = RelaxedRecipe { validation: vec![[2, 4]], ..Default::default() };
    let config = NeuralGpuConfig::default().check().unwrap();
    let found = RelaxedTrainer::new(config, recipe.check().unwrap(), task, 0).err().unwrap();
    assert!(found.to_string().starts_with("RelaxedRecipe.validation[0][0] is 2"), "{found}");
}

#[test]
fn configurations_larger_than_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    let write = |config: &str| {
        let config: serde_json::Value = serde_json::from_str(config).unwrap();
        let small = Tensor::<f32>::zeros(&[3]);
        Writer::new()
            .module("model", &small)
            .value("config", &config)
            .unwrap()
            .write(&file)
            .unwrap();
    };
    write(r#"{"maps": 200000, "moving": {"right": 0, "left": 0}}"#);
    let error = DiagonalGpu::<f32>::load(&file).unwrap_err().to_string();
    assert!(error.contains("a larger network than it holds"), "{error}");
    write(r#"{"maps": 8000, "copies": 1, "width": 1, "layers": 1}"#);
    let error = NeuralGpu::<f32>::load(&file).unwrap_err().to_string();
    assert!(error.contains("a larger network than it holds"), "{error}");
    // What a machine says of itself is what it has.
    let config = DiagonalConfig { maps: 5, moving: Moving::thirds(5), ..Default::default() };
    let gpu = DiagonalGpu::<f32>::new(&config.clone().check().unwrap(), &mut Rng::new(0));
    assert_eq!(<DiagonalGpu as Machine>::elements(&config), gpu.num_params() as f64);
    let config = NeuralGpuConfig { maps: 5, copies: 3, ..Default::default() };
    let gpu = NeuralGpu::<f32>::new(&config.clone().check().unwrap(), &mut Rng::new(0));
    assert_eq!(<NeuralGpu as Machine>::elements(&config), gpu.num_params() as f64);
}

#[test]
fn strings_of_no_cells_and_of_more_than_can_be() {
    let empty = Example { input: vec![], target: vec![] };
    let one = Example { input: vec![1], target: vec![0] };
    let config = DiagonalConfig::default().check().unwrap();
    let gpu = DiagonalGpu::<f32>::new(&config, &mut Rng::new(0));
    for examples in [vec![], vec![(empty.clone(), 3)], vec![(one, 0), (empty, 5)]] {
        let batch = Batch::new(&examples);
        for rounded in [false, true] {
            let logits = gpu.infer(&batch, rounded);
            assert_eq!(logits.shape(), [batch.targets.len(), 2]);
            assert!(batch.loss(&logits).item().is_finite());
            assert_eq!(batch.exact(&logits).len(), examples.len());
        }
        let (loss, gradient) = value_and_grad(&gpu, |gpu| {
            let rng = &mut Rng::new(0);
            let (last, saturation) =
                gpu.run(&batch.inputs, &batch.packing, Perturbation::ROUNDED, rng);
            batch.loss(&gpu.read(&last, &batch.packing)) + saturation.0
        });
        let finite = |x: &Tensor| x.data().iter().all(|x| x.is_finite());
        assert!(loss.item().is_finite() && gradient.params().iter().all(finite));
    }
    assert!(panics(|| Packing::new(&[[usize::MAX, 1]])).contains("beyond counting"));
    assert!(panics(|| Packing::new(&[[1 << 63, 1], [1 << 63, 1]])).contains("beyond counting"));
    let torn = Example { input: vec![1, 2], target: vec![0] };
    let found = panics(|| Batch::new(&[(torn, 1)]));
    assert_eq!(found, "Batch: example 0 has 2 cells, but an answer of 1");
    let mut automaton = Automaton::new(&gpu).unwrap();
    let halt = Halt::AfterSteps(1);
    assert_eq!(automaton.run(&[], halt).unwrap_err(), AutomatonError::Empty);
    assert!(matches!(automaton.run(&[0], halt), Err(AutomatonError::UnknownSymbol { .. })));
}

#[test]
fn cases_have_names_of_their_own() {
    let lengths = [9, 9, 11];
    for cases in [
        arithmetic_cases(&addition(), &lengths, 2, 0),
        carry_cases(&addition(), 11, &[1, 2, 1], 2, 0),
    ] {
        let mut text = Vec::new();
        write_cases(&cases, &mut text).unwrap();
        let mut answers = String::new();
        for Case { id, example, .. } in &cases {
            answers += &format!("{{\"id\": {id:?}, \"answer\": {:?}}}\n", example.target);
        }
        let scores = score_answers(&cases, answers.as_bytes()).unwrap();
        assert_eq!(scores.total().exact, cases.len());
        assert_eq!(
            scores,
            score(&cases, |input| {
                cases
                    .iter()
                    .find(|case| case.example.input == input)
                    .map(|c| c.example.target.clone())
            })
        );
    }
    let cases = arithmetic_cases(&addition(), &[9], 1, 0);
    let twice = [cases.clone(), cases].concat();
    let error = score_answers(&twice, &b""[..]).unwrap_err();
    assert!(matches!(&error, AnswerError::TwoCases { id } if id == "9-uniform-0"), "{error}");
    for cells in [0, 2] {
        let found = panics(|| carry_cases(&addition(), cells, &[1], 1, 0));
        assert!(found.contains("no numbers have"), "{found}");
    }
}

#[test]
fn answers_that_are_none() {
    let cases = arithmetic_cases(&addition(), &[9], 1, 0);
    let error = |text: &[u8]| score_answers(&cases, text).unwrap_err().to_string();
    assert!(error(b"{\"id\": \"9-uniform-0\", \"answer\": [256]}").starts_with("line 1"));
    assert!(error(b"{\"id\": \"9-uniform-0\", \"answer\": [-1]}").starts_with("line 1"));
    assert!(
        error(b"\n{\"id\": \"x\", \"answer\": []}").contains("line 2 of the answers: there is no")
    );
    assert!(error(b"\xff").contains("cannot read the answers"));
    let none = score_answers(&cases, &b"\n\n"[..]).unwrap().total();
    assert_eq!((none.answered, none.cases), (0, cases.len()));
}

fn certified() -> (DiagonalGpu, Arithmetic) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/add-aligned.safetensors");
    let task = Arithmetic { layout: Layout::Aligned, ..addition() };
    (DiagonalGpu::load(&file).unwrap().0, task)
}

#[test]
fn broken_networks_and_tasks_are_not_certified() {
    let (gpu, task) = certified();
    for base in [0, 1, 3, 15, 16, 255] {
        let other = Arithmetic { base, ..task.clone() };
        let refusal = certify_addition(&gpu, &other).unwrap_err();
        assert!(matches!(refusal, Refusal::NotCovered(_)), "{base}: {refusal}");
    }
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let parameters = gpu.params().len();
        for k in 0..parameters {
            let mut i = 0;
            let model = gpu.map_params(|x| {
                let mut x = x.clone();
                if i == k {
                    x.data_mut()[0] = broken;
                }
                i += 1;
                x
            });
            let refusal = certify_addition(&model, &task).unwrap_err();
            let expected = AutomatonError::NotFinite;
            assert!(matches!(&refusal, Refusal::Automaton(e) if *e == expected), "{k}: {refusal}");
        }
    }
}

#[test]
fn a_task_that_makes_no_sense_has_no_strings() {
    for base in [0, 1, 16, 255] {
        let task = Arithmetic { base, ..addition() };
        assert!(task.example(&[0], &[0]).is_err());
        assert!(panics(|| task.sample(9, &mut Rng::new(0))).contains("base"));
    }
}

#[test]
fn a_training_at_a_place_that_no_training_is_at() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("t.safetensors");
    let trainer = |full_length| {
        let task = addition();
        let recipe =
            Recipe { examples: 2, shards: 2, full_length, ramp_length: 9, ..Recipe::of(&task, 24) };
        let config = DiagonalConfig::default().check().unwrap();
        Trainer::new(config, recipe.check().unwrap(), task, 0).unwrap()
    };
    trainer(41).save(&file).unwrap();
    let mut shorter = trainer(9);
    shorter.load(&file).unwrap();
    // The first length is 9: a recipe that begins later has never been here.
    let task = addition();
    let recipe = Recipe { examples: 2, shards: 2, first_length: 11, ..Recipe::of(&task, 24) };
    let config = DiagonalConfig::default().check().unwrap();
    let mut later = Trainer::new(config, recipe.check().unwrap(), task, 0).unwrap();
    let error = later.load(&file).unwrap_err().to_string();
    assert!(error.contains("greatest length is 9, but should be from 11 to 41"), "{error}");
}
