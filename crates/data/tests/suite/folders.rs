//! PNG images, resizing, and folders of images.

use std::fs;

use ndarray::{Array3, array};
use png::{BitDepth, ColorType};
use seedbed_data::{Channels, DataError, FolderOptions, Limits, folder, png_image, resize};

use crate::samples;

fn decode(bytes: &[u8], channels: Channels) -> Array3<u8> {
    png_image::decode(bytes, channels, "x.png", Limits::default()).unwrap()
}

#[test]
fn every_kind_of_png() {
    let gray = samples::png(2, 1, ColorType::Grayscale, BitDepth::Eight, &[7, 200]);
    assert_eq!(decode(&gray, Channels::Gray), array![[[7], [200]]]);
    assert_eq!(decode(&gray, Channels::Rgb), array![[[7, 7, 7], [200, 200, 200]]]);

    let bits = samples::png(9, 2, ColorType::Grayscale, BitDepth::One, &[0b1010_0000, 0x80, 0, 0]);
    let image = decode(&bits, Channels::Gray);
    assert_eq!(image.dim(), (2, 9, 1));
    assert_eq!(image.iter().filter(|&&x| x == 255).count(), 3);
    assert_eq!((image[[0, 0, 0]], image[[0, 1, 0]], image[[0, 8, 0]]), (255, 0, 255));

    let rgb = samples::png(1, 2, ColorType::Rgb, BitDepth::Eight, &[255, 0, 0, 1, 2, 3]);
    assert_eq!(decode(&rgb, Channels::Rgb), array![[[255, 0, 0]], [[1, 2, 3]]]);
    // 0.299 · 255 = 76.2; 0.299 + 1.174 + 0.342 = 1.8
    assert_eq!(decode(&rgb, Channels::Gray), array![[[76]], [[2]]]);

    let rgba = samples::png(1, 1, ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 0]);
    assert_eq!(decode(&rgba, Channels::Rgb), array![[[1, 2, 3]]]);
    let gray_alpha = samples::png(1, 1, ColorType::GrayscaleAlpha, BitDepth::Eight, &[9, 0]);
    assert_eq!(decode(&gray_alpha, Channels::Gray), array![[[9]]]);
    let wide = samples::png(1, 1, ColorType::Grayscale, BitDepth::Sixteen, &[0x12, 0x34]);
    assert_eq!(decode(&wide, Channels::Gray), array![[[0x12]]]);
    let palette = samples::png(2, 1, ColorType::Indexed, BitDepth::One, &[0b0100_0000]);
    assert_eq!(decode(&palette, Channels::Rgb), array![[[10, 20, 30], [200, 100, 0]]]);
}

#[test]
fn a_png_that_announces_too_much_is_refused_before_it_takes_memory() {
    let mut bytes = samples::plain_png(4, 4, 0);
    // The header's width and height, with its checksum made right again.
    bytes[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x20, 0]);
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let complaint = |limit| {
        let limits = Limits { bytes: limit };
        png_image::decode(&bytes, Channels::Gray, "big.png", limits).unwrap_err().to_string()
    };
    assert!(complaint(1 << 20).contains("more than the limit of 262144 bytes"));
    assert!(complaint(1 << 30).contains("shape [8192, 16384] is announced, which"));
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn a_broken_png_names_the_file_and_a_byte() {
    let bytes = samples::plain_png(40, 40, 3);
    let error = png_image::decode(&bytes[..60], Channels::Gray, "cut.png", Limits::default());
    let DataError::Malformed { file, offset, .. } = error.unwrap_err() else { panic!() };
    assert_eq!(file.to_str(), Some("cut.png"));
    assert!((33..=60).contains(&offset), "{offset}");
    let error = png_image::decode(b"GIF89a", Channels::Gray, "x.gif", Limits::default());
    assert!(error.unwrap_err().to_string().contains("broken PNG image"));
}

