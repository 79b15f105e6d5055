//! What a drill on ports shows: the world first, then the records, and what a computer that was too busy excuses.

use crate::record::{EXIT_RIG, EXIT_UNSAFE, HOST_LOST, Outcome, RunRecord, SafeState};

use super::ports::{Next, PortSeen, PortTrial};
use super::{DEAD_MAN, Kind};

/// What a drill on ports shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Everything was as it must be.
    Right,
    /// Something was not, and this computer was measured to have kept the process from doing it in time: neither good nor bad.
    Nothing {
        /// What was not as it must be.
        what: String,
        /// What was measured.
        why: String,
    },
    /// Something was not as it must be.
    Wrong(String),
}

/// Something that is not as it must be.
struct Odd {
    what: String,
    /// Who did not get to do it, if having had no time explains it: the run or what came next.
    late: Option<usize>,
}

/// Places in [`PortSeen::starved`].
const RUN: usize = 0;
const NEXT: usize = 1;

impl Odd {
    /// Whatever else the computer did, this is wrong.
    fn always(what: impl Into<String>) -> Self {
        Self { what: what.into(), late: None }
    }
}

/// What it shows: the world first, in its own time, then the records.
///
/// Time excuses an end without a verdict and nothing else: no output that stays on, no pass, no failed check, no record that does
/// not verify, no exit code that is not that of its record.
pub fn shown_on_ports(trial: &PortTrial, seen: &PortSeen) -> Shown {
    let mut odd = world(trial, seen);
    let (exit, said) = &seen.next;
    odd.extend(seen.folder.clone().map(Odd::always));
    if seen.left_open {
        // Whoever does not see the output off leaves it open, for the next to look again.
        odd.push(Odd { what: "the killed run was not closed".to_owned(), late: refused(*exit) });
    }
    odd.extend(next(trial, seen, *exit, said));
    if let Some(record) = &seen.record {
        odd.extend(match trial.kind {
            Kind::KilledOnPorts => closed(record),
            Kind::SignalledOnPorts => signalled(seen, record),
            _ => unplugged(trial.kind, seen, record),
        });
    }
    if odd.is_empty() {
        return Shown::Right;
    }
    let starved = |odd: &Odd| {
        let starved = odd.late.and_then(|place| seen.starved.get(place))?;
        starved.disturbs().then(|| starved.told())
    };
    let told = || odd.iter().map(|odd| odd.what.as_str()).collect::<Vec<_>>().join("; ");
    match odd.iter().map(starved).collect::<Option<Vec<String>>>() {
        Some(why) => Shown::Nothing { what: told(), why: why.first().cloned().unwrap_or_default() },
        None => Shown::Wrong(told()),
    }
}

/// What the world shows, whatever the records say. Its time stood still where it had no turn: nothing excuses it.
fn world(trial: &PortTrial, seen: &PortSeen) -> Vec<Odd> {
    let mut odd = Vec::new();
    let [_, after] = &seen.around;
    let allowed = match trial.kind {
        // It stops by itself, and measures that it did.
        Kind::SignalledOnPorts => super::SIGNALLED,
        _ => DEAD_MAN,
    };
    if let Some(at) = seen.then.last_reached.filter(|at| *at > after.now + allowed) {
        odd.push(Odd::always(format!(
            "the output reached the phantom until {:.3} s after it",
            at - after.now
        )));
    }
    if seen.last.driven || seen.last.connected {
        odd.push(Odd::always("the output is not off at the end of all"));
    }
    odd
}

/// Whoever comes next closes the record of a killed run.
fn closed(record: &RunRecord) -> Option<Odd> {
    let closed = (record.interrupted.as_deref(), record.exit_code);
    (closed != (Some(HOST_LOST), 137)).then(|| {
        Odd::always(format!("closed as {:?} with {}, expected {HOST_LOST} with 137", closed.0, closed.1))
    })
}

/// What came next must have made the bench safe before anything else.
fn next(trial: &PortTrial, seen: &PortSeen, exit: i32, said: &str) -> Option<Odd> {
    let killed = trial.kind == Kind::KilledOnPorts;
    // A run in real time on a computer that is busy elsewhere may come to no verdict; it may not be unsafe.
    if trial.next == Next::Safe && exit != 0 || [6, 70].contains(&exit) {
        let what = format!("what came next ended with {exit}: {}", said.trim());
        return Some(Odd { what, late: refused(exit) });
    }
    let first = said.contains("making rig") && said.contains("safe first");
    (killed && trial.next == Next::Run && seen.record.is_some() && !first)
        .then(|| Odd::always("the next run did not make the rig safe first"))
}

