//! Calibration of a load, with its own test source and a resistor: what `stimrig calibrate` does.
//!
//! The source's current is the reference of the current channels, or what a traceable instrument recorded of it
//! ([`Reference::Recorded`]); with the resistor it gives that of the voltage channels.
//! Each range is driven at nine levels over 80 % of its scale, or as much of it as the rig's limit of the amplitude allows. A
//! straight line is laid through what is read: its slope is the gain, its intercept the offset. What the readings scatter about
//! the line (noise, non-linearity) is their type A uncertainty; that of the reference and of the resistor is added to the gain.
//! The interlock stays open: a load refuses its test source behind a closed one, so `vout`, on the stimulator's side of it, is
//! not reached.

mod line;
mod recorded;

pub use recorded::Recorded;

use crate::instrument::{StreamChannel, StreamSetup};
use crate::phantom::{ElementKind, Phantom};
use crate::rig::{ChannelCertificate, Rig};
use crate::scenario::Plan;
use crate::signal::{Block, BlockSink, Sensed, StreamKind};

use super::halt::Halt;
use super::identity;
use super::instruments::Instruments;
use super::interrupt::Interrupt;
use super::open::{self, With};
use super::pace::{POLL, SECOND};
use super::stopping::{self, Both};
use line::Line;
use recorded::Window;

/// The load drives this part of a range at most, in so many steps to either side.
const FILL: f64 = 0.8;
const STEPS: i32 = 4;
/// From setting a level to reading it, ns.
const SETTLE: u64 = 5_000_000;

/// What says how large the test source's current is.
pub enum Reference<'a> {
    /// The source itself, with this relative standard uncertainty.
    Source(f64),
    /// A record of its current that is there once all levels have been driven.
    Recorded(&'a dyn Fn() -> Result<Recorded, String>),
}

/// How to calibrate.
pub struct Calibration<'a> {
    /// What says how large the current is.
    pub reference: Reference<'a>,
    /// How long each level is read, s.
    pub dwell: f64,
    /// What ends it early; its test source is switched off then too.
    pub interrupt: &'a Interrupt,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The load's unique id.
    pub unit: String,
    /// The resistor, ohm, and its standard uncertainty.
    pub resistor: (f64, f64),
    /// Every range of every channel that the source reaches.
    pub channels: Vec<ChannelCertificate>,
}

