//! The current of a passive recharge: no program states it, and a range, a limit and a cap meet it all the same.

use crate::phantom::train::{Train, changes};
use crate::phantom::{Circuit, Drive, Probe, Waveform};
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::source::{Diagnostic, Severity};

use super::super::{Action, Case, Criterion, Fault, Measurand};
use super::Planned;
use super::peaks::Peaks;

/// The largest current that a recharge of a train makes flow through any contact, A; the contact by which it returns carries the sum
/// of the others.
///
/// Beyond the pulses that are given the peak of a period is taken to approach its last value as it did in the last periods: what
/// builds up longest decides that.
pub(super) fn peak(circuit: &Circuit, train: &Train<'_>, shares: &[f64]) -> f64 {
    if train.pulses.iter().all(|pulse| pulse.recharge.is_none()) {
        return 0.0;
    }
    let mut circuit = circuit.clone();
    let all = changes(train.pulses, shares);
    let ends = all.iter().skip(1).map(|(at, _)| *at);
    let mut peaks: Vec<f64> = Vec::new();
    for ((at, drive), end) in all.iter().zip(ends) {
        circuit.set_drive(drive);
        if *drive == Drive::Recharge {
            peaks.push(through(&mut circuit, end - at));
        } else {
            circuit.advance(end - at);
        }
    }
    let most = peaks.iter().copied().fold(0.0, f64::max);
    let group = train.group.max(1);
    // One behind each pulse, or one behind each group.
    let recharges = (peaks.len() * group).div_ceil(train.pulses.len()).max(1);
    let left = train.total.saturating_sub(train.pulses.len() as u64) as f64 / group as f64;
    // The largest of each of the last three periods.
    let of_period = |k: usize| {
        let end = peaks.len().checked_sub(k * recharges)?;
        let period = peaks.get(end.checked_sub(recharges)?..end)?;
        Some(period.iter().copied().fold(0.0, f64::max))
    };
    let (Some(last), Some(before), Some(first)) = (of_period(0), of_period(1), of_period(2)) else {
        return most;
    };
    let (grows, grew) = (last - before, before - first);
    if left <= 0.0 || grows <= 0.0 {
        return most;
    }
    let ratio = if grew > grows { grows / grew } else { 1.0 };
    let more = if ratio < 1.0 { ratio * (1.0 - ratio.powf(left)) / (1.0 - ratio) } else { left };
    most.max(last + grows * more)
}

/// Largest current of any contact while the drive stays as it is for so many seconds, A.
fn through(circuit: &mut Circuit, seconds: f64) -> f64 {
    let contacts = circuit.phantom().contacts.len();
    let (mut wave, mut most, mut left) = (Waveform::default(), 0.0_f64, seconds);
    while left > 0.0 {
        let span = circuit.span(left);
        for contact in 0..contacts {
            circuit.waveform(Probe::Current(contact), &mut wave);
            most = most.max(wave.peak(span));
        }
        circuit.step(span);
        left -= span;
    }
    most
}

/// The most that a recharge can make flow through a contact, A; 0 where nothing recharges or the output stage is not known.
///
/// A short lead leaves nothing but the switch in the way of what a series capacitor has kept, and a leakage resistor is one more
/// way beside the phantom.
pub(super) fn largest(case: &Case, rig: &Rig, peaks: Option<Peaks>) -> f64 {
    let Some(peaks) = peaks.filter(|peaks| peaks.recharge > 0.0) else { return 0.0 };
    let Some(stage) = rig.output_stage() else { return peaks.recharge };
    let shorted = peaks.series / stage.recharge;
    let of_step = |step: &super::super::Step| match step.action {
        Action::Inject(Fault::ShortLead { .. }) => shorted,
        Action::Inject(Fault::Leakage { ohms, .. }) => (peaks.recharge + peaks.series / ohms).min(shorted),
        _ => 0.0,
    };
    case.steps.iter().map(of_step).fold(peaks.recharge, f64::max)
}

