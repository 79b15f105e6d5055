//! Measurands over all pulses of a record.

use crate::quantity::Dimension;

use super::pulse::{Phase, Pulse, in_step};
use super::pulses::Pulses;
use crate::judge::Mean;
use crate::measure::{Input, Measured};

/// One measurand of the summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Name, that of the scenario language where it has one.
    pub name: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    /// Mean over the pulses.
    pub estimate: Measured,
    /// Pulses (for a rate: periods) it stands on.
    pub count: usize,
    /// The range of the instrument cut off tops that it is made of: its U is unknown.
    pub clipped: bool,
}

/// What is averaged: name, dimension, its value in a pulse that has one, and which of the tops it is made of.
type Column = (&'static str, Dimension, fn(&Pulse) -> Option<&Measured>, Tops);

/// Tops that a measurand is made of: if the range cut one off, its U is unknown.
#[derive(Debug, Clone, Copy)]
enum Tops {
    Leading,
    Recovery,
    Both,
    Voltage,
}

impl Tops {
    fn are_clipped(self, pulse: &Pulse) -> bool {
        let phase = |index: usize| pulse.phases.get(index).is_some_and(|phase| phase.clipped);
        match self {
            Self::Leading => phase(0),
            Self::Recovery => phase(1),
            Self::Both => pulse.is_clipped(),
            Self::Voltage => pulse.voltage_clipped,
        }
    }
}

fn phase(pulse: &Pulse, index: usize, of: fn(&Phase) -> &Measured) -> Option<&Measured> {
    pulse.phases.get(index).map(of)
}

const COLUMNS: [Column; 11] = [
    ("amplitude", Dimension::Current, |pulse| phase(pulse, 0, |phase| &phase.amplitude), Tops::Leading),
    (
        "recovery_amplitude",
        Dimension::Current,
        |pulse| phase(pulse, 1, |phase| &phase.amplitude),
        Tops::Recovery,
    ),
    ("width", Dimension::Time, |pulse| phase(pulse, 0, |phase| &phase.width), Tops::Leading),
    ("recovery_width", Dimension::Time, |pulse| phase(pulse, 1, |phase| &phase.width), Tops::Recovery),
    ("gap", Dimension::Time, |pulse| pulse.gap.as_ref(), Tops::Both),
    ("charge_per_phase", Dimension::Charge, |pulse| phase(pulse, 0, |phase| &phase.charge), Tops::Leading),
    ("net_charge", Dimension::Charge, |pulse| Some(&pulse.net_charge), Tops::Both),
    ("charge_imbalance", Dimension::Ratio, |pulse| Some(&pulse.charge_imbalance), Tops::Both),
    ("access_voltage", Dimension::Voltage, |pulse| pulse.access_voltage.as_ref(), Tops::Voltage),
    ("access_resistance", Dimension::Resistance, |pulse| pulse.access_resistance.as_ref(), Tops::Voltage),
    ("polarization", Dimension::Voltage, |pulse| pulse.polarization.as_ref(), Tops::Voltage),
];

pub(super) fn summary(pulses: &Pulses, dt: f64) -> Vec<Summary> {
    let count = pulses.len();
    let estimate = Measured::exact(count as f64);
    let dimension = Dimension::Number;
    let mut rows = vec![Summary { name: "pulse_count", dimension, estimate, count, clipped: false }];
    let share = pulses.in_step();
    let mut means = COLUMNS.map(|column| (column, Mean::default(), false));
    for mut pulse in pulses.iter() {
        // Not after the mean: the sign may change from pulse to pulse.
        if let Some(lead) = pulse.phases.first_mut() {
            lead.charge.value = lead.charge.value.abs();
        }
        for ((_, _, of, tops), mean, clipped) in &mut means {
            if let Some(estimate) = of(&pulse) {
                mean.add(&in_step(estimate.clone(), share));
                *clipped |= tops.are_clipped(&pulse);
            }
        }
    }
    let mean = |((name, dimension, ..), mean, clipped): (Column, Mean, bool)| {
        mean.finish().map(|(estimate, count)| Summary { name, dimension, estimate, count, clipped })
    };
    rows.extend(means.into_iter().filter_map(mean));
    if let Some((estimate, count)) = rate(pulses, dt) {
        rows.push(Summary { name: "rate", dimension: Dimension::Frequency, estimate, count, clipped: false });
    }
    rows
}

/// (n − 1)/(tₙ − t₁) of the leading 50 % instants, with the number of periods.
pub(super) fn rate(pulses: &Pulses, dt: f64) -> Option<(Measured, usize)> {
    let (first, last) = (pulses.first()?, pulses.last()?);
    let periods = pulses.len() - 1;
    let span = last.time - first.time;
    if periods == 0 || span <= 0.0 {
        return None;
    }
    let value = periods as f64 / span;
    // Two instants, each open by an interval's rectangle at most.
    let edge = dt / 12_f64.sqrt() * std::f64::consts::SQRT_2;
    let mut lines = vec![Input::common("edges", value * edge / span)];
    if let Some(setting) = &pulses.setting {
        // On slow edges noise moves an instant by many intervals.
        let ends = [(pulses.rows.first(), &first), (pulses.rows.last(), &last)];
        let [first, last] = ends.map(|(row, pulse)| {
            let lead = row.zip(pulse.phases.first());
            lead.map_or((0.0, 0.0), |(row, phase)| setting.open_edge(&row.leading, &phase.amplitude))
        });
        lines.push(Input::common("noise", value * first.0.hypot(last.0) * dt / span));
        lines.push(Input::common("level", value * first.1.hypot(last.1) * dt / span));
        lines.extend(setting.interval(value));
    }
    Some((Measured::new(value, lines), periods))
}
