//! Above which level a pulse begins.

use crate::signal::Calibration;

/// Relative to the peak of the phase before, within the filter's settling: above this a new phase begins, below half
/// of it a phase ends. A four-pole Bessel filter overshoots by 0.8 %.
const RINGING: f64 = 0.05;

/// Levels above the baseline, codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Thresholds {
    /// Above this something begins.
    pub(super) high: f64,
    /// Below this it ends.
    pub(super) low: f64,
    /// Half the smallest leading level that is expected: what a recharge after an active recovery never reaches.
    pub(super) tall: f64,
}

impl Thresholds {
    /// Below this part of its peak a phase ends.
    pub(super) const PART: f64 = 0.5 * RINGING;

    /// From the noise of a channel and the smallest amplitude expected there, A; infinite where none is.
    pub(super) fn of(calibration: &Calibration, smallest: f64) -> Self {
        let noise = (calibration.noise.powi(2) + 1.0 / 12.0).sqrt();
        let expected = if smallest.is_finite() { 0.05 * smallest / calibration.lsb } else { 0.0 };
        let high = (8.0 * noise).max(expected);
        Self { high, low: 0.5 * high, tall: 0.5 * smallest / calibration.lsb }
    }

    /// Above this something begins, within the filter's settling behind a phase of that peak.
    pub(super) fn enter(&self, peak_before: f64) -> f64 {
        self.high.max(RINGING * peak_before)
    }

    /// Below this a phase of that peak ends.
    pub(super) fn leave(&self, peak: f64) -> f64 {
        self.low.max(Self::PART * peak)
    }

    /// The lower of these and others, which are of no account where no amplitude is expected.
    pub(super) fn or_less(self, other: Self, smallest: f64) -> Self {
        let high = if smallest.is_finite() { self.high.min(other.high) } else { self.high };
        Self { high, low: 0.5 * high, tall: self.tall.min(other.tall) }
    }
}
