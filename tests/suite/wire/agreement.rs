//! What a plan says of a program is what the board makes of it: whatever is planned is taken, as it was said.

use proptest::prelude::*;
use stimrig::rig::{DEFAULT_RIG, Rig as RigFile};
use stimrig::scenario::{Case, plan, read_scenario, shipped};
use stimrig::signal::{Burst, Cycle, Law, Polarity, Ramp, Share, Waveform};
use stimrig::source::Source;

use super::*;

const PLAIN: &str = "version: 1\nname: n\nphantom: star-8\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 100 ms\nexpect:\n  - link_errors: { equals: 0 }\n";

/// The default bench with limits that no program meets.
fn bench(timer: &str) -> RigFile {
    let set = [
        ("limits.charge_per_phase", "1 C"),
        ("limits.mean_dc", "1 A"),
        ("limits.shannon_k", "100"),
        ("sim.stimulator.compliance", "1 kV"),
        ("sim.stimulator.blocking_capacitor", "0 F"),
        ("sim.stimulator.timer", timer),
    ];
    let set: Vec<(String, String)> = set.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let rig = RigFile::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    rig.with_overrides(&set, &[]).unwrap()
}

fn base() -> Case {
    let (mut cases, problems) = read_scenario(&Source::new("s", PLAIN), &mut shipped);
    assert_eq!(problems, Vec::new());
    cases.remove(0)
}

/// Tenths of a microsecond, s.
fn tenths(range: std::ops::Range<u32>) -> impl Strategy<Value = f64> {
    range.prop_map(|tenths| f64::from(tenths) / 10.0 * 1e-6)
}

fn recovery() -> impl Strategy<Value = (Waveform, Recovery)> {
    let ratio = prop_oneof![
        prop::sample::select(vec![4.0, 8.0, 2.0, 1.5, 0.5, 0.75, 2.375, 0.3334, 0.0004, 3.0]),
        (1..16_000_u32).prop_map(|half| f64::from(half) / 2000.0),
    ];
    let passive = (tenths(1..80_000), any::<bool>());
    prop_oneof![
        Just((Waveform::Biphasic, Recovery::Mirrored)),
        ratio.prop_map(|ratio| (Waveform::Biphasic, Recovery::Ratio(ratio))),
        passive.prop_map(|(duration, per_burst)| {
            (Waveform::Monophasic, Recovery::Passive { duration, per_burst })
        }),
        Just((Waveform::Monophasic, Recovery::None)),
        Just((Waveform::Triphasic, Recovery::None)),
        Just((Waveform::Alternating, Recovery::None)),
    ]
}

/// Shares of whole per cents: one, two or three sinks against the case.
fn contacts() -> impl Strategy<Value = Vec<Share>> {
    let share = |contact: &str, per_cent: u32, sign: f64| Share {
        contact: contact.to_owned(),
        share: sign * f64::from(per_cent) / 100.0,
    };
    (0..=50_u32, 0..=49_u32).prop_map(move |(second, third)| {
        let sinks = [("e1", 100 - second - third), ("e2", second), ("e3", third)];
        let sinks = sinks.into_iter().filter(|(_, per_cent)| *per_cent > 0);
        let all = sinks.map(|(contact, per_cent)| share(contact, per_cent, -1.0));
        all.chain([share("case", 100, 1.0)]).collect()
    })
}

