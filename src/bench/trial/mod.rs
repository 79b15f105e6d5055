//! One bench of the coverage experiment: everything systematic drawn anew, one train, its claims.

mod current;
mod electrode;
mod leakage;
mod shape;
mod share;
mod shutdown;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::judge::{Facts, units};
use crate::measure::Recording;
use crate::record::Verdict;
use crate::scenario::{Case, Check, Criterion, Measurand};

use super::stimulus::{MILLISECOND, Stimulus};

pub use current::current;
pub use electrode::electrode;
pub use leakage::leakage;
pub use shape::shape;
pub use share::share;
pub use shutdown::shutdown;

/// Measurands whose two-sided interval holds the truth in 95 % of benches, not more.
pub(super) const EXACT: [Measurand; 7] = [
    Measurand::Amplitude,
    Measurand::Width,
    Measurand::ChargePerPhase,
    Measurand::NetCharge,
    Measurand::ChargeImbalance,
    Measurand::MeanDcCurrent,
    Measurand::ResidualVoltage,
];

/// Those whose uncertainty bounds make for the most part (non-linearity, an element's tolerance, what a filter hides): their
/// interval may hold it more often.
pub(super) const BOUNDED: [Measurand; 12] = [
    Measurand::Gap,
    Measurand::Rate,
    Measurand::AccumulatedCharge,
    Measurand::ResidualVoltageError,
    Measurand::AccessResistance,
    Measurand::Polarization,
    Measurand::ComplianceHeadroom,
    Measurand::CurrentShare,
    Measurand::Overshoot,
    Measurand::Droop,
    Measurand::TransitionTime,
    Measurand::DcLeakageCurrent,
];

/// Settling of the default front end to 1e-4, s.
const SETTLING: f64 = 16e-6;

/// One claim of one bench.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Whether value ± U holds the truth; `None` when it was not measured.
    Covered(Measurand, Option<bool>),
    /// Verdict on the worst pulse where every pulse is exactly at the limit.
    AtLimit(Measurand, Verdict),
    /// Whether the output was off by value + U, and whether U is no larger than three samples and the filter's tail;
    /// `None` when it was not measured.
    OneSided(Measurand, Option<(bool, bool)>),
}

/// One bench and what it claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What the counts are broken down by.
    pub stratum: String,
    /// Its claims.
    pub outcomes: Vec<Outcome>,
}

/// Experiments, each with random numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Experiment {
    Current,
    Electrode,
    Shutdown,
    Share,
    Shape,
    Leakage,
}

fn generator(seed: u64, experiment: Experiment, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(8 * index + experiment as u64);
    rng
}

fn unbounded(measurand: Measurand) -> Check {
    Check::new(measurand, Criterion::AtMost(f64::INFINITY))
}

/// What was recorded of a bench, and what a runner would know of it.
struct Judged {
    case: Case,
    facts: Facts,
    recording: Recording,
}

impl Judged {
    /// Whether value ± U of the middle one of the units holds `truth` of that pulse; `None` where nothing was measured.
    fn covers(&self, check: &Check, truth: impl Fn(u64) -> Option<f64>) -> Option<bool> {
        let units = units(&self.case, &self.facts, &self.recording, check).ok()?;
        let unit = units.get(units.len() / 2).filter(|unit| !unit.clipped)?;
        let truth = truth(unit.pulse.unwrap_or(0))?;
        Some((unit.measured.value - truth).abs() <= unit.measured.expanded())
    }
}

/// Claims of a bench that could not be drawn.
fn unmeasured(stratum: String, measurands: &[Measurand]) -> Trial {
    let outcomes = measurands.iter().map(|measurand| Outcome::Covered(*measurand, None)).collect();
    Trial { stratum, outcomes }
}

/// The sample at which the start was taken.
fn start_sample(stimulus: &Stimulus, rig_period: f64) -> u64 {
    ((stimulus.delay - MILLISECOND / 2) as f64 * 1e-9 / rig_period) as u64
}

/// A straight line by least squares through `f` over [from, to], read at `at`: what a definition that fits lines says of the
/// true signal.
fn line(f: impl Fn(f64) -> f64, (from, to): (f64, f64), at: f64) -> f64 {
    const POINTS: usize = 100;
    let step = (to - from) / POINTS as f64;
    let middle = 0.5 * (from + to);
    let (mut sum, mut tilt, mut squares) = (0.0, 0.0, 0.0);
    for k in 0..POINTS {
        let t = from + (k as f64 + 0.5) * step;
        let value = f(t);
        sum += value;
        tilt += value * (t - middle);
        squares += (t - middle).powi(2);
    }
    sum / POINTS as f64 + tilt / squares * (at - middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_a_parabola_is_the_chord_that_least_squares_gives() {
        // t² over [0, 1] is best fitted by t − 1/6.
        let at = |t| line(|t| t * t, (0.0, 1.0), t);
        assert!(
            (at(0.0) + 1.0 / 6.0).abs() < 1e-4 && (at(1.0) - 5.0 / 6.0).abs() < 1e-4,
            "{} {}",
            at(0.0),
            at(1.0)
        );
    }
}
