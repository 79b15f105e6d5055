//! Voltage that is left before the output saturates.

use crate::measure::{Input, Measured, Nonlinearity, PulseRow, Table};
use crate::phantom::{Circuit, Drive, Output};
use crate::signal::{Program, Pulse};

use super::super::{Reason, Unit, Units, View};
use super::share::joint;
use super::voltage::Chain;

/// Pulses that are followed one by one; behind them the drop of a series capacitor goes on as it did between the last two.
const FOLLOWED: usize = 256;
/// A phase with less than this part of its programmed current is one that the output could not drive.
const DRIVEN: f64 = 0.9;

/// Stated compliance less the largest |voltage of the output + predicted drop of the series capacitor|; 0 where the output
/// did not deliver its current. Outputs are `vout` and, where the return is the phantom's own, every driven contact
/// whose voltage is sensed.
pub(super) fn compliance_headroom(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let stage =
        view.facts.output.as_ref().ok_or(Reason::Missing("a stimulator whose compliance is known"))?;
    let joint = joint(view)?;
    let window = view.window()?;
    let outputs = outputs(view, &joint.outputs)?;
    let drops = Drops::predict(view, stage);
    let mut seen: Vec<_> = joint.extremes.iter().map(Table::iter).collect();
    let mut pulses = joint.rows.iter().enumerate().peekable();
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, crate::scenario::Nominal::Programmed) else { continue };
        // Both tables are in the order of time.
        while pulses.next_if(|(_, joint)| joint.leading.0 < row.start() - 2.0).is_some() {}
        let Some(next) = pulses.peek().filter(|(_, joint)| joint.leading.0 < row.start() + 2.0) else {
            return Err(Reason::Unread { pulse: row.number });
        };
        if !delivers(view, &row, &asked) {
            units.push(view.unit(&row, Measured::exact(0.0)));
            continue;
        }
        let (mut worst, mut clipped): (Option<(f64, Measured)>, bool) = (None, false);
        for (output, seen) in outputs.iter().zip(&mut seen) {
            let Some(extremes) = seen.at(next.0) else { continue };
            for (phase, (begins, ends)) in extremes.iter().enumerate() {
                for (end, code) in [(false, *begins), (true, *ends)] {
                    let drop = drops.at(output.contact, asked.index, phase, end);
                    let Some(reading) = output.read(view, code, drop) else { continue };
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
    /// The source's voltage for a level of the channel, V; `None` where there is none.
    fn read(&self, view: &View<'_>, code: f32, drop: f64) -> Option<Measured> {
        let calibration = self.chain.calibration;
        let volts = (f64::from(code) - self.rest) * calibration.lsb;
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(f64::from(code), 1.0);
        inl.add(self.rest, -1.0);
        let budget = vec![
            Input::common("gain", calibration.gain_u * volts),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", calibration.noise.hypot(0.3) / 4.0 * calibration.lsb),
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

/// Whether every phase carries nearly the current it was programmed.
fn delivers(view: &View<'_>, row: &PulseRow, asked: &Pulse) -> bool {
    let share = view.share(row, crate::scenario::Nominal::Programmed);
    row.phases().len() >= asked.phases().len()
        && row.phases().iter().zip(asked.phases()).all(|(found, asked)| {
            let current = (f64::from(found.level) - row.base).abs() * view.calibration.lsb;
            current >= DRIVEN * asked.current.abs() * share
        })
}

/// Voltage on each contact's series capacitor at the edges of the phases, V, pulse by pulse from rest.
struct Drops {
    contacts: usize,
    pulses: Vec<Vec<[(f64, f64); 3]>>,
}

impl Drops {
    fn predict(view: &View<'_>, stage: &Output) -> Self {
        let contacts = view.case.phantom.contacts.len();
        let program: &Program =
            view.facts.segments.first().map_or(&view.case.program, |segment| &segment.applied);
        let output = Output {
            compliance: f64::INFINITY,
            blocking_capacitor: stage.blocking_capacitor,
            recharge: stage.recharge,
            sense_input: None,
            ..Output::default()
        };
        let mut pulses = Vec::new();
        let Ok(mut circuit) = Circuit::new(&view.case.phantom, output) else {
            return Self { contacts, pulses };
        };
        if stage.blocking_capacitor <= 0.0 {
            return Self { contacts, pulses };
        }
        let shares: Vec<f64> =
            view.case.phantom.contacts.iter().map(|(name, _)| program.share_of(name)).collect();
        let mut now = 0.0;
        let mut pass = |circuit: &mut Circuit, to: f64| {
            circuit.advance((to - now).max(0.0));
            now = to.max(now);
        };
        for pulse in program.pulses().take(FOLLOWED) {
            let mut drops = vec![[(0.0, 0.0); 3]; contacts];
            for (k, phase) in pulse.phases().iter().enumerate() {
                pass(&mut circuit, phase.start);
                circuit
                    .set_drive(&Drive::Currents(shares.iter().map(|share| -share * phase.current).collect()));
                for (contact, drops) in drops.iter_mut().enumerate() {
                    if let Some(slot) = drops.get_mut(k) {
                        slot.0 = circuit.series_voltage(contact);
                    }
                }
                pass(&mut circuit, phase.end());
                for (contact, drops) in drops.iter_mut().enumerate() {
                    if let Some(slot) = drops.get_mut(k) {
                        slot.1 = circuit.series_voltage(contact);
                    }
                }
                circuit.set_drive(&Drive::Off);
            }
            if let Some((start, duration)) = pulse.recharge {
                pass(&mut circuit, start);
                circuit.set_drive(&Drive::Recharge);
                pass(&mut circuit, start + duration);
                circuit.set_drive(&Drive::Off);
            }
            pulses.push(drops);
        }
        Self { contacts, pulses }
    }

    fn at(&self, contact: usize, pulse: u64, phase: usize, end: bool) -> f64 {
        let of = |n: usize| {
            let drops = self.pulses.get(n).filter(|_| contact < self.contacts)?.get(contact)?.get(phase)?;
            Some(if end { drops.1 } else { drops.0 })
        };
        let last = self.pulses.len().saturating_sub(1);
        let beyond = pulse.saturating_sub(last as u64) as f64;
        let at = of(last.min(usize::try_from(pulse).unwrap_or(last))).unwrap_or(0.0);
        let before = of(last.saturating_sub(1)).unwrap_or(at);
        if beyond > 0.0 { at + beyond * (at - before) } else { at }
    }
}
