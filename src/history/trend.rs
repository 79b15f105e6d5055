//! One check of one case over the runs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{CheckLine, Past, PastRun, Reading, Verdict};
use crate::statistics::{Capability, Chart, Signal, capability, chart, fit, signals};

use super::Split;

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Id of its run.
    pub run: String,
    /// Its start, UTC.
    pub started: String,
    /// Device under test; empty if not given.
    pub dut: String,
    /// Firmware hash; empty if unknown.
    pub firmware: String,
    /// Measured value, SI base unit; none if it could not be measured.
    pub value: Option<f64>,
    /// Expanded uncertainty (95 %).
    pub uncertainty: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Distance from the nearest limit, positive inside.
    pub margin: Option<f64>,
    /// Verdict.
    pub verdict: &'static str,
    /// Its case passed on the simulator, where a rig was asked for.
    pub sim_only: bool,
}

/// A margin that shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Erosion {
    /// What is left of margin − U, on the line through it, at the last run.
    pub left: f64,
    /// Change from run to run; negative.
    pub slope: f64,
    /// 95 % interval of that.
    pub slope_interval: (f64, f64),
    /// Further runs until nothing is left and the check cannot pass any more.
    pub runs: f64,
    /// The same at the steep and the flat end of the interval.
    pub runs_interval: (f64, f64),
    /// How probable a slope as far down is in this trend alone where nothing shrinks.
    pub chance: f64,
}

/// Trends that do not shrink and are told to, in one history: one in forty histories has one, however many trends it has.
const FALSE_ALARM: f64 = 0.025;

/// A deviation, or a loss of margin, below this part of U is none to look at, however little varies: values of one seed come out the same to the last bit, and
/// then a single step of the table that holds them is outside every control limit.
const NEGLIGIBLE: f64 = 0.1;

/// A check of a case over the runs of one rig.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Measurand.
    pub measurand: String,
    /// SI base unit.
    pub unit: String,
    /// Case.
    pub case: String,
    /// Scenario file.
    pub scenario: String,
    /// The check as written.
    pub text: String,
    /// `worst`, `mean` or `p99`.
    pub statistic: String,
    /// Limit profile that states it; empty for the scenario itself.
    pub profile: String,
    /// `sim` or `rig`.
    pub fidelity: String,
    /// Rig.
    pub rig: String,
    /// What the command line set on the simulated bench; empty if nothing.
    pub settings: String,
    /// Device, where trends are split by it.
    pub dut: Option<String>,
    /// Firmware, where trends are split by it.
    pub firmware: Option<String>,
    /// Its values, oldest first.
    pub points: Vec<Point>,
    /// Values that could not be measured.
    pub unmeasured: usize,
    /// Control limits, from five values on.
    #[serde(serialize_with = "super::json::control")]
    pub control: Option<Chart>,
    /// What a stable process does not do: places in `points`.
    #[serde(serialize_with = "super::json::signal_list")]
    pub signals: Vec<Signal>,
    /// Cpk against the latest limits; none where they changed, none are stated, or nothing varies.
    #[serde(serialize_with = "super::json::cpk")]
    pub capability: Option<Capability>,
    /// The limits changed on the way.
    pub limits_changed: bool,
    /// Set where the margin shrinks for certain.
    pub erosion: Option<Erosion>,
}

impl Trend {
    /// The measured values, each with its place in `points`.
    pub fn values(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.points.iter().enumerate().filter_map(|(at, point)| Some((at, point.value?)))
    }

    /// How much a person should look at it, most first. A signal counts where it is of the latest run: in a hundred runs a stable process
    /// leaves its limits once by chance.
    pub fn concern(&self) -> u8 {
        let end = self.points.len().saturating_sub(1);
        let news = self.signals.iter().any(|signal| match signal {
            Signal::Outside(at) | Signal::OneSide(_, at) => *at == end,
        });
        let last = self.points.last().map_or("", |point| point.verdict);
        match () {
            () if last != Verdict::Pass.name() => 3,
            () if self.erosion.is_some() => 2,
            () if news => 1,
            () => 0,
        }
    }
}

/// What values must have in common to be one trend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    fidelity: &'a str,
    rig: &'a str,
    settings: &'a str,
    dut: Option<&'a str>,
    firmware: Option<&'a str>,
}

/// All trends of a past, those that need a look first.
pub(super) fn trends(past: &Past, split: Split) -> Vec<Trend> {
    let mut trends = Vec::new();
    for line in &past.lines {
        let mut groups: BTreeMap<Group<'_>, Vec<(&PastRun, &Reading)>> = BTreeMap::new();
        for reading in &line.readings {
            let Some(run) = past.runs.get(reading.run) else { continue };
            let group = Group {
                fidelity: &run.fidelity,
                rig: &run.rig,
                settings: &run.settings,
                dut: split.dut.then_some(run.dut.as_str()),
                firmware: split.firmware.then_some(run.firmware.as_str()),
            };
            groups.entry(group).or_default().push((run, reading));
        }
        trends.extend(groups.into_iter().map(|(group, readings)| trend(line, &group, &readings)));
    }
    certain(&mut trends);
    trends.sort_by_key(|trend| std::cmp::Reverse(trend.concern()));
    trends
}

