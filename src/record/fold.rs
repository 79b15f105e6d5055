//! The record is the fold of the events: a journal read back gives the same record as the run it came from.

use super::{Event, Outcome, RunRecord, SafeState, conform};

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
            | Event::CaseStarted { .. }
            | Event::Progress { .. }
            | Event::Logged { .. } => {}
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
                let mut record = (**record).clone();
                conform::case(&mut record);
                match self.cases.binary_search_by_key(case, |(position, _)| *position) {
                    Ok(at) => {
                        if let Some(slot) = self.cases.get_mut(at) {
                            slot.1 = record;
                        }
                    }
                    Err(at) => self.cases.insert(at, (*case, record)),
                }
            }
            // The first signal is why the run ended; a second one only hurries it.
            Event::Interrupted { signal } => {
                head.interrupted.get_or_insert_with(|| signal.clone());
            }
            Event::RunEnded { ended, elapsed } => {
                head.ended.clone_from(ended);
                head.elapsed = *elapsed;
            }
        }
    }

    /// The record as of now, with outcome, safe state and exit code of the cases that have ended.
    pub fn record(&self) -> Option<RunRecord> {
        let mut record = self.head.clone()?;
        record.cases = self.cases.iter().map(|(_, case)| case.clone()).collect();
        record.safe_state =
            record.cases.iter().map(|case| case.safe_state).fold(SafeState::Confirmed, SafeState::and);
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
        Some(Outcome::RigError | Outcome::Invalid) => 3,
        Some(Outcome::Skipped) | None => 4,
        Some(Outcome::Inconclusive) => 5,
        Some(Outcome::Unsafe) => 6,
        Some(Outcome::Aborted) if signal == Some("SIGTERM") => 143,
        Some(Outcome::Aborted) => 130,
    }
}

/// Exit code of a usage, scenario or rig file error: nothing was energised.
pub const EXIT_USAGE: u8 = 2;
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
