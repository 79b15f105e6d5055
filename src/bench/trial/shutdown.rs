//! When the output was off behind a fault.

use rand::RngExt;

use crate::judge::units;
use crate::phantom::ElementKind;
use crate::scenario::{Action, Check, Criterion, Fault, Measurand};
use crate::signal::MarkerBit;

use super::super::rig::{Rig, Setting, case, facts, phantom};
use super::super::stimulus::{MILLISECOND, Stimulus, seconds, uniform};
use super::{Experiment, Outcome, Trial, generator, start_sample};

/// Bench number `index` of the shutdown: a lead opens, or the host falls silent, at any phase of the train; the stimulator
/// goes on for a while and stops. The truth is the end of the last phase it drove.
pub fn shutdown(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Shutdown, index);
    let mut stimulus = Stimulus::drawn(&mut rng, index % 8);
    stimulus.limit(8e-3);
    let opens = (index / 8).is_multiple_of(2);
    let stratum =
        format!("shutdown, {}, {}", stimulus.kind, if opens { "open lead" } else { "host silence" });
    let program = stimulus.program();
    let phantom = phantom(&["e1", "case"], &[(ElementKind::Resistor, 1000.0, 0, 1)], 2, false);
    let (before, after) = (3, uniform(&mut rng, 0.0, 5.0) as u64);
    // At rest, as a relay that opens between two pulses.
    let active = stimulus.width + stimulus.gap + stimulus.recovery_width;
    let rest = (stimulus.period - active) as f64;
    let t0 = stimulus.delay
        + (before - 1) * stimulus.period
        + active
        + uniform(&mut rng, 0.05 * rest, 0.95 * rest) as u64;
    let last = stimulus.delay + (before + after - 1) * stimulus.period + active;
    let truth = if after == 0 { 0.0 } else { seconds(last - t0) };
    let seeds = (rng.random(), rng.random());
    let measured = || {
        let channels = [("vout", 20.0)];
        let setting = Setting { voltages: &channels, ..Setting::of(&phantom, &program, &stimulus) };
        let mut rig = Rig::drawn(setting, seeds)?;
        rig.start(&stimulus);
        for pulse in 0..before {
            rig.pulse(&stimulus, pulse);
        }
        rig.analog.advance(t0);
        if opens {
            rig.analog.open_lead(0, true);
        }
        rig.analog.set_marker(MarkerBit::Lead, true);
        for pulse in before..before + after {
            rig.pulse(&stimulus, pulse);
        }
        let period = rig.period;
        let recording = rig.finish(last.max(t0) + 160 * MILLISECOND);
        let fault = if opens {
            Action::Inject(Fault::OpenLead { contact: "e1".to_owned() })
        } else {
            Action::HostSilence(1.0)
        };
        // Three more pulses are due behind it before the record ends.
        let limit = truth + seconds(stimulus.period);
        let mut check = Check::new(Measurand::ShutdownLatency, Criterion::AtMost(limit));
        check.after = Some("1".to_owned());
        let case = case(&program, phantom.clone(), vec![Action::Start, fault, Action::Stop], Vec::new());
        let marked = recording.markers.iter().find(|marker| marker.bit == MarkerBit::Lead)?.sample;
        let start = start_sample(&stimulus, period);
        let facts = facts(&program, &[start, marked, recording.samples], recording.samples);
        let units = units(&case, &facts, &recording, &check).ok()?;
        let unit = &units.first()?.measured;
        let tail = (recording.front_end.settling - recording.front_end.delay).max(0.0);
        let small = unit.expanded() <= 3.0 * period + tail + 1e-12;
        Some((truth <= unit.value + unit.expanded(), small))
    };
    Trial { stratum, outcomes: vec![Outcome::OneSided(Measurand::ShutdownLatency, measured())] }
}
