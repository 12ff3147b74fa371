use seedbed_autodiff::{Float, Tensor};

/// How a tensor of a file lies, compared with the model's.
///
/// | PyTorch | there | here | layout |
/// |---|---|---|---|
/// | `Linear`, `LSTM`, `GRU`: weights | `[out, in]` | `[in, out]` | `TorchLinear` |
/// | `Conv1d`, `Conv2d` | `[out, in / groups, kernel…]` | `[kernel…, in / groups, out]` | `TorchConv` |
/// | `ConvTranspose1d`, `ConvTranspose2d` | `[in, out / groups, kernel…]` | `[kernel…, out / groups, in]` | `TorchConv` |
/// | `Embedding`, `LayerNorm`, `GroupNorm`, `BatchNorm`, biases | | the same | `Same` |
///
/// The gates of LSTM (i, f, g, o) and GRU (r, z, n) have the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// As in the model.
    #[default]
    Same,
    /// With the last two axes exchanged.
    TorchLinear,
    /// With the first two axes at the end, in the opposite order: channels before the kernel.
    TorchConv,
}

impl Layout {
    /// The shape here of a tensor that has this one there; `None` if it has too few axes.
    pub(super) fn shape(self, there: &[usize]) -> Option<Vec<usize>> {
        Some(self.order(there.len())?.into_iter().map(|a| there[a as usize]).collect())
    }

    /// The tensor as it lies here.
    pub(super) fn apply<F: Float>(self, x: &Tensor<F>) -> Tensor<F> {
        x.permute(&self.order(x.ndim()).expect("the shapes were compared"))
    }

    fn order(self, ndim: usize) -> Option<Vec<isize>> {
        let n = ndim as isize;
        match self {
            Self::Same => Some((0..n).collect()),
            Self::TorchLinear if n >= 2 => Some((0..n - 2).chain([n - 1, n - 2]).collect()),
            Self::TorchConv if n >= 3 => Some((2..n).chain([1, 0]).collect()),
            Self::TorchLinear | Self::TorchConv => None,
        }
    }
}
