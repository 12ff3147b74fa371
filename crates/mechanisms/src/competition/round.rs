//! What comes out of one round.

use seedbed_autodiff::{Float, Tensor};

use crate::MechanismsError;

/// The outcome of a round.
#[derive(Clone, Debug)]
pub struct Round<F: Float = f32> {
    winners: Vec<usize>,
    /// `[samples, experts]`: how much of each sample an expert gets; rows add up to 1. One-hot but for a soft gate.
    pub weights: Tensor<F>,
    /// What can be said of the round.
    pub statistics: Statistics,
}

/// What can be said of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// How many samples each expert won.
    pub wins: Vec<usize>,
    /// The mean over samples of the winner's score less the best other's: how clear the decisions were. Infinite scores and NaN are left out; 0 where
    /// nothing is left.
    pub margin: f64,
    /// For how many samples each expert's score was the highest, whoever won them.
    pub best: Vec<usize>,
    /// How many samples went to another expert than the one with the highest score, as capacity and load demand.
    pub relocated: usize,
    /// How many scores were NaN.
    pub nan: usize,
    /// The entropy of the shares of wins divided by ln(experts): 1 where all win alike, 0 where one wins all. 1 for a single expert.
    pub balance: f64,
}

impl<F: Float> Round<F> {
    pub(super) fn new(
        winners: Vec<usize>,
        weights: Tensor<F>,
        rows: &[Vec<f64>],
        best: &[usize],
    ) -> Self {
        let experts = rows[0].len();
        let count = |of: &[usize]| {
            let mut counts = vec![0; experts];
            of.iter().for_each(|&expert| counts[expert] += 1);
            counts
        };
        let wins = count(&winners);
        let relocated = winners.iter().zip(best).filter(|(a, b)| a != b).count();
        let nan = rows.iter().flatten().filter(|score| score.is_nan()).count();
        let statistics = Statistics {
            balance: balance(&wins),
            wins,
            margin: margin(rows, &winners),
            best: count(best),
            relocated,
            nan,
        };
        Self { winners, weights, statistics }
    }

    /// A round whose winners are known from elsewhere, as an oracle's are. Scores `[samples, experts]` are looked at for the statistics only.
    ///
    /// # Errors
    /// If there is not one winner a sample, or one that does not exist; and as [`Competition::judge`](super::Competition::judge).
    pub fn of_winners(winners: Vec<usize>, scores: &Tensor<F>) -> Result<Self, MechanismsError> {
        let experts = scores.shape().get(1).copied().unwrap_or(0);
        let rows = rows(scores, experts)?;
        if winners.len() != rows.len() {
            let expected = format!("[{}], one winner a sample", rows.len());
            return Err(MechanismsError::shape("winners", &[winners.len()], expected));
        }
        if let Some((sample, &expert)) = winners.iter().enumerate().find(|&(_, &w)| w >= experts) {
            return Err(MechanismsError::NoSuchExpert { sample, expert, experts });
        }
        let best = super::best_of(&rows, |_| 0.0);
        let weights = Tensor::one_hot(&winners, experts);
        Ok(Self::new(winners, weights, &rows, &best))
    }

    /// The expert that won each sample.
    pub fn winners(&self) -> &[usize] {
        &self.winners
    }

    /// The samples that an expert won, in ascending order.
    pub fn won_by(&self, expert: usize) -> Vec<usize> {
        (0..self.winners.len()).filter(|&sample| self.winners[sample] == expert).collect()
    }

    /// Of each sample what its winner made of it; `outputs` has one tensor `[samples, …]` an expert.
    ///
    /// # Panics
    /// If there is not one output an expert, or they have other shapes than one another.
    #[track_caller]
    pub fn select(&self, outputs: &[Tensor<F>]) -> Tensor<F> {
        self.check("select", outputs);
        let samples = self.winners.len();
        let all = Tensor::concat(outputs, 0);
        let at: Vec<usize> = self
            .winners
            .iter()
            .enumerate()
            .map(|(sample, expert)| expert * samples + sample)
            .collect();
        all.index_select(0, &at)
    }

