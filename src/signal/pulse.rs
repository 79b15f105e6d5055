//! The pulses a program asks for, exactly.

use super::{Law, Program, Ramp, Recovery, Run, Waveform};

/// What a phase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The stimulating phase.
    Leading,
    /// The active phase (or phases) that takes the charge back.
    Recovery,
}

/// One constant-current phase. Times in seconds from the first pulse of the run; currents in ampere, for a contact
/// whose share is −100 %: negative is cathodic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// When it begins.
    pub start: f64,
    /// How long it lasts.
    pub width: f64,
    /// Signed current.
    pub current: f64,
    /// What it is for.
    pub kind: Kind,
}

impl Phase {
    /// When it ends, s.
    pub fn end(&self) -> f64 {
        self.start + self.width
    }
}

/// One programmed pulse.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// Counting from 0 at the start of the run.
    pub index: u64,
    /// Start of the leading phase, s from the first pulse.
    pub start: f64,
    /// Magnitude of the leading phase in force, A (the ramp's value inside a ramp).
    pub amplitude: f64,
    /// Width of the leading phase in force, s.
    pub width: f64,
    /// Up to three phases in order of time.
    phases: [Phase; 3],
    count: usize,
    /// Intervals (start, duration) in which the recharge switch is closed, s.
    pub recharge: Option<(f64, f64)>,
}

impl Pulse {
    /// The phases in order of time.
    pub fn phases(&self) -> &[Phase] {
        self.phases.get(..self.count).unwrap_or(&[])
    }

    /// End of the last active phase, s.
    pub fn end(&self) -> f64 {
        self.phases().last().map_or(self.start, Phase::end)
    }

    /// The same pulse `seconds` later.
    pub fn later(mut self, seconds: f64) -> Self {
        self.start += seconds;
        for phase in &mut self.phases {
            phase.start += seconds;
        }
        self.recharge = self.recharge.map(|(start, duration)| (start + seconds, duration));
        self
    }
}

impl Program {
    /// Pulses (of bursts singly, of an alternating pair both) in one period.
    pub fn pulses_per_period(&self) -> u64 {
        if self.waveform == Waveform::Alternating {
            2
        } else {
            self.burst.map_or(1, |burst| u64::from(burst.pulses))
        }
    }

    /// Whether no pulse of a period is balanced before the last: an alternating pair, a burst that is recharged at its end. A
    /// stimulator that has begun such a period finishes it.
    pub fn balances_together(&self) -> bool {
        self.waveform == Waveform::Alternating
            || matches!(self.recovery, Recovery::Passive { per_burst: true, .. })
    }

    /// Start of pulse `n`, s from the first pulse, with on and off times.
    pub fn start_of(&self, n: u64) -> f64 {
        self.start_from(n, 0.0)
    }

    /// As [`Program::start_of`] for a program that took effect `into` seconds into an on-time.
    pub fn start_from(&self, n: u64, into: f64) -> f64 {
        let per_period = self.pulses_per_period();
        let inner = (n % per_period) as f64;
        let offset = match (self.waveform, self.burst) {
            (Waveform::Alternating, _) => inner * 0.5 / self.rate,
            (_, Some(burst)) => inner / burst.rate,
            _ => 0.0,
        };
        let (turn, group) = self.turn(n / per_period, into);
        let on_time = match self.cycle {
            Some(cycle) if turn > 0 => turn as f64 * (cycle.on_time + cycle.off_time) - into,
            _ => 0.0,
        };
        on_time + group as f64 / self.rate + offset
    }

    /// Seconds since the beginning of the on-time (without cycling: of the train) at the group of pulse `n`, for a program
    /// that took effect `into` seconds into it: what a ramp counts.
    pub fn elapsed(&self, n: u64, into: f64) -> f64 {
        let (turn, group) = self.turn(n / self.pulses_per_period(), into);
        group as f64 / self.rate + if turn == 0 { into } else { 0.0 }
    }

    /// Whether a train under this program goes on in the on-time of one under another; else a new on-time begins.
    pub fn continues(&self, other: &Self) -> bool {
        self.cycle.is_none() || self.cycle == other.cycle
    }

    /// On-time in which a group (pulse, pair, burst) falls, from 0, and its number within it.
    fn turn(&self, group: u64, into: f64) -> (u64, u64) {
        let Some(cycle) = self.cycle else { return (0, group) };
        match group.checked_sub(groups_below(cycle.on_time - into, self.rate)) {
            None => (0, group),
            Some(rest) => {
                let per_on = groups_below(cycle.on_time, self.rate);
                (1 + rest / per_on, rest % per_on)
            }
        }
    }

    /// Groups (pulses, pairs, bursts) in each whole on-time; `None` without cycling.
    pub fn groups_per_on(&self) -> Option<u64> {
        self.cycle.map(|cycle| groups_below(cycle.on_time, self.rate))
    }

