//! One case from opening the bench to its record.

use crate::instrument::{LoadIdentity, Sampling};
use crate::judge::{self, Basis, Instant};
use crate::measure::{Recorder, Setup};
use crate::quantity::{Dimension, engineering};
use crate::record::{
    CaseRecord, CheckRecord, InstantRecord, InstrumentRecord, Outcome, ProfileRecord, SafeState, Verdict,
};
use crate::rig::{Certificate, Rig};
use crate::scenario::{Action, Fidelity, Plan, Profile};

use super::caught::{caught, caught_in};
use super::halt::Halt;
use super::instruments::Instruments;
use super::interrupt::{Cause, Interrupt};
use super::keep::Keeping;
use super::message::Message;
use super::pace::{POLL, SECOND};
use super::session::{Session, answers_stop};
use super::stopping::{self, Both};
use super::teardown::{Ending, NEVER_ON, of_stop, teardown};
use super::{channels, keep, record, setup, steps};

/// Runs one case. Never fails: what goes wrong is its record.
pub(super) async fn run(
    mut instruments: Instruments,
    plan: &Plan,
    rig: &Rig,
    interrupt: &Interrupt,
    keeping: &Keeping<'_>,
    tell: &(dyn Fn(Message) + Sync),
) -> CaseRecord {
    let opened = caught(open_load(&mut instruments, plan, rig, tell)).await;
    let (setup, simulated) = match opened.unwrap_or_else(|panic| Err(Halt::Panicked(panic))) {
        Ok(setup) => setup,
        Err(halt) => return unopened(instruments, plan, rig, halt, interrupt).await,
    };
    // What a record is taken with is known when it is complete.
    let archive = rig.capabilities.stream.then(|| keeping.begin(plan, &setup)).flatten();
    let recorder = Recorder::new(setup.clone());
    let mut session = Session::new(instruments, (setup, recorder), plan, rig, interrupt, tell);
    (session.intake.archive, session.account.simulated) = (archive, simulated);
    let ran = caught(async {
        setup::run(&mut session, plan, rig).await?;
        if rig.capabilities.stream {
            steps::run(&mut session, plan).await
        } else {
            record::run(&mut session, plan, rig, keeping).await
        }
    });
    let halted = ran.await.unwrap_or_else(|panic| Err(Halt::Panicked(panic))).err();
    match &halted {
        Some(Halt::Panicked(_)) => interrupt.raise(Cause::Internal),
        Some(Halt::Interrupted(cause)) => session.progress(format!("ended by {}", cause.name())),
        _ => {}
    }
    // A record was stopped before it was read.
    session.account.facts.ending = Some(session.taking.stopped.unwrap_or_else(|| session.sample()));
    let ending = teardown(&mut session, plan.case.longest_silence()).await;
    session.release_probe(ending.safe_state == SafeState::Confirmed).await;
    session.progress(ending.steps.join(", "));
    let safe_state = ending.safe_state;
    caught_in(|| conclude(session, plan, rig, keeping, halted, ending)).unwrap_or_else(|panic| {
        interrupt.raise(Cause::Internal);
        let outcome = if safe_state == SafeState::Confirmed { Outcome::Aborted } else { Outcome::Unsafe };
        CaseRecord { safe_state, ..untouched(plan, outcome, panic) }
    })
}

/// The record of a case whose load could not be opened.
///
/// Nothing was energised: no start was sent and no interlock closed, and whatever ran before on this rig was seen off or left
/// its journal open, which is looked at first. It is told to be safe all the same, and the record does not claim to have seen it.
async fn unopened(
    mut instruments: Instruments,
    plan: &Plan,
    rig: &Rig,
    halt: Halt,
    interrupt: &Interrupt,
) -> CaseRecord {
    let (stopped, interlock) = match caught(stopping::both(&mut instruments)).await {
        Ok(Both { stop, interlock }) => (stop.is_ok(), interlock.map(|opened| opened.is_ok())),
        Err(_) => match instruments.load.switches() {
            Some(switches) => (false, Some(matches!(caught(switches.interlock(false)).await, Ok(Ok(()))))),
            None => (false, None),
        },
    };
    let interlock = match interlock {
        Some(true) => "opening the interlock acknowledged",
        Some(false) => "opening the interlock not acknowledged",
        None => "no interlock",
    };
    let outcome = if let Halt::Panicked(_) = halt {
        interrupt.raise(Cause::Internal);
        Outcome::Aborted
    } else {
        Outcome::RigError
    };
    let mut record = untouched(plan, outcome, halt.to_string());
    record.safe_state = SafeState::Impossible;
    let stop = if rig.capabilities.commands { of_stop(stopped, answers_stop(rig)) } else { NEVER_ON };
    record.notes.push(format!("nothing was energised; {stop}, {interlock}, the output not measured"));
    record
}

