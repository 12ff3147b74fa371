//! A recorded graph, walked back.

use std::cell::RefCell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::graph::{Ctx, Node, Op};
use crate::levels::{State, debug_nan_is_on, state, with_state};
use crate::{Float, Tensor};

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
        let outer = state();
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
                let base = state().number;
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
                let pending = Pending::new(self.base, self.level);
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
pub(crate) struct Pending<F: Float> {
    base: u32,
    level: u8,
    /// Derivative rules reach into it, too: see [`take_unique`](Self::take_unique).
    slots: RefCell<Vec<SmallVec<[Entry<F>; 1]>>>,
}

impl<F: Float> Pending<F> {
    fn new(base: u32, level: u8) -> Self {
        Self { base, level, slots: RefCell::default() }
    }

    /// The slot of a tensor that depends on the variables, `None` for any other.
    fn slot(&self, x: &Tensor<F>) -> Option<usize> {
        (x.0.level >= self.level && x.0.number > self.base)
            .then(|| (x.0.number - self.base - 1) as usize)
    }

    /// The level whose gradients these are.
    pub(crate) fn level(&self) -> u8 {
        self.level
    }

    fn add(&self, x: Tensor<F>, g: Tensor<F>) {
        let Some(i) = self.slot(&x) else { return };
        debug_assert_eq!(x.shape(), g.shape(), "a gradient has the shape of its tensor");
        let slots = &mut *self.slots.borrow_mut();
        if i >= slots.len() {
            slots.resize_with(i + 1, SmallVec::new);
        }
        // Tensors that other threads made may share a number, so a slot is a (very short) list.
        match slots[i].iter_mut().find(|(t, _)| Arc::ptr_eq(&t.0, &x.0)) {
            Some((_, sum)) => accumulate(sum, g),
            None => slots[i].push((x, g)),
        }
    }

    /// From the newest tensor to the oldest: when a tensor's turn comes, its gradient is complete.
    fn walk_back(&self) {
        let newest = self.slots.borrow().len();
        for i in (0..newest).rev() {
            // An op's inputs are older than its output, so that nothing is added to this slot any more.
            let mut slot = std::mem::take(&mut self.slots.borrow_mut()[i]);
            while let Some((mut tensor, g)) = slot.pop() {
                match &tensor.0.node {
                    // The transform's own variables keep what they have gathered.
                    Some(Node::Variable(_)) if tensor.0.level == self.level => {
                        self.slots.borrow_mut()[i].push((tensor, g));
                    }
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
    }

    fn take(&self, x: &Tensor<F>) -> Option<Tensor<F>> {
        let i = self.slot(x)?;
        let slots = &mut *self.slots.borrow_mut();
        let slot = slots.get_mut(i)?;
        let i = slot.iter().position(|(t, _)| Arc::ptr_eq(&t.0, &x.0))?;
        Some(slot.remove(i).1)
    }

    /// What has been gathered for `x`, taken out, if it may be changed in place.
    pub(crate) fn take_unique(&self, x: &Tensor<F>) -> Option<Tensor<F>> {
        let mut sum = self.take(x)?;
        if sum.unique_data().is_some() {
            return Some(sum);
        }
        self.add(x.clone(), sum);
        None
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

/// `sum += g`, in place where nobody can see it.
fn accumulate<F: Float>(sum: &mut Tensor<F>, g: Tensor<F>) {
    match sum.unique_data() {
        Some(data) if g.0.level == 0 => crate::kernels::accumulate::add_assign(data, g.data()),
        _ => *sum = &*sum + &g,
    }
}
