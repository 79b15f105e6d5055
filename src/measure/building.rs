//! A pulse that is under way, and one that is over.

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
    pub(super) before: Option<super::Level>,
    pub(super) base: f64,
    pub(super) recharge_end: Option<u64>,
    /// Where a passive recharge begins to take charge back.
    pub(super) follower: Option<Excursion>,
    /// Nothing more can belong to it from this sample on.
    pub(super) deadline: u64,
    pub(super) clipped: bool,
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