/// What came next may have had no time to see the output off, or to be answered.
fn refused(exit: i32) -> Option<usize> {
    [i32::from(EXIT_UNSAFE), i32::from(EXIT_RIG)].contains(&exit).then_some(NEXT)
}

/// What may come of a run that was given no time: it ended as a rig error, could not measure, or did not get to look at the output,
/// and its exit code says so.
fn came_to_nothing(seen: &PortSeen, record: &RunRecord) -> bool {
    let outcome = match record.outcome {
        Some(Outcome::RigError | Outcome::Invalid) => true,
        // Nobody looked: it was not seen to be on.
        Some(Outcome::Unsafe | Outcome::Aborted) => record.safe_state == SafeState::Impossible,
        _ => false,
    };
    outcome && seen.exit == Some(record.exit_code.into())
}

fn signalled(seen: &PortSeen, record: &RunRecord) -> Option<Odd> {
    let (code, cause) = seen.signal?;
    let [_, after] = &seen.around;
    let drove_on = seen.then.last_driven.is_some_and(|at| at > after.now);
    if record.interrupted.is_none() && !drove_on && seen.exit == Some(record.exit_code.into()) {
        // It came when everything was measured, and the page was being written.
        return None;
    }
    let late = came_to_nothing(seen, record).then_some(RUN);
    if (seen.exit, record.interrupted.as_deref()) != (Some(code), Some(cause)) {
        let what = format!(
            "cause {:?} with exit code {:?}, expected {cause} with {code}",
            record.interrupted, seen.exit
        );
        return Some(Odd { what, late });
    }
    let safe = record.safe_state;
    (safe != SafeState::Confirmed).then(|| Odd { what: format!("safe state {}", safe.name()), late })
}

