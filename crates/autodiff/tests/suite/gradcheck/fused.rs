//! Losses, normalisation, recurrent cells, dropout.

use seedbed_autodiff::{AttentionOptions, Rng};

use super::case::{Case, T, case};

const EPS: f64 = 0.1;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = losses();
    cases.extend(normalisation());
    cases.extend(recurrent());
    cases.extend(attention());
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

fn attention() -> Vec<Case> {
    let of = |options: AttentionOptions<f64>| move |x: &[T]| x[0].attention(&x[1], &x[2], &options);
    const SHAPES: &[&[usize]] = &[&[2, 3, 2], &[2, 4, 2], &[2, 4, 3]];
    let mask = T::new((0..12).map(|i| f64::from(u8::from(i % 4 > i / 6))).collect(), &[3, 4]);
    // The first query sees nothing.
    let none = T::new(vec![0.0, 1.0, 1.0], &[3, 1]);
    vec![
        case("attention", SHAPES, of(AttentionOptions::default()))
            .also(&[&[2, 2], &[2, 2], &[2, 2]])
            .also(&[&[0, 2], &[3, 2], &[3, 1]])
            .also(&[&[2, 2], &[0, 2], &[0, 3]])
            .also(&[&[1, 2, 1, 2], &[1, 2, 3, 2], &[1, 2, 3, 1]]),
        case("attention", SHAPES, of(AttentionOptions::causal()))
            .also(&[&[3, 2], &[3, 2], &[3, 2]])
            .also(&[&[4, 2], &[2, 2], &[2, 1]]),
        case("attention", SHAPES, of(AttentionOptions::masked(mask))),
        case("attention", SHAPES, of(AttentionOptions::masked(none))),
        case("attention", SHAPES, of(AttentionOptions { scale: Some(2.0), ..AttentionOptions::causal() })),
    ]
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
