//! Shorts that the reference board cannot see: it senses the voltages between its outputs, and none of their currents.

use stimrig_board::{SMALLEST_CODE, Steps};

use crate::phantom::{Circuits, Drive, Probe};
use crate::rig::{Driver, Rig, StimulatorSpec};
use crate::source::Diagnostic;

use super::super::{Action, Case, Fault, FaultCode};
use super::applied;
use super::drive::{shares, unlimited};

/// Warns of every short that a check waits for and that leaves the voltages between the driven outputs those of a load: contacts of
/// one polarity that touch, an idle contact, a contact whose voltage the others cancel.
pub(super) fn check(case: &Case, rig: &Rig, circuits: &Circuits, problems: &mut Vec<Diagnostic>) {
    let (Driver::Simulated, Some(sim)) = (rig.stimulator, &rig.sim) else { return };
    for (index, step) in case.steps.iter().enumerate() {
        let Action::Inject(Fault::ShortLead { between }) = &step.action else { continue };
        let awaited = case.checks.iter().any(|check| {
            let after = check.after.as_deref().and_then(|after| case.step_of(after));
            after == Some(index) && check.is != Some(FaultCode::None)
        });
        if !awaited || seen(case, rig, (index, between), &sim.stimulator, circuits) != Some(false) {
            continue;
        }
        let what = "the board cannot see this short: the voltages between the outputs that it drives stay those of a load";
        let help =
            "short a contact with the only one of the other polarity, or the two with the largest shares";
        problems.push(case.places.find(&format!("steps[{index}].inject")).warning(what, Some(help)));
    }
}

/// Whether the board finds a short between two contacts under the program that is in force at a step; `None` where the load cannot be
/// solved, which is said elsewhere.
fn seen(
    case: &Case,
    rig: &Rig,
    (index, (a, b)): (usize, &(String, String)),
    spec: &StimulatorSpec,
    circuits: &Circuits,
) -> Option<bool> {
    let contacts = &case.phantom.contacts;
    let program = applied::quantised(case.in_force(index), rig, &case.phantom);
    let shares = shares(&case.phantom, &program);
    let currents: Vec<f64> = shares.iter().map(|share| share * program.amplitude).collect();
    let mut circuit = circuits.at_rest(&case.phantom, &unlimited(rig)?).ok()?;
    let number = |contact: &str| contacts.iter().position(|(name, _)| name == contact);
    circuit.short(number(a)?, number(b)?, true);
    circuit.set_drive(&Drive::Currents(currents.clone()));
    // As the board counts shares, so that of equal ones it is the same.
    let parts = || shares.iter().map(|share| (share * 1e6).round() as i64).enumerate();
    let (sink, _) = parts().min_by_key(|(_, part)| *part)?;
    let (source, _) = parts().min_by_key(|(_, part)| -*part)?;
    let against = circuit.value(Probe::Source(source));
    let microvolts: Vec<i32> = (0..contacts.len())
        .map(|contact| ((circuit.value(Probe::Source(contact)) - against) * 1e6) as i32)
        .collect();
    let picoamperes: Vec<i64> = currents.iter().map(|amperes| (amperes * 1e12).round() as i64).collect();
    let steps = Steps { microvolts: &microvolts, picoamperes: &picoamperes, largest: [sink, source] };
    let largest_code = 2_f64.powi(spec.dac_bits.clamp(2, 32) as i32 - 1) - 1.0;
    let smallest = f64::from(SMALLEST_CODE) * spec.full_scale / largest_code * 1e12;
    Some(steps.is_short((spec.short_detect * 1e3).round() as u64, smallest as u64))
}

#[cfg(test)]
mod tests {
    use crate::rig::{DEFAULT_RIG, Rig};
    use crate::scenario::{plan, read_scenario, shipped};
    use crate::source::Source;

    #[test]
    fn a_short_that_no_voltage_tells_is_said_before_it_is_waited_for() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let told = |contacts: &str, short: &str, check: &str| {
            let text = format!(
                "version: 1\nname: n\nphantom: star-8\nprogram: {{ amplitude: 2 mA, width: 200 us, rate: 50 Hz, contacts: {{ {contacts} }} }}\nsteps:\n  - start: {{}}\n  - wait: 200 ms\n  - inject: {{ fault: short-lead, {short} }}\n    as: shorts\n  - wait: 300 ms\n  - stop: {{}}\nexpect:\n  - {check}\n"
            );
            let (mut cases, problems) = read_scenario(&Source::new("s", &text), &mut shipped);
            assert_eq!(problems, Vec::new());
            let warnings = plan(cases.remove(0), &rig, false).unwrap().warnings;
            assert!(
                warnings.iter().all(|warning| warning.what.contains("cannot see this short")),
                "{warnings:#?}"
            );
            warnings.len()
        };
        let reported = "fault_reported: { after: shorts, is: short-lead, at_most: 100 ms }";
        let steered = "e1: -60 %, e2: -40 %, case: 100 %";
        assert_eq!(told(steered, "contact: e1", reported), 0);
        assert_eq!(told(steered, "contact: e2", reported), 0);
        assert_eq!(told(steered, "contact: e3", reported), 1, "it carries nothing");
        assert_eq!(told(steered, "between: [e1, e2]", reported), 1, "both are sinks");
        // 0.385 · 300 ohm are 0.615 · 188 ohm: e1 stands at the voltage of the case, shorted or not.
        assert_eq!(told("e1: 38.5 %, e2: -100 %, case: 61.5 %", "contact: e1", reported), 1);
        assert_eq!(told("e1: 38.5 %, e2: -100 %, case: 61.5 %", "contact: e2", reported), 0);
        // Nobody waits for it.
        assert_eq!(told(steered, "contact: e3", "rate: { within: 0.5 %, of: programmed }"), 0);
    }
}
