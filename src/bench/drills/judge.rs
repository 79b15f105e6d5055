//! What must be true after a drill.

use crate::record::{INTERNAL_ERROR, Outcome, RunRecord, SafeState};

use super::{DEAD_MAN, Kind, Trial};

/// Blocks hold the samples of some milliseconds, and the host's clock is not the samples': within this of a start or stop
/// nobody can say which side of it a loss was, nor whether a pulse was due behind it, s.
const MARGIN: f64 = 0.05;

/// How a case ends that nothing but its own faults disturbs.
const JUDGED: [Outcome; 5] =
    [Outcome::Passed, Outcome::Failed, Outcome::Invalid, Outcome::Inconclusive, Outcome::RigError];
/// How it ends if something was missed.
const MISSED: [Outcome; 4] = [Outcome::Failed, Outcome::Invalid, Outcome::Inconclusive, Outcome::RigError];

/// What a drill came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When it happened, s since the bench was opened; `None` if the run was over before.
    pub happened: Option<f64>,
    /// When the run had ended, s.
    pub ended: f64,
    /// When the stimulator drove last, s, seen in the world for two seconds after the run.
    pub last_driven: Option<f64>,
    /// When its current could reach the phantom last, s.
    pub last_reached: Option<f64>,
    /// The record, as it was kept.
    pub record: RunRecord,
    /// What is wrong with the record's folder, if anything is.
    pub folder: Option<String>,
}

/// Everything that is not as it must be, as one text; `None` if nothing is.
pub fn wrong(trial: &Trial, seen: &Seen) -> Option<String> {
    let mut wrong = Vec::new();
    let record = &seen.record;
    let safe = record.safe_state;
    // The world first: whatever the record says, the output is off, by the stop, the interlock, or the dead-men.
    let allowed = seen.ended + if safe == SafeState::Confirmed { 0.0 } else { DEAD_MAN };
    if seen.last_reached.is_some_and(|at| at > allowed) {
        wrong.push(format!(
            "the output reached the phantom until {:.3} s",
            seen.last_reached.unwrap_or_default()
        ));
    }
    if seen.last_driven.is_some_and(|at| at > seen.ended + DEAD_MAN) {
        wrong.push(format!("the stimulator drove until {:.3} s", seen.last_driven.unwrap_or_default()));
    }
    wrong.extend(seen.folder.clone());
    let Some(outcome) = record.outcome else {
        wrong.push("the record has no outcome".to_owned());
        return Some(wrong.join("; "));
    };
    if outcome == Outcome::Passed && safe != SafeState::Confirmed {
        wrong.push("passed without a confirmed safe state".to_owned());
    }
    let undisturbed: &[Outcome] = if trial.plain { &[Outcome::Passed] } else { &JUDGED };
    let expected: &[Outcome] = match seen.happened {
        None => undisturbed,
        Some(at) => of_kind(trial, seen, at, undisturbed),
    };
    // A scenario with faults of its own may fail, or be refused a start, before or besides.
    let otherwise =
        !trial.plain && outcome == Outcome::Failed && expected.iter().any(|one| MISSED.contains(one));
    if !expected.contains(&outcome) && !otherwise {
        let reason = record.cases.iter().find_map(|case| case.reason.as_deref()).unwrap_or("no reason");
        wrong.push(format!("{} ({reason}), expected {}", outcome.name(), names(expected)));
    }
    if let Some(problem) = seen.happened.and_then(|_| cause(trial.kind, record)) {
        wrong.push(problem);
    }
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

fn of_kind<'a>(trial: &Trial, seen: &Seen, at: f64, undisturbed: &'a [Outcome]) -> &'a [Outcome] {
    match trial.kind {
        Kind::Sigint | Kind::Sigterm | Kind::DoubleSigint => &[Outcome::Aborted],
        // In the middle of measuring the safe state: it is then made, and not claimed.
        Kind::Panic => &[Outcome::Aborted, Outcome::Unsafe],
        // The stimulator's port does not keep the load from measuring; without the load nobody sees.
        Kind::PortClosed if !trial.on_load => &[Outcome::RigError],
        Kind::PortClosed | Kind::HostSilent => &[Outcome::RigError, Outcome::Unsafe],
        Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged if trial.times == u64::MAX => {
            &[Outcome::RigError, Outcome::Unsafe]
        }
        Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged | Kind::BlockTwice => undisturbed,
        Kind::BlockLost | Kind::BlocksSwapped if running(seen, at) => &MISSED,
        // A scenario that asks for nothing but a cap misses no pulse.
        Kind::BoardReset if trial.plain && running(seen, at) => &MISSED,
        Kind::BlockLost | Kind::BlocksSwapped | Kind::BoardReset => &JUDGED,
        // On processes of their own, where they are judged.
        Kind::Sigkill
        | Kind::DiskFull
        | Kind::KilledOnPorts
        | Kind::SignalledOnPorts
        | Kind::StimulatorUnplugged
        | Kind::LoadUnplugged => &[],
    }
}

/// Whether the stimulator ran, for certain, at an instant.
fn running(seen: &Seen, at: f64) -> bool {
    let Some(case) = seen.record.cases.first() else { return false };
    let time = |name: &str| case.events.iter().find(|event| event.name == name).and_then(|event| event.time);
    match (time("start"), time("stop")) {
        (Some(start), Some(stop)) => at > start + MARGIN && at < stop - MARGIN,
        _ => false,
    }
}

