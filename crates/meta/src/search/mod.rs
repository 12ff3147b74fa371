//! Searching architectures, and comparing ways to search.
//!
//! A [`SearchSpace`] says what there is; a [`Strategy`] asks for candidates and is told how good they are. A [`Table`] knows every candidate's
//! score beforehand, so that [`compare`] runs a strategy thousands of times in a second. Random search stands beside every other.

mod cell;
mod compare;
mod darts;
mod record;
mod sharing;
mod space;
mod strategy;
mod table;
mod training;

pub use cell::{CellNet, EDGES, EdgeOp, OnEdge, cells};
pub use compare::{Comparison, Named, Regrets, STRATEGIES, compare};
pub use darts::{DartsConfig, Derived, Selection, darts};
pub use record::{Found, search};
pub use sharing::{SharedSearch, SharingConfig, share_weights};
pub use space::{Choices, SearchSpace};
pub use strategy::{
    Budget, Evolution, Halving, Hyperband, LocalSearch, RandomSearch, Strategy, Trial,
};
pub use table::{Columns, Table};
pub use training::{CellData, CellTraining, Labelled, TrainedCell, train_cell};
