//! All channels at one pulse: shares, what is left over, and a voltage across its edges.

use stimrig::judge::{Segment, judge, units};
use stimrig::measure::{ChannelSetup, Reading, Recorder, Recording, Setup, StepRow, Wanted};
use stimrig::phantom::Output;
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Case, Check, Criterion, Measurand, Nominal, Tolerance};
use stimrig::signal::{Block, BlockSink, Burst, Polarity, Program, Sensed, Share, StreamKind};

use super::bench::{Bench, steps};
use super::case::{case, facts, within};
use super::stream::{markers, program};

const OHMS: f64 = 500.0;
const SAMPLES: usize = 40_000;

/// 2 mA over two contacts and the case, 70 % and 30 %.
pub fn steered(leading: Polarity) -> Program {
    let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
    Program {
        leading,
        contacts: vec![share("e1", -0.7), share("e2", -0.3), share("case", 1.0)],
        ..program(2e-3, 200e-6, 50e-6, 200.0)
    }
}

/// Planes of e1, e2, case (currents with these factors of what they should carry) and the voltage of e1 across a resistor.
pub fn recorded(program: &Program, seed: u64, factors: [f64; 3], blocks: usize) -> Recording {
    let train = steps(program, 12.3e-3, 0.036);
    // Phases are given for a contact of −100 %.
    let mut parts: Vec<f64> =
        program.contacts.iter().zip(factors).map(|(share, factor)| -share.share * factor).collect();
    parts.push(0.7 * OHMS);
    let mut benches: Vec<Bench> =
        (0..4).map(|k| Bench::drawn(4 * seed + k, if k == 3 { 2.0 } else { 4e-3 })).collect();
    // One clock samples all of them.
    let clock = benches[0].clock;
    let planes: Vec<Vec<i16>> = benches
        .iter_mut()
        .zip(&parts)
        .map(|(bench, part)| {
            bench.clock = clock;
            let scaled: Vec<(f64, f64)> = train.iter().map(|(t, change)| (*t, change * part)).collect();
            bench.sample(&scaled, SAMPLES)
        })
        .collect();
    let channels = ["e1", "e2", "case", "v1"].iter().zip(&benches).map(|(name, bench)| ChannelSetup {
        name: (*name).to_owned(),
        sensed: if *name == "v1" { Sensed::Voltage } else { Sensed::Current },
        calibration: bench.calibration,
    });
    let mut recorder = Recorder::new(Setup {
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter: (4, 1e5),
        channels: channels.collect(),
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted { joint: true, pairs: vec![(0, 3)], outputs: vec![3], ..Wanted::default() },
        program: program.clone(),
    });
    for first in (0..SAMPLES).step_by(blocks) {
        let count = blocks.min(SAMPLES - first);
        let codes: Vec<i16> = planes.iter().flat_map(|plane| plane[first..first + count].to_vec()).collect();
        let range = first as u64..(first + count) as u64;
        let within: Vec<_> = markers(7_000).into_iter().filter(|m| range.contains(&m.sample)).collect();
        recorder.block(&Block {
            stream: StreamKind::Fast,
            first: first as u64,
            count,
            codes: &codes,
            markers: &within,
            lost: 0,
        });
    }
    recorder.finish()
}

fn of(program: &Program, check: Check) -> Case {
    let mut case = case(program, vec![Action::Start, Action::Stop], vec![check]);
    case.phantom.nodes = ["a", "b", "gnd"].map(str::to_owned).to_vec();
    case.phantom.contacts = vec![("e1".into(), 0), ("e2".into(), 1), ("case".into(), 2)];
    case.phantom.senses = vec![("v1".into(), 0, 2)];
    case
}

pub fn judged(program: &Program, recording: &Recording, check: Check) -> CheckRecord {
    let facts = facts(program, &[8_000, 39_000], recording.samples);
    judge(&of(program, check), &facts, recording).remove(0)
}