/// Opens the load, if it is the right one, and starts its stream or sets up what its records are to hold.
pub(super) async fn open_load(
    instruments: &mut Instruments,
    plan: &Plan,
    rig: &Rig,
    tell: &(dyn Fn(Message) + Sync),
) -> Result<(Setup, bool), Halt> {
    let identity = instruments.load.identify().await?;
    begin_load(instruments, &identity, plan, rig, tell).await
}

/// The same of a load that has said who it is.
pub(super) async fn begin_load(
    instruments: &mut Instruments,
    identity: &LoadIdentity,
    plan: &Plan,
    rig: &Rig,
    tell: &(dyn Fn(Message) + Sync),
) -> Result<(Setup, bool), Halt> {
    let record = InstrumentRecord {
        role: "load".to_owned(),
        driver: rig.load.name().to_owned(),
        model: identity.model.clone(),
        uid: identity.uid.clone(),
        firmware: identity.firmware.clone(),
        calibration: Some(
            rig.certificate.as_ref().map_or_else(|| identity.calibration.clone(), Certificate::stated),
        ),
    };
    let simulated = record.is_simulated();
    tell(Message::Identity(record));
    super::identity::check("load", rig.wiring.load_uid.as_deref(), &identity.uid)?;
    let setup = channels::stream_setup(plan);
    let calibrations = match instruments.load.sampling() {
        Sampling::Stream(stream) => stream.start(&setup).await?,
        Sampling::Record(record) => record.set_up(&setup.channels).await?,
    };
    Ok((super::measuring::setup(plan, identity, &setup, &calibrations, rig.certificate.as_ref()), simulated))
}

/// Judges what was recorded and ranks the outcome.
fn conclude(
    mut session: Session<'_>,
    plan: &Plan,
    rig: &Rig,
    keeping: &Keeping<'_>,
    halted: Option<Halt>,
    ending: Ending,
) -> CaseRecord {
    let halted = halted.or_else(|| session.intake.arrival.lost().map(never_came));
    timed(&mut session, rig);
    let recording = session.intake.recorder.finish();
    session.account.place(&recording.markers, session.intake.setup.sample_rate);
    let judged = !matches!(
        halted,
        Some(Halt::Instrument(_) | Halt::Bench(_) | Halt::Interrupted(_) | Halt::Panicked(_))
    );
    let (checks, mut figures) = if judged {
        judge::judge_and_draw(&plan.case, &session.account.facts, &recording)
    } else {
        (Vec::new(), judge::figures(&plan.case, &session.account.facts, &recording, &[], &[]))
    };
    let unasked =
        if judged { judge::unasked(&plan.case, &session.account.facts, &recording) } else { Vec::new() };
    figures.case = keeping.case;
    keeping.archive.figures(&figures);
    let (outcome, reason) = rank(&checks, halted, &ending, session.output.energised);
    let events =
        session.account.facts.instants.iter().flat_map(|instant| named(plan, instant, recording.period()));
    let mut record = untouched(plan, outcome, String::new());
    let simulated = session.account.simulated || rig.fidelity() != "rig";
    record.sim_only = outcome == Outcome::Passed && simulated && plan.case.min_fidelity == Fidelity::Rig;
    record.reason = reason;
    record.safe_state = ending.safe_state;
    record.events = events.collect();
    record.checks = checks;
    record.unasked = unasked;
    record.notes = session.account.notes;
    record.notes.extend(ending.trouble.into_iter().chain(session.account.log.remark()));
    record.log = session.account.log.lines;
    if ending.safe_state != SafeState::Confirmed {
        record.notes.push(format!("how the bench was left: {}", ending.steps.join(", ")));
    }
    let basis = || Basis {
        version: Basis::VERSION,
        tool: keeping.tool.to_owned(),
        case: plan.case.clone(),
        facts: session.account.facts,
        setup: session.intake.setup,
        programs: session.account.programs,
        judged,
    };
    keep::conclude(session.intake.archive, keeping, basis, &mut record);
    record
}

