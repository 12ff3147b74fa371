//! Indices as a dense string of bits.
//!
//! Each index takes as many bits as the largest needs; bits are filled in from the least significant of the first byte on, so that
//! indices of 8, 16 or 32 bits are little-endian integers.

use crate::indices::{Indices, IndicesMut, with_indices};
use crate::{Index, QuantizerError};

/// Bits that an index of a codebook of this size takes: ⌈log₂ size⌉, and none for a single code.
///
/// ```
/// use seedbed_quantizers::pack::bits_for;
/// assert_eq!([1, 2, 1000, 1024, 1025, 1 << 63].map(bits_for), [0, 1, 10, 10, 11, 63]);
/// ```
pub fn bits_for(size: u64) -> u32 {
    64 - size.saturating_sub(1).leading_zeros()
}

/// Bytes that `count` indices of `bits` bits take.
///
/// # Panics
/// If they are more than an address can name.
#[track_caller]
pub fn packed_len(count: usize, bits: u32) -> usize {
    let bits = count.checked_mul(bits as usize).expect("packed_len: too many indices");
    bits.div_ceil(8)
}

/// The indices as bytes, `bits` bits each; what is left of the last byte is zeros.
///
/// # Errors
/// If an index does not fit, or `bits` is above 64.
///
/// ```
/// use seedbed_quantizers::pack::{pack, unpack};
/// let tokens = [5_u32, 1023, 0, 512];
/// let bytes = pack((&tokens).into(), 10)?;
/// assert_eq!(bytes.len(), 5);
/// let mut back = [0_u32; 4];
/// unpack(&bytes, 10, (&mut back[..]).into())?;
/// assert_eq!(back, tokens);
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
pub fn pack(indices: Indices<'_>, bits: u32) -> Result<Vec<u8>, QuantizerError> {
    check_bits(bits)?;
    with_indices!(Indices, indices, |x| pack_slice(x, bits))
}

fn pack_slice<I: Index>(indices: &[I], bits: u32) -> Result<Vec<u8>, QuantizerError> {
    let mut out = Vec::with_capacity(packed_len(indices.len(), bits));
    // Fewer than 8 bits wait between two indices: with 64 more they fit into 128.
    let (mut waiting, mut count) = (0_u128, 0);
    for (position, index) in indices.iter().map(|i| i.u64()).enumerate() {
        if bits < 64 && index >> bits != 0 {
            return Err(QuantizerError::IndexRange { position, index, size: 1 << bits });
        }
        waiting |= u128::from(index) << count;
        count += bits;
        while count >= 8 {
            out.push(waiting as u8);
            waiting >>= 8;
            count -= 8;
        }
    }
    if count > 0 {
        out.push(waiting as u8);
    }
    Ok(out)
}

/// Reads indices that [`pack`] wrote with the same `bits`; as many as `indices` has room for.
///
/// # Errors
/// If there are more or fewer bytes than they take, the bits do not fit into the type, or a bit after the last index is set.
pub fn unpack(bytes: &[u8], bits: u32, indices: IndicesMut<'_>) -> Result<(), QuantizerError> {
    check_bits(bits)?;
    if bits > indices.bits() {
        let size = if bits == 64 { u64::MAX } else { 1 << bits };
        return Err(QuantizerError::IndexType { size, bits: indices.bits() });
    }
    crate::error::same_length("bytes", bytes.len(), packed_len(indices.len(), bits))?;
    with_indices!(IndicesMut, indices, |x| unpack_slice(bytes, bits, x))
}

fn unpack_slice<I: Index>(
    bytes: &[u8],
    bits: u32,
    indices: &mut [I],
) -> Result<(), QuantizerError> {
    let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
    let mut bytes = bytes.iter();
    let (mut waiting, mut count) = (0_u128, 0);
    for index in indices {
        while count < bits {
            waiting |= u128::from(*bytes.next().expect("the length was checked")) << count;
            count += 8;
        }
        *index = I::of(waiting as u64 & mask);
        waiting >>= bits;
        count -= bits;
    }
    if waiting != 0 {
        return Err(QuantizerError::setting("last byte", waiting, "filled up with zeros"));
    }
    Ok(())
}

fn check_bits(bits: u32) -> Result<(), QuantizerError> {
    if bits > 64 {
        return Err(QuantizerError::setting("bits", bits, "at most 64"));
    }
    Ok(())
}
