//! Inference takes no memory from the second call on.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use seedbed_kernels::par::serially;
use seedbed_quantizers::{
    Affine, Codebook, Fsq, Grouped, Heads, Lfq, Projected, Quantizer, Residual, ResidualFsq,
    Scratch, Vq,
};

/// The system's allocator, counting.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps `alloc`'s promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s promises.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn vq(size: usize, dim: usize) -> Vq {
    let codes = (0..size * dim).map(|i| ((i * 7919) % 1000) as f32 / 500.0 - 1.0).collect();
    Vq::new(Codebook::new(codes, dim).unwrap())
}

#[test]
fn the_second_call_takes_no_memory() {
    let map = |inputs: usize, outputs: usize| {
        let weight = (0..inputs * outputs).map(|i| (i % 5) as f32 / 4.0 - 0.5).collect();
        Affine::new(weight, Some(vec![0.1; outputs]), outputs).unwrap()
    };
    let quantizers: Vec<Box<dyn Quantizer>> = vec![
        Box::new(Fsq::new(&[8, 5, 5, 5, 40, 3]).unwrap()),
        Box::new(ResidualFsq::new(&[5; 6], 4).unwrap()),
        Box::new(Lfq::new(6).unwrap()),
        Box::new(vq(700, 6)),
        Box::new(Residual::new(vec![vq(50, 6), vq(60, 6)]).unwrap()),
        Box::new(Grouped::new(vec![vq(50, 2), vq(60, 4)]).unwrap()),
        Box::new(Heads::new(vq(50, 3), 2).unwrap()),
        Box::new(Projected::new(map(6, 3), vq(50, 3), map(3, 6)).unwrap()),
    ];
    let x: Vec<f32> = (0..6 * 2000).map(|i| ((i * 31) % 97) as f32 / 40.0 - 1.2).collect();
    for q in &quantizers {
        let scratch = &mut Scratch::new();
        let (mut values, mut indices) = (vec![0.0; x.len()], vec![0_u32; 2000 * q.tokens()]);
        let mut call = || {
            let before = ALLOCATIONS.get();
            q.encode_into(&x, (&mut indices).into(), scratch).unwrap();
            q.quantize_into(&x, Some(&mut values), (&mut indices).into(), scratch).unwrap();
            q.decode_into((&indices).into(), &mut values, scratch).unwrap();
            ALLOCATIONS.get() - before
        };
        serially(|| {
            // What threads keep grows to its size in the first call.
            call();
            assert_eq!(call(), 0, "{q:?}");
        });
    }
}
