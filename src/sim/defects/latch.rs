//! A fault that does not stay latched.

use crate::rig::{Defect, DefectKind};

use super::has;

/// From the declaration of a fault to starting again, ns.
const DELAY: u64 = 50_000_000;

/// Whether and when the stimulator forgets a fault and starts again by itself.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Relapse {
    has: bool,
    obeys_stop: bool,
    due: Option<u64>,
}

impl Relapse {
    /// As the list says.
    pub(in crate::sim) fn new(defects: &[Defect]) -> Self {
        let obeys_stop = !has(defects, DefectKind::StopIgnored);
        Self { has: has(defects, DefectKind::NoLatch), obeys_stop, due: None }
    }

    /// When it starts again, ns; `started` if nothing has stopped it since its last start.
    pub(in crate::sim) fn due(&self, started: bool) -> Option<u64> {
        self.due.filter(|_| started || !self.obeys_stop)
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
