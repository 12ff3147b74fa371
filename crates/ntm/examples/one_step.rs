//! One write and one read, number by number: what the chapter of the book walks through.
//!
//! `cargo run -p seedbed-ntm --example one_step`

use seedbed_autodiff::Tensor;
use seedbed_ntm::{Sharpening, memory};

// ANCHOR: all
const ROWS: usize = 6;
const WIDTH: usize = 2;
const ADDRESSING: memory::AddressingOptions = memory::AddressingOptions {
    shifts: Some(3),
    similarity_eps: 1e-6,
    sharpening: Sharpening::Normalized,
};

/// The parameters of a head: key k, strength β, gate g, shifts s for −1, 0, +1, sharpness γ; all but k before their activations.
struct Head {
    key: [f32; WIDTH],
    strength: f32,
    gate: f32,
    shifts: [f32; 3],
    sharpness: f32,
}

impl Head {
    /// Attention over the rows of a memory, after attention `before`.
    fn attention(&self, rows: &Tensor, before: &Tensor) -> Tensor {
        let Head { key: [k0, k1], strength, gate, shifts: [left, stay, right], sharpness } = *self;
        let raw = vec![k0, k1, strength, gate, left, stay, right, sharpness];
        memory::addressing(rows, &Tensor::new(raw, &[1, 1, WIDTH + 6]), before, ADDRESSING)
    }
}

fn main() {
    let rows = Tensor::full(&[1, ROWS, WIDTH], 1e-6);
    let first = Tensor::one_hot(&[0], ROWS).reshape(&[1, 1, ROWS]);
    show("attention before", &first);

    // Write: ignore content (gate closed), move on by one row, keep the attention sharp.
    let next_row = Head {
        key: [0.0, 0.0],
        strength: 0.0,
        gate: -20.0,
        shifts: [0.0, 0.0, 20.0],
        sharpness: 5.0,
    };
    let w = next_row.attention(&rows, &first);
    show("writes to", &w);
    let [erase, add] = [[1.0, 1.0], [0.9, -0.4]].map(|x| Tensor::new(x.to_vec(), &[1, 1, WIDTH]));
    let rows = memory::write(&rows, &w, &erase, &add);
    println!("memory {rows}");

    // Read: by content alone (gate open), a key that is like what was written but not the same.
    let looks_for = Head {
        key: [2.0, -1.0],
        strength: 20.0,
        gate: 20.0,
        shifts: [0.0, 20.0, 0.0],
        sharpness: 0.0,
    };
    let w = looks_for.attention(&rows, &first);
    show("reads from", &w);
    println!("read {}", memory::read(&rows, &w));
}

/// Attention as bars.
fn show(what: &str, attention: &Tensor) {
    println!("{what}:");
    for (row, &w) in attention.data().iter().enumerate() {
        println!("  row {row} {w:6.3} {}", "█".repeat((w * 40.0).round() as usize));
    }
}
// ANCHOR_END: all
