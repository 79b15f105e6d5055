//! An oscilloscope that goes away while a case runs: named with what to do, never a pass, and the bench is off.

use rstest::rstest;
use rustix::process::Signal;
use serde_json::Value;

use super::misbehaving::{Bench, Between};
use super::served::Sim;
use crate::command::in_real_time;
use crate::unplugged::Running;

/// Long enough that whatever happens once it drives happens while the oscilloscope is armed.
const CASE: &str = "version: 1
name: A long train on an oscilloscope
phantom: r1k
program: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }
duration: 8 s
expect:
  - amplitude: { of: programmed, within: 8 % }
";

/// Neither passed nor failed: nothing was measured.
fn shows_nothing(exit: i32, case: &Value) {
    // Without it nobody sees that the output is off, which outranks a rig error.
    let ends = [(3, "rig-error", "confirmed"), (6, "unsafe", "impossible"), (6, "unsafe", "unconfirmed")];
    let text = |key: &str| case[key].as_str().unwrap_or_default();
    assert!(ends.contains(&(exit, text("outcome"), text("safe_state"))), "{exit}: {case:#}");
    let checks = case["checks"].as_array().into_iter().flatten();
    assert_eq!(checks.filter(|check| check["verdict"] == "pass").count(), 0, "{case:#}");
}

#[test]
fn an_oscilloscope_that_is_unplugged_while_it_is_armed_is_named() {
    let sim = Sim::serve();
    let bench = &sim.bench;
    let (exit, record) = in_real_time(|| {
        let running = Running::until_it_drives(bench, CASE);
        assert_eq!(bench.bystander("unplug load"), "ok");
        let pulled = bench.look();
        let (exit, record, _) = running.end();
        // It has no interlock: the stimulator is told to stop.
        let driven = bench.look();
        assert_eq!(driven["driven"], false, "{driven}");
        assert!(
            driven["last_driven"].as_f64().unwrap_or(0.0) < pulled["now"].as_f64().unwrap() + 3.0,
            "{driven}"
        );
        assert_eq!(bench.bystander("plug load"), "ok");
        (exit, record)
    });
    let case = &record["cases"][0];
    shows_nothing(exit, case);
    let (reason, notes) = (case["reason"].to_string(), case["notes"].to_string());
    assert!(
        reason.contains("oscilloscope: ") && reason.contains("connect the oscilloscope again"),
        "{case:#}"
    );
    assert!(notes.contains("stop acknowledged"), "{case:#}");
    // Plugged in again it measures as before; the data sheet's 3 % may leave the amplitude inconclusive.
    let (exit, record, stalled) = sim.run("fixtures/loads/oscilloscope.yaml");
    assert!(matches!(exit, 0 | 5) || stalled > 0.0, "{stalled}: {record:#}");
}

#[test]
fn a_bench_whose_oscilloscope_dies_with_it_passes_nothing() {
    let (exit, record) = in_real_time(|| {
        let Sim { bench, .. } = Sim::serve();
        let running = Running::until_it_drives(&bench, CASE);
        bench.signal(Signal::KILL);
        let (exit, record, _) = running.end();
        (exit, record)
    });
    assert!(record["cases"][0]["reason"].to_string().contains("the port is gone"), "{record:#}");
    assert_eq!((exit, &record["safe_state"]), (6, &"impossible".into()), "{record:#}");
    shows_nothing(exit, &record["cases"][0]);
}

#[rstest]
#[case(Between::GoneArmed)]
#[case(Between::GoneReading)]
fn an_oscilloscope_that_hangs_up_for_good_is_named(#[case] between: Between) {
    let (exit, case) = in_real_time(|| {
        let bench = Bench::with(between);
        let ended = bench.run();
        let now = bench.sim.bench.look();
        // The case was under way.
        assert!(now["driven"] == false && now["last_driven"].is_number(), "{between:?}: {now}");
        ended
    });
    shows_nothing(exit, &case);
    let reason = case["reason"].to_string();
    assert!(
        reason.contains("oscilloscope: ") && reason.contains("connect the oscilloscope again"),
        "{case:#}"
    );
}
