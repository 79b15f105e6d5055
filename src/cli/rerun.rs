//! `stimrig rerun`: what an earlier run left over, on the same rig. Its record stays as it is: a failure is never
//! overwritten by a later pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::record::{EXIT_USAGE, Outcome, RunRecord};
use crate::store::{find_run, read_record};

use super::compare::{Standing, standing};
use super::load::load_cases;
use super::text_file::read;
use super::{NoTests, Output, RunArgs, run};

/// Arguments of `rerun`.
#[derive(Debug, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub struct Args {
    /// The earlier run: its folder, its id or the id's beginning, `latest~1` for the one before the latest [default: the latest in --runs]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Keep runs in this folder, and look for the earlier one there
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Run its cases that passed, too
    #[arg(long)]
    all: bool,
    /// Also write the record here; - is standard output
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Also write JUnit XML here
    #[arg(long, value_name = "PATH")]
    junit: Option<PathBuf>,
}

/// Runs the command; the exit codes are those of `run`.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    // From its journal: a run that broke off has no record.
    let found = find_run(&args.runs, args.run.as_deref().unwrap_or("latest"));
    let found = found.and_then(|folder| Ok((read_record(&folder)?.0, folder)));
    let (record, folder) = match found {
        Ok(found) => found,
        Err(error) => return refuse(&error.to_string()),
    };
    // It names the rig that is to be energised, and what had passed: neither is known of a run that is not what it was.
    if let Standing::Suspect(what) = standing(&folder) {
        return refuse(&format!(
            "{}: {what}; name the cases that are meant to `stimrig run`",
            folder.display()
        ));
    }
    let left = left_over(&record, args.all);
    if record.selected.is_empty() && record.cases.is_empty() {
        return refuse(&format!("{}: has no case that could be run again", record.id));
    }
    if left.is_empty() {
        say!("stimrig: every case of {} passed: nothing to run again (--all runs them all)", record.id);
        return 0;
    }
    // The rig's own too: with other ranges, limits or calibration it is another bench.
    let rig = (&record.rig_file, &record.rig_hash);
    for (file, hash) in record.scenarios.iter().chain([rig]) {
        // A file that is gone is told by the run, with all else that is wrong.
        if read(Path::new(file)).is_ok_and(|source| source.hash != *hash) {
            say!("stimrig: {file} has changed since {}", record.id);
        }
    }
    if let Some(what) = exchanged(&record, &left) {
        return refuse(&what);
    }
    let arguments = match arguments(args, &record, left) {
        Ok(arguments) => arguments,
        Err(what) => return refuse(&what),
    };
    run::again(&arguments, record.id, output)
}

fn refuse(what: &str) -> u8 {
    say!("stimrig: {what}; nothing was run, nothing was energised");
    EXIT_USAGE
}

/// `FILE#NUMBER` of each case that did not pass in every attempt, or never started.
fn left_over(record: &RunRecord, all: bool) -> Vec<String> {
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    for case in record.cases.iter().filter(|case| case.outcome == Outcome::Passed) {
        *passed.entry(format!("{}#{}", case.scenario, case.number)).or_default() += 1;
    }
    // A record of before it was kept does not say what was selected: what has a case was, at least.
    let of_cases = || record.cases.iter().map(|case| format!("{}#{}", case.scenario, case.number)).collect();
    let selected: Vec<String> = if record.selected.is_empty() { of_cases() } else { record.selected.clone() };
    let mut planned: BTreeMap<&String, usize> = BTreeMap::new();
    for case in &selected {
        *planned.entry(case).or_default() += 1;
    }
    let mut left: Vec<String> = Vec::new();
    for case in &selected {
        let whole = passed.get(case) == planned.get(case);
        if (all || !whole) && !left.contains(case) {
            left.push(case.clone());
        }
    }
    left
}

