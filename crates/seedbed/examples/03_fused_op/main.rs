//! A fused op of your own: a specification in tensor ops, and a fast path that is held against it. Prints what it saves.

mod swiglu;

use std::time::{Duration, Instant};

use seedbed::autodiff::{GradCheck, check_fused, check_grads};
use seedbed::prelude::*;
use swiglu::SwiGlu;

fn main() {
    let mut rng = Rng::new(0);
    // ANCHOR: check
    let x = [0; 2].map(|_| Tensor::<f64>::normal(&[5, 3], 0.0, 2.0, &mut rng));
    // Fast path and specification agree, and so do derivatives and differences, to third order.
    check_fused(SwiGlu::default, [&x[0], &x[1]], 1e-12);
    check_grads(GradCheck::default(), &x, |x| Tensor::fused(SwiGlu {}, [&x[0], &x[1]]));
    // ANCHOR_END: check

    let x = [0; 2].map(|_| Tensor::<f32>::normal(&[512, 1024], 0.0, 1.0, &mut rng));
    let plain = || drop(grad(&x, |[a, b]: &[Tensor; 2]| (a * b.silu()).sum(..)));
    let fused = || drop(grad(&x, |[a, b]: &[Tensor; 2]| Tensor::fused(SwiGlu {}, [a, b]).sum(..)));
    // In turn, and the best of many: what else the machine does then disturbs both alike.
    let mut best = [Duration::MAX; 2];
    for _ in 0..100 {
        best[0] = best[0].min(time(plain));
        best[1] = best[1].min(time(fused));
    }
    let [plain, fused] = best.map(|time| time.as_secs_f64() * 1e3);
    println!("a · silu(b) on 512 × 1024 with both gradients, best of 100:");
    println!("  plain ops {plain:.2} ms, fused {fused:.2} ms: {:.2} of the time", fused / plain);
}

fn time(work: impl Fn()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