/// What is found pulse by pulse.
pub fn units_of(program: &Program, recording: &Recording, check: Check) -> Vec<f64> {
    let facts = facts(program, &[8_000, 39_000], recording.samples);
    let found = units(&of(program, check.clone()), &facts, recording, &check).unwrap();
    found.iter().map(|unit| unit.measured.value).collect()
}

pub fn on(measurand: Measurand, criterion: Criterion, contact: &str) -> Check {
    Check { contact: Some(contact.to_owned()), ..Check::new(measurand, criterion) }
}

#[test]
fn the_uncertainty_of_shares_and_resistances_covers_the_truth() {
    let program = steered(Polarity::Cathodic);
    let about =
        |value| Criterion::Within { of: Nominal::Value(value), tolerance: Tolerance { rel: 0.1, abs: 0.0 } };
    let checks = [
        (on(Measurand::CurrentShare, within(0.05, 0.0), "e2"), -0.3),
        (Check::new(Measurand::AccessResistance, about(OHMS)), OHMS),
        (Check::new(Measurand::KirchhoffResidual, Criterion::AtMost(1e-5)), 0.0),
        (Check::new(Measurand::Polarization, Criterion::AtMost(1.0)), 0.0),
    ];
    const BENCHES: u64 = 300;
    let mut covered = [0; 4];
    for seed in 0..BENCHES {
        let recording = recorded(&program, seed, [1.0; 3], 4096);
        let facts = facts(&program, &[8_000, 39_000], recording.samples);
        for ((check, truth), covered) in checks.iter().zip(&mut covered) {
            let found = units(&of(&program, check.clone()), &facts, &recording, check).unwrap();
            assert_eq!(found.len(), 5, "{}", check.measurand.name());
            let measured = &found[0].measured;
            *covered += u64::from((measured.value - truth).abs() <= measured.expanded());
        }
    }
    // Standard error at 95 % of 300: 1.3 %. The residual is a magnitude, and what an edge of 1000 times the
    // polarization has not settled a bound: both are on the safe side.
    for (covered, (check, _)) in covered.iter().zip(&checks) {
        let share = *covered as f64 / BENCHES as f64;
        let bounded = [Measurand::KirchhoffResidual, Measurand::Polarization].contains(&check.measurand);
        let most = if bounded { 1.0 } else { 0.985 };
        assert!((0.915..=most).contains(&share), "{}: {share}", check.measurand.name());
    }
}

#[test]
fn what_is_wrong_with_a_contact_is_seen_at_that_contact() {
    let program = steered(Polarity::Cathodic);
    let verdict = |factors, check| judged(&program, &recorded(&program, 1, factors, 4096), check).verdict;
    let share = |contact: &str| on(Measurand::CurrentShare, within(0.05, 0.0), contact);
    let residual = || Check::new(Measurand::KirchhoffResidual, Criterion::AtMost(10e-6));
    assert_eq!(verdict([1.0; 3], share("e1")), Verdict::Pass);
    assert_eq!(verdict([1.0; 3], residual()), Verdict::Pass);
    // A tenth more at e1 is a share of 72 % there and of 28 % at e2; the case shows nothing.
    assert_eq!(verdict([1.1, 1.0, 1.07], share("e2")), Verdict::Fail);
    assert_eq!(verdict([1.1, 1.0, 1.07], residual()), Verdict::Pass);
    // Three per cent of the current do not come back through any sensed contact.
    assert_eq!(verdict([1.0, 1.0, 0.97], residual()), Verdict::Fail);
    // A contact that carries nothing is a share of nothing, not an absence of evidence.
    let dead = judged(&program, &recorded(&program, 1, [1.0, 0.0, 0.7], 4096), share("e2"));
    assert_eq!(dead.verdict, Verdict::Fail, "{:?}", dead.reason);
    // Nor does it matter which of them is dead.
    let dead = judged(&program, &recorded(&program, 1, [0.0, 1.0, 0.3], 4096), share("e1"));
    assert_eq!(dead.verdict, Verdict::Fail, "{:?}", dead.reason);
    // A contact of the wrong sign has a share of the wrong sign.
    assert_eq!(verdict([1.0, -1.0, 0.4], share("e2")), Verdict::Fail);
}

