//! Pulse Pal 2: its firmware's binary protocol over USB serial.
//!
//! Every command is one write: the device finishes a command that stalls with zeros and is deaf until a person clicks its
//! joystick. It says nothing about triggers and aborts, has no status and no identity, and cuts a train where its time
//! ends, so trains are whole periods.
//!
//! A channel that another client left looping is told not to before each load. There is one command for that (91) whose bytes
//! one build of firmware 21 takes and the other passes over; both know 82, with channel and state in an order that depends on the
//! build, and the wrong one starts a channel.

use async_trait::async_trait;

use crate::instrument::{Applied, InstrumentError, InstrumentFault, LinkCounters, Port, StimulatorIdentity};
use crate::rig::Pairs;
use crate::rig::device::pulse_pal::{self, Train, ZERO, code};
use crate::signal::Program;

use super::device::{Device, impossible, within};
use super::wire::Wire;

/// Patience with an answer, ns.
const PATIENCE: u64 = 200_000_000;
/// What was said before the driver came is over by then, ns.
const HUSH: u64 = 100_000_000;
/// The oldest firmware with this protocol; below it is a Pulse Pal 1.
const OLDEST: u32 = 20;
/// The newest firmware whose commands are known.
const NEWEST: u32 = 21;
/// What begins every command.
const MENU: u8 = 213;
/// The parameter that makes a channel loop.
const LOOPING: u8 = 18;

const PULSE_PAL: Device =
    Device { name: "stimulator", refused: "correct the program: a Pulse Pal cannot emit it" };

/// A Pulse Pal on a port.
pub struct Stimulator {
    wire: Wire,
    pairs: Pairs,
    volts_per_ampere: f64,
    cap: f64,
    /// Channel of the loaded train.
    channel: usize,
    /// It knows the command for a parameter of all channels; `None` until it was asked.
    all_at_once: Option<bool>,
    /// An answer is overdue, and may still come.
    late: bool,
    counters: LinkCounters,
}

impl Stimulator {
    /// A Pulse Pal on `port` whose channels are wired as `pairs` say through something that turns volts into amperes; no
    /// program above `cap` (A) leaves the host.
    pub fn new(port: Box<dyn Port>, pairs: Pairs, volts_per_ampere: f64, cap: f64) -> Self {
        Self {
            wire: Wire::new(port),
            pairs,
            volts_per_ampere,
            cap,
            channel: 0,
            all_at_once: None,
            late: false,
            counters: LinkCounters::default(),
        }
    }

    /// Sends a command in one write and reads `count` bytes.
    async fn ask(&mut self, command: &[u8], count: usize) -> Result<Vec<u8>, InstrumentFault> {
        let answer = self.ask_perhaps(command, count).await;
        self.counters.lost += u64::from(answer == Err(InstrumentFault::Timeout));
        answer
    }

    /// As [`Stimulator::ask`], of something that may well not be answered.
    async fn ask_perhaps(&mut self, command: &[u8], count: usize) -> Result<Vec<u8>, InstrumentFault> {
        let request = [&[MENU], command].concat();
        if count == 0 {
            // An abort waits for nothing.
            self.wire.send(&request).await?;
            return Ok(Vec::new());
        }
        // Answers look alike: one that came late must not be taken for this one's.
        if std::mem::take(&mut self.late) {
            self.wire.hush(HUSH).await?;
        }
        self.wire.clear().await?;
        self.wire.send(&request).await?;
        let deadline = self.wire.after(PATIENCE);
        let answer = self.wire.take(count, deadline).await;
        self.late = answer == Err(InstrumentFault::Timeout);
        let answer = answer?;
        if request.starts_with(&answer) {
            let what = "what was sent comes back: an echo, such as that of a modem, and no Pulse Pal";
            return Err(InstrumentFault::Protocol(what.to_owned()));
        }
        Ok(answer)
    }

    /// A command that is answered with a one.
    async fn acknowledged(&mut self, command: &[u8]) -> Result<(), InstrumentFault> {
        match self.ask(command, 1).await?.as_slice() {
            [1] => Ok(()),
            other => Err(InstrumentFault::Protocol(no_acknowledge(other))),
        }
    }

    /// Who is there, asked without changing anything: its handshake. For whoever does not know what is on a port.
    ///
    /// # Errors
    /// When it is no Pulse Pal 2 that answers, or nobody does.
    pub async fn recognise(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify a Pulse Pal";
        self.wire.hush(HUSH).await.map_err(|fault| failed(doing, fault))?;
        let answer = self.ask(&[72], 5).await.map_err(|fault| failed(doing, fault))?;
        let firmware = match answer.as_slice() {
            [0x4B, version @ ..] => version.try_into().ok().map(u32::from_le_bytes),
            _ => None,
        };
        let Some(firmware) = firmware else {
            let what = format!("{answer:02X?} in reply to a handshake: no Pulse Pal");
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        };
        if firmware < OLDEST {
            let what =
                format!("firmware {firmware} is that of a Pulse Pal 1, this driver is for a Pulse Pal 2");
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        }
        if firmware > NEWEST {
            let what = format!("firmware {firmware} is newer than {NEWEST}, the newest that is known here");
            let error = failed(doing, InstrumentFault::Refused(what));
            let next = format!(
                "put firmware {NEWEST} on it, or use a stimrig that knows this one: what a command means may have changed"
            );
            return Err(InstrumentError { next, ..error });
        }
        Ok(StimulatorIdentity {
            model: "Pulse Pal 2".to_owned(),
            // It has none: its port is all that tells one from another.
            uid: String::new(),
            firmware: firmware.to_string(),
            cap: self.cap,
            compliance: f64::INFINITY,
            watchdog: f64::INFINITY,
        })
    }

