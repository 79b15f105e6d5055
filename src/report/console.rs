//! The run as a person at the bench follows it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::quantity::counted;
use crate::record::{CaseRecord, Event, Outcome, RunRecord, SafeState, Sink, readable};

use super::Paint;
use super::case_line::{case_line, check_lines};
use super::counts::{by_outcome, simple, totals};
use super::ending::{ending, looked, too_late};
use super::failure::blocks;
use super::paint::plain;
use super::{profile, repeats};

/// What the console shows and how.
#[derive(Debug, Clone, Copy)]
pub struct ConsoleOptions {
    /// Colour.
    pub color: bool,
    /// Width of the terminal in characters; `None` when it is none: lines are then never cut.
    pub width: Option<usize>,
    /// −1 and below shows only what did not pass, 1 adds each check, 2 each step as it happens.
    pub verbosity: i8,
    /// A progress bar (a terminal, and not in continuous integration).
    pub progress: bool,
    /// Cases that will run.
    pub cases: usize,
}

/// What the last lines say besides the record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closing<'a> {
    /// Where the run is kept.
    pub folder: Option<&'a Path>,
    /// What could not be written of it, a sentence each.
    pub trouble: &'a [String],
    /// The signal that came when every case had ended, and the exit code it did not change.
    pub late: Option<(&'a str, u8)>,
}

/// Follows a run on standard error, or on any writer.
pub struct Console {
    options: ConsoleOptions,
    paint: Paint,
    out: Box<dyn Write + Send>,
    bar: ProgressBar,
    running: Vec<(usize, String)>,
    /// Lines of cases that ended before one that comes first in the selection.
    held: BTreeMap<usize, Vec<String>>,
    /// The case whose lines come next.
    next: usize,
}

impl Console {
    /// A console on standard error.
    pub fn stderr(options: ConsoleOptions) -> Self {
        Self::new(options, Box::new(std::io::stderr()))
    }

