//! What is missing of a stream makes checks invalid, wherever the loss began, and moves nothing that is there.

use stimrig::judge::judge;
use stimrig::measure::{ChannelSetup, Recorder, Recording, Setup, Wanted};
use stimrig::phantom::{Element, ElementKind};
use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Action, Check, Criterion, Measurand};
use stimrig::signal::{
    Block, BlockSink, Calibration, Cycle, Law, Marker, MarkerBit, Program, Ramp, Recovery, Sensed,
    StreamKind, Waveform,
};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, setup};

const START: u64 = 39_000;

/// 50 Hz, 2 mA, 200 µs, 50 µs.
fn usual() -> Program {
    program(2e-3, 200e-6, 50e-6, 50.0)
}

/// The same without a recovery.
fn single() -> Program {
    Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..usual() }
}

/// A zero, and a start that is taken.
fn marks() -> Vec<Marker> {
    let mut marks = markers(20_000);
    marks.push(Marker { sample: START, bit: MarkerBit::StartTaken, value: true });
    marks
}

/// What is recorded of these planes without samples [from, to).
fn torn(setup: Setup, planes: &[Vec<i16>], (from, to): (usize, usize)) -> Recording {
    let mut recorder = Recorder::new(setup);
    for (first, end) in [(0, from), (to, planes[0].len())] {
        let codes: Vec<i16> = planes.iter().flat_map(|plane| plane[first..end].to_vec()).collect();
        let range = first as u64..end as u64;
        let within: Vec<Marker> = marks().into_iter().filter(|m| range.contains(&m.sample)).collect();
        recorder.block(&Block {
            stream: StreamKind::Fast,
            first: first as u64,
            count: end - first,
            codes: &codes,
            markers: &within,
            lost: 0,
        });
    }
    let recording = recorder.finish();
    assert_eq!(recording.lost, [(from as u64, (to - from) as u64)]);
    recording
}

/// A train from 40 ms on for as long as pulses begin before `until` seconds.
fn train(program: &Program, until: f64, samples: usize, lost: (usize, usize)) -> Recording {
    let mut bench = Bench::drawn(42, 4e-3);
    let codes = bench.sample(&steps(program, 40e-3, until), samples);
    torn(setup(&bench, program), &[codes], lost)
}

/// Judges a check between two samples, on a phantom of these elements: between `a` and `gnd`, and `m` where one begins there.
fn between(
    program: &Program,
    recording: &Recording,
    (from, stop): (u64, u64),
    elements: &[Element],
    wanted: Check,
) -> CheckRecord {
    let window = Some(("from".to_owned(), "stop".to_owned()));
    let steps = vec![Action::Start, Action::Wait(0.1), Action::Stop];
    let mut case = case(program, steps, vec![Check { window, ..wanted }]);
    case.steps[1].name = Some("from".to_owned());
    if elements.iter().any(|element| element.from == 2) {
        case.phantom.nodes.push("m".to_owned());
    }
    case.phantom.elements = elements.to_vec();
    judge(&case, &facts(program, &[START, from, stop], recording.samples), recording).remove(0)
}

fn element(kind: ElementKind, value: f64, from: usize, to: usize) -> Element {
    Element { kind, value, tolerance: 0.02, measured_u: None, from, to }
}

fn is_lost(record: &CheckRecord) {
    assert_eq!(record.verdict, Verdict::Invalid, "{record:?}");
    let reason = record.reason.as_deref().unwrap();
    assert!(reason.ends_with("samples lost in the window"), "{reason}");
}

#[test]
fn a_loss_that_began_before_a_window_is_one_in_it() {
    let wanted = || check(Measurand::Amplitude, within(0.03, 0.0));
    let amplitude = |to: usize| {
        let recording = train(&usual(), 0.235, 250_000, (95_000, to));
        between(&usual(), &recording, (130_000, 230_000), &[], wanted())
    };
    // Of the pulses at 100, 120 and 140 ms the last is in the window.
    is_lost(&amplitude(145_000));
    let behind = amplitude(128_000);
    assert_eq!((behind.verdict, behind.count), (Verdict::Pass, 5), "{behind:?}");
}

/// Two pulses of a ramp are lost: the first that is there may be the first that came, or the second or third.
#[test]
fn behind_a_loss_no_pulse_of_a_ramp_is_held_against_anothers_amplitude() {
    let ramped = Program { ramp: Some(Ramp { up: 0.2, law: Law::Linear }), ..usual() };
    let recording = train(&ramped, 0.335, 350_000, (39_500, 70_000));
    let amplitude = |from: u64| {
        let wanted = check(Measurand::Amplitude, within(0.03, 0.0));
        between(&ramped, &recording, (from, 330_000), &[], wanted)
    };
    let on = amplitude(75_000);
    assert_eq!(on.verdict, Verdict::Invalid, "{on:?}");
    assert!(on.reason.unwrap().starts_with("pulse 0 may not be the one of its ramp"));
    // The eleventh that is there is on the plateau whichever it is.
    let behind = amplitude(275_000);
    assert_eq!((behind.verdict, behind.count), (Verdict::Pass, 3), "{behind:?}");
}

