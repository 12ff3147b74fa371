//! Losses, normalisation, recurrent cells, dropout.

use seedbed_autodiff::{MemoryHeads, Rng, Tensor};

use crate::case::{Case, T, case};

const EPS: f64 = 0.1;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = losses();
    cases.extend(normalisation());
    cases.extend(recurrent());
    cases.extend(memory());
    cases.push(
        case("dropout", &[&[3, 4]], |x| x[0].dropout(0.5, &mut Rng::new(2)).square())
            .also(&[&[0, 4]])
            .also(&[&[1]]),
    );
    cases
}

fn losses() -> Vec<Case> {
    vec![
        case("cross_entropy", &[&[3, 4]], |x| x[0].cross_entropy(&[1, 3, 1])),
        case("cross_entropy_each", &[&[3, 4]], |x| x[0].cross_entropy_each(&[1, 3, 0]))
            .also(&[&[3, 17]]),
        case("cross_entropy_each", &[&[2, 1]], |x| x[0].cross_entropy_each(&[0, 0])),
        case("cross_entropy_each", &[&[0, 4]], |x| x[0].cross_entropy_each(&[])),
        case("cross_entropy_each", &[&[1, 2, 3]], |x| x[0].cross_entropy_each(&[2, 0])),
        case("smooth_cross_entropy_each", &[&[2, 3]], |x| {
            x[0].smooth_cross_entropy_each(&[2, 0], 0.3)
        }),
        case("soft_cross_entropy_each", &[&[2, 3], &[2, 3]], |x| {
            x[0].soft_cross_entropy_each(&x[1])
        })
        .also(&[&[0, 3], &[0, 3]])
        .also(&[&[2, 1], &[2, 1]]),
        case("bce_with_logits", &[&[2, 3], &[2, 3]], |x| x[0].bce_with_logits(&x[1])),
        case("bce_with_logits_each", &[&[2, 3], &[2, 3]], |x| x[0].bce_with_logits_each(&x[1]))
            .also(&[&[0], &[0]])
            .also(&[&[1], &[1]]),
        case("mse", &[&[2, 3], &[2, 3]], |x| x[0].mse(&x[1])).also(&[&[1], &[1]]),
    ]
}

fn normalisation() -> Vec<Case> {
    let moderate = |c: Case| c.tolerance(1e-6);
    [
        case("layer_norm", &[&[2, 3], &[3], &[3]], |x| x[0].layer_norm(&x[1], &x[2], EPS))
            .also(&[&[2, 1, 20], &[20], &[20]])
            .also(&[&[3], &[3], &[3]])
            .also(&[&[2, 1], &[1], &[1]])
            .also(&[&[0, 2], &[2], &[2]]),
        case("group_norm", &[&[2, 3, 4], &[4], &[4]], |x| x[0].group_norm(2, &x[1], &x[2], EPS))
            .also(&[&[2, 2, 1, 2], &[2], &[2]])
            .also(&[&[3, 4], &[4], &[4]])
            .also(&[&[0, 2, 2], &[2], &[2]])
            .also(&[&[2, 0, 2], &[2], &[2]]),
        case("batch_norm", &[&[4, 2], &[2], &[2]], |x| x[0].batch_norm(&x[1], &x[2], EPS).0)
            .also(&[&[2, 1, 2, 3], &[3], &[3]])
            .also(&[&[1, 1], &[1], &[1]])
            .also(&[&[0, 2], &[2], &[2]]),
        case("batch_norm_with", &[&[3, 2], &[2], &[2], &[2], &[2]], |x| {
            x[0].batch_norm_with(&x[1], &x[2].square(), &x[3], &x[4], EPS)
        })
        .also(&[&[0, 2], &[2], &[2], &[2], &[2]]),
    ]
    .map(moderate)
    .into()
}

fn recurrent() -> Vec<Case> {
    vec![
        case("lstm_cell", &[&[2, 12], &[2, 3]], |x| x[0].lstm_cell(&x[1]))
            .also(&[&[1, 4], &[1, 1]])
            .also(&[&[0, 8], &[0, 2]]),
        // Two steps, the states of the first fed to the second.
        case("lstm_cell", &[&[2, 8], &[2, 2], &[2, 8]], |x: &[T]| {
            let s = x[0].lstm_cell(&x[1]);
            (&x[2] * s.index(0, 0).mean(..)).lstm_cell(&s.index(0, 1))
        }),
        case("gru_cell", &[&[2, 9], &[2, 9], &[2, 3]], |x| x[0].gru_cell(&x[1], &x[2]))
            .also(&[&[1, 3], &[1, 3], &[1, 1]])
            .also(&[&[0, 6], &[0, 6], &[0, 2]]),
    ]
}

fn memory() -> Vec<Case> {
    let shares = |x: &T| x.softmax(2);
    let step = move |x: &[T], shifts, tanh| {
        let heads = MemoryHeads { reads: 1, writes: 1, shifts, eps: EPS, clip: 20.0, tanh };
        let next = x[0].memory_step(&x[1], &shares(&x[2]), heads);
        Tensor::concat(&next.map(|x| x.flatten()), 0)
    };
    vec![
        case("memory_content", &[&[2, 3, 2], &[2, 2, 3]], |x| x[0].memory_content(&x[1], EPS))
            .also(&[&[1, 1, 1], &[1, 1, 2]])
            .also(&[&[0, 3, 2], &[0, 2, 3]]),
        case("memory_attention", &[&[2, 4, 2], &[2, 2, 8], &[2, 2, 4]], move |x| {
            x[0].memory_attention(&x[1], &shares(&x[2]), 3, EPS)
        })
        .tolerance(1e-6)
        .also(&[&[1, 3, 1], &[1, 1, 7], &[1, 1, 3]])
        .also(&[&[0, 3, 1], &[0, 1, 7], &[0, 1, 3]]),
        case("memory_step", &[&[2, 4, 2], &[2, 20], &[2, 2, 4]], move |x| step(x, Some(3), true))
            .tolerance(1e-6)
            .also(&[&[0, 4, 2], &[0, 20], &[0, 2, 4]]),
        case("memory_step", &[&[1, 3, 2], &[1, 10], &[1, 2, 3]], move |x| step(x, None, false)),
        case("memory_read", &[&[2, 3, 2], &[2, 2, 3]], |x| x[0].memory_read(&x[1]))
            .also(&[&[1, 1, 1], &[1, 1, 1]])
            .also(&[&[0, 3, 2], &[0, 1, 3]]),
        case("memory_links", &[&[2, 1, 3, 3], &[2, 1, 3], &[2, 1, 3]], |x| x[0].memory_links(&x[1], &x[2]))
            .also(&[&[1, 2, 1, 1], &[1, 2, 1], &[1, 2, 1]]),
        case("memory_write", &[&[2, 3, 2], &[2, 2, 3], &[2, 2, 2], &[2, 2, 2]], |x| {
            x[0].memory_write(&x[1], &x[2], &x[3])
        })
        .also(&[&[1, 1, 1], &[1, 1, 1], &[1, 1, 1], &[1, 1, 1]])
        .also(&[&[0, 3, 2], &[0, 1, 3], &[0, 1, 2], &[0, 1, 2]]),
    ]
}
