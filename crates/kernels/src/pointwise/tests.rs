use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy)]
struct Mix;

impl Pointwise<f64, 3> for Mix {
    const WORK: usize = 4;
    #[inline(always)]
    fn at<const FMA: bool>(self, [a, b, c]: [Lane<f64, FMA>; 3]) -> [Lane<f64, FMA>; 1] {
        [a - 10.0 * b + 100.0 * c]
    }
}

/// The element of a row-major operand that stands at `index` of the output, by the definition.
fn element(x: &[f64], own: &[usize], index: &[usize]) -> f64 {
    let skip = index.len() - own.len();
    let at =
        own.iter().zip(&index[skip..]).fold(0, |at, (&n, &i)| at * n + if n == 1 { 0 } else { i });
    x[at]
}

fn index_of(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &n) in index.iter_mut().zip(shape).rev() {
        *i = at % n;
        at /= n;
    }
    index
}

/// A shape and, for each of two operands, which axes are broadcast and how many leading axes are missing.
fn shapes() -> impl Strategy<Value = (Vec<usize>, [Vec<usize>; 2])> {
    proptest::collection::vec(
        (prop_oneof![Just(0_usize), Just(1), 2..5_usize, Just(67)], any::<[bool; 2]>()),
        0..4,
    )
    .prop_flat_map(|axes| {
        let shape: Vec<_> = axes.iter().map(|a| a.0).collect();
        let own =
            [0, 1].map(|k| axes.iter().map(|a| if a.1[k] { 1 } else { a.0 }).collect::<Vec<_>>());
        (Just(shape), Just(own), [0..=axes.len(), 0..=axes.len()])
    })
    .prop_map(|(shape, own, skip)| {
        let own = [0, 1].map(|k| own[k][skip[k]..].to_vec());
        (shape, own)
    })
}

proptest! {
    #[test]
    fn broadcasting_agrees_with_the_definition((shape, [b_shape, c_shape]) in shapes()) {
        let numbers = |shape: &[usize], seed: usize| -> Vec<f64> {
            (0..shape.iter().product()).map(|i: usize| ((i * 31 + seed) % 101) as f64).collect()
        };
        let (a, b, c) = (numbers(&shape, 1), numbers(&b_shape, 2), numbers(&c_shape, 3));
        let expected: Vec<_> = (0..a.len())
            .map(|i| {
                let index = index_of(i, &shape);
                a[i] - 10.0 * element(&b, &b_shape, &index) + 100.0 * element(&c, &c_shape, &index)
            })
            .collect();
        let b = View { data: &b, shape: &b_shape };
        let c = View { data: &c, shape: &c_shape };
        let whole = View { data: &a, shape: &shape };
        prop_assert_eq!(&broadcast(Mix, &shape, [whole, b, c]), &expected);
        let mut first = a.clone();
        broadcast_in_place(Mix, &shape, &mut first, [b, c]);
        prop_assert_eq!(&first, &expected);
    }
}

#[test]
fn long_slices_are_covered_once_by_the_threads() {
    let n = 5 * CHUNK + 3;
    let a: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let (b, c) = (vec![0.5; n], vec![0.25; n]);
    let expected: Vec<f64> = a.iter().map(|a| a - 5.0 + 25.0).collect();
    let [y] = map(Mix, [&a, &b, &c]);
    assert_eq!(y, expected);
    let mut into = vec![0.0; n];
    map_into(Mix, [&mut into], [&a, &b, &c]);
    assert_eq!(into, expected);
    let mut first = a.clone();
    map_in_place(Mix, &mut first, [&b, &c]);
    assert_eq!(first, expected);
}

crate::pointwise! {
    /// Sum and difference.
    Both {} work 1 << 10, |a, b| [a + b, a - b];
}

#[test]
fn functions_may_have_several_results() {
    for n in [0, 1, 100, 3 * CHUNK + 1] {
        let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
        let b = vec![0.5; n];
        let expected = [0.5, -0.5].map(|d| a.iter().map(|a| a + d).collect::<Vec<f32>>());
        assert_eq!(map(Both {}, [&a, &b]), expected);
        let mut into = [vec![0.0; n], vec![0.0; n]];
        map_into(Both {}, into.each_mut().map(|x| &mut x[..]), [&a, &b]);
        assert_eq!(into, expected);
        assert_eq!(map_owned(Both {}, a, [&b]), expected);
    }
}

#[test]
#[should_panic(expected = "results and operands differ in length")]
fn results_of_another_length_are_refused() {
    map_into(Both {}, [&mut [0.0; 2], &mut [0.0; 3]], [&[1.0_f64; 2], &[1.0; 2]]);
}

#[test]
#[should_panic(expected = "operands differ in length")]
fn slices_of_unequal_length_are_refused() {
    map(Mix, [&[1.0], &[1.0], &[]]);
}
