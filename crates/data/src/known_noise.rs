//! Label noise of well-known experiments.

use crate::{Flip, LabelNoise};

/// What each class of Fashion-MNIST is taken for, and in which share of the mistakes.
const LOOKS_LIKE: [&[(usize, f64)]; 10] = [
    &[(6, 0.5), (3, 0.3), (2, 0.2)], // T-shirt: shirt, dress, pullover
    &[(3, 1.0)],                     // trouser: dress
    &[(4, 0.5), (6, 0.5)],           // pullover: coat, shirt
    &[(0, 0.4), (4, 0.3), (1, 0.3)], // dress: T-shirt, coat, trouser
    &[(2, 0.5), (6, 0.5)],           // coat: pullover, shirt
    &[(7, 0.7), (9, 0.3)],           // sandal: sneaker, boot
    &[(0, 0.4), (2, 0.3), (4, 0.3)], // shirt: T-shirt, pullover, coat
    &[(5, 0.5), (9, 0.5)],           // sneaker: sandal, boot
    &[(6, 0.4), (2, 0.3), (5, 0.3)], // bag: shirt, pullover, sandal
    &[(7, 0.7), (5, 0.3)],           // boot: sneaker, sandal
];

impl LabelNoise {
    /// The structured noise of the RHO-LOSS paper on MNIST: half of the threes become fives, half of
    /// the nines sevens, and half of the fours nines.
    ///
    /// The paper's code takes the first half of each class in file order; here it is a random one,
    /// because the order of MNIST's files is not random.
    pub fn mnist_pairs() -> Self {
        let flips = [(3, 5), (9, 7), (4, 9)].map(|(from, to)| Flip { from, to, share: 0.5 });
        Self::Pairs { flips: flips.to_vec() }
    }

    /// Class-dependent noise on Fashion-MNIST, as crawled labels have it: a label is wrong with probability `share`, and then names
    /// an article that looks like the true one. A share of 0.38 is that of Clothing-1M (Xiao et al. 2015).
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_data::{LabelNoise, fashion_mnist};
    ///
    /// let clothes = fashion_mnist::embedded().train;
    /// let noise = LabelNoise::fashion_confusions(0.38);
    /// let noisy = noise.apply(clothes.labels(), 10, &mut Rng::new(0))?;
    /// assert!((noisy.num_wrong() as f64 / 5_000.0 - 0.38).abs() < 0.03);
    /// # Ok::<(), seedbed_data::DataError>(())
    /// ```
    pub fn fashion_confusions(share: f64) -> Self {
        let row = |(class, mistakes): (usize, &&[(usize, f64)])| {
            let mut row = vec![0.0; LOOKS_LIKE.len()];
            row[class] = 1.0 - share;
            mistakes.iter().for_each(|&(to, part)| row[to] = share * part);
            row
        };
        Self::Matrix { rows: LOOKS_LIKE.iter().enumerate().map(row).collect() }
    }
}
