//! What may have come unseen before the first pulse that was found.

use crate::measure::FrontEnd;
use crate::signal::{Phase, Program, Pulse};

/// What a contact's channel finds for certain.
pub(super) struct Sight {
    /// The smallest current that is, A.
    least: f64,
    /// What lasts as long as this reaches its level behind the filter, s.
    full: f64,
    /// By how much later than it came a row is seen, s: the filter's delay, less the sample within which a marker is read.
    late: f64,
}

/// A phase is found for certain from so many times the level that begins one.
pub(super) const CERTAIN: f64 = 1.25;

impl Sight {
    /// Behind a front end, where a phase begins at `begins` A; `period` in s.
    pub(super) fn of(front_end: &FrontEnd, begins: f64, period: f64) -> Self {
        Self { least: CERTAIN * begins, full: 2.0 * front_end.transition, late: front_end.delay - period }
    }

    /// Whether a pulse is found for certain on a contact of this share.
    pub(super) fn finds(&self, pulse: &Pulse, share: f64) -> bool {
        let of = |phase: &Phase| phase.current.abs() * (phase.width / self.full).min(1.0);
        let largest = pulse.phases().iter().map(of).fold(0.0, f64::max);
        largest * share.abs() >= self.least
    }

    /// For how long, s, a train under `program` may have run before its first row: its ramp begins with pulses that need not have
    /// been found on a contact of this share, and the row came `since` seconds after the start, which is enough for some of them.
    /// Where samples were lost meanwhile, no pulse need have been found.
    pub(super) fn hidden(&self, program: &Program, share: f64, (since, lost): (f64, bool)) -> f64 {
        let Some(ramp) = program.ramp.filter(|_| share != 0.0) else { return 0.0 };
        let found = |n: u64| !lost && self.finds(&program.pulse(n), share);
        // The row is the last of those that were due by then, at the most; a ramp grows, so the first that is found is searched for.
        let due = program.pulses_before((since - self.late).min(ramp.up));
        let (mut low, mut high) = (0, due.saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if found(middle) { high = middle } else { low = middle + 1 }
        }
        program.start_of(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Law, Ramp};

    /// 50 Hz to 0.5 mA within 200 ms: 25, 75, 125 uA. A phase begins at 60 uA, and is found for certain from 75 uA on.
    fn of(law: Law, begins: f64, since: f64, lost: bool) -> f64 {
        let program = Program::biphasic(["e1", "case"], 0.5e-3, 200e-6, 50e-6, 50.0);
        let program = Program { ramp: Some(Ramp { up: 0.2, law }), ..program };
        let front_end = FrontEnd::bessel(4, 100e3, 1e-6);
        let seen = Sight::of(&front_end, begins, 1e-6);
        seen.hidden(&program, -1.0, (since + front_end.delay, lost))
    }

    fn hidden(law: Law, begins: f64, since: f64) -> f64 {
        of(law, begins, since, false)
    }

    #[test]
    fn where_samples_were_lost_before_the_first_row_any_pulse_may_have_been() {
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        near(of(Law::Linear, 1e-6, 60.1e-3, true), 0.06);
        near(of(Law::Linear, 1e-6, 60.1e-3, false), 0.0);
        near(of(Law::Linear, 1e-6, 0.1e-3, true), 0.0);
    }

    #[test]
    fn the_first_pulses_of_a_ramp_are_hidden_where_they_are_small_and_there_was_time_for_them() {
        let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        near(hidden(Law::Linear, 59e-6, 20.1e-3), 0.02);
        near(hidden(Law::Linear, 59e-6, 1.0), 0.02);
        near(hidden(Law::Linear, 61e-6, 1.0), 0.04);
        // The first to come came at once, or the marker was read a sample late.
        near(hidden(Law::Linear, 61e-6, 0.1e-3), 0.0);
        near(hidden(Law::Linear, 61e-6, 19.9e-3), 0.0);
        near(hidden(Law::Linear, 61e-6, 20e-3), 0.02);
        // All of them are found.
        near(hidden(Law::Linear, 19e-6, 1.0), 0.0);
        // Pulses of 10 us and more reach their level.
        near(hidden(Law::Width, 61e-6, 1.0), 0.0);
    }

    #[test]
    fn without_a_ramp_and_on_an_idle_contact_nothing_is_hidden() {
        let program = Program::biphasic(["e1", "case"], 0.5e-3, 200e-6, 50e-6, 50.0);
        let seen = Sight::of(&FrontEnd::bessel(4, 100e3, 1e-6), 1.0, 1e-6);
        assert_eq!(seen.hidden(&program, -1.0, (1.0, false)), 0.0);
        let ramped = Program { ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..program };
        assert_eq!(seen.hidden(&ramped, 0.0, (1.0, false)), 0.0);
        // None of the ramp is found: the row may be its last.
        assert!((seen.hidden(&ramped, -1.0, (1.0, false)) - 0.18).abs() < 1e-9);
    }
}
