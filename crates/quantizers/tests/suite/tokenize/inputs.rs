//! Every kind of input and output, and every kind of quantizer.

use seedbed_autodiff::{Rng, Tensor};
use seedbed_nn::Config;
use seedbed_quantizers::interop::{self, StateDict};
use seedbed_quantizers::tokenizer::{Architecture, Tokenizer, TokenizerConfig};
use seedbed_quantizers::train::{FsqConfig, Learner, LearnerConfig, LfqConfig};
use seedbed_quantizers::{Dialect, Fsq, Metric, Quantizer};
use serde_json::Value;

use super::{Place, golden, normal, npy, npy_bytes, pictures, png, u16_array};

#[test]
fn an_array_becomes_files_of_tokens_and_a_report() {
    let place = Place::new();
    let x = normal(1000 * 3 * 4, 1);
    std::fs::write(place.path("x.npy"), npy(&[1000, 3, 4], &x)).unwrap();
    let told = place.succeeds("encode x.npy --format fsq --levels 8,5,5,5 --out t --shard 300");
    let (shapes, tokens) = place.tokens("t");
    assert_eq!(shapes, ["300, 3, 1", "300, 3, 1", "300, 3, 1", "100, 3, 1"]);
    let fsq = Fsq::with_dialect(&[8, 5, 5, 5], Dialect::Lucidrains).unwrap();
    assert_eq!(tokens, fsq.encode(&x).unwrap());

    let report: Value =
        serde_json::from_slice(&std::fs::read(place.path("t/report.json")).unwrap()).unwrap();
    let mut counts = [0_u64; 1000];
    tokens.iter().for_each(|&t| counts[t as usize] += 1);
    let used = counts.iter().filter(|&&n| n > 0).count();
    let entropy: f64 =
        counts.iter().filter(|&&n| n > 0).map(|&n| n as f64 / 3000.0).map(|p| -p * p.log2()).sum();
    let book = &report["codebooks"][0];
    assert_eq!((book["codes"].as_u64(), book["used"].as_u64()), (Some(1000), Some(used as u64)));
    assert_eq!(book["dead"].as_u64(), Some(1000 - used as u64));
    let first_dead = counts.iter().position(|&n| n == 0).map(|k| k as u64);
    assert_eq!(book["dead_codes"][0].as_u64(), first_dead);
    assert!((book["perplexity"].as_f64().unwrap() - entropy.exp2()).abs() < 1e-9);
    for (file, bytes) in place.files("t").iter().filter(|(name, _)| name.ends_with(".npy")) {
        let found = report["files"].as_array().unwrap().iter().find(|f| f["name"] == **file);
        assert_eq!(found.unwrap()["crc32"].as_u64(), Some(crc32fast::hash(bytes).into()));
    }
    assert!(told.contains("1000 items, 3000 tokens in 4 files"), "{told}");
    assert!(told.contains(&format!("{:.1}", entropy.exp2())), "{told}");
    assert!(told.contains("tokens/s"), "{told}");
}

