//! What sums in blocks cost beside running sums, whose error grows with their length: the same loops, written plainly.
//!
//! `cargo bench -p seedbed-kernels --bench sums`. Both sides run on one thread, alternately; compare them within one run.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use seedbed_kernels::gemm::{Mat, Store, gemm};
use seedbed_kernels::norm::segments::{self, Affine};
use seedbed_kernels::par::serially;
use seedbed_kernels::simd::{self, Kernel, Lane};
use seedbed_kernels::softmax::{self, Kind};
use seedbed_kernels::xent::{self, Target};
use seedbed_kernels::{index, moments, reduce};

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919) % 1013) as f32 / 512.0).collect()
}

/// Σ over rows, each added to the one running sum of its column.
struct Columns<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for Columns<'_> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for row in self.0.chunks_exact(self.1.len()) {
            self.1.iter_mut().zip(row).for_each(|(s, &x)| *s += x);
        }
    }
}

/// Σ of a row in 32 strands.
#[inline(always)]
fn strands(x: &[f32]) -> f32 {
    let mut lanes = [0.0; 32];
    let (chunks, rest) = x.as_chunks::<32>();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(s, &x)| *s += x);
    }
    lanes.iter().chain(rest).sum()
}

struct Strands<'a>(&'a [f32]);

impl Kernel for Strands<'_> {
    type Out = f32;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f32 {
        strands(self.0)
    }
}

/// Mean and squared deviations of each row, in two plain passes.
struct Moments<'a>(&'a [f32], usize);

impl Kernel for Moments<'_> {
    type Out = f32;
    #[inline(always)]
    fn run<const FMA: bool>(self) -> f32 {
        let mut all = 0.0;
        for x in self.0.chunks_exact(self.1) {
            let mean = strands(x) / self.1 as f32;
            let mut lanes = [0.0; 32];
            for chunk in x.as_chunks::<32>().0 {
                lanes.iter_mut().zip(chunk).for_each(|(s, &x)| *s += (x - mean) * (x - mean));
            }
            all += lanes.iter().sum::<f32>();
        }
        all
    }
}

/// Softmax of each row, its sum in 32 strands.
struct Softmax<'a>(&'a [f32], usize, &'a mut [f32]);

impl Kernel for Softmax<'_> {
    type Out = ();
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (x, out) in self.0.chunks_exact(self.1).zip(self.2.chunks_exact_mut(self.1)) {
            let mut lanes = [f32::NEG_INFINITY; 32];
            for chunk in x.as_chunks::<32>().0 {
                lanes.iter_mut().zip(chunk).for_each(|(m, &x)| *m = if x > *m { x } else { *m });
            }
            let max = lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for (o, &x) in out.iter_mut().zip(x) {
                *o = Lane::<f32, FMA>(x - max).exp_nonpositive().0;
            }
            let scale = 1.0 / strands(out);
            out.iter_mut().for_each(|o| *o *= scale);
        }
    }
}

fn sums(c: &mut Criterion) {
    for (rows, columns) in [(512, 512), (8192, 64), (100_000, 10)] {
        let x = numbers(rows * columns);
        let mut group = c.benchmark_group(format!("bias gradient {rows} x {columns}"));
        group.bench_function("plain", |b| {
            b.iter(|| {
                let mut out = vec![0.0; columns];
                simd::dispatch(Columns(black_box(&x), &mut out));
                out
            });
        });
        group.bench_function("blocked", |b| {
            b.iter(|| serially(|| reduce::sum(black_box(&x), 1, rows, columns)));
        });
    }
    let x = numbers(1 << 16);
    let mut group = c.benchmark_group("sum of 65,536");
    group.bench_function("plain", |b| b.iter(|| simd::dispatch(Strands(black_box(&x)))));
    group.bench_function("blocked", |b| {
        b.iter(|| serially(|| reduce::sum(black_box(&x), 1, 1 << 16, 1)))
    });
    drop(group);
    for (rows, n) in [(512, 64), (64, 512), (1, 1 << 15)] {
        let x = numbers(rows * n);
        let mut group = c.benchmark_group(format!("moments of {rows} rows of {n}"));
        group.bench_function("plain", |b| b.iter(|| simd::dispatch(Moments(black_box(&x), n))));
        group.bench_function("corrected", |b| {
            b.iter(|| serially(|| moments::of_groups(black_box(&x), rows, n, 1)))
        });
    }
    for (rows, n) in [(512, 64), (64, 512), (1, 1 << 15)] {
        let x = numbers(rows * n);
        let mut out = vec![0.0; x.len()];
        let mut group = c.benchmark_group(format!("softmax of {rows} rows of {n}"));
        group.bench_function("plain", |b| {
            b.iter(|| simd::dispatch(Softmax(black_box(&x), n, &mut out)))
        });
        group.bench_function("blocked", |b| {
            b.iter(|| serially(|| softmax::forward(Kind::Softmax, black_box(&x), [n, 1])))
        });
    }
}

/// Kernels without a plain twin here, to be compared between revisions.
fn kernels(c: &mut Criterion) {
    let x = numbers(512 * 512);
    c.bench_function("softmax down columns, 512 x 512", |b| {
        b.iter(|| serially(|| softmax::forward(Kind::Softmax, black_box(&x), [512, 512])));
    });
    c.bench_function("log-softmax, 512 x 512", |b| {
        b.iter(|| serially(|| softmax::forward(Kind::LogSoftmax, black_box(&x), [512, 1])));
    });
    for classes in [10, 512] {
        let rows = x.len() / 512 * 512 / classes;
        let (x, labels) = (&x[..rows * classes], vec![3; rows]);
        let target = Target::Labels { labels: &labels, smoothing: 0.0 };
        let g = vec![1.0; rows];
        c.bench_function(&format!("cross-entropy and its gradient, {rows} x {classes}"), |b| {
            b.iter(|| {
                serially(|| {
                    let (losses, saved) = xent::forward(black_box(x), classes, target);
                    (losses, xent::gradient(x, target, &saved, &g))
                })
            });
        });
    }
    let (weight, bias) = (vec![1.0; 512], vec![0.0; 512]);
    let affine = Affine { weight: &weight, bias: &bias, depth: 512, eps: 1e-5 };
    c.bench_function("layer norm and its gradient, 512 x 512", |b| {
        b.iter(|| {
            serially(|| {
                let (y, saved) = segments::forward(black_box(&x), affine);
                (segments::gradients(&x, affine, &saved, &y, [true, true]), y)
            })
        });
    });
    let mut out = vec![0.0; 64 * 64];
    c.bench_function("weight gradient of 100,000 rows, 64 x 64", |b| {
        let (a, g) = (numbers(100_000 * 64), numbers(100_000 * 64));
        b.iter(|| {
            let (a, g) = (Mat::new(&a, 64).t(), Mat::new(black_box(&g), 64));
            serially(|| gemm([64, 64, 100_000], a, g, &mut out, Store::Set));
        });
    });
    let at: Vec<usize> = (0..8192).map(|i| i * 31 % 1000).collect();
    let rows = numbers(8192 * 64);
    let mut table = vec![0.0; 1000 * 64];
    c.bench_function("embedding gradient, 8192 x 64 into 1000", |b| {
        b.iter(|| index::select_add(&mut table, black_box(&rows), &at, 1000, 64));
    });
}

criterion_group!(benches, sums, kernels);
criterion_main!(benches);
