//! Scenarios are tested too: each deliberate defect, at the size of the contract, fails the check that names it.

use rstest::rstest;

use crate::command::{checks, run, stimrig, text};

#[rstest]
#[case("gain_error", "amplitude/accuracy-over-range", "amplitude")]
#[case("offset_current", "charge-balance/symmetric-biphasic", "charge_imbalance")]
#[case("phase_mismatch", "charge-balance/symmetric-biphasic", "charge_imbalance")]
#[case("second_phase_width_error", "charge-balance/symmetric-biphasic", "charge_imbalance")]
#[case("width_error", "timing/pulse-width", "width")]
#[case("rate_error", "timing/rate", "rate")]
#[case("missing_pulse_every", "timing/pulse-train", "missing_pulses")]
#[case("missing_recovery_every", "charge-balance/every-pulse-recovers", "charge_imbalance")]
#[case("missing_recovery_every", "charge-balance/every-pulse-recovers", "net_charge")]
#[case("gap_error", "timing/pulse-width", "gap")]
#[case("overshoot", "shape/edges", "overshoot")]
#[case("slow_edges", "shape/edges", "transition_time")]
#[case("droop", "shape/flat-top", "droop")]
#[case("burst_count_error", "burst/pulses-of-a-burst", "burst_pulses")]
#[case("recharge_stuck", "charge-balance/passive-recharge", "charge_imbalance")]
#[case("blocking_capacitor_shorted", "charge-balance/passive-recharge", "charge_imbalance")]
#[case("missing_pulse_every", "burst/pulses-of-a-burst", "missing_pulses")]
#[case("second_phase_width_error", "charge-balance/triphasic", "charge_imbalance")]
#[case("phase_mismatch", "charge-balance/recharge-after-active", "charge_imbalance")]
#[case("gain_error", "amplitude/triphasic-phases", "amplitude")]
#[case("rate_error", "timing/alternating", "rate")]
#[case("phase_mismatch", "charge-balance/alternating", "charge_imbalance")]
#[case("second_phase_width_error", "charge-balance/alternating", "charge_imbalance")]
#[case("missing_recovery_every", "charge-balance/alternating", "accumulated_charge")]
#[case("dc_leakage", "charge-balance/dc-leakage", "dc_leakage_current")]
#[case("dead_channel", "steering/two-contacts", "current_share")]
#[case("swapped_contacts", "steering/two-contacts", "current_share")]
#[case("share_error", "steering/two-contacts", "current_share")]
#[case("share_error", "steering/three-contacts", "current_share")]
#[case("crosstalk", "steering/idle-contacts", "current_share")]
#[case("polarity_reversed", "steering/two-contacts", "polarity")]
#[case("compliance_low", "electrode/compliance", "amplitude")]
#[case("compliance_low", "electrode/compliance", "compliance_headroom")]
#[case("slow_shutdown", "fault-shutdown/open-lead", "shutdown_latency")]
#[case("ignores_open_lead", "fault-shutdown/open-lead", "fault_reported")]
#[case("ignores_open_lead", "fault-shutdown/open-lead", "shutdown_latency")]
#[case("wrong_fault_code", "fault-shutdown/open-lead", "fault_reported")]
#[case("watchdog_disabled", "fault-shutdown/host-silence", "shutdown_latency")]
#[case("stop_ignored", "safety/stop-ends-output", "stop_latency")]
#[case("stop_ignored", "safety/stop-ends-output", "stays_off")]
#[case("truncated_pulse_on_stop", "safety/stop-within-a-pulse", "no_truncated_pulse")]
#[case("truncated_pulse_on_stop", "safety/stop-within-a-pulse", "accumulated_charge")]
#[case("stop_between_phases", "safety/stop-within-a-pulse", "no_truncated_pulse")]
#[case("stop_between_phases", "safety/stop-within-a-pulse", "accumulated_charge")]
#[case("ignores_short_lead", "fault-shutdown/short-lead", "shutdown_latency")]
#[case("ignores_short_lead", "fault-shutdown/no-restart-while-latched", "pulses_after_fault")]
#[case("no_latch", "fault-shutdown/no-restart-while-latched", "stays_off")]
#[case("no_latch", "fault-shutdown/no-restart-while-latched", "restart_refused")]
#[case("watchdog_slow", "fault-shutdown/host-silence", "shutdown_latency")]
#[case("watchdog_disabled", "fault-shutdown/core-halt", "shutdown_latency")]
#[case("memory_unchecked", "safety/flipped-amplitude", "cap_never_exceeded")]
#[case("cap_not_enforced", "fault-shutdown/over-amplitude", "cap_never_exceeded")]
#[case("cap_clamps_silently", "fault-shutdown/over-amplitude", "fault_reported")]
#[case("brown_out_glitch", "fault-shutdown/brown-out", "charge_after_fault")]
#[case("brown_out_glitch", "fault-shutdown/brown-out", "stays_off")]
#[case("brown_out_glitch", "fault-shutdown/brown-out", "cap_never_exceeded")]
#[case("corrupt_replies", "safety/link-integrity", "link_errors")]
#[case("drops_replies", "safety/link-integrity", "link_errors")]
#[case("period_jitter", "timing/regular-pulses", "period_jitter")]
#[case("extra_pulse_every", "timing/regular-pulses", "extra_pulses")]
#[case("clock_error", "timing/clock", "rate")]
#[case("clock_error", "timing/clock", "width")]
#[case("start_delay", "timing/start-latency", "start_latency")]
#[case("cycle_error", "timing/cycling", "cycle_on")]
#[case("cycle_error", "timing/cycling", "cycle_off")]
#[case("ramp_step", "amplitude/soft-start", "ramp_error")]
#[case("ramp_step", "amplitude/soft-start-quarter-sine", "ramp_duration")]
#[case("ramp_step", "amplitude/soft-start-width", "ramp_error")]
#[case("restarts_at_full_amplitude", "fault-shutdown/restart-with-ramp", "restart_amplitude")]
#[case("ramp_between_phases", "charge-balance/ramp-and-stop", "accumulated_charge")]
#[case("ramp_between_phases", "charge-balance/ramp-and-stop", "charge_imbalance")]
#[case("ramp_between_phases", "charge-balance/opennerve-ramp", "accumulated_charge")]
#[case("missing_pulse_every", "amplitude/titration", "missing_pulses")]
#[case("missing_pulse_every", "timing/cycling", "missing_pulses")]
#[case("extra_pulse_every", "amplitude/titration", "extra_pulses")]
fn a_defect_fails_the_check_that_names_it(
    #[case] defect: &str,
    #[case] scenario: &str,
    #[case] measurand: &str,
) {
    let (file, rig) = (format!("scenarios/{scenario}.yaml"), format!("rig/sim-defects/{defect}.yaml"));
    let (exit, record) = run(&[&file, "--rig", &rig]);
    assert_eq!(exit, 1, "{defect}: {record:#}");
    let all = checks(&record);
    let named: Vec<_> = all.iter().filter(|(_, check)| check["measurand"] == measurand).collect();
    assert!(named.iter().any(|(_, check)| check["verdict"] == "fail"), "{defect}: {named:#?}");
    // A defective stimulator is still brought to a safe state.
    assert_eq!(record["safe_state"], "confirmed");
}

