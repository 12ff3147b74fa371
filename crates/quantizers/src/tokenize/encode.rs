//! `tokenize encode`: one thread reads, one makes tokens (on all cores), one writes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use seedbed_nn::files;

use super::bar::Bar;
use super::cli::{Container, Encode, TokenType};
use super::encoder::Encoder;
use super::job::{self, Manifest, REPORT, Shard, VERSION};
use super::report::Tally;
use super::shard::{Layout, Part};
use super::source::{self, Reading, Run, Source};
use super::{TokenizeError, say};
use crate::QuantizerError;
use crate::pack::bits_for;

/// What waits between two threads: enough that none has to.
const WAITING: usize = 4;

/// Items that were read together, of one file of tokens.
struct Batch {
    shard: usize,
    /// Which item of the input is the first.
    first: usize,
    /// Whether items are samples, each in a file of its own.
    samples: bool,
    /// Of each item, if they are samples or the tokens are to have names.
    names: Vec<String>,
    /// Of each sample, or the one of all rows.
    files: Vec<PathBuf>,
    runs: Vec<Run>,
}

/// All tokens of a file.
struct Made {
    shard: usize,
    parts: Vec<Part>,
}

/// Makes what is missing, and reports.
pub(super) fn run(options: &Encode) -> Result<(), TokenizeError> {
    let (mut encoder, identity) = Encoder::open(&options.quantizer)?;
    if options.shard == Some(0) {
        return Err(TokenizeError::option("--shard", "is 0; should be at least 1"));
    }
    let reading = Reading {
        tensor: options.tensor.clone(),
        field: options.field.clone(),
        size: options.size,
    };
    let wanted = encoder.wanted();
    let sources = options.inputs.iter().map(|path| source::open(path, wanted, &reading));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let codes = encoder.sizes();
    let largest = codes.iter().copied().max().unwrap_or(1);
    let manifest = Manifest {
        version: VERSION,
        quantizer: identity,
        inputs: sources.iter().map(|source| source.about().clone()).collect(),
        reading,
        container: options.to,
        token_type: token_type(options.token_type, largest)?,
        shard: options.shard,
        codes,
    };
    let shards = manifest.shards();
    if shards.is_empty() {
        return Err(TokenizeError::malformed(&options.inputs[0], "has no items"));
    }
    let _lock = job::begin(&options.out, &manifest)?;

    let (mut tally, mut missing, mut before) = (Tally::new(&manifest), Vec::new(), 0);
    for (i, shard) in shards.iter().enumerate() {
        let path = options.out.join(&shard.name);
        if path.exists() {
            tally.earlier(&manifest, shard, &path)?;
            before += shard.to - shard.from;
        } else {
            missing.push(i);
        }
    }
    let kept = shards.len() - missing.len();
    let items = manifest.inputs.iter().map(|about| about.items as u64).sum();
    let mut bar = Bar::new(items, before as u64, !options.quiet);
    let layout = Layout {
        container: options.to,
        token_type: manifest.token_type,
        bits: bits_for(largest).max(1),
    };
    let out = Writer { dir: &options.out, manifest: &manifest, shards: &shards, layout };
    let tally = all(&mut encoder, sources, &missing, &out, tally, &mut bar)?;
    let report = tally.report();
    files::write(options.out.join(REPORT), &job::pretty(&report))?;
    let made = bar.finish();
    say(format_args!("{report}"));
    if kept > 0 {
        say(format_args!("kept: {kept} files that were there"));
    }
    if !missing.is_empty() {
        say(format_args!("{made}"));
    }
    Ok(())
}

/// The type that was asked for, if it has room, or the smallest that has.
fn token_type(asked: Option<TokenType>, largest: u64) -> Result<TokenType, TokenizeError> {
    let smallest = TokenType::smallest(largest);
    match asked {
        Some(asked) if asked < smallest => Err(TokenizeError::option(
            "--type",
            format!("is too small for {largest} codes; should be at least {smallest:?}")
                .to_lowercase(),
        )),
        Some(asked) => Ok(asked),
        None => Ok(smallest),
    }
}

