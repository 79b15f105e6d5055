//! Words that are checked before they are used, and pulses that are allowed to end.

use super::*;

#[test]
fn a_flipped_word_is_noticed_before_it_is_used() {
    let mut bench = Bench::started(program());
    bench.run_alive_to(100_000);
    bench.board.amplitude_mut().unwrap().overwrite(20_000_000_000);
    let before = bench.leads().len();
    bench.run_to(200_000);
    assert_eq!(bench.fault(), (State::Latched, FaultCode::OverCurrent));
    assert_eq!(bench.leads().len(), before, "no pulse has the other amplitude");

    let mut bench = Bench::started(program());
    bench.board.cap_mut().overwrite(25_000_000_000);
    assert_eq!(bench.ask(&Request::Load(program())), Reply::Refused(Refusal::OverAmplitude));
    assert_eq!(bench.fault().1, FaultCode::OverAmplitude);
    // A reset builds the memory anew; the fault stays latched until it is acknowledged.
    bench.board.power_on(bench.now, &mut bench.hal);
    assert!(matches!(bench.ask(&Request::Load(program())), Reply::Applied(_)));
    assert_eq!(bench.ask(&Request::Start), Reply::Refused(Refusal::Latched));
}

/// The tick of each phase since `from`, and its code at the second output.
fn since(bench: &Bench, from: u64) -> Vec<(u64, i32)> {
    bench.phases().into_iter().filter(|(tick, _)| *tick >= from).collect()
}

#[test]
fn a_word_that_flips_within_a_pulse_does_not_change_its_other_phases() {
    // In the leading phase, and in the interval behind it.
    for tick in [20_200, 20_370] {
        let mut bench = Bench::started(program());
        bench.run_to(tick);
        bench.board.amplitude_mut().unwrap().overwrite(20_000_000_000);
        bench.run_to(100_000);
        assert_eq!(since(&bench, 20_000), [(20_151, 2621), (20_401, -2621)], "the pulse stays balanced");
        assert_eq!(bench.fault(), (State::Latched, FaultCode::OverCurrent));
    }
}

/// Both copies agree on what no command could have set.
#[test]
fn an_amplitude_above_the_cap_is_not_driven_even_if_both_its_copies_say_so() {
    let overwritten = |program: Program, pico: u64| {
        let mut bench = Bench::started(program);
        bench.run_to(10_000);
        *bench.board.amplitude_mut().unwrap() = Guarded::new(pico);
        bench.run_to(30_000);
        (since(&bench, 10_000), bench.fault().1)
    };
    let over = (std::vec![], FaultCode::OverCurrent);
    assert_eq!(overwritten(program(), 12_700_000_001), over);
    // At the cap: 12.7 mA / 25 mA · 32767 = 16645.6.
    let at_cap = std::vec![(20_151, 16_645), (20_401, -16_645)];
    assert_eq!(overwritten(program(), 12_700_000_000), (at_cap, FaultCode::None));
    // Recovered in half the width by twice the current: 8 mA would take 16 mA.
    let narrow = Program { recovery: Recovery::Ratio(500), ..program() };
    assert_eq!(overwritten(narrow, 8_000_000_000), over);
    assert_eq!(overwritten(narrow, 6_000_000_000).1, FaultCode::None);
}

#[test]
fn a_stopped_core_goes_on_with_the_amplitude_it_checked_last() {
    let mut bench = Bench::started(program());
    bench.run_to(10_000);
    bench.board.halt(bench.now);
    bench.board.amplitude_mut().unwrap().overwrite(20_000_000_000);
    bench.run_to(50_000);
    let pulses = [(20_151, 2621), (20_401, -2621), (40_151, 2621), (40_401, -2621)];
    assert_eq!(since(&bench, 10_000), pulses);
    bench.board.resume();
    bench.run_to(100_000);
    assert_eq!((since(&bench, 50_000), bench.fault().1), (Vec::new(), FaultCode::OverCurrent));
    // It stopped before anything was checked: what was loaded is driven.
    let mut bench = Bench::started(program());
    bench.board.halt(0);
    bench.board.amplitude_mut().unwrap().overwrite(20_000_000_000);
    bench.run_to(10_000);
    assert_eq!(bench.phases(), [(151, 2621), (401, -2621)]);
}

#[test]
fn an_acknowledgement_does_not_cut_a_pulse_that_was_allowed_to_end() {
    let wide = Program { width: 2_000_000, ..program() };
    let over = Request::Load(Program { amplitude: 15_000_000_000, ..wide });
    let whole = [(151, 2621), (2_201, -2621)];
    // Within the shutdown time, and behind it.
    for tick in [500, 1_800] {
        let mut bench = Bench::started(wide);
        bench.run_to(300);
        bench.ask(&over);
        bench.run_to(tick);
        assert_eq!(bench.ask(&Request::Acknowledge), Reply::Done);
        bench.run_to(100_000);
        assert_eq!((bench.phases(), off_at(&bench)), (whole.to_vec(), 4_201));
        assert_eq!(bench.fault(), (State::Idle, FaultCode::None));
    }
    // A start in the meantime begins behind it.
    let mut bench = Bench::started(wide);
    bench.run_to(300);
    bench.ask(&over);
    bench.run_to(1_800);
    bench.ask(&Request::Acknowledge);
    assert_eq!(bench.ask(&Request::Start), Reply::Done);
    bench.run_to(20_000);
    let again = [whole[0], whole[1], (4_352, 2621), (6_402, -2621)];
    assert_eq!(bench.phases(), again);
    // What is driven into a short is cut all the same.
    let mut bench = Bench::started(wide);
    bench.hal.ohms = 10.0;
    bench.run_to(300);
    bench.ask(&Request::Acknowledge);
    assert_eq!((off_at(&bench), bench.fault().0), (300, State::Idle));
}

#[test]
fn an_acknowledged_pair_is_not_balanced_without_a_start() {
    let pairs = Program {
        waveform: Waveform::Alternating,
        recovery: Recovery::None,
        recharge: Some(5_000_000),
        ..program()
    };
    let mut bench = Bench::started(pairs);
    bench.run_to(2_151);
    bench.ask(&Request::Load(Program { amplitude: 15_000_000_000, ..pairs }));
    bench.run_to(3_500);
    bench.ask(&Request::Acknowledge);
    bench.run_to(100_000);
    assert_eq!((bench.phases(), bench.fault().0), (std::vec![(151, 2621)], State::Idle));
    assert_eq!(off_at(&bench), 5_351, "the recharge took its time");
}

#[test]
fn the_second_pulse_of_a_pair_is_the_second_phase_of_what_is_balanced() {
    let pairs = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program() };
    let indexes = |program| {
        let mut bench = Bench::started(program);
        bench.run_to(35_000);
        let index = |output: &Output| match output {
            Output::Phase { index, .. } => Some(*index),
            _ => None,
        };
        bench.hal.log.iter().filter_map(|(_, output)| index(output)).collect::<Vec<_>>()
    };
    assert_eq!(indexes(pairs), [0, 1, 0, 1]);
    assert_eq!(indexes(program()), [0, 1, 0, 1]);
}
