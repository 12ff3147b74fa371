//! A recorded graph, walked back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::accumulate::Accumulated;
use crate::deferred::{self, DeferredProducts};
use crate::graph::{Ctx, Node, Op};
use crate::levels::{Open, State, debug_nan_is_on, newest_level, state, with_state};
use crate::{Float, Tensor};

/// A graph that was recorded at one level, ready to be walked back.
pub(crate) struct Tape<F: Float> {
    level: u64,
    /// Numbers above this one belong to the transform.
    base: u32,
    variables: Vec<Tensor<F>>,
    /// Whether a transform that is open on another thread differentiates what comes of this one.
    watched: bool,
}

impl<F: Float> Tape<F> {
    /// Opens a transform, lifts `inputs` to its level and runs `f` on the variables.
    pub(crate) fn record<R>(inputs: &[Tensor<F>], f: impl FnOnce(&[Tensor<F>]) -> R) -> (R, Self) {
        let (outer, open) = (state(), Open::new());
        let level = open.level();
        let newest = inputs.iter().map(|x| x.0.number).max().unwrap_or(0);
        with_state(
            |s| {
                *s = State {
                    level,
                    outermost: if s.level == 0 { level } else { s.outermost },
                    floor: s.floor.min(outer.level),
                    number: s.number.max(newest),
                    ..*s
                }
            },
            || {
                let base = state().number;
                let variables: Vec<_> = inputs.iter().map(|x| x.lift(level)).collect();
                let result = f(&variables);
                (result, Self { level, base, variables, watched: state().watched })
            },
        )
    }

    pub(crate) fn has_no_inputs(&self) -> bool {
        self.variables.is_empty()
    }

    /// Whether `y` depends on the inputs.
    pub(crate) fn reaches(&self, y: &Tensor<F>) -> bool {
        y.0.level >= self.level
    }

    /// Whether a transform is open that may differentiate what comes of this one.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched || state().level != 0
    }

    /// The gradients of ⟨`seed`, `y`⟩ with respect to the inputs; `None` where `y` does not depend on one.
    pub(crate) fn gradients(&self, y: Tensor<F>, seed: Tensor<F>) -> Vec<Option<Tensor<F>>> {
        // Somebody watches this backward pass if an open level lies above the floor: one that was open when this graph was recorded, or one that
        // was opened since; or if a transform on another thread does.
        let now = state();
        let watched = self.watched || now.floor < now.level;
        // Where nobody does, values of transforms that were open inside of this one, with higher levels, are not differentiated either.
        let floor = if watched { now.floor } else { newest_level() };
        with_state(
            |s| *s = State { level: s.level.max(self.level), floor: floor.max(s.floor), ..*s },
            || {
                let pending = Pending::new(self.base, self.level);
                pending.add(y, seed);
                pending.backward();
                self.variables.iter().map(|v| pending.take(v)).collect()
            },
        )
    }
}

/// A tensor and what has been accumulated of its gradient: a sum, and products that wait to be added to it.
struct Entry<F: Float> {
    tensor: Tensor<F>,
    sum: Accumulated<F>,
    waiting: Option<Box<DeferredProducts<F>>>,
}

impl<F: Float> Entry<F> {
    fn is_of(&self, x: &Tensor<F>) -> bool {
        Arc::ptr_eq(&self.tensor.0, &x.0)
    }

    /// The tensor and its whole gradient.
    fn complete(mut self) -> (Tensor<F>, Option<Tensor<F>>) {
        if let Some(products) = self.waiting {
            self.sum.change(|sum| products.onto(sum));
        }
        (self.tensor, self.sum.complete())
    }
}

/// Gradients that wait for their tensor's turn, in a table indexed by the tensor's number.
pub(crate) struct Pending<F: Float> {
    base: u32,
    level: u64,
    /// Derivative rules reach into it, too: see [`take_unique`](Self::take_unique) and [`wait`](Self::wait).
    table: RefCell<Table<F>>,
}

struct Table<F: Float> {
    /// One entry a number.
    slots: Vec<Option<Entry<F>>>,
    /// Tensors that other threads made may share a number: by number, those for whom there was no slot left.
    others: BTreeMap<usize, Vec<Entry<F>>>,
}

impl<F: Float> Table<F> {
    /// The entry of a tensor with this number.
    fn find(&mut self, i: usize, x: &Tensor<F>) -> Option<&mut Entry<F>> {
        match self.slots.get_mut(i)? {
            Some(entry) if entry.is_of(x) => Some(entry),
            _ => self.others.get_mut(&i)?.iter_mut().find(|e| e.is_of(x)),
        }
    }

    fn insert(&mut self, i: usize, entry: Entry<F>) {
        if i >= self.slots.len() {
            self.slots.resize_with(i + 1, || None);
        }
        match &mut self.slots[i] {
            free @ None => *free = Some(entry),
            Some(_) => self.others.entry(i).or_default().push(entry),
        }
    }

    /// Takes the entry of a tensor with this number out.
    fn remove(&mut self, i: usize, x: &Tensor<F>) -> Option<Entry<F>> {
        let slot = self.slots.get_mut(i)?;
        if slot.as_ref().is_some_and(|entry| entry.is_of(x)) {
            return slot.take();
        }
        let others = self.others.get_mut(&i)?;
        let at = others.iter().position(|entry| entry.is_of(x))?;
        Some(others.swap_remove(at))
    }