/// The other device makes the bench safe; the record names the one that is gone.
fn unplugged(kind: Kind, seen: &PortSeen, record: &RunRecord) -> Option<Odd> {
    let [_, after] = &seen.around;
    let (device, done) = match kind {
        Kind::StimulatorUnplugged => ("stimulator", "interlock open"),
        _ => ("load", "stop acknowledged"),
    };
    let outcome = record.outcome?;
    let drove_on = seen.then.last_driven.is_some_and(|at| at > after.now);
    if outcome == Outcome::Passed {
        // Pulled after the last that was asked of it: everything had been measured.
        return drove_on.then(|| Odd::always("passed, although it drove on behind the pulled plug"));
    }
    let late = came_to_nothing(seen, record).then_some(RUN);
    let odd = |what: String| Some(Odd { what, late });
    let code = match outcome {
        Outcome::RigError => 3,
        // Without the load nobody sees that the output is off.
        Outcome::Unsafe if kind == Kind::LoadUnplugged => 6,
        other => return odd(format!("{}, expected rig-error", other.name())),
    };
    if (seen.exit, record.exit_code) != (Some(i32::from(code)), code) {
        return odd(format!("{} with exit code {:?}", outcome.name(), seen.exit));
    }
    let case = record.cases.first()?;
    let told = || case.reason.iter().chain(&case.notes);
    if !told().any(|text| text.contains(device)) {
        return odd(format!("the record does not name the {device}: {:?}", case.reason));
    }
    if kind == Kind::StimulatorUnplugged && record.safe_state != SafeState::Confirmed {
        return odd(format!("safe state {} with the load still there", record.safe_state.name()));
    }
    if outcome == Outcome::Unsafe && !told().any(|text| text.contains(done)) {
        return odd(format!("not `{done}`: {:?}", case.notes));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::ports::Starved;
    use super::*;
    use crate::record::CaseRecord;
    use crate::record::samples::{case, head};
    use crate::sim::Look;

    fn trial(kind: Kind) -> PortTrial {
        PortTrial { kind, next: Next::Safe, ..PortTrial::draw(1, 0) }
    }

    fn look(now: f64, last: f64) -> Look {
        let last = Some(last);
        Look { now, driven: false, connected: false, last_driven: last, last_reached: last, stalled: 0.0 }
    }

    fn seen(outcome: Outcome, exit_code: u8, cause: Option<&str>) -> PortSeen {
        let notes = vec!["stimulator: read the status: the port is gone".to_owned()];
        let record = RunRecord {
            outcome: Some(outcome),
            exit_code,
            interrupted: cause.map(str::to_owned),
            cases: vec![CaseRecord { outcome, notes, ..case("a") }],
            ..head()
        };
        PortSeen {
            around: [look(4.99, 4.9), look(5.0, 4.9)],
            then: look(6.0, 5.5),
            last: look(8.0, 5.5),
            exit: Some(exit_code.into()),
            signal: None,
            record: Some(record),
            folder: None,
            left_open: false,
            next: (0, String::new()),
            starved: [Starved::default(); 2],
        }
    }

    /// What is wrong with it.
    fn wrong_on_ports(trial: &PortTrial, seen: &PortSeen) -> Option<String> {
        match shown_on_ports(trial, seen) {
            Shown::Right => None,
            Shown::Wrong(what) => Some(what),
            nothing @ Shown::Nothing { .. } => panic!("{nothing:?}"),
        }
    }

    #[test]
    fn a_killed_run_is_off_within_the_dead_mans_time_and_closed_by_the_next() {
        let killed = trial(Kind::KilledOnPorts);
        let good = seen(Outcome::Aborted, 137, Some(HOST_LOST));
        assert_eq!(wrong_on_ports(&killed, &good), None);
        assert!((good.time_to_off().unwrap() - 0.51).abs() < 1e-9);
        let is_wrong = |seen: PortSeen| assert!(wrong_on_ports(&killed, &seen).is_some(), "{seen:?}");
        is_wrong(PortSeen { then: look(6.0, 5.7), ..good.clone() });
        is_wrong(PortSeen { last: Look { driven: true, ..good.last }, ..good.clone() });
        is_wrong(PortSeen { next: (6, "SAFE STATE".into()), ..good.clone() });
        is_wrong(seen(Outcome::Aborted, 137, Some("SIGINT")));
        is_wrong(seen(Outcome::Aborted, 130, Some(HOST_LOST)));
        let run = PortTrial { next: Next::Run, ..killed };
        assert!(wrong_on_ports(&run, &good).is_some(), "it was not made safe first");
        let said = "stimrig: making rig `sim-served` safe first".to_owned();
        assert_eq!(wrong_on_ports(&run, &PortSeen { next: (0, said), ..good }), None);
    }

    #[test]
    fn a_pulled_plug_is_a_rig_error_that_names_it() {
        let pulled = trial(Kind::StimulatorUnplugged);
        let good = seen(Outcome::RigError, 3, None);
        assert_eq!(wrong_on_ports(&pulled, &good), None);
        assert!(wrong_on_ports(&trial(Kind::LoadUnplugged), &good).is_some(), "it names the stimulator");
        for outcome in [Outcome::Passed, Outcome::Failed, Outcome::Unsafe] {
            let exit = if outcome == Outcome::Passed { 0 } else { 3 };
            assert!(wrong_on_ports(&pulled, &seen(outcome, exit, None)).is_some(), "{outcome:?}");
        }
        // Pulled when it had long been off.
        let late = PortSeen { then: look(6.0, 4.9), ..seen(Outcome::Passed, 0, None) };
        assert_eq!(wrong_on_ports(&pulled, &late), None);
    }

    /// The bench had no turn for so long in the run, and in what came next.
    fn stalled(run: f64, next: f64) -> [Starved; 2] {
        [run, next].map(|stalled| Starved { stalled, waited: 0.0 })
    }

    #[test]
    fn a_process_that_says_it_had_no_time_is_wrong_unless_that_was_measured() {
        let killed = trial(Kind::KilledOnPorts);
        let said =
            "output not measured: the load sent too few samples to see that the output is off".to_owned();
        let busy = PortSeen { next: (6, said), ..seen(Outcome::Aborted, 137, Some(HOST_LOST)) };
        let with = |starved| shown_on_ports(&killed, &PortSeen { starved, ..busy.clone() });
        for little in [stalled(0.0, 0.0), stalled(0.0, 0.019), stalled(5.0, 0.0)] {
            assert!(matches!(with(little), Shown::Wrong(_)), "{little:?}");
        }
        for enough in [stalled(0.0, 0.02), [Starved::default(), Starved { stalled: 0.0, waited: 0.05 }]] {
            let Shown::Nothing { what, why } = with(enough) else { panic!("{:?}", with(enough)) };
            assert!(what.contains("ended with 6") && why.contains("no turn"), "{what}: {why}");
        }
        // What is as it must be stays so, however busy the computer was.
        let good = PortSeen { starved: stalled(5.0, 5.0), ..seen(Outcome::Aborted, 137, Some(HOST_LOST)) };
        assert_eq!(shown_on_ports(&killed, &good), Shown::Right);
    }

    #[test]
    fn no_time_excuses_no_output_no_pass_no_fail_and_no_broken_record() {
        let starved = stalled(5.0, 5.0);
        let killed = trial(Kind::KilledOnPorts);
        let good = PortSeen { starved, ..seen(Outcome::Aborted, 137, Some(HOST_LOST)) };
        let is_wrong = |trial: &PortTrial, seen: PortSeen| {
            let shown = shown_on_ports(trial, &seen);
            assert!(matches!(shown, Shown::Wrong(_)), "{shown:?}");
        };
        // Excused by itself, but not beside an output that stayed on: the world's time waited for the computer.
        let unsafe_next = PortSeen { next: (6, String::new()), ..good.clone() };
        assert!(matches!(shown_on_ports(&killed, &unsafe_next), Shown::Nothing { .. }));
        // Then it leaves the record open; who goes on past it may not.
        let open = |next: i32| PortSeen {
            left_open: true,
            record: None,
            next: (next, String::new()),
            ..good.clone()
        };
        assert!(matches!(shown_on_ports(&killed, &open(6)), Shown::Nothing { .. }));
        is_wrong(&killed, open(0));
        is_wrong(&killed, PortSeen { then: look(6.0, 5.7), ..unsafe_next.clone() });
        is_wrong(&killed, PortSeen { last: Look { connected: true, ..good.last }, ..good.clone() });
        is_wrong(&killed, PortSeen { folder: Some("record.json: changed".into()), ..good.clone() });
        is_wrong(&killed, PortSeen { next: (70, String::new()), ..good.clone() });
        is_wrong(&killed, PortSeen { starved, ..seen(Outcome::Aborted, 137, Some("SIGINT")) });
        let pulled = trial(Kind::StimulatorUnplugged);
        for (outcome, exit) in [(Outcome::Passed, 0), (Outcome::Failed, 1), (Outcome::Invalid, 0)] {
            is_wrong(&pulled, PortSeen { starved, exit: Some(exit), ..seen(outcome, 3, None) });
        }
        let invalid = PortSeen { starved, ..seen(Outcome::Invalid, 3, None) };
        assert!(matches!(shown_on_ports(&pulled, &invalid), Shown::Nothing { .. }));
        let signalled = trial(Kind::SignalledOnPorts);
        let with = |outcome, exit, safe_state| {
            let blind = seen(outcome, exit, Some("SIGINT"));
            let record = blind.record.clone().map(|record| RunRecord { safe_state, ..record });
            PortSeen { record, signal: Some((130, "SIGINT")), starved, ..blind }
        };
        // It ended without a look at the output, or before the load could be opened.
        for (outcome, exit) in [(Outcome::Unsafe, 6), (Outcome::Aborted, 130)] {
            let blind = shown_on_ports(&signalled, &with(outcome, exit, SafeState::Impossible));
            assert!(matches!(blind, Shown::Nothing { .. }), "{blind:?}");
        }
        // It was looked at, and it was on.
        is_wrong(&signalled, with(Outcome::Unsafe, 6, SafeState::Unconfirmed));
        is_wrong(&signalled, with(Outcome::Aborted, 130, SafeState::Unconfirmed));
    }

    #[test]
    fn a_signal_is_the_cause_unless_everything_was_over() {
        let signalled = trial(Kind::SignalledOnPorts);
        let with = |seen: PortSeen| PortSeen { signal: Some((130, "SIGINT")), ..seen };
        let good = with(seen(Outcome::Aborted, 130, Some("SIGINT")));
        assert_eq!(wrong_on_ports(&signalled, &good), None);
        assert!(wrong_on_ports(&signalled, &with(seen(Outcome::Aborted, 143, Some("SIGTERM")))).is_some());
        let passed = with(seen(Outcome::Passed, 0, None));
        assert!(wrong_on_ports(&signalled, &passed).is_some(), "it drove on");
        assert_eq!(wrong_on_ports(&signalled, &PortSeen { then: look(6.0, 4.9), ..passed }), None);
        // Two seconds are allowed, not more.
        assert!(wrong_on_ports(&signalled, &PortSeen { then: look(8.0, 7.5), ..good }).is_some());
    }
}
