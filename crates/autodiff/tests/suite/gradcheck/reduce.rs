//! Reductions, broadcasts, softmax.

use super::case::{Case, T, case};

pub(crate) fn cases() -> Vec<Case> {
    const BOX: &[&[usize]] = &[&[2, 3, 2]];
    vec![
        case("sum", BOX, |x| x[0].sum(1)).also(&[&[2, 0, 2]]).also(&[&[2, 1, 1]]),
        case("sum", BOX, |x| x[0].sum(..)).also(&[&[]]).also(&[&[0, 1, 2]]),
        case("sum_keepdim", BOX, |x| x[0].sum_keepdim([0, -1])).also(&[&[1, 3, 0]]),
        case("mean", BOX, |x| x[0].mean([0, 1])).also(&[&[1, 1, 2]]),
        case("mean_keepdim", BOX, |x| x[0].mean_keepdim(-1)).also(&[&[0, 3, 2]]),
        case("sum_to", BOX, |x| x[0].sum_to(&[3, 1])).also(&[&[0, 3, 1]]),
        case("sum_to", BOX, |x| x[0].sum_to(&[2, 1, 2])),
        case("broadcast_to", &[&[3, 1]], |x| x[0].broadcast_to(&[2, 3, 2])).also(&[&[1]]),
        case("broadcast_to", &[&[]], |x| x[0].broadcast_to(&[0, 2])),
        case("prod", BOX, |x| x[0].prod(1)).also(&[&[2, 0, 2]]).also(&[&[2, 1, 1]]).also(&[&[1, 5]]),
        case("prod", &[], |x| x[0].prod(-1)).at(with_zeros(&[0, 5])),
        case("prod", &[], |x| x[0].prod([0, 2])).at(with_zeros(&[0])).at(with_zeros(&[1, 6])),
        case("prod_keepdim", &[], |x| x[0].prod_keepdim(1)).at(with_zeros(&[0, 1, 2, 4, 7, 11])),
        case("var", BOX, |x| x[0].var(1)).also(&[&[3, 1]]).also(&[&[0, 2, 2]]),
        case("var", BOX, |x| x[0].var([0, 2])),
        case("var_keepdim", BOX, |x| x[0].var_keepdim(-1)).also(&[&[1]]),
        case("var_with", BOX, |x| x[0].var_with(.., 1.0)),
        case("norm", BOX, |x| x[0].norm(1)).also(&[&[0, 2]]).also(&[&[2, 0]]),
        case("norm", BOX, |x| x[0].norm([0, 2])),
        case("norm_keepdim", BOX, |x| x[0].norm_keepdim(-1)).within(0.2, 1.0).also(&[&[3, 1]]),
        case("std", BOX, |x| x[0].std([0, 1])).also(&[&[2, 2, 0]]),
        case("std", &[&[2, 4]], |x| x[0].std(1)).tolerance(1e-6),
        case("std_keepdim", BOX, |x| x[0].std_keepdim(..)),
        case("std_with", BOX, |x| x[0].std_with([0, 2], 1.0)),
        case("logsumexp", BOX, |x| x[0].logsumexp(1)).also(&[&[2, 1]]).also(&[&[0, 2]]),
        case("logsumexp", BOX, |x| x[0].logsumexp([0, 2])),
        case("logsumexp_keepdim", BOX, |x| x[0].logsumexp_keepdim(-1)),
        case("cumsum", BOX, |x| x[0].cumsum(1)).also(&[&[2, 1, 0]]).also(&[&[1, 1]]),
        case("cumsum", BOX, |x| x[0].cumsum(-1)),
        case("cumprod", BOX, |x| x[0].cumprod(1)).also(&[&[2, 1, 0]]).also(&[&[1, 1]]),
        case("cumprod", &[&[2, 5]], |x| x[0].cumprod(-1)).also(&[&[1, 9]]).also(&[&[2, 0]]),
        case("cumprod", &[], |x| x[0].reshape(&[2, 6]).cumprod(1))
            .at(with_zeros(&[0, 5]))
            .at(with_zeros(&[1, 2, 9])),
        case("softmax", BOX, |x| x[0].softmax(-1)).also(&[&[2, 0]]).also(&[&[3, 1]]),
        case("softmax", BOX, |x| x[0].softmax(1)).also(&[&[2, 1, 3]]).also(&[&[0, 2, 2]]),
        case("log_softmax", BOX, |x| x[0].log_softmax(2)).also(&[&[1, 2, 0]]).also(&[&[3, 1, 1]]),
        case("log_softmax", BOX, |x| x[0].log_softmax(0)),
    ]
}

/// Twelve factors, some of them zero.
fn with_zeros(zeros: &[usize]) -> T {
    let x = (0..12).map(|i| if zeros.contains(&i) { 0.0 } else { 0.5 + f64::from(i as u8) / 8.0 });
    T::new(x.collect(), &[2, 3, 2])
}
