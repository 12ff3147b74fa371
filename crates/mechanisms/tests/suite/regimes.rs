//! Regimes of tables with known laws, and tables that are none.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_mechanisms::MechanismsError;
use seedbed_mechanisms::evaluate::adjusted_rand_index;
use seedbed_mechanisms::regimes::{Regimes, RegimesConfig, regimes};
use seedbed_nn::Config;

/// Rows of three laws of two columns, y = w · x + b, with noise.
fn three_laws(rows: usize, seed: u64) -> (Tensor<f64>, Tensor<f64>, Vec<usize>) {
    let rng = &mut Rng::new(seed);
    let laws = [[2.0, -1.0, 0.0], [-1.0, 1.0, 6.0], [0.5, 3.0, -8.0]];
    let (mut x, mut y, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let (law, a, b) = (rng.below(3), 100.0 * rng.uniform(), rng.normal());
        let [u, v, w] = laws[law];
        x.extend([a, b]);
        y.push(u * a / 50.0 + v * b + w + 0.1 * rng.normal());
        truth.push(law);
    }
    (Tensor::new(x, &[rows, 2]), Tensor::new(y, &[rows]), truth)
}

fn found(x: &Tensor<f64>, y: &Tensor<f64>, config: RegimesConfig) -> Regimes {
    regimes(x, y, &config.check().unwrap()).unwrap()
}

#[test]
fn laws_are_told_apart() {
    for seed in 0..3 {
        let (x, y, truth) = three_laws(300, seed);
        let found = found(&x, &y, RegimesConfig { experts: 3, seed, ..Default::default() });
        let index = adjusted_rand_index(&found.regime, &truth);
        assert!(index > 0.95, "seed {seed}: {index}, loss {}", found.loss);
        // The local models are the laws: their errors are the noise.
        let predicted = found.predict(&x).unwrap();
        let wrong = |i: usize| predicted.data()[3 * i + found.regime[i]] - y.data()[i];
        let square = (0..300).map(|i| wrong(i).powi(2)).sum::<f64>() / 300.0;
        assert!(square < 0.03, "seed {seed}: {square}");
        assert!(found.certainty.iter().all(|p| (1.0 / 3.0..=1.0).contains(p)));
    }
}

#[test]
fn the_same_seed_finds_the_same() {
    let (x, y, _) = three_laws(60, 5);
    let config =
        RegimesConfig { experts: 3, hidden: vec![4], steps: 40, restarts: 2, ..Default::default() };
    let [a, b] = [0; 2].map(|_| found(&x, &y, config.clone()));
    assert_eq!((a.regime, a.certainty, a.loss), (b.regime, b.certainty, b.loss));
}

#[test]
fn tables_that_say_nothing_are_refused() {
    let config = RegimesConfig::default().check().unwrap();
    let ask = |x: &Tensor<f64>, y: &Tensor<f64>| regimes(x, y, &config).unwrap_err().to_string();
    let (x, y, _) = three_laws(5, 0);
    assert_eq!(
        ask(&Tensor::zeros(&[0, 2]), &Tensor::zeros(&[0])),
        "the table is empty, but should have at least 1 row"
    );
    assert_eq!(
        ask(&x, &Tensor::zeros(&[4])),
        "the shape of y is [4], but should be [5], one number a row"
    );
    assert_eq!(
        ask(&x, &Tensor::ones(&[5])),
        "the column y has the value 1 in every row: leave it out"
    );
    assert_eq!(
        ask(&x.slice(0, 0..1), &y.slice(0, 0..1)),
        "experts is 2, but should be at most 1, the rows of the table"
    );
    let mut wrong = x.to_vec();
    wrong[5] = f64::NAN;
    assert_eq!(ask(&Tensor::new(wrong, &[5, 2]), &y), "x is NaN in row 2, but should be finite");
    let constant = Tensor::concat(&[x.slice(1, 0..1), Tensor::ones(&[5, 1])], 1);
    assert_eq!(ask(&constant, &y), "the column 1 has the value 1 in every row: leave it out");
    let found = found(&x, &y, RegimesConfig { steps: 1, restarts: 1, ..Default::default() });
    assert!(matches!(found.predict(&Tensor::zeros(&[1, 3])), Err(MechanismsError::Shape { .. })));
    let wrong = |config: RegimesConfig| config.check().unwrap_err().field;
    assert_eq!(wrong(RegimesConfig { experts: 0, ..Default::default() }), "experts");
    assert_eq!(wrong(RegimesConfig { lr: f64::NAN, ..Default::default() }), "lr");
    assert_eq!(wrong(RegimesConfig { hidden: vec![0], ..Default::default() }), "hidden");
    assert_eq!(wrong(RegimesConfig { restarts: usize::MAX, ..Default::default() }), "restarts");
}

#[test]
fn numbers_at_the_end_of_their_range_are_numbers() {
    let (x, y, truth) = three_laws(90, 1);
    let config = RegimesConfig { experts: 3, seed: 1, ..Default::default() };
    let large = found(&(x * 1e160), &(y * 1e-160), config);
    assert!(adjusted_rand_index(&large.regime, &truth) > 0.9);
}

#[test]
fn columns_of_any_scale() {
    let (x, y, truth) = three_laws(60, 0);
    let config = RegimesConfig { experts: 3, steps: 100, restarts: 1, ..RegimesConfig::default() };
    let right = found(&x, &y, config.clone());
    for scale in [2_f64.powi(-1000), 2_f64.powi(1000)] {
        let found = found(&(&x * scale), &(&y * scale), config.clone());
        assert_eq!(found.regime, right.regime, "{scale}");
        let predicted = found.predict(&(&x * scale)).unwrap() / scale;
        let error = (predicted - right.predict(&x).unwrap()).abs().max(..).item();
        assert!(error < 1e-9, "{scale}: {error}");
    }
    assert_eq!(right.regime.len(), truth.len());
    // The difference of two numbers of a column is beyond range.
    let x = Tensor::new(vec![1.7e308, 1.7e308, 1.7e308, -1.7e308], &[4, 1]);
    let y = Tensor::new(vec![1.0, 1.0, 1.0, 0.0], &[4]);
    let config = RegimesConfig { experts: 1, steps: 200, restarts: 1, ..RegimesConfig::default() };
    let found = found(&x, &y, config);
    assert!(found.loss < 1e-3, "{}", found.loss);
    let error = found.predict(&Tensor::new(vec![f64::INFINITY], &[1, 1])).unwrap_err().to_string();
    assert!(error.contains("x is inf in row 0"), "{error}");
}

#[test]
fn lines_say_what_the_models_predict() {
    let (x, y, _) = three_laws(80, 1);
    let config = RegimesConfig { experts: 3, steps: 60, restarts: 1, ..RegimesConfig::default() };
    let found = found(&x, &y, config.clone());
    let lines = found.lines().unwrap();
    let predicted = found.predict(&x).unwrap();
    for (row, predicted) in x.data().chunks(2).zip(predicted.data().chunks(3)) {
        for (line, predicted) in lines.iter().zip(predicted) {
            let says = line.at_zero + line.slopes[0] * row[0] + line.slopes[1] * row[1];
            assert!((says - predicted).abs() < 1e-9 * predicted.abs().max(1.0));
        }
    }
    let curved = RegimesConfig { hidden: vec![4], ..config };
    assert!(self::found(&x, &y, curved).lines().is_none());
}
