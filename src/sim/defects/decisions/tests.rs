//! What a defect of the decisions bends, and what it leaves alone.

use stimrig_board::{Phase, Plan, Window};
use stimrig_protocol::Text;
use stimrig_protocol::stimulator::{Refusal, Run};

use super::*;
use crate::rig::DefectValue;
use crate::sim::samples::program;

fn spec() -> Spec {
    Spec {
        model: Text::new("test"),
        uid: [0; 12],
        firmware: [0; 16],
        outputs: 2,
        full_scale: 25_000_000_000,
        dac_bits: 16,
        cap: 12_700_000_000,
        compliance: 15_000_000,
        tick: 1000,
        watchdog: 500_000_000,
        open_detect: 1,
        short_detect: 50_000,
        shutdown: 1_000_000,
        lead_in: 150_000,
    }
}

fn of(kind: DefectKind, value: DefectValue) -> Bent {
    Bent::new(&[Defect { kind, value }], &spec(), 1)
}

/// What a defect makes of a pulse of one phase of 200 ticks that is recharged.
fn shaped(bent: &mut Bent, number: u64, part: Part) -> Pulse {
    let mut pulse = Pulse::default();
    pulse.recharge = Some(Window { start: 300, duration: 1000 });
    pulse.push(Phase { start: 0, width: 200, code: -5 });
    bent.shape(Place { number, part }, &mut pulse);
    pulse
}

#[test]
fn a_wrong_code_is_wrong_and_of_the_same_kind() {
    let mut bent = of(DefectKind::WrongFaultCode, DefectValue::Flag);
    for fault in [
        FaultCode::OpenLead,
        FaultCode::ShortLead,
        FaultCode::OverCurrent,
        FaultCode::Compliance,
        FaultCode::OverAmplitude,
        FaultCode::Watchdog,
        FaultCode::BrownOut,
        FaultCode::Link,
    ] {
        let declared = bent.declare(fault).unwrap();
        assert_ne!(declared, fault);
        assert_eq!(is_of_the_lead(declared), is_of_the_lead(fault), "{fault:?} as {declared:?}");
    }
}

#[test]
fn a_clamped_command_is_accepted_whichever_phase_is_the_larger() {
    let bent = of(DefectKind::CapClampsSilently, DefectValue::Flag);
    let asked = |recovery| Program { amplitude: 15_000_000_000, recovery, ..program() };
    for (recovery, clamped) in [
        (Recovery::Mirrored, 12_700_000_000),
        (Recovery::Ratio(4000), 12_700_000_000),
        (Recovery::Ratio(500), 6_350_000_000),
    ] {
        let command = bent.command(spec().cap, asked(recovery));
        assert_eq!(command.amplitude, clamped);
        assert!(Plan::new(&spec(), &command).is_ok(), "{recovery:?}");
        assert_eq!(Plan::new(&spec(), &asked(recovery)), Err(Refusal::OverAmplitude));
    }
}

#[test]
fn the_second_pulse_of_a_pair_is_its_second_phase() {
    let mut wider = of(DefectKind::SecondPhaseWidthError, DefectValue::Amount(0.1));
    assert_eq!(shaped(&mut wider, 0, Part::First).phases()[0].width, 200);
    assert_eq!(shaped(&mut wider, 1, Part::Second).phases()[0].width, 220);
}

/// What a bent board does with pairs of 200 us every 20 ms: the tick and the sign of each pulse.
fn pairs(bent: Bent) -> Vec<(u64, i32)> {
    use stimrig_board::{Board, Hal, Line, Output, Reading};
    use stimrig_protocol::stimulator::Request;

    #[derive(Default)]
    struct Log {
        now: u64,
        pulses: Vec<(u64, i32)>,
    }
    impl Hal for Log {
        fn output(&mut self, output: Output) {
            if let Output::Phase { codes, .. } = output {
                self.pulses.push((self.now, codes[1].signum()));
            }
        }
        fn sense(&mut self, _: [usize; 2]) -> Reading {
            Reading { microvolts: 2_000_000, at_compliance: false }
        }
        fn toggle(&mut self, _: Line) {}
    }

    let program = Program {
        waveform: Waveform::Alternating,
        gap: 0,
        recovery: Recovery::None,
        run: Run::Pulses(4),
        ..program()
    };
    // A voltage that never steps would be a short.
    let mut board = Board::new(Spec { short_detect: 0, ..spec() }, bent);
    let mut log = Log::default();
    board.handle(0, &Request::Load(program), &mut log);
    board.handle(0, &Request::Start, &mut log);
    while let Some(due) = board.next_deadline() {
        log.now = due;
        board.on_deadline(due, &mut log);
    }
    log.pulses
}

#[test]
fn the_interval_within_a_pair_is_longer_or_shorter_and_never_less_than_nothing() {
    let with = |seconds| pairs(of(DefectKind::GapError, DefectValue::Amount(seconds)));
    // 150 ticks of lead-in and one more; half a period of 10 000.
    assert_eq!(with(0.0), [(151, 1), (10_151, -1), (20_151, 1), (30_151, -1)]);
    assert_eq!(with(20e-6), [(151, 1), (10_171, -1), (20_151, 1), (30_171, -1)]);
    assert_eq!(with(-2e-3), [(151, 1), (8_151, -1), (20_151, 1), (28_151, -1)]);
    assert_eq!(with(-1.0), [(151, 1), (351, -1), (20_151, 1), (20_351, -1)]);
}

/// A stray write above the cap shows what nobody checks, though both copies agree.
#[test]
fn a_board_that_checks_nothing_permits_what_memory_holds() {
    assert!(!of(DefectKind::GainError, DefectValue::Amount(0.1)).permits(13, 12));
    assert!(of(DefectKind::MemoryUnchecked, DefectValue::Flag).permits(13, 12));
    assert!(of(DefectKind::CapNotEnforced, DefectValue::Flag).permits(13, 12));
}

#[test]
fn every_nth_pair_lacks_its_second_pulse() {
    let mut bent = of(DefectKind::MissingRecoveryEvery, DefectValue::Every(2));
    let parts = [Part::First, Part::Second];
    let left: Vec<_> = (0..8)
        .map(|n| shaped(&mut bent, n, parts[n as usize % 2]))
        .map(|pulse| (pulse.phases().len(), pulse.recharge.is_some()))
        .collect();
    let (whole, none) = ((1, true), (0, false));
    assert_eq!(left, [whole, whole, whole, none, whole, whole, whole, none]);
}

#[test]
fn a_ramp_moves_on_between_the_pulses_of_a_pair() {
    let bent = of(DefectKind::RampBetweenPhases, DefectValue::Flag);
    let one = |code| {
        let mut pulse = Pulse::default();
        pulse.push(Phase { start: 0, width: 200, code });
        pulse
    };
    for (part, expected) in [(Part::Whole, 5), (Part::First, 5), (Part::Second, 7)] {
        let mut pulse = one(5);
        bent.step_ahead(Place { number: 1, part }, &mut pulse, &one(7));
        assert_eq!(pulse.phases()[0].code, expected, "{part:?}");
    }
}