#[test]
fn shares_have_the_signs_of_the_programme_whatever_leads() {
    for leading in [Polarity::Cathodic, Polarity::Anodic] {
        let program = steered(leading);
        let recording = recorded(&program, 2, [1.0; 3], 4096);
        for (contact, share) in [("e1", -0.7), ("e2", -0.3), ("case", 1.0)] {
            let found = judged(&program, &recording, on(Measurand::CurrentShare, within(0.05, 0.0), contact));
            assert!((found.value.unwrap() - share).abs() < 5e-3, "{leading:?} {contact}: {:?}", found.value);
        }
    }
}

#[test]
fn what_channels_show_together_does_not_depend_on_the_blocks() {
    let program = steered(Polarity::Cathodic);
    let whole = recorded(&program, 3, [1.0; 3], SAMPLES);
    for blocks in [1, 17, 255, 4096] {
        let split = recorded(&program, 3, [1.0; 3], blocks);
        assert_eq!(format!("{:?}", whole.joint), format!("{:?}", split.joint), "{blocks}");
    }
}

#[test]
fn one_pulse_that_cannot_be_read_is_not_passed_over() {
    let program = steered(Polarity::Cathodic);
    let mut recording = recorded(&program, 1, [1.0; 3], 4096);
    let resistance = || {
        let tolerance = Tolerance { rel: 0.1, abs: 0.0 };
        Check::new(Measurand::AccessResistance, Criterion::Within { of: Nominal::Value(OHMS), tolerance })
    };
    assert_eq!(judged(&program, &recording, resistance()).verdict, Verdict::Pass);
    let steps = &mut recording.joint.as_mut().unwrap().steps[0];
    let mut rows: Vec<StepRow> = steps.iter().collect();
    rows[2].voltage.after = Reading { value: f32::NAN, spread: f32::NAN };
    *steps = rows.into_iter().collect();
    let found = judged(&program, &recording, resistance());
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("pulse 2 could not be read"));
}

/// 0.7 V at e1, at 85 % of its current or all of it.
#[test]
fn an_output_has_nothing_left_only_where_it_is_at_its_compliance() {
    let program = steered(Polarity::Cathodic);
    let headroom = |factor: f64, compliance: f64| {
        let recording = recorded(&program, 1, [factor, 1.0, 0.7 * factor + 0.3], 4096);
        let mut facts = facts(&program, &[8_000, 39_000], recording.samples);
        facts.output = Some(Output { compliance, ..Output::ideal() });
        let wanted = Check::new(Measurand::ComplianceHeadroom, Criterion::AtLeast(0.1));
        judge(&of(&program, wanted), &facts, &recording).remove(0)
    };
    // A current that is too small is no voltage that is too large.
    for factor in [0.85, 1.0] {
        let found = headroom(factor, 1.0);
        assert_eq!(found.verdict, Verdict::Pass, "{factor}: {found:?}");
        let (value, u) = (found.value.unwrap(), found.uncertainty.unwrap());
        assert!(u > 0.0 && (value - 0.3).abs() < 5e-3, "{factor}: {value} ± {u}");
    }
    let at_its_end = headroom(0.85, 0.705);
    assert_eq!((at_its_end.verdict, at_its_end.value), (Verdict::Fail, Some(0.0)), "{at_its_end:?}");
}

