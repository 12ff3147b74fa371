//! Learning from few examples: tasks, and methods that learn to adapt.

mod episode;
mod sine;
mod stacked;

pub use episode::{Anil, Maml, MetaSgd, Stacked};
pub use sine::{Points, SineInit, SineTrainer, SineTraining, Sines};
pub use stacked::{StackedLinear, StackedMlp};
