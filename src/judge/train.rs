//! Which pulse of which program a row is.

use std::ops::Range;

use crate::measure::{ContactRecord, PulseRow, Recording, Table};
use crate::scenario::{Case, Nominal};
use crate::signal::{Burst, Part, Program, Pulse, Waveform};

use super::hidden::Sight;
use super::view::Window;
use super::{Facts, Instant, Reason, Segment, View};

/// How far a pulse may be from its instant to be that instant's, in intervals between pulses.
pub(super) const REACH: f64 = 0.25;
/// Two clocks may differ by this much before the count of rows is not believed.
pub(super) const CLOCKS: f64 = 1e-4;

/// A row's place in the train.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The stretch of program in force.
    pub segment: &'a Segment,
    /// Number of the pulse since that program took effect, and how far into an on-time it did, s.
    pub n: u64,
    /// See `n`.
    pub into: f64,
    /// Number of the pulse since the start, as far as each earlier pulse came.
    pub number: u64,
    /// For how long the train may have run before its first row, s: by so much later on a ramp the pulse may be.
    pub hidden: f64,
}

impl Placed<'_> {
    /// The pulse that `program` asks for at this place.
    pub fn pulse(&self, program: &Program) -> Pulse {
        program.pulse_from(self.n, self.into)
    }

    /// Whether it is one of pulses of alternating polarity.
    pub fn alternates(&self) -> bool {
        self.segment.programmed.waveform == Waveform::Alternating
    }

    /// Whether it is the second of a pair of alternating pulses, which has the other sign.
    pub fn is_second(&self) -> bool {
        self.alternates() && self.n % 2 == 1
    }
}

/// Which program rules which rows of a contact's table.
#[derive(Debug, Clone, Default)]
pub(super) struct Course<'a> {
    /// Rows of each train, from the first after a start to the last before the next one.
    trains: Vec<Range<usize>>,
    /// In order of their rows.
    ruled: Vec<Ruled<'a>>,
}

/// Rows under one program.
#[derive(Debug, Clone, Copy)]
struct Ruled<'a> {
    /// The first of them, which is pulse 0 of `part`.
    first: usize,
    segment: &'a Segment,
    part: Part<'a>,
    /// Leading edge of the first pulse of the train, samples.
    zero: f64,
    /// As [`Placed::hidden`].
    hidden: f64,
}

impl<'a> Course<'a> {
    /// A change takes effect at the first pulse (burst, pair) after the board took it; that pulse is looked for among the
    /// rows, so that the grid of a program begins where the stimulator's clock put it.
    pub(super) fn of(
        case: &Case,
        facts: &'a Facts,
        recording: &Recording,
        contact: &ContactRecord,
        sight: &Sight,
    ) -> Self {
        let rate = recording.setup.sample_rate;
        let rows = &contact.pulses;
        let before = |sample: u64| rows.partition_point(|row| row.at < sample);
        let starts: Vec<&Instant> = facts.begins(case).collect();
        let mut course = Self::default();
        let add = |course: &mut Self, train: Range<usize>, started: u64, earliest: f64| {
            let hidden = |program: &Program, zero: f64| {
                let lost = recording.lost_within(started, zero as u64) > 0;
                sight.hidden(program, program.share_of(&contact.name), ((zero - earliest) / rate, lost))
            };
            course.follow(train, started, hidden, &facts.segments, rows, rate);
        };
        // Rows before the first start are counted from the first of them.
        let mut first = starts.first().map_or(rows.len(), |start| before(start.sample));
        add(&mut course, 0..first, 0, f64::INFINITY);
        let ends = starts.iter().skip(1).map(|next| before(next.sample)).chain([rows.len()]);
        // When the start of a train may have been taken at the earliest, samples, and what it waited for.
        let doubt = |at: &Instant| if at.marked { 0.0 } else { facts.round_trip * rate };
        let mut waited = f64::NEG_INFINITY;
        for (start, end) in starts.iter().zip(ends) {
            let end = end.max(first);
            add(&mut course, first..end, start.sample, (start.at() - doubt(start)).max(waited));
            let owed = course.owed(first..end, rows, rate);
            course.trains.push(first..end + owed);
            first = end + owed;
            waited = owed.checked_sub(1).and_then(|_| rows.get(first - 1)).map_or(waited, |last| last.end());
        }
        course
    }

