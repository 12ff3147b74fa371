//! The graph behind the tensors: how an op is recorded, and how it is walked back.
//!
//! Every tensor has a *level*: 0 for a constant, otherwise the number of the innermost open transform on
//! whose variables it depends. A transform at level `L` lifts its variables to `L`; an op's result has
//! the highest level of its inputs, and is recorded only above the thread's *floor*: the levels up to the
//! floor are those that nobody will differentiate any more. So inference and first-order
//! backward passes build no graph.
//!
//! Recorded tensors are numbered as they are made. The numbers of a transform's graph lie in one
//! range, which makes them the index of a dense table of pending gradients: no hashing, no
//! recursion.

mod fused;

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::Arc;

use ndarray::Array1;
use smallvec::{SmallVec, smallvec};

use crate::shape::Dims;
use crate::storage::Storage;
use crate::{Float, Tensor};

pub use fused::{Fused, FusedCtx};

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
    level: u8,
}

impl<F: Float> Ctx<'_, F> {
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
        self.inputs[i].0.level >= self.level
    }

    /// Whether an outer transform will differentiate this derivative.
    pub fn recording(&self) -> bool {
        recording()
    }
}

pub(crate) struct Inner<F: Float> {
    pub(crate) storage: Storage<F>,
    pub(crate) shape: Dims,
    pub(crate) level: u8,
    pub(crate) number: u32,
    node: Option<Node<F>>,
}

enum Node<F: Float> {
    /// A variable of the transform at this tensor's level, standing for a tensor outside of it.
    Variable(Tensor<F>),
    Op {
        op: Box<dyn Op<F>>,
        inputs: SmallVec<[Tensor<F>; 2]>,
    },
}

/// What a thread knows about its open transforms.
#[derive(Clone, Copy)]
struct State {
    /// Open transforms.
    level: u8,
    /// Nothing is recorded up to this level.
    floor: u8,
    /// The last number given.
    number: u32,
    /// Variables of levels from 1 to this one must not be used.
    forbidden: u8,
    /// Whether every value is looked at for NaN.
    debug_nan: bool,
}

const CLOSED: State = State { level: 0, floor: 0, number: 0, forbidden: 0, debug_nan: false };

thread_local! {
    static STATE: Cell<State> = const { Cell::new(CLOSED) };
}

/// Puts the thread's state back when dropped, also after a panic.
struct Restore(State);

impl Drop for Restore {
    fn drop(&mut self) {
        // The numbers go on, so that graphs that outlive their transform stay in order.
        let number = if self.0.level == 0 { 0 } else { STATE.get().number.max(self.0.number) };
        STATE.set(State { number, ..self.0 });
    }
}

fn with_state<R>(change: impl FnOnce(&mut State), f: impl FnOnce() -> R) -> R {
    let mut state = STATE.get();
    let _restore = Restore(state);
    change(&mut state);
    STATE.set(state);
    f()
}

/// Runs `f` without recording anything: kernels may use tensor ops.
pub(crate) fn quietly<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| s.floor = u8::MAX, f)
}

/// Runs `f` as if no transform were open; for work that another thread took over.
pub(crate) fn isolated<R>(debug_nan: bool, f: impl FnOnce() -> R) -> R {
    with_state(|s| *s = State { debug_nan, ..CLOSED }, f)
}

/// Runs `f` looking at every value for NaN.
pub(crate) fn looking_for_nan<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| s.debug_nan = true, f)
}

/// Runs `f` quietly, and panics if it uses a variable of a transform that is open already.
pub(crate) fn without_captures<R>(f: impl FnOnce() -> R) -> R {
    with_state(|s| (s.floor, s.forbidden) = (u8::MAX, s.level), f)
}

pub(crate) fn debug_nan_is_on() -> bool {
    STATE.get().debug_nan
}

/// How many transforms are open on this thread.
pub(crate) fn open_transforms() -> u8 {
    STATE.get().level
}

