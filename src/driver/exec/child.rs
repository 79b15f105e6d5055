//! The helper program's process.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use crate::instrument::InstrumentFault;

use super::message::Answer;

/// Patience with an answer; with the first one, too, because interpreters take their time to start.
const PATIENCE: Duration = Duration::from_millis(1000);
const FIRST: Duration = Duration::from_secs(5);
/// From being told to leave to being killed: time to stop its stimulator.
const GRACE: Duration = Duration::from_millis(500);
/// An answer is no longer.
const LONGEST: u64 = 64 * 1024;

/// A running helper program.
pub(super) struct Child {
    process: tokio::process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    number: u64,
}

impl Child {
    pub(super) fn start(command: &[String], folder: &Path) -> std::io::Result<Self> {
        let none = || std::io::Error::other("it is empty");
        let (program, arguments) = command.split_first().ok_or_else(none)?;
        let mut process = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            // A Ctrl-C is for this process alone: the helper program is what the stop goes through.
            .process_group(0)
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or_else(none)?;
        Ok(Self { process, input, output: BufReader::new(output), number: 0 })
    }

    /// Whether it still runs.
    pub(super) fn alive(&mut self) -> Result<(), InstrumentFault> {
        match self.process.try_wait() {
            Ok(None) if self.input.is_some() => Ok(()),
            _ => Err(InstrumentFault::Disconnected),
        }
    }

    /// Sends a request and reads its answer; a program that misses the deadline is ended.
    pub(super) async fn ask(&mut self, mut request: Value) -> Result<Answer, InstrumentFault> {
        self.alive()?;
        self.number += 1;
        if let Value::Object(fields) = &mut request {
            fields.insert("id".to_owned(), self.number.into());
        }
        let mut line =
            serde_json::to_vec(&request).map_err(|error| InstrumentFault::Protocol(error.to_string()))?;
        line.push(b'\n');
        let patience = if self.number == 1 { FIRST } else { PATIENCE };
        let number = self.number;
        let exchanged = tokio::time::timeout(patience, self.exchange(&line, number)).await;
        match exchanged {
            Ok(Err(fault @ InstrumentFault::Protocol(_))) => {
                // Out of step: nothing it says from now on could be believed.
                self.end().await;
                Err(fault)
            }
            Ok(answer) => answer,
            Err(_) => {
                self.end().await;
                Err(InstrumentFault::Timeout)
            }
        }
    }

    async fn exchange(&mut self, line: &[u8], number: u64) -> Result<Answer, InstrumentFault> {
        let input = self.input.as_mut().ok_or(InstrumentFault::Disconnected)?;
        let gone = |_| InstrumentFault::Disconnected;
        input.write_all(line).await.map_err(gone)?;
        input.flush().await.map_err(gone)?;
        let mut answer = String::new();
        let mut bounded = (&mut self.output).take(LONGEST);
        let read = bounded.read_line(&mut answer).await;
        let count = read.map_err(|error| InstrumentFault::Protocol(error.to_string()))?;
        if count == 0 {
            return Err(InstrumentFault::Disconnected);
        }
        Answer::read(&answer, number)
    }

    /// Whether it ends by itself within a while; called where nothing can wait.
    fn leaves(&mut self, within: Duration) -> bool {
        let begun = std::time::Instant::now();
        while begun.elapsed() < within {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Ends it: its input first, so that it can stop its stimulator, then by force.
    async fn end(&mut self) {
        self.input = None;
        if tokio::time::timeout(GRACE, self.process.wait()).await.is_err() {
            self.kill_all();
            // It may have ended by itself just now.
            let _ = self.process.kill().await;
        }
    }

    /// Ends it and what it has started: a script may wait for a program that holds the stimulator's port.
    fn kill_all(&self) {
        // Without a number it has ended and been seen to: the number of its group may be another's by now.
        let group = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            // It may have ended by itself just now.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// It is told to leave, and its input ends; it is killed only if it does not.
impl Drop for Child {
    fn drop(&mut self) {
        if let Some(input) = self.input.take().and_then(|input| input.into_owned_fd().ok()) {
            let line = format!("{}\n", serde_json::json!({ "request": "quit", "id": self.number + 1 }));
            // One that has ended by itself hears nothing any more.
            let _ = std::fs::File::from(input).write_all(line.as_bytes());
        }
        if !self.leaves(GRACE) {
            self.kill_all();
        }
    }
}
