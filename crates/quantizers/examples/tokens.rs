//! Vectors to tokens and back, without the engine: `cargo run --release --example tokens`.

use std::error::Error;

use seedbed_kernels::Rng;
use seedbed_quantizers::pack::{bits_for, pack};
use seedbed_quantizers::usage::Usage;
use seedbed_quantizers::{
    Codebook, Fsq, Lfq, Metric, Quantizer, Residual, ResidualFsq, Scratch, Vq, kmeans,
};

fn main() -> Result<(), Box<dyn Error>> {
    let (count, dim) = (20_000, 4);
    let rng = &mut Rng::new(1);
    let x: Vec<f32> = (0..count * dim).map(|_| rng.normal() as f32 * 0.5).collect();

    let means = kmeans(&x, dim, 256, 10, Metric::Euclidean, rng)?.means;
    let first = Vq::new(Codebook::new(means, dim)?);
    // The second stage learns what the first leaves.
    let y = first.decode(&first.encode(&x)?)?;
    let left: Vec<f32> = x.iter().zip(&y).map(|(x, y)| x - y).collect();
    let means = kmeans(&left, dim, 256, 10, Metric::Euclidean, rng)?.means;
    let second = Vq::new(Codebook::new(means, dim)?);

    // ANCHOR: quantizers
    let quantizers: Vec<(&str, Box<dyn Quantizer>)> = vec![
        ("FSQ of 1000 codes", Box::new(Fsq::new(&[8, 5, 5, 5])?)),
        ("residual FSQ, 3 stages", Box::new(ResidualFsq::new(&[4; 4], 3)?)),
        ("LFQ of 4 bits", Box::new(Lfq::new(4)?)),
        ("VQ of 256 codes", Box::new(first.clone())),
        ("residual VQ, 2 stages", Box::new(Residual::new(vec![first, second])?)),
    ];
    println!("{:24}{:>8}{:>12}{:>14}{:>10}", "", "bits", "codes used", "bytes/vector", "error");
    // ANCHOR_END: quantizers
    let scratch = &mut Scratch::new();
    for (name, quantizer) in &quantizers {
        let mut tokens = vec![0_u32; count * quantizer.tokens()];
        let mut y = vec![0.0; x.len()];
        quantizer.quantize_into(&x, Some(&mut y), (&mut tokens).into(), scratch)?;
        let error = x.iter().zip(&y).map(|(x, y)| (x - y) * (x - y)).sum::<f32>() / x.len() as f32;
        let size = quantizer.codebook_size(0);
        let mut usage = Usage::new(size);
        usage.count((&tokens).into());
        let bytes = pack((&tokens).into(), bits_for(size))?.len() as f64 / count as f64;
        let (bits, share) = (quantizer.bits(), usage.share() * 100.0);
        println!("{name:24}{bits:>8.1}{share:>10.1} %{bytes:>14.2}{error:>10.5}");
    }
    println!(
        "(FSQ and LFQ squash or sign their input: their error is that of a network's output, not of data.)"
    );
    Ok(())
}
