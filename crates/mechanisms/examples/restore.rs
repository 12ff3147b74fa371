//! Undoes what happened to pictures, without pairs: a folder of clean PNGs and a folder of corrupted ones in, restored ones out.
//! `cargo run --release -p seedbed-mechanisms --example restore -- clean corrupted restored --experts 4`
//!
//! Experts compete for the corrupted pictures, until each undoes one kind of corruption. The output folder gets every corrupted picture restored, under
//! its name; `winners.png`, a row of pictures an expert: corrupted ones above, restored below; `winners.csv`, which expert restored
//! which picture; and `experts.safetensors`, to restore further pictures with (`--load`).

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use seedbed_autodiff::Tensor;
use seedbed_data::{Channels, Limits, png_image, resize};
use seedbed_mechanisms::samples::Unpaired;
use seedbed_mechanisms::train::{TrainConfig, Trainer};
use seedbed_mechanisms::{Experts, Restored};
use seedbed_nn::Config as _;

/// Undoes what happened to pictures: learns from clean and corrupted ones, which need not be of the same things.
#[derive(Parser)]
#[command(name = "restore")]
pub struct Arguments {
    /// The folder of clean PNGs.
    clean: PathBuf,
    /// The folder of corrupted PNGs.
    corrupted: PathBuf,
    /// Where restored PNGs go; it is made if it does not exist.
    out: PathBuf,
    /// How many experts compete: as many as there are kinds of corruption, or a few more.
    #[arg(long, default_value_t = 10)]
    experts: usize,
    /// Steps of training.
    #[arg(long, default_value_t = 2000)]
    steps: u64,
    /// Pictures in a step.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Every picture is resized to a square of so many pixels; without it they must have one size.
    #[arg(long)]
    side: Option<usize>,
    /// In colour; else grey.
    #[arg(long)]
    colour: bool,
    /// Networks of half width: four times as fast.
    #[arg(long)]
    half: bool,
    /// The seed of weights and batches.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Does not train, but restores with these experts.
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
}

/// Pictures of a folder.
struct Folder {
    names: Vec<OsString>,
    /// `[n, h, w, channels]` on [0, 1].
    images: Tensor,
}

fn main() -> Result<()> {
    run(&Arguments::parse())
}

/// Everything; the tests call it, too.
pub fn run(arguments: &Arguments) -> Result<()> {
    for folder in [&arguments.clean, &arguments.corrupted] {
        ensure!(
            !same(folder, &arguments.out),
            "{} would be written over: restored pictures need a folder of their own",
            folder.display()
        );
    }
    let corrupted = read(&arguments.corrupted, arguments)?;
    ensure!(
        !corrupted.names.iter().any(|name| name == SHEET),
        "a corrupted picture is named {SHEET}, as the sheet of winners: name it otherwise"
    );
    let experts = match &arguments.load {
        Some(file) => Experts::load(file).with_context(|| format!("{}", file.display()))?.0,
        None => train(arguments, &corrupted.images)?,
    };
    let restored = experts.restore(&corrupted.images)?;
    let (out, display) = (&arguments.out, arguments.out.display());
    fs::create_dir_all(out).with_context(|| format!("cannot make {display}"))?;
    for (i, name) in corrupted.names.iter().enumerate() {
        write(&out.join(name), &restored.images.index(0, i as isize))?;
    }
    write(&out.join(SHEET), &sheet(&corrupted.images, &restored, experts.experts.len()))?;
    let mut table = String::from("file,expert,score\n");
    for (i, name) in corrupted.names.iter().enumerate() {
        let (expert, score) = (restored.experts[i][0], restored.scores[i]);
        table += &format!("\"{}\",{expert},{score}\n", name.to_string_lossy().replace('"', "\"\""));
    }
    let file = out.join("winners.csv");
    fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))?;
    for expert in 0..experts.experts.len() {
        let n = restored.experts.iter().filter(|by| by[0] == expert).count();
        println!("expert {expert}: {n} of {} pictures", corrupted.names.len());
    }
    println!("restored pictures are in {display}");
    Ok(())
}

