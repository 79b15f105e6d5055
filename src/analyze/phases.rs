//! The phases that a check means, one by one: those of every pulse, also where one is not there.

use crate::measure::{Input, Measured};
use crate::scenario::{Check, Measurand, PhaseChoice};
use crate::signal::Program;

use super::finder::ENTER;
use super::units::{Unit, at};
use super::{Analysis, Phase, Pulse};

/// A phase is found for certain from so many times the level that begins one.
const CERTAIN: f64 = 1.25;

/// One value per phase that the check means. What is not there has neither amplitude nor width nor charge.
///
/// # Errors
/// Where a phase that is not there may be too small to be found, for people.
pub(super) fn phases(analysis: &Analysis, program: &Program, check: &Check) -> Result<Vec<Unit>, String> {
    let programmed = program.pulse(0);
    let asked = programmed.phases();
    let wanted: &[usize] = match check.phase {
        PhaseChoice::Leading => &[0],
        PhaseChoice::Recovery => &[1],
        PhaseChoice::Each => &[0, 1],
    };
    let share = share(program, check);
    let leading = leading(analysis, asked.len());
    let setting = analysis.pulses.setting.as_ref();
    let least = setting.map_or(ENTER * analysis.pulses.largest(), |setting| setting.enter);
    let mut units = Vec::new();
    for pulse in analysis.pulses.iter() {
        for index in wanted {
            let nominal = asked.get(*index).map(|asked| match check.measurand {
                Measurand::Amplitude => asked.current.abs() * share,
                Measurand::Width => asked.width,
                _ => (asked.current * asked.width).abs() * share,
            });
            let estimate = match (found(&pulse, *index, asked.len(), leading), asked.get(*index)) {
                (Some(phase), _) => read(phase, check.measurand),
                // It was not asked for.
                (None, None) => continue,
                (None, Some(asked)) if asked.current.abs() * share < CERTAIN * least => {
                    return Err(format!("a phase of pulse {} is too small to be found", pulse.index));
                }
                (None, Some(asked)) => absent(check.measurand, least, asked.width),
            };
            units.push(at(analysis, &pulse, estimate, nominal));
        }
    }
    Ok(units)
}

/// The part of the programmed current that flows through the contact a check is about: what is measured is that of one contact.
pub(super) fn share(program: &Program, check: &Check) -> f64 {
    program.share_of(check.contact.as_deref().unwrap_or_else(|| program.main_contact())).abs()
}

fn read(phase: &Phase, measurand: Measurand) -> Measured {
    match measurand {
        Measurand::Amplitude => phase.amplitude.clone(),
        Measurand::Width => phase.width.clone(),
        _ => Measured { value: phase.charge.value.abs(), ..phase.charge.clone() },
    }
}

/// What is not there: less than `least` flowed, A, for as long as the phase was to last, s.
fn absent(measurand: Measurand, least: f64, width: f64) -> Measured {
    let line = |half| vec![Input::rectangular("not found", half)];
    match measurand {
        Measurand::Amplitude => Measured::new(0.0, line(least)),
        Measurand::Width => Measured::exact(0.0),
        _ => Measured::new(0.0, line(least * width)),
    }
}

/// The sign with which pulses lead that have all their phases, of which there are to be so many.
fn leading(analysis: &Analysis, phases: usize) -> Option<i8> {
    let whole = analysis.pulses.iter().find(|pulse| pulse.phases.len() >= phases);
    whole.and_then(|pulse| Some(pulse.phases.first()?.polarity))
}

/// The phase of that index of a pulse that was to have so many. One that is alone may be the recovery: its sign tells.
fn found(pulse: &Pulse, index: usize, phases: usize, leading: Option<i8>) -> Option<&Phase> {
    let first = pulse.phases.first()?;
    let late = pulse.phases.len() < phases && leading.is_some_and(|leading| first.polarity != leading);
    pulse.phases.get(index.checked_sub(usize::from(late))?)
}
