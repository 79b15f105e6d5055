//! A fault that does not stay latched.

use crate::rig::{Defect, DefectKind};

use super::has;

/// From the declaration of a fault to starting again, ns.
const DELAY: u64 = 50_000_000;

/// Whether and when the stimulator forgets a fault and starts again by itself.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Relapse {
    has: bool,
    due: Option<u64>,
}

impl Relapse {
    /// As the list says.
    pub(in crate::sim) fn new(defects: &[Defect]) -> Self {
        Self { has: has(defects, DefectKind::NoLatch), due: None }
    }

    /// When it starts again, ns.
    pub(in crate::sim) fn due(&self) -> Option<u64> {
        self.due
    }

    /// Looks at the latch at `now`.
    pub(in crate::sim) fn look(&mut self, latched: bool, now: u64) {
        if !latched {
            self.due = None;
        } else if self.has && self.due.is_none() {
            self.due = Some(now + DELAY);
        }
    }
}
