//! Rate, jitter, on and off times: what lies between pulses.

use crate::measure::{Input, Measured, PulseRow};
use crate::scenario::Nominal;
use crate::signal::{Program, Waveform};

use super::super::train::{group_span, slot};
use super::super::{Reason, Segment, Unit, Units, View};
use super::time::edges;

/// Pulses that follow each other under one program without an off-time between them.
struct Stretch<'a> {
    segment: &'a Segment,
    /// The pulses (of bursts the first); of alternating ones those of the first polarity, and the others.
    runs: [Run; 2],
    /// An off-time (or a start) came before it, and an off-time comes behind.
    begins: bool,
    ends: bool,
}

impl Stretch<'_> {
    fn take(&mut self, row: PulseRow, rate: f64) {
        let alternating = self.segment.programmed.waveform == Waveform::Alternating;
        let first = self.runs.first().and_then(|run| run.first);
        let other = alternating && first.is_some_and(|first| (level(&first) > 0.0) != (level(&row) > 0.0));
        let [run, others] = &mut self.runs;
        if other { others } else { run }.take(row, rate);
    }

    /// Of alternating pulses those of the polarity that came more often: where one of a pair is missing, counting by twos would
    /// take the wrong ones from there on.
    fn run(&self) -> &Run {
        let [first, other] = &self.runs;
        if first.count >= other.count { first } else { other }
    }
}

/// Pulses of which each is a period behind the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    count: u64,
    first: Option<PulseRow>,
    last: Option<PulseRow>,
    /// Mean period, s, and sum of the squares about it.
    mean: f64,
    squares: f64,
    /// The shortest and the longest, with the pulse at the end of each.
    shortest: Option<(f64, PulseRow)>,
    longest: Option<(f64, PulseRow)>,
}

impl Run {
    fn take(&mut self, row: PulseRow, rate: f64) {
        if let Some(last) = self.last {
            let period = (row.start() - last.start()) / rate;
            let off = period - self.mean;
            self.mean += off / self.count as f64;
            self.squares += off * (period - self.mean);
            if self.shortest.is_none_or(|(shortest, _)| period < shortest) {
                self.shortest = Some((period, row));
            }
            if self.longest.is_none_or(|(longest, _)| period > longest) {
                self.longest = Some((period, row));
            }
        }
        self.first.get_or_insert(row);
        self.last = Some(row);
        self.count += 1;
    }

    /// First and last pulse.
    fn ends(&self) -> Option<(PulseRow, PulseRow)> {
        self.first.zip(self.last)
    }

    /// The period that is farthest from the mean: by how much, and the pulse at its end.
    fn stray(&self) -> Option<(f64, PulseRow)> {
        let all = [self.shortest, self.longest].into_iter().flatten();
        all.map(|(period, row)| ((period - self.mean).abs(), row)).max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

/// The pulses of a window, split at off-times, changes and starts.
fn stretches<'a>(view: &View<'a>, rows: impl Iterator<Item = PulseRow>, closes: f64) -> Vec<Stretch<'a>> {
    let trains = view.trains();
    let mut all: Vec<Stretch<'a>> = Vec::new();
    let mut last: Option<f64> = None;
    let mut cut = false;
    for row in rows {
        let Some(placed) = view.placed(&row) else { continue };
        let (at, program) = (row.start(), &placed.segment.programmed);
        let off = off_gap(program) * view.rate();
        let begins_train = trains.iter().any(|train| train.start == row.number);
        let pause = last.is_some_and(|before| at - before > off);
        let fresh = all.last().is_none_or(|one| !std::ptr::eq(one.segment, placed.segment));
        if begins_train || pause || fresh {
            if let Some(before) = all.last_mut() {
                before.ends = pause && !begins_train;
            }
            all.push(Stretch {
                segment: placed.segment,
                runs: [Run::default(); 2],
                begins: begins_train || pause,
                ends: false,
            });
        }
        let burst = program.burst.map_or(0.0, |burst| 1.5 / burst.rate) * view.rate();
        let within = last.is_some_and(|before| at - before <= burst);
        // Where the window opens within a burst, what it holds of that one does not begin with the first pulse.
        cut = match last {
            None => !begins_train && before(view, &row).is_some_and(|before| at - before <= burst),
            Some(_) => cut && within,
        };
        last = Some(at);
        if cut {
            continue;
        }
        if let Some(stretch) = all.last_mut()
            && (!within || stretch.run().count == 0)
        {
            stretch.take(row, view.rate());
        }
    }
    if let (Some(stretch), Some(at)) = (all.last_mut(), last) {
        // Behind a stop its silence is none of the program's.
        let closes = closes.min(view.default_record_end(at as u64) as f64);
        stretch.ends =
            closes - at > off_gap(&stretch.segment.programmed) * view.rate() && !spent(view, stretch);
    }
    all
}

/// Whether the program itself ended with the last pulse of a stretch, before its on-time was over.
fn spent(view: &View<'_>, stretch: &Stretch<'_>) -> bool {
    let (run, program) = (stretch.run(), &stretch.segment.programmed);
    let placed = run.last.and_then(|last| view.placed(&last));
    let over = placed
        .zip(program.pulse_limit())
        .is_some_and(|(placed, limit)| placed.number + program.pulses_per_period() >= limit);
    over && program.groups_per_on().is_some_and(|groups| run.count < groups)
}

/// When the pulse before a row came, samples.
fn before(view: &View<'_>, row: &PulseRow) -> Option<f64> {
    let before = view.contact.pulses.get(row.number.checked_sub(1)?)?;
    Some(before.start())
}