/// Calibrates the load of a rig. `plan` names the reference resistor as its phantom; nothing of it is loaded or started.
/// `plugged` is what a simulated bench has plugged in instead.
///
/// # Errors
/// A lowercase fragment that says what is missing, what does not answer, what was read that cannot be, or what ended it.
pub fn calibrate(
    rig: &Rig,
    plan: &Plan,
    plugged: Option<&Phantom>,
    how: &Calibration<'_>,
) -> Result<Calibrated, String> {
    if !rig.capabilities.test_source {
        return Err(
            "the load of this rig has no test source: calibrate it on a rig whose load has one".to_owned()
        );
    }
    let resistor = resistor(plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(async {
        let mut instruments = open::open(rig, plan, &With { plugged, ..With::default() }).await?;
        let source = driven(plan)?;
        let unit = alone(&mut instruments, rig).await.map_err(said)?;
        let measured = all_ranges(&mut instruments, (rig, plan), source, how).await.map_err(said);
        // The source is switched off whatever was measured.
        let off = async { instruments.switches()?.test_source(source, 0.0).await };
        let off = off.await.map_err(|error| error.to_string());
        let ranges = measured.map_err(|why| match &off {
            Ok(()) => why,
            Err(on) => format!("{why}; the load's test source may still be on: {on}"),
        })?;
        off?;
        let channels = certified(&ranges, resistor, &how.reference)?;
        check(&channels)?;
        Ok(Calibrated { unit, resistor, channels })
    })
}

/// Why it ended, for people.
fn said(halt: Halt) -> String {
    match halt {
        Halt::Interrupted(_) => format!("{halt}: nothing was written"),
        other => other.to_string(),
    }
}

/// Leaves the phantom to the load's source, whatever the bench was doing; the unique id of the load, which is the rig's.
async fn alone(instruments: &mut Instruments, rig: &Rig) -> Result<String, Halt> {
    let Both { stop, interlock } = stopping::both(instruments).await;
    interlock.unwrap_or(Ok(()))?;
    stop?;
    let switches = instruments.switches()?;
    switches.clear("all").await?;
    let unit = instruments.load.identify().await?.uid;
    identity::check("load", rig.wiring.load_uid.as_deref(), &unit)?;
    Ok(unit)
}

/// The one resistor of the phantom.
fn resistor(plan: &Plan) -> Result<(f64, f64), String> {
    let phantom = &plan.case.phantom;
    match phantom.elements.as_slice() {
        [one] if one.kind == ElementKind::Resistor && phantom.contacts.len() == 2 => {
            // A tolerance is the half-width of a uniform distribution.
            let u = one.measured_u.unwrap_or(one.tolerance * one.value / 3_f64.sqrt());
            Ok((one.value, u))
        }
        _ => Err(format!(
            "phantom `{}` is no reference: it is one resistor between two contacts",
            phantom.name
        )),
    }
}

fn driven(plan: &Plan) -> Result<&str, String> {
    let phantom = &plan.case.phantom;
    let contact = phantom.contacts.first().map(|(name, _)| name.as_str());
    contact.ok_or_else(|| "the phantom has no contact".to_owned())
}

/// One range of a channel as it was driven and read.
struct Driven {
    channel: StreamChannel,
    /// The channel reads a voltage: the source's current through the resistor.
    voltage: bool,
    /// Which way it lies.
    sign: f64,
    /// Relative standard uncertainty of a gain that was found on a part of the scale only, because the rig allows no more current.
    part_u: f64,
    levels: Vec<Level>,
}

/// One level.
struct Level {
    /// When it was read, s of the bench's clock.
    from: f64,
    to: f64,
    /// What the source was told, A.
    current: f64,
    /// What was read, in the channel's unit.
    reading: f64,
}

async fn all_ranges(
    instruments: &mut Instruments,
    (rig, plan): (&Rig, &Plan),
    source: &str,
    how: &Calibration<'_>,
) -> Result<Vec<Driven>, Halt> {
    let phantom = &plan.case.phantom;
    let back = phantom.return_contact();
    let ohm = phantom.elements.first().map_or(1.0, |resistor| resistor.value);
    let mut found = Vec::new();
    for channel in &plan.channels {
        let Some(ranges) = ranges(rig, &channel.name, channel.quantity) else { continue };
        let sign = match channel.quantity {
            Sensed::Current if channel.name == source => 1.0,
            Sensed::Current if channel.name == back => -1.0,
            Sensed::Voltage if channel.name != "vout" => sign(plan, &channel.name),
            // The stimulator's side of an open interlock is not the source's.
            _ => continue,
        };
        for range in ranges {
            let channel = StreamChannel { name: channel.name.clone(), quantity: channel.quantity, range };
            let voltage = channel.quantity == Sensed::Voltage;
            let per_ampere = sign * if voltage { ohm } else { 1.0 };
            let top = Top::of(range, per_ampere, rig.limits.amplitude);
            let (levels, inl) = one_range(instruments, source, &channel, top, how).await?;
            let part_u = top.part_u(inl, per_ampere);
            found.push(Driven { channel, voltage, sign, part_u, levels });
        }
    }
    Ok(found)
}

/// The last level of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Top {
    /// What the source is told, A.
    current: f64,
    /// The rig allows no more, and the range would.
    limited: bool,
}

