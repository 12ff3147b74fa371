use ndarray_rand::rand_distr::{Distribution, StandardNormal, Uniform};
use rand::seq::SliceRandom;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The one random generator of the workspace: ChaCha with 8 rounds, always passed explicitly.
///
/// The same seed gives the same bits across runs, machines and thread counts. It implements
/// [`rand::RngCore`], so that every distribution of the `rand` family can be drawn from it.
///
/// ```
/// use seedbed_kernels::Rng;
/// let (mut a, mut b) = (Rng::new(7), Rng::new(7));
/// assert_eq!(a.permutation(10), b.permutation(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(ChaCha8Rng);

/// The length of [`Rng::to_bytes`]: key 32, stream 8, position 16.
pub const RNG_STATE_BYTES: usize = 56;

impl Rng {
    /// A generator of the given seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A generator that depends on a seed and a number alone, independent of those of other numbers: of each step of a selection, say, whose state is
    /// then two numbers.
    ///
    /// ```
    /// # use seedbed_kernels::Rng;
    /// assert_eq!(Rng::numbered(7, 2), Rng::numbered(7, 2));
    /// assert_ne!(Rng::numbered(7, 2).uniform(), Rng::numbered(7, 3).uniform());
    /// ```
    pub fn numbered(seed: u64, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number);
        Self(rng)
    }

    /// The generator as it is after so many draws of [`uniform`](Self::uniform) and [`gumbel`](Self::gumbel) since it was made.
    ///
    /// ```
    /// # use seedbed_kernels::Rng;
    /// let mut rng = Rng::new(0);
    /// rng.gumbel();
    /// assert_eq!(rng.uniform(), Rng::new(0).after(1).uniform());
    /// ```
    #[must_use]
    pub fn after(mut self, draws: u64) -> Self {
        // Each takes two words of 32 bits.
        self.0.set_word_pos(2 * u128::from(draws));
        self
    }

    /// An independent child. The parent moves on, so that two splits differ.
    ///
    /// ```
    /// # use seedbed_kernels::Rng;
    /// let mut rng = Rng::new(0);
    /// assert_ne!(rng.split(), rng.split());
    /// ```
    #[must_use]
    pub fn split(&mut self) -> Self {
        let mut key = [0; 32];
        self.0.fill_bytes(&mut key);
        Self(ChaCha8Rng::from_seed(key))
    }

    /// The whole state, to be kept in a checkpoint.
    pub fn to_bytes(&self) -> [u8; RNG_STATE_BYTES] {
        let mut out = [0; RNG_STATE_BYTES];
        out[..32].copy_from_slice(&self.0.get_seed());
        out[32..40].copy_from_slice(&self.0.get_stream().to_le_bytes());
        out[40..].copy_from_slice(&self.0.get_word_pos().to_le_bytes());
        out
    }

    /// The generator whose state [`to_bytes`](Self::to_bytes) gave: it goes on with the same bits.
    ///
    /// ```
    /// # use seedbed_kernels::Rng;
    /// let mut rng = Rng::new(3);
    /// rng.uniform();
    /// let mut resumed = Rng::from_bytes(&rng.to_bytes());
    /// assert_eq!(rng.uniform(), resumed.uniform());
    /// ```
    pub fn from_bytes(state: &[u8; RNG_STATE_BYTES]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&state[..32]);
        let mut word = [0; 8];
        word.copy_from_slice(&state[32..40]);
        let mut position = [0; 16];
        position.copy_from_slice(&state[40..]);
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(u64::from_le_bytes(word));
        rng.set_word_pos(u128::from_le_bytes(position));
        Self(rng)
    }

    /// A number of [0, 1).
    pub fn uniform(&mut self) -> f64 {
        Uniform::new(0.0, 1.0).expect("a non-empty range").sample(&mut self.0)
    }

    /// A draw from the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// A draw from the standard Gumbel distribution, −log(−log u).
    pub fn gumbel(&mut self) -> f64 {
        // u lies in (0, 1]; 1 gives +∞, and 2⁻⁵³ less is the nearest that does not.
        let u = (1.0 - self.uniform()).min(1.0 - f64::EPSILON / 2.0);
        -(-u.ln()).ln()
    }

    /// A whole number below `n`.
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "Rng::below: there is no number below 0");
        // Drawn as u64, so that 32-bit machines get the same numbers.
        Uniform::new(0, n as u64).expect("a non-empty range").sample(&mut self.0) as usize
    }

    /// True with probability `p`.
    pub fn bernoulli(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// `k` different numbers below `n` in random order, each set as likely (Fisher–Yates, stopped early).
    ///
    /// # Panics
    /// If `k` is greater than `n`.
    #[track_caller]
    pub fn choose(&mut self, n: usize, k: usize) -> Vec<usize> {
        assert!(k <= n, "Rng::choose: there are no {k} different numbers below {n}");
        let mut all: Vec<usize> = (0..n).collect();
        for i in 0..k {
            let j = i + self.below(n - i);
            all.swap(i, j);
        }
        all.truncate(k);
        all
    }

    /// The numbers below `n` in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut p: Vec<usize> = (0..n).collect();
        self.shuffle(&mut p);
        p
    }
}

impl RngCore for Rng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
    fn fill_bytes(&mut self, out: &mut [u8]) {
        self.0.fill_bytes(out);
    }
}

/// Uniform numbers in [-1, 1), for tests.
#[cfg(test)]
pub(crate) fn numbers<F: crate::Float>(len: usize, seed: u64) -> Vec<F> {
    let mut rng = Rng::new(seed);
    (0..len).map(|_| F::of(2.0 * rng.uniform() - 1.0)).collect()
}
