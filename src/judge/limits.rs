//! Criteria as bounds on the value of one unit.

use crate::record::LimitRecord;
use crate::scenario::{Check, Criterion, Measurand, Nominal};
use crate::verdict::Bounds;

/// What one unit is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// On the value, or on its magnitude.
    pub bounds: Bounds,
    /// The bounds are on the magnitude.
    pub magnitude: bool,
    /// What a tolerance is about.
    pub nominal: Option<f64>,
}

impl Limit {
    /// The limit of a check for a value that is to be `nominal`; `None` where a tolerance has no nominal to be about. A logarithm has
    /// no magnitude: limits on one are on its value.
    pub fn of(check: &Check, nominal: Option<f64>) -> Option<Self> {
        let logarithm = check.measurand == Measurand::ShannonK;
        let on = |lower, upper, magnitude| Self { bounds: Bounds { lower, upper }, magnitude, nominal: None };
        Some(match check.criterion {
            Criterion::Within { of, tolerance } => {
                // A stated quantity needs nothing of the program.
                let nominal = if let Nominal::Value(stated) = of { stated } else { nominal? };
                let about = tolerance.about(nominal);
                Self {
                    bounds: Bounds { lower: Some(nominal - about), upper: Some(nominal + about) },
                    magnitude: false,
                    nominal: Some(nominal),
                }
            }
            Criterion::AtMost(limit) if logarithm => on(None, Some(limit), false),
            Criterion::Magnitude(limit) | Criterion::AtMost(limit) => {
                Self { bounds: Bounds::magnitude(limit), magnitude: false, nominal: None }
            }
            Criterion::AtLeast(limit) => on(Some(limit), None, !logarithm),
            // A range says itself which sign it means.
            Criterion::Between(lower, upper) => on(Some(lower), Some(upper), false),
            Criterion::Equals(value) => on(Some(value), Some(value), false),
            Criterion::Holds => on(Some(1.0), None, false),
        })
    }

    /// The figure the bounds are on.
    pub fn figure(&self, value: f64) -> f64 {
        if self.magnitude { value.abs() } else { value }
    }
}

/// The limit as it stands in the record.
pub fn recorded(criterion: Criterion, measurand: Measurand, limit: Option<&Limit>) -> LimitRecord {
    let name = match criterion {
        Criterion::Within { .. } | Criterion::Magnitude(_) => "within",
        Criterion::AtMost(_) => "at_most",
        Criterion::AtLeast(_) => "at_least",
        Criterion::Between(..) => "between",
        Criterion::Equals(_) => "equals",
        Criterion::Holds => "holds",
    };
    let one_sided = matches!(criterion, Criterion::AtMost(_)) && !signed(measurand);
    LimitRecord {
        criterion: name.to_owned(),
        nominal: limit.and_then(|limit| limit.nominal),
        lower: limit.and_then(|limit| limit.bounds.lower).filter(|_| !one_sided),
        upper: limit.and_then(|limit| limit.bounds.upper),
    }
}

/// Measurands that keep a sign, where a limit on the magnitude has two tails.
fn signed(measurand: Measurand) -> bool {
    matches!(
        measurand,
        Measurand::NetCharge
            | Measurand::ChargeImbalance
            | Measurand::MeanDcCurrent
            | Measurand::DcLeakageCurrent
            | Measurand::AccumulatedCharge
            | Measurand::ResidualVoltage
            | Measurand::ResidualVoltageError
            | Measurand::Polarization
            | Measurand::Polarity
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithm_is_bounded_on_one_side() {
        let margin = |measurand, criterion, value: f64| {
            let limit = Limit::of(&Check::new(measurand, criterion), None).unwrap();
            limit.bounds.margin(limit.figure(value))
        };
        let shannon = |criterion, value| margin(Measurand::ShannonK, criterion, value);
        assert!((shannon(Criterion::AtMost(1.5), -1.8) - 3.3).abs() < 1e-12);
        assert!((shannon(Criterion::AtMost(-1.0), -1.8) - 0.8).abs() < 1e-12);
        assert!(shannon(Criterion::AtMost(1.5), 1.6) < 0.0);
        assert!(shannon(Criterion::AtLeast(1.0), -1.8) < 0.0);
        assert!(shannon(Criterion::Between(0.0, 2.0), -1.8) < 0.0);
        // Of a balance either sign counts, but for a range, which has one.
        assert!(margin(Measurand::NetCharge, Criterion::Between(1.0, 5.0), -2.0) < 0.0);
        assert!(margin(Measurand::NetCharge, Criterion::Between(-5.0, -1.0), -2.0) > 0.0);
        assert!(margin(Measurand::NetCharge, Criterion::AtMost(1.5), -1.8) < 0.0);
    }
}
