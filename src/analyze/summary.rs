//! Measurands over all pulses of a record.

use crate::quantity::Dimension;

use super::mean::mean;
use super::pulse::{Phase, Pulse};
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
}

pub(super) fn summary(pulses: &[Pulse], dt: f64) -> Vec<Summary> {
    let mut rows = vec![Summary {
        name: "pulse_count",
        dimension: Dimension::Number,
        estimate: Measured::new(pulses.len() as f64, Vec::new()),
        count: pulses.len(),
    }];
    if pulses.is_empty() {
        return rows;
    }
    let mut row = |name, dimension, estimates: Vec<&Measured>| {
        if let Some((estimate, count)) = mean(estimates.into_iter()) {
            rows.push(Summary { name, dimension, estimate, count });
        }
    };
    let lead = |of: fn(&Phase) -> &Measured| pulses.iter().filter_map(|p| p.phases.first().map(of)).collect();
    let recovery =
        |of: fn(&Phase) -> &Measured| pulses.iter().filter_map(|p| p.phases.get(1).map(of)).collect();
    row("amplitude", Dimension::Current, lead(|phase| &phase.amplitude));
    row("recovery_amplitude", Dimension::Current, recovery(|phase| &phase.amplitude));
    row("width", Dimension::Time, lead(|phase| &phase.width));
    row("recovery_width", Dimension::Time, recovery(|phase| &phase.width));
    row("gap", Dimension::Time, pulses.iter().filter_map(|pulse| pulse.gap.as_ref()).collect());
    let magnitudes: Vec<Measured> = pulses
        .iter()
        .filter_map(|pulse| pulse.phases.first())
        .map(|phase| Measured::new(phase.charge.value.abs(), phase.charge.budget.clone()))
        .collect();
    row("charge_per_phase", Dimension::Charge, magnitudes.iter().collect());
    row("net_charge", Dimension::Charge, pulses.iter().map(|pulse| &pulse.net_charge).collect());
    row("charge_imbalance", Dimension::Ratio, pulses.iter().map(|pulse| &pulse.charge_imbalance).collect());
    row(
        "access_voltage",
        Dimension::Voltage,
        pulses.iter().filter_map(|p| p.access_voltage.as_ref()).collect(),
    );
    row(
        "access_resistance",
        Dimension::Resistance,
        pulses.iter().filter_map(|pulse| pulse.access_resistance.as_ref()).collect(),
    );
    row("polarization", Dimension::Voltage, pulses.iter().filter_map(|p| p.polarization.as_ref()).collect());
    if let Some((estimate, count)) = rate(pulses, dt) {
        rows.push(Summary { name: "rate", dimension: Dimension::Frequency, estimate, count });
    }
    rows
}

/// (n − 1)/(tₙ − t₁) of the leading 50 % instants, with the number of periods.
pub(super) fn rate(pulses: &[Pulse], dt: f64) -> Option<(Measured, usize)> {
    let (first, last) = (pulses.first()?, pulses.last()?);
    let periods = pulses.len() - 1;
    let span = last.time - first.time;
    if periods == 0 || span <= 0.0 {
        return None;
    }
    let value = periods as f64 / span;
    // Two instants, each open by an interval's rectangle at most.
    let edge = dt / 12_f64.sqrt() * std::f64::consts::SQRT_2;
    Some((Measured::new(value, vec![Input::common("edges", value * edge / span)]), periods))
}
