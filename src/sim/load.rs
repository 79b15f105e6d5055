//! The device end of the load's wire: relays, zero, test source, and the stream of samples.

use stimrig_protocol::block::{self, Change, Head, Stream, encode_block};
use stimrig_protocol::load::{Calibration, Channel, Fault, FaultKind, Hello, Refusal, Reply, Request};
use stimrig_protocol::{Decoder, Kind, MESSAGE_FRAME, Text, VERSION, decode_message, encode_message};

use crate::instrument::{StreamChannel, marker_number};
use crate::phantom::Phantom;
use crate::rig::SimBench;
use crate::signal::{MarkerBit, Sensed, StreamKind};

use super::analog::{Analog, SLOW_RATE};
use super::load_end::LoadEnd;
use super::outbox::Outbox;

/// Samples per plane of a full block.
const BLOCK: usize = 4096;
/// Bytes held for a host that does not read; samples beyond are dropped and counted, as by a device with little memory.
const MEMORY: usize = 32 << 20;
/// Without a frame for this long the load opens its interlock and switches its test source off, ns.
const PATIENCE: u64 = 500_000_000;

/// A load as seen from its wire.
pub(super) struct LoadDevice {
    decoder: Decoder<Box<[u8]>>,
    /// The last request's number and the reply's frame: the same number again gets the same bytes again.
    answered: Option<(u16, Vec<u8>)>,
    out: Outbox,
    hello: Hello,
    phantom: Phantom,
    current_ranges: Vec<f64>,
    voltage_ranges: Vec<f64>,
    channels: Vec<StreamChannel>,
    calibrations: (Vec<Calibration>, Vec<Calibration>),
    streaming: bool,
    sequence: u16,
    /// Samples per plane dropped since the stream began: fast, slow.
    lost: (u64, u64),
    heard: u64,
    closed: bool,
    /// Contacts that its test source drives.
    sources: Vec<usize>,
    /// When the stimulator's supply returns, ns; `None` while it is not cut.
    supply_returns: Option<u64>,
    frame: Vec<u8>,
    changes: Vec<Change>,
}

impl LoadDevice {
    pub(super) fn new(bench: &SimBench, phantom: &Phantom) -> Self {
        let adc = &bench.adc;
        let hello = Hello {
            protocol: VERSION,
            model: Text::new("simulated load"),
            uid: *b"SIM-LOAD-001",
            firmware: *b"simulated-load-1",
            calibration: Text::new("SIM-CAL-1 2026-01-01..2099-12-31"),
            sample_rate: (adc.sample_rate * 1e3).round() as u64,
            clock_u: (adc.clock_error * 1e9).round() as u32,
            filter_poles: adc.filter.poles as u8,
            filter_cutoff: (adc.filter.cutoff * 1e3).round() as u64,
            slow_rate: (SLOW_RATE * 1e3).round() as u64,
            slow_poles: bench.dc.filter.poles as u8,
            slow_cutoff: (bench.dc.filter.cutoff * 1e3).round() as u64,
            contacts: phantom.contacts.len() as u8,
            senses: phantom.senses.len() as u8,
            watchdog: PATIENCE,
        };
        Self {
            decoder: Decoder::new(vec![0; 4 * MESSAGE_FRAME].into_boxed_slice()),
            answered: None,
            out: Outbox::default(),
            hello,
            phantom: phantom.clone(),
            current_ranges: adc.current_ranges.clone(),
            voltage_ranges: adc.voltage_ranges.clone(),
            channels: Vec::new(),
            calibrations: (Vec::new(), Vec::new()),
            streaming: false,
            sequence: 0,
            lost: (0, 0),
            heard: 0,
            closed: false,
            sources: Vec::new(),
            supply_returns: None,
            frame: vec![0; block::HEAD + stimrig_protocol::MAX_PAYLOAD],
            changes: Vec::new(),
        }
    }

    fn dead_man(&self) -> Option<u64> {
        (self.closed || !self.sources.is_empty()).then_some(self.heard + PATIENCE)
    }