#[rstest]
// Auto-zeroed balance is blind to a constant leakage: only the absolute channel may see it.
#[case("dc_leakage", "charge-balance/dc-leakage", "mean_dc_current")]
// 2 mA into 450 ohm need 1.1 V: a compliance of 6 V is not seen there.
#[case("compliance_low", "amplitude/soft-start", "amplitude")]
#[case("compliance_low", "electrode/access-resistance", "access_resistance")]
// Sums, balance and signs do not show which contact carries what.
#[case("swapped_contacts", "steering/two-contacts", "kirchhoff_residual")]
#[case("swapped_contacts", "steering/two-contacts", "charge_imbalance")]
#[case("swapped_contacts", "steering/two-contacts", "polarity")]
// A phase that begins too high is balanced by one that does too, and its level is right.
#[case("overshoot", "shape/edges", "transition_time")]
#[case("slow_edges", "shape/edges", "overshoot")]
// An open lead carries no current, whether or not the board notices.
#[case("ignores_open_lead", "fault-shutdown/open-lead", "charge_after_fault")]
// A stop between the pulses cuts nothing, so it shows nothing.
#[case("truncated_pulse_on_stop", "safety/stop-ends-output", "charge_imbalance")]
// Beyond the ramp its unbalanced steps cannot be seen.
#[case("ramp_between_phases", "amplitude/soft-start", "ramp_error")]
// A fast clock leaves the first pulse where it was.
#[case("clock_error", "timing/start-latency", "start_latency")]
// What comes too often is not missing, and the other way about.
#[case("extra_pulse_every", "timing/regular-pulses", "missing_pulses")]
#[case("missing_pulse_every", "timing/regular-pulses", "extra_pulses")]
// A pair that lacks its second pulse is still one pair.
#[case("missing_recovery_every", "timing/alternating", "rate")]
fn what_a_defect_must_not_touch_still_passes(
    #[case] defect: &str,
    #[case] scenario: &str,
    #[case] measurand: &str,
) {
    let (file, rig) = (format!("scenarios/{scenario}.yaml"), format!("rig/sim-defects/{defect}.yaml"));
    let (_, record) = run(&[&file, "--rig", &rig]);
    let all = checks(&record);
    let named: Vec<_> = all.iter().filter(|(_, check)| check["measurand"] == measurand).collect();
    assert!(!named.is_empty() && named.iter().all(|(_, check)| check["verdict"] == "pass"), "{named:#?}");
}

