//! The safe state of a rig without a scenario: what `stimrig safe` does, and the first thing after a run that was killed.

use std::sync::Arc;

use crate::instrument::Operator;
use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::record::SafeState;
use crate::rig::Rig;
use crate::scenario::Plan;
use crate::signal::Sensed;

use super::case::begin_load;
use super::caught::caught;
use super::halt::Halt;
use super::interrupt::Interrupt;
use super::lock::RigLock;
use super::look::{Nobody, look};
use super::session::Session;
use super::teardown::{NEVER_ON, teardown};
use super::{open, zero};

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
/// A stimulator that is driven by hand is switched off by `person`, who is asked; without one, or without an answer, the
/// state is not confirmed, whatever is measured.
///
/// Never fails: what could not be done is what was found, and the state is then not confirmed.
pub fn make_safe(
    rig: &Rig,
    _lock: &RigLock,
    silence: f64,
    interrupt: &Interrupt,
    person: Option<&Arc<dyn Operator>>,
) -> Safe {
    let failed = |reason: String| Safe { safe_state: SafeState::Impossible, found: vec![reason] };
    let plan = match look(rig) {
        Ok(plan) => plan,
        Err(what) => return failed(format!("this rig cannot be looked at: {what}")),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(format!("no runtime: {error}")),
    };
    let made = async {
        let made = made_safe(rig, &plan, silence, interrupt, person);
        caught(made).await.unwrap_or_else(failed)
    };
    runtime.block_on(made)
}

/// Asks the person at the bench to switch the stimulator off: what they answered, and whether it is off.
async fn by_hand(person: Option<&Arc<dyn Operator>>) -> (String, bool) {
    let asked = "switch the stimulator OFF, or pull its lead; press Enter when it is off";
    let (answer, off) = match person {
        None => ("the stimulator is driven by hand, and nobody is there to switch it off", false),
        Some(person) if person.confirm(asked).await => {
            ("the person at the bench says that the stimulator is off", true)
        }
        Some(_) => ("the person at the bench did not say that the stimulator is off", false),
    };
    (answer.to_owned(), off)
}

/// Once more where the device took the first for the last request of a host that was killed: it has another number then.
pub(super) async fn twice<T, E>(mut act: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    match act().await {
        Ok(done) => Ok(done),
        Err(_) => act().await,
    }
}

async fn made_safe(
    rig: &Rig,
    plan: &Plan,
    silence: f64,
    interrupt: &Interrupt,
    person: Option<&Arc<dyn Operator>>,
) -> Safe {
    let mut found = Vec::new();
    // A hand is asked below, once what needs none is done.
    let nobody: Arc<dyn Operator> = Arc::new(Nobody);
    let mut instruments = match open::open(rig, plan, None, None, Some(&nobody)).await {
        Ok(instruments) => instruments,
        Err(reason) => {
            found.push(reason);
            if !rig.capabilities.commands {
                found.push(by_hand(person).await.0);
            }
            return Safe { safe_state: SafeState::Impossible, found };
        }
    };
    // First of all the two commands that make it safe, in case nothing else works.
    let stopped = twice(async || instruments.stimulator.stop().await).await;
    found.extend(stopped.err().map(|error| error.to_string()));
    if let Some(switches) = instruments.load.switches() {
        let opened = twice(async || switches.interlock(false).await).await;
        found.extend(opened.err().map(|error| error.to_string()));
    }
    // A load whose dead-man runs out while a person takes their time opens its interlock, which it is told to do anyway.
    let off = rig.capabilities.commands || {
        let (answer, off) = by_hand(person).await;
        found.push(answer);
        off
    };
    match instruments.stimulator.identify().await {
        Ok(identity) => {
            found.push(format!("stimulator {} uid {}", identity.model, identity.uid));
            // Once more, now that both ends count from the same request on: one that had the killed run's last number may have
            // been answered without being obeyed.
            found.extend(instruments.stimulator.stop().await.err().map(|error| error.to_string()));
            let uid =
                super::identity::check("stimulator", rig.wiring.stimulator_uid.as_deref(), &identity.uid);
            if let Err(halt) = uid {
                found.push(halt.to_string());
                return Safe { safe_state: SafeState::Impossible, found };
            }
        }
        Err(error) => found.push(error.to_string()),
    }
    // A rig file names the contacts of every phantom; the load has those of the one that is plugged in.
    let identified = twice(async || instruments.load.identify().await).await.map_err(Halt::from);
    let contacts = identified.as_ref().ok().and_then(|identity| identity.contacts);
    let plan = &watching(plan, contacts);
    let tell = |_| {};
    let opened = match identified {
        Ok(identity) => begin_load(&mut instruments, &identity, plan, rig, &tell).await,
        Err(halt) => Err(halt),
    };
    let setup = match opened {
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
        let zeroed = zero::zero(&mut session, false).await;
        found.extend(
            zeroed.err().filter(|halt| !matches!(halt, Halt::Interrupted(_))).map(|halt| halt.to_string()),
        );
    }
    let ending = teardown(&mut session, silence).await;
    found.extend(ending.trouble.filter(|trouble| !found.contains(trouble)));
    // Who drives it by hand was asked above, and what they answered is told.
    found.extend(ending.steps.into_iter().filter(|step| step != NEVER_ON));
    if ending.stop_ignored {
        found.push("the stimulator went on after the stop: switch it off by hand, nothing but the open interlock holds it".to_owned());
    }
    if rig.capabilities.stream {
        let largest = engineering(session.intake.recorder.guard().amplitude.value, Dimension::Current, 2);
        found.push(format!("largest current seen on any contact: {largest}"));
    }
    // What a record of the output at rest has shown, and what kept the load from showing anything.
    let notes = std::mem::take(&mut session.account.notes);
    found.extend(notes.into_iter().filter(|note| !found.contains(note)).collect::<Vec<_>>());
    // Nobody can say what a stimulator does that nobody looked at.
    Safe { safe_state: if off { ending.safe_state } else { SafeState::Impossible }, found }
}

