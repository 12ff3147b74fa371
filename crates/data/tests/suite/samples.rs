//! Small valid files to read, and to break.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use zip::write::SimpleFileOptions;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file of this shape with elements 0, 1, 2 …
pub(crate) fn idx(shape: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..shape.iter().product()).map(|i: u32| i as u8));
    bytes
}

/// CIFAR records with labels 0, 1, 2 … and pixels that tell channel, row and column apart.
pub(crate) fn cifar(records: usize) -> Vec<u8> {
    let record = |label: usize| {
        let pixels =
            (0..3).flat_map(|c| (0..32 * 32).map(move |i| (c * 80 + i / 32 + i % 32) as u8));
        std::iter::once(label as u8).chain(pixels).collect::<Vec<u8>>()
    };
    (0..records).flat_map(|i| record(i % 10)).collect()
}

pub(crate) fn png(
    width: u32,
    height: u32,
    color: png::ColorType,
    depth: png::BitDepth,
    data: &[u8],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![10, 20, 30, 200, 100, 0]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A grey image, all of one value.
pub(crate) fn plain_png(width: u32, height: u32, value: u8) -> Vec<u8> {
    let data = vec![value; (width * height) as usize];
    png(width, height, png::ColorType::Grayscale, png::BitDepth::Eight, &data)
}

/// A drawing as in Omniglot: 1 bit, white paper, with `rows` rows of ink at the top.
pub(crate) fn drawing(rows: usize) -> Vec<u8> {
    let line = 105_usize.div_ceil(8);
    let mut data = vec![0xff; line * 105];
    data[..rows * line].fill(0);
    png(105, 105, png::ColorType::Grayscale, png::BitDepth::One, &data)
}

pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

/// Two alphabets, three characters, five drawings, in an order that is not the names'.
pub(crate) fn omniglot() -> Vec<u8> {
    zip(&[
        ("images_background/", &[]),
        ("images_background/Latin/character02/0002_01.png", &drawing(2)),
        ("images_background/Latin/character01/0001_02.png", &drawing(105)),
        ("images_background/Latin/character01/0001_01.png", &drawing(0)),
        ("images_background/Greek/character01/0003_01.png", &drawing(15)),
        ("images_background/Greek/character01/0003_02.png", &drawing(30)),
        ("images_background/Greek/.DS_Store", b"noise"),
        ("__MACOSX/images_background/Greek/character01/._0003_01.png", b"noise"),
    ])
}
