//! Calibration of a load against a reference resistor, with its own test source: what `stimrig calibrate` does.
//!
//! The source's current is the reference of the current channels; with the resistor it gives that of the voltage channels.
//! Each range is driven at nine levels over 80 % of its scale, and a straight line is laid through what is read: its slope
//! is the gain, its intercept the offset. What the readings scatter about the line (noise, non-linearity) is their type A
//! uncertainty; that of the source and of the resistor is added to the gain. The interlock stays open.

use crate::instrument::{InstrumentError, StreamChannel, StreamSetup};
use crate::phantom::{ElementKind, Phantom};
use crate::rig::{ChannelCertificate, Rig};
use crate::scenario::Plan;
use crate::signal::{Block, BlockSink, Calibration, Sensed, StreamKind};

use super::instruments::Instruments;
use super::open;

/// The load drives this part of a range at most, in so many steps to either side.
const FILL: f64 = 0.8;
const STEPS: i32 = 4;
/// From setting a level to reading it, and how long it is read, ns.
const SETTLE: u64 = 5_000_000;
const READ: u64 = 50_000_000;

/// The references of a calibration: standard uncertainties as fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    /// Of the test source's current.
    pub source_u: f64,
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
/// A lowercase fragment that says what is missing, what does not answer, or what was read that cannot be.
pub fn calibrate(
    rig: &Rig,
    plan: &Plan,
    plugged: Option<&Phantom>,
    reference: Reference,
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
        let mut instruments = open::open(rig, plan, plugged, None, None).await?;
        let said = |error: InstrumentError| error.to_string();
        // Whatever it was doing: the phantom is the source's alone.
        let stopped = instruments.stimulator.stop().await;
        let switches = instruments.switches().map_err(said)?;
        switches.interlock(false).await.map_err(said)?;
        stopped.map_err(said)?;
        switches.clear("all").await.map_err(said)?;
        let unit = instruments.load.identify().await.map_err(said)?.uid;
        let measured = all_ranges(&mut instruments, rig, plan, resistor, reference).await;
        // The source is switched off whatever was measured.
        let off = instruments.switches().map_err(said)?.test_source(driven(plan)?, 0.0).await.map_err(said);
        let channels = measured.map_err(said)?;
        off?;
        check(&channels)?;
        Ok(Calibrated { unit, resistor, channels })
    })
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

/// One channel as it is driven: its sign and what a level of the source is in its unit.
struct Driven {
    channel: StreamChannel,
    /// Its reading per ampere of the source, and the relative standard uncertainty of that.
    per_ampere: f64,
    reference_u: f64,
}

