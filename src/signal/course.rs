//! The pulses of a train whose program changes while it runs.

use super::pulse::HALF_TICK;
use super::{Program, Pulse, Run};

/// A stretch of a train under one program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part<'p> {
    /// The program in force.
    pub program: &'p Program,
    /// Its first pulse, s from the first pulse of the train.
    pub origin: f64,
    /// Number of that pulse since the start.
    pub base: u64,
    /// How far into an on-time (without cycling: into the train) it took effect, s.
    pub into: f64,
}

impl<'p> Part<'p> {
    /// The beginning of a train.
    pub fn first(program: &'p Program) -> Self {
        Self { program, origin: 0.0, base: 0, into: 0.0 }
    }

    /// Start of pulse `n` of this part, s from the first pulse of the train.
    pub fn start_of(&self, n: u64) -> f64 {
        self.origin + self.program.start_from(n, self.into)
    }

    /// Pulse `n` of this part, with instants from the first pulse of the train.
    pub fn pulse(&self, n: u64) -> Pulse {
        let mut pulse = self.program.pulse_from(n, self.into).later(self.origin);
        pulse.index = self.base + n;
        pulse
    }

    /// Whether pulse `n` of this part is the first of an on-time.
    pub fn begins_on_time(&self, n: u64) -> bool {
        n.is_multiple_of(self.program.pulses_per_period()) && self.program.elapsed(n, self.into) == 0.0
    }

    /// The first pulse of a group (pulse, pair, burst) at or after `t` seconds from the first pulse of the train.
    pub fn next_group(&self, t: f64) -> u64 {
        let per_group = self.program.pulses_per_period();
        self.program.pulses_before_from(t - self.origin, self.into).div_ceil(per_group) * per_group
    }

    /// What follows when `program` takes over at pulse `n` of this part: that pulse keeps its instant.
    pub fn change(&self, n: u64, program: &'p Program) -> Self {
        let into = if program.continues(self.program) { self.program.elapsed(n, self.into) } else { 0.0 };
        Self { program, origin: self.start_of(n), base: self.base + n, into }
    }

    /// Whether the stimulator still emits pulse `n` of this part by itself.
    fn emits(&self, n: u64) -> bool {
        match self.program.run {
            Run::UntilStopped => true,
            Run::Pulses(pulses) => self.base + n < pulses,
            Run::Duration(duration) => {
                // A pair, or a burst that is recharged at its end, is finished.
                let owed =
                    self.program.balances_together() && !n.is_multiple_of(self.program.pulses_per_period());
                owed || self.start_of(n) < duration - HALF_TICK - 1e-12
            }
        }
    }
}

/// The parts of a train under `first` whose program is changed at the given seconds from its first pulse: each takes effect
/// at the first pulse (burst, pair) from there on.
pub fn course<'p>(first: &'p Program, changes: &[(f64, &'p Program)]) -> Vec<Part<'p>> {
    let mut parts = vec![Part::first(first)];
    for (at, program) in changes {
        let Some(last) = parts.last() else { break };
        parts.push(last.change(last.next_group(*at), program));
    }
    parts
}

/// The pulses of a train in order, endless unless the last program ends by itself.
pub fn pulses(parts: Vec<Part<'_>>) -> impl Iterator<Item = (Part<'_>, Pulse)> {
    let ends: Vec<f64> = parts.iter().skip(1).map(|next| next.origin).chain([f64::INFINITY]).collect();
    let stretches = parts.into_iter().zip(ends).flat_map(|(part, end)| {
        (0..).map(move |n| (part, n)).take_while(move |(part, n)| part.start_of(*n) < end - 1e-12)
    });
    stretches.take_while(|(part, n)| part.emits(*n)).map(|(part, n)| (part, part.pulse(n)))
}

#[cfg(test)]
mod tests {
    use super::super::{Burst, Law, Ramp};
    use super::*;

    fn program() -> Program {
        Program::biphasic(["e1", "case"], 2e-3, 200e-6, 50e-6, 50.0)
    }

    #[test]
    fn a_change_keeps_the_instant_of_the_pulse_it_takes_effect_at() {
        let (slow, fast) = (program(), Program { rate: 100.0, amplitude: 3e-3, ..program() });
        let train: Vec<_> = pulses(course(&slow, &[(0.03, &fast)])).take(5).map(|(_, pulse)| pulse).collect();
        let starts: Vec<i64> = train.iter().map(|pulse| (pulse.start * 1e3).round() as i64).collect();
        assert_eq!(starts, [0, 20, 40, 50, 60]);
        assert_eq!((train[1].amplitude, train[2].amplitude), (2e-3, 3e-3));
        assert_eq!(train[4].index, 4);
    }

    #[test]
    fn a_change_waits_for_the_next_burst_and_does_not_begin_a_ramp_anew() {
        let ramp = Some(Ramp { up: 1.0, law: Law::Linear });
        let burst = Program { rate: 10.0, burst: Some(Burst { pulses: 3, rate: 500.0 }), ramp, ..program() };
        let louder = Program { amplitude: 4e-3, ..burst.clone() };
        let train: Vec<_> = pulses(course(&burst, &[(0.101, &louder)])).take(7).map(|(_, p)| p).collect();
        let share = |pulse: &Pulse, full: f64| (pulse.amplitude / full * 100.0).round() as i64;
        assert_eq!(share(&train[3], 2e-3), 15);
        assert_eq!(share(&train[5], 2e-3), 15);
        assert_eq!((share(&train[6], 4e-3), (train[6].start * 1e3).round() as i64), (25, 200));
    }

    #[test]
    fn a_duration_counts_from_the_start() {
        let limited = Program { run: Run::Duration(0.1), ..program() };
        let fast = Program { rate: 100.0, ..limited.clone() };
        assert_eq!(pulses(course(&limited, &[(0.05, &fast)])).count(), 3 + 4);
        // Ten periods, rounded up to a microsecond.
        let ten = Program { rate: 60.0, run: Run::Duration(0.166_667), ..program() };
        assert_eq!(pulses(course(&ten, &[])).count(), 10);
    }
}
