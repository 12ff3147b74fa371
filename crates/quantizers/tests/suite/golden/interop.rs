//! A hundred thousand tokens of each format of trained networks: `scripts/interop.py`.

use std::path::{Path, PathBuf};

use seedbed_quantizers::interop::{
    InteropError, StateDict, dac, encodec, fsq, lfq, mimi, residual_vq, s3, sim_vq, vector_quantize,
};
use seedbed_quantizers::{Dialect, Metric, Quantizer};
use serde::Deserialize;

use super::tokens::vectors;

#[derive(Deserialize)]
struct Case {
    name: String,
    dim: usize,
    tokens: usize,
    seed: u64,
    checksums: Vec<u32>,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn read(name: &str) -> Result<Box<dyn Quantizer>, InteropError> {
    let dict = StateDict::read(&file(&format!("{name}.safetensors")))?;
    Ok(match name {
        "encodec" => Box::new(encodec(&dict, "")?),
        "mimi" => Box::new(mimi(&dict, "")?),
        "dac" => Box::new(dac(&dict, "")?),
        "package-vq" => vector_quantize(&dict, "", Metric::Euclidean, 1)?,
        "package-shared" => vector_quantize(&dict, "", Metric::Euclidean, 3)?,
        "package-fsq" => fsq(&dict, "", &[8, 5, 5, 5], Dialect::Lucidrains)?,
        "package-lfq" => lfq(&dict, "", false)?,
        "package-sim-vq" => sim_vq(&dict, "")?,
        _ => panic!("{name} is no format"),
    })
}

#[test]
fn no_token_is_another() {
    const BLOCK: usize = 10_000;
    let json = std::fs::read_to_string(file("interop.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&json).unwrap();
    assert_eq!(cases.len(), 8);
    for Case { name, dim, tokens, seed, checksums } in &cases {
        let quantizer = read(name).unwrap();
        assert_eq!((quantizer.dim(), quantizer.tokens()), (*dim, *tokens), "{name}");
        assert!(checksums.len() * BLOCK * tokens >= 100_000);
        let x: Vec<f32> = vectors(*seed, checksums.len() * BLOCK, *dim, 1.0).collect();
        let mut other = Vec::new();
        for (i, (x, &expected)) in x.chunks(BLOCK * dim).zip(checksums).enumerate() {
            let found = quantizer.encode(x).unwrap();
            let bytes: Vec<u8> = found.iter().flat_map(|t| t.to_le_bytes()).collect();
            if crc32fast::hash(&bytes) != expected {
                other.push(i);
            }
        }
        assert!(
            other.is_empty(),
            "{name}: other tokens in blocks {other:?} of {}",
            checksums.len()
        );
    }
}

#[test]
fn what_is_missing_or_does_not_fit_is_said() {
    let says = |result: Result<Box<dyn Quantizer>, InteropError>| result.unwrap_err().to_string();
    let mut dict = StateDict::default();
    assert!(
        says(residual_vq(&dict, "q.", Metric::Euclidean))
            .starts_with("there is no tensor `q.layers.0._codebook.embed`")
    );
    assert!(encodec(&dict, "q.").unwrap_err().to_string().contains("q.layers.0.codebook.embed"));
    dict.insert("_codebook.embed", &[2, 3], vec![0.0; 6]);
    let error = vector_quantize(&dict, "", Metric::Euclidean, 1);
    assert_eq!(
        says(error),
        "`_codebook.embed` is of shape [2, 3], but should be [codebooks, codes, dimension]"
    );
    let path = file("tokens.json");
    let error = StateDict::read(&path).unwrap_err();
    assert!(matches!(error, InteropError::Format { .. }), "{error}");
    assert!(matches!(StateDict::read(&file("none")).unwrap_err(), InteropError::Io { .. }));
}

#[test]
fn the_s3_tokenizer_projects_to_eight_numbers_of_three_levels() {
    let mut dict = StateDict::default();
    let weight: Vec<f32> = (0..32).map(|i| if i % 5 == 0 { 2.0 } else { 0.0 }).collect();
    dict.insert("quantizer._codebook.project_down.weight", &[8, 4], weight);
    dict.insert("quantizer._codebook.project_down.bias", &[8], vec![0.0; 8]);
    let s3 = s3(&dict, "quantizer.").unwrap();
    // Rows 0 … 3 of the weight have a 2 in columns 0 … 3, and so on: tanh 2 is 0.96, level 2.
    let tokens = s3.encode(&[0.0; 4]).unwrap();
    assert_eq!(tokens, [(0..8).map(|k| 3_u64.pow(k)).sum::<u64>()]);
    let tokens = s3.encode(&[1.0, 0.0, 0.0, 0.0]).unwrap();
    assert_eq!(tokens[0] % 3, 2);
    assert!(s3.encode(&[f32::NAN; 4]).is_err());
}
