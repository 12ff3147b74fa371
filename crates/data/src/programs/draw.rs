//! How names and numbers of programs are drawn.

use std::collections::HashSet;

use num_bigint::BigUint;
use seedbed_kernels::Rng;

use super::NAME_BITS;
use crate::strings::Operands;

/// How numbers are drawn.
#[derive(Clone, Copy)]
pub(super) struct Draw {
    /// The bits of a number that is given.
    pub(super) digits: usize,
    /// The bits of an answer.
    pub(super) cells: usize,
    /// The share of numbers of a tough kind, and of names that are easily mistaken.
    pub(super) tough: f64,
}

impl Draw {
    /// Names that differ; a tough one differs from an earlier one in one bit, if that is still free.
    pub(super) fn names(self, n: usize, rng: &mut Rng) -> Vec<u16> {
        let mut seen = HashSet::new();
        let mut names: Vec<u16> = Vec::with_capacity(n);
        while names.len() < n {
            let mut name = rng.below(1 << NAME_BITS) as u16;
            if !names.is_empty() && rng.bernoulli(self.tough) {
                let alike = names[rng.below(names.len())] ^ (1 << rng.below(NAME_BITS));
                if !seen.contains(&alike) {
                    name = alike;
                }
            }
            if seen.insert(name) {
                names.push(name);
            }
        }
        names
    }

    /// Numbers of `digits` bits; neighbours are the two operands of a tough addition now and then.
    pub(super) fn numbers(self, n: usize, rng: &mut Rng) -> Vec<Vec<u8>> {
        let mut numbers = Vec::with_capacity(n + 1);
        while numbers.len() < n {
            numbers.extend(self.kind(rng).draw(self.digits, 2, rng));
        }
        numbers.truncate(n);
        numbers
    }

    /// What is booked on an account with this balance: a tough number is often one that carries across all of the balance.
    pub(super) fn booking(self, balance: &BigUint, rng: &mut Rng) -> Vec<u8> {
        let kind = self.kind(rng);
        if kind == Operands::Uniform || rng.bernoulli(0.5) {
            return kind.draw(self.digits, 2, rng)[0].clone();
        }
        let balance = bits(balance, self.cells);
        let mut amount: Vec<u8> = balance[..self.digits].iter().map(|bit| 1 - bit).collect();
        // One more than the complement carries across all bits.
        if amount[0] == 0 && rng.bernoulli(0.5) {
            amount[0] = 1;
        }
        amount
    }

    /// Two items, different ones if there are two; half of the tough ones are neighbours, whose numbers were drawn together.
    pub(super) fn two(self, items: usize, rng: &mut Rng) -> (usize, usize) {
        let i = rng.below(items);
        if rng.bernoulli(0.5 * self.tough) && i ^ 1 < items {
            return (i, i ^ 1);
        }
        let j = if items > 1 { (i + 1 + rng.below(items - 1)) % items } else { i };
        (i, j)
    }

    fn kind(self, rng: &mut Rng) -> Operands {
        if rng.bernoulli(self.tough) {
            Operands::TOUGH[rng.below(Operands::TOUGH.len())]
        } else {
            Operands::Uniform
        }
    }
}

/// The number that bits say, the least significant first.
pub(super) fn number(bits: &[u8]) -> BigUint {
    BigUint::from_radix_le(bits, 2).expect("bits are 0 or 1")
}

/// The lowest `cells` bits of a number; it has no others.
pub(super) fn bits(number: &BigUint, cells: usize) -> Vec<u8> {
    let mut bits = number.to_radix_le(2);
    debug_assert!(number.bits() <= cells as u64, "{cells} bits have no room for {number}");
    bits.resize(cells, 0);
    bits
}
