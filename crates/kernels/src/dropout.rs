//! The random mask of dropout.

use rand::RngCore;

use super::par;
use crate::{Float, Rng, buffers};

/// Elements that one generator draws; fixed, so that no mask depends on the number of threads.
const CHUNK: usize = 1 << 12;

/// About what an element costs, in scalar operations.
const WORK: usize = 16;

/// `len` elements, 0 with probability `p` and 1/(1 − p) otherwise.
pub fn mask<F: Float>(len: usize, p: f64, rng: &mut Rng) -> Vec<F> {
    let generators: Vec<Rng> = (0..len.div_ceil(CHUNK)).map(|_| rng.split()).collect();
    // A word is below the threshold with probability p, to 32 bits.
    let threshold = (p * 2f64.powi(32)) as u32;
    let kept = F::of(1.0 / (1.0 - p));
    let mut out = buffers::zeros(len);
    par::chunks_mut(&mut out, CHUNK, len * WORK, |i, chunk| {
        let mut rng = generators[i].clone();
        let mut bytes = [0; 1 << 10];
        for part in chunk.chunks_mut(bytes.len() / 4) {
            let bytes = &mut bytes[..4 * part.len()];
            rng.fill_bytes(bytes);
            for (x, word) in part.iter_mut().zip(bytes.chunks_exact(4)) {
                let word = u32::from_le_bytes(word.try_into().expect("four bytes"));
                *x = if word < threshold { F::zero() } else { kept };
            }
        }
    });
    out
}
