//! Cho et al. 2014, with the reset gate after the matrix product.

use super::{GRADIENT_WORK, WORK, load, sigmoid_slope, store, tanh_slope};
use crate::Float;
use crate::rows::{self, Lanes, Rows, WIDTH, map_in_place};

/// What is saved of an element: r, z and n.
const SAVED: usize = 3;

/// From the input's and the state's pre-activations `[n, 3·hidden]` (r, z, n) and the state `h` `[n, hidden]`: the
/// next state, and what the gradient needs.
pub fn gru<F: Float>(from_x: &[F], from_h: &[F], h: &[F], n: usize) -> (Vec<F>, Vec<F>) {
    let (work, hidden) = (h.len() * WORK, h.len() / n.max(1));
    let [h_next, saved] =
        rows::collect(Forward, n, work, [from_x, from_h, h], [hidden, SAVED * hidden]);
    (h_next, saved)
}

/// The gradients of the inputs of [`gru`].
pub struct GruGradients<F> {
    pub from_x: Vec<F>,
    pub from_h: Vec<F>,
    pub h: Vec<F>,
}

/// The gradients, given that of the next state.
pub fn gru_gradients<F: Float>(
    saved: &[F],
    from_h: &[F],
    h: &[F],
    g: &[F],
    n: usize,
) -> GruGradients<F> {
    let (work, hidden) = (h.len() * GRADIENT_WORK, h.len() / n.max(1));
    let widths = [3 * hidden, 3 * hidden, hidden];
    let [from_x, from_h, h] = rows::collect(Backward, n, work, [saved, from_h, h, g], widths);
    GruGradients { from_x, from_h, h }
}

#[derive(Clone, Copy)]
struct Forward;

impl<F: Float> Rows<F, 3, 2> for Forward {
    /// n = tanh(xₙ + r ⊙ hₙ),  h′ = n + z ⊙ (h − n).
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [from_x, from_h, h]: [&[F]; 3],
        [h_next, saved]: [&mut [F]; 2],
    ) {
        let len = h.len();
        let block = |x: &[F], k, at| -> Lanes<F, FMA> { load(x, k, len, at) };
        // The gates before and after σ, then the candidate before and after tanh, all in `saved`.
        let (r_and_z, n) = saved.split_at_mut(2 * len);
        for (y, (x, h)) in r_and_z.iter_mut().zip(from_x.iter().zip(from_h)) {
            *y = *x + *h;
        }
        map_in_place::<_, FMA>(r_and_z, |y| y.sigmoid());
        for at in (0..len).step_by(WIDTH) {
            (block(from_x, 2, at) + block(r_and_z, 0, at) * block(from_h, 2, at)).store(n, at);
        }
        map_in_place::<_, FMA>(n, |y| y.tanh());
        for at in (0..len).step_by(WIDTH) {
            let n = block(n, 0, at);
            (n + block(r_and_z, 1, at) * (block(h, 0, at) - n)).store(h_next, at);
        }
    }
}

#[derive(Clone, Copy)]
struct Backward;

impl<F: Float> Rows<F, 4, 3> for Backward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [saved, from_h, h, g]: [&[F]; 4],
        [d_x, d_h, d_state]: [&mut [F]; 3],
    ) {
        let len = h.len();
        for at in (0..len).step_by(WIDTH) {
            let [r, z, n]: [Lanes<F, FMA>; 3] = std::array::from_fn(|k| load(saved, k, len, at));
            let g = load(g, 0, len, at);
            (g * z).store(d_state, at);
            let y_n = g * z.map(|z| 1.0 - z) * tanh_slope(n);
            let y_r = y_n * load(from_h, 2, len, at) * sigmoid_slope(r);
            let y_z = g * (load(h, 0, len, at) - n) * sigmoid_slope(z);
            store([y_r, y_z, y_n], d_x, len, at);
            store([y_r, y_z, y_n * r], d_h, len, at);
        }
    }
}
