//! A scale from numbers to positions, with ticks at round numbers.

/// Numbers from `low` to `high` onto positions from `start` to `end`.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    step: f64,
}

impl Axis {
    /// An axis that covers all finite `values`, widened to round numbers, with about `ticks` ticks.
    pub(super) fn covering(
        values: impl IntoIterator<Item = f64>,
        ticks: usize,
        [start, end]: [f64; 2],
    ) -> Self {
        let finite = values.into_iter().filter(|x| x.is_finite());
        let (mut low, mut high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if low == high {
            let margin = if low == 0.0 { 0.5 } else { low.abs() / 10.0 };
            (low, high) = (low - margin, high + margin);
        }
        let step = round_step((high - low) / ticks as f64);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        Axis { low, high, start, end, step }
    }

    /// The position of a number.
    pub(super) fn at(&self, x: f64) -> f64 {
        self.start + (x - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// Round numbers and their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        (0..=count)
            .map(|i| self.low + i as f64 * self.step)
            .map(|x| (x, label(if x.abs() < self.step / 2.0 { 0.0 } else { x }, digits)))
            .collect()
    }
}

/// The smallest of 1, 2, 5 × 10ⁿ that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    // The tolerance lets 0.2000…01 count as 0.2.
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|&s| s >= step * 0.999_999)
        .unwrap_or(10.0 * power)
}

/// `12000` as `12 000`, others with the step's digits.
fn label(x: f64, digits: usize) -> String {
    let text = format!("{x:.digits$}");
    if digits > 0 || x.abs() < 10_000.0 {
        return text;
    }
    let (sign, number) = text.split_at(usize::from(x < 0.0));
    let groups: Vec<&str> = number
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    format!("{sign}{}", groups.join("\u{202f}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], ticks: usize) -> Vec<String> {
        let axis = Axis::covering(values.iter().copied(), ticks, [0.0, 100.0]);
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_around_the_values() {
        assert_eq!(labels(&[0.0, 1.0], 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&[-0.13, 0.21], 4), ["-0.2", "-0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&[0.0, 20_000.0], 2), ["0", "10\u{202f}000", "20\u{202f}000"]);
    }

    #[test]
    fn values_that_do_not_spread_still_make_an_axis() {
        for values in [&[][..], &[0.0], &[3.0, 3.0], &[f64::NAN, f64::INFINITY]] {
            let axis = Axis::covering(values.iter().copied(), 5, [0.0, 100.0]);
            let ticks = axis.ticks();
            assert!((2..=12).contains(&ticks.len()), "{values:?}: {ticks:?}");
            assert!(ticks.iter().all(|(x, _)| (-1e-9..=100.0 + 1e-9).contains(&axis.at(*x))));
        }
    }
}
