use std::vec::Vec;

use stimrig_protocol::stimulator::{Burst, Cycle, Law, Ramp, Recovery, Run, Waveform};

use super::*;
use crate::plan::tests::{program, spec};
use crate::{AsDesigned, Place, Reading};

/// A resistor on the output, and a record of what was done to it.
struct Bench {
    board: Board<AsDesigned>,
    hal: Load,
    now: u64,
}

#[derive(Default)]
struct Load {
    now: u64,
    ohms: f64,
    current: f64,
    log: Vec<(u64, Output)>,
    lines: Vec<Line>,
}

impl Hal for Load {
    fn output(&mut self, output: Output) {
        self.log.push((self.now, output));
        let code = if let Output::Phase { codes, .. } = output { codes[0] } else { 0 };
        self.current = f64::from(code) * 25e-3 / 32767.0;
    }

    fn sense(&mut self, _: [usize; 2]) -> Reading {
        let volts = self.current * self.ohms;
        Reading { microvolts: (volts.clamp(-15.0, 15.0) * 1e6) as i32, at_compliance: volts.abs() >= 15.0 }
    }

    fn toggle(&mut self, line: Line) {
        self.lines.push(line);
    }
}

impl Bench {
    fn new() -> Self {
        let hal = Load { ohms: 1000.0, ..Load::default() };
        Self { board: Board::new(spec(), AsDesigned), hal, now: 0 }
    }

    fn ask(&mut self, request: &Request) -> Reply {
        self.hal.now = self.now;
        self.board.handle(self.now, request, &mut self.hal)
    }

    fn run_to(&mut self, tick: u64) {
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= tick) {
            self.hal.now = due;
            self.board.on_deadline(due, &mut self.hal);
        }
        self.now = tick;
    }

    /// Runs with a keepalive every 100 ms.
    fn run_alive_to(&mut self, tick: u64) {
        while self.now < tick {
            self.run_to((self.now + 100_000).min(tick));
            assert_eq!(self.ask(&Request::Keepalive), Reply::Done);
        }
    }

    fn started(program: Program) -> Self {
        let mut bench = Self::new();
        assert!(matches!(bench.ask(&Request::Load(program)), Reply::Applied(_)));
        assert_eq!(bench.ask(&Request::Start), Reply::Done);
        bench
    }

    /// Ticks at which a leading phase began.
    fn leads(&self) -> Vec<u64> {
        let lead = |output: &Output| matches!(output, Output::Phase { index: 0, .. });
        self.hal.log.iter().filter(|(_, output)| lead(output)).map(|(tick, _)| *tick).collect()
    }

    /// Phases that began, and their codes at the second output. Of pairs each is a pulse.
    fn phases(&self) -> Vec<(u64, i32)> {
        let code = |output: &Output| match output {
            Output::Phase { codes, .. } => Some(codes[1]),
            _ => None,
        };
        self.hal.log.iter().filter_map(|(tick, output)| Some((*tick, code(output)?))).collect()
    }

    fn fault(&self) -> (State, FaultCode) {
        (self.board.status().state, self.board.status().fault)
    }
}

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

/// Ticks at which the output went off last.
fn off_at(bench: &Bench) -> u64 {
    bench.hal.log.iter().rev().find(|(_, output)| *output == Output::Off).map_or(0, |(tick, _)| *tick)
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

mod checked;
