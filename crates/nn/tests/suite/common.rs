//! A small regression that several tests train: a sum of bumps fitted to a sine, with dropout.

use seedbed_autodiff::{RNG_STATE_BYTES, Rng, Tensor, module};
use seedbed_nn::train::{Batches, Loss, Metrics, Stream};

/// `Σₖ heightₖ tanh(slopeₖ x + shiftₖ)`.
#[derive(Clone, Debug)]
pub(crate) struct Bumps {
    pub(crate) slope: Tensor,
    pub(crate) shift: Tensor,
    pub(crate) height: Tensor,
    /// The mean of all x seen lately: a running statistic.
    pub(crate) seen: Tensor,
}
module!(Bumps: f32 { slope, shift, height } buffers { seen });

pub(crate) fn bumps(rng: &mut Rng) -> Bumps {
    let mut normal = |std| Tensor::normal(&[16], 0.0, std, rng);
    Bumps { slope: normal(2.0), shift: normal(1.0), height: normal(0.1), seen: Tensor::scalar(0.0) }
}

const POINTS: usize = 50;

fn x(rows: &[usize]) -> Tensor {
    let x = rows.iter().map(|&i| i as f32 / POINTS as f32 * 4.0 - 2.0).collect();
    Tensor::new(x, &[rows.len(), 1])
}

fn mean_square(m: &Bumps, rows: &[usize], keep: &Tensor) -> Tensor {
    let x = x(rows);
    let y = Tensor::new(x.data().iter().map(|x| (2.0 * x).sin()).collect(), &[rows.len()]);
    let hidden = (&m.slope * &x + &m.shift).tanh() * keep;
    let error = (hidden * &m.height).sum(-1) - y;
    (&error * &error).mean(..)
}

/// Drops a tenth of the bumps, and follows the mean of x.
#[expect(clippy::ptr_arg, reason = "the trainer hands on what the stream gives")]
pub(crate) fn loss(m: &Bumps, rows: &Vec<usize>, rng: &mut Rng) -> Loss<f32, Bumps> {
    let keep: Vec<f32> = (0..16).map(|_| if rng.bernoulli(0.9) { 1.0 } else { 0.0 }).collect();
    let kept = f64::from(keep.iter().sum::<f32>()) / 16.0;
    let seen = &m.seen * 0.9 + x(rows).mean(..) * 0.1;
    Loss {
        loss: mean_square(m, rows, &Tensor::new(keep, &[16])),
        metrics: Metrics::new().with("kept", kept),
        model: Some(Bumps { seen, ..m.clone() }),
    }
}

pub(crate) fn validation(m: &Bumps) -> Metrics {
    let rows: Vec<usize> = (0..POINTS).collect();
    let loss = mean_square(m, &rows, &Tensor::ones(&[16])).item();
    let height = m.height.data().iter().fold(0.0_f32, |a, x| a.max(x.abs()));
    Metrics::from([("loss", f64::from(loss)), ("height", f64::from(height))])
}

/// Shuffled epochs of 50 rows in batches of 8, the last of 2: interruptions fall inside epochs.
struct Epochs {
    order: Vec<usize>,
    at: usize,
    before: Rng,
    rng: Rng,
}

impl Epochs {
    fn new(before: Rng, at: usize) -> Self {
        let mut rng = before.clone();
        Self { order: rng.permutation(POINTS), at, before, rng }
    }

    fn next(&mut self) -> Vec<usize> {
        if self.at >= POINTS {
            *self = Self::new(self.rng.clone(), 0);
        }
        let rows = self.order[self.at..POINTS.min(self.at + 8)].to_vec();
        self.at += 8;
        rows
    }
}

pub(crate) fn points() -> impl Batches<Batch = Vec<usize>> {
    Stream::new(
        Epochs::new(Rng::new(8), 0),
        |e| Some(e.next()),
        |e| (e.before.to_bytes().to_vec(), e.at),
        |e, (rng, at): (Vec<u8>, usize)| match <&[u8; RNG_STATE_BYTES]>::try_from(&rng[..]) {
            Ok(rng) => {
                *e = Epochs::new(Rng::from_bytes(rng), at);
                Ok(())
            }
            Err(_) => Err("not the state of a generator"),
        },
    )
}
