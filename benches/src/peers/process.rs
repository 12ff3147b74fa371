//! One peer process and the lines it is spoken to in.
//!
//! Each line is a JSON object. The peer greets with `{"peer": NAME, "version": …, "workloads": […]}`;
//! `{"run": WORKLOAD, "times": N}` is answered by `{"seconds": S}` (of all N together) or by
//! `{"error": TEXT}`. It ends when its input does.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::json;

/// A peer that does not answer for this long is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running peer. Ends with its owner.
#[derive(Debug)]
pub struct Peer {
    hello: Hello,
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
}

#[derive(Debug, Deserialize)]
struct Hello {
    peer: String,
    version: String,
    workloads: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Seconds(f64),
    Error(String),
}

impl Peer {
    /// Starts the process and waits for its greeting.
    ///
    /// # Errors
    /// If it cannot be started or does not greet.
    pub fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {program}"))?;
        let requests = child.stdin.take();
        let stdout = child.stdout.take().context("the peer has no output")?;
        let (send, answers) = channel();
        // A thread reads, so that waiting for an answer can end.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let hello = Hello { peer: program, version: String::new(), workloads: Vec::new() };
        let mut peer = Peer { hello, child, requests, answers };
        let line = peer.answer()?;
        peer.hello =
            serde_json::from_str(&line).with_context(|| format!("its greeting: {line}"))?;
        Ok(peer)
    }

    /// The name it greets with, such as `torch`.
    pub fn name(&self) -> &str {
        &self.hello.peer
    }

    /// The version it greets with.
    pub fn version(&self) -> &str {
        &self.hello.version
    }

    /// Whether it can do this work, and answers.
    pub fn knows(&self, workload: &str) -> bool {
        self.requests.is_some() && self.hello.workloads.iter().any(|name| name == workload)
    }

    /// Lets it do the work `times` times; gives the seconds of all together.
    ///
    /// # Errors
    /// What the peer reports, or that it ended or keeps silent: it is asked no more then, because a late answer would be taken for the next one.
    pub fn run(&mut self, workload: &str, times: usize) -> Result<f64> {
        let name = self.hello.peer.clone();
        let request = json!({ "run": workload, "times": times });
        let requests = self.requests.as_mut().context("the peer's input is closed")?;
        writeln!(requests, "{request}").with_context(|| format!("{name} takes no requests"))?;
        let answer = self.answer();
        if answer.is_err() {
            self.end();
        }
        let line = answer?;
        match serde_json::from_str(&line) {
            Ok(Answer::Seconds(seconds)) => Ok(seconds),
            Ok(Answer::Error(text)) => bail!("{name}: {workload}: {text}"),
            Err(_) => bail!("{name}: not an answer: {line}"),
        }
    }

    /// Ends the process, whatever it does.
    fn end(&mut self) {
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn answer(&self) -> Result<String> {
        let name = &self.hello.peer;
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => line.with_context(|| format!("reading from {name}")),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => bail!("{name} ended"),
            Err(_) => bail!("{name} has kept silent for {} s", PATIENCE.as_secs()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends it; a peer in the middle of something is not waited for.
        drop(self.requests.take());
        for _ in 0..20 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.end();
    }
}
