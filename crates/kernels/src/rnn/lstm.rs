//! Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.

use super::{GRADIENT_WORK, WORK, load, sigmoid_slope, store, tanh_slope};
use crate::Float;
use crate::rows::{self, Lanes, Rows, WIDTH, map};

/// What is saved of an element: i, f, g, o and tanh(c′).
const SAVED: usize = 5;

/// From pre-activations `[n, 4·hidden]` (i, f, g, o) and the cell state `c` `[n, hidden]`: the states h′ and
/// c′, one after the other, and what the gradient needs.
pub fn lstm<F: Float>(gates: &[F], c: &[F], n: usize) -> (Vec<F>, Vec<F>) {
    let mut states = vec![F::zero(); 2 * c.len()];
    let mut saved = vec![F::zero(); SAVED * c.len()];
    let (h_next, c_next) = states.split_at_mut(c.len());
    rows::run(Forward, n, c.len() * WORK, [gates, c], [h_next, c_next, &mut saved]);
    (states, saved)
}

/// The gradients of the pre-activations and of `c`, given those of h′ and c′ one after the other.
pub fn lstm_gradients<F: Float>(saved: &[F], c: &[F], g: &[F], n: usize) -> (Vec<F>, Vec<F>) {
    let (g_h, g_c) = g.split_at(c.len());
    let (work, hidden) = (c.len() * GRADIENT_WORK, c.len() / n.max(1));
    let [d_gates, d_c] =
        rows::collect(Backward, n, work, [saved, c, g_h, g_c], [4 * hidden, hidden]);
    (d_gates, d_c)
}

#[derive(Clone, Copy)]
struct Forward;

impl<F: Float> Rows<F, 2, 3> for Forward {
    /// c′ = f ⊙ c + i ⊙ g,  h′ = o ⊙ tanh(c′).
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [gates, c]: [&[F]; 2],
        [h_next, c_next, saved]: [&mut [F]; 3],
    ) {
        let n = c.len();
        let (gated, t) = saved.split_at_mut(4 * n);
        map::<_, FMA>(&gates[..2 * n], &mut gated[..2 * n], |z| z.sigmoid());
        map::<_, FMA>(&gates[2 * n..3 * n], &mut gated[2 * n..3 * n], |z| z.tanh());
        map::<_, FMA>(&gates[3 * n..], &mut gated[3 * n..], |z| z.sigmoid());
        for at in (0..n).step_by(WIDTH) {
            let [i, f, g]: [Lanes<F, FMA>; 3] = std::array::from_fn(|k| load(gated, k, n, at));
            (f * load(c, 0, n, at) + i * g).store(c_next, at);
        }
        map::<_, FMA>(c_next, t, |c| c.tanh());
        for at in (0..n).step_by(WIDTH) {
            let o: Lanes<F, FMA> = load(gated, 3, n, at);
            (o * load(t, 0, n, at)).store(h_next, at);
        }
    }
}

#[derive(Clone, Copy)]
struct Backward;

impl<F: Float> Rows<F, 4, 2> for Backward {
    #[inline(always)]
    fn row<const FMA: bool>(
        self,
        _: usize,
        [saved, c, g_h, g_c]: [&[F]; 4],
        [d_gates, d_c]: [&mut [F]; 2],
    ) {
        let n = c.len();
        for at in (0..n).step_by(WIDTH) {
            let [i, f, g, o, t]: [Lanes<F, FMA>; 5] =
                std::array::from_fn(|k| load(saved, k, n, at));
            let d_h = load(g_h, 0, n, at);
            let d = load(g_c, 0, n, at) + d_h * o * tanh_slope(t);
            (d * f).store(d_c, at);
            let z_i = d * g * sigmoid_slope(i);
            let z_f = d * load(c, 0, n, at) * sigmoid_slope(f);
            let z_g = d * i * tanh_slope(g);
            let z_o = d_h * t * sigmoid_slope(o);
            store([z_i, z_f, z_g, z_o], d_gates, n, at);
        }
    }
}
