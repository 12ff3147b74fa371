//! Weights that PyTorch wrote, in a model of one's own.
//!
//! `cargo run --example 11_weights [FILE]` lists the tensors of a safetensors file. Without one it writes a small file as PyTorch would, and reads it.

use seedbed::autodiff::{AttentionOptions, Module, Rng, Tensor, module};
use seedbed::nn::checkpoint::Writer;
use seedbed::nn::weights::{Mapping, WeightError, WeightFile};
use seedbed::nn::{Embedding, Linear, MultiHeadAttention};

#[derive(Clone, Debug)]
struct Reader {
    words: Embedding,
    attention: Vec<MultiHeadAttention>,
    head: Linear,
}
module!(Reader: f32 { words, attention, head });

impl Reader {
    fn new(rng: &mut Rng) -> Self {
        Self {
            words: Embedding::new(10, 8, rng),
            attention: (0..2).map(|_| MultiHeadAttention::new(8, 2, rng)).collect(),
            head: Linear::new(8, 3, rng),
        }
    }

    fn logits(&self, words: &[usize]) -> Tensor {
        let options = AttentionOptions::default();
        let x = self.words.forward(words);
        let x = self.attention.iter().fold(x, |x, layer| &x + layer.forward(&x, &options));
        self.head.forward(&x.mean(0))
    }
}

// ANCHOR: load
fn load(file: &str, model: &Reader) -> Result<Reader, WeightError> {
    let mapping = Mapping::new()
        .rename("module.**", "**") // names in the file, names in the model
        .rename("encoder.layers.*.self_attn.**", "attention.*.**")
        .rename("classifier.*", "head.*")
        .torch_attention("attention.*") // paths in the model
        .torch_linear("head")
        .ignore("teacher.**");
    WeightFile::read(file)?.load(model, &mapping)
}
// ANCHOR_END: load

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(file) = std::env::args().nth(1) {
        for (name, shape) in WeightFile::read(&file)?.names() {
            println!("{name} {shape:?}");
        }
        return Ok(());
    }
    let file =
        std::env::temp_dir().join(format!("seedbed-weights-{}.safetensors", std::process::id()));
    let rng = &mut Rng::new(0);
    let there = Reader::new(rng);
    write_as_pytorch(&there, &file)?;
    let here = load(&file.to_string_lossy(), &Reader::new(rng));
    std::fs::remove_file(&file)?;
    let (a, b) = (there.logits(&[3, 1, 4]), here?.logits(&[3, 1, 4]));
    println!("there {a}\nhere  {b}");
    assert_eq!(a, b);
    Ok(())
}

/// The names and layouts that `torch.nn.MultiheadAttention` and `torch.nn.Linear` have.
fn write_as_pytorch(
    model: &Reader,
    file: &std::path::Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut writer = Writer::new();
    for (i, layer) in model.attention.iter().enumerate() {
        let name = format!("module.encoder.layers.{i}.self_attn");
        let parts = [&layer.query, &layer.key, &layer.value];
        let weights = Tensor::concat(&parts.map(|part| part.weight.t()), 0);
        let biases = parts.map(|part| part.bias.clone().expect("it has one"));
        writer.module(&format!("{name}.in_proj_weight"), &weights);
        writer.module(&format!("{name}.in_proj_bias"), &Tensor::concat(&biases, 0));
        torch_linear(&mut writer, &format!("{name}.out_proj"), &layer.output);
    }
    torch_linear(&mut writer, "module.classifier", &model.head);
    writer.module("module.words", &model.words);
    writer.module("teacher.words", &model.words);
    writer.write(file)?;
    Ok(())
}

fn torch_linear(writer: &mut Writer, name: &str, layer: &Linear) {
    writer.module(&format!("{name}.weight"), &layer.weight.t());
    for bias in layer.bias.params() {
        writer.module(&format!("{name}.bias"), &bias);
    }
}
