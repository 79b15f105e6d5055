use stimrig_protocol::stimulator::{Burst, Ramp};
use stimrig_protocol::{MAX_CONTACTS, Text};

use super::*;

pub(crate) fn spec() -> Spec {
    Spec {
        model: Text::new("test"),
        uid: [0; 12],
        firmware: [0; 16],
        outputs: 4,
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

pub(crate) fn program() -> Program {
    let mut shares = [0; MAX_CONTACTS];
    shares[0] = -1_000_000;
    shares[1] = 1_000_000;
    Program {
        waveform: Waveform::Biphasic,
        anodic: false,
        amplitude: 2_000_000_000,
        width: 200_000,
        gap: 50_000,
        recovery: Recovery::Mirrored,
        recharge: None,
        period: 20_000_000_000,
        ramp: None,
        burst: None,
        cycle: None,
        shares,
        run: Run::UntilStopped,
    }
}

fn charge(pulse: &Pulse) -> i64 {
    pulse.phases().iter().map(|phase| i64::from(phase.code) * phase.width as i64).sum()
}

#[test]
fn the_nearest_code_is_applied_and_said() {
    let plan = Plan::new(&spec(), &program()).unwrap();
    // 2 mA / 25 mA · 32767 = 2621.36.
    assert_eq!(plan.pulse(0, 0).phases()[0].code, 2621);
    assert_eq!(plan.applied().amplitude, 1_999_725_333);
    assert_eq!(plan.codes(0, 2621)[..3], [-2621, 2621, 0]);
}

/// 12 mA recovered in half the width takes 24 mA.
#[test]
fn the_cap_is_held_against_the_recovery_too() {
    let of = |amplitude, thousandths| {
        Plan::new(&spec(), &Program { amplitude, recovery: Recovery::Ratio(thousandths), ..program() })
    };
    assert_eq!(of(12_000_000_000, 500).map(|_| ()), Err(Refusal::OverAmplitude));
    assert_eq!(of(2_000_000_000, 1).map(|_| ()), Err(Refusal::OverAmplitude));
    let largest = of(6_350_000_000, 500).unwrap();
    let codes: std::vec::Vec<u64> =
        largest.pulse(0, 0).phases().iter().map(|phase| u64::from(phase.code.unsigned_abs())).collect();
    assert!(codes.iter().all(|code| spec().current_of(*code) <= spec().cap), "{codes:?}");
    assert!(of(12_000_000_000, 4000).is_ok());
}

#[test]
fn every_recovery_and_every_step_of_a_ramp_balances_to_the_code() {
    for ratio in [2000, 3000, 4000, 7000, 10_000] {
        for amplitude in [100_000_000, 999_999_999, 12_700_000_000] {
            let ramp = Some(Ramp { up: 500_000_000, law: Law::QuarterSine });
            let asked = Program { recovery: Recovery::Ratio(ratio), amplitude, ramp, ..program() };
            let plan = Plan::new(&spec(), &asked).unwrap();
            assert!(plan.applied().amplitude <= spec().cap);
            assert!((0..60).all(|n| charge(&plan.pulse(n, 0)) == 0), "{ratio} {amplitude}");
        }
    }
    // Of ratios that are not whole: 1.5 of 202 ticks, and 2.375 of 200.
    for (ratio, width) in [(1500, 202_000), (2375, 200_000), (2500, 200_000), (750, 200_000)] {
        for law in [Law::Linear, Law::QuarterSine, Law::Width] {
            let ramp = Some(Ramp { up: 500_000_000, law });
            let asked = Program { recovery: Recovery::Ratio(ratio), width, ramp, ..program() };
            let plan = Plan::new(&spec(), &asked).unwrap();
            assert!((0..60).all(|n| charge(&plan.pulse(n, 0)) == 0), "{ratio} {law:?}");
        }
    }
    // 1.5 of 15 ticks are no ticks.
    let odd = Program { recovery: Recovery::Ratio(1500), width: 15_000, ..program() };
    assert_eq!(Plan::new(&spec(), &odd).map(|_| ()), Err(Refusal::Timing));
    let triphasic = Program { waveform: Waveform::Triphasic, recovery: Recovery::None, ..program() };
    assert_eq!(charge(&Plan::new(&spec(), &triphasic).unwrap().pulse(0, 0)), 0);
}

#[test]
fn the_currents_of_any_shares_sum_to_zero() {
    let mut shares = [0; MAX_CONTACTS];
    shares[..4].copy_from_slice(&[-333_333, -333_333, -333_334, 1_000_000]);
    let plan = Plan::new(&spec(), &Program { shares, ..program() }).unwrap();
    for code in [1, 2, 100, 2621, -2621, 16_000] {
        let codes = plan.codes(0, code);
        assert_eq!(codes.iter().sum::<i32>(), 0);
        assert_eq!(codes[3], code, "the return carries all of it: {codes:?}");
    }
}

#[test]
fn every_output_of_any_shares_balances_to_the_code() {
    let mut shares = [0; MAX_CONTACTS];
    shares[..4].copy_from_slice(&[-617_000, -383_000, 291_000, 709_000]);
    let programs = [
        Program { shares, ..program() },
        Program { shares, recovery: Recovery::Ratio(4000), ..program() },
        Program { shares, recovery: Recovery::Ratio(7000), anodic: true, ..program() },
        // Of 3 : 2, 3 : 4 and 1 : 2 an output's part of either phase is no whole multiple of its part of the other.
        Program { shares, recovery: Recovery::Ratio(1500), ..program() },
        Program { shares, recovery: Recovery::Ratio(750), amplitude: 100_000_000, ..program() },
        Program { shares, recovery: Recovery::Ratio(500), anodic: true, ..program() },
        Program { shares, waveform: Waveform::Triphasic, recovery: Recovery::None, ..program() },
    ];
    for asked in programs {
        let ramp = Some(Ramp { up: 500_000_000, law: Law::Linear });
        let plan = Plan::new(&spec(), &Program { ramp, ..asked }).unwrap();
        for n in 0..40 {
            let pulse = plan.pulse(n, n);
            for output in 0..4 {
                let phases = pulse.phases().iter().enumerate();
                let charge: i64 =
                    phases.map(|(k, p)| i64::from(plan.codes(k, p.code)[output]) * p.width as i64).sum();
                assert_eq!(charge, 0, "{:?} pulse {n} output {output}", asked.recovery);
            }
        }
    }
}

#[test]
fn the_shares_on_the_grid_are_said_and_a_share_without_a_code_is_refused() {
    let with = |small: i32, amplitude: u64, anodic: bool| {
        let mut shares = [0; MAX_CONTACTS];
        shares[..3].copy_from_slice(&[-small, small - 1_000_000, 1_000_000]);
        Plan::new(&spec(), &Program { shares, amplitude, anodic, ..program() })
    };
    // 0.1 mA are 131 codes; a third of them is 43.67.
    for anodic in [false, true] {
        let applied = with(333_333, 100_000_000, anodic).unwrap().applied().shares;
        assert_eq!(applied[..4], [-335_878, -664_122, 1_000_000, 0]);
    }
    assert_eq!(with(3_000, 100_000_000, false), Err(Refusal::Shares));
    assert!(with(3_000, 2_000_000_000, false).is_ok());
}

#[test]
fn ramps_follow_their_laws() {
    let ramp = |law| Program { ramp: Some(Ramp { up: 200_000_000, law }), ..program() };
    let linear = Plan::new(&spec(), &ramp(Law::Linear)).unwrap();
    let sine = Plan::new(&spec(), &ramp(Law::QuarterSine)).unwrap();
    for n in 0..10 {
        let x = (n as f64 + 0.5) / 10.0;
        assert_eq!(linear.pulse(n, 0).phases()[0].code, (2621.0 * x).round() as i32);
        let expected = (2621.0 * (std::f64::consts::FRAC_PI_2 * x).sin()).round() as i32;
        assert_eq!(sine.pulse(n, 0).phases()[0].code, expected);
    }
    assert_eq!(sine.pulse(10, 0).phases()[0].code, 2621);
}

#[test]
fn a_rate_between_ticks_does_not_drift() {
    // 30 Hz: 33 333.3… ticks.
    let plan = Plan::new(&spec(), &Program { period: 33_333_333_333, ..program() }).unwrap();
    assert_eq!(plan.start(30, 33_333_333_333, 0), 1_000_000);
    assert_eq!(plan.start(1, 33_333_333_333, 0), 33_333);
    let two_seconds = Program { period: 33_333_333_333, run: Run::Duration(2_000_000_000), ..program() };
    let plan = Plan::new(&spec(), &two_seconds).unwrap();
    assert_eq!((0..100).filter(|n| plan.emits(*n, plan.start(*n, 33_333_333_333, 0))).count(), 60);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let refused = |program: Program| Plan::new(&spec(), &program).err();
    assert_eq!(refused(Program { amplitude: 12_700_000_001, ..program() }), Some(Refusal::OverAmplitude));
    assert_eq!(refused(Program { amplitude: 300_000, ..program() }), Some(Refusal::Amplitude));
    assert_eq!(refused(Program { period: 449_000_000, ..program() }), Some(Refusal::Timing));
    assert_eq!(refused(Program { period: 450_000_000, ..program() }), None);
    assert_eq!(refused(Program { width: 499, ..program() }), Some(Refusal::Timing));
    let burst = |period| Program { burst: Some(Burst { pulses: 40, period }), ..program() };
    assert_eq!(refused(burst(450_000_000)), None);
    assert_eq!(refused(burst(600_000_000)), Some(Refusal::Timing));
    let mut shares = program().shares;
    shares[1] = 900_000;
    assert_eq!(refused(Program { shares, ..program() }), Some(Refusal::Shares));
    shares[1] = 0;
    shares[5] = 1_000_000;
    assert_eq!(refused(Program { shares, ..program() }), Some(Refusal::Shares));
}

#[test]
fn on_and_off_times_place_the_pulses_whenever_the_program_took_effect() {
    let cycle = Some(Cycle { on: 1_000_000_000, off: 2_000_000_000 });
    let plan = Plan::new(&spec(), &Program { cycle, ..program() }).unwrap();
    let at = |n, into| plan.start(n, 20_000_000_000, into);
    assert_eq!((at(49, 0), at(50, 0), at(100, 0)), (980_000, 3_000_000, 6_000_000));
    // Taken 0.4 s into an on-time: thirty pulses are left of it.
    let into = 400_000_000_000;
    assert_eq!((at(29, into), at(30, into), at(80, into)), (580_000, 2_600_000, 5_600_000));
}

#[test]
fn a_ramp_begins_anew_with_each_on_time_and_goes_on_through_a_change() {
    let cycle = Some(Cycle { on: 1_000_000_000, off: 1_000_000_000 });
    let ramp = Some(Ramp { up: 200_000_000, law: Law::Linear });
    let plan = Plan::new(&spec(), &Program { cycle, ramp, ..program() }).unwrap();
    let code = |n, into| plan.pulse(n, into).phases()[0].code;
    assert_eq!(code(50, 0), code(0, 0));
    assert_eq!(code(3, 100_000_000_000), code(8, 0));
    assert_eq!(code(20, 100_000_000_000), 2621);
}

#[test]
fn a_pulse_is_over_before_the_next_on_time() {
    let of = |on, off, recharge| {
        let cycle = Some(Cycle { on, off });
        Plan::new(&spec(), &Program { cycle, recharge: Some(recharge), ..program() }).map(|_| ())
    };
    // The pulse at 20 ms ends at 38.45 ms.
    assert_eq!(of(25_000_000, 1_000_000, 18_000_000), Err(Refusal::Timing));
    assert_eq!(of(25_000_000, 13_449_000, 18_000_000), Err(Refusal::Timing));
    assert_eq!(of(25_000_000, 13_450_000, 18_000_000), Ok(()));
    // The last of an on-time of whole periods has its period.
    assert_eq!(of(40_000_000, 1_000_000, 18_000_000), Ok(()));
}

#[test]
fn only_whole_ticks_between_two_pulses_are_sure_to_be_there() {
    let of = |pulses, period, width| {
        let burst = Some(Burst { pulses, period });
        Plan::new(&spec(), &Program { burst, width, ..program() }).map(|_| ())
    };
    // Two phases of 200 us, 50 us between them.
    assert_eq!(of(3, 450_500_000, 200_000), Ok(()));
    assert_eq!(of(3, 450_000_000, 200_000), Ok(()));
    assert_eq!(of(3, 449_500_000, 200_000), Err(Refusal::Timing));
    assert_eq!(of(2, 19_549_500_000, 200_000), Ok(()));
    assert_eq!(of(2, 19_550_500_000, 200_000), Err(Refusal::Timing));
}

/// They would be emitted as single pairs, and reported as applied.
#[test]
fn pairs_in_bursts_are_refused_and_not_left_out() {
    let pairs = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program() };
    assert!(Plan::new(&spec(), &pairs).is_ok());
    let burst = Some(Burst { pulses: 3, period: 2_000_000_000 });
    let refused = Plan::new(&spec(), &Program { burst, ..pairs }).map(|_| ());
    assert_eq!(refused, Err(Refusal::Unsupported));
}

#[test]
fn no_times_are_too_long_to_be_refused() {
    let spec = Spec { tick: 1, ..spec() };
    let long = u64::MAX;
    let burst = Some(Burst { pulses: u32::MAX, period: long });
    let cycle = Some(Cycle { on: long, off: long });
    let passive = Recovery::Passive { duration: long, per_burst: true };
    for asked in [
        Program { burst, ..program() },
        Program { burst, period: long, cycle, ..program() },
        Program { width: long, gap: long, recharge: Some(long), period: long, ..program() },
        Program {
            waveform: Waveform::Triphasic,
            recovery: Recovery::None,
            width: long,
            gap: long,
            ..program()
        },
        Program { waveform: Waveform::Monophasic, recovery: passive, burst, period: long, ..program() },
    ] {
        assert_eq!(Plan::new(&spec, &asked).map(|_| ()), Err(Refusal::Timing), "{asked:?}");
    }
}
