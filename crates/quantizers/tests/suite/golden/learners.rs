//! Values, indices, losses, gradients and updated averages, for many combinations of options.

use std::collections::BTreeMap;
use std::path::Path;

use seedbed_autodiff::{Module, Rng, Role, Tensor, value_and_grad_aux};
use seedbed_nn::Config;
use seedbed_quantizers::train::{
    FiniteScalar, FsqConfig, GroupedLearner, LatentConfig, LatentQuantizer, Learner, LfqConfig,
    LookupFree, MASKED, ResidualFiniteScalar, ResidualFsqConfig, ResidualLearner, SimVq,
    SimVqConfig, VectorQuantizer, VqConfig,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Deserialize)]
struct Numbers {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Numbers {
    fn tensor(&self) -> Tensor<f64> {
        Tensor::new(self.data.clone(), &self.shape)
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    config: Value,
    x: Numbers,
    state: BTreeMap<String, Numbers>,
    u: Numbers,
    mask: Option<Vec<bool>>,
    gradient: Option<BTreeMap<String, Numbers>>,
    after: Option<BTreeMap<String, Numbers>>,
    evaluate: bool,
    values: Numbers,
    indices: Vec<i64>,
    losses: BTreeMap<String, f64>,
}

fn close(what: &str, found: &Tensor<f64>, expected: &Numbers) {
    assert_eq!(found.shape(), expected.shape, "{what}");
    for (i, (a, b)) in found.data().iter().zip(&expected.data).enumerate() {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{what}[{i}]: {a}, the reference has {b}");
    }
}

/// The learner with the reference's tensors in it.
fn fill<L: Module<f64>>(mut learner: L, state: &BTreeMap<String, Numbers>, name: &str) -> L {
    let mut missing: Vec<&String> = state.keys().collect();
    learner.walk_mut(&mut Default::default(), &mut |path, _, x| {
        let path = path.to_string();
        if let Some(numbers) = state.get(&path) {
            assert_eq!(x.shape(), numbers.shape, "{name}: {path}");
            *x = numbers.tensor();
            missing.retain(|m| **m != path);
        }
    });
    assert!(missing.is_empty(), "{name}: the learner has no {missing:?}");
    learner
}

impl Case {
    fn config<C: DeserializeOwned>(&self) -> C {
        let config = serde_json::from_value(self.config.clone());
        config.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn check<L: Learner<f64>>(&self, learner: L) {
        let learner = fill(learner, &self.state, &self.name);
        let x = self.x.tensor();
        if self.evaluate {
            let (values, indices) = learner.quantize(&x).unwrap();
            close(&self.name, &values, &self.values);
            self.check_indices(&indices, learner.tokens());
            // What training gives is what use gives.
            let trained = learner.forward_train(&x, None, &mut Rng::new(0));
            close(&self.name, &trained.values, &self.values);
            return self.check_indices(&trained.indices, learner.tokens());
        }
        let u = self.u.tensor();
        let both = (learner, x);
        let (_, out, (gradient, gx)) = value_and_grad_aux(&both, |(learner, x)| {
            let out = learner.forward_train(x, self.mask.as_deref(), &mut Rng::new(0));
            ((&out.values * &u).sum(..) + out.losses.total(), out)
        });
        let learner = both.0;
        self.check_values(&out.values);
        self.check_indices(&out.indices, learner.tokens());
        for (loss, &expected) in &self.losses {
            let value = match loss.as_str() {
                "total" => out.losses.total().item(),
                name => {
                    let parts = out.losses.iter().filter(|l| l.name == name);
                    let value = out.losses.get(name);
                    let count = self.config["codebooks"].as_f64().filter(|_| self.kind == "lfq");
                    assert!(value.is_some() && parts.count() == 1, "{}: {name}", self.name);
                    // The reference has the mean over codebooks, ours is the sum with the weight of one.
                    value.unwrap().item() / count.unwrap_or(1.0)
                }
            };
            let close = (value - expected).abs() <= 1e-5 * (1.0 + expected.abs());
            assert!(close, "{}: {loss} is {value}, the reference has {expected}", self.name);
        }
        let expected = self.gradient.as_ref().expect("training has a gradient");
        close(&format!("{}: gradient of x", self.name), &gx, &expected["x"]);
        for (path, role, g) in gradient.named().iter().filter(|g| g.1 == Role::Param) {
            let what = format!("{}: gradient of {path} {role:?}", self.name);
            match expected.get(path) {
                Some(e) => close(&what, g, e),
                None => {
                    assert!(g.data().iter().all(|g| *g == 0.0), "{what}: the reference has none")
                }
            }
        }
        if let Some(after) = &self.after {
            let mut learner = learner;
            learner.update(&out.seen, &mut Rng::new(0));
            let named: BTreeMap<_, _> =
                learner.named().into_iter().map(|(n, _, x)| (n, x)).collect();
            for (path, expected) in after {
                close(&format!("{}: {path} after the update", self.name), &named[path], expected);
            }
        }
    }

    /// Whether the `i`-th vector is not masked out.
    fn is_real(&self, i: usize) -> bool {
        self.mask.as_ref().is_none_or(|mask| mask[i])
    }

    fn check_values(&self, values: &Tensor<f64>) {
        let dim = *self.values.shape.last().unwrap();
        for (i, (found, expected)) in
            values.data().chunks(dim).zip(self.values.data.chunks(dim)).enumerate()
        {
            for (a, b) in found.iter().zip(expected) {
                let b = if self.is_real(i) { *b } else { 0.0 };
                let what = format!("{}: vector {i}: {a}, the reference has {b}", self.name);
                assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{what}");
            }
        }
    }

    fn check_indices(&self, found: &[u64], tokens: usize) {
        assert_eq!(found.len(), self.indices.len(), "{}", self.name);
        for (i, (&a, &b)) in found.iter().zip(&self.indices).enumerate() {
            // The reference has −1 for what is masked, and reads the last code for it.
            let b = if self.is_real(i / tokens) { b as u64 } else { MASKED };
            assert_eq!(a, b, "{}: index {i}", self.name);
        }
    }

    fn run(&self) {
        let rng = &mut Rng::new(1);
        let vq = |config: &Value| {
            let config: VqConfig = serde_json::from_value(config.clone()).unwrap();
            VectorQuantizer::<f64>::new(&config.check().unwrap(), &mut Rng::new(1))
        };
        let residual = |config: &Value| {
            let sizes = config["sizes"].as_array().unwrap();
            let stage = |size: &Value| {
                let mut stage = config["stage"].clone();
                stage["codebook_size"] = size.clone();
                vq(&stage)
            };
            let dim = config["dim"].as_u64().unwrap() as usize;
            let learner = if config["shared"] == true {
                ResidualLearner::shared(stage(&sizes[0]), sizes.len())
            } else {
                ResidualLearner::new(sizes.iter().map(stage).collect())
            };
            learner.projected(dim, &mut Rng::new(1))
        };
        match self.kind.as_str() {
            "vq" => self.check(vq(&self.config)),
            "fsq" => {
                let config = self.config::<FsqConfig>().check().unwrap();
                self.check(FiniteScalar::new(&config, rng));
            }
            "lfq" => {
                let config = self.config::<LfqConfig>().check().unwrap();
                self.check(LookupFree::new(&config, rng));
            }
            "sim-vq" => {
                let config = self.config::<SimVqConfig>().check().unwrap();
                self.check(SimVq::new(&config, rng));
            }
            "residual-vq" if self.config["beam"].is_object() => {
                self.beam(residual(&self.config));
            }
            "residual-vq" => self.check(residual(&self.config)),
            "grouped-residual-vq" => {
                let groups = self.config["groups"].as_u64().unwrap();
                let parts = (0..groups).map(|_| residual(&self.config["part"])).collect();
                self.check(GroupedLearner::new(parts));
            }
            "residual-fsq" => {
                let config = self.config::<ResidualFsqConfig>().check().unwrap();
                self.check(ResidualFiniteScalar::new(&config, rng));
            }
            "latent" => {
                let config = self.config::<LatentConfig>().check().unwrap();
                self.check(LatentQuantizer::new(&config, rng));
            }
            "residual-lfq" => self.residual_lfq(),
            kind => panic!("{}: no learner is of the kind {kind}", self.name),
        }
    }

    fn beam(&self, learner: ResidualLearner<f64, VectorQuantizer<f64>>) {
        let learner = fill(learner, &self.state, &self.name);
        let beam = &self.config["beam"];
        let weights: Vec<f32> = serde_json::from_value(beam["weights"].clone()).unwrap();
        let width = beam["width"].as_u64().unwrap() as usize;
        let quantizer = learner.freeze_beam(width, Some(&weights)).unwrap();
        let x: Vec<f32> = self.x.data.iter().map(|&x| x as f32).collect();
        let indices = quantizer.encode(&x).unwrap();
        self.check_indices(&indices, learner.tokens());
        let values: Vec<f64> =
            quantizer.decode(&indices).unwrap().into_iter().map(f64::from).collect();
        close(&self.name, &Tensor::new(values, &self.values.shape), &self.values);
        let is_greedy = learner.freeze().unwrap().encode(&x).unwrap() == indices;
        assert!(!is_greedy || !self.name.contains("weighted"), "{}: no search", self.name);
    }

    fn residual_lfq(&self) {
        let field = |name: &str| self.config[name].as_u64();
        let stage = |i: u64| {
            let spherical = self.config["spherical"].as_bool().unwrap();
            let scale = 0.5_f64.powi(i as i32);
            let bits = field("bits").unwrap() as u32;
            let config = LfqConfig { bits, scale, spherical, ..Default::default() };
            LookupFree::<f64>::new(&config.check().unwrap(), &mut Rng::new(1))
        };
        let stages = (0..field("stages").unwrap()).map(stage).collect();
        let dim = field("dim").or(field("bits")).unwrap() as usize;
        self.check(ResidualLearner::new(stages).projected(dim, &mut Rng::new(1)));
    }
}

#[test]
fn the_reference_s_values_and_gradients() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/learners.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    cases.iter().for_each(Case::run);
}
