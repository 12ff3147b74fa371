//! A learning claim as plain data: most experiments are a name, a sentence and a function.

use anyhow::Result;

use crate::experiment::{Context, Experiment, Outcome};
use crate::row::Kind;

/// One claim.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub name: &'static str,
    pub about: &'static str,
    /// [`Experiment::is_long`].
    pub long: bool,
    pub run: fn(&Context) -> Result<Outcome>,
}

impl Claim {
    /// Claims as the scoreboard takes them.
    pub(crate) fn boxed(claims: &[Self]) -> Vec<Box<dyn Experiment>> {
        claims.iter().map(|&claim| Box::new(claim) as Box<dyn Experiment>).collect()
    }
}

impl Experiment for Claim {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Learn
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn is_long(&self) -> bool {
        self.long
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        (self.run)(context)
    }
}
