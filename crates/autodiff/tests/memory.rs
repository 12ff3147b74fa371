//! Training keeps no memory: live bytes after many steps are those after few.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use seedbed_autodiff::{Rng, Tensor, module, value_and_grad};

/// The system's allocator, counting.
struct Counting;

thread_local! {
    /// Bytes that this thread has taken and not given back. The harness has a thread of its own, which takes memory when it likes; steps as small
    /// as the ones below stay on the thread that asks for them.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps `alloc`'s promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps `dealloc`'s promises.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Clone, Debug)]
struct Model {
    table: Tensor,
    gain: Tensor,
    bias: Tensor,
}
module!(Model: f32 { table, gain, bias });

/// A step through ops of every kind: indexing, broadcasting, softmax, slices, joints, orders.
fn step(model: Model, labels: &[usize]) -> Model {
    let (_, g) = value_and_grad(&model, |m| {
        let rows = m.table.index_select(0, labels);
        let x = Tensor::concat(&[rows.slice(1, ..4), rows.slice(1, 4..).flip(1)], 1);
        let x = (x * &m.gain + &m.bias).tanh();
        let p = x.softmax(-1).var(0) + x.cumsum(1).mean(0) + x.sort(1).0.max(0);
        (p.prod(..) + x.logsumexp(..)) * 0.1
    });
    Model {
        table: &model.table - g.table * 0.01,
        gain: &model.gain - g.gain * 0.01,
        bias: &model.bias - g.bias * 0.01,
    }
}

#[test]
fn a_thousand_steps_leave_no_bytes_behind() {
    let rng = &mut Rng::new(0);
    let labels = [3, 1, 4, 1, 5, 2, 6];
    let mut model = Model {
        table: Tensor::normal(&[8, 6], 0.0, 1.0, rng),
        gain: Tensor::ones(&[6]),
        bias: Tensor::zeros(&[6]),
    };
    for _ in 0..10 {
        model = step(model, &labels);
    }
    let before = LIVE.get();
    assert!(before > 0, "the allocator counts");
    for _ in 0..1_000 {
        model = step(model, &labels);
    }
    assert_eq!(LIVE.get() - before, 0);
    assert!(model.table.data().iter().all(|x| x.is_finite()));
}
