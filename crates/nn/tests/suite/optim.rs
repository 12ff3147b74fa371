//! Optimisers against an independent implementation (`scripts/golden_optim.py`) and closed forms.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::checkpoint::{Checkpoint, Writer};
use seedbed_nn::clip::{clip_global_norm, clip_value};
use seedbed_nn::optim::{
    AdaMax, AdaMaxConfig, AdamW, AdamWConfig, GravesRmsProp, GravesRmsPropConfig, Optimizer,
    OptimizerConfig, ParamGroup, ParamOptions, PerParam, Sgd, SgdConfig,
};
use seedbed_nn::{Config, ConfigError};
use serde::Deserialize;

#[derive(Clone, Debug)]
struct Net<F: Float = f32> {
    weight: Tensor<F>,
    bias: Tensor<F>,
    seen: Tensor<F>,
}
module!(Net<F> { weight, bias } buffers { seen });

fn net<F: Float>(rng: &mut Rng) -> Net<F> {
    Net {
        weight: Tensor::normal(&[301, 67], 0.0, 1.0, rng),
        bias: Tensor::normal(&[67], 0.0, 1.0, rng),
        seen: Tensor::ones(&[3]),
    }
}

#[derive(Deserialize)]
struct Golden {
    start: Vec<f64>,
    gradients: Vec<Vec<f64>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    config: OptimizerConfig,
    after: Vec<Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/optim.json"))
        .expect("the script writes valid JSON")
}

/// Runs every case, and compares after each step, relative to the size of the number or of one learning rate.
fn compare<F: Float>(tolerance: f64) {
    let golden = golden();
    let vector = |v: &[f64]| Tensor::<F>::new(v.iter().map(|&x| F::of(x)).collect(), &[v.len()]);
    for case in &golden.cases {
        let mut x = vector(&golden.start);
        let config = case.config.clone().check().expect("a valid configuration");
        let mut optimizer = config.build(&x, PerParam::default());
        assert!(case.after.len() >= 10);
        for (t, (g, after)) in golden.gradients.iter().zip(&case.after).enumerate() {
            optimizer.step_scaled(&mut x, &vector(g), 1.0);
            for (got, want) in x.data().iter().zip(after) {
                let error = (got.f64() - want).abs() / want.abs().max(optimizer.lr());
                assert!(
                    error < tolerance,
                    "{:?}, step {}: {got} is not {want}",
                    case.config,
                    t + 1
                );
            }
        }
    }
}

#[test]
fn trajectories_equal_the_independent_implementation() {
    compare::<f64>(1e-12);
    compare::<f32>(1e-4);
}

/// Half of each trajectory, a checkpoint, and the other half by an optimiser that was read from it.
#[test]
fn every_method_goes_on_after_a_checkpoint_with_the_same_bits() {
    let golden = golden();
    let vector = |v: &[f64]| Tensor::<f32>::new(v.iter().map(|&x| x as f32).collect(), &[v.len()]);
    let dir = tempfile::tempdir().unwrap();
    for (i, case) in golden.cases.iter().enumerate() {
        let start = vector(&golden.start);
        let new = || case.config.clone().check().unwrap().build(&start, PerParam::default());
        let (mut whole, mut x) = (new(), start.clone());
        let file = dir.path().join(format!("{i}.safetensors"));
        for (t, g) in golden.gradients.iter().enumerate() {
            if t == golden.gradients.len() / 2 {
                let mut writer = Writer::new();
                writer.module("model", &x).optimizer(&*whole).write(&file).unwrap();
            }
            whole.step_scaled(&mut x, &vector(g), 1.0);
        }
        let checkpoint = Checkpoint::read(&file).unwrap();
        let (mut resumed, mut y) = (new(), checkpoint.module("model", &start).unwrap());
        checkpoint.load_optimizer(&mut *resumed).unwrap();
        for g in &golden.gradients[golden.gradients.len() / 2..] {
            resumed.step_scaled(&mut y, &vector(g), 1.0);
        }
        assert_eq!(x, y, "{:?}", case.config);
    }
}

