//! Cycles: a pulse and its rest, a pair of alternating pulses, a burst.

use std::iter::Peekable;

use crate::measure::{Level, PulseRow, Rows, Table};
use crate::signal::Waveform;

use super::{Reason, View, Window};

/// From a leading edge (of a pulse, of a pair, of the first pulse of a burst) to the next.
#[derive(Debug, Clone)]
pub struct Cycle<'a> {
    /// Index of its first pulse in the contact's table.
    pub index: usize,
    /// Its pulses; at least one.
    pub count: usize,
    /// Windows, areas and baselines of the whole, with the phases of the first pulse. A cycle that no other follows ends with the
    /// window of its last pulse.
    pub row: PulseRow,
    /// Another cycle follows without an interruption.
    pub whole: bool,
    first: PulseRow,
    last: PulseRow,
    table: &'a Table<PulseRow>,
}

impl<'a> Cycle<'a> {
    /// A pulse alone, without its rest.
    pub(super) fn alone(row: PulseRow, table: &'a Table<PulseRow>) -> Self {
        Self { index: row.number, count: 1, row, whole: false, first: row, last: row, table }
    }

    /// Its pulses, in order of time.
    pub fn pulses(&self) -> impl Iterator<Item = PulseRow> + use<'a> {
        // Most cycles have one, which need not be looked up.
        let others = (self.count > 1).then(|| self.table.range(self.index + 1..self.behind()));
        std::iter::once(self.first).chain(others.into_iter().flatten())
    }

    /// The last of its pulses.
    pub fn last(&self) -> &PulseRow {
        &self.last
    }

    /// Index of the pulse behind it.
    pub fn behind(&self) -> usize {
        self.index + self.count
    }

    /// What of it began before sample `to`, to the end of the last pulse.
    pub(super) fn until(&self, to: u64) -> Option<Self> {
        let mut begun = self.pulses().take_while(|row| row.at < to);
        let mut merge = Merge::of(begun.next()?);
        begun.for_each(|row| merge.add(row));
        Some(Self { whole: false, ..merge.cycle(false, self.table) })
    }

    /// Area (from the row's own level) and length of each pulse with what of its rest belongs to the cycle.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (PulseRow, f64, f64)> {
        let rested = if self.whole { self.count } else { self.count - 1 };
        self.pulses().enumerate().map(move |(k, row)| {
            let (area, length) = stretch(&row, k < rested);
            (row, area, length)
        })
    }
}

/// A pulse with its rest, or to the end of its window.
fn stretch(row: &PulseRow, rested: bool) -> (f64, f64) {
    if rested && row.cycle_span > 0 {
        (row.cycle_area, row.cycle_span as f64)
    } else {
        (row.pulse_area, f64::from(row.pulse_span))
    }
}

/// A cycle as its pulses come in.
struct Merge {
    first: PulseRow,
    last: PulseRow,
    count: usize,
    /// Of the pulses before the last: area, counted from the first one's level, and length.
    area: f64,
    span: f64,
    /// All of them so far have their rest.
    whole: bool,
}

impl Merge {
    fn of(first: PulseRow) -> Self {
        Self { first, last: first, count: 1, area: 0.0, span: 0.0, whole: first.cycle_span > 0 }
    }

    fn add(&mut self, row: PulseRow) {
        let last = std::mem::replace(&mut self.last, row);
        (self.area, self.span) = self.with(&last, true);
        self.count += 1;
        self.whole &= row.cycle_span > 0;
        let flags = &mut self.first.flags;
        flags.clipped |= row.flags.clipped;
        flags.truncated |= row.flags.truncated;
        flags.endless |= row.flags.endless;
    }

    /// Area and length with one more row. Each counts its areas from its own quiet level.
    fn with(&self, row: &PulseRow, rested: bool) -> (f64, f64) {
        let (own, length) = stretch(row, rested);
        (self.area + (own + (row.base - self.first.base) * length), self.span + length)
    }

    /// The cycle, with the rest of its last pulse or without.
    fn cycle<'a>(self, rested: bool, table: &'a Table<PulseRow>) -> Cycle<'a> {
        let Self { first, last, count, whole, .. } = self;
        let (area, span) = self.with(&last, rested);
        let later = (last.at - first.at) as f32;
        let after = last.after.map(|level| Level { centre: level.centre + later, ..level });
        let row = PulseRow { cycle_area: area, cycle_span: span as u64, after, ..first };
        Cycle { index: first.number, count, row, whole, first, last, table }
    }
}

/// Cycles in order of time.
pub struct Cycles<'v, 'a> {
    view: &'v View<'a>,
    rows: Peekable<Rows<'a, PulseRow>>,
    before: Option<PulseRow>,
    end: usize,
}

impl<'a> Iterator for Cycles<'_, 'a> {
    type Item = Cycle<'a>;

    fn next(&mut self) -> Option<Cycle<'a>> {
        let mut first = self.rows.next()?;
        while self.before.as_ref().is_some_and(|before| self.view.follows(&first, before)) {
            self.before = Some(first);
            first = self.rows.next()?;
        }
        if first.number >= self.end {
            return None;
        }
        let (mut merge, view) = (Merge::of(first), self.view);
        while let Some(row) = self.rows.next_if(|row| view.follows(row, &merge.last)) {
            merge.add(row);
        }
        self.before = Some(merge.last);
        let whole = merge.whole;
        Some(merge.cycle(whole, &self.view.contact.pulses))
    }
}

impl<'a> View<'a> {
    /// Whether a row belongs to the cycle of the row before it.
    fn follows(&self, row: &PulseRow, before: &PulseRow) -> bool {
        let program = self.program_at(before);
        match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => {
                let (n, behind) = (self.placed(row).map_or(0, |placed| placed.n), self.placed(before));
                n % 2 == 1 && behind.is_some_and(|behind| behind.n + 1 == n)
            }
            // The definition's cut between bursts.
            (_, Some(burst)) => row.start() - before.start() <= 1.5 * self.rate() / burst.rate,
            _ => false,
        }
    }

    /// Every cycle that begins with one of the view's rows, broken ones at an end or a loss included.
    pub fn all_cycles(&self) -> Cycles<'_, 'a> {
        let rows = &self.contact.pulses;
        let (from, end) = self.rows;
        let before = from.checked_sub(1).and_then(|before| rows.get(before));
        Cycles { view: self, rows: rows.range(from..rows.len()).peekable(), before, end }
    }

    /// The cycle that begins with row `index`.
    pub fn cycle_at(&self, index: usize) -> Option<Cycle<'a>> {
        View { rows: (index, index + 1), ..self.clone() }.all_cycles().next()
    }

    /// Whole cycles inside a window.
    ///
    /// # Errors
    /// [`Reason::NoPulse`] when there is none, the others as [`View::followed`].
    pub fn cycles(&self, window: Window) -> Result<impl Iterator<Item = Cycle<'a>>, Reason> {
        self.followed(window)?;
        let g = self.settling();
        let delay = self.recording.front_end.delay * self.rate();
        let inside = move |cycle: &Cycle<'_>| {
            let row = &cycle.row;
            let begins = row.start() - delay >= window.from as f64 - g as f64;
            let sound = !row.flags.truncated && !row.flags.endless && row.count > 0;
            cycle.whole && begins && sound && row.from + row.cycle_span <= window.to + g
        };
        let mut found = self.all_cycles().filter(inside).peekable();
        if found.peek().is_some() { Ok(found) } else { Err(self.no_pulse(window)) }
    }
}