    /// Takes some entry of this number out.
    fn pop(&mut self, i: usize) -> Option<Entry<F>> {
        let entry = self.slots.get_mut(i)?.take();
        entry.or_else(|| self.others.get_mut(&i)?.pop())
    }
}

impl<F: Float> Pending<F> {
    fn new(base: u32, level: u64) -> Self {
        let table = RefCell::new(Table { slots: Vec::new(), others: BTreeMap::new() });
        Self { base, level, table }
    }

    /// The slot of a tensor that depends on the variables, `None` for any other.
    fn slot(&self, x: &Tensor<F>) -> Option<usize> {
        (x.0.level >= self.level && x.0.number > self.base)
            .then(|| (x.0.number - self.base - 1) as usize)
    }

    /// The level whose gradients these are.
    pub(crate) fn level(&self) -> u64 {
        self.level
    }

    fn add(&self, x: Tensor<F>, g: Tensor<F>) {
        let Some(i) = self.slot(&x) else { return };
        debug_assert_eq!(x.shape(), g.shape(), "a gradient has the shape of its tensor");
        let table = &mut *self.table.borrow_mut();
        match table.find(i, &x) {
            Some(entry) => entry.sum.add(g),
            None => {
                table.insert(i, Entry { tensor: x, sum: Accumulated::new(g), waiting: None });
            }
        }
    }

    /// Lets the product Aᵀ · B of a few rows wait to be added to the sum that has been accumulated for the matrix `x`; false if there is no such sum, or
    /// if the rows are many.
    pub(crate) fn wait(&self, x: &Tensor<F>, [a, b]: [&[F]; 2]) -> bool {
        let &[k, n] = x.shape() else { return false };
        // Whoever looks for a NaN wants it at the op that made it.
        if k * n == 0 || a.len() / k > deferred::FEW || debug_nan_is_on() {
            return false;
        }
        let table = &mut *self.table.borrow_mut();
        let entry = self.slot(x).and_then(|i| table.find(i, x));
        let Some(Entry { sum, waiting, .. }) = entry else { return false };
        if sum.newest().is_none() {
            return false;
        }
        let products = waiting.get_or_insert_with(|| Box::new(DeferredProducts::new([k, n])));
        products.push([a, b]);
        if products.are_many() {
            let products = waiting.take().expect("they were just pushed");
            sum.change(|sum| products.onto(sum));
        }
        true
    }

    /// From the newest tensor to the oldest: when a tensor's turn comes, its gradient is complete.
    fn backward(&self) {
        let newest = self.table.borrow().slots.len();
        let mut own = Vec::new();
        for i in (0..newest).rev() {
            // An op's inputs are older than its output, so that nothing is added under this number any more.
            while let Some(entry) = self.pop(i) {
                let of_transform = matches!(entry.tensor.0.node, Some(Node::Variable(_)))
                    && entry.tensor.0.level == self.level;
                if of_transform {
                    own.push((i, entry));
                    continue;
                }
                let (mut tensor, Some(g)) = entry.complete() else { continue };
                match &tensor.0.node {
                    Some(Node::Variable(outer)) => self.add(outer.clone(), g),
                    Some(Node::Op { op, inputs }) => {
                        let grads = op.vjp(&Ctx::new(inputs, &tensor, self), g);
                        check(&**op, inputs, &grads);
                        for (x, gx) in take_inputs(&mut tensor).into_iter().zip(grads) {
                            if let Some(gx) = gx {
                                self.add(x, gx);
                            }
                        }
                    }
                    None => {}
                }
            }
        }
        // The transform's own variables keep what they have accumulated.
        let table = &mut *self.table.borrow_mut();
        own.into_iter().for_each(|(i, entry)| table.insert(i, entry));
    }

    fn pop(&self, i: usize) -> Option<Entry<F>> {
        self.table.borrow_mut().pop(i)
    }

    /// The whole gradient of one of the transform's variables, taken out.
    fn take(&self, x: &Tensor<F>) -> Option<Tensor<F>> {
        let i = self.slot(x)?;
        self.table.borrow_mut().remove(i, x)?.complete().1
    }

    /// The sum that has been accumulated for `x`, taken out, if it may be changed in place.
    pub(crate) fn take_unique(&self, x: &Tensor<F>) -> Option<Tensor<F>> {
        let i = self.slot(x)?;
        let table = &mut *self.table.borrow_mut();
        let entry = table.find(i, x)?;
        entry.sum.take_unique()
    }
}

/// Holds a rule to what it promises.
fn check<F: Float>(op: &dyn Op<F>, inputs: &[Tensor<F>], grads: &[Option<Tensor<F>>]) {
    debug_assert_eq!(grads.len(), inputs.len(), "{}: one gradient an input", op.name());
    if debug_nan_is_on() {
        for (x, gx) in inputs.iter().zip(grads) {
            if let Some(gx) = gx {
                crate::transform::look_for_nan_in_gradient(op.name(), x, gx);
            }
        }
    }
}

/// The inputs of a tensor that an op made. Its last owner moves them out, and the rule is dropped: to share each input once
/// more, and let go of it soon after, would cost as much as a small kernel.
fn take_inputs<F: Float>(tensor: &mut Tensor<F>) -> SmallVec<[Tensor<F>; 2]> {
    let taken = Arc::get_mut(&mut tensor.0).and_then(|inner| inner.node.take());
    match (taken, &tensor.0.node) {
        (Some(Node::Op { inputs, .. }), _) => inputs,
        (None, Some(Node::Op { inputs, .. })) => inputs.clone(),
        _ => unreachable!("the tensor was made by an op"),
    }
}
