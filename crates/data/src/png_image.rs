//! PNG images as arrays of unsigned bytes.

use std::io::Cursor;
use std::path::Path;

use ndarray::Array3;
use png::{ColorType, Decoder, Transformations};

use crate::error::{DataError, Problem};
use crate::source::{Limits, checked_len};

/// The channels that an image is read with, whatever the file has.
///
/// Transparency is left out: the colours are taken as they stand in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// One channel; colours become their luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    #[default]
    Gray,
    /// Three channels; grey is repeated.
    Rgb,
}

impl Channels {
    /// The number of channels.
    pub fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }
}

/// Decodes a PNG image of any kind into (H, W, C); 16-bit channels are cut to their high byte.
///
/// `name` is what errors call the bytes.
///
/// # Errors
/// [`DataError::Malformed`] if this is not a whole PNG image, or one of more than `limits`.
pub fn decode(
    bytes: &[u8],
    channels: Channels,
    name: impl AsRef<Path>,
    limits: Limits,
) -> Result<Array3<u8>, DataError> {
    let mut cursor = Cursor::new(bytes);
    read(&mut cursor, channels, limits)
        .map_err(|problem| DataError::malformed(name, cursor.position(), problem))
}

/// No more than this many bytes come out of one compressed byte (the deflate format's bound).
const MAX_INFLATION: u64 = 1032;

fn read(
    cursor: &mut Cursor<&[u8]>,
    channels: Channels,
    limits: Limits,
) -> Result<Array3<u8>, Problem> {
    let packed = cursor.get_ref().len() as u64;
    let decoder_limits = png::Limits { bytes: usize::try_from(limits.bytes).unwrap_or(usize::MAX) };
    let mut decoder = Decoder::new_with_limits(cursor, decoder_limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);

    let info = decoder.read_header_info().map_err(broken)?;
    let (w, h) = info.size();
    let bits_a_pixel = info.bits_per_pixel() as u64;
    let shape = vec![h.into(), w.into()];
    // Before anything of that size is allocated: is it allowed, and can it be true?
    let limit = limits.bytes / 4; // four bytes a pixel at most (RGBA)
    let Some(announced) = checked_len(&shape, limit) else {
        return Err(Problem::TooLarge { shape, limit });
    };
    if announced.saturating_mul(bits_a_pixel) / 8 > packed.saturating_mul(MAX_INFLATION) {
        return Err(Problem::Implausible { shape, packed });
    }

    let mut reader = decoder.read_info().map_err(broken)?;
    let size = reader.output_buffer_size().ok_or(Problem::TooLarge { shape, limit })?;
    let wanted = channels.count();
    // Unpacked and then converted in one memory, in which the larger of the two forms has room.
    let mut buffer = vec![0; size.max(announced as usize * wanted)];
    let frame = reader.next_frame(&mut buffer[..size]).map_err(broken)?;
    reader.finish().map_err(broken)?;

    let samples = frame.color_type.samples();
    let pixels = frame.buffer_size() / samples;
    let mut convert = |i: usize| {
        let pixel = &buffer[i * samples..][..samples];
        let rgb = match frame.color_type {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => [pixel[0]; 3],
            _ => [pixel[0], pixel[1], pixel[2]],
        };
        match channels {
            Channels::Gray => buffer[i] = luma(rgb),
            Channels::Rgb => buffer[i * 3..][..3].copy_from_slice(&rgb),
        }
    };
    // In the order in which what is written over was read before.
    if samples >= wanted {
        (0..pixels).for_each(convert);
    } else {
        (0..pixels).rev().for_each(&mut convert);
    }
    buffer.truncate(pixels * wanted);
    let shape = (frame.height as usize, frame.width as usize, wanted);
    Array3::from_shape_vec(shape, buffer).map_err(|e| broken_message(e.to_string()))
}

/// Exact for grey: the weights add up to one.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let weighted = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    ((weighted + 500) / 1000) as u8
}

fn broken(error: png::DecodingError) -> Problem {
    broken_message(error.to_string())
}

fn broken_message(message: String) -> Problem {
    Problem::Broken { format: "PNG image", message }
}
