//! A core that a debugger has stopped.

use super::*;

#[test]
fn a_stopped_core_holds_no_phase_and_the_independent_watchdog_ends_the_train_behind_a_pulse() {
    let mut bench = Bench::started(program());
    bench.run_alive_to(200_000);
    // In the middle of a leading phase.
    let lead = *bench.leads().last().unwrap() + 20_000;
    bench.run_to(lead + 50);
    bench.board.halt(bench.now);
    assert_eq!(bench.board.status().state, State::Running);
    bench.run_to(lead + 10_000);
    // The pulse ended on time all the same, both phases of it.
    let phases: Vec<_> =
        bench.hal.log.iter().filter(|(tick, _)| *tick >= lead).map(|(tick, _)| *tick - lead).collect();
    assert_eq!(phases, [0, 200, 250, 450]);
    bench.run_to(lead + 2_000_000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::Watchdog));
    let last = bench.hal.log.last().unwrap();
    assert_eq!(last.1, Output::Off);
    let waited = last.0 - (lead + 50);
    // Its patience, its shutdown, and the pulse in progress.
    assert!((500_000..=501_000 + 450).contains(&waited), "{waited}");
    bench.board.resume();
    assert_eq!(bench.ask(&Request::Start), Reply::Refused(Refusal::Latched));
}

#[test]
fn a_core_stopped_for_less_than_the_patience_goes_on() {
    let mut bench = Bench::started(program());
    bench.run_alive_to(200_000);
    bench.board.halt(bench.now);
    bench.run_to(500_000);
    bench.board.resume();
    bench.run_alive_to(800_000);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
}

#[test]
fn a_stopped_core_detects_nothing() {
    let mut bench = Bench::started(program());
    bench.run_alive_to(100_000);
    bench.board.halt(bench.now);
    bench.hal.ohms = 1e9;
    bench.run_to(400_000);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
    bench.board.resume();
    bench.run_to(450_000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::OpenLead));
}