/// Keeps of what shrinks what does so for certain among so many: of five hundred trends that only scatter a dozen have a slope whose
/// own 95 % interval lies below zero (C. E. Bonferroni's bound).
fn certain(trends: &mut [Trend]) {
    let fitted = trends.iter().filter(|trend| fit(&slack(&trend.points)).is_some()).count() as f64;
    for trend in trends {
        trend.erosion = trend.erosion.filter(|erosion| erosion.chance * fitted <= FALSE_ALARM);
    }
}

fn trend(line: &CheckLine, group: &Group<'_>, readings: &[(&PastRun, &Reading)]) -> Trend {
    let points: Vec<Point> = readings.iter().map(|(run, reading)| point(run, reading)).collect();
    let measured: Vec<(usize, f64)> =
        points.iter().enumerate().filter_map(|(at, point)| Some((at, point.value?))).collect();
    let values: Vec<f64> = measured.iter().map(|(_, value)| *value).collect();
    let control = chart(&values);
    let place = |at: usize| measured.get(at).map_or(at, |(place, _)| *place);
    let found = control.as_ref().map(|chart| signals(&values, chart)).unwrap_or_default();
    let signals = found.into_iter().map(|signal| match signal {
        Signal::Outside(at) => Signal::Outside(place(at)),
        Signal::OneSide(from, to) => Signal::OneSide(place(from), place(to)),
    });
    let mean = control.map_or(0.0, |chart| chart.mean);
    let signals = signals.filter(|signal| is_telling(&points, mean, *signal));
    let limits = points.last().map(|point| (point.lower, point.upper));
    let limits_changed = points.iter().any(|point| Some((point.lower, point.upper)) != limits);
    let (lower, upper) = limits.unwrap_or_default();
    Trend {
        measurand: line.measurand.clone(),
        unit: line.unit.clone(),
        case: line.case.clone(),
        scenario: line.scenario.clone(),
        text: line.text.clone(),
        statistic: line.statistic.clone(),
        profile: line.profile.clone(),
        fidelity: group.fidelity.to_owned(),
        rig: group.rig.to_owned(),
        settings: group.settings.to_owned(),
        dut: group.dut.map(str::to_owned),
        firmware: group.firmware.map(str::to_owned),
        unmeasured: points.len() - values.len(),
        signals: signals.collect(),
        control,
        capability: capability(&values, lower, upper).filter(|_| !limits_changed),
        limits_changed,
        erosion: erosion(&points).filter(|_| !limits_changed),
        points,
    }
}

/// Whether some value of a signal is further from the mean than is negligible beside its U. A count has none.
fn is_telling(points: &[Point], mean: f64, signal: Signal) -> bool {
    let (from, to) = match signal {
        Signal::Outside(at) => (at, at),
        Signal::OneSide(from, to) => (from, to),
    };
    let off = |point: &Point| {
        let u = point.uncertainty.unwrap_or(0.0);
        point.value.is_some_and(|value| (value - mean).abs() > NEGLIGIBLE * u)
    };
    points.get(from..=to).unwrap_or_default().iter().any(off)
}

fn point(run: &PastRun, reading: &Reading) -> Point {
    Point {
        run: run.id.clone(),
        started: run.started.clone(),
        dut: run.dut.clone(),
        firmware: run.firmware.clone(),
        value: reading.value,
        uncertainty: reading.uncertainty,
        lower: reading.lower,
        upper: reading.upper,
        margin: reading.margin,
        verdict: reading.verdict.name(),
        sim_only: reading.sim_only,
    }
}

/// A check passes while margin − U is above zero: what of that is left, and when it is used up, if it shrinks for certain.
fn erosion(points: &[Point]) -> Option<Erosion> {
    let slack = slack(points);
    let line = fit(&slack)?;
    let (runs, early, late) = line.reaches_zero()?;
    let lost = line.slope.abs() * slack.len().saturating_sub(1) as f64;
    let u = points.iter().rev().find_map(|point| point.uncertainty).unwrap_or(0.0);
    (lost > NEGLIGIBLE * u).then_some(Erosion {
        left: line.last,
        slope: line.slope,
        slope_interval: line.interval,
        runs,
        runs_interval: (early, late),
        chance: line.chance_down,
    })
}

/// What each run had left beyond U.
fn slack(points: &[Point]) -> Vec<f64> {
    points.iter().filter_map(|point| Some(point.margin? - point.uncertainty.unwrap_or(0.0))).collect()
}
