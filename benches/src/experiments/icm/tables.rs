//! Tables whose rows follow one of several known laws.

use seedbed::autodiff::{Rng, Tensor};

/// A kind of table.
#[derive(Clone, Copy)]
pub(super) struct Laws {
    pub(super) name: &'static str,
    /// Numbers of a row beside y, each uniform in [−1, 1).
    pub(super) columns: usize,
    /// What y is; noise of the deviation [`NOISE`] comes to it.
    pub(super) laws: &'static [fn(&[f64]) -> f64],
    /// The hidden layers that an expert needs for one of these laws.
    pub(super) hidden: &'static [usize],
    /// Whether the laws keep apart, so that every row tells its own.
    pub(super) separable: bool,
}

pub(super) const ALL: [Laws; 4] = [
    Laws {
        name: "planes",
        columns: 3,
        laws: &[
            |x| x[0] + 2.0 * x[1] - x[2],
            |x| 6.0 - 2.0 * x[0] + x[2],
            |x| -7.0 + x[1] + 2.0 * x[2],
        ],
        hidden: &[],
        separable: true,
    },
    Laws {
        name: "curves",
        columns: 1,
        laws: &[|x| (4.0 * x[0]).sin(), |x| 2.5 + (3.0 * x[0]).cos(), |x| -2.5 + x[0] * x[0]],
        hidden: &[16],
        separable: true,
    },
    Laws {
        name: "opposed",
        columns: 4,
        laws: &[|x| 3.0 + x[0] - x[1] + x[3], |x| -3.0 - x[0] + x[1] - x[2]],
        hidden: &[],
        separable: true,
    },
    Laws {
        name: "crossing",
        columns: 1,
        laws: &[|x| 2.0 * x[0], |x| -2.0 * x[0]],
        hidden: &[],
        separable: false,
    },
];

/// The deviation of the noise.
pub(super) const NOISE: f64 = 0.05;

/// Rows, with the law of each.
pub(super) struct Table {
    pub(super) x: Tensor<f64>,
    pub(super) y: Tensor<f64>,
    pub(super) law: Vec<usize>,
}

impl Laws {
    pub(super) fn draw(&self, rows: usize, rng: &mut Rng) -> Table {
        let (mut x, mut y, mut law) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let row: Vec<f64> = (0..self.columns).map(|_| 2.0 * rng.uniform() - 1.0).collect();
            let of_row = rng.below(self.laws.len());
            y.push(self.laws[of_row](&row) + NOISE * rng.normal());
            x.extend(row);
            law.push(of_row);
        }
        let (x, y) = (Tensor::new(x, &[rows, self.columns]), Tensor::new(y, &[rows]));
        Table { x, y, law }
    }
}
