//! Recurrent independent mechanisms: values against naive code, gradients against differences, and what inactive modules do.

mod naive;

use proptest::prelude::*;
use seedbed_autodiff::{GradCheck, Module, Rng, Tensor, check_grads, grad};
use seedbed_mechanisms::rims::{Communication, RimCell, RimConfig, Rims, Selection};
use seedbed_nn::{Config, Lstm};

const RULES: [Selection; 2] = [Selection::EmptySlot, Selection::Compete];
const TALK: Communication = Communication { heads: 2, key: 3, value: 2 };

/// Three modules of two units on three features.
fn config(active: usize, selection: Selection, communication: Option<Communication>) -> RimConfig {
    RimConfig {
        modules: 3,
        units: 2,
        active,
        selection,
        key: 4,
        value: Some(3),
        communication,
        attention_std: None,
        ..RimConfig::new(3)
    }
}

fn cell(config: RimConfig, seed: u64) -> RimCell<f64> {
    RimCell::new(&config.check().unwrap(), &mut Rng::new(seed))
}

fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, &mut Rng::new(seed))
}

/// The state of one sample of `[2, modules, batch, units]`.
fn of_sample(state: &Tensor<f64>, sample: usize) -> [Vec<Vec<f64>>; 2] {
    let row = |part: usize, m: usize| {
        state.index(0, part as isize).index(0, m as isize).index(0, sample as isize).to_vec()
    };
    [0, 1].map(|part| (0..state.shape()[1]).map(|m| row(part, m)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_step_is_the_naive_one(seed in 0_u64..1000, active in 1_usize..=3, rule in 0_usize..2, talks in any::<bool>()) {
        let cell = cell(config(active, RULES[rule], talks.then_some(TALK)), seed);
        let (x, state) = (normal(&[4, 3], seed + 1), normal(&[2, 3, 4, 2], seed + 2));
        let (next, trace) = cell.step_traced(&x, &state);
        for sample in 0..4 {
            let row = x.index(0, sample as isize).to_vec();
            let wanted = naive::step(&cell, &row, &of_sample(&state, sample), None);
            let found = of_sample(&next, sample);
            for (found, wanted) in found.iter().flatten().flatten().zip(wanted.state.iter().flatten().flatten()) {
                prop_assert!((found - wanted).abs() < 1e-12, "{found} and not {wanted}");
            }
            let before = of_sample(&state, sample);
            for (m, is_active) in wanted.active.iter().enumerate() {
                prop_assert_eq!(trace.active.data()[m * 4 + sample] == 1.0, *is_active);
                if !is_active {
                    // To the bit.
                    prop_assert_eq!(&found[0][m], &before[0][m]);
                    prop_assert_eq!(&found[1][m], &before[1][m]);
                }
            }
        }
    }
}

/// Checks a cell's gradients by parameters, input and state.
fn check(cell: &RimCell<f64>, x: &Tensor<f64>, state: &Tensor<f64>, order: usize) {
    let mut all = cell.params();
    all.extend([x.clone(), state.clone()]);
    check_grads(GradCheck { order, tolerance: 1e-6, ..Default::default() }, &all, |all| {
        let (params, rest) = all.split_at(all.len() - 2);
        let mut params = params.iter();
        let cell = cell.map_params(|_| params.next().unwrap().clone());
        // Two steps, so that the second begins with what the first has made.
        cell.step(&rest[0], &cell.step(&rest[0], &rest[1]))
    });
}

#[test]
fn gradients_where_all_are_active() {
    for rule in RULES {
        check(
            &cell(config(3, rule, Some(TALK)), 1),
            &normal(&[2, 3], 2),
            &normal(&[2, 3, 2, 2], 3),
            2,
        );
    }
}

/// Where modules do not read each other nothing is cut, so that the gradient is that of the values.
#[test]
fn gradients_where_some_are_active() {
    for rule in RULES {
        for active in [1, 2] {
            check(
                &cell(config(active, rule, None), 4),
                &normal(&[2, 3], 5),
                &normal(&[2, 3, 2, 2], 6),
                2,
            );
        }
    }
}

/// The gradient of a step with some active modules is that of a function in which the others are heard as constants: differences of the naive step say so.
#[test]
fn what_is_heard_of_inactive_modules_is_a_constant() {
    for rule in RULES {
        let cell = cell(config(2, rule, Some(TALK)), 7);
        let (x, state) = (normal(&[1, 3], 8), normal(&[2, 3, 1, 2], 9));
        let weights = normal(&[2, 3, 1, 2], 10);
        let frozen = naive::step(&cell, x.data(), &of_sample(&state, 0), None).candidates;
        let value = |cell: &RimCell<f64>, frozen: Option<&[Vec<f64>]>| -> f64 {
            let step = naive::step(cell, x.data(), &of_sample(&state, 0), frozen);
            step.state.iter().flatten().flatten().zip(weights.data()).map(|(a, b)| a * b).sum()
        };
        let gradient = grad(&cell, |cell| (cell.step(&x, &state) * &weights).sum(..));
        // A random direction through all parameters.
        let mut seed = 11;
        let direction = cell.map_params(|p| {
            seed += 1;
            normal(p.shape(), seed)
        });
        let moved = |t: f64| cell.zip_params(&direction, |p, d| p + d * t);
        let slope = |frozen: Option<&[Vec<f64>]>| {
            (value(&moved(1e-5), frozen) - value(&moved(-1e-5), frozen)) / 2e-5
        };
        let pairs = gradient.params().into_iter().zip(direction.params());
        let exact: f64 = pairs.map(|(g, d)| (g * d).sum(..).item()).sum();
        let (cut, whole) = (slope(Some(&frozen)), slope(None));
        assert!((exact - cut).abs() < 1e-7 * (1.0 + cut.abs()), "{exact} and not {cut}");
        assert!(
            (whole - cut).abs() > 1e-4,
            "{whole} is {cut}: the test would not see a gradient that is not cut"
        );
    }
}

#[test]
fn inactive_modules_hand_gradients_on_and_learn_nothing() {
    for rule in RULES {
        let cell = cell(config(1, rule, Some(TALK)), 12);
        let (x, state) = (normal(&[1, 3], 13), normal(&[2, 3, 1, 2], 14));
        let (_, trace) = cell.step_traced(&x, &state);
        let both = (cell.clone(), state.clone());
        let (of_cell, _) = grad(&both, |(cell, state)| cell.step(&x, state).square().sum(..));
        for m in 0..3_usize {
            let learnt = of_cell.weight_h.index(0, m as isize).data().iter().any(|&g| g != 0.0);
            assert_eq!(learnt, trace.active.data()[m] == 1.0, "module {m}");
            if trace.active.data()[m] == 1.0 {
                continue;
            }
            // Its state goes through: the gradient of its own new state is that of the identity.
            let own =
                grad(&state, |state| cell.step(&x, state).index(1, m as isize).square().sum(..));
            for other in 0..3_isize {
                let (own, state) = (own.index(1, other), state.index(1, other));
                let wanted =
                    if other == m as isize { state * 2.0 } else { Tensor::zeros(&[2, 1, 2]) };
                assert_eq!(own.to_vec(), wanted.to_vec());
            }
        }
    }
}

/// One module that is active and reads everything is an LSTM on x V.
#[test]
fn one_module_is_an_lstm() {
    let config = RimConfig { modules: 1, active: 1, ..config(1, Selection::Compete, None) };
    let rims = Rims::<f64>::new(&config.check().unwrap(), 1, &mut Rng::new(15));
    let cell = &rims.layers[0];
    let mut lstm = Lstm::<f64>::new(3, 2, 1, &mut Rng::new(16));
    lstm.layers[0].weight_x = cell.value.matmul(&cell.weight_x.index(0, 0));
    lstm.layers[0].weight_h = cell.weight_h.index(0, 0);
    lstm.layers[0].bias = cell.bias.flatten();
    let x = normal(&[4, 6, 3], 17);
    let (ours, states) = rims.forward(&x, None);
    let (theirs, of_lstm) = lstm.forward(&x, None);
    for (a, b) in ours.data().iter().zip(theirs.data()) {
        assert!((a - b).abs() < 1e-12, "{a} and not {b}");
    }
    assert_eq!(states[0].shape(), [2, 1, 4, 2]);
    assert!((states[0].data()[0] - of_lstm[0].h.data()[0]).abs() < 1e-12);
}

#[test]
fn a_sequence_in_two_parts_is_the_whole() {
    let config = config(2, Selection::EmptySlot, Some(TALK)).check().unwrap();
    let rims = Rims::<f64>::new(&config, 2, &mut Rng::new(18));
    let x = normal(&[3, 7, 3], 19);
    let (whole, of_whole) = rims.forward(&x, None);
    let (first, states) = rims.forward(&x.slice(1, ..4), None);
    let rest = rims.run(&x.slice(1, 4..), Some(&states)).unwrap();
    assert_eq!(Tensor::concat(&[first, rest.outputs], 1).to_vec(), whole.to_vec());
    assert_eq!(rest.states[1].to_vec(), of_whole[1].to_vec());
    // The trace tells of steps as they were made.
    let trace = &rest.traces[1];
    assert_eq!(trace.heard.as_ref().unwrap().shape(), [3, 3, 3, 3]);
    let sums = trace.heard.as_ref().unwrap().sum(-1);
    assert!(sums.data().iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    assert!(trace.active.sum(-1).data().iter().all(|&n| n == 2.0));
    assert!((trace.usage().iter().sum::<f64>() - 2.0).abs() < 1e-12);
    assert_eq!(trace.csv().lines().count(), 1 + 3 * 3 * 3);
}

#[test]
fn what_does_not_fit_is_said() {
    let rims = Rims::<f64>::new(&config(2, RULES[0], None).check().unwrap(), 1, &mut Rng::new(0));
    let error = |x: &Tensor<f64>, initial: Option<&[Tensor<f64>]>| {
        rims.run(x, initial).unwrap_err().to_string()
    };
    let x = normal(&[2, 4, 3], 1);
    assert_eq!(
        error(&normal(&[2, 3], 1), None),
        "the shape of the sequence is [2, 3], but should be [batch, time, 3]"
    );
    assert_eq!(
        error(&normal(&[2, 4, 5], 1), None),
        "the shape of the sequence is [2, 4, 5], but should be [batch, time, 3]"
    );
    assert_eq!(
        error(&x, Some(&[])),
        "the shape of the list of states is [0], but should be [1], one state a layer"
    );
    assert_eq!(
        error(&x, Some(&[Tensor::zeros(&[2, 3, 1, 2])])),
        "the shape of the state of layer 0 is [2, 3, 1, 2], but should be [2, 3, 2, 2]"
    );
    assert_eq!(
        error(&Tensor::zeros(&[2, 0, 3]), None),
        "the sequence is empty, but should have at least 1 row"
    );
    let mut broken = x.to_vec();
    broken[13] = f64::NAN;
    assert_eq!(
        error(&Tensor::new(broken, &[2, 4, 3]), None),
        "a number of the sequence is NaN in row 1, but should be finite"
    );
    assert!(Rims::<f64> { layers: vec![] }.run(&x, None).is_err());
    let cell = &rims.layers[0];
    assert!(cell.check(&Tensor::zeros(&[2, 4]), &cell.zero_state(2)).is_err());
    assert!(cell.check(&Tensor::zeros(&[2, 3]), &cell.zero_state(1)).is_err());
    let wrong = |change: fn(&mut RimConfig)| {
        let mut config = RimConfig::new(3);
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    assert!(
        wrong(|c| c.active = 0).starts_with("RimConfig.active is 0, but should be from 1 to 6")
    );
    assert!(wrong(|c| c.units = 0).starts_with("RimConfig.units is 0"));
    assert!(wrong(|c| c.attention_std = Some(-1.0)).starts_with("RimConfig.attention_std is -1"));
    let silent = Communication { heads: 0, ..Communication::default() };
    let mut config = RimConfig::new(3);
    config.communication = Some(silent);
    assert!(config.check().is_err());
}

/// A score that is NaN does not make a module active while others have numbers.
#[test]
fn nan_comes_last() {
    let mut cell = cell(config(2, Selection::EmptySlot, None), 20);
    let mut query = cell.query.to_vec();
    query[..8].fill(f64::NAN);
    cell.query = Tensor::new(query, cell.query.shape());
    let (_, trace) = cell.step_traced(&normal(&[1, 3], 21), &normal(&[2, 3, 1, 2], 22));
    assert_eq!(trace.active.to_vec(), [0.0, 1.0, 1.0]);
}

/// The first number of a sequence comes back after others: modules remember while they are trained.
#[test]
fn learns_to_remember() {
    use seedbed_nn::Linear;
    use seedbed_nn::optim::{Adam, AdamConfig};
    let rng = &mut Rng::new(0);
    let config = RimConfig {
        units: 6,
        active: 2,
        key: 8,
        communication: Some(TALK),
        ..config(2, Selection::EmptySlot, None)
    };
    let rims = Rims::<f32>::new(&config.check().unwrap(), 1, rng);
    let mut model = (rims, Linear::<f32>::new(18, 1, rng));
    let adam = AdamConfig { lr: 0.02, ..AdamConfig::default() };
    let mut adam = Adam::new(&model, adam.check().unwrap());
    let mut last = f32::INFINITY;
    for _ in 0..150 {
        let x = Tensor::uniform(&[16, 5, 3], -1.0, 1.0, rng);
        let wanted = x.index(1, 0).slice(1, ..1);
        let (loss, gradient) = seedbed_autodiff::value_and_grad(&model, |(rims, out)| {
            let (y, _) = rims.forward(&x, None);
            (out.forward(&y.index(1, -1)) - &wanted).square().mean(..)
        });
        adam.step(&mut model, &gradient);
        last = loss.item();
    }
    // A third is the variance of what is asked for.
    assert!(last < 0.1, "{last}");
}