/// Refuses a recharge that the output guard would trip on, and warns of one that a check of the cap would take for an output
/// above it.
pub(super) fn check(
    case: &Case,
    rig: &Rig,
    programs: &[Planned<'_>],
    largest: f64,
    problems: &mut Vec<Diagnostic>,
) {
    let current = |amperes: f64| engineering(amperes, Dimension::Current, 4);
    let above = |limit: f64| largest > limit * (1.0 + 1e-9);
    if above(rig.limits.amplitude) {
        let what = format!(
            "the recharge would reach {}, above the {} that rig `{}` allows",
            current(largest),
            current(rig.limits.amplitude),
            rig.name
        );
        let help = "less charge between two recharges, or a longer recharge, leaves less on the capacitors";
        let recharged = programs.iter().find_map(|planned| Some((planned, planned.recharged_by()?)));
        let place =
            recharged.map_or_else(|| case.places.find("program"), |(planned, key)| planned.place(case, key));
        problems.push(place.error(&what, Some(help)));
        return;
    }
    for check in case.checks.iter().filter(|check| check.measurand == Measurand::CapNeverExceeded) {
        let Criterion::AtMost(limit) = check.criterion else { continue };
        if above(limit) {
            let what = format!(
                "the recharge would reach {}, above the {} that this allows: a stimulator without fault would fail",
                current(largest),
                current(limit)
            );
            let help = Some("leave less charge to the recharge: what flows there counts as any current does");
            problems.push(case.problem(check, "", Severity::Warning, &what, help));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::phantom::{Element, ElementKind, Phantom};
    use crate::rig::{DEFAULT_RIG, Rig};
    use crate::scenario::{Case, Plan, plan, read_scenario, shipped};
    use crate::source::{Diagnostic, Source};

    /// Five phases of 3 mA and 1 ms are 15 uC, recharged together for 8 ms; 2.2 uF behind 500 ohm and a switch of 200 ohm.
    const BURST: &str = "waveform: monophasic, amplitude: 3 mA, width: 1 ms, gap: 50 us, rate: 20 Hz, recovery: { passive: 8 ms }, burst: { pulses: 5, rate: 500 Hz, recovery_after: burst }";
    const PLAIN: &str = "expect:\n  - amplitude: { of: programmed, within: 3 % }\n";

    fn rig(set: &[(&str, &str)]) -> Rig {
        let set: Vec<(String, String)> =
            set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap().with_overrides(&set, &[]).unwrap()
    }

    fn case(phantom: &str, program: &str, rest: &str) -> Case {
        let text = format!("version: 1\nname: n\nphantom: {phantom}\nprogram: {{ {program} }}\n{rest}");
        let (mut cases, problems) = read_scenario(&Source::new("s", &text), &mut shipped);
        assert_eq!(problems, Vec::new());
        cases.remove(0)
    }

    fn planned(program: &str, rest: &str, set: &[(&str, &str)]) -> Result<Plan, Vec<Diagnostic>> {
        plan(case("r500", program, rest), &rig(set), false)
    }

    /// Peak of the recharge of settled bursts of so many codes and so many seconds of phases, A, over 700 ohm.
    fn settled(codes: f64, seconds: f64) -> f64 {
        let kept = (-8e-3_f64 / (700.0 * 2.2e-6)).exp();
        codes * 25e-3 / 32767.0 * seconds / 2.2e-6 / (1.0 - kept) / 700.0
    }

    #[test]
    fn the_range_of_the_currents_holds_the_recharge_too() {
        let found = planned(BURST, PLAIN, &[]).unwrap();
        // 3932 codes; 9.8 mA.
        let peak = settled(3932.0, 5e-3);
        assert!((found.peak_recharge.unwrap() - peak).abs() < 1e-6, "{:?} {peak}", found.peak_recharge);
        assert!(found.channels[..2].iter().all(|channel| channel.range == 32e-3), "{:?}", found.channels);
        // 0.3 uC on 2.2 uF make 0.2 mA, and a quarter more than 3 mA still is the largest that is expected.
        let small =
            "waveform: monophasic, amplitude: 3 mA, width: 100 us, rate: 20 Hz, recovery: { passive: 8 ms }";
        let found = planned(small, PLAIN, &[]).unwrap();
        assert!((found.peak_recharge.unwrap() - settled(3932.0, 100e-6)).abs() < 1e-6);
        assert_eq!(found.channels[0].range, 4e-3);
        let active = planned("amplitude: 3 mA, width: 100 us, rate: 20 Hz", PLAIN, &[]).unwrap();
        assert_eq!((active.peak_recharge, active.channels[0].range), (None, 4e-3));
    }

    #[test]
    fn the_contact_by_which_a_recharge_returns_carries_the_sum_of_it() {
        let program = "waveform: monophasic, amplitude: 1 mA, width: 5 ms, rate: 20 Hz, recovery: { passive: 30 ms }, contacts: { e1: -50 %, e2: -50 %, case: 100 % }";
        let mut asked = case("star-8", program, PLAIN);
        let resistor = |value, from, to| Element {
            kind: ElementKind::Resistor,
            value,
            tolerance: 0.0,
            measured_u: None,
            from,
            to,
        };
        asked.phantom = Phantom {
            name: "tee".into(),
            nodes: ["a", "b", "tissue", "gnd"].map(str::to_owned).to_vec(),
            contacts: vec![("e1".into(), 0), ("e2".into(), 1), ("case".into(), 3)],
            elements: vec![resistor(300.0, 0, 2), resistor(700.0, 1, 2), resistor(100.0, 2, 3)],
            senses: vec![("v1".into(), 0, 3)],
            areas: Vec::new(),
            ..asked.phantom
        };
        // 2.5 uC on each of two series capacitors, behind 500 ohm and 900 ohm to a node 100 ohm from the case.
        let (volts, paths) = (2.5e-6 / 2.2e-6, 1.0 / 500.0 + 1.0 / 900.0);
        let sum = volts * paths / (1.0 + 100.0 * paths);
        let found = plan(asked, &rig(&[]), false).unwrap().peak_recharge.unwrap();
        assert!((found - sum).abs() < 2e-3 * sum, "{found} {sum}");
    }

    #[test]
    fn what_builds_up_over_more_pulses_than_are_run_is_followed_to_their_end() {
        // 50 us of recharge take a thirtieth of what is there: after 64 pulses an eighth is still missing.
        let program =
            "waveform: monophasic, amplitude: 1 mA, width: 100 us, rate: 50 Hz, recovery: { passive: 50 us }";
        let peak = |pulses: i32| {
            let rest = format!("pulses: {pulses}\n{PLAIN}");
            planned(program, &rest, &[]).unwrap().peak_recharge.unwrap()
        };
        let (added, kept) =
            (1311.0 * 25e-3 / 32767.0 * 100e-6 / 2.2e-6, (-50e-6_f64 / (700.0 * 2.2e-6)).exp());
        for pulses in [2, 40, 100, 1000] {
            let exact = added * (1.0 - kept.powi(pulses)) / (1.0 - kept) / 700.0;
            assert!((peak(pulses) - exact).abs() < 1e-4 * exact, "{pulses}: {} {exact}", peak(pulses));
        }
    }

    /// 2 mA for 900 us leave 0.86 V: 0.7 mA over 1.2 kohm, and 4.3 mA once only the switch is in the way.
    #[test]
    fn a_short_or_a_lower_resistance_lets_more_flow_back() {
        let range = |fault: &str| {
            let steps = format!(
                "steps:\n  - start: {{}}\n  - wait: 200 ms\n  - inject: {fault}\n    as: changed\n  - wait: 200 ms\n  - stop: {{}}\n{PLAIN}"
            );
            let program = "waveform: monophasic, amplitude: 2 mA, width: 900 us, rate: 50 Hz, recovery: { passive: 8 ms }";
            plan(case("r1k", program, &steps), &rig(&[]), false).unwrap().channels[0].range
        };
        assert_eq!(range("{ fault: short-lead, contact: e1 }"), 32e-3);
        assert_eq!(range("{ fault: leakage, contact: e1, ohms: 100 kohm }"), 4e-3);
        assert_eq!(range("{ fault: leakage, contact: e1, ohms: 200 ohm }"), 32e-3);
        // 3.3 mA over 250 ohm need more than 4 mA with a quarter to spare, 2.3 mA over 350 ohm do not.
        assert_eq!(range("{ fault: impedance-step, to: 50 ohm }"), 32e-3);
        assert_eq!(range("{ fault: impedance-step, to: 150 ohm }"), 4e-3);
        assert_eq!(range("{ fault: impedance-step, to: 3 kohm }"), 4e-3);
    }

    #[test]
    fn a_recharge_beyond_the_limit_of_the_bench_is_refused() {
        // It is 9.8 mA: both limits allow the 3 mA of the program.
        assert!(planned(BURST, PLAIN, &[("limits.amplitude", "10 mA")]).is_ok());
        let problems = planned(BURST, PLAIN, &[("limits.amplitude", "9 mA")]).unwrap_err();
        assert!(
            problems.len() == 1 && problems[0].what.starts_with("the recharge would reach 9.7"),
            "{problems:#?}"
        );
        assert_eq!(problems[0].place.span.line, 4);
    }

    #[test]
    fn a_recharge_above_the_cap_is_told_before_it_counts_as_an_output_above_it() {
        let warned = |cap: &str| {
            let check = "expect:\n  - cap_never_exceeded: {}\n";
            planned(BURST, check, &[("sim.stimulator.cap", cap)]).unwrap().warnings
        };
        assert_eq!(warned("10 mA"), Vec::new());
        let warnings = warned("9 mA");
        assert!(
            warnings.len() == 1 && warnings[0].what.contains("above the 9 mA that this allows"),
            "{warnings:#?}"
        );
    }
}
