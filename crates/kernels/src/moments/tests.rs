use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Also of numbers that are large beside their deviations, in chunks and without.
    #[test]
    fn moments_are_those_of_the_definition(
        (outer, n, inner) in prop_oneof![
            (1..4_usize, 1..300_usize, 1..200_usize), Just((1, 40_000, 1)), Just((2, 10_000, 3)), Just((1, 70, 9_000)),
        ],
        far in prop_oneof![Just(0.0_f32), Just(1e6), Just(-3e5)],
    ) {
        let x: Vec<f32> = (0..outer * n * inner)
            .map(|i| far + (((i * 7919) % 1013) as f32 / 64.0))
            .collect();
        for (g, moment) in of_groups(&x, outer, n, inner).into_iter().enumerate() {
            let (o, j) = (g / inner, g % inner);
            let group = || (0..n).map(|i| f64::from(x[(o * n + i) * inner + j]));
            let mean = group().sum::<f64>() / n as f64;
            let squares: f64 = group().map(|x| (x - mean).powi(2)).sum();
            prop_assert_eq!(moment.count, n as f64);
            let deviation = (squares / n as f64).sqrt();
            prop_assert!((moment.mean - mean).abs() <= 1e-5 * deviation + 1e-12 * mean.abs());
            prop_assert!((moment.squares - squares).abs() <= 2e-5 * squares);
        }
    }
}

#[test]
fn nothing_has_no_moments() {
    assert_eq!(of_groups::<f32>(&[], 2, 0, 3), vec![Moment::default(); 6]);
    assert_eq!(of_groups::<f32>(&[], 0, 2, 3), []);
    assert_eq!(Moment::default().variance(), 0.0);
    assert_eq!(Moment::default().join(Moment::default()), Moment::default());
}
