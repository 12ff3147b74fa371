//! A trained machine in a file.

use std::collections::BTreeMap;
use std::path::Path;

use seedbed_autodiff::{Float, Module as _, Rng};
use seedbed_nn::checkpoint::{Checkpoint, CheckpointError, Writer};
use seedbed_nn::{Checked, Config};

use crate::{Ntm, NtmConfig};

impl<F: Float> Ntm<F> {
    /// Writes the machine and its configuration to a safetensors file, whole or not at all.
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
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, config: &Checked<NtmConfig>, file: &Path) -> Result<(), CheckpointError> {
        if let Some(problem) = self.difference(&Self::new(config, &mut Rng::new(0))) {
            return Err(CheckpointError::OtherModel { file: file.into(), problem });
        }
        Writer::new().module("model", self).value("config", &**config)?.write(file)
    }

    /// Reads a machine that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or does not hold what its configuration says.
    pub fn load(file: &Path) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::read(file)?;
        let config = config_in(&checkpoint, file)?;
        // The weights are replaced at once.
        checkpoint.module("model", &Self::new(&config, &mut Rng::new(0)))
    }

    /// Where this machine differs from one of the same configuration.
    fn difference(&self, built: &Self) -> Option<String> {
        let shapes = |ntm: &Self| -> BTreeMap<String, Vec<usize>> {
            ntm.named().into_iter().map(|(name, _, x)| (name, x.shape().to_vec())).collect()
        };
        let (ours, theirs) = (shapes(self), shapes(built));
        let shape = |shapes: &BTreeMap<String, Vec<usize>>, name| match shapes.get(name) {
            Some(shape) => format!("of shape {shape:?}"),
            None => "missing".into(),
        };
        if let Some(name) = ours.keys().chain(theirs.keys()).find(|&k| ours.get(k) != theirs.get(k))
        {
            let (ours, theirs) = (shape(&ours, name), shape(&theirs, name));
            return Some(format!("`{name}` is {ours}, and {theirs} in its configuration"));
        }
        let settings = |ntm: &Self| format!("{:?}, order {:?}", ntm.heads.options, ntm.order);
        let (ours, theirs) = (settings(self), settings(built));
        (ours != theirs)
            .then(|| format!("the machine has {ours}, and {theirs} in its configuration"))
    }
}

impl NtmConfig {
    /// The configuration of a machine that [`Ntm::save`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read, or is not one of these.
    pub fn load(file: &Path) -> Result<Checked<Self>, CheckpointError> {
        config_in(&Checkpoint::read(file)?, file)
    }
}

fn config_in(checkpoint: &Checkpoint, file: &Path) -> Result<Checked<NtmConfig>, CheckpointError> {
    let config: NtmConfig = checkpoint.value("config")?;
    let corrupt = |problem| CheckpointError::Corrupt { file: file.into(), problem };
    config.check().map_err(|error| corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HeadOrder;

    #[test]
    fn a_machine_is_written_with_its_own_configuration_alone() {
        let file = std::env::temp_dir().join(format!("ntm-other-{}", std::process::id()));
        let small = NtmConfig { slots: 8, ..Default::default() };
        let config = small.clone().check().unwrap();
        let ntm = Ntm::<f32>::new(&config, &mut Rng::new(0));
        let refused = |ntm: &Ntm, config: &NtmConfig| {
            ntm.save(&config.clone().check().unwrap(), &file).unwrap_err().to_string()
        };
        let larger = ntm.with_slots(16).unwrap();
        let says = refused(&larger, &small);
        assert!(
            says.ends_with(
                "attention` is of shape [2, 16], and of shape [2, 8] in its configuration"
            ),
            "{says}"
        );
        for config in [
            NtmConfig { clip: 10.0, ..small.clone() },
            NtmConfig { similarity_eps: 0.5, ..small.clone() },
            NtmConfig { order: HeadOrder::InPairs, ..small.clone() },
        ] {
            assert!(refused(&ntm, &config).contains("not written: the machine has HeadOptions"));
        }
        assert!(!file.exists());
        let wider = NtmConfig { slots: 16, ..small }.check().unwrap();
        larger.save(&wider, &file).unwrap();
        assert_eq!(*NtmConfig::load(&file).unwrap(), *wider);
        assert_eq!(Ntm::<f32>::load(&file).unwrap().slots(), 16);
        std::fs::remove_file(&file).unwrap();
    }
}
