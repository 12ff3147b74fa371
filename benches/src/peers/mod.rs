//! Other software on the same work: PyTorch and JAX, each in a process of its own that takes
//! requests over its standard input, so that turns alternate within one run.

mod process;
mod venv;

pub use process::Peer;
pub use venv::Environment;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

/// The peers: name and script under `benches/peers/`.
const SCRIPTS: [(&str, &str); 2] = [("torch", "torch_peer.py"), ("jax", "jax_peer.py")];

/// Installs what is missing under `folder` (once) and starts every peer of `scripts`, with the
/// sizes of the work.
///
/// # Errors
/// What is missing and what to do about it, if there is no Python or the installation fails.
pub fn start(scripts: &Path, folder: &Path, sizes: &serde_json::Value) -> Result<Vec<Peer>> {
    let python = Environment::under(folder).ensure(&scripts.join("requirements.txt"))?;
    SCRIPTS
        .iter()
        .map(|(name, script)| {
            let log = folder.join(format!("{name}.log"));
            let mut command = Command::new(&python);
            // No compiled files beside the scripts, which stand in the source tree.
            command.arg("-B").arg(scripts.join(script)).arg(sizes.to_string()).stderr(Stdio::from(
                std::fs::File::create(&log).with_context(|| log.display().to_string())?,
            ));
            Peer::start(command)
                .with_context(|| format!("starting {name} (its messages: {})", log.display()))
        })
        .collect()
}
