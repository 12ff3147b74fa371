//! The graph behind the tensors: how an op is recorded. See `tape` for how it is walked back.
//!
//! Every tensor has a *level*: 0 for a constant, otherwise that of the innermost transform on
//! whose variables it depends. Transforms are counted through the process. One of level `L` lifts its variables to `L`; an op's result has
//! the highest level of its inputs, and is recorded only above the thread's *floor*: the levels up to the
//! floor are those that nobody will differentiate any more. So inference and first-order
//! backward passes build no graph.
//!
//! Recorded tensors are numbered as they are made. The numbers of a transform's graph lie in one
//! range, which makes them the index of a dense table of pending gradients: no hashing, no
//! recursion.

use std::fmt::Debug;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::kernels::buffers;
use crate::levels::{self, next_number, recording};
use crate::shape::Dims;
use crate::storage::Storage;
use crate::tape::Pending;
use crate::{Float, Tensor};

/// The gradients of an op's inputs, in order; `None` where there is none.
pub type Grads<F> = SmallVec<[Option<Tensor<F>>; 2]>;

/// A differentiable primitive: its derivative rule.
///
/// The forward value is computed by the function that calls [`Tensor::record`].
pub trait Op<F: Float>: Debug + Send + Sync {
    /// The op's name in messages, as the caller wrote it.
    fn name(&self) -> &'static str;

    /// The vector–Jacobian product: the gradients of the inputs, given the gradient `g` of the output.
    ///
    /// It is written with public tensor ops, so that it can be differentiated again. Where
    /// [`Ctx::recording`] is false a kernel may be used instead.
    fn vjp(&self, c: &Ctx<'_, F>, g: Tensor<F>) -> Grads<F>;
}

/// What a derivative rule sees.
pub struct Ctx<'a, F: Float> {
    inputs: &'a [Tensor<F>],
    output: &'a Tensor<F>,
    pending: &'a Pending<F>,
}

impl<'a, F: Float> Ctx<'a, F> {
    pub(crate) fn new(
        inputs: &'a [Tensor<F>],
        output: &'a Tensor<F>,
        pending: &'a Pending<F>,
    ) -> Self {
        Self { inputs, output, pending }
    }

    /// The `i`-th input.
    pub fn x(&self, i: usize) -> &Tensor<F> {
        &self.inputs[i]
    }

    /// All inputs.
    pub fn inputs(&self) -> &[Tensor<F>] {
        self.inputs
    }

    /// The output.
    pub fn y(&self) -> &Tensor<F> {
        self.output
    }

    /// Whether the `i`-th input wants a gradient; a rule may give `None` where not.
    pub fn needs(&self, i: usize) -> bool {
        self.inputs[i].0.level >= self.pending.level()
    }

    /// What has been accumulated by now of the gradient of the `i`-th input, if the rule may add its own part in place: it then returns
    /// the sum as its gradient. So a weight that is used at every step of a long sequence has one gradient that is added to, instead of one a
    /// step that is made, added and dropped.
    ///
    /// `None` if there is nothing yet, if somebody else holds it, or if an outer transform watches.
    pub fn accumulated(&self, i: usize) -> Option<Tensor<F>> {
        if self.recording() { None } else { self.pending.take_unique(&self.inputs[i]) }
    }

    /// Adds the product Aᵀ · B to the gradient of the `i`-th input, together with others of its kind: the rule then gives `None` for that input. Here A and B
    /// are some rows, as long as the sides of the input, a matrix.
    ///
    /// False if this did not happen: if nothing has been accumulated yet, so that there may be no others; if the rows are so many that waiting does not
    /// pay; or if an outer transform watches.
    pub fn add_product(&self, i: usize, rows: [&[F]; 2]) -> bool {
        !self.recording() && self.pending.wait(&self.inputs[i], rows)
    }

    /// Whether an outer transform will differentiate this derivative.
    pub fn recording(&self) -> bool {
        recording()
    }
}

pub(crate) struct Inner<F: Float> {
    pub(crate) storage: Storage<F>,
    pub(crate) shape: Dims,
    pub(crate) level: u64,
    pub(crate) number: u32,
    pub(crate) node: Option<Node<F>>,
}

/// How a tensor was made.
pub(crate) enum Node<F: Float> {
    /// A variable of the transform at this tensor's level, standing for a tensor outside of it.
    Variable(Tensor<F>),
    Op {
        op: Box<dyn Op<F>>,
        inputs: SmallVec<[Tensor<F>; 2]>,
    },
}

impl<F: Float> Tensor<F> {
    /// The constant of these elements.
    pub(crate) fn constant(storage: Storage<F>, shape: &[usize]) -> Self {
        let shape = Dims::from_slice(shape);
        Self(Arc::new(Inner { storage, shape, level: 0, number: 0, node: None }))
    }