impl Top {
    /// `per_ampere` is how much of the range's unit an ampere of the source makes, with its sign. Nothing on this rig is driven
    /// beyond `limit`, A, and nothing that is measured on it needs a calibration there.
    fn of(range: f64, per_ampere: f64, limit: f64) -> Self {
        let full = FILL * range / per_ampere;
        Self { current: full.signum() * full.abs().min(limit), limited: full.abs() > limit }
    }

    /// What the rest of the scale may do to the gain, as a relative standard uncertainty: a converter that is bent by `inl`, in the
    /// range's unit, makes the slope of a part of it differ by as much over that part. Nothing where the scale was driven.
    fn part_u(self, inl: f64, per_ampere: f64) -> f64 {
        if self.limited { inl / (self.current * per_ampere).abs() / 3_f64.sqrt() } else { 0.0 }
    }
}

/// Which way a sense lies across the resistor.
fn sign(plan: &Plan, sense: &str) -> f64 {
    let phantom = &plan.case.phantom;
    let first = phantom.contacts.first().map(|(_, node)| *node);
    let plus = phantom.senses.iter().find(|(name, ..)| name == sense).map(|(_, plus, _)| *plus);
    if plus == first { 1.0 } else { -1.0 }
}

fn ranges(rig: &Rig, name: &str, quantity: Sensed) -> Option<Vec<f64>> {
    let stated = rig.channels.iter().find(|channel| channel.name == name && channel.quantity == quantity);
    let simulated = rig.sim.as_ref().map(|sim| match quantity {
        Sensed::Current => sim.adc.current_ranges.clone(),
        Sensed::Voltage => sim.adc.voltage_ranges.clone(),
    });
    stated.map(|channel| channel.ranges.clone()).or(simulated)
}

/// Drives a range and reads its levels; also how far its converter is bent, in the channel's unit.
async fn one_range(
    instruments: &mut Instruments,
    source: &str,
    channel: &StreamChannel,
    top: Top,
    how: &Calibration<'_>,
) -> Result<(Vec<Level>, f64), Halt> {
    let setup = StreamSetup { channels: vec![channel.clone()], slow: false };
    let stated = instruments.stream()?.start(&setup).await?;
    let (lsb, zero) = stated.first().map_or((1.0, 0.0), |stated| (stated.lsb, stated.offset));
    let inl = stated.first().map_or(0.0, |stated| stated.inl * stated.lsb);
    let mut levels = Vec::new();
    for step in -STEPS..=STEPS {
        let current = top.current * f64::from(step) / f64::from(STEPS);
        instruments.switches()?.test_source(source, current).await?;
        wait(instruments, SETTLE, &mut Mean::default(), how.interrupt).await?;
        let from = instruments.clock.now();
        let mut mean = Mean::default();
        wait(instruments, (how.dwell * SECOND) as u64, &mut mean, how.interrupt).await?;
        if mean.count == 0.0 {
            let name = &channel.name;
            return Err(Halt::Bench(format!(
                "the load sent no samples of `{name}`: see its cable, and run less beside it"
            )));
        }
        let reading = (mean.sum / mean.count - zero) * lsb;
        let to = instruments.clock.now() as f64 / SECOND;
        levels.push(Level { from: from as f64 / SECOND, to, current, reading });
    }
    instruments.switches()?.test_source(source, 0.0).await?;
    instruments.stream()?.end().await?;
    Ok((levels, inl))
}