    /// A console on any writer; the progress bar, if there is one, is drawn on standard error.
    pub fn new(options: ConsoleOptions, out: Box<dyn Write + Send>) -> Self {
        let bar = if options.progress && options.verbosity >= 0 {
            progress_bar(options.cases)
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())
        };
        Self {
            options,
            paint: Paint::new(options.color),
            out,
            bar,
            running: Vec::new(),
            held: BTreeMap::new(),
            next: 0,
        }
    }

    /// Prints what did not pass and the closing lines. The last of all, however little is to be shown, is what ended the run
    /// early, if anything did.
    pub fn finish(&mut self, record: &RunRecord, closing: &Closing<'_>) {
        self.bar.finish_and_clear();
        self.release(true);
        let lines = blocks(&record.cases, self.paint, self.options.width);
        self.print_all(&lines);
        if self.options.verbosity >= -1 {
            let lines = self.closing(record, closing.folder);
            self.print("");
            self.print_all(&lines);
        }
        for line in closing.trouble {
            self.print(&format!("stimrig: {line}"));
        }
        let safe = record.safe_state == SafeState::Confirmed;
        let early = ending(record, self.options.cases);
        let early = early.map(|line| if safe { self.paint.odd(&line) } else { self.paint.bad(&line) });
        let late = || closing.late.map(|(cause, code)| self.paint.faint(&too_late(cause, code)));
        if let Some(line) = early.or_else(late) {
            self.print(&line);
        }
    }

    fn closing(&self, record: &RunRecord, folder: Option<&Path>) -> Vec<String> {
        let painted = |(outcome, count): (Outcome, usize)| {
            let text = format!("{count} {}", outcome.name());
            match outcome {
                Outcome::Passed => self.paint.good(&text),
                Outcome::Skipped => self.paint.faint(&text),
                Outcome::Inconclusive | Outcome::Invalid => self.paint.odd(&text),
                Outcome::Unsafe | Outcome::Aborted | Outcome::Failed | Outcome::RigError => {
                    self.paint.bad(&text)
                }
            }
        };
        let mut parts: Vec<String> = by_outcome(record).into_iter().map(painted).collect();
        if parts.is_empty() {
            parts.push(self.paint.odd("nothing ran"));
        }
        let sim_only = record.cases.iter().filter(|case| case.sim_only).count();
        if sim_only > 0 {
            parts.push(self.paint.odd(&format!("{sim_only} of them on the simulator only")));
        }
        let never = self.options.cases.saturating_sub(record.cases.len());
        if never > 0 {
            parts.push(self.paint.odd(&format!("{never} not started")));
        }
        let safe = match record.safe_state {
            SafeState::Confirmed if !looked(record) => {
                self.paint.odd("nothing was energised by this run, the output was not measured")
            }
            SafeState::Confirmed => self.paint.good("safe state confirmed"),
            state => self.paint.bad(&format!("safe state {}", state.name())),
        };
        let totals = format!("{} · {} · {:.1} s · {safe}", parts.join(", "), totals(record), record.elapsed);
        let mut lines = vec![totals];
        if !record.defects.is_empty() {
            let wrong = format!("the stimulator was wrong on purpose: {}", plain(&record.defects.join(", ")));
            lines.push(self.paint.odd(&wrong));
        }
        if record.outcome == Some(Outcome::Unsafe) {
            let warning = "SAFE STATE NOT CONFIRMED: the output may be on. Switch the stimulator off by hand or pull its lead, then \
                           `stimrig safe`";
            lines.push(self.paint.bad(warning));
        }
        lines.extend(simple(record).map(|line| self.paint.odd(&line)));
        lines.extend(repeats::lines(&record.cases).iter().map(|line| self.paint.odd(&plain(line))));
        lines.extend(self.profiles(record));
        if let Some(folder) = folder {
            lines.push(self.paint.faint(&format!("report: {}", folder.join("report.html").display())));
        }
        lines
    }

    /// Whose limits were judged by: the names of the profiles, and with `-v` what each cites.
    fn profiles(&self, record: &RunRecord) -> Vec<String> {
        let profiles = profile::of_cases(&record.cases);
        if self.options.verbosity >= 1 {
            let cited = profiles
                .iter()
                .map(|profile| (profile, format!("limits of {}", plain(&profile::cited(profile)))));
            let shown = cited
                .map(|(of, text)| if of.verified { self.paint.faint(&text) } else { self.paint.odd(&text) });
            return shown.collect();
        }
        let names = |verified: bool| {
            let names = profiles
                .iter()
                .filter(|profile| profile.verified == verified)
                .map(|profile| plain(&profile.name));
            names.collect::<Vec<_>>().join(", ")
        };
        let line = |words: &str, names: String| (!names.is_empty()).then(|| format!("{words}: {names}"));
        let verified = line("limits of profiles", names(true)).map(|line| self.paint.faint(&line));
        let others = line("limits that nobody has compared with their source (-v cites it)", names(false));
        verified.into_iter().chain(others.map(|line| self.paint.odd(&line))).collect()
    }

    /// What is printed when a case ends.
    fn lines(&self, record: &CaseRecord) -> Vec<String> {
        let mut lines = Vec::new();
        if self.options.verbosity >= 0 || record.outcome != Outcome::Passed {
            lines.push(case_line(record, self.paint, self.options.width));
            let remark = |remark: &String| {
                self.paint.odd(&format!("              seen beside the checks: {}", plain(remark)))
            };
            lines.extend(record.unasked.iter().map(remark));
        }
        if self.options.verbosity >= 1 {
            lines.extend(check_lines(record, self.paint));
        }
        lines
    }

    /// Prints the lines of the cases whose turn it is, or of all that have ended: cases that run side by side end in any
    /// order and are shown in that of the selection.
    fn release(&mut self, all: bool) {
        if all {
            let held = std::mem::take(&mut self.held);
            held.values().for_each(|lines| self.print_all(lines));
            return;
        }
        while let Some(lines) = self.held.remove(&self.next) {
            self.print_all(&lines);
            self.next += 1;
        }
    }

    fn print(&mut self, line: &str) {
        // Nobody is left to tell when standard error is gone; the run and its record go on.
        self.bar.suspend(|| {
            let _ = writeln!(self.out, "{line}");
        });
    }

    fn print_all(&mut self, lines: &[String]) {
        for line in lines {
            self.print(line);
        }
    }
}

