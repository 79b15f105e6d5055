//! Drills on a bench behind ports: its boards go on when the host is killed, and somebody pulls one plug.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::record::{HOST_LOST, Outcome, RunRecord, SafeState};
use crate::sim::Look;

use super::{DEAD_MAN, Kind};

/// What comes after a killed run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// `stimrig safe`.
    Safe,
    /// A plain `stimrig run`.
    Run,
}

/// One drill on ports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PortTrial {
    /// From 0.
    pub number: u64,
    /// What happens to the run.
    pub kind: Kind,
    /// Which of the cases runs: this modulo how many there are.
    pub case: usize,
    /// When, as a part of the time that the run takes.
    pub at: f64,
    /// What comes after a run that is killed.
    pub next: Next,
    /// The boards' dead-men have their time before that; else it begins at once.
    pub waits: bool,
}

impl PortTrial {
    /// The trial of a number.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed.rotate_left(32) ^ number ^ 0x0070_6f72_7473);
        // Half of them are killed.
        let kinds = [
            Kind::KilledOnPorts,
            Kind::StimulatorUnplugged,
            Kind::KilledOnPorts,
            Kind::LoadUnplugged,
            Kind::KilledOnPorts,
            Kind::SignalledOnPorts,
        ];
        let kind = kinds.get((number % 6) as usize).copied().unwrap_or(Kind::KilledOnPorts);
        Self {
            number,
            kind,
            case: dice.random_range(0..1 << 16),
            at: dice.random(),
            next: if dice.random() { Next::Safe } else { Next::Run },
            waits: dice.random(),
        }
    }
}

/// What a drill on ports came to.
#[derive(Debug, Clone, PartialEq)]
pub struct PortSeen {
    /// The bench just before it happened and just after.
    pub around: [Look; 2],
    /// The bench when the dead-men had had their time, or when the run had ended: what it did itself, not a run that came next.
    pub then: Look,
    /// The bench at the end of all.
    pub last: Look,
    /// Exit code of the run; `None` if it was killed.
    pub exit: Option<i32>,
    /// What exit code a signal is to give, and the name of the cause.
    pub signal: Option<(i32, &'static str)>,
    /// The run's record, once it was closed; `None` if nothing was begun that had to be recorded.
    pub record: Option<RunRecord>,
    /// What is wrong with its folder, if anything is.
    pub folder: Option<String>,
    /// Exit code of what came next, and what it said.
    pub next: (i32, String),
}

/// What a run says that was kept from its bench by whatever else this computer did: nothing is shown by it.
const STARVED: [&str; 3] = ["too few samples to see", "busy elsewhere", "run less beside it"];

impl PortSeen {
    /// Whether this computer was too busy for a bench in real time.
    pub fn starved(&self) -> bool {
        let cases = self.record.iter().flat_map(|record| &record.cases);
        let told = cases.flat_map(|case| case.reason.iter().chain(&case.notes));
        let (_, next) = &self.next;
        // What comes next has every plug in: a device that misses its deadline then had no turn.
        next.contains("no answer within the deadline")
            || told.chain([next]).any(|text| STARVED.iter().any(|words| text.contains(words)))
    }

