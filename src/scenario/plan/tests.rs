//! Plans against closed forms.

use super::*;
use crate::phantom::{Element, ElementKind, Phantom};
use crate::rig::DEFAULT_RIG;
use crate::scenario::{Criterion, read_scenario, shipped};
use crate::source::Source;

fn rig(set: &[(&str, &str)]) -> Rig {
    let set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    rig.with_overrides(&set, &[]).unwrap()
}

fn case(phantom: &str, program: &str, rest: &str) -> Case {
    case_of(phantom, &format!("rate: 50 Hz, width: 200 us, {program}"), rest)
}

fn case_of(phantom: &str, program: &str, rest: &str) -> Case {
    let text = format!("version: 1\nname: n\nphantom: {phantom}\nprogram: {{ {program} }}\n{rest}");
    let (mut cases, problems) = read_scenario(&Source::new("s", &text), &mut shipped);
    assert_eq!(problems, Vec::new());
    cases.remove(0)
}

/// A resistor of so many ohm, between nodes to be chosen.
fn resistor(ohms: f64) -> Element {
    Element { kind: ElementKind::Resistor, value: ohms, tolerance: 0.0, measured_u: None, from: 0, to: 0 }
}

const AMPLITUDE: &str = "expect:\n  - amplitude: { of: programmed, within: 3 % }\n";

#[test]
fn the_peak_is_the_access_drop_and_the_series_capacitors_charge() {
    let plan = plan(case("r1k", "amplitude: 2 mA", AMPLITUDE), &rig(&[]), false).unwrap();
    // 2621 codes of 25 mA / 32767 through 1 kohm, for 200 us into 2.2 uF.
    let current = 2621.0 * 25e-3 / 32767.0;
    let peak = current * 1e3 + current * 200e-6 / 2.2e-6;
    assert!((plan.peak_voltage.unwrap() - peak).abs() < 1e-6, "{:?} {peak}", plan.peak_voltage);
    assert!(plan.missing.is_empty() && plan.warnings.is_empty() && !plan.slow);
}

#[test]
fn the_peak_of_bursts_grows_to_that_of_the_settled_train() {
    let text = "waveform: monophasic, amplitude: 0.6 mA, width: 1 ms, gap: 50 us, rate: 40 Hz, recovery: { passive: 5 ms }, burst: { pulses: 5, rate: 500 Hz, recovery_after: burst }";
    let case = case_of("r1k", text, AMPLITUDE);
    let plan = plan(case, &rig(&[]), false).unwrap();
    // Each burst adds five pulses' charge to 2.2 uF, and 5 ms over 1 kohm + 200 ohm take all but a part of it back.
    let current = 786.0 * 25e-3 / 32767.0;
    let (added, kept) = (5.0 * current * 1e-3 / 2.2e-6, (-5e-3_f64 / (1.2e3 * 2.2e-6)).exp());
    let peak = current * 1e3 + added / (1.0 - kept);
    assert!((plan.peak_voltage.unwrap() - peak).abs() < 1e-6, "{:?} {peak}", plan.peak_voltage);
    // ln 100 time constants of closed switch, 5 ms in each burst: 2.43 bursts.
    assert!((plan.settled.unwrap() - 0.075).abs() < 1e-9);
}

#[test]
fn settling_follows_the_slowest_time_constant() {
    let settled = |phantom: &str, program: &str, set: &[(&str, &str)]| {
        plan(case(phantom, program, AMPLITUDE), &rig(set), false).unwrap().settled
    };
    // 2.2 uF over 1 kohm + 200 ohm, closed for 8 ms in each 20 ms: ln 100 · 2.64 / 8 = 1.52 cycles.
    let passive = "waveform: monophasic, amplitude: 2 mA, recovery: { passive: 8 ms }";
    assert_eq!(settled("r1k", passive, &[]), Some(0.04));
    // Nothing discharges the series capacitor of an actively balanced train.
    assert_eq!(settled("scs-lead", "amplitude: 2 mA", &[]), None);
    // Without it, 4.7 uF over 20 kohm: ln 100 · 94 ms = 433 ms, 22 cycles.
    let direct = [("sim.stimulator.blocking_capacitor", "0 F")];
    let at = settled("scs-lead", "amplitude: 2 mA", &direct).unwrap();
    assert!((at - 0.44).abs() < 1e-9, "{at}");
}