/// Why the cases are not those that were left over: in a file that changed, a number may be that of another one.
fn exchanged(record: &RunRecord, left: &[String]) -> Option<String> {
    let names: BTreeMap<String, &str> = record
        .cases
        .iter()
        .map(|case| (format!("{}#{}", case.scenario, case.number), case.name.as_str()))
        .collect();
    let paths: Vec<PathBuf> = left.iter().map(PathBuf::from).collect();
    // What cannot be read is told by the run, with all else that is wrong.
    let loaded = load_cases(&paths).ok()?;
    let mut found = loaded.cases.iter().filter_map(|case| {
        let place = format!("{}#{}", case.file, case.number);
        let what = match names.get(&place) {
            Some(name) if *name == case.name => return None,
            Some(name) => format!("{place} was `{name}` in {}, and is `{}` now", record.id, case.name),
            None if record.scenarios.get(&case.file).is_none_or(|hash| *hash == case.hash) => return None,
            None => format!(
                "{place}, `{}` now, never started in {}, and {} has changed since: it may be another case",
                case.name, record.id, case.file
            ),
        };
        Some(what)
    });
    let first = found.next()?;
    let more = match found.count() {
        0 => String::new(),
        more => format!(" (and {more} more like it)"),
    };
    Some(format!("{first}{more}; name the cases that are meant to `stimrig run`"))
}

/// The arguments of a run of these cases on the earlier run's rig.
fn arguments(args: &Args, record: &RunRecord, paths: Vec<String>) -> Result<RunArgs, String> {
    let mut arguments = RunArgs::of(paths).map_err(|error| error.to_string())?;
    // A rig that is nowhere as a file is the one built in, whatever the environment names.
    arguments.rig = None;
    if Path::new(&record.rig_file).is_file() {
        arguments.rig = Some(PathBuf::from(&record.rig_file));
    } else if record.rig_file != crate::rig::DEFAULT_RIG.0 {
        return Err(format!("the rig file {} is gone", record.rig_file));
    }
    for laid in &record.overrides {
        let parsed = laid.split_once(' ').and_then(|(option, value)| Some((option, value.split_once('=')?)));
        match parsed {
            Some(("--set", (key, value))) => arguments.set.push((key.to_owned(), value.to_owned())),
            Some(("--defect", (key, value))) => arguments.defect.push((key.to_owned(), value.to_owned())),
            _ => return Err(format!("the record says `{laid}`, which is no option that can be repeated")),
        }
    }
    // The seed is one of those, or the rig file's own: one that is exported would make another bench of it.
    arguments.seed = None;
    // They were selected by the earlier run: what the environment says of a selection would leave out some of them, or let a
    // run of fewer look like one of all. (`strict` takes nothing away: it refuses, and says why.)
    arguments.filter.clear();
    arguments.partition = None;
    arguments.repeat = None;
    arguments.no_tests = NoTests::Fail;
    arguments.max_fail = None;
    arguments.fail_fast = false;
    arguments.runs.clone_from(&args.runs);
    arguments.dut.clone_from(&record.dut);
    arguments.operator.clone_from(&record.operator);
    arguments.json.clone_from(&args.json);
    arguments.junit.clone_from(&args.junit);
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::CaseRecord;
    use crate::record::samples::{case, head};

    #[test]
    fn what_did_not_pass_is_left_over_of_a_record_that_does_not_say_what_was_selected_too() {
        let of = |number, outcome| CaseRecord { number, outcome, ..case("a") };
        let cases = vec![of(1, Outcome::Passed), of(2, Outcome::Failed)];
        let record = RunRecord { cases, ..head() };
        let file = "scenarios/amplitude/a.yaml";
        assert_eq!(left_over(&record, false), [format!("{file}#2")]);
        assert_eq!(left_over(&record, true).len(), 2);
        let selected = (1..=3).map(|number| format!("{file}#{number}")).collect();
        let record = RunRecord { selected, ..record };
        assert_eq!(left_over(&record, false), [format!("{file}#2"), format!("{file}#3")]);
        // Of two repetitions, one that passed is not both.
        let twice = RunRecord {
            selected: vec![format!("{file}#1"); 2],
            cases: vec![of(1, Outcome::Passed)],
            ..head()
        };
        assert_eq!(left_over(&twice, false), [format!("{file}#1")]);
    }
}
