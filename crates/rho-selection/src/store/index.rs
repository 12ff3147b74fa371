//! The table: losses, and for sparse ids a static search tree over them.
//!
//! If the ids are consecutive the table is n losses of 4 bytes, in the order of ids: looking up is indexing. Else it is n records of 12 bytes, id and loss, in the order of ids. At
//! a multiple of 64 follows every 8th id, 8 bytes each; then, at a multiple of 64 again, every 8th of those; and so on while there are more than 4096.
//! These levels are a search tree of fan-out 8: whatever the ids look like, a level costs one cache line, and the upper ones stay in
//! the cache. 100 million ids have five levels, in 114 MB beyond the records.

use std::ops::Range;

use crate::SelectionError;

/// Entries of a level under one entry of the level above.
const FAN_OUT: usize = 8;
/// The most entries of the uppermost level, which is searched by halving: they fit the fastest cache.
const TOP: usize = 4096;
/// Levels begin at a multiple of this, so that a node is one cache line.
const LINE: usize = 64;
/// Bytes of an id and its loss.
const RECORD: usize = 12;

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
    /// Where each level above the records begins, and how many ids it has, the largest first.
    Sparse(Vec<(usize, usize)>),
}

impl Layout {
    pub(super) fn dense(first: u64, count: usize) -> Self {
        Self { count, ids: Ids::Dense(first) }
    }

    pub(super) fn sparse(count: usize) -> Self {
        let mut begin = (RECORD * count).next_multiple_of(LINE);
        let mut len = count.div_ceil(FAN_OUT);
        let mut levels = vec![(begin, len)];
        while len > TOP {
            begin = (begin + 8 * len).next_multiple_of(LINE);
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

    /// The losses of ids in the bytes of a table; that of an unknown id is the default, where there is one. `check` is given every part of the table
    /// before it is looked at.
    pub(super) fn look_up<E>(
        &self,
        table: &[u8],
        ids: &[u64],
        default: Option<f32>,
        check: impl Fn(Range<usize>) -> Result<(), E>,
    ) -> Result<Vec<f32>, Missed<E>> {
        let unknown = |id| default.ok_or(Missed::Unknown(id));
        match &self.ids {
            Ids::Dense(first) => {
                let losses = table[..4 * self.count].as_chunks::<4>().0;
                let loss = |&id: &u64| {
                    let at = usize::try_from(id.wrapping_sub(*first)).ok();
                    let Some((at, bytes)) = at.and_then(|at| Some((at, losses.get(at)?))) else {
                        return unknown(id);
                    };
                    check(4 * at..4 * at + 4).map_err(Missed::Damaged)?;
                    Ok(f32::from_le_bytes(*bytes))
                };
                ids.iter().map(loss).collect()
            }
            Ids::Sparse(levels) => search(table, self.count, levels, ids, unknown, check),
        }
    }

    /// All ids with their losses, in the order of ids.
    pub(super) fn iter<'a>(&self, table: &'a [u8]) -> impl Iterator<Item = (u64, f32)> + use<'a> {
        let (dense, sparse) = match &self.ids {
            Ids::Dense(first) => (Some((*first, &table[..4 * self.count])), None),
            Ids::Sparse(_) => (None, Some(&table[..RECORD * self.count])),
        };
        let dense = dense.into_iter().flat_map(|(first, losses)| {
            let losses = losses.as_chunks::<4>().0.iter().map(|&loss| f32::from_le_bytes(loss));
            // Not `first..`, whose end would be beyond the largest id.
            losses.enumerate().map(move |(at, loss)| (first + at as u64, loss))
        });
        let records = sparse.into_iter().flat_map(|records| records.as_chunks::<RECORD>().0);
        dense.chain(records.map(|record| (id_of(record), loss_of(record))))
    }
}

/// Why a look-up fails.
#[derive(Debug, PartialEq)]
pub(super) enum Missed<E> {
    Unknown(u64),
    Damaged(E),
}