#[test]
fn the_first_adamw_step_has_a_closed_form() {
    // m̂ = g and v̂ = g², so that x ← (1 − ηλ) x − η g / (|g| + ε).
    let config = AdamWConfig { lr: 0.1, weight_decay: 0.5, eps: 1e-3, ..Default::default() };
    let mut x = Tensor::<f64>::new(vec![2.0, -4.0, 1.0], &[3]);
    let g = Tensor::new(vec![0.25, -8.0, 0.0], &[3]);
    let want: Vec<f64> = (x.data().iter().zip(g.data()))
        .map(|(x, g): (&f64, &f64)| 0.95 * x - 0.1 * g / (g.abs() + 1e-3))
        .collect();
    AdamW::new(&x, config.check().unwrap()).step(&mut x, &g);
    for (got, want) in x.data().iter().zip(want) {
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
    }
}

#[test]
fn a_constant_gradient_moves_adamw_by_the_learning_rate() {
    let config = AdamWConfig { lr: 0.01, weight_decay: 0.0, ..Default::default() };
    let mut x = Tensor::<f64>::scalar(0.0);
    let mut optimizer = AdamW::new(&x, config.check().unwrap());
    for _ in 0..50 {
        optimizer.step(&mut x, &Tensor::scalar(3.0));
    }
    assert!((x.item() + 0.5).abs() < 1e-8, "{}", x.item());
}

/// The same numbers, whether a tensor is split over threads and vector lanes or not.
#[test]
fn each_element_is_updated_alike_wherever_it_lies() {
    let mut rng = Rng::new(1);
    let (mut model, gradient) = (net::<f32>(&mut rng), net::<f32>(&mut rng));
    let mut elements: Vec<Tensor> =
        model.weight.data().iter().step_by(97).map(|&x| Tensor::from(x)).collect();
    let gradients: Vec<Tensor> =
        gradient.weight.data().iter().step_by(97).map(|&g| Tensor::from(g)).collect();
    let config = GravesRmsPropConfig::default().check().unwrap();
    let mut whole = GravesRmsProp::new(&model, config.clone());
    let mut single = GravesRmsProp::new(&elements, config);
    for _ in 0..3 {
        whole.step(&mut model, &gradient);
        single.step(&mut elements, &gradients);
    }
    let strided: Vec<f32> = model.weight.data().iter().step_by(97).copied().collect();
    assert_eq!(strided, elements.iter().map(Tensor::item).collect::<Vec<_>>());
    assert_eq!(model.seen.to_vec(), [1.0; 3], "buffers stay");
}

#[test]
fn a_shared_tensor_is_copied_before_it_changes() {
    let mut x = Tensor::<f32>::ones(&[4]);
    let before = x.clone();
    let mut sgd = Sgd::new(&x, SgdConfig { lr: 1.0, ..Default::default() }.check().unwrap());
    sgd.step(&mut x, &Tensor::ones(&[4]));
    assert_eq!((x.to_vec(), before.to_vec()), (vec![0.0; 4], vec![1.0; 4]));
    let place = x.data().as_ptr();
    sgd.step(&mut x, &Tensor::ones(&[4]));
    assert_eq!(x.data().as_ptr(), place, "an unshared one changes in place");
}

#[test]
fn options_act_on_their_parameters_alone() {
    let mut model = net::<f64>(&mut Rng::new(2));
    let start = model.clone();
    let zeros = Net { weight: &model.weight * 0.0, bias: &model.bias * 0.0, ..model.clone() };
    let config = AdamWConfig { lr: 0.1, weight_decay: 0.5, ..Default::default() }.check().unwrap();
    let options = PerParam::by(&model, |path, _| match path {
        "bias" => ParamOptions { weight_decay: Some(0.0), ..Default::default() },
        _ => ParamOptions { lr_factor: 0.5, ..Default::default() },
    });
    AdamW::new(&model, config.clone()).with_options(options).step(&mut model, &zeros);
    assert_eq!(model.bias, start.bias);
    assert_eq!(model.weight.data()[0], start.weight.data()[0] * (1.0 - 0.05 * 0.5));

    let frozen = [ParamGroup {
        path: "w*".into(),
        max_ndim: None,
        lr_factor: None,
        weight_decay: None,
        frozen: Some(true),
    }];
    let options = PerParam::from_groups(&start, &frozen).unwrap();
    let mut model = start.clone();
    AdamW::new(&model, config).with_options(options).step(&mut model, &zeros);
    assert_eq!(model.weight, start.weight);
    assert_ne!(model.bias, start.bias);
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let groups: Vec<ParamGroup> = serde_json::from_str(
        r#"[{ "path": "*", "lr_factor": 2.0 }, { "path": "*.bais", "frozen": true }]"#,
    )
    .unwrap();
    let error = PerParam::from_groups(&net::<f32>(&mut Rng::new(0)), &groups).unwrap_err();
    assert_eq!(
        error.to_string(),
        "optimizer.groups[1].path is \"*.bais\", but should be a pattern that matches one of: weight, bias"
    );
}

