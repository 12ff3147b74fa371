//! The work of the speed rows, and the parts of `rho-step`, under Criterion.
//!
//! `cargo bench -p seedbed-benches -- rho-step` shows where the time of a step goes.

use criterion::{Criterion, criterion_group, criterion_main};
use seedbed_benches::speed;
use seedbed_benches::speed::work::mlp::{RhoStep, Training};

fn rows(c: &mut Criterion) {
    for row in speed::timed() {
        let mut work = (row.prepare)();
        c.bench_function(row.name, |b| b.iter(&mut work));
    }
}

fn rho_step_parts(c: &mut Criterion) {
    let mut group = c.benchmark_group("rho-step");
    let mut step = RhoStep::new();
    let losses = step.losses();
    let gradient = step.gradient();
    group.bench_function("score", |b| b.iter(|| step.losses()));
    group.bench_function("pick", |b| b.iter(|| step.select(&losses)));
    group.bench_function("score, pick and gradient", |b| b.iter(|| step.gradient()));
    group.bench_function("adamw", |b| b.iter(|| step.update(&gradient)));
}

fn training(c: &mut Criterion) {
    let mut large = Training::large();
    c.bench_function("data-parallel", |b| b.iter(|| large.data_parallel_step()));
    let mut small = Training::small();
    c.bench_function("small-mlp", |b| b.iter(|| small.step()));
}

criterion_group!(benches, rows, rho_step_parts, training);
criterion_main!(benches);
