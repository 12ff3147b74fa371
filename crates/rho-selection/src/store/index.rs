//! The table: losses, and for sparse ids a static search tree over them.
//!
//! n losses of 4 bytes, in the order of their ids. If the ids are consecutive that is all: the loss of an id is an array element. Else follow, at a multiple of 8, the n ids in order, 8 bytes each; then every 16th of them; then every 16th of those; and so on while there are more than 16.
//! These levels are a search tree of fan-out 16: whatever the ids look like, each level costs at most two cache lines, and the upper
//! ones stay in the cache. 100 million ids have six levels, in 53 MB beyond the ids themselves.

use super::format::u64_at;
use crate::SelectionError;

/// Entries of a level under one entry of the level above.
const FAN_OUT: usize = 16;

/// Where in a table what lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) count: usize,
    ids: Ids,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Ids {
    /// Consecutive, from this one.
    Dense(u64),
    /// Where each level begins and how many entries it has, the ids themselves first.
    Sparse(Vec<(usize, usize)>),
}

impl Layout {
    pub(super) fn dense(first: u64, count: usize) -> Self {
        Self { count, ids: Ids::Dense(first) }
    }

    pub(super) fn sparse(count: usize) -> Self {
        let mut begin = (4 * count).next_multiple_of(8);
        let mut levels = vec![(begin, count)];
        let mut len = count;
        while len > FAN_OUT {
            begin += 8 * len;
            len = len.div_ceil(FAN_OUT);
            levels.push((begin, len));
        }
        Self { count, ids: Ids::Sparse(levels) }
    }

    pub(super) fn is_sparse(&self) -> bool {
        matches!(self.ids, Ids::Sparse(_))
    }

    /// The first id where they are consecutive; otherwise it means nothing.
    pub(super) fn first_id(&self) -> u64 {
        if let Ids::Dense(first) = self.ids { first } else { 0 }
    }

    /// Bytes of the table.
    pub(super) fn bytes(&self) -> usize {
        match &self.ids {
            Ids::Dense(_) => 4 * self.count,
            Ids::Sparse(levels) => levels.last().map_or(0, |(begin, len)| begin + 8 * len),
        }
    }
}

impl Layout {
    /// The losses of ids in the bytes of a table, or the first id that has none.
    pub(super) fn look_up(&self, table: &[u8], ids: &[u64]) -> Result<Vec<f32>, u64> {
        let loss = |at: usize| {
            f32::from_le_bytes(table[4 * at..4 * at + 4].try_into().expect("four bytes"))
        };
        match &self.ids {
            Ids::Dense(first) => ids
                .iter()
                .map(|&id| {
                    let at = id.wrapping_sub(*first);
                    if at < self.count as u64 { Ok(loss(at as usize)) } else { Err(id) }
                })
                .collect(),
            Ids::Sparse(levels) => {
                let places = search(table, levels, ids)?;
                Ok(places.into_iter().map(loss).collect())
            }
        }
    }
}

/// The place of each id. Goes down the tree with all of them together, level by level: what one waits for from memory is
/// fetched while others wait for theirs, which is several times faster than one after the other.
fn search(table: &[u8], levels: &[(usize, usize)], ids: &[u64]) -> Result<Vec<usize>, u64> {
    let mut places = vec![0_usize; ids.len()];
    for (depth, &(begin, len)) in levels.iter().rev().enumerate() {
        for (place, &id) in places.iter_mut().zip(ids) {
            let from = if depth == 0 { 0 } else { *place * FAN_OUT };
            let node = &table[begin + 8 * from..begin + 8 * len.min(from + FAN_OUT)];
            let below = node.chunks_exact(8).filter(|entry| u64_at(entry, 0) <= id).count();
            // 0 below: the id is smaller than all, and is found missing at the last level.
            *place = from + below.saturating_sub(1);
        }
    }
    let (begin, len) = levels[0];
    let is_there = |place: usize, id: u64| place < len && u64_at(table, begin + 8 * place) == id;
    match places.iter().zip(ids).find(|&(&place, &id)| !is_there(place, id)) {
        None => Ok(places),
        Some((_, &id)) => Err(id),
    }
}

