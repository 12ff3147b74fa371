//! Learning from few examples: tasks, and methods that learn to adapt.
//!
//! [`Maml`], [`MetaSgd`] and [`Anil`] are problems at two levels for any model and loss; [`FewShotTrainer`] trains the usual convolutional network by
//! any of six methods; [`Sines`] is the smallest family of tasks.

mod episode;
mod network;
mod prototypes;
mod saved;
mod sine;
mod stacked;
mod tasks;
mod trainer;

pub use episode::{Anil, Maml, MetaSgd, Stacked};
pub use network::{Body, FewShotNet};
pub use prototypes::prototype_logits;
pub use sine::{Points, SineInit, SineTrainer, SineTraining, Sines};
pub use stacked::{StackedLinear, StackedMlp};
pub use tasks::{Examples, Task, TaskConfig, Tasks};
pub use trainer::{FewShotConfig, FewShotTrainer, Method, Reduction};
