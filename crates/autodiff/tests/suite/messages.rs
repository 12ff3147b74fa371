//! What a caller sees who gets a shape wrong: the message is a user interface, and the place is the caller's own line.
//!
//! A family is a test with a table of mistakes. After a change, look at
//! `INSTA_UPDATE=always cargo test -p seedbed-autodiff --test suite messages` and its difference.

use ndarray::{IxDyn, Slice};
use seedbed_autodiff::{Indices, Rng, Tensor, grad, value_and_grad};

use crate::panics::panic_of;

/// What stands in the source at the place that the panic names, and a mistake.
type Mistake = (&'static str, fn());

/// The messages, one a line, after a look at where each panic says that it happened.
fn messages(mistakes: &[Mistake]) -> String {
    let source: Vec<&str> = include_str!("messages.rs").lines().collect();
    let mut text = String::new();
    for (code, mistake) in mistakes {
        let panic = panic_of(mistake).unwrap_or_else(|| panic!("{code} did not panic"));
        let here = panic.file.ends_with("suite/messages.rs");
        assert!(here, "{code} blames {}:{}: {}", panic.file, panic.line, panic.message);
        let blamed = &source[panic.line as usize - 1][panic.column as usize - 1..];
        assert!(blamed.starts_with(code), "{code} blames line {}, `{blamed}`", panic.line);
        text += &panic.message;
        text.push('\n');
    }
    text
}

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape)
}

fn places(shape: &[usize], i: usize) -> Indices {
    Indices::from_elem(IxDyn(shape), i)
}

#[test]
fn construction() {
    let text = messages(&[
        ("Tensor::", || drop(Tensor::<f32>::new(vec![1.0; 5], &[2, 3]))),
        ("item", || _ = zeros(&[2, 3]).item()),
        ("Tensor::", || drop(Tensor::<f32>::uniform(&[2], 1.0, 1.0, &mut Rng::new(0)))),
        ("Tensor::", || drop(Tensor::<f32>::normal(&[2], 0.0, -1.0, &mut Rng::new(0)))),
        ("value_and_grad", || drop(value_and_grad(&zeros(&[2, 3]), |x| x.clone()))),
        ("grad", || drop(grad(&zeros(&[2]), |x| x * 2.0))),
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn broadcasting() {
    let text = messages(&[
        ("zeros(&[2, 3]) + ", || drop(zeros(&[2, 3]) + zeros(&[2, 4]))),
        ("&zeros(&[2, 3]) * ", || drop(&zeros(&[2, 3]) * &zeros(&[2]))),
        ("maximum", || drop(zeros(&[4, 1, 3]).maximum(zeros(&[2, 2])))),
        ("broadcast_to", || drop(zeros(&[2, 3]).broadcast_to(&[3, 2]))),
        ("sum_to", || drop(zeros(&[2, 3]).sum_to(&[2]))),
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn reductions() {
    let text = messages(&[
        ("sum", || drop(zeros(&[2, 3]).sum(2))),
        ("sum_keepdim", || drop(zeros(&[2, 3]).sum_keepdim([0, -2]))),
        ("mean", || drop(zeros(&[2, 3]).mean(-3))),
        ("max", || drop(zeros(&[2, 0]).max(1))),
        ("min_keepdim", || drop(zeros(&[0]).min_keepdim(..))),
        ("argmax", || drop(zeros(&[3, 0]).argmax(-1))),
        ("argmin", || drop(zeros(&[3]).argmin(1))),
        ("prod", || drop(zeros(&[2]).prod([0, 0]))),
        ("var_with", || drop(zeros(&[2]).var_with(3, 1.0))),
        ("logsumexp", || drop(zeros(&[2]).logsumexp(-2))),
        ("cumsum", || drop(zeros(&[]).cumsum(0))),
        ("softmax", || drop(zeros(&[2, 2]).softmax(2))),
        ("log_softmax", || drop(zeros(&[]).log_softmax(-1))),
        ("sort", || drop(zeros(&[2]).sort(1))),
        ("argsort", || drop(zeros(&[2]).argsort(-2))),
        ("topk", || drop(zeros(&[2, 3]).topk(1, 4))),
    ]);
    insta::assert_snapshot!(text);
}

#[test]
#[allow(clippy::reversed_empty_ranges, reason = "that is the mistake")]
fn shapes() {
    let text = messages(&[
        ("reshape", || drop(zeros(&[2, 3]).reshape(&[4, 2]))),
        ("squeeze", || drop(zeros(&[2, 1]).squeeze(0))),
        ("unsqueeze", || drop(zeros(&[2]).unsqueeze(2))),
        ("permute", || drop(zeros(&[2, 3]).permute(&[0]))),
        ("permute", || drop(zeros(&[2, 3]).permute(&[1, 1]))),
        ("t()", || drop(zeros(&[2, 3, 4]).t())),
        ("swap_axes", || drop(zeros(&[2, 3]).swap_axes(0, 2))),
        ("slice", || drop(zeros(&[2, 3]).slice(1, 2..5))),
        ("slice", || drop(zeros(&[2, 3]).slice(1, 3..1))),
        ("slice", || drop(zeros(&[2, 3]).slice(0, Slice { start: 0, end: None, step: 0 }))),
        ("index", || drop(zeros(&[2, 3]).index(1, 3))),
        ("split", || drop(zeros(&[2, 3]).split(1, &[1, 1]))),
        ("chunk", || drop(zeros(&[2, 3]).chunk(1, 2))),
        ("flip", || drop(zeros(&[2]).flip([0, 0]))),
        ("pad", || drop(zeros(&[2, 3]).pad(&[(1, 1)], 0.0))),
        ("Tensor::<f32>::concat", || drop(Tensor::<f32>::concat(&[] as &[Tensor], 0))),
        ("Tensor::concat", || drop(Tensor::concat(&[zeros(&[2, 3]), zeros(&[3, 3])], 1))),
        ("Tensor::stack", || drop(Tensor::stack(&[zeros(&[2]), zeros(&[3])], 0))),
        ("roll", || drop(zeros(&[2]).roll(1, 1))),
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn positions() {
    let text = messages(&[
        ("gather", || drop(zeros(&[2, 3]).gather(1, &places(&[3, 1], 0)))),
        ("gather", || drop(zeros(&[2, 3]).gather(1, &places(&[2, 2], 3)))),
        ("scatter_add", || {
            drop(zeros(&[3]).scatter_add(0, &places(&[2], 0), &zeros(&[1])));
        }),
        ("index_select", || drop(zeros(&[2, 3]).index_select(0, &[0, 2]))),
        ("index_add", || drop(zeros(&[2, 3]).index_add(0, &[1], &zeros(&[2, 3])))),
        ("Tensor::<f32>::one_hot", || drop(Tensor::<f32>::one_hot(&[0, 3], 3))),
    ]);
    insta::assert_snapshot!(text);
}
