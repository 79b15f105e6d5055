//! Above which level a pulse begins.

use crate::signal::{Calibration, code_noise};

use super::order::larger;

/// Relative to the peak of the phase before, within the filter's settling: above this a new phase begins, below half
/// of it a phase ends. A four-pole Bessel filter overshoots by 0.8 %.
pub const RINGING: f64 = 0.05;

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
        let noise = code_noise(calibration.noise);
        let expected = if smallest.is_finite() { 0.05 * smallest / calibration.lsb } else { 0.0 };
        let high = (8.0 * noise).max(expected);
        Self { high, low: 0.5 * high, tall: 0.5 * smallest / calibration.lsb }
    }

    /// Above this something begins, within the filter's settling behind a phase of that peak.
    #[inline]
    pub(super) fn enter(&self, peak_before: f64) -> f64 {
        larger(self.high, RINGING * peak_before)
    }

    /// Below this a phase of that peak ends.
    #[inline]
    pub(super) fn leave(&self, peak: f64) -> f64 {
        larger(self.low, Self::PART * peak)
    }

    /// The lower of these and others, which are of no account where no amplitude is expected.
    pub(super) fn or_less(self, other: Self, smallest: f64) -> Self {
        let high = if smallest.is_finite() { self.high.min(other.high) } else { self.high };
        Self { high, low: 0.5 * high, tall: self.tall.min(other.tall) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rings_is_five_percent_of_the_peak_and_a_phase_ends_at_half_of_that() {
        let noise = 0.7;
        let calibration = Calibration {
            lsb: 1e-6,
            offset: 0.0,
            offset_u: 0.0,
            gain_u: 0.0,
            inl: 0.0,
            noise,
            rails: (-100, 100),
            ..Calibration::default()
        };
        let found = Thresholds::of(&calibration, f64::INFINITY);
        let sigma = f64::sqrt(noise * noise + 1.0 / 12.0);
        assert!((found.high - 8.0 * sigma).abs() < 1e-12 && (found.low - 4.0 * sigma).abs() < 1e-12);
        assert_eq!((found.enter(0.0), found.leave(0.0)), (found.high, found.low));
        assert!((found.enter(1000.0) - 50.0).abs() < 1e-9 && (found.leave(1000.0) - 25.0).abs() < 1e-9);
        // 2 mA are 2000 codes: a twentieth of them begins a pulse, half of them is tall.
        let large = Thresholds::of(&calibration, 2e-3);
        assert!((large.high - 100.0).abs() < 1e-9 && (large.tall - 1000.0).abs() < 1e-9);
        let both = large.or_less(Thresholds::of(&calibration, 1e-3), 1e-3);
        assert!(
            (both.high - 50.0).abs() < 1e-9
                && (both.low - 25.0).abs() < 1e-9
                && (both.tall - 500.0).abs() < 1e-9
        );
        assert_eq!(large.or_less(found, f64::INFINITY), Thresholds { tall: large.tall, ..large });
    }
}
