//! Changes while a train runs, and where a train ends by itself.

use super::*;

#[test]
fn a_new_program_takes_effect_at_the_next_pulse() {
    let mut bench = Bench::started(program());
    bench.run_to(300);
    let faster = Program { amplitude: 4_000_000_000, period: 10_000_000_000, ..program() };
    assert!(matches!(bench.ask(&Request::Load(faster)), Reply::Applied(_)));
    bench.run_to(35_000);
    assert_eq!(bench.leads(), [151, 20_151, 30_151]);
    let codes: Vec<_> = bench
        .hal
        .log
        .iter()
        .filter_map(
            |(_, output)| if let Output::Phase { codes, .. } = output { Some(codes[1]) } else { None },
        )
        .collect();
    assert_eq!(codes, [2621, -2621, 5243, -5243, 5243, -5243]);
}

#[test]
fn a_change_waits_for_the_next_burst_and_the_next_pair() {
    let burst = Some(Burst { pulses: 3, period: 2_000_000_000 });
    let mut bench = Bench::started(Program { burst, period: 25_000_000_000, ..program() });
    bench.run_to(1_000);
    let louder = Program { burst, period: 25_000_000_000, amplitude: 3_000_000_000, ..program() };
    assert!(matches!(bench.ask(&Request::Load(louder)), Reply::Applied(_)));
    bench.run_alive_to(40_000);
    let codes = |bench: &Bench| -> Vec<i32> {
        let lead = |output: &Output| match output {
            Output::Phase { index: 0, codes } => Some(codes[0]),
            _ => None,
        };
        bench.hal.log.iter().filter_map(|(_, output)| lead(output)).collect()
    };
    assert_eq!(bench.leads(), [151, 2_151, 4_151, 25_151, 27_151, 29_151]);
    assert_eq!(codes(&bench), [-2621, -2621, -2621, -3932, -3932, -3932]);
    let pairs = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program() };
    let mut bench = Bench::started(pairs);
    bench.run_to(1_000);
    bench.ask(&Request::Load(Program { amplitude: 3_000_000_000, ..pairs }));
    bench.run_alive_to(40_000);
    // The second of the pair takes back what the first left.
    let codes: Vec<_> = bench.phases().iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, [2621, -2621, 3932, -3932]);
}

#[test]
fn a_change_keeps_the_on_time_and_the_ramp() {
    let cycle = Some(Cycle { on: 100_000_000, off: 100_000_000 });
    let ramp = Some(Ramp { up: 100_000_000, law: Law::Linear });
    let cycled = Program { cycle, ramp, ..program() };
    let mut bench = Bench::started(cycled);
    bench.run_to(30_000);
    bench.ask(&Request::Load(Program { period: 10_000_000_000, ..cycled }));
    bench.run_alive_to(230_000);
    let expected = [151, 20_151, 40_151, 50_151, 60_151, 70_151, 80_151, 90_151, 200_151, 210_151, 220_151];
    assert_eq!(bench.leads(), expected);
}

#[test]
fn a_pair_and_a_burst_that_is_recharged_at_its_end_are_finished_before_the_train_ends() {
    let pairs = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program() };
    let mut bench = Bench::started(pairs);
    bench.run_to(21_000);
    bench.ask(&Request::Stop);
    bench.run_alive_to(200_000);
    let ticks: Vec<_> = bench.phases().iter().map(|(tick, _)| *tick).collect();
    assert_eq!(ticks, [151, 10_151, 20_151, 30_151]);
    // Between two pairs nothing is owed.
    bench.ask(&Request::Start);
    bench.run_to(215_000);
    bench.ask(&Request::Stop);
    bench.run_alive_to(400_000);
    assert_eq!(bench.phases().len(), 6);
    // The duration allows one pulse of the third pair.
    let mut bench = Bench::started(Program { run: Run::Duration(45_000_000), ..pairs });
    bench.run_alive_to(400_000);
    assert_eq!(bench.phases().len(), 6);

    let burst = Program {
        waveform: Waveform::Monophasic,
        recovery: Recovery::Passive { duration: 5_000_000, per_burst: true },
        burst: Some(Burst { pulses: 3, period: 2_000_000_000 }),
        ..program()
    };
    let mut bench = Bench::started(burst);
    bench.run_to(1000);
    bench.ask(&Request::Stop);
    bench.run_alive_to(200_000);
    assert_eq!(bench.leads(), [151, 2151, 4151]);
    assert_eq!(bench.hal.log.last().copied(), Some((9401, Output::Off)));
    assert_eq!(bench.board.status().state, State::Idle);
}

/// A train that jumped to its amplitude does not fall back onto its ramp when its amplitude is set.
#[test]
fn a_train_without_its_ramp_does_not_find_it_in_another_program() {
    struct Jumps;
    impl Policy for Jumps {
        fn ramps(&self, _: bool) -> bool {
            false
        }
    }
    let ramped = Program { ramp: Some(Ramp { up: 200_000_000, law: Law::Linear }), ..program() };
    let (mut board, mut hal) = (Board::new(spec(), Jumps), Load { ohms: 1000.0, ..Load::default() });
    board.handle(0, &Request::Load(ramped), &mut hal);
    board.handle(0, &Request::Start, &mut hal);
    board.on_deadline(10_000, &mut hal);
    board.handle(10_000, &Request::Load(Program { amplitude: 3_000_000_000, ..ramped }), &mut hal);
    board.on_deadline(30_000, &mut hal);
    let code = |output: &Output| match output {
        Output::Phase { index: 0, codes } => Some(codes[0]),
        _ => None,
    };
    let codes: Vec<_> = hal.log.iter().filter_map(|(_, output)| code(output)).collect();
    assert_eq!(codes, [-2621, -3932]);
}

/// A policy that moves the instants moves no pulse into a duration or out of it.
#[test]
fn a_duration_counts_instants_as_they_are_programmed() {
    struct Early;
    impl Policy for Early {
        fn instant(&mut self, _: Place, tick: u64) -> u64 {
            tick - 30
        }
    }
    struct Late;
    impl Policy for Late {
        fn instant(&mut self, _: Place, tick: u64) -> u64 {
            tick + 30
        }
    }
    fn leads(policy: impl Policy, duration: u64) -> Vec<u64> {
        let (mut board, mut hal) = (Board::new(spec(), policy), Load { ohms: 1000.0, ..Load::default() });
        board.handle(0, &Request::Load(Program { run: Run::Duration(duration), ..program() }), &mut hal);
        board.handle(0, &Request::Start, &mut hal);
        while let Some(due) = board.next_deadline().filter(|due| *due <= 200_000) {
            hal.now = due;
            board.on_deadline(due, &mut hal);
        }
        let lead = |output: &Output| matches!(output, Output::Phase { index: 0, .. });
        hal.log.iter().filter(|(_, output)| lead(output)).map(|(tick, _)| *tick).collect()
    }
    // The first begins as it is; a third one, at 40 ms, lies behind the duration.
    assert_eq!(leads(Early, 40_000_000), [151, 20_121]);
    // One that is programmed 10 us before its end is in it.
    assert_eq!(leads(Late, 40_010_000), [151, 20_181, 40_181]);
}
