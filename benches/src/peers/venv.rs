//! The peers' own Python environment, made once under `target/peers/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// A Python virtual environment in a folder.
#[derive(Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment `venv` in `folder`, made or not.
    pub fn under(folder: &Path) -> Self {
        Environment { folder: folder.join("venv") }
    }

    /// Makes the environment and installs `requirements` into it, unless both are done already;
    /// gives the path of its Python. Progress goes to stderr.
    ///
    /// # Errors
    /// If there is no usable Python, or pip fails: the message says what to do.
    pub fn ensure(&self, requirements: &Path) -> Result<PathBuf> {
        let wanted = std::fs::read_to_string(requirements)
            .with_context(|| format!("reading {}", requirements.display()))?;
        let python = self.python();
        // The stamp is written last: an interrupted installation is done again.
        let stamp = self.folder.join("installed.txt");
        if python.exists() && std::fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
            return Ok(python);
        }
        let system = system_python()?;
        eprintln!("peers: installing into {} (about 6 GB, once)", self.folder.display());
        run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&self.folder))
            .context("making a virtual environment (Debian keeps it in python3-venv)")?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&python).args(pip).arg(requirements)).context("installing the peers")?;
        std::fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
        Ok(python)
    }

    fn python(&self) -> PathBuf {
        let inside = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        self.folder.join(inside)
    }
}

/// The Python to make the environment with: `SEEDBED_PYTHON`, or `python3`, or `python`.
fn system_python() -> Result<String> {
    let named = std::env::var("SEEDBED_PYTHON").ok();
    let candidates = named.map_or(vec!["python3".into(), "python".into()], |name| vec![name]);
    for name in &candidates {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).status();
        if asked.is_ok_and(|status| status.success()) {
            return Ok(name.clone());
        }
    }
    bail!("no Python found ({}); set SEEDBED_PYTHON to one", candidates.join(", "))
}

/// Runs a command whose messages go to stderr.
fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdout(std::io::stderr()).status();
    let status = status.with_context(|| format!("starting {program}"))?;
    ensure!(status.success(), "{program} failed ({status})");
    Ok(())
}
