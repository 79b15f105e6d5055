//! Defects of the trains of a stimulator that is not the reference board: another maker's, a described or an exact one.

use crate::rig::{Defect, DefectKind};
use crate::signal::Phase;

use super::{amount, every, has};

/// How such a stimulator's trains are wrong.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) struct TrainDefects {
    /// Factor of the rate.
    pub rate: f64,
    width: f64,
    second_width: f64,
    /// What every interphase interval gains, s.
    gap: f64,
    /// Pulses that a burst has more.
    burst_pulses: i64,
    missing_pulse: Option<u64>,
    missing_recovery: Option<u64>,
    /// From a start to its first pulse, besides what is right, ns.
    pub start_delay: u64,
    /// A stop is answered and not obeyed.
    pub ignores_stop: bool,
    /// A stop cuts the pulse in progress short.
    pub cuts_on_stop: bool,
    /// An electrode that is off is not noticed.
    pub deaf_to_open_leads: bool,
    no_watchdog: bool,
    slow_watchdog: Option<u64>,
}

impl TrainDefects {
    /// Those of the list that concern a train.
    pub(in crate::sim) fn new(defects: &[Defect]) -> Self {
        let factor = |kind| 1.0 + amount(defects, kind).unwrap_or(0.0);
        let nanoseconds = |kind| amount(defects, kind).map(|seconds| (seconds * 1e9).round().max(0.0) as u64);
        Self {
            rate: factor(DefectKind::RateError),
            width: factor(DefectKind::WidthError),
            second_width: factor(DefectKind::SecondPhaseWidthError),
            gap: amount(defects, DefectKind::GapError).unwrap_or(0.0),
            burst_pulses: amount(defects, DefectKind::BurstCountError).unwrap_or(0.0).round() as i64,
            missing_pulse: every(defects, DefectKind::MissingPulseEvery),
            missing_recovery: every(defects, DefectKind::MissingRecoveryEvery),
            start_delay: nanoseconds(DefectKind::StartDelay).unwrap_or(0),
            ignores_stop: has(defects, DefectKind::StopIgnored),
            cuts_on_stop: has(defects, DefectKind::TruncatedPulseOnStop),
            deaf_to_open_leads: has(defects, DefectKind::IgnoresOpenLead),
            no_watchdog: has(defects, DefectKind::WatchdogDisabled),
            slow_watchdog: nanoseconds(DefectKind::WatchdogSlow),
        }
    }

    /// How much longer a burst is whose pulses come every `period` ns.
    pub(in crate::sim) fn more_in_burst(&self, period: u64) -> i64 {
        self.burst_pulses.saturating_mul(i64::try_from(period).unwrap_or(i64::MAX))
    }

    /// Whether pulse `n`, counted from 0, is left out.
    pub(in crate::sim) fn leaves_out(&self, n: u64) -> bool {
        nth(self.missing_pulse, n)
    }

    /// Whether pulse `n` (of pairs: the pair) ends behind its first phase.
    pub(in crate::sim) fn does_not_recover(&self, n: u64) -> bool {
        nth(self.missing_recovery, n)
    }

    /// By how much the second pulse of a pair is late that is due at `start`, s; `ended` is when the output rested behind the
    /// first one. The interval between them cannot be shorter than nothing.
    pub(in crate::sim) fn within_pair(&self, start: f64, ended: f64) -> f64 {
        self.gap.max(ended - start)
    }

    /// Factor of the width of a pulse's driven phase, which count from 0.
    pub(in crate::sim) fn widening(&self, phase: usize) -> f64 {
        if phase == 1 { self.width * self.second_width } else { self.width }
    }

    /// Bends the phases of a pulse that begins `late`, of which the first is number `first` of those that balance each other: what a
    /// longer phase or interval gains, everything behind it is late by. Returns by how much what follows the last phase is, s.
    pub(in crate::sim) fn shape(&self, phases: &mut [Phase], first: usize, mut late: f64) -> f64 {
        let mut before: Option<f64> = None;
        for (index, phase) in (first..).zip(phases.iter_mut()) {
            if let Some(end) = before.replace(phase.start + phase.width) {
                // An interval cannot be shorter than nothing.
                late += self.gap.max(end - phase.start);
            }
            let width = phase.width * self.widening(index);
            phase.start += late;
            late += width - phase.width;
            phase.width = width;
        }
        late
    }

