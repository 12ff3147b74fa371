//! The progress bar.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on the standard error, with tokens a second; hidden where it is not asked for, and where that is no terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    start: Instant,
    tokens: u64,
}

impl Bar {
    /// Of this many items, the first of which were there before.
    pub(super) fn new(items: u64, before: u64, shown: bool) -> Self {
        let (start, tokens) = (Instant::now(), 0);
        if !shown {
            return Self { bar: ProgressBar::hidden(), start, tokens };
        }
        let bar = ProgressBar::with_draw_target(Some(items), ProgressDrawTarget::stderr());
        let style = "{bar:30} {pos}/{len} items [{elapsed} < {eta}] {msg}";
        let style = ProgressStyle::with_template(style).expect("a valid template");
        Self { bar: bar.with_style(style).with_position(before), start, tokens }
    }

    /// Some items more, which were made now.
    pub(super) fn add(&mut self, items: u64, tokens: u64) {
        self.tokens += tokens;
        self.bar.inc(items);
        self.bar.set_message(self.rate());
    }

    fn rate(&self) -> String {
        format!("{:.3e} tokens/s", self.tokens as f64 / self.start.elapsed().as_secs_f64())
    }

    /// Clears the bar; what was made, and how fast.
    pub(super) fn finish(self) -> String {
        self.bar.finish_and_clear();
        let seconds = self.start.elapsed().as_secs_f64();
        format!("made now: {} tokens in {seconds:.2} s, {}", self.tokens, self.rate())
    }
}
