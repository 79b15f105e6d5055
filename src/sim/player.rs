//! A train of equal pulses, stage by stage, on a device's own clock.

use super::defects::TrainDefects;

/// What is due in a train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A stage of the pulse begins.
    Stage(usize),
    /// The pulse is over.
    Rest,
    /// The train is over, after so many pulses.
    Ended(u64),
}

/// A train in progress.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Player {
    /// True nanoseconds of one nanosecond of the device's clock.
    clock: f64,
    /// Lengths of the stages, ns of the device's clock.
    lengths: Vec<u64>,
    period: u64,
    /// No pulse begins at or after this, ns since the start.
    until: u64,
    /// The train ends exactly then, whatever is in progress.
    cuts: bool,
    /// True time of the start, ns.
    origin: u64,
    pulse: u64,
    stage: usize,
    /// What is wrong with it.
    defects: Option<TrainDefects>,
    /// Stages of a pulse that ends behind its first phase.
    unrecovered: usize,
}

impl Player {
    /// A train that begins at `origin`.
    pub(super) fn new(clock: f64, lengths: Vec<u64>, period: u64, until: u64, origin: u64) -> Self {
        let unrecovered = lengths.len();
        let (defects, cuts, pulse, stage) = (None, false, 0, 0);
        Self { clock, lengths, period, until, cuts, origin, pulse, stage, defects, unrecovered }
    }

    /// The same with what is wrong with it; `drives` says which stages are phases.
    pub(super) fn bent(mut self, defects: &TrainDefects, drives: &[bool]) -> Self {
        let phases = drives.iter().enumerate().filter(|(_, drives)| **drives).map(|(stage, _)| stage);
        for (phase, stage) in phases.enumerate() {
            if let Some(length) = self.lengths.get_mut(stage) {
                *length = (*length as f64 * defects.widening(phase)).round() as u64;
            }
            if phase == 0 {
                self.unrecovered = stage + 1;
            }
        }
        self.period = ((self.period as f64 / defects.rate).round() as u64).max(1);
        self.origin += defects.start_delay;
        Self { defects: Some(defects.clone()), ..self }
    }

    /// Stages of the pulse that is next or in progress.
    fn stages(&self) -> usize {
        match &self.defects {
            Some(defects) if defects.leaves_out(self.pulse) => 0,
            Some(defects) if defects.does_not_recover(self.pulse) => self.unrecovered,
            _ => self.lengths.len(),
        }
    }

    /// The same, but what is in progress when its time is over is cut short.
    pub(super) fn cut(self) -> Self {
        Self { cuts: true, ..self }
    }

    /// Pulses that have begun.
    pub(super) fn pulses(&self) -> u64 {
        self.pulse + u64::from(self.stage > 0)
    }

    /// Whether a pulse is in progress.
    pub(super) fn in_pulse(&self) -> bool {
        self.stage > 0
    }

    /// Nanoseconds of the device's clock from the start to what is due next.
    fn offset(&self) -> u64 {
        let into: u64 = self.lengths.iter().take(self.stage).sum();
        let offset = (self.pulse * self.period).saturating_add(into);
        if self.cuts { offset.min(self.until) } else { offset }
    }

    /// When that is, in true time.
    pub(super) fn next(&self) -> u64 {
        self.origin + (self.offset() as f64 * self.clock).round() as u64
    }

    /// Takes what is due.
    pub(super) fn step(&mut self) -> Due {
        let over =
            if self.cuts { self.offset() >= self.until } else { self.pulse * self.period >= self.until };
        if over && (self.cuts || self.stage == 0) {
            return Due::Ended(self.pulses());
        }
        let stage = self.stage;
        if stage < self.stages() {
            self.stage += 1;
            return Due::Stage(stage);
        }
        self.stage = 0;
        self.pulse += 1;
        Due::Rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut player: Player) -> Vec<(u64, Due)> {
        let mut seen = Vec::new();
        loop {
            let at = player.next();
            let due = player.step();
            seen.push((at, due));
            if matches!(due, Due::Ended(_)) {
                return seen;
            }
        }
    }

    #[test]
    fn pulses_begin_until_the_time_is_over() {
        let train = all(Player::new(1.0, vec![200, 100], 2000, 3000, 10));
        let expected = [
            (10, Due::Stage(0)),
            (210, Due::Stage(1)),
            (310, Due::Rest),
            (2010, Due::Stage(0)),
            (2210, Due::Stage(1)),
            (2310, Due::Rest),
            (4010, Due::Ended(2)),
        ];
        assert_eq!(train, expected);
        assert_eq!(all(Player::new(1.0, vec![200], 2000, 0, 10)), [(10, Due::Ended(0))]);
    }

    #[test]
    fn a_train_is_bent_by_its_defects() {
        use crate::rig::{Defect, DefectKind, DefectValue};
        let bent = |kind, value| {
            let defects = TrainDefects::new(&[Defect { kind, value }]);
            let player = Player::new(1.0, vec![200, 100, 200], 2000, 5000, 0);
            all(player.bent(&defects, &[true, false, true]))
        };
        let starts = |train: &[(u64, Due)]| -> Vec<u64> {
            train.iter().filter(|(_, due)| *due == Due::Stage(0)).map(|(at, _)| *at).collect()
        };
        assert_eq!(starts(&bent(DefectKind::RateError, DefectValue::Amount(0.25))), [0, 1600, 3200, 4800]);
        assert_eq!(starts(&bent(DefectKind::StartDelay, DefectValue::Amount(50e-9))), [50, 2050, 4050]);
        assert_eq!(starts(&bent(DefectKind::MissingPulseEvery, DefectValue::Every(2))), [0, 4000]);
        let wide = bent(DefectKind::WidthError, DefectValue::Amount(0.5));
        assert_eq!(wide[1..4], [(300, Due::Stage(1)), (400, Due::Stage(2)), (700, Due::Rest)]);
        let cut = bent(DefectKind::MissingRecoveryEvery, DefectValue::Every(1));
        assert_eq!(cut[..3], [(0, Due::Stage(0)), (200, Due::Rest), (2000, Due::Stage(0))]);
    }

    #[test]
    fn a_device_that_cuts_leaves_the_last_pulse_unfinished() {
        let train = all(Player::new(1.0, vec![200, 100], 2000, 2250, 0).cut());
        assert_eq!(train.last(), Some(&(2250, Due::Ended(2))));
        // A clock that is 1 % slow takes as much longer.
        assert_eq!(
            all(Player::new(1.01, vec![200], 2000, 2100, 0).cut()).last().map(|last| last.0),
            Some(2121)
        );
    }
}
