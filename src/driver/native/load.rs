//! The native load.

use async_trait::async_trait;
use stimrig_protocol::load::{
    Calibration as WireCalibration, Channel, Fault as WireFault, FaultKind, Refusal, Reply, Request,
};
use stimrig_protocol::{MAX_PAYLOAD, VERSION, stimulator};

use crate::instrument::{
    InstrumentError, InstrumentFault, Link, LinkCounters, LoadIdentity, Port, Sampling, Stream, StreamSetup,
    Switches,
};
use crate::phantom::Phantom;
use crate::quantity::hex;
use crate::scenario::Fault;
use crate::signal::{BlockSink, Calibration};

use super::samples::Samples;
use super::{Device, PATIENCE, swapped};

/// A load that speaks protocol version 1, with `phantom` plugged in: its contact k is the phantom's.
pub struct Load {
    link: Link,
    contacts: Vec<String>,
    senses: Vec<String>,
    samples: Samples,
}

impl Load {
    /// A load on `port` with `phantom` plugged in.
    pub fn new(port: Box<dyn Port>, phantom: &Phantom) -> Self {
        Self {
            link: Link::new(port, MAX_PAYLOAD),
            contacts: phantom.contacts.iter().map(|(name, _)| name.clone()).collect(),
            senses: phantom.senses.iter().map(|(name, _, _)| name.clone()).collect(),
            samples: Samples::default(),
        }
    }

    async fn ask(&mut self, doing: &str, request: &Request) -> Result<Reply, InstrumentError> {
        let samples = &mut self.samples;
        match self.link.exchange(request, PATIENCE, &mut |frame| samples.keep(frame)).await {
            Ok(Reply::Refused(refusal)) => Err(refused(doing, refusal)),
            Ok(reply) => Ok(reply),
            Err(fault) => Err(failed(doing, fault)),
        }
    }

    async fn done(&mut self, doing: &str, request: &Request) -> Result<(), InstrumentError> {
        match self.ask(doing, request).await? {
            Reply::Done => Ok(()),
            _ => Err(unexpected(doing)),
        }
    }

    async fn calibration(&mut self, slow: bool, index: u8) -> Result<Calibration, InstrumentError> {
        let doing = "read a calibration";
        match self.ask(doing, &Request::Calibration { slow, index }).await? {
            Reply::Calibration(stated) => sound(doing, calibration(&stated)),
            _ => Err(unexpected(doing)),
        }
    }

    /// Ends a stream that a host before this one left running: while it runs no channel can be set up.
    async fn end_what_runs(&mut self, doing: &str) -> Result<(), InstrumentError> {
        // A load at rest may refuse it.
        let ended = self.link.exchange::<Reply>(&Request::EndStream, PATIENCE, &mut |_| {}).await;
        ended.map(|_| ()).map_err(|fault| failed(doing, fault))
    }

    fn contact(&self, doing: &str, name: &str) -> Result<u8, InstrumentError> {
        number(&self.contacts, name).ok_or_else(|| unknown(doing, name))
    }

    fn channel(&self, name: &str) -> Option<Channel> {
        if let Some(contact) = number(&self.contacts, name) {
            return Some(Channel::Contact(contact));
        }
        if let Some(sense) = number(&self.senses, name) {
            return Some(Channel::Sense(sense));
        }
        (name == "vout").then_some(Channel::Vout)
    }
}

fn number(names: &[String], name: &str) -> Option<u8> {
    names.iter().position(|known| known == name).and_then(|index| u8::try_from(index).ok())
}

fn calibration(stated: &WireCalibration) -> Calibration {
    Calibration {
        lsb: stated.lsb,
        offset: stated.offset,
        offset_u: stated.offset_u,
        gain_u: stated.gain_u,
        inl: stated.inl,
        noise: stated.noise,
        rails: (stated.low, stated.high),
        ..Calibration::default()
    }
}

/// A calibration to measure with.
fn sound(doing: &str, calibration: Calibration) -> Result<Calibration, InstrumentError> {
    match calibration.nonsense() {
        Some(why) => {
            Err(failed(doing, InstrumentFault::Protocol(format!("states a calibration in which {why}"))))
        }
        None => Ok(calibration),
    }
}

/// Samples that come without end are read for no longer than this, ns: nobody looks at anything else meanwhile, a signal included.
const LONGEST: u64 = 1_000_000_000;
const TOO_FAST: &str =
    "samples come faster than this computer takes them in: run less beside it, or stream fewer channels";

/// More poles than any front end has.
const POLES: u8 = 16;

/// Who speaks in the errors of this driver.
const LOAD: Device = Device { name: "load", refused: "compare the rig file with the load that is connected" };

fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    LOAD.failed(doing, fault)
}

fn refused(doing: &str, refusal: Refusal) -> InstrumentError {
    failed(doing, InstrumentFault::Refused(refusal.reason().into()))
}

fn unknown(doing: &str, name: &str) -> InstrumentError {
    failed(doing, InstrumentFault::Refused(format!("the phantom has no {name}")))
}

fn unexpected(doing: &str) -> InstrumentError {
    failed(doing, InstrumentFault::Protocol("a reply to something else".into()))
}

fn milli(value: f64) -> u64 {
    (value * 1e3).round() as u64
}

#[async_trait]
impl crate::instrument::Load for Load {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        let doing = "identify";
        let request = Request::Hello { protocol: VERSION };
        let reply = super::hello(&mut self.link, &request).await;
        if matches!(reply, Err(InstrumentFault::Timeout)) {
            // Whoever plugged them the wrong way round would look for a broken cable.
            let other = stimulator::Request::Hello { protocol: VERSION };
            if let Ok(stimulator::Reply::Hello(hello)) = self.link.ask_stranger(&other, PATIENCE).await {
                return Err(swapped(LOAD.name, "stimulator", &hello.uid));
            }
        }
        let hello = match reply.map_err(|fault| failed(doing, fault))? {
            Reply::Hello(hello) if hello.protocol == VERSION => hello,
            Reply::Hello(_) | Reply::Refused(Refusal::Version) => {
                return Err(LOAD.other_version(doing, Refusal::Version.reason()));
            }
            Reply::Refused(refusal) => return Err(refused(doing, refusal)),
            _ => return Err(unexpected(doing)),
        };
        if hello.sample_rate == 0 || hello.filter_poles > POLES || hello.slow_poles > POLES {
            let why = "states a sample rate of none, or a filter of more than 16 poles";
            return Err(failed(doing, InstrumentFault::Protocol(why.into())));
        }
        Ok(LoadIdentity {
            model: hello.model.as_str().to_owned(),
            uid: hex(&hello.uid),
            firmware: hex(&hello.firmware),
            calibration: hello.calibration.as_str().to_owned(),
            sample_rate: hello.sample_rate as f64 * 1e-3,
            clock_u: f64::from(hello.clock_u) * 1e-9,
            filter: (hello.filter_poles.into(), hello.filter_cutoff as f64 * 1e-3),
            slow_rate: hello.slow_rate as f64 * 1e-3,
            slow_filter: (hello.slow_poles.into(), hello.slow_cutoff as f64 * 1e-3),
            contacts: Some(hello.contacts.into()),
        })
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Stream(self)
    }

    fn switches(&mut self) -> Option<&mut dyn Switches> {
        Some(self)
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.done("keep alive", &Request::Keepalive).await
    }

    fn link(&self) -> LinkCounters {
        self.link.counters()
    }
}

#[async_trait]
impl Stream for Load {
    async fn start(&mut self, setup: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError> {
        let doing = "start streaming";
        self.end_what_runs(doing).await?;
        for (index, channel) in (0..=u8::MAX).zip(&setup.channels) {
            let wired = self.channel(&channel.name).ok_or_else(|| unknown(doing, &channel.name))?;
            let range = (channel.range * 1e9).round() as u64;
            self.done(doing, &Request::Channel { index, channel: wired, range }).await?;
        }
        self.samples.restart(setup.channels.len());
        self.done(doing, &Request::Stream { slow: setup.slow }).await?;
        let slow = if setup.slow { self.contacts.len() } else { 0 };
        let mut calibrations = Vec::with_capacity(setup.channels.len() + slow);
        for (index, _) in (0..=u8::MAX).zip(&setup.channels) {
            calibrations.push(self.calibration(false, index).await?);
        }
        for (index, _) in (0..=u8::MAX).zip(0..slow) {
            calibrations.push(self.calibration(true, index).await?);
        }
        Ok(calibrations)
    }

    async fn drain(&mut self, sink: &mut dyn BlockSink) -> Result<usize, InstrumentError> {
        let until = self.link.now().saturating_add(LONGEST);
        let samples = &mut self.samples;
        let mut blocks = samples.take_kept(sink);
        let mut take = |frame: stimrig_protocol::Frame<'_>| {
            blocks += usize::from(samples.take(frame.sequence, frame.payload, sink));
        };
        let result = loop {
            match self.link.poll(&mut take).await {
                Ok(true) if self.link.now() > until => {
                    break Err(failed("read samples", InstrumentFault::Protocol(TOO_FAST.to_owned())));
                }
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(fault) => break Err(failed("read samples", fault)),
            }
        };
        let lost = self.samples.lost_blocks();
        self.link.count_lost_blocks(lost);
        result.map(|()| blocks)
    }

