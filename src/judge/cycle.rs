//! Cycles: a pulse and its rest, a pair of alternating pulses, a burst.

use crate::measure::{Level, PulseRow};
use crate::signal::Waveform;

use super::{Reason, View, Window};

/// From a leading edge (of a pulse, of a pair, of the first pulse of a burst) to the next.
#[derive(Debug, Clone)]
pub struct Cycle<'a> {
    /// Index of its first pulse in the contact's table.
    pub index: usize,
    /// Its pulses; never empty.
    pub pulses: &'a [PulseRow],
    /// Windows, areas and baselines of the whole, with the phases of the first pulse. A cycle that no other follows ends with the
    /// window of its last pulse.
    pub row: PulseRow,
    /// Another cycle follows without an interruption.
    pub whole: bool,
}

impl<'a> Cycle<'a> {
    /// Of rows that follow each other.
    fn of(index: usize, pulses: &'a [PulseRow]) -> Option<Self> {
        let last = pulses.len().checked_sub(1)?;
        let whole = pulses.iter().all(|row| row.cycle_span > 0);
        match pulses {
            [only] if whole => Some(Self { index, pulses, row: *only, whole }),
            _ => Some(Self {
                row: merged(pulses, if whole { pulses.len() } else { last })?,
                index,
                pulses,
                whole,
            }),
        }
    }

    /// What of it began before sample `to`, to the end of the last pulse.
    pub(super) fn until(&self, to: u64) -> Option<Self> {
        let begun = self.pulses.iter().take_while(|row| row.at < to).count();
        let pulses = self.pulses.get(..begun)?;
        Some(Self { row: merged(pulses, begun.saturating_sub(1))?, index: self.index, pulses, whole: false })
    }

    /// Area (from the row's own level) and length of each pulse with what of its rest belongs to the cycle.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (&'a PulseRow, f64, f64)> {
        let rested = if self.whole { self.pulses.len() } else { self.pulses.len().saturating_sub(1) };
        stretches(self.pulses, rested)
    }
}

/// The first `rested` pulses with their rest, the others to the end of their window.
fn stretches(pulses: &[PulseRow], rested: usize) -> impl Iterator<Item = (&PulseRow, f64, f64)> {
    pulses.iter().enumerate().map(move |(k, row)| {
        if k < rested && row.cycle_span > 0 {
            (row, row.cycle_area, row.cycle_span as f64)
        } else {
            (row, row.pulse_area, f64::from(row.pulse_span))
        }
    })
}

/// The row of a whole cycle.
fn merged(pulses: &[PulseRow], rested: usize) -> Option<PulseRow> {
    let (first, last) = (pulses.first()?, pulses.last()?);
    let (mut area, mut span, mut flags) = (0.0, 0.0, first.flags);
    for (row, own, length) in stretches(pulses, rested) {
        // Each row counts its areas from its own quiet level.
        area += own + (row.base - first.base) * length;
        span += length;
        flags.clipped |= row.flags.clipped;
        flags.truncated |= row.flags.truncated;
        flags.endless |= row.flags.endless;
    }
    let later = (last.at - first.at) as f32;
    let after = last.after.map(|level| Level { centre: level.centre + later, ..level });
    Some(PulseRow { cycle_area: area, cycle_span: span as u64, after, flags, ..*first })
}

impl<'a> View<'a> {
    /// Whether a cycle begins with row `index`.
    pub fn begins_cycle(&self, index: usize) -> bool {
        let rows = &self.contact.pulses;
        let before = index.checked_sub(1).and_then(|before| rows.get(before));
        let (Some(row), Some(before)) = (rows.get(index), before) else { return true };
        let program = self.program_at(before);
        let follows = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => {
                let (n, behind) = (self.placed(row).map_or(0, |placed| placed.n), self.placed(before));
                n % 2 == 1 && behind.is_some_and(|behind| behind.n + 1 == n)
            }
            // The definition's cut between bursts.
            (_, Some(burst)) => row.start() - before.start() <= 1.5 * self.rate() / burst.rate,
            _ => false,
        };
        !follows
    }

    /// Every cycle that begins with one of the view's rows, broken ones at an end or a loss included.
    pub fn all_cycles(&self) -> impl Iterator<Item = Cycle<'a>> + '_ {
        let (from, to) = (self.rows.0, self.rows.1.min(self.contact.pulses.len()));
        (from..to).filter(|index| self.begins_cycle(*index)).filter_map(|index| self.cycle_at(index))
    }

    /// The cycle from row `index` on.
    pub fn cycle_at(&self, index: usize) -> Option<Cycle<'a>> {
        let rows = &self.contact.pulses;
        let end = (index + 1..rows.len()).find(|next| self.begins_cycle(*next)).unwrap_or(rows.len());
        Cycle::of(index, rows.get(index..end)?)
    }

    /// Whole cycles inside a window.
    ///
    /// # Errors
    /// [`Reason::NoPulse`] when there is none.
    pub fn cycles(&self, window: Window) -> Result<Vec<Cycle<'a>>, Reason> {
        let g = self.settling();
        let delay = self.recording.front_end.delay * self.rate();
        let inside = |cycle: &Cycle<'_>| {
            let row = &cycle.row;
            let begins = row.start() - delay >= window.from as f64 - g as f64;
            let sound = !row.flags.truncated && !row.flags.endless && row.count > 0;
            cycle.whole && begins && sound && row.from + row.cycle_span <= window.to + g
        };
        let found: Vec<_> = self.all_cycles().filter(inside).collect();
        if found.is_empty() {
            let seconds = |sample: u64| sample as f64 / self.rate();
            return Err(Reason::NoPulse { from: seconds(window.from), to: seconds(window.to) });
        }
        Ok(found)
    }
}