#[test]
fn adamax_survives_a_gradient_that_was_always_zero() {
    let mut x = Tensor::<f32>::ones(&[1]);
    AdaMax::new(&x, AdaMaxConfig::default().check().unwrap()).step(&mut x, &Tensor::zeros(&[1]));
    assert_eq!(x.item(), 1.0);
}

#[test]
fn graves_rmsprop_survives_a_variance_that_rounds_below_zero() {
    let mut x = Tensor::<f32>::ones(&[1]);
    let mut optimizer = GravesRmsProp::new(&x, GravesRmsPropConfig::default().check().unwrap());
    for _ in 0..2000 {
        optimizer.step(&mut x, &Tensor::full(&[1], 12345.678));
        assert!(x.item().is_finite());
    }
}

#[test]
fn nan_in_a_gradient_is_not_hidden() {
    for case in golden().cases {
        let mut x = Tensor::<f32>::ones(&[2]);
        let config = case.config.check().unwrap();
        config.build(&x, PerParam::default()).step_scaled(
            &mut x,
            &Tensor::new(vec![f32::NAN, 1.0], &[2]),
            1.0,
        );
        assert!(x.data()[0].is_nan() && x.data()[1].is_finite(), "{config:?}");
    }
}

#[test]
fn clipping_by_norm() {
    let mut g = net::<f32>(&mut Rng::new(3));
    let (before, n) = (g.clone(), 301.0 * 67.0 + 67.0);
    let norm = clip_global_norm(&mut g, 1e9);
    assert!((norm / f64::sqrt(n) - 1.0).abs() < 0.02, "{norm}");
    assert_eq!(g.weight, before.weight, "a small gradient stays");
    assert_eq!(clip_global_norm(&mut g, 1.0), norm);
    assert!((clip_global_norm(&mut g, 10.0) - 1.0).abs() < 1e-6);

    // Squares that overflow f32 do not overflow the norm.
    let mut huge = Tensor::<f32>::full(&[2], 1e30);
    assert!((clip_global_norm(&mut huge, 1.0) / 2e60_f64.sqrt() - 1.0).abs() < 1e-6);
    let mut bad = Tensor::<f32>::new(vec![f32::NAN, 1.0], &[2]);
    assert!(clip_global_norm(&mut bad, 0.5).is_nan());
    assert_eq!(bad.data()[1], 1.0, "a norm that is no number scales nothing");
}

#[test]
fn clipping_by_value() {
    let mut g = Tensor::<f64>::new(vec![-11.0, 5.0, 10.5, f64::NAN], &[4]);
    clip_value(&mut g, 10.0);
    assert_eq!(g.data()[..3], [-10.0, 5.0, 10.0]);
    assert!(g.data()[3].is_nan());
}

#[test]
fn configurations_say_what_is_wrong() {
    let message = |e: ConfigError| e.to_string();
    let sgd = SgdConfig { nesterov: true, ..Default::default() }.check().map_err(message);
    assert_eq!(
        sgd.unwrap_err(),
        "SgdConfig.nesterov is true, but should be false where momentum is 0"
    );
    let adam: OptimizerConfig = serde_json::from_str(r#"{"kind":"adam","beta2":1.0}"#).unwrap();
    assert_eq!(
        message(adam.check().unwrap_err()),
        "AdamConfig.beta2 is 1, but should be in [0, 1)"
    );
    let nan = AdaMaxConfig { lr: f64::NAN, ..Default::default() }.check().map_err(message);
    assert_eq!(nan.unwrap_err(), "AdaMaxConfig.lr is NaN, but should be a finite number >= 0");
    let unknown = serde_json::from_str::<OptimizerConfig>(r#"{"kind":"sgd","learning_rate":1}"#);
    assert!(unknown.unwrap_err().to_string().starts_with("unknown field `learning_rate`"));
}

#[test]
#[should_panic(expected = "update: model and gradient differ at `bias`: shapes [2] and [3]")]
fn another_models_gradient_is_refused() {
    let two = |n| Net::<f32> {
        weight: Tensor::ones(&[1]),
        bias: Tensor::ones(&[n]),
        seen: Tensor::ones(&[1]),
    };
    let mut model = two(2);
    Sgd::new(&model, SgdConfig::default().check().unwrap()).step(&mut model, &two(3));
}
