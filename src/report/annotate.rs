//! GitHub Actions: annotations at the lines of checks, and the summary page of a step.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use crate::quantity::counted;
use crate::record::{CaseRecord, CheckRecord, Outcome, RunRecord, SafeState, Verdict};

use super::against::{against, qualified};
use super::check_line::{allowed, margin, measured};
use super::ending::{early, looked};
use super::profile;

/// GitHub shows ten annotations of a step and drops the rest without a word.
const ANNOTATIONS: usize = 10;
/// GitHub refuses a summary above 1 MiB as a whole, so this stays well below it.
const SUMMARY_BYTES: usize = 256 * 1024;

/// Workflow commands, one a line: at most ten, then one that says how many more there are.
pub fn annotations(record: &RunRecord) -> Vec<String> {
    // What may hurt somebody comes before what is merely wrong, and that before what could not be told: only ten are shown.
    let (alarming, mut rest): (Vec<_>, Vec<_>) =
        record.cases.iter().partition(|case| case.outcome == Outcome::Unsafe);
    rest.sort_by_key(|case| std::cmp::Reverse(case.outcome));
    // Of what speaks against the run as a whole no case says anything.
    let whole = against(record, &[]);
    let whole = whole.iter().map(|against| format!("::error title=stimrig::{}", data(&against.message)));
    let (alarming, rest) = (alarming.into_iter().flat_map(of_case), rest.into_iter().flat_map(of_case));
    let mut all = alarming.chain(whole).chain(rest);
    let mut shown: Vec<String> = all.by_ref().take(ANNOTATIONS).collect();
    let more = all.count();
    if more > 0 {
        shown.push(format!("::notice title=stimrig::and {more} more; see the summary or junit.xml"));
    }
    shown
}

fn of_case(case: &CaseRecord) -> Vec<String> {
    let checks = case.checks.iter().filter(|check| check.verdict != Verdict::Pass);
    let mut commands: Vec<String> = Vec::new();
    if case.outcome == Outcome::Unsafe {
        let title = format!("SAFE STATE NOT CONFIRMED: {}", case.name);
        let reason = case.reason.as_deref().unwrap_or("the output may be on");
        commands.push(command("error", &case.scenario, 1, &title, reason));
    }
    commands.extend(checks.map(|check| of_check(case, check)));
    // An outcome that no check explains: a rig error, a tripped guard, an output that stayed on.
    if commands.is_empty() && !matches!(case.outcome, Outcome::Passed | Outcome::Skipped) {
        let reason = case.reason.as_deref().unwrap_or(case.outcome.name());
        commands.push(command("error", &case.scenario, 1, &case.title(), reason));
    }
    commands
}

fn of_check(case: &CaseRecord, check: &CheckRecord) -> String {
    let mut message = format!("{}: {} against {}", check.measurand, measured(check), allowed(check));
    if let Some(reason) = &check.reason {
        let _ = write!(message, ": {reason}");
    }
    if let Some(profile) = profile::of_check(case, check) {
        let _ = write!(message, "; limit of {}", profile::cited(profile));
    }
    let (file, line) = profile::place(case, check);
    command("error", file, line.max(1), &case.title(), &message)
}

fn command(level: &str, file: &str, line: u32, title: &str, message: &str) -> String {
    let (file, title) = (property(file), property(title));
    format!("::{level} file={file},line={line},title={title}::{}", data(message))
}

/// Escapes the text of a workflow command, so that a name cannot start a command of its own.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The run as Markdown, what did not pass first, within a bounded size. `folder` is where its files are, to be uploaded as an artifact.
pub fn step_summary(record: &RunRecord, folder: Option<&Path>) -> String {
    let outcome = record.outcome.map_or("nothing ran", Outcome::name);
    let early = early(record).map_or_else(String::new, |line| format!("**{}**\n\n", cell(&line)));
    let sim_only = record.cases.iter().filter(|case| case.sim_only).count();
    let sim_only =
        if sim_only > 0 { format!(", {sim_only} of them on the simulator only") } else { String::new() };
    let qualified: String =
        qualified(record).iter().map(|(name, value)| format!("{name}: {}\n\n", cell(value))).collect();
    let safe = match record.safe_state {
        SafeState::Confirmed if !looked(record) => {
            "nothing was energised by this run, the output was not measured".to_owned()
        }
        state => format!("safe state {}", state.name()),
    };
    let mut text = format!(
        "### stimrig: {outcome}\n\n{} on {} ({}){sim_only}, {safe}\n\n{qualified}{early}\
         | outcome | case | check | measured | allowed | margin |\n|---|---|---|---|---|---|\n",
        counted(record.cases.len(), "case"),
        cell(&record.rig),
        cell(&record.fidelity)
    );
    let mut cases: Vec<&CaseRecord> = record.cases.iter().collect();
    cases.sort_by_key(|case| std::cmp::Reverse(case.outcome));
    for (shown, case) in cases.iter().enumerate() {
        let rows = rows(case);
        if text.len() + rows.len() > SUMMARY_BYTES {
            let _ = writeln!(text, "\nand {} more cases; see junit.xml", cases.len() - shown);
            break;
        }
        text.push_str(&rows);
    }
    text.push('\n');
    if let Some(folder) = folder {
        let _ = writeln!(text, "Report: {}\n", cell(&folder.join("report.html").display().to_string()));
    }
    for profile in profile::of_cases(&record.cases) {
        let _ = writeln!(text, "Limits of {}\n", cell(&profile::cited(profile)));
    }
    text
}

