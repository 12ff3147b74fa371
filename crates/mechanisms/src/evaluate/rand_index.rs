//! Whether two partitions agree.

/// The adjusted Rand index of two partitions of the same things (Hubert & Arabie 1985): 1 where they are the same but for names, 0 in the mean where
/// one is random. Of partitions that each put everything into one part it is 1.
///
/// ```
/// use seedbed_mechanisms::evaluate::adjusted_rand_index;
/// assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[5, 5, 2, 2]), 1.0);
/// assert!((adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]) + 0.5).abs() < 1e-12);
/// ```
///
/// # Panics
/// If they are not of as many things.
#[track_caller]
pub fn adjusted_rand_index(a: &[usize], b: &[usize]) -> f64 {
    use std::collections::BTreeMap;
    assert_eq!(a.len(), b.len(), "adjusted_rand_index: partitions of different things");
    let pairs = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts.map(|n| n * (n - 1.0) / 2.0).sum()
    };
    let count = |keys: &mut dyn Iterator<Item = (usize, usize)>| {
        let mut counts = BTreeMap::new();
        keys.for_each(|key| *counts.entry(key).or_insert(0.0) += 1.0);
        pairs(&mut counts.into_values())
    };
    let both = count(&mut a.iter().copied().zip(b.iter().copied()));
    let of_a = count(&mut a.iter().map(|&x| (x, 0)));
    let of_b = count(&mut b.iter().map(|&x| (x, 0)));
    let all = pairs(&mut std::iter::once(a.len() as f64));
    let expected = of_a * of_b / all;
    let most = 0.5 * (of_a + of_b);
    if most == expected || all == 0.0 { 1.0 } else { (both - expected) / (most - expected) }
}
