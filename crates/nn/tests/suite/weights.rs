//! Weights from elsewhere: `scripts/golden_weights.py` wrote a file as PyTorch lays it out, and what its layers make of some inputs.

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use seedbed_autodiff::{ConvOptions, Module, Rng, Tensor, module};
use seedbed_nn::weights::{Layout, Mapping, WeightError, WeightFile};
use seedbed_nn::{
    AttentionOptions, BatchNorm, Conv2d, ConvTranspose2d, Embedding, Gru, LayerNorm, Linear, Lstm,
    MultiHeadAttention,
};
use serde_json::Value;

type T = Tensor<f64>;

#[derive(Clone, Debug)]
struct Net {
    head: Linear<f64>,
    conv: Conv2d<f64>,
    up: ConvTranspose2d<f64>,
    bn: BatchNorm<f64>,
    lstm: Lstm<f64>,
    gru: Gru<f64>,
    layers: Vec<MultiHeadAttention<f64>>,
    emb: Embedding<f64>,
    ln: LayerNorm<f64>,
}
module!(Net: f64 { head, conv, up, bn, lstm, gru, layers, emb, ln });

fn net() -> Net {
    let rng = &mut Rng::new(1);
    let conv = ConvOptions { padding: [1, 0], groups: 2, ..Default::default() };
    let up = ConvOptions { stride: [2, 2], ..Default::default() };
    Net {
        head: Linear::new(3, 4, rng),
        conv: Conv2d::new(2, 4, [3, 2], conv, rng),
        up: ConvTranspose2d::new(3, 2, [2, 3], up, rng),
        bn: BatchNorm::new(3),
        lstm: Lstm::new(3, 2, 2, rng),
        gru: Gru::new(3, 2, 1, rng),
        layers: vec![MultiHeadAttention::new(4, 2, rng)],
        emb: Embedding::new(5, 3, rng),
        ln: LayerNorm::new(3),
    }
}

fn mapping() -> Mapping {
    Mapping::new()
        .rename("net.**", "**")
        .rename("fc.*", "head.*")
        .rename("blocks.*.attn.**", "layers.*.**")
        .torch_linear("head")
        .torch_conv("conv")
        .torch_conv("up")
        .torch_batch_norm()
        .torch_lstm("lstm")
        .torch_gru("gru")
        .torch_attention("layers.*")
}

fn file() -> WeightFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/foreign.safetensors");
    WeightFile::read(path).unwrap()
}

fn tensor(value: &Value) -> T {
    let list = |key: &str| value[key].as_array().expect("a list").iter();
    let shape: Vec<usize> = list("shape").map(|n| n.as_u64().expect("a size") as usize).collect();
    T::new(list("data").map(|x| x.as_f64().expect("a number")).collect(), &shape)
}

#[test]
fn layers_of_pytorch_do_here_what_they_do_there() {
    let net = file().load(&net(), &mapping()).unwrap();
    let cases: Value = serde_json::from_str(include_str!("../golden/foreign.json")).expect("JSON");
    let check = |name: &str, f: &dyn Fn(&T) -> T| {
        let (y, want) = (f(&tensor(&cases[name]["x"])), tensor(&cases[name]["y"]));
        assert_eq!(y.shape(), want.shape(), "{name}");
        for (y, want) in y.data().iter().zip(want.data()) {
            assert!((y - want).abs() < 1e-12 * (1.0 + want.abs()), "{name}: {y}, right is {want}");
        }
    };
    let last = |x: &T| x.permute(&[0, 2, 3, 1]);
    let first = |x: T| x.permute(&[0, 3, 1, 2]);
    check("linear", &|x| net.head.forward(x));
    check("conv", &|x| first(net.conv.forward(&last(x))));
    check("up", &|x| first(net.up.forward(&last(x))));
    check("norm", &|x| net.bn.forward(x));
    check("lstm", &|x| net.lstm.forward(x, None).0);
    check("gru", &|x| net.gru.forward(x, None).0);
    check("attention", &|x| net.layers[0].forward(x, &AttentionOptions::default()));
    let indices = |x: &T| x.data().iter().map(|&i| i as usize).collect::<Vec<_>>();
    check("embedding", &|x| net.emb.forward(&indices(x)));
    check("layer_norm", &|x| net.ln.forward(x));
}

#[test]
fn every_type_of_floats_is_converted() {
    let file = file();
    for (name, shape) in file.names().into_iter().filter(|(name, _)| !name.contains("num_batches"))
    {
        let (single, double) =
            (file.tensor::<f32>(&name).unwrap(), file.tensor::<f64>(&name).unwrap());
        assert_eq!(single.shape(), shape);
        // The script rounds all values so that every type holds them.
        assert_eq!(single.cast::<f64>(), double, "{name}");
        assert!(double.data().iter().any(|&x| x != 0.0), "{name}");
    }
    let error = file.tensor::<f32>("net.bn.num_batches_tracked").unwrap_err().to_string();
    assert!(
        error.ends_with("`net.bn.num_batches_tracked` is I64; it should be F16, BF16, F32 or F64"),
        "{error}"
    );
    assert!(matches!(file.tensor::<f32>("net"), Err(WeightError::Missing { .. })));
}

/// A file of tensors of `f64`.
fn write(dir: &Path, tensors: &[(&str, &[usize], &[f64])]) -> WeightFile {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|t| t.2.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F64, shape.to_vec(), bytes).unwrap())
    });
    let path = dir.join("w.safetensors");
    safetensors::serialize_to_file(views, None, &path).unwrap();
    WeightFile::read(path).unwrap()
}

