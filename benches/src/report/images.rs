//! A grid of small pictures, each an embedded PNG.

use super::svg::{Anchor, Svg};
use crate::figure::Image;

const GAP: f64 = 8.0;
const CAPTION: f64 = 16.0;

/// Each picture is `side` wide on the page, whatever its pixels.
pub(super) fn draw(columns: usize, side: f64, images: &[Image]) -> String {
    let tall = |image: &Image| side * image.height as f64 / image.width.max(1) as f64;
    let height = images.iter().map(tall).fold(0.0, f64::max);
    let captioned = images.iter().any(|image| !image.caption.is_empty());
    let pitch = height + GAP + if captioned { CAPTION } else { 0.0 };
    let rows = images.len().div_ceil(columns);
    let across = columns.min(images.len()) as f64;
    let mut svg = Svg::new(GAP + across * (side + GAP), GAP + rows as f64 * pitch);
    for (i, image) in images.iter().enumerate() {
        let x = GAP + (i % columns) as f64 * (side + GAP);
        let y = GAP + (i / columns) as f64 * pitch;
        let data = base64(&png(image));
        svg.raw(&format!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side}\" height=\"{:.1}\" \
             preserveAspectRatio=\"none\" href=\"data:image/png;base64,{data}\"/>",
            tall(image)
        ));
        if image.marked {
            svg.rect("frame", [x - 2.0, y - 2.0], [side + 4.0, tall(image) + 4.0]);
        }
        let below = [x + side / 2.0, y + height + 14.0];
        svg.text("tick", below, Anchor::Middle, &image.caption);
    }
    svg.finish()
}

/// The picture as an 8-bit grey PNG.
fn png(image: &Image) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width as u32, image.height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let written = encoder.write_header().and_then(|mut w| w.write_image_data(&image.pixels));
    written.expect("a grey picture of width × height bytes can be written to memory");
    bytes
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standards() {
        // The test vectors of RFC 4648, section 10.
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn a_picture_survives_its_png() {
        let pixels: Vec<u8> = (0..12).collect();
        let bytes = png(&Image::grey(4, 3, pixels.clone(), ""));
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut decoded = vec![0; 12];
        reader.next_frame(&mut decoded).unwrap();
        assert_eq!(decoded, pixels);
    }

    #[test]
    fn marked_pictures_are_framed() {
        let image = |marked| Image::grey(1, 1, vec![0], "7").marked(marked);
        let svg = draw(2, 52.0, &[image(true), image(false), image(true)]);
        assert_eq!((svg.matches("<image").count(), svg.matches("\"frame\"").count()), (3, 2));
    }
}
