//! The regimes of a table: small networks compete for its rows, and each comes to describe those of one law.

use seedbed_autodiff::{Activation, Rng, Tensor, value_and_grad_aux};
use seedbed_nn::optim::{Adam, AdamConfig};
use seedbed_nn::{Check, Checked, Config, ConfigError, Mlp};
use serde::{Deserialize, Serialize};

use crate::MechanismsError;
use crate::competition::{Competition, Rule};
use crate::error::all_finite;

/// How regimes are sought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegimesConfig {
    /// How many regimes are sought.
    pub experts: usize,
    /// The widths of an expert's hidden layers; none makes it linear.
    pub hidden: Vec<usize>,
    /// Steps of a training.
    pub steps: u64,
    /// The learning rate of Adam.
    pub lr: f64,
    /// Trainings from other weights, of which that with the smallest loss is taken.
    pub restarts: usize,
    /// The seed of weights and batches.
    pub seed: u64,
}

impl Default for RegimesConfig {
    fn default() -> Self {
        Self { experts: 2, hidden: vec![], steps: 600, lr: 0.02, restarts: 8, seed: 0 }
    }
}

impl Config for RegimesConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let check = Check::of("RegimesConfig");
        for (field, value) in [("experts", self.experts), ("restarts", self.restarts)] {
            check.that((1..=10_000).contains(&value), field, value, "from 1 to 10,000")?;
        }
        check.at_least_one("steps", self.steps)?;
        let rate = self.lr > 0.0 && self.lr <= 10.0;
        check.that(rate, "lr", self.lr, "above 0, and at most 10")?;
        self.hidden.iter().try_for_each(|&width| {
            check.that((1..=10_000).contains(&width), "hidden", width, "from 1 to 10,000")
        })?;
        let of_expert: f64 = self.hidden.windows(2).map(|pair| (pair[0] * pair[1]) as f64).sum();
        check.elements("hidden", self.experts as f64 * of_expert)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Regimes {
    /// The regime of each row, that of the expert with the smallest error.
    pub regime: Vec<usize>,
    /// The probability of that regime, if errors are normal with the variance of the winners': near 1 / experts where laws cross.
    pub certainty: Vec<f64>,
    /// The mean squared error of the winners, in units of the variance of y.
    pub loss: f64,
    models: Vec<Mlp<f64>>,
    x_scale: Vec<Scale>,
    y_scale: Scale,
}

/// A column's largest magnitude; its mean and deviation in units of it.
#[derive(Clone, Copy, Debug)]
struct Scale {
    largest: f64,
    mean: f64,
    deviation: f64,
}

impl Regimes {
    /// What each local model says of rows `[n, columns]`: `[n, experts]`, in units of y.
    ///
    /// # Errors
    /// If there are other columns than in the table that was learnt from, a number is not finite, or a prediction would be beyond range.
    pub fn predict(&self, x: &Tensor<f64>) -> Result<Tensor<f64>, MechanismsError> {
        let columns = self.x_scale.len();
        if !matches!(x.shape(), &[_, n] if n == columns) {
            return Err(MechanismsError::shape("x", x.shape(), format!("[rows, {columns}]")));
        }
        all_finite(x, || "x".into())?;
        let outputs = outputs(&self.models, &standardised(x, &self.x_scale));
        let Scale { largest, mean, deviation } = self.y_scale;
        let predicted = (outputs * deviation + mean) * largest;
        all_finite(&predicted, || "a prediction".into())?;
        Ok(predicted)
    }
}

/// What a linear model says: y = `at_zero` + Σ `slopes`ᵢ xᵢ, in the units of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// y where all of x is 0.
    pub at_zero: f64,
    /// Of each column.
    pub slopes: Vec<f64>,
}