    /// From the mishap to the last instant at which current could reach the phantom, s of the bench's time, at most;
    /// `None` if none did any more.
    pub fn time_to_off(&self) -> Option<f64> {
        let [before, _] = &self.around;
        self.then.last_reached.map(|at| at - before.now).filter(|time| *time > 0.0)
    }
}

/// Everything that is not as it must be, as one text; `None` if nothing is.
pub fn wrong_on_ports(trial: &PortTrial, seen: &PortSeen) -> Option<String> {
    let mut wrong = Vec::new();
    let [_, after] = &seen.around;
    // The world first, whatever the record says.
    let allowed = match trial.kind {
        // It stops by itself, and measures that it did.
        Kind::SignalledOnPorts => super::SIGNALLED,
        _ => DEAD_MAN,
    };
    if let Some(at) = seen.then.last_reached.filter(|at| *at > after.now + allowed) {
        wrong.push(format!("the output reached the phantom until {:.3} s after it", at - after.now));
    }
    if seen.last.driven || seen.last.connected {
        wrong.push("the output is not off at the end of all".to_owned());
    }
    if seen.starved() {
        // However often it was tried: what the records say is the computer's doing.
        return (!wrong.is_empty()).then(|| wrong.join("; "));
    }
    wrong.extend(seen.folder.clone());
    let (exit, said) = &seen.next;
    wrong.extend(next(trial, seen, *exit, said));
    let Some(record) = &seen.record else {
        return (!wrong.is_empty()).then(|| wrong.join("; "));
    };
    let problem = match trial.kind {
        Kind::KilledOnPorts => {
            let closed = (record.interrupted.as_deref(), record.exit_code);
            (closed != (Some(HOST_LOST), 137))
                .then(|| format!("closed as {:?} with {}, expected {HOST_LOST} with 137", closed.0, closed.1))
        }
        Kind::SignalledOnPorts => signalled(seen, record),
        _ => unplugged(trial.kind, seen, record),
    };
    wrong.extend(problem);
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

/// What came next must have made the bench safe before anything else.
fn next(trial: &PortTrial, seen: &PortSeen, exit: i32, said: &str) -> Option<String> {
    let killed = trial.kind == Kind::KilledOnPorts;
    // A run in real time on a computer that is busy elsewhere may come to no verdict; it may not be unsafe.
    if trial.next == Next::Safe && exit != 0 || [6, 70].contains(&exit) {
        return Some(format!("what came next ended with {exit}: {}", said.trim()));
    }
    let first = said.contains("making rig") && said.contains("safe first");
    (killed && trial.next == Next::Run && seen.record.is_some() && !first)
        .then(|| "the next run did not make the rig safe first".to_owned())
}

fn signalled(seen: &PortSeen, record: &RunRecord) -> Option<String> {
    let (code, cause) = seen.signal?;
    let [_, after] = &seen.around;
    let drove_on = seen.then.last_driven.is_some_and(|at| at > after.now);
    if record.interrupted.is_none() && !drove_on && seen.exit == Some(record.exit_code.into()) {
        // It came when everything was measured, and the page was being written.
        return None;
    }
    if (seen.exit, record.interrupted.as_deref()) != (Some(code), Some(cause)) {
        return Some(format!(
            "cause {:?} with exit code {:?}, expected {cause} with {code}",
            record.interrupted, seen.exit
        ));
    }
    (record.safe_state != SafeState::Confirmed).then(|| format!("safe state {}", record.safe_state.name()))
}

/// The other device makes the bench safe; the record names the one that is gone.
fn unplugged(kind: Kind, seen: &PortSeen, record: &RunRecord) -> Option<String> {
    let [_, after] = &seen.around;
    let (device, done) = match kind {
        Kind::StimulatorUnplugged => ("stimulator", "interlock open"),
        _ => ("load", "stop acknowledged"),
    };
    let outcome = record.outcome?;
    let drove_on = seen.then.last_driven.is_some_and(|at| at > after.now);
    if outcome == Outcome::Passed {
        // Pulled after the last that was asked of it: everything had been measured.
        return drove_on.then(|| "passed, although it drove on behind the pulled plug".to_owned());
    }
    let code = match outcome {
        Outcome::RigError => 3,
        // Without the load nobody sees that the output is off.
        Outcome::Unsafe if kind == Kind::LoadUnplugged => 6,
        other => return Some(format!("{}, expected rig-error", other.name())),
    };
    if (seen.exit, record.exit_code) != (Some(i32::from(code)), code) {
        return Some(format!("{} with exit code {:?}", outcome.name(), seen.exit));
    }
    let case = record.cases.first()?;
    let told = || case.reason.iter().chain(&case.notes);
    if !told().any(|text| text.contains(device)) {
        return Some(format!("the record does not name the {device}: {:?}", case.reason));
    }
    if kind == Kind::StimulatorUnplugged && record.safe_state != SafeState::Confirmed {
        return Some(format!("safe state {} with the load still there", record.safe_state.name()));
    }
    let left = outcome == Outcome::Unsafe && !told().any(|text| text.contains(done));
    left.then(|| format!("not `{done}`: {:?}", case.notes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::CaseRecord;
    use crate::record::samples::{case, head};

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
            next: (0, String::new()),
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

    #[test]
    fn a_busy_computer_shows_nothing() {
        let good = seen(Outcome::Aborted, 137, Some(HOST_LOST));
        assert!(!good.starved());
        let said =
            "output not measured: the load sent too few samples to see that the output is off".to_owned();
        let busy = PortSeen { next: (6, said), ..good };
        let killed = trial(Kind::KilledOnPorts);
        assert!(busy.starved() && wrong_on_ports(&killed, &busy).is_none());
        // The world's time waited for the computer: what went wrong there did.
        let on = PortSeen { then: look(6.0, 5.7), ..busy };
        assert!(wrong_on_ports(&killed, &on).is_some());
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

    #[test]
    fn half_of_the_trials_kill_and_every_kind_comes() {
        let kinds: Vec<Kind> = (0..12).map(|number| PortTrial::draw(3, number).kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::KilledOnPorts).count(), 6);
        assert!(Kind::ON_PORTS.iter().all(|kind| kinds.contains(kind)));
        assert_eq!(PortTrial::draw(3, 5), PortTrial::draw(3, 5));
    }
}