/// Reads, makes and writes the missing files of tokens.
fn all(
    encoder: &mut Encoder,
    sources: Vec<Box<dyn Source>>,
    missing: &[usize],
    out: &Writer<'_>,
    tally: Tally,
    bar: &mut Bar,
) -> Result<Tally, TokenizeError> {
    let with_names = out.layout.container == Container::Tar;
    thread::scope(|scope| {
        let (read, batches) = sync_channel(WAITING);
        let (made, waiting) = sync_channel(WAITING);
        let reader = scope.spawn(move || read_all(sources, missing, out.shards, with_names, &read));
        let writer = scope.spawn(move || out.write_all(tally, &waiting));
        // Each ends when the one before or after it does, and says why by itself.
        let outcome = encode_all(encoder, batches, out.shards, made, bar);
        let (read, written) = (join(reader), join(writer));
        outcome.and(read).and(written)
    })
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Reads the items of the missing files, until nobody takes them.
fn read_all(
    mut sources: Vec<Box<dyn Source>>,
    missing: &[usize],
    shards: &[Shard],
    with_names: bool,
    batches: &SyncSender<Batch>,
) -> Result<(), TokenizeError> {
    for &shard in missing {
        let Shard { input, from, to, .. } = shards[shard];
        let source = &mut sources[input];
        let samples = source.about().samples;
        for first in (from..to).step_by(source.at_once()) {
            let items = first..(first + source.at_once()).min(to);
            let named = if with_names || samples { items.clone() } else { 0..0 };
            let names = named.map(|item| source.name(item)).collect();
            let located = if samples { items.clone() } else { first..first + 1 };
            let files = located.map(|item| source.file(item)).collect();
            let runs = source.read(items.start, items.end)?;
            if batches.send(Batch { shard, first, samples, names, files, runs }).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Makes tokens of what is read, and hands them on file by file.
fn encode_all(
    encoder: &mut Encoder,
    batches: Receiver<Batch>,
    shards: &[Shard],
    made: SyncSender<Made>,
    bar: &mut Bar,
) -> Result<(), TokenizeError> {
    let mut parts = Vec::new();
    for batch in batches {
        let Batch { shard, first, mut names, runs, .. } = batch;
        let (mut done, mut of_batch) = (0, 0);
        for run in runs {
            let count = run.count;
            let vectors = run.shape[..run.shape.len() - 1].iter().product();
            let (shape, tokens) = encoder.encode(run).map_err(|error| {
                located(error, &batch.files, batch.samples, first, done, vectors)
            })?;
            of_batch += tokens.len() as u64;
            let names =
                if names.is_empty() { names.clone() } else { names.drain(..count).collect() };
            parts.push(Part { names, count, shape, tokens });
            done += count;
        }
        bar.add(done as u64, of_batch);
        if first + done == shards[shard].to {
            let parts = std::mem::take(&mut parts);
            if made.send(Made { shard, parts }).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The error of a vector, with its place in its own file. `done` items of the batch were before its run; an item has so many `vectors`.
fn located(
    error: QuantizerError,
    files: &[PathBuf],
    samples: bool,
    first: usize,
    done: usize,
    vectors: usize,
) -> TokenizeError {
    let QuantizerError::NotFinite { vector, channel, value } = error else {
        return TokenizeError::Quantizer { file: files[0].clone(), error };
    };
    let (file, vector) = if samples {
        (&files[done + vector / vectors], vector % vectors)
    } else {
        (&files[0], vector + (first + done) * vectors)
    };
    let error = QuantizerError::NotFinite { vector, channel, value };
    TokenizeError::Quantizer { file: file.clone(), error }
}

/// Where files of tokens go.
struct Writer<'a> {
    dir: &'a Path,
    manifest: &'a Manifest,
    shards: &'a [Shard],
    layout: Layout,
}

impl Writer<'_> {
    /// Writes and counts what is made.
    fn write_all(&self, mut tally: Tally, made: &Receiver<Made>) -> Result<Tally, TokenizeError> {
        for Made { shard, parts } in made {
            let shard = &self.shards[shard];
            let mut count = 0;
            for part in &parts {
                tally.count(&part.tokens);
                count += part.tokens.len() as u64;
            }
            let file = self.layout.file(&shard.name, parts)?;
            files::write(self.dir.join(&shard.name), &file)?;
            tally.file(self.manifest, shard, count, &file);
        }
        Ok(tally)
    }
}
