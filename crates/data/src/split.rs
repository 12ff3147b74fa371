//! Random splits in which every class is divided alike.

use std::collections::BTreeMap;

use seedbed_kernels::Rng;

use crate::error::DataError;
use crate::share::check_share;

/// Divides the rows at random into parts of the given `shares`, each class by itself.
///
/// Each class comes in each part in its share, and each part has its share of all rows, both to
/// within one row. If the shares add up to less than one, the rest is left out. The rows of each
/// part are in ascending order.
///
/// Files are rarely in random order: a split by position, or by odd and even positions, gives parts
/// that differ (of MNIST's halves, each is written by other people).
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::stratified_split;
///
/// let labels = [0, 0, 0, 0, 1, 1, 1, 1];
/// let parts = stratified_split(&labels, &[0.5, 0.5], &mut Rng::new(0))?;
/// for part in &parts {
///     assert_eq!(part.iter().filter(|&&row| labels[row] == 0).count(), 2);
/// }
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Invalid`] if a share is not in [0, 1], or they add up to more than one.
pub fn stratified_split(
    labels: &[usize],
    shares: &[f64],
    rng: &mut Rng,
) -> Result<Vec<Vec<usize>>, DataError> {
    for &share in shares {
        check_share("a share", share)?;
    }
    let total: f64 = shares.iter().sum();
    if total > 1.0 + 1e-9 {
        return Err(DataError::invalid("the sum of the shares", total, "at most 1"));
    }
    // What is left out is a part as well.
    let shares: Vec<f64> = shares.iter().copied().chain([(1.0 - total).max(0.0)]).collect();
    let mut parts = vec![Vec::new(); shares.len()];
    // What each part should have got by now, less what it has: carried from class to class, so that
    // the rounding does not add up.
    let mut owed = vec![0.0; shares.len()];
    for mut rows in rows_by_class(labels).into_values() {
        rng.shuffle(&mut rows);
        for (owed, share) in owed.iter_mut().zip(&shares) {
            *owed += share * rows.len() as f64;
        }
        for row in rows {
            let most = (1..owed.len()).fold(0, |a, b| if owed[b] > owed[a] + 1e-9 { b } else { a });
            owed[most] -= 1.0;
            parts[most].push(row);
        }
    }
    parts.pop();
    for part in &mut parts {
        part.sort_unstable();
    }
    Ok(parts)
}

/// The classes that occur, in order, with the rows of each, in order. No memory is taken for classes that do not occur, so
/// that a label may be any number.
pub(crate) fn rows_by_class(labels: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        rows.entry(label).or_default().push(row);
    }
    rows
}