    /// Attaches the derivative rule `op` to a computed `value`. The single place where a graph edge is
    /// made.
    ///
    /// # Panics
    /// Under [`debug_nan`](crate::debug_nan), if `value` has a NaN. In the function of [`remat`](crate::remat) or
    /// [`custom_gradient`](crate::custom_gradient), if it uses a variable that it was not given.
    #[track_caller]
    pub fn record<O: Op<F> + 'static>(op: O, inputs: &[&Self], value: Self) -> Self {
        let state = levels::state();
        if state.debug_nan {
            crate::transform::look_for_nan(op.name(), inputs, &value);
        }
        let level = inputs.iter().map(|x| x.0.level).max().unwrap_or(0);
        if level == 0 {
            return value;
        }
        // A loop, not a closure: a closure would hide the caller's line from a panic.
        for x in inputs {
            state.look_at_use(|| op.name(), x.0.level);
        }
        if level > state.floor { value.with_node(Box::new(op), inputs, level) } else { value }
    }

    fn with_node(mut self, op: Box<dyn Op<F>>, inputs: &[&Self], level: u64) -> Self {
        let node = Some(Node::Op { op, inputs: cloned(inputs) });
        let number = next_number(inputs.iter().map(|x| x.0.number).max().unwrap_or(0));
        match Arc::get_mut(&mut self.0) {
            // A freshly computed value has one owner: the graph is attached to it in place.
            Some(inner) if inner.node.is_none() => {
                (inner.level, inner.number, inner.node) = (level, number, node);
                self
            }
            _ => {
                let (storage, shape) = (self.storage_of_part(0), self.0.shape.clone());
                Self(Arc::new(Inner { storage, shape, level, number, node }))
            }
        }
    }

    /// A variable of the given level that stands for this tensor.
    pub(crate) fn lift(&self, level: u64) -> Self {
        levels::state().look_at_use(|| "its arguments", self.0.level);
        let (storage, shape) = (self.storage_of_part(0), self.0.shape.clone());
        let (number, node) = (next_number(self.0.number), Some(Node::Variable(self.clone())));
        Self(Arc::new(Inner { storage, shape, level, number, node }))
    }

    /// Whether a transform recorded how this tensor was made.
    pub(crate) fn is_recorded(&self) -> bool {
        self.0.node.is_some()
    }

    /// The elements, to be changed in place, if nobody else can see them and no graph knows them.
    pub(crate) fn unique_data(&mut self) -> Option<&mut [F]> {
        let inner = Arc::get_mut(&mut self.0)?;
        if inner.node.is_some() {
            return None;
        }
        inner.storage.own().map(Vec::as_mut_slice)
    }
}

/// The inputs as an op keeps them. Nearly all ops have one or two; these need no loop.
fn cloned<F: Float>(inputs: &[&Tensor<F>]) -> SmallVec<[Tensor<F>; 2]> {
    match *inputs {
        [x] => smallvec![x.clone()],
        [x, y] => SmallVec::from_buf([x.clone(), y.clone()]),
        _ => inputs.iter().map(|&x| x.clone()).collect(),
    }
}

impl<F: Float> Drop for Inner<F> {
    /// Iterative: a chain of a million ops must not overflow the stack.
    fn drop(&mut self) {
        if let Storage::Own(elements) = &mut self.storage {
            buffers::give_back(std::mem::take(elements));
            if self.node.is_none() {
                return;
            }
        }
        let mut stack = Links::new();
        self.take_links(&mut stack);
        while let Some(mut tensor) = stack.pop() {
            // The last owner takes the links out, so that dropping the tensor goes no deeper.
            if let Some(inner) = Arc::get_mut(&mut tensor.0) {
                inner.take_links(&mut stack);
            } else if let Some(mut inner) = Arc::into_inner(tensor.0) {
                // Another thread let go of it in between.
                inner.take_links(&mut stack);
            }
        }
    }
}

type Links<F> = SmallVec<[Tensor<F>; 4]>;

impl<F: Float> Inner<F> {
    /// Moves the tensors that this one keeps alive to `links`.
    fn take_links(&mut self, links: &mut Links<F>) {
        match self.node.take() {
            Some(Node::Variable(x)) => links.push(x),
            Some(Node::Op { inputs, .. }) => {
                for x in inputs {
                    links.push(x);
                }
            }
            None => {}
        }
        if let Storage::Part { .. } = self.storage {
            let part = std::mem::replace(&mut self.storage, Storage::Own(Vec::new()));
            if let Storage::Part { owner, .. } = part {
                links.push(owner);
            }
        }
    }

    /// Whether no graph hangs on this tensor or on the owner of its elements.
    pub(crate) fn is_free(&self) -> bool {
        self.node.is_none()
            && match &self.storage {
                Storage::Own(_) => true,
                Storage::Part { owner, .. } => owner.0.node.is_none(),
            }
    }
}