async fn all_ranges(
    instruments: &mut Instruments,
    rig: &Rig,
    plan: &Plan,
    (ohm, ohm_u): (f64, f64),
    reference: Reference,
) -> Result<Vec<ChannelCertificate>, InstrumentError> {
    let phantom = &plan.case.phantom;
    let source = phantom.contacts.first().map_or("", |(name, _)| name.as_str());
    let back = phantom.return_contact();
    let voltage_u = f64::hypot(reference.source_u, ohm_u / ohm);
    let mut found = Vec::new();
    for channel in &plan.channels {
        let Some(ranges) = ranges(rig, &channel.name, channel.quantity) else { continue };
        let (per_ampere, reference_u) = match channel.quantity {
            Sensed::Current if channel.name == source => (1.0, reference.source_u),
            Sensed::Current if channel.name == back => (-1.0, reference.source_u),
            Sensed::Voltage if channel.name != "vout" => (sign(plan, &channel.name) * ohm, voltage_u),
            // The stimulator's side of an open interlock is not the source's.
            _ => continue,
        };
        for range in ranges {
            let channel = StreamChannel { name: channel.name.clone(), quantity: channel.quantity, range };
            let one = Driven { channel, per_ampere, reference_u };
            found.push(one_range(instruments, source, &one).await?);
        }
    }
    Ok(found)
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

async fn one_range(
    instruments: &mut Instruments,
    source: &str,
    one: &Driven,
) -> Result<ChannelCertificate, InstrumentError> {
    let setup = StreamSetup { channels: vec![one.channel.clone()], slow: false };
    let stated = instruments.stream()?.start(&setup).await?;
    let (lsb, zero) = stated.first().map_or((1.0, 0.0), |stated: &Calibration| (stated.lsb, stated.offset));
    let (mut levels, mut readings) = (Vec::new(), Vec::new());
    for step in -STEPS..=STEPS {
        let truth = FILL * one.channel.range * f64::from(step) / f64::from(STEPS);
        let current = truth / one.per_ampere;
        instruments.switches()?.test_source(source, current).await?;
        wait(instruments, SETTLE, &mut Mean::default()).await?;
        let mut mean = Mean::default();
        wait(instruments, READ, &mut mean).await?;
        levels.push(truth);
        readings.push((mean.sum / mean.count.max(1.0) - zero) * lsb);
    }
    instruments.switches()?.test_source(source, 0.0).await?;
    instruments.stream()?.end().await?;
    let line = Line::through(&levels, &readings);
    Ok(ChannelCertificate {
        channel: one.channel.name.clone(),
        quantity: one.channel.quantity,
        range: one.channel.range,
        gain: (line.slope, f64::hypot(line.slope_u, line.slope * one.reference_u)),
        offset: (line.intercept, line.intercept_u),
    })
}

/// Lets time pass in slices, so that the load hears its host.
async fn wait(
    instruments: &mut Instruments,
    nanoseconds: u64,
    sink: &mut dyn BlockSink,
) -> Result<(), InstrumentError> {
    let mut left = nanoseconds;
    while left > 0 {
        let slice = left.min(super::session::POLL);
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

/// A straight line by least squares, with the standard uncertainties that its residuals give (k = 1; Student's factor for
/// the few degrees of freedom is included).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    slope: f64,
    slope_u: f64,
    intercept: f64,
    intercept_u: f64,
}

impl Line {
    fn through(x: &[f64], y: &[f64]) -> Self {
        let n = x.len().min(y.len()) as f64;
        let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let spread: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
        let common: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let slope = common / spread;
        let intercept = mean_y - slope * mean_x;
        let residual: f64 = x.iter().zip(y).map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
        let scatter = (residual / (n - 2.0).max(1.0)).sqrt();
        // t(0.975, 7) / 1.960: a coverage factor of 2 then holds 95 %.
        const FEW: f64 = 2.365 / 1.960;
        Self {
            slope,
            slope_u: FEW * scatter / spread.sqrt(),
            intercept,
            intercept_u: FEW * scatter * (1.0 / n + mean_x * mean_x / spread).sqrt(),
        }
    }
}

/// A load that is off by a twentieth is broken, or the resistor is not the one that was named.
fn check(channels: &[ChannelCertificate]) -> Result<(), String> {
    for one in channels {
        if !(0.95..=1.05).contains(&one.gain.0) {
            return Err(format!(
                "`{}` reads {:.4} of what it should: check the reference resistor and its connection",
                one.channel, one.gain.0
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
    fn a_line_is_found_with_the_scatter_about_it() {
        let x = [-2.0, -1.0, 0.0, 1.0, 2.0];
        let exact = Line::through(&x, &x.map(|x| 3.0 + 2.0 * x));
        assert!((exact.slope - 2.0).abs() < 1e-12 && (exact.intercept - 3.0).abs() < 1e-12);
        assert!(exact.slope_u < 1e-12 && exact.intercept_u < 1e-12);
        // Residuals of ±0.1: NumPy's polyfit gives the same line, and s = 0.1265 by hand.
        let y = [-1.1, 1.1, 2.9, 5.1, 6.9];
        let line = Line::through(&x, &y);
        assert!((line.slope - 2.0).abs() < 1e-12 && (line.intercept - 2.98).abs() < 1e-12, "{line:?}");
    }
}