impl Regimes {
    /// The local models as lines, one a regime; `None` if they have hidden layers.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// use seedbed_mechanisms::regimes::{RegimesConfig, regimes};
    /// use seedbed_nn::Config;
    /// let x = Tensor::new(vec![0.0, 1.0, 2.0, 3.0], &[4, 1]);
    /// let config = RegimesConfig { experts: 1, restarts: 1, ..Default::default() }.check()?;
    /// let line = &regimes(&x, &Tensor::new(vec![5.0, 7.0, 9.0, 11.0], &[4]), &config)?.lines().unwrap()[0];
    /// assert!((line.at_zero - 5.0).abs() < 0.01 && (line.slopes[0] - 2.0).abs() < 0.01);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lines(&self) -> Option<Vec<Line>> {
        let y = self.y_scale;
        let line = |model: &Mlp<f64>| {
            let [layer] = &model.layers[..] else { return None };
            let bias = layer.bias.as_ref().map_or(0.0, |bias| bias.data()[0]);
            let (mut at_zero, mut slopes) = (bias * y.deviation + y.mean, Vec::new());
            for (weight, x) in layer.weight.data().iter().zip(&self.x_scale) {
                let slope = weight / x.deviation * y.deviation;
                at_zero -= slope * x.mean;
                slopes.push(slope / x.largest * y.largest);
            }
            Some(Line { at_zero: at_zero * y.largest, slopes })
        };
        self.models.iter().map(line).collect()
    }
}

/// Rows of a batch.
const BATCH: usize = 1024;

/// Temperatures of the competition, in units of the variance of y: at first every expert learns from every row, in the end nearly only from what it wins.
const TEMPERATURES: [f64; 2] = [1.0, 1e-3];

/// The share of the steps in which the temperature falls; then the smallest error wins.
const SOFT_SHARE: f64 = 0.7;

