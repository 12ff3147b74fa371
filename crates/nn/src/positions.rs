//! Where in a sequence something stands, as numbers for a network.

use seedbed_autodiff::{Float, Rng, Tensor, module};

use crate::Init;

/// Sinusoidal positions (Vaswani et al. 2017, section 3.5): `[length, width]`, to be added to the inputs. Row `p` has
///
/// ```text
/// sin(p/10000^{2i/width}) at 2i,    cos(p/10000^{2i/width}) at 2i + 1
/// ```
///
/// for the positions `p` from `first` on.
///
/// ```
/// use seedbed_nn::sinusoidal_positions;
/// let p = sinusoidal_positions::<f64>(0, 5, 4);
/// assert_eq!(p.index(0, 0).to_vec(), [0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(p.slice(0, 2..), sinusoidal_positions(2, 3, 4));
/// ```
pub fn sinusoidal_positions<F: Float>(first: usize, length: usize, width: usize) -> Tensor<F> {
    let number = |i: usize| {
        let (position, channel) = ((first + i / width) as f64, i % width);
        let angle = position / 1e4_f64.powf((channel - channel % 2) as f64 / width as f64);
        F::of(if channel % 2 == 0 { angle.sin() } else { angle.cos() })
    };
    Tensor::new((0..length * width).map(number).collect(), &[length, width])
}

/// Positions that are learnt: a vector for each, to be added to the inputs.
#[derive(Clone, Debug)]
pub struct LearntPositions<F: Float = f32> {
    /// `[longest, width]`.
    pub weight: Tensor<F>,
}
module!(LearntPositions<F> { weight });

impl<F: Float> LearntPositions<F> {
    /// For sequences of up to `longest`: from a normal distribution of deviation 0.02, as in GPT-2.
    #[track_caller]
    pub fn new(longest: usize, width: usize, rng: &mut Rng) -> Self {
        Self { weight: Init::Normal(0.02).weight(&[longest, width], rng) }
    }

    /// The vectors of `length` positions from `first` on: `[length, width]`.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::LearntPositions;
    /// let positions = LearntPositions::<f32>::new(10, 4, &mut Rng::new(0));
    /// assert_eq!(positions.forward(8, 2).shape(), [2, 4]);
    /// ```
    ///
    /// # Panics
    /// If there are not so many.
    #[track_caller]
    pub fn forward(&self, first: usize, length: usize) -> Tensor<F> {
        let longest = self.weight.shape()[0];
        assert!(
            first.checked_add(length).is_some_and(|end| end <= longest),
            "LearntPositions: {length} positions from {first} on, but there are {longest}"
        );
        self.weight.slice(0, first as isize..(first + length) as isize)
    }
}

/// Rotary positions (Su et al., "RoFormer", 2021, equation 34): queries and keys are turned by angles that grow with their position, so that their product depends
/// on the distance alone.
///
/// Channel `i` is turned together with channel `i + width/2` by the angle `p · base^{−2i/width}`. The paper pairs neighbours; halves are what LLaMA's and GPT-NeoX's
/// weights in Hugging Face's files expect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotary {
    /// 10,000 in the paper; larger for longer sequences.
    pub base: f64,
}

impl Default for Rotary {
    fn default() -> Self {
        Self { base: 1e4 }
    }
}

impl Rotary {
    /// `x` `[…, time, width]`, turned for the positions from `first` on.
    ///
    /// ```
    /// use seedbed_autodiff::{Rng, Tensor};
    /// use seedbed_nn::Rotary;
    /// let rng = &mut Rng::new(0);
    /// let [q, k] = [(); 2].map(|()| Tensor::<f64>::normal(&[1, 8], 0.0, 1.0, rng));
    /// let product = |a, b| {
    ///     let (q, k) = (Rotary::default().forward(&q, a), Rotary::default().forward(&k, b));
    ///     (q * k).sum(..).item()
    /// };
    /// assert!((product(5, 3) - product(102, 100)).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If there are fewer than two axes, or the width is odd.
    #[track_caller]
    pub fn forward<F: Float>(&self, x: &Tensor<F>, first: usize) -> Tensor<F> {
        let &[.., time, width] = x.shape() else {
            panic!("Rotary: needs […, time, width], got {:?}", x.shape())
        };
        assert!(width.is_multiple_of(2), "Rotary: the width must be even, got {width}");
        let half = width / 2;
        let angle = |i: usize| {
            let (position, pair) = ((first + i / half) as f64, i % half);
            position * self.base.powf(-2.0 * pair as f64 / width as f64)
        };
        let table = |f: fn(f64) -> f64| {
            let all = (0..time * half).map(|i| F::of(f(angle(i)))).collect();
            Tensor::<F>::new(all, &[time, half])
        };
        let (cos, sin) = (table(f64::cos), table(f64::sin));
        let parts = x.split(-1, &[half, half]);
        let (a, b) = (&parts[0], &parts[1]);
        Tensor::concat(&[a * &cos - b * &sin, b * &cos + a * &sin], -1)
    }
}
