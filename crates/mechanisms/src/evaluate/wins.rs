//! Which expert wins which mechanism.

/// The share of each mechanism's images that each expert wins.
///
/// ```
/// use seedbed_mechanisms::evaluate::WinMatrix;
/// // Four images of two mechanisms; expert 1 wins those of mechanism 0, and expert 0 the others.
/// let wins = WinMatrix::count(&[0, 0, 1, 1], &[1, 1, 0, 0], 2, 3);
/// assert_eq!(wins.shares(), [vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 0.0]]);
/// assert!(wins.is_solved() && wins.purity() == 1.0 && wins.coverage() == 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WinMatrix(Vec<Vec<f64>>);

/// A mechanism belongs to an expert that wins more than this share of its images.
const OWNED: f64 = 0.9;

impl WinMatrix {
    /// Counts.
    ///
    /// # Panics
    /// If there is not one winner an image, or a mechanism or expert does not exist.
    #[track_caller]
    pub fn count(
        mechanism: &[usize],
        winners: &[usize],
        mechanisms: usize,
        experts: usize,
    ) -> Self {
        assert_eq!(mechanism.len(), winners.len(), "WinMatrix: one winner an image is needed");
        let mut shares = vec![vec![0.0; experts]; mechanisms];
        for (&mechanism, &winner) in mechanism.iter().zip(winners) {
            shares[mechanism][winner] += 1.0;
        }
        for row in &mut shares {
            let all: f64 = row.iter().sum();
            row.iter_mut().for_each(|share| *share /= all.max(1.0));
        }
        Self(shares)
    }

    /// `[mechanism][expert]`; the rows add up to 1, but for a mechanism without images.
    pub fn shares(&self) -> &[Vec<f64>] {
        &self.0
    }

    /// The expert that wins most of each mechanism's images; the first for a mechanism without images.
    pub fn owners(&self) -> Vec<usize> {
        let best = |row: &Vec<f64>| {
            (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
        };
        self.0.iter().map(|row| best(row).unwrap_or(0)).collect()
    }

    /// The rows of mechanisms that have images.
    fn seen(&self) -> impl Iterator<Item = (usize, &Vec<f64>)> {
        self.0.iter().enumerate().filter(|(_, row)| row.iter().any(|&share| share > 0.0))
    }

    /// The mean of the largest share, over the mechanisms that have images; 0 if none has.
    pub fn purity(&self) -> f64 {
        let largest = |(_, row): (usize, &Vec<f64>)| row.iter().copied().fold(0.0, f64::max);
        self.seen().map(largest).sum::<f64>() / self.seen().count().max(1) as f64
    }

    /// How many experts are the best one for at least one mechanism that has images.
    pub fn coverage(&self) -> usize {
        let all = self.owners();
        let mut owners: Vec<usize> = self.seen().map(|(mechanism, _)| all[mechanism]).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.len()
    }

    /// Whether every mechanism belongs to an expert of its own, which wins more than 90 % of its images.
    pub fn is_solved(&self) -> bool {
        let owned = self.0.iter().all(|row| row.iter().any(|&share| share > OWNED));
        owned && self.coverage() == self.0.len()
    }

    /// The mean share that the `owners`, found elsewhere, win of their mechanisms, over those that have images: whether the right expert is chosen in another domain, for example.
    ///
    /// # Panics
    /// If there is not one owner a mechanism, or one does not exist.
    #[track_caller]
    pub fn agreement(&self, owners: &[usize]) -> f64 {
        assert_eq!(owners.len(), self.0.len(), "agreement: one owner a mechanism is needed");
        self.seen().map(|(mechanism, row)| row[owners[mechanism]]).sum::<f64>()
            / self.seen().count().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_without_images_say_nothing() {
        // Mechanisms 0 and 2 have no images.
        let wins = WinMatrix::count(&[1, 1, 1, 1], &[2, 2, 2, 0], 3, 3);
        assert_eq!((wins.purity(), wins.coverage()), (0.75, 1));
        assert_eq!(wins.owners(), [0, 2, 0]);
        assert_eq!(wins.agreement(&[1, 2, 1]), 0.75);
        assert!(!wins.is_solved());
        let none = WinMatrix::count(&[], &[], 2, 3);
        assert_eq!((none.purity(), none.coverage(), none.agreement(&[0, 0])), (0.0, 0, 0.0));
    }
}
