//! Criteria as bounds on the value of one unit.

use crate::record::LimitRecord;
use crate::scenario::{Criterion, Measurand, Nominal};
use crate::verdict::Bounds;

use super::Unit;

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
    /// The limit of a criterion for a unit; `None` where a tolerance has no nominal to be about.
    pub fn of(criterion: Criterion, unit: &Unit) -> Option<Self> {
        let on = |lower, upper, magnitude| Self { bounds: Bounds { lower, upper }, magnitude, nominal: None };
        Some(match criterion {
            Criterion::Within { of, tolerance } => {
                // A stated quantity needs nothing of the program.
                let nominal = if let Nominal::Value(stated) = of { stated } else { unit.nominal? };
                let about = tolerance.about(nominal);
                Self {
                    bounds: Bounds { lower: Some(nominal - about), upper: Some(nominal + about) },
                    magnitude: false,
                    nominal: Some(nominal),
                }
            }
            Criterion::Magnitude(limit) | Criterion::AtMost(limit) => {
                Self { bounds: Bounds::magnitude(limit), magnitude: false, nominal: None }
            }
            Criterion::AtLeast(limit) => on(Some(limit), None, true),
            Criterion::Between(lower, upper) => on(Some(lower), Some(upper), lower >= 0.0),
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
