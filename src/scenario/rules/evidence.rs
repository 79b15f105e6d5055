//! A check's window holds at least what its definition asks for.

use crate::quantity::{Dimension, engineering};
use crate::signal::Program;

use super::super::{Action, Criterion, Measurand, Per, Statistic, WindowKind};
use super::Rule;
use super::emitted::Emitted;

/// So many pulses are enough for every definition and statistic.
const MANY: u64 = 1000;

/// A program, and how long of it lies in a window, s.
type Held<'c> = (&'c Program, f64);

pub(super) fn time(seconds: f64) -> String {
    engineering(seconds.max(0.0), Dimension::Time, 4)
}

impl<'c> Rule<'c> {
    /// The programs that a check is about: those that run in its window, or all there are where it has none.
    pub(super) fn judged(&self) -> Vec<&'c Program> {
        let case = self.case;
        let window = self.check.window.as_ref();
        // The first train settles, and nobody knows here when.
        let from = window.and_then(|(from, _)| self.timeline.time(from)).or(self.timeline.start);
        let to = window.map_or(Some(self.timeline.default_end), |(_, to)| self.timeline.time(to));
        let run_long = matches!(self.check.measurand.traits().per, Per::Event | Per::Run) && window.is_none();
        let found = match from.filter(|_| !run_long) {
            Some(from) => self.held(from, to.unwrap_or(f64::INFINITY)),
            None => Vec::new(),
        };
        if !found.is_empty() {
            return found.into_iter().map(|(program, _)| program).collect();
        }
        let loaded = case.steps.iter().filter_map(|step| match &step.action {
            Action::Set(program) | Action::Program(program) => Some(program.as_ref()),
            _ => None,
        });
        std::iter::once(&case.program).chain(loaded).collect()
    }

    /// What runs from `from` to `to`, s.
    fn held(&self, from: f64, to: f64) -> Vec<Held<'c>> {
        let stretches = self.case.stretches().into_iter();
        let held = stretches.map(|stretch| (stretch.program, stretch.to.min(to) - stretch.from.max(from)));
        held.filter(|(_, seconds)| *seconds > 0.0).collect()
    }

    /// From where to where the check looks, s; `None` where that is not known here, or said to be wrong already.
    pub(super) fn span(&self) -> Option<(f64, f64)> {
        let start = self.timeline.start?;
        match &self.check.window {
            None => {
                let step = self.case.step_of("start").unwrap_or(0);
                Some((start + self.case.in_force(step).ramp_end(), self.timeline.default_end))
            }
            Some((from, to)) => {
                let (from, to) = (self.timeline.time(from)?, self.timeline.time(to)?);
                (from < to).then_some((from, to))
            }
        }
    }

    /// The window holds at least what the definition asks for.
    pub(super) fn evidence(&self) {
        let check = self.check;
        if !matches!(check.measurand.traits().per, Per::Unit | Per::Window)
            || check.measurand == Measurand::DcLeakageCurrent
        {
            return;
        }
        let Some((from, to)) = self.span() else { return };
        // That nothing came where nothing runs is a count like any other.
        if check.measurand == Measurand::PulseCount && check.window.is_some() {
            return;
        }
        let held = self.held(from, to);
        if held.is_empty() {
            let (why, help) = match check.window {
                None => (
                    "its window is empty",
                    "the default window begins after the ramp and ends at the first fault",
                ),
                Some(_) => (
                    "nothing runs in its window",
                    "name a window between a `start` and what ends the stimulation",
                ),
            };
            self.error("", &format!("`{}` could judge nothing: {why}", self.name()), Some(help));
            return;
        }
        self.enough(&held, from, to);
    }

    /// There is as much of it as the definition and the statistic need.
    fn enough(&self, held: &[Held<'_>], from: f64, to: f64) {
        let length: f64 = held.iter().map(|(_, seconds)| seconds).sum();
        let pulses = held.iter().map(|(program, seconds)| program.pulses_before(seconds - 1e-9));
        let pulses = pulses.fold(0, u64::saturating_add);
        // Of many pulses one more or less decides nothing.
        let counted = pulses < MANY && !self.begins_anew();
        let emitted = if counted { self.emitted(from, to) } else { Emitted::of(pulses) };
        let pulses = pulses.min(emitted.pulses);
        if pulses == 0 {
            let what = format!("`{}` could judge nothing in {}: no pulse is due", self.name(), time(length));
            self.error("", &what, None);
            return;
        }
        // At most so many pulses, pairs or bursts begin; each but the last is a cycle that the next one ends.
        let begun = |(program, seconds): &Held<'_>| {
            program.pulses_before(seconds - 1e-9).div_ceil(program.pulses_per_period())
        };
        let groups = held.iter().map(begun).fold(0, u64::saturating_add).min(emitted.groups);
        match self.check.measurand {
            Measurand::MeanDcCurrent => {
                let whole: f64 = held.iter().map(|held| begun(held) as f64 * held.0.period()).sum();
                let last = held.last().map_or(0.0, |(program, _)| program.period());
                // An off-time belongs to the cycle before it.
                let cycling = held.iter().any(|(program, _)| program.cycle.is_some());
                let have = if cycling { length } else { (whole - last).max(0.0) };
                let cycles = groups.saturating_sub(1);
                if have < 1.0 - 1e-6 || cycles < 10 {
                    let what = format!(
                        "`mean_dc_current` needs at least 1 s and 10 cycles, and this window has {} and {cycles}",
                        time(have)
                    );
                    self.error("", &what, Some("run longer: a cycle ends where the next one begins"));
                }
            }
            Measurand::NetCharge
            | Measurand::ChargeImbalance
            | Measurand::ResidualVoltage
            | Measurand::ResidualVoltageError
                if self.check.window_kind == WindowKind::Cycle && groups <= 1 =>
            {
                let what = format!(
                    "`{}` needs a whole cycle, and no more than one begins in this window",
                    self.name()
                );
                self.error("", &what, Some("run longer: a cycle ends where the next one begins"));
            }
            Measurand::BurstRate | Measurand::BurstPulses => self.whole_burst(held),
            Measurand::MissingPulses => self.can_be_missing(pulses),
            Measurand::Rate if groups.min(emitted.run) < 2 => {
                let what = "`rate` needs at least two pulses, of bursts two bursts";
                self.error("", what, Some("without a change or an off-time between them"));
            }
            Measurand::PeriodJitter if groups.min(emitted.run) < 3 => {
                let what =
                    "`period_jitter` needs at least two periods, from pulse to pulse or burst to burst";
                self.error("", what, Some("without a change or an off-time between them"));
            }
            _ => {}
        }
        // A cycle ends where the next one begins.
        let (units, what) = match self.check.measurand {
            Measurand::NetCharge | Measurand::ChargeImbalance
                if self.check.window_kind == WindowKind::Cycle =>
            {
                (groups.saturating_sub(1).min(pulses), "cycles")
            }
            Measurand::BurstRate | Measurand::BurstPulses => (groups.min(pulses), "bursts"),
            _ => (pulses, "pulses"),
        };
        if self.check.statistic == Statistic::P99 && units < 100 {
            let what = format!("`p99` needs at least 100 {what}, and this window has {units}");
            self.error("statistic", &what, None);
        }
    }

    /// More pulses are due than may be missing; one may begin at the very end.
    fn can_be_missing(&self, due: u64) {
        let allowed = match self.check.criterion {
            Criterion::AtMost(limit) | Criterion::Magnitude(limit) | Criterion::Between(_, limit) => limit,
            _ => return,
        };
        if allowed >= due as f64 + 1.0 {
            let what = format!("no more than {due} pulses are due, so this could never fail");
            self.error("", &what, Some("allow fewer"));
        }
    }

    /// One of the programs with bursts has room for one.
    fn whole_burst(&self, held: &[Held<'_>]) {
        let within = held.iter().filter_map(|(program, _)| program.burst).map(|burst| burst.pulses).max();
        if self.check.measurand == Measurand::BurstRate && within.is_some_and(|pulses| pulses < 2) {
            self.error("", "`burst_rate` needs bursts of at least two pulses", None);
            return;
        }
        let bursts = held.iter().filter_map(|(program, seconds)| {
            program.burst.map(|burst| (*seconds, f64::from(burst.pulses) / burst.rate))
        });
        let nearest = bursts.max_by(|(a, a_burst), (b, b_burst)| (a - a_burst).total_cmp(&(b - b_burst)));
        if let Some((have, need)) = nearest.filter(|(have, need)| have < need) {
            let what = format!(
                "`{}` needs a whole burst of {}, and this window has {}",
                self.name(),
                time(need),
                time(have)
            );
            self.error("", &what, None);
        }
    }
}
