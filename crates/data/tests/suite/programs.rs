use std::collections::HashMap;

use proptest::prelude::*;
use seedbed_autodiff::Rng;
use seedbed_data::programs::{
    LineError, NAME_BITS, NAMES, Program, ProgramScores, ProgramSize, ProgramTask, score_lines,
    write_lines,
};

fn number(bits: &[u8]) -> u128 {
    bits.iter().rev().fold(0, |n, &bit| 2 * n + u128::from(bit))
}

/// The slots that an instruction reads, and the one that it writes.
type Slots = (Vec<usize>, Option<usize>);

/// What a machine that keeps everything by name would answer, and the slots that it reads and writes.
fn interpreted(program: &Program) -> (Vec<u128>, Vec<Slots>) {
    let mut kept: HashMap<u16, (u128, usize, Option<u16>)> = HashMap::new();
    let (mut answers, mut slots) = (Vec::new(), Vec::new());
    let (mut at, mut sum) = (0_u16, 0);
    for instruction in &program.instructions {
        let name = |i: usize| instruction.names[i];
        let value = number(&instruction.number);
        let operation = program.task.operations()[instruction.operation];
        let now = match operation {
            "store" | "load" | "open" => {
                let slot = kept.len();
                let next = instruction.names.get(1).copied();
                assert!(kept.insert(name(0), (value, slot, next)).is_none(), "a new name");
                (vec![], Some(slot))
            }
            "add" => {
                let (a, b) = (kept[&name(0)], kept[&name(1)]);
                if let Some(to) = instruction.names.get(2) {
                    let slot = kept[to].1;
                    kept.insert(*to, (a.0 + b.0, slot, None));
                    (vec![a.1, b.1], Some(slot))
                } else {
                    answers.push(a.0 + b.0);
                    (vec![a.1, b.1], None)
                }
            }
            "credit" | "debit" => {
                let (balance, slot, _) = kept[&name(0)];
                let balance = if operation == "credit" { balance + value } else { balance - value };
                kept.insert(name(0), (balance, slot, None));
                (vec![slot], Some(slot))
            }
            "out" | "balance" => {
                let (value, slot, _) = kept[&name(0)];
                answers.push(value);
                (vec![slot], None)
            }
            "start" | "hop" => {
                at = if operation == "start" { name(0) } else { kept[&at].2.unwrap() };
                let (value, slot, _) = kept[&at];
                sum = if operation == "start" { value } else { sum + value };
                (vec![slot], None)
            }
            "total" => {
                answers.push(sum);
                (vec![], None)
            }
            other => panic!("{other}"),
        };
        slots.push(now);
    }
    (answers, slots)
}

proptest! {
    #[test]
    fn answers_and_slots_are_those_of_an_interpreter(
        task in 0_usize..4, items in 1_usize..9, operations in 1_usize..7, digits in 1_usize..40, tough in 0.0..=1.0, seed: u64,
    ) {
        let size = ProgramSize { items, operations, digits };
        let task = ProgramTask::ALL[task];
        let program = task.sample(size, tough, &mut Rng::new(seed)).unwrap();
        let (answers, slots) = interpreted(&program);
        prop_assert_eq!(program.answers().map(number).collect::<Vec<_>>(), answers);
        for (instruction, (reads, writes)) in program.instructions.iter().zip(slots) {
            prop_assert_eq!((&instruction.reads, instruction.writes), (&reads, writes));
            prop_assert!(instruction.names.len() <= NAMES);
            prop_assert!(instruction.names.iter().all(|&name| usize::from(name) < 1 << NAME_BITS));
            prop_assert!(instruction.number.len() <= program.cells);
            prop_assert!(instruction.answer.iter().all(|a| a.len() == program.cells));
        }
        prop_assert_eq!(program.slots(), items);
    }
}

/// Numbers that fill all of their room: the largest of each, added as often as can be.
#[test]
fn there_is_room_for_every_answer() {
    let size = ProgramSize { items: 1, operations: 20, digits: 3 };
    for task in ProgramTask::ALL {
        for seed in 0..20 {
            let program = task.sample(size, 1.0, &mut Rng::new(seed)).unwrap();
            assert_eq!(program.answers().map(number).collect::<Vec<_>>(), interpreted(&program).0);
        }
    }
}

