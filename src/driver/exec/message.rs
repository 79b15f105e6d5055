//! The lines of JSON. Numbers are in SI base units: A, s, Hz, V.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::instrument::InstrumentFault;
use crate::signal::{Program, Recovery, Run};

/// A program as the helper program reads it.
pub(super) fn program(program: &Program) -> Value {
    let contacts: serde_json::Map<String, Value> =
        program.contacts.iter().map(|share| (share.contact.clone(), share.share.into())).collect();
    json!({
        "waveform": program.waveform.name(),
        "leading": program.leading.name(),
        "amplitude": program.amplitude,
        "width": program.width,
        "gap": program.gap,
        "recovery": match program.recovery {
            Recovery::Mirrored => json!("mirrored"),
            Recovery::None => json!("none"),
            Recovery::Ratio(ratio) => json!({ "ratio": ratio }),
            Recovery::Passive { duration, per_burst } => {
                json!({ "passive": duration, "after": if per_burst { "burst" } else { "pulse" } })
            }
        },
        "recharge": program.recharge,
        "rate": program.rate,
        "ramp": program.ramp.map(|ramp| json!({
            "up": ramp.up,
            "law": ramp.law.name(),
        })),
        "burst": program.burst.map(|burst| json!({ "pulses": burst.pulses, "rate": burst.rate })),
        "cycle": program.cycle.map(|cycle| json!({ "on": cycle.on_time, "off": cycle.off_time })),
        "contacts": contacts,
        "run": match program.run {
            Run::UntilStopped => Value::Null,
            Run::Duration(duration) => json!({ "duration": duration }),
            Run::Pulses(pulses) => json!({ "pulses": pulses }),
        },
    })
}

/// What the stimulator emits instead of what was asked, as far as it differs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Differs {
    amplitude: Option<f64>,
    width: Option<f64>,
    gap: Option<f64>,
    rate: Option<f64>,
    recharge: Option<f64>,
}

impl Differs {
    /// The program that is emitted.
    pub(super) fn on(&self, program: &Program) -> Result<Program, String> {
        let sound = |name: &str, value: f64| match value.is_finite() && value >= 0.0 {
            true => Ok(value),
            false => Err(format!("an applied {name} of {value}")),
        };
        let value = |name: &str, stated: Option<f64>, asked: f64| {
            stated.map_or(Ok(asked), |value| sound(name, value))
        };
        // Of no width there is no pulse, and at no rate no second one.
        for (name, stated) in [("width", self.width), ("rate", self.rate)] {
            if stated == Some(0.0) {
                return Err(format!("an applied {name} of 0"));
            }
        }
        Ok(Program {
            amplitude: value("amplitude", self.amplitude, program.amplitude)?,
            width: value("width", self.width, program.width)?,
            gap: value("gap", self.gap, program.gap)?,
            rate: value("rate", self.rate, program.rate)?,
            recharge: match self.recharge {
                Some(recharge) => Some(sound("recharge", recharge)?),
                None => program.recharge,
            },
            ..program.clone()
        })
    }
}

/// An answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    id: u64,
    ok: bool,
    reason: Option<String>,
    pub(super) protocol: Option<u64>,
    pub(super) model: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) firmware: Option<String>,
    pub(super) cap: Option<f64>,
    pub(super) compliance: Option<f64>,
    #[serde(default)]
    provides: Vec<String>,
    pub(super) applied: Option<Differs>,
    pub(super) state: Option<String>,
    pub(super) fault: Option<String>,
    pub(super) pulses: Option<u64>,
}

impl Answer {
    /// An answer's line, which must be that to request `number`.
    pub(super) fn read(line: &str, number: u64) -> Result<Self, InstrumentFault> {
        let shown: String = line.trim_end().chars().take(80).collect();
        let answer: Self = serde_json::from_str(line)
            .map_err(|error| InstrumentFault::Protocol(format!("`{shown}`: {error}")))?;
        if answer.id != number {
            return Err(InstrumentFault::Protocol(format!(
                "an answer to request {}, not {number}",
                answer.id
            )));
        }
        if !answer.ok {
            let reason = answer.reason.unwrap_or_else(|| "no reason given".to_owned());
            return Err(InstrumentFault::Refused(reason));
        }
        Ok(answer)
    }

    /// Whether the helper says that its stimulator can do something.
    pub(super) fn can(&self, what: &str) -> bool {
        self.provides.iter().any(|own| own == what)
    }
}
