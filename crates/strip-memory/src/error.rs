/// What can be wrong with what a machine is given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StripError {
    /// Programs that cannot run together.
    #[error("{what}")]
    Batch {
        /// What is wrong.
        what: String,
    },
    /// A program has kinds of instruction that the machine does not know.
    #[error("the task has {task} kinds of instruction, the machine knows {machine}")]
    Operations {
        /// Of the task.
        task: usize,
        /// Of the machine.
        machine: usize,
    },
    /// A program keeps more than there is room for.
    #[error(
        "the program keeps {needed} things, the memory has {slots} slots: it should have at least {needed}"
    )]
    Slots {
        /// What the program keeps.
        needed: usize,
        /// What there is.
        slots: usize,
    },
}
