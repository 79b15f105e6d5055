//! A stimulator whose protocol the rig file describes.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::instrument::{
    Applied, InstrumentError, InstrumentFault, LinkCounters, Port, Reports, State, Status, StimulatorIdentity,
};
use crate::rig::Pairs;
use crate::rig::template::{
    Exchange, Framing, Message, Reply, ReplyItem, StateWord, Template, nearest, value,
};
use crate::scenario::FaultCode;
use crate::signal::Program;

use super::device::{Device, impossible, within};
use super::wire::Wire;

/// What was said before the driver came is over by then, ns.
const HUSH: u64 = 50_000_000;

const DEVICE: Device =
    Device { name: "stimulator", refused: "correct the program, or the template in the rig file" };

/// What a reply told, by name.
type Told = BTreeMap<String, String>;

/// A device that speaks a described protocol.
pub struct Stimulator {
    wire: Wire,
    template: Template,
    pairs: Pairs,
    cap: f64,
    /// A reply is overdue, and may still come.
    late: bool,
    counters: LinkCounters,
}

impl Stimulator {
    /// A device on `port` whose output is wired as `pairs` say; no program above `cap` (A) leaves the host.
    pub fn new(port: Box<dyn Port>, template: &Template, pairs: Pairs, cap: f64) -> Self {
        let wire = Wire::new(port);
        Self { wire, template: template.clone(), pairs, cap, late: false, counters: LinkCounters::default() }
    }

    fn patience(&self) -> u64 {
        (self.template.timeout * 1e9) as u64
    }

    /// Sends a request and reads what is to come back.
    async fn exchange(
        &mut self,
        exchange: &Exchange,
        program: Option<&Program>,
    ) -> Result<Told, InstrumentFault> {
        let told = |field| program.map_or(0.0, |program| value(program, field));
        let request = exchange.send.encode(&self.template.framing, told);
        // Replies look alike: one that came late must not be taken for this one's.
        if exchange.reply.is_some() && std::mem::take(&mut self.late) {
            self.wire.hush(HUSH).await?;
        }
        self.wire.clear().await?;
        self.wire.send(&request).await?;
        let deadline = self.wire.after(self.patience());
        match (&exchange.reply, &exchange.send) {
            (None, _) => Ok(Told::new()),
            (Some(Reply::Text { pattern, .. }), _) => self.line(pattern, &request, deadline).await,
            (Some(Reply::Binary(items)), Message::Binary { opcode, .. }) => {
                self.frame(*opcode, items, &request, deadline).await
            }
            (Some(Reply::Binary(_)), Message::Text(_)) => Ok(Told::new()),
        }
    }

