//! The faults that are injected, and what silence they excuse.

use crate::instrument::InstrumentFault;

/// What is injected, as far as the host has to know it.
#[derive(Debug, Default)]
pub(super) struct Injected {
    /// Bytes of the stimulator's link are damaged.
    pub(super) disturbed: bool,
    /// The stimulator has no supply, or no answer yet, before this instant of the bench's clock, ns.
    pub(super) unpowered_until: u64,
    /// The stimulator's core is stopped: it neither hears nor answers.
    pub(super) core_halted: bool,
    /// A command above the cap was taken.
    pub(super) over_cap: bool,
    /// The starts that are to be refused: step of the fault, and when (ns).
    pub(super) restarts: Vec<(usize, u64)>,
}

impl Injected {
    /// Whether the stimulator can be asked at all.
    pub(super) fn can_answer(&self, now: u64) -> bool {
        self.powered(now) && !self.core_halted
    }

    /// Whether it has its supply.
    pub(super) fn powered(&self, now: u64) -> bool {
        now >= self.unpowered_until
    }

    /// Whether an unanswered exchange is the fault's doing and not the bench's.
    pub(super) fn excuses(&self, now: u64, fault: &InstrumentFault) -> bool {
        let unanswered = matches!(fault, InstrumentFault::Timeout | InstrumentFault::Protocol(_));
        unanswered && (self.disturbed || !self.can_answer(now))
    }

    /// When the next start is due, ns.
    pub(super) fn next_restart(&self) -> Option<u64> {
        self.restarts.iter().map(|(_, at)| *at).min()
    }
}
