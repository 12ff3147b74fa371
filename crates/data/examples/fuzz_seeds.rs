//! Writes small valid files into `fuzz/corpus/`, one folder a fuzz target, for the fuzzer to start from.

#[path = "../tests/suite/samples.rs"]
mod samples;

use std::path::Path;
use std::{fs, io};

use png::{BitDepth, ColorType};
use seedbed_data::npy;

fn main() -> io::Result<()> {
    let idx = [
        samples::idx(&[7]),
        samples::idx(&[2, 3]),
        samples::idx(&[2, 3, 4]),
        samples::idx(&[2, 3, 4, 5]),
        samples::idx(&[0, 28, 28]),
    ];
    write("idx", &idx)?;
    write("idx_gz", &idx.map(|bytes| samples::gzip(&bytes)))?;
    let columns = "{'descr': '>f8', 'fortran_order': True, 'shape': (1, 2)}";
    let header = [&b"\x93NUMPY\x02\x00"[..], &(columns.len() as u32).to_le_bytes()].concat();
    write(
        "npy",
        &[
            npy::encode(&[2, 3], &[0.5_f32; 6]),
            npy::encode(&[], &[7_u8]),
            [&header[..], columns.as_bytes(), &[0; 16]].concat(),
        ],
    )?;
    write("cifar", &[samples::cifar(1), samples::cifar(2)])?;
    write(
        "png",
        &[
            samples::drawing(15),
            samples::plain_png(5, 4, 9),
            samples::png(2, 2, ColorType::Indexed, BitDepth::One, &[0x40, 0x80]),
            samples::png(2, 2, ColorType::Rgba, BitDepth::Eight, &[7; 16]),
            samples::png(1, 2, ColorType::Grayscale, BitDepth::Sixteen, &[1, 2, 3, 4]),
        ],
    )?;
    let one = samples::zip(&[("b/Greek/character01/1.png", &samples::drawing(3))]);
    write("omniglot_zip", &[samples::omniglot(), one])
}

fn write(target: &str, files: &[Vec<u8>]) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    for (i, bytes) in files.iter().enumerate() {
        fs::write(folder.join(format!("seed-{i}")), bytes)?;
    }
    Ok(())
}
