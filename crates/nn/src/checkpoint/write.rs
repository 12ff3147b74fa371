use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::Path as FilePath;

use safetensors::{Dtype, View};
use seedbed_autodiff::{Float, Module, Path, Rng, Tensor};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{CheckpointError, KEY, Sum, VERSION, dtype, tensor_name};
use crate::optim::Optimizer;

/// Gathers what goes into a checkpoint. Tensors are shared, not copied, until they are written.
#[derive(Default)]
pub struct Writer {
    tensors: BTreeMap<String, Box<dyn Bytes>>,
    values: Map<String, Value>,
}

/// A tensor of either element type.
trait Bytes {
    fn dtype(&self) -> Dtype;
    fn shape(&self) -> &[usize];
    fn bytes(&self) -> Vec<u8>;
}

impl<F: Float> Bytes for Tensor<F> {
    fn dtype(&self) -> Dtype {
        dtype::<F>()
    }
    fn shape(&self) -> &[usize] {
        Tensor::shape(self)
    }
    fn bytes(&self) -> Vec<u8> {
        match dtype::<F>() {
            Dtype::F32 => self.data().iter().flat_map(|x| (x.f64() as f32).to_le_bytes()).collect(),
            _ => self.data().iter().flat_map(|x| x.f64().to_le_bytes()).collect(),
        }
    }
}

impl View for &dyn Bytes {
    fn dtype(&self) -> Dtype {
        (**self).dtype()
    }
    fn shape(&self) -> &[usize] {
        (**self).shape()
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.bytes())
    }
    fn data_len(&self) -> usize {
        (**self).shape().iter().product::<usize>() * (**self).dtype().bitsize() / 8
    }
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all tensors of a module, buffers too, under `name.path`.
    pub fn module<F: Float, M: Module<F>>(&mut self, name: &str, module: &M) -> &mut Self {
        module.walk(&mut Path::default(), &mut |path, _, x| {
            self.tensors.insert(tensor_name(name, &path.to_string()), Box::new(x.stop_gradient()));
        });
        self
    }

    /// Adds an optimiser: its state as the modules `optimizer.NAME`, its name and steps as the value `optimizer`.
    pub fn optimizer<F: Float, M: Module<F>>(
        &mut self,
        optimizer: &(impl Optimizer<F, M> + ?Sized),
    ) -> &mut Self {
        for (name, state) in optimizer.states() {
            self.module(&tensor_name("optimizer", name), state);
        }
        let value = json!({ "name": optimizer.name(), "steps": optimizer.steps() });
        self.values.insert("optimizer".into(), value);
        self
    }

    /// Adds a generator, whole.
    pub fn rng(&mut self, name: &str, rng: &Rng) -> &mut Self {
        self.values.insert(name.into(), json!(rng.to_bytes().to_vec()));
        self
    }

    /// Adds anything that `serde` can write as JSON.
    ///
    /// # Errors
    /// If it cannot: a map with keys that are no strings, for example.
    pub fn value(
        &mut self,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<&mut Self, CheckpointError> {
        let value = serde_json::to_value(value)
            .map_err(|source| CheckpointError::Value { name: name.into(), source })?;
        self.values.insert(name.into(), value);
        Ok(self)
    }

    /// Writes the checkpoint, so that at every moment the path has either what it had before or all of this.
    ///
    /// The bytes go to a temporary file in the same directory, which is synced and then renamed; then the directory
    /// is synced. The temporary file of a process that was killed is written over next time.
    ///
    /// # Errors
    /// What the operating system says, or that another process is writing to the same path.
    pub fn write(&self, file: &FilePath) -> Result<(), CheckpointError> {
        let temporary = temporary_name(file);
        // Emptied only under the lock.
        let mut options = File::options();
        let mut out = (options.write(true).create(true).truncate(false).open(&temporary))
            .map_err(CheckpointError::io(&temporary, "create it"))?;
        // One who held the lock until now has moved the file to its place: what is locked then is the checkpoint.
        if matches!(out.try_lock(), Err(TryLockError::WouldBlock)) || !lies_at(&out, &temporary) {
            return Err(CheckpointError::Busy { file: temporary });
        }
        let bytes = self.bytes();
        out.set_len(0)
            .and_then(|()| out.write_all(&bytes))
            .and_then(|()| out.sync_all())
            .map_err(CheckpointError::io(&temporary, "write to it"))?;
        fs::rename(&temporary, file).map_err(CheckpointError::io(file, "move the new one here"))?;
        sync_directory_of(file)
    }

    /// The contents of the file.
    fn bytes(&self) -> Vec<u8> {
        let mut sum = Sum::new();
        for (name, x) in &self.tensors {
            sum.tensor(name, x.dtype(), x.shape(), &x.bytes());
        }
        let crc32 = sum.finish(&Value::Object(self.values.clone()).to_string());
        // One entry, because the order of several in the file would be random.
        let entry = json!({ "version": VERSION, "crc32": crc32, "values": self.values });
        let metadata = HashMap::from([(KEY.to_owned(), entry.to_string())]);
        let tensors = self.tensors.iter().map(|(name, x)| (name, &**x));
        safetensors::serialize(tensors, Some(metadata)).expect("views with the size of their shape")
    }
}

/// Whether an open file is the one that a path names.
#[cfg(unix)]
fn lies_at(open: &File, path: &FilePath) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let place = |of: std::io::Result<fs::Metadata>| of.map(|of| (of.dev(), of.ino())).ok();
    let here = place(open.metadata());
    here.is_some() && here == place(fs::metadata(path))
}

/// Whether an open file is the one that a path names: here nobody can move one that is open.
#[cfg(not(unix))]
fn lies_at(_: &File, _: &FilePath) -> bool {
    true
}

/// `.NAME.tmp` beside the file: on the same file system, and hidden.
fn temporary_name(file: &FilePath) -> std::path::PathBuf {
    let mut name = OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".tmp");
    file.with_file_name(name)
}

/// Makes the renaming outlive a power cut.
fn sync_directory_of(file: &FilePath) -> Result<(), CheckpointError> {
    if cfg!(unix) {
        let dir = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
        File::open(dir)
            .and_then(|d| d.sync_all())
            .map_err(CheckpointError::io(dir, "sync the directory"))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let [here, there] = ["here", "there"].map(|name| dir.path().join(name));
        let open = File::create(&here).unwrap();
        assert!(lies_at(&open, &here));
        fs::rename(&here, &there).unwrap();
        assert!(!lies_at(&open, &here) && lies_at(&open, &there));
        File::create(&here).unwrap();
        assert!(!lies_at(&open, &here));
    }
}
