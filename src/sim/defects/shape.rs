//! Defects of the shape of a phase: edges that shoot over or lag, tops that sink or rise.
//!
//! Each multiplies or filters the phase by exponentials, so the phantom still sees a current in closed form.

use crate::phantom::{Drive, Shape, Tail};
use crate::rig::{Defect, DefectKind};

use super::amount;

/// Time constant of an overshoot, s.
const OVERSHOOT: f64 = 10e-6;
/// The phase over which a droop has its stated size, s: a sinking source has a time constant of its own, so longer phases
/// sink further.
const DROOP_OVER: f64 = 200e-6;
/// Time constant at which a phase rises that gains instead, s: it saturates, because what grows without a bound is no sum of
/// decaying exponentials, and the samples of such a term are not computed.
const RISE: f64 = 1e-3;

/// What is wrong with the shape of phases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sim) struct ShapeDefects {
    /// Excess behind each edge into a phase, as a fraction of the phase.
    overshoot: f64,
    /// Rate at which a phase sinks, 1/s.
    droop: f64,
    /// What a phase gains at last, as a fraction of what it begins with.
    rise: f64,
    /// Rate at which the output follows, 1/s.
    lag: Option<f64>,
}

impl ShapeDefects {
    /// Those of the list; `None` when phases are as they should be.
    pub(in crate::sim) fn new(defects: &[Defect]) -> Option<Self> {
        let overshoot = amount(defects, DefectKind::Overshoot);
        let droop = amount(defects, DefectKind::Droop);
        let edges = amount(defects, DefectKind::SlowEdges).filter(|time| *time > 0.0);
        let tilt = droop.unwrap_or(0.0);
        (overshoot.is_some() || droop.is_some() || edges.is_some()).then(|| Self {
            overshoot: overshoot.unwrap_or(0.0),
            // The tilt is what is lost between 10 % and 90 %, over what there is at 10 %: 1 − exp(−0.8·W·rate).
            droop: -(1.0 - tilt.max(0.0)).max(1e-3).ln() / (0.8 * DROOP_OVER),
            rise: risen(-tilt.min(0.0)),
            // A first-order lag goes from 10 % to 90 % in ln 9 time constants.
            lag: edges.map(|time| 9_f64.ln() / time),
        })
    }

    /// The drive that comes of a phase of constant `currents`, the sources carrying `before` at its first edge.
    pub(in crate::sim) fn phase(&self, currents: &[f64], before: &[f64]) -> Drive {
        let mut terms = vec![(self.droop, 1.0 + self.rise)];
        if self.rise != 0.0 {
            terms.push((RISE.recip(), -self.rise));
        }
        if self.overshoot != 0.0 {
            terms.push((self.droop + OVERSHOOT.recip(), self.overshoot));
        }
        self.follow(currents, &terms, before)
    }

    /// The drive that comes of switching off.
    pub(in crate::sim) fn off(&self, before: &[f64]) -> Drive {
        if self.lag.is_none() || before.iter().all(|current| *current == 0.0) {
            return Drive::Off;
        }
        self.follow(&vec![0.0; before.len()], &[(0.0, 1.0)], before)
    }

    /// What the output makes of currents·Σ factor·exp(−rate·t): a lag at `k` turns a term into k/(k − rate) of itself, and
    /// what is missing at the edge decays at `k`.
    fn follow(&self, currents: &[f64], terms: &[(f64, f64)], before: &[f64]) -> Drive {
        let mut shape = Shape { settled: vec![0.0; currents.len()], tails: Vec::new() };
        let mut begins = 0.0;
        // A lag exactly as fast as a term would need t·exp(−kt): a millionth beside it is as good.
        let lag = self.lag.map(|k| if terms.iter().any(|term| term.0 == k) { k * (1.0 + 1e-6) } else { k });
        for &(rate, factor) in terms {
            let through = lag.map_or(1.0, |k| k / (k - rate));
            let part = |current: &f64| current * factor * through;
            begins += factor * through;
            if rate == 0.0 {
                shape.settled = currents.iter().map(part).collect();
            } else {
                shape.tails.push(Tail { rate, currents: currents.iter().map(part).collect() });
            }
        }
        if let Some(rate) = lag {
            let missing = currents.iter().zip(before).map(|(current, before)| before - current * begins);
            shape.tails.push(Tail { rate, currents: missing.collect() });
        }
        Drive::Shaped(shape)
    }
}

