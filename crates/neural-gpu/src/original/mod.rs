//! The convolutional gated recurrent unit (CGRU) of the original Neural GPU (Kaiser & Sutskever 2016, "Neural GPUs learn
//! algorithms").
//!
//! The state of a cell of the string is `width` vectors of m numbers, so that the state of a string is an image of `length` × `width` pixels with m channels. A step
//! changes all of it at once:
//!
//! ```text
//! r  = cut(K_r * s + b_r + 1)               reset gate
//! g  = cut(K_g * s + b_g + 1)               update gate
//! c  = tanh(K_c * (r ⊙ s) + b_c)            candidate
//! s' = g ⊙ s + (1 − g) ⊙ c
//! ```
//!
//! `*` is a convolution of 3×3 pixels with zeros outside, and cut(x) = clamp(1.2 σ(x) − 0.1, 0, 1): gates can be shut and open altogether.
//!
//! A convolution over so narrow an image is one over the string alone, whose channels are the `width` · m numbers of a cell and whose kernel is [banded](band): of the
//! 4 × 4 pairs of pixels of a width of 4, ten are neighbours. It costs 1.6 times the arithmetic, and is the same single matrix product over overlapping rows as
//! that of the [diagonal unit](crate::DiagonalCell), without a copy of neighbourhoods: on a processor this is the faster of the two.

mod band;
mod cell;
mod machine;
mod step;

pub use cell::{BandedCgru, CgruCell};
pub use machine::{NeuralGpu, NeuralGpuConfig};
