//! Rate, jitter, on and off times: what lies between pulses.

use crate::measure::{Input, Measured, PulseRow};
use crate::scenario::Nominal;
use crate::signal::{Program, Waveform};

use super::super::train::slot;
use super::super::{Reason, Segment, Unit, View};
use super::time::edges;

/// Pulses that follow each other under one program without an off-time between them.
struct Stretch<'a> {
    segment: &'a Segment,
    rows: Vec<(usize, &'a PulseRow)>,
    /// An off-time (or a start) came before it, and an off-time comes behind.
    begins: bool,
    ends: bool,
}

/// The pulses (of bursts the first, of pairs every second) of a window, split at off-times, changes and starts.
fn stretches<'a>(view: &View<'a>, rows: Vec<(usize, &'a PulseRow)>, closes: f64) -> Vec<Stretch<'a>> {
    let trains = view.trains();
    let mut all: Vec<Stretch<'a>> = Vec::new();
    let mut last: Option<(usize, f64)> = None;
    for (index, row) in rows {
        let Some(placed) = view.placed(row) else { continue };
        let (at, program) = (row.start(), &placed.segment.programmed);
        let off = off_gap(program) * view.rate();
        let begins_train = trains.iter().any(|train| train.start == index);
        let pause = last.is_some_and(|(_, before)| at - before > off);
        let fresh = all.last().is_none_or(|one| !std::ptr::eq(one.segment, placed.segment));
        if begins_train || pause || fresh {
            if let Some(before) = all.last_mut() {
                before.ends = pause && !begins_train;
            }
            all.push(Stretch {
                segment: placed.segment,
                rows: Vec::new(),
                begins: begins_train || pause,
                ends: false,
            });
        }
        let within = last.is_some_and(|(_, before)| {
            let burst = program.burst.map_or(0.0, |burst| 1.5 / burst.rate);
            at - before <= burst * view.rate()
        });
        if let Some(stretch) = all.last_mut()
            && (!within || stretch.rows.is_empty())
        {
            stretch.rows.push((index, row));
        }
        last = Some((index, at));
    }
    if let (Some(stretch), Some((_, at))) = (all.last_mut(), last) {
        stretch.ends = closes - at > off_gap(&stretch.segment.programmed) * view.rate();
    }
    for stretch in &mut all {
        if stretch.segment.programmed.waveform == Waveform::Alternating {
            one_of_each_pair(&mut stretch.rows);
        }
    }
    all
}

/// Of alternating pulses those of the polarity that came more often: where one of a pair is missing, counting by twos would
/// take the wrong ones from there on.
fn one_of_each_pair(rows: &mut Vec<(usize, &PulseRow)>) {
    let anodic = |row: &PulseRow| level(row) > 0.0;
    let first = rows.first().is_none_or(|(_, row)| anodic(row));
    let alike = rows.iter().filter(|(_, row)| anodic(row) == first).count();
    let kept = if 2 * alike >= rows.len() { first } else { !first };
    rows.retain(|(_, row)| anodic(row) == kept);
}

/// Longer than this without a pulse is an off-time, s.
fn off_gap(program: &Program) -> f64 {
    program.cycle.map_or(f64::INFINITY, |cycle| {
        let pause =
            cycle.off_time + cycle.on_time - (cycle.on_time * program.rate - 1e-9).ceil() / program.rate;
        (0.5 * pause + program.period()).max(1.5 * program.period())
    })
}

fn of_segment(view: &View<'_>, segment: &Segment, figure: impl Fn(&Program) -> Option<f64>) -> Option<f64> {
    match view.nominal() {
        Nominal::Value(value) => Some(value),
        Nominal::Applied => figure(&segment.applied),
        Nominal::Programmed => figure(&segment.programmed),
    }
}

fn unit(view: &View<'_>, (index, row): (usize, &PulseRow), measured: Measured, nominal: Option<f64>) -> Unit {
    Unit { nominal, pulse: Some(index as u64), time: Some(view.seconds(row.start())), ..Unit::of(measured) }
}

fn level(row: &PulseRow) -> f64 {
    row.phases().first().map_or(1.0, |phase| f64::from(phase.level) - row.base)
}

/// (n − 1)/(t_n − t_1) of leading 50 % instants; stretches separated by off-times or changes are judged apart.
pub(super) fn rate(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    let pulses = view.pulses(window)?;
    let most = pulses.len() as u64 - 1;
    let mut longest = 0.0_f64;
    let mut units = Vec::new();
    for stretch in stretches(view, pulses, window.to as f64) {
        let (Some(first), Some(last)) = (stretch.rows.first(), stretch.rows.last()) else { continue };
        let periods = stretch.rows.len() as f64 - 1.0;
        let seconds = (last.1.start() - first.1.start()) / view.rate();
        longest = longest.max(seconds);
        if periods < 1.0 || seconds <= 0.0 {
            continue;
        }
        let rate = periods / seconds;
        let lines = edges(view, seconds, level(first.1), 2.0);
        let budget = lines.into_iter().map(|line| line.scaled(rate / seconds)).collect();
        let nominal = of_segment(view, stretch.segment, |program| Some(program.rate));
        units.push(unit(view, *first, Measured::new(rate, budget), nominal));
    }
    if units.is_empty() {
        let need = view.case.program.period();
        return Err(Reason::TooShort { have: longest, cycles: most, need, fewest: 1 });
    }
    Ok(units)
}

/// Standard deviation of successive periods about the mean of their stretch. What the edges themselves jitter is a line of
/// the budget and not subtracted.
pub(super) fn period_jitter(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    let pulses = view.pulses(window)?;
    let (mut squares, mut count, mut stray) = (0.0, 0_u64, None::<(f64, (usize, &PulseRow))>);
    let all = stretches(view, pulses, window.to as f64);
    for stretch in &all {
        let periods = || {
            stretch
                .rows
                .iter()
                .zip(stretch.rows.iter().skip(1))
                .map(|(a, b)| ((b.1.start() - a.1.start()) / view.rate(), *b))
        };
        let n = periods().count();
        if n < 2 {
            continue;
        }
        let mean = periods().map(|(period, _)| period).sum::<f64>() / n as f64;
        for (period, row) in periods() {
            squares += (period - mean).powi(2);
            if stray.is_none_or(|(so_far, _)| (period - mean).abs() > so_far) {
                stray = Some(((period - mean).abs(), row));
            }
        }
        count += n as u64 - 1;
    }
    let Some((_, row)) = stray else {
        let need = 3.0 * view.case.program.period();
        let cycles = all.iter().map(|stretch| stretch.rows.len() as u64).sum();
        return Err(Reason::TooShort { have: 0.0, cycles, need, fewest: 2 });
    };
    let budget = edges(view, 0.0, level(row.1), 2.0);
    Ok(vec![unit(view, row, Measured::new((squares / count as f64).sqrt(), budget), None)])
}

/// On-times and off-times of the window, the ones cut by its ends left out.
fn turns<'a>(view: &View<'a>) -> Result<Vec<Stretch<'a>>, Reason> {
    let window = view.cycling_window()?;
    Ok(stretches(view, view.pulses(window)?, window.to as f64))
}

