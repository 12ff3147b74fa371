//! PNG files as pictures.

use std::path::Path;

use seedbed_data::{Channels, Limits, png_image, resize};
use seedbed_kernels::par;

use super::{Run, Wanted, runs};
use crate::tokenize::TokenizeError;

/// Pictures that are read at a time.
pub(super) const AT_ONCE: usize = 64;

/// Scalar operations that unpacking a picture takes at least: enough for a thread of its own.
const WORK: usize = 1 << 20;

/// How PNG files become the tokenizer's pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pictures {
    channels: Channels,
    size: Option<[usize; 2]>,
    wanted: Wanted,
}

impl Pictures {
    /// For what the quantizer takes, if those are pictures of one channel or three.
    pub(super) fn new(
        path: &Path,
        wanted: Wanted,
        size: Option<[usize; 2]>,
    ) -> Result<Self, TokenizeError> {
        let channels = match wanted {
            Wanted::Pictures { channels: 1, .. } => Channels::Gray,
            Wanted::Pictures { channels: 3, .. } => Channels::Rgb,
            Wanted::Pictures { channels, .. } => {
                let problem = format!(
                    "PNG files have 1 or 3 channels, but the tokenizer takes {channels}; give it arrays (.npy)"
                );
                return Err(TokenizeError::malformed(path, problem));
            }
            Wanted::Vectors { dim } => {
                let problem = format!(
                    "pictures need a tokenizer, but this is a quantizer of vectors of {dim} numbers; give it arrays (.npy)"
                );
                return Err(TokenizeError::malformed(path, problem));
            }
        };
        Ok(Self { channels, size, wanted })
    }

    fn decode(&self, path: &Path, png: &[u8]) -> Result<(Vec<usize>, Vec<f32>), TokenizeError> {
        let mut picture = png_image::decode(png, self.channels, path, Limits::default())?;
        if let Some(size) = self.size {
            picture = resize(picture.view(), size);
        }
        self.wanted.check(path, picture.shape())?;
        let data = picture.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        Ok((picture.shape().to_vec(), data))
    }

    /// Several at a time, each with the name that errors call it.
    pub(super) fn decode_all<P: AsRef<Path> + Sync>(
        &self,
        files: &[(P, Vec<u8>)],
    ) -> Result<Vec<Run>, TokenizeError> {
        let work = files.len() * WORK;
        let all = par::map(files.len(), work, |i| self.decode(files[i].0.as_ref(), &files[i].1));
        Ok(runs(all.into_iter().collect::<Result<Vec<_>, _>>()?))
    }
}
