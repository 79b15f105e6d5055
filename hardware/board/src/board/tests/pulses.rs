//! Single pulses: their phases, their recharge, and what a stop leaves of them.

use super::*;

#[test]
fn a_mirrored_pulse_is_two_phases_of_equal_codes() {
    let mut bench = Bench::started(Program { run: Run::Pulses(1), ..program() });
    bench.run_to(100_000);
    let steps: Vec<_> = bench
        .hal
        .log
        .iter()
        .map(|(tick, output)| match output {
            Output::Phase { codes, .. } => (*tick, codes[0]),
            _ => (*tick, 0),
        })
        .collect();
    assert_eq!(steps, [(151, -2621), (351, 0), (401, 2621), (601, 0)]);
    assert_eq!(bench.board.status(), Status { state: State::Idle, fault: FaultCode::None, pulses: 1 });
}

#[test]
fn a_duration_ends_by_itself_and_a_second_start_begins_anew() {
    let mut bench = Bench::started(Program { run: Run::Duration(100_000_000), ..program() });
    bench.run_alive_to(500_000);
    assert_eq!(bench.leads(), [151, 20_151, 40_151, 60_151, 80_151]);
    assert_eq!(bench.ask(&Request::Start), Reply::Done);
    bench.run_alive_to(1_000_000);
    assert_eq!(bench.leads().len(), 10);
}

#[test]
fn a_stop_between_the_phases_lets_the_pulse_end() {
    let mut bench = Bench::started(program());
    bench.run_to(20_370);
    assert_eq!(bench.ask(&Request::Stop), Reply::Done);
    bench.run_alive_to(200_000);
    let last = bench.hal.log.last().copied();
    assert_eq!(last, Some((20_601, Output::Off)));
    assert_eq!(bench.ask(&Request::Stop), Reply::Done);
    assert_eq!(bench.hal.lines, [Line::ProgramTaken, Line::StartTaken, Line::StopTaken, Line::StopTaken]);
}

#[test]
fn a_stop_between_pulses_is_at_once() {
    let mut bench = Bench::started(program());
    bench.run_to(10_000);
    bench.ask(&Request::Stop);
    assert_eq!(bench.fault(), (State::Idle, FaultCode::None));
    bench.run_alive_to(100_000);
    assert_eq!(bench.leads(), [151]);
}

#[test]
fn the_recharge_switch_belongs_to_the_pulse() {
    let passive = Program {
        waveform: Waveform::Monophasic,
        recovery: Recovery::Passive { duration: 5_000_000, per_burst: false },
        ..program()
    };
    let mut bench = Bench::started(passive);
    bench.run_to(1000);
    bench.ask(&Request::Stop);
    bench.run_to(100_000);
    let outputs: Vec<_> = bench.hal.log.iter().skip(1).copied().collect();
    assert_eq!(outputs, [(351, Output::Off), (401, Output::Recharge), (5401, Output::Off)]);
}
