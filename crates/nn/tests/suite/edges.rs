//! Optimisers and clipping where numbers are very large or very small, and parameters that were frozen.

use seedbed_autodiff::{Float, Rng, Tensor};
use seedbed_nn::Config;
use seedbed_nn::checkpoint::{Checkpoint, Writer};
use seedbed_nn::clip::{clip_global_norm, clip_value, global_norm};
use seedbed_nn::ema::{Ema, EmaConfig};
use seedbed_nn::optim::{
    AdaMaxConfig, AdamConfig, AdamW, AdamWConfig, AmsGradConfig, GravesRmsPropConfig, LionConfig,
    Method, Optim, ParamGroup, ParamOptions, PerParam, RmsPropConfig, SgdConfig,
};
use seedbed_nn::schedule::{PlateauConfig, Schedule};
use seedbed_nn::train::{Metrics, Stream, TrainConfig, Trainer};

type Pair = Vec<Tensor<f64>>;

fn pair(x: f64) -> Pair {
    vec![Tensor::full(&[2], x), Tensor::full(&[3], x)]
}

fn second_frozen(model: &Pair) -> PerParam {
    PerParam::by(model, |path, _| ParamOptions { frozen: path == "1", ..Default::default() })
}

/// A parameter that is thawed makes its first step as if the optimiser were new, and one that was frozen for a while goes on.
fn thaws<C: Method<f64, S> + Clone, const S: usize>(config: C) {
    let (model, g) = (pair(1.0), pair(0.3));
    let new = || Optim::<Pair, C, S>::new(&model, config.clone().check().unwrap());
    let mut first = model.clone();
    new().step(&mut first, &g);

    let mut optimizer = new().with_options(second_frozen(&model));
    let mut x = model.clone();
    for _ in 0..1000 {
        optimizer.step(&mut x, &g);
    }
    assert_eq!(x[1], model[1]);
    let mut optimizer = optimizer.with_options(PerParam::default());
    optimizer.step(&mut x, &g);
    assert_eq!(x[1], first[1], "{}", C::NAME);
    assert_eq!((optimizer.steps(), optimizer.param_steps()), (1001, &[1001, 1][..]));

    // Frozen between its steps, it is where one is that was never frozen.
    let (mut paused, mut steady) = (new(), new());
    let (mut y, mut z) = (model.clone(), model.clone());
    for step in 0..6 {
        let frozen = (2..5).contains(&step);
        let options = if frozen { second_frozen(&model) } else { PerParam::default() };
        paused = paused.with_options(options);
        paused.step(&mut y, &g);
        if !frozen {
            steady.step(&mut z, &g);
        }
    }
    assert_eq!(y[1], z[1], "{}", C::NAME);
}

#[test]
fn a_thawed_parameter_begins_as_any_other() {
    thaws(SgdConfig { momentum: 0.9, ..Default::default() });
    thaws(AdamConfig::default());
    thaws(AdamWConfig::default());
    thaws(AdaMaxConfig::default());
    thaws(AmsGradConfig::default());
    thaws(LionConfig::default());
    thaws(RmsPropConfig { momentum: 0.5, ..Default::default() });
    thaws(GravesRmsPropConfig::default());
}

