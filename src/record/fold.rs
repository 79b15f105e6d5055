//! The record is the fold of the events: a journal read back gives the same record as the run it came from.

use super::{Event, HOST_LOST, INTERNAL_ERROR, Outcome, RunRecord, STORAGE_LOST, SafeState, conform};

/// Folds events, in the order in which they happened, into the record of the run.
///
/// Cases may end in any order (several run at once); the record holds them in the order in which they were selected. A
/// journal that breaks off folds to a record of what was known by then. Returns `None` if the run never began.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<RunRecord> {
    let mut fold = Fold::default();
    for event in events {
        fold.take(event);
    }
    fold.record()
}

/// Fidelity of a run on which anything was simulated.
const SIM: &str = "sim";

/// The fold, one event at a time.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    head: Option<RunRecord>,
    /// Position among the selected cases, and the case's record.
    cases: Vec<(usize, super::CaseRecord)>,
    /// Cases that have begun and not ended.
    open: Vec<usize>,
    /// What was measured when a run that did not end was closed.
    recovered: Option<SafeState>,
}

impl Fold {
    /// Takes one event; an event before `RunStarted` is ignored.
    pub fn take(&mut self, event: &Event) {
        if let Event::RunStarted(head) = event {
            self.head = Some((**head).clone());
            self.cases = head.cases.iter().cloned().enumerate().collect();
            return;
        }
        let Some(head) = &mut self.head else { return };
        match event {
            Event::RunStarted(_)
            | Event::CaseStarted { planned: None, .. }
            | Event::Progress { .. }
            | Event::Logged { .. } => {}
            Event::CaseStarted { case, planned: Some(planned), .. } => {
                self.open.push(*case);
                self.place(*case, planned);
            }
            // An instrument that identifies itself anew (another job, another case) is still the same one.
            Event::Identified(instrument) => {
                // Whatever the rig file says: one simulated instrument, and nothing was shown of hardware.
                if instrument.is_simulated() {
                    SIM.clone_into(&mut head.fidelity);
                }
                if !head.instruments.contains(instrument) {
                    head.instruments.push(instrument.clone());
                }
            }
            Event::CaseEnded { case, record } => {
                self.open.retain(|open| open != case);
                self.place(*case, record);
            }
            // The first cause is why the run ended; a second signal only hurries it.
            Event::Interrupted { signal } => {
                head.interrupted.get_or_insert_with(|| signal.clone());
            }
            Event::Recovered { safe_state, .. } => {
                head.interrupted = Some(HOST_LOST.to_owned());
                self.recovered = Some(*safe_state);
            }
            Event::RunEnded { ended, elapsed } => {
                head.ended.clone_from(ended);
                head.elapsed = *elapsed;
            }
        }
    }

    /// The cases that have begun and not ended, as far as they are known: position and record.
    pub fn unended(&self) -> impl Iterator<Item = &(usize, super::CaseRecord)> {
        self.cases.iter().filter(|(position, _)| self.open.contains(position))
    }

    /// Puts a case in its place, instead of what was known of it before.
    fn place(&mut self, position: usize, record: &super::CaseRecord) {
        let mut record = record.clone();
        conform::case(&mut record);
        match self.cases.binary_search_by_key(&position, |(position, _)| *position) {
            Ok(at) => {
                if let Some(slot) = self.cases.get_mut(at) {
                    slot.1 = record;
                }
            }
            Err(at) => self.cases.insert(at, (position, record)),
        }
    }

    /// The record as of now, with outcome, safe state and exit code of the cases that have ended.
    pub fn record(&self) -> Option<RunRecord> {
        let mut record = self.head.clone()?;
        record.cases = self.cases.iter().map(|(_, case)| case.clone()).collect();
        record.safe_state = record
            .cases
            .iter()
            .map(|case| case.safe_state)
            // A record that is folded again is what it was, whatever was measured beside its cases.
            .chain([record.safe_state])
            .chain(self.recovered)
            .fold(SafeState::Confirmed, SafeState::and);
        record.outcome = outcome(&record);
        record.exit_code = exit_code(record.outcome, record.interrupted.as_deref());
        if !record.elapsed.is_finite() {
            record.elapsed = 0.0;
        }
        Some(record)
    }
}

/// The outcome of a run: the highest-ranking one of its cases and of what happened to it as a whole.
///
/// A skipped case ranks above a passed one only when nothing else ran: a rig that lacks one ability has still proved the
/// rest.
fn outcome(record: &RunRecord) -> Option<Outcome> {
    let of_cases = record.cases.iter().map(|case| case.outcome);
    let judged = of_cases.clone().filter(|outcome| *outcome != Outcome::Skipped).max();
    let interrupted = record.interrupted.as_ref().map(|_| Outcome::Aborted);
    let energised = (record.safe_state == SafeState::Unconfirmed).then_some(Outcome::Unsafe);
    judged.or(of_cases.max()).max(interrupted).max(energised)
}

