//! Changes of a model in place, element by element: what an optimiser's step is made of.
//!
//! An optimiser's formula is an [`Update`]: one number of a parameter, its gradient and its state go in, the new number
//! and state come out. [`apply`] runs it over a whole model in a single pass over the memory, with vector
//! instructions and on all threads, and changes each tensor in place where nobody else holds it.
//!
//! ```
//! use seedbed_autodiff::update::{self, Update};
//! use seedbed_autodiff::{Float, Tensor};
//!
//! /// Gradient descent: `x ← x − lr g`.
//! #[derive(Clone, Copy)]
//! struct Descend<F>(F);
//!
//! impl<F: Float> Update<F, 0> for Descend<F> {
//!     #[inline(always)]
//!     fn at(self, x: F, g: F, _: [F; 0]) -> (F, [F; 0]) {
//!         (x - self.0 * g, [])
//!     }
//! }
//!
//! let mut x = Tensor::<f32>::new(vec![1.0, 2.0], &[2]);
//! let gradient = Tensor::new(vec![10.0, 20.0], &[2]);
//! update::apply(&mut x, &gradient, [], |_| Some(Descend(0.1)));
//! assert_eq!(x.to_vec(), [0.0, 0.0]);
//! ```

use crate::kernels::update as kernel;
use crate::{Float, Module, Path, Role, Tensor};

/// The formula of a step on one number, with `S` numbers of state.
pub trait Update<F: Float, const S: usize>: Copy + Send + Sync {
    /// About how many scalar operations it costs, to judge whether a second thread pays.
    const WORK: usize = 8;

    /// The new number and state, from the number `x`, its gradient `g` and its state.
    ///
    /// Implementations are `#[inline(always)]` and free of branches where they can be: then the
    /// compiler turns the loop over them into vector instructions.
    fn at(self, x: F, g: F, state: [F; S]) -> (F, [F; S]);
}

/// Applies a rule to every parameter of a model, its gradient and its state.
///
/// `rule` is asked once for each parameter, in the order of [`Module::walk`]; where it answers `None`
/// the parameter and its state stay. Buffers stay too. Nothing here is differentiated.
///
/// # Panics
/// If the gradient or a state is not of the model's structure and shapes, or if the model or a state was recorded by
/// a transform that is still open (a step inside a transform is written with tensor ops).
#[track_caller]
pub fn apply<F, M, U, const S: usize>(
    model: &mut M,
    gradient: &M,
    states: [&mut M; S],
    mut rule: impl FnMut(&Path) -> Option<U>,
) where
    F: Float,
    M: Module<F>,
    U: Update<F, S>,
{
    let gradients = gradient.params();
    check("model", model, &gradients);
    for state in &states {
        check("state", *state, &gradients);
    }
    let mut rules = Vec::with_capacity(gradients.len());
    model.walk(&mut Path::default(), &mut |path, role, _| {
        if role == Role::Param {
            rules.push(rule(path).map(Step));
        }
    });
    change(model, [&gradients], states, rules);
}

/// Replaces every number of every parameter by `f` of it, in place.
///
/// # Panics
/// If the module was recorded by a transform that is still open.
///
/// ```
/// use seedbed_autodiff::{Tensor, update};
/// let mut x = Tensor::<f32>::new(vec![1.0, -2.0], &[2]);
/// update::map(&mut x, |x| 3.0 * x);
/// assert_eq!(x.to_vec(), [3.0, -6.0]);
/// ```
#[track_caller]
pub fn map<F: Float, M: Module<F>>(module: &mut M, f: impl Fn(F) -> F + Copy + Send + Sync) {
    let params = module.params();
    check("module", module, &params);
    let rules = vec![Some(Map(f)); params.len()];
    // Held by nobody else now, so that they can be changed in place.
    drop(params);
    change(module, [], [], rules);
}

/// An [`Update`] as a rule of the kernel: one number to read.
#[derive(Clone, Copy)]
struct Step<U>(U);

impl<F: Float, U: Update<F, S>, const S: usize> kernel::Update<F, 1, S> for Step<U> {
    const WORK: usize = U::WORK;
    #[inline(always)]
    fn at(self, x: F, [g]: [F; 1], state: [F; S]) -> (F, [F; S]) {
        self.0.at(x, g, state)
    }
}

/// A function as a rule of the kernel.
#[derive(Clone, Copy)]
struct Map<T>(T);

impl<F: Float, T: Fn(F) -> F + Copy + Send + Sync> kernel::Update<F, 0, 0> for Map<T> {
    const WORK: usize = 2;
    #[inline(always)]
    fn at(self, x: F, []: [F; 0], []: [F; 0]) -> (F, [F; 0]) {
        ((self.0)(x), [])
    }
}

