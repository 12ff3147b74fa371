//! The progress bar.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Metrics;

/// A bar on the standard error; hidden where it is not asked for, and where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(steps: u64, shown: bool) -> Self {
        if !shown {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        let style = "{bar:30} {pos}/{len} [{elapsed} < {eta}] {msg}";
        Self(bar.with_style(ProgressStyle::with_template(style).expect("a valid template")))
    }

    pub(super) fn set_position(&self, step: u64) {
        self.0.set_position(step);
    }

    pub(super) fn set_metrics(&self, split: &str, metrics: &Metrics) {
        self.0.set_message(format!("{split}: {metrics}"));
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
