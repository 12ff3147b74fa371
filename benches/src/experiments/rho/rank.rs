//! How alike two rankings are.

/// Spearman's rank correlation: that of the ranks, ties sharing their mean rank.
pub(super) fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (centred_ranks(a), centred_ranks(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
}

/// Ranks, less their mean.
fn centred_ranks(x: &[f32]) -> Vec<f64> {
    let order = ascending(x);
    let mut ranks = vec![0.0; x.len()];
    let mut begin = 0;
    for tied in order.chunk_by(|&i, &j| x[i] == x[j]) {
        let mean = begin as f64 + (tied.len() as f64 - x.len() as f64) / 2.0;
        tied.iter().for_each(|&i| ranks[i] = mean);
        begin += tied.len();
    }
    ranks
}

/// The share of b's k highest that are among a's k highest.
pub(super) fn shared_top(a: &[f32], b: &[f32], k: usize) -> f64 {
    let top = |x: &[f32]| ascending(x).split_off(x.len() - k);
    let (a, b) = (top(a), top(b));
    b.iter().filter(|i| a.contains(i)).count() as f64 / k as f64
}

fn ascending(x: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_looks_at_the_order_alone() {
        let x = [0.1, 5.0, -2.0, 0.3];
        assert!((spearman(&x, &x.map(f32::exp)) - 1.0).abs() < 1e-12);
        assert!((spearman(&x, &x.map(|x| -x)) + 1.0).abs() < 1e-12);
        // Ranks 1 3 0 2 against 0 1 2 3: squared differences 1 + 4 + 4 + 1.
        assert!((spearman(&x, &[0.0, 1.0, 2.0, 3.0]) - (1.0 - 60.0 / 60.0)).abs() < 1e-12);
    }

    #[test]
    fn ties_share_their_rank() {
        assert_eq!(centred_ranks(&[7.0, 1.0, 7.0, 9.0]), [0.0, -1.5, 0.0, 1.5]);
        // Whatever the order in which tied ones are given.
        let x = [1.0, 2.0, 3.0, 4.0];
        let forth = spearman(&x, &[0.0, 0.0, 1.0, 2.0]);
        assert!((forth - spearman(&[2.0, 1.0, 3.0, 4.0], &[0.0, 0.0, 1.0, 2.0])).abs() < 1e-12);
        assert!(forth > 0.9 && forth < 1.0);
    }

    #[test]
    fn the_highest_are_compared_as_sets() {
        let x = [0.1, 5.0, -2.0, 0.3];
        assert_eq!(shared_top(&x, &[0.0, 1.0, 2.0, 3.0], 2), 0.5);
        assert_eq!(shared_top(&x, &x, 3), 1.0);
    }
}