    /// How many of the rows behind those of a train are its own still, though another start was taken before them: a stimulator that has
    /// begun pulses that are balanced together (a pair, a burst) brings them to their end, and begins another train only then.
    fn owed(&self, train: Range<usize>, rows: &Table<PulseRow>, rate: f64) -> usize {
        let last = train.end.checked_sub(1).filter(|last| train.contains(last));
        let Some((ruled, n, last)) = last.and_then(|last| {
            let last = rows.get(last)?;
            let (ruled, n) = self.ruling(&last, rows, rate)?;
            Some((ruled, n, last))
        }) else {
            return 0;
        };
        let program = ruled.part.program;
        if !program.balances_together() {
            return 0;
        }
        let (slot, group) = (slot(program) * rate, program.pulses_per_period());
        let positive = |row: &PulseRow| row.phases().first().map(|phase| f64::from(phase.level) > row.base);
        let alternates = program.waveform == Waveform::Alternating;
        let due = (1..group - n % group).zip(rows.range(train.end..rows.len()));
        due.take_while(|(k, row)| {
            let away = row.start() - last.start() - *k as f64 * slot;
            let other = !alternates || positive(row) != positive(&last);
            away.abs() <= REACH * slot && other
        })
        .count()
    }

    /// The program that rules a row, and the row's number in its part.
    fn ruling(&self, row: &PulseRow, rows: &Table<PulseRow>, rate: f64) -> Option<(&Ruled<'a>, u64)> {
        let known = self.ruled.partition_point(|ruled| ruled.first <= row.number);
        let ruled = self.ruled.get(known.checked_sub(1)?)?;
        let Ruled { first, part, zero, .. } = ruled;
        let place = || in_group(part.program, rows, *first..row.number, rate);
        Some((ruled, number(part, row.number - first, (row.start() - zero) / rate, place)))
    }

    /// Adds the parts of a train.
    fn follow(
        &mut self,
        train: Range<usize>,
        started: u64,
        hidden: impl Fn(&Program, f64) -> f64,
        segments: &'a [Segment],
        rows: &Table<PulseRow>,
        rate: f64,
    ) {
        let known = segments.partition_point(|segment| segment.from <= started);
        let segment = known.checked_sub(1).and_then(|k| segments.get(k)).or(segments.first());
        let first = rows.get(train.start).filter(|_| !train.is_empty());
        let (Some(segment), Some(zero)) = (segment, first.map(|row| row.start())) else { return };
        let seconds = |index: usize| rows.get(index).map_or(0.0, |row| (row.start() - zero) / rate);
        let hidden = hidden(&segment.programmed, zero);
        let part = Part::first(&segment.programmed);
        let mut last = Ruled { first: train.start, segment, part, zero, hidden };
        self.ruled.push(last);
        for next in segments.iter().skip(known.max(1)) {
            let from = rows.partition_point(|row| row.at < next.from);
            if from >= train.end {
                return;
            }
            let part = last.part;
            let per_group = part.program.pulses_per_period();
            let place = || in_group(part.program, rows, last.first..from, rate);
            let n = number(&part, from.saturating_sub(last.first), seconds(from), place);
            let group = n.div_ceil(per_group) * per_group;
            let takes = from.saturating_add((group - n) as usize).max(last.first);
            if takes >= train.end {
                return;
            }
            let due = part.start_of(group);
            let near = |at: &f64| (at - due).abs() <= REACH * slot(part.program) + CLOCKS * due;
            let origin = Some(seconds(takes)).filter(near).unwrap_or(due);
            // A new on-time begins its ramp where it is seen to begin.
            let hidden = if next.programmed.continues(part.program) { last.hidden } else { 0.0 };
            let part = Part { origin, ..part.change(group, &next.programmed) };
            last = Ruled { first: takes, segment: next, part, zero, hidden };
            self.ruled.push(last);
        }
    }
}

impl<'a> View<'a> {
    /// Indices of the rows of each train, from the first after a start to the last before the next one.
    pub fn trains(&self) -> &[Range<usize>] {
        &self.course.trains
    }