    async fn line(
        &mut self,
        pattern: &crate::rig::template::Pattern,
        request: &[u8],
        deadline: u64,
    ) -> Result<Told, InstrumentFault> {
        let Framing::Text { terminator, refused } = &self.template.framing else { return Ok(Told::new()) };
        let line = self.wire.line(terminator.as_bytes(), deadline).await?;
        if let Some(captures) = refused.as_ref().and_then(|refused| refused.anywhere(&line)) {
            let reason = captures.name("reason").map_or(line.as_str(), |reason| reason.as_str());
            return Err(InstrumentFault::Refused(reason.to_owned()));
        }
        let Some(captures) = pattern.whole(&line) else {
            let sent = String::from_utf8_lossy(request);
            let what = if line == sent.trim_end() {
                "what was sent comes back: an echo, and no answer".to_owned()
            } else {
                format!(
                    "`{line}` in reply to `{}`, where `{}` was expected",
                    sent.trim_end(),
                    pattern.as_str()
                )
            };
            return Err(InstrumentFault::Protocol(what));
        };
        Ok(pattern
            .names()
            .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())))
            .collect())
    }

    async fn frame(
        &mut self,
        opcode: u8,
        items: &[ReplyItem],
        request: &[u8],
        deadline: u64,
    ) -> Result<Told, InstrumentFault> {
        let protocol = |what: String| InstrumentFault::Protocol(what);
        let framing = self.template.framing.clone();
        let Framing::Binary { header, status: meanings, .. } = &framing else { return Ok(Told::new()) };
        let mut frame = self.wire.take(header.len() + 2, deadline).await?;
        let length = framing.whole_length(&frame, true).unwrap_or(0);
        let rest = length
            .checked_sub(frame.len())
            .ok_or_else(|| protocol("a frame shorter than its own header".to_owned()))?;
        frame.extend(self.wire.take(rest, deadline).await?);
        if frame == request {
            return Err(protocol("what was sent comes back: an echo, and no answer".to_owned()));
        }
        let (own, status, payload) = framing.open(&frame, true).map_err(protocol)?;
        if own != opcode {
            return Err(protocol(format!("operation {own:#04x} in reply to {opcode:#04x}")));
        }
        if let Some(status) = status {
            match meanings.iter().find(|(byte, _)| *byte == status) {
                Some((_, meaning)) if meaning == "ok" => {}
                Some((_, meaning)) => return Err(InstrumentFault::Refused(meaning.clone())),
                None => {
                    return Err(protocol(format!("status {status:#04x}, which the template does not name")));
                }
            }
        }
        let expected: usize = items.iter().map(ReplyItem::length).sum();
        if payload.len() < expected {
            let what =
                format!("{} bytes in reply to {opcode:#04x}, where {expected} were expected", payload.len());
            return Err(protocol(what));
        }
        let mut told = Told::new();
        let mut rest = payload;
        for item in items {
            let Some((bytes, behind)) = rest.split_at_checked(item.length()) else { break };
            match item {
                ReplyItem::Skip(_) => {}
                ReplyItem::Text(name, _) => {
                    let text = String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
                    told.insert(name.clone(), text);
                }
                ReplyItem::Number(name, format) => {
                    told.insert(name.clone(), format.decode(bytes, framing.big()).to_string());
                }
            }
            rest = behind;
        }
        Ok(told)
    }

    /// One of the commands that stop it.
    async fn stop_with(&mut self, exchange: &Exchange) -> Result<Told, InstrumentError> {
        // It is not to wait until an overdue reply has come: it goes at once, and then again with its reply.
        if self.late {
            self.at_once(std::slice::from_ref(exchange)).await;
        }
        self.once(exchange, None, "stop").await
    }

    /// Sends what is to go out whatever is overdue. Whoever sends it again with its reply is told what became of it.
    async fn at_once(&mut self, exchanges: &[Exchange]) {
        for exchange in exchanges {
            let request = exchange.send.encode(&self.template.framing, |_| 0.0);
            let _ = self.wire.send(&request).await;
        }
        // What they are answered with belongs to nobody.
        self.late |= exchanges.iter().any(|exchange| exchange.reply.is_some());
    }

    async fn all(&mut self, exchanges: &[Exchange], doing: &str) -> Result<(), InstrumentError> {
        for exchange in exchanges {
            self.once(exchange, None, doing).await?;
        }
        Ok(())
    }

    async fn once(
        &mut self,
        exchange: &Exchange,
        program: Option<&Program>,
        doing: &str,
    ) -> Result<Told, InstrumentError> {
        let told = self.exchange(exchange, program).await;
        self.late |= matches!(told, Err(InstrumentFault::Timeout));
        if matches!(told, Err(InstrumentFault::Timeout | InstrumentFault::Protocol(_))) {
            self.counters.lost += 1;
        }
        told.map_err(|fault| DEVICE.failed(doing, fault))
    }
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        let doing = "identify";
        self.wire.hush(HUSH).await.map_err(|fault| DEVICE.failed(doing, fault))?;
        let told = match self.template.hello.clone() {
            Some(hello) => self.once(&hello, None, doing).await?,
            // Without a hello, a stop says whether anybody understands.
            None => {
                self.all(&self.template.stop.clone(), doing).await?;
                Told::new()
            }
        };
        let text = |name: &str| told.get(name).cloned().unwrap_or_default();
        let model = Some(text("model")).filter(|model| !model.is_empty());
        Ok(StimulatorIdentity {
            model: model.unwrap_or_else(|| "device of a template".to_owned()),
            uid: text("uid"),
            firmware: text("firmware"),
            cap: self.cap,
            compliance: f64::INFINITY,
            watchdog: f64::INFINITY,
        })
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "load a program";
        within(self.cap, program).map_err(|fault| DEVICE.failed(doing, fault))?;
        let applied = nearest(&self.template, program, &self.pairs)
            .map_err(|problems| DEVICE.failed(doing, impossible(problems)))?;
        within(self.cap, &applied).map_err(|fault| DEVICE.failed(doing, fault))?;
        for exchange in self.template.load.clone() {
            self.once(&exchange, Some(&applied), doing).await?;
        }
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.all(&self.template.start.clone(), "start").await
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        // Each is sent, whatever became of the one before, and again if it was not answered.
        let mut first = Ok(());
        let commands = self.template.stop.clone();
        for (index, exchange) in commands.iter().enumerate() {
            let mut stopped = self.stop_with(exchange).await;
            if stopped.is_err() {
                // The rest is not to wait until this one was not answered twice.
                self.at_once(commands.get(index + 1..).unwrap_or_default()).await;
                self.counters.retried += 1;
                stopped = self.stop_with(exchange).await;
            }
            first = first.and(stopped.map(|_| ()));
        }
        first
    }

    fn reports(&mut self) -> Option<&mut dyn Reports> {
        // One whose faults cannot be acknowledged is planned for as one without a status.
        let reports = self.template.status.is_some() && !self.template.acknowledge.is_empty();
        reports.then_some(self as &mut dyn Reports)
    }

    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        self.all(&self.template.acknowledge.clone(), "acknowledge a fault").await
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        match self.template.keepalive.clone() {
            Some(keepalive) => self.once(&keepalive, None, "keep alive").await.map(|_| ()),
            None => self.wire.listen().await.map_err(|fault| DEVICE.failed("keep the port", fault)),
        }
    }

    fn link(&self) -> LinkCounters {
        self.counters
    }
}

