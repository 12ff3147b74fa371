//! Tasks on strings: the answers are right, and operands are of the kind they are said to be.

use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::strings::{Arithmetic, Layout, Operands, Operation, StringTask};

/// The number that digits stand for, least significant first.
fn number(digits: &[u8], base: u8) -> u128 {
    digits.iter().rev().fold(0, |n, &digit| n * u128::from(base) + u128::from(digit))
}

/// The two numbers of an input.
fn operands(input: &[u8], task: &Arithmetic) -> [Vec<u8>; 2] {
    let base = task.base;
    match task.layout {
        Layout::Unaligned => {
            let k = input.len() / 2;
            assert_eq!(input[k], 1 + base);
            [&input[..k], &input[k + 1..]].map(|x| x.iter().map(|symbol| symbol - 1).collect())
        }
        Layout::Aligned => {
            let (last, pairs) = input.split_last().unwrap();
            assert_eq!(*last, 1);
            let digit = |f: fn(u8, u8) -> u8| pairs.iter().map(|&s| f(s - 1, base)).collect();
            [digit(|s, base| s % base), digit(|s, base| s / base)]
        }
    }
}

proptest! {
    #[test]
    fn answers_are_right(base in 2_u8..12, digits in 1_usize..12, kind in 0_usize..10, operation in 0..3, aligned: bool, seed: u64) {
        let operation = [Operation::Add, Operation::Multiply, Operation::Subtract][operation as usize];
        let layout = if aligned { Layout::Aligned } else { Layout::Unaligned };
        let task = Arithmetic { operation, base, layout };
        prop_assume!(task.check().is_ok());
        let kind = [&[Operands::Uniform][..], &Operands::TOUGH].concat()[kind];
        let length = task.cells(digits);
        prop_assert_eq!(task.fitting(length), Some(length));
        let example = task.sample_of(kind, length, &mut Rng::new(seed));
        prop_assert_eq!(example.len(), length);
        prop_assert_eq!(example.target.len(), length);
        let [symbols, answers] = task.symbols();
        prop_assert!(example.input.iter().all(|&x| x > 0 && usize::from(x) < symbols));
        prop_assert!(example.target.iter().all(|&x| usize::from(x) < answers));
        let [a, b] = operands(&example.input, &task).map(|x| number(&x, base));
        let answer = match operation {
            Operation::Add => a + b,
            Operation::Multiply => a * b,
            Operation::Subtract => a - b,
        };
        prop_assert_eq!(number(&example.target, base), answer);
    }

    #[test]
    fn kinds_are_what_they_are_called(digits in 1_usize..40, base in 2_u8..11, seed: u64) {
        let draw = |kind: Operands| kind.draw(digits, base, &mut Rng::new(seed));
        for kind in Operands::TOUGH {
            let pair = draw(kind);
            prop_assert!(pair.iter().all(|x| x.len() == digits && x.iter().all(|&d| d < base)));
        }
        let [a, b] = draw(Operands::Equal);
        prop_assert_eq!(a, b);
        let [a, b] = draw(Operands::Propagate);
        prop_assert!(a[1..].iter().zip(&b[1..]).all(|(a, b)| a + b == base - 1));
        prop_assert!(a[0] + b[0] == base - 1 || a[0] + b[0] == base);
        let pair = draw(Operands::ZeroOrOne);
        prop_assert!(pair.iter().any(|x| x[0] <= 1 && x[1..].iter().all(|&d| d == 0)));
        let pair = draw(Operands::Greatest);
        prop_assert!(pair.iter().any(|x| x[0] == base - 1));
    }
}

#[test]
fn a_propagating_pair_carries_through_all_digits_or_none() {
    let task = Arithmetic::binary(Operation::Add);
    let mut overflows = 0;
    for seed in 0..100 {
        let example = task.sample_of(Operands::Propagate, 2 * 30 + 1, &mut Rng::new(seed));
        let sum = &example.target;
        let all = |digit: u8| sum[..30].iter().all(|&d| d == digit);
        assert!((all(1) && sum[30] == 0) || (all(0) && sum[30] == 1));
        overflows += u32::from(sum[30]);
    }
    assert!((25..75).contains(&overflows), "{overflows}");
}

#[test]
fn long_products_are_exact() {
    let task = Arithmetic::binary(Operation::Multiply);
    let ones = vec![1; 2000];
    let square = task.example(&ones, &ones).unwrap();
    // (2^k − 1)² = 2^2k − 2^(k+1) + 1.
    let mut right = vec![0; 4001];
    right[0] = 1;
    right[2001..4000].fill(1);
    assert_eq!(square.target, right);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let binary = Arithmetic::binary(Operation::Subtract);
    let says = |a: &[u8], b: &[u8]| binary.example(a, b).unwrap_err().to_string();
    assert_eq!(
        says(&[1], &[]),
        "operands is 1 and 0 digits; it should be as many digits, at least one"
    );
    assert_eq!(says(&[2], &[0]), "digit is 2; it should be below 2");
    assert_eq!(says(&[0], &[1]), "operands is a < b; it should be a >= b for a difference");
    assert_eq!(binary.fitting(2), None);
    assert_eq!(binary.fitting(8), Some(7));
    let aligned = Arithmetic { operation: Operation::Multiply, base: 2, layout: Layout::Aligned };
    assert!(aligned.check().is_err());
    assert!(Arithmetic { base: 1, ..binary }.check().is_err());
}