/// The table of these losses, in any order of ids, and its bytes.
///
/// # Errors
/// If an id is given twice.
pub(super) fn build(ids: &[u64], losses: &[f32]) -> Result<(Layout, Vec<u8>), SelectionError> {
    if ids.is_sorted() {
        return build_sorted(ids, losses);
    }
    let mut pairs: Vec<(u64, f32)> = ids.iter().copied().zip(losses.iter().copied()).collect();
    pairs.sort_unstable_by_key(|pair| pair.0);
    let (ids, losses): (Vec<u64>, Vec<f32>) = pairs.into_iter().unzip();
    build_sorted(&ids, &losses)
}

fn build_sorted(ids: &[u64], losses: &[f32]) -> Result<(Layout, Vec<u8>), SelectionError> {
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(SelectionError::DuplicateId { id: pair[0] });
    }
    let count = ids.len();
    let layout = match (ids.first(), ids.last()) {
        (Some(first), Some(last)) if last - first != count as u64 - 1 => Layout::sparse(count),
        (first, _) => Layout::dense(first.copied().unwrap_or(0), count),
    };
    let mut bytes = Vec::with_capacity(layout.bytes());
    bytes.extend(losses.iter().flat_map(|loss| loss.to_le_bytes()));
    if let Ids::Sparse(levels) = &layout.ids {
        let mut every = 1;
        for &(begin, _) in levels {
            bytes.resize(begin, 0);
            bytes.extend(ids.iter().step_by(every).flat_map(|id| id.to_le_bytes()));
            every *= FAN_OUT;
        }
    }
    debug_assert_eq!(bytes.len(), layout.bytes());
    Ok((layout, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn look_up(ids: &[u64], losses: &[f32], wanted: &[u64]) -> Result<Vec<f32>, u64> {
        let (layout, bytes) = build(ids, losses).unwrap();
        layout.look_up(&bytes, wanted)
    }

    #[test]
    fn sizes_around_the_fan_out_are_searched() {
        for n in [1_u64, 2, 15, 16, 17, 255, 256, 257, 4_096, 4_097] {
            let ids: Vec<u64> = (0..n).map(|i| 5 + i * i).collect();
            let losses: Vec<f32> = (0..n).map(|i| i as f32).collect();
            assert_eq!(look_up(&ids, &losses, &ids), Ok(losses.clone()), "{n}");
            let last = ids[ids.len() - 1];
            for missing in [0, 4, last + 1, u64::MAX] {
                assert_eq!(look_up(&ids, &losses, &[5, missing]), Err(missing), "{n}");
            }
        }
    }

    #[test]
    fn consecutive_ids_are_not_stored() {
        let (layout, bytes) = build(&[8, 7, 9], &[1.0, 0.0, 2.0]).unwrap();
        assert_eq!((layout.is_sparse(), bytes.len()), (false, 12));
        assert_eq!(layout.look_up(&bytes, &[9, 7, 8]), Ok(vec![2.0, 0.0, 1.0]));
        assert_eq!(layout.look_up(&bytes, &[10]), Err(10));
        assert_eq!(layout.look_up(&bytes, &[6]), Err(6));
    }

    #[test]
    fn the_largest_ids_are_ids_like_others() {
        let ids = [0, u64::MAX - 1, u64::MAX];
        assert_eq!(look_up(&ids, &[0.0, 1.0, 2.0], &[u64::MAX, 0]), Ok(vec![2.0, 0.0]));
        assert_eq!(look_up(&[u64::MAX], &[3.0], &[u64::MAX]), Ok(vec![3.0]));
        assert_eq!(look_up(&[], &[], &[0]), Err(0));
    }

    proptest! {
        #[test]
        fn a_look_up_is_that_of_a_map(
            known in prop::collection::btree_map(prop_oneof![0..400_u64, any::<u64>()], -9.0..9.0_f32, 1..600),
            wanted in prop::collection::vec(prop_oneof![0..400_u64, any::<u64>()], 0..20),
        ) {
            let (ids, losses): (Vec<u64>, Vec<f32>) = known.iter().map(|(&id, &x)| (id, x)).rev().unzip();
            prop_assert_eq!(look_up(&ids, &losses, &ids).unwrap(), losses.clone());
            let naive: Result<Vec<f32>, u64> =
                wanted.iter().map(|id| known.get(id).copied().ok_or(*id)).collect();
            prop_assert_eq!(look_up(&ids, &losses, &wanted), naive);
        }
    }
}
