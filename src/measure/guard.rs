//! What the output guard watches while a case runs.

use std::collections::VecDeque;

/// What the output guard watches, in SI units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Guard {
    /// Largest 3-sample median of |i| on any contact so far, A.
    pub peak_current: f64,
    /// Largest charge of one phase so far, a running one included, C.
    pub charge_per_phase: f64,
    /// Largest |mean current| over the last second on any contact, A; 0 during the first second.
    pub mean_dc: f64,
}

/// Running sums of one contact at sixteenths of a second.
#[derive(Debug, Clone, Default)]
struct Sums {
    channel: usize,
    at: VecDeque<(u64, i64)>,
}

/// Follows one-second means.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    slot: u64,
    next: u64,
    contacts: Vec<Sums>,
}

impl Watch {
    pub(super) fn new(sample_rate: f64) -> Self {
        Self { slot: ((sample_rate / 16.0) as u64).max(1), next: 0, contacts: Vec::new() }
    }

    fn of(&mut self, channel: usize) -> Option<&mut Sums> {
        if !self.contacts.iter().any(|sums| sums.channel == channel) {
            self.contacts.push(Sums { channel, ..Sums::default() });
        }
        self.contacts.iter_mut().find(|sums| sums.channel == channel)
    }

    /// Whether sums are due at sample `to`.
    pub(super) fn due(&mut self, to: u64) -> bool {
        let due = to >= self.next;
        if due {
            self.next = (to / self.slot + 1) * self.slot;
        }
        due
    }

    /// Σ codes of a channel before sample `to`.
    pub(super) fn sum(&mut self, channel: usize, to: u64, sum: i64) {
        if let Some(sums) = self.of(channel) {
            sums.at.push_back((to, sum));
            if sums.at.len() > 17 {
                sums.at.pop_front();
            }
        }
    }

    /// The time base was interrupted: means begin anew.
    pub(super) fn forget(&mut self) {
        for sums in &mut self.contacts {
            sums.at.clear();
        }
    }

    /// Mean over the last second less `zero`, codes; 0 before a second has passed.
    pub(super) fn mean_of(&self, channel: usize, zero: f64) -> f64 {
        let Some(sums) = self.contacts.iter().find(|sums| sums.channel == channel && sums.at.len() > 16)
        else {
            return 0.0;
        };
        match (sums.at.front(), sums.at.back()) {
            (Some((from, before)), Some((to, after))) if to > from => {
                (after - before) as f64 / (to - from) as f64 - zero
            }
            _ => 0.0,
        }
    }
}
