//! A machine that was trained to copy up to 20 vectors copies many more: `cargo run --release --example copy -- 120`.
//!
//! Draws what its heads do into `copy-120.png`; a second argument names another file.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use seedbed_autodiff::Rng;
use seedbed_data::tasks::{Copy, SequenceTask};
use seedbed_ntm::{Ntm, Picture};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let length: usize = arguments.next().as_deref().unwrap_or("120").parse()?;
    let file = arguments.next().map_or_else(|| format!("copy-{length}.png").into(), PathBuf::from);

    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/copy.safetensors");
    let mut ntm = Ntm::<f32>::load(&model)?;
    if let Err(error) = ntm.check_capacity(length) {
        let slots = length.next_power_of_two();
        println!("{error}: taking {slots}");
        ntm = ntm.with_slots(slots)?;
    }

    let task = Copy { lengths: length..=length, ..Default::default() };
    task.check()?;
    let batch = task.sample(1, &mut Rng::new(1));
    let (logits, trace) = ntm.forward_traced(&batch.inputs);
    let (bits, wrong) = (batch.bits(&logits).item(), batch.bit_errors(&logits)[0]);
    println!(
        "{length} vectors: {wrong} of {} bits wrong, {bits:.2} bits",
        batch.bits_per_sequence()
    );

    let zoom = (600 / batch.steps()).clamp(1, 8);
    write_png(&trace.picture(&batch.inputs, &logits.sigmoid(), 0, zoom), &file)?;
    println!("drawn to {}", file.display());
    Ok(())
}

fn write_png(picture: &Picture, file: &Path) -> Result<(), Box<dyn Error>> {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let mut encoder = png::Encoder::new(File::create(file)?, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header()?.write_image_data(&picture.pixels)?;
    Ok(())
}
