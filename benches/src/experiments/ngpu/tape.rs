//! The state of a string over time, as a picture.

use std::collections::BTreeMap;

use anyhow::Result;
use seedbed::data::strings::Example;
use seedbed::neural_gpu::DiagonalGpu;
use seedbed::neural_gpu::automaton::{Automaton, Halt};

use crate::figure::{Figure, Image};

/// Pixels a cell and step.
const SIDE: usize = 8;

/// A row a step, from the start until nothing changes; a shade a state, the same for cells in the same state.
pub(super) fn picture(model: &DiagonalGpu, example: &Example, what: &str) -> Result<Figure> {
    let mut automaton = Automaton::new(model)?;
    let mut rows = Vec::new();
    loop {
        let run = automaton.run(&example.input, Halt::AfterSteps(rows.len()))?;
        let settled = run.settled || rows.len() > 2 * example.len();
        rows.push(run.states);
        if settled {
            break;
        }
    }
    let mut shades = BTreeMap::new();
    for &state in rows.iter().flatten() {
        let next = shades.len();
        shades.entry(state).or_insert(next);
    }
    let shade = |state| (255 - shades[&state] * 230 / shades.len().max(1)) as u8;
    let (width, height) = (example.len() * SIDE, rows.len() * SIDE);
    let pixel = |i: usize| shade(rows[i / width / SIDE][i % width / SIDE]);
    let pixels = (0..width * height).map(pixel).collect();
    let caption = format!("{what}; lowest bit left, {} steps down", rows.len() - 1);
    let image = Image::grey(width, height, pixels, &caption);
    let about = "Each shade is a state of a cell.";
    Ok(Figure::images("A carry on its way", about, 1, vec![image]).wide(width as f64))
}
