use proptest::prelude::*;

use super::*;

/// Half the distance from 1 to the next number.
const U: f64 = f32::EPSILON as f64 / 2.0;

/// What the module promises for rows.
const ROW_BOUND: f64 = (BLOCK / LANES + 8) as f64 * U;
/// For columns: the rows of a block by fours, and two additions within these.
const COLUMN_BOUND: f64 = (ROWS / 4 + 8) as f64 * U;
/// For rows that are added one by one.
const TOTAL_BOUND: f64 = (ROWS + 4) as f64 * U;

/// Numbers whose running sums drift: all equal, or of one sign, or of both, or of very different sizes.
fn numbers() -> impl Strategy<Value = Vec<f32>> {
    let lengths = prop_oneof![0..70_usize, 2000..2100_usize, 100_000..100_100_usize];
    (lengths, 0..4_u8, 1e-3_f32..1e3).prop_map(|(n, kind, scale)| {
        let at = |i: usize| (i as f32 * 0.618_034).fract();
        (0..n)
            .map(|i| match kind {
                0 => 0.1 * scale,
                1 => scale * at(i),
                2 => scale * (at(i) - 0.5),
                _ => scale * 10_f32.powf(8.0 * at(i) - 4.0),
            })
            .collect()
    })
}

/// x and w x.
#[derive(Clone, Copy)]
struct Weighed;

impl Terms<f32, 2, 2> for Weighed {
    fn of(self, [x, w]: [f32; 2]) -> [f32; 2] {
        [x, w * x]
    }
}

fn exact(x: &[f32]) -> (f64, f64) {
    let sum = |f: fn(f64) -> f64| x.iter().map(|&x| f(f64::from(x))).sum();
    (sum(|x| x), sum(f64::abs))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn rows_err_no_more_than_is_said(x in numbers()) {
        let (want, size) = exact(&x);
        prop_assert!((f64::from(sum(&x)) - want).abs() <= ROW_BOUND * size, "{} for {want}", sum(&x));
    }

    #[test]
    fn columns_err_no_more_than_is_said(x in numbers(), columns in 1..300_usize) {
        let rows = x.len() / columns;
        let mut sums = vec![f32::NAN; columns];
        let mut both = [vec![f32::NAN; columns], vec![f32::NAN; columns]];
        down_columns(Plain, rows, [(&x, columns)], [&mut sums]);
        let [plain, weighed] = &mut both;
        let weights = vec![2.0; columns];
        down_columns(Weighed, rows, [(&x, columns), (&weights, 0)], [plain, weighed]);
        let mut totals = Totals::new(columns);
        (0..rows).for_each(|r| totals.add(&x[r * columns..][..columns]));
        let totals = totals.finish();
        for c in 0..columns {
            let column: Vec<f32> = (0..rows).map(|r| x[r * columns + c]).collect();
            let (want, size) = exact(&column);
            let error = |got: f32| (f64::from(got) - want).abs();
            prop_assert!(error(sums[c]) <= COLUMN_BOUND * size, "{} for {want}", sums[c]);
            prop_assert!(error(totals[c]) <= TOTAL_BOUND * size, "{} for {want}", totals[c]);
            prop_assert_eq!((both[0][c], both[1][c]), (sums[c], 2.0 * sums[c]));
        }
    }
}

#[test]
fn a_million_tenths_are_a_hundred_thousand() {
    let x = vec![0.1_f32; 1_000_000];
    assert!((x.iter().sum::<f32>() - 100_000.0).abs() > 900.0, "the numbers are a challenge");
    assert!((sum(&x) - 100_000.0).abs() < 0.1, "{}", sum(&x));
    let parts = (0..1000).map(|_| vec![100.000_001_f32; 3]).collect();
    assert_eq!(rows_in_pairs(parts).expect("there are rows"), [100_000.0; 3]);
    assert_eq!(rows_in_pairs::<f32>(Vec::new()), None);
}

#[test]
fn infinities_and_nan_come_through() {
    let inf = f32::INFINITY;
    for (numbers, want) in [([inf, 1.0], inf), ([-inf, 1.0], -inf)] {
        let x: Vec<f32> = (0..3 * BLOCK).map(|i| numbers[usize::from(i > 0)]).collect();
        assert_eq!(sum(&x), want);
        let mut column = [0.0];
        down_columns(Plain, x.len(), [(&x, 1)], [&mut column]);
        assert_eq!(column, [want]);
    }
    let x: Vec<f32> = (0..3 * BLOCK).map(|i| if i % BLOCK == 1 { inf } else { 0.0 }).collect();
    assert_eq!(sum(&x), inf);
    let x: Vec<f32> = (0..3 * BLOCK).map(|i| if i == 5 { f32::NAN } else { 0.0 }).collect();
    assert!(sum(&x).is_nan());
}

#[test]
fn two_sum_loses_nothing() {
    let (sum, rest) = two_sum(1e8_f32, 1.25);
    assert_eq!(f64::from(sum) + f64::from(rest), 1e8 + 1.25);
    assert_eq!(two_sum(0.0_f32, 3.5), (3.5, 0.0));
}
