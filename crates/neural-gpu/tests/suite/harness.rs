//! The harness: what is counted, what is read and written, and that networks with shuffled weights get nothing.

use seedbed_data::strings::{Arithmetic, Operation};
use seedbed_neural_gpu::harness::{
    Case, arithmetic_cases, carry_cases, score, score_answers, write_cases,
};

fn addition() -> Arithmetic {
    Arithmetic::binary(Operation::Add)
}

/// Adds by the book: what a perfect model answers.
fn adder(input: &[u8]) -> Option<Vec<u8>> {
    let k = input.len() / 2;
    let bit = |symbol: u8| symbol - 1;
    let mut carry = 0;
    let mut answer: Vec<u8> = (0..k)
        .map(|i| {
            let sum = bit(input[i]) + bit(input[k + 1 + i]) + carry;
            carry = sum / 2;
            sum % 2
        })
        .collect();
    answer.push(carry);
    answer.resize(input.len(), 0);
    Some(answer)
}

#[test]
fn a_perfect_model_scores_one_and_another_by_what_it_does() {
    let cases = arithmetic_cases(&addition(), &[9, 41], 3, 7);
    assert_eq!(cases.len(), 2 * 10 * 3);
    let scores = score(&cases, adder);
    assert_eq!((scores.share(9), scores.share(41), scores.lengths()), (1.0, 1.0, vec![9, 41]));
    // One that answers short strings alone, and one that never carries.
    let short = score(&cases, |input| (input.len() < 20).then(|| adder(input)).flatten());
    assert_eq!((short.share(9), short.share(41), short.total().answered), (1.0, 0.0, 30));
    let no_carry = score(&cases, |input| {
        let k = input.len() / 2;
        let mut answer: Vec<u8> = (0..k).map(|i| (input[i] + input[k + 1 + i]) % 2).collect();
        answer.resize(input.len(), 0);
        Some(answer)
    });
    assert!(no_carry.share(41) < 0.5);
    assert_eq!(score(&cases, |_| None).total().share(), 0.0);
}

#[test]
fn carries_have_the_length_that_is_asked_for() {
    let cases = carry_cases(&addition(), 41, &[1, 5, 20], 4, 0);
    assert_eq!(cases.len(), 12);
    for Case { kind, example, .. } in &cases {
        let carry: usize = kind.parse().unwrap();
        let ends: Vec<u8> = example.target[..carry].to_vec();
        // All ones, or all zeros behind a carry that came through.
        assert!(ends.iter().all(|&x| x == ends[0]), "{ends:?}");
    }
    assert_eq!(score(&cases, adder).total().share(), 1.0);
}

#[test]
fn answers_come_in_any_order_and_wrong_files_are_refused() {
    let cases = arithmetic_cases(&addition(), &[9], 1, 1);
    let mut lines = Vec::new();
    write_cases(&cases, &mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let answer = |line: &str| {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let input: Vec<u8> = serde_json::from_value(case["input"].clone()).unwrap();
        serde_json::json!({ "id": case["id"], "answer": adder(&input) }).to_string()
    };
    let mut answers: Vec<String> = lines.lines().map(answer).collect();
    answers.reverse();
    let read = |answers: &[String]| score_answers(&cases, answers.join("\n").as_bytes());
    assert_eq!(read(&answers).unwrap().share(9), 1.0);
    assert_eq!(read(&answers[1..]).unwrap().total().answered, 9);

    let refused = |last: &str| {
        let mut answers = answers[1..].to_vec();
        answers.push(last.into());
        read(&answers).unwrap_err().to_string()
    };
    assert!(refused("{").starts_with("line 10 of the answers: EOF while parsing"));
    assert_eq!(
        refused(r#"{"id": "x", "answer": []}"#),
        r#"line 10 of the answers: there is no case "x""#
    );
    assert!(refused(&answers[1]).ends_with("was answered before"));
}
