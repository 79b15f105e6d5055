//! The safe state of a rig without a scenario: what `stimrig safe` does, and the first thing after a run that was killed.

use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::record::SafeState;
use crate::rig::{Driver, Protocol, Rig};
use crate::scenario::{Plan, Wanted, plan, read_scenario};
use crate::signal::Sensed;
use crate::source::{Diagnostic, Source};

use super::case::open_load;
use super::caught::caught;
use super::interrupt::Interrupt;
use super::lock::RigLock;
use super::session::{Halt, Session};
use super::teardown::teardown;
use super::{open, steps};

/// What was found when a rig was made safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safe {
    /// Whether the output was measured to be off.
    pub safe_state: SafeState,
    /// What was done and seen, in order, as lowercase fragments.
    pub found: Vec<String>,
}

/// Makes a rig safe: stop sent, interlock opened, output measured off for `silence` seconds at least, which is the longest
/// pause between two pulses of whatever may have been running.
///
/// Never fails: what could not be done is what was found, and the state is then not confirmed.
pub fn make_safe(rig: &Rig, _lock: &RigLock, silence: f64, interrupt: &Interrupt) -> Safe {
    let failed = |reason: String| Safe { safe_state: SafeState::Impossible, found: vec![reason] };
    let plan = match look(rig) {
        Ok(plan) => plan,
        Err(problems) => {
            let what: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
            return failed(format!("this rig cannot be looked at: {}", what.join("; ")));
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(format!("no runtime: {error}")),
    };
    runtime.block_on(async { caught(made_safe(rig, &plan, silence, interrupt)).await.unwrap_or_else(failed) })
}

async fn made_safe(rig: &Rig, plan: &Plan, silence: f64, interrupt: &Interrupt) -> Safe {
    let mut found = Vec::new();
    let mut instruments = match open::open(rig, plan, None, None, None).await {
        Ok(instruments) => instruments,
        Err(reason) => return Safe { safe_state: SafeState::Impossible, found: vec![reason] },
    };
    // First of all the two commands that make it safe, in case nothing else works.
    let stopped = instruments.stimulator.stop().await;
    found.extend(stopped.err().map(|error| error.to_string()));
    if let Some(switches) = instruments.load.switches() {
        found.extend(switches.interlock(false).await.err().map(|error| error.to_string()));
    }
    match instruments.stimulator.identify().await {
        Ok(identity) => {
            found.push(format!("stimulator {} uid {}", identity.model, identity.uid));
            let uid =
                super::identity::check("stimulator", rig.wiring.stimulator_uid.as_deref(), &identity.uid);
            if let Err(halt) = uid {
                found.push(halt.to_string());
                return Safe { safe_state: SafeState::Impossible, found };
            }
        }
        Err(error) => found.push(error.to_string()),
    }
    let tell = |_| {};
    let setup = match open_load(&mut instruments, plan, rig, &tell).await {
        Ok((setup, _)) => setup,
        Err(halt) => {
            found.push(halt.to_string());
            found.push("output not measured".to_owned());
            return Safe { safe_state: SafeState::Impossible, found };
        }
    };
    let recorder = Recorder::new(setup.clone());
    let mut session = Session::new(instruments, (setup, recorder), plan, rig, interrupt, &tell);
    // A load that cannot short its inputs is read with the offset it states.
    if rig.capabilities.test_source {
        let zeroed = steps::zero(&mut session, false).await;
        found.extend(
            zeroed.err().filter(|halt| !matches!(halt, Halt::Interrupted(_))).map(|halt| halt.to_string()),
        );
    }
    let ending = teardown(&mut session, silence).await;
    found.extend(ending.trouble.filter(|trouble| !found.contains(trouble)));
    found.extend(ending.steps);
    if rig.capabilities.stream {
        let largest = engineering(session.recorder.guard().peak_current, Dimension::Current, 2);
        found.push(format!("largest current seen on any contact: {largest}"));
    } else {
        // What a record of the output at rest has shown.
        found.append(&mut session.notes);
    }
    Safe { safe_state: ending.safe_state, found }
}

/// A plan that watches every current the load senses. Nothing of it is ever loaded or started.
fn look(rig: &Rig) -> Result<Plan, Vec<Diagnostic>> {
    let stated = rig.channels.iter().filter(|channel| channel.quantity == Sensed::Current);
    let mut contacts: Vec<&str> = stated.map(|channel| channel.name.as_str()).collect();
    if contacts.is_empty() || rig.load == Driver::Simulated {
        contacts = vec!["e1", "case"];
    }
    if contacts.len() < 2 {
        contacts.push(if contacts == ["case"] { "e1" } else { "case" });
    }
    let back = contacts.last().copied().unwrap_or("case");
    let named: Vec<String> = contacts.iter().map(|name| format!("{name:?}: {name:?}")).collect();
    let resistors = contacts.iter().filter(|name| **name != back);
    let resistors: Vec<String> =
        resistors.map(|name| format!("  - {{ r: 1 kohm, from: {name:?}, to: {back:?} }}")).collect();
    let phantom = format!(
        "version: 1\nname: whatever is plugged in\ncontacts: {{ {} }}\nelements:\n{}\n",
        named.join(", "),
        resistors.join("\n")
    );
    // As sensitive as the load can be, within what the rig allows.
    let amplitude = 1e-4_f64.min(rig.limits.amplitude).min(rig.cap);
    let scenario = format!(
        "version: 1\nname: safe state\nphantom: whatever is plugged in\n\
         program: {{ amplitude: {amplitude} A, width: 200 us, rate: 50 Hz }}\nduration: 1 s\n\
         expect:\n  - amplitude: {{ of: programmed, within: 50 % }}\n"
    );
    let source = Source::new("safe state", scenario.as_str());
    let mut resolve = |wanted: Wanted<'_>| match wanted {
        Wanted::Phantom(_) => Ok(Source::new("phantom", phantom.as_str())),
        other => crate::scenario::shipped(other),
    };
    let (cases, problems) = read_scenario(&source, &mut resolve);
    match cases.into_iter().next() {
        // Nothing of it is loaded: whether the stimulator could emit it is nobody's question.
        Some(case) if !problems.iter().any(Diagnostic::is_error) => {
            let asked = Rig { stimulator: Driver::Native, protocol: Protocol::Known, ..rig.clone() };
            plan(case, &asked, false)
        }
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock::Waiting;
    use super::*;
    use crate::rig::DEFAULT_RIG;

    #[test]
    fn a_bench_at_rest_is_seen_to_be_off() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let interrupt = Interrupt::default();
        let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
        let safe = make_safe(&rig, &lock, 2.0, &interrupt);
        assert_eq!(safe.safe_state, SafeState::Confirmed, "{safe:?}");
        let said = safe.found.join("\n");
        for words in ["uid", "stop acknowledged", "interlock open", "output measured off", "largest current"]
        {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn every_current_that_a_real_load_senses_is_watched() {
        let text = "version: 1\nname: bench-a\nstimulator: { driver: native, port: { serial_number: S1 }, cap: 10 mA }\n\
             load:\n  driver: native\n  port: { serial_number: L1 }\n  channels:\n\
             \x20   e1: { quantity: current, shunt: 100 ohm, ranges: [4 mA] }\n\
             \x20   e7: { quantity: current, shunt: 100 ohm, ranges: [4 mA] }\n\
             \x20   v1: { quantity: voltage, ranges: [2 V] }\n\
             limits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }\n";
        let rig = Rig::read(&Source::new("bench-a.yaml", text)).unwrap();
        match look(&rig) {
            Ok(plan) => {
                let names: Vec<&str> = plan.channels.iter().map(|channel| channel.name.as_str()).collect();
                assert_eq!(names, ["e1", "e7"]);
            }
            Err(problems) => panic!("{problems:?}"),
        }
    }
}