/// The one table from outcomes to exit codes. `None` means that nothing was selected.
pub fn exit_code(outcome: Option<Outcome>, signal: Option<&str>) -> u8 {
    match outcome {
        Some(Outcome::Passed) => 0,
        Some(Outcome::Failed) => 1,
        Some(Outcome::RigError | Outcome::Invalid) => EXIT_RIG,
        Some(Outcome::Skipped) | None => 4,
        Some(Outcome::Inconclusive) => 5,
        Some(Outcome::Unsafe) => EXIT_UNSAFE,
        Some(Outcome::Aborted) => match signal {
            Some("SIGTERM" | "SIGHUP") => 143,
            Some(INTERNAL_ERROR | STORAGE_LOST) => EXIT_INTERNAL,
            // What its parent saw of a process that was killed.
            Some(HOST_LOST) => 137,
            _ => 130,
        },
    }
}

/// What an exit code of [`exit_code`] says, as a fragment.
pub fn exit_meaning(code: u8) -> &'static str {
    match code {
        0 => "passed",
        1 => "failed",
        EXIT_USAGE => "usage or file error",
        EXIT_RIG => "rig error, or not measurable",
        4 => "nothing ran",
        5 => "inconclusive",
        EXIT_UNSAFE => "safe state not confirmed",
        EXIT_INTERNAL => "internal error, or the run could not be kept",
        130 => "aborted by SIGINT",
        137 => "host lost",
        143 => "aborted by SIGTERM or SIGHUP",
        _ => "unknown",
    }
}

/// Exit code of a usage, scenario or rig file error: nothing was energised.
pub const EXIT_USAGE: u8 = 2;
/// Exit code where the rig is at fault: an instrument is lost, held by someone else, or another than the rig file names.
pub const EXIT_RIG: u8 = 3;
/// Exit code where the safe state is not confirmed.
pub const EXIT_UNSAFE: u8 = 6;
/// Exit code of an internal error.
pub const EXIT_INTERNAL: u8 = 70;

#[cfg(test)]
mod tests {
    use super::super::samples::{case, head};
    use super::super::{CaseRecord, InstrumentRecord};
    use super::*;

    fn ended(position: usize, outcome: Outcome) -> Event {
        Event::CaseEnded {
            case: position,
            record: Box::new(CaseRecord { outcome, ..case(&format!("case {position}")) }),
        }
    }

    fn run(outcomes: &[Outcome]) -> RunRecord {
        let mut events = vec![Event::RunStarted(Box::new(head()))];
        events.extend(outcomes.iter().enumerate().map(|(at, outcome)| ended(at, *outcome)));
        fold(&events).unwrap()
    }

    #[test]
    fn the_highest_outcome_wins_and_names_the_exit_code() {
        use Outcome::{Aborted, Failed, Inconclusive, Invalid, Passed, RigError, Skipped, Unsafe};
        for (outcomes, outcome, code) in [
            (&[][..], None, 4),
            (&[Passed, Passed], Some(Passed), 0),
            (&[Passed, Skipped], Some(Passed), 0),
            (&[Skipped, Skipped], Some(Skipped), 4),
            (&[Skipped, Inconclusive], Some(Inconclusive), 5),
            (&[Inconclusive, Invalid, Passed], Some(Invalid), 3),
            (&[Invalid, RigError], Some(RigError), 3),
            (&[RigError, Failed, Passed], Some(Failed), 1),
            (&[Failed, Aborted], Some(Aborted), 130),
            (&[Aborted, Unsafe, Failed], Some(Unsafe), 6),
        ] {
            let record = run(outcomes);
            assert_eq!((record.outcome, record.exit_code), (outcome, code), "{outcomes:?}");
            assert_ne!(exit_meaning(code), exit_meaning(99), "{code}");
        }
    }

    #[test]
    fn an_unconfirmed_safe_state_outranks_every_verdict() {
        let energised = CaseRecord { safe_state: SafeState::Unconfirmed, ..case("a") };
        let events = [
            Event::RunStarted(Box::new(head())),
            Event::Interrupted { signal: "SIGTERM".into() },
            Event::CaseEnded { case: 0, record: Box::new(energised) },
        ];
        let record = fold(&events).unwrap();
        assert_eq!((record.outcome, record.exit_code), (Some(Outcome::Unsafe), 6));
        assert_eq!(record.safe_state, SafeState::Unconfirmed);
    }

