//! Vectors and pictures to tokens: a quantizer from a file.

use std::io::Read as _;
use std::path::Path;

use clap::ValueEnum;
use seedbed_autodiff::Tensor;
use seedbed_nn::checkpoint::Checkpoint;
use serde::{Deserialize, Serialize};

use super::TokenizeError;
use super::cli::{Format, MetricName, QuantizerOptions};
use super::source::{Run, Wanted, open_regular};
use crate::error::not_finite;
use crate::interop::{self, S3, StateDict};
use crate::tokenizer::{self, Tokenizer};
use crate::train::{AnyLearner, Learner};
use crate::{Dialect, Metric, Quantizer, QuantizerError, Scratch};

/// What makes tokens.
pub(super) struct Encoder {
    /// Pictures to vectors, and the channels and the stride of pictures.
    network: Option<(tokenizer::Encoder<f32>, usize, usize)>,
    quantizer: Kind,
    scratch: Scratch,
}

enum Kind {
    Any(Box<dyn Quantizer>),
    /// It has no way back, so that it is no [`Quantizer`].
    S3(S3),
}

/// Which quantizer it was: what tokens of one kind have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) format: Format,
    /// The file's name and check sum.
    pub(super) file: Option<(String, u32)>,
    pub(super) prefix: String,
    pub(super) metric: Option<MetricName>,
    pub(super) heads: Option<usize>,
    pub(super) levels: Option<Vec<u32>>,
    pub(super) dialect: Option<String>,
    pub(super) spherical: bool,
}

impl Encoder {
    /// The quantizer of these options.
    pub(super) fn open(options: &QuantizerOptions) -> Result<(Self, Identity), TokenizeError> {
        refuse_what_has_no_meaning(options)?;
        let file = match &options.quantizer {
            Some(path) => {
                let mut bytes = Vec::new();
                let (mut file, _) = open_regular(path)?;
                file.read_to_end(&mut bytes).map_err(TokenizeError::io(path, "read it"))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Some((name, crc32fast::hash(&bytes)))
            }
            None => None,
        };
        let identity = Identity {
            format: options.format,
            file,
            prefix: options.prefix.clone().unwrap_or_default(),
            metric: options.metric,
            heads: options.heads,
            levels: options.levels.clone(),
            dialect: options.dialect.clone(),
            spherical: options.spherical,
        };
        let encoder = match (options.format, &options.quantizer) {
            (Format::Fsq, None) => Self::of(Kind::Any(elsewhere(options, &StateDict::default())?)),
            (_, None) => {
                return Err(TokenizeError::option(
                    "--quantizer",
                    "which file? give a safetensors file",
                ));
            }
            (Format::Seedbed, Some(path)) => Self::ours(path)?,
            (Format::S3, Some(path)) => {
                let prefix = options.prefix.as_deref().unwrap_or_default();
                Self::of(Kind::S3(interop::s3(&StateDict::read(path)?, prefix)?))
            }
            (_, Some(path)) => Self::of(Kind::Any(elsewhere(options, &StateDict::read(path)?)?)),
        };
        Ok((encoder, identity))
    }

    fn of(quantizer: Kind) -> Self {
        Self { network: None, quantizer, scratch: Scratch::new() }
    }

    /// A tokenizer or a quantizer that was saved here.
    fn ours(path: &Path) -> Result<Self, TokenizeError> {
        let frozen = |learner: &AnyLearner<f32>| {
            let error = |error| TokenizeError::Quantizer { file: path.into(), error };
            Ok::<_, TokenizeError>(Kind::Any(learner.freeze().map_err(error)?))
        };
        let is_quantizer =
            Checkpoint::read(path)?.values().any(|name| name == AnyLearner::<f32>::CONFIG);
        if is_quantizer {
            return Ok(Self::of(frozen(&AnyLearner::load(path)?)?));
        }
        let tokenizer = Tokenizer::<f32>::load(path)?;
        let quantizer = frozen(&tokenizer.quantizer)?;
        let (channels, stride) = (tokenizer.config().channels, tokenizer.config().stride());
        let network = Some((tokenizer.encoder, channels, stride));
        Ok(Self { network, quantizer, scratch: Scratch::new() })
    }

    /// What it takes.
    pub(super) fn wanted(&self) -> Wanted {
        match &self.network {
            Some((_, channels, stride)) => {
                Wanted::Pictures { channels: *channels, stride: *stride }
            }
            None => Wanted::Vectors { dim: self.dim() },
        }
    }

