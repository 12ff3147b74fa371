//! Quantizers of trained networks from elsewhere, read from their state dicts in safetensors files.
//!
//! A state dict has the numbers and not the settings: what it leaves open (FSQ's levels and dialect, whether VQ compares by cosine) has to be told.
//!
//! | function | of | keys |
//! |---|---|---|
//! | [`vector_quantize`] | `VectorQuantize` of vector-quantize-pytorch | `_codebook.embed`, `project_in.*`, `project_out.*` |
//! | [`residual_vq`] | its `ResidualVQ` | `layers.{i}._codebook.embed`, projections |
//! | [`fsq`] | its `FSQ`, Cosmos tokenizers | projections alone, or nothing |
//! | [`lfq`] | its `LFQ` | `mask`, projections |
//! | [`sim_vq`] | its `SimVQ` | `frozen_codebook`, `code_transform.weight` |
//! | [`encodec`] | EnCodec, of Hugging Face or the original | `…layers.{i}.codebook.embed`, `….vq.layers.{i}._codebook.embed` |
//! | [`mimi`] | Mimi of Hugging Face | `semantic_residual_vector_quantizer.*`, `acoustic_residual_vector_quantizer.*` |
//! | [`dac`] | DAC, of Hugging Face or the original | `quantizers.{i}.{in_proj, codebook, out_proj}` |
//! | [`s3`] | the S3 tokenizer of CosyVoice 2 | `_codebook.project_down.*` |
//!
//! With the feature `train`, learners are written for vector-quantize-pytorch: [`StateDict::add_vector_quantize`] and its neighbours.

mod codecs;
mod package;
mod state_dict;
#[cfg(feature = "train")]
mod write;

pub use codecs::{S3, dac, encodec, mimi, s3};
pub use package::{fsq, lfq, residual_vq, sim_vq, vector_quantize};
pub use state_dict::{InteropError, StateDict};
