//! The last line of a run that something ended early: by what, what was left out, how the output is, what the exit code means.

use crate::quantity::counted;
use crate::record::{
    HOST_LOST, INTERNAL_ERROR, InstrumentRecord, Outcome, RunRecord, STORAGE_LOST, SafeState, exit_meaning,
};

use super::paint::plain;

/// One line without colour, of a run of which `asked` cases were to run; `None` where nothing ended it early.
///
/// Whoever reads nothing else takes a case that passed before Ctrl-C for the run: so it names the cause first, and every
/// case that is not judged.
pub(super) fn ending(record: &RunRecord, asked: usize) -> Option<String> {
    let cause = record.interrupted.as_deref()?;
    let (left, exit) = (left_out(record, asked), exit(record.exit_code));
    Some(format!("{}: {left} · {} · {exit}", by(cause), output(record)))
}

/// Why the cases of a record are not all that its run was to be, in one line; `None` where they are.
pub(super) fn early(record: &RunRecord) -> Option<String> {
    let asked = record.selected.len().max(record.cases.len());
    let never = asked.saturating_sub(record.cases.len());
    // A limit on failures ends a run with nothing wrong about it, and a run that goes on has cases yet to come.
    let fewer = || (never > 0).then(|| format!("no result of {never} of {}", counted(asked, "case")));
    ending(record, asked).or_else(fewer)
}

/// The last line of a run whose last case had ended when a signal came: it changed nothing, which who pressed a key is to know.
pub(super) fn too_late(cause: &str, exit_code: u8) -> String {
    let cause = plain(cause);
    format!("{cause} came when the last case had ended: it changed nothing · {}", exit(exit_code))
}

/// What ended it, in words.
fn by(cause: &str) -> String {
    match cause {
        "SIGINT" => "interrupted by SIGINT (Ctrl-C)".to_owned(),
        "SIGTERM" => "interrupted by SIGTERM (another program asked for the end)".to_owned(),
        "SIGHUP" => "interrupted by SIGHUP (the terminal is gone)".to_owned(),
        INTERNAL_ERROR => "ended early by an error within stimrig".to_owned(),
        STORAGE_LOST => "ended early because its files could not be written".to_owned(),
        HOST_LOST => "ended early because its process was killed or its computer lost power".to_owned(),
        other => format!("ended early by {}", plain(other)),
    }
}

/// The cases that were to run and of which nothing, or not all, is known.
fn left_out(record: &RunRecord, asked: usize) -> String {
    let never = asked.saturating_sub(record.cases.len());
    let of = |outcome| record.cases.iter().filter(|case| case.outcome == outcome).count();
    let (cut, dangerous) = (of(Outcome::Aborted), of(Outcome::Unsafe));
    let was =
        |count: usize, what: &str| format!("{count} {} {what}", if count == 1 { "was" } else { "were" });
    let mut parts = Vec::new();
    if never > 0 {
        parts.push(format!("{never} of {} did not run", counted(asked, "case")));
    }
    if cut > 0 {
        parts.push(was(cut, "cut short"));
    }
    if dangerous > 0 {
        // Whether one of these was cut short as well its own reason says.
        parts.push(format!("{dangerous} ended unsafe"));
    }
    match (parts.is_empty(), asked) {
        (true, 1) => "the one case that was asked for had ended".to_owned(),
        (true, _) => format!("all {} that were asked for had ended", counted(asked, "case")),
        (false, _) => parts.join(", "),
    }
}

/// How the output was left.
fn output(record: &RunRecord) -> &'static str {
    match record.safe_state {
        SafeState::Confirmed if !looked(record) => {
            "nothing was energised by this run; the output was not measured"
        }
        SafeState::Confirmed => "output off, safe state confirmed",
        SafeState::Unconfirmed => "OUTPUT NOT OFF, safe state unconfirmed: treat it as live",
        SafeState::Impossible => "OUTPUT NOT MEASURED, safe state impossible: treat it as live",
    }
}

/// Whether anybody looked at the output: a case that reached its end does, and so does who closes a killed run. A rig error of
/// which not even the load is known was a bench that could not be opened, which another program may be driving. Where no
/// stimulator is driven nothing is switched off, and so nothing is seen to be.
pub(super) fn looked(record: &RunRecord) -> bool {
    let driven =
        |instrument: &InstrumentRecord| instrument.role != "stimulator" || instrument.driver != "none";
    if !record.instruments.iter().all(driven) {
        return false;
    }
    let known = record.instruments.iter().any(|instrument| instrument.role == "load");
    let reached = |outcome| match outcome {
        Outcome::Skipped => false,
        Outcome::RigError => known,
        _ => true,
    };
    let recovered = record.interrupted.as_deref() == Some(HOST_LOST);
    recovered || record.cases.iter().any(|case| reached(case.outcome))
}