    async fn end(&mut self) -> Result<(), InstrumentError> {
        self.done("end streaming", &Request::EndStream).await
    }
}

#[async_trait]
impl Switches for Load {
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError> {
        self.done("switch the interlock", &Request::Interlock { closed }).await
    }

    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError> {
        let doing = "inject a fault";
        let wire = match fault {
            Fault::OpenLead { contact } => WireFault::OpenLead { contact: self.contact(doing, contact)? },
            Fault::ShortLead { between: (a, b) } => {
                WireFault::ShortLead { between: (self.contact(doing, a)?, self.contact(doing, b)?) }
            }
            Fault::Leakage { contact, ohms } => {
                WireFault::Leakage { contact: self.contact(doing, contact)?, resistance: milli(*ohms) }
            }
            Fault::ImpedanceStep { to } => WireFault::ImpedanceStep { to: milli(*to) },
            Fault::BrownOut { duration } => WireFault::BrownOut { duration: (duration * 1e9).round() as u64 },
            Fault::CorruptLink { .. } | Fault::CoreHalt | Fault::OverAmplitude { .. } => {
                let reason = format!("{} is not a fault of the load", fault.name());
                return Err(failed(doing, InstrumentFault::Refused(reason)));
            }
        };
        self.done(doing, &Request::Inject(wire)).await
    }

    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError> {
        let doing = "clear a fault";
        let kind = match fault {
            "all" => FaultKind::All,
            "open-lead" => FaultKind::OpenLead,
            "short-lead" => FaultKind::ShortLead,
            "leakage" => FaultKind::Leakage,
            "impedance-step" => FaultKind::ImpedanceStep,
            "brown-out" => FaultKind::BrownOut,
            other => {
                let reason = format!("{other} is not a fault of the load");
                return Err(failed(doing, InstrumentFault::Refused(reason)));
            }
        };
        self.done(doing, &Request::Clear(kind)).await
    }

    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError> {
        self.done("zero the inputs", &Request::Zero { on }).await
    }

    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError> {
        let doing = "switch the test source";
        let contact = self.contact(doing, contact)?;
        let amplitude = (amplitude * 1e12).round() as i64;
        self.done(doing, &Request::TestSource { contact, amplitude }).await
    }
}

#[cfg(test)]
mod tests {
    use stimrig_protocol::block::{Head, Stream as Wire, encode_block};

    use super::*;
    use crate::rig::{builtin_phantom, read_phantom};
    use crate::signal::Block;
    use crate::source::Source;

    /// A load that sends a block whenever it is read, a millisecond after the one before.
    struct Flood {
        now: u64,
        sent: u16,
    }

    #[async_trait]
    impl Port for Flood {
        fn now(&self) -> u64 {
            self.now
        }

        async fn read(&mut self, buffer: &mut [u8], _: u64) -> Result<usize, InstrumentFault> {
            self.now += 1_000_000;
            let head =
                Head { stream: Wire::Fast, planes: 1, count: 10, first: 10 * u64::from(self.sent), lost: 0 };
            let length = encode_block(buffer, self.sent, &head, &[], &[7; 10]).unwrap();
            self.sent += 1;
            Ok(length)
        }

        async fn write_all(&mut self, _: &[u8]) -> Result<(), InstrumentFault> {
            Ok(())
        }
    }

    struct Count(usize);

    impl BlockSink for Count {
        fn block(&mut self, block: &Block<'_>) {
            self.0 += block.count;
        }
    }

    /// Nobody would hear a signal meanwhile, nor keep the stimulator's host alive.
    #[tokio::test]
    async fn samples_without_end_are_not_read_without_end() {
        let (path, text) = builtin_phantom("r1k").unwrap();
        let phantom = read_phantom(&Source::new(path, text)).unwrap();
        let mut load = Load::new(Box::new(Flood { now: 0, sent: 0 }), &phantom);
        let mut count = Count(0);
        let error = load.drain(&mut count).await.unwrap_err().to_string();
        assert!(error.contains("faster than this computer takes them in"), "{error}");
        assert!((9_900..=10_100).contains(&count.0), "{}", count.0);
    }

    #[test]
    fn a_load_whose_uncertainty_is_no_number_is_not_measured_with() {
        let stated = Calibration { lsb: 1e-7, gain_u: f64::NAN, ..Calibration::default() };
        let error = sound("read a calibration", stated).unwrap_err().to_string();
        assert!(
            error.contains("load") && error.contains("read a calibration") && error.contains("no number"),
            "{error}"
        );
        assert!(sound("read a calibration", Calibration { gain_u: 5e-4, ..stated }).is_ok());
    }
}
