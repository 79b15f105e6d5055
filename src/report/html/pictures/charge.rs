//! Charge measured beyond what was programmed: where an imbalance that the current hides is seen.

use crate::plot::{Bound, Panel, Whisker};
use crate::quantity::Dimension;
use crate::record::{CheckRecord, PulseFigure};

use super::{MEASURED, line, whisker, window};

/// The measurand that is a sum over all pulses.
const PILED_UP: &str = "accumulated_charge";

/// Whether a check is about charge.
pub(super) fn is_about(check: &CheckRecord) -> bool {
    let names = ["charge_imbalance", "net_charge", "mean_dc_current", PILED_UP, "charge_per_phase"];
    names.contains(&check.measurand.as_str())
}

/// The integral of measured less programmed current over a pulse, with the limit of the check in coulomb; a mean current leaves its
/// charge once every `period`.
pub(super) fn panel(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Panel {
    let scale = coulombs(pulse, check, period);
    let asked = check.limit.nominal.filter(|_| per_phase(check)).unwrap_or(0.0);
    let bound = |limit: f64, upper: bool| Bound {
        y: (limit - asked) * scale,
        upper,
        guard: check.uncertainty.unwrap_or(0.0) * scale,
        label: if upper { "limit".to_owned() } else { String::new() },
    };
    // A limit on a magnitude, and one on a fraction of it, bounds both signs.
    let both = check.limit.lower.is_none();
    let upper = check.limit.upper.map(|limit| bound(limit, true));
    let lower = match (check.limit.lower, check.limit.upper) {
        (Some(limit), _) => Some(bound(limit, false)),
        (None, Some(limit)) if both => Some(bound(-limit, false)),
        _ => None,
    };
    Panel {
        title: "charge beyond the programmed: ∫ (measured − programmed)".to_owned(),
        x_name: "time from the leading edge".to_owned(),
        unit: "C".to_owned(),
        window: window(pulse),
        series: vec![line("", &pulse.charge_error, MEASURED)],
        // What has piled up over many pulses has no limit within one of them.
        bounds: match scale > 0.0 && check.measurand != PILED_UP {
            true => upper.into_iter().chain(lower).collect(),
            false => Vec::new(),
        },
        whiskers: at_end(pulse, check, scale).into_iter().collect(),
        ..Panel::default()
    }
}

fn per_phase(check: &CheckRecord) -> bool {
    check.measurand == "charge_per_phase"
}

/// Coulombs of this pulse for one unit of the measurand; 0 where it cannot be told.
fn coulombs(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> f64 {
    match check.unit.as_str() {
        "C" => 1.0,
        "A" => period,
        "ratio" => pulse.programmed.first().map_or(0.0, |phase| (phase.current * phase.width).abs()),
        _ => 0.0,
    }
}

/// What the check measured, where the integral ends.
fn at_end(pulse: &PulseFigure, check: &CheckRecord, scale: f64) -> Option<Whisker> {
    let (from, to) = window(pulse)?;
    let decided = pulse.why == "decided" && scale > 0.0 && !per_phase(check) && check.measurand != PILED_UP;
    let (value, u) = (check.value.filter(|_| decided)? * scale, check.uncertainty? * scale);
    // An imbalance is a magnitude; the picture has a sign.
    let last = pulse.charge_error.spans().last().map_or(0.0, |(_, low, high)| 0.5 * (low + high));
    let signed = if check.unit == "ratio" && last < 0.0 { -value.abs() } else { value };
    Some(whisker(to - 0.02 * (to - from), signed, u, Dimension::Charge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::check;
    use crate::record::{LimitRecord, Trace, Verdict};

    #[test]
    fn the_limit_of_a_sum_over_all_pulses_is_not_drawn_over_one() {
        let trace = |unit: &str| Trace::of("e1", unit, (0.0, 1e-6), &[0.0, 1e-10, 0.0]);
        let pulse = PulseFigure {
            pulse: 3,
            contact: "e1".into(),
            time: 0.1,
            why: "decided".into(),
            measured: trace("A"),
            programmed: Vec::new(),
            recharge: None,
            charge_error: trace("C"),
            voltage: None,
            predicted: None,
        };
        let limit =
            LimitRecord { criterion: "at_most".into(), nominal: None, lower: None, upper: Some(2e-8) };
        let of = |measurand: &str| {
            let check =
                CheckRecord { unit: "C".into(), limit: limit.clone(), ..check(measurand, Verdict::Fail) };
            panel(&pulse, &check, 0.02).bounds.len()
        };
        assert_eq!((of("net_charge"), of("accumulated_charge")), (2, 0));
    }
}
