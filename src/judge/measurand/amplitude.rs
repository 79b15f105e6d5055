//! Amplitude: the mean of the central 60 % of a phase less the baseline, a magnitude.

use crate::measure::{Input, Measured};
use crate::scenario::{Nominal, PhaseChoice};
use crate::signal::{Kind, Pulse};

use super::super::{Found, Reason, Unit, Units, View};

pub(super) fn amplitude(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let by_state = match view.check.definition.as_deref() {
        None | Some("central-mean") => false,
        Some("state-level") => true,
        Some(other) => return Err(Reason::UnknownDefinition(format!("amplitude with definition `{other}`"))),
    };
    let window = view.window()?;
    let mut shapes = view.contact.shapes.iter();
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, view.nominal()) else { continue };
        if view.is_about_program() {
            view.known(&row, |pulse| pulse.amplitude)?;
        }
        for k in chosen(view.check.phase, &asked) {
            let (value, budget) = match view.found(window, &row, &asked, k)? {
                Found::Cut => continue,
                // What is not there has no amplitude.
                Found::Absent(most) => (0.0, vec![Input::rectangular("not found", most)]),
                Found::At(at, phase) if by_state => {
                    let shapes = shapes.at(row.number).ok_or(Reason::NoTop)?;
                    let shape = shapes.get(at).ok_or(Reason::NoTop)?;
                    view.phase_state(&row, phase, shape).ok_or(Reason::NoTop)?
                }
                Found::At(_, phase) => view.phase_level(&row, phase),
            };
            let nominal = match view.nominal() {
                Nominal::Value(value) => Some(value),
                _ => {
                    asked.phases().get(k).map(|phase| phase.current.abs() * view.share(&row, view.nominal()))
                }
            };
            units.push(Unit {
                nominal,
                clipped: row.flags.clipped,
                ..view.unit(&row, Measured::new(value.abs(), budget))
            });
        }
    }
    missing_phase(view, units)
}

/// Indices of the phases a check is about; both outer phases of a triphasic pulse lead.
pub(super) fn chosen(choice: PhaseChoice, asked: &Pulse) -> impl Iterator<Item = usize> + '_ {
    let wanted = move |kind: Kind| match choice {
        PhaseChoice::Leading => kind == Kind::Leading,
        PhaseChoice::Recovery => kind == Kind::Recovery,
        PhaseChoice::Each => true,
    };
    asked.phases().iter().enumerate().filter(move |(_, phase)| wanted(phase.kind)).map(|(k, _)| k)
}

/// No unit: the phase that was asked for does not exist, or no pulse's programme is known.
pub(super) fn missing_phase(view: &View<'_>, units: &Units<'_>) -> Result<(), Reason> {
    if !units.is_empty() {
        return Ok(());
    }
    let programmed = view.case.program.pulse(0);
    let recovers = programmed.phases().iter().any(|phase| phase.kind == Kind::Recovery);
    match view.check.phase {
        PhaseChoice::Recovery if !recovers => Err(Reason::NoPhase("recovery")),
        PhaseChoice::Recovery => Err(Reason::NoPhase("recovery (not one was found)")),
        _ => Err(Reason::NoPhase("leading")),
    }
}
