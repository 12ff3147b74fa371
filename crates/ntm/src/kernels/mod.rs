//! The loops behind [`memory`](crate::memory), where the equations stand: slices in, slices out.
//!
//! Everything is done example by example, as one row of [`rows`](seedbed_kernels::rows).

mod addressing;
mod content;
mod links;
mod location;
mod parameters;
mod read;
mod shift;
mod step;
mod write;

pub(crate) use addressing::{Addressed, Addressing};
pub(crate) use links::{links, links_gradients};
pub(crate) use location::Sharpener;
pub(crate) use read::{read, read_gradients};
pub(crate) use step::{Step, Stepped};
pub(crate) use write::{write, write_gradients};
