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
    /// Pulses come in bursts.
    gate: Option<Gate>,
    pulse: u64,
    stage: usize,
    /// What is wrong with it.
    defects: Option<TrainDefects>,
    /// Stages of a pulse that ends behind its first phase.
    unrecovered: usize,
}

/// Bursts that gate a train: each begins with a pulse, another begins only where its first stage ends before the burst does, and
/// what is in progress at the burst's end is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gate {
    /// Length of a burst, ns.
    burst: u64,
    /// From its end to the next one, ns.
    pause: u64,
    /// Bursts that are over.
    over: u64,
    /// Pulses of this one that are over.
    pulses: u64,
}

impl Gate {
    fn begins(&self) -> u64 {
        self.over * (self.burst + self.pause)
    }

    fn ends(&self) -> u64 {
        self.begins() + self.burst
    }
}

impl Player {
    /// A train that begins at `origin`.
    pub(super) fn new(clock: f64, lengths: Vec<u64>, period: u64, until: u64, origin: u64) -> Self {
        let unrecovered = lengths.len();
        let (defects, gate, cuts, pulse, stage) = (None, None, false, 0, 0);
        Self { clock, lengths, period, until, cuts, origin, gate, pulse, stage, defects, unrecovered }
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
        let slower = |time: u64| ((time as f64 / defects.rate).round() as u64).max(1);
        self.period = slower(self.period);
        if let Some(gate) = &mut self.gate {
            let all = slower(gate.burst + gate.pause);
            let bursts = slower(gate.burst).saturating_add_signed(defects.more_in_burst(self.period));
            // There is a burst at least, and a pause: else it would be another train.
            gate.burst = bursts.clamp(1, all.saturating_sub(1).max(1));
            gate.pause = all - gate.burst.min(all);
        }
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

    /// The same in bursts of this length, with this pause behind each, ns.
    pub(super) fn gated(self, burst: u64, pause: u64) -> Self {
        Self { gate: Some(Gate { burst, pause, over: 0, pulses: 0 }), ..self }
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
        let offset = match &self.gate {
            None => (self.pulse * self.period).saturating_add(into),
            Some(gate) => {
                let begins = gate.begins() + gate.pulses * self.period;
                let first = self.lengths.first().copied().unwrap_or(0);
                // One that it could not begin and finish a phase of is left out; the burst lasts to its end all the same.
                let fits = gate.pulses == 0 || self.stage > 0 || begins + first < gate.ends();
                if fits { (begins + into).min(gate.ends()) } else { gate.ends() }
            }
        };
        if self.cuts { offset.min(self.until) } else { offset }
    }

    /// Whether what is due next is the end of a burst.
    fn burst_ends(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| self.offset() >= gate.ends())
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
        if self.burst_ends() {
            self.pulse += u64::from(self.stage > 0);
            self.stage = 0;
            if let Some(gate) = &mut self.gate {
                (gate.over, gate.pulses) = (gate.over + 1, 0);
            }
            return Due::Rest;
        }
        let stage = self.stage;
        if stage < self.stages() {
            self.stage += 1;
            return Due::Stage(stage);
        }
        self.stage = 0;
        self.pulse += 1;
        if let Some(gate) = &mut self.gate {
            gate.pulses += 1;
        }
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
        assert_eq!(starts(&bent(DefectKind::RateError, DefectValue::Amount(0.25))), [0, 1600, 3200, 4800]);
        assert_eq!(starts(&bent(DefectKind::StartDelay, DefectValue::Amount(50e-9))), [50, 2050, 4050]);
        assert_eq!(starts(&bent(DefectKind::MissingPulseEvery, DefectValue::Every(2))), [0, 4000]);
        let wide = bent(DefectKind::WidthError, DefectValue::Amount(0.5));
        assert_eq!(wide[1..4], [(300, Due::Stage(1)), (400, Due::Stage(2)), (700, Due::Rest)]);
        let cut = bent(DefectKind::MissingRecoveryEvery, DefectValue::Every(1));
        assert_eq!(cut[..3], [(0, Due::Stage(0)), (200, Due::Rest), (2000, Due::Stage(0))]);
    }

    /// When pulses begin in bursts of 1000 ns every 5000, of pulses of 200, 100 and 200 ns.
    fn gated(burst: u64, period: u64, until: u64) -> Vec<(u64, Due)> {
        all(Player::new(1.0, vec![200, 100, 200], period, until, 0).cut().gated(burst, 5000 - burst))
    }

    fn starts(train: &[(u64, Due)]) -> Vec<u64> {
        train.iter().filter(|(_, due)| *due == Due::Stage(0)).map(|(at, _)| *at).collect()
    }

    #[test]
    fn bursts_begin_with_a_pulse_and_gate_the_others() {
        // Whole periods: two pulses in each, none cut.
        let whole = gated(1200, 600, 10_000);
        assert_eq!(starts(&whole), [0, 600, 5000, 5600]);
        assert_eq!(whole.last(), Some(&(10_000, Due::Ended(4))));
        assert_eq!(whole.iter().filter(|(_, due)| *due == Due::Stage(2)).count(), 4);
        // The first phase of a third would end with the burst, which is not before its end.
        assert_eq!(starts(&gated(1400, 600, 5000)), [0, 600]);
        // One nanosecond more and it begins, and is cut behind its first phase.
        let cut = gated(1401, 600, 5000);
        assert_eq!(starts(&cut), [0, 600, 1200]);
        assert!(cut.contains(&(1400, Due::Stage(1))) && cut.contains(&(1401, Due::Rest)), "{cut:?}");
        // A burst that is shorter than a phase still begins one.
        let short = gated(100, 600, 10_000);
        let expected = [(0, Due::Stage(0)), (100, Due::Rest), (5000, Due::Stage(0)), (5100, Due::Rest)];
        assert_eq!(short[..4], expected);
        // The train's end cuts through a burst.
        assert_eq!(gated(1200, 600, 5700).last(), Some(&(5700, Due::Ended(4))));
    }

    #[test]
    fn bursts_are_bent_by_their_defects() {
        use crate::rig::{Defect, DefectKind, DefectValue};
        let bent = |kind, value| {
            let defects = TrainDefects::new(&[Defect { kind, value }]);
            let player = Player::new(1.0, vec![200, 100, 200], 600, 5000, 0).cut().gated(1200, 3800);
            starts(&all(player.bent(&defects, &[true, false, true])))
        };
        let count = |more| bent(DefectKind::BurstCountError, DefectValue::Amount(more));
        assert_eq!(count(1.0), [0, 600, 1200]);
        assert_eq!(count(-1.0), [0]);
        assert_eq!(count(-9.0), [0], "a burst has a pulse");
        // A device that is a tenth too fast plays as many pulses in each burst.
        let fast = bent(DefectKind::RateError, DefectValue::Amount(0.1));
        assert_eq!(fast, [0, 545, 4545]);
        assert_eq!(bent(DefectKind::MissingPulseEvery, DefectValue::Every(2)), [0]);
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