    fn block(&mut self, kind: StreamKind, analog: &mut Analog) {
        let most = block::capacity(self.planes(kind).max(1), 64).min(BLOCK);
        let planes = self.planes(kind);
        let Some(block) = analog.take_block(kind, most) else { return };
        let lost = if kind == StreamKind::Fast { &mut self.lost.0 } else { &mut self.lost.1 };
        if self.out.len() > MEMORY {
            *lost += block.count as u64;
            return;
        }
        self.changes.clear();
        self.changes.extend(block.markers.iter().map(|marker| Change {
            after: u16::try_from(marker.sample.saturating_sub(block.first)).unwrap_or(u16::MAX),
            bit: marker_number(marker.bit),
            value: marker.value,
        }));
        let stream = if kind == StreamKind::Fast { Stream::Fast } else { Stream::Slow };
        let count = u16::try_from(block.count).unwrap_or(u16::MAX);
        let head = Head { stream, planes: planes as u8, count, first: block.first, lost: *lost };
        match encode_block(&mut self.frame, self.sequence, &head, &self.changes, block.codes) {
            Ok(length) => {
                self.sequence = self.sequence.wrapping_add(1);
                self.out.put(self.frame.get(..length).unwrap_or_default());
            }
            // More marker changes than a frame has room for.
            Err(_) => *lost += block.count as u64,
        }
    }

    fn planes(&self, kind: StreamKind) -> usize {
        if kind == StreamKind::Fast { self.channels.len() } else { self.phantom.contacts.len() }
    }

    fn reply(&mut self, sequence: u16, request: Option<Request>, analog: &mut Analog) {
        let hello = matches!(request, Some(Request::Hello { .. }));
        if let Some((last, bytes)) = &self.answered
            && *last == sequence
            && !hello
        {
            self.out.put(bytes);
            return;
        }
        let reply = match request {
            Some(request) => self.execute(&request, analog).unwrap_or_else(Reply::Refused),
            None => Reply::Refused(Refusal::Malformed),
        };
        let mut buffer = vec![0; MESSAGE_FRAME];
        if let Ok(length) = encode_message(&mut buffer, Kind::LoadReply, sequence, &reply) {
            buffer.truncate(length);
            self.out.put(&buffer);
            self.answered = Some((sequence, buffer));
        }
    }

    fn execute(&mut self, request: &Request, analog: &mut Analog) -> Result<Reply, Refusal> {
        match *request {
            Request::Hello { protocol: VERSION } => return Ok(Reply::Hello(self.hello)),
            Request::Hello { .. } => return Err(Refusal::Version),
            Request::Channel { index, channel, range } => self.channel(index, channel, range)?,
            Request::Stream { slow } => self.begin(slow, analog)?,
            Request::Calibration { slow, index } => {
                let of = if slow { &self.calibrations.1 } else { &self.calibrations.0 };
                return of.get(usize::from(index)).copied().map(Reply::Calibration).ok_or(Refusal::Channel);
            }
            Request::EndStream => {
                self.stream(true, analog);
                self.streaming = false;
                analog.end_stream();
            }
            Request::Interlock { closed } => self.interlock(closed, analog),
            Request::Inject(fault) => self.inject(fault, analog)?,
            Request::Clear(kind) => self.clear(kind, analog),
            Request::Zero { on } => analog.zero(on),
            Request::TestSource { contact, amplitude } => {
                let contact = self.contact(contact)?;
                if self.closed && amplitude != 0 {
                    return Err(Refusal::Interlock);
                }
                self.sources.retain(|driven| *driven != contact);
                if amplitude != 0 {
                    self.sources.push(contact);
                }
                analog.test_source(contact, amplitude as f64 * 1e-12);
            }
            Request::Keepalive => {}
        }
        Ok(Reply::Done)
    }

    fn contact(&self, contact: u8) -> Result<usize, Refusal> {
        let index = usize::from(contact);
        if index < self.phantom.contacts.len() { Ok(index) } else { Err(Refusal::Channel) }
    }

    fn channel(&mut self, index: u8, channel: Channel, range: u64) -> Result<(), Refusal> {
        if self.streaming {
            return Err(Refusal::Streaming);
        }
        if index == 0 {
            self.channels.clear();
        }
        if usize::from(index) != self.channels.len() {
            return Err(Refusal::Channel);
        }
        let (name, quantity, ranges) = match channel {
            Channel::Contact(contact) => {
                let name = self.phantom.contacts.get(usize::from(contact)).map(|(name, _)| name.clone());
                (name, Sensed::Current, &self.current_ranges)
            }
            Channel::Sense(sense) => {
                let name = self.phantom.senses.get(usize::from(sense)).map(|(name, ..)| name.clone());
                (name, Sensed::Voltage, &self.voltage_ranges)
            }
            Channel::Vout => (Some("vout".to_owned()), Sensed::Voltage, &self.voltage_ranges),
        };
        let name = name.ok_or(Refusal::Channel)?;
        let asked = range as f64 * 1e-9;
        let range =
            ranges.iter().copied().find(|one| (one - asked).abs() <= 1e-9 * one).ok_or(Refusal::Range)?;
        self.channels.push(StreamChannel { name, quantity, range });
        Ok(())
    }