/// The cause that the record must name, and its exit code.
fn cause(kind: Kind, record: &RunRecord) -> Option<String> {
    let (named, code) = match kind {
        Kind::Sigint | Kind::DoubleSigint => (Some("SIGINT"), 130),
        Kind::Sigterm => (Some("SIGTERM"), 143),
        Kind::Panic => (Some(INTERNAL_ERROR), 70),
        _ => (None, record.exit_code),
    };
    let code = if record.outcome == Some(Outcome::Unsafe) { 6 } else { code };
    let wrong_cause = named.is_some() && record.interrupted.as_deref() != named;
    (wrong_cause || record.exit_code != code).then(|| {
        let said = record.interrupted.as_deref().unwrap_or("none");
        format!(
            "cause {said} with exit code {}, expected {} with {code}",
            record.exit_code,
            named.unwrap_or("none")
        )
    })
}

fn names(outcomes: &[Outcome]) -> String {
    outcomes.iter().map(|outcome| outcome.name()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, head};
    use crate::record::{CaseRecord, InstantRecord};

    fn trial(kind: Kind) -> Trial {
        Trial { kind, plain: true, on_load: false, times: 1, ..Trial::draw(1, 0) }
    }

    fn seen(outcome: Outcome) -> Seen {
        let at = |name: &str, time| InstantRecord { name: name.into(), time: Some(time), sample: None };
        let events = vec![at("start", 0.4), at("stop", 1.0)];
        let record = RunRecord {
            outcome: Some(outcome),
            cases: vec![CaseRecord { outcome, events, ..case("a") }],
            ..head()
        };
        Seen {
            happened: Some(0.7),
            ended: 1.5,
            last_driven: Some(1.0),
            last_reached: Some(1.0),
            record,
            folder: None,
        }
    }

    #[test]
    fn an_output_that_goes_on_is_seen_whatever_the_record_says() {
        let good = Seen { happened: None, ..seen(Outcome::Passed) };
        assert_eq!(wrong(&trial(Kind::BoardReset), &good), None);
        for late in [
            Seen { last_reached: Some(1.6), ..good.clone() },
            Seen { last_driven: Some(2.3), ..good.clone() },
        ] {
            assert!(wrong(&trial(Kind::BoardReset), &late).is_some());
        }
        let unmeasured = Seen {
            record: RunRecord {
                safe_state: SafeState::Impossible,
                exit_code: 6,
                ..seen(Outcome::Unsafe).record
            },
            last_reached: Some(2.0),
            ..seen(Outcome::Unsafe)
        };
        assert_eq!(wrong(&trial(Kind::HostSilent), &unmeasured), None, "the dead-men need their time");
        assert!(wrong(&trial(Kind::HostSilent), &Seen { last_reached: Some(2.3), ..unmeasured }).is_some());
    }

    #[test]
    fn a_pass_on_incomplete_data_is_wrong_and_one_on_repeated_data_is_not() {
        for kind in [Kind::BlockLost, Kind::BlocksSwapped, Kind::BoardReset] {
            assert!(wrong(&trial(kind), &seen(Outcome::Passed)).is_some(), "{kind:?}");
            assert_eq!(wrong(&trial(kind), &seen(Outcome::Invalid)), None);
            // While nothing ran nothing was lost that a check needs.
            assert_eq!(wrong(&trial(kind), &Seen { happened: Some(0.1), ..seen(Outcome::Passed) }), None);
        }
        assert_eq!(wrong(&trial(Kind::BlockTwice), &seen(Outcome::Passed)), None);
        assert!(wrong(&trial(Kind::BlockTwice), &seen(Outcome::Invalid)).is_some());
        assert!(wrong(&trial(Kind::PortClosed), &seen(Outcome::Passed)).is_some());
    }

    #[test]
    fn a_request_that_is_damaged_changes_nothing_unless_all_are() {
        let (once, all) =
            (trial(Kind::RequestDamaged), Trial { times: u64::MAX, ..trial(Kind::RequestDamaged) });
        assert_eq!(wrong(&once, &seen(Outcome::Passed)), None);
        assert!(wrong(&once, &seen(Outcome::RigError)).is_some());
        assert_eq!(wrong(&all, &seen(Outcome::RigError)), None);
        assert!(wrong(&all, &seen(Outcome::Passed)).is_some());
    }

    #[test]
    fn the_record_names_what_ended_the_run() {
        let aborted = |cause: &str, exit_code| {
            let record =
                RunRecord { interrupted: Some(cause.into()), exit_code, ..seen(Outcome::Aborted).record };
            Seen { record, ..seen(Outcome::Aborted) }
        };
        for (kind, cause, code) in [
            (Kind::Sigint, "SIGINT", 130),
            (Kind::Sigterm, "SIGTERM", 143),
            (Kind::DoubleSigint, "SIGINT", 130),
            (Kind::Panic, INTERNAL_ERROR, 70),
        ] {
            assert_eq!(wrong(&trial(kind), &aborted(cause, code)), None);
            assert!(wrong(&trial(kind), &aborted("another", code)).is_some());
            assert!(wrong(&trial(kind), &aborted(cause, 0)).is_some());
        }
        let broken = Seen { folder: Some("record.json: changed".into()), ..aborted("SIGINT", 130) };
        assert!(wrong(&trial(Kind::Sigint), &broken).is_some());
    }
}