/// Three sinks and two sources: five series capacitors that nothing discharges.
#[test]
fn what_never_settles_on_several_contacts_is_planned() {
    let contacts = "e2: 77 %, e4: -20 %, e5: -13 %, e8: -67 %, case: 23 %";
    let program = format!("amplitude: 0.1 mA, width: 200 us, rate: 200 Hz, contacts: {{ {contacts} }}");
    assert_eq!(plan(case_of("star-8", &program, AMPLITUDE), &rig(&[]), false).unwrap().settled, None);
}

/// The current returns through a contact that is no case: the series capacitor that counts is that of the other.
#[test]
fn a_pair_of_electrodes_settles_as_one_against_the_case_does() {
    let program = "waveform: monophasic, amplitude: 2 mA, recovery: { passive: 8 ms }, contacts: { e1: -100 %, e2: 100 % }";
    let mut case = case("star-8", program, AMPLITUDE);
    let arm = |from| Element { from, to: 2, ..resistor(500.0) };
    case.phantom = Phantom {
        name: "tee".into(),
        nodes: ["a", "b", "tissue", "gnd"].map(str::to_owned).to_vec(),
        contacts: vec![("e1".into(), 0), ("e2".into(), 1), ("case".into(), 3)],
        elements: vec![arm(0), arm(1), arm(3)],
        senses: vec![("v1".into(), 0, 3)],
        areas: Vec::new(),
        ..case.phantom
    };
    // 2.2 uF over two arms of 500 ohm and 200 ohm, as on 1 kohm.
    assert_eq!(plan(case, &rig(&[]), false).unwrap().settled, Some(0.04));
}

/// What nothing takes back adds up over the pulses that there are, and over no others.
#[test]
fn the_peak_is_of_the_pulses_between_start_and_stop() {
    let peak = |steps: &str| {
        let rest = format!("steps:\n{steps}{AMPLITUDE}");
        let case =
            case_of("r1k", "waveform: monophasic, amplitude: 0.2 mA, width: 100 us, rate: 50 Hz", &rest);
        plan(case, &rig(&[]), false).unwrap().peak_voltage.unwrap()
    };
    // 262 codes of 25 mA / 32767; each pulse leaves its charge on 2.2 uF.
    let current = 262.0 * 25e-3 / 32767.0;
    let after = |pulses: f64| current * 1e3 + pulses * current * 100e-6 / 2.2e-6;
    let once = "  - start: {}\n  - wait: 195 ms\n  - stop: {}\n  - wait: 500 ms\n";
    assert!((peak(once) - after(10.0)).abs() < 1e-6, "{} {}", peak(once), after(10.0));
    let twice = format!("{once}{}", "  - start: {}\n    as: again\n  - wait: 195 ms\n  - stop: {}\n");
    assert!((peak(&twice) - after(20.0)).abs() < 1e-6, "{} {}", peak(&twice), after(20.0));
}

#[test]
fn the_smallest_range_with_a_quarter_to_spare_is_chosen() {
    let ranges = |amplitude: &str| {
        let plan =
            plan(case("r500", &format!("amplitude: {amplitude}"), AMPLITUDE), &rig(&[]), false).unwrap();
        plan.channels.iter().map(|channel| (channel.name.clone(), channel.range)).collect::<Vec<_>>()
    };
    let named = |name: &str, range| (name.to_owned(), range);
    assert_eq!(ranges("3.2 mA")[..2], [named("e1", 4e-3), named("case", 4e-3)]);
    assert_eq!(ranges("3.3 mA")[0], named("e1", 32e-3));
    assert_eq!(ranges("1 mA").last(), Some(&named("vout", 2.0)));
}

