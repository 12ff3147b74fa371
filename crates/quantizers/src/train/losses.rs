use seedbed_autodiff::{Float, Tensor};

/// A loss, its name and its weight in the total.
#[derive(Clone, Debug)]
pub struct NamedLoss<F: Float = f32> {
    /// What it is, `commitment` for example.
    pub name: &'static str,
    /// Its value, without the weight: a scalar.
    pub value: Tensor<F>,
    /// What it is multiplied by in the total.
    pub weight: f64,
}

/// The losses of a quantizer, by name.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_quantizers::train::Losses;
/// let mut losses = Losses::<f32>::default();
/// losses.add("commitment", Tensor::scalar(2.0), 0.25);
/// assert_eq!((losses.total().item(), losses.get("commitment").unwrap().item()), (0.5, 2.0));
/// assert!(losses.get("entropy").is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Losses<F: Float = f32>(Vec<NamedLoss<F>>);

impl<F: Float> Losses<F> {
    /// Adds a loss. Those of one name and weight, such as those of several stages, are added up.
    pub fn add(&mut self, name: &'static str, value: Tensor<F>, weight: f64) {
        match self.0.iter_mut().find(|l| l.name == name && l.weight == weight) {
            Some(loss) => loss.value = &loss.value + &value,
            None => self.0.push(NamedLoss { name, value, weight }),
        }
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: Self) {
        for NamedLoss { name, value, weight } in other.0 {
            self.add(name, value, weight);
        }
    }

    /// The value of a loss, without its weight.
    pub fn get(&self, name: &str) -> Option<&Tensor<F>> {
        self.0.iter().find(|loss| loss.name == name).map(|loss| &loss.value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &NamedLoss<F>> {
        self.0.iter()
    }

    /// `Σ weight · value`; 0 if there are none.
    pub fn total(&self) -> Tensor<F> {
        let terms = self.0.iter().map(|loss| &loss.value * loss.weight);
        terms.reduce(|sum, term| sum + term).unwrap_or_else(|| Tensor::scalar(0.0))
    }
}
