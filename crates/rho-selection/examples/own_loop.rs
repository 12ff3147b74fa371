//! Selection in a training loop of your own: no engine, irreducible losses from a file.

// ANCHOR: all
use std::fs::{self, File};
use std::io::{BufWriter, Write};

use seedbed_rho_selection::store::import;
use seedbed_rho_selection::{
    Candidates, IrreducibleLosses, Known, Origin, SelectionConfig, Selector, TelemetryWriter,
};

const EXAMPLES: u64 = 32_000;
/// Whatever tells your data set from others.
const FINGERPRINT: u64 = 0x5eed;

/// Your data: a number, the side of 0.2 on which it lies, and whether that label was flipped (one in ten is).
fn example(id: u64) -> (f32, bool, bool) {
    let hash = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (hash >> 40) as f32 / (1 << 23) as f32 - 1.0;
    let flipped = (hash >> 8).is_multiple_of(10);
    (x, (x > 0.2) != flipped, flipped)
}

/// Your model: logistic regression, p(y | x) = σ(±(a x + b)).
struct Model {
    a: f32,
    b: f32,
}

impl Model {
    fn margin(&self, id: u64) -> f32 {
        let (x, y, _) = example(id);
        (self.a * x + self.b) * if y { 1.0 } else { -1.0 }
    }

    fn loss(&self, id: u64) -> f32 {
        (-self.margin(id)).exp().ln_1p()
    }

    fn learn(&mut self, id: u64, rate: f32) {
        let (x, y, _) = example(id);
        let slope = rate * (if y { 1.0 } else { -1.0 }) / (1.0 + self.margin(id).exp());
        self.a += slope * x;
        self.b += slope;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("own-loop-{}", std::process::id()));
    fs::create_dir_all(&dir)?;

    // Any program may have computed the losses of a reference model. Here it is one that knows the rule, and that one label in ten is wrong.
    let mut csv = BufWriter::new(File::create(dir.join("reference.csv"))?);
    writeln!(csv, "id,loss")?;
    for id in 0..EXAMPLES {
        let probability: f32 = if example(id).2 { 0.1 } else { 0.9 };
        writeln!(csv, "{id},{}", -probability.ln())?;
    }
    csv.into_inner()?.sync_all()?;

    // Once: into a file that is mapped into memory, however large it is.
    let origin = Origin {
        fingerprint: FINGERPRINT,
        data_set: "sides of 0.2".into(),
        model: "the rule itself".into(),
    };
    import::csv(dir.join("reference.csv"), "id", "loss")?.save(dir.join("train.il"), &origin)?;

    // Before training: what can be wrong with files, settings and ids is found here, not in the middle of it.
    let irreducible = IrreducibleLosses::open_for(dir.join("train.il"), FINGERPRINT)?;
    irreducible.verify()?;
    let mut selector = Selector::new(SelectionConfig::default().check()?, irreducible)?;
    let all: Vec<u64> = (0..EXAMPLES).collect();
    selector.check_ids(&all)?;

    let mut log = TelemetryWriter::new(BufWriter::new(File::create(dir.join("selection.jsonl"))?));
    let mut model = Model { a: 0.0, b: 0.0 };
    let mut wrong = 0.0;
    for (step, ids) in all.chunks(320).enumerate() {
        // A forward pass over the candidates …
        let losses: Vec<f32> = ids.iter().map(|&id| model.loss(id)).collect();
        let flipped: Vec<bool> = ids.iter().map(|&id| example(id).2).collect();
        let known = Known { corrupted: Some(&flipped), ..Default::default() };
        // … a choice …
        let chosen = selector.select(&Candidates::new(ids, &losses).known(known))?;
        // … and a step on the chosen.
        let rate = 1.0 / chosen.indices.len() as f32;
        for (&i, &weight) in chosen.indices.iter().zip(&chosen.weights) {
            model.learn(ids[i], rate * weight);
        }
        log.write(&chosen.telemetry)?;
        wrong += chosen.telemetry.corrupted.map_or(0.0, |share| share.picked * ids.len() as f64);
        if step == 49 {
            // With your checkpoint goes the selector's state: the settings, and the step.
            fs::write(dir.join("selector.json"), serde_json::to_vec(&selector.state())?)?;
        }
    }
    log.flush()?;

    let right = all.iter().filter(|&&id| (model.margin(id) > 0.0) != example(id).2).count();
    let share = 100.0 * wrong / EXAMPLES as f64;
    println!("{share:.1} % of the chosen had a flipped label; of all, 10 % have");
    println!("{:.1} % of the sides are told right", 100.0 * right as f64 / EXAMPLES as f64);
    fs::remove_dir_all(dir)?;
    Ok(())
}
// ANCHOR_END: all
