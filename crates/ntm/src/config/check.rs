//! What a configuration must be.

use seedbed_nn::{Check, Config, ConfigError};

use super::{
    Addressing, ControllerConfig, FirstAttention, HeadOrder, MemoryInit, NtmConfig, Sharpening,
};

/// The largest size: so that sums and products of two are exact.
pub(crate) const LARGEST: usize = 1 << 31;
/// The most elements of all tensors of a machine together, and of its state for one sequence: 4 TiB in single precision.
pub(crate) const MOST_ELEMENTS: f64 = (1_u64 << 40) as f64;

/// What single precision can square, and divide by, without overflow or underflow in what is computed from it.
const EPS: [f64; 2] = [1e-24, 1e24];
/// Likewise, of what stands in a memory.
const CLIP: [f64; 2] = [1e-6, 1e6];

/// Whether all sizes are at least 1 and of a size that can be.
pub(crate) fn check_sizes(check: Check, sizes: &[(&str, usize)]) -> Result<(), ConfigError> {
    sizes.iter().try_for_each(|&(field, n)| {
        check.that(n >= 1, field, n, "at least 1")?;
        check.that(n <= LARGEST, field, n, format!("at most {LARGEST}"))
    })
}

/// Whether so many elements can be; if not, the largest of the sizes is to blame.
pub(crate) fn check_elements(
    check: Check,
    sizes: &[(&str, usize)],
    elements: f64,
) -> Result<(), ConfigError> {
    let &(field, n) = sizes.iter().max_by_key(|(_, n)| n).expect("there are sizes");
    let expected = format!(
        "smaller: machine and state would have {elements:.1e} elements, at most {MOST_ELEMENTS:.1e} can be"
    );
    check.that(elements <= MOST_ELEMENTS, field, n, expected)
}

fn check_within(
    check: Check,
    field: &str,
    x: f64,
    [low, high]: [f64; 2],
) -> Result<(), ConfigError> {
    let within = (low..=high).contains(&x);
    check.that(within, field, format!("{x:e}"), format!("from {low:e} to {high:e}"))
}

/// Whether ε and clip are of a size that single precision can take.
pub(crate) fn check_scales(
    check: Check,
    clip: f64,
    similarity_eps: f64,
) -> Result<(), ConfigError> {
    let [low, high] = CLIP;
    let fits = (low..=high).contains(&clip) || clip == f64::INFINITY;
    let expected = format!("from {low:e} to {high:e}, or infinite for no clipping");
    check.that(fits, "clip", format!("{clip:e}"), expected)?;
    check_within(check, "similarity_eps", similarity_eps, EPS)
}

impl ControllerConfig {
    /// Units of a layer, and layers.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        match *self {
            Self::FeedForward { hidden, layers } | Self::Lstm { hidden, layers } => {
                (hidden, layers)
            }
        }
    }

    /// The elements of all its tensors, where it sees so many at a step. Counts are `f64` here, exact up to [`MOST_ELEMENTS`] and never wrapped.
    pub(crate) fn elements(&self, seen: f64) -> f64 {
        let (hidden, layers) = self.sizes();
        let (h, more) = (hidden as f64, layers as f64 - 1.0);
        match self {
            Self::FeedForward { .. } => (seen + 1.0) * h + more * (h + 1.0) * h,
            Self::Lstm { .. } => {
                (seen + h + 1.0) * 4.0 * h
                    + more * (2.0 * h + 1.0) * 4.0 * h
                    + (more + 1.0) * 2.0 * h
            }
        }
    }
}

const CHECK: Check = Check::of("NtmConfig");

impl Config for NtmConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let (hidden, layers) = self.controller.sizes();
        let sizes = [
            ("inputs", self.inputs),
            ("outputs", self.outputs),
            ("slots", self.slots),
            ("width", self.width),
            ("read_heads", self.read_heads),
            ("write_heads", self.write_heads),
            ("controller.hidden", hidden),
            ("controller.layers", layers),
        ];
        check_sizes(CHECK, &sizes)?;
        let range = self.shift_range;
        let most = (self.slots - 1) / 2;
        let shifts = 2 * range as u128 + 1;
        CHECK.that(
            range <= most,
            "slots",
            self.slots,
            format!("at least {shifts}, the number of shifts from -{range} to {range}"),
        )?;
        check_elements(CHECK, &sizes, self.elements())?;
        check_scales(CHECK, self.clip, self.similarity_eps)?;
        if let Sharpening::Divided(eps) = self.sharpening {
            check_within(CHECK, "sharpening", eps, EPS)?;
        }
        if let MemoryInit::Constant(x) = self.memory {
            check_within(CHECK, "memory", x, [-CLIP[1], CLIP[1]])?;
            self.check_symmetry()?;
        }
        CHECK.that(
            self.order == HeadOrder::Together || self.read_heads == self.write_heads,
            "order",
            format!("in-pairs with {} read and {} write heads", self.read_heads, self.write_heads),
            "together, or as many heads of either kind",
        )
    }
}

impl NtmConfig {
    /// The elements of all tensors of a machine.
    pub(crate) fn elements(&self) -> f64 {
        let f = |n: usize| n as f64;
        let [inputs, outputs, slots, width] =
            [self.inputs, self.outputs, self.slots, self.width].map(f);
        let [reads, writes, hidden] =
            [self.read_heads, self.write_heads, self.controller.sizes().0].map(f);
        let heads = reads + writes;
        let location = match self.addressing {
            Addressing::Full => 2.0 * f(self.shift_range) + 3.0,
            Addressing::Content => 0.0,
        };
        let parameters = heads * (width + 1.0 + location) + 2.0 * writes * width;
        let read = reads * width;
        self.controller.elements(inputs + read)
            + (hidden + 1.0) * parameters
            + (hidden + read + 1.0) * outputs
            + slots * width
            + heads * slots
            + read
    }

    /// Rows that are alike stay alike for ever, unless attention tells them apart: content cannot, because their similarities
    /// to any key are the same.
    fn check_symmetry(&self) -> Result<(), ConfigError> {
        let why = "its rows are alike, and nothing would ever tell them apart";
        CHECK.that(
            self.addressing == Addressing::Full,
            "memory",
            "constant",
            format!("learned or random with addressing by content: {why}"),
        )?;
        CHECK.that(
            self.shift_range >= 1 || self.attention != FirstAttention::FirstRow,
            "memory",
            "constant",
            format!(
                "learned or random with a first attention at the first row and no shifts: {why}"
            ),
        )?;
        CHECK.that(
            self.attention != FirstAttention::Nowhere,
            "memory",
            "constant",
            format!("learned or random with a first attention of nowhere: {why}"),
        )
    }
}

#[cfg(test)]
mod tests;
