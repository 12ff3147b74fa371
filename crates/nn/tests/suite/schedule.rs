//! Schedules, plateaus and averages, against hand-computed values.

use seedbed_autodiff::{Float, Tensor, module};
use seedbed_nn::ema::{Ema, EmaConfig};
use seedbed_nn::schedule::{Plateau, PlateauConfig, Schedule};
use seedbed_nn::{Config, Goal};

fn factors(schedule: &Schedule, steps: impl IntoIterator<Item = u64>) -> Vec<f64> {
    steps.into_iter().map(|s| schedule.factor(s)).collect()
}

#[test]
fn factors_are_those_of_the_formulas() {
    assert_eq!(factors(&Schedule::Constant, [0, 7, u64::MAX]), [1.0; 3]);
    assert_eq!(factors(&Schedule::step(3, 0.5), [0, 2, 3, 6, 8]), [1.0, 1.0, 0.5, 0.25, 0.25]);
    let linear = Schedule::Linear { steps: 4, end: 0.5 };
    assert_eq!(factors(&linear, [0, 1, 2, 4, 99]), [1.0, 0.875, 0.75, 0.5, 0.5]);
    let cosine = Schedule::Cosine { steps: 6, end: 0.2 };
    let want = [1.0, 0.2 + 0.8 * 0.75, 0.2 + 0.8 * 0.5, 0.2 + 0.8 * 0.25, 0.2, 0.2];
    for (got, want) in factors(&cosine, [0, 2, 3, 4, 6, 1000]).iter().zip(want) {
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
    }
}

#[test]
fn a_warm_up_goes_before_any_schedule() {
    let warm = Schedule::step(2, 0.1).warm_up(4);
    assert_eq!(factors(&warm, 0..7), [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 0.1]);
    let twice = Schedule::linear(2).warm_up(2).warm_up(1);
    assert_eq!(factors(&twice, 0..6), [0.5, 0.5, 1.0, 1.0, 0.5, 0.0]);
}

/// PyTorch's OneCycleLR(max_lr=1, total_steps=10), computed from the formula in its documentation by hand: the rise ends at step 2.
#[test]
fn one_cycle_goes_up_and_down() {
    let schedule = Schedule::one_cycle(10);
    let want = [
        0.04,
        0.52,
        1.0,
        0.950_484_4,
        0.811_745_6,
        0.611_261_8,
        0.388_742_2,
        0.188_258_4,
        0.049_519_6,
        4e-6,
    ];
    for (got, want) in factors(&schedule, 0..10).iter().zip(want) {
        assert!((got - want).abs() < 1e-6, "{got} is not {want}");
    }
    assert_eq!(factors(&schedule, [10, 1000, u64::MAX]), [4e-6; 3]);
    // Without a rise it begins at the top; with nothing else it ends there.
    let down = Schedule::OneCycle { steps: 5, rise: 0.0, start: 0.1, end: 0.0 };
    assert!(factors(&down, 0..5).is_sorted_by(|a, b| a > b));
    assert!(factors(&Schedule::one_cycle(1), 0..3).iter().all(|f| f.is_finite()));
}

#[test]
fn warm_restarts_begin_again() {
    let schedule = Schedule::WarmRestarts { steps: 4, longer: 3, end: 0.2 };
    for (cycle, start) in [(4, 0), (12, 4), (36, 16)] {
        let cosine = Schedule::Cosine { steps: cycle, end: 0.2 };
        for step in 0..cycle {
            let (got, want) = (schedule.factor(start + step), cosine.factor(step));
            assert!((got - want).abs() < 1e-15, "{got} is not {want}");
        }
    }
    let equal = Schedule::warm_restarts(5, 1);
    assert_eq!(factors(&equal, 0..5), factors(&equal, 1_000_000..1_000_005));
    assert!(schedule.factor(u64::MAX).is_finite());
    let text = r#"{"kind":"warm_restarts","steps":5}"#;
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), equal);
    let bad = Schedule::warm_restarts(5, 0).check().unwrap_err();
    assert_eq!(bad.to_string(), "Schedule.longer is 0, but should be at least 1");
    let text = r#"{"kind":"one_cycle","steps":10}"#;
    assert_eq!(serde_json::from_str::<Schedule>(text).unwrap(), Schedule::one_cycle(10));
}

#[test]
fn schedules_are_read_from_files_and_checked() {
    let text = r#"{"kind":"warm_up","steps":10,"then":{"kind":"cosine","steps":100}}"#;
    let schedule: Schedule = serde_json::from_str(text).unwrap();
    assert_eq!(schedule, Schedule::cosine(100).warm_up(10));
    let unknown = serde_json::from_str::<Schedule>(r#"{"kind":"step","every":1,"gama":0.5}"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `gama`"));
    let constant = |text| serde_json::from_str::<Schedule>(text);
    assert_eq!(constant(r#"{"kind":"constant"}"#).unwrap(), Schedule::Constant);
    let unknown = constant(r#"{"kind":"constant","warm_up":500}"#).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `warm_up`"), "{unknown}");
    let bad = Schedule::step(0, 0.5).warm_up(1).check().unwrap_err();
    assert_eq!(bad.to_string(), "Schedule.every is 0, but should be at least 1");
    let bad = Schedule::step(5, 1.5).check().unwrap_err();
    assert_eq!(bad.to_string(), "Schedule.gamma is 1.5, but should be in (0, 1]");
}

#[test]
fn a_plateau_lowers_the_factor_and_can_be_saved() {
    let config = PlateauConfig { gamma: 0.1, patience: 2, min_delta: 0.5, min_factor: 0.05 };
    let config = config.check().unwrap();
    let mut plateau = Plateau::default();
    let mut got = Vec::new();
    // A gain of less than min_delta is none, and NaN is none.
    for accuracy in [1.0, 1.2, f64::NAN, 2.0, 1.0, 1.0, 1.0, 1.0] {
        got.push(plateau.observe(accuracy, Goal::Max, &config));
        let saved = serde_json::to_string(&plateau).unwrap();
        plateau = serde_json::from_str(&saved).unwrap();
    }
    assert_eq!(got, [1.0, 1.0, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05]);
}

#[derive(Clone, Debug)]
struct Norm<F: Float = f32> {
    weight: Tensor<F>,
    mean: Tensor<F>,
}
module!(Norm<F> { weight } buffers { mean });

#[test]
fn an_average_follows_the_parameters_and_copies_the_buffers() {
    let model = |x: f64| Norm::<f64> { weight: Tensor::full(&[2], x), mean: Tensor::scalar(x) };
    let config = EmaConfig { decay: 0.5, warm_up: false }.check().unwrap();
    let mut ema = Ema::new(&model(0.0), config);
    let got = [8.0, 8.0, 0.0].map(|x| {
        ema.update(&model(x));
        (ema.average.weight.data()[1], ema.average.mean.item())
    });
    assert_eq!(got, [(4.0, 8.0), (6.0, 8.0), (3.0, 0.0)]);

    // Warming up: d is 1/10, then 2/11.
    let mut ema = Ema::new(&model(0.0), EmaConfig::default().check().unwrap());
    ema.update(&model(1.0));
    assert!((ema.average.weight.data()[0] - 0.9).abs() < 1e-12);
    ema.update(&model(1.0));
    assert!((ema.average.weight.data()[0] - (1.0 - 0.1 * 2.0 / 11.0)).abs() < 1e-12);
}
