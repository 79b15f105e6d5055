//! What a phase's charge means on a contact of known area.

use crate::measure::Measured;
use crate::scenario::PhaseChoice;

use super::super::{Reason, Unit, Units, View};
use super::charge::{charge_per_phase, driven};

/// One microcoulomb, C.
const MICROCOULOMB: f64 = 1e-6;
/// One microcoulomb per square centimetre, C/m².
const PER_SQUARE_CENTIMETRE: f64 = 1e-2;

/// Geometric area of the check's contact, m².
fn area(view: &View<'_>) -> Result<f64, Reason> {
    view.case.phantom.area_of(&view.contact.name).ok_or(Reason::Missing("an area of the contact"))
}

/// Charge per phase over the area, which is taken as stated.
pub(super) fn charge_density(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let area = area(view)?;
    let per_area = |unit: Unit| Unit {
        nominal: unit.nominal.map(|nominal| nominal / area),
        measured: scaled(&unit.measured, unit.measured.value / area, area.recip()),
        ..unit
    };
    charge_per_phase(view, &mut Units::new(&mut |unit| units.push(per_area(unit))))
}

/// log10 of charge in µC times charge density in µC/cm², of the largest phase of each pulse.
pub(super) fn shannon_k(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let area = area(view)?;
    let mut largest: Option<Unit> = None;
    let mut each = |unit: Unit| {
        let charge = unit.measured.value;
        let k = ((charge / MICROCOULOMB) * (charge / area / PER_SQUARE_CENTIMETRE)).log10();
        let sensitivity = 2.0 / (charge * std::f64::consts::LN_10);
        let found = Unit { nominal: None, measured: scaled(&unit.measured, k, sensitivity), ..unit };
        match &mut largest {
            Some(last) if last.pulse == found.pulse && last.measured.value >= found.measured.value => {}
            Some(last) if last.pulse == found.pulse => *last = found,
            _ => largest.replace(found).into_iter().for_each(|done| units.push(done)),
        }
    };
    driven(view, PhaseChoice::Each, &mut Units::new(&mut each))?;
    largest.into_iter().for_each(|last| units.push(last));
    Ok(())
}

fn scaled(measured: &Measured, value: f64, sensitivity: f64) -> Measured {
    let budget = measured.budget.iter().map(|line| line.scaled(sensitivity)).collect();
    Measured { freedom: measured.freedom, ..Measured::new(value, budget) }
}
