//! Levels for a codebook of about a given size.

/// The paper's levels (table 1 and appendix A.4.1) for 2⁴, 2⁶, 2⁸ … codes. The appendix prints [7,5,5,5] for 2¹², which has 875 codes: a slip.
const TABLE: [(u32, &[u32]); 9] = [
    (4, &[5, 3]),
    (6, &[8, 8]),
    (8, &[8, 6, 5]),
    (9, &[8, 8, 8]),
    (10, &[8, 5, 5, 5]),
    (11, &[8, 8, 6, 5]),
    (12, &[7, 5, 5, 5, 5]),
    (14, &[8, 8, 8, 6, 5]),
    (16, &[8, 8, 8, 5, 5, 5]),
];

/// Levels whose product is near 2^`bits`: the paper's where it has some, else as many dimensions of 5 to 8 levels as come
/// nearest.
///
/// # Panics
/// If `bits` is 0 or above 63.
///
/// ```
/// use seedbed_quantizers::levels_for_bits;
/// assert_eq!(levels_for_bits(10), [8, 5, 5, 5]);
/// let size: u64 = levels_for_bits(18).iter().map(|&l| u64::from(l)).product();
/// assert!((size as f64).log2() > 17.9);
/// ```
#[track_caller]
pub fn levels_for_bits(bits: u32) -> Vec<u32> {
    assert!((1..=63).contains(&bits), "levels_for_bits: from 1 to 63 bits, got {bits}");
    if let Some((_, levels)) = TABLE.iter().find(|(b, _)| *b == bits) {
        return levels.to_vec();
    }
    if bits < 4 {
        return vec![1 << bits];
    }
    // The largest product that is not above 2^bits: eights, with some of them made fives, sixes and sevens.
    let target = f64::from(bits);
    let mut best: (f64, Vec<u32>) = (f64::NEG_INFINITY, Vec::new());
    for dims in bits.div_ceil(3)..=(f64::from(bits) / 5_f64.log2()) as u32 {
        for fives in 0..=dims {
            for sixes in 0..=dims - fives {
                for sevens in 0..=dims - fives - sixes {
                    let eights = dims - fives - sixes - sevens;
                    let counts = [(8, eights), (7, sevens), (6, sixes), (5, fives)];
                    let size: f64 =
                        counts.iter().map(|&(l, n)| f64::from(n) * f64::from(l).log2()).sum();
                    if size <= target + 1e-9 && size > best.0 + 1e-9 {
                        let levels = counts.iter().flat_map(|&(l, n)| vec![l; n as usize]);
                        best = (size, levels.collect());
                    }
                }
            }
        }
    }
    if best.1.is_empty() {
        // Five bits: two dimensions cannot have five levels each and stay below.
        let first = 1 << bits.div_ceil(2);
        return vec![first, 1 << (bits - bits.div_ceil(2))];
    }
    best.1
}
