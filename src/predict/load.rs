//! What pulses come to: the numbers that decide whether one may energise.

use crate::scenario::Train;
use crate::signal::{Program, Pulse};

/// How many pulses, and the largest and smallest of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseLoad {
    /// How many.
    pub pulses: u64,
    /// Largest current of a phase, A.
    pub current: f64,
    /// Charge of the largest phase of the pulse that has the least of it, and of the one that has the most, C.
    pub charge: (f64, f64),
}

impl PulseLoad {
    /// Of pulses as they are driven.
    pub(super) fn of<'p>(pulses: impl Iterator<Item = &'p Pulse>) -> Self {
        let none = Self { pulses: 0, current: 0.0, charge: (f64::INFINITY, 0.0) };
        let all = pulses.fold(none, |load, pulse| {
            let phases = || pulse.phases().iter();
            let current = phases().map(|phase| phase.current.abs()).fold(load.current, f64::max);
            let charge = phases().map(|phase| (phase.current * phase.width).abs()).fold(0.0, f64::max);
            let (least, most) = load.charge;
            Self { pulses: load.pulses + 1, current, charge: (least.min(charge), most.max(charge)) }
        });
        Self { charge: (all.charge.0.min(all.charge.1), all.charge.1), ..all }
    }

    /// Whether all pulses carry the same charge.
    pub fn is_even(&self) -> bool {
        let (least, most) = self.charge;
        most - least <= 1e-6 * most
    }
}

/// Starts behind the first stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Again {
    /// How many.
    pub starts: usize,
    /// The first of them, s from the first start of all.
    pub first: f64,
    /// Largest current of a phase, on the plateau of a ramp, A.
    pub current: f64,
    /// Largest charge of a phase there, C.
    pub charge: f64,
}

impl Again {
    /// Of all trains of a case; `in_force` are the programs of one.
    pub(super) fn of(trains: &[Train<'_>], in_force: impl Fn(&Train<'_>) -> Vec<Program>) -> Option<Self> {
        let (first, later) = trains.split_first()?;
        let next = later.first()?;
        let programs = || later.iter().flat_map(&in_force);
        let plateau = programs().map(|program| Program { ramp: None, ..program }.pulse(0));
        let load = plateau.map(|pulse| PulseLoad::of(std::iter::once(&pulse)));
        let (current, charge) = load.fold((0.0_f64, 0.0_f64), |(current, charge), one| {
            (current.max(one.current), charge.max(one.charge.1))
        });
        Some(Self { starts: later.len(), first: next.start - first.start, current, charge })
    }
}
