//! Charge measured beyond what was programmed: where an imbalance that the current hides is seen.

use crate::plot::{Bound, Panel, Series, Whisker};
use crate::quantity::Dimension;
use crate::record::{CheckRecord, PulseFigure, Verdict};

use super::{MEASURED, decided, line, whisker, window};

/// The measurand that is a sum over all pulses.
const PILED_UP: &str = "accumulated_charge";

/// Whether a check is about charge.
pub(super) fn is_about(check: &CheckRecord) -> bool {
    let names = ["charge_imbalance", "net_charge", "mean_dc_current", PILED_UP, "charge_per_phase"];
    names.contains(&check.measurand.as_str())
}

/// The integral of measured less programmed current over a pulse, with the limit of the check in coulomb where the pulse can be held
/// against it; of phases that do not balance each other the charge itself. A mean current leaves its charge once every `period`.
pub(super) fn panel(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Panel {
    let whole = is_part_of_a_cycle(pulse, check);
    let charge = if whole { flowed(pulse) } else { line("", &pulse.charge_error, MEASURED) };
    let title = if whole {
        "charge: ∫ measured"
    } else {
        "charge beyond the programmed: ∫ (measured − programmed)"
    };
    Panel {
        title: title.to_owned(),
        x_name: "time from the leading edge".to_owned(),
        unit: "C".to_owned(),
        window: window(pulse),
        series: vec![charge],
        bounds: match without_limits(pulse, check, period) {
            Some(_) => Vec::new(),
            None => bounds(pulse, check, period),
        },
        whiskers: at_end(pulse, check, period).into_iter().collect(),
        ..Panel::default()
    }
}

/// Why the limit of a check is not drawn over a pulse: a curve between limits beside a check that failed would be believed.
pub(super) fn without_limits(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Option<&'static str> {
    if check.measurand == PILED_UP {
        return Some("The limit is on what piles up over all pulses: it is not drawn over one.");
    }
    if is_part_of_a_cycle(pulse, check) {
        return Some(
            "These phases do not balance each other, and the limit is on the charge of the whole cycle: it is not drawn.",
        );
    }
    let told = check.verdict != Verdict::Fail || per_phase(check) || at_end(pulse, check, period).is_some();
    let last = pulse.charge_error.spans().last().map(|(_, low, high)| (low, high)).filter(|_| !told)?;
    let beyond = |bound: &Bound| if bound.upper { last.1 > bound.y } else { last.0 < bound.y };
    let bounds = bounds(pulse, check, period);
    (!bounds.is_empty() && !bounds.iter().any(beyond)).then_some(
        "What is beyond the limit is not in this picture, but in the rest of the cycle or in the pulse that decided: the limit is not \
         drawn.",
    )
}

/// Whether the phases of a pulse leave charge by their program, which a recharge, the other pulse of a pair or the end of a burst is
/// to take back: what the pulse leaves beyond its program is then not what the check is about.
fn is_part_of_a_cycle(pulse: &PulseFigure, check: &CheckRecord) -> bool {
    /// Of the charge of its phases: more than the steps of any stimulator leave.
    const UNBALANCED: f64 = 0.05;
    let charges = || pulse.programmed.iter().map(|phase| phase.current * phase.width);
    let (net, all): (f64, f64) = (charges().sum(), charges().map(f64::abs).sum());
    !per_phase(check) && check.measurand != PILED_UP && net.abs() > UNBALANCED * all
}

/// The integral of the measured current alone.
fn flowed(pulse: &PulseFigure) -> Series {
    let asked = |at: f64| -> f64 {
        let phases = pulse.programmed.iter();
        phases.map(|phase| phase.current * (at - phase.start).clamp(0.0, phase.width)).sum()
    };
    let points = pulse.charge_error.spans().map(|(at, low, high)| (at, 0.5 * (low + high) + asked(at)));
    Series { points: points.collect(), colour: MEASURED, ..Series::default() }
}

/// The limits of a check over one pulse, C; none where it cannot be told what they are.
fn bounds(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Vec<Bound> {
    let scale = coulombs(pulse, check, period);
    if scale <= 0.0 {
        return Vec::new();
    }
    let asked = check.limit.nominal.filter(|_| per_phase(check)).unwrap_or(0.0);
    let bound = |limit: f64, upper: bool| Bound {
        y: (limit - asked) * scale,
        upper,
        guard: check.uncertainty.unwrap_or(0.0) * scale,
        label: if upper { "limit".to_owned() } else { String::new() },
    };
    let upper = check.limit.upper.map(|limit| bound(limit, true));
    // A limit on a magnitude, and one on a fraction of it, bounds both signs.
    let lower = match (check.limit.lower, check.limit.upper) {
        (Some(limit), _) => Some(bound(limit, false)),
        (None, Some(limit)) => Some(bound(-limit, false)),
        (None, None) => None,
    };
    upper.into_iter().chain(lower).collect()
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
fn at_end(pulse: &PulseFigure, check: &CheckRecord, period: f64) -> Option<Whisker> {
    let (from, to) = window(pulse)?;
    let scale = coulombs(pulse, check, period);
    let of_pulse = !per_phase(check) && check.measurand != PILED_UP && !is_part_of_a_cycle(pulse, check);
    let is_its_own = decided(pulse, check) && scale > 0.0 && of_pulse;
    let (value, u) = (check.value.filter(|_| is_its_own)? * scale, check.uncertainty? * scale);
    // An imbalance is a magnitude; the picture has a sign.
    let last = pulse.charge_error.spans().last().map_or(0.0, |(_, low, high)| 0.5 * (low + high));
    let signed = if check.unit == "ratio" && last < 0.0 { -value.abs() } else { value };
    Some(whisker(to - 0.02 * (to - from), signed, u, Dimension::Charge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::check;
    use crate::record::{LimitRecord, PhaseFigure, Trace};

    fn trace(unit: &str, last: f64) -> Trace {
        Trace::of("e1", unit, (0.0, 1e-4), &[0.0, 0.5 * last, last, last, last, last])
    }

    /// A pulse of 2 mA and 200 µs that leaves so much more charge than was programmed, with these currents in its phases.
    fn pulse(currents: &[f64], left: f64, why: &str) -> PulseFigure {
        let phase = |(k, current): (usize, &f64)| PhaseFigure {
            start: 2e-4 * k as f64,
            width: 2e-4,
            current: *current,
        };
        PulseFigure {
            // That of the sample check is pulse 12.
            pulse: if why == "decided" { 12 } else { 3 },
            contact: "e1".into(),
            time: 0.1,
            why: why.into(),
            measured: trace("A", 0.0),
            programmed: currents.iter().enumerate().map(phase).collect(),
            recharge: None,
            charge_error: trace("C", left),
            voltage: None,
            predicted: None,
        }
    }

    /// A check of charge that must stay within 20 nC and failed.
    fn failed(measurand: &str) -> CheckRecord {
        let limit =
            LimitRecord { criterion: "at_most".into(), nominal: None, lower: None, upper: Some(2e-8) };
        CheckRecord { unit: "C".into(), limit, ..check(measurand, Verdict::Fail) }
    }

    #[test]
    fn the_limit_of_a_sum_over_all_pulses_is_not_drawn_over_one() {
        let of =
            |measurand: &str| panel(&pulse(&[], 1e-10, "decided"), &failed(measurand), 0.02).bounds.len();
        assert_eq!((of("net_charge"), of("accumulated_charge")), (2, 0));
    }

    /// What a capacitor that is shorted leaves of a monophasic pulse is all of its charge, and none of it beyond the programmed.
    #[test]
    fn phases_that_do_not_balance_each_other_show_their_charge_and_no_limit() {
        let check = failed("net_charge");
        let alone = pulse(&[-2e-3], 0.0, "decided");
        let shown = panel(&alone, &check, 0.02);
        assert!(shown.bounds.is_empty() && shown.whiskers.is_empty() && shown.title == "charge: ∫ measured");
        let (_, last) = shown.series[0].points.last().unwrap();
        assert!((last + 4e-7).abs() < 1e-12, "{last}");
        assert!(without_limits(&alone, &check, 0.02).unwrap().contains("do not balance each other"));
        let balanced = panel(&pulse(&[-2e-3, 2e-3], 3e-8, "first pulse"), &check, 0.02);
        assert!(balanced.bounds.len() == 2 && balanced.title.contains("beyond the programmed"));
    }

    #[test]
    fn a_curve_within_the_limits_is_not_drawn_between_them_beside_a_failure() {
        let of = |left: f64, why: &str, verdict: Verdict| {
            let check = CheckRecord { verdict, ..failed("net_charge") };
            let pulse = pulse(&[-2e-3, 2e-3], left, why);
            let said = without_limits(&pulse, &check, 0.02);
            assert_eq!(panel(&pulse, &check, 0.02).bounds.is_empty(), said.is_some());
            said.is_none()
        };
        assert!(!of(1e-9, "first pulse", Verdict::Fail), "the excess is elsewhere");
        assert!(of(3e-8, "first pulse", Verdict::Fail) && of(-3e-8, "first pulse", Verdict::Fail));
        assert!(of(1e-9, "decided", Verdict::Fail), "what was measured stands at its end");
        assert!(of(1e-9, "first pulse", Verdict::Pass));
    }
}
