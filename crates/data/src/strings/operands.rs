use seedbed_kernels::Rng;

/// Pairs of numbers of one kind, drawn at random; digits are least significant first.
///
/// [`Uniform`](Self::Uniform) digits almost never make a long carry, for example, so that a network which is trained and tested on them alone
/// may not know what a carry is. The [other kinds](Self::TOUGH) are those on which published networks fail (Price, Zaremba &
/// Sutskever 2016, "Extensions and limitations of the Neural GPU"; their `carries.py`).
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::strings::Operands;
/// let [a, b] = Operands::Propagate.draw(5, 2, &mut Rng::new(0));
/// assert!(a[1..].iter().zip(&b[1..]).all(|(a, b)| a + b == 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operands {
    /// All digits alike likely.
    Uniform,
    /// All pairs of digits but the lowest sum to one less than the base: one bit decides a carry across all of the number.
    Propagate,
    /// Such pairs from one random digit to another, with a carry or none into the lowest of them, and uniform digits elsewhere.
    Chain,
    /// Twice the same number.
    Equal,
    /// Both numbers are uniform up to a random digit each, and 0 above.
    Short,
    /// Powers of the base, their neighbours one above and one below, and for one of the two often a uniform number.
    Powers,
    /// All digits are the greatest, up to a random length, of one number; the other is such a one too, 1, or uniform.
    Greatest,
    /// 0 or 1, and a uniform number.
    ZeroOrOne,
    /// Runs of equal digits of random lengths.
    Runs,
    /// Nearly all digits of each number are the same.
    Sparse,
}

impl Operands {
    /// All kinds but the uniform one.
    pub const TOUGH: [Self; 9] = [
        Self::Propagate,
        Self::Chain,
        Self::Equal,
        Self::Short,
        Self::Powers,
        Self::Greatest,
        Self::ZeroOrOne,
        Self::Runs,
        Self::Sparse,
    ];

    /// Two numbers of `digits` digits each, in random order.
    ///
    /// # Panics
    /// If there is no digit, or the base is below 2.
    #[track_caller]
    pub fn draw(self, digits: usize, base: u8, rng: &mut Rng) -> [Vec<u8>; 2] {
        assert!(digits > 0 && base >= 2, "Operands: {digits} digits of base {base}");
        let draw = Draw { digits, base };
        let mut pair = match self {
            Self::Uniform => [draw.uniform(rng), draw.uniform(rng)],
            Self::Propagate => draw.chain(0, digits, rng),
            Self::Chain => {
                let (i, j) = (rng.below(digits), rng.below(digits));
                draw.chain(i.min(j), i.max(j) + 1, rng)
            }
            Self::Equal => {
                let a = draw.uniform(rng);
                [a.clone(), a]
            }
            Self::Short => [draw.short(rng), draw.short(rng)],
            Self::Powers => {
                let other =
                    if rng.bernoulli(0.5) { draw.near_power(rng) } else { draw.uniform(rng) };
                [draw.near_power(rng), other]
            }
            Self::Greatest => {
                let other = match rng.below(3) {
                    0 => draw.greatest(rng),
                    1 => draw.small(1),
                    _ => draw.uniform(rng),
                };
                [draw.greatest(rng), other]
            }
            Self::ZeroOrOne => [draw.small(rng.below(2) as u8), draw.uniform(rng)],
            Self::Runs => [draw.runs(rng), draw.runs(rng)],
            Self::Sparse => [draw.sparse(rng), draw.sparse(rng)],
        };
        if rng.bernoulli(0.5) {
            pair.swap(0, 1);
        }
        pair
    }
}

/// How long and of which base the numbers are.
#[derive(Clone, Copy)]
struct Draw {
    digits: usize,
    base: u8,
}

impl Draw {
    fn digit(self, rng: &mut Rng) -> u8 {
        rng.below(self.base.into()) as u8
    }

    fn uniform(self, rng: &mut Rng) -> Vec<u8> {
        (0..self.digits).map(|_| self.digit(rng)).collect()
    }

    fn small(self, x: u8) -> Vec<u8> {
        let mut out = vec![0; self.digits];
        out[0] = x;
        out
    }

    /// Digits from `low` to below `high` sum to base − 1 in pairs, but the lowest may sum to the base.
    fn chain(self, low: usize, high: usize, rng: &mut Rng) -> [Vec<u8>; 2] {
        let (a, mut b) = (self.uniform(rng), self.uniform(rng));
        for i in low..high {
            b[i] = self.base - 1 - a[i];
        }
        if rng.bernoulli(0.5) && b[low] + 1 < self.base {
            b[low] += 1;
        }
        [a, b]
    }

    fn short(self, rng: &mut Rng) -> Vec<u8> {
        let mut a = self.uniform(rng);
        a[rng.below(self.digits + 1)..].fill(0);
        a
    }

    /// base^i − 1, base^i or base^i + 1.
    fn near_power(self, rng: &mut Rng) -> Vec<u8> {
        let i = rng.below(self.digits);
        let mut a = vec![0; self.digits];
        match rng.below(3) {
            0 => a[..i].fill(self.base - 1),
            1 => a[i] = 1,
            _ => {
                a[i] = 1;
                a[0] += u8::from(i > 0 || self.base > 2);
            }
        }
        a
    }

    fn greatest(self, rng: &mut Rng) -> Vec<u8> {
        let mut a = vec![self.base - 1; self.digits];
        if rng.bernoulli(0.5) {
            a[1 + rng.below(self.digits)..].fill(0);
        }
        a
    }

    fn runs(self, rng: &mut Rng) -> Vec<u8> {
        let go_on = 1.0 - 1.0 / (1.0 + 0.5 * self.digits as f64 * rng.uniform());
        let mut digit = self.digit(rng);
        let mut next = |_| {
            if !rng.bernoulli(go_on) {
                digit = self.digit(rng);
            }
            digit
        };
        (0..self.digits).map(&mut next).collect()
    }

    fn sparse(self, rng: &mut Rng) -> Vec<u8> {
        let usual = self.digit(rng);
        let others = (1 + rng.below(3)) as f64 / self.digits as f64;
        (0..self.digits)
            .map(|_| if rng.bernoulli(others) { self.digit(rng) } else { usual })
            .collect()
    }
}