fn rows(case: &CaseRecord) -> String {
    let mut text = String::new();
    let outcome = if case.sim_only { "sim only" } else { case.outcome.name() };
    let name = cell(&case.title());
    // An output that stayed on, a guard that tripped, a rig that was not there: checks that passed must not stand for the case.
    if case.checks.is_empty() || !explained(case) {
        let unsaid = if case.sim_only { "it asks for a rig, and none was measured" } else { "" };
        let reason = cell(case.reason.as_deref().unwrap_or(unsaid));
        let _ = writeln!(text, "| {outcome} | {name} | {reason} | | | |");
    }
    for check in &case.checks {
        let (measurand, value) = (cell(&check.measurand), cell(&measured(check)));
        let (limit, margin) = (cell(&allowed(check)), cell(&margin(check)));
        let verdict = check.verdict.name();
        let _ = writeln!(text, "| {verdict} | {name} | {measurand} | {value} | {limit} | {margin} |");
    }
    text
}

/// Whether the verdicts of a case's checks say how it ended. None says that its output stayed on or that it was cut short.
fn explained(case: &CaseRecord) -> bool {
    let has = |verdict| case.checks.iter().any(|check| check.verdict == verdict);
    match case.outcome {
        Outcome::Passed => !case.sim_only,
        Outcome::Failed => has(Verdict::Fail),
        Outcome::Inconclusive => has(Verdict::Inconclusive),
        Outcome::Invalid => has(Verdict::Invalid),
        Outcome::Skipped | Outcome::RigError | Outcome::Aborted | Outcome::Unsafe => false,
    }
}

