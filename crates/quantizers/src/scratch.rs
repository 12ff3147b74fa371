/// Memory for what quantizers need in between: kept from call to call, so that none is allocated once it has grown.
///
/// ```
/// use seedbed_quantizers::{Fsq, Quantizer, Scratch};
/// let fsq = Fsq::new(&[8, 5, 5, 5])?;
/// let (mut scratch, mut tokens) = (Scratch::new(), [0_u32; 2]);
/// for _ in 0..3 {
///     fsq.encode_into(&[0.0; 8], (&mut tokens[..]).into(), &mut scratch)?;
/// }
/// # Ok::<(), seedbed_quantizers::QuantizerError>(())
/// ```
#[derive(Debug, Default)]
pub struct Scratch {
    floats: Vec<Vec<f32>>,
    indices: Vec<Vec<u64>>,
}

impl Scratch {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `len` numbers of unspecified value; to be given back.
    pub(crate) fn floats(&mut self, len: usize) -> Vec<f32> {
        let mut buffer = self.floats.pop().unwrap_or_default();
        buffer.resize(len, 0.0);
        buffer
    }

    /// `len` indices of unspecified value; to be given back.
    pub(crate) fn indices(&mut self, len: usize) -> Vec<u64> {
        let mut buffer = self.indices.pop().unwrap_or_default();
        buffer.resize(len, 0);
        buffer
    }

    pub(crate) fn give_floats(&mut self, buffer: Vec<f32>) {
        self.floats.push(buffer);
    }

    pub(crate) fn give_indices(&mut self, buffer: Vec<u64>) {
        self.indices.push(buffer);
    }
}