/// The same plan without the currents of contacts that the load does not have.
fn watching(plan: &Plan, contacts: Option<usize>) -> Plan {
    let there = contacts.unwrap_or(usize::MAX);
    let mut plan = plan.clone();
    let named = &plan.case.phantom.contacts;
    let missing: Vec<&String> = named.iter().skip(there).map(|(name, _)| name).collect();
    plan.channels.retain(|channel| channel.quantity != Sensed::Current || !missing.contains(&&channel.name));
    plan
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::super::lock::Waiting;
    use super::*;
    use crate::rig::DEFAULT_RIG;
    use crate::source::Source;

    #[test]
    fn a_bench_at_rest_is_seen_to_be_off() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let interrupt = Interrupt::default();
        let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
        let safe = make_safe(&rig, &lock, 2.0, &interrupt, None);
        assert_eq!(safe.safe_state, SafeState::Confirmed, "{safe:?}");
        let said = safe.found.join("\n");
        for words in ["uid", "stop acknowledged", "interlock open", "output measured off", "largest current"]
        {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn a_stimulator_that_is_driven_by_hand_is_asked_about() {
        struct Says(bool);
        #[async_trait]
        impl Operator for Says {
            fn tell(&self, _: &str) {}
            async fn confirm(&self, text: &str) -> bool {
                assert!(text.contains("OFF"), "{text}");
                self.0
            }
        }
        let text = "version: 1\nname: hand\nstimulator: { driver: manual, cap: 10 mA }\nload: { driver: simulated }\n";
        let rig = Rig::read(&Source::new("hand.yaml", text)).unwrap();
        let interrupt = Interrupt::default();
        let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
        let safe = |person: Option<bool>| {
            let person = person.map(|says| -> Arc<dyn Operator> { Arc::new(Says(says)) });
            make_safe(&rig, &lock, 0.1, &interrupt, person.as_ref())
        };
        for (person, state, says) in [
            (Some(true), SafeState::Confirmed, "says that the stimulator is off"),
            (Some(false), SafeState::Impossible, "did not say"),
            (None, SafeState::Impossible, "nobody is there"),
        ] {
            let found = safe(person);
            let said = found.found.join("\n");
            assert!(found.safe_state == state && said.contains(says), "{found:?}");
            // The load does its part in any case.
            assert!(said.contains("interlock open") && said.contains("output measured off"), "{said}");
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
                let watched = |contacts| watching(&plan, contacts).channels.len();
                assert_eq!((watched(Some(1)), watched(Some(2)), watched(None)), (1, 2, 2));
            }
            Err(problems) => panic!("{problems:?}"),
        }
    }
}
