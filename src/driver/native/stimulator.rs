//! The native stimulator.

use async_trait::async_trait;
use stimrig_protocol::stimulator::{FaultCode as WireFault, Refusal, Reply, Request, State as WireState};
use stimrig_protocol::{VERSION, load};

use crate::instrument::{
    Applied, InstrumentError, InstrumentFault, Link, LinkCounters, Overdrive, Port, Reports, State, Status,
    StimulatorIdentity,
};
use crate::phantom::Phantom;
use crate::quantity::hex;
use crate::scenario::FaultCode;
use crate::signal::Program;

use super::super::device::within;
use super::program::{applied, to_wire};
use super::{Device, PATIENCE, STOP_PATIENCE, swapped};

/// A stimulator that speaks protocol version 1. Its output k is wired to the phantom's contact k.
pub struct Stimulator {
    link: Link,
    contacts: Vec<String>,
    cap: f64,
}

impl Stimulator {
    /// A stimulator on `port`, wired to `phantom`; no program above `cap` (A) leaves the host.
    pub fn new(port: Box<dyn Port>, phantom: &Phantom, cap: f64) -> Self {
        let contacts = phantom.contacts.iter().map(|(name, _)| name.clone()).collect();
        Self { link: Link::new(port, 0), contacts, cap }
    }

    async fn ask(&mut self, doing: &str, request: &Request) -> Result<Reply, InstrumentError> {
        let patience = if *request == Request::Stop { STOP_PATIENCE } else { PATIENCE };
        match self.link.exchange(request, patience, &mut |_| {}).await {
            Ok(Reply::Refused(refusal)) => Err(refused(doing, refusal)),
            Ok(reply) => Ok(reply),
            Err(fault) => Err(failed(doing, fault)),
        }
    }

    async fn done(&mut self, doing: &str, request: &Request) -> Result<(), InstrumentError> {
        match self.ask(doing, request).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(doing, &other)),
        }
    }
}

/// Who speaks in the errors of this driver.
const STIMULATOR: Device =
    Device { name: "stimulator", refused: "correct the program or the state of the stimulator" };

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    STIMULATOR.failed(doing, fault)
}

fn refused(doing: &str, refusal: Refusal) -> InstrumentError {
    failed(doing, InstrumentFault::Refused(refusal.reason().into()))
}

fn unexpected(doing: &str, reply: &Reply) -> InstrumentError {
    let name = match reply {
        Reply::Hello(_) => "a hello",
        Reply::Applied(_) => "a program",
        Reply::Done => "an acknowledge",
        Reply::Status(_) => "a status",
        Reply::Refused(_) => "a refusal",
    };
    failed(doing, InstrumentFault::Protocol(format!("{name} in reply to something else")))
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify";
        let request = Request::Hello { protocol: VERSION };
        let reply = super::hello(&mut self.link, &request).await;
        if matches!(reply, Err(InstrumentFault::Timeout)) {
            // Whoever plugged them the wrong way round would look for a broken cable.
            let other = load::Request::Hello { protocol: VERSION };
            if let Ok(load::Reply::Hello(hello)) = self.link.ask_stranger(&other, PATIENCE).await {
                return Err(swapped(STIMULATOR.name, "load", &hello.uid));
            }
        }
        let hello = match reply.map_err(|fault| failed(doing, fault))? {
            Reply::Hello(hello) if hello.protocol == VERSION => hello,
            Reply::Hello(_) | Reply::Refused(Refusal::Version) => {
                return Err(STIMULATOR.other_version(doing, Refusal::Version.reason()));
            }
            Reply::Refused(refusal) => return Err(refused(doing, refusal)),
            other => return Err(unexpected(doing, &other)),
        };
        Ok(StimulatorIdentity {
            model: hello.model.as_str().to_owned(),
            uid: hex(&hello.uid),
            firmware: hex(&hello.firmware),
            cap: hello.cap as f64 * 1e-12,
            compliance: hello.compliance as f64 * 1e-6,
            watchdog: hello.watchdog as f64 * 1e-9,
        })
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        if within(self.cap, program).is_err() {
            return Err(refused("load a program", Refusal::OverAmplitude));
        }
        self.load_over_cap(program).await
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.done("start", &Request::Start).await
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        self.done("stop", &Request::Stop).await
    }

    fn reports(&mut self) -> Option<&mut dyn Reports> {
        Some(self)
    }

    fn overdrive(&mut self) -> Option<&mut dyn Overdrive> {
        Some(self)
    }

    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        self.done("acknowledge a fault", &Request::Acknowledge).await
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.done("keep alive", &Request::Keepalive).await
    }

    fn link(&self) -> LinkCounters {
        self.link.counters()
    }
}

#[async_trait]
impl Reports for Stimulator {
    async fn status(&mut self) -> Result<Status, InstrumentError> {
        let doing = "read the status";
        match self.ask(doing, &Request::Status).await? {
            Reply::Status(status) => Ok(Status {
                state: match status.state {
                    WireState::Idle => State::Idle,
                    WireState::Running => State::Running,
                    WireState::Latched => State::Latched,
                },
                fault: match status.fault {
                    WireFault::None => FaultCode::None,
                    WireFault::OpenLead => FaultCode::OpenLead,
                    WireFault::ShortLead => FaultCode::ShortLead,
                    WireFault::OverCurrent => FaultCode::OverCurrent,
                    WireFault::Compliance => FaultCode::Compliance,
                    WireFault::OverAmplitude => FaultCode::OverAmplitude,
                    WireFault::Watchdog => FaultCode::Watchdog,
                    WireFault::BrownOut => FaultCode::BrownOut,
                    WireFault::Link => FaultCode::Link,
                },
                pulses: status.pulses,
            }),
            other => Err(unexpected(doing, &other)),
        }
    }
}

#[async_trait]
impl Overdrive for Stimulator {
    async fn load_over_cap(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        let sent = to_wire(program, &self.contacts).map_err(|contact| {
            failed(doing, InstrumentFault::Refused(format!("contact {contact} is not wired to an output")))
        })?;
        match self.ask(doing, &Request::Load(sent)).await? {
            Reply::Applied(done) => Ok(Applied { program: applied(program, &sent, &done, &self.contacts) }),
            other => Err(unexpected(doing, &other)),
        }
    }
}
