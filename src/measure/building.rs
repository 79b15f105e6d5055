//! A pulse that is under way, what of a recharge behind it is still its own, and one that is over.

use super::Level;
use super::row::Excursion;
use super::timing::Timing;

/// A pulse that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Building {
    pub(super) excursions: [Excursion; 3],
    pub(super) count: usize,
    pub(super) positive: bool,
    /// Of the program that was in force when it began.
    pub(super) timing: Timing,
    pub(super) before: Option<Level>,
    pub(super) base: f64,
    /// Sample at which it began.
    pub(super) at: u64,
    /// Where a recharge begins to take charge back.
    pub(super) follower: Option<Excursion>,
    /// Nothing more can belong to it from this sample on.
    pub(super) deadline: u64,
    pub(super) clipped: bool,
}

impl Building {
    /// Where the recharge switch opens, if it closes at all.
    pub(super) fn open(&self) -> Option<u64> {
        self.timing.recharge.map(|switch| self.at + switch.to)
    }

    /// Where it opened, seen from sample `upto`, at which the next pulse begins or nothing more is waited for. Between the
    /// pulses of a burst that is recharged at its end it never closes.
    pub(super) fn opened(&self, upto: u64) -> Option<u64> {
        let last_only = self.timing.recharge.is_some_and(|switch| switch.last_only);
        self.open().filter(|open| self.follower.is_some() || !last_only || upto > *open)
    }

    /// Whether a current that begins at sample `at` is what the recharge takes back. After one phase it has the other sign;
    /// what a recharge finds after an active recovery has either.
    pub(super) fn recharges(&self, at: u64, positive: bool) -> bool {
        let returns = positive != self.positive || self.timing.phases > 1;
        returns && self.open().is_some_and(|open| at <= open)
    }

    /// Whether a current of the size of a phase, taken for a recharge, is a phase: it began too long after the switch has
    /// closed, or has the sign of the leading phase.
    pub(super) fn outgrows(&self, from: u64, positive: bool, settling: u64) -> bool {
        let closed = self.timing.recharge.map_or(u64::MAX, |switch| self.at + switch.from);
        from > closed.saturating_add(2 * settling) || positive == self.positive
    }
}

/// A row that has just been written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished {
    /// Its index in the table.
    pub(super) row: usize,
    /// First sample of its windows.
    pub(super) from: u64,
    /// End of its pulse window.
    pub(super) to: u64,
    /// Quiet samples between the pulse before and this one, as far as the program tells.
    pub(super) rest: u64,
}
