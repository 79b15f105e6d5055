//! The continuous world of a simulated bench: output stage, phantom, relays and the load's front end.
//!
//! Time is integer nanoseconds and belongs to the caller, who drives the world forward with [`Analog::advance`]. Between
//! two changes everything is known in closed form, through filter and converter included, so samples do not depend on
//! how often one looks: any split of `advance` gives the same codes.

mod bessel;
mod converter;
mod lane;
mod noise;
mod relays;
mod segment;
mod spare;
mod stream;

use crate::instrument::StreamChannel;
use crate::phantom::{Circuit, Drive, NetworkError, Output, Phantom, Probe, Shape, Tail, Waveform};
use crate::rig::{AdcSpec, DefectKind, DefectValue, SimBench};
use crate::signal::{Block, Calibration, MarkerBit, Sensed, StreamKind};
use crate::sim::Truth;

pub use bessel::Bessel;
use converter::{Converter, Grade};
use lane::Lane;
use noise::{Gaussian, key, normal};
use relays::Relays;
use stream::Stream;

pub use spare::Spare;

/// Samples per second of the slow leakage channel.
pub const SLOW_RATE: f64 = 1e3;
/// A current too small to be activity, A.
const INACTIVE: f64 = 1e-6;
/// Longest segment, s: bounds rounding in the recurrences, and how far ahead a limiter's onset is looked for.
const LONGEST: f64 = 0.25;

/// A channel that the load does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no channel {name} that senses {quantity:?}: contacts sense current, `vout` and the phantom's senses voltage"
)]
pub struct UnknownChannel {
    /// Name asked for.
    pub name: String,
    /// Quantity asked for.
    pub quantity: Sensed,
}

/// The simulated world.
#[derive(Debug, Clone)]
pub struct Analog {
    circuit: Circuit,
    relays: Relays,
    adc: AdcSpec,
    bench: SimBench,
    bench_seed: u64,
    noise_seed: u64,
    gaussian: Gaussian,
    spare: Spare,
    now: u64,
    /// Start of the present segment: ns and the fraction of one.
    start: (u64, f64),
    /// Length of the present segment, s; `None` until it is opened.
    span: Option<f64>,
    fast: Option<Stream>,
    slow: Option<Stream>,
    recharge_opens: bool,
    limited: bool,
    /// Marker bits as they stand.
    bits: Vec<(MarkerBit, bool)>,
    /// Whether the output is driven and connected, and when it last was both, ns.
    driven: bool,
    /// When what is driven has decayed, ns, if it does.
    fades: Option<u64>,
    connected: bool,
    last_driven: Option<u64>,
    last_reached: Option<u64>,
}

impl Analog {
    /// A bench at time 0 with the phantom plugged in, relaxed, interlock open. `bench_seed` decides what is drawn once per
    /// bench (gain, offset, non-linearity, clock), `noise_seed` the noise of every sample. Defects of the output stage
    /// (`compliance_low`, `recharge_stuck`, `blocking_capacitor_shorted`) are taken from the bench.
    ///
    /// # Errors
    /// [`NetworkError`] when phantom or output stage hold a value that cannot be solved with.
    pub fn new(
        bench: &SimBench,
        phantom: &Phantom,
        bench_seed: u64,
        noise_seed: u64,
    ) -> Result<Self, NetworkError> {
        let defect = |kind| bench.defects.iter().find(|defect| defect.kind == kind);
        let shorted = defect(DefectKind::BlockingCapacitorShorted).is_some();
        let low = defect(DefectKind::ComplianceLow).map(|defect| defect.value.amount());
        let stuck = defect(DefectKind::RechargeStuck).map(|defect| match &defect.value {
            DefectValue::Names(words) => words.iter().any(|word| word == "closed"),
            _ => false,
        });
        let output = Output {
            compliance: low.unwrap_or(bench.stimulator.compliance),
            blocking_capacitor: if shorted { 0.0 } else { bench.stimulator.blocking_capacitor },
            recharge: bench.stimulator.recharge,
            ..Output::default()
        };
        let mut circuit = Circuit::new(phantom, output)?;
        let access = (0..phantom.contacts.len()).map(|contact| circuit.access_resistance(contact)).collect();
        circuit.set_interlock(false);
        circuit.set_recharge_stuck(stuck == Some(true));
        Ok(Self {
            relays: Relays::new(access),
            circuit,
            adc: bench.adc.clone(),
            bench: bench.clone(),
            bench_seed,
            noise_seed,
            gaussian: Gaussian::new(),
            spare: Spare::default(),
            now: 0,
            start: (0, 0.0),
            span: None,
            fast: None,
            slow: None,
            recharge_opens: stuck == Some(false),
            limited: false,
            bits: Vec::new(),
            driven: false,
            fades: None,
            connected: false,
            last_driven: None,
            last_reached: None,
        })
    }