fn train(arguments: &Arguments, corrupted: &Tensor) -> Result<Experts> {
    let clean = read(&arguments.clean, arguments)?;
    let data = Unpaired::new(clean.images, corrupted.clone())
        .context("clean and corrupted pictures do not fit each other")?;
    let config = TrainConfig {
        experts: arguments.experts,
        batch: arguments.batch,
        ..TrainConfig::default()
    };
    let config = if arguments.half { config.half() } else { config };
    let config = config.for_steps(arguments.steps.max(1)).for_images(data.image_shape()).check()?;
    let mut trainer = Trainer::<f32>::new(&config, &data, arguments.seed)?;
    while trainer.steps() < arguments.steps {
        let report = trainer.step(&data)?;
        if report.step.is_multiple_of(100) {
            println!("step {:5}: wins {:?}", report.step, report.wins);
        }
    }
    let experts = trainer.judged();
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    experts.save(&config, &arguments.out.join("experts.safetensors"))?;
    Ok(experts)
}

/// All PNGs of a folder, in the order of their names.
fn read(folder: &Path, arguments: &Arguments) -> Result<Folder> {
    let display = folder.display();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read the folder {display}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read the folder {display}"))?.file_name();
        let is_png = Path::new(&name).extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
        if is_png && !name.as_encoded_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "{display} holds no PNG");
    let channels = if arguments.colour { Channels::Rgb } else { Channels::Gray };
    let (mut pixels, mut shape) = (Vec::new(), None::<[usize; 3]>);
    for name in &names {
        let file = folder.join(name);
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut image = png_image::decode(&bytes, channels, &file, Limits::default())?;
        if let Some(side) = arguments.side {
            ensure!(side > 0, "--side is 0, but should be at least 8");
            image = resize(image.view(), [side; 2]);
        }
        let of_image = [0, 1, 2].map(|axis| image.shape()[axis]);
        match shape {
            Some(first) if first != of_image => bail!(
                "{} has {}×{} pixels, but {} has {}×{}: give --side",
                file.display(),
                of_image[1],
                of_image[0],
                folder.join(&names[0]).display(),
                first[1],
                first[0]
            ),
            _ => shape = Some(of_image),
        }
        pixels.extend(image.iter().map(|&x| f32::from(x) / 255.0));
    }
    let [h, w, c] = shape.context("at least one picture was read")?;
    Ok(Folder { images: Tensor::new(pixels, &[names.len(), h, w, c]), names })
}

/// Whether both are there, and are one file.
fn same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The sheet's name.
const SHEET: &str = "winners.png";
/// Pictures of an expert on the sheet.
const COLUMNS: usize = 12;

/// For each expert the first pictures that it won: corrupted ones, and restored below.
fn sheet(corrupted: &Tensor, restored: &Restored, experts: usize) -> Tensor {
    let &[_, h, w, c] = corrupted.shape() else { unreachable!("pictures have four axes") };
    let empty = Tensor::full(&[h, w, c], 0.5);
    let mut rows = Vec::new();
    for expert in 0..experts {
        let won = (0..restored.experts.len()).filter(|&i| restored.experts[i][0] == expert);
        let won: Vec<usize> = won.take(COLUMNS).collect();
        for images in [corrupted, &restored.images] {
            let mut row: Vec<Tensor> = won.iter().map(|&i| images.index(0, i as isize)).collect();
            row.resize(COLUMNS, empty.clone());
            rows.push(Tensor::concat(&row, 1));
        }
    }
    Tensor::concat(&rows, 0)
}

/// Writes a picture `[h, w, 1 or 3]` on [0, 1].
fn write(file: &Path, image: &Tensor) -> Result<()> {
    let &[h, w, c] = image.shape() else { bail!("a picture has three axes") };
    let cannot = || format!("cannot write {}", file.display());
    let mut encoder =
        png::Encoder::new(File::create(file).with_context(cannot)?, w as u32, h as u32);
    encoder.set_color(if c == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    encoder.set_depth(png::BitDepth::Eight);
    let shade = |x: &f32| (255.0 * x.clamp(0.0, 1.0)).round() as u8;
    let bytes: Vec<u8> = image.data().iter().map(shade).collect();
    encoder.write_header().and_then(|mut w| w.write_image_data(&bytes)).with_context(cannot)
}
