//! Levels of numbers, and indices of levels, block by block.

use seedbed_kernels::simd::Kernel;

use super::Axis;
use crate::{Index, Radix};

/// Numbers in a block, about: they and their levels stay in the first-level cache.
const BLOCK: usize = 128;

/// The most levels whose thresholds are all compared with; more are searched for.
const COMPARED: u32 = 24;

/// A grid, laid out for its loops.
///
/// A number's level is how many thresholds it reaches. As numbers of a vector have different levels, thresholds are repeated for the
/// vectors of a block: then one plain loop goes over all numbers of a block.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) axes: Vec<Axis>,
    /// Vectors in a block.
    vectors: usize,
    /// One block after the other: the first threshold of every number, the second … Infinite where there is none.
    thresholds: Vec<f32>,
    /// The thresholds of each dimension, in order, where there are many.
    searched: Vec<Vec<f32>>,
}

impl Grid {
    pub(super) fn new(axes: Vec<Axis>) -> Self {
        let vectors = (BLOCK / axes.len()).max(1);
        let most = axes.iter().map(|a| a.levels).max().unwrap_or(0);
        let lists: Vec<Vec<f32>> = axes.iter().map(|a| a.thresholds().collect()).collect();
        if most > COMPARED {
            return Self { axes, vectors, thresholds: Vec::new(), searched: lists };
        }
        let mut thresholds = Vec::new();
        for k in 0..most as usize - 1 {
            for _ in 0..vectors {
                thresholds.extend(lists.iter().map(|t| t.get(k).copied().unwrap_or(f32::INFINITY)));
            }
        }
        Self { axes, vectors, thresholds, searched: Vec::new() }
    }

    /// About how many scalar operations a vector costs.
    pub(super) fn work(&self) -> usize {
        let blocks = self.thresholds.len() / (self.vectors * self.axes.len());
        self.axes.len() * (4 + blocks.max(16))
    }
}

/// Levels of some vectors, their indices, and their values unless there is no room for them. Returns whether all numbers are finite.
pub(super) struct Encode<'a, I> {
    pub(super) grid: &'a Grid,
    pub(super) radix: &'a Radix,
    pub(super) x: &'a [f32],
    pub(super) values: &'a mut [f32],
    pub(super) indices: &'a mut [I],
}

impl<I: Index> Kernel for Encode<'_, I> {
    type Out = bool;

    #[inline(always)]
    fn run<const FMA: bool>(self) -> bool {
        let (dim, block) = (self.grid.axes.len(), self.grid.vectors * self.grid.axes.len());
        // A vector has at most 63 numbers: more would make more than 2⁶³ codes.
        let mut levels = [0_u32; BLOCK];
        let mut finite = true;
        let mut values = self.values.chunks_mut(block);
        for (x, indices) in self.x.chunks(block).zip(self.indices.chunks_mut(self.grid.vectors)) {
            let levels = &mut levels[..x.len()];
            finite &= levels_of(self.grid, x, levels);
            for (index, levels) in indices.iter_mut().zip(levels.chunks_exact(dim)) {
                *index = index_of(levels, self.radix.basis());
            }
            if let Some(values) = values.next() {
                for (values, levels) in values.chunks_exact_mut(dim).zip(levels.chunks_exact(dim)) {
                    for ((value, &level), axis) in
                        values.iter_mut().zip(levels).zip(&self.grid.axes)
                    {
                        *value = axis.value(level);
                    }
                }
            }
        }
        finite
    }
}

#[inline(always)]
fn index_of<I: Index>(levels: &[u32], basis: &[u64]) -> I {
    if I::BITS == 32 {
        // All of it stays below 2³².
        let sum = levels
            .iter()
            .zip(basis)
            .fold(0_u32, |sum, (&level, &step)| sum.wrapping_add(level.wrapping_mul(step as u32)));
        return I::of(u64::from(sum));
    }
    I::of(levels.iter().zip(basis).map(|(&level, &step)| u64::from(level) * step).sum())
}

/// Writes the levels of the numbers of a block, and tells whether all of them are finite.
#[inline(always)]
fn levels_of(grid: &Grid, x: &[f32], levels: &mut [u32]) -> bool {
    if grid.searched.is_empty() {
        levels.fill(0);
        let block = grid.vectors * grid.axes.len();
        for thresholds in grid.thresholds.chunks_exact(block) {
            for ((level, &x), &t) in levels.iter_mut().zip(x).zip(thresholds) {
                *level += u32::from(x >= t);
            }
        }
    } else {
        let dim = grid.axes.len();
        for (levels, x) in levels.chunks_exact_mut(dim).zip(x.chunks_exact(dim)) {
            for ((level, x), thresholds) in levels.iter_mut().zip(x).zip(&grid.searched) {
                *level = thresholds.partition_point(|t| x >= t) as u32;
            }
        }
    }
    x.iter().fold(0_u32, |good, &x| good + u32::from(x.abs() <= f32::MAX)) == x.len() as u32
}
