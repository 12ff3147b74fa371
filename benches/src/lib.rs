//! The scoreboard: what this workspace claims, measured. Run it with `cargo xtask bench`.
//!
//! A claim is an [`Experiment`]; it gives [`Row`]s for the table and [`Figure`]s for the report.
//! Learning claims are registered in [`experiments`], speed rows in [`speed`].

mod cli;
mod data;
mod environment;
pub mod experiment;
pub mod experiments;
pub mod figure;
pub mod peers;
mod report;
mod row;
mod run;
mod saved;
pub mod speed;
mod table;

pub use cli::{Cli, Command, Options};
pub use environment::Environment;
pub use experiment::{Context, Experiment, Outcome, Profile};
pub use figure::{Bar, Figure, Image, Series};
pub use row::{Goal, Kind, Row};
pub use run::run;
pub use saved::{Change, Run};

/// Every experiment of the scoreboard: learning claims first, then speed.
pub fn all() -> Vec<Box<dyn Experiment>> {
    let mut all = experiments::all();
    all.extend(speed::all());
    all
}
