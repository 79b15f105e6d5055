//! Voltage that is left before the output saturates.

use crate::measure::{Input, Measured, Nonlinearity, PulseRow, Table};
use crate::scenario::Nominal;
use crate::signal::Pulse;

use super::super::expected::{Drops, Rises, series_drops};
use super::super::{Found, Reason, Unit, Units, View, Window};
use super::share::joint;
use super::voltage::Chain;

/// Longest line through the end of a phase, s.
const LONGEST: f64 = 1e-4;
/// A phase with less than this part of its programmed current is one that the output did not drive.
const DRIVEN: f64 = 0.9;
/// An output that has come to this part of its compliance is at its end, where the current shows the same.
const AT_END: f64 = 0.98;

/// Stated compliance less the largest |voltage of the output + predicted drop of the series capacitor|; 0 where the output
/// is at its compliance and does not deliver its current. A current that is too small without that has another cause, and the
/// voltage is what it is. Outputs are `vout` and, where the return is the phantom's own, every driven contact
/// whose voltage is sensed.
pub(super) fn compliance_headroom(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let stage =
        view.facts.output.as_ref().ok_or(Reason::Missing("a stimulator whose compliance is known"))?;
    let joint = joint(view)?;
    let window = view.window()?;
    // Of the pulses of a program that leaves the contact out nothing is looked at.
    if view.programs_within(window).any(|program| program.share_of(&view.contact.name) == 0.0) {
        return Err(Reason::Missing("programs that all drive the contact"));
    }
    let outputs = outputs(view, &joint.outputs)?;
    // Without a capacitor there is no drop to follow from pulse to pulse.
    let mut drops = match stage.blocking_capacitor > 0.0 {
        true => Some(series_drops(view)?.enumerate()),
        false => None,
    };
    let mut rises = Rises::default();
    let mut seen: Vec<_> = joint.extremes.iter().map(Table::iter).collect();
    let mut pulses = joint.rows.iter().enumerate().peekable();
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, Nominal::Programmed) else { continue };
        // Both tables are in the order of time.
        while pulses.next_if(|(_, joint)| joint.leading.0 < row.start() - 2.0).is_some() {}
        let Some(next) = pulses.peek().filter(|(_, joint)| joint.leading.0 < row.start() + 2.0) else {
            return Err(Reason::Unread { pulse: row.number });
        };
        let driven = Driven::of(view, window, &row, &asked);
        let drops = match &mut drops {
            Some(all) => all.find(|(number, _)| *number == row.number).map(|(_, drops)| drops),
            None => Some(Vec::new()),
        };
        let Some(drops) = drops else { return Err(Reason::Unread { pulse: row.number }) };
        let (mut worst, mut clipped): (Option<(f64, Measured)>, bool) = (None, false);
        for (output, seen) in outputs.iter().zip(&mut seen) {
            let Some(extremes) = seen.at(next.0) else { continue };
            for (phase, (begins, ends)) in extremes.iter().enumerate() {
                let width = row.phases().get(phase).map_or(0.0, |phase| f64::from(phase.end - phase.start));
                // Of a short phase there is one level, and what the load adds to it by the end is predicted.
                let short = begins.is_nan() && ends.is_finite();
                let rise = if short { rises.of(view, &row, (output.contact, phase)) } else { 0.0 };
                for (end, code) in [(false, *begins), (true, *ends)] {
                    let drop = drop_of(&drops, output.contact, phase, end);
                    let Some(mut reading) = output.read(view, code, drop, width) else { continue };
                    reading.value += 0.5 * rise;
                    reading.budget.push(Input::rectangular("end of a short phase", 0.5 * rise));
                    if driven.least < DRIVEN {
                        // Less has flowed onto the series capacitor than was programmed.
                        let missing = (1.0 - driven.least) * drop;
                        reading.budget.push(Input::rectangular("current that did not flow", missing));
                    }
                    clipped |= output.chain.calibration.at_a_rail(code);
                    if worst.as_ref().is_none_or(|(largest, _)| reading.value.abs() > *largest) {
                        worst = Some((reading.value.abs(), reading));
                    }
                }
            }
        }
        let Some((largest, reading)) = worst else {
            return Err(Reason::Unread { pulse: row.number });
        };
        if driven.least < DRIVEN && largest >= AT_END * stage.compliance {
            units.push(view.unit(&row, Measured::exact(0.0)));
            continue;
        }
        // What the output came to in a phase that it did not drive is not seen.
        if driven.lacks {
            return Err(Reason::LacksPhase { pulse: row.number });
        }
        let value = (stage.compliance - largest).max(0.0);
        // Of a voltage beyond the channel's range only the range is seen, and less is left than it seems.
        units.push(Unit { clipped, ..view.unit(&row, Measured::new(value, reading.budget)) });
    }
    if units.is_empty() { Err(Reason::NoVoltage) } else { Ok(()) }
}

