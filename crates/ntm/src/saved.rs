//! A trained machine in a file.

use std::collections::BTreeMap;
use std::path::Path;

use seedbed_autodiff::{Float, Module, Rng};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::{Checked, Config};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Dnc, DncConfig, Ntm, NtmConfig};

/// A machine that a configuration says all about but its weights.
trait Saved<F: Float>: Module<F> {
    type Config: Config + Serialize + DeserializeOwned;

    /// What the configuration is called in a file.
    const CONFIG: &'static str;

    fn build(config: &Checked<Self::Config>) -> Self;

    /// The elements of all its tensors.
    fn elements(config: &Self::Config) -> f64;

    /// What is no tensor.
    fn settings(&self) -> String;
}

impl<F: Float> Saved<F> for Ntm<F> {
    type Config = NtmConfig;
    const CONFIG: &'static str = "config";

    fn build(config: &Checked<NtmConfig>) -> Self {
        Self::new(config, &mut Rng::new(0))
    }

    fn elements(config: &NtmConfig) -> f64 {
        config.elements()
    }

    fn settings(&self) -> String {
        format!("{:?}, order {:?}", self.heads.options, self.order)
    }
}

impl<F: Float> Saved<F> for Dnc<F> {
    type Config = DncConfig;
    const CONFIG: &'static str = "dnc";

    fn build(config: &Checked<DncConfig>) -> Self {
        Self::new(config, &mut Rng::new(0))
    }

    fn elements(config: &DncConfig) -> f64 {
        config.elements()
    }

    fn settings(&self) -> String {
        format!("{:?}", self.options)
    }
}

fn save<F: Float, M: Saved<F>>(
    machine: &M,
    config: &Checked<M::Config>,
    file: &Path,
) -> Result<(), CheckpointError> {
    if let Some(problem) = difference(machine, &M::build(config)) {
        return Err(CheckpointError::OtherModel { file: file.into(), problem });
    }
    Writer::new().module("model", machine).value(M::CONFIG, &**config)?.write(file)
}

fn load<F: Float, M: Saved<F>>(file: &Path) -> Result<M, CheckpointError> {
    let checkpoint = Checkpoint::read(file)?;
    let config = config_in::<F, M>(&checkpoint)?;
    // The weights are replaced at once.
    checkpoint.module("model", &M::build(&config))
}

/// The configuration in a file. It describes no larger machine than the file has: otherwise a few bytes could ask for any amount of memory.
fn config_in<F: Float, M: Saved<F>>(
    checkpoint: &Checkpoint,
) -> Result<Checked<M::Config>, CheckpointError> {
    let corrupt = |problem| CheckpointError::Corrupt { file: checkpoint.file().into(), problem };
    let config: M::Config = checkpoint.value(M::CONFIG)?;
    let config = config.check().map_err(|error| corrupt(error.to_string()))?;
    let (described, found) = (M::elements(&config), checkpoint.elements());
    if described > found as f64 {
        return Err(corrupt(format!(
            "the configuration describes a machine of {described} elements, but the tensors have {found}"
        )));
    }
    Ok(config)
}

/// Where a machine differs from one of the same configuration.
fn difference<F: Float, M: Saved<F>>(machine: &M, built: &M) -> Option<String> {
    let shapes = |machine: &M| -> BTreeMap<String, Vec<usize>> {
        machine.named().into_iter().map(|(name, _, x)| (name, x.shape().to_vec())).collect()
    };
    let (ours, theirs) = (shapes(machine), shapes(built));
    let shape = |shapes: &BTreeMap<String, Vec<usize>>, name| match shapes.get(name) {
        Some(shape) => format!("of shape {shape:?}"),
        None => "missing".into(),
    };
    if let Some(name) = ours.keys().chain(theirs.keys()).find(|&k| ours.get(k) != theirs.get(k)) {
        let (ours, theirs) = (shape(&ours, name), shape(&theirs, name));
        return Some(format!("`{name}` is {ours}, and {theirs} in its configuration"));
    }
    let (ours, theirs) = (machine.settings(), built.settings());
    (ours != theirs).then(|| format!("the machine has {ours}, and {theirs} in its configuration"))
}

impl<F: Float> Ntm<F> {
    /// Writes the machine and its configuration to a safetensors file, whole or not at all. [`config`](Self::config) gives the configuration of a
    /// machine that was resized or read from elsewhere.
    ///
    /// # Errors
    /// If it cannot be written, or is not of this configuration: one with [more memory](Self::with_slots) has `slots` of its own.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Ntm, NtmConfig};
    /// # let file = std::env::temp_dir().join(format!("ntm-save-{}.safetensors", std::process::id()));
    /// let config = NtmConfig { slots: 8, ..Default::default() }.check()?;
    /// let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
    /// ntm.save(&config, &file)?;
    /// let loaded = Ntm::<f32>::load(&file)?;
    /// assert_eq!(loaded.output.weight, ntm.output.weight);
    /// let larger = ntm.with_slots(16)?;
    /// larger.save(&larger.config()?, &file)?;
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, config: &Checked<NtmConfig>, file: &Path) -> Result<(), CheckpointError> {
        save(self, config, file)
    }

    /// Reads a machine that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        load(file)
    }
}

impl NtmConfig {
    /// The configuration of a machine that [`Ntm::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is not one of these.
    pub fn load(file: &Path) -> Result<Checked<Self>, CheckpointError> {
        config_in::<f32, Ntm<f32>>(&Checkpoint::read(file)?)
    }
}

impl<F: Float> Dnc<F> {
    /// Writes the machine and its configuration to a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written, or is not of this configuration.
    ///
    /// ```
    /// use seedbed_autodiff::Rng;
    /// use seedbed_nn::Config;
    /// use seedbed_ntm::{Dnc, DncConfig};
    /// # let file = std::env::temp_dir().join(format!("dnc-save-{}.safetensors", std::process::id()));
    /// let config = DncConfig { slots: 8, ..Default::default() }.check()?;
    /// let dnc = Dnc::<f32>::new(&config, &mut Rng::new(0));
    /// dnc.save(&config, &file)?;
    /// let loaded = Dnc::<f32>::load(&file)?;
    /// assert_eq!(loaded.output.weight, dnc.output.weight);
    /// assert_eq!(DncConfig::load(&file)?.slots, 8);
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, config: &Checked<DncConfig>, file: &Path) -> Result<(), CheckpointError> {
        save(self, config, file)
    }

    /// Reads a machine that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        load(file)
    }
}

impl DncConfig {
    /// The configuration of a machine that [`Dnc::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is not one of these.
    pub fn load(file: &Path) -> Result<Checked<Self>, CheckpointError> {
        config_in::<f32, Dnc<f32>>(&Checkpoint::read(file)?)
    }
}

#[cfg(test)]
mod tests;
