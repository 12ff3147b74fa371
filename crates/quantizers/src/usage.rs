//! How a codebook is used: counted over an epoch or a sliding window, not a batch.

use std::collections::{HashMap, VecDeque};

use crate::{Index, Indices, indices::with_indices};

/// Counts of codes, and what they say of a codebook.
///
/// Codebooks may have any size: only codes that occur are kept. Count over as many vectors as one wants to know of: in one batch of 256 no codebook has more
/// than 256 codes in use.
///
/// ```
/// use seedbed_quantizers::usage::Usage;
/// let mut usage = Usage::new(8);
/// usage.count((&[0_u32, 0, 3, 5]).into());
/// assert_eq!((usage.total(), usage.used(), usage.share()), (4, 3, 0.375));
/// assert!((usage.perplexity() - 2.0_f64.powf(1.5)).abs() < 1e-12);
/// assert_eq!(usage.dead().collect::<Vec<_>>(), [1, 2, 4, 6, 7]);
/// ```
#[derive(Clone, Debug)]
pub struct Usage {
    size: u64,
    counts: Counts,
    total: u64,
    window: Option<Window>,
}

/// The last codes that were counted.
#[derive(Clone, Debug)]
struct Window {
    length: usize,
    codes: VecDeque<u64>,
}

/// Codebooks up to this size have a count for every code: a place in a vector is found faster than one in a hash table.
const MOST_COUNTED: u64 = 1 << 16;

/// How often codes occurred.
#[derive(Clone, Debug)]
enum Counts {
    /// Of all codes, and how many are not 0.
    Every { counts: Vec<u64>, used: u64 },
    /// Of the codes that occurred.
    Seen(HashMap<u64, u64>),
}

impl Counts {
    fn new(size: u64) -> Self {
        match size {
            ..=MOST_COUNTED => Self::Every { counts: vec![0; size as usize], used: 0 },
            _ => Self::Seen(HashMap::new()),
        }
    }

    #[inline]
    fn add(&mut self, code: u64) {
        match self {
            Self::Every { counts, used } => {
                let count = &mut counts[code as usize];
                *used += u64::from(*count == 0);
                *count += 1;
            }
            Self::Seen(counts) => *counts.entry(code).or_default() += 1,
        }
    }

    /// Takes one back that was counted.
    fn remove(&mut self, code: u64) {
        match self {
            Self::Every { counts, used } => {
                let count = &mut counts[code as usize];
                *count -= 1;
                *used -= u64::from(*count == 0);
            }
            Self::Seen(counts) => {
                let count = counts.get_mut(&code).expect("it was counted");
                *count -= 1;
                if *count == 0 {
                    counts.remove(&code);
                }
            }
        }
    }

    fn of(&self, code: u64) -> u64 {
        match self {
            Self::Every { counts, .. } => counts.get(code as usize).copied().unwrap_or(0),
            Self::Seen(counts) => counts.get(&code).copied().unwrap_or(0),
        }
    }

    fn used(&self) -> u64 {
        match self {
            Self::Every { used, .. } => *used,
            Self::Seen(counts) => counts.len() as u64,
        }
    }

    /// The codes that occurred, in no order.
    fn all(&self) -> Vec<(u64, u64)> {
        match self {
            Self::Every { counts, .. } => {
                (0..).zip(counts.iter().copied()).filter(|&(_, count)| count > 0).collect()
            }
            Self::Seen(counts) => counts.iter().map(|(&code, &count)| (code, count)).collect(),
        }
    }
}

impl Usage {
    /// Nothing counted yet of a codebook of this size.
    pub fn new(size: u64) -> Self {
        Self { size, counts: Counts::new(size), total: 0, window: None }
    }

    /// Counts only the last `length` codes.
    ///
    /// # Panics
    /// If `length` is 0.
    #[track_caller]
    pub fn sliding(size: u64, length: usize) -> Self {
        assert!(length > 0, "Usage::sliding: a window of no codes");
        // It grows as codes come: a window may be longer than all there will be.
        let window = Window { length, codes: VecDeque::new() };
        Self { window: Some(window), ..Self::new(size) }
    }

    /// Counts codes. Indices that name none, such as those of masked vectors, are left out.
    pub fn count(&mut self, indices: Indices<'_>) {
        with_indices!(Indices, indices, |x| x.iter().for_each(|i| self.count_one(i.u64())));
    }

    fn count_one(&mut self, code: u64) {
        if code >= self.size {
            return;
        }
        self.counts.add(code);
        self.total += 1;
        let Some(window) = &mut self.window else { return };
        window.codes.push_back(code);
        if window.codes.len() > window.length {
            let old = window.codes.pop_front().expect("the window is longer than 0");
            self.total -= 1;
            self.counts.remove(old);
        }
    }

    /// Forgets all counts: for the next epoch.
    pub fn clear(&mut self) {
        self.counts = Counts::new(self.size);
        self.total = 0;
        if let Some(window) = &mut self.window {
            window.codes.clear();
        }
    }

    /// How many codes there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How many indices were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many different codes occurred.
    pub fn used(&self) -> u64 {
        self.counts.used()
    }

    /// The share of the codes that occurred; 0 of a codebook without codes.
    pub fn share(&self) -> f64 {
        self.used() as f64 / self.size.max(1) as f64
    }

    /// How often a code occurred.
    pub fn count_of(&self, code: u64) -> u64 {
        self.counts.of(code)
    }

    /// Codes and how often they occurred, the most frequent first.
    pub fn histogram(&self) -> Vec<(u64, u64)> {
        let mut all = self.counts.all();
        all.sort_unstable_by_key(|&(code, count)| (std::cmp::Reverse(count), code));
        all
    }

    /// The codes that did not occur, in order.
    pub fn dead(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.size).filter(|&code| self.counts.of(code) == 0)
    }

    /// The entropy of the frequencies, in bits: what an index costs at least if each is coded by itself.
    pub fn entropy_bits(&self) -> f64 {
        // In order of the counts, so that the sum does not depend on a hash.
        let total = self.total as f64;
        let terms = self.histogram().into_iter().map(|(_, n)| {
            let p = n as f64 / total;
            -p * p.log2()
        });
        terms.sum::<f64>().max(0.0)
    }

    /// 2 to the entropy: as many codes, used alike, would be as hard to guess.
    pub fn perplexity(&self) -> f64 {
        self.entropy_bits().exp2()
    }
}

/// Bits an index that an adaptive entropy coder needs, which knows nothing at first and counts as it goes: the mean of `−log₂ p`, where
/// `p = (n + 1/2) / (N + size/2)` for a code seen `n` times among `N` before (Krichevsky & Trofimov 1981).
///
/// Indices that name no code, such as those of masked vectors, are left out.
///
/// It charges for learning what codes there are: a large codebook of which little data was seen does not look better than it is.
///
/// ```
/// use seedbed_quantizers::usage::adaptive_bits;
/// assert_eq!(adaptive_bits((&[3_u32]).into(), 16), 4.0);
/// let always = vec![0_u32; 10_000];
/// assert!(adaptive_bits((&always).into(), 2) < 0.001);
/// ```
pub fn adaptive_bits(indices: Indices<'_>, size: u64) -> f64 {
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let (mut bits, mut seen) = (0.0, 0_u64);
    with_indices!(Indices, indices, |x| for index in x.iter().filter(|i| i.u64() < size) {
        let count = counts.entry(index.u64()).or_default();
        bits -= ((*count as f64 + 0.5) / (seen as f64 + size as f64 / 2.0)).log2();
        *count += 1;
        seen += 1;
    });
    if seen == 0 { 0.0 } else { bits / seen as f64 }
}