#[test]
fn a_run_and_its_off_times_are_not_known_where_samples_are_missing() {
    // The first pulse is missing; the loss began before the start.
    let recording = train(&usual(), 0.235, 250_000, (30_000, 45_000));
    let charge = check(Measurand::AccumulatedCharge, Criterion::AtMost(1e-6));
    is_lost(&judged(&usual(), &recording, (START, 230_000), charge));
    // Five pulses, 100 ms without any, five pulses: what came in the off-time is not known.
    let cycled = Program { cycle: Some(Cycle { on_time: 0.1, off_time: 0.1 }), ..usual() };
    let recording = train(&cycled, 0.335, 360_000, (160_000, 170_000));
    is_lost(&judged(&cycled, &recording, (START, 350_000), check(Measurand::CycleOff, within(0.5, 0.0))));
}

#[test]
fn what_came_after_an_event_is_not_known_where_a_loss_hides_the_event() {
    let after = |to: usize| {
        let recording = train(&usual(), 0.145, 400_000, (143_000, to));
        let wanted = check(Measurand::PulsesAfterFault, Criterion::Equals(0.0));
        let wanted = Check { after: Some("event".to_owned()), ..wanted };
        let steps = vec![Action::Start, Action::HostSilence(0.1), Action::Stop];
        let case = case(&usual(), steps, vec![wanted]);
        judge(&case, &facts(&usual(), &[START, 145_000, 300_000], 400_000), &recording).remove(0)
    };
    is_lost(&after(150_000));
    let before = after(144_000);
    assert_eq!((before.verdict, before.value), (Verdict::Pass, Some(0.0)), "{before:?}");
}

/// 10 mV more before each pulse than before the one that came before it.
fn stairs(lost: (usize, usize)) -> (Program, Recording) {
    let (program, samples) = (usual(), 250_000);
    let mut bench = Bench::drawn(42, 4e-3);
    let current = bench.sample(&steps(&program, 40e-3, 0.235), samples);
    let begun = |sample: usize| if sample < 40_000 { 0 } else { (sample - 40_000) / 20_000 + 1 };
    let voltage = (0..samples).map(|sample| 100 * begun(sample) as i16).collect();
    let mut setup = setup(&bench, &program);
    let calibration = Calibration { lsb: 1e-4, noise: 0.5, ..Calibration::default() };
    setup.channels.push(ChannelSetup { name: "v1".into(), sensed: Sensed::Voltage, calibration });
    (program, torn(setup, &[current, voltage], lost))
}

#[test]
fn behind_a_pulse_that_was_cut_each_cycle_reads_its_own_residual() {
    let residual = |measurand, lost: (usize, usize)| {
        let (program, recording) = stairs(lost);
        let resistor = [element(ElementKind::Resistor, 1e3, 0, 1)];
        let wanted = check(measurand, Criterion::AtMost(1.0));
        between(&program, &recording, (130_000, 195_000), &resistor, wanted)
    };
    // The fourth pulse is cut at 100.1 ms. Of the cycles of the sixth and the seventh the second leaves 70 mV.
    let cut = (100_100, 105_000);
    let record = residual(Measurand::ResidualVoltage, cut);
    assert_eq!((record.verdict, record.count), (Verdict::Pass, 2), "{record:?}");
    assert!((record.value.unwrap() - 70e-3).abs() < 1e-6, "{record:?}");
    // What it was to be follows from all pulses since the start, and of one that was lost nobody knows.
    is_lost(&residual(Measurand::ResidualVoltageError, cut));
    let before = residual(Measurand::ResidualVoltageError, (25_000, 30_000));
    assert_eq!((before.verdict, before.count), (Verdict::Pass, 2), "{before:?}");
    assert!((before.value.unwrap() - 70e-3).abs() < 1e-6, "{before:?}");
}

