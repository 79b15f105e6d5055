//! `analyze --format json`.

use serde_json::{Map, Value, json};

use crate::measure::Measured;
use crate::record::CheckRecord;

use super::Analysis;

/// The document of one file. Every field is present; what does not apply is null.
///
/// `checks` are those of `--expect`; none without.
pub fn json(analysis: &Analysis, checks: &[CheckRecord]) -> Value {
    let pulses: Vec<Value> = analysis
        .pulses
        .iter()
        .map(|pulse| {
            let phases: Vec<Value> = pulse
                .phases
                .iter()
                .map(|phase| {
                    json!({
                        "polarity": phase.polarity,
                        "amplitude": number(Some(&phase.amplitude)),
                        "width": number(Some(&phase.width)),
                        "charge": number(Some(&phase.charge)),
                    })
                })
                .collect();
            json!({
                "index": pulse.index,
                "time": finite(pulse.time),
                "phases": phases,
                "gap": number(pulse.gap.as_ref()),
                "net_charge": number(Some(&pulse.net_charge)),
                "charge_imbalance": number(Some(&pulse.charge_imbalance)),
                "access_voltage": number(pulse.access_voltage.as_ref()),
                "polarization": number(pulse.polarization.as_ref()),
            })
        })
        .collect();
    let summary: Map<String, Value> = analysis
        .summary
        .iter()
        .map(|row| {
            let value = json!({
                "value": finite(row.estimate.value),
                "uncertainty": finite(row.estimate.expanded()),
                "unit": row.dimension.unit(),
                "count": row.count,
            });
            (row.name.to_owned(), value)
        })
        .collect();
    let findings: Vec<Value> = analysis
        .findings
        .iter()
        .map(|finding| json!({ "code": finding.code.name(), "message": finding.message }))
        .collect();
    json!({
        "version": 1,
        "file": analysis.file,
        "dialect": analysis.dialect,
        "sample_rate": finite(analysis.sample_rate),
        "samples": analysis.samples,
        "pulses": pulses,
        "summary": summary,
        "findings": findings,
        "checks": checks,
    })
}

fn number(estimate: Option<&Measured>) -> Value {
    estimate.map_or(
        Value::Null,
        |estimate| json!({ "value": finite(estimate.value), "uncertainty": finite(estimate.expanded()) }),
    )
}

fn finite(value: f64) -> Value {
    // Minus zero is what an empty sum gives.
    if value.is_finite() { json!(value + 0.0) } else { Value::Null }
}
