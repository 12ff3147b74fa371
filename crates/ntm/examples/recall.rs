//! A machine that was trained on 2 to 6 items recalls one of more: `cargo run --release --example recall -- 10`.
//!
//! Shows the first of 100 sequences, and says how many bits of all are wrong.

use std::error::Error;
use std::path::Path;

use seedbed_autodiff::{Rng, Tensor};
use seedbed_data::tasks::{AssociativeRecall, SequenceTask};
use seedbed_ntm::Ntm;

fn main() -> Result<(), Box<dyn Error>> {
    let items: usize = std::env::args().nth(1).as_deref().unwrap_or("6").parse()?;
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/recall.safetensors");
    // The paper's 128 rows, or more: an item is three vectors and a delimiter, and the machine may write at each.
    let ntm = Ntm::<f32>::load(&model)?.with_slots((4 * items).next_power_of_two().max(128))?;

    let task = AssociativeRecall { items: items..=items, ..Default::default() };
    task.check()?;
    let batch = task.sample(100, &mut Rng::new(1));
    let logits = ntm.forward(&batch.inputs);
    let said = logits.slice(0, batch.answers.start as isize..batch.answers.end as isize).sigmoid();
    println!("one of {items} items, asked for and said:");
    for step in 0..batch.answers.len() as isize {
        let line = |x: &Tensor| -> String {
            x.index(0, step)
                .index(0, 0)
                .data()
                .iter()
                .map(|&bit| if bit > 0.5 { '1' } else { '0' })
                .collect()
        };
        println!("{}  {}", line(&batch.targets), line(&said));
    }
    let wrong: usize = batch.bit_errors(&logits).iter().sum();
    let all = batch.sequences() * batch.bits_per_sequence();
    let bits = batch.bits(&logits).item();
    println!("100 sequences: {wrong} of {all} bits wrong, {bits:.3} bits a sequence");
    Ok(())
}
