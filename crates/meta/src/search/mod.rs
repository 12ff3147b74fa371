//! Searching architectures.

mod cell;
mod space;
mod training;

pub use cell::{CellNet, EDGES, EdgeOp, NormedConv, OnEdge, cells};
pub use space::{Choices, SearchSpace};
pub use training::{CellData, CellTraining, Labelled, TrainedCell, train_cell};