    /// Time, ns.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// The phantom that is plugged in.
    pub fn phantom(&self) -> &Phantom {
        self.circuit.phantom()
    }

    /// Renders samples on cores that are spare, too, from now on. They are the same samples.
    pub fn share(&mut self, spare: &Spare) {
        self.spare = spare.clone();
    }

    /// Lets time pass up to `to` (ns) and samples everything whose instant lies before it. A `to` in the past does nothing.
    pub fn advance(&mut self, to: u64) {
        while self.now < to {
            let span = self.open();
            let elapsed = self.elapsed(to);
            let until = span.min(elapsed);
            for stream in [&mut self.fast, &mut self.slow].into_iter().flatten() {
                stream.pass(until);
            }
            if span > elapsed {
                self.now = to;
            } else {
                self.finish(span);
                self.now = self.start.0.min(to);
                if self.elapsed(to) <= 0.0 {
                    self.now = to;
                }
            }
        }
    }

    /// The output as it is, for whoever must not rely on what the wires say.
    pub(in crate::sim) fn truth(&self) -> Truth {
        let connected = self.connected;
        let until = self.fades.map_or(self.now, |fades| fades.min(self.now));
        let last_driven = if self.driven { Some(until) } else { self.last_driven };
        let last_reached = if self.driven && connected { Some(until) } else { self.last_reached };
        let driven = self.driven && self.fades.is_none_or(|fades| self.now < fades);
        Truth { driven, connected, last_driven, last_reached }
    }

    /// Before output or interlock change: until now current could flow.
    fn remember(&mut self) {
        let truth = self.truth();
        (self.driven, self.last_driven, self.last_reached) =
            (truth.driven, truth.last_driven, truth.last_reached);
    }

    /// Changes what the stimulator's output does, from now on.
    pub fn set_drive(&mut self, drive: &Drive) {
        self.remember();
        self.driven = matches!(drive, Drive::Currents(_) | Drive::Shaped(..));
        // An output that lags is switched off by a drive towards zero, which nobody changes again.
        self.fades = if let Drive::Shaped(shape) = drive { fades(shape, self.now) } else { None };
        self.change(|analog| {
            analog.limited = false;
            let never = analog.recharge_opens && *drive == Drive::Recharge;
            analog.circuit.set_drive(if never { &Drive::Off } else { drive });
        });
    }

    /// A constant current into a contact that does not pass the series capacitor (defect `dc_leakage`), A.
    pub fn set_leakage(&mut self, contact: usize, amperes: f64) {
        self.change(|analog| analog.circuit.set_leakage(contact, amperes));
    }

    /// Voltage of the first driven source, upstream of the series capacitor, against the stimulator's ground, V.
    pub fn output_voltage(&self) -> f64 {
        self.circuit.driven().next().map_or(0.0, |contact| self.value(Probe::Source(contact)))
    }

    /// Voltage between the sources of two contacts, upstream of their series capacitors, V.
    pub fn voltage_between(&self, [a, b]: [usize; 2]) -> f64 {
        self.value(Probe::Source(a)) - self.value(Probe::Source(b))
    }

    /// Current of each contact's source now, A.
    pub fn source_currents(&mut self) -> Vec<f64> {
        self.change(|_| {});
        self.circuit.source_currents()
    }

    /// True when a source has limited its voltage since the drive changed last.
    pub fn at_compliance(&self) -> bool {
        self.limited || self.circuit.at_compliance()
    }

    /// |v/i| at the driven lead, downstream of the series capacitor, ohm; infinite while nothing flows.
    pub fn load_resistance(&self) -> f64 {
        let current = self.circuit.driven().next().map_or(0.0, |contact| self.value(Probe::Current(contact)));
        if current == 0.0 { f64::INFINITY } else { (self.value(Probe::Vout) / current).abs() }
    }

