//! Defects of the board's decisions: timing, supervision, obedience.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stimrig_board::{Guarded, Part, Place, Policy, Pulse, Spec, is_of_the_lead};
use stimrig_protocol::stimulator::{Burst, Cycle, FaultCode, Program, Recovery, Waveform};

use crate::rig::{Defect, DefectKind};

use super::timing::Timing;
use super::{amount, every, has};

/// A board that decides wrongly.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Bent {
    rate: f64,
    width: f64,
    second_width: f64,
    burst_pulses: i32,
    /// What every interphase interval gains, ticks.
    gap: i64,
    missing_pulse: Option<u64>,
    missing_recovery: Option<u64>,
    shutdown: u64,
    deaf_to_open_leads: bool,
    deaf_to_shorts: bool,
    wrong_code: bool,
    no_watchdog: bool,
    slow_watchdog: Option<u64>,
    no_cap: bool,
    clamps: bool,
    ignores_stop: bool,
    unchecked: bool,
    /// The output is cut off, whatever the board drives.
    cut: Arc<AtomicBool>,
    timing: Timing,
}

impl Bent {
    /// Those of the list that concern the board's decisions.
    pub(in crate::sim) fn new(defects: &[Defect], spec: &Spec, seed: u64) -> Self {
        let factor = |kind| 1.0 + amount(defects, kind).unwrap_or(0.0);
        let ticks = |seconds: f64| (seconds * 1e9 / f64::from(spec.tick.max(1))).round() as i64;
        let time = |kind| amount(defects, kind).map(|seconds| ticks(seconds).unsigned_abs());
        Self {
            rate: factor(DefectKind::RateError),
            width: factor(DefectKind::WidthError),
            second_width: factor(DefectKind::SecondPhaseWidthError),
            burst_pulses: amount(defects, DefectKind::BurstCountError).unwrap_or(0.0).round() as i32,
            gap: ticks(amount(defects, DefectKind::GapError).unwrap_or(0.0)),
            missing_pulse: every(defects, DefectKind::MissingPulseEvery),
            missing_recovery: every(defects, DefectKind::MissingRecoveryEvery),
            shutdown: time(DefectKind::SlowShutdown).unwrap_or(0),
            deaf_to_open_leads: has(defects, DefectKind::IgnoresOpenLead),
            deaf_to_shorts: has(defects, DefectKind::IgnoresShortLead),
            wrong_code: has(defects, DefectKind::WrongFaultCode),
            no_watchdog: has(defects, DefectKind::WatchdogDisabled),
            slow_watchdog: time(DefectKind::WatchdogSlow),
            no_cap: has(defects, DefectKind::CapNotEnforced),
            clamps: has(defects, DefectKind::CapClampsSilently),
            ignores_stop: has(defects, DefectKind::StopIgnored),
            unchecked: has(defects, DefectKind::MemoryUnchecked),
            cut: Arc::default(),
            timing: Timing::new(defects, spec, seed),
        }
    }

    /// The same, and it is told when a stop has cut its output off.
    pub(in crate::sim) fn watching(self, cut: Arc<AtomicBool>) -> Self {
        Self { cut, ..self }
    }
}

impl Policy for Bent {
    fn period(&self, period: u64) -> u64 {
        (period as f64 / self.rate).round() as u64
    }

    fn burst(&self, burst: Burst) -> Burst {
        Burst { pulses: burst.pulses.saturating_add_signed(self.burst_pulses).max(1), ..burst }
    }

    fn cycle(&self, cycle: Cycle) -> Cycle {
        self.timing.cycle(cycle)
    }

    fn lead_in(&self, ticks: u64) -> u64 {
        self.timing.lead_in(ticks)
    }

    fn ramps(&self, after_fault: bool) -> bool {
        self.timing.ramps(after_fault)
    }

    /// The interval within a pair lies before its second pulse.
    fn instant(&mut self, place: Place, tick: u64) -> u64 {
        let moved = if place.part == Part::Second { self.gap } else { 0 };
        self.timing.instant(tick.saturating_add_signed(moved))
    }

