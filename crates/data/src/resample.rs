//! Duplicates and imbalance, made on purpose: lists of rows for [`ImageSet::select`].
//!
//! [`ImageSet::select`]: crate::ImageSet::select

use seedbed_kernels::Rng;

use crate::error::DataError;
use crate::memory::fits;
use crate::share::{check_share, count_of};
use crate::split::rows_by_class;

/// All of `rows` rows in order, followed by the copies of a random share of them.
///
/// ⌊share · rows⌋ rows occur `times` times in all, the others once.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::duplicate;
///
/// let rows = duplicate(100, 0.2, 5, &mut Rng::new(0))?;
/// assert_eq!(rows.len(), 80 + 20 * 5);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Invalid`] if `share` is not in [0, 1], `times` is 0, or there are more rows than can be held.
pub fn duplicate(
    rows: usize,
    share: f64,
    times: usize,
    rng: &mut Rng,
) -> Result<Vec<usize>, DataError> {
    let count = count_of(check_share("share", share)?, rows);
    if times == 0 {
        return Err(DataError::invalid("times", times, "at least 1"));
    }
    let copies = count.checked_mul(times - 1).and_then(|copies| copies.checked_add(rows));
    if !copies.is_some_and(fits::<usize>) {
        let found = format!("{rows}, {count} of them {times} times");
        return Err(DataError::invalid(
            "the number of rows",
            found,
            "so small that memory holds them",
        ));
    }
    let mut chosen = rng.permutation(rows);
    chosen.truncate(count);
    chosen.sort_unstable();
    // Of no rows there is nothing to repeat, which would take as many turns all the same.
    let turns = if chosen.is_empty() { 0 } else { times - 1 };
    let copies = std::iter::repeat_n(chosen, turns).flatten();
    Ok((0..rows).chain(copies).collect())
}

/// Of each class c a random ⌈`keep`\[c\] · n⌉ of its n rows, in ascending order.
///
/// ```
/// use seedbed_autodiff::Rng;
/// use seedbed_data::{imbalance, long_tail, mnist};
///
/// let digits = mnist::embedded().train;
/// let rows = imbalance(digits.labels(), &long_tail(10, 100.0), &mut Rng::new(0))?;
/// let counts = digits.select(&rows).class_counts();
/// assert_eq!((counts[0], counts[9]), (1001, 10)); // of 1001 zeros and 978 nines
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Invalid`] if a class has no entry in `keep`, or an entry is not in [0, 1].
pub fn imbalance(labels: &[usize], keep: &[f64], rng: &mut Rng) -> Result<Vec<usize>, DataError> {
    if let Some(&label) = labels.iter().max().filter(|&&label| label >= keep.len()) {
        let expected = format!("{}, one a class", label.saturating_add(1));
        return Err(DataError::invalid("the number of shares", keep.len(), expected));
    }
    for &share in keep {
        check_share("a share", share)?;
    }
    let mut kept = Vec::new();
    for (class, mut rows) in rows_by_class(labels) {
        let share = keep[class];
        rng.shuffle(&mut rows);
        // Rounded up, so that a small share of a small class does not wipe it out.
        rows.truncate(rows.len() - count_of(1.0 - share, rows.len()));
        kept.extend(rows);
    }
    kept.sort_unstable();
    Ok(kept)
}

/// Shares that fall from 1 for the first class to 1/`ratio` for the last one, by equal factors:
/// class c keeps ratio^(−c / (classes − 1)) (Cui et al. 2019).
pub fn long_tail(classes: usize, ratio: f64) -> Vec<f64> {
    let last = classes.saturating_sub(1).max(1) as f64;
    (0..classes).map(|c| ratio.powf(-(c as f64) / last)).collect()
}

/// Shares to keep of each class so that the classes of `few` make up `share` of all rows, where the classes were equally
/// frequent before: the larger side keeps all.
///
/// ```
/// use seedbed_data::dominated;
/// // Four fifths of the data from two of ten classes.
/// let keep = dominated(10, &[3, 8], 0.8)?;
/// assert!(keep[3] == 1.0 && (keep[0] - 0.0625).abs() < 1e-12);
/// # Ok::<(), seedbed_data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Invalid`] if a class does not exist, `few` names none or all of them, or `share` is not strictly between 0 and 1.
pub fn dominated(classes: usize, few: &[usize], share: f64) -> Result<Vec<f64>, DataError> {
    if !fits::<f64>(classes) {
        let expected = "so few that memory holds a share of each";
        return Err(DataError::invalid("the number of classes", classes, expected));
    }
    if let Some(class) = few.iter().find(|&&class| class >= classes) {
        return Err(DataError::invalid("a class", class, format!("below {classes}")));
    }
    let is_few: Vec<bool> = (0..classes).map(|class| few.contains(&class)).collect();
    let count = is_few.iter().filter(|&&is| is).count();
    if count == 0 || count == classes {
        return Err(DataError::invalid(
            "the number of classes",
            count,
            format!("from 1 to {}", classes.max(1) - 1),
        ));
    }
    if !(share > 0.0 && share < 1.0) {
        return Err(DataError::invalid("share", share, "above 0 and below 1"));
    }
    // Kept of each side, up to a common factor, so that few : others = share : 1 − share.
    let (of_few, of_others) = (share / count as f64, (1.0 - share) / (classes - count) as f64);
    let most = of_few.max(of_others);
    Ok(is_few.iter().map(|&is| if is { of_few } else { of_others } / most).collect())
}
