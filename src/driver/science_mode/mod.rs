//! ScienceMode 4 (RehaMove3, P24): framed and checksummed packets, each acknowledged; the device's mid level paces the pulses and
//! wants to be asked for its state within two seconds.

use async_trait::async_trait;

use crate::instrument::{
    Applied, InstrumentError, InstrumentFault, LinkCounters, Port, Reports, State, Status, StimulatorIdentity,
};
use crate::rig::Pairs;
use crate::rig::device::science_mode::{self, KEEPALIVE, Packet, Train, command, encode_point, result};
use crate::scenario::FaultCode;
use crate::signal::Program;

use super::device::{Device, impossible, within};
use super::port::Line;
use super::wire::Wire;

/// Patience with one attempt, ns.
const PATIENCE: u64 = 100_000_000;
/// A request is sent so often.
const ATTEMPTS: u32 = 3;
/// What was said before the driver came is over by then, ns.
const HUSH: u64 = 50_000_000;
/// All states of all channels.
const ALL_CHANNELS: u8 = 4;
/// The mid level stimulates.
const MID_LEVEL_RUNNING: u8 = 3;

const DEVICE: Device =
    Device { name: "stimulator", refused: "correct the program or the state of the stimulator" };

/// Its serial line.
pub const LINE: Line = Line { baud: 3_000_000, even_parity: false, two_stop_bits: true, handshake: true };

/// A ScienceMode stimulator on a port.
pub struct Stimulator {
    wire: Wire,
    received: Vec<u8>,
    pairs: Pairs,
    cap: f64,
    number: u8,
    train: Option<Train>,
    /// It has been started, so that one that stands still has stopped by itself.
    started: bool,
    /// The mid level is initialised and its high voltage is on: a stop switches that off.
    initialised: bool,
    /// What a channel reported last: nobody can be asked for it behind a stop.
    reported: FaultCode,
    counters: LinkCounters,
}

impl Stimulator {
    /// A stimulator on `port` whose channels are wired as `pairs` say; no program above `cap` (A) leaves the host.
    pub fn new(port: Box<dyn Port>, pairs: Pairs, cap: f64) -> Self {
        Self {
            wire: Wire::new(port),
            received: Vec::new(),
            pairs,
            cap,
            number: 0,
            train: None,
            started: false,
            initialised: false,
            reported: FaultCode::None,
            counters: LinkCounters::default(),
        }
    }

    /// Sends a command and returns what its acknowledge carries behind the result. A command may be repeated: each sets or
    /// asks for a state.
    async fn ask(&mut self, command: u16, payload: &[u8]) -> Result<Vec<u8>, InstrumentFault> {
        let mut fault = InstrumentFault::Timeout;
        for attempt in 1..=ATTEMPTS {
            self.number = (self.number + 1) % 64;
            let packet = Packet { number: self.number, command, payload: payload.to_vec() };
            let request = packet.encode();
            self.wire.send(&request).await?;
            match self.answer(command, &request).await {
                Ok(answer) => return Ok(answer),
                Err(InstrumentFault::Timeout) => self.counters.retried += u64::from(attempt < ATTEMPTS),
                Err(InstrumentFault::Protocol(what)) if attempt < ATTEMPTS && damaged(&what) => {
                    self.counters.rejected += 1;
                    fault = InstrumentFault::Protocol(what);
                }
                Err(other) => return Err(other),
            }
        }
        self.counters.lost += 1;
        Err(fault)
    }

    async fn answer(&mut self, command: u16, request: &[u8]) -> Result<Vec<u8>, InstrumentFault> {
        let deadline = self.wire.after(PATIENCE);
        let mut foreign = 0;
        loop {
            match Packet::take(&mut self.received) {
                Some(Err(what)) => return Err(InstrumentFault::Protocol(what.to_owned())),
                Some(Ok(packet)) if packet.command == command && packet.encode() == request => {
                    let what = "what was sent comes back: an echo, and no ScienceMode stimulator";
                    return Err(InstrumentFault::Protocol(what.to_owned()));
                }
                Some(Ok(packet)) => match packet.command {
                    own if own == command + 1 && packet.number == self.number => {
                        return match packet.payload.split_first() {
                            None => Ok(Vec::new()),
                            Some((code, rest)) => match result(*code) {
                                None => Ok(rest.to_vec()),
                                Some(reason) => {
                                    Err(InstrumentFault::Refused(format!("{reason} (result {code})")))
                                }
                            },
                        };
                    }
                    command::GENERAL_ERROR => {
                        return Err(InstrumentFault::Protocol(DAMAGED.to_owned()));
                    }
                    command::UNKNOWN => {
                        return Err(InstrumentFault::Refused("a command that it does not know".to_owned()));
                    }
                    // The late acknowledge of an attempt that has been counted.
                    _ => {}
                },
                None => {
                    let byte = self.wire.take(1, deadline).await;
                    match byte {
                        Ok(bytes) => self.received.extend(bytes),
                        Err(InstrumentFault::Timeout) if foreign > 0 || !self.received.is_empty() => {
                            self.received.clear();
                            let what = "bytes that are no frames: another device, or another baud rate";
                            return Err(InstrumentFault::Protocol(what.to_owned()));
                        }
                        Err(fault) => return Err(fault),
                    }
                    foreign += usize::from(self.received.first().is_some_and(|byte| *byte != 0xF0));
                }
            }
        }
    }

