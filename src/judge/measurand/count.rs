//! Counts: exact, with their evidence threshold in the definition.

use crate::measure::PulseRow;
use crate::scenario::Nominal;

use super::super::view::Window;
use super::super::{Reason, Unit, View};

/// Pulses of a window: leading 50 % instants t with from − g ≤ t < to − g, and a leading phase of at least half the
/// programmed amplitude.
fn counted<'a>(view: &View<'a>, window: Window) -> Vec<(usize, &'a PulseRow)> {
    let g = view.settling() as f64;
    let delay = view.recording.front_end.delay * view.rate();
    let (from, to) = (window.from as f64 - g, window.to as f64 - g);
    let tall = |row: &PulseRow| {
        let asked =
            view.asked(row, Nominal::Programmed).map_or(view.case.program.amplitude, |pulse| pulse.amplitude);
        row.phases().first().is_some_and(|phase| {
            (f64::from(phase.level) - row.base).abs() * view.calibration.lsb
                >= 0.5 * asked * view.share(row, Nominal::Programmed)
        })
    };
    view.contact
        .pulses
        .iter()
        .enumerate()
        .filter(|(_, row)| (from..to).contains(&(row.start() - delay)) && tall(row))
        .collect()
}

pub(super) fn pulse_count(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    Ok(vec![Unit::exact(counted(view, window).len() as f64)])
}

/// Programmed instants without a pulse. The grid has the programmed period and the phase that fits the train best;
/// a pulse within a quarter period of an instant is that instant's.
pub(super) fn missing_pulses(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    let rows = counted(view, window);
    let (Some((_, first)), Some((_, last))) = (rows.first(), rows.last()) else {
        let seconds = |sample: u64| sample as f64 / view.rate();
        return Err(Reason::NoPulse { from: seconds(window.from), to: seconds(window.to) });
    };
    let period =
        view.segment(first).map_or(view.case.program.period(), |(s, _)| s.programmed.period()) * view.rate();
    let starts: Vec<f64> = rows.iter().map(|(_, row)| row.start()).collect();
    let found = instants_of(&starts, period);
    // The stimulator's clock is not ours: the grid takes its period from the train.
    let steps = found.last().copied().unwrap_or(0);
    let fitted = if steps > 0 { (last.start() - first.start()) / steps as f64 } else { period };
    let g = view.settling() as f64;
    let delay = view.recording.front_end.delay * view.rate();
    let origin = first.start() - delay;
    // Instants in the window, leaving out those a quarter period from its ends, which a free-running train may miss.
    let margin = 0.25 * fitted;
    let earliest = ((window.from as f64 - g + margin - origin) / fitted).ceil().min(0.0) as i64;
    let limit = match view.case.program.pulse_limit() {
        Some(pulses) => (pulses as i64 - 1).min(i64::MAX - 1),
        None => i64::MAX,
    };
    // The first pulse comes when the stimulator is ready: instants before it are due only when the window opens later.
    let started = view.named("start").unwrap_or(window.from);
    let earliest = if (window.from as f64) < started as f64 + 2.0 * fitted { 0 } else { earliest };
    let latest = (((window.to as f64 - g - margin - origin) / fitted).floor() as i64).min(limit);
    let due = latest - earliest + 1;
    let present = found.iter().filter(|n| (earliest..=latest).contains(n)).count() as i64;
    Ok(vec![Unit::exact((due - present).max(0) as f64)])
}

/// The programmed instants, counting from the first pulse, that the pulses of a train belong to.
///
/// Counted from pulse to pulse: over a long train two clocks drift apart by whole periods, between neighbours never. A
/// pulse more than a quarter period off belongs to no instant.
fn instants_of(starts: &[f64], period: f64) -> Vec<i64> {
    let mut instants = Vec::with_capacity(starts.len());
    let mut reference: Option<(f64, i64)> = None;
    for start in starts {
        let Some((at, instant)) = reference else {
            reference = Some((*start, 0));
            instants.push(0);
            continue;
        };
        let periods = (start - at) / period;
        let whole = periods.round();
        if whole >= 1.0 && (periods - whole).abs() <= 0.25 {
            reference = Some((*start, instant + whole as i64));
            instants.push(instant + whole as i64);
        }
    }
    instants
}

/// Sign of the leading phase; all pulses must agree.
pub(super) fn polarity(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    let sign = |row: &PulseRow| {
        row.phases().first().map_or(0.0, |phase| (f64::from(phase.level) - row.base).signum())
    };
    let units = view.pulses(window)?.into_iter().map(|(index, row)| Unit {
        nominal: view.asked(row, view.nominal()).and_then(|pulse| {
            let share = view.case.program.scale_of(&view.contact.name);
            pulse.phases().first().map(|phase| (phase.current * share).signum())
        }),
        pulse: Some(index as u64),
        time: Some(view.seconds(row.start())),
        ..Unit::exact(sign(row))
    });
    Ok(units.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_counted_along_a_train_whose_clock_drifts_by_whole_periods() {
        // 100 000 periods of a clock 40 ppm fast: four periods ahead at the end.
        let mut starts: Vec<f64> = (0..100_000).map(|n| f64::from(n) * 20_000.0 * (1.0 - 40e-6)).collect();
        assert_eq!(instants_of(&starts, 20_000.0).last(), Some(&99_999));
        starts.remove(500);
        let found = instants_of(&starts, 20_000.0);
        assert_eq!((found.len(), found.last(), found.contains(&500)), (99_999, Some(&99_999), false));
        // A pulse between two instants belongs to neither.
        assert_eq!(instants_of(&[0.0, 1.0, 1.5, 2.0], 1.0), [0, 1, 2]);
    }
}