    /// Where a row stands in its train.
    pub fn placed(&self, row: &PulseRow) -> Option<Placed<'a>> {
        let (ruled, n) = self.course.ruling(row, &self.contact.pulses, self.rate())?;
        let Ruled { segment, part, hidden, .. } = *ruled;
        Some(Placed { segment, n, into: part.into, number: part.base + n, hidden })
    }

    /// That what `of` says of the pulse that a row was to be is the same whichever pulse of a ramp the row is.
    ///
    /// # Errors
    /// [`Reason::NotPlaced`] where it is not, and pulses before the first row of the train may have come unseen.
    pub fn known(&self, row: &PulseRow, of: impl Fn(&Pulse) -> f64) -> Result<(), Reason> {
        if self.course.ruled.iter().all(|ruled| ruled.hidden == 0.0) {
            return Ok(());
        }
        let Some(placed) = self.placed(row).filter(|placed| placed.hidden > 0.0) else { return Ok(()) };
        let program = &placed.segment.programmed;
        let later = program.pulse_from(placed.n, placed.into + placed.hidden);
        if of(&placed.pulse(program)) == of(&later) {
            Ok(())
        } else {
            Err(Reason::NotPlaced { pulse: row.number })
        }
    }

    /// That no train whose first row lies in a window may have begun unseen before that.
    ///
    /// # Errors
    /// [`Reason::NotPlaced`].
    pub fn begun_unseen(&self, window: Window) -> Result<(), Reason> {
        let inside = window.from as f64..window.to as f64;
        let unseen = |ruled: &&Ruled<'_>| ruled.hidden > 0.0 && inside.contains(&ruled.zero);
        match self.course.ruled.iter().find(unseen) {
            Some(ruled) => Err(Reason::NotPlaced { pulse: ruled.first }),
            None => Ok(()),
        }
    }

    /// The stretch of program in force at a pulse, and whether the pulse lies between the request of the next one and its
    /// being taken, where neither is known to rule.
    pub fn segment(&self, row: &PulseRow) -> Option<(&'a Segment, bool)> {
        Some((self.placed(row)?.segment, self.segment_at(row.at)?.1))
    }

    /// The same at a sample, where there is no pulse to say which burst or pair the change waited for.
    pub fn segment_at(&self, at: u64) -> Option<(&'a Segment, bool)> {
        let segments = &self.facts.segments;
        let segment = segments.iter().rfind(|segment| segment.from <= at).or(segments.first())?;
        let pending = |next: &Segment| next.requested <= at && at < next.from && next.requested > 0;
        Some((segment, segments.iter().any(pending)))
    }

    /// Every program that may be in force at a sample, where no pulse of the contact says which: while a change is being taken
    /// those before and behind it, and a group (a burst, a pair) that has begun is still brought to its end under the old one.
    pub fn programs_at(&self, at: u64) -> impl Iterator<Item = &'a Program> + use<'a> {
        let (segments, rate) = (&self.facts.segments, self.rate());
        let ends = segments.iter().zip(segments.iter().skip(1)).map(move |(segment, next)| {
            let rest = (group_span(&segment.programmed) * rate).ceil() as u64;
            next.from.saturating_add(rest)
        });
        let within =
            segments.iter().enumerate().zip(ends.chain([u64::MAX])).filter(move |((k, segment), ends)| {
                let requested = if segment.requested > 0 { segment.requested } else { segment.from };
                (*k == 0 || requested <= at) && at < *ends
            });
        within.map(|((_, segment), _)| &segment.programmed)
    }

    /// Every program that is in force within the window.
    pub fn programs_within(&self, window: Window) -> impl Iterator<Item = &'a Program> + use<'a> {
        let segments = &self.facts.segments;
        let ends = segments.iter().skip(1).map(|next| next.from).chain([u64::MAX]);
        let within = segments
            .iter()
            .zip(ends)
            .filter(move |(segment, ends)| segment.from < window.to && *ends > window.from);
        within.map(|(segment, _)| &segment.programmed)
    }

    /// Whether a contact carries nothing in any of them.
    pub fn is_idle(&self, window: Window, contact: &str) -> bool {
        self.programs_within(window).all(|program| program.share_of(contact) == 0.0)
    }

    /// The pulse a row was to be, by the nominal of the check: what was programmed or what was applied. While a change is not
    /// known to rule, nothing is programmed; a limit that is not about the program holds for what is emitted then too.
    pub fn asked(&self, row: &PulseRow, of: Nominal) -> Option<Pulse> {
        let placed = self.placed(row)?;
        let program = match of {
            Nominal::Applied => &placed.segment.applied,
            _ if self.segment_at(row.at)?.1 => {
                if self.nominal_is_programmed() {
                    return None;
                }
                &placed.segment.applied
            }
            _ => &placed.segment.programmed,
        };
        Some(placed.pulse(program))
    }
}

