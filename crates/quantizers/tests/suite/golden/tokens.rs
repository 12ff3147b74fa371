//! A million tokens of each format, none of them another.

use std::path::Path;

use seedbed_quantizers::{
    BitOrder, Codebook, Dialect, Fsq, Lfq, Quantizer, Residual, ResidualFsq, Vq,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    dim: usize,
    scale: f32,
    seed: u64,
    checksums: Vec<u32>,
    #[serde(default)]
    levels: Vec<u32>,
    dialect: Option<Dialect>,
    #[serde(default)]
    stages: usize,
    #[serde(default)]
    bits: u32,
    #[serde(default)]
    size: usize,
    #[serde(default)]
    codes: Vec<f32>,
}

/// The script's `vectors`.
pub(crate) fn vectors(
    seed: u64,
    count: usize,
    dim: usize,
    scale: f32,
) -> impl Iterator<Item = f32> {
    (0..(count * dim) as u64).map(move |i| {
        let z = i.wrapping_add(seed << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let whole = ((z ^ z >> 31) >> 40) as i64 - (1 << 23);
        whole as f32 / (1 << 23) as f32 * scale
    })
}

fn codebook(seed: u64, size: usize, dim: usize, scale: f32) -> Codebook {
    Codebook::new(vectors(seed, size, dim, scale).collect(), dim).unwrap()
}

fn build(case: &Case) -> Box<dyn Quantizer> {
    let (dim, seed) = (case.dim, case.seed);
    match case.kind.as_str() {
        "fsq" => Box::new(Fsq::with_dialect(&case.levels, case.dialect.unwrap()).unwrap()),
        "residual-fsq" => Box::new(ResidualFsq::new(&case.levels, case.stages).unwrap()),
        "lfq" => Box::new(Lfq::new(case.bits).unwrap()),
        "bsq" => Box::new(Lfq::spherical(case.bits).unwrap()),
        "residual-lfq" => {
            let scale = |i| 0.5_f32.powi(i as i32);
            let stage = |i| Lfq::with_options(case.bits, BitOrder::default(), scale(i), false);
            let stages = (0..case.stages).map(stage).collect::<Result<_, _>>().unwrap();
            Box::new(Residual::new(stages).unwrap())
        }
        "vq" => Box::new(Vq::new(codebook(seed + 1000, case.size, dim, 1.0))),
        "cosine" => Box::new(Vq::cosine(Codebook::new(case.codes.clone(), dim).unwrap())),
        "residual-vq" => {
            let scale = |i| 0.5_f32.powi(i as i32);
            let stage = |i| Vq::new(codebook(seed + 1000 + i as u64, case.size, dim, scale(i)));
            Box::new(Residual::new((0..case.stages).map(stage).collect()).unwrap())
        }
        kind => panic!("no format is of the kind {kind}"),
    }
}

#[test]
fn no_token_of_a_million_is_another() {
    const PART: usize = 100_000;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tokens.json");
    let file: File = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(file.cases.len() >= 16);
    for case in &file.cases {
        let quantizer = build(case);
        let (dim, parts) = (case.dim, case.checksums.len());
        let x: Vec<f32> = vectors(case.seed, parts * PART, dim, case.scale).collect();
        for (i, &expected) in case.checksums.iter().enumerate() {
            let tokens = quantizer.encode(&x[i * PART * dim..][..PART * dim]).unwrap();
            let bytes: Vec<u8> = tokens.iter().flat_map(|t| t.to_le_bytes()).collect();
            let (name, from) = (&case.name, i * PART);
            assert_eq!(
                crc32fast::hash(&bytes),
                expected,
                "{name}: a token from {from} on is another"
            );
        }
    }
}