    /// The longest that a train in progress is silent, with a margin, s: three periods, and a cycle's time off. Silence
    /// that short proves nothing.
    pub fn longest_rest(&self) -> f64 {
        3.0 * self.period() + self.cycle.map_or(0.0, |cycle| cycle.off_time)
    }

    /// Number of pulses the stimulator emits by itself; `None` until stopped.
    pub fn pulse_limit(&self) -> Option<u64> {
        match self.run {
            Run::UntilStopped => None,
            Run::Pulses(pulses) => Some(pulses),
            Run::Duration(duration) => {
                let begun = self.pulses_before(duration - HALF_TICK);
                let per_period = self.pulses_per_period();
                let whole = begun.div_ceil(per_period).saturating_mul(per_period);
                Some(if self.balances_together() { whole } else { begun })
            }
        }
    }

    /// Number of pulses whose start is below `t` seconds from the first.
    pub fn pulses_before(&self, t: f64) -> u64 {
        self.pulses_before_from(t, 0.0)
    }

    /// As [`Program::pulses_before`] for a program that took effect `into` seconds into an on-time.
    pub fn pulses_before_from(&self, t: f64, into: f64) -> u64 {
        if t <= 0.0 {
            return 0;
        }
        // Starts grow with n: bisect between 0 and a bound that ignores pauses.
        let densest = self.burst.map_or(self.rate, |burst| burst.rate.max(self.rate)) * 2.0;
        let (mut low, mut high) = (0_u64, ((t * densest).ceil() as u64).saturating_add(2));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.start_from(middle, into) < t - 1e-12 { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The exact pulse `n` asks for.
    pub fn pulse(&self, n: u64) -> Pulse {
        self.pulse_from(n, 0.0)
    }

    /// As [`Program::pulse`] for a program that took effect `into` seconds into an on-time: a change of program does not
    /// begin a ramp anew.
    pub fn pulse_from(&self, n: u64, into: f64) -> Pulse {
        let start = self.start_from(n, into);
        let (amplitude, width) = self.in_force(n, into);
        let sign = self.leading.sign();
        let phase = |start: f64, width: f64, current: f64, kind: Kind| Phase { start, width, current, kind };
        let lead = phase(start, width, sign * amplitude, Kind::Leading);
        let mut phases = [lead; 3];
        let mut count = 1;
        let second_start = start + width + self.gap;
        match (self.waveform, self.recovery) {
            (Waveform::Biphasic, Recovery::Mirrored) => {
                phases[1] = phase(second_start, width, -sign * amplitude, Kind::Recovery);
                count = 2;
            }
            (Waveform::Biphasic, Recovery::Ratio(k)) => {
                phases[1] = phase(second_start, width * k, -sign * amplitude / k, Kind::Recovery);
                count = 2;
            }
            (Waveform::Triphasic, _) => {
                let third_start = second_start + width + self.gap;
                phases = [
                    phase(start, width, 0.5 * sign * amplitude, Kind::Leading),
                    phase(second_start, width, -sign * amplitude, Kind::Recovery),
                    phase(third_start, width, 0.5 * sign * amplitude, Kind::Leading),
                ];
                count = 3;
            }
            (Waveform::Alternating, _) if n % 2 == 1 => phases[0].current = -lead.current,
            _ => {}
        }
        let end = phases.get(count - 1).map_or(start, Phase::end);
        Pulse { index: n, start, amplitude, width, phases, count, recharge: self.recharge_after(n, end) }
    }

    /// The pulses in order, endless unless the program ends by itself.
    pub fn pulses(&self) -> impl Iterator<Item = Pulse> + '_ {
        (0..self.pulse_limit().unwrap_or(u64::MAX)).map(|n| self.pulse(n))
    }

    /// Seconds from the first leading edge to the end of the ramp; 0 without one.
    pub fn ramp_end(&self) -> f64 {
        self.ramp.map_or(0.0, |ramp| ramp.up)
    }

    fn recharge_after(&self, n: u64, end: f64) -> Option<(f64, f64)> {
        let last_of_burst =
            self.burst.is_none_or(|burst| n % u64::from(burst.pulses) == u64::from(burst.pulses) - 1);
        let passive = match self.recovery {
            Recovery::Passive { duration, per_burst } if !per_burst || last_of_burst => Some(duration),
            _ => None,
        };
        // Dead time between the pulse and the switch is the program's own gap for a passive recovery.
        match (passive, self.recharge) {
            (Some(duration), _) => Some((end + self.gap, duration)),
            (None, Some(duration)) => Some((end, duration)),
            (None, None) => None,
        }
    }

    /// Amplitude and width in force at pulse `n` (ramps restart with each on-time).
    fn in_force(&self, n: u64, into: f64) -> (f64, f64) {
        let Some(Ramp { up, law }) = self.ramp else { return (self.amplitude, self.width) };
        let position = (self.elapsed(n, into) + 0.5 / self.rate) / up;
        if position >= 1.0 {
            return (self.amplitude, self.width);
        }
        match law {
            Law::Linear => (self.amplitude * position, self.width),
            Law::QuarterSine => (self.amplitude * (std::f64::consts::FRAC_PI_2 * position).sin(), self.width),
            Law::Width => (self.amplitude, self.width * position),
        }
    }
}

/// Half a tick of the reference board's timer, s: what would begin later than this before the end of an on-time or of a duration
/// begins on that tick, and so not before it. Ten periods of 60 Hz are 166.667 ms to whoever writes them down.
pub(super) const HALF_TICK: f64 = 0.5e-6;

/// How many periods begin within `on_time`; at least one.
fn groups_below(on_time: f64, rate: f64) -> u64 {
    (((on_time - HALF_TICK) * rate - 1e-9).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::{Burst, Cycle};
    use super::*;

    fn program() -> Program {
        Program::biphasic(["e1", "case"], 2e-3, 200e-6, 50e-6, 50.0)
    }

    #[test]
    fn a_mirrored_pulse_carries_no_net_charge() {
        let pulse = program().pulse(3);
        let net: f64 = pulse.phases().iter().map(|phase| phase.current * phase.width).sum();
        assert_eq!(pulse.start, 0.06);
        assert!(net.abs() < 1e-18, "{net}");
        assert_eq!(pulse.phases()[0].current, -2e-3);
        assert!((pulse.end() - 0.06045).abs() < 1e-12);
    }

    #[test]
    fn a_ratio_is_a_kth_of_the_amplitude_k_times_as_long() {
        let pulse = Program { recovery: Recovery::Ratio(4.0), ..program() }.pulse(0);
        assert_eq!(pulse.phases()[1].current, 0.5e-3);
        assert!((pulse.phases()[1].width - 800e-6).abs() < 1e-15);
    }

    #[test]
    fn a_linear_ramp_follows_its_law() {
        let program = Program { ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..program() };
        assert!((program.pulse(0).amplitude - 2e-3 * 0.05).abs() < 1e-15);
        assert!((program.pulse(9).amplitude - 2e-3 * 0.95).abs() < 1e-15);
        assert_eq!(program.pulse(10).amplitude, 2e-3);
    }

    #[test]
    fn a_duration_counts_the_pulses_that_begin_before_it() {
        let at = |duration| Program { run: Run::Duration(duration), ..program() }.pulse_limit();
        assert_eq!(at(2.0), Some(100));
        assert_eq!(at(0.0201), Some(2));
        assert_eq!(at(0.02), Some(1));
        // The eleventh of 60 Hz is due at 166 666.67 us: on the tick at which 166 667 us end, and before that of 166 668 us.
        let sixty =
            |duration| Program { rate: 60.0, run: Run::Duration(duration), ..program() }.pulse_limit();
        assert_eq!((sixty(0.166_667), sixty(0.166_668)), (Some(10), Some(11)));
    }

    #[test]
    fn bursts_and_cycles_place_their_pulses() {
        let burst = Program { rate: 40.0, burst: Some(Burst { pulses: 5, rate: 500.0 }), ..program() };
        assert!((burst.start_of(4) - 0.008).abs() < 1e-12);
        assert!((burst.start_of(5) - 0.025).abs() < 1e-12);
        let cycle = Program { cycle: Some(Cycle { on_time: 1.0, off_time: 2.0 }), ..program() };
        assert!((cycle.start_of(49) - 0.98).abs() < 1e-12);
        assert!((cycle.start_of(50) - 3.0).abs() < 1e-12);
        assert_eq!(cycle.pulses_before(3.01), 51);
        // Taken 0.4 s into an on-time: thirty pulses are left of it.
        assert!((cycle.start_from(30, 0.4) - 2.6).abs() < 1e-12);
        assert_eq!(cycle.pulses_before_from(2.61, 0.4), 31);
    }

    #[test]
    fn an_on_time_that_was_rounded_up_to_its_periods_has_no_pulse_more() {
        let of = |on_time| {
            let cycle = Some(Cycle { on_time, off_time: 0.1 });
            let program = Program { rate: 60.0, cycle, ..program() };
            (program.groups_per_on(), program.start_of(10))
        };
        let (groups, eleventh) = of(0.166_667);
        assert_eq!(groups, Some(10));
        assert!((eleventh - 0.266_667).abs() < 1e-12, "{eleventh}");
        let (groups, eleventh) = of(0.166_668);
        assert_eq!(groups, Some(11));
        assert!((eleventh - 10.0 / 60.0).abs() < 1e-12, "{eleventh}");
        assert_eq!(program().groups_per_on(), None);
    }
}