/// Gain and offset of every range, once it is known what current flowed.
fn certified(
    ranges: &[Driven],
    (ohm, ohm_u): (f64, f64),
    reference: &Reference<'_>,
) -> Result<Vec<ChannelCertificate>, String> {
    let levels = || ranges.iter().flat_map(|range| &range.levels);
    let (currents, u): (Vec<f64>, f64) = match reference {
        Reference::Source(u) => (levels().map(|level| level.current).collect(), *u),
        Reference::Recorded(record) => {
            let windows: Vec<Window> = levels()
                .map(|level| Window { from: level.from, to: level.to, current: level.current })
                .collect();
            let recorded = record()?;
            (recorded.currents(&windows)?, recorded.u)
        }
    };
    let mut currents = currents.into_iter();
    let one = |range: &Driven| {
        let (scale, reference_u) = if range.voltage { (ohm, u.hypot(ohm_u / ohm)) } else { (1.0, u) };
        let truths: Vec<f64> =
            currents.by_ref().take(range.levels.len()).map(|current| current * range.sign * scale).collect();
        let readings: Vec<f64> = range.levels.iter().map(|level| level.reading).collect();
        let line = Line::through(&truths, &readings);
        ChannelCertificate {
            channel: range.channel.name.clone(),
            quantity: range.channel.quantity,
            range: range.channel.range,
            gain: (line.slope, line.slope_u.hypot(line.slope * reference_u.hypot(range.part_u))),
            // Readings are without their zero, so what is left at no current may as well be the reference's own offset, of which
            // nothing is stated.
            offset: (line.intercept, line.intercept_u.hypot(line.intercept / 3_f64.sqrt())),
        }
    };
    Ok(ranges.iter().map(one).collect())
}

/// Lets time pass in slices, so that the load hears its host, and a signal is heard.
async fn wait(
    instruments: &mut Instruments,
    nanoseconds: u64,
    sink: &mut dyn BlockSink,
    interrupt: &Interrupt,
) -> Result<(), Halt> {
    let mut left = nanoseconds;
    while left > 0 {
        if let Some(cause) = interrupt.cause() {
            return Err(Halt::Interrupted(cause));
        }
        let slice = left.min(POLL);
        instruments.clock.sleep(slice).await;
        instruments.load.keepalive().await?;
        instruments.stream()?.drain(sink).await?;
        left -= slice;
    }
    Ok(())
}

/// The mean of the only plane.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: f64,
}

impl BlockSink for Mean {
    fn block(&mut self, block: &Block<'_>) {
        if block.stream == StreamKind::Fast {
            let sum: i64 = block.codes.iter().map(|code| i64::from(*code)).sum();
            self.sum += sum as f64;
            self.count += block.codes.len() as f64;
        }
    }
}

/// A load that is off by a twentieth, or by as much of its range, is broken, or the resistor is not the one that was named.
fn check(channels: &[ChannelCertificate]) -> Result<(), String> {
    for one in channels {
        if !(0.95..=1.05).contains(&one.gain.0) {
            return Err(format!(
                "`{}` reads {:.4} of what it should: check the reference resistor and its connection",
                one.channel, one.gain.0
            ));
        }
        if one.offset.0.abs() > 0.05 * one.range {
            return Err(format!(
                "`{}` reads {:.1} % of its range where nothing flows: check the reference and its zero",
                one.channel,
                100.0 * one.offset.0 / one.range
            ));
        }
    }
    if channels.is_empty() {
        return Err("the load has no channel that its test source reaches".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_lies_beyond_what_the_rig_allows() {
        // 80 % of 32 mA is more than 10 mA, 80 % of 4 mA is not; 20 V on 1 kohm would take 16 mA.
        assert_eq!(Top::of(32e-3, 1.0, 10e-3), Top { current: 10e-3, limited: true });
        assert_eq!(Top::of(4e-3, -1.0, 10e-3), Top { current: -3.2e-3, limited: false });
        assert_eq!(Top::of(20.0, -1e3, 10e-3), Top { current: -10e-3, limited: true });
        // A bend of 3 mV over the 10 V that were driven: 3e-4, as the half-width of a rectangle.
        let u = Top::of(20.0, -1e3, 10e-3).part_u(3e-3, -1e3);
        assert!((u - 3e-4 / 3_f64.sqrt()).abs() < 1e-15, "{u:e}");
        assert_eq!(Top::of(4e-3, 1.0, 10e-3).part_u(1e-6, 1.0), 0.0);
    }
}
