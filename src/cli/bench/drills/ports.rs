//! Drills on benches behind ports: `stimrig sim` in a process of its own, a run in another that is killed, signalled or
//! unplugged, and the world asked what happened.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::drills::{
    Drills, Kind, Next, Nothing, PortSeen, PortTrial, Shown, Starved, Wrong, shown_on_ports,
};
use crate::cli::bench::ended::Ended;
use crate::cli::bench::progress::progress;
use crate::cli::filter::Filter;
use crate::cli::itself::itself;
use crate::cli::load::load_cases;
use crate::record::Outcome;
use crate::run::Interrupt;
use crate::scenario::{Case, Timeline};
use crate::store::open_run;

use super::numbered;
use super::process::{intact, record_of, run_of, wait};
use served::Bench;
use turns::Turns;

mod served;
mod turns;

/// The dead-men's time, and what a busy computer adds.
const DEAD_MEN: Duration = Duration::from_millis(900);
/// Starting a process, opening the bench, and closing it again take about this long, s.
const AROUND: f64 = 1.6;
/// A trial that this computer was too busy for is tried so often.
const ATTEMPTS: u32 = 4;
/// The run that follows a killed one, and the scenario of all where there is no folder of scenarios.
const PLAIN: &str = "version: 1\nname: drill\nphantom: r1k\n\
     program: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 300 ms\n\
     expect:\n  - amplitude: { of: programmed, within: 5 % }\n";

/// A case that runs: its file and number, and how long its steps take, s.
type Runs = (String, f64);

/// So many drills, on as many benches at once as there are jobs.
///
/// # Errors
/// When a bench or a process cannot be started at all, or the scenarios are wrong: that is no finding.
pub(super) fn all(
    count: u64,
    jobs: usize,
    seed: u64,
    interrupt: &Interrupt,
    found: &mut Drills,
) -> Result<(), Ended> {
    if count == 0 {
        return Ok(());
    }
    let folder =
        tempfile::tempdir().map_err(|error| Ended::internal(format!("no folder for the runs: {error}")))?;
    let plain = folder.path().join("plain.yaml");
    fs::write(&plain, PLAIN).map_err(|error| Ended::internal(format!("{}: {error}", plain.display())))?;
    let mut cases = smoke().map_err(Ended::usage)?;
    if cases.is_empty() {
        cases.push((plain.display().to_string(), 0.3));
    }
    let all = numbered(
        (count, jobs),
        interrupt,
        |worker| (folder.path().join(format!("bench-{worker}")), None),
        |(home, bench), number| {
            let trial = PortTrial::draw(seed, number);
            let case = cases.get(trial.case % cases.len().max(1)).cloned().unwrap_or_default();
            let mut run = |attempt: u32| {
                let bench = match &mut *bench {
                    Some(bench) => bench,
                    none => none.insert(Bench::serve(home)?),
                };
                let runs = home.join(format!("runs-{number}-{attempt}"));
                Drill { bench, plain: &plain, runs }.run(&trial, &case)
            };
            let mut seen = run(0);
            for attempt in 1..ATTEMPTS {
                let shown = seen.as_ref().map(|seen| shown_on_ports(&trial, seen));
                if matches!(shown, Ok(Shown::Nothing { .. })) {
                    seen = run(attempt);
                }
            }
            (trial, case.0, seen)
        },
        |done| progress(&format!("seed {seed}: on ports, {done} of {count}")),
    );
    for (trial, case, seen) in all {
        let place = format!("drill {} on ports", trial.number);
        let seen = seen.map_err(|error| Ended::internal(error).at(&place))?;
        let number = trial.number;
        let mishap = format!("on ports {number}: {} at {:.2} of its time", trial.kind.name(), trial.at);
        let repeat = format!("--trials 0 --processes 0 --ports {}", number + 1);
        if trial.kind != Kind::SignalledOnPorts {
            found.slowest_off = found.slowest_off.into_iter().chain(seen.time_to_off()).reduce(f64::max);
        }
        let outcome = seen.record.as_ref().and_then(|record| record.outcome).map(Outcome::name);
        match shown_on_ports(&trial, &seen) {
            Shown::Right => found.count(trial.kind, outcome, None),
            Shown::Wrong(what) => {
                let wrong = Wrong { trial: number, repeat, mishap, what, scenario: case };
                found.count(trial.kind, outcome, Some(wrong));
            }
            Shown::Nothing { what, why } => {
                found.count_nothing(trial.kind, Nothing { trial: number, repeat, mishap, what, why });
            }
        }
    }
    Ok(())
}