#[test]
fn the_steps_of_each_parameter_are_in_the_checkpoint() {
    let (model, g) = (pair(1.0), pair(0.3));
    let config = || AdamWConfig::default().check().unwrap();
    let mut optimizer = AdamW::new(&model, config()).with_options(second_frozen(&model));
    let mut x = model.clone();
    for _ in 0..5 {
        optimizer.step(&mut x, &g);
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.safetensors");
    Writer::new().module("model", &x).optimizer(&optimizer).write(&file).unwrap();

    let checkpoint = Checkpoint::read(&file).unwrap();
    let mut resumed = AdamW::new(&model, config());
    checkpoint.load_optimizer(&mut resumed).unwrap();
    assert_eq!((resumed.steps(), resumed.param_steps()), (5, &[5, 0][..]));
    let mut thawed = optimizer.with_options(PerParam::default());
    let mut y = x.clone();
    thawed.step(&mut x, &g);
    resumed.step(&mut y, &g);
    assert_eq!(x, y);

    // The steps of another number of parameters, and more than there were.
    for steps in [&[5_u64][..], &[5, 6]] {
        let mut writer = Writer::new();
        writer.module("optimizer.m", &model).module("optimizer.v", &model);
        let value = serde_json::json!({ "name": "adamw", "steps": 5, "param_steps": steps });
        writer.value("optimizer", &value).unwrap().write(&file).unwrap();
        let before = format!("{resumed:?}");
        let error = Checkpoint::read(&file).unwrap().load_optimizer(&mut resumed).unwrap_err();
        assert!(error.to_string().contains("corrupt: the steps of "), "{error}");
        assert_eq!(format!("{resumed:?}"), before);
    }
}

/// Steps along a constant gradient are of one size, however large the gradient is.
fn does_not_mind_size<F: Float, C: Method<F, S> + Clone, const S: usize>(config: C, sizes: &[f64]) {
    let walk = |g: f64| {
        let mut x = Tensor::<F>::full(&[3], 1.0);
        let mut optimizer = Optim::<Tensor<F>, C, S>::new(&x, config.clone().check().unwrap());
        for _ in 0..20 {
            optimizer.step(&mut x, &Tensor::new(vec![F::of(g), F::of(-g), F::zero()], &[3]));
        }
        x.to_vec()
    };
    let want = walk(1e6);
    for &g in sizes {
        for (got, want) in walk(g).into_iter().zip(&want) {
            let difference = (got - *want).abs().f64();
            assert!(difference < 1e-4 * want.abs().f64(), "{}, {g}: {got} {want}", C::NAME);
        }
    }
    let infinite = {
        let mut x = Tensor::<F>::full(&[1], 1.0);
        let mut optimizer = Optim::<Tensor<F>, C, S>::new(&x, config.clone().check().unwrap());
        optimizer.step(&mut x, &Tensor::full(&[1], f64::INFINITY));
        x.item()
    };
    assert!(!infinite.is_finite(), "{}: an infinite gradient is not hidden", C::NAME);
}

#[test]
fn squares_of_gradients_do_not_overflow() {
    let (f32s, f64s) = ([1e18, 1e20, 1e30, 3e38], [1e18, 1e150, 3e200, 1e308]);
    macro_rules! both {
        ($($config:expr),*) => {$(
            does_not_mind_size::<f32, _, _>($config, &f32s);
            does_not_mind_size::<f64, _, _>($config, &f64s);
        )*};
    }
    both!(
        AdamConfig::default(),
        AdamWConfig::default(),
        AdaMaxConfig::default(),
        AmsGradConfig::default(),
        LionConfig::default(),
        RmsPropConfig::default()
    );
}

#[test]
fn an_epsilon_below_the_element_type_is_not_0() {
    fn survives<C: Method<f32, S>, const S: usize>(config: C) {
        let mut x = Tensor::<f32>::ones(&[3]);
        let mut optimizer = Optim::<Tensor, C, S>::new(&x, config.check().unwrap());
        for _ in 0..3 {
            optimizer.step(&mut x, &Tensor::new(vec![0.0, 1e-30, 1e-3], &[3]));
        }
        assert_eq!(x.data()[0], 1.0, "{}", C::NAME);
        assert!(x.data().iter().all(|x| (x - 1.0).abs() < 0.1), "{}: {x:?}", C::NAME);
    }
    let (lr, eps) = (1e-3, 1e-300);
    survives(AdamConfig { lr, eps, ..Default::default() });
    survives(AdamWConfig { lr, eps, weight_decay: 0.0, ..Default::default() });
    survives(AdaMaxConfig { lr, eps, ..Default::default() });
    survives(AmsGradConfig { lr, eps, ..Default::default() });
    survives(RmsPropConfig { lr, eps, ..Default::default() });
    survives(GravesRmsPropConfig { lr, eps, ..Default::default() });
}

#[test]
fn weights_decay_to_0_and_no_further() {
    let message = |c: AdamWConfig| c.check().unwrap_err().to_string();
    assert_eq!(
        message(AdamWConfig { lr: 4.0, weight_decay: 0.5, ..Default::default() }),
        "AdamWConfig.weight_decay is 0.5, but should be at most 1 / lr, with which a step takes a weight to 0"
    );
    let large = message(AdamWConfig { lr: 1e39, ..Default::default() });
    assert!(large.ends_with("but should be at most 3.4e38, which 32 bits can hold"), "{large}");
    assert!(SgdConfig { weight_decay: 1e39, ..Default::default() }.check().is_err());
    assert!(RmsPropConfig { eps: 1e39, ..Default::default() }.check().is_err());
    assert!(AdaMaxConfig { lr: f64::MAX, ..Default::default() }.check().is_err());
    let group = |lr_factor| ParamGroup {
        path: "*".into(),
        max_ndim: None,
        lr_factor: Some(lr_factor),
        weight_decay: None,
        frozen: None,
    };
    assert!(PerParam::from_groups(&pair(1.0), &[group(1e300)]).is_err());
    // A group's own learning rate is beyond what the configuration knows of.
    let options = PerParam::from_groups(&pair(1.0), &[group(10.0)]).unwrap();
    let config = AdamWConfig { lr: 1.0, weight_decay: 1.0, ..Default::default() };
    let mut x = pair(1.0);
    AdamW::new(&x, config.check().unwrap()).with_options(options).step(&mut x, &pair(0.0));
    assert_eq!(x, pair(0.0));
}

#[test]
fn schedules_and_averages_at_their_ends() {
    assert!(Schedule::Linear { steps: 3, end: 1e300 }.check().is_err());
    assert!(PlateauConfig { min_factor: 5.0, ..Default::default() }.check().is_err());
    assert!(PlateauConfig { min_factor: f64::NAN, ..Default::default() }.check().is_err());
    for step in [0, 5, u64::MAX] {
        assert!(Schedule::cosine(u64::MAX).warm_up(u64::MAX).factor(step).is_finite());
        assert!(Schedule::step(1, 0.5).factor(step) >= 0.0);
    }
    let config = EmaConfig { decay: 1.0 - 1e-12, warm_up: false }.check().unwrap();
    let mut ema = Ema::new(&Tensor::<f32>::scalar(0.0), config);
    ema.update(&Tensor::scalar(1e30));
    assert!((ema.average.item() / 1e18 - 1.0).abs() < 1e-3, "{}", ema.average.item());
}

/// Steps that are smaller than half of an average's last digit add up.
#[test]
fn averages_move_however_small_their_steps_are() {
    fn after<F: Float>(decay: f64, from: f64, to: f64, updates: u64) -> f64 {
        let config = EmaConfig { decay, warm_up: false }.check().unwrap();
        let mut ema = Ema::new(&Tensor::<F>::scalar(from), config);
        (0..updates).for_each(|_| ema.update(&Tensor::scalar(to)));
        assert_eq!(ema.updates, updates);
        ema.average.item().f64()
    }
    let cases: [(f64, f64, f64, u64); 5] = [
        (1.0 - 1e-8, 1.0, 2.0, 1_000_000),
        (1.0 - 1e-6, 1.0, 1.01, 1_000_000),
        (0.9999, 1.0, 1.0001, 100_000),
        (1.0 - 1e-9, -300.0, 50.0, 100_000),
        (0.99, 1e-3, -1e-3, 2_000),
    ];
    for (decay, from, to, updates) in cases {
        let right = to + (from - to) * (updates as f64 * decay.ln()).exp();
        let found = after::<f32>(decay, from, to, updates);
        let least = f64::from(f32::EPSILON) * right.abs();
        assert!((found - right).abs() <= least, "{decay}: {found}, {right}");
        let found = after::<f64>(decay, from, to, updates);
        assert!((found - right).abs() <= 1e-9 * right.abs(), "{decay}: {found}, {right}");
    }
    // An average that was set from elsewhere goes on from there.
    let config = EmaConfig { decay: 0.5, warm_up: false }.check().unwrap();
    let mut ema = Ema::new(&Tensor::<f32>::scalar(16_777_216.0), config);
    ema.update(&Tensor::scalar(16_777_218.5));
    ema.average = Tensor::scalar(0.0);
    ema.update(&Tensor::scalar(1.0));
    assert_eq!(ema.average.item(), 0.5);
    ema.update(&Tensor::scalar(f32::INFINITY.into()));
    assert_eq!(ema.average.item(), f32::INFINITY);
}

#[test]
fn averages_come_back_with_what_rounding_left() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ema.safetensors");
    let config = EmaConfig { decay: 1.0 - 1e-8, warm_up: false }.check().unwrap();
    let new = || Ema::new(&Tensor::<f32>::scalar(1.0), config.clone());
    let update = |ema: &mut Ema<Tensor<f32>>, n| {
        (0..n).for_each(|_| ema.update(&Tensor::scalar(2.0)));
    };
    let (mut whole, mut first, mut second) = (new(), new(), new());
    update(&mut whole, 7);
    update(&mut first, 3);
    Writer::new().ema("ema", &first).write(&file).unwrap();
    Checkpoint::read(&file).unwrap().load_ema("ema", &mut second).unwrap();
    update(&mut second, 4);
    assert_eq!(second.average, whole.average);
    // Of an early version, which had the average alone.
    Writer::new().module("ema", &first.average).write(&file).unwrap();
    let mut early = new();
    Checkpoint::read(&file).unwrap().load_ema("ema", &mut early).unwrap();
    assert_eq!(early.average, first.average);
}