    #[test]
    fn a_signal_aborts_and_keeps_its_code() {
        for (signals, code) in [(&["SIGINT"][..], 130), (&["SIGTERM", "SIGINT"], 143)] {
            let mut events = vec![Event::RunStarted(Box::new(head())), ended(0, Outcome::Passed)];
            events.extend(signals.iter().map(|signal| Event::Interrupted { signal: (*signal).into() }));
            assert_eq!(fold(&events).unwrap().exit_code, code);
        }
    }

    #[test]
    fn what_stimrig_did_wrong_itself_is_70_unless_the_bench_is_unsafe() {
        for (cause, code) in [(INTERNAL_ERROR, 70), (STORAGE_LOST, 70), (HOST_LOST, 137)] {
            let caused = Event::Interrupted { signal: cause.into() };
            let start = Event::RunStarted(Box::new(head()));
            let aborted =
                [start.clone(), ended(0, Outcome::Aborted), caused.clone(), ended(1, Outcome::Failed)];
            assert_eq!(fold(&aborted).unwrap().exit_code, code);
            assert_eq!(fold(&[start, caused, ended(0, Outcome::Unsafe)]).unwrap().exit_code, 6);
        }
    }

    #[test]
    fn a_case_that_began_and_never_ended_is_in_the_record() {
        let planned =
            CaseRecord { outcome: Outcome::Aborted, safe_state: SafeState::Impossible, ..case("b") };
        let began = |at, planned: Option<&CaseRecord>| Event::CaseStarted {
            case: at,
            name: "b".into(),
            planned: planned.cloned().map(Box::new),
        };
        let start = || Event::RunStarted(Box::new(head()));
        let mut cut = Fold::default();
        for event in [start(), began(0, Some(&planned)), ended(0, Outcome::Passed), began(1, Some(&planned))]
        {
            cut.take(&event);
        }
        let record = cut.record().unwrap();
        assert_eq!((record.cases.len(), record.outcome), (2, Some(Outcome::Aborted)));
        assert_eq!(record.safe_state, SafeState::Impossible, "nobody has looked yet");
        let unended: Vec<_> = cut.unended().map(|(position, case)| (*position, case.name.as_str())).collect();
        assert_eq!(unended, [(1, "b")]);
    }

    #[test]
    fn a_run_whose_host_was_lost_is_aborted_and_what_was_measured_then_counts() {
        let recovered = |safe_state| Event::Recovered {
            at: "2026-01-02T03:04:06Z".into(),
            tool: "stimrig".into(),
            safe_state,
            found: vec!["interlock open".into()],
        };
        // A signal that came before is not what ended it.
        let cut = [
            Event::RunStarted(Box::new(head())),
            ended(0, Outcome::Passed),
            Event::Interrupted { signal: "SIGINT".into() },
        ];
        for (state, outcome, code) in
            [(SafeState::Confirmed, Outcome::Aborted, 137), (SafeState::Unconfirmed, Outcome::Unsafe, 6)]
        {
            let record = fold(cut.iter().chain(&[recovered(state)])).unwrap();
            assert_eq!((record.outcome, record.exit_code, record.safe_state), (Some(outcome), code, state));
            assert_eq!(record.interrupted.as_deref(), Some(HOST_LOST));
            let again = fold(&[Event::RunStarted(Box::new(record.clone()))]);
            assert_eq!(again, Some(record), "the record that is folded again");
        }
    }

    #[test]
    fn cases_are_in_the_order_of_selection_whatever_order_they_ended_in() {
        let start = Event::RunStarted(Box::new(head()));
        let shuffled =
            [start, ended(2, Outcome::Passed), ended(0, Outcome::Failed), ended(1, Outcome::Passed)];
        let names: Vec<_> = fold(&shuffled).unwrap().cases.into_iter().map(|case| case.name).collect();
        assert_eq!(names, ["case 0", "case 1", "case 2"]);
    }

    #[test]
    fn an_instrument_is_listed_once() {
        let identified = Event::Identified(InstrumentRecord {
            role: "load".into(),
            driver: "simulated".into(),
            model: "load".into(),
            uid: "01".into(),
            firmware: "ff".into(),
            calibration: None,
        });
        let events = [Event::RunStarted(Box::new(head())), identified.clone(), identified];
        assert_eq!(fold(&events).unwrap().instruments.len(), 1);
    }

    #[test]
    fn nothing_before_the_start_counts() {
        assert_eq!(fold(&[ended(0, Outcome::Passed)]), None);
    }
}
