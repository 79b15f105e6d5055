//! A user's program on standard input and output: one line of JSON for each request, one for each reply.
//!
//! The program is killed when it misses a deadline, and gone when it ends. When its input ends, it is to stop its stimulator
//! and leave: that is its dead-man, also when this process is killed.

mod child;
mod message;

use async_trait::async_trait;
use serde_json::json;

use crate::instrument::{
    Applied, InstrumentError, InstrumentFault, LinkCounters, Mirror, Port, Reports, State, Status,
    StimulatorIdentity,
};
use crate::rig::Stated;
use crate::scenario::FaultCode;
use crate::signal::Program;

use super::device::{Device, within};
use child::Child;

/// Version of the lines exchanged.
const PROTOCOL: u64 = 1;

const HELPER: Device = Device {
    name: "stimulator",
    refused: "correct the program or the state of the stimulator, as its helper program says",
};

/// A stimulator behind a helper program.
pub struct Stimulator {
    child: Child,
    stated: Stated,
    cap: f64,
    /// The simulated output stage that does what the helper says, on a bench without hardware.
    mirror: Option<Box<dyn Port>>,
    counters: LinkCounters,
}

impl Stimulator {
    /// Starts `command` in `folder`; no program above `cap` (A) is handed to it. Call it within a runtime.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn new(
        command: &[String],
        folder: &std::path::Path,
        stated: Stated,
        cap: f64,
        mirror: Option<Box<dyn Port>>,
    ) -> Result<Self, InstrumentError> {
        let child = Child::start(command, folder).map_err(|error| InstrumentError {
            device: HELPER.name.to_owned(),
            doing: format!("start its helper program `{}`", command.join(" ")),
            fault: InstrumentFault::Missing(error.to_string()),
            next: "correct `stimulator.command` in the rig file; paths are relative to it".to_owned(),
        })?;
        Ok(Self { child, stated, cap, mirror, counters: LinkCounters::default() })
    }

    async fn ask(
        &mut self,
        doing: &str,
        request: serde_json::Value,
    ) -> Result<message::Answer, InstrumentError> {
        let answer = self.child.ask(request).await;
        if matches!(answer, Err(InstrumentFault::Timeout | InstrumentFault::Protocol(_))) {
            self.counters.lost += 1;
        }
        answer.map_err(|fault| failed(doing, fault))
    }

    async fn mirror(&mut self, what: Mirror) -> Result<(), InstrumentError> {
        match &mut self.mirror {
            Some(port) => port
                .write_all(&what.line())
                .await
                .map_err(|fault| failed("drive the simulated output", fault)),
            None => Ok(()),
        }
    }
}

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    let error = HELPER.failed(doing, fault);
    let next = match error.fault {
        InstrumentFault::Timeout => {
            "its helper program missed the deadline and was killed: see what it waits for"
        }
        InstrumentFault::Disconnected => "its helper program has ended: run it by hand and see why",
        InstrumentFault::Protocol(_) => "its helper program must answer each request with one line of JSON",
        _ => return error,
    };
    InstrumentError { next: next.to_owned(), ..error }
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "greet its helper program";
        let answer = self.ask(doing, json!({ "request": "hello", "protocol": PROTOCOL })).await?;
        if answer.protocol != Some(PROTOCOL) {
            let what = format!(
                "protocol {}, where {PROTOCOL} was asked for",
                answer.protocol.map_or_else(|| "unsaid".to_owned(), |version| version.to_string())
            );
            return Err(failed(doing, InstrumentFault::Protocol(what)));
        }
        for (stated, has, what) in [
            (self.stated.status, answer.can("status"), "status"),
            (self.stated.changes, answer.can("changes"), "changes"),
        ] {
            if stated && !has {
                let what = format!("the rig file says it provides `{what}`, the helper program does not");
                return Err(failed(doing, InstrumentFault::Refused(what)));
            }
        }
        Ok(StimulatorIdentity {
            model: answer.model.unwrap_or_else(|| "helper program".to_owned()),
            uid: answer.uid.unwrap_or_default(),
            firmware: answer.firmware.unwrap_or_default(),
            cap: answer.cap.unwrap_or(self.cap),
            compliance: answer.compliance.unwrap_or(f64::INFINITY),
            watchdog: f64::INFINITY,
        })
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        within(self.cap, program).map_err(|fault| failed(doing, fault))?;
        let request = json!({ "request": "load", "program": message::program(program) });
        let answer = self.ask(doing, request).await?;
        let Some(applied) = &answer.applied else {
            let what = "an answer without `applied`: what does the stimulator emit now?";
            return Err(failed(doing, InstrumentFault::Protocol(what.to_owned())));
        };
        let applied = applied.on(program).map_err(|what| failed(doing, InstrumentFault::Protocol(what)))?;
        // What it rounded up to must not be started.
        within(self.cap, &applied).map_err(|fault| failed(doing, fault))?;
        self.mirror(Mirror::Load(Box::new(applied.clone()))).await?;
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.ask("start", json!({ "request": "start" })).await?;
        self.mirror(Mirror::Start).await
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        self.ask("stop", json!({ "request": "stop" })).await?;
        self.mirror(Mirror::Stop).await
    }

    fn reports(&mut self) -> Option<&mut dyn Reports> {
        self.stated.status.then_some(self as &mut dyn Reports)
    }

    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        if !self.stated.status {
            return Ok(());
        }
        self.ask("acknowledge a fault", json!({ "request": "acknowledge" })).await.map(|_| ())
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.child.alive().map_err(|fault| failed("look after its helper program", fault))
    }

    fn link(&self) -> LinkCounters {
        self.counters
    }
}

#[async_trait]
impl Reports for Stimulator {
    async fn status(&mut self) -> Result<Status, InstrumentError> {
        let doing = "read the status";
        let answer = self.ask(doing, json!({ "request": "status" })).await?;
        let protocol = |what: String| failed(doing, InstrumentFault::Protocol(what));
        let state = match answer.state.as_deref() {
            Some("idle") => State::Idle,
            Some("running") => State::Running,
            Some("latched") => State::Latched,
            other => {
                return Err(protocol(format!(
                    "state `{}`, where idle, running or latched was expected",
                    other.unwrap_or("unsaid")
                )));
            }
        };
        let name = answer.fault.as_deref().unwrap_or("none");
        let fault = FaultCode::ALL.iter().find(|(_, own)| *own == name).map(|(code, _)| *code);
        let fault =
            fault.ok_or_else(|| protocol(format!("a fault `{name}`, which is none of the language")))?;
        Ok(Status { state, fault, pulses: answer.pulses.unwrap_or(0) })
    }
}