/// 500 Ω before 4.7 µF across which lie 10 kΩ, as stated: by the pulses that are in the table more is left than they can leave.
#[test]
fn resistors_across_capacitors_are_not_told_by_a_train_of_which_pulses_are_missing() {
    const ACCESS: f64 = 500.0;
    const LEAK: f64 = 10e3;
    const TAU: f64 = LEAK * 4.7e-6;
    let (program, samples) = (single(), 270_000);
    let exact = steps(&program, 40e-3, 0.265);
    let (mut current, mut volts) = (Bench::ideal(42, 4e-3), Bench::ideal(43, 2.0));
    // The voltage of the capacitor is given behind the filter, by whose delay it is late.
    let capacitor = |t: f64| -> f64 {
        let since = |at: f64| (t - 3.364e-6 - at).max(0.0);
        exact.iter().map(|(at, change)| change * LEAK * (1.0 - f64::exp(-since(*at) / TAU))).sum()
    };
    let across: Vec<(f64, f64)> = exact.iter().map(|(at, change)| (*at, ACCESS * change)).collect();
    let planes = [current.sample(&exact, samples), volts.sample_with(&across, capacitor, samples)];
    let mut setup = setup(&current, &program);
    let voltage = ChannelSetup { name: "v1".into(), sensed: Sensed::Voltage, calibration: volts.calibration };
    setup.channels.push(voltage);
    setup.wanted = Wanted { joint: true, pairs: vec![(0, 1)], ..Wanted::default() };
    let elements = [
        element(ElementKind::Resistor, ACCESS, 0, 2),
        element(ElementKind::Capacitor, 4.7e-6, 2, 1),
        element(ElementKind::Resistor, LEAK, 2, 1),
    ];
    // Without the pulses at 120 and 140 ms.
    let recording = torn(setup, &planes, (115_000, 155_000));
    let wanted = check(Measurand::PhantomIdentity, Criterion::AtMost(1.0));
    let record = between(&program, &recording, (170_000, 255_000), &elements, wanted);
    assert_eq!(record.verdict, Verdict::Pass, "{record:?}");
}

#[test]
fn a_second_pulse_is_not_taken_for_a_first_that_was_lost() {
    let latency = |lost: (usize, usize)| {
        let recording = train(&usual(), 0.235, 250_000, lost);
        let wanted = check(Measurand::StartLatency, Criterion::AtMost(50e-3));
        judged(&usual(), &recording, (START, 230_000), wanted)
    };
    is_lost(&latency((39_500, 45_000)));
    let behind = latency((45_000, 50_000));
    assert_eq!(behind.verdict, Verdict::Pass, "{behind:?}");
    assert!((behind.value.unwrap() - 1e-3).abs() < 1e-5, "{behind:?}");
}

/// The pulse at 100 ms is in progress when the stop comes, 300 µs later.
#[test]
fn a_pulse_that_a_loss_cut_was_not_cut_by_the_stop() {
    let at_stop = |lost: (usize, usize)| {
        let recording = train(&usual(), 0.105, 150_000, lost);
        judged(&usual(), &recording, (START, 100_300), check(Measurand::NoTruncatedPulse, Criterion::Holds))
    };
    is_lost(&at_stop((100_100, 100_150)));
    // Nor is it known to be whole where its beginning is missing.
    is_lost(&at_stop((99_900, 100_250)));
    let before = at_stop((95_000, 96_000));
    assert_eq!(before.verdict, Verdict::Pass, "{before:?}");
}

/// The seventh pulse leaves 70 mV, which lies beyond the channel's range of 65 mV.
#[test]
fn a_residual_voltage_beyond_the_range_is_at_least_that() {
    let residual = |limit: f64| {
        let (program, mut recording) = stairs((25_000, 30_000));
        let rails = &mut recording.setup.channels[1].calibration.rails;
        *rails = (i16::MIN, 650);
        let resistor = [element(ElementKind::Resistor, 1e3, 0, 1)];
        let wanted = check(Measurand::ResidualVoltage, Criterion::AtMost(limit));
        between(&program, &recording, (130_000, 195_000), &resistor, wanted)
    };
    let unknown = residual(1.0);
    assert_eq!(unknown.verdict, Verdict::Invalid, "{unknown:?}");
    assert!(unknown.reason.unwrap().starts_with("clipped"));
    assert_eq!(residual(0.03).verdict, Verdict::Fail);
}

#[test]
fn the_first_pulse_of_a_restart_is_not_the_second() {
    let restarted = |lost: (usize, usize)| {
        let recording = train(&usual(), 0.235, 250_000, lost);
        let steps = vec![Action::Start, Action::Acknowledge, Action::Start, Action::Stop];
        let wanted = check(Measurand::RestartAmplitude, Criterion::AtMost(2.5e-3));
        let case = case(&usual(), steps, vec![wanted]);
        judge(&case, &facts(&usual(), &[START, 105_000, 110_000, 230_000], 250_000), &recording).remove(0)
    };
    is_lost(&restarted((115_000, 125_000)));
    let behind = restarted((125_000, 130_000));
    assert_eq!(behind.verdict, Verdict::Pass, "{behind:?}");
}
