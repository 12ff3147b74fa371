//! How much each expert has won.

/// The smallest share that is told from 0: an expert that never wins gets a finite bonus.
const LEAST: f64 = 1e-3;

/// ln(experts · share): 0 at an equal share, positive above it.
pub(super) fn surplus(share: f64, experts: usize) -> f64 {
    (share.max(LEAST) * experts as f64).ln()
}

/// shares ← decay · shares + (1 − decay) · shares of this round.
pub(super) fn update(shares: &mut [f64], winners: &[usize], decay: f64) {
    let part = (1.0 - decay) / winners.len() as f64;
    shares.iter_mut().for_each(|share| *share *= decay);
    for &winner in winners {
        shares[winner] += part;
    }
}
