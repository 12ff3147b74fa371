//! The program `tokenize`, from a file of vectors to files of tokens.

use std::ffi::OsString;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;

use anyhow::Result;
use seedbed::autodiff::Rng;
use seedbed::data::npy;
use seedbed::quantizers::train::{FsqConfig, LearnerConfig};
use seedbed_quantizers::tokenize;

use super::timing::{Contestant, Plan, interleave};
use crate::experiment::{Context, Experiment, Outcome};
use crate::row::{Goal, Kind, Row};

const NAME: &str = "tokenize";
const VECTORS: usize = 1_000_000;
const DIM: usize = 64;
const VECTORS_FILE: &str = "x.npy";
const QUANTIZER_FILE: &str = "quantizer.safetensors";

/// See [`Experiment::about`].
pub(super) struct Tokenize;

impl Experiment for Tokenize {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kind(&self) -> Kind {
        Kind::Speed
    }

    fn about(&self) -> &'static str {
        "The program from end to end: an NPY file of 1,000,000 vectors of 64 to files of u16 tokens, by FSQ of levels [8, 5, 5, 5] behind a projection."
    }

    fn run(&self, context: &Context) -> Result<Outcome> {
        let place = Place::new()?;
        place.prepare()?;
        // Each run takes a good part of a second: fewer rounds than of shorter work.
        let plan = Plan::of(context);
        let plan = Plan { rounds: plan.rounds.min(5), ..plan };
        let mut contestants = [
            Contestant::local("tokenize", || place.tokenize()),
            Contestant::local("read", || place.read()),
        ];
        let rounds = interleave(&mut contestants, plan)?;
        let [ours, read] = &rounds[..] else { anyhow::bail!("somebody did not take their turns") };
        let tokens: Vec<f64> = ours.seconds.iter().map(|s| VECTORS as f64 / s).collect();
        let share: Vec<f64> =
            ours.seconds.iter().zip(&read.seconds).map(|(ours, read)| read / ours).collect();
        Ok(Outcome::new()
            .row(Row::speed(NAME, "ms", "ms", &ours.ms()))
            .row(Row::speed(NAME, "tokens_per_s", "1/s", &tokens))
            .row(
                Row::speed(NAME, "read_ms", "ms", &read.ms())
                    .source("the same file read only, in turn"),
            )
            .row(
                Row::speed(NAME, "read_share", "", &share)
                    .source("share of the speed at which the file is read, in turn")
                    .goal(Goal::AtLeast(0.5)),
            ))
    }
}

/// A directory for the files, which goes when this does.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        // It is a temporary one: what cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Place {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("seedbed-tokenize-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The vectors, and the quantizer.
    fn prepare(&self) -> Result<()> {
        let mut file = BufWriter::new(File::create(self.file(VECTORS_FILE))?);
        file.write_all(&npy::prefix(npy::Kind::F32, &[VECTORS, DIM]))?;
        let rng = &mut Rng::new(1);
        for _ in 0..VECTORS * DIM {
            file.write_all(&(rng.uniform() as f32 * 2.0 - 1.0).to_le_bytes())?;
        }
        file.flush()?;
        let config = FsqConfig { levels: vec![8, 5, 5, 5], dim: Some(DIM), ..Default::default() };
        let quantizer = LearnerConfig::Fsq(config).build::<f32>(rng)?;
        Ok(quantizer.save(&self.file(QUANTIZER_FILE))?)
    }

    /// Runs the program, into an empty directory.
    fn tokenize(&self) {
        let out = self.file("tokens");
        if out.exists() {
            fs::remove_dir_all(&out).expect("the tokens of the turn before can be removed");
        }
        let arguments = [
            OsString::from("encode"),
            self.file(VECTORS_FILE).into(),
            "--quantizer".into(),
            self.file(QUANTIZER_FILE).into(),
            "--quiet".into(),
            "--out".into(),
            out.into(),
        ];
        let done = tokenize::run(arguments).expect("good files and arguments");
        assert!(done, "encoding compares nothing");
    }

    /// Reads the vectors, piece by piece as the program does.
    fn read(&self) {
        let mut file = File::open(self.file(VECTORS_FILE)).expect("the file was written");
        let mut piece = vec![0; 1 << 22];
        let mut bytes = 0;
        loop {
            match file.read(&mut piece).expect("the file can be read") {
                0 => break,
                read => bytes += read,
            }
            black_box(&piece);
        }
        assert!(bytes > VECTORS * DIM * 4, "the whole file");
    }
}
