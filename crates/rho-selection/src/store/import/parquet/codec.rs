//! Compressed pages: never more than the page says it has is unpacked, and that was bounded before.

use std::borrow::Cow;
use std::io::Read;

use super::thrift::Wrong;

/// The `size` bytes of a page that is compressed by this codec.
pub(super) fn unpack(codec: i64, data: &[u8], size: usize) -> Result<Cow<'_, [u8]>, Wrong> {
    let unpacked = match codec {
        0 => return whole(Cow::Borrowed(data), size),
        1 => snappy(data, size),
        2 => limited(flate2::read::MultiGzDecoder::new(data), size),
        4 => limited(brotli_decompressor::Decompressor::new(data, 4096), size),
        5 => lz4_in_frames(data, size),
        6 => zstd::bulk::decompress(data, size).map_err(|error| error.to_string()),
        7 => lz4(data, size),
        other => {
            let name = if other == 3 { "LZO".into() } else { format!("codec {other}") };
            return Err(format!(
                "it is compressed with {name}; Snappy, gzip, Brotli, LZ4 and Zstandard can be read"
            ));
        }
    };
    let unpacked = unpacked.map_err(|error| format!("a page cannot be decompressed: {error}"))?;
    whole(Cow::Owned(unpacked), size)
}

fn whole(unpacked: Cow<'_, [u8]>, size: usize) -> Result<Cow<'_, [u8]>, Wrong> {
    match unpacked.len() == size {
        true => Ok(unpacked),
        false => Err(format!("a page has {} bytes and says it has {size}", unpacked.len())),
    }
}

fn snappy(data: &[u8], size: usize) -> Result<Vec<u8>, Wrong> {
    match snap::raw::decompress_len(data) {
        Ok(length) if length == size => {
            snap::raw::Decoder::new().decompress_vec(data).map_err(|error| error.to_string())
        }
        Ok(length) => Err(format!("it has {length} bytes and says it has {size}")),
        Err(error) => Err(error.to_string()),
    }
}

/// One byte more than there should be is enough to see that there is more.
fn limited(reader: impl Read, size: usize) -> Result<Vec<u8>, Wrong> {
    let mut out = Vec::new();
    reader.take(size as u64 + 1).read_to_end(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn lz4(data: &[u8], size: usize) -> Result<Vec<u8>, Wrong> {
    lz4_flex::block::decompress(data, size).map_err(|error| error.to_string())
}

/// The codec that is called LZ4 alone. Hadoop writes blocks with their sizes before them, others frames, others one bare block.
fn lz4_in_frames(data: &[u8], size: usize) -> Result<Vec<u8>, Wrong> {
    if let Some(out) = hadoop(data, size) {
        return Ok(out);
    }
    match limited(lz4_flex::frame::FrameDecoder::new(data), size) {
        Ok(out) if out.len() == size => Ok(out),
        _ => lz4(data, size),
    }
}

/// Blocks after the sizes of what they hold and of themselves, four bytes each, the highest first.
fn hadoop(mut data: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !data.is_empty() {
        let (held, rest) = data.split_first_chunk::<4>()?;
        let (packed, rest) = rest.split_first_chunk::<4>()?;
        let (held, packed) = (u32::from_be_bytes(*held), u32::from_be_bytes(*packed));
        let held = usize::try_from(held).ok().filter(|&held| held <= size - out.len())?;
        let (block, rest) = rest.split_at_checked(usize::try_from(packed).ok()?)?;
        out.extend(lz4(block, held).ok().filter(|block| block.len() == held)?);
        data = rest;
    }
    Some(out)
}
