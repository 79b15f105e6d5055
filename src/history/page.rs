//! The history as a page.

use crate::plot::dots::{Dots, Row, Tone};
use crate::plot::escape;
use crate::plot::page::{head, page as whole_page, remark, table};
use crate::plot::run_chart::{RunChart, RunPoint};
use crate::quantity::{counted, engineering};
use crate::record::{Verdict, readable};
use crate::statistics::Signal;

use super::words::{
    changes, day, dimension, firmware_name, is_open, marks, measured, of_days, or_none, outcome, outcomes,
    place, rate, sentences,
};
use super::{Flake, History, Trend};

/// Charts on a page; more would not be looked at.
const CHARTS: usize = 60;

/// One self-contained page.
pub fn page(history: &History, provenance: &str) -> String {
    let worth = history.trends.iter().filter(|trend| trend.concern() > 0).count();
    let eroding = history.trends.iter().filter(|trend| trend.erosion.is_some()).count();
    let what = history.measurand.as_deref().unwrap_or("all measurands");
    let under = format!("{}. {provenance}", of_days(&history.runs));
    let many = |count: usize, noun: &str| match count {
        0 => format!("no {noun}"),
        count => counted(count, noun),
    };
    let shrinking =
        if eroding == 0 { String::new() } else { format!(" ({eroding} with a shrinking margin)") };
    let mut verdict = format!("Worth a look: {}{shrinking}", many(worth, "trend"));
    if history.measurand.is_none() {
        verdict += &format!("; not repeating: {}", many(history.flakes.len(), "case"));
    }
    verdict.push('.');
    let good = worth == 0 && history.flakes.is_empty();
    let mut body = head(&format!("History of {what}"), &under, good, &verdict);
    for note in &history.notes {
        body.push_str(&remark(note));
    }
    if history.measurand.is_none() {
        body.push_str(&flakes(&history.flakes, history.repeated));
    }
    let shown: Vec<&Trend> = match &history.measurand {
        Some(_) => history.trends.iter().take(CHARTS).collect(),
        None => history.trends.iter().filter(|trend| trend.concern() > 0).take(CHARTS).collect(),
    };
    if !shown.is_empty() {
        body.push_str("<h2>Trends</h2>\n");
    }
    for trend in &shown {
        body.push_str(&figure(trend));
    }
    let all = if history.measurand.is_some() { history.trends.len() } else { worth };
    if all > shown.len() {
        body.push_str(&format!(
            "<p class=\"soft\">{} more trends; narrow them with --scenario, --rig or --dut.</p>\n",
            all - shown.len()
        ));
    }
    body.push_str(&run_table(history));
    body.push_str(
        "<h2>How to read it</h2>\n<p class=\"soft\">A point is the value of one run with its expanded uncertainty (95 %): red where it did not pass, amber outside the control \
         limits and farther from the mean than a tenth of its U, a cross on the axis where it could not be measured. Red lines are the limits of the check. Control limits: mean ± 2.66 × \
         mean moving range (NIST/SEMATECH e-Handbook 6.3.2.2). Cpk with its 95 % interval after Bissell (6.1.6), of all values; their spread \
         holds that of the measurement too. A margin shrinks where the slope of margin − U lies below zero with a probability by chance of \
         at most 2.5 % over all trends together, and a tenth of U was lost; its 95 % interval is that of the trend alone, and too narrow where runs depend on each other. What did not repeat: share of runs that came out otherwise than mostly although \
         rig, device, firmware, scenario, limits and phantom were the same, with Wilson’s 95 % interval.</p>\n",
    );
    whole_page(&format!("stimrig history: {what}"), &body)
}

