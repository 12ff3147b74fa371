use seedbed_autodiff::{Float, Module};

use super::{Method, Optim};

/// What a trainer and a checkpoint want of an optimiser; every [`Optim`] is one.
pub trait Optimizer<F: Float, M: Module<F>> {
    /// The method's name.
    fn name(&self) -> &'static str;

    /// The learning rate before schedule and groups.
    fn lr(&self) -> f64;

    /// How many steps were made.
    fn steps(&self) -> u64;

    /// How many steps each parameter made, in the order of the model's walk: fewer where it was frozen.
    fn param_steps(&self) -> &[u64];

    /// Sets the number of steps, of all and of each parameter, when a checkpoint is loaded.
    ///
    /// # Panics
    /// If there is not one number a parameter.
    #[track_caller]
    fn set_steps(&mut self, steps: u64, param_steps: &[u64]);

    /// The modules of the state with their names.
    fn states(&self) -> Vec<(&'static str, &M)>;

    /// The modules of the state, to be replaced when a checkpoint is loaded.
    fn states_mut(&mut self) -> Vec<(&'static str, &mut M)>;

    /// One step with the learning rate multiplied by `factor`.
    ///
    /// # Panics
    /// If the gradient is not of the model's structure and shapes.
    #[track_caller]
    fn step_scaled(&mut self, model: &mut M, gradient: &M, factor: f64);
}

impl<F: Float, M: Module<F>, C: Method<F, S>, const S: usize> Optimizer<F, M> for Optim<M, C, S> {
    fn name(&self) -> &'static str {
        C::NAME
    }
    fn lr(&self) -> f64 {
        self.config.lr()
    }
    fn steps(&self) -> u64 {
        self.steps
    }
    fn param_steps(&self) -> &[u64] {
        &self.param_steps
    }
    #[track_caller]
    fn set_steps(&mut self, steps: u64, param_steps: &[u64]) {
        self.steps = steps;
        self.param_steps.copy_from_slice(param_steps);
    }
    fn states(&self) -> Vec<(&'static str, &M)> {
        C::STATES.into_iter().zip(&self.states).collect()
    }
    fn states_mut(&mut self) -> Vec<(&'static str, &mut M)> {
        C::STATES.into_iter().zip(&mut self.states).collect()
    }
    #[track_caller]
    fn step_scaled(&mut self, model: &mut M, gradient: &M, factor: f64) {
        Optim::step_scaled(self, model, gradient, factor);
    }
}

impl<F: Float, M: Module<F>, O: Optimizer<F, M> + ?Sized> Optimizer<F, M> for Box<O> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn lr(&self) -> f64 {
        (**self).lr()
    }
    fn steps(&self) -> u64 {
        (**self).steps()
    }
    fn param_steps(&self) -> &[u64] {
        (**self).param_steps()
    }
    #[track_caller]
    fn set_steps(&mut self, steps: u64, param_steps: &[u64]) {
        (**self).set_steps(steps, param_steps);
    }
    fn states(&self) -> Vec<(&'static str, &M)> {
        (**self).states()
    }
    fn states_mut(&mut self) -> Vec<(&'static str, &mut M)> {
        (**self).states_mut()
    }
    #[track_caller]
    fn step_scaled(&mut self, model: &mut M, gradient: &M, factor: f64) {
        (**self).step_scaled(model, gradient, factor);
    }
}