    /// Σ weight · output over the experts: what a mixture of experts answers. Numbers that are not finite add nothing where the weight is 0.
    ///
    /// # Panics
    /// As [`select`](Self::select).
    #[track_caller]
    pub fn mix(&self, outputs: &[Tensor<F>]) -> Tensor<F> {
        self.check("mix", outputs);
        let mut shape = vec![1; outputs[0].ndim()];
        shape[0] = self.winners.len();
        let weighted = |(expert, y): (usize, &Tensor<F>)| {
            let weight = self.weights.index(1, expert as isize).reshape(&shape);
            if y.data().iter().all(|x| x.is_finite()) {
                return y * weight;
            }
            // 0 · x is 0 for a number, else NaN.
            let is_number = (y * 0.0).eq(0.0).stop_gradient();
            let counts = (&is_number + weight.ne(0.0)).gt(0.0).stop_gradient();
            counts.select(y, 0.0) * weight
        };
        outputs.iter().enumerate().map(weighted).reduce(|a, b| a + b).expect("there is an expert")
    }

    #[track_caller]
    fn check(&self, op: &str, outputs: &[Tensor<F>]) {
        let experts = self.statistics.wins.len();
        assert!(outputs.len() == experts, "{op}: {experts} experts, but {} outputs", outputs.len());
        for y in outputs {
            assert!(
                y.shape() == outputs[0].shape() && y.shape().first() == Some(&self.winners.len()),
                "{op}: {} samples need outputs of one shape [samples, …], got {:?} and {:?}",
                self.winners.len(),
                outputs[0].shape(),
                y.shape()
            );
        }
    }
}

/// The scores of each sample.
pub(super) fn rows<F: Float>(
    scores: &Tensor<F>,
    experts: usize,
) -> Result<Vec<Vec<f64>>, MechanismsError> {
    if experts == 0 {
        return Err(MechanismsError::NoExperts);
    }
    if scores.ndim() != 2 || scores.shape()[1] != experts {
        let expected = format!("[samples, {experts}], a score for each expert");
        return Err(MechanismsError::shape("the scores", scores.shape(), expected));
    }
    if scores.is_empty() {
        return Err(MechanismsError::Empty { what: "the set of samples" });
    }
    let rows: Vec<Vec<f64>> = scores
        .data()
        .chunks_exact(experts)
        .map(|row| row.iter().map(|x| x.f64()).collect())
        .collect();
    match rows.iter().position(|row| row.iter().all(|x| x.is_nan())) {
        Some(sample) => Err(MechanismsError::NoScore { sample }),
        None => Ok(rows),
    }
}

/// softmax(scores / temperature); NaN has the weight 0. Where the highest score is infinite, those that are equal to it share alike: the limit.
pub(super) fn soft<F: Float>(scores: &Tensor<F>, temperature: f64) -> Tensor<F> {
    let (samples, experts) = (scores.shape()[0], scores.shape()[1]);
    let mut highest = Vec::with_capacity(samples);
    // Weights that are known without the scores' values, as logits; and where.
    let mut known = vec![F::zero(); scores.len()];
    let mut logits = vec![F::neg_infinity(); scores.len()];
    for (row, first) in scores.data().chunks_exact(experts).zip((0..).step_by(experts)) {
        let max = row.iter().copied().fold(F::neg_infinity(), |m, x| if x > m { x } else { m });
        for (x, at) in row.iter().zip(first..) {
            if x.is_nan() || !max.is_finite() {
                known[at] = F::one();
                logits[at] = if *x == max { F::zero() } else { F::neg_infinity() };
            }
        }
        highest.push(if max.is_finite() { max } else { F::zero() });
    }
    let of = |data| Tensor::new(data, &[samples, experts]);
    // The difference before the division: a low temperature must not make ∞ − ∞ of it.
    let others = (scores - Tensor::new(highest, &[samples, 1])) / temperature;
    of(known).select(of(logits), others).softmax(1)
}

fn margin(rows: &[Vec<f64>], winners: &[usize]) -> f64 {
    let margins = rows.iter().zip(winners).filter_map(|(row, &winner)| {
        let others = row.iter().enumerate().filter(|&(expert, x)| expert != winner && !x.is_nan());
        let margin = row[winner] - others.map(|(_, &x)| x).reduce(f64::max)?;
        margin.is_finite().then_some(margin)
    });
    let (sum, count) = margins.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
    sum / f64::from(count.max(1))
}

fn balance(wins: &[usize]) -> f64 {
    if wins.len() == 1 {
        return 1.0;
    }
    let all: usize = wins.iter().sum();
    let term = |&n: &usize| {
        if n == 0 { 0.0 } else { -(n as f64 / all as f64) * (n as f64 / all as f64).ln() }
    };
    wins.iter().map(term).sum::<f64>() / (wins.len() as f64).ln()
}