#[test]
fn sizes_without_sense_are_refused() {
    let fine = ProgramSize { items: 2, operations: 2, digits: 2 };
    let refused = |size: ProgramSize| {
        ProgramTask::Ledger.sample(size, 0.0, &mut Rng::new(0)).unwrap_err().to_string()
    };
    assert_eq!(
        refused(ProgramSize { items: 0, ..fine }),
        "ProgramSize.items is 0; it should be from 1 to 2048"
    );
    assert_eq!(
        refused(ProgramSize { items: 2049, ..fine }),
        "ProgramSize.items is 2049; it should be from 1 to 2048"
    );
    assert_eq!(
        refused(ProgramSize { operations: usize::MAX, ..fine }),
        format!("ProgramSize.operations is {}; it should be from 1 to 2^20", usize::MAX)
    );
    assert_eq!(
        refused(ProgramSize { digits: 0, ..fine }),
        "ProgramSize.digits is 0; it should be from 1 to 2^24"
    );
}

fn two_programs() -> [Program; 2] {
    let size = ProgramSize { items: 2, operations: 1, digits: 4 };
    [0, 1].map(|seed| ProgramTask::KvAdd.sample(size, 0.0, &mut Rng::new(seed)).unwrap())
}

#[test]
fn answers_in_lines_are_scored() {
    let programs = two_programs();
    let mut lines = Vec::new();
    write_lines(&programs, &mut lines).unwrap();
    assert_eq!(String::from_utf8(lines).unwrap().lines().count(), 2);

    let right = interpreted(&programs[1]).0[0];
    let text = format!(
        "{{\"id\": \"kv-add-1\", \"answers\": [\"{right}\"]}}\n\n{{\"id\": \"kv-add-0\", \"answers\": [\"123456789\"]}}\n"
    );
    let scores = score_lines(&programs, text.as_bytes()).unwrap();
    let total = scores.total();
    assert_eq!((total.exact, total.answered, total.programs), (1, 2, 2));
    assert_eq!(scores.table(), "items\\digits       4\n           2   0.500\n");
    assert_eq!(score_lines(&programs, &b""[..]).unwrap().total().answered, 0);
}

#[test]
fn lines_that_are_no_answers_are_refused() {
    let programs = two_programs();
    let refused = |text: &str| score_lines(&programs, text.as_bytes()).unwrap_err();
    let id = r#"{"id": "kv-add-0", "answers": []}"#;
    assert!(matches!(refused(&format!("{id}\n{id}")), LineError::Twice { line: 2, .. }));
    assert!(matches!(
        refused(r#"{"id": "kv-add-7", "answers": []}"#),
        LineError::UnknownId { line: 1, .. }
    ));
    let error = refused(r#"{"id": "kv-add-0", "answers": ["-1"]}"#).to_string();
    assert!(error.starts_with("line 1 of the answers: \"-1\" is no number"), "{error}");
    assert!(matches!(refused("{"), LineError::Line { line: 1, .. }));
}

/// Too few answers, or too many, are not exact.
#[test]
fn every_answer_counts() {
    let programs = two_programs();
    let answers: Vec<Vec<u8>> = programs[0].answers().map(<[u8]>::to_vec).collect();
    for wrong in [vec![], [answers.clone(), answers.clone()].concat()] {
        let mut scores = ProgramScores::default();
        scores.add(&programs[0], Some(&wrong));
        assert_eq!(scores.total().exact, 0);
        scores.add(&programs[0], Some(&answers));
        assert_eq!(scores.total().exact, 1);
    }
}

#[test]
fn programs_that_nobody_has_memory_for() {
    for size in [
        ProgramSize { items: 2048, operations: 1, digits: 1 << 24 },
        ProgramSize { items: 1, operations: 1 << 20, digits: 1 << 24 },
        ProgramSize { items: 2048, operations: 1 << 20, digits: 1 << 10 },
    ] {
        for task in ProgramTask::ALL {
            let error = task.sample(size, 0.5, &mut Rng::new(0)).unwrap_err().to_string();
            assert!(error.contains("2^30 bits"), "{error}");
        }
    }
}

#[test]
fn an_answer_of_millions_of_digits_is_wrong_at_once() {
    let programs = two_programs();
    let count = programs[0].answers().count();
    let score = |answer: &str| {
        let id = format!("{}-0", programs[0].task.name());
        let answers = vec![answer.to_owned(); count];
        let line = serde_json::json!({ "id": id, "answers": answers }).to_string();
        score_lines(&programs, line.as_bytes())
    };
    let right: Vec<String> = programs[0].answers().map(|a| number(a).to_string()).collect();
    let padded = format!("{}{}", "0".repeat(10_000_000), right[0]);
    for long in ["9".repeat(10_000_000), format!("1{}", "0".repeat(10_000_000)), padded] {
        assert_eq!(score(&long).unwrap().total().answered, 1);
    }
    let error = score(&"x".repeat(10_000_000)).unwrap_err().to_string();
    assert!(error.contains("is no number") && error.len() < 300, "{}", error.len());
    assert!(score("-1").is_err() && score("").is_err() && score("1e3").is_err());
}
