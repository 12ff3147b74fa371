//! One step of all modules.

use seedbed_autodiff::{Float, Rng, Tensor, module};
use seedbed_nn::{Checked, Init};

use super::config::{RimConfig, Selection};
use super::listen::Listen;
use crate::MechanismsError;

/// A cell of recurrent independent mechanisms (Goyal et al., "Recurrent independent mechanisms", 2019): several small LSTMs, of which only some
/// are active at a time.
///
/// ```text
/// s_m = (h_m Q_m) · (x K) / √key             how well the input suits module m
/// A   = the modules with the highest s
/// a_m = σ(s_m)  or  softmax over modules     how much m reads (see `Selection`)
/// h̃_m, c̃_m = LSTM_m(a_m · x V, h_m, c_m)     with weights of its own
/// h̃_m + what m hears of all h̃                (see `Listen`)
/// ```
///
/// Active modules take the new state, the others keep theirs to the bit. As in the authors' code active modules hear what the others *would* have
/// become, but no gradient goes there: at a step, the weights of a module that is not active do not learn.
///
/// The state is one tensor `[2, modules, batch, units]`: h and c of all modules.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::rims::{RimCell, RimConfig};
/// use seedbed_nn::Config;
///
/// let config = RimConfig { units: 8, ..RimConfig::new(3) }.check()?;
/// let cell = RimCell::<f32>::new(&config, &mut Rng::new(0));
/// let state = cell.step(&Tensor::ones(&[5, 3]), &cell.zero_state(5));
/// assert_eq!(state.shape(), [2, 6, 5, 8]);
/// assert_eq!(cell.output(&state).shape(), [5, 48]);
/// # Ok::<(), seedbed_nn::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RimCell<F: Float = f32> {
    /// Q, `[modules, units, key]`.
    pub query: Tensor<F>,
    /// K, `[inputs, key]`.
    pub key: Tensor<F>,
    /// V, `[inputs, value]`.
    pub value: Tensor<F>,
    /// The LSTMs' weights of what is read, `[modules, value, 4·units]`; gates in the order i, f, g, o.
    pub weight_x: Tensor<F>,
    /// Of their own state, `[modules, units, 4·units]`.
    pub weight_h: Tensor<F>,
    /// Their biases, `[modules, 1, 4·units]`.
    pub bias: Tensor<F>,
    /// How modules read each other, if they do.
    pub listen: Option<Listen<F>>,
    /// How many are active.
    pub active: usize,
    /// How much of the input they read.
    pub selection: Selection,
}
module!(RimCell<F> { query, key, value, weight_x, weight_h, bias, listen } config { active, selection });

/// What modules did at a step; constants.
#[derive(Clone, Debug)]
pub struct StepTrace<F: Float = f32> {
    /// 1 for an active module, else 0; `[modules, batch]`.
    pub active: Tensor<F>,
    /// How much of the input each would read; `[modules, batch]`.
    pub read: Tensor<F>,
    /// How much each reads of each, the mean over heads; `[batch, modules, modules]`.
    pub heard: Option<Tensor<F>>,
}

impl<F: Float> RimCell<F> {
    /// Maps of attention by the configuration; LSTMs uniform on ±1/√(all units), with biases 0, but 1 for the forget gate, as [`seedbed_nn::LstmCell`] has it.
    pub fn new(config: &Checked<RimConfig>, rng: &mut Rng) -> Self {
        let RimConfig { inputs, modules, units, key, .. } = **config;
        let value = config.value_size();
        let of_maps = |inputs: usize| {
            Init::Normal(config.attention_std.unwrap_or(1.0 / (inputs as f64).sqrt()))
        };
        let of_lstm = Init::Uniform(1.0 / ((modules * units) as f64).sqrt());
        let gates = 4 * units;
        let forget = |i: usize| F::of(f64::from(i % gates / units == 1));
        let bias = (0..modules * gates).map(forget).collect();
        Self {
            query: of_maps(units).weight(&[modules, units, key], rng),
            key: of_maps(inputs).weight(&[inputs, key], rng),
            value: of_maps(inputs).weight(&[inputs, value], rng),
            weight_x: of_lstm.weight(&[modules, value, gates], rng),
            weight_h: of_lstm.weight(&[modules, units, gates], rng),
            bias: Tensor::new(bias, &[modules, 1, gates]),
            listen: config
                .communication
                .as_ref()
                .map(|of| Listen::new(of, [modules, units], of_maps(units), rng)),
            active: config.active,
            selection: config.selection,
        }
    }

    /// How many modules there are.
    pub fn modules(&self) -> usize {
        self.weight_h.shape()[0]
    }