#[async_trait]
impl Reports for Stimulator {
    async fn status(&mut self) -> Result<Status, InstrumentError> {
        let doing = "read the status";
        // Nobody says that a status counts as a word from the host where there is one of its own for that.
        if let Some(keepalive) = self.template.keepalive.clone() {
            self.once(&keepalive, None, "keep alive").await?;
        }
        let Some(status) = self.template.status.clone() else {
            let what = "the template has no `status`".to_owned();
            return Err(DEVICE.failed(doing, InstrumentFault::Protocol(what)));
        };
        let told = self.once(&status, None, doing).await?;
        let unknown = |name: &str, word: &str| {
            let what = format!("{name} `{word}`, which the template does not name");
            DEVICE.failed(doing, InstrumentFault::Protocol(what))
        };
        let meanings = &self.template.meanings;
        let word = told.get("state").map_or("", String::as_str);
        let stated = meanings.states.iter().find(|(own, _)| own == word).map(|(_, state)| *state);
        let own = StateWord::ALL.iter().find(|(own, _)| *own == word).map(|(_, state)| *state);
        let state = match stated.or(own).ok_or_else(|| unknown("state", word))? {
            StateWord::Idle => State::Idle,
            StateWord::Running => State::Running,
            StateWord::Latched => State::Latched,
        };
        let fault = match told.get("fault") {
            None => FaultCode::None,
            Some(word) => {
                let stated = meanings.faults.iter().find(|(own, _)| own == word).map(|(_, name)| name);
                let name = stated.unwrap_or(word);
                let code = FaultCode::ALL.iter().find(|(_, own)| own == name).map(|(code, _)| *code);
                code.ok_or_else(|| unknown("fault", word))?
            }
        };
        let pulses = told.get("pulses").and_then(|pulses| pulses.parse().ok()).unwrap_or(0);
        Ok(Status { state, fault, pulses })
    }
}