#[test]
fn a_missing_capability_skips_the_case_unless_strict() {
    let rest = "steps:\n  - start: {}\n  - wait: 1 s\n  - inject: { fault: open-lead, contact: e1 }\n    as: opens\n  - wait: 200 ms\n  - stop: {}\nexpect:\n  - shutdown_latency: { after: opens, at_most: 25 ms }\n";
    let case = case("r1k", "amplitude: 2 mA", rest);
    let mut rig = rig(&[]);
    assert_eq!(plan(case.clone(), &rig, true).unwrap().missing, Vec::<String>::new());
    rig.capabilities.faults.clear();
    assert_eq!(plan(case.clone(), &rig, false).unwrap().missing, ["the fault `open-lead`"]);
    let problems = plan(case, &rig, true).unwrap_err();
    assert_eq!(problems[0].place.span.line, 8);
}

#[test]
fn a_cap_without_a_limit_is_the_stimulators_own() {
    for written in ["cap_never_exceeded: {}", "cap_never_exceeded: true"] {
        let case = case("r1k", "amplitude: 2 mA", &format!("expect:\n  - {written}\n"));
        let planned = plan(case, &rig(&[("sim.stimulator.cap", "5 mA")]), false).unwrap();
        assert_eq!(planned.case.checks[0].criterion, Criterion::AtMost(5e-3), "{written}");
    }
}

#[test]
fn a_limit_above_the_cap_lets_what_exceeds_it_pass() {
    let told = |limit: &str| {
        let check = format!("expect:\n  - cap_never_exceeded: {{ at_most: {limit} }}\n");
        let planned = plan(case("r1k", "amplitude: 2 mA", &check), &rig(&[]), false).unwrap();
        planned.warnings.into_iter().map(|warning| warning.what).collect::<Vec<_>>()
    };
    assert_eq!(told("12.7 mA"), [""; 0]);
    let said = told("13 mA");
    assert!(
        said.len() == 1 && said[0].contains("allows 13 mA, and the stimulator's cap is 12.7 mA"),
        "{said:?}"
    );
}

#[test]
fn a_limit_below_the_uncertainty_is_told_by_what_becomes_of_it() {
    let told = |decision: &str| {
        let check = format!("{decision}expect:\n  - amplitude: {{ of: programmed, within: 0.01 % }}\n");
        let planned = plan(case("r1k", "amplitude: 2 mA", &check), &rig(&[]), false).unwrap();
        planned.warnings.into_iter().map(|warning| warning.what).collect::<Vec<_>>()
    };
    let said = told("");
    assert!(said.len() == 1 && said[0].ends_with("it can only be inconclusive"), "{said:?}");
    // The value alone decides: it passes or fails.
    let said = told("decision: simple\n");
    assert!(
        said.len() == 1 && said[0].ends_with("with `decision: simple` the bench's own error decides it"),
        "{said:?}"
    );
}

#[test]
fn shares_are_applied_in_steps_of_the_converter_and_limits_hold_per_contact() {
    let contacts = "contacts: { e1: -33.3 %, e2: -66.7 %, case: 100 % }";
    let planned =
        plan(case("star-8", &format!("amplitude: 0.1 mA, {contacts}"), AMPLITUDE), &rig(&[]), false);
    let applied = planned.unwrap().applied;
    // 131 codes: 43.6 and 87.4 of them.
    let made: Vec<f64> = applied.contacts.iter().map(|share| share.share * 131.0).collect();
    assert_eq!(made.iter().map(|codes| codes.round()).collect::<Vec<_>>(), [-44.0, -87.0, 131.0]);
    // The bench's limit of a phase is each contact's own, and the case still carries all.
    let limited = rig(&[("limits.charge_per_phase", "500 nC")]);
    let over = |contacts: &str| {
        let asked = case("star-8", &format!("amplitude: 3 mA, contacts: {contacts}"), AMPLITUDE);
        plan(asked, &limited, false).is_err()
    };
    assert!(over("{ e1: -50 %, e2: -50 %, case: 100 % }"));
    assert!(!over("{ e1: -50 %, e2: -50 %, e3: 50 %, case: 50 % }"));
}

