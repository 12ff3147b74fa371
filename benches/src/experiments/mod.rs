//! Learning claims. To add one: a file here with a type that implements
//! [`Experiment`], named in [`all`]; see [`crate::experiment`] for a whole example.

mod claim;
mod icm;
mod jobs;
mod meta;
mod ngpu;
mod ntm;
mod quant;
mod rho;
mod strip;

use crate::experiment::Experiment;

/// The learning experiments, in the order of the table.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let families =
        [rho::all(), ntm::all(), ngpu::all(), quant::all(), icm::all(), meta::all(), strip::all()];
    // Systems with one experiment. `cargo xtask new-model` adds to this list.
    let single: Vec<Box<dyn Experiment>> = vec![];
    families.into_iter().flatten().chain(single).collect()
}
