//! Values of an independent implementation: NumPy's, written by `scripts/golden_ops.py`.

use approx::relative_eq;
use ndarray::Slice;
use seedbed_autodiff::{Indices, Tensor, grad};
use serde_json::Value;

type T = Tensor<f64>;

const ROWS: &str = include_str!("../golden/ops.json");

fn tensor(value: &Value) -> T {
    let numbers = |key: &str| value[key].as_array().expect("a list").iter();
    let shape: Vec<_> = numbers("shape").map(|n| n.as_u64().expect("a size") as usize).collect();
    T::new(numbers("data").map(|x| x.as_f64().expect("a number")).collect(), &shape)
}

fn indices(x: &T) -> Indices {
    x.view().mapv(|i| i as usize).into_shared()
}

fn positions(at: Indices) -> T {
    T::from(at.mapv(|i| i as f64))
}

fn run(op: &str, x: &[T], row: &Value) -> T {
    let axis = row["axis"].as_i64().unwrap_or(0) as isize;
    let k = row["k"].as_i64().unwrap_or(0) as isize;
    let a = &x[0];
    match op {
        "sum" => a.sum(axis),
        "mean" => a.mean(axis),
        "max" => a.max(axis),
        "min" => a.min(axis),
        "prod" => a.prod(axis),
        "var" => a.var(axis),
        "var_with" => a.var_with(axis, 1.0),
        "logsumexp" => a.logsumexp(axis),
        "argmax" => positions(a.argmax(axis)),
        "argmin" => positions(a.argmin(axis)),
        "cumsum" => a.cumsum(axis),
        "softmax" => a.softmax(axis),
        "log_softmax" => a.log_softmax(axis),
        "sort" => a.sort(axis).0,
        "argsort" => positions(a.argsort(axis)),
        "topk" => a.topk(axis, k as usize).0,
        "flip" => a.flip(axis),
        "roll" => a.roll(axis, k),
        "stack" => T::stack(x, axis),
        "concat" => T::concat(x, axis),
        "unsqueeze" => a.unsqueeze(axis),
        "index" => a.index(axis, k),
        "index_select" => {
            let at = row["at"].as_array().expect("places").iter();
            let at: Vec<_> = at.map(|i| i.as_u64().expect("a place") as usize).collect();
            a.index_select(axis, &at)
        }
        "gather" => a.gather(axis, &indices(&x[1])),
        "scatter_add" => T::zeros(a.shape()).scatter_add(axis, &indices(&x[1]), a),
        "softmax_gradient" => grad(a, |a| (a.softmax(axis) * &x[1]).sum(..)),
        "sum_all" => a.sum(..),
        "var_all" | "large_offset_var" => a.var(..),
        "logsumexp_all" => a.logsumexp(..),
        "max_outer_axes" => a.max([0, 2]),
        "prod_outer_axes" => a.prod([0, 2]),
        "var_outer_axes" => a.var([0, 2]),
        "permute" => a.permute(&[2, 0, 1]),
        "t" => a.t(),
        "swap_axes" => a.swap_axes(0, 2),
        "slice" => a.slice(1, 1..).slice(2, Slice::from(..).step_by(2)),
        "slice_back" => a.slice(2, Slice::from(1..).step_by(-2)),
        "pad" => a.pad(&[(1, 0), (2, 1)], 0.5),
        "broadcast_to" => a.broadcast_to(&[2, 3, 4]),
        _ => panic!("the script writes an op that this test does not know: {op}"),
    }
}

#[test]
fn ops_agree_with_numpy() {
    let rows: Vec<Value> = serde_json::from_str(ROWS).expect("the script writes JSON");
    assert!(rows.len() > 80, "rows are missing");
    for row in &rows {
        let op = row["op"].as_str().expect("a name");
        let args: Vec<_> = row["args"].as_array().expect("arguments").iter().map(tensor).collect();
        let (expected, got) = (tensor(&row["out"]), run(op, &args, row));
        assert_eq!(got.shape(), expected.shape(), "{op}, axis {}", row["axis"]);
        let close =
            relative_eq!(got.data(), expected.data(), epsilon = 1e-13, max_relative = 1e-13);
        assert!(close, "{op}, axis {}: {got}, NumPy has {expected}", row["axis"]);
    }
}