#[test]
fn numbers_of_every_type_give_the_same_tokens() {
    let place = Place::new();
    // Numbers that 16 bits hold exactly.
    let x: Vec<f32> = normal(400, 2).iter().map(|x| (x * 64.0).round() / 64.0).collect();
    let bf16: Vec<u8> = x.iter().flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect();
    let of_bf16: Vec<f32> = x.iter().map(|x| f32::from_bits(x.to_bits() >> 16 << 16)).collect();
    let double = |order: &str| -> Vec<u8> {
        let bytes = |x: &f32| f64::from(*x).to_le_bytes();
        let bytes = |x: &f32| {
            if order == ">" { bytes(x).into_iter().rev().collect() } else { bytes(x).to_vec() }
        };
        x.iter().flat_map(bytes).collect::<Vec<u8>>()
    };
    std::fs::write(place.path("a.npy"), npy(&[100, 4], &x)).unwrap();
    std::fs::write(place.path("b.npy"), npy_bytes("<f8", &[100, 4], &double("<"))).unwrap();
    std::fs::write(place.path("c.npy"), npy_bytes(">f8", &[100, 4], &double(">"))).unwrap();
    let all: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = |dtype, bytes| safetensors_view(dtype, &[100, 4], bytes);
    let tensors = [
        ("whole", view(safetensors::Dtype::F32, &all)),
        ("half", view(safetensors::Dtype::BF16, &bf16)),
    ];
    let file = safetensors::serialize(tensors, None).unwrap();
    std::fs::write(place.path("d.safetensors"), file).unwrap();
    let fsq = Fsq::with_dialect(&[7, 7, 7, 7], Dialect::Google).unwrap();
    let expected = fsq.encode(&x).unwrap();
    let settings = "--format fsq --levels 7,7,7,7 --dialect google-1";
    for (input, out) in
        [("a.npy", "ta"), ("b.npy", "tb"), ("c.npy", "tc"), ("d.safetensors --tensor whole", "td")]
    {
        place.succeeds(&format!("encode {input} {settings} --out {out} -q"));
        assert_eq!(place.tokens(out).1, expected, "{input}");
    }
    place.succeeds(&format!("encode d.safetensors --tensor half {settings} --out te"));
    assert_eq!(place.tokens("te").1, fsq.encode(&of_bf16).unwrap());
    // Several inputs, one after the other.
    place.succeeds(&format!("encode a.npy b.npy {settings} --out two --shard 80"));
    let (shapes, tokens) = place.tokens("two");
    assert_eq!(shapes, ["80, 1", "20, 1", "80, 1", "20, 1"]);
    assert_eq!(tokens, [&expected[..], &expected].concat());
}

fn safetensors_view<'a>(
    dtype: safetensors::Dtype,
    shape: &[usize],
    bytes: &'a [u8],
) -> safetensors::tensor::TensorView<'a> {
    safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).unwrap()
}

#[test]
fn state_dicts_from_elsewhere() {
    let place = Place::new();
    let read = |name: &str| StateDict::read(&golden(&format!("{name}.safetensors"))).unwrap();
    let check = |name: &str, options: &str, quantizer: Box<dyn Quantizer>| {
        let x = normal(50 * quantizer.dim(), 3);
        std::fs::write(place.path("x.npy"), npy(&[50, quantizer.dim()], &x)).unwrap();
        let file = golden(&format!("{name}.safetensors"));
        let arguments =
            format!("encode x.npy {options} --out {name} --quantizer {}", file.display());
        place.succeeds(&arguments);
        let (shapes, tokens) = place.tokens(name);
        assert_eq!(shapes, [format!("50, {}", quantizer.tokens())], "{name}");
        assert_eq!(tokens, quantizer.encode(&x).unwrap(), "{name}");
    };
    let euclidean = Metric::Euclidean;
    let vq =
        |name: &str, heads| interop::vector_quantize(&read(name), "", euclidean, heads).unwrap();
    check("package-vq", "--format vq", vq("package-vq", 1));
    check("package-shared", "--format vq --heads 3", vq("package-shared", 3));
    let fsq = interop::fsq(&read("package-fsq"), "", &[8, 5, 5, 5], Dialect::Lucidrains).unwrap();
    check("package-fsq", "--format fsq --levels 8,5,5,5", fsq);
    check("package-lfq", "--format lfq", interop::lfq(&read("package-lfq"), "", false).unwrap());
    check(
        "package-sim-vq",
        "--format sim-vq",
        interop::sim_vq(&read("package-sim-vq"), "").unwrap(),
    );
    check("encodec", "--format encodec", Box::new(interop::encodec(&read("encodec"), "").unwrap()));
    check("mimi", "--format mimi", Box::new(interop::mimi(&read("mimi"), "").unwrap()));
    check("dac", "--format dac", Box::new(interop::dac(&read("dac"), "").unwrap()));
}