    /// Numbers in a vector.
    fn dim(&self) -> usize {
        match &self.quantizer {
            Kind::Any(quantizer) => quantizer.dim(),
            Kind::S3(s3) => s3.dim(),
        }
    }

    /// The sizes of the codebooks of a vector's tokens.
    pub(super) fn sizes(&self) -> Vec<u64> {
        match &self.quantizer {
            Kind::Any(quantizer) => {
                (0..quantizer.tokens()).map(|token| quantizer.codebook_size(token)).collect()
            }
            Kind::S3(s3) => vec![s3.codebook_size()],
        }
    }

    /// The tokens of items, and the shape of an item's. An error counts vectors (pixels) from the first of the run.
    pub(super) fn encode(&mut self, run: Run) -> Result<(Vec<usize>, Vec<u64>), QuantizerError> {
        let Run { count, mut shape, mut data } = run;
        if let Some((network, ..)) = &self.network {
            if let Some(error) = not_finite(&data, shape[2]) {
                return Err(error);
            }
            let all = [&[count], &shape[..]].concat();
            let vectors = network.forward(&Tensor::new(data, &all));
            shape = vectors.shape()[1..].to_vec();
            data = vectors.into_vec();
        }
        let tokens = match &self.quantizer {
            Kind::Any(quantizer) => {
                let rows = data.len() / quantizer.dim();
                let mut tokens = vec![0; rows * quantizer.tokens()];
                quantizer.encode_into(&data, (&mut tokens).into(), &mut self.scratch)?;
                tokens
            }
            Kind::S3(s3) => s3.encode(&data)?,
        };
        *shape.last_mut().expect("items have an axis of vectors") = self.sizes().len();
        Ok((shape, tokens))
    }
}

/// A quantizer of a state dict from elsewhere.
fn elsewhere(
    options: &QuantizerOptions,
    dict: &StateDict,
) -> Result<Box<dyn Quantizer>, TokenizeError> {
    let prefix = options.prefix.as_deref().unwrap_or_default();
    let metric = match options.metric {
        Some(MetricName::Cosine) => Metric::Cosine,
        _ => Metric::Euclidean,
    };
    Ok(match options.format {
        Format::Vq => {
            let heads = options.heads.unwrap_or(1);
            interop::vector_quantize(dict, prefix, metric, heads)?
        }
        Format::ResidualVq => interop::residual_vq(dict, prefix, metric)?,
        Format::Fsq => {
            let Some(levels) = &options.levels else {
                let problem = "which? a state dict of FSQ does not have them; such as 8,5,5,5";
                return Err(TokenizeError::option("--levels", problem));
            };
            let dialect = match &options.dialect {
                Some(name) => name.parse().map_err(|error: QuantizerError| {
                    TokenizeError::option("--dialect", error.to_string())
                })?,
                None => Dialect::Lucidrains,
            };
            interop::fsq(dict, prefix, levels, dialect)?
        }
        Format::Lfq => interop::lfq(dict, prefix, options.spherical)?,
        Format::SimVq => interop::sim_vq(dict, prefix)?,
        Format::Encodec => Box::new(interop::encodec(dict, prefix)?),
        Format::Mimi => Box::new(interop::mimi(dict, prefix)?),
        Format::Dac => Box::new(interop::dac(dict, prefix)?),
        Format::Seedbed | Format::S3 => unreachable!("read elsewhere"),
    })
}

/// An option that is not of this format would be passed over in silence.
fn refuse_what_has_no_meaning(options: &QuantizerOptions) -> Result<(), TokenizeError> {
    let given = [
        ("--prefix", options.prefix.is_some(), options.format != Format::Seedbed),
        (
            "--metric",
            options.metric.is_some(),
            matches!(options.format, Format::Vq | Format::ResidualVq),
        ),
        ("--heads", options.heads.is_some(), options.format == Format::Vq),
        ("--levels", options.levels.is_some(), options.format == Format::Fsq),
        ("--dialect", options.dialect.is_some(), options.format == Format::Fsq),
        ("--spherical", options.spherical, options.format == Format::Lfq),
    ];
    match given.into_iter().find(|&(_, given, has_meaning)| given && !has_meaning) {
        Some((option, ..)) => {
            let format = options.format.to_possible_value().expect("no format is hidden");
            let problem = format!("means nothing with --format {}: see --help", format.get_name());
            Err(TokenizeError::option(option, problem))
        }
        None => Ok(()),
    }
}
