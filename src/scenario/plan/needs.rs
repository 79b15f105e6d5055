//! What a case asks of a rig, and what the rig lacks.

use crate::rig::{Driver, Probe, Rig};
use crate::source::Place;

use super::super::{Action, Case, Fault, Measurand};
use super::programs;

/// What a recording lacks.
const KNOWN: &str = "a load that knows when each step was taken";

/// The slow leakage channel is needed.
pub(super) fn slow(case: &Case) -> bool {
    case.checks.iter().any(|check| check.measurand == Measurand::DcLeakageCurrent)
}

/// A stimulator that has to be stopped for its next program lacks this.
const CHANGES: &str = "a stimulator that takes a program while it runs";

/// Capabilities that are missing, each where it is asked for.
pub(super) fn missing(case: &Case, rig: &Rig) -> Vec<(Place, String)> {
    let mut missing = Vec::new();
    let mut running = false;
    let can = |name: &str| rig.capabilities.can(name);
    let probe = |name: &str, index: usize| {
        let lacks = if Probe::BUILT_IN {
            "a debug probe"
        } else {
            "a debug probe (this stimrig was built without the feature `probe`)"
        };
        let place = case.places.find(&format!("steps[{index}].{name}"));
        (!rig.capabilities.probe).then(|| (place, lacks.to_owned()))
    };
    for (index, step) in case.steps.iter().enumerate() {
        let place = |name: &str| case.places.find(&format!("steps[{index}].{name}"));
        match &step.action {
            Action::Inject(Fault::CoreHalt) => missing.extend(probe("inject", index)),
            Action::Inject(fault) if !can(fault.name()) => {
                missing.push((place("inject"), format!("the fault `{}`", fault.name())))
            }
            Action::HostSilence(_) if !can("host-silence") => {
                missing.push((place("host"), "a stimulator that hears the host fall silent".to_owned()))
            }
            Action::Zero if !rig.capabilities.test_source => {
                missing.push((place("zero"), "a load that shorts its own inputs for a zero".to_owned()))
            }
            Action::Set(_) | Action::Program(_) if !rig.capabilities.placed => {
                missing.push((case.places.find(&format!("steps[{index}]")), KNOWN.to_owned()))
            }
            Action::Acknowledge if !rig.capabilities.status => missing
                .push((place("acknowledge"), "a stimulator whose fault can be acknowledged".to_owned())),
            Action::Set(_) if running && !rig.capabilities.changes => {
                missing.push((place("set"), CHANGES.to_owned()))
            }
            Action::Program(_) if running && !rig.capabilities.changes => {
                missing.push((place("program"), CHANGES.to_owned()))
            }
            Action::Probe(_) => missing.extend(probe("probe", index)),
            _ => {}
        }
        match &step.action {
            Action::Start => running = true,
            Action::Stop => running = false,
            _ => {}
        }
    }
    for check in &case.checks {
        let place = || case.place_of(check, "");
        let settled = check.window.as_ref().is_some_and(|(from, to)| from == "settled" || to == "settled");
        if settled && case.program.is_recharged() && rig.output_stage().is_none() {
            let what = "a stimulator whose series capacitor and recharge are known (`stimulator.output`)";
            missing.push((place(), what.to_owned()));
        }
        match check.measurand {
            Measurand::DcLeakageCurrent if !rig.capabilities.dc_channel => {
                missing.push((place(), "a leakage channel".to_owned()))
            }
            Measurand::ResidualVoltage if !rig.capabilities.markers => {
                missing.push((place(), "a load that marks the start among its samples".to_owned()))
            }
            Measurand::StartLatency
            | Measurand::StopLatency
            | Measurand::ShutdownLatency
            | Measurand::StaysOff
                if !rig.capabilities.placed =>
            {
                missing.push((place(), KNOWN.to_owned()))
            }
            _ if check.after.is_some() && !rig.capabilities.placed => {
                missing.push((place(), KNOWN.to_owned()))
            }
            Measurand::ComplianceHeadroom if rig.output_stage().is_none() => missing
                .push((place(), "a stimulator whose compliance and series capacitor are known".to_owned())),
            Measurand::FaultReported | Measurand::RestartRefused if !rig.capabilities.status => {
                missing.push((place(), "a stimulator that reports its status".to_owned()))
            }
            Measurand::StopLatency | Measurand::StartLatency if !rig.capabilities.commands => {
                missing.push((place(), "a stimulator that the host starts and stops".to_owned()))
            }
            _ => {}
        }
    }
    // Into a simulated bench a phantom is plugged as it is named.
    if rig.load != Driver::Simulated {
        // What was recorded was recorded on the phantom that the rig file names, or on none it could name.
        if rig.sim.is_none()
            && rig.capabilities.drives
            && rig.phantoms.iter().all(|(_, name)| *name != case.phantom.name)
        {
            missing.push((case.places.find("phantom"), format!("phantom `{}` in a slot", case.phantom.name)));
        }
        for planned in programs(case) {
            let program = planned.program;
            let sensed = |contact: &str| rig.channels.iter().any(|channel| channel.name == contact);
            let unseen: Vec<_> = program
                .contacts
                .iter()
                .filter(|share| share.share != 0.0 && !sensed(&share.contact))
                .collect();
            // What flows in at all contacts but one flows out there; only the one that is judged must be seen.
            let only_one =
                unseen.len() == 1 && unseen.iter().all(|share| share.contact != program.main_contact());
            for share in unseen.into_iter().filter(|_| !only_one) {
                let what = format!("a current channel for contact `{}`", share.contact);
                if missing.iter().all(|(_, known)| *known != what) {
                    missing.push((planned.place(case, "contacts"), what));
                }
            }
        }
    }
    missing
}
