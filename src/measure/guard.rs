//! What the output guard watches while a case runs.

use std::collections::VecDeque;

use crate::signal::Calibration;

/// Standard deviations of noise that a 3-sample median does not exceed in ten million samples: 0.67 · 5.3, rounded up.
const NOISE: f64 = 4.0;
/// Standard uncertainties that a gain or an offset is allowed to be off by: of a program right at a limit one bench in a thousand
/// trips.
const COVERAGE: f64 = 3.0;

/// One quantity that the output guard watches.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Watched {
    /// What was seen.
    pub value: f64,
    /// By how much the load may have shown more than there was.
    pub uncertainty: f64,
}

impl Watched {
    /// The one that is more for certain.
    fn or_more(self, other: Self) -> Self {
        let at_least = |watched: Self| watched.value - watched.uncertainty;
        if at_least(other) > at_least(self) { other } else { self }
    }
}

/// What the output guard watches, in SI units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Guard {
    /// Largest 3-sample median of |i| on any contact so far, A.
    pub amplitude: Watched,
    /// Largest charge of one phase so far, a running one included, C.
    pub charge_per_phase: Watched,
    /// Largest |mean current| over the last second on any contact, A; 0 during the first second.
    pub mean_dc: Watched,
}

impl Guard {
    /// With what another contact showed.
    pub(super) fn and(self, amplitude: Watched, charge_per_phase: Watched, mean_dc: Watched) -> Self {
        Self {
            amplitude: self.amplitude.or_more(amplitude),
            charge_per_phase: self.charge_per_phase.or_more(charge_per_phase),
            mean_dc: self.mean_dc.or_more(mean_dc),
        }
    }
}

/// How wrong one channel may be for the guard.
pub(super) struct Wrong {
    lsb: f64,
    gain: f64,
    noise: f64,
    /// Non-linearity, and the offset where no zero was taken, codes.
    level: f64,
}

impl Wrong {
    /// From what the load states; `zeroed` once its offset was measured.
    pub(super) fn of(calibration: &Calibration, zeroed: bool) -> Self {
        let offset = if zeroed { 0.0 } else { COVERAGE * calibration.offset_u };
        Self {
            lsb: calibration.lsb,
            gain: COVERAGE * calibration.gain_u,
            noise: NOISE * calibration.noise.hypot(1.0 / 12_f64.sqrt()),
            level: calibration.inl + offset,
        }
    }

    /// A peak of so many codes, seen through a filter that overshoots a step by this part of it: from one phase to the next the
    /// step is twice the peak.
    pub(super) fn peak(&self, codes: f64, overshoot: f64) -> Watched {
        let uncertainty = (codes * (self.gain + 2.0 * overshoot) + self.noise + self.level) * self.lsb;
        Watched { value: codes * self.lsb, uncertainty }
    }

    /// A charge, C, of a phase with a peak of so many codes: a wrong level counts for as long as the phase lasts.
    pub(super) fn charge(&self, charge: f64, peak: f64) -> Watched {
        Watched { value: charge, uncertainty: charge * (self.gain + self.level / peak.max(1.0)) }
    }

    /// A mean of so many codes over many samples, whose noise averages out.
    pub(super) fn mean(&self, codes: f64) -> Watched {
        Watched { value: codes * self.lsb, uncertainty: (codes * self.gain + self.level) * self.lsb }
    }
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