/// How late this computer and the links were, and how much was seen in all.
fn timed(session: &mut Session<'_>, rig: &Rig) {
    // Virtual time waits for this computer.
    let late = if rig.is_in_virtual_time() { 0.0 } else { session.watch.pace.longest as f64 / SECOND };
    let round_trip = POLL as f64 / SECOND + session.intake.arrival.late();
    let instruments = &session.instruments;
    let facts = &mut session.account.facts;
    facts.poll_period = facts.poll_period.max(late);
    facts.round_trip = facts.round_trip.max(round_trip);
    facts.link_errors = instruments.stimulator.link().total() + instruments.load.link().total();
    facts.ended = session.intake.recorder.samples_seen();
}

/// What a load that numbers nothing has lost on the way is no part of any window: everything behind it is too early.
fn never_came(missing: f64) -> Halt {
    Halt::Bench(format!(
        "{} of samples never came from the load, and it numbers none: run less beside it, or sample more slowly",
        engineering(missing, Dimension::Time, 2)
    ))
}

/// The names of a step's instant: its own, and the built-in one if it is the first of its kind.
fn named(plan: &Plan, instant: &Instant, period: f64) -> Vec<InstantRecord> {
    let steps = &plan.case.steps;
    let Some(step) = steps.get(instant.step) else { return Vec::new() };
    let built_in = match step.action {
        Action::Start => Some("start"),
        Action::Stop => Some("stop"),
        _ => None,
    };
    let first = steps
        .iter()
        .position(|other| std::mem::discriminant(&other.action) == std::mem::discriminant(&step.action));
    let built_in = built_in.filter(|_| first == Some(instant.step)).map(str::to_owned);
    let names = built_in.into_iter().chain(step.name.clone());
    let time = Some(instant.at() * period);
    let sample = (instant.ahead == 0).then_some(instant.sample);
    names.map(|name| InstantRecord { name, time, sample }).collect()
}

/// The highest-ranking thing that happened, and why.
fn rank(
    checks: &[CheckRecord],
    halted: Option<Halt>,
    ending: &Ending,
    energised: bool,
) -> (Outcome, Option<String>) {
    let mut worst = from_checks(checks);
    let mut rise = |outcome: Outcome, reason: String| {
        if outcome > worst.0 {
            worst = (outcome, Some(reason));
        }
    };
    let halted = halted.map(|halt| {
        let outcome = match halt {
            Halt::Instrument(_) | Halt::Bench(_) => Outcome::RigError,
            Halt::Guard(_) => Outcome::Failed,
            Halt::Interrupted(_) | Halt::Panicked(_) => Outcome::Aborted,
        };
        (outcome, halt.to_string())
    });
    if let Some((outcome, why)) = &halted {
        rise(*outcome, why.clone());
    }
    if ending.stop_ignored {
        rise(Outcome::Failed, "stop ignored".to_owned());
    }
    if let Some(reason) = &ending.tripped {
        rise(Outcome::Failed, reason.clone());
    }
    if let Some(trouble) = &ending.trouble {
        rise(Outcome::RigError, trouble.clone());
    }
    // What it outranks is often why it is so, and names the device to look at.
    let with = |what: &str, why: Option<&String>| {
        why.map_or_else(|| what.to_owned(), |why| format!("{what}; {why}"))
    };
    let halt = halted.as_ref().map(|(_, why)| why);
    let unmeasured = with("the safe state could not be measured", halt.or(ending.trouble.as_ref()));
    match ending.safe_state {
        SafeState::Confirmed => {}
        SafeState::Unconfirmed => {
            rise(Outcome::Unsafe, with("output still active after the interlock opened", halt))
        }
        // Nothing could reach the phantom through an interlock that never closed.
        SafeState::Impossible if !energised => rise(Outcome::RigError, unmeasured),
        SafeState::Impossible => rise(Outcome::Unsafe, unmeasured),
    }
    worst
}

fn from_checks(checks: &[CheckRecord]) -> (Outcome, Option<String>) {
    let order = [
        (Verdict::Fail, Outcome::Failed),
        (Verdict::Invalid, Outcome::Invalid),
        (Verdict::Inconclusive, Outcome::Inconclusive),
    ];
    for (verdict, outcome) in order {
        if let Some(check) = checks.iter().find(|check| check.verdict == verdict) {
            return (outcome, Some(check.why()));
        }
    }
    if checks.is_empty() {
        return (Outcome::Invalid, Some("no check was judged".to_owned()));
    }
    (Outcome::Passed, None)
}

