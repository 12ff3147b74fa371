//! A photograph becomes tokens and a photograph again: `cargo run --release --example photo -- photo.png`.
//!
//! A tokenizer learns the patches of the photograph itself, the tokens go to `photo.tokens` (packed bits), and what they decode to
//! to `photo-decoded.png`. More arguments: the side of a patch, and how many steps to train.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use seedbed_autodiff::{Rng, Tensor, value_and_grad_aux};
use seedbed_nn::Config;
use seedbed_nn::optim::{AdamW, AdamWConfig};
use seedbed_quantizers::pack::{bits_for, pack};
use seedbed_quantizers::tokenizer::{Architecture, Tokenizer, TokenizerConfig};
use seedbed_quantizers::train::{FsqConfig, Learner, LearnerConfig};

/// Patches of a batch.
const BATCH: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next().map(PathBuf::from) else {
        return Err("which photograph? give a PNG file".into());
    };
    let patch: usize = arguments.next().as_deref().unwrap_or("4").parse()?;
    let steps: usize = arguments.next().as_deref().unwrap_or("1000").parse()?;
    let photo = read(&file, patch)?;
    let rng = &mut Rng::new(1);
    let config = TokenizerConfig {
        channels: 3,
        architecture: Architecture::PatchMlp { patch, hidden: 128, layers: 1 },
        latent: 16,
        quantizer: LearnerConfig::Fsq(FsqConfig { codebooks: 2, ..FsqConfig::default() }),
        ..TokenizerConfig::default()
    };
    let mut tokenizer = Tokenizer::<f32>::new(&config.check()?, rng);
    let config = AdamWConfig { lr: 2e-3, weight_decay: 0.0, ..AdamWConfig::default() };
    let mut optimizer = AdamW::new(&tokenizer, config.check()?);
    for step in 1..=steps {
        let x = patches(&photo, patch, rng);
        let (loss, seen, gradient) = value_and_grad_aux(&tokenizer, |tokenizer| {
            let out = tokenizer.forward_train(&x, rng);
            ((&out.pictures - &x).square().mean(..) + out.losses.total(), out.seen)
        });
        // To nothing at the end: the last steps only polish.
        let rate = 1.0 - (step - 1) as f64 / steps as f64;
        optimizer.step_scaled(&mut tokenizer, &gradient, rate);
        tokenizer.quantizer.update(&seen, rng);
        if step % 100 == 0 {
            println!("step {step:5}: {:.2} dB", -10.0 * loss.item().log10());
        }
    }

    let tokens = tokenizer.encode(&photo)?;
    let bits = bits_for(tokenizer.quantizer.freeze()?.codebook_size(0));
    let flat: Vec<u64> = tokens.iter().copied().collect();
    let bytes = pack((&flat).into(), bits)?;
    let decoded = tokenizer.decode(&tokens)?;
    let pixels = photo.shape()[1] * photo.shape()[2];
    let error = (&decoded - &photo).square().mean(..).item();
    println!(
        "{} tokens, {:.3} bits a pixel ({:.3} packed), PSNR {:.2} dB",
        flat.len(),
        tokenizer.bits_per_pixel()?,
        bytes.len() as f64 * 8.0 / pixels as f64,
        -10.0 * error.log10()
    );
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let (packed, picture) = (format!("{stem}.tokens"), format!("{stem}-decoded.png"));
    std::fs::write(&packed, bytes)?;
    write(&decoded, Path::new(&picture))?;
    println!("{packed} and {picture}");
    Ok(())
}

/// Random patches of a photograph, as pictures of one patch each.
fn patches(photo: &Tensor, side: usize, rng: &mut Rng) -> Tensor {
    let &[_, height, width, channels] = photo.shape() else { unreachable!("a photograph") };
    let mut out = Vec::with_capacity(BATCH * side * side * channels);
    for _ in 0..BATCH {
        let (top, left) = (rng.below(height - side + 1), rng.below(width - side + 1));
        for row in top..top + side {
            let from = (row * width + left) * channels;
            out.extend_from_slice(&photo.data()[from..from + side * channels]);
        }
    }
    Tensor::new(out, &[BATCH, side, side, channels])
}

/// A photograph on [0, 1], its sides cut to multiples of the patch's.
fn read(file: &Path, patch: usize) -> Result<Tensor, Box<dyn Error>> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(file)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut bytes = vec![0; reader.output_buffer_size().ok_or("too large a picture")?];
    let info = reader.next_frame(&mut bytes)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let samples = info.color_type.samples();
    let (rows, columns) = (height / patch * patch, width / patch * patch);
    let mut pixels = Vec::with_capacity(rows * columns * 3);
    for row in 0..rows {
        for column in 0..columns {
            let pixel = &bytes[(row * width + column) * samples..][..samples];
            // Grey has one sample; transparency comes last.
            let colours = if samples < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
            pixels.extend(colours.map(|c| f32::from(c) / 255.0));
        }
    }
    Ok(Tensor::new(pixels, &[1, rows, columns, 3]))
}

fn write(picture: &Tensor, file: &Path) -> Result<(), Box<dyn Error>> {
    let &[_, height, width, _] = picture.shape() else { unreachable!("a photograph") };
    let mut encoder = png::Encoder::new(File::create(file)?, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let bytes: Vec<u8> =
        picture.data().iter().map(|x| (x.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    encoder.write_header()?.write_image_data(&bytes)?;
    Ok(())
}
