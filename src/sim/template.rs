//! The device end of a described protocol: it understands what the template sends and answers what the template expects.

use regex::Regex;

use crate::phantom::Phantom;
use crate::rig::template::{
    Exchange, Field, Format, Framing, Item, Message, Number, Piece, Reply, ReplyItem, StateWord, Template,
};
use crate::rig::{Pair, Pairs, SimBench};
use crate::signal::{Program, Ramp, Recovery, Run, Share};

use super::analog::Analog;
use super::defects::WireDefects;
use super::end::DeviceEnd;
use super::outbox::Outbox;
use super::program::Emitter;

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Tell,
    Start,
    Stop,
}

/// A device that speaks a described protocol, as seen from its wire.
pub(super) struct TemplateEnd {
    template: Template,
    exchanges: Vec<(Purpose, Exchange, Option<Regex>)>,
    emitter: Emitter,
    wired: Pair,
    values: Vec<(Field, f64)>,
    wire: WireDefects,
    out: Outbox,
    received: Vec<u8>,
    powered: bool,
}

impl TemplateEnd {
    pub(super) fn new(
        template: &Template,
        bench: &SimBench,
        phantom: &Phantom,
        pairs: &Pairs,
        noise_seed: u64,
        analog: &mut Analog,
    ) -> Self {
        let of = |purpose, list: &[Exchange]| {
            list.iter()
                .map(|exchange| (purpose, exchange.clone(), recogniser(&exchange.send)))
                .collect::<Vec<_>>()
        };
        let single = [&template.hello, &template.status, &template.keepalive];
        let single: Vec<Exchange> = single.into_iter().flatten().cloned().collect();
        let mut exchanges = of(Purpose::Start, &template.start);
        exchanges.extend(of(Purpose::Stop, &template.stop));
        exchanges.extend(of(Purpose::Tell, &single));
        exchanges.extend(of(Purpose::Tell, &template.load));
        exchanges.extend(of(Purpose::Tell, &template.acknowledge));
        Self {
            exchanges,
            emitter: Emitter::new(bench, phantom, pairs, analog),
            wired: pairs.first(),
            values: template.fixed.numbers.clone(),
            wire: WireDefects::new(&bench.defects, noise_seed),
            out: Outbox::default(),
            received: Vec::new(),
            powered: true,
            template: template.clone(),
        }
    }

    fn value(&self, field: Field) -> Option<f64> {
        self.values.iter().rev().find(|(own, _)| *own == field).map(|(_, value)| *value)
    }

    /// The program that the device has been told.
    fn program(&self) -> Program {
        let fixed = &self.template.fixed;
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        let positive = |field| self.value(field).filter(|value| *value > 0.0);
        let rate = self.value(Field::Rate).or(positive(Field::Period).map(f64::recip)).unwrap_or(1.0);
        let mut program = Program {
            waveform: fixed.waveform,
            leading: fixed.leading,
            amplitude: self.value(Field::Amplitude).unwrap_or(0.0),
            width: self.value(Field::Width).unwrap_or(0.0),
            gap: self.value(Field::Gap).unwrap_or(0.0),
            recovery: fixed.recovery,
            recharge: None,
            rate,
            ramp: positive(Field::Ramp).map(|up| Ramp { up, law: fixed.law }),
            burst: None,
            cycle: None,
            contacts: vec![share(&self.wired.active, -1.0), share(&self.wired.back, 1.0)],
            run: match (positive(Field::Pulses), positive(Field::Duration)) {
                (Some(pulses), _) => Run::Pulses(pulses as u64),
                (None, Some(duration)) => Run::Duration(duration),
                (None, None) => Run::UntilStopped,
            },
        };
        if fixed.recharge && !matches!(fixed.recovery, Recovery::Passive { .. }) {
            program.recharge = Some(program.pulse(1).start - program.pulse(0).end());
        }
        program
    }

    /// Does what a request of a number asks for and answers it.
    fn execute(&mut self, index: usize, told: Vec<(Field, f64)>, now: u64, analog: &mut Analog) {
        let Some((purpose, exchange, _)) = self.exchanges.get(index).cloned() else { return };
        for (field, value) in told {
            self.values.retain(|(own, _)| *own != field);
            self.values.push((field, value));
        }
        match purpose {
            Purpose::Start => {
                let program = self.program();
                self.emitter.start(&program, now, analog);
            }
            Purpose::Stop => self.emitter.stop(analog),
            Purpose::Tell => {}
        }
        let answer = match (&exchange.reply, &exchange.send) {
            (Some(Reply::Text { simulated, .. }), _) => self.text(simulated),
            (Some(Reply::Binary(items)), Message::Binary { opcode, .. }) => self.frame(*opcode, items),
            _ => return,
        };
        self.wire.send(&answer, &mut self.out);
    }

    /// What a name in a reply stands for now.
    fn named(&self, name: &str) -> String {
        let meanings = &self.template.meanings;
        match name {
            "model" => "template device".to_owned(),
            "uid" => "SIM-TEMPLATE-1".to_owned(),
            "firmware" => "1.0".to_owned(),
            "pulses" => self.emitter.pulses().to_string(),
            "state" => {
                let state = if self.emitter.is_running() { StateWord::Running } else { StateWord::Idle };
                let word = meanings.states.iter().find(|(_, own)| *own == state);
                let own = StateWord::ALL.iter().find(|(_, own)| *own == state).map(|(name, _)| *name);
                word.map_or_else(|| own.unwrap_or_default().to_owned(), |(word, _)| word.clone())
            }
            "fault" => meanings
                .faults
                .iter()
                .find(|(_, fault)| fault == "none")
                .map_or_else(|| "none".to_owned(), |(word, _)| word.clone()),
            _ => String::new(),
        }
    }

