//! Stimjim: its firmware's text protocol over USB serial.
//!
//! The device neither numbers nor checks its messages, has no identity, reports no faults and answers an unknown command
//! with silence. So its echo of a train is compared with what was sent, and a stop is four commands: both timers, then both
//! outputs to ground.

use async_trait::async_trait;

use crate::instrument::{Applied, InstrumentError, InstrumentFault, LinkCounters, Port, StimulatorIdentity};
use crate::rig::Pairs;
use crate::rig::device::stimjim::{self, Train};
use crate::signal::Program;

use super::device::{Device, impossible, within};
use super::wire::Wire;

mod dump;

/// Patience with an answer, ns.
const PATIENCE: u64 = 200_000_000;
/// Patience behind a command that was not answered at all, ns.
const HURRIED: u64 = 20_000_000;
/// What was said before the driver came is over by then, ns.
const HUSH: u64 = 300_000_000;
/// Lines of other answers that may come before the one that is waited for.
const OTHERS: usize = 64;

const STIMJIM: Device =
    Device { name: "stimulator", refused: "correct the program: a Stimjim cannot emit it" };

/// A Stimjim on a port.
pub struct Stimulator {
    wire: Wire,
    pairs: Pairs,
    cap: f64,
    /// How long a pulse of the loaded train lasts, ns: a stop waits for it.
    pulse: u64,
    counters: LinkCounters,
}

impl Stimulator {
    /// A Stimjim on `port` whose outputs are wired as `pairs` say; no program above `cap` (A) leaves the host.
    pub fn new(port: Box<dyn Port>, pairs: Pairs, cap: f64) -> Self {
        Self { wire: Wire::new(port), pairs, cap, pulse: 0, counters: LinkCounters::default() }
    }

    /// Sends a line and awaits the line that begins with `answer`; other lines before it (the summary of a train that has
    /// just ended) are passed over. Returns that line.
    async fn ask(&mut self, line: &str, answer: &str, patience: u64) -> Result<String, InstrumentFault> {
        self.wire.send(line.as_bytes()).await?;
        let deadline = self.wire.after(patience);
        let mut other = None;
        for _ in 0..OTHERS {
            let got = match self.wire.line(b"\n", deadline).await {
                // It answered something, though not this.
                Err(InstrumentFault::Timeout) if other.is_some() => break,
                got => got?,
            };
            if got == line.trim_end() {
                let what = "what was sent comes back: an echo, such as that of a modem, and no Stimjim";
                return Err(InstrumentFault::Protocol(what.to_owned()));
            }
            if got.starts_with(answer) {
                return Ok(got);
            }
            if !got.is_empty() {
                other = Some(got);
            }
        }
        let got = other.unwrap_or_default();
        Err(InstrumentFault::Protocol(format!(
            "`{got}` in reply to `{}`: no Stimjim, or not its pulse firmware",
            line.trim_end()
        )))
    }

    /// Asks again once when nothing came: every one of these commands may be repeated.
    async fn ask_twice(
        &mut self,
        line: &str,
        answer: &str,
        patience: u64,
    ) -> Result<String, InstrumentFault> {
        match self.ask(line, answer, patience).await {
            Err(InstrumentFault::Timeout) => {
                self.counters.retried += 1;
                let again = self.ask(line, answer, patience).await;
                self.counters.lost += u64::from(again.is_err());
                again
            }
            other => other,
        }
    }

    /// Who is there, asked for something that changes nothing: what train 0 is. For whoever does not know what is on a port.
    ///
    /// # Errors
    /// When it is no Stimjim that answers, or nobody does.
    pub async fn recognise(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "recognise a Stimjim";
        self.wire.hush(HUSH).await.map_err(|fault| failed(doing, fault))?;
        // What was said to somebody else before ends as a line that it does not know.
        let asked = self.ask("\nS0\n", "Parameters for PulseTrain[0]", PATIENCE).await;
        asked.map(|_| self.identity()).map_err(|fault| failed(doing, fault))
    }

    fn identity(&self) -> StimulatorIdentity {
        StimulatorIdentity {
            model: "Stimjim".to_owned(),
            // It has none: its port is all that tells one from another.
            uid: String::new(),
            firmware: String::new(),
            cap: self.cap,
            compliance: 13.7,
            watchdog: f64::INFINITY,
        }
    }

    async fn define(&mut self, train: &Train) -> Result<(), InstrumentFault> {
        self.wire.clear().await?;
        self.ask(&train.line(0), dump::RULE, PATIENCE).await?;
        let deadline = self.wire.after(PATIENCE);
        let mut lines = Vec::new();
        loop {
            let line = self.wire.line(b"\n", deadline).await?;
            if line == dump::RULE {
                break;
            }
            lines.push(line);
            if lines.len() > OTHERS {
                return Err(InstrumentFault::Protocol("an echo of a train without end".to_owned()));
            }
        }
        match dump::difference(train, &lines) {
            Some(difference) => {
                Err(InstrumentFault::Protocol(format!("the echo of the train differs: {difference}")))
            }
            None => Ok(()),
        }
    }
}

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    STIMJIM.failed(doing, fault)
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify a Stimjim";
        self.wire.hush(HUSH).await.map_err(|fault| failed(doing, fault))?;
        for output in 0..2 {
            let answer = format!("Set channel {output} to mode 3");
            let asked = self.ask_twice(&format!("M{output},3\n"), &answer, PATIENCE).await;
            asked.map_err(|fault| failed(doing, fault))?;
        }
        Ok(self.identity())
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        within(self.cap, program).map_err(|fault| failed(doing, fault))?;
        let (train, applied) =
            stimjim::train(program, &self.pairs).map_err(|problems| failed(doing, impossible(problems)))?;
        within(self.cap, &applied).map_err(|fault| failed(doing, fault))?;
        self.define(&train).await.map_err(|fault| failed(doing, fault))?;
        self.pulse = train.stages.iter().map(|stage| stage.microseconds * 1000).sum();
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        // The first pulse is emitted before the answer.
        let started = self.ask("T0\n", "Started T train", PATIENCE + self.pulse).await;
        started.map(|_| ()).map_err(|fault| failed("start", fault))
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        // Each of the four is sent, whatever became of the one before. Behind one that was not answered twice the others are not waited
        // for as long: an interlock may be all that ends the output then, and it opens behind this.
        let patience = PATIENCE + self.pulse;
        let (mut first, mut silent) = (Ok(()), false);
        for (line, answer) in [
            ("T-1\n", "Forcing T train to stop"),
            ("U-1\n", "Forcing U train to stop"),
            ("M0,3\n", "Set channel 0 to mode 3"),
            ("M1,3\n", "Set channel 1 to mode 3"),
        ] {
            let asked = match silent {
                false => self.ask_twice(line, answer, patience).await,
                true => self.ask(line, answer, HURRIED).await,
            };
            silent |= asked == Err(InstrumentFault::Timeout);
            first = first.and(asked.map(|_| ()).map_err(|fault| failed("stop", fault)));
        }
        first
    }

    /// It does not miss its host; the port is looked at, so that a pulled plug is noticed.
    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.wire.listen().await.map_err(|fault| failed("keep the port", fault))
    }

    fn link(&self) -> LinkCounters {
        self.counters
    }
}