/// First to last leading edge plus one period.
pub(super) fn cycle_on(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let all = turns(view)?;
    let whole = all.iter().filter(|stretch| stretch.begins && stretch.ends);
    let units = whole.filter_map(|stretch| {
        let (first, last) = (stretch.rows.first()?, stretch.rows.last()?);
        let period = stretch.segment.programmed.period();
        let seconds = (last.1.start() - first.1.start()) / view.rate() + period;
        let nominal = of_segment(view, stretch.segment, |program| Some(program.cycle?.on_time));
        Some(unit(view, *first, Measured::new(seconds, resolved(view, seconds, first.1, period)), nominal))
    });
    some(units.collect())
}

/// Last leading edge to the first behind the off-time, less one period.
pub(super) fn cycle_off(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let all = turns(view)?;
    let pairs = all.iter().zip(all.iter().skip(1)).filter(|(before, after)| before.ends && after.begins);
    let units = pairs.filter_map(|(before, after)| {
        let (last, first) = (before.rows.last()?, after.rows.first()?);
        let period = before.segment.programmed.period();
        let seconds = (first.1.start() - last.1.start()) / view.rate() - period;
        let nominal = of_segment(view, before.segment, |program| Some(program.cycle?.off_time));
        Some(unit(view, *first, Measured::new(seconds, resolved(view, seconds, first.1, period)), nominal))
    });
    some(units.collect())
}

fn some(units: Vec<Unit>) -> Result<Vec<Unit>, Reason> {
    if units.is_empty() { Err(Reason::NoTurn) } else { Ok(units) }
}

/// Between pulses nothing is seen: a time that begins or ends there is known to a period.
pub(super) fn resolved(view: &View<'_>, seconds: f64, row: &PulseRow, period: f64) -> Vec<Input> {
    let mut budget = edges(view, seconds, level(row), 2.0);
    budget.push(Input::rectangular("one period", period.max(slot(&view.case.program))));
    budget
}