    fn text(&self, simulated: &str) -> Vec<u8> {
        let mut answer = simulated.to_owned();
        for name in ["model", "uid", "firmware", "pulses", "state", "fault"] {
            answer = answer.replace(&format!("{{{name}}}"), &self.named(name));
        }
        if let Framing::Text { terminator, .. } = &self.template.framing {
            answer.push_str(terminator);
        }
        answer.into_bytes()
    }

    fn frame(&self, opcode: u8, items: &[ReplyItem]) -> Vec<u8> {
        let mut payload = Vec::new();
        for item in items {
            match item {
                ReplyItem::Skip(bytes) => payload.extend(std::iter::repeat_n(0, *bytes)),
                ReplyItem::Text(name, bytes) => {
                    let mut text = self.named(name).into_bytes();
                    text.resize(*bytes, 0);
                    payload.extend(text);
                }
                ReplyItem::Number(name, format) => {
                    let value = self.named(name).parse().unwrap_or(0);
                    payload.extend(format.encode(value, self.template.framing.big()));
                }
            }
        }
        self.template.framing.frame(opcode, self.status("ok"), &payload)
    }

    /// The status byte of a meaning, where replies have one.
    fn status(&self, meaning: &str) -> Option<u8> {
        let Framing::Binary { status, .. } = &self.template.framing else { return None };
        let found = status.iter().find(|(_, own)| own == meaning);
        found.or(status.first()).map(|(byte, _)| *byte)
    }

    /// Takes whole lines or frames out of what has been received.
    fn messages(&mut self) -> Vec<Vec<u8>> {
        let mut whole = Vec::new();
        match &self.template.framing {
            Framing::Text { terminator, .. } => {
                let end = terminator.as_bytes();
                while let Some(at) = self.received.windows(end.len().max(1)).position(|bytes| bytes == end) {
                    whole.push(self.received.drain(..at + end.len()).take(at).collect());
                }
            }
            framing @ Framing::Binary { header, .. } => {
                while let Some(length) = framing.whole_length(&self.received, false) {
                    if !self.received.starts_with(header) {
                        self.received.remove(0);
                        continue;
                    }
                    if self.received.len() < length.max(1) {
                        break;
                    }
                    whole.push(self.received.drain(..length.max(1)).collect());
                }
            }
        }
        whole
    }

    /// The exchange that a message belongs to, with the numbers in it.
    fn recognise(&self, message: &[u8]) -> Option<(usize, Vec<(Field, f64)>)> {
        self.exchanges.iter().enumerate().find_map(|(index, (_, exchange, regex))| {
            let told = match (&exchange.send, regex) {
                (Message::Text(pieces), Some(regex)) => {
                    read_text(pieces, regex, std::str::from_utf8(message).ok()?)
                }
                (Message::Binary { opcode, payload }, _) => {
                    let framing = &self.template.framing;
                    let (own, _, bytes) = framing.open(message, false).ok()?;
                    (own == *opcode).then(|| read_payload(payload, bytes, framing.big())).flatten()
                }
                _ => None,
            };
            told.map(|told| (index, told))
        })
    }
}

/// A pattern that a command of a text template matches.
fn recogniser(send: &Message) -> Option<Regex> {
    let Message::Text(pieces) = send else { return None };
    let body: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(literal) => regex::escape(literal),
            Piece::Number(_) => r"(-?[0-9]+(?:\.[0-9]+)?)".to_owned(),
        })
        .collect();
    Regex::new(&format!("^{body}$")).ok()
}

fn read_text(pieces: &[Piece], regex: &Regex, line: &str) -> Option<Vec<(Field, f64)>> {
    let captures = regex.captures(line)?;
    let numbers: Vec<&Number> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Number(number) => Some(number),
            Piece::Literal(_) => None,
        })
        .collect();
    let read = |(at, number): (usize, &&Number)| {
        let value: f64 = captures.get(at + 1)?.as_str().parse().ok()?;
        Some((number.field, value * number.unit))
    };
    numbers.iter().enumerate().map(read).collect()
}

fn read_payload(items: &[Item], mut bytes: &[u8], big: bool) -> Option<Vec<(Field, f64)>> {
    let mut told = Vec::new();
    for item in items {
        match item {
            Item::Bytes(own) => bytes = bytes.strip_prefix(own.as_slice())?,
            Item::Number(number, format) => {
                let Format { bytes: length, .. } = *format;
                let (own, rest) = bytes.split_at_checked(length)?;
                told.push((number.field, format.decode(own, big) as f64 * number.unit));
                bytes = rest;
            }
        }
    }
    bytes.is_empty().then_some(told)
}

impl DeviceEnd for TemplateEnd {
    fn next_deadline(&self) -> Option<u64> {
        self.emitter.next_deadline()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        self.emitter.on_deadline(now, analog);
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        if !self.powered {
            return;
        }
        self.received.extend_from_slice(bytes);
        for message in self.messages() {
            match self.recognise(&message) {
                Some((index, told)) => self.execute(index, told, now, analog),
                // A damaged or unknown frame is answered with its reason, where the protocol has one.
                None => {
                    let framing = &self.template.framing;
                    let why = if framing.open(&message, false).is_err() { "checksum" } else { "opcode" };
                    let Framing::Binary { header, status, .. } = framing else { continue };
                    if let (true, Some(opcode)) =
                        (status.iter().any(|(_, own)| own == why), message.get(header.len()))
                    {
                        let frame = framing.frame(*opcode, self.status(why), &[]);
                        self.wire.send(&frame, &mut self.out);
                    }
                }
            }
        }
    }

    fn supplied(&mut self, on: bool, _now: u64, analog: &mut Analog) {
        if self.powered && !on {
            self.emitter.cut(analog);
            self.received.clear();
        }
        self.powered = on;
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }
}