#[test]
fn a_saved_quantizer_on_the_arrays_of_an_archive() {
    let place = Place::new();
    let config = LearnerConfig::Lfq(LfqConfig { dim: Some(6), bits: 20, ..Default::default() });
    let lfq = config.build::<f32>(&mut Rng::new(5)).unwrap();
    lfq.save(&place.path("lfq.safetensors")).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut expected = Vec::new();
    for k in 0..5_usize {
        let x = normal((k + 1) * 6, k as u64);
        append(&mut archive, &format!("latents/{k}.latent.npy"), &npy(&[k + 1, 6], &x));
        append(&mut archive, &format!("latents/{k}.txt"), b"words");
        expected.extend(lfq.freeze().unwrap().encode(&x).unwrap());
    }
    std::fs::write(place.path("x.tar"), archive.into_inner().unwrap()).unwrap();
    let settings = "--quantizer lfq.safetensors --field latent.npy";
    // 2²⁰ codes need 32 bits.
    let error = place.refuses(&format!("encode x.tar {settings} --out small --type u16"));
    assert!(
        error.contains("--type: is too small for 1048576 codes; should be at least u32"),
        "{error}"
    );
    place.succeeds(&format!("encode x.tar {settings} --out t --to tar --shard 2"));
    let mut found = Vec::new();
    for shard in 0..3 {
        let bytes = std::fs::read(place.path(&format!("t/tokens-{shard:06}.tar"))).unwrap();
        for (name, bytes) in entries(&bytes) {
            assert_eq!(name, format!("latents/{}.tokens.npy", found.len()));
            let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
            assert!(bytes[10..begin].starts_with(b"{'descr': '<u4'"));
            let tokens = bytes[begin..].as_chunks().0.iter().map(|&b| u32::from_le_bytes(b).into());
            found.push(tokens.collect::<Vec<u64>>());
        }
    }
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(found.concat(), expected);
    // Arrays of different lengths are not one array.
    let error = place.refuses(&format!("encode x.tar {settings} --out u"));
    assert!(
        error.contains("tokens of latents/1 have the shape [2, 1], those before [1, 1]"),
        "{error}"
    );
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, bytes).unwrap();
}

fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(archive);
    let entry = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    };
    archive.entries().unwrap().map(entry).collect()
}

fn tokenizer(place: &Place) -> Tokenizer<f32> {
    let config = TokenizerConfig {
        channels: 3,
        architecture: Architecture::PatchMlp { patch: 4, hidden: 16, layers: 1 },
        latent: 8,
        quantizer: LearnerConfig::Fsq(FsqConfig { codebooks: 2, ..FsqConfig::default() }),
        ..TokenizerConfig::default()
    };
    let tokenizer = Tokenizer::new(&config.check().unwrap(), &mut Rng::new(9));
    tokenizer.save(&place.path("tokenizer.safetensors")).unwrap();
    tokenizer
}

#[test]
fn pictures_of_a_folder_an_archive_and_an_array_have_the_same_tokens() {
    let place = Place::new();
    let tokenizer = tokenizer(&place);
    let all = pictures(70, 12);
    let mut archive = tar::Builder::new(Vec::new());
    for (k, bytes) in all.iter().enumerate() {
        let file = png(12, 12, png::ColorType::Rgb, bytes);
        let dir = place.path(&format!("photos/{}", k / 40));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{k:03}.png")), &file).unwrap();
        append(&mut archive, &format!("{k:03}.png"), &file);
        append(&mut archive, &format!("{k:03}.cls"), b"7");
    }
    std::fs::write(place.path("photos/.hidden.png"), "no picture").unwrap();
    std::fs::write(place.path("photos/read.me"), "no picture").unwrap();
    std::fs::write(place.path("x.tar"), archive.into_inner().unwrap()).unwrap();
    std::fs::write(place.path("x.npy"), npy_bytes("|u1", &[70, 12, 12, 3], &all.concat())).unwrap();

    let numbers = all.concat().iter().map(|&b| f32::from(b) / 255.0).collect();
    let x = Tensor::new(numbers, &[70, 12, 12, 3]);
    let expected: Vec<u64> = tokenizer.encode(&x).unwrap().into_iter().collect();
    for (input, out) in [("photos", "a"), ("x.tar", "b"), ("x.npy", "c")] {
        place.succeeds(&format!(
            "encode {input} -q --quantizer tokenizer.safetensors -o {out} --shard 66"
        ));
        let (shapes, tokens) = place.tokens(out);
        assert_eq!(shapes, ["66, 3, 3, 2", "4, 3, 3, 2"], "{input}");
        assert_eq!(tokens, expected, "{input}");
    }
    place.succeeds("encode photos --quantizer tokenizer.safetensors --out d --to tar");
    let archive = std::fs::read(place.path("d/tokens-000000.tar")).unwrap();
    let found = entries(&archive);
    assert_eq!(found[0].0, "0/000.tokens.npy");
    assert_eq!(found[69].0, "1/069.tokens.npy");
    let tokens = found.iter().flat_map(|(_, bytes)| {
        let (shape, tokens) = u16_array(bytes);
        assert_eq!(shape, "3, 3, 2");
        tokens
    });
    assert_eq!(tokens.collect::<Vec<_>>(), expected);
}