    /// Units of one module.
    pub fn units(&self) -> usize {
        self.weight_h.shape()[1]
    }

    /// The size of the output: all units.
    pub fn hidden(&self) -> usize {
        self.modules() * self.units()
    }

    /// All zeros, for a batch of this size.
    ///
    /// # Panics
    /// If there is no memory for so many.
    #[track_caller]
    pub fn zero_state(&self, batch: usize) -> Tensor<F> {
        Tensor::zeros(&[2, self.modules(), batch, self.units()])
    }

    /// The output `[batch, hidden]` of a state: h of all modules, module after module.
    pub fn output(&self, state: &Tensor<F>) -> Tensor<F> {
        let batch = state.shape()[2];
        state.index(0, 0).permute(&[1, 0, 2]).reshape(&[batch, self.hidden()])
    }

    /// One step on inputs `[batch, inputs]`.
    ///
    /// # Panics
    /// If the shapes do not fit ([`check`](Self::check) says so beforehand).
    #[track_caller]
    pub fn step(&self, x: &Tensor<F>, state: &Tensor<F>) -> Tensor<F> {
        self.step_traced(x, state).0
    }

    /// One step, and what the modules did in it.
    ///
    /// # Panics
    /// As [`step`](Self::step).
    #[track_caller]
    pub fn step_traced(&self, x: &Tensor<F>, state: &Tensor<F>) -> (Tensor<F>, StepTrace<F>) {
        if let Err(error) = self.check(x, state) {
            panic!("RimCell: {error}");
        }
        let (modules, units, batch) = (self.modules(), self.units(), x.shape()[0]);
        let (h, c) = (state.index(0, 0), state.index(0, 1));
        // s_m = (h_m Q_m) · (x K) / √key
        let scale = 1.0 / (self.key.shape()[1] as f64).sqrt();
        let scores = (h.matmul(&self.query) * x.matmul(&self.key)).sum(-1) * scale;
        let read = match self.selection {
            Selection::EmptySlot => scores.sigmoid(),
            Selection::Compete => scores.softmax(0),
        };
        let active = self.choose(&scores);

        // a (x V) W = a · ((x V) W): what is read is the same for all modules but for its weight.
        let seen = x.matmul(&self.value).matmul(&self.weight_x);
        let gates = seen * read.unsqueeze(-1) + h.matmul(&self.weight_h) + &self.bias;
        let rows = modules * batch;
        let states = gates.reshape(&[rows, 4 * units]).lstm_cell(&c.reshape(&[rows, units]));
        let mut states = states.reshape(&[2, modules, batch, units]);

        let of_modules = active.reshape(&[modules, batch, 1]);
        let heard = self.listen.as_ref().map(|listen| {
            let h = states.index(0, 0);
            // The values of all modules, the gradients of active ones.
            let (heard, attention) = listen.forward(&of_modules.select(&h, h.stop_gradient()));
            states = Tensor::stack(&[h + heard, states.index(0, 1)], 0);
            attention
        });
        let next = of_modules.select(&states, state);
        (next, StepTrace { active, read: read.stop_gradient(), heard })
    }

    /// 1 for the modules with the highest scores `[modules, batch]`, of equal ones the first, else 0. NaN comes last.
    fn choose(&self, scores: &Tensor<F>) -> Tensor<F> {
        let (modules, batch) = (self.modules(), scores.shape()[1]);
        let mut active = vec![F::zero(); modules * batch];
        let mut order: Vec<usize> = (0..modules).collect();
        for sample in 0..batch {
            let score = |m: usize| {
                let score = scores.data()[m * batch + sample].f64();
                if score.is_nan() { f64::NEG_INFINITY } else { score }
            };
            order.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
            for &m in &order[..self.active] {
                active[m * batch + sample] = F::one();
            }
        }
        Tensor::new(active, &[modules, batch])
    }

    /// Whether inputs `[batch, inputs]` and a state fit.
    ///
    /// # Errors
    /// Which of them does not.
    pub fn check(&self, x: &Tensor<F>, state: &Tensor<F>) -> Result<(), MechanismsError> {
        let inputs = self.key.shape()[0];
        let &[batch, features] = x.shape() else {
            let expected = format!("[batch, {inputs}]");
            return Err(MechanismsError::shape("the input", x.shape(), expected));
        };
        if features != inputs {
            let expected = format!("[batch, {inputs}]");
            return Err(MechanismsError::shape("the input", x.shape(), expected));
        }
        let expected = [2, self.modules(), batch, self.units()];
        if state.shape() != expected {
            return Err(MechanismsError::shape(
                "the state",
                state.shape(),
                format!("{expected:?}"),
            ));
        }
        Ok(())
    }
}