    fn begin(&mut self, slow: bool, analog: &mut Analog) -> Result<(), Refusal> {
        if self.streaming {
            return Err(Refusal::Streaming);
        }
        if self.channels.is_empty() {
            return Err(Refusal::Channel);
        }
        let stated = analog.start_stream(&self.channels, slow).map_err(|_| Refusal::Channel)?;
        let stated = stated.iter().map(|one| Calibration {
            lsb: one.lsb,
            offset: one.offset,
            offset_u: one.offset_u,
            gain_u: one.gain_u,
            inl: one.inl,
            noise: one.noise,
            low: one.rails.0,
            high: one.rails.1,
        });
        let mut stated: Vec<_> = stated.collect();
        let slow_ones = stated.split_off(self.channels.len().min(stated.len()));
        self.calibrations = (stated, slow_ones);
        (self.streaming, self.sequence, self.lost) = (true, 0, (0, 0));
        Ok(())
    }

    fn interlock(&mut self, closed: bool, analog: &mut Analog) {
        self.closed = closed;
        analog.interlock(closed);
    }

    fn inject(&mut self, fault: Fault, analog: &mut Analog) -> Result<(), Refusal> {
        match fault {
            Fault::OpenLead { contact } => analog.open_lead(self.contact(contact)?, true),
            Fault::ShortLead { between: (a, b) } => {
                let pair = (self.contact(a)?, self.contact(b)?);
                if pair.0 == pair.1 {
                    return Err(Refusal::Channel);
                }
                analog.short(pair.0, pair.1, true);
            }
            Fault::Leakage { contact, resistance } => {
                let contact = self.contact(contact)?;
                let back =
                    self.phantom.contacts.iter().position(|(name, _)| name == self.phantom.return_contact());
                let back = back.filter(|back| *back != contact).ok_or(Refusal::Channel)?;
                let ohm = Some(resistance as f64 * 1e-3);
                analog.leakage_resistor(contact, back, ohm).map_err(|_| Refusal::Fault)?;
            }
            Fault::ImpedanceStep { to } => {
                analog.impedance_step(Some(to as f64 * 1e-3)).map_err(|_| Refusal::Fault)?;
            }
            Fault::BrownOut { duration } => {
                self.supply_returns = Some(analog.now().saturating_add(duration));
                analog.set_marker(MarkerBit::Supply, true);
            }
        }
        Ok(())
    }

    fn clear(&mut self, kind: FaultKind, analog: &mut Analog) {
        let all = kind == FaultKind::All;
        if all || kind == FaultKind::OpenLead {
            analog.mend_leads();
        }
        if all || kind == FaultKind::ShortLead {
            analog.end_shorts();
        }
        if all || kind == FaultKind::Leakage {
            analog.end_leakage();
        }
        if all || kind == FaultKind::ImpedanceStep {
            // Taking resistors away cannot fail: there is no value to refuse.
            let _removed = analog.impedance_step(None);
        }
        if all || kind == FaultKind::BrownOut {
            self.restore_supply(analog);
        }
    }

    fn restore_supply(&mut self, analog: &mut Analog) {
        self.supply_returns = None;
        analog.set_marker(MarkerBit::Supply, false);
    }
}

impl LoadEnd for LoadDevice {
    fn cut_supply(&mut self, until: u64) {
        self.supply_returns = Some(until);
    }

    fn is_interlocked(&self) -> bool {
        self.closed
    }

    fn next_deadline(&self) -> Option<u64> {
        [self.dead_man(), self.supply_returns].into_iter().flatten().min()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        if self.dead_man().is_some_and(|due| now >= due) {
            if self.closed {
                self.interlock(false, analog);
            }
            for contact in std::mem::take(&mut self.sources) {
                analog.test_source(contact, 0.0);
            }
        }
        if self.supply_returns.is_some_and(|due| now >= due) {
            self.restore_supply(analog);
        }
    }

    fn supplies(&self) -> bool {
        self.supply_returns.is_none()
    }

    fn receive(&mut self, mut bytes: &[u8], now: u64, analog: &mut Analog) {
        while !bytes.is_empty() {
            let taken = self.decoder.push(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            while let Some(frame) = self.decoder.pull() {
                if frame.kind != Kind::LoadRequest {
                    continue;
                }
                let (sequence, request) = (frame.sequence, decode_message::<Request>(frame.payload));
                self.heard = now;
                self.reply(sequence, request.ok(), analog);
            }
            if taken == 0 {
                return;
            }
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }

    fn stream(&mut self, all: bool, analog: &mut Analog) {
        if !self.streaming {
            return;
        }
        for kind in [StreamKind::Fast, StreamKind::Slow] {
            while analog.pending(kind) >= if all { 1 } else { BLOCK as u64 } {
                self.block(kind, analog);
            }
        }
    }
}