#[test]
fn norms_of_any_size_are_clipped() {
    for scale in [1e-310_f64, 1e-200, 1e-155, 1.0, 1e154, 1e200, 3e307] {
        for (x, y) in [(3.0, 4.0), (-4.0, 3.0)] {
            let gradient = || {
                let rest = Tensor::<f64>::new(vec![0.0, y * scale], &[2]);
                (Tensor::<f64>::scalar(x * scale), rest)
            };
            let (norm, mut g) = (5.0 * scale, gradient());
            let near = |got: f64, want: f64| {
                let error = if scale < 1e-300 { 1e-10 } else { 1e-14 };
                assert!((got / want - 1.0).abs() < error, "{scale}: {got} {want}");
            };
            near(global_norm(&g), norm);
            near(clip_global_norm(&mut g, norm * 2.0), norm);
            assert_eq!(g, gradient(), "a small one stays");
            let max = norm * 1e-10;
            if max > 0.0 && scale > 1e-300 {
                near(clip_global_norm(&mut g, max), norm);
                near(g.0.item(), x / 5.0 * max);
                near(g.1.data()[1], y / 5.0 * max);
                near(global_norm(&g), max);
            }
            let mut g = gradient();
            clip_global_norm(&mut g, 1e-200);
            if scale > 1e-199 {
                near(global_norm(&g), 1e-200);
            }
        }
    }
    assert_eq!(global_norm(&Tensor::<f64>::zeros(&[3])), 0.0);
    assert_eq!(global_norm(&Tensor::<f64>::zeros(&[0])), 0.0);
    // The smallest of all numbers, and a norm beyond the largest.
    assert_eq!(global_norm(&Tensor::<f64>::full(&[1], 5e-324)), 5e-324);
    let mut g = Tensor::<f64>::full(&[4], f64::MAX);
    assert_eq!(clip_global_norm(&mut g, 2.0), f64::MAX);
    assert!(g.data().iter().all(|x| (x - 1.0).abs() < 1e-14), "{g:?}");
}