#[test]
fn a_change_meets_the_load_as_the_pulses_before_it_left_it() {
    let steps = |after: &str| {
        format!(
            "steps:\n  - start: {{}}\n  - wait: 300 ms\n  - program: {{ waveform: biphasic, amplitude: {after}, width: 100 us, recovery: mirrored }}\n  - wait: 200 ms\n  - stop: {{}}\n{AMPLITUDE}"
        )
    };
    let planned = |after: &str| {
        plan(case("r1k", "waveform: monophasic, amplitude: 1 mA", &steps(after)), &rig(&[]), false)
    };
    // Fifteen phases of 200 nC stay on 2.2 uF; then 5 mA through 1 kohm in the same direction.
    let (before, after) = (1311.0 * 25e-3 / 32767.0, 6553.0 * 25e-3 / 32767.0);
    let peak = 15.0 * before * 200e-6 / 2.2e-6 + after * (1e3 + 100e-6 / 2.2e-6);
    let found = planned("5 mA").unwrap().peak_voltage.unwrap();
    assert!((found - peak).abs() < 2e-3, "{found} {peak}");
    // Alone 12.5 mA would do with 13.1 V of 15 V.
    assert!(planned("12.5 mA").is_ok());
    let heavier = |after: &str| {
        let program = "waveform: monophasic, amplitude: 2 mA";
        plan(case("r1k", program, &steps(after)), &rig(&[]), false)
    };
    assert!(heavier("11 mA").is_ok());
    let problems = heavier("12.5 mA").unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].place.span.line, 8);
}

#[test]
fn what_settles_settles_anew_after_a_change() {
    let program = "waveform: monophasic, amplitude: 2 mA, recovery: { passive: 8 ms }";
    let steps = format!(
        "steps:\n  - start: {{}}\n  - wait: 305 ms\n  - set: {{ amplitude: 1 mA }}\n  - wait: 200 ms\n  - stop: {{}}\n{AMPLITUDE}"
    );
    let planned = plan(case("r1k", program, &steps), &rig(&[]), false).unwrap();
    // The change is in force from the pulse at 320 ms on, and two cycles settle it.
    assert!((planned.settled.unwrap() - 0.36).abs() < 1e-9, "{:?}", planned.settled);
    assert!((planned.settling.unwrap() - 0.04).abs() < 1e-9);
}

#[test]
fn a_recharge_takes_a_lone_phase_back_by_either_name() {
    let planned = |back: &str| {
        let program = format!("waveform: monophasic, amplitude: 5 mA, width: 200 us, rate: 130 Hz, {back}");
        plan(case_of("r1k", &program, AMPLITUDE), &rig(&[]), false)
    };
    assert!(planned("recovery: { passive: 5 ms }").is_ok());
    assert!(planned("recharge: 5 ms").is_ok());
    // 1 uC at 130 Hz, above the 100 uA of the bench.
    let problems = planned("gap: 0 us").unwrap_err();
    assert!(problems.iter().any(|problem| problem.what.contains("a mean current over 1 s")), "{problems:#?}");
}