    fn repeats(&self, n: u64) -> bool {
        self.timing.repeats(n)
    }

    fn step_ahead(&self, place: Place, pulse: &mut Pulse, next: &Pulse) {
        self.timing.step_ahead(place, pulse, next);
    }

    fn shape(&mut self, place: Place, pulse: &mut Pulse) {
        let nth = |every: Option<u64>, n: u64| every.is_some_and(|every| n.is_multiple_of(every));
        let number = place.number.saturating_add(1);
        if nth(self.missing_pulse, number) {
            pulse.truncate(0);
            pulse.recharge = None;
            return;
        }
        // Of a pair the second pulse is the recovery, and pairs are counted.
        let (unrecovered, kept) = match place.part {
            Part::Whole => (nth(self.missing_recovery, number), 1),
            Part::First => (false, 1),
            Part::Second => (nth(self.missing_recovery, number / 2), 0),
        };
        if unrecovered {
            pulse.truncate(kept);
            pulse.recharge = None;
        }
        // What a wider phase or a longer interval gains, everything behind it is late by.
        let mut late = 0_i64;
        let mut before: Option<u64> = None;
        for (index, phase) in pulse.phases_mut().iter_mut().enumerate() {
            if let Some(end) = before.replace(phase.end()) {
                // An interval cannot be shorter than nothing.
                late += self.gap.max(-phase.start.saturating_sub(end).cast_signed());
            }
            let factor = if place.phase(index) == 1 { self.width * self.second_width } else { self.width };
            let width = (phase.width as f64 * factor).round() as u64;
            phase.start = phase.start.saturating_add_signed(late);
            late += width.cast_signed() - phase.width.cast_signed();
            phase.width = width;
        }
        if let Some(recharge) = &mut pulse.recharge {
            recharge.start = recharge.start.saturating_add_signed(late);
        }
    }

    fn declare(&mut self, detected: FaultCode) -> Option<FaultCode> {
        match detected {
            // Where nothing is driven there is no voltage, which is not a short.
            FaultCode::OpenLead | FaultCode::ShortLead if self.cut.load(Ordering::Relaxed) => None,
            FaultCode::OpenLead if self.deaf_to_open_leads => None,
            FaultCode::ShortLead if self.deaf_to_shorts => None,
            detected if self.wrong_code => Some(another(detected)),
            detected => Some(detected),
        }
    }

    fn checked(&self, word: Guarded) -> Option<u64> {
        if self.unchecked { Some(word.value()) } else { word.get() }
    }

    fn permits(&self, largest: u64, cap: u64) -> bool {
        self.unchecked || self.no_cap || largest <= cap
    }

    fn watchdog(&self, ticks: u64) -> Option<u64> {
        (!self.no_watchdog).then_some(self.slow_watchdog.unwrap_or(ticks))
    }

    fn shutdown(&self, ticks: u64) -> u64 {
        ticks + self.shutdown
    }

    fn cap(&self, cap: u64) -> u64 {
        if self.no_cap { u64::MAX } else { cap }
    }

    fn command(&self, cap: u64, program: Program) -> Program {
        if !self.clamps {
            return program;
        }
        // The recovery is held to the cap too, and of a ratio below one it is the larger phase.
        let largest = match program.recovery {
            Recovery::Ratio(ratio) if program.waveform == Waveform::Biphasic => {
                u64::try_from(u128::from(cap) * u128::from(ratio.min(1000)) / 1000).unwrap_or(cap)
            }
            _ => cap,
        };
        Program { amplitude: program.amplitude.min(largest), ..program }
    }

    fn obeys_stop(&self) -> bool {
        !self.ignores_stop
    }
}

/// A code that is not the right one. It is of the same kind, because the board cuts the pulse in progress for faults of the lead
/// alone: only the report is wrong.
fn another(detected: FaultCode) -> FaultCode {
    match detected {
        FaultCode::OpenLead => FaultCode::ShortLead,
        detected if is_of_the_lead(detected) => FaultCode::OpenLead,
        FaultCode::Link => FaultCode::Watchdog,
        _ => FaultCode::Link,
    }
}

#[cfg(test)]
mod tests;
