//! The history as text for a terminal.

use crate::plot::harmless;
use crate::quantity::counted;

use super::words::{firmware_name, marks, of_days, outcome, outcomes, place, rate, sentences};
use super::{History, Run, Trend, chart};

/// Trends shown in an overview; `stimrig history MEASURAND` shows all of one.
const SHOWN: usize = 12;
const LATEST: usize = 10;

/// The whole history, `width` columns wide.
pub fn text(history: &History, width: usize) -> String {
    harmless::lines(&whole(history, width))
}

fn whole(history: &History, width: usize) -> String {
    let mut out = String::new();
    for note in &history.notes {
        out += &format!("note: {note}\n");
    }
    let count = history.runs.len();
    if count == 0 {
        return out + "no run to look at: `stimrig run` makes one\n";
    }
    out += &format!("{}\n", of_days(&history.runs));
    match &history.measurand {
        Some(measurand) if history.trends.is_empty() => {
            out += &format!("no value of `{measurand}` in them: `stimrig history` shows what there is\n");
        }
        Some(_) => history.trends.iter().for_each(|trend| out += &full(trend, width)),
        None => overview(&mut out, history, width),
    }
    out
}

fn overview(out: &mut String, history: &History, width: usize) {
    out.push('\n');
    let latest = || history.runs.iter().rev().take(LATEST);
    let column = latest().map(|run| outcome(run).chars().count()).max().unwrap_or(0);
    for run in latest() {
        *out += &line(run, column);
    }
    if history.runs.len() > LATEST {
        *out += &format!("  … and {} before\n", history.runs.len() - LATEST);
    }
    *out += &format!(
        "\nwhat did not repeat: {} of {} cases that were repeated\n",
        history.flakes.len(),
        history.repeated
    );
    for flake in &history.flakes {
        *out +=
            &format!("  {}  strayed {}: {}  on {}\n", flake.case, rate(flake), outcomes(flake), flake.rig);
    }
    let worth: Vec<&Trend> = history.trends.iter().filter(|trend| trend.concern() > 0).collect();
    *out += &format!("\nworth a look: {} of {} trends\n", worth.len(), history.trends.len());
    for trend in worth.iter().take(SHOWN) {
        *out += &brief(trend);
    }
    if worth.len() > SHOWN {
        *out += &format!("  … and {} more\n", worth.len() - SHOWN);
    }
    let mut names: Vec<&str> = history.trends.iter().map(|trend| trend.measurand.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if !names.is_empty() {
        *out += "\n`stimrig history MEASURAND` shows the trends of one of:\n";
        *out += &folded(&names, width);
    }
}

/// A run on a line, its outcome in a column of so many characters.
fn line(run: &Run, column: usize) -> String {
    let when = run.started.get(..16).unwrap_or(&run.started).replace('T', " ");
    let on = if run.fidelity == "sim" { "simulator" } else { "rig" };
    let device = if run.dut.is_empty() { String::new() } else { format!(", device {}", run.dut) };
    let marks = marks(run).iter().map(|mark| format!(", {mark}")).collect::<String>();
    format!(
        "  {when}  {:<column$}  {:<9}  {on} {}{device}, firmware {}{marks}  {}\n",
        outcome(run),
        counted(run.cases, "case"),
        run.rig,
        firmware_name(&run.firmware),
        run.id
    )
}

/// Words in lines of at most `width` columns.
fn folded(names: &[&str], width: usize) -> String {
    let (mut out, mut line) = (String::new(), " ".to_owned());
    for name in names {
        if line.chars().count() + name.chars().count() + 1 > width.max(40) {
            out += &format!("{line}\n");
            line = " ".to_owned();
        }
        line += &format!(" {name}");
    }
    out + &line + "\n"
}

fn brief(trend: &Trend) -> String {
    let mut out = format!("  {}  {}  ({})\n", trend.measurand, trend.case, place(trend));
    // The mean and its limits are for whoever looks closer.
    let said = sentences(trend);
    for sentence in said.iter().filter(|sentence| !sentence.starts_with("mean ")) {
        out += &format!("    {sentence}\n");
    }
    out
}

fn full(trend: &Trend, width: usize) -> String {
    let mut out = format!("\n{}  {}\n", trend.measurand, trend.case);
    let profile =
        if trend.profile.is_empty() { String::new() } else { format!(", profile {}", trend.profile) };
    let values = counted(trend.points.len(), "value");
    out += &format!("  {}{profile}  ({}, {values})\n", trend.text.trim(), place(trend));
    for line in chart::draw(trend, width.saturating_sub(16).clamp(20, 100)) {
        out += &format!("  {line}\n");
    }
    for sentence in sentences(trend) {
        out += &format!("  {sentence}\n");
    }
    out
}