/// The board would refuse it only when it is told: a change in the middle of a run.
#[test]
fn a_change_that_the_board_would_refuse_is_refused_before_anything_runs() {
    let planned = |change: &str| {
        let steps = format!(
            "steps:\n  - start: {{}}\n  - wait: 300 ms\n  - set: {{ {change} }}\n  - wait: 300 ms\n  - stop: {{}}\n{AMPLITUDE}"
        );
        plan(case("r1k", "amplitude: 2 mA", &steps), &rig(&[]), false)
    };
    assert!(planned("width: 300 us, recovery: { ratio: 1.5 }").is_ok());
    for (change, word) in [
        ("width: 333 us, recovery: { ratio: 1.5 }", "ends between two ticks"),
        ("amplitude: 0.3 uA", "rounds to zero"),
        ("recharge: 0.3 us", "less than half a tick"),
    ] {
        let problems = planned(change).unwrap_err();
        assert!(problems.len() == 1 && problems[0].what.contains(word), "{change}: {problems:#?}");
        assert_eq!(problems[0].place.span.line, 8, "{change}");
    }
}

#[test]
fn what_the_board_refuses_is_not_what_the_rig_file_states() {
    let planned = |set: &[(&str, &str)]| plan(case("r500", "amplitude: 15 mA", AMPLITUDE), &rig(set), false);
    let problems = planned(&[("stimulator.cap", "20 mA")]).unwrap_err();
    assert!(
        problems.len() == 1 && problems[0].what.contains("the board's own cap of 12.7 mA"),
        "{problems:#?}"
    );
    assert!(planned(&[("sim.stimulator.cap", "20 mA")]).is_ok());
}

#[test]
fn a_gap_that_the_front_end_closes_is_refused() {
    let planned = |program: &str| {
        plan(case("r1k", &format!("amplitude: 2 mA, {program}"), AMPLITUDE), &rig(&[]), false)
    };
    for good in ["gap: 0 us", "gap: 7 us", "gap: 50 us"] {
        assert!(planned(good).is_ok(), "{good}");
    }
    let problems = planned("gap: 5 us").unwrap_err();
    assert!(problems.len() == 1 && problems[0].what.contains("cannot be told from none"), "{problems:#?}");
    // Before a passive recovery it is no gap between phases.
    assert!(planned("waveform: monophasic, gap: 5 us, recovery: { passive: 5 ms }").is_ok());
}

/// 1/rate less what the phases take, by hand: two phases of 100 us and 3 us are 203 us, three of 60 us and 6 us 186 us.
#[test]
fn a_rest_that_the_front_end_closes_is_refused() {
    let planned = |program: &str| {
        plan(case_of("r1k", &format!("amplitude: 1 mA, {program}"), AMPLITUDE), &rig(&[]), false)
    };
    for good in [
        "width: 100 us, rate: 4830.917874 Hz",
        "width: 100 us, gap: 50 us, rate: 3891.05058 Hz",
        "waveform: alternating, width: 100 us, rate: 4672.8972 Hz",
        // What is closed until shortly before the next pulse is a switch: the phases are far from each other.
        "waveform: monophasic, width: 100 us, gap: 20 us, rate: 500 Hz, recovery: { passive: 1.7 ms }",
    ] {
        assert!(planned(good).is_ok(), "{good}: {:#?}", planned(good));
    }
    let (apart, none) = ("cannot be told apart", "cannot be told from none");
    for (program, key, word) in [
        ("width: 100 us, rate: 5 kHz", "rate", apart),
        ("width: 100 us, rate: 4926.10837 Hz", "rate", none),
        ("waveform: triphasic, width: 60 us, rate: 5376.3441 Hz", "rate", none),
        ("waveform: alternating, width: 100 us, rate: 4901.9608 Hz", "rate", none),
        (
            "width: 400 us, recovery: { ratio: 4 }, rate: 10 Hz, burst: { pulses: 5, rate: 500 Hz }",
            "burst",
            apart,
        ),
    ] {
        let problems = planned(program).unwrap_err();
        assert!(problems.len() == 1 && problems[0].what.contains(word), "{program}: {problems:#?}");
        assert_eq!(problems[0].place.path, format!("program.{key}"), "{program}");
    }
}