/// Finds regimes in a table of `x`, `[rows, columns]`, and `y`, `[rows]`: local models compete for rows by their squared error, and who wins a row learns from it
/// (the competition of Parascandolo et al. 2018, with annealing as in Rose 1998, "Deterministic annealing").
///
/// # Errors
/// If the table is empty or has fewer rows than experts, `y` has not one number a row, a number is not finite, or a column has the same value in every row.
///
/// ```
/// use seedbed_autodiff::Tensor;
/// use seedbed_mechanisms::regimes::{RegimesConfig, regimes};
/// use seedbed_nn::Config;
///
/// // y = 2 x in the first half, y = 5 − x in the second.
/// let x: Vec<f64> = (0..40).map(|i| f64::from(i % 20) / 20.0).collect();
/// let y = (0..40).map(|i| if i < 20 { 2.0 * x[i] } else { 5.0 - x[i] }).collect();
/// let config = RegimesConfig { steps: 200, restarts: 2, ..RegimesConfig::default() }.check()?;
/// let found = regimes(&Tensor::new(x, &[40, 1]), &Tensor::new(y, &[40]), &config)?;
/// assert!(found.regime[..20].iter().all(|&r| r == found.regime[0]));
/// assert!(found.regime[20..].iter().all(|&r| r != found.regime[0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn regimes(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    config: &Checked<RegimesConfig>,
) -> Result<Regimes, MechanismsError> {
    let &[rows, columns] = x.shape() else {
        return Err(MechanismsError::shape("x", x.shape(), "[rows, columns]"));
    };
    if rows == 0 {
        return Err(MechanismsError::Empty { what: "the table" });
    }
    if columns == 0 {
        return Err(MechanismsError::shape(
            "x",
            x.shape(),
            "[rows, columns] with at least 1 column",
        ));
    }
    if y.shape() != [rows] {
        return Err(MechanismsError::shape("y", y.shape(), format!("[{rows}], one number a row")));
    }
    if rows < config.experts {
        let expected = format!("at most {rows}, the rows of the table");
        return Err(MechanismsError::setting("experts", config.experts, expected));
    }
    all_finite(x, || "x".into())?;
    all_finite(y, || "y".into())?;
    let x_scale = (0..columns)
        .map(|c| scale(x.data().iter().skip(c).step_by(columns), &c.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let y_scale = scale(y.data().iter(), "y")?;
    let x = standardised(x, &x_scale);
    let y = standardised(&y.reshape(&[rows, 1]), &[y_scale]);

    let mut rng = Rng::new(config.seed);
    let mut best: Option<Competed> = None;
    for _ in 0..config.restarts {
        let models = train(&x, &y, config, &mut rng)?;
        let squares = (outputs(&models, &x) - &y).square();
        let round = Competition::new(config.experts, Rule::Argmax)?.judge(&-&squares, &mut rng)?;
        let loss = (&squares * &round.weights).sum(-1).mean(..).item();
        if best.as_ref().is_none_or(|best| loss < best.loss) {
            best = Some(Competed { models, squares, winners: round.winners().to_vec(), loss });
        }
    }
    let Competed { models, squares, winners, loss } = best.expect("at least one training");
    // p(expert | row) ∝ exp(−error² / 2 σ²) with σ² = the mean loss; its lower bound keeps a perfect fit from a division by 0.
    let posterior = (-&squares / (2.0 * loss.max(1e-12))).softmax(-1);
    let certainty = winners.iter().zip(posterior.data().chunks_exact(config.experts));
    Ok(Regimes {
        certainty: certainty.map(|(&winner, row)| row[winner]).collect(),
        regime: winners,
        loss,
        models,
        x_scale,
        y_scale,
    })
}

/// Models that were trained, with what came of their competition for all rows.
struct Competed {
    models: Vec<Mlp<f64>>,
    /// The squared error of each model on each row, `[rows, experts]`.
    squares: Tensor<f64>,
    winners: Vec<usize>,
    /// The mean of the winners' squared errors.
    loss: f64,
}

/// The predictions of all models beside each other, `[rows, experts]`.
fn outputs(models: &[Mlp<f64>], x: &Tensor<f64>) -> Tensor<f64> {
    let each: Vec<_> = models.iter().map(|model| model.forward(x)).collect();
    Tensor::concat(&each, 1)
}

fn train(
    x: &Tensor<f64>,
    y: &Tensor<f64>,
    config: &Checked<RegimesConfig>,
    rng: &mut Rng,
) -> Result<Vec<Mlp<f64>>, MechanismsError> {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    let sizes = [&[columns][..], &config.hidden, &[1]].concat();
    let mut models: Vec<_> =
        (0..config.experts).map(|_| Mlp::<f64>::new(&sizes, Activation::Tanh, rng)).collect();
    let adam = AdamConfig { lr: config.lr, ..AdamConfig::default() };
    let adam = adam.check().expect("a rate that was checked");
    let mut adam = Adam::new(&models, adam);
    let mut competition = Competition::new(config.experts, Rule::Argmax)?;
    let [hot, cold] = TEMPERATURES;
    for step in 0..config.steps {
        let done = step as f64 / (SOFT_SHARE * config.steps as f64);
        let rule = match done < 1.0 {
            true => Rule::Soft { temperature: hot * (cold / hot).powf(done) },
            false => Rule::Argmax,
        };
        let batch: Option<Vec<usize>> =
            (rows > BATCH).then(|| (0..BATCH).map(|_| rng.below(rows)).collect());
        let (x, y) = match &batch {
            Some(rows) => (&x.index_select(0, rows), &y.index_select(0, rows)),
            None => (x, y),
        };
        competition.set_rule(rule)?;
        let (_, judged, gradient) = value_and_grad_aux(&models, |models| {
            let squares = (outputs(models, x) - y).square();
            match competition.judge(&-squares.stop_gradient(), rng) {
                Ok(round) => ((squares * &round.weights).sum(-1).mean(..), Ok(())),
                Err(error) => (squares.mean(..), Err(error)),
            }
        });
        judged?;
        // Towards the end smaller steps: a winner settles.
        adam.step_scaled(
            &mut models,
            &gradient,
            (2.0 * (1.0 - step as f64 / config.steps as f64)).min(1.0),
        );
    }
    Ok(models)
}

fn scale<'a>(
    column: impl Iterator<Item = &'a f64> + Clone,
    name: &str,
) -> Result<Scale, MechanismsError> {
    let n = column.clone().count() as f64;
    let largest = column.clone().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let first = column.clone().next().copied().unwrap_or(0.0);
    if column.clone().all(|&x| x == first) {
        return Err(MechanismsError::ConstantColumn { column: name.into(), value: first });
    }
    // In units of the largest number, so that no square is beyond range.
    let mean = column.clone().map(|x| x / largest).sum::<f64>() / n;
    let variance = column.map(|x| (x / largest - mean).powi(2)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    if !(deviation > 0.0 && deviation.is_finite()) {
        return Err(MechanismsError::ConstantColumn { column: name.into(), value: first });
    }
    Ok(Scale { largest, mean, deviation })
}

fn standardised(x: &Tensor<f64>, scales: &[Scale]) -> Tensor<f64> {
    let of = |f: fn(&Scale) -> f64| Tensor::new(scales.iter().map(f).collect(), &[scales.len()]);
    // In units of the largest number, as the scale was found: x − mean may be beyond range.
    let largest = of(|s| s.largest);
    (x / &largest - of(|s| s.mean)) / of(|s| s.deviation)
}
