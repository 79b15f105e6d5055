//! A train of equal pulses, stage by stage, on a device's own clock.

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
}

impl Player {
    /// A train that begins at `origin`.
    pub(super) fn new(clock: f64, lengths: Vec<u64>, period: u64, until: u64, origin: u64) -> Self {
        Self { clock, lengths, period, until, cuts: false, origin, pulse: 0, stage: 0 }
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
        if stage < self.lengths.len() {
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
