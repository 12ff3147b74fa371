//! What was made, and how the codebooks are used.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::TokenizeError;
use super::job::{Manifest, Shard};
use super::shard::Tokens;
use crate::usage::Usage;

/// The last file of a run. Nothing in it depends on when, how fast or in how many goes tokens were made.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    items: u64,
    tokens: u64,
    bytes: u64,
    /// For each token of a vector.
    codebooks: Vec<CodebookUse>,
    files: Vec<FileOfTokens>,
}

#[derive(Debug, Serialize)]
struct CodebookUse {
    codes: u64,
    used: u64,
    perplexity: f64,
    /// What a token costs at least if each is coded by itself.
    entropy_bits: f64,
    dead: u64,
    /// The first of them.
    dead_codes: Vec<u64>,
}

/// The most dead codes that are listed.
const LISTED: usize = 100;

#[derive(Debug, Serialize)]
struct FileOfTokens {
    name: String,
    input: String,
    first_item: usize,
    items: usize,
    tokens: u64,
    bytes: u64,
    crc32: u32,
}

/// Counts as files of tokens are made.
pub(super) struct Tally {
    usages: Vec<Usage>,
    files: Vec<FileOfTokens>,
    column: Vec<u64>,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new(manifest: &Manifest) -> Self {
        let usages = manifest.codes.iter().map(|&size| Usage::new(size)).collect();
        Self { usages, files: Vec::new(), column: Vec::new() }
    }

    /// Counts tokens, all those of a vector beside one another.
    pub(super) fn count(&mut self, tokens: &[u64]) {
        if let [usage] = &mut self.usages[..] {
            return usage.count(tokens.into());
        }
        let width = self.usages.len();
        for (k, usage) in self.usages.iter_mut().enumerate() {
            self.column.clear();
            self.column.extend(tokens.iter().skip(k).step_by(width));
            usage.count((&self.column).into());
        }
    }

    /// A file of tokens that is there.
    pub(super) fn file(&mut self, manifest: &Manifest, shard: &Shard, tokens: u64, file: &[u8]) {
        self.files.push(FileOfTokens {
            name: shard.name.clone(),
            input: manifest.inputs[shard.input].name.clone(),
            first_item: shard.from,
            items: shard.to - shard.from,
            tokens,
            bytes: file.len() as u64,
            crc32: crc32fast::hash(file),
        });
    }

    /// A file that an earlier run made: it has the items that it should have, and tokens of the codebooks.
    pub(super) fn earlier(
        &mut self,
        manifest: &Manifest,
        shard: &Shard,
        path: &Path,
    ) -> Result<(), TokenizeError> {
        let damaged = |what: String| {
            TokenizeError::malformed(path, format!("{what}; remove it, and it is made again"))
        };
        let found =
            super::shard::read(path).map_err(|error| damaged(format!("is damaged ({error})")))?;
        let is_archive = manifest.container == super::cli::Container::Tar;
        let first = |tokens: &Tokens| tokens.shape.first().copied().unwrap_or(0);
        let items = if is_archive { found.len() } else { found.iter().map(first).sum() };
        let expected = shard.to - shard.from;
        if items != expected {
            return Err(damaged(format!("has {items} items; should have {expected}")));
        }
        let mut sum = 0;
        for Tokens { shape, tokens } in &found {
            let width = manifest.codes.len();
            if shape.last() != Some(&width) {
                let what =
                    format!("has tokens of shape {shape:?}; the last side should be {width}");
                return Err(damaged(what));
            }
            let sizes = manifest.codes.iter().cycle();
            if let Some((token, size)) =
                tokens.iter().zip(sizes).find(|(token, size)| token >= size)
            {
                return Err(damaged(format!("has a token {token} of {size} codes")));
            }
            self.count(tokens);
            sum += tokens.len() as u64;
        }
        let file = std::fs::read(path).map_err(TokenizeError::io(path, "read it"))?;
        self.file(manifest, shard, sum, &file);
        Ok(())
    }

    /// The report, once all files are there.
    pub(super) fn report(mut self) -> Report {
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        let codebooks = self.usages.iter().map(|usage| CodebookUse {
            codes: usage.size(),
            used: usage.used(),
            perplexity: usage.perplexity(),
            entropy_bits: usage.entropy_bits(),
            dead: usage.size() - usage.used(),
            dead_codes: usage.dead().take(LISTED).collect(),
        });
        Report {
            items: self.files.iter().map(|file| file.items as u64).sum(),
            tokens: self.files.iter().map(|file| file.tokens).sum(),
            bytes: self.files.iter().map(|file| file.bytes).sum(),
            codebooks: codebooks.collect(),
            files: self.files,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, tokens, bytes, codebooks, files } = self;
        let each = *bytes as f64 / *tokens as f64;
        writeln!(
            f,
            "{items} items, {tokens} tokens in {} files: {bytes} bytes, {each:.2} a token",
            files.len()
        )?;
        write!(
            f,
            "{:>5} {:>20} {:>12} {:>8} {:>12} {:>8} {:>20}",
            "token", "codes", "used", "share", "perplexity", "bits", "dead"
        )?;
        for (k, codebook) in codebooks.iter().enumerate() {
            let CodebookUse { codes, used, perplexity, entropy_bits, dead, .. } = codebook;
            let share = 100.0 * *used as f64 / *codes as f64;
            write!(
                f,
                "\n{k:>5} {codes:>20} {used:>12} {share:>6.2} % {perplexity:>12.1} {entropy_bits:>8.3} {dead:>20}"
            )?;
        }
        Ok(())
    }
}