/// Longer than this from a pulse to the next is an off-time, s: half-way between what lies between the groups of an on-time and
/// what lies across an off-time, both counted from the last pulse of a group.
pub(super) fn off_gap(program: &Program) -> f64 {
    program.cycle.zip(program.groups_per_on()).map_or(f64::INFINITY, |(cycle, groups)| {
        let pause = cycle.off_time + cycle.on_time - groups as f64 / program.rate;
        (0.5 * pause + program.period()).max(1.5 * program.period()) - group_span(program)
    })
}

fn of_segment(view: &View<'_>, segment: &Segment, figure: impl Fn(&Program) -> Option<f64>) -> Option<f64> {
    match view.nominal() {
        Nominal::Value(value) => Some(value),
        Nominal::Applied => figure(&segment.applied),
        Nominal::Programmed => figure(&segment.programmed),
    }
}

fn level(row: &PulseRow) -> f64 {
    row.phases().first().map_or(1.0, |phase| f64::from(phase.level) - row.base)
}

/// (n − 1)/(t_n − t_1) of leading 50 % instants; stretches separated by off-times or changes are judged apart.
pub(super) fn rate(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    let (mut longest, mut most) = (0.0_f64, 0);
    for stretch in stretches(view, view.pulses(window)?, window.to as f64) {
        let run = stretch.run();
        let Some((first, last)) = run.ends() else { continue };
        let periods = run.count as f64 - 1.0;
        let seconds = (last.start() - first.start()) / view.rate();
        (longest, most) = (longest.max(seconds), most.max(run.count - 1));
        if periods < 1.0 || seconds <= 0.0 {
            continue;
        }
        let rate = periods / seconds;
        let lines = edges(view, seconds, level(&first), 2.0);
        let budget = lines.into_iter().map(|line| line.scaled(rate / seconds)).collect();
        let nominal = of_segment(view, stretch.segment, |program| Some(program.rate));
        units.push(Unit { nominal, ..view.unit(&first, Measured::new(rate, budget)) });
    }
    if units.is_empty() {
        let need = view.case.program.period();
        return Err(Reason::TooShort { have: longest, cycles: most, need, fewest: 1 });
    }
    Ok(())
}

/// Standard deviation of successive periods about the mean of their stretch. What the edges themselves jitter is a line of
/// the budget and not subtracted.
pub(super) fn period_jitter(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    let (mut squares, mut count, mut stray) = (0.0, 0_u64, None::<(f64, PulseRow)>);
    let all = stretches(view, view.pulses(window)?, window.to as f64);
    // Of a single period nothing can be said.
    for run in all.iter().map(Stretch::run).filter(|run| run.count > 2) {
        squares += run.squares;
        count += run.count - 2;
        let far = run.stray().filter(|(off, _)| stray.is_none_or(|(so_far, _)| *off > so_far));
        stray = far.or(stray);
    }
    let Some((_, row)) = stray else {
        let need = 3.0 * view.case.program.period();
        let cycles = all.iter().map(|stretch| stretch.run().count).sum();
        return Err(Reason::TooShort { have: 0.0, cycles, need, fewest: 2 });
    };
    let budget = edges(view, 0.0, level(&row), 2.0);
    units.push(view.unit(&row, Measured::new((squares / count as f64).sqrt(), budget)));
    Ok(())
}

/// On-times and off-times of the window, the ones cut by its ends left out.
fn turns<'a>(view: &View<'a>) -> Result<Vec<Stretch<'a>>, Reason> {
    let window = view.cycling_window()?;
    Ok(stretches(view, view.pulses(window)?, window.to as f64))
}

/// First to last leading edge plus one period.
pub(super) fn cycle_on(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    for stretch in turns(view)?.iter().filter(|stretch| stretch.begins && stretch.ends) {
        let Some((first, last)) = stretch.run().ends() else { continue };
        let period = stretch.segment.programmed.period();
        let seconds = (last.start() - first.start()) / view.rate() + period;
        let nominal = of_segment(view, stretch.segment, |program| Some(program.cycle?.on_time));
        let measured = Measured::new(seconds, resolved(view, seconds, &first, period));
        units.push(Unit { nominal, ..view.unit(&first, measured) });
    }
    if units.is_empty() { Err(Reason::NoTurn) } else { Ok(()) }
}

/// Last leading edge to the first behind the off-time, less one period.
pub(super) fn cycle_off(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let all = turns(view)?;
    let pairs = all.iter().zip(all.iter().skip(1));
    for (before, after) in pairs.filter(|(before, after)| before.ends && after.begins) {
        let Some(((_, last), (first, _))) = before.run().ends().zip(after.run().ends()) else { continue };
        let period = before.segment.programmed.period();
        let seconds = (first.start() - last.start()) / view.rate() - period;
        let nominal = of_segment(view, before.segment, |program| Some(program.cycle?.off_time));
        let measured = Measured::new(seconds, resolved(view, seconds, &first, period));
        units.push(Unit { nominal, ..view.unit(&first, measured) });
    }
    if units.is_empty() { Err(Reason::NoTurn) } else { Ok(()) }
}

/// Between pulses nothing is seen: a time that begins or ends there is known to a period.
pub(super) fn resolved(view: &View<'_>, seconds: f64, row: &PulseRow, period: f64) -> Vec<Input> {
    let mut budget = edges(view, seconds, level(row), 2.0);
    budget.push(Input::rectangular("one period", period.max(slot(&view.case.program))));
    budget
}