/// The smoke cases of the folder of scenarios, if there is one.
fn smoke() -> Result<Vec<Runs>, String> {
    if !Path::new("scenarios").is_dir() {
        return Ok(Vec::new());
    }
    let filter = Filter::parse("tag(smoke)").map_err(|error| error.to_string())?;
    let loaded = load_cases(&[]).map_err(|problems| crate::source::render(&problems, false))?;
    let selected = loaded.cases.iter().filter(|case| filter.matches(&(*case).into()));
    let runs = |case: &Case| (format!("{}#{}", case.file, case.number), Timeline::of(&case.steps).end);
    Ok(selected.map(runs).collect())
}

/// One drill on a bench.
struct Drill<'a> {
    bench: &'a mut Bench,
    plain: &'a Path,
    runs: PathBuf,
}

impl Drill<'_> {
    fn run(&mut self, trial: &PortTrial, (case, lasts): &Runs) -> Result<PortSeen, String> {
        let began = self.bench.look()?;
        let mut child = self.start(&["run", case, "-qq", "--keep", "failures"], Stdio::null)?;
        let turns = Turns::watch(child.id());
        std::thread::sleep(Duration::from_secs_f64(trial.at * (AROUND + lasts)));
        let over = child.try_wait().map_err(text)?.is_some();
        let before = self.bench.look()?;
        let plug = match trial.kind {
            Kind::StimulatorUnplugged => Some("stimulator"),
            Kind::LoadUnplugged => Some("load"),
            _ => None,
        };
        let killed = trial.kind == Kind::KilledOnPorts;
        let mut signal = None;
        match plug {
            _ if over => {}
            Some(plug) => self.bench.tell(&format!("unplug {plug}"))?,
            None if killed => child.kill().map_err(text)?,
            None => signal = Some(self.signal(&child, trial)?),
        }
        let after = self.bench.look()?;
        let status = wait(&mut child).map_err(text)?;
        let waited = turns.end();
        if !killed || trial.waits {
            std::thread::sleep(DEAD_MEN);
        }
        let mut then = self.bench.look()?;
        let handed = then;
        if let Some(plug) = plug {
            self.bench.tell(&format!("plug {plug}"))?;
        }
        let run = run_of(&self.runs);
        // Whether it was under way; one that had ended was killed before its folder was closed.
        let open = run.as_deref().and_then(open_run).map(|open| !open.has_ended());
        let (next, next_waited) = self.next(trial)?;
        let last = self.bench.look()?;
        let starved =
            [Starved::between(&began, &handed, waited), Starved::between(&handed, &last, next_waited)];
        if !trial.waits && killed && trial.next == Next::Safe {
            then = last;
        }
        // Whoever is told to end before it began has nothing to record; whoever was killed before it wrote, neither.
        let record = run.as_deref().and_then(record_of);
        let folder = run.as_deref().filter(|_| record.is_some()).and_then(intact);
        let left_open = record.is_none() && open.is_some();
        // One that had ended by itself was not met in time.
        let record = record.filter(|_| !over && (!killed || open == Some(true)));
        let _ = fs::remove_dir_all(&self.runs);
        let (exit, signal) = (status.code(), signal.filter(|_| record.is_some()));
        Ok(PortSeen {
            around: [before, after],
            then,
            last,
            exit,
            signal,
            record,
            folder,
            left_open,
            next,
            starved,
        })
    }

    fn signal(&self, child: &Child, trial: &PortTrial) -> Result<(i32, &'static str), String> {
        let (signal, times, code, cause) = match trial.number / 6 % 3 {
            0 => (Signal::INT, 1, 130, "SIGINT"),
            1 => (Signal::TERM, 1, 143, "SIGTERM"),
            _ => (Signal::INT, 2, 130, "SIGINT"),
        };
        for _ in 0..times {
            kill_process(Pid::from_child(child), signal).map_err(|error| error.to_string())?;
        }
        Ok((code, cause))
    }

    /// What comes next on this bench: its exit code and what it said; and how long it waited for a processor, s.
    fn next(&self, trial: &PortTrial) -> Result<((i32, String), f64), String> {
        let plain = self.plain.display().to_string();
        let arguments: &[&str] = match trial.next {
            Next::Safe => &["safe"],
            Next::Run => &["run", &plain, "--keep", "never"],
        };
        let child = self.start(arguments, Stdio::piped)?;
        let turns = Turns::watch(child.id());
        let ended = child.wait_with_output().map_err(text)?;
        let waited = turns.end();
        let said =
            [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok(((ended.status.code().unwrap_or(-1), said), waited))
    }

    fn start(&self, arguments: &[&str], output: fn() -> Stdio) -> Result<Child, String> {
        let mut command = itself().map_err(text)?;
        command.args(arguments).arg("--rig").arg(self.bench.rig()).arg("--runs").arg(&self.runs);
        command.env("STIMRIG_LOCK_DIR", self.bench.folder());
        command.stdin(Stdio::null()).stdout(output()).stderr(output());
        command.spawn().map_err(text)
    }
}

fn text(error: std::io::Error) -> String {
    format!("a process of its own: {error}")
}