/// Bursts of three, 1 ms apart; behind the first pulse of the last of them the stimulator takes the contacts the other way round.
#[test]
fn a_burst_that_has_begun_keeps_the_shares_it_began_with() {
    let burst = Some(Burst { pulses: 3, rate: 1e3 });
    let before = Program { rate: 100.0, burst, ..steered(Polarity::Cathodic) };
    let mut after = before.clone();
    after
        .contacts
        .iter_mut()
        .filter(|share| share.share < 0.0)
        .for_each(|share| share.share = -1.0 - share.share);
    let recording = recorded(&before, 1, [1.0; 3], 4096);
    let wanted = on(Measurand::CurrentShare, within(0.05, 0.0), "e1");
    let mut case = of(&before, wanted);
    case.steps.insert(1, case.steps[0].clone());
    case.steps[1].action = Action::Set(Box::new(after.clone()));
    let mut facts = facts(&before, &[8_000, 33_000, 39_000], recording.samples);
    let segment = |from| Segment { requested: from, from, programmed: after.clone(), applied: after.clone() };
    facts.segments.push(segment(33_000));
    let found = judge(&case, &facts, &recording).remove(0);
    assert_eq!((found.verdict, found.count), (Verdict::Pass, 7), "{found:?}");
    // From the next burst on it is the other program's.
    facts.segments[1] = segment(29_000);
    let found = judge(&case, &facts, &recording).remove(0);
    assert_eq!(found.verdict, Verdict::Fail, "{found:?}");
}

#[test]
fn the_worst_idle_contact_is_not_known_where_one_is_not_sensed() {
    let mut program = steered(Polarity::Cathodic);
    program.contacts[0].share = -1.0;
    program.contacts[1].share = 0.0;
    let recording = recorded(&program, 1, [1.0; 3], 4096);
    let wanted = on(Measurand::CurrentShare, Criterion::Magnitude(0.01), "idle");
    let mut case = of(&program, wanted);
    let facts = facts(&program, &[8_000, 39_000], recording.samples);
    assert_eq!(judge(&case, &facts, &recording)[0].verdict, Verdict::Pass);
    case.phantom.contacts.push(("e9".into(), 1));
    let found = judge(&case, &facts, &recording).remove(0);
    assert_eq!(found.reason.as_deref(), Some("contact `e9` is not sensed"), "{found:?}");
}

/// 1.4 mA at e1, 0.6 mA at e2, 2 mA at the case.
#[test]
fn a_cap_is_that_of_the_contact_that_is_named_or_of_all() {
    let program = steered(Polarity::Cathodic);
    let recording = recorded(&program, 1, [1.0; 3], 4096);
    let cap = |contact: Option<&str>, limit: f64| {
        let wanted = Check::new(Measurand::CapNeverExceeded, Criterion::AtMost(limit));
        judged(&program, &recording, Check { contact: contact.map(str::to_owned), ..wanted })
    };
    for (contact, limit, verdict, count) in [
        (Some("e2"), 1e-3, Verdict::Pass, 1),
        (Some("e1"), 1e-3, Verdict::Fail, 1),
        (None, 1.5e-3, Verdict::Fail, 3),
        (None, 2.1e-3, Verdict::Pass, 3),
    ] {
        let found = cap(contact, limit);
        assert_eq!((found.verdict, found.count), (verdict, count), "{contact:?} {limit}: {found:?}");
    }
}

/// At 25 ms another program takes over, which leaves e1 out: what its pulses take of the output nobody sees at e1.
#[test]
fn headroom_is_not_that_of_the_pulses_of_one_program_of_two() {
    let program = steered(Polarity::Cathodic);
    let recording = recorded(&program, 1, [1.0; 3], 4096);
    let mut facts = facts(&program, &[8_000, 39_000], recording.samples);
    facts.output = Some(Output { compliance: 1.0, ..Output::ideal() });
    let headroom = |facts: &_| {
        let wanted = Check::new(Measurand::ComplianceHeadroom, Criterion::AtLeast(0.1));
        judge(&of(&program, wanted), facts, &recording).remove(0)
    };
    assert_eq!(headroom(&facts).verdict, Verdict::Pass);
    let mut other = program.clone();
    other.contacts[0].share = 0.0;
    other.contacts[1].share = -1.0;
    let (programmed, applied) = (other.clone(), other);
    facts.segments.push(Segment { requested: 25_000, from: 25_000, programmed, applied });
    let found = headroom(&facts);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().contains("programs that all drive the contact"));
}
