//! What stands for the progress bar without the feature `cli`: nothing is shown.

use super::Metrics;

pub(super) struct Bar;

impl Bar {
    pub(super) fn new(_steps: u64, _shown: bool) -> Self {
        Self
    }

    pub(super) fn set_position(&self, _step: u64) {}

    pub(super) fn set_metrics(&self, _split: &str, _metrics: &Metrics) {}

    pub(super) fn finish(&self) {}
}
