use std::io::{self, Write};

use super::Telemetry;

/// Writes one line of JSON for each choice.
///
/// ```
/// use seedbed_rho_selection::{Telemetry, TelemetryWriter};
/// let mut file = Vec::new(); // or a File in a BufWriter
/// let mut writer = TelemetryWriter::new(&mut file);
/// writer.write(&Telemetry { step: 7, ..Default::default() })?;
/// writer.flush()?;
/// let line: Telemetry = serde_json::from_slice(&file)?;
/// assert_eq!(line.step, 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TelemetryWriter<W: Write> {
    out: W,
}

impl<W: Write> TelemetryWriter<W> {
    /// A writer of lines to `out`. Lines are small: a buffered `out` is faster.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&mut self, telemetry: &Telemetry) -> io::Result<()> {
        let mut line = serde_json::to_vec(telemetry)?;
        line.push(b'\n');
        self.out.write_all(&line)
    }

    /// Hands everything on to the operating system.
    ///
    /// # Errors
    /// What it says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