/// Whether results that depend on the innermost transform's variables are recorded.
fn recording() -> bool {
    let s = STATE.get();
    s.floor < s.level
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
    /// Under [`debug_nan`](crate::debug_nan), if `value` has a NaN.
    #[track_caller]
    pub fn record<O: Op<F> + 'static>(op: O, inputs: &[&Self], value: Self) -> Self {
        let state = STATE.get();
        if state.debug_nan {
            crate::transform::look_for_nan(op.name(), inputs, &value);
        }
        let level = inputs.iter().map(|x| x.0.level).max().unwrap_or(0);
        if level > state.floor {
            return value.with_node(Box::new(op), inputs, level);
        }
        assert!(
            level == 0 || level > state.forbidden,
            "checkpoint: the function uses a variable of an open transform (in {}) that is not part of the model \
             given to checkpoint, so that its gradient would be lost",
            op.name()
        );
        value
    }

    fn with_node(mut self, op: Box<dyn Op<F>>, inputs: &[&Self], level: u8) -> Self {
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
    fn lift(&self, level: u8) -> Self {
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
        inner.storage.own()?.as_slice_mut()
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

/// The next number of this thread, above `newest` (an input may come from another thread).
fn next_number(newest: u32) -> u32 {
    let mut state = STATE.get();
    let number = state.number.max(newest).checked_add(1).expect("more than 2^32 ops in one graph");
    if state.level > 0 {
        state.number = number;
        STATE.set(state);
    }
    number
}

impl<F: Float> Drop for Inner<F> {
    /// Iterative: a chain of a million ops must not overflow the stack.
    fn drop(&mut self) {
        if let (None, Storage::Own(_)) = (&self.node, &self.storage) {
            return;
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
            Some(Node::Op { inputs, .. }) => links.extend(inputs),
            None => {}
        }
        if let Storage::Part { .. } = self.storage {
            let part = std::mem::replace(&mut self.storage, Storage::Own(Array1::default(0)));
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

/// A graph that was recorded at one level, ready to be walked back.
pub(crate) struct Tape<F: Float> {
    level: u8,
    /// The thread's floor when the transform opened.
    floor: u8,
    /// Numbers above this one belong to the transform.
    base: u32,
    variables: Vec<Tensor<F>>,
}

impl<F: Float> Tape<F> {
    /// Opens a transform, lifts `inputs` to its level and runs `f` on the variables.
    pub(crate) fn record<R>(inputs: &[Tensor<F>], f: impl FnOnce(&[Tensor<F>]) -> R) -> (R, Self) {
        let outer = STATE.get();
        let level = outer.level.checked_add(1).expect("at most 255 nested transforms");
        let newest = inputs.iter().map(|x| x.0.number).max().unwrap_or(0);
        with_state(
            |s| {
                *s = State {
                    level,
                    floor: s.floor.min(outer.level),
                    number: s.number.max(newest),
                    ..*s
                }
            },
            || {
                let base = STATE.get().number;
                let variables: Vec<_> = inputs.iter().map(|x| x.lift(level)).collect();
                let result = f(&variables);
                (result, Self { level, floor: outer.floor, base, variables })
            },
        )
    }

    /// The gradients of ⟨`seed`, `y`⟩ with respect to the inputs; `None` where `y` does not depend on one.
    pub(crate) fn gradients(&self, y: Tensor<F>, seed: Tensor<F>) -> Vec<Option<Tensor<F>>> {
        // Somebody watches this backward pass if an open outer level lies above the floor.
        let watched = self.floor.saturating_add(1) < self.level;
        let floor = if watched { self.floor } else { self.level };
        with_state(
            |s| *s = State { level: s.level.max(self.level), floor: floor.max(s.floor), ..*s },
            || {
                let mut pending = Pending::new(self.base, self.level);
                pending.add(y, seed);
                pending.walk_back();
                self.variables.iter().map(|v| pending.take(v)).collect()
            },
        )
    }
}

/// A tensor and what has been gathered of its gradient.
type Entry<F> = (Tensor<F>, Tensor<F>);

/// Gradients that wait for their tensor's turn, in a table indexed by the tensor's number.
struct Pending<F: Float> {
    base: u32,
    level: u8,
    slots: Vec<SmallVec<[Entry<F>; 1]>>,
}

impl<F: Float> Pending<F> {
    fn new(base: u32, level: u8) -> Self {
        Self { base, level, slots: Vec::new() }
    }

    /// The slot of a tensor that depends on the variables, `None` for any other.
    fn slot(&self, x: &Tensor<F>) -> Option<usize> {
        (x.0.level >= self.level && x.0.number > self.base)
            .then(|| (x.0.number - self.base - 1) as usize)
    }

    fn add(&mut self, x: Tensor<F>, g: Tensor<F>) {
        let Some(i) = self.slot(&x) else { return };
        debug_assert_eq!(x.shape(), g.shape(), "a gradient has the shape of its tensor");
        if i >= self.slots.len() {
            self.slots.resize_with(i + 1, SmallVec::new);
        }
        // Tensors that other threads made may share a number, so a slot is a (very short) list.
        match self.slots[i].iter_mut().find(|(t, _)| Arc::ptr_eq(&t.0, &x.0)) {
            Some((_, sum)) => accumulate(sum, g),
            None => self.slots[i].push((x, g)),
        }
    }

    /// From the newest tensor to the oldest: when a tensor's turn comes, its gradient is complete.
    fn walk_back(&mut self) {
        for i in (0..self.slots.len()).rev() {
            // An op's inputs are older than its output, so that nothing is added to this slot any more.
            let mut slot = std::mem::take(&mut self.slots[i]);
            while let Some((tensor, g)) = slot.pop() {
                match &tensor.0.node {
                    // The transform's own variables keep what they have gathered.
                    Some(Node::Variable(_)) if tensor.0.level == self.level => {
                        self.slots[i].push((tensor, g));
                    }
                    Some(Node::Variable(outer)) => self.add(outer.clone(), g),
                    Some(Node::Op { op, inputs }) => {
                        let c = Ctx { inputs, output: &tensor, level: self.level };
                        let grads = op.vjp(&c, g);
                        debug_assert_eq!(
                            grads.len(),
                            inputs.len(),
                            "{}: one gradient an input",
                            op.name()
                        );
                        for (x, gx) in inputs.iter().zip(grads) {
                            if let Some(gx) = gx {
                                if debug_nan_is_on() {
                                    crate::transform::look_for_nan_in_gradient(op.name(), x, &gx);
                                }
                                self.add(x.clone(), gx);
                            }
                        }
                    }
                    None => {}
                }
            }
        }
    }

    fn take(&mut self, x: &Tensor<F>) -> Option<Tensor<F>> {
        let i = self.slot(x)?;
        let slot = self.slots.get_mut(i)?;
        let i = slot.iter().position(|(t, _)| Arc::ptr_eq(&t.0, &x.0))?;
        Some(slot.remove(i).1)
    }
}

/// `sum += g`, in place where nobody can see it.
fn accumulate<F: Float>(sum: &mut Tensor<F>, g: Tensor<F>) {
    match sum.unique_data() {
        Some(data) if g.0.level == 0 => crate::kernels::accumulate::add_assign(data, g.data()),
        _ => *sum = &*sum + &g,
    }
}