/// A current that rises keeps its level as little as one that sinks; what grows is sampled as it is.
#[test]
fn a_negative_droop_is_measured_and_fails() {
    let (exit, record) = run(&["scenarios/shape/flat-top.yaml", "--defect", "droop=-10 %"]);
    assert_eq!(exit, 1, "{record:#}");
    let all = checks(&record);
    assert!(!all.is_empty());
    for (_, check) in all {
        let value = check["value"].as_f64().unwrap().abs();
        assert!(check["verdict"] == "fail" && (value - 0.1).abs() < 2e-3, "{check:#}");
    }
}

#[test]
fn a_recharge_switch_that_never_opens_takes_part_of_the_driven_phase() {
    let (exit, record) =
        run(&["scenarios/charge-balance/passive-recharge.yaml", "--defect", "recharge_stuck=closed"]);
    assert_eq!(exit, 1, "{record:#}");
    let failed = |name: &str| {
        checks(&record).iter().any(|(_, check)| check["measurand"] == name && check["verdict"] == "fail")
    };
    assert!(failed("charge_per_phase"), "{record:#}");
}

/// Forgetting a fault takes a core that runs: while it is stopped, time must go on all the same.
#[test]
fn a_fault_that_is_not_latched_waits_for_the_core() {
    let (exit, record) = run(&["scenarios/fault-shutdown/core-halt.yaml", "--defect", "no_latch=true"]);
    assert!(exit != 0 && record["safe_state"] == "confirmed", "{exit}: {record:#}");
}

#[test]
fn an_ignored_stop_is_named_as_the_reason_even_if_nothing_asks() {
    let (exit, record) =
        run(&["scenarios/timing/pulse-train.yaml", "--defect", "stop_ignored=true", "--set", "sim.seed=3"]);
    // The train ends by itself: there is nothing to ignore.
    assert_eq!(exit, 0, "{record:#}");
    let (exit, record) = run(&["scenarios/amplitude/soft-start.yaml", "--defect", "stop_ignored=true"]);
    assert_eq!(exit, 1);
    assert_eq!(record["cases"][0]["outcome"], "failed");
    assert!(record["cases"][0]["reason"].as_str().unwrap().contains("stop ignored"), "{record:#}");
    assert_eq!(record["cases"][0]["safe_state"], "confirmed");
}

#[test]
fn a_check_refuses_a_defect_of_a_contact_that_no_phantom_has_as_a_run_does() {
    for command in ["check", "run"] {
        let arguments = [command, "--defect", "dead_channel=e9", "scenarios/timing/rate.yaml"];
        let output = stimrig().args(arguments).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("`dead_channel` names contact `e9`"), "{command}: {said}");
    }
    // One that some of them have is worth a warning.
    let both = ["scenarios/timing/rate.yaml", "scenarios/steering/two-contacts.yaml"];
    let output = stimrig().args(["check", "--defect", "dead_channel=e2"]).args(both).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(0) && said.contains("the defect does nothing there"), "{said}");
}

/// Of 10 us between the phases 5 are left, which the filter closes: to which phase they belong is not seen, and both seem longer.
#[test]
fn a_width_is_as_uncertain_as_a_rest_that_is_not_seen_may_be_long() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("scenario.yaml");
    let text = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 800 us, gap: 10 us, rate: 50 Hz }\nduration: 200 ms\nexpect:\n  - width: { of: programmed, within: 2 %, phase: each }\n";
    std::fs::write(&scenario, text).unwrap();
    let width = |more: &[&str]| {
        let (exit, record) = run(&[&[scenario.to_str().unwrap()], more].concat());
        assert_eq!(exit, 0, "{record:#}");
        let number = |key: &str| checks(&record)[0].1[key].as_f64().unwrap();
        (number("value"), number("uncertainty"))
    };
    let (value, uncertainty) = width(&[]);
    assert!((value - 800e-6).abs() < 0.1e-6 && uncertainty < 0.1e-6, "{value} {uncertainty}");
    let (value, uncertainty) = width(&["--defect", "gap_error=-5 us"]);
    assert!((value - 800e-6).abs() < uncertainty && uncertainty < 8e-6, "{value} {uncertainty}");
}
