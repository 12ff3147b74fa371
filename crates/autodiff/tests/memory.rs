//! Training keeps no memory: live bytes after many steps are those after few.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

use seedbed_autodiff::{Rng, Tensor, module, value_and_grad};

/// The system's allocator, counting.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller keeps `alloc`'s promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Relaxed);
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

// The only test of this binary: another one's memory would be counted, too.
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
    let before = LIVE.load(Relaxed);
    assert!(before > 0, "the allocator counts");
    for _ in 0..1_000 {
        model = step(model, &labels);
    }
    assert_eq!(LIVE.load(Relaxed) - before, 0);
    assert!(model.table.data().iter().all(|x| x.is_finite()));
}