    /// The true value of a signal now: no filter, no noise.
    pub fn value(&self, probe: Probe) -> f64 {
        let mut wave = Waveform::default();
        self.circuit.waveform(probe, &mut wave);
        wave.at(if self.span.is_some() { self.elapsed(self.now) } else { 0.0 })
    }

    /// Number of a contact by name, as the calls here take it.
    pub fn contact(&self, name: &str) -> Option<usize> {
        self.phantom().contacts.iter().position(|(contact, _)| contact == name)
    }

    /// The signal of a channel by name.
    ///
    /// # Errors
    /// [`UnknownChannel`] when the load has no such channel.
    pub fn probe(&self, name: &str, quantity: Sensed) -> Result<Probe, UnknownChannel> {
        let contact = self.contact(name);
        let sense = self.phantom().senses.iter().find(|(sense, ..)| sense == name);
        match (quantity, contact, sense) {
            (Sensed::Current, Some(contact), _) => Ok(Probe::Current(contact)),
            (Sensed::Voltage, _, Some((_, plus, minus))) => Ok(Probe::Nodes(*plus, *minus)),
            (Sensed::Voltage, ..) if name == "vout" => Ok(Probe::Vout),
            _ => Err(UnknownChannel { name: name.to_owned(), quantity }),
        }
    }

    /// Another load's front end, for the next stream.
    pub fn set_front_end(&mut self, adc: AdcSpec) {
        self.adc = adc;
    }

    /// Starts streaming: sample 0 lies at this instant. Returns the *stated* calibration of each fast channel, then (if
    /// `slow`) of the leakage channel of each contact. A stream that is running ends.
    ///
    /// # Errors
    /// [`UnknownChannel`] when the load has no such channel; a running stream is left alone.
    pub fn start_stream(
        &mut self,
        channels: &[StreamChannel],
        slow: bool,
    ) -> Result<Vec<Calibration>, UnknownChannel> {
        let probes: Vec<Probe> = channels
            .iter()
            .map(|channel| self.probe(&channel.name, channel.quantity))
            .collect::<Result<_, _>>()?;
        self.change(|_| {});
        // The filters have been running all along: they rest at what they see.
        let level = |probe| if self.relays.zero { 0.0 } else { self.circuit.value(probe) };
        let adc = &self.adc;
        let grade =
            |bits| Grade { bits, gain: adc.gain_error, offset: adc.offset, inl: adc.inl, noise: adc.noise };
        let clock = 1.0 + adc.clock_error * normal(key(self.bench_seed, "sample clock"), 0);
        let filter = Bessel::new(adc.filter.poles, adc.filter.cutoff);
        let lanes = channels.iter().zip(probes).map(|(channel, probe)| {
            let converter = Converter::new(
                &grade(adc.bits),
                &channel.name,
                channel.range,
                self.bench_seed,
                self.noise_seed,
            );
            Lane::new(probe, converter, channel.range, &filter, level(probe))
        });
        let lanes = lanes.collect();
        let fast = Stream::new(StreamKind::Fast, filter, 1.0 / (adc.sample_rate * clock), self.now, lanes);

        let dc = &self.bench.dc;
        let filter = Bessel::new(dc.filter.poles, dc.filter.cutoff);
        let contacts = self.circuit.phantom().contacts.iter().enumerate();
        let lanes = contacts.map(|(contact, (name, _))| {
            let (name, probe) = (format!("{name} slow"), Probe::Current(contact));
            let converter =
                Converter::new(&grade(dc.bits), &name, dc.range, self.bench_seed, self.noise_seed);
            Lane::new(probe, converter, dc.range, &filter, level(probe))
        });
        let lanes = lanes.collect();
        let leakage = Stream::new(StreamKind::Slow, filter, 1.0 / (SLOW_RATE * clock), self.now, lanes);
        self.fast = Some(fast);
        self.slow = slow.then_some(leakage);
        let standing: Vec<(MarkerBit, bool)> =
            self.bits.iter().copied().filter(|(_, value)| *value).collect();
        for (bit, value) in standing {
            self.write_marker(bit, value);
        }
        let streams = [&self.fast, &self.slow].into_iter().flatten();
        Ok(streams.flat_map(Stream::calibrations).collect())
    }