/// The loss of each id. Goes down the tree with all ids together, level by level: what one waits for from memory is fetched
/// while others wait for theirs, which is several times faster than one after the other.
fn search<E>(
    table: &[u8],
    count: usize,
    levels: &[(usize, usize)],
    ids: &[u64],
    unknown: impl Fn(u64) -> Result<f32, Missed<E>>,
    check: impl Fn(Range<usize>) -> Result<(), E>,
) -> Result<Vec<f32>, Missed<E>> {
    // The whole tree, which is small beside the records.
    check(RECORD * count..table.len()).map_err(Missed::Damaged)?;
    let level = |(begin, len): (usize, usize)| table[begin..begin + 8 * len].as_chunks::<8>().0;
    let (top, lower) = levels.split_last().expect("one level at least");
    // The last entry that is not above the id; the first where all are, and then the id is missing from the records.
    let top = level(*top);
    let mut places: Vec<usize> = ids
        .iter()
        .map(|id| top.partition_point(|entry| u64::from_le_bytes(*entry) <= *id).saturating_sub(1))
        .collect();
    for entries in lower.iter().rev().map(|&at| level(at)) {
        fetch(entries, &places);
        for (place, &id) in places.iter_mut().zip(ids) {
            let node = &entries[*place * FAN_OUT..];
            let last = last_not_above(node, id, |entry| u64::from_le_bytes(*entry));
            *place = *place * FAN_OUT + last;
        }
    }
    let records = table[..RECORD * count].as_chunks::<RECORD>().0;
    for place in &places {
        let begin = place * FAN_OUT * RECORD;
        let end = (begin + FAN_OUT * RECORD).min(RECORD * count);
        check(begin..end).map_err(Missed::Damaged)?;
    }
    fetch(records, &places);
    let loss = |(place, &id): (usize, &u64)| {
        let node = &records[place * FAN_OUT..];
        let record = &node[last_not_above(node, id, id_of)];
        if id_of(record) == id { Ok(loss_of(record)) } else { unknown(id) }
    };
    places.into_iter().zip(ids).map(loss).collect()
}

/// Loads the one or two cache lines of every node before any is searched. Nothing depends on these loads, so that the processor waits for many of them at a
/// time: a prefetch without special instructions.
fn fetch<const N: usize>(entries: &[[u8; N]], places: &[usize]) {
    let mut all = 0;
    for place in places {
        let node = &entries[place * FAN_OUT..];
        let last = node.get(FAN_OUT - 1).unwrap_or(&node[0]);
        all ^= node[0][0] ^ last[0];
    }
    std::hint::black_box(all);
}

fn id_of(record: &[u8; RECORD]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *record;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn loss_of(record: &[u8; RECORD]) -> f32 {
    let [.., a, b, c, d] = *record;
    f32::from_le_bytes([a, b, c, d])
}

/// The position of the last of the first 8 entries (or of all, where there are fewer) that is not above the id; 0 where all are. Halving by sums of
/// comparisons takes three, and no branch is mispredicted.
fn last_not_above<const N: usize>(
    entries: &[[u8; N]],
    id: u64,
    id_of: impl Fn(&[u8; N]) -> u64,
) -> usize {
    let Some(node) = entries.first_chunk::<FAN_OUT>() else {
        return entries.partition_point(|entry| id_of(entry) <= id).saturating_sub(1);
    };
    let (mut at, mut half) = (0, FAN_OUT / 2);
    while half > 0 {
        at += half * usize::from(id_of(&node[at + half]) <= id);
        half /= 2;
    }
    at
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
    match &layout.ids {
        Ids::Dense(_) => bytes.extend(losses.iter().flat_map(|loss| loss.to_le_bytes())),
        Ids::Sparse(levels) => {
            for (id, loss) in ids.iter().zip(losses) {
                bytes.extend_from_slice(&id.to_le_bytes());
                bytes.extend_from_slice(&loss.to_le_bytes());
            }
            let mut every = FAN_OUT;
            for &(begin, _) in levels {
                bytes.resize(begin, 0);
                bytes.extend(ids.iter().step_by(every).flat_map(|id| id.to_le_bytes()));
                every *= FAN_OUT;
            }
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
        assert!(layout.iter(&bytes).map(|(id, _)| id).is_sorted());
        assert_eq!(layout.iter(&bytes).count(), ids.len());
        in_table(&layout, &bytes, wanted)
    }

    fn in_table(layout: &Layout, bytes: &[u8], wanted: &[u64]) -> Result<Vec<f32>, u64> {
        layout.look_up(bytes, wanted, None, |_| Ok::<(), ()>(())).map_err(|missed| match missed {
            Missed::Unknown(id) => id,
            Missed::Damaged(()) => unreachable!(),
        })
    }

    #[test]
    fn sizes_around_the_fan_out_are_searched() {
        for n in [1_u64, 2, 7, 8, 9, 64, 65, 32_768, 32_769, 70_001, 262_145] {
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
        assert_eq!(in_table(&layout, &bytes, &[9, 7, 8]), Ok(vec![2.0, 0.0, 1.0]));
        assert_eq!(in_table(&layout, &bytes, &[10]), Err(10));
        assert_eq!(in_table(&layout, &bytes, &[6]), Err(6));
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
