//! Channels to stream and their ranges.

use crate::quantity::{Dimension, engineering};
use crate::rig::{Driver, Rig};
use crate::signal::Sensed;
use crate::source::Diagnostic;

use super::super::{Action, Case, Fault};
use super::PlannedChannel;
use super::peaks::Peaks;

/// Room above what is expected, so that noise and a stimulator that is off by a quarter do not clip.
const HEADROOM: f64 = 1.25;

/// Every contact, every sense and `vout`, each with the smallest range that holds what is expected; `recharged` is the largest current
/// of a recharge, A.
pub(super) fn choose(
    case: &Case,
    rig: &Rig,
    peaks: Option<Peaks>,
    recharged: f64,
    problems: &mut Vec<Diagnostic>,
) -> Vec<PlannedChannel> {
    let current = HEADROOM * largest_amplitude(case).max(recharged);
    let (sensed, output) =
        peaks.map_or((f64::INFINITY, f64::INFINITY), |peaks| (peaks.phantom, peaks.source));
    // An open lead drives the output to its compliance.
    let opens = case.steps.iter().any(|step| matches!(step.action, Action::Inject(Fault::OpenLead { .. })));
    let output = if opens { f64::INFINITY } else { output };
    let wanted = |name: &str, quantity: Sensed| match quantity {
        Sensed::Current => current,
        Sensed::Voltage if name == "vout" => HEADROOM * output,
        Sensed::Voltage => HEADROOM * sensed,
    };
    if let (Driver::Simulated, Some(adc)) = (rig.load, rig.sim.as_ref().map(|sim| &sim.adc)) {
        let contacts = case.phantom.contacts.iter().map(|(name, _)| (name.as_str(), Sensed::Current));
        let senses = case.phantom.senses.iter().map(|(name, ..)| (name.as_str(), Sensed::Voltage));
        let all = contacts.chain(senses).chain([("vout", Sensed::Voltage)]);
        let channels: Vec<PlannedChannel> = all
            .map(|(name, quantity)| {
                let ranges =
                    if quantity == Sensed::Current { &adc.current_ranges } else { &adc.voltage_ranges };
                PlannedChannel {
                    name: name.to_owned(),
                    quantity,
                    range: range(ranges, wanted(name, quantity)),
                }
            })
            .collect();
        let full = channels
            .iter()
            .find(|channel| channel.quantity == Sensed::Current)
            .map_or(0.0, |channel| channel.range);
        if largest_amplitude(case) > full {
            let what = format!(
                "this amplitude is beyond the load's range of {}",
                engineering(full, Dimension::Current, 4)
            );
            problems.push(case.places.find("program.amplitude").error(&what, None));
        } else if recharged > full {
            let current = |amperes| engineering(amperes, Dimension::Current, 4);
            let what = format!(
                "the recharge would reach {}, beyond the load's range of {}: what is judged there is clipped",
                current(recharged),
                current(full)
            );
            problems.push(case.places.find("program").warning(&what, None));
        }
        return channels;
    }
    // A bench has the channels of all its phantoms; those of another one are connected to nothing.
    let has = |name: &str| {
        let contact = case.phantom.contacts.iter().any(|(contact, _)| contact == name);
        contact || name == "vout" || case.phantom.senses.iter().any(|(sense, ..)| sense == name)
    };
    let stated = rig.channels.iter().filter(|channel| has(&channel.name));
    stated
        .map(|channel| PlannedChannel {
            name: channel.name.clone(),
            quantity: channel.quantity,
            range: range(&channel.ranges, wanted(&channel.name, channel.quantity)),
        })
        .collect()
}

/// The smallest range that holds it, else the largest there is.
fn range(ranges: &[f64], wanted: f64) -> f64 {
    let found = ranges.iter().copied().find(|range| *range >= wanted);
    found.or(ranges.last().copied()).unwrap_or(0.0)
}

/// Of all programs, and of an injected over-amplitude, A.
pub(super) fn largest_amplitude(case: &Case) -> f64 {
    let of_step = |step: &super::super::Step| match &step.action {
        Action::Set(program) | Action::Program(program) => program.largest_current(),
        Action::Inject(Fault::OverAmplitude { amplitude }) => *amplitude,
        _ => 0.0,
    };
    case.steps.iter().map(of_step).fold(case.program.largest_current(), f64::max)
}