/// Text of others inside a Markdown table: neither markup nor a new cell.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Appends the summary to the file GitHub names in `GITHUB_STEP_SUMMARY`.
///
/// # Errors
/// When the file cannot be opened or written.
pub fn append_step_summary(path: &Path, record: &RunRecord, folder: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(step_summary(record, Some(folder)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};

    fn failing(cases: usize) -> RunRecord {
        let mut record = head();
        record.cases = (0..cases)
            .map(|at| CaseRecord {
                outcome: Outcome::Failed,
                checks: vec![check("amplitude", Verdict::Pass), check("width", Verdict::Fail)],
                ..case(&format!("case {at}"))
            })
            .collect();
        record
    }

    #[test]
    fn at_most_ten_annotations_then_the_rest_in_one_line() {
        assert_eq!(annotations(&failing(10)).len(), 10);
        let shown = annotations(&failing(13));
        assert_eq!(shown.len(), 11);
        assert!(shown[10].contains("and 3 more"), "{}", shown[10]);
        let expected = "::error file=scenarios/amplitude/a.yaml,line=17,title=case 0::width: ";
        assert!(shown[0].starts_with(expected), "{}", shown[0]);
    }

    #[test]
    fn a_failure_is_annotated_before_what_could_not_be_told_whatever_their_order() {
        let mut record = failing(1);
        let doubtful = CaseRecord {
            outcome: Outcome::Inconclusive,
            checks: vec![check("rate", Verdict::Inconclusive)],
            ..case("doubtful")
        };
        record.cases = std::iter::repeat_n(doubtful, 12).chain(record.cases).collect();
        let shown = annotations(&record);
        assert_eq!(shown.len(), 11);
        assert!(shown[0].contains("title=case 0::width: "), "{}", shown[0]);
        assert!(shown[10].contains("and 3 more"), "{}", shown[10]);
    }

    #[test]
    fn the_summary_of_a_run_that_energised_nothing_claims_no_measured_safe_state() {
        let of = |outcome| RunRecord { cases: vec![CaseRecord { outcome, ..case("a") }], ..head() };
        let skipped = step_summary(&of(Outcome::Skipped), None);
        assert!(
            skipped.contains("the output was not measured") && !skipped.contains("confirmed"),
            "{skipped}"
        );
        assert!(step_summary(&of(Outcome::Passed), None).contains("(sim), safe state confirmed\n"));
    }

    #[test]
    fn the_summary_of_a_run_that_was_ended_says_by_what_and_how_many_did_not_run() {
        let mut record = failing(1);
        assert!(!step_summary(&record, None).contains("did not run"));
        record.interrupted = Some("SIGTERM".into());
        record.selected = vec!["a.yaml#1".into(), "a.yaml#2".into()];
        let summary = step_summary(&record, None);
        let line =
            "\n\n**interrupted by SIGTERM (another program asked for the end): 1 of 2 cases did not run · ";
        assert!(summary.contains(line), "{summary}");
    }

    #[test]
    fn what_speaks_against_the_run_as_a_whole_is_annotated_and_what_qualifies_it_is_in_the_summary() {
        let mut record = RunRecord { cases: vec![case("a")], ..head() };
        assert!(annotations(&record).is_empty());
        record.interrupted = Some("SIGTERM".into());
        record.defects = vec!["gain_error".into()];
        record.partition = Some("hash:1/2".into());
        let shown = annotations(&record);
        assert!(
            shown.len() == 1 && shown[0].starts_with("::error title=stimrig::interrupted by SIGTERM"),
            "{shown:?}"
        );
        let summary = step_summary(&record, None);
        assert!(
            summary.contains("\n\ndefects: gain\\_error\n\npartition: hash:1/2\n\n**interrupted"),
            "{summary}"
        );
        // An output that may be on comes first.
        record.cases.push(CaseRecord { outcome: Outcome::Unsafe, ..case("b") });
        assert!(annotations(&record)[0].contains("SAFE STATE NOT CONFIRMED"));
    }

    #[test]
    fn a_name_cannot_forge_a_command_or_a_cell() {
        let mut record = failing(1);
        record.cases[0].name = "evil,line=1::x\n::error::y".into();
        record.cases[0].checks[1].reason = Some("100 %\r\n::stop-commands::t".into());
        let shown = annotations(&record);
        assert!(shown.iter().all(|line| !line.contains('\n') && !line.contains('\r')));
        assert_eq!(
            shown[0].matches("::").count(),
            4,
            "only in the message, where they are text: {}",
            shown[0]
        );
        record.cases[0].name = "| <script>alert(1)</script> | [x](y)".into();
        let summary = step_summary(&record, None);
        assert!(!summary.contains("<script>") && !summary.contains("[x]("), "{summary}");
        assert!(summary.contains("\\| &lt;script&gt;"), "{summary}");
    }

    #[test]
    fn a_rig_error_without_checks_is_annotated_too() {
        let mut record = head();
        let lost = Some("load: port is gone".to_owned());
        record.cases = vec![CaseRecord { outcome: Outcome::RigError, reason: lost, ..case("a") }];
        assert!(annotations(&record)[0].ends_with("::load: port is gone"));
    }

    #[test]
    fn checks_that_passed_do_not_hide_how_a_case_ended() {
        let summary = |outcome, verdict| {
            let reason = Some("what happened".to_owned());
            let checks = vec![check("width", verdict)];
            let cases = vec![CaseRecord { outcome, reason, checks, ..case("a") }];
            step_summary(&RunRecord { cases, ..head() }, None)
        };
        for outcome in [Outcome::Failed, Outcome::Inconclusive, Outcome::Invalid, Outcome::RigError] {
            let row = format!("\n| {} | a | what happened | | | |\n| pass | a | width |", outcome.name());
            assert!(summary(outcome, Verdict::Pass).contains(&row), "{}", summary(outcome, Verdict::Pass));
        }
        // Whatever a check says, it does not say that the output stayed on.
        for outcome in [Outcome::Unsafe, Outcome::Aborted, Outcome::RigError] {
            let row = format!("\n| {} | a | what happened | | | |\n| fail | a | width |", outcome.name());
            assert!(summary(outcome, Verdict::Fail).contains(&row), "{}", summary(outcome, Verdict::Fail));
        }
        for (outcome, verdict) in [(Outcome::Passed, Verdict::Pass), (Outcome::Failed, Verdict::Fail)] {
            assert!(!summary(outcome, verdict).contains("what happened"), "the check says it");
        }
    }

    #[test]
    fn a_pass_where_a_rig_was_asked_for_is_no_plain_pass_in_the_summary() {
        let checks = vec![check("width", Verdict::Pass)];
        let cases = vec![CaseRecord { sim_only: true, checks, ..case("a") }, case("b")];
        let summary = step_summary(&RunRecord { cases, ..head() }, None);
        assert!(summary.contains("2 cases on sim (sim), 1 of them on the simulator only, safe"), "{summary}");
        let row = "\n| sim only | a | it asks for a rig, and none was measured | | | |\n| pass | a | width |";
        assert!(summary.contains(row) && summary.contains("\n| passed | b |"), "{summary}");
    }

    #[test]
    fn the_summary_is_bounded_and_puts_failures_first() {
        let mut record = failing(20_000);
        record.cases.insert(0, case("fine"));
        let summary = step_summary(&record, None);
        assert!(summary.len() < SUMMARY_BYTES + 1024);
        assert!(summary.contains("more cases; see junit.xml"));
        assert!(!summary.contains("fine"), "what passed is what is left out");
    }
}
