//! Which module did what.

use std::fmt::Write as _;

use seedbed_autodiff::{Float, Tensor};

use super::cell::StepTrace;

/// What the modules of one layer did over a sequence; constants.
///
/// ```
/// use seedbed_autodiff::{Rng, Tensor};
/// use seedbed_mechanisms::rims::{RimConfig, Rims};
/// use seedbed_nn::Config;
///
/// let config = RimConfig { units: 4, ..RimConfig::new(1) }.check()?;
/// let rims = Rims::<f32>::new(&config, 1, &mut Rng::new(0));
/// let run = rims.run(&Tensor::ones(&[2, 5, 1]), None)?;
/// let trace = &run.traces[0];
/// assert_eq!(trace.active.shape(), [2, 5, 6]);
/// // Four of six modules are active at each step.
/// assert_eq!(trace.active.sum(..).item(), 4.0 * 2.0 * 5.0);
/// assert_eq!(trace.usage().len(), 6);
/// assert!(trace.csv().starts_with("sequence,step,module,active,read\n0,0,0,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trace<F: Float = f32> {
    /// 1 where a module was active, else 0; `[batch, time, modules]`.
    pub active: Tensor<F>,
    /// How much of the input each module would have read; `[batch, time, modules]`.
    pub read: Tensor<F>,
    /// How much each module read of each, the mean over heads; `[batch, time, modules, modules]`, the reader first. None where they do not read each other.
    pub heard: Option<Tensor<F>>,
}

impl<F: Float> Trace<F> {
    pub(super) fn new(steps: &[StepTrace<F>]) -> Self {
        let of = |part: fn(&StepTrace<F>) -> &Tensor<F>| {
            let all: Vec<Tensor<F>> = steps.iter().map(|step| part(step).clone()).collect();
            // [time, modules, batch]
            Tensor::stack(&all, 0).permute(&[2, 0, 1])
        };
        let heard: Option<Vec<Tensor<F>>> = steps.iter().map(|step| step.heard.clone()).collect();
        Self {
            active: of(|step| &step.active),
            read: of(|step| &step.read),
            heard: heard.map(|heard| Tensor::stack(&heard, 1)),
        }
    }

    /// The share of steps at which each module was active.
    pub fn usage(&self) -> Vec<f64> {
        self.active.mean([0, 1]).data().iter().map(|x| x.f64()).collect()
    }

    /// A table with a row for each sequence, step and module: whether it was active, and how much of the input it would have read.
    pub fn csv(&self) -> String {
        let &[_, time, modules] = self.active.shape() else { unreachable!("three axes") };
        let mut table = String::from("sequence,step,module,active,read\n");
        for (i, (active, read)) in self.active.data().iter().zip(self.read.data()).enumerate() {
            let (sequence, step, module) = (i / (time * modules), i / modules % time, i % modules);
            let _ = writeln!(table, "{sequence},{step},{module},{},{}", active.f64(), read.f64());
        }
        table
    }
}
