//! Is the phantom the one the scenario names? Asked with the load's own small source, never with the stimulator.

use crate::measure::FrontEnd;
use crate::phantom::{Circuit, Output, Phantom, Probe};
use crate::quantity::{Dimension, engineering, telling_digits};
use crate::rig::{Limits, Rig};
use crate::scenario::Plan;
use crate::signal::{Block, BlockSink, Calibration, MarkerBit, StreamKind};

use super::halt::Halt;
use super::pace::SECOND;
use super::session::Session;

/// How long the test current flows at least, s.
const LENGTH: f64 = 2e-3;
/// So many times that long at most until it is told to end, however late its samples arrive; and at most how long it flows, s, as a
/// link takes its time too.
const HELD: usize = 4;
const LONGEST: f64 = 10e-3;
/// The early and late windows in which the voltage is averaged, s after the source switches on. The early one begins
/// after the front end has settled; the late one ends with the current.
const EARLY: (f64, f64) = (40e-6, 80e-6);
const LATE: (f64, f64) = (LENGTH - 60e-6, LENGTH - 20e-6);
/// Rest before the source switches on, to which the windows refer, s.
const BEFORE: f64 = 200e-6;
/// Over a real port samples arrive late: so often the windows are waited for.
const TRIES: usize = 50;
/// Largest test current, A, and the part of the channel's range it may fill.
const LARGEST: f64 = 1e-3;
const FILL: f64 = 0.4;
/// Relative expanded uncertainty of the test current.
const SOURCE_U: f64 = 2e-3;
/// A capacitive rise below this part of the access step is not judged: the phantom has no capacitor that matters here.
const RISE_MATTERS: f64 = 0.02;

/// Measures R (by the access step) and C (by the rise that follows) and compares them with the phantom's file.
///
/// # Errors
/// [`Halt::Bench`] names what was expected and what was found.
pub(super) async fn phantom(session: &mut Session<'_>, plan: &Plan, rig: &Rig) -> Result<(), Halt> {
    let phantom = &plan.case.phantom;
    let sensed = sensed_contact(phantom);
    let plane = sensed
        .as_ref()
        .and_then(|(_, sense)| plan.channels.iter().position(|channel| channel.name == *sense));
    let ((contact, _), plane) = match (sensed, plane) {
        (Some(sensed), Some(plane)) if rig.capabilities.test_source => (sensed, plane),
        _ => {
            session
                .progress("phantom not identified: the load has no test source or senses no voltage there");
            return Ok(());
        }
    };
    let expected =
        expected(phantom, &contact).ok_or_else(|| Halt::Bench("the phantom cannot be solved".to_owned()))?;
    let range = plan.channels.get(plane).map_or(1.0, |channel| channel.range);
    let current = test_current(&expected, range, session.bench.limits);
    let seen = drive(session, &contact, plane, current).await?;
    let (relative, absolute) = resolution(session, plane, current);
    // The marker and the windows are known to a sample.
    let absolute = absolute + expected.slope.abs() / session.intake.setup.sample_rate;
    match compare(phantom, &expected, &seen, (relative, absolute)) {
        Ok(found) => {
            session.progress(format!("phantom identified: {found}"));
            Ok(())
        }
        Err(reason) => Err(Halt::Bench(reason)),
    }
}

/// The test current, A: what may flow on this bench at most, and no more than a part of the channel's range, V, resolves.
fn test_current(expected: &Response, range: f64, limits: &Limits) -> f64 {
    let charge = limits.charge_per_phase / LONGEST;
    LARGEST
        .min(limits.amplitude)
        .min(charge)
        .min(FILL * range / expected.late.abs().max(expected.early.abs()))
}

/// Ohms seen in the two windows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Response {
    early: f64,
    late: f64,
    /// By how much they grow in the early window, ohm per second.
    slope: f64,
}

/// The first contact whose voltage against the return is sensed, and that sense channel.
fn sensed_contact(phantom: &Phantom) -> Option<(String, String)> {
    let back = phantom.node_of(phantom.return_contact())?;
    phantom.contacts.iter().find_map(|(name, node)| {
        let sense = phantom.senses.iter().find(|(_, plus, minus)| plus == node && *minus == back)?;
        (*node != back).then(|| (name.clone(), sense.0.clone()))
    })
}

