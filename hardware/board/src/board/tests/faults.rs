//! Faults that are declared, and what they leave of the pulse in progress.

use super::*;

#[test]
fn an_open_lead_is_declared_at_the_end_of_the_phase_and_latches() {
    let mut bench = Bench::started(program());
    bench.run_to(10_000);
    bench.hal.ohms = 1e6;
    bench.run_to(20_350);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
    bench.run_to(20_351);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::OpenLead));
    bench.run_alive_to(200_000);
    // The shutdown takes 1 ms; the pulse in progress ends before it.
    assert_eq!(bench.hal.log.last().map(|(tick, _)| *tick), Some(21_351));
    assert_eq!(bench.leads().len(), 2);
    assert_eq!(bench.ask(&Request::Start), Reply::Refused(Refusal::Latched));
    bench.hal.ohms = 1e3;
    assert_eq!(bench.ask(&Request::Acknowledge), Reply::Done);
    assert_eq!(bench.ask(&Request::Start), Reply::Done);
    bench.run_alive_to(300_000);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
}

#[test]
fn an_open_lead_may_take_several_pulses() {
    let mut bench = Bench::started(program());
    bench.board.spec.open_detect = 3;
    bench.hal.ohms = 1e6;
    bench.run_to(20_151 + 5000);
    bench.hal.ohms = 1e3;
    bench.run_alive_to(45_000);
    bench.hal.ohms = 1e6;
    bench.run_alive_to(90_000);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
    bench.run_alive_to(101_000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::OpenLead));
}

#[test]
fn a_short_is_seen_in_the_first_pulse() {
    let mut bench = Bench::started(program());
    bench.hal.ohms = 49.0;
    bench.run_to(5000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::ShortLead));
    let mut bench = Bench::started(program());
    bench.hal.ohms = 51.0;
    bench.run_to(5000);
    assert_eq!(bench.fault(), (State::Running, FaultCode::None));
}

#[test]
fn a_silent_host_is_a_fault_while_running_only() {
    let mut bench = Bench::started(program());
    bench.run_alive_to(300_000);
    bench.run_to(2_000_000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::Watchdog));
    let last = bench.hal.log.last().map(|(tick, _)| *tick);
    assert_eq!(last, Some(801_000));
    let mut idle = Bench::new();
    idle.run_to(10_000_000);
    assert_eq!(idle.fault(), (State::Idle, FaultCode::None));
}

#[test]
fn a_command_above_the_cap_is_refused_and_declared() {
    let mut bench = Bench::started(program());
    bench.run_to(1000);
    let over = Request::Load(Program { amplitude: 15_000_000_000, ..program() });
    assert_eq!(bench.ask(&over), Reply::Refused(Refusal::OverAmplitude));
    assert_eq!(bench.fault(), (State::Latched, FaultCode::OverAmplitude));
    bench.run_to(100_000);
    assert_eq!(bench.leads(), [151]);
}

#[test]
fn no_pulse_begins_once_a_fault_is_declared() {
    let mut bench = Bench::started(program());
    // 200 µs before the second pulse, which would begin within the shutdown time and be cut by it.
    bench.run_to(19_951);
    let over = Request::Load(Program { amplitude: 15_000_000_000, ..program() });
    assert_eq!(bench.ask(&over), Reply::Refused(Refusal::OverAmplitude));
    bench.run_to(100_000);
    assert_eq!(bench.leads(), [151]);
}

/// The watchdog's or the host's fault falls into the recharge of the first pulse of a pair: that pulse ends, and the other never
/// begins.
#[test]
fn a_latched_board_does_not_balance_a_pair_with_another_pulse() {
    let pairs = Program {
        waveform: Waveform::Alternating,
        recovery: Recovery::None,
        recharge: Some(5_000_000),
        ..program()
    };
    let mut bench = Bench::started(pairs);
    bench.run_to(2_151);
    let over = Request::Load(Program { amplitude: 15_000_000_000, ..pairs });
    assert_eq!(bench.ask(&over), Reply::Refused(Refusal::OverAmplitude));
    bench.run_to(100_000);
    assert_eq!((bench.phases(), bench.fault().0), (std::vec![(151, 2621)], State::Latched));
}

#[test]
fn a_fault_of_the_host_lets_the_pulse_in_progress_end_and_one_of_the_lead_cuts_it() {
    let wide = Program { width: 2_000_000, ..program() };
    let mut bench = Bench::started(wide);
    bench.run_to(200);
    bench.ask(&Request::Load(Program { amplitude: 15_000_000_000, ..wide }));
    bench.run_to(100_000);
    assert_eq!(off_at(&bench), 151 + 2 * 2000 + 50);
    let mut bench = Bench::started(wide);
    bench.hal.ohms = 10.0;
    bench.run_to(100_000);
    assert_eq!((bench.fault(), off_at(&bench)), ((State::Latched, FaultCode::ShortLead), 151 + 10 + 1000));
}

#[test]
fn a_brown_out_is_latched_over_the_loss_of_power() {
    let mut bench = Bench::started(program());
    bench.run_to(200);
    bench.board.supply_low(200);
    bench.run_to(5000);
    assert_eq!((off_at(&bench), bench.leads().len()), (1200, 1));
    bench.board.power_on(10_000, &mut bench.hal);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::BrownOut));
    assert_eq!(bench.ask(&Request::Start), Reply::Refused(Refusal::Latched));
    bench.ask(&Request::Acknowledge);
    assert_eq!(bench.ask(&Request::Start), Reply::Refused(Refusal::NoProgram));
    bench.run_to(2_000_000);
    assert_eq!((bench.fault(), bench.leads().len()), ((State::Idle, FaultCode::None), 1));
}