    /// How long it goes on without its host, of a device that waits for `patience` ns; `None` for ever.
    pub(in crate::sim) fn patience(&self, patience: u64) -> Option<u64> {
        (!self.no_watchdog).then_some(self.slow_watchdog.unwrap_or(patience))
    }
}

fn nth(every: Option<u64>, n: u64) -> bool {
    every.is_some_and(|every| (n + 1).is_multiple_of(every))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DefectValue;
    use crate::signal::Kind;

    fn of(kind: DefectKind, amount: f64) -> TrainDefects {
        TrainDefects::new(&[Defect { kind, value: DefectValue::Amount(amount) }])
    }

    fn shaped(defects: &TrainDefects) -> (Vec<f64>, f64) {
        let phase = |start| Phase { start, width: 200.0, current: 1.0, kind: Kind::Leading };
        let mut phases = [phase(0.0), phase(300.0)];
        let late = defects.shape(&mut phases, 0, 0.0);
        (phases.iter().flat_map(|phase| [phase.start, phase.width]).collect(), late)
    }

    #[test]
    fn what_is_longer_makes_late_what_is_behind_it() {
        assert_eq!(shaped(&TrainDefects::new(&[])), (vec![0.0, 200.0, 300.0, 200.0], 0.0));
        assert_eq!(shaped(&of(DefectKind::WidthError, 0.25)), (vec![0.0, 250.0, 350.0, 250.0], 100.0));
        assert_eq!(
            shaped(&of(DefectKind::SecondPhaseWidthError, 0.25)),
            (vec![0.0, 200.0, 300.0, 250.0], 50.0)
        );
        assert_eq!(shaped(&of(DefectKind::GapError, 10.0)), (vec![0.0, 200.0, 310.0, 200.0], 10.0));
        // 100 of interval cannot lose 150.
        assert_eq!(shaped(&of(DefectKind::GapError, -150.0)), (vec![0.0, 200.0, 200.0, 200.0], -100.0));
    }

    #[test]
    fn the_second_pulse_of_a_pair_is_its_second_phase_and_comes_at_its_interval() {
        let second = |defects: &TrainDefects| {
            let mut phase = [Phase { start: 1000.0, width: 200.0, current: 1.0, kind: Kind::Leading }];
            let late = defects.within_pair(1000.0, 200.0);
            let behind = defects.shape(&mut phase, 1, late);
            (phase[0].start, phase[0].width, behind)
        };
        assert_eq!(second(&TrainDefects::new(&[])), (1000.0, 200.0, 0.0));
        assert_eq!(second(&of(DefectKind::SecondPhaseWidthError, 0.25)), (1000.0, 250.0, 50.0));
        assert_eq!(second(&of(DefectKind::GapError, -300.0)), (700.0, 200.0, -300.0));
        // 800 of interval cannot lose 900.
        assert_eq!(second(&of(DefectKind::GapError, -900.0)), (200.0, 200.0, -800.0));
    }

    #[test]
    fn every_nth_is_left_out_and_a_watchdog_is_slow_or_none() {
        let every = |kind| TrainDefects::new(&[Defect { kind, value: DefectValue::Every(3) }]);
        let missing = every(DefectKind::MissingPulseEvery);
        let left: Vec<u64> = (0..9).filter(|n| missing.leaves_out(*n)).collect();
        assert_eq!(left, [2, 5, 8]);
        assert!(!missing.does_not_recover(2) && every(DefectKind::MissingRecoveryEvery).does_not_recover(2));
        assert_eq!(TrainDefects::new(&[]).patience(7), Some(7));
        assert_eq!(of(DefectKind::WatchdogSlow, 3.0).patience(7), Some(3_000_000_000));
        let flag = Defect { kind: DefectKind::WatchdogDisabled, value: DefectValue::Flag };
        assert_eq!(TrainDefects::new(&[flag]).patience(7), None);
    }
}
