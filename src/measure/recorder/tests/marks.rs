//! What marker bits, changes of program and losses do to what is measured.

use super::*;
use crate::measure::SlowSetup;

/// Pulses of 200 samples at 1 mA.
fn train(count: usize, edges: &[usize]) -> Vec<i16> {
    let mut codes = quiet(count);
    for at in edges {
        hold(&mut codes, *at, at + 200, -10_000);
    }
    codes
}

fn single() -> Program {
    Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() }
}

fn edges(recording: &Recording) -> Vec<u64> {
    rows(recording).iter().map(|row| row.at).collect()
}

#[test]
fn nothing_is_measured_while_the_test_source_drives_and_the_relays_settle() {
    let codes = train(30_000, &[4000, 11_000, 14_000, 24_000]);
    let mut markers = zero();
    markers.push(marker(10_000, MarkerBit::TestSource, true));
    markers.push(marker(12_000, MarkerBit::TestSource, false));
    let recording = seen(setup(&single()), &codes, &vec![0; codes.len()], &markers).finish();
    assert_eq!(edges(&recording), [4000, 14_000, 24_000]);
    let rows = rows(&recording);
    // No cycle and no quiet level reach across; sums go on behind it.
    assert!(rows[0].cycle_area.is_nan() && rows[0].after.is_none());
    assert_eq!(rows[1].before.map(|level| u64::from(level.count)), Some(14_000 - 16 - 12_066));
    assert_eq!((rows[1].cycle_span, rows[1].cycle_area), (10_000, -2_000_000.0));
    let activity: Vec<(u64, u64)> =
        recording.contacts[0].activity.iter().map(|found| (found.first, found.last)).collect();
    assert_eq!(activity, [(4000, 4199), (14_000, 14_199), (24_000, 24_199)]);
    assert_eq!(recording.markers, markers);
}

#[test]
fn a_switched_interlock_cuts_the_pulse_under_way() {
    let mut codes = train(20_000, &[4000, 10_000, 14_000]);
    // Open from the middle of the second pulse on; what is left of it is over before the relays have settled.
    codes[10_150..].fill(REST);
    hold(&mut codes, 14_000, 14_200, -10_000);
    let mut markers = zero();
    markers.push(marker(10_100, MarkerBit::Interlock, false));
    let recording = seen(setup(&single()), &codes, &vec![0; codes.len()], &markers).finish();
    assert_eq!(edges(&recording), [4000, 10_000, 14_000]);
    let rows = rows(&recording);
    assert_eq!(rows.iter().map(|row| row.flags.truncated).collect::<Vec<_>>(), [false, true, false]);
    // It ends where the next begins, whose edge is not looked at more closely.
    assert_eq!(rows[0].cycle_span, 6001);
    assert_eq!((rows[1].cycle_span, rows[1].after), (0, None));
    assert_eq!(rows[2].before.map(|level| u64::from(level.count)), Some(14_000 - 16 - 10_166));
    // A bit that concerns the stimulator alone changes nothing.
    let codes = train(20_000, &[4000, 10_000]);
    let mut markers = zero();
    markers.push(marker(10_100, MarkerBit::StopTaken, true));
    let recording = seen(setup(&single()), &codes, &vec![0; codes.len()], &markers).finish();
    assert!(rows_are_whole(&recording));
}

#[test]
fn between_two_phases_it_cuts_a_pulse_of_which_no_edge_is_missing() {
    let mut codes = train(20_000, &[4000]);
    hold(&mut codes, 4250, 4450, 10_000);
    let mut markers = zero();
    markers.push(marker(4225, MarkerBit::Interlock, false));
    let recording = seen(setup(&biphasic()), &codes, &vec![0; codes.len()], &markers).finish();
    let found = rows(&recording);
    assert_eq!((found[0].at, found[0].count, found[0].flags.truncated), (4000, 1, true));
}

fn rows_are_whole(recording: &Recording) -> bool {
    rows(recording).iter().all(|row| row.flags == Flags::default() && row.pulse_area == -2_000_000.0)
}

