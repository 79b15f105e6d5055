//! The safe state of a rig without a scenario: what `stimrig safe` does, and the first thing after a run that was killed.

use std::sync::Arc;

use crate::driver::absent;
use crate::instrument::{DebugProbe, Operator, OutputState, Stimulator};
use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::record::{SafeState, readable};
use crate::rig::Rig;
use crate::scenario::Plan;
use crate::signal::Sensed;

use super::case::begin_load;
use super::caught::caught;
use super::halt::Halt;
use super::instruments::Instruments;
use super::interrupt::Interrupt;
use super::lock::RigLock;
use super::look::{Nobody, look};
use super::session::{Session, answers_stop};
use super::stopping::{self, Both, twice};
use super::teardown::{NEVER_ON, of_stop, teardown};
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

/// The instruments of a bench, as far as they can be opened: one that is gone, or held by another program, does not keep the other
/// from doing its part.
///
/// # Errors
/// Without a load nothing can be measured: the stimulator was told to stop, and this is all that was found.
async fn opened(
    rig: &Rig,
    plan: &Plan,
    person: Option<&Arc<dyn Operator>>,
    found: &mut Vec<String>,
) -> Result<(Instruments, bool), ()> {
    // A hand is asked later, once what needs none is done.
    let nobody: Arc<dyn Operator> = Arc::new(Nobody);
    let each = open::each(rig, plan, Some(&nobody)).await.map_err(|reason| found.push(reason))?;
    let load = match each.load {
        Ok(load) => load,
        Err(reason) => {
            found.push(reason);
            found.extend(stopped_unseen(rig, each.stimulator, person).await);
            found.push("output not measured".to_owned());
            return Err(());
        }
    };
    let reached = each.stimulator.is_ok();
    let stimulator = each.stimulator.unwrap_or_else(|reason| {
        found.push(reason);
        Box::new(absent::Stimulator)
    });
    let mut instruments = Instruments { stimulator, load, clock: each.clock, disturbance: None, probe: None };
    if reached && let Err(reason) = instruments.fit(&rig.capabilities) {
        found.push(reason);
    }
    Ok((instruments, reached))
}

/// Tells a stimulator to stop whose load is not there; what became of that.
async fn stopped_unseen(
    rig: &Rig,
    stimulator: Result<Box<dyn Stimulator>, String>,
    person: Option<&Arc<dyn Operator>>,
) -> Option<String> {
    if !rig.capabilities.commands {
        return Some(by_hand(person).await.0);
    }
    let mut stimulator = match stimulator {
        Ok(stimulator) => stimulator,
        Err(reason) => return Some(reason),
    };
    let stopped = twice(async || stimulator.stop().await).await;
    // Once more with a number that no run before has used, as where the output is measured.
    let stopped = match stimulator.identify().await {
        Ok(_) => stimulator.stop().await,
        Err(_) => stopped,
    };
    match stopped {
        Ok(()) => rig.capabilities.drives.then(|| of_stop(true, answers_stop(rig)).to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Lets a core go on that a run halted before it was killed, because nothing else makes it hear a stop, and tells it to stop; whether
/// the probe could do that.
async fn goes_on(session: &mut Session<'_>, probe: &mut dyn DebugProbe, found: &mut Vec<String>) -> bool {
    let resumed = match probe.identify(OutputState::Off).await {
        Ok(_) => probe.resume().await,
        Err(error) => Err(error),
    };
    if let Err(error) = resumed {
        found.push(format!("its core may be halted: {error}"));
        return false;
    }
    found.push("it did not answer, and its core was told through the debug probe to go on".to_owned());
    // What it says to this is asked for once more behind it.
    let _ = session.instruments.stimulator.stop().await;
    true
}

async fn made_safe(
    rig: &Rig,
    plan: &Plan,
    silence: f64,
    interrupt: &Interrupt,
    person: Option<&Arc<dyn Operator>>,
) -> Safe {
    let mut found = Vec::new();
    let Ok((mut instruments, reached)) = opened(rig, plan, person, &mut found).await else {
        return Safe { safe_state: SafeState::Impossible, found };
    };
    // First of all the two commands that make it safe, in case nothing else works.
    let Both { stop, interlock } = stopping::both(&mut instruments).await;
    let heard = stop.is_ok();
    found.extend(stop.err().filter(|_| reached).map(|error| error.to_string()));
    found.extend(interlock.and_then(Result::err).map(|error| error.to_string()));
    // A load whose dead-man runs out while a person takes their time opens its interlock, which it is told to do anyway.
    let off = rig.capabilities.commands || {
        let (answer, off) = by_hand(person).await;
        found.push(answer);
        off
    };
    // Another stimulator on its port says nothing about the one that may be on; the output is looked at all the same.
    let mut known = !reached || identified(&mut instruments, rig, &mut found).await;
    // A rig file names the contacts of every phantom; the load has those of the one that is plugged in.
    let greeted = twice(async || instruments.load.identify().await).await.map_err(Halt::from);
    let contacts = greeted.as_ref().ok().and_then(|identity| identity.contacts);
    let plan = &watching(plan, contacts);
    let tell = |_| {};
    let opened = match greeted {
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
    let mut ending = teardown(&mut session, silence).await;
    // Attaching stops a core for a moment, which is not done under an output that was not seen to be off.
    let deaf = reached && !ending.stopped && ending.safe_state == SafeState::Confirmed;
    if deaf && let Some(mut probe) = open::probe::without_image(rig) {
        if goes_on(&mut session, probe.as_mut(), &mut found).await {
            known = identified(&mut session.instruments, rig, &mut found).await;
            ending = teardown(&mut session, silence).await;
        }
        probe.release(OutputState::Off).await;
    }
    found.extend(ending.trouble.filter(|trouble| reached && !found.contains(trouble)));
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
    // Nobody can say what a stimulator does that nobody looked at, nor without an interlock what one will do that was not told to stop.
    let told = reached && (heard || ending.stopped);
    if reached && !told && !rig.capabilities.interlock {
        let time = engineering(silence, Dimension::Time, 3);
        found.push(format!("without an interlock nothing but its acknowledgement shows that it will not go on after the {time} for which it was watched: switch it off by hand"));
    }
    let sure = off && known && (told || rig.capabilities.interlock);
    Safe { safe_state: if sure { ending.safe_state } else { SafeState::Impossible }, found }
}

/// Asks the stimulator who it is, and tells it to stop once more; whether it is not known to be another than the rig file names.
async fn identified(instruments: &mut Instruments, rig: &Rig, found: &mut Vec<String>) -> bool {
    let identity = match instruments.stimulator.identify().await {
        Ok(identity) => identity,
        Err(error) => {
            found.push(error.to_string());
            return true;
        }
    };
    // As everywhere else: what is text is shown as text, and one that has none has none.
    let uid = Some(readable(&identity.uid)).filter(|uid| !uid.is_empty());
    found.push(format!(
        "stimulator {}{}",
        identity.model,
        uid.map_or_else(String::new, |uid| format!(" uid {uid}"))
    ));
    // Both ends count from the same request on now: a stop that had the killed run's last number may have been answered without
    // being obeyed.
    found.extend(instruments.stimulator.stop().await.err().map(|error| error.to_string()));
    let checked = super::identity::check("stimulator", rig.wiring.stimulator_uid.as_deref(), &identity.uid);
    checked.map_err(|halt| found.push(halt.to_string())).is_ok()
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
mod tests;
