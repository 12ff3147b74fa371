//! Tasks on strings: the answers are right, and operands are of the kind they are said to be.

use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::strings::{
    Arithmetic, Layout, ListOperation, Lists, Operands, Operation, StringTask,
};

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
    fn answers_are_right(base in 2_u8..12, digits in 1_usize..12, kind in 0_usize..10, operation in 0_usize..4, aligned: bool, seed: u64) {
        let operation = [Operation::Add, Operation::Multiply, Operation::Subtract, Operation::Compare][operation];
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
            Operation::Compare => u128::from(a > b),
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

const LIST_OPERATIONS: [ListOperation; 9] = [
    ListOperation::Copy,
    ListOperation::Reverse,
    ListOperation::Duplicate,
    ListOperation::Sort,
    ListOperation::SortByKey,
    ListOperation::Search,
    ListOperation::Increment,
    ListOperation::Parity,
    ListOperation::Brackets,
];

proptest! {
    #[test]
    fn lists_are_of_their_task(operation in 0_usize..9, half in 1_u8..6, cells in 3_usize..40, tough: bool, seed: u64) {
        let task = Lists { operation: LIST_OPERATIONS[operation], alphabet: 2 * half };
        task.check().unwrap();
        let length = task.fitting(cells).unwrap();
        prop_assert!(length <= cells && cells - length <= 1);
        let rng = &mut Rng::new(seed);
        let example = if tough { task.sample_tough(length, rng) } else { task.sample(length, rng) };
        prop_assert_eq!([example.input.len(), example.target.len()], [length; 2]);
        let [symbols, answers] = task.symbols();
        prop_assert!(example.input.iter().all(|&x| x > 0 && usize::from(x) < symbols));
        prop_assert!(example.target.iter().all(|&x| usize::from(x) < answers));
        // The example says what its list's example says.
        let list: Vec<u8> = example.input.iter().filter(|&&x| x <= task.alphabet).map(|x| x - 1).collect();
        prop_assert_eq!(task.example(&list).unwrap(), example);
    }

    #[test]
    fn an_increment_adds_one(digits in proptest::collection::vec(0_u8..7, 1..20)) {
        let task = Lists { operation: ListOperation::Increment, alphabet: 7 };
        let example = task.example(&digits).unwrap();
        prop_assert_eq!(number(&example.target, 7), number(&digits, 7) + 1);
    }
}

#[test]
fn lists_have_the_answers_of_their_definitions() {
    let answer = |operation, alphabet, list: &[u8]| {
        Lists { operation, alphabet }.example(list).unwrap().target
    };
    let list = [3, 0, 1, 2, 3, 4];
    assert_eq!(answer(ListOperation::Copy, 5, &list), list);
    assert_eq!(answer(ListOperation::Reverse, 5, &list), [4, 3, 2, 1, 0, 3]);
    assert_eq!(answer(ListOperation::Duplicate, 5, &[3, 1]), [3, 1, 3, 1]);
    assert_eq!(answer(ListOperation::Sort, 5, &list), [0, 1, 2, 3, 3, 4]);
    // The pairs (3, 0), (1, 2), (3, 4).
    assert_eq!(answer(ListOperation::SortByKey, 5, &list), [1, 2, 3, 0, 3, 4]);
    assert_eq!(answer(ListOperation::Search, 5, &[3, 0, 1, 2, 3, 4, 3]), [0; 7]);
    assert_eq!(answer(ListOperation::Search, 5, &[3, 0, 1, 2, 3, 4, 1]), [2, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answer(ListOperation::Parity, 2, &[1, 0, 1, 1]), [1, 0, 0, 0]);
    // ([]) and ([)].
    assert_eq!(answer(ListOperation::Brackets, 4, &[0, 2, 3, 1]), [1, 0, 0, 0]);
    assert_eq!(answer(ListOperation::Brackets, 4, &[0, 2, 1, 3]), [0; 4]);
}

#[test]
fn about_half_of_the_brackets_are_balanced() {
    let task = Lists { operation: ListOperation::Brackets, alphabet: 4 };
    let rng = &mut Rng::new(3);
    let balanced = (0..400).filter(|_| task.sample(20, rng).target[0] == 1).count();
    assert!((180..300).contains(&balanced), "{balanced}");
}

#[test]
fn lists_that_make_no_sense_are_refused() {
    let says = |operation, list: &[u8]| {
        Lists { operation, alphabet: 4 }.example(list).unwrap_err().to_string()
    };
    assert_eq!(says(ListOperation::Sort, &[4]), "symbol is 4; it should be below 4");
    assert_eq!(
        says(ListOperation::Copy, &[]),
        "list is 0 symbols; it should be at least one symbol"
    );
    assert_eq!(
        says(ListOperation::SortByKey, &[1]),
        "list is 1 symbols; it should be pairs of a key and a value"
    );
    assert_eq!(
        says(ListOperation::Search, &[1, 2, 3]),
        "searched key is 3; it should be one of the pairs' keys"
    );
    assert!(Lists { operation: ListOperation::Brackets, alphabet: 3 }.check().is_err());
    assert!(Lists { operation: ListOperation::Copy, alphabet: 1 }.check().is_err());
}

#[test]
fn tasks_that_make_no_sense_have_no_examples() {
    let panics = |f: &dyn Fn()| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        *caught.expect_err("it should panic").downcast::<String>().unwrap()
    };
    for base in [0, 1, 16, 255] {
        for layout in [Layout::Unaligned, Layout::Aligned] {
            let task = Arithmetic { operation: Operation::Add, base, layout };
            let error = task.example(&[0], &[0]).unwrap_err().to_string();
            assert!(error.contains("from 2 to 15"), "{error}");
            assert!(panics(&|| _ = task.sample(9, &mut Rng::new(0))).contains("from 2 to 15"));
            assert!(panics(&|| _ = task.sample_tough(9, &mut Rng::new(0))).contains("2 to 15"));
        }
    }
    // A product of 2 k digits does not fit into k + 1 cells: it would be cut.
    let task = Arithmetic { operation: Operation::Multiply, base: 10, layout: Layout::Aligned };
    assert!(task.example(&[9, 9, 9], &[9, 9, 9]).is_err());
    for alphabet in [0, 1, 201, 255] {
        let task = Lists { operation: ListOperation::Increment, alphabet };
        assert!(task.example(&[0]).unwrap_err().to_string().contains("from 2 to 200"));
        assert!(panics(&|| _ = task.sample(5, &mut Rng::new(0))).contains("from 2 to 200"));
    }
    let odd = Lists { operation: ListOperation::Brackets, alphabet: 3 };
    assert!(odd.example(&[0, 1]).is_err());
    // Lengths at the end of counting.
    let add = Arithmetic::binary(Operation::Add);
    assert_eq!(add.cells(usize::MAX), usize::MAX);
    assert_eq!(add.fitting(usize::MAX), Some(usize::MAX));
    for operation in [ListOperation::Duplicate, ListOperation::Increment, ListOperation::Search] {
        let task = Lists { operation, alphabet: 4 };
        assert!(task.fitting(usize::MAX).is_some_and(|n| n >= usize::MAX - 1));
    }
}