/// What the file says the two windows should show.
fn expected(phantom: &Phantom, contact: &str) -> Option<Response> {
    const POINTS: u32 = 9;
    let index = phantom.contacts.iter().position(|(name, _)| name == contact)?;
    let nodes = Probe::Nodes(phantom.node_of(contact)?, phantom.node_of(phantom.return_contact())?);
    let mut circuit = Circuit::new(phantom, Output::default()).ok()?;
    circuit.set_interlock(false);
    circuit.set_test_source(index, 1.0);
    let (mut now, mut means, mut seen) = (0.0, [0.0; 2], Vec::new());
    for ((from, to), mean) in [EARLY, LATE].into_iter().zip(&mut means) {
        for k in 0..POINTS {
            let t = from + (to - from) * f64::from(k) / f64::from(POINTS - 1);
            circuit.advance(t - now);
            now = t;
            let ohms = circuit.value(nodes);
            seen.push(ohms);
            *mean += ohms / f64::from(POINTS);
        }
    }
    let ends = seen.first().zip(seen.get(POINTS as usize - 1));
    let slope = ends.map_or(0.0, |(first, last)| (last - first) / (EARLY.1 - EARLY.0));
    Some(Response { early: means[0], late: means[1], slope })
}

/// Drives the phantom from the load's source and reads the two windows off the samples.
async fn drive(
    session: &mut Session<'_>,
    contact: &str,
    plane: usize,
    current: f64,
) -> Result<Response, Halt> {
    let (rate, calibration) = (session.intake.setup.sample_rate, calibration(session, plane));
    // What follows a step slowly comes out of the filter late by its delay; the marker does not.
    let (poles, cutoff) = session.intake.setup.filter;
    let delay = FrontEnd::bessel(poles, cutoff, 1.0 / rate).area_delay;
    let needed = ((LATE.1 + delay) * rate).round() as usize;
    let mut excerpt = Excerpt { plane, calibration, values: Vec::new(), on: None };
    session.drain().await?;
    session.instruments.clock.sleep((2.0 * BEFORE * SECOND) as u64).await;
    if let Err(halt) = charge(session, contact, current, needed, &mut excerpt).await {
        // A request whose answer was lost may have been obeyed.
        if let Err(error) = session.instruments.switches()?.test_source(contact, 0.0).await {
            session.note(&[format!("the load's test source may still be on: {error}")]);
        }
        return Err(halt);
    }
    let mean = |from: usize, to: usize| {
        let values = excerpt.values.get(from..to).filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let window = |(from, to): (f64, f64)| {
        let (from, to) = (from + delay, to + delay);
        let on = excerpt.on?;
        let rest = mean(on.checked_sub((BEFORE * rate) as usize)?, on)?;
        Some(mean(on + (from * rate).round() as usize, on + (to * rate).round() as usize)? - rest)
    };
    match (window(EARLY), window(LATE)) {
        (Some(early), Some(late)) => {
            Ok(Response { early: early / current, late: late / current, slope: 0.0 })
        }
        _ => {
            Err(Halt::Bench("the load's test source left no trace in its samples: check the load".to_owned()))
        }
    }
}

/// Switches the source on, and off again once `needed` samples behind its marker have come, or have been waited for long enough; the
/// samples may then still be on their way.
async fn charge(
    session: &mut Session<'_>,
    contact: &str,
    current: f64,
    needed: usize,
    excerpt: &mut Excerpt,
) -> Result<(), Halt> {
    session.instruments.switches()?.test_source(contact, current).await?;
    session.instruments.clock.sleep((LENGTH * SECOND) as u64).await;
    let mut flows = true;
    for tried in 1..=TRIES {
        session.drain_into(excerpt).await?;
        let seen = excerpt.on.is_some_and(|on| excerpt.values.len() >= on + needed);
        // How late samples arrive is not how long the phantom may be charged.
        if flows && (seen || tried >= HELD) {
            session.instruments.switches()?.test_source(contact, 0.0).await?;
            flows = false;
        }
        if seen {
            break;
        }
        session.instruments.clock.sleep((LENGTH * SECOND) as u64).await;
    }
    Ok(())
}

fn calibration(session: &Session<'_>, plane: usize) -> Calibration {
    let none = Calibration {
        lsb: 0.0,
        offset: 0.0,
        offset_u: 0.0,
        gain_u: 0.0,
        inl: 0.0,
        noise: 0.0,
        rails: (0, 0),
        ..Calibration::default()
    };
    session.intake.setup.channels.get(plane).map_or(none, |channel| channel.calibration)
}

/// Expanded uncertainty of an ohms reading: gain, and what remains of offset, linearity and noise.
fn resolution(session: &Session<'_>, plane: usize, current: f64) -> (f64, f64) {
    let calibration = calibration(session, plane);
    let relative = 2.0 * calibration.gain_u + SOURCE_U;
    let absolute = 2.0 * (calibration.inl + 0.5) * calibration.lsb / current;
    (relative, absolute)
}

/// Compares what was seen with the file; the text names R and C as seen, or both sides of a mismatch.
fn compare(phantom: &Phantom, expected: &Response, seen: &Response, u: (f64, f64)) -> Result<String, String> {
    use crate::phantom::ElementKind;
    let tolerance = |kind: ElementKind| {
        let of_kind = phantom.elements.iter().filter(|element| element.kind == kind);
        of_kind.map(|element| element.tolerance).fold(0.0, f64::max)
    };
    let (r_tolerance, c_tolerance) = (tolerance(ElementKind::Resistor), tolerance(ElementKind::Capacitor));
    let rise = |response: &Response| response.late - response.early;
    let judge_c = rise(expected).abs() > RISE_MATTERS * expected.early.abs();
    let r_off = (seen.early - expected.early).abs() > (r_tolerance + u.0) * expected.early.abs() + u.1;
    // Where the file has no capacitor that matters, a rise is itself a mismatch.
    let c_room =
        (r_tolerance + c_tolerance + u.0) * rise(expected).abs() + 2.0 * u.1 + u.0 * expected.early.abs();
    let c_off = (rise(seen) - rise(expected)).abs() > c_room;
    let describe = |response: &Response, with_c: bool, digits: usize| {
        let r = engineering(response.early, Dimension::Resistance, digits);
        let c = (LATE.0 - EARLY.0) / rise(response);
        if with_c && c.is_finite() && c > 0.0 {
            format!("R {r}, C {}", engineering(c, Dimension::Capacitance, digits))
        } else {
            format!("R {r}")
        }
    };
    let with_c = judge_c || c_off;
    if r_off || c_off {
        // As many as show that they differ.
        let digits = telling_digits(Some(seen.early), [Some(expected.early), None]);
        let (wanted, found) = (describe(expected, with_c, digits), describe(seen, with_c, digits));
        return Err(format!(
            "wrong phantom: `{}` has {wanted}, found {found}: check what is plugged in",
            phantom.name
        ));
    }
    Ok(describe(seen, with_c, 3))
}

/// Keeps one plane's samples from the source's marker on.
struct Excerpt {
    plane: usize,
    calibration: Calibration,
    values: Vec<f64>,
    on: Option<usize>,
}

impl BlockSink for Excerpt {
    fn block(&mut self, block: &Block<'_>) {
        if block.stream != StreamKind::Fast {
            return;
        }
        let on = block.markers.iter().find(|marker| marker.bit == MarkerBit::TestSource && marker.value);
        if let Some(marker) = on {
            self.on = Some(self.values.len() + marker.sample.saturating_sub(block.first) as usize);
        }
        let from = self.plane * block.count;
        for code in block.codes.get(from..from + block.count).unwrap_or(&[]) {
            self.values.push((f64::from(*code) - self.calibration.offset) * self.calibration.lsb);
        }
    }
}

#[cfg(test)]
mod tests;