/// The record of a case that was not run.
pub(super) fn untouched(plan: &Plan, outcome: Outcome, reason: String) -> CaseRecord {
    CaseRecord {
        scenario: plan.case.file.clone(),
        number: plan.case.number,
        name: plan.case.name.clone(),
        attempt: plan.attempt,
        matrix: plan.case.matrix.iter().cloned().collect(),
        verifies: plan.case.verifies.clone(),
        tags: plan.case.tags.clone(),
        phantom: plan.case.phantom.name.clone(),
        phantom_hash: plan.case.phantom.hash.clone(),
        profiles: plan.case.limits.iter().map(recorded).collect(),
        outcome,
        sim_only: false,
        reason: Some(reason),
        safe_state: SafeState::Confirmed,
        checks: Vec::new(),
        events: Vec::new(),
        notes: Vec::new(),
        unasked: Vec::new(),
        evidence: None,
        log: Vec::new(),
        elapsed: 0.0,
    }
}

fn recorded(profile: &Profile) -> ProfileRecord {
    ProfileRecord {
        name: profile.name.clone(),
        file: profile.file.clone(),
        hash: profile.hash.clone(),
        citation: profile.citation.clone(),
        verified: profile.verified_by.is_some(),
        verified_by: profile.verified_by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(safe_state: SafeState, stop_ignored: bool) -> Ending {
        Ending { safe_state, stop_ignored, stopped: true, tripped: None, trouble: None, steps: Vec::new() }
    }

    fn check(verdict: Verdict) -> CheckRecord {
        serde_json::from_value(serde_json::json!({
            "measurand": "amplitude", "verdict": verdict, "value": null, "unit": "A", "uncertainty": null,
            "uncertainty_family": null, "coverage": null, "margin": null, "statistic": "worst", "count": 0,
            "limit": { "criterion": "within", "nominal": null, "lower": null, "upper": null }, "worst": null,
            "reason": null, "budget": [], "line": 1, "text": "", "decision": "guarded", "upper_bound": null, "sketch": null
        }))
        .unwrap()
    }

    #[test]
    fn the_highest_ranking_thing_decides() {
        let quiet = ending(SafeState::Confirmed, false);
        let outcome = |checks: &[CheckRecord], halted, ending: &Ending| rank(checks, halted, ending, true).0;
        let passing = [check(Verdict::Pass)];
        assert_eq!(outcome(&passing, None, &quiet), Outcome::Passed);
        // A pass needs evidence.
        assert_eq!(outcome(&[], None, &quiet), Outcome::Invalid);
        let mixed = [check(Verdict::Pass), check(Verdict::Inconclusive), check(Verdict::Invalid)];
        assert_eq!(outcome(&mixed, None, &quiet), Outcome::Invalid);
        let tripped = Some(Halt::Guard("output guard".to_owned()));
        assert_eq!(outcome(&passing, tripped, &quiet), Outcome::Failed);
        let interrupted = || Some(Halt::Interrupted(Cause::Interrupt));
        assert_eq!(outcome(&[check(Verdict::Fail)], interrupted(), &quiet), Outcome::Aborted);
        let ignored = rank(&passing, None, &ending(SafeState::Confirmed, true), true);
        assert_eq!(ignored, (Outcome::Failed, Some("stop ignored".to_owned())));
        for unsafe_state in [SafeState::Unconfirmed, SafeState::Impossible] {
            assert_eq!(outcome(&passing, interrupted(), &ending(unsafe_state, false)), Outcome::Unsafe);
        }
        let lost = Some(Halt::Bench("load: the port is gone (plug the load in again)".to_owned()));
        let (_, reason) = rank(&passing, lost, &ending(SafeState::Impossible, false), true);
        let named = "the safe state could not be measured; load: the port is gone (plug the load in again)";
        assert_eq!(reason.as_deref(), Some(named));
        let panicked = || Some(Halt::Panicked("internal error".to_owned()));
        assert_eq!(outcome(&passing, panicked(), &quiet), Outcome::Aborted);
        // A bench that was never energised and cannot be asked is not dangerous, an output that is seen to be active is.
        let before = |state| rank(&[], Some(Halt::Bench("gone".to_owned())), &ending(state, false), false).0;
        assert_eq!(before(SafeState::Impossible), Outcome::RigError);
        assert_eq!(before(SafeState::Unconfirmed), Outcome::Unsafe);
    }
}