fn figure(trend: &Trend) -> String {
    let dimension = dimension(trend);
    let strayed = |at: usize| trend.signals.contains(&Signal::Outside(at));
    let points = trend.points.iter().enumerate().map(|(at, point)| RunPoint {
        value: point.value,
        half: point.uncertainty,
        tone: if point.verdict != Verdict::Pass.name() {
            Tone::Bad
        } else if strayed(at) {
            Tone::Odd
        } else {
            Tone::Good
        },
        about: format!(
            "{}, {}{}, run {}, device {}, firmware {}: {}",
            measured(point, dimension),
            point.verdict,
            if point.sim_only { " (sim only)" } else { "" },
            point.run,
            or_none(&point.dut),
            readable(or_none(&point.firmware)),
            point.started
        ),
    });
    let last = trend.points.last();
    let ends =
        [trend.points.first(), last].map(|point| point.map_or("", |point| day(&point.started)).to_owned());
    let [first_day, last_day] = ends;
    let chart = RunChart {
        title: format!("{} · {} · {}", trend.measurand, trend.case, place(trend)),
        tick: &|value| engineering(value, dimension, 8),
        points: points.collect(),
        control: trend.control.map(|chart| (chart.mean, chart.lower, chart.upper)),
        limits: last.map(|point| (point.lower, point.upper)).unwrap_or_default(),
        breaks: changes(trend),
        ends: (first_day, last_day),
    };
    let profile =
        if trend.profile.is_empty() { String::new() } else { format!(" (profile {})", trend.profile) };
    let mut text = chart.svg();
    text.push_str(&format!(
        "<p class=\"soft\"><code>{}</code>{}</p>\n<ul>",
        escape(trend.text.trim()),
        escape(&profile)
    ));
    for sentence in sentences(trend) {
        text.push_str(&format!("<li>{}</li>", escape(&sentence)));
    }
    text.push_str("</ul>\n");
    text
}

fn flakes(flakes: &[Flake], repeated: usize) -> String {
    let mut text = "<h2>What did not repeat</h2>\n".to_owned();
    if flakes.is_empty() {
        return text + &format!("<p>Nothing, in {repeated} cases that were repeated.</p>\n");
    }
    let rows = flakes.iter().take(CHARTS).map(|flake| Row {
        label: crop(&flake.case),
        value: Some(100.0 * flake.rate),
        interval: Some((100.0 * flake.interval.0, 100.0 * flake.interval.1)),
        tone: if flake.interval.0 > 0.05 { Tone::Bad } else { Tone::Odd },
        note: format!("{} · {}", flake.rig, outcomes(flake)),
    });
    let title = format!("{} of {repeated} cases that were repeated", flakes.len());
    let axis = "% of runs that came out otherwise than mostly, nothing changed (95 % interval)".to_owned();
    let tick = |value: f64| format!("{value:.0}");
    text.push_str(&Dots { title, axis, log: false, tick, rows: rows.collect(), marks: Vec::new() }.svg());
    let lines: Vec<Vec<(String, &str)>> = flakes
        .iter()
        .take(CHARTS)
        .map(|flake| {
            vec![
                (flake.case.clone(), ""),
                (rate(flake), "odd"),
                (outcomes(flake), ""),
                (flake.rig.clone(), ""),
                (flake.scenario.clone(), ""),
            ]
        })
        .collect();
    text + &table(&["case", "strayed", "outcomes", "rig", "scenario"], &lines)
}

/// A label that fits beside its row.
fn crop(text: &str) -> String {
    const MOST: usize = 44;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST - 1).chain(['…']).collect()
    }
}

fn run_table(history: &History) -> String {
    let lines: Vec<Vec<(String, &str)>> = history
        .runs
        .iter()
        .rev()
        .take(200)
        .map(|run| {
            let tone = match run.outcome {
                Some("passed") if run.sim_only == 0 && run.defects.is_empty() && !is_open(run) => "good",
                Some("passed") => "odd",
                Some("skipped" | "inconclusive" | "aborted") | None => "odd",
                Some(_) => "bad",
            };
            vec![
                (run.started.get(..19).unwrap_or(&run.started).replace('T', " "), ""),
                (outcome(run), tone),
                (run.cases.to_string(), ""),
                (marks(run).join(", "), "odd"),
                (format!("{} ({})", run.rig, run.fidelity), ""),
                (or_none(&run.dut).to_owned(), ""),
                (firmware_name(&run.firmware), ""),
                (run.id.clone(), ""),
            ]
        })
        .collect();
    format!(
        "<h2>Runs, latest first</h2>\n{}",
        table(&["started (UTC)", "outcome", "cases", "part", "rig", "device", "firmware", "run"], &lines)
    )
}
