//! Values and gradients against `golden/layers.json`, which `scripts/golden_layers.py` wrote.

use std::collections::BTreeMap;

use seedbed_autodiff::{ConvOptions, Tensor, value_and_grad_aux};
use seedbed_nn::{
    AttentionOptions, BatchNorm, Conv, ConvTranspose, GroupNorm, Gru, GruCell, LayerNorm, Linear,
    Lstm, LstmCell, MultiHeadAttention, RmsNorm, Rotary, loss, padding_mask, sinusoidal_positions,
};
use serde_json::Value;

type T = Tensor<f64>;

struct Golden(BTreeMap<String, Value>);

fn golden(case: &str) -> Golden {
    let cases: Value =
        serde_json::from_str(include_str!("../../golden/layers.json")).expect("valid JSON");
    let case = cases.get(case).unwrap_or_else(|| panic!("no case {case}"));
    Golden(serde_json::from_value(case.clone()).expect("an object"))
}

fn tensor(value: &Value) -> T {
    let list = |key: &str| value[key].as_array().expect("a list").iter();
    let shape: Vec<usize> = list("shape").map(|n| n.as_u64().expect("a size") as usize).collect();
    T::new(list("data").map(|x| x.as_f64().expect("a number")).collect(), &shape)
}

fn near(what: &str, a: &T, b: &T) {
    assert_eq!(a.shape(), b.shape(), "{what}");
    for (i, (a, b)) in a.data().iter().zip(b.data()).enumerate() {
        assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{what}[{i}]: {a}, expected {b}");
    }
}

/// Compares the value and the gradients of ⟨u, f(inputs)⟩, the inputs in the order of `names`.
fn compare<const N: usize>(case: &str, names: [&str; N], f: impl FnOnce([T; N]) -> T) {
    let Golden(golden) = golden(case);
    let inputs = names.map(|name| tensor(&golden["inputs"][name]));
    let (_, y, gradients) = value_and_grad_aux(&inputs, |x| {
        let y = f(x.clone());
        ((&y * tensor(&golden["u"])).sum(..), y.stop_gradient())
    });
    near(&format!("{case}: the value"), &y, &tensor(&golden["y"]));
    for (name, gradient) in names.iter().zip(&gradients) {
        let expected = tensor(&golden["gradients"][name]);
        near(&format!("{case}: the gradient of {name}"), gradient, &expected);
    }
}

#[test]
fn linear() {
    compare("linear", ["x", "w", "b"], |[x, weight, b]| {
        Linear { weight, bias: Some(b) }.forward(&x)
    });
}

#[test]
fn convolutions() {
    compare("conv1d", ["x", "w", "b"], |[x, weight, b]| {
        let options = ConvOptions { stride: [2], padding: [2], dilation: [2], groups: 2 };
        Conv::<1, f64> { weight, bias: Some(b), options }.forward(&x)
    });
    compare("conv2d", ["x", "w", "b"], |[x, weight, b]| {
        let options = ConvOptions { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 1 };
        Conv::<2, f64> { weight, bias: Some(b), options }.forward(&x)
    });
}

#[test]
fn transposed_convolutions() {
    compare("conv_transpose1d", ["x", "w", "b"], |[x, weight, b]| {
        let options = ConvOptions { stride: [2], padding: [1], ..Default::default() };
        ConvTranspose::<1, f64> { weight, bias: Some(b), options, output_padding: [1] }.forward(&x)
    });
    compare("conv_transpose2d", ["x", "w", "b"], |[x, weight, b]| {
        let options =
            ConvOptions { stride: [2, 3], padding: [1, 0], groups: 2, ..Default::default() };
        ConvTranspose::<2, f64> { weight, bias: Some(b), options, output_padding: [0, 0] }
            .forward(&x)
    });
}

#[test]
fn layer_and_group_norm() {
    compare("layer_norm", ["x", "w", "b"], |[x, weight, bias]| {
        LayerNorm { weight, bias, eps: 1e-5 }.forward(&x)
    });
    compare("group_norm", ["x", "w", "b"], |[x, weight, bias]| {
        GroupNorm { weight, bias, groups: 2, eps: 1e-5 }.forward(&x)
    });
}

#[test]
fn batch_norm() {
    compare("batch_norm", ["x", "w", "b"], |[x, weight, bias]| {
        BatchNorm { weight, bias, ..BatchNorm::new(3) }.forward_train(&x).0
    });
    let Golden(golden) = golden("batch_norm");
    let mut norm = BatchNorm::<f64>::new(3);
    let (_, statistics) = norm.forward_train(&tensor(&golden["inputs"]["x"]));
    norm.update(&statistics);
    near("running mean", &norm.running_mean, &tensor(&golden["running_mean"]));
    near("running variance", &norm.running_var, &tensor(&golden["running_var"]));
}

#[test]
fn lstm_of_two_layers() {
    let names = ["x", "wx0", "wh0", "b0", "wx1", "wh1", "b1"];
    compare("lstm", names, |[x, wx0, wh0, b0, wx1, wh1, b1]| {
        let cell = |weight_x, weight_h, bias| LstmCell { weight_x, weight_h, bias };
        Lstm { layers: vec![cell(wx0, wh0, b0), cell(wx1, wh1, b1)] }.forward(&x, None).0
    });
}

#[test]
fn gru() {
    compare("gru", ["x", "wx", "wh", "bx", "bh"], |[x, weight_x, weight_h, bias_x, bias_h]| {
        let layers = vec![GruCell { weight_x, weight_h, bias_x, bias_h }];
        Gru { layers }.forward(&x, None).0
    });
}

#[test]
fn attention_with_several_heads() {
    let names = ["x", "wq", "wk", "wv", "wo", "bq", "bk", "bv", "bo"];
    let run = |case: &str, heads: usize, rotary: Option<Rotary>, lengths: Option<[usize; 2]>| {
        compare(case, names, |[x, wq, wk, wv, wo, bq, bk, bv, bo]| {
            let linear = |weight, bias| Linear { weight, bias: Some(bias) };
            let attention = MultiHeadAttention {
                query: linear(wq, bq),
                key: linear(wk, bk),
                value: linear(wv, bv),
                output: linear(wo, bo),
                heads,
                rotary,
            };
            let visible = lengths.map(|lengths| padding_mask(&lengths, 4));
            attention.forward(&x, &AttentionOptions { visible, ..AttentionOptions::causal() })
        });
    };
    run("attention", 2, None, None);
    run("rotary_attention", 2, Some(Rotary { base: 10.0 }), None);
    run("padded_attention", 4, None, Some([3, 0]));
}

#[test]
fn rms_norm_and_positions() {
    compare("rms_norm", ["x", "w"], |[x, weight]| RmsNorm { weight, eps: 1e-5 }.forward(&x));
    let Golden(golden) = golden("sinusoidal");
    near("positions", &sinusoidal_positions(3, 4, 6), &tensor(&golden["y"]));
}

#[test]
fn losses() {
    let labels = [2, 0, 3];
    compare("cross_entropy", ["x"], |[x]| x.cross_entropy_each(&labels));
    compare("smooth_cross_entropy", ["x"], |[x]| x.smooth_cross_entropy_each(&labels, 0.2));
    compare("soft_cross_entropy", ["x", "t"], |[x, t]| x.soft_cross_entropy_each(&t));
    compare("bce_with_logits", ["x", "t"], |[x, t]| x.bce_with_logits_each(&t));
    compare("huber", ["x", "t"], |[x, t]| loss::huber(&x, &t, 0.8));
    compare("kl_divergence", ["p", "q"], |[p, q]| loss::kl_divergence(&p, &q));
}
