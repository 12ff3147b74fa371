//! The example `restore`, from folders to a folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};
use seedbed_autodiff::Rng;

#[path = "../../examples/restore.rs"]
#[allow(dead_code, unreachable_pub)]
mod example;

use example::{Arguments, run};

const SIDE: usize = 8;

fn write(file: &Path, side: usize, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(File::create(file).unwrap(), side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// Width, height and pixels.
fn read(file: &Path) -> (u32, u32, Vec<u8>) {
    let decoder = png::Decoder::new(std::io::BufReader::new(File::open(file).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

/// A bright bar on black, at a random height.
fn bar(rng: &mut Rng) -> Vec<u8> {
    let (top, bright) = (1 + rng.below(4), 180 + rng.below(60) as u8);
    (0..SIDE * SIDE)
        .map(|at| {
            let (row, column) = (at / SIDE, at % SIDE);
            if (top..top + 2).contains(&row) && (1..7).contains(&column) { bright } else { 0 }
        })
        .collect()
}

/// Clean bars, and other bars inverted.
fn folders(folder: &Path) {
    let rng = &mut Rng::new(1);
    for name in ["clean", "corrupted"] {
        fs::create_dir(folder.join(name)).unwrap();
        for i in 0..24 {
            let bar = bar(rng);
            let inverted = bar.iter().map(|x| 255 - x).collect();
            let pixels = if name == "clean" { bar } else { inverted };
            write(&folder.join(name).join(format!("{i:02}.png")), SIDE, &pixels);
        }
    }
}

/// Runs the example on folders of `folder`: its message, if it fails.
fn restore(folder: &Path, folders: [&str; 3], options: &[&str]) -> Result<(), String> {
    let folders = folders.map(|name| folder.join(name).into_os_string());
    let arguments = [OsString::from("restore")].into_iter().chain(folders);
    let arguments = arguments.chain(options.iter().map(OsString::from));
    let arguments = Arguments::try_parse_from(arguments).map_err(|error| error.to_string())?;
    run(&arguments).map_err(|error| format!("{error:#}"))
}

#[test]
fn folders_to_restored_pictures_and_a_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    folders(folder);
    let options = ["--experts", "2", "--batch", "8", "--half", "--steps", "40"];
    restore(folder, ["clean", "corrupted", "out"], &options).unwrap();
    // Inverted bars were bright on the whole; clean ones are dark.
    let mean = |folder_name: &str| {
        let of = |i: usize| {
            let (w, h, pixels) = read(&folder.join(folder_name).join(format!("{i:02}.png")));
            assert_eq!((w, h), (8, 8));
            pixels.iter().map(|&x| f64::from(x)).sum::<f64>() / 64.0
        };
        (0..24).map(of).sum::<f64>() / 24.0
    };
    let (before, after, clean) = (mean("corrupted"), mean("out"), mean("clean"));
    assert!((after - clean).abs() < 0.5 * (before - clean).abs(), "{before} {after} {clean}");
    let (w, h, _) = read(&folder.join("out/winners.png"));
    assert_eq!((w, h), (12 * 8, 2 * 2 * 8));
    let table = fs::read_to_string(folder.join("out/winners.csv")).unwrap();
    assert_eq!(table.lines().count(), 25);
    assert!(table.starts_with("file,expert,score\n\"00.png\","), "{table}");

    // Further pictures, with the same experts: the same result.
    let experts = folder.join("out/experts.safetensors");
    let load = ["--load", experts.to_str().unwrap()];
    restore(folder, ["clean", "corrupted", "again"], &load).unwrap();
    assert_eq!(read(&folder.join("again/07.png")), read(&folder.join("out/07.png")));
}

#[test]
fn what_cannot_be_restored_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    folders(folder);
    let help = Arguments::command().render_help().to_string();
    assert!(help.contains("--experts") && help.contains("Undoes what happened"), "{help}");
    let fails = |folders, options: &[&str]| restore(folder, folders, options).unwrap_err();
    assert!(fails(["nowhere", "corrupted", "out"], &[]).contains("cannot read the folder"));
    fs::create_dir(folder.join("empty")).unwrap();
    assert!(fails(["clean", "empty", "out"], &[]).contains("empty holds no PNG"));
    let over = fails(["clean", "corrupted", "corrupted"], &[]);
    assert!(over.contains("corrupted would be written over"), "{over}");
    let both = ["clean", "corrupted", "out"];
    assert!(fails(both, &["--experts", "0"]).contains("experts is 0"));
    let few = fails(both, &["--batch", "100"]);
    assert!(few.contains("at least 100 images, a batch"), "{few}");
    assert!(fails(both, &["--experts", "many"]).contains("invalid value 'many'"));
    fs::write(folder.join("clean/x.png"), b"no picture").unwrap();
    assert!(fails(both, &[]).contains("x.png"));
    write(&folder.join("clean/x.png"), 4, &[0; 16]);
    let sizes = fails(both, &[]);
    assert!(sizes.contains("has 4×4 pixels, but") && sizes.contains("give --side"), "{sizes}");
    // Nothing was written.
    assert!(!folder.join("out").exists());
}
