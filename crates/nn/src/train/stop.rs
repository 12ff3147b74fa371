use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Asks a training to stop after the step it is in, from anywhere: another thread, a signal handler.
#[derive(Clone, Debug, Default)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    /// The training saves a checkpoint and returns.
    pub fn stop(&self) {
        self.0.store(true, Relaxed);
    }

    /// Whether it was asked, here or by Ctrl-C; asking is over then.
    pub(super) fn take(&self, ctrl_c: bool) -> bool {
        let pressed = ctrl_c && PRESSED.swap(false, Relaxed);
        self.0.swap(false, Relaxed) || pressed
    }
}

static PRESSED: AtomicBool = AtomicBool::new(false);

/// Sets the process's handler, once.
#[cfg(feature = "cli")]
pub(super) fn catch_ctrl_c() -> Result<(), super::TrainError> {
    use std::sync::OnceLock;

    static HANDLER: OnceLock<Result<(), String>> = OnceLock::new();
    let set = || {
        ctrlc::set_handler(|| {
            if PRESSED.swap(true, Relaxed) {
                // Pressed twice: the shell's code of a process that Ctrl-C ended.
                std::process::exit(130);
            }
        })
        .map_err(|e| e.to_string())
    };
    HANDLER.get_or_init(set).clone().map_err(super::TrainError::CtrlC)
}
