//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Files of vectors or pictures to files of tokens
#[derive(Debug, Parser)]
#[command(name = "tokenize", version)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make tokens; started again with the same arguments, go on where it was stopped
    Encode(Box<Encode>),
    /// Count tokens that differ between two files of tokens, or two directories of them
    ///
    /// The exit status is 0 if all are equal, 1 if some differ or are missing, and 2 if a file cannot be read.
    Verify(Verify),
}

#[derive(Args, Debug)]
pub(super) struct Encode {
    /// .npy or .safetensors files of vectors [items, …, dim], folders of PNG files, WebDataset archives (.tar)
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// The directory for files of tokens
    #[arg(long, short, value_name = "DIR")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) quantizer: QuantizerOptions,
    /// What files of tokens are
    #[arg(long, value_enum, default_value_t = Container::Npy)]
    pub(super) to: Container,
    /// The type of tokens in NPY files and archives [default: the smallest that fits]
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(super) token_type: Option<TokenType>,
    /// Items (rows, pictures, samples) in a file of tokens [default: 1048576 rows, or 10000 pictures or samples]
    #[arg(long, value_name = "ITEMS")]
    pub(super) shard: Option<usize>,
    /// The tensor of a safetensors file that has several
    #[arg(long, value_name = "NAME")]
    pub(super) tensor: Option<String>,
    /// The field of an archive's samples [default: png for a tokenizer, npy for a quantizer]
    #[arg(long, value_name = "FIELD")]
    pub(super) field: Option<String>,
    /// Resize PNG files, such as 64 or 48x64 (height, width)
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) size: Option<[usize; 2]>,
    /// No progress bar
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Which quantizer, and what its file does not say.
#[derive(Args, Clone, Debug)]
pub(super) struct QuantizerOptions {
    /// A safetensors file: a tokenizer or a quantizer of ours, or a state dict from elsewhere with its --format
    #[arg(long, value_name = "FILE")]
    pub(super) quantizer: Option<PathBuf>,
    /// What the file is
    #[arg(long, value_enum, default_value_t = Format::Seedbed)]
    pub(super) format: Format,
    /// What stands before the quantizer's names in a state dict, with its dot
    #[arg(long, value_name = "PREFIX")]
    pub(super) prefix: Option<String>,
    /// How codes are compared [vq, residual-vq; default: euclidean]
    #[arg(long, value_enum)]
    pub(super) metric: Option<MetricName>,
    /// Heads that share a codebook [vq; default: 1]
    #[arg(long)]
    pub(super) heads: Option<usize>,
    /// Levels, such as 8,5,5,5 [fsq]
    #[arg(long, value_delimiter = ',')]
    pub(super) levels: Option<Vec<u32>>,
    /// The dialect [fsq; default: lucidrains-1]
    #[arg(long)]
    pub(super) dialect: Option<String>,
    /// Codes on the sphere [lfq]
    #[arg(long)]
    pub(super) spherical: bool,
}

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// A file of tokens (.npy, .bits, .tar), or a directory that `tokenize encode` wrote
    pub(super) a: PathBuf,
    /// Another
    pub(super) b: PathBuf,
}

/// What a quantizer's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    /// A tokenizer or a quantizer that seedbed-quantizers saved
    Seedbed,
    /// VectorQuantize of vector-quantize-pytorch
    Vq,
    /// ResidualVQ of vector-quantize-pytorch
    ResidualVq,
    /// FSQ of vector-quantize-pytorch, or Cosmos; without projections no file is needed
    Fsq,
    /// LFQ of vector-quantize-pytorch
    Lfq,
    /// SimVQ of vector-quantize-pytorch
    SimVq,
    /// EnCodec
    Encodec,
    /// Mimi
    Mimi,
    /// Descript audio codec
    Dac,
    /// S3 tokenizer (CosyVoice 2)
    S3,
}

/// How codes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MetricName {
    /// By distance
    Euclidean,
    /// By direction
    Cosine,
}

/// What files of tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Container {
    /// NumPy arrays [items, …, tokens]
    Npy,
    /// A line of JSON, then as many bits a token as the largest needs
    Packed,
    /// WebDataset archives with a tokens.npy for each item
    Tar,
}

/// The type of a token in NPY files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TokenType {
    /// Up to 65,536 codes
    U16,
    /// Up to 2³² codes
    U32,
    /// Up to 2⁶³ codes
    U64,
}

/// `64` or `48x64`.
fn size(text: &str) -> Result<[usize; 2], String> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    match [height.parse(), width.parse()] {
        [Ok(height), Ok(width)]
            if (1..=1 << 14).contains(&height) && (1..=1 << 14).contains(&width) =>
        {
            Ok([height, width])
        }
        _ => Err("should be such as 64 or 48x64 (height, width), from 1 to 16384".into()),
    }
}