    /// Ends streaming; samples not taken are gone.
    pub fn end_stream(&mut self) {
        self.fast = None;
        self.slow = None;
    }

    /// Sets a marker bit; it is in the streams from the next sample on if it changes.
    pub fn set_marker(&mut self, bit: MarkerBit, value: bool) {
        match self.bits.iter_mut().find(|(known, _)| *known == bit) {
            Some((_, standing)) if *standing == value => return,
            Some((_, standing)) => *standing = value,
            None if value => self.bits.push((bit, value)),
            None => return,
        }
        self.write_marker(bit, value);
    }

    /// Toggles a marker bit.
    pub fn toggle_marker(&mut self, bit: MarkerBit) {
        let standing = self.bits.iter().find(|(known, _)| *known == bit).is_some_and(|(_, value)| *value);
        self.set_marker(bit, !standing);
    }

    /// Samples per channel that wait to be taken.
    pub fn pending(&self, kind: StreamKind) -> u64 {
        let stream = if kind == StreamKind::Fast { &self.fast } else { &self.slow };
        stream.as_ref().map_or(0, Stream::pending)
    }

    /// Hands out up to `most` samples per channel with their markers; `None` when there are none.
    pub fn take_block(&mut self, kind: StreamKind, most: usize) -> Option<Block<'_>> {
        let stream = if kind == StreamKind::Fast { &mut self.fast } else { &mut self.slow };
        stream.as_mut().and_then(|stream| stream.take(most, &self.gaussian, &self.spare))
    }

    fn write_marker(&mut self, bit: MarkerBit, value: bool) {
        for stream in [&mut self.fast, &mut self.slow].into_iter().flatten() {
            stream.mark(bit, value);
        }
    }

    /// Seconds from the start of the segment to `instant` (ns).
    fn elapsed(&self, instant: u64) -> f64 {
        let whole = if instant >= self.start.0 {
            (instant - self.start.0) as f64
        } else {
            -((self.start.0 - instant) as f64)
        };
        ((whole - self.start.1) * 1e-9).max(0.0)
    }

    /// Opens the segment that begins now, if it is not open; returns its length, s.
    fn open(&mut self) -> f64 {
        if let Some(span) = self.span {
            return span;
        }
        let span = self.circuit.span(LONGEST);
        for stream in [&mut self.fast, &mut self.slow].into_iter().flatten() {
            stream.open(&self.circuit, self.relays.zero, self.start.0, self.start.1);
        }
        self.span = Some(span);
        span
    }

    /// Ends the open segment after `seconds`.
    fn finish(&mut self, seconds: f64) {
        for stream in [&mut self.fast, &mut self.slow].into_iter().flatten() {
            stream.close(seconds, &self.gaussian);
        }
        self.circuit.step(seconds);
        self.limited |= self.circuit.at_compliance();
        let fraction = self.start.1 + seconds * 1e9;
        self.start = (self.start.0 + fraction.floor() as u64, fraction.fract());
        self.span = None;
    }

    /// Applies a change at the present instant.
    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        if self.span.is_some() {
            let elapsed = self.elapsed(self.now);
            self.finish(elapsed);
        }
        // The instant itself is exact; only a limiter's onset lies between two nanoseconds.
        self.start = (self.now, 0.0);
        change(self);
        self.limited |= self.circuit.at_compliance();
    }
}

/// When nothing but tails is left of a drive since `now`, and they are below what counts as activity, ns.
fn fades(shape: &Shape, now: u64) -> Option<u64> {
    if shape.settled.iter().any(|current| *current != 0.0) {
        return None;
    }
    let lasts = |tail: &Tail| {
        let largest = tail.currents.iter().fold(0.0, |largest: f64, current| largest.max(current.abs()));
        if largest <= INACTIVE {
            0.0
        } else if tail.rate > 0.0 {
            (largest / INACTIVE).ln() / tail.rate
        } else {
            f64::INFINITY
        }
    };
    let longest = shape.tails.iter().map(lasts).fold(0.0, f64::max);
    Some(now.saturating_add((longest * 1e9).ceil() as u64))
}

#[cfg(test)]
mod tests;