#[test]
fn what_is_not_finite_is_neither_clipped_nor_hidden() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut g = Tensor::<f64>::new(vec![3e200, bad], &[2]);
        let norm = clip_global_norm(&mut g, 1.0);
        assert!(!norm.is_finite() && norm.is_nan() == bad.is_nan(), "{bad}: {norm}");
        assert_eq!(g.data()[0], 3e200);
    }
}

#[test]
fn a_factor_that_f32_cannot_hold_still_clips() {
    let mut g = Tensor::<f32>::new(vec![3e30, -4e30], &[2]);
    let norm = clip_global_norm(&mut g, 1e-20);
    assert!((norm / 5e30 - 1.0).abs() < 1e-6);
    assert!((g.data()[0] / 6e-21 - 1.0).abs() < 1e-6 && (g.data()[1] / -8e-21 - 1.0).abs() < 1e-6);
}

#[test]
#[should_panic(expected = "clip_value: limit is 1e-60, but should be above 0")]
fn a_limit_that_f32_takes_for_0_is_refused() {
    let limit = 1e-60;
    // Written by Display without an exponent.
    let result = std::panic::catch_unwind(|| clip_value(&mut Tensor::<f32>::ones(&[2]), limit));
    let text = *result.unwrap_err().downcast::<String>().unwrap();
    panic!("{}", text.replace(&limit.to_string(), "1e-60"));
}

#[test]
fn a_large_gradient_of_f64_does_not_end_a_training() {
    let config = TrainConfig { steps: 3, clip_norm: Some(1.0), ..Default::default() };
    let model = Tensor::<f64>::new(vec![1.0, 1.0], &[2]);
    let sgd = SgdConfig { lr: 0.5, ..Default::default() }.check().unwrap();
    let optimizer = Optim::new(&model, sgd);
    let mut trainer = Trainer::new(model, optimizer, Rng::new(0), config.check().unwrap());
    let mut nothing = Stream::new((), |()| Some(()), |()| (), |(), ()| Ok::<_, String>(()));
    let scale = Tensor::<f64>::new(vec![3e200, 4e200], &[2]);
    let loss = |m: &Tensor<f64>, _: &(), _: &mut Rng| (m * &scale).sum(..);
    trainer.fit(&mut nothing, loss, |_| Metrics::new()).unwrap();
    let x = trainer.model.to_vec();
    assert!((x[0] - 0.1).abs() < 1e-12 && (x[1] + 0.2).abs() < 1e-12, "{x:?}");

    let message = |c: TrainConfig| c.check().unwrap_err().to_string();
    let config = TrainConfig { clip_value: Some(1e-60), ..Default::default() };
    assert!(message(config).ends_with("but should be at least 1e-37, which 32 bits can hold"));
}
