//! Limits that an output which is missing would keep, and those that nothing could exceed.

use crate::quantity::{Dimension, engineering};
use crate::signal::{Program, Recovery, Waveform};

use super::super::{Check, Criterion, Measurand, Nominal, PhaseChoice, Tolerance};
use super::Rule;

impl Rule<'_> {
    /// What is missing is outside of the limit, and something is.
    pub(super) fn vacuous(&self) {
        match self.check.measurand {
            Measurand::ChargeImbalance => self.imbalance(),
            Measurand::Amplitude | Measurand::Width | Measurand::ChargePerPhase | Measurand::Rate => {
                self.tolerance();
            }
            _ => {}
        }
    }

    /// A tolerance as large as its nominal allows nothing at all, unless another check of the same measurand does not.
    fn tolerance(&self) {
        let allows = |check: &Check| {
            self.judged().iter().find_map(|program| {
                nominal_of(check, program).zip(tolerance_of(check)).filter(|(nominal, tolerance)| {
                    *nominal > 0.0 && (tolerance.rel * nominal).max(tolerance.abs) >= *nominal * (1.0 - 1e-9)
                })
            })
        };
        let excludes = |other: &Check| {
            let above = match other.criterion {
                Criterion::AtLeast(lowest) | Criterion::Between(lowest, _) => lowest > 0.0,
                Criterion::Within { .. } => allows(other).is_none(),
                _ => false,
            };
            above && other.measurand == self.check.measurand
        };
        let Some((nominal, _)) = allows(self.check) else { return };
        if self.case.checks.iter().any(excludes) {
            return;
        }
        let dimension = match self.check.measurand {
            Measurand::Width => Dimension::Time,
            Measurand::ChargePerPhase => Dimension::Charge,
            Measurand::Rate => Dimension::Frequency,
            _ => Dimension::Current,
        };
        let what = format!(
            "this tolerance is as large as the {} that it is about: an output that is missing would pass",
            engineering(nominal, dimension, 4)
        );
        self.warning("within", &what, Some("state a smaller tolerance, or a second check with one"));
    }

    /// An imbalance has a largest value, and a recovery that is missing has one of 100 %.
    fn imbalance(&self) {
        let most = match self.check.criterion {
            Criterion::AtMost(most) | Criterion::Magnitude(most) => most,
            _ => return,
        };
        let mean = self.check.definition.as_deref() == Some("mean-phase");
        let key = if matches!(self.check.criterion, Criterion::AtMost(_)) { "at_most" } else { "within" };
        if mean && most >= 2.0 {
            let what = "of the mean of both phases no more than 200 % can be left, so this could never fail";
            self.error(key, what, Some("state a smaller limit"));
            return;
        }
        let missing = if mean { 2.0 } else { 1.0 };
        let recovers = |program: &&Program| {
            program.waveform == Waveform::Biphasic || matches!(program.recovery, Recovery::Passive { .. })
        };
        if most >= missing && self.judged().iter().any(recovers) {
            let what = "a recovery that is missing altogether leaves 100 %: it would pass";
            self.warning(key, what, Some("state a smaller limit"));
        }
    }
}

fn tolerance_of(check: &Check) -> Option<Tolerance> {
    if let Criterion::Within { tolerance, .. } = check.criterion { Some(tolerance) } else { None }
}

/// The value that a check of pulses has its tolerance about; the smallest of those of the phases that it judges.
fn nominal_of(check: &Check, program: &Program) -> Option<f64> {
    match check.criterion {
        Criterion::Within { of: Nominal::Value(value), .. } => return Some(value),
        Criterion::Within { .. } => {}
        _ => return None,
    }
    if check.measurand == Measurand::Rate {
        return Some(program.rate);
    }
    let pulse = Program { ramp: None, ..program.clone() }.pulse(0);
    let (skip, take) = match check.phase {
        PhaseChoice::Leading => (0, 1),
        PhaseChoice::Recovery => (1, 1),
        PhaseChoice::Each => (0, usize::MAX),
    };
    let share = program.share_of(check.contact.as_deref().unwrap_or(program.main_contact())).abs();
    let phases = pulse.phases().iter().skip(skip).take(take);
    let values = phases.map(|phase| match check.measurand {
        Measurand::Width => phase.width,
        Measurand::ChargePerPhase => (phase.current * phase.width * share).abs(),
        _ => (phase.current * share).abs(),
    });
    values.reduce(f64::min)
}
