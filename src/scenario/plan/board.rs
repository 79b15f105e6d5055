//! What the reference board's converter and timer cannot do: it would refuse it, and a change in the middle of a run.

use crate::quantity::{Dimension, engineering};
use crate::rig::{Driver, Rig, StimulatorSpec};
use crate::signal::{Program, Recovery, Waveform};
use crate::source::{Diagnostic, Severity};

use super::super::Case;
use super::Planned;
use super::applied::{grain, on_grid, thousandths};

/// An amplitude that the converter moves by more than this part of itself is worth a warning: a third of the tolerance that
/// stimulators are usually judged by.
const COARSE: f64 = 0.01;

/// Something the board does not do as it is asked.
struct Unlike {
    severity: Severity,
    key: &'static str,
    what: String,
    help: Option<String>,
}

/// Refuses programs that a board whose grid is known would refuse, and warns of those that its grid changes.
pub(super) fn check(case: &Case, rig: &Rig, programs: &[Planned<'_>], problems: &mut Vec<Diagnostic>) {
    let (Driver::Simulated | Driver::Native, Some(sim)) = (rig.stimulator, &rig.sim) else { return };
    for planned in programs {
        let (largest, cap) = (planned.program.largest_current(), sim.stimulator.cap);
        let above = |limit: f64| largest > limit * (1.0 + 1e-9);
        // What is above the rig's own limits is told by them.
        if above(cap) && !above(rig.limits.amplitude.min(rig.cap)) {
            let what = format!("{} is above the board's own cap of {}", current(largest), current(cap));
            let help = "`sim.stimulator.cap` is what it refuses; `stimulator.cap` beside it is what the rig file states";
            problems.push(planned.place(case, "amplitude").error(&what, Some(help)));
        }
        for Unlike { severity, key, what, help } in unlike(planned.program, &sim.stimulator) {
            problems.push(planned.place(case, key).diagnostic(severity, &what, help.as_deref()));
        }
    }
}

fn current(amperes: f64) -> String {
    engineering(amperes, Dimension::Current, 4)
}

fn time(seconds: f64) -> String {
    engineering(seconds, Dimension::Time, 6)
}

fn unlike(program: &Program, spec: &StimulatorSpec) -> Vec<Unlike> {
    let mut found = Vec::new();
    let mut tell = |severity, key, what: String, help: Option<String>| {
        found.push(Unlike { severity, key, what, help });
    };
    if let Recovery::Ratio(ratio) = program.recovery {
        let sent = thousandths(ratio) as f64 / 1e3;
        if (sent - ratio).abs() > 1e-9 * ratio {
            let what = format!("a ratio of {ratio} becomes {sent} on the board, which takes thousandths");
            tell(Severity::Warning, "recovery", what, None);
        }
    }
    let made = on_grid(program, spec);
    if made.amplitude > 0.0 && (made.amplitude - program.amplitude).abs() > COARSE * program.amplitude {
        let what = format!(
            "an amplitude of {} becomes {} on the board's converter",
            current(program.amplitude),
            current(made.amplitude)
        );
        let help = match grain(program) {
            1 => "take a larger amplitude".to_owned(),
            steps => format!("only every {steps}th step has a recovery of this ratio: take a rounder ratio"),
        };
        tell(Severity::Warning, "amplitude", what, Some(help));
    }
    let timer = Timer::of(spec);
    for (key, seconds) in shortest(program) {
        if timer.nanoseconds(seconds) == 0 {
            tell(Severity::Error, key, format!("{} is nothing on the board's timer", time(seconds)), None);
        }
    }
    for (key, seconds) in
        [("width", Some(program.width)), ("recharge", program.recharge), ("recovery", passive(program))]
    {
        let Some(seconds) = seconds.filter(|seconds| timer.ticks(*seconds) == 0) else { continue };
        let what =
            format!("{} is less than half a tick of the board's timer, {}", time(seconds), time(spec.timer));
        tell(Severity::Error, key, what, None);
    }
    let (ticks, steps) = (timer.ticks(program.width), grain(program));
    if !ticks.is_multiple_of(steps) {
        let near = |ticks: u64| time((ticks * timer.tick) as f64 * 1e-9);
        let below = ticks - ticks % steps;
        let widths = [below, below + steps].into_iter().filter(|ticks| *ticks > 0).map(near);
        let what = format!(
            "a recovery of this ratio to {} ends between two ticks of the board's timer: its charge would not cancel",
            time(program.width)
        );
        let help = format!("take a rounder ratio, or a width of {}", widths.collect::<Vec<_>>().join(" or "));
        tell(Severity::Error, "recovery", what, Some(help));
    } else if let Some(what) = timer.overlap(program) {
        let help = "a shorter pulse, or a period of whole ticks, has room".to_owned();
        tell(Severity::Error, "rate", what, Some(help));
    }
    found
}

/// Times that are sent in whole nanoseconds and must be some.
fn shortest(program: &Program) -> Vec<(&'static str, f64)> {
    let ramp = program.ramp.map(|ramp| ("ramp", ramp.up));
    let cycle = program.cycle.map(|cycle| ("cycle", cycle.on_time.min(cycle.off_time)));
    ramp.into_iter().chain(cycle).collect()
}

fn passive(program: &Program) -> Option<f64> {
    if let Recovery::Passive { duration, .. } = program.recovery { Some(duration) } else { None }
}

/// The board's timer. It counts ticks of whole nanoseconds, and is told periods in picoseconds.
#[derive(Debug, Clone, Copy)]
struct Timer {
    /// A tick, ns.
    tick: u64,
}

impl Timer {
    fn of(spec: &StimulatorSpec) -> Self {
        Self { tick: ((spec.timer * 1e9).round() as u64).max(1) }
    }

    fn nanoseconds(self, seconds: f64) -> u64 {
        (seconds * 1e9).round() as u64
    }

    /// The ticks nearest to a time in s.
    fn ticks(self, seconds: f64) -> u64 {
        self.nanoseconds(seconds).saturating_add(self.tick / 2) / self.tick
    }

    /// From the start of a pulse to where its last phase or its recharge ends, ticks. `recharged` where the switch closes
    /// behind it.
    fn length(self, program: &Program, recharged: bool) -> u64 {
        let (width, gap) = (self.ticks(program.width), self.ticks(program.gap));
        let ratio = if let Recovery::Ratio(ratio) = program.recovery { thousandths(ratio) } else { 1000 };
        let phases = match program.waveform {
            Waveform::Biphasic => width + gap + (width * ratio + 500) / 1000,
            Waveform::Triphasic => 3 * width + 2 * gap,
            Waveform::Monophasic | Waveform::Alternating => width,
        };
        let closed = match (passive(program), program.recharge) {
            (Some(duration), _) => gap + self.ticks(duration),
            (None, Some(duration)) => self.ticks(duration),
            (None, None) => 0,
        };
        if recharged { phases + closed } else { phases }
    }

    /// Where a pulse may not be over when the next begins. Each start is rounded to a tick of its own, so only the whole
    /// ticks between two exact ones are sure to be there.
    fn overlap(self, program: &Program) -> Option<String> {
        let period = program.period();
        let step = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => 0.5 * period,
            (_, Some(burst)) => 1.0 / burst.rate,
            _ => 0.0,
        };
        let last = program.pulses_per_period().saturating_sub(1);
        let per_burst = matches!(program.recovery, Recovery::Passive { per_burst: true, .. });
        let within = (last > 0).then(|| (self.length(program, !per_burst), step));
        let length = self.length(program, true);
        let behind = (length, period - last as f64 * step);
        let on_time = program.cycle.map(|cycle| {
            let groups = (cycle.on_time * program.rate - 1e-9).ceil().max(1.0);
            (length, cycle.on_time + cycle.off_time - (groups - 1.0) * period - last as f64 * step)
        });
        let mut rooms = within.into_iter().chain([behind]).chain(on_time);
        // A picosecond is what a period is told in.
        let whole = |room: f64| ((room * 1e9 + 1e-3) / self.tick as f64).floor().max(0.0) as u64;
        let (length, room) = rooms.find(|(length, room)| *length > whole(*room))?;
        let told = |ticks: u64| time((ticks * self.tick) as f64 * 1e-9);
        Some(format!(
            "on the board's timer a pulse takes {}, and only {} are sure to be there until the next",
            told(length),
            told(whole(room))
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::SimBench;
    use crate::signal::{Burst, Cycle, Law, Ramp};

    fn program() -> Program {
        Program::biphasic(["e1", "case"], 2e-3, 200e-6, 0.0, 50.0)
    }

    /// Severity and key of everything that the default board does not do as it is asked.
    fn told(program: &Program) -> Vec<(Severity, &'static str)> {
        let found = unlike(program, &SimBench::default().stimulator);
        found.iter().map(|one| (one.severity, one.key)).collect()
    }

    const REFUSED: Severity = Severity::Error;

    #[test]
    fn a_recovery_that_ends_between_two_ticks_is_refused_with_the_widths_that_do_not() {
        let with = |ratio, width| Program { recovery: Recovery::Ratio(ratio), width, ..program() };
        for (ratio, width) in [(4.0, 201e-6), (1.5, 200e-6), (0.5, 200e-6), (2.375, 200e-6), (1.0, 33e-6)] {
            assert_eq!(told(&with(ratio, width)), Vec::new(), "{ratio} {width}");
        }
        // 1.5 of 201 ticks, 2.375 of 204 (only every 8th), a third in thousandths of 200 (only every 1000th).
        for (ratio, width) in [(1.5, 201e-6), (2.375, 204e-6), (0.333, 200e-6)] {
            assert!(told(&with(ratio, width)).contains(&(REFUSED, "recovery")), "{ratio} {width}");
        }
        let help = unlike(&with(1.5, 201e-6), &SimBench::default().stimulator);
        assert!(help[0].help.as_deref().is_some_and(|help| help.ends_with("a width of 200 µs or 202 µs")));
    }

    #[test]
    fn what_the_converter_makes_of_a_ratio_is_told() {
        // 2 mA / 1.01 are 2595 codes, and only every hundredth of them has 1.01 times as many: 2500 · 1.01 · 25 mA / 32767.
        let coarse = Program { recovery: Recovery::Ratio(1.01), ..program() };
        let made = on_grid(&coarse, &SimBench::default().stimulator).amplitude;
        assert!((made - 2525.0 * 25e-3 / 32767.0).abs() < 1e-12, "{made}");
        assert_eq!(told(&coarse), [(Severity::Warning, "amplitude")]);
        // A third is sent as 0.333, and only every thousandth tick has a recovery of whole ticks then.
        let third = Program { recovery: Recovery::Ratio(1.0 / 3.0), ..program() };
        assert!(told(&third).contains(&(Severity::Warning, "recovery")));
        assert!(told(&third).contains(&(REFUSED, "recovery")));
    }

    #[test]
    fn times_that_are_nothing_on_the_timer_are_refused() {
        assert_eq!(told(&Program { recharge: Some(0.4e-6), ..program() }), [(REFUSED, "recharge")]);
        assert_eq!(told(&Program { recharge: Some(0.6e-6), ..program() }), Vec::new());
        let passive = |duration| Recovery::Passive { duration, per_burst: false };
        let mono = Program { waveform: Waveform::Monophasic, recovery: passive(0.4e-6), ..program() };
        assert_eq!(told(&mono), [(REFUSED, "recovery")]);
        let ramp = |up| Program { ramp: Some(Ramp { up, law: Law::Linear }), ..program() };
        assert_eq!((told(&ramp(1e-12)), told(&ramp(1e-9))), (vec![(REFUSED, "ramp")], vec![]));
        let cycle = |off_time| Program { cycle: Some(Cycle { on_time: 1.0, off_time }), ..program() };
        assert_eq!((told(&cycle(1e-10)), told(&cycle(1.0))), (vec![(REFUSED, "cycle")], vec![]));
    }

    #[test]
    fn a_pulse_is_over_before_the_next_begins_on_the_grid_too() {
        // Two phases of 166.6 us are 334 ticks, and a period of 333.33 us has 333 whole ones.
        let narrow = |width| Program { width, rate: 3e3, ..program() };
        assert_eq!((told(&narrow(166.6e-6)), told(&narrow(166e-6))), (vec![(REFUSED, "rate")], vec![]));
        assert_eq!(told(&Program { rate: 2500.0, ..program() }), Vec::new(), "two phases fill the period");
        let burst = |rate| Program { burst: Some(Burst { pulses: 3, rate }), rate: 10.0, ..program() };
        assert_eq!(told(&burst(2500.0)), Vec::new());
        let full = Program { width: 199.8e-6, ..burst(2502.0) };
        assert_eq!(told(&full), [(REFUSED, "rate")], "399.68 us hold 399 ticks of the 400");
    }
}