/// Shortest interval between the pulses of a program, s.
pub fn slot(program: &Program) -> f64 {
    let per_second =
        program.burst.map_or(program.rate * program.pulses_per_period() as f64, |burst| burst.rate);
    1.0 / per_second.max(program.rate)
}

/// From the first pulse of a group (a burst, a pair) to its last, s.
pub fn group_span(program: &Program) -> f64 {
    program.start_of(program.pulses_per_period().saturating_sub(1))
}

/// Number of a pulse in its part, `rows` rows behind the part's first, at `t` seconds from the first of the train.
///
/// The count of rows is exact for any length of train as long as each pulse came once; where it cannot be, time decides. Of groups
/// (bursts, pairs) it decides which it is, and `place` which of its pulses and how long, s, the group had begun by then: a rate that
/// is off by less than its tolerance moves a group by more than the time between two of its pulses before long.
fn number(part: &Part<'_>, rows: usize, t: f64, place: impl FnOnce() -> (u64, f64)) -> u64 {
    let (counted, slot) = (rows as u64, slot(part.program));
    let off = (part.start_of(counted) - t).abs();
    if off <= REACH * slot + CLOCKS * (t - part.origin).abs() {
        return counted;
    }
    let pulses = part.program.pulses_per_period().max(1);
    let (place, since) = place();
    let begun = t - since - part.origin;
    let latest = part.program.pulses_before_from(begun + REACH * part.program.period(), part.into);
    latest.saturating_sub(1) / pulses * pulses + place.min(pulses - 1)
}

/// Which pulse of its group the row behind the rows `before` of its part is, from 0, and how long the group had begun by then, s.
fn in_group(program: &Program, rows: &Table<PulseRow>, before: Range<usize>, rate: f64) -> (u64, f64) {
    let found = match (program.waveform, program.burst) {
        (Waveform::Alternating, _) => in_pair(program, rows, before, rate),
        (_, Some(burst)) => in_burst(burst, rows, before, rate),
        _ => None,
    };
    found.unwrap_or((0, 0.0))
}

/// By the pulse before it: one of the sign of the part's first pulse is the first of a pair, and half a period later comes the other.
fn in_pair(program: &Program, rows: &Table<PulseRow>, before: Range<usize>, rate: f64) -> Option<(u64, f64)> {
    let positive = |row: &PulseRow| Some(f64::from(row.phases().first()?.level) > row.base);
    let last = before.clone().next_back()?;
    let (first, last, own) = (rows.get(before.start)?, rows.get(last)?, rows.get(before.end)?);
    let is_second = positive(&last)? != positive(&first)?;
    let (half, since) = (0.5 * program.period(), (own.start() - last.start()) / rate);
    let halves = (since / half).round() as u64;
    let place = (u64::from(is_second) + halves) % 2;
    // Both of a pair are to be of the same one, however far it is from its instant.
    let partner = !is_second && halves == 1;
    Some((place, if partner { since } else { place as f64 * half }))
}

/// By the time from the first of the pulses that lie no farther apart than those of a burst do.
fn in_burst(burst: Burst, rows: &Table<PulseRow>, before: Range<usize>, rate: f64) -> Option<(u64, f64)> {
    let apart = 1.5 * rate / burst.rate;
    let mut place = rows.iter();
    let own = place.at(before.end)?.start();
    let mut begun = own;
    for index in before.rev().take(burst.pulses.saturating_sub(1) as usize) {
        match place.at(index).map(|row| row.start()) {
            Some(earlier) if begun - earlier <= apart => begun = earlier,
            _ => break,
        }
    }
    let since = (own - begun) / rate;
    Some(((since * burst.rate).round() as u64, since))
}