#[test]
fn each_zero_is_kept_and_the_latest_counts() {
    let mut codes = train(40_000, &[4000, 14_000, 22_080]);
    codes[20_000..22_000].fill(33);
    let mut markers = zero();
    markers.push(marker(20_000, MarkerBit::Zero, true));
    // Said again, it is the same zero.
    markers.push(marker(21_000, MarkerBit::Zero, true));
    markers.push(marker(22_000, MarkerBit::Zero, false));
    let recording = seen(setup(&single()), &codes, &vec![5; codes.len()], &markers).finish();
    for (channel, values) in [(0, [f32::from(ZERO), 33.0]), (1, [5.0, 5.0])] {
        let zeros = &recording.zeros[channel];
        assert_eq!(
            zeros.iter().map(|zero| (zero.from, zero.to)).collect::<Vec<_>>(),
            [(66, 2000), (20_066, 22_000)]
        );
        assert_eq!(zeros.iter().map(|zero| zero.level.value).collect::<Vec<_>>(), values);
    }
    let rows = rows(&recording);
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 14_000, 22_080]);
    // 14 samples behind the relays are no baseline.
    assert_eq!((rows[2].before, rows[2].base), (None, 33.0));
    // A zero that is under way when the record ends is one.
    let open = [marker(30_000, MarkerBit::Zero, true)];
    let recording = seen(setup(&single()), &codes, &vec![5; codes.len()], &open).finish();
    assert_eq!(
        recording.zeros[0].iter().map(|zero| (zero.from, zero.to)).collect::<Vec<_>>(),
        [(30_066, 40_000)]
    );
}

#[test]
fn a_program_with_smaller_pulses_lowers_what_counts_as_one() {
    let mut codes = quiet(40_000);
    for at in [4000, 14_000, 24_000, 34_000] {
        hold(&mut codes, at, at + 200, if at == 4000 { -10_000 } else { -300 });
    }
    let small = Program { amplitude: 30e-6, ..single() };
    let changed = |programs: &[(u64, &Program)]| {
        let mut recorder = Recorder::new(setup(&single()));
        for (from, program) in programs {
            recorder.program_changed(*from, program);
        }
        push(&mut recorder, 0, &[&codes, &vec![0; codes.len()]], &zero());
        recorder.finish()
    };
    // 300 codes are less than a twentieth of 1 mA.
    assert_eq!(edges(&changed(&[])), [4000]);
    let recording = changed(&[(20_000, &small)]);
    assert_eq!(edges(&recording), [4000, 24_000, 34_000]);
    // The baseline goes on through the change, over the pulse that was none: few of its samples lie elsewhere.
    let before = rows(&recording)[1].before.unwrap();
    assert_eq!((before.value, u64::from(before.count)), (f32::from(REST), 24_000 - 16 - 4216));
    // In effect from its sample on, and not lifted by a larger one.
    assert_eq!(edges(&changed(&[(14_000, &small)])), [4000, 14_000, 24_000, 34_000]);
    assert_eq!(edges(&changed(&[(14_300, &small), (20_000, &single())])), [4000, 24_000, 34_000]);
    // What a pulse is follows as well: two phases from here on are one.
    let mut codes = quiet(30_000);
    for at in [4000, 24_000] {
        hold(&mut codes, at, at + 200, -10_000);
        hold(&mut codes, at + 250, at + 450, 10_000);
    }
    let mut recorder = Recorder::new(setup(&single()));
    recorder.program_changed(20_000, &biphasic());
    push(&mut recorder, 0, &[&codes, &vec![0; codes.len()]], &zero());
    let found: Vec<(u64, u8)> = rows(&recorder.finish()).iter().map(|row| (row.at, row.count)).collect();
    assert_eq!(found, [(4000, 1), (4250, 1), (24_000, 2)]);
}

#[test]
fn behind_a_loss_the_time_base_goes_on_where_the_load_says() {
    let codes = train(40_000, &[4000, 10_000, 14_000, 24_000]);
    let voltage = vec![0; codes.len()];
    // Said by the load, and only to be seen from the index of the next sample.
    for lost in [500, 0] {
        let mut recorder = Recorder::new(setup(&single()));
        push(&mut recorder, 0, &[&codes[..10_100], &voltage[..10_100]], &zero());
        let planes = [&codes[10_600..], &voltage[10_600..]].concat();
        let (stream, first, count) = (StreamKind::Fast, 10_600, codes.len() - 10_600);
        recorder.block(&Block { stream, first, count, codes: &planes, markers: &[], lost });
        assert_eq!(recorder.samples_seen(), 40_000);
        let recording = recorder.finish();
        assert_eq!((recording.samples, &recording.lost[..]), (40_000, &[(10_100, 500)][..]));
        let rows = rows(&recording);
        assert_eq!(edges(&recording), [4000, 10_000, 14_000, 24_000]);
        assert_eq!(
            rows.iter().map(|row| row.flags.truncated).collect::<Vec<_>>(),
            [false, true, false, false]
        );
        assert_eq!(rows[2].before.map(|level| u64::from(level.count)), Some(14_000 - 16 - 10_616));
        assert_eq!((rows[2].cycle_span, rows[2].cycle_area), (10_000, -2_000_000.0));
    }
}