    async fn program(&mut self, train: &Train) -> Result<(), InstrumentFault> {
        let channel = u8::try_from(train.channel + 1).unwrap_or(1);
        self.abort().await?;
        self.no_loop(channel).await?;
        for (code, value) in parameters(train) {
            let mut command = vec![74, code, channel];
            command.extend(value);
            self.acknowledged(&command).await?;
        }
        Ok(())
    }
}

impl Stimulator {
    /// Ends what is played, for good: the device keeps a trigger that came during a train, or right before this, and begins
    /// the next train with it as soon as the first abort has ended that one. Behind the second none is left.
    async fn abort(&mut self) -> Result<(), InstrumentFault> {
        self.ask(&[80], 0).await?;
        self.ask(&[80], 0).await.map(|_| ())
    }

    /// Ends what loops, so that the next train ends by itself.
    async fn no_loop(&mut self, channel: u8) -> Result<(), InstrumentFault> {
        if self.all_at_once != Some(false) {
            match self.ask_perhaps(&[91, LOOPING, 0, 0, 0, 0], 1).await.as_deref() {
                Ok([1]) => {
                    self.all_at_once = Some(true);
                    return Ok(());
                }
                // A build without that command passes its bytes over: none of them begins a command.
                Err(InstrumentFault::Timeout) if self.all_at_once.is_none() => {}
                Ok(other) => return Err(InstrumentFault::Protocol(no_acknowledge(other))),
                Err(fault) => return Err(fault.clone()),
            }
        }
        // What lacks it takes the channel first. Should one not, it is the first channel that these bytes start: whatever they
        // start has no voltage, and is aborted.
        let [low, high] = ZERO.to_le_bytes();
        for own in [1, channel] {
            self.acknowledged(&[74, 14, own, 0]).await?;
            for voltage in [2, 3, 17] {
                self.acknowledged(&[74, voltage, own, low, high]).await?;
            }
        }
        self.acknowledged(&[82, channel, 0]).await?;
        self.abort().await?;
        self.all_at_once = Some(false);
        Ok(())
    }
}

fn no_acknowledge(other: &[u8]) -> String {
    format!("{other:02X?} where 01 was expected: no Pulse Pal, or out of step")
}

/// Parameters of a train by their codes, in the order of the vendor's client; links to the trigger inputs are cut, so that
/// nothing else can start it.
fn parameters(train: &Train) -> Vec<(u8, Vec<u8>)> {
    let volts = |steps: i64| code(steps).to_le_bytes().to_vec();
    let cycles = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    let [first, second] = train.phases;
    // A burst without a length is none.
    let (burst, pause) = train.burst.unwrap_or((0, 0));
    vec![
        (12, vec![0]),
        (13, vec![0]),
        (14, vec![0]),
        (1, vec![u8::from(train.biphasic)]),
        (2, volts(train.steps[0])),
        (3, volts(train.steps[1])),
        (4, cycles(first)),
        (5, cycles(train.gap)),
        (6, cycles(second)),
        (7, cycles(train.rest)),
        (8, cycles(burst)),
        (9, cycles(pause)),
        (10, cycles(train.length)),
        (11, cycles(0)),
        (17, ZERO.to_le_bytes().to_vec()),
    ]
}

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    let silent = fault == InstrumentFault::Timeout;
    let error = PULSE_PAL.failed(doing, fault);
    if !silent {
        return error;
    }
    let next = "look at its display: after `COMM. FAILURE` it ignores the host until a person clicks its joystick, and then has its defaults of 5 V; else check power and cable";
    InstrumentError { next: next.to_owned(), ..error }
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify a Pulse Pal";
        let identity = self.recognise().await?;
        self.ask(&[89, b'S', b'T', b'I', b'M', b'R', b'G'], 0).await.map_err(|fault| failed(doing, fault))?;
        Ok(identity)
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        within(self.cap, program).map_err(|fault| failed(doing, fault))?;
        let made = pulse_pal::train(program, &self.pairs, self.volts_per_ampere);
        let (train, applied) = made.map_err(|problems| failed(doing, impossible(problems)))?;
        within(self.cap, &applied).map_err(|fault| failed(doing, fault))?;
        self.channel = train.channel;
        self.program(&train).await.map_err(|fault| failed(doing, fault))?;
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        let mask = 1 << self.channel.min(3);
        self.ask(&[77, mask], 0).await.map(|_| ()).map_err(|fault| failed("start", fault))
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        // An abort is not answered. A voltage of zero is, and so says that somebody still listens and has taken both.
        let channel = u8::try_from(self.channel + 1).unwrap_or(1);
        let [low, high] = ZERO.to_le_bytes();
        let aborted = self.abort().await;
        let confirmed = self.acknowledged(&[79, channel, low, high]).await;
        aborted.and(confirmed).map_err(|fault| failed("stop", fault))
    }

    /// It does not miss its host; the port is looked at, so that a pulled plug is noticed.
    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.wire.listen().await.map_err(|fault| failed("keep the port", fault))
    }

    fn link(&self) -> LinkCounters {
        self.counters
    }
}