/// What a phase gains at last that is larger by `tilt` at 90 % of the stated width than at 10 %: with
/// 1 + a·(1 − exp(−t/τ)) at both, a·(e₁ − e₉) = tilt·(1 + a·(1 − e₁)).
fn risen(tilt: f64) -> f64 {
    let left = |part: f64| (-part * DROOP_OVER / RISE).exp();
    let (early, late) = (left(0.1), left(0.9));
    tilt / (early - late - tilt * (1.0 - early)).max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DefectValue;

    fn of(kind: DefectKind, amount: f64) -> ShapeDefects {
        ShapeDefects::new(&[Defect { kind, value: DefectValue::Amount(amount) }]).unwrap()
    }

    fn at(drive: &Drive, t: f64) -> f64 {
        let Drive::Shaped(shape) = drive else { panic!("{drive:?}") };
        shape.settled[0]
            + shape.tails.iter().map(|tail| tail.currents[0] * (-tail.rate * t).exp()).sum::<f64>()
    }

    #[test]
    fn each_shape_is_what_its_size_says() {
        let phase = |defects: ShapeDefects| defects.phase(&[-2e-3, 2e-3], &[0.0, 0.0]);
        let over = phase(of(DefectKind::Overshoot, 0.2));
        assert!(
            (at(&over, 0.0) + 2.4e-3).abs() < 1e-12
                && (at(&over, 10e-6) + 2e-3 * (1.0 + 0.2 / 1_f64.exp())).abs() < 1e-12
        );
        let sinking = phase(of(DefectKind::Droop, 0.1));
        let (early, late) = (at(&sinking, 20e-6), at(&sinking, 180e-6));
        assert!(((early - late) / early - 0.1).abs() < 1e-12);
        let slow = of(DefectKind::SlowEdges, 10e-6);
        let rising = phase(slow);
        assert_eq!(at(&rising, 0.0), 0.0);
        let until = |part: f64| -(10e-6 / 9_f64.ln()) * (1.0 - part).ln();
        assert!(
            (at(&rising, until(0.9)) + 1.8e-3).abs() < 1e-12
                && (until(0.9) - until(0.1) - 10e-6).abs() < 1e-12
        );
        let falling = slow.off(&[-2e-3, 2e-3]);
        assert!((at(&falling, until(0.9)) + 0.2e-3).abs() < 1e-12);
        assert_eq!(slow.off(&[0.0, 0.0]), Drive::Off);
        assert_eq!(of(DefectKind::Droop, 0.1).off(&[-2e-3, 2e-3]), Drive::Off);
        assert_eq!(ShapeDefects::new(&[]), None);
    }

    /// A term that grows has no samples: the load saw no current at all where a charge flowed.
    #[test]
    fn a_negative_droop_is_a_phase_that_rises_by_its_size_and_not_for_ever() {
        for size in [0.01, 0.1, 0.5] {
            let rising = of(DefectKind::Droop, -size).phase(&[-2e-3, 2e-3], &[0.0, 0.0]);
            let (early, late) = (at(&rising, 20e-6), at(&rising, 180e-6));
            assert!((at(&rising, 0.0) + 2e-3).abs() < 1e-15);
            assert!(((late - early) / early - size).abs() < 1e-12, "{early} {late}");
            let Drive::Shaped(shape) = &rising else { panic!("{rising:?}") };
            assert!(shape.tails.iter().all(|tail| tail.rate > 0.0), "{shape:?}");
        }
        // By hand: exp(-0.02) − exp(-0.18) = 0.144928, 1 − exp(-0.02) = 0.019801; 0.1/(0.144928 − 0.001980) = 0.69955.
        assert!((risen(0.1) - 0.699_55).abs() < 1e-4, "{}", risen(0.1));
        assert_eq!(risen(0.0), 0.0);
    }

    #[test]
    fn an_edge_begins_where_the_output_is_whatever_else_is_wrong() {
        let all = ShapeDefects { overshoot: 0.2, droop: 500.0, rise: 0.0, lag: Some(2e5) };
        let drive = all.phase(&[-2e-3, 2e-3], &[1e-3, -1e-3]);
        assert!((at(&drive, 0.0) - 1e-3).abs() < 1e-15);
        // Behind the lag the phase sinks a lag's time constant late.
        let late = -2e-3 * (-500.0_f64 * (150e-6 - 5e-6)).exp();
        assert!((at(&drive, 150e-6) / late - 1.0).abs() < 1e-4);
    }
}