    /// Who is there, asked without changing anything: version and number. For whoever does not know what is on a port.
    ///
    /// # Errors
    /// When it is no ScienceMode 4 stimulator that answers, or nobody does.
    pub async fn recognise(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify a ScienceMode stimulator";
        self.wire.hush(HUSH).await.map_err(|fault| failed(doing, fault))?;
        let version = self.ask(command::VERSION, &[]).await.map_err(|fault| failed(doing, fault))?;
        let [major, minor, revision, protocol, ..] = *version.as_slice() else {
            let what = "a version without numbers".to_owned();
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        };
        if !(4..=5).contains(&protocol) {
            let what = format!("protocol version {protocol}, this driver speaks 4 and 5");
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        }
        // Not every device has a number to tell.
        let id = self.ask(command::DEVICE_ID, &[]).await.unwrap_or_default();
        let id = String::from_utf8_lossy(&id).trim_end_matches('\0').trim().to_owned();
        Ok(StimulatorIdentity {
            model: "ScienceMode 4".to_owned(),
            uid: id,
            firmware: format!("{major}.{minor}.{revision}"),
            cap: self.cap,
            compliance: 150.0,
            watchdog: KEEPALIVE,
        })
    }

    async fn initialise(&mut self) -> Result<(), InstrumentFault> {
        // All channels stop when one has an error.
        self.ask(command::ML_INIT, &[1]).await?;
        (self.initialised, self.reported) = (true, FaultCode::None);
        Ok(())
    }

    async fn update(&mut self) -> Result<(), InstrumentFault> {
        let Some(train) = &self.train else {
            return Err(InstrumentFault::Refused("no program is loaded".to_owned()));
        };
        let payload = update(train);
        if !self.initialised {
            self.initialise().await?;
        }
        self.ask(command::ML_UPDATE, &payload).await.map(|_| ())
    }

    /// The state of one whose high voltage is off: its channels have none that could be asked for.
    async fn state_at_rest(&mut self) -> Result<Status, InstrumentFault> {
        let data = self.ask(command::STIM_STATUS, &[]).await?;
        let Some(level) = data.first() else {
            let what = "a state without a level".to_owned();
            return Err(InstrumentFault::Protocol(what));
        };
        let state = match (self.reported, *level) {
            (FaultCode::None, MID_LEVEL_RUNNING) => State::Running,
            (FaultCode::None, _) => State::Idle,
            _ => State::Latched,
        };
        Ok(Status { state, fault: self.reported, pulses: 0 })
    }
}

const DAMAGED: &str = "a frame arrived damaged at the device";

/// Whether asking again may help.
fn damaged(what: &str) -> bool {
    what == DAMAGED || what.contains("checksum") || what.contains("frame")
}

/// The payload that programs channels and starts them.
fn update(train: &Train) -> Vec<u8> {
    let mask = train.channels.iter().fold(0, |mask, channel| mask | 1 << channel.number.min(7));
    let mut payload = vec![mask];
    for channel in &train.channels {
        let points = u8::try_from(channel.points.len().saturating_sub(1)).unwrap_or(15);
        payload.push(points << 4);
        payload.extend(u16::try_from(train.period << 1).unwrap_or(u16::MAX).to_be_bytes());
        payload.extend(channel.points.iter().flat_map(encode_point));
    }
    payload
}

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    DEVICE.failed(doing, fault)
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify a ScienceMode stimulator";
        let identity = self.recognise().await?;
        self.initialise().await.map_err(|fault| failed(doing, fault))?;
        Ok(identity)
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        within(self.cap, program).map_err(|fault| failed(doing, fault))?;
        let (train, applied) = science_mode::train(program, &self.pairs)
            .map_err(|problems| failed(doing, impossible(problems)))?;
        within(self.cap, &applied).map_err(|fault| failed(doing, fault))?;
        self.train = Some(train);
        // Its program goes with the start; a running one is changed at once. What programs channels starts them too: one that
        // has stopped by itself stays off until it is started again, and goes on saying why.
        if self.started && self.status().await?.state == State::Running {
            self.update().await.map_err(|fault| failed(doing, fault))?;
        }
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.update().await.map_err(|fault| failed("start", fault))?;
        self.started = true;
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        // Whether it is heard or not: to initialise it once more does no harm, to start it without high voltage would.
        (self.started, self.initialised) = (false, false);
        self.ask(command::ML_STOP, &[]).await.map(|_| ()).map_err(|fault| failed("stop", fault))
    }

    fn reports(&mut self) -> Option<&mut dyn Reports> {
        Some(self)
    }

    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        self.started = false;
        self.initialise().await.map_err(|fault| failed("acknowledge a fault", fault))
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.status().await.map(|_| ())
    }

    fn link(&self) -> LinkCounters {
        self.counters
    }
}

#[async_trait]
impl Reports for Stimulator {
    async fn status(&mut self) -> Result<Status, InstrumentError> {
        let doing = "read the status";
        if !self.initialised {
            return self.state_at_rest().await.map_err(|fault| failed(doing, fault));
        }
        let asked = self.ask(command::ML_GET_CURRENT_DATA, &[ALL_CHANNELS]).await;
        let data = asked.map_err(|fault| failed(doing, fault))?;
        let [ALL_CHANNELS, running, states @ ..] = data.as_slice() else {
            let what = format!("{data:02X?} where the states of the channels were expected");
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        };
        let state = states.iter().flat_map(|pair| [pair & 0xF, pair >> 4]).find(|state| *state != 0);
        self.reported = match state {
            Some(1) => FaultCode::OpenLead,
            Some(3) => FaultCode::Compliance,
            // A pulse that does not fit its period.
            Some(_) => FaultCode::Link,
            None => FaultCode::None,
        };
        let fault = match self.reported {
            FaultCode::None if self.started && *running == 0 => FaultCode::Watchdog,
            reported => reported,
        };
        let state = match (fault, running) {
            (FaultCode::None, 0) => State::Idle,
            (FaultCode::None, _) => State::Running,
            _ => State::Latched,
        };
        Ok(Status { state, fault, pulses: 0 })
    }
}
