//! The diagonal convolutional gated recurrent unit (Freivalds & Liepins 2017, "Improving the Neural GPU architecture for algorithm
//! learning").
//!
//! The state of a string is one vector of u numbers a cell. A step changes all cells at once, each by itself and its two neighbours:
//!
//! ```text
//! r  = hσ(K_r * s + b_r + 0.5)              reset gate
//! g  = hσ(K_g * s + b_g + 0.7)              update gate
//! c  = hτ(K_c * (r ⊙ s) + b_c)              candidate
//! s' = g ⊙ shift(s) + (1 − g) ⊙ c
//! ```
//!
//! `*` is a convolution of width 3, hσ(x) = clamp(0.5 x + 0.5, 0, 1) and hτ(x) = clamp(x, −1, 1). The *diagonal gate* gives the unit its name:
//! `shift` takes some channels from the left neighbour, some from the right one, and others from the cell itself, so that what a gate
//! holds travels along the string at one cell a step. Outside of the string everything is 0.

mod backward;
mod cell;
mod forward;
mod infer;
mod run;
mod single;

pub use cell::{DiagonalCell, Moving, Reach};
pub use run::Saturation;
pub(crate) use single::SingleCell;
