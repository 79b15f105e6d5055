//! What a case asks of a rig, and what the rig lacks.

use crate::rig::{Driver, Probe, Rig};
use crate::source::Place;

use super::super::{Action, Case, Check, Fault, Measurand};
use super::programs;

/// What a recording lacks.
const KNOWN: &str = "a load that knows when each step was taken";

/// The slow leakage channel is needed.
pub(super) fn slow(case: &Case) -> bool {
    case.checks.iter().any(|check| check.measurand == Measurand::DcLeakageCurrent)
}

/// A stimulator that has to be stopped for its next program lacks this.
const CHANGES: &str = "a stimulator that takes a program while it runs";

/// A need that a rig does not meet: where it is asked for, and what it takes.
type Need = (Place, String);

/// Capabilities that are missing, each where it is asked for.
pub(super) fn missing(case: &Case, rig: &Rig) -> Vec<Need> {
    let mut missing = Vec::new();
    let mut running = false;
    for (index, step) in case.steps.iter().enumerate() {
        missing.extend(of_step(case, rig, (index, &step.action), running));
        match &step.action {
            Action::Start => running = true,
            Action::Stop => running = false,
            _ => {}
        }
    }
    for check in &case.checks {
        missing.extend(to_settle(case, rig, check));
        missing.extend(of_check(case, rig, check));
    }
    // Into a simulated bench a phantom is plugged as it is named.
    if rig.load != Driver::Simulated {
        missing.extend(phantom(case, rig));
        unseen(case, rig, &mut missing);
    }
    missing
}

/// What a step lacks; whether a train is `running` when it comes.
fn of_step(case: &Case, rig: &Rig, (index, action): (usize, &Action), running: bool) -> Option<Need> {
    let has = &rig.capabilities;
    let place = |key: &str| case.places.find(&format!("steps[{index}].{key}"));
    let lacks = |key: &str, what: &str| Some((place(key), what.to_owned()));
    let probe = |key: &str| {
        let built_in =
            if Probe::BUILT_IN { "" } else { " (this stimrig was built without the feature `probe`)" };
        if has.probe { None } else { lacks(key, &format!("a debug probe{built_in}")) }
    };
    match action {
        Action::Inject(Fault::CoreHalt) => probe("inject"),
        Action::Probe(_) => probe("probe"),
        Action::Inject(fault) if !has.can(fault.name()) => {
            lacks("inject", &format!("the fault `{}`", fault.name()))
        }
        Action::HostSilence(_) if !has.can("host-silence") => {
            lacks("host", "a stimulator that hears the host fall silent")
        }
        Action::Zero if !has.test_source => lacks("zero", "a load that shorts its own inputs for a zero"),
        Action::Set(_) | Action::Program(_) if !has.placed => {
            Some((case.places.find(&format!("steps[{index}]")), KNOWN.to_owned()))
        }
        Action::Set(_) if running && !has.changes => lacks("set", CHANGES),
        Action::Program(_) if running && !has.changes => lacks("program", CHANGES),
        Action::Acknowledge if !has.status => {
            lacks("acknowledge", "a stimulator whose fault can be acknowledged")
        }
        _ => None,
    }
}

/// What it lacks to know when the output has settled, if a window of the check asks that.
fn to_settle(case: &Case, rig: &Rig, check: &Check) -> Option<Need> {
    let settled = check.window.as_ref().is_some_and(|(from, to)| from == "settled" || to == "settled");
    let what = "a stimulator whose series capacitor and recharge are known (`stimulator.output`)";
    let unknown = settled && case.program.is_recharged() && rig.output_stage().is_none();
    unknown.then(|| (case.place_of(check, ""), what.to_owned()))
}

/// What it lacks to measure what a check asks.
fn of_check(case: &Case, rig: &Rig, check: &Check) -> Option<Need> {
    let has = &rig.capabilities;
    let what = match check.measurand {
        Measurand::DcLeakageCurrent if !has.dc_channel => "a leakage channel",
        Measurand::ResidualVoltage if !has.markers => "a load that marks the start among its samples",
        Measurand::StartLatency
        | Measurand::StopLatency
        | Measurand::ShutdownLatency
        | Measurand::StaysOff
            if !has.placed =>
        {
            KNOWN
        }
        _ if check.after.is_some() && !has.placed => KNOWN,
        Measurand::ComplianceHeadroom if rig.output_stage().is_none() => {
            "a stimulator whose compliance and series capacitor are known"
        }
        Measurand::FaultReported | Measurand::RestartRefused if !has.status => {
            "a stimulator that reports its status"
        }
        Measurand::StopLatency | Measurand::StartLatency if !has.commands => {
            "a stimulator that the host starts and stops"
        }
        _ => return None,
    };
    Some((case.place_of(check, ""), what.to_owned()))
}

/// The phantom, where no slot has it. What was recorded was recorded on the phantom that the rig file names, or on none it could name.
fn phantom(case: &Case, rig: &Rig) -> Option<Need> {
    let known = rig.phantoms.iter().any(|(_, name)| *name == case.phantom.name);
    let lacking = rig.sim.is_none() && rig.capabilities.drives && !known;
    lacking.then(|| (case.places.find("phantom"), format!("phantom `{}` in a slot", case.phantom.name)))
}

/// Contacts that carry current and have no channel, each once.
fn unseen(case: &Case, rig: &Rig, missing: &mut Vec<Need>) {
    for planned in programs(case) {
        let program = planned.program;
        let sensed = |contact: &str| rig.channels.iter().any(|channel| channel.name == contact);
        let driven = program.contacts.iter().filter(|share| share.share != 0.0);
        let unseen: Vec<&str> =
            driven.map(|share| share.contact.as_str()).filter(|contact| !sensed(contact)).collect();
        // What flows in at all contacts but one flows out there; only the one that is judged must be seen.
        if matches!(*unseen, [only] if only != program.main_contact()) {
            continue;
        }
        for contact in unseen {
            let what = format!("a current channel for contact `{contact}`");
            if missing.iter().all(|(_, known)| *known != what) {
                missing.push((planned.place(case, "contacts"), what));
            }
        }
    }
}