#[test]
fn a_loss_within_a_phase_leaves_two_parts_of_it() {
    let codes = train(20_000, &[4000, 10_000, 14_000]);
    let voltage = vec![0; codes.len()];
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..10_100], &voltage[..10_100]], &zero());
    // Markers without samples are kept, and a loss is one where the index goes on as well.
    recorder.block(&Block {
        stream: StreamKind::Fast,
        first: 10_100,
        count: 0,
        codes: &[],
        markers: &[marker(10_120, MarkerBit::StopTaken, true)],
        lost: 0,
    });
    push(&mut recorder, 10_150, &[&codes[10_150..16_000], &voltage[10_150..16_000]], &[]);
    let planes = [&codes[16_000..], &voltage[16_000..]].concat();
    let (stream, first, count) = (StreamKind::Fast, 16_000, 4000);
    recorder.block(&Block { stream, first, count, codes: &planes, markers: &[], lost: 7 });
    let recording = recorder.finish();
    assert_eq!(recording.lost, [(10_100, 50), (16_000, 7)]);
    assert_eq!(recording.markers.last().map(|marker| marker.sample), Some(10_120));
    let found: Vec<(u64, bool)> = rows(&recording).iter().map(|row| (row.at, row.flags.truncated)).collect();
    assert_eq!(found, [(4000, false), (10_000, true), (10_150, true), (14_000, false)]);
}

#[test]
fn samples_are_missing_wherever_a_loss_reaches() {
    let (codes, voltage) = (quiet(20_000), vec![0; 20_000]);
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..10_000], &voltage[..10_000]], &zero());
    push(&mut recorder, 10_500, &[&codes[10_500..16_000], &voltage[10_500..16_000]], &[]);
    push(&mut recorder, 16_007, &[&codes[16_007..], &voltage[16_007..]], &[]);
    let recording = recorder.finish();
    for ((from, to), missing) in [
        ((0, 10_000), 0),
        ((0, 10_001), 1),
        ((10_200, 10_300), 100),
        ((10_499, 16_000), 1),
        ((10_500, 16_000), 0),
        ((10_300, 20_000), 207),
        ((0, u64::MAX), 507),
        ((10_300, 10_200), 0),
    ] {
        assert_eq!(recording.lost_within(from, to), missing, "{from} {to}");
    }
}

#[test]
fn the_slow_stream_keeps_the_place_of_what_was_lost_and_where_it_was_zeroed() {
    let channel =
        |name: &str| ChannelSetup { name: name.into(), sensed: Sensed::Current, calibration: calibration() };
    let slow = SlowSetup { sample_rate: 1e3, filter: (2, 2.0), channels: vec![channel("e1"), channel("e2")] };
    let mut recorder = Recorder::new(Setup { slow: Some(slow), ..setup(&single()) });
    let codes = quiet(5000);
    let slowly = |recorder: &mut Recorder, first, codes: &[i16], lost| {
        let (stream, count) = (StreamKind::Slow, codes.len() / 2);
        recorder.block(&Block { stream, first, count, codes, markers: &[], lost });
    };
    slowly(&mut recorder, 0, &[1, 2, 11, 12], 0);
    // The zero begins two slow samples into the record, and ends at five.
    push(&mut recorder, 0, &[&codes[..1000], &codes[..1000]], &[marker(500, MarkerBit::Zero, true)]);
    push(&mut recorder, 1000, &[&codes[..1000], &codes[..1000]], &[]);
    slowly(&mut recorder, 2, &[3, 13], 0);
    slowly(&mut recorder, 5, &[4, 14], 2);
    push(&mut recorder, 2000, &[&codes[..1000], &codes[..1000]], &[marker(2500, MarkerBit::Zero, false)]);
    push(&mut recorder, 3000, &[&codes[..1000], &codes[..1000]], &[]);
    let slow = recorder.finish().slow;
    assert_eq!(slow.codes, [[1, 2, 3, 3, 3, 4], [11, 12, 13, 13, 13, 14]]);
    assert_eq!((slow.lost, &slow.zeros[..]), (2, &[(2, 6)][..]));
}

#[test]
fn an_interlock_that_was_closed_and_opens_has_fallen() {
    let codes = vec![REST; 20_000];
    let fell = |switched: &[(u64, bool)]| {
        let mut markers = zero();
        markers.extend(switched.iter().map(|(at, closed)| marker(*at, MarkerBit::Interlock, *closed)));
        seen(setup(&single()), &codes, &vec![0; codes.len()], &markers).interlock_fell()
    };
    assert!(!fell(&[]) && !fell(&[(8000, false)]) && !fell(&[(8000, false), (9000, true)]));
    assert!(fell(&[(8000, true), (9000, false)]) && fell(&[(8000, true), (9000, false), (9500, true)]));
}