fn progress_bar(cases: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(cases as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:30}] {pos}/{len}  {elapsed}  {wide_msg}")
    {
        bar.set_style(style.progress_chars("━╸ ").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

impl Sink for Console {
    fn take(&mut self, event: &Event) {
        let verbosity = self.options.verbosity;
        match event {
            Event::RunStarted(head) if verbosity >= 0 => {
                let seed = head.seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
                let kind = match head.fidelity.as_str() {
                    "sim" => "simulated",
                    "recorded" => "recorded",
                    _ => "real",
                };
                let cases = counted(self.options.cases, "case");
                self.print(&format!(
                    "{} · {cases} on {} ({kind}{seed})",
                    self.paint.strong(&plain(&head.tool)),
                    plain(&head.rig)
                ));
            }
            Event::Identified(instrument) if verbosity >= 1 => {
                let line = format!(
                    "{} {} {} uid {} firmware {}",
                    instrument.role,
                    instrument.driver,
                    instrument.model,
                    readable(&instrument.uid),
                    readable(&instrument.firmware)
                );
                self.print(&self.paint.faint(&plain(&line)));
            }
            Event::CaseStarted { case, name, .. } => {
                self.running.push((*case, plain(name)));
                self.show_running();
            }
            Event::Progress { case, time, what } if verbosity >= 2 => {
                let line = format!("{:>12}  #{case} {time:.3} s  {}", "", plain(what));
                self.print(&self.paint.faint(&line));
            }
            Event::Logged { case, time, line } if verbosity >= 2 => {
                let line = format!("{:>12}  #{case} {time:.3} s  firmware: {}", "", plain(line));
                self.print(&self.paint.faint(&line));
            }
            Event::CaseEnded { case, record } => {
                self.running.retain(|(running, _)| running != case);
                self.bar.inc(1);
                self.show_running();
                self.held.insert(*case, self.lines(record));
                // Steps are shown as they happen, and with them everything.
                self.release(verbosity >= 2);
            }
            Event::Interrupted { signal } => {
                let follows = "no further case starts; what runs is stopped, then its output measured";
                self.print(&self.paint.odd(&format!("{}: {follows}", plain(signal))));
            }
            Event::RunStarted(_)
            | Event::Identified(_)
            | Event::Logged { .. }
            | Event::Progress { .. }
            | Event::Recovered { .. }
            | Event::RunEnded { .. } => {}
        }
    }
}

impl Console {
    fn show_running(&self) {
        let names: Vec<&str> = self.running.iter().map(|(_, name)| name.as_str()).collect();
        self.bar.set_message(names.join(" · "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};
    use crate::record::{CheckRecord, InstrumentRecord, Verdict};

    #[test]
    fn checks_of_which_the_uncertainty_was_left_out_are_counted_at_the_end() {
        let options = ConsoleOptions { color: false, width: None, verbosity: 0, progress: false, cases: 1 };
        let console = Console::new(options, Box::new(std::io::sink()));
        let of = |decision: &str| {
            let checks = vec![CheckRecord { decision: decision.into(), ..check("width", Verdict::Pass) }];
            let record = RunRecord { cases: vec![CaseRecord { checks, ..case("a") }], ..head() };
            console.closing(&record, None)
        };
        let line = "1 check judged by the value alone, without its uncertainty (decision: simple)";
        assert_eq!(of("simple").get(1).map(String::as_str), Some(line));
        assert_eq!(of("guarded").len(), 1);
    }

    #[test]
    fn a_safe_state_that_nobody_measured_is_not_confirmed() {
        let options = ConsoleOptions { color: false, width: None, verbosity: 0, progress: false, cases: 1 };
        let console = Console::new(options, Box::new(std::io::sink()));
        let of = |outcome| RunRecord { cases: vec![CaseRecord { outcome, ..case("a") }], ..head() };
        let closing = |record: &RunRecord| console.closing(record, None).concat();
        for unopened in [of(Outcome::Skipped), of(Outcome::RigError), head()] {
            let said = closing(&unopened);
            assert!(
                said.contains("nothing was energised by this run") && !said.contains("confirmed"),
                "{said}"
            );
        }
        let load = InstrumentRecord {
            role: "load".into(),
            driver: "native".into(),
            model: "load".into(),
            uid: "01".into(),
            firmware: "02".into(),
            calibration: None,
        };
        let opened = RunRecord { instruments: vec![load], ..of(Outcome::RigError) };
        for seen in [of(Outcome::Passed), opened] {
            assert!(closing(&seen).contains("safe state confirmed"));
        }
    }
}
