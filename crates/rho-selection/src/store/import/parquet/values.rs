//! How Parquet writes numbers: plainly, as places in a dictionary, as differences, or byte by byte. All come out little-endian, one after the other.

use super::thrift::{Wrong, varint, zigzag};

const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
pub(super) const RLE: i64 = 3;
pub(super) const BIT_PACKED: i64 = 4;
const DELTA_BINARY_PACKED: i64 = 5;
const RLE_DICTIONARY: i64 = 8;
const BYTE_STREAM_SPLIT: i64 = 9;

/// Appends `count` numbers of `size` bytes each to `out`.
pub(super) fn decode(
    encoding: i64,
    data: &[u8],
    dictionary: Option<&[u8]>,
    (count, size): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), Wrong> {
    let bytes = count * size;
    match encoding {
        PLAIN => out.extend_from_slice(data.get(..bytes).ok_or_else(short)?),
        PLAIN_DICTIONARY | RLE_DICTIONARY => {
            let dictionary = dictionary.ok_or("a page needs a dictionary and there is none")?;
            let (&bits, data) = data.split_first().ok_or_else(short)?;
            runs(data, bits.into(), count, |place, times| {
                let at = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(size);
                let number = dictionary.get(at..).and_then(|rest| rest.get(..size));
                let number = number.ok_or("a page looks beyond the end of its dictionary")?;
                (0..times).for_each(|_| out.extend_from_slice(number));
                Ok(())
            })?;
        }
        DELTA_BINARY_PACKED => differences(data, (count, size), out)?,
        BYTE_STREAM_SPLIT => {
            // All first bytes, then all second bytes, …
            let data = data.get(..bytes).ok_or_else(short)?;
            out.extend((0..bytes).map(|at| data[at % size * count + at / size]));
        }
        other => {
            return Err(format!(
                "a page has its numbers in encoding {other}; plain, dictionary, delta and split ones can be read"
            ));
        }
    }
    Ok(())
}

/// Runs of equal numbers, and packed numbers in groups of eight: `each` is given numbers and how many times they come, `count` in all.
pub(super) fn runs(
    mut data: &[u8],
    bits: usize,
    count: usize,
    mut each: impl FnMut(u64, usize) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    if bits > 32 {
        return Err(format!("a page has numbers of {bits} bits"));
    }
    if bits == 0 {
        return each(0, count);
    }
    let mut left = count;
    while left > 0 {
        let head = varint(&mut data).ok_or_else(short)?;
        let length = usize::try_from(head >> 1).map_err(|_| short())?;
        if head & 1 == 0 {
            let (value, rest) = data.split_at_checked(bits.div_ceil(8)).ok_or_else(short)?;
            let value = value.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
            let times = length.min(left);
            each(value, times)?;
            (left, data) = (left - times, rest);
        } else {
            // Eight numbers of so many bits are as many bytes. The last group may be cut where nothing follows.
            let packed = length.saturating_mul(8).min(left);
            let bytes = length.saturating_mul(bits).min(data.len());
            let (group, rest) = data.split_at(bytes);
            if bytes * 8 < packed * bits {
                return Err(short());
            }
            (0..packed).try_for_each(|i| each(number_at(group, i * bits, bits), 1))?;
            (left, data) = (left - packed, rest);
        }
    }
    Ok(())
}

/// Blocks of differences: the first number; then for each block the least difference, the bits of each part of it, and the
/// rest of each difference in so many bits.
fn differences(
    mut data: &[u8],
    (count, size): (usize, usize),
    out: &mut Vec<u8>,
) -> Result<(), Wrong> {
    let mut next = || varint(&mut data).ok_or_else(short);
    let (block, parts, total, first) = (next()?, next()?, next()?, zigzag(next()?));
    let whole = parts > 0 && block.is_multiple_of(parts) && (block / parts).is_multiple_of(32);
    if count == 0 {
        return Ok(());
    }
    if block == 0 || !whole || total < count as u64 {
        return Err("a page of differences is damaged".into());
    }
    let (a_part, parts) = (block / parts, usize::try_from(parts).unwrap_or(usize::MAX));
    let mut push = |number: i64| out.extend_from_slice(&number.to_le_bytes()[..size]);
    let (mut number, mut left) = (first, count - 1);
    push(number);
    while left > 0 {
        let least = zigzag(varint(&mut data).ok_or_else(short)?);
        let (widths, mut packed) = data.split_at_checked(parts).ok_or_else(short)?;
        for &bits in widths {
            if left == 0 {
                break;
            }
            let bits = usize::from(bits);
            if bits > 64 {
                return Err(format!("a page has differences of {bits} bits"));
            }
            let here = left.min(usize::try_from(a_part).unwrap_or(usize::MAX));
            if packed.len() * 8 < here * bits {
                return Err(short());
            }
            for i in 0..here {
                let more = number_at(packed, i * bits, bits) as i64;
                // Differences may wrap round, and do so to the right number.
                number = number.wrapping_add(least).wrapping_add(more);
                push(number);
            }
            left -= here;
            let bytes = (a_part / 8).saturating_mul(bits as u64);
            packed = &packed[usize::try_from(bytes).unwrap_or(usize::MAX).min(packed.len())..];
        }
        data = packed;
    }
    Ok(())
}

/// The number of `bits` bits (up to 64) that begins at a bit; lower bits come first.
pub(super) fn number_at(data: &[u8], bit: usize, bits: usize) -> u64 {
    let bytes = &data[(bit / 8).min(data.len())..];
    let window = bytes.iter().take(9).rev().fold(0_u128, |n, &byte| n << 8 | u128::from(byte));
    (window >> (bit % 8)) as u64 & if bits == 64 { u64::MAX } else { (1 << bits) - 1 }
}

fn short() -> Wrong {
    "a page has fewer numbers than it says".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(data: &[u8], bits: usize, count: usize) -> Result<Vec<u64>, Wrong> {
        let mut out = Vec::new();
        runs(data, bits, count, |n, times| {
            out.extend(std::iter::repeat_n(n, times));
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn runs_and_packed_groups_follow_one_another() {
        // Five times 9; then 0 to 7 in three bits each, the format's own example.
        let data = [10, 9, 3, 0x88, 0xc6, 0xfa];
        assert_eq!(all(&data[2..], 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(all(&data[..2], 4, 5).unwrap(), [9; 5]);
        assert_eq!(all(&[], 0, 3).unwrap(), [0; 3]);
        assert_eq!(all(&data[2..5], 3, 5).unwrap(), [0, 1, 2, 3, 4]);
        assert!(all(&data[2..4], 3, 5).is_err(), "cut");
        assert!(all(&[0; 40], 8, 9).is_err(), "runs of no number end with the data");
    }

    #[test]
    fn differences_are_those_of_the_format() {
        // 7, 5, 3, 1, 2, 3, 4, 5: the least difference is −2, the others are 0 or 3 above it.
        let mut data = vec![0x80, 0x01, 4, 8, 14, 3, 2, 0, 0, 0];
        data.extend([0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0]);
        let mut out = Vec::new();
        differences(&data, (8, 4), &mut out).unwrap();
        let numbers: Vec<i32> =
            out.chunks_exact(4).map(|n| i32::from_le_bytes(n.try_into().unwrap())).collect();
        assert_eq!(numbers, [7, 5, 3, 1, 2, 3, 4, 5]);
        for bad in [&[0, 4, 8, 14, 3][..], &[0x80, 1, 0, 8, 14], &[0x80, 1, 200, 8, 14], &[], &[7]]
        {
            assert!(differences(bad, (8, 4), &mut Vec::new()).is_err());
        }
    }
}