#[test]
fn resize_by_area() {
    // 3 → 2: each new pixel covers one and a half old ones.
    let image = array![[[0], [60], [240]]];
    assert_eq!(resize(image.view(), [1, 2]), array![[[20], [180]]]);
    // Enlarging by a whole factor repeats.
    assert_eq!(
        resize(array![[[1], [9]]].view(), [2, 4]).into_raw_vec_and_offset().0,
        [1, 1, 9, 9, 1, 1, 9, 9]
    );
    // The mean stays, and so does what is even; channels do not mix.
    let even = Array3::from_shape_fn((105, 105, 2), |(_, _, c)| [255, 31][c]);
    let small = resize(even.view(), [28, 28]);
    assert_eq!(small, Array3::from_shape_fn((28, 28, 2), |(_, _, c)| [255, 31][c]));
    let gradient = Array3::from_shape_fn((105, 105, 1), |(y, x, _)| (y + x) as u8);
    let mean = |a: &Array3<u8>| a.iter().map(|&x| f64::from(x)).sum::<f64>() / a.len() as f64;
    assert!((mean(&gradient) - mean(&resize(gradient.view(), [28, 28]))).abs() < 0.1);
}

#[test]
fn a_folder_a_class() {
    let root = tempfile::tempdir().unwrap();
    for (class, name, bytes) in [
        ("dog", "b.png", samples::plain_png(3, 2, 2)),
        ("dog", "a.PNG", samples::plain_png(3, 2, 1)),
        ("cat", "z.png", samples::plain_png(3, 2, 3)),
        ("cat", ".hidden.png", b"nonsense".to_vec()),
        ("cat", "notes.txt", b"nonsense".to_vec()),
        (".git", "c.png", b"nonsense".to_vec()),
    ] {
        fs::create_dir_all(root.path().join(class)).unwrap();
        fs::write(root.path().join(class).join(name), bytes).unwrap();
    }
    fs::write(root.path().join("README"), "nonsense").unwrap();

    let set = folder::read(root.path(), FolderOptions::default()).unwrap();
    assert_eq!(set.class_names(), ["cat", "dog"]);
    assert_eq!(set.labels(), [0, 1, 1]);
    assert_eq!(set.images().dim(), (3, 2, 3, 1));
    let first: Vec<u8> = (0..3).map(|row| set.images()[[row, 0, 0, 0]]).collect();
    assert_eq!(first, [3, 1, 2]);

    // One image of another size: refused, unless all are resized.
    let odd = root.path().join("dog/c.png");
    fs::write(&odd, samples::plain_png(4, 4, 9)).unwrap();
    let complaint = folder::read(root.path(), FolderOptions::default()).unwrap_err().to_string();
    let expected = "byte 0: an image of 4×4 pixels; the others have 2×3";
    assert_eq!(complaint, format!("{}: {expected}", odd.display()));
    let options =
        FolderOptions { size: Some([5, 6]), channels: Channels::Rgb, ..Default::default() };
    assert_eq!(folder::read(root.path(), options).unwrap().images().dim(), (4, 5, 6, 3));

    let options = FolderOptions { size: Some([5, 6]), ..Default::default() };
    let options = FolderOptions { limits: Limits { bytes: 100 }, ..options };
    let complaint = folder::read(root.path(), options).unwrap_err().to_string();
    assert!(complaint.contains("more than the limit of 100 bytes"), "{complaint}");
    let options = FolderOptions { limits: Limits { bytes: 10 }, ..options };
    let complaint = folder::read(root.path(), options).unwrap_err().to_string();
    assert!(complaint.contains("byte 0: shape [7"), "{complaint}");
}

#[test]
fn folders_with_nothing_in_them() {
    let root = tempfile::tempdir().unwrap();
    let read = || folder::read(root.path(), FolderOptions::default()).unwrap_err().to_string();
    assert!(read().ends_with("byte 0: no subfolder in it"));
    fs::create_dir(root.path().join("empty")).unwrap();
    assert!(read().ends_with("empty: byte 0: no PNG image in it"));
}
