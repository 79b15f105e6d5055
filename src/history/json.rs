//! The history as JSON.

use serde::Serializer;
use serde_json::{Value, json};

use crate::statistics::{Capability, Chart, Signal};

use super::History;

/// One object, ending in a newline.
///
/// # Errors
/// When it cannot be serialised, which finite numbers do not cause.
pub fn json(history: &History) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(history)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("version".to_owned(), 1.into());
        map.insert("methods".to_owned(), methods());
    }
    Ok(format!("{value:#}\n"))
}

/// What the figures are, and where from.
fn methods() -> Value {
    json!({
        "control": "individuals and moving range, mean ± 2.66 mean moving range (NIST/SEMATECH e-Handbook 6.3.2.2)",
        "signals": "outside the control limits; eight or more in a row on one side of the mean; farther from it than a tenth of U",
        "capability": "Cpk of all values with its 95 % interval after Bissell (NIST/SEMATECH e-Handbook 6.1.6)",
        "flakes": "share of runs that came out otherwise than mostly with nothing changed, 95 % interval after Wilson",
        "erosion": "least-squares line through margin − U over the runs; told where its slope is below zero with a probability by chance of at most 2.5 % over all trends together (Bonferroni)"
    })
}

pub(super) fn control<S: Serializer>(chart: &Option<Chart>, to: S) -> Result<S::Ok, S::Error> {
    let shown = chart.map(|chart| {
        json!({ "mean": chart.mean, "moving_range": chart.moving_range, "lower": chart.lower, "upper": chart.upper })
    });
    serde::Serialize::serialize(&shown, to)
}

pub(super) fn cpk<S: Serializer>(found: &Option<Capability>, to: S) -> Result<S::Ok, S::Error> {
    let shown = found.map(|found| json!({ "cpk": found.cpk, "interval": [found.lower, found.upper] }));
    serde::Serialize::serialize(&shown, to)
}

pub(super) fn signal_list<S: Serializer>(signals: &[Signal], to: S) -> Result<S::Ok, S::Error> {
    let shown = signals.iter().map(|signal| match signal {
        Signal::Outside(at) => json!({ "kind": "outside", "from": at, "to": at }),
        Signal::OneSide(from, last) => json!({ "kind": "one_side", "from": from, "to": last }),
    });
    to.collect_seq(shown)
}
