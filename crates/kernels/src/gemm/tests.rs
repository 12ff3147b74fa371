use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::*;
use crate::par::with_threads;
use crate::rng::numbers;

/// The definition.
fn naive<F: Float>(
    [m, n, k]: [usize; 3],
    a: impl Fn(usize, usize) -> F,
    b: impl Fn(usize, usize) -> F,
) -> Vec<f64> {
    let element = |i: usize, j: usize| (0..k).map(|t| a(i, t).f64() * b(t, j).f64()).sum();
    (0..m * n).map(|at| element(at / n, at % n)).collect()
}

/// Runs every path on one problem and compares with the definition.
fn check<F: Float>([m, n, k]: [usize; 3], ta: bool, tb: bool, store: Store, tolerance: f64) {
    let (a, b) = (numbers::<F>(m * k, 1), numbers::<F>(k * n, 2));
    let start = numbers::<F>(m * n, 3);
    let (mat_a, mat_b) = (
        Mat::new(&a, if ta { m } else { k }).t_if(ta),
        Mat::new(&b, if tb { k } else { n }).t_if(tb),
    );
    let at = |data: &[F], mat: Mat<'_, F>, i: usize, j: usize| data[i * mat.row + j * mat.col];
    let mut want = naive([m, n, k], |i, t| at(&a, mat_a, i, t), |t, j| at(&b, mat_b, t, j));
    if store == Store::Add {
        want.iter_mut().zip(&start).for_each(|(w, s)| *w += s.f64());
    }
    // The epilogue shows that every element is visited once, at its own place.
    let stamp = |row: usize, col: usize| F::of((row * n + col) as f64 / (m * n) as f64);
    let epilogue = |row: usize, col: usize, part: &mut [F]| {
        part.iter_mut().enumerate().for_each(|(j, x)| *x += stamp(row, col + j));
    };
    let fresh = || if store == Store::Add { start.clone() } else { vec![F::nan(); m * n] };
    let mut any = fresh();
    gemm_then([m, n, k], mat_a, mat_b, &mut any, store, epilogue);
    let mut plain = fresh();
    if m * n > 0 {
        portable::gemm([m, n, k], mat_a, mat_b, &mut plain, store, epilogue);
    }
    let own = match store {
        Store::Set => product_then([m, n, k], mat_a, mat_b, epilogue),
        Store::Add => any.clone(),
    };
    assert_eq!(own.len(), m * n);
    for (i, want) in want.iter().enumerate() {
        let want = want + stamp(i / n, i % n).f64();
        for got in [any[i], plain[i], own[i]] {
            let error = (got.f64() - want).abs();
            assert!(
                error <= tolerance,
                "{m}×{n}×{k} {ta} {tb} {store:?}: [{i}] {got} against {want}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn agrees_with_the_definition(
        m in 0..70_usize, n in 0..70_usize, k in 0..80_usize, ta: bool, tb: bool, add: bool,
    ) {
        let store = if add { Store::Add } else { Store::Set };
        check::<f32>([m, n, k], ta, tb, store, 2e-5);
        check::<f64>([m, n, k], ta, tb, store, 1e-13);
    }
}

/// Sizes around the edges of tiles, blocks and pieces, and the ones that transposed products prefer.
#[test]
fn agrees_at_the_edges() {
    let shapes = [
        [1, 1, 1],
        [1, 1067, 83],
        [1067, 1, 83],
        [1, 92, 100],
        [1, 259, 5],
        [300, 37, 1],
        [6, 16, 400],
        [7, 17, 401],
        [97, 100, 3],
        [200, 24, 130],
        [8, 300, 803],
        [100, 9, 900],
        // Long enough to be cut.
        [3, 5, 9000],
        [1, 1, 40_000],
        [1, 70, 2500],
        [70, 1, 2500],
        [7, 1, 33_000],
    ];
    for dims in shapes {
        for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
            check::<f32>(dims, ta, tb, Store::Set, 2e-4);
            check::<f64>(dims, ta, tb, Store::Add, 1e-12);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for (dims, tb) in [
        ([130, 90, 300], false),
        ([40, 200, 500], true),
        ([300, 24, 100], false),
        ([1, 3000, 400], false),
        ([1, 3000, 400], true),
        ([20, 90, 9000], false),
        ([1, 600, 2100], false),
    ] {
        let [m, n, k] = dims;
        let (a, b) = (numbers::<f32>(m * k, 1), numbers::<f32>(k * n, 2));
        let run = || {
            let mut c = vec![0.0; m * n];
            let b = Mat::new(&b, if tb { k } else { n }).t_if(tb);
            gemm(dims, Mat::new(&a, k), b, &mut c, Store::Set);
            c
        };
        let one = with_threads(1, run);
        for threads in [2, 3, 8] {
            assert!(one == with_threads(threads, run), "{dims:?} on {threads} threads");
        }
    }
}

#[test]
fn batches_read_where_they_are_told() {
    let (a, b) = (numbers::<f64>(2 * 12, 1), numbers::<f64>(3 * 20, 2));
    let at = |i: usize| (i / 3 * 12, i % 3 * 20);
    let c = product_batched(6, [3, 5, 4], Mat::new(&a, 4), Mat::new(&b, 5), at);
    assert_eq!(c.len(), 6 * 15);
    for (i, c) in c.chunks(15).enumerate() {
        let (from_a, from_b) = at(i);
        let want = naive([3, 5, 4], |r, t| a[from_a + r * 4 + t], |t, j| b[from_b + t * 5 + j]);
        assert_abs_diff_eq!(c, &want[..], epsilon = 1e-14);
    }
}

#[test]
#[should_panic(expected = "exceeds its slice")]
fn a_short_operand_is_refused() {
    let mut c = [0.0_f32; 4];
    gemm([2, 2, 3], Mat::new(&[0.0; 6], 3), Mat::new(&[0.0; 5], 2), &mut c, Store::Set);
}
