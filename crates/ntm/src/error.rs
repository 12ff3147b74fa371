/// What can be wrong with what a machine is given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NtmError {
    /// The sequence has another rank or width than the machine takes.
    #[error("the sequence has the shape {shape:?}, but should be [time, batch, {inputs}]")]
    Shape {
        /// The sequence's shape.
        shape: Vec<usize>,
        /// Elements of one input vector of the machine.
        inputs: usize,
    },
    /// An element of the sequence is NaN or infinite.
    #[error("input {channel} of example {example} at time {time} is {value}, but should be finite")]
    NotFinite {
        /// Which time step.
        time: usize,
        /// Which example of the batch.
        example: usize,
        /// Which element of the vector.
        channel: usize,
        /// What it is.
        value: f64,
    },
    /// A task has other channels than the model.
    #[error(
        "the task has {} inputs and {} outputs, but the model {} and {}: they should be as many", task[0], task[1], model[0], model[1]
    )]
    Channels {
        /// Inputs and outputs of the task.
        task: [usize; 2],
        /// Inputs and outputs of the model.
        model: [usize; 2],
    },
    /// There are more vectors to keep than rows to keep them in.
    #[error(
        "the memory has {slots} rows, fewer than the {vectors} vectors to remember: the machine must pack several into one, or \
         writes over the first when its attention comes round; take a memory of at least {vectors} rows"
    )]
    MemoryTooSmall {
        /// Rows of the memory.
        slots: usize,
        /// Vectors to remember.
        vectors: usize,
    },
    /// The memory cannot have another number of rows.
    #[error("the memory cannot have {slots} rows instead: {why}")]
    SlotsAreFixed {
        /// Rows that were asked for.
        slots: usize,
        /// Why not.
        why: &'static str,
    },
}