fn programs() -> impl Strategy<Value = Program> {
    let ramp = (tenths(1..2_000_000), prop::sample::select(vec![Law::Linear, Law::QuarterSine, Law::Width]));
    let burst =
        (1..6_u32, 1..40_u32).prop_map(|(pulses, rate)| Burst { pulses, rate: f64::from(rate) * 50.0 });
    let cycle = (1..30_u32, 1..30_u32)
        .prop_map(|(on, off)| Cycle { on_time: f64::from(on) * 0.01, off_time: f64::from(off) * 0.01 });
    let shape = (recovery(), any::<bool>(), contacts(), prop::option::weighted(0.2, tenths(1..60_000)));
    let size = (1..13_000_u32, tenths(150..12_000), prop_oneof![Just(0.0), tenths(70..2_000)], 2..2_000_u32);
    let over = (
        prop::option::weighted(0.2, ramp),
        prop::option::weighted(0.3, burst),
        prop::option::weighted(0.2, cycle),
    );
    (shape, size, over).prop_map(|(shape, (amplitude, width, gap, rate), (ramp, burst, cycle))| {
        let ((waveform, recovery), anodic, contacts, recharge) = shape;
        let passive = matches!(recovery, Recovery::Passive { .. });
        Program {
            waveform,
            leading: if anodic { Polarity::Anodic } else { Polarity::Cathodic },
            amplitude: f64::from(amplitude) * 1e-6,
            width,
            gap,
            recovery,
            recharge: recharge.filter(|_| !passive),
            rate: f64::from(rate) / 2.0,
            ramp: ramp.map(|(up, law)| Ramp { up, law }),
            // Pairs are no bursts, which the language says.
            burst: burst.filter(|_| waveform != Waveform::Alternating),
            cycle,
            contacts,
            run: Run::Duration(0.1),
        }
    })
}

/// What the board makes of a program, or that it refuses it.
fn loaded(rig: &RigFile, case: &Case) -> Option<Program> {
    let bench = stimrig::sim::open(rig.sim.as_ref().unwrap(), &case.phantom, 1).unwrap();
    let mut stimulator = native::Stimulator::new(Box::new(bench.stimulator), &case.phantom, rig.cap);
    block_on(stimulator.load(&case.program)).ok().map(|applied| applied.program)
}

fn is_as_planned(case: Case, timer: &str) -> Result<bool, TestCaseError> {
    let rig = bench(timer);
    let Ok(planned) = plan(case.clone(), &rig, false) else { return Ok(false) };
    let Some(made) = loaded(&rig, &case) else {
        return Err(TestCaseError::fail(format!("planned and refused: {:?}", case.program)));
    };
    let said = planned.applied;
    prop_assert!((said.amplitude - made.amplitude).abs() < 2e-12, "{} {}", said.amplitude, made.amplitude);
    for (said, made) in [
        (said.width, made.width),
        (said.gap, made.gap),
        (said.recharge.unwrap_or(0.0), made.recharge.unwrap_or(0.0)),
    ] {
        prop_assert!((said - made).abs() < 1e-12, "{said} {made}");
    }
    for (said, made) in said.contacts.iter().zip(&made.contacts) {
        prop_assert!((said.share - made.share).abs() < 2e-6, "{said:?} {made:?}");
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_planned_is_taken_as_it_was_said(
        program in programs(),
        timer in prop::sample::select(vec!["1 us", "4 us", "0.5 us"]),
    ) {
        is_as_planned(Case { program, ..base() }, timer)?;
    }
}

/// What once was planned and refused, or made another than it was said.
#[test]
fn these_are_planned_as_the_board_takes_them() {
    let plain = || Program::biphasic(["e1", "case"], 1e-3, 200e-6, 0.0, 50.0);
    let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
    let small = vec![share("e1", -0.99), share("e2", -0.01), share("case", 1.0)];
    let as_said = |program| is_as_planned(Case { program, ..base() }, "1 us").unwrap();
    // A hundredth of 39 codes is none, though it is one of the 78 of the recovery.
    let half = Program { amplitude: 30e-6, recovery: Recovery::Ratio(0.5), contacts: small, ..plain() };
    assert!(!as_said(half));
    assert!(!as_said(Program {
        amplitude: 4e-6,
        width: 40e-3,
        rate: 1.0,
        recovery: Recovery::Ratio(0.0004),
        ..plain()
    }));
    // Half a tick, in floating point a hair less.
    for half in [61.5, 126.5, 127.5, 246.5, 248.5, 250.5] {
        assert!(as_said(Program { width: half * 1e-6, ..plain() }), "{half}");
    }
    // Half a code, and half a code of a share.
    assert!(as_said(Program { amplitude: 12.5e-3, ..plain() }));
    let halves = vec![share("e1", -0.35), share("e2", -0.35), share("e3", -0.3), share("case", 1.0)];
    assert!(as_said(Program { amplitude: 1.091e-3, contacts: halves, ..plain() }));
}
