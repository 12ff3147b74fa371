//! What golden tests share.

use std::collections::BTreeMap;
use std::path::Path;

use seedbed_autodiff::{Module, Path as Place, Tensor, grad};
use serde_json::Value;

/// Input and output of a machine, and where they stand there its parameters and their gradients.
pub(crate) struct Golden {
    pub(crate) input: Tensor<f64>,
    pub(crate) logits: Tensor<f64>,
    params: BTreeMap<String, Tensor<f64>>,
    gradient: BTreeMap<String, Tensor<f64>>,
}

fn tensor(x: &Value) -> Tensor<f64> {
    let list = |key: &str| x[key].as_array().unwrap().iter();
    let shape: Vec<_> = list("shape").map(|n| n.as_u64().unwrap() as usize).collect();
    Tensor::new(list("data").map(|x| x.as_f64().unwrap()).collect(), &shape)
}

impl Golden {
    pub(crate) fn read(file: &Path) -> Self {
        let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let tensors = |key: &str| match all[key].as_object() {
            Some(map) => map.iter().map(|(name, x)| (name.clone(), tensor(x))).collect(),
            None => BTreeMap::new(),
        };
        Self {
            input: tensor(&all["input"]),
            logits: tensor(&all["logits"]),
            params: tensors("params"),
            gradient: tensors("gradient"),
        }
    }

    /// The model with these parameters.
    pub(crate) fn fill<M: Module<f64>>(&self, mut model: M) -> M {
        model.walk_mut(&mut Place::default(), &mut |path, _, x| {
            if let Some(value) = self.params.get(&path.to_string()) {
                assert_eq!(x.shape(), value.shape(), "{path}");
                *x = value.clone();
            }
        });
        let names = model.named();
        assert!(self.params.keys().all(|name| names.iter().any(|(n, ..)| n == name)));
        model
    }

    pub(crate) fn check_gradient<M: Module<f64>>(&self, gradient: &M) {
        let named = gradient.named();
        assert_eq!(named.len(), self.gradient.len());
        for (name, _, g) in named {
            close(&name, &g, &self.gradient[&name], 1e-9);
        }
    }
}

/// The gradient of Σ cᵢ yᵢ with c from −1 to 1 in equal steps: that of the script.
pub(crate) fn gradient_of_weighted_sum<M: Module<f64>>(
    model: &M,
    f: impl Fn(&M) -> Tensor<f64>,
) -> M {
    grad(model, |model| {
        let y = f(model);
        let n = y.len();
        let weights = (Tensor::arange(n) * (2.0 / (n - 1) as f64) - 1.0).reshape(y.shape());
        (y * weights).sum(..)
    })
}

pub(crate) fn close(what: &str, x: &Tensor<f64>, expected: &Tensor<f64>, tolerance: f64) {
    assert_eq!(x.shape(), expected.shape(), "{what}");
    for (i, (x, e)) in x.data().iter().zip(expected.data()).enumerate() {
        assert!((x - e).abs() <= tolerance * (1.0 + e.abs()), "{what}[{i}]: {x}, expected {e}");
    }
}
