//! Samples bid for places with the experts.
//!
//! Bertsekas and Castañon, "The auction algorithm for the transportation problem" (1989): a sample without a place bids for the expert where
//! score − price is highest, as much as it would pay before its second choice is as good, plus ε. A full expert's cheapest sample has to go.
//! The sum of scores that comes out is within samples · ε of the highest possible one.

/// ε as a part of the range of the scores, divided by the samples.
const PRECISION: f64 = 1e-3;

/// The expert of each sample, where no expert has more than `capacity`. A score of NaN is worse than any other; `capacity` times the experts are at
/// least the samples.
pub(super) fn assign(rows: &[Vec<f64>], capacity: usize) -> Vec<usize> {
    let experts = rows[0].len();
    let finite = || rows.iter().flatten().copied().filter(|score| score.is_finite());
    let (low, high) =
        finite().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
    let range = if high > low { high - low } else { 1.0 };
    // Without a loss for the order of what is finite: infinite scores and NaN as finite ones beyond all others.
    let value = |score: f64| match score {
        s if s.is_nan() => low.min(high) - 20.0 * range * rows.len() as f64,
        f64::NEG_INFINITY => low.min(high) - 2.0 * range,
        f64::INFINITY => high.max(low) + 2.0 * range,
        s => s,
    };
    let epsilon = PRECISION * range / rows.len() as f64;
    let mut places: Vec<Vec<(usize, f64)>> = vec![Vec::new(); experts];
    let mut waiting: Vec<usize> = (0..rows.len()).rev().collect();
    while let Some(sample) = waiting.pop() {
        let price = |expert: usize| match &places[expert] {
            full if full.len() == capacity => {
                full.iter().map(|&(_, bid)| bid).fold(f64::MAX, f64::min)
            }
            _ => 0.0,
        };
        let gain = |expert: usize| value(rows[sample][expert]) - price(expert);
        let (mut first, mut second) = ((0, f64::NEG_INFINITY), f64::NEG_INFINITY);
        for expert in 0..experts {
            let gain = gain(expert);
            if gain > first.1 {
                (second, first) = (first.1, (expert, gain));
            } else if gain > second {
                second = gain;
            }
        }
        let expert = first.0;
        let rise = if second.is_finite() { first.1 - second } else { 0.0 };
        let bid = price(expert) + rise + epsilon;
        if places[expert].len() == capacity {
            let cheapest = (0..capacity)
                .min_by(|&a, &b| places[expert][a].1.total_cmp(&places[expert][b].1))
                .expect("an expert has at least one place");
            waiting.push(places[expert].swap_remove(cheapest).0);
        }
        places[expert].push((sample, bid));
    }
    let mut winners = vec![0; rows.len()];
    for (expert, places) in places.iter().enumerate() {
        for &(sample, _) in places {
            winners[sample] = expert;
        }
    }
    winners
}
