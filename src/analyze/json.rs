//! `analyze --format json`.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::measure::Measured;
use crate::record::CheckRecord;

use super::{Analysis, Phase, Pulse};

/// The document of one file, written as it is made: there may be a million pulses. Every field is present; what does not apply
/// is null.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    file: &'a str,
    dialect: &'static str,
    sample_rate: Option<f64>,
    samples: usize,
    #[serde(serialize_with = "pulses")]
    pulses: &'a Analysis,
    summary: Map<String, Value>,
    findings: Vec<Value>,
    checks: &'a [CheckRecord],
}

#[derive(Serialize)]
struct PulseRow {
    index: usize,
    time: Option<f64>,
    phases: Vec<PhaseRow>,
    gap: Option<Number>,
    net_charge: Number,
    charge_imbalance: Number,
    access_voltage: Option<Number>,
    polarization: Option<Number>,
}

#[derive(Serialize)]
struct PhaseRow {
    polarity: i8,
    amplitude: Number,
    width: Number,
    charge: Number,
}

#[derive(Serialize)]
struct Number {
    value: Option<f64>,
    uncertainty: Option<f64>,
}

/// The document of one file. `checks` are those of `--expect`; none without.
pub fn json<'a>(analysis: &'a Analysis, checks: &'a [CheckRecord]) -> impl Serialize + 'a {
    let summary = analysis.summary.iter().map(|row| {
        let value = json!({
            "value": finite(row.estimate.value),
            "uncertainty": finite(row.estimate.expanded()).filter(|_| !row.clipped),
            "unit": row.dimension.unit(),
            "count": row.count,
        });
        (row.name.to_owned(), value)
    });
    let findings = analysis.findings.iter();
    Document {
        version: 1,
        file: &analysis.file,
        dialect: analysis.dialect,
        sample_rate: finite(analysis.sample_rate),
        samples: analysis.samples,
        pulses: analysis,
        summary: summary.collect(),
        findings: findings
            .map(|finding| json!({ "code": finding.code.name(), "message": finding.message }))
            .collect(),
        checks,
    }
}

fn pulses<S: Serializer>(analysis: &&Analysis, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(analysis.pulses.len()))?;
    for pulse in analysis.pulses.iter() {
        list.serialize_element(&row(&pulse))?;
    }
    list.end()
}

fn row(pulse: &Pulse) -> PulseRow {
    let clipped = pulse.is_clipped();
    let phase = |phase: &Phase| PhaseRow {
        polarity: phase.polarity,
        amplitude: number(&phase.amplitude, phase.clipped),
        width: number(&phase.width, phase.clipped),
        charge: number(&phase.charge, phase.clipped),
    };
    let voltage = |estimate: &Option<Measured>| {
        estimate.as_ref().map(|estimate| number(estimate, pulse.voltage_clipped))
    };
    PulseRow {
        index: pulse.index,
        time: finite(pulse.time),
        phases: pulse.phases.iter().map(phase).collect(),
        gap: pulse.gap.as_ref().map(|gap| number(gap, clipped)),
        net_charge: number(&pulse.net_charge, clipped),
        charge_imbalance: number(&pulse.charge_imbalance, clipped),
        access_voltage: voltage(&pulse.access_voltage),
        polarization: voltage(&pulse.polarization),
    }
}

/// A number; nobody knows the uncertainty of what is made of a top that was cut off.
fn number(estimate: &Measured, clipped: bool) -> Number {
    let uncertainty = finite(estimate.expanded()).filter(|_| !clipped);
    Number { value: finite(estimate.value), uncertainty }
}

fn finite(value: f64) -> Option<f64> {
    // Minus zero is what an empty sum gives.
    value.is_finite().then_some(value + 0.0)
}