fn exit(code: u8) -> String {
    format!("exit code {code} ({})", exit_meaning(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, head};
    use crate::record::{CaseRecord, Event, fold};

    /// A run of which so many cases ended as these did.
    fn run(cause: &str, cases: &[(Outcome, SafeState)]) -> RunRecord {
        let ended = |(at, (outcome, safe_state)): (usize, &(Outcome, SafeState))| Event::CaseEnded {
            case: at,
            record: Box::new(CaseRecord { outcome: *outcome, safe_state: *safe_state, ..case("a") }),
        };
        let mut events = vec![Event::RunStarted(Box::new(head()))];
        events.extend(cases.iter().enumerate().map(ended));
        events.push(Event::Interrupted { signal: cause.to_owned() });
        fold(&events).unwrap()
    }

    #[test]
    fn it_says_by_what_how_many_were_left_how_the_output_is_and_what_the_code_means() {
        use Outcome::{Aborted, Passed, Skipped, Unsafe};
        use SafeState::{Confirmed, Impossible, Unconfirmed};
        for (cause, asked, cases, line) in [
            (
                "SIGINT",
                3,
                &[(Passed, Confirmed)][..],
                "interrupted by SIGINT (Ctrl-C): 2 of 3 cases did not run · output off, safe state confirmed · exit code 130 \
                 (aborted by SIGINT)",
            ),
            (
                "SIGTERM",
                2,
                &[(Passed, Confirmed), (Passed, Confirmed)],
                "interrupted by SIGTERM (another program asked for the end): all 2 cases that were asked for had ended · output \
                 off, safe state confirmed · exit code 143 (aborted by SIGTERM or SIGHUP)",
            ),
            (
                "SIGHUP",
                1,
                &[(Aborted, Impossible)],
                "interrupted by SIGHUP (the terminal is gone): 1 was cut short · OUTPUT NOT MEASURED, safe state impossible: \
                 treat it as live · exit code 143 (aborted by SIGTERM or SIGHUP)",
            ),
            (
                INTERNAL_ERROR,
                4,
                &[(Aborted, Confirmed), (Aborted, Confirmed)],
                "ended early by an error within stimrig: 2 of 4 cases did not run, 2 were cut short · output off, safe state \
                 confirmed · exit code 70 (internal error, or the run could not be kept)",
            ),
            (
                STORAGE_LOST,
                1,
                &[(Passed, Confirmed)],
                "ended early because its files could not be written: the one case that was asked for had ended · output off, \
                 safe state confirmed · exit code 70 (internal error, or the run could not be kept)",
            ),
            (
                "SIGINT",
                2,
                &[(Unsafe, Unconfirmed)],
                "interrupted by SIGINT (Ctrl-C): 1 of 2 cases did not run, 1 ended unsafe · OUTPUT NOT OFF, safe state \
                 unconfirmed: treat it as live · exit code 6 (safe state not confirmed)",
            ),
            (
                "SIGINT",
                2,
                &[(Skipped, Confirmed)],
                "interrupted by SIGINT (Ctrl-C): 1 of 2 cases did not run · nothing was energised by this run; the \
                 output was not measured · exit code 130 (aborted by SIGINT)",
            ),
            (
                "SIGINT",
                1,
                &[],
                "interrupted by SIGINT (Ctrl-C): 1 of 1 case did not run · nothing was energised by this run; the \
                 output was not measured · exit code 130 (aborted by SIGINT)",
            ),
        ] {
            assert_eq!(ending(&run(cause, cases), asked).as_deref(), Some(line));
        }
        assert_eq!(ending(&head(), 3), None, "nothing ended it early");
    }

    /// Another program may have the port, and drive what is on it.
    #[test]
    fn a_bench_that_could_not_be_opened_is_not_said_to_have_been_seen_off() {
        let unopened = [(Outcome::RigError, SafeState::Confirmed)];
        let said = ending(&run("SIGINT", &unopened), 2).unwrap();
        assert!(said.contains("the output was not measured") && !said.contains("confirmed"), "{said}");
        // One that was opened and is at fault was looked at, and so was the bench of a killed run when it was closed.
        let mut opened = run("SIGINT", &unopened);
        opened.instruments.push(InstrumentRecord {
            role: "load".into(),
            driver: "native".into(),
            model: "load".into(),
            uid: "01".into(),
            firmware: "02".into(),
            calibration: None,
        });
        for seen in [opened.clone(), run(HOST_LOST, &unopened)] {
            let said = ending(&seen, 2).unwrap();
            assert!(said.contains("output off, safe state confirmed"), "{said}");
        }
        // Beside a load that was there, what runs by itself was switched off by nobody.
        let mut undriven =
            RunRecord { cases: run("SIGINT", &[(Outcome::Passed, SafeState::Confirmed)]).cases, ..opened };
        let stimulator = undriven.instruments.first().cloned().unwrap();
        undriven.instruments.push(InstrumentRecord {
            role: "stimulator".into(),
            driver: "none".into(),
            ..stimulator
        });
        let said = ending(&undriven, 2).unwrap();
        assert!(said.contains("the output was not measured") && !said.contains("confirmed"), "{said}");
    }

    #[test]
    fn a_run_with_fewer_cases_than_were_selected_says_so_without_a_cause_too() {
        let mut record = RunRecord { cases: vec![case("a")], ..head() };
        assert_eq!(early(&record), None, "an older record does not say what was selected");
        record.selected = vec!["a.yaml#1".into(), "a.yaml#2".into()];
        assert_eq!(early(&record).as_deref(), Some("no result of 1 of 2 cases"));
        record.interrupted = Some("SIGINT".into());
        assert!(early(&record).unwrap().contains("1 of 2 cases did not run · output off"));
        record.cases.push(case("b"));
        assert!(early(&record).unwrap().contains("all 2 cases that were asked for had ended"));
        record.interrupted = None;
        assert_eq!(early(&record), None);
    }

    #[test]
    fn a_cause_from_a_file_cannot_drive_the_terminal() {
        let line = ending(&run("\u{1b}[2J", &[]), 1).unwrap();
        assert!(line.starts_with("ended early by \u{fffd}[2J: 1 of 1 case did not run"), "{line}");
    }
}