/// The message without the path of the file.
fn message(error: WeightError) -> String {
    let text = error.to_string();
    text.split_once("safetensors: ").expect("the file is named").1.to_owned()
}

#[test]
fn what_does_not_fit_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let weights = write(
        dir.path(),
        &[
            ("fc.weight", &[4, 3], &[1.0; 12]),
            ("extra", &[2], &[0.0; 2]),
            ("old.name", &[1], &[0.0]),
        ],
    );
    let model = (Linear::<f64>::new(3, 4, &mut Rng::new(0)), Tensor::<f64>::zeros(&[2, 2]));
    let mapping = Mapping::new().rename("fc.*", "0.*").rename("old.*", "new.*");
    let (kept, report) = weights.load_what_fits(&model, &mapping).unwrap();
    assert_eq!(kept.named().len(), 3);
    assert!(!report.is_complete() && report.loaded.is_empty());
    assert_eq!(kept.0.weight, model.0.weight);
    assert_eq!(
        message(weights.load(&model, &mapping).unwrap_err()),
        "0 of the model's 3 tensors are in the file\n\
         2 missing in the file:\n    0.bias [4]\n    1 [2, 2]\n\
         1 of another shape:\n    0.weight has [4, 3] in the file (`fc.weight`), but should have [3, 4]; for weights of \
         PyTorch use Mapping::torch_linear or torch_conv\n\
         2 not in the model:\n    extra [2]\n    old.name [1], renamed to new.name"
    );
    // With the layout and what is missing left as it is.
    let mapping = mapping.torch_linear("0").ignore("extra").ignore("old.*");
    let (loaded, report) = weights.load_what_fits(&model, &mapping).unwrap();
    assert_eq!(loaded.0.weight, Tensor::ones(&[3, 4]));
    assert_eq!(
        (report.loaded, report.unused.len(), report.missing.len()),
        (vec!["0.weight".into()], 0, 2)
    );
}

#[test]
fn mistakes_in_files_and_rules_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let model = Tensor::<f32>::zeros(&[2]);
    let load = |tensors: &[(&str, &[usize], &[f64])], mapping: Mapping| {
        message(write(dir.path(), tensors).load(&model, &mapping).unwrap_err())
    };
    let one: &[(&str, &[usize], &[f64])] = &[("a", &[2], &[1.0, 1e300])];
    assert_eq!(
        load(one, Mapping::new().rename("a", "")),
        "`a` holds 1e300, which is too large for f32; load it into a model of f64"
    );
    let two: &[(&str, &[usize], &[f64])] = &[("a", &[2], &[1.0; 2]), ("b", &[2], &[2.0; 2])];
    let both = Mapping::new().rename("a", "").rename("b", "");
    assert_eq!(load(two, both.clone()), "`a` and `b` both become ``");
    let summed = write(dir.path(), two).load(&model, &both.sum("")).unwrap();
    assert_eq!(summed.to_vec(), [3.0, 3.0]);
    let cut: &[(&str, &[usize], &[f64])] = &[("a", &[5], &[1.0; 5])];
    assert_eq!(
        load(cut, Mapping::new().split("a", 0, &["", "rest"])),
        "`a` with the shape [5] is to be cut along axis 0 into 2 equal parts"
    );

    let path = dir.path().join("text.safetensors");
    std::fs::write(&path, "no weights").unwrap();
    assert!(matches!(WeightFile::read(&path), Err(WeightError::Malformed { .. })));
    assert!(matches!(WeightFile::read(dir.path().join("none")), Err(WeightError::Io { .. })));
    let nan = write(dir.path(), &[("", &[2], &[f64::NAN, f64::INFINITY])]);
    assert_eq!(nan.load(&model, &Mapping::new()).unwrap().data()[1], f32::INFINITY);
}

#[test]
fn parts_lie_as_the_last_rule_says() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<f64> = (0..12).map(f64::from).collect();
    // As GPT-2 has it: inputs × (queries, keys, values).
    let weights = write(dir.path(), &[("h.0.c_attn", &[2, 6], &data)]);
    let model = (Tensor::<f64>::zeros(&[2, 2]), Tensor::zeros(&[2, 2]), Tensor::zeros(&[2, 2]));
    let mapping = Mapping::new()
        .split("h.*.c_attn", 1, &["*", "*.k", "*.v"])
        .rename("h.0.c_attn", "h.0.c_attn");
    let named = mapping.clone();
    let error = weights.load(&model, &named).unwrap_err();
    assert!(message(error).contains("h.0.c_attn [2, 6], renamed to 0.k"));
    let mapping = Mapping::new()
        .split("h.0.c_attn", 1, &["0", "1", "2"])
        .layout("*", Layout::TorchLinear)
        .layout("2", Layout::Same);
    let (q, k, v) = weights.load(&model, &mapping).unwrap();
    assert_eq!(q.to_vec(), [0.0, 6.0, 1.0, 7.0]);
    assert_eq!(k.to_vec(), [2.0, 8.0, 3.0, 9.0]);
    assert_eq!(v.to_vec(), [4.0, 5.0, 10.0, 11.0]);
}

#[test]
#[should_panic(expected = "Mapping: `a.*` has 1 holes (`*` or `**`), `b` has 0")]
fn holes_have_to_be_as_many() {
    let _ = Mapping::new().rename("a.*", "b");
}