/// Applies a rule to each parameter that has one; the structures were compared.
fn change<F, M, R, const G: usize, const S: usize>(
    model: &mut M,
    gradients: [&[Tensor<F>]; G],
    states: [&mut M; S],
    rules: Vec<Option<R>>,
) where
    F: Float,
    M: Module<F>,
    R: kernel::Update<F, G, S>,
{
    let mut xs = take(model);
    let mut states = states.map(|state| (take(state), state));
    let mut parts = Vec::with_capacity(rules.len());
    let mut slots = states.each_mut().map(|(tensors, _)| tensors.iter_mut());
    for (i, (x, rule)) in xs.iter_mut().zip(rules).enumerate() {
        let state = slots.each_mut().map(|s| s.next().expect("the structures were compared"));
        if let Some(rule) = rule {
            let (g, state) = (gradients.map(|g| g[i].data()), state.map(Tensor::data_mut));
            parts.push(kernel::Part { rule, x: x.data_mut(), g, state });
        }
    }
    kernel::apply(parts);
    put(model, xs);
    for (tensors, state) in states {
        put(state, tensors);
    }
}

/// `Σ x²` over all parameters, added in `f64`, with the same bits on any number of threads.
///
/// ```
/// use seedbed_autodiff::{Tensor, update};
/// let x = Tensor::<f32>::new(vec![3.0, 4.0], &[2]);
/// assert_eq!(update::sum_of_squares(&x).sqrt(), 5.0);
/// ```
pub fn sum_of_squares<F: Float, M: Module<F>>(model: &M) -> f64 {
    let params = model.params();
    let slices: Vec<&[F]> = params.iter().map(Tensor::data).collect();
    kernel::sum_of_squares(&slices)
}

/// Compares the structures before anything is changed.
#[track_caller]
fn check<F: Float, M: Module<F>>(what: &str, module: &M, gradients: &[Tensor<F>]) {
    let mut shapes = gradients.iter().map(Tensor::shape);
    let mut difference = None;
    module.walk(&mut Path::default(), &mut |path, role, x| {
        if role == Role::Param && difference.is_none() {
            let expected = shapes.next();
            if expected != Some(x.shape()) {
                difference = Some(match expected {
                    Some(g) => format!(
                        "{what} and gradient differ at `{path}`: shapes {:?} and {g:?}",
                        x.shape()
                    ),
                    None => format!("the gradient has no counterpart of the {what}'s `{path}`"),
                });
            } else if x.is_recorded() {
                difference = Some(format!(
                    "`{path}` of the {what} was recorded by a transform; a change in place would \
                     cut its gradient"
                ));
            }
        }
    });
    if difference.is_none() && shapes.next().is_some() {
        difference = Some(format!("the gradient has more parameters than the {what}"));
    }
    if let Some(difference) = difference {
        panic!("update: {difference}");
    }
}

/// Moves the parameters out of a module, in the order of the walk.
fn take<F: Float, M: Module<F>>(module: &mut M) -> Vec<Tensor<F>> {
    let empty = Tensor::zeros(&[0]);
    let mut taken = Vec::new();
    module.walk_mut(&mut Path::default(), &mut |_, role, x| {
        if role == Role::Param {
            taken.push(std::mem::replace(x, empty.clone()));
        }
    });
    taken
}

/// Moves the parameters back.
fn put<F: Float, M: Module<F>>(module: &mut M, tensors: Vec<Tensor<F>>) {
    let mut tensors = tensors.into_iter();
    module.walk_mut(&mut Path::default(), &mut |_, role, x| {
        if role == Role::Param {
            *x = tensors.next().expect("as many as were taken");
        }
    });
}

impl<F: Float> Tensor<F> {
    /// The elements, to be changed in place; copied first if anybody else holds them.
    ///
    /// # Panics
    /// If a transform recorded this tensor: a change would cut its gradient. Take
    /// [`stop_gradient`](Self::stop_gradient) of it first.
    ///
    /// ```
    /// use seedbed_autodiff::Tensor;
    /// let mut x = Tensor::<f32>::ones(&[2]);
    /// let before = x.clone();
    /// x.data_mut()[0] = 5.0;
    /// assert_eq!((x.to_vec(), before.to_vec()), (vec![5.0, 1.0], vec![1.0, 1.0]));
    /// ```
    #[track_caller]
    pub fn data_mut(&mut self) -> &mut [F] {
        assert!(
            !self.is_recorded(),
            "data_mut: this tensor was recorded by a transform; a change in place would cut its gradient"
        );
        // A part of another tensor may have this handle to itself, and still not the elements.
        if self.unique_data().is_none() {
            *self = Self::new(self.to_vec(), self.shape());
        }
        self.unique_data().expect("the only owner of an unrecorded tensor")
    }
}
