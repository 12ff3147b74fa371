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

    /// Who asked, here or by Ctrl-C, if anyone did; asking is over then.
    pub(super) fn take(&self, ctrl_c: bool) -> Option<Asked> {
        let pressed = ctrl_c && PRESSED.swap(false, Relaxed);
        let by_program = self.0.swap(false, Relaxed);
        match pressed {
            true => Some(Asked::CtrlC),
            false => by_program.then_some(Asked::Program),
        }
    }
}

/// Who asked a training to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A person, who is told what became of the run.
    CtrlC,
    /// A [`StopHandle`].
    Program,
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
