//! Extreme arguments against values at 60 digits, which `scripts/golden_extremes.py` wrote.

use seedbed_autodiff::{Float, Tensor, grad};
use serde_json::Value;

const ROWS: &str = include_str!("../../golden/extremes.json");

fn numbers(value: &Value) -> Vec<f64> {
    let number = |x: &Value| match x.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => x.as_f64().expect("a number"),
    };
    value.as_array().expect("a list").iter().map(number).collect()
}

fn run<F: Float>(op: &str, x: &[Tensor<F>], row: &Value) -> Tensor<F> {
    let labels = [row["label"].as_u64().unwrap_or(0) as usize];
    match op {
        "softmax" => x[0].softmax(-1),
        "log_softmax" => x[0].log_softmax(-1),
        "logsumexp" => x[0].logsumexp(-1),
        "cross_entropy" => x[0].cross_entropy_each(&labels),
        "smooth_cross_entropy" => {
            let smoothing = row["smoothing"].as_f64().expect("a share");
            x[0].smooth_cross_entropy_each(&labels, smoothing)
        }
        "soft_cross_entropy" => x[0].soft_cross_entropy_each(&x[1]),
        "bce" => x[0].bce_with_logits_each(&x[1]),
        "softplus" => x[0].softplus(),
        "log_sigmoid" => x[0].log_sigmoid(),
        "var" => x[0].var(-1),
        "std" => x[0].std(-1),
        "norm" => x[0].norm(-1),
        "layer_norm" => {
            let n = x[0].shape()[1];
            let eps = row["eps"].as_f64().expect("a number");
            x[0].layer_norm(&Tensor::ones(&[n]), &Tensor::zeros(&[n]), eps)
        }
        "atan2" => x[0].atan2(&x[1]),
        _ => panic!("the script writes an op that this test does not know: {op}"),
    }
}

/// Each number to `tolerance` times itself, or times the largest of all where the formula is a difference.
fn compare<F: Float>(what: &str, got: &Tensor<F>, want: &[f64], tolerance: f64, of_largest: bool) {
    let largest = want.iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
    assert_eq!(got.len(), want.len(), "{what}");
    for (&got, &want) in got.data().iter().zip(want) {
        let got = got.f64();
        let size = if of_largest { largest } else { want.abs() };
        // Below the normal numbers nothing is promised.
        let smallest = 2.0 * F::min_positive_value().f64();
        let close = got == want || (got - want).abs() <= tolerance * size + smallest;
        assert!(close, "{what}: {got}, right is {want}");
    }
}

fn agree<F: Float>(tolerance: f64) {
    let rows: Vec<Value> = serde_json::from_str(ROWS).expect("the script writes JSON");
    assert!(rows.len() > 200, "rows are missing");
    for row in &rows {
        let op = row["op"].as_str().expect("a name");
        let args = row["args"].as_array().expect("arguments");
        let x: Vec<Tensor<F>> = args
            .iter()
            .map(|x| {
                let x: Vec<F> = numbers(x).into_iter().map(F::of).collect();
                let n = x.len();
                Tensor::new(x, &[1, n])
            })
            .collect();
        let what = format!("{op} of {}", row["args"]);
        let difference = ["var", "std", "layer_norm", "smooth_cross_entropy", "soft_cross_entropy"]
            .contains(&op);
        compare(&what, &run(op, &x, row), &numbers(&row["value"]), tolerance, op == "layer_norm");
        if row["gradient"].is_null() {
            continue;
        }
        let want = numbers(&row["gradient"]);
        let of_first = |x0: &Tensor<F>| {
            let mut all = x.clone();
            all[0] = x0.clone();
            run(op, &all, row).sum(..)
        };
        compare(
            &format!("gradient of {what}"),
            &grad(&x[0], of_first),
            &want,
            tolerance,
            difference,
        );
        // The same gradient, as it is recorded for another derivative.
        let mut recorded = None;
        let _ = grad(&x[0], |x| {
            let g = grad(x, of_first);
            recorded = Some(g.stop_gradient());
            g.mul_no_nan(Tensor::zeros(g.shape())).sum(..)
        });
        let recorded = recorded.expect("it ran");
        compare(&format!("recorded gradient of {what}"), &recorded, &want, tolerance, true);
    }
}

#[test]
fn single_precision() {
    agree::<f32>(2e-6);
}

#[test]
fn double_precision() {
    agree::<f64>(2e-14);
}

/// Rows whose loss has no weight have no gradient, whatever their logits are; with their own kernel and with the recorded one.
#[test]
fn rows_without_weight_have_no_gradient() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let x = Tensor::<f32>::new(vec![-inf, -inf, nan, 1.0, inf, 0.0, 0.5, 0.25], &[4, 2]);
    let weights = Tensor::new(vec![0.0, 0.0, 0.0, 1.0], &[4]);
    let targets = Tensor::new(vec![0.5; 8], &[4, 2]);
    let labels = [0, 1, 0, 1];
    let losses: [&dyn Fn(&Tensor) -> Tensor; 3] = [
        &|x| x.cross_entropy_each(&labels),
        &|x| x.smooth_cross_entropy_each(&labels, 0.1),
        &|x| x.soft_cross_entropy_each(&targets),
    ];
    for losses in losses {
        let g = grad(&x, |x| weights.mul_no_nan(losses(x)).sum(..)).to_vec();
        assert_eq!(g[..6], [0.0; 6]);
        assert!(g[6] != 0.0 && (g[6] + g[7]).abs() < 1e-6, "{g:?}");
    }
    let masked = Tensor::<f64>::new(vec![f64::NEG_INFINITY; 2], &[1, 2]);
    let second =
        grad(&masked, |x| grad(x, |x| (x.cross_entropy_each(&[0]) * 0.0).sum(..)).square().sum(..));
    assert_eq!(second.to_vec(), [0.0, 0.0]);
}

/// Masked attention: scores of −∞, in whole rows too, and what is differentiated through them.
#[test]
fn masks_leave_no_trace_in_gradients() {
    let inf = f64::INFINITY;
    let mask = Tensor::new(vec![0.0, -inf, 0.0, -inf, -inf, -inf], &[2, 3]);
    let x = Tensor::<f64>::new(vec![0.1, 0.7, -0.3, 0.2, 0.9, 0.4], &[2, 3]);
    for axis in [0, 1] {
        let turned = |x: &Tensor<f64>| if axis == 0 { x.t() } else { x.clone() };
        let f = |x: &Tensor<f64>| {
            (turned(&(x + &mask)).softmax(axis) * turned(&Tensor::arange(6).reshape(&[2, 3])))
                .square()
                .sum(..)
        };
        let g = grad(&x, f);
        assert!(g.data().iter().all(|g| g.is_finite()), "{g}");
        assert_eq!(g.to_vec()[3..], [0.0; 3]);
        assert!(g.to_vec()[0] != 0.0 && g.to_vec()[1] == 0.0);
        let second = grad(&x, |x| grad(x, f).square().sum(..));
        assert!(second.data().iter().all(|g| g.is_finite()), "{second}");
    }
    // The entropy of a distribution in which one class has no probability.
    let p = Tensor::<f64>::new(vec![0.25, 0.0, 0.75], &[3]);
    let entropy = |p: &Tensor<f64>| -p.mul_no_nan(p.ln()).sum(..);
    assert!((entropy(&p).item() - 0.562_335_144_618_808).abs() < 1e-14);
    let chosen = |p: &Tensor<f64>| p.gt(0.0).select(p.mul_no_nan(p.ln()), 0.0).sum(..);
    assert_eq!(grad(&p, chosen).to_vec()[1], 0.0);
}
