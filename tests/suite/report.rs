//! Reports of one run in which everything happened: `fixtures/records/mixed.json`.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use stimrig::record::{Event, RunRecord, SafeState, Sink, fold};
use stimrig::report::{Closing, Console, ConsoleOptions, annotations, junit, step_summary};

/// A run with one case of each outcome, one of them with a hostile name.
fn mixed() -> RunRecord {
    let text = std::fs::read_to_string("fixtures/records/mixed.json").expect("the fixture is there");
    serde_json::from_str(&text).expect("the fixture is a record")
}

/// A writer whose text can be read afterwards.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn events(record: &RunRecord) -> Vec<Event> {
    let mut events = vec![Event::RunStarted(Box::new(RunRecord { cases: Vec::new(), ..record.clone() }))];
    for (case, record) in record.cases.iter().enumerate() {
        events.push(Event::CaseStarted { case, name: record.name.clone(), planned: None });
        events.push(Event::CaseEnded { case, record: Box::new(record.clone()) });
    }
    events.push(Event::RunEnded { ended: record.ended.clone(), elapsed: record.elapsed });
    events
}

fn shown(width: Option<usize>, color: bool, verbosity: i8) -> String {
    let record = mixed();
    let screen = Screen::default();
    let options = ConsoleOptions { color, width, verbosity, progress: false, cases: record.cases.len() };
    let mut console = Console::new(options, Box::new(screen.clone()));
    events(&record).iter().for_each(|event| console.take(event));
    let folder = Some(Path::new("runs/0193a7c2"));
    console.finish(&record, &Closing { folder, ..Closing::default() });
    let text = screen.0.lock().expect("not poisoned").clone();
    String::from_utf8(text).expect("the console writes UTF-8")
}

#[test]
fn the_record_survives_its_own_events() {
    assert_eq!(fold(&events(&mixed())), Some(mixed()));
}

#[test]
fn a_person_reads_this_in_a_log() {
    insta::assert_snapshot!(shown(None, false, 0));
}

#[test]
fn lines_of_cases_fit_the_terminal() {
    for width in [80, 100, 120, 160] {
        let text = shown(Some(width), false, 0);
        for line in text.lines().take_while(|line| !line.is_empty()) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn cases_that_run_side_by_side_are_shown_in_the_order_of_the_selection() {
    let record = mixed();
    let mut events = events(&record);
    let order = |events: &[Event]| {
        let screen = Screen::default();
        let options = ConsoleOptions { color: false, width: None, verbosity: 0, progress: false, cases: 9 };
        let mut console = Console::new(options, Box::new(screen.clone()));
        events.iter().for_each(|event| console.take(event));
        console.finish(&record, &Closing::default());
        let text = screen.0.lock().expect("not poisoned").clone();
        String::from_utf8(text).expect("the console writes UTF-8")
    };
    let straight = order(&events);
    let last = events.len() - 2;
    events.swap(2, last);
    assert_eq!(order(&events), straight);
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = shown(Some(120), true, 1);
    assert!(coloured.contains("\u{1b}[31;1m"));
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("valid");
    assert_eq!(codes.replace_all(&coloured, ""), shown(Some(120), false, 1));
}

#[test]
fn names_from_files_cannot_drive_the_terminal() {
    assert!(!shown(None, false, 2).contains('\u{1b}'));
}

#[test]
fn quiet_shows_only_what_did_not_pass() {
    let text = shown(None, false, -1);
    assert!(!text.contains("A stop ends the output"), "{text}");
    assert!(text.contains("stay charge balanced [amplitude=2 mA]"), "{text}");
}

/// What the terminal shows last of a run of three cases whose first has ended.
#[test]
fn the_last_line_of_a_run_that_was_ended_says_so_however_little_is_shown() {
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("valid");
    for (cause, begins) in [
        ("SIGINT", "interrupted by SIGINT (Ctrl-C): 2 of 3 cases did not run · output off"),
        ("SIGTERM", "interrupted by SIGTERM"),
        ("run not kept", "ended early because its files could not be written"),
    ] {
        // Of what the other cases left nothing is known yet.
        let mixed = RunRecord { safe_state: SafeState::Confirmed, ..mixed() };
        let mut events = events(&mixed);
        events.truncate(3);
        events.push(Event::Interrupted { signal: cause.to_owned() });
        let record = fold(&events).expect("it began");
        for (verbosity, color) in [(-2, false), (-1, true), (0, true), (0, false), (2, false)] {
            let screen = Screen::default();
            let options = ConsoleOptions { color, width: Some(80), verbosity, progress: false, cases: 3 };
            let mut console = Console::new(options, Box::new(screen.clone()));
            events.iter().for_each(|event| console.take(event));
            let (folder, trouble) = (Some(Path::new("runs/0193a7c2")), ["no room for the page".to_owned()]);
            console.finish(&record, &Closing { folder, trouble: &trouble, late: Some((cause, 0)) });
            let text = screen.0.lock().expect("not poisoned").clone();
            let text = String::from_utf8(text).expect("the console writes UTF-8");
            let last = text.lines().next_back().expect("it writes something");
            assert_eq!(last.contains('\u{1b}'), color, "{last:?}");
            let last = codes.replace_all(last, "");
            let code = format!("· exit code {} (", record.exit_code);
            assert!(last.starts_with(begins) && last.contains(&code), "{verbosity}: {text}");
        }
    }
}

#[test]
fn a_signal_that_came_when_all_had_ended_is_said_to_have_changed_nothing() {
    let (record, screen) = (mixed(), Screen::default());
    let options = ConsoleOptions { color: false, width: None, verbosity: 0, progress: false, cases: 9 };
    let mut console = Console::new(options, Box::new(screen.clone()));
    events(&record).iter().for_each(|event| console.take(event));
    console.finish(&record, &Closing { late: Some(("SIGINT", 1)), ..Closing::default() });
    let text = String::from_utf8(screen.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    let last = text.lines().next_back().expect("it writes something");
    assert_eq!(last, "SIGINT came when the last case had ended: it changed nothing · exit code 1 (failed)");
}

#[test]
fn junit_tells_failures_from_errors_and_is_well_formed() {
    let text = junit(&mixed(), None);
    let report = quick_junit::Report::deserialize_from_str(&text).expect("a JUnit parser reads it");
    assert_eq!((report.tests, report.failures, report.errors), (9, 3, 2));
    assert!(text.contains("tests=\"9\" skipped=\"1\""));
    assert!(text.contains("the load cannot inject brown-out"));
    assert!(text.contains("scenarios/charge-balance/symmetric-biphasic.yaml:24: fail charge_imbalance"));
}

#[test]
fn junit_holds_no_character_that_xml_forbids() {
    let text = junit(&mixed(), None);
    let forbidden = |c: char| (c < ' ' && !"\t\n\r".contains(c)) || c == '\u{fffe}' || c == '\u{ffff}';
    assert!(!text.contains(forbidden));
    assert!(text.contains("&lt;script&gt;"), "the rest of the name is there, escaped");
}

#[test]
fn github_sees_what_did_not_pass() {
    let record = mixed();
    let commands = annotations(&record);
    assert_eq!(commands.len(), 5, "{commands:#?}");
    assert!(commands.iter().all(|command| command.starts_with("::error file=scenarios/")));
    assert!(step_summary(&record, None).contains("| fail | Symmetric biphasic"));
}