/// A voltage channel that shows an output, and that output's contact.
struct Shown {
    contact: usize,
    chain: Chain,
    rest: f64,
}

impl Shown {
    /// The source's voltage for a level of the channel at an end of a phase of so many samples, V; `None` where there is none.
    fn read(&self, view: &View<'_>, code: f32, drop: f64, width: f64) -> Option<Measured> {
        let calibration = self.chain.calibration;
        let volts = (f64::from(code) - self.rest) * calibration.lsb;
        // The line goes through two fifths of the phase, and is read beyond its end by what the filter takes to settle.
        let samples = (0.4 * width).min(LONGEST * view.rate()).max(8.0);
        let reach = 0.5 * samples + view.settling() as f64;
        let spread = samples.recip() + 12.0 * reach * reach / samples.powi(3);
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(f64::from(code), 1.0);
        inl.add(self.rest, -1.0);
        let budget = vec![
            Input::common("gain", calibration.gain_u * volts),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", self.chain.sigma * spread.sqrt() * calibration.lsb),
            // The drop is predicted for the programmed current, which is known to the gain of the stimulator's own.
            Input::common("series capacitor", view.calibration.gain_u * drop),
        ];
        code.is_finite().then(|| Measured::new(volts + drop, budget))
    }
}

fn outputs(view: &View<'_>, channels: &[usize]) -> Result<Vec<Shown>, Reason> {
    let (phantom, setup) = (&view.case.phantom, &view.recording.setup);
    let shown = |channel: &usize| {
        let name = setup.channels.get(*channel).map(|channel| channel.name.as_str())?;
        let mut contacts = phantom.contacts.iter();
        let contact = if Some(*channel) == setup.vout {
            let back = phantom.return_contact();
            contacts.position(|(contact, _)| contact != back && view.case.program.share_of(contact) != 0.0)?
        } else {
            contacts.position(|(contact, _)| phantom.sense_of(contact) == Some(name))?
        };
        let chain = Chain::of(view, *channel)?;
        let zero = view.recording.zeros.get(*channel).and_then(|zeros| zeros.last());
        let rest = zero.map_or(chain.calibration.offset, |zero| f64::from(zero.level.value));
        Some(Shown { contact, chain, rest })
    };
    let found: Vec<Shown> = channels.iter().filter_map(shown).collect();
    if found.is_empty() { Err(Reason::NoVoltage) } else { Ok(found) }
}

/// What a pulse delivered of its program.
struct Driven {
    /// The least part that any phase carries of its programmed current.
    least: f64,
    /// A phase is not there.
    lacks: bool,
}

impl Driven {
    fn of(view: &View<'_>, window: Window, row: &PulseRow, asked: &Pulse) -> Self {
        let share = view.share(row, Nominal::Programmed);
        let mut driven = Self { least: 1.0, lacks: false };
        for (k, wanted) in asked.phases().iter().enumerate() {
            match view.found(window, row, asked, k) {
                Ok(Found::At(_, phase)) => {
                    let current = (f64::from(phase.level) - row.base).abs() * view.calibration.lsb;
                    driven.least = driven.least.min(current / (wanted.current.abs() * share));
                }
                Ok(Found::Absent(_)) => driven = Self { least: 0.0, lacks: true },
                // Beyond the window, or so small that it takes less voltage than the others.
                Ok(Found::Cut) | Err(_) => {}
            }
        }
        driven
    }
}

fn drop_of(drops: &[Drops], contact: usize, phase: usize, end: bool) -> f64 {
    let drops = drops.get(contact).and_then(|drops| drops.get(phase));
    drops.map_or(0.0, |(begins, ends)| if end { *ends } else { *begins })
}