#[test]
fn pictures_of_different_sizes() {
    let place = Place::new();
    let tokenizer = tokenizer(&place);
    std::fs::create_dir(place.path("photos")).unwrap();
    let (small, large) = (pictures(1, 8).remove(0), pictures(2, 16).remove(1));
    std::fs::write(place.path("photos/a.png"), png(8, 8, png::ColorType::Rgb, &small)).unwrap();
    std::fs::write(place.path("photos/b.png"), png(16, 16, png::ColorType::Rgb, &large)).unwrap();
    let settings = "--quantizer tokenizer.safetensors";
    let error = place.refuses(&format!("encode photos {settings} --out a"));
    assert!(
        error.contains("tokens of b have the shape [4, 4, 2], those before [2, 2, 2]"),
        "{error}"
    );
    place.succeeds(&format!("encode photos {settings} --out b --to tar"));
    let found = entries(&std::fs::read(place.path("b/tokens-000000.tar")).unwrap());
    let shapes: Vec<String> = found.iter().map(|(_, bytes)| u16_array(bytes).0).collect();
    assert_eq!(shapes, ["2, 2, 2", "4, 4, 2"]);
    place.succeeds(&format!("encode photos {settings} --out c --size 8x4"));
    let (shapes, tokens) = place.tokens("c");
    assert_eq!(shapes, ["2, 2, 1, 2"]);
    // Each row of the small picture becomes the mean of two neighbours.
    let mean = |i: usize| {
        let (row, column, channel) = (i / 12, i / 3 % 4, i % 3);
        let at = |c: usize| f32::from(small[(row * 8 + 2 * column + c) * 3 + channel]);
        ((at(0) + at(1)) / 2.0 + 0.5).floor() / 255.0
    };
    let x = Tensor::new((0..96).map(mean).collect(), &[1, 8, 4, 3]);
    let expected: Vec<u64> = tokenizer.encode(&x).unwrap().into_iter().collect();
    assert_eq!(tokens[..4], expected);
}

#[test]
fn packed_tokens_take_the_bits_they_need() {
    let place = Place::new();
    let x = normal(999 * 4, 4);
    std::fs::write(place.path("x.npy"), npy(&[999, 4], &x)).unwrap();
    place.succeeds("encode x.npy --format fsq --levels 8,5,5,5 --out t --to packed");
    let bytes = std::fs::read(place.path("t/tokens-000000.bits")).unwrap();
    let header = b"{\"bits\":10,\"shape\":[999,1]}\n";
    assert!(bytes.starts_with(header));
    assert_eq!(bytes.len() - header.len(), (999 * 10_usize).div_ceil(8));
    let mut tokens = vec![0_u64; 999];
    let packed = &bytes[header.len()..];
    seedbed_quantizers::pack::unpack(packed, 10, (&mut tokens).into()).unwrap();
    let fsq = Fsq::with_dialect(&[8, 5, 5, 5], Dialect::Lucidrains).unwrap();
    assert_eq!(tokens, fsq.encode(&x).unwrap());
}
