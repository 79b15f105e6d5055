//! Defects of what varies in time: instants, ramps, on and off times.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use stimrig_board::{Part, Place, Pulse, Spec};
use stimrig_protocol::stimulator::Cycle;

use crate::rig::{Defect, DefectKind};

use super::{amount, every, has};

/// How a board's sense of time is wrong.
#[derive(Debug, Clone)]
pub(super) struct Timing {
    /// Standard deviation of one instant, ticks.
    jitter: f64,
    dice: ChaCha8Rng,
    extra_pulse: Option<u64>,
    start_delay: u64,
    cycle: f64,
    no_ramp: bool,
    no_ramp_after_fault: bool,
    ramp_between_phases: bool,
}

impl Timing {
    /// Those of the list that concern instants, ramps and cycles.
    pub(super) fn new(defects: &[Defect], spec: &Spec, seed: u64) -> Self {
        let ticks = |kind| amount(defects, kind).unwrap_or(0.0) * 1e9 / f64::from(spec.tick.max(1));
        Self {
            // The stated size is that of a period, which has two instants.
            jitter: ticks(DefectKind::PeriodJitter) / 2_f64.sqrt(),
            dice: ChaCha8Rng::seed_from_u64(seed ^ 0x6a69_7474_6572),
            extra_pulse: every(defects, DefectKind::ExtraPulseEvery),
            start_delay: ticks(DefectKind::StartDelay).round() as u64,
            cycle: 1.0 + amount(defects, DefectKind::CycleError).unwrap_or(0.0),
            no_ramp: has(defects, DefectKind::RampStep),
            no_ramp_after_fault: has(defects, DefectKind::RestartsAtFullAmplitude),
            ramp_between_phases: has(defects, DefectKind::RampBetweenPhases),
        }
    }

    pub(super) fn cycle(&self, cycle: Cycle) -> Cycle {
        let longer = |ns: u64| (ns as f64 * self.cycle).round() as u64;
        Cycle { on: longer(cycle.on), off: longer(cycle.off) }
    }

    pub(super) fn lead_in(&self, ticks: u64) -> u64 {
        ticks + self.start_delay
    }

    pub(super) fn ramps(&self, after_fault: bool) -> bool {
        !(self.no_ramp || after_fault && self.no_ramp_after_fault)
    }

    pub(super) fn instant(&mut self, tick: u64) -> u64 {
        if self.jitter == 0.0 {
            return tick;
        }
        let normal: f64 = StandardNormal.sample(&mut self.dice);
        tick.saturating_add_signed((self.jitter * normal).round() as i64)
    }

    pub(super) fn repeats(&self, n: u64) -> bool {
        self.extra_pulse.is_some_and(|every| (n + 1).is_multiple_of(every))
    }

    /// The ramp moves on behind the first phase: the others have the next pulse's currents and widths. The second pulse of a
    /// pair is such another phase.
    pub(super) fn step_ahead(&self, place: Place, pulse: &mut Pulse, next: &Pulse) {
        if self.ramp_between_phases {
            let as_programmed = usize::from(place.part != Part::Second);
            for (phase, next) in pulse.phases_mut().iter_mut().zip(next.phases()).skip(as_programmed) {
                (phase.code, phase.width) = (next.code, next.width);
            }
        }
    }
}
