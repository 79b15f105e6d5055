//! Phases, and what cuts them short.

use super::*;
use crate::signal::{Law, Ramp};

/// A mirrored pulse at sample `at`.
fn mirrored(codes: &mut [i16], at: usize, size: i16) {
    hold(codes, at, at + 200, -size);
    hold(codes, at + 250, at + 450, size);
}

#[test]
fn a_mirrored_pulse_is_found_with_its_edges_levels_and_charges() {
    let mut codes = quiet(26_000);
    for at in [4000, 14_000, 24_000] {
        mirrored(&mut codes, at, 10_000);
    }
    let rows = rows(&recorded(&biphasic(), &codes));
    assert_eq!(rows.len(), 3);
    for (row, at) in rows.iter().zip([4000_u64, 14_000, 24_000]) {
        let [first, second] = row.phases() else { panic!("{row:?}") };
        assert_eq!((first.start, first.end, second.start, second.end), (-0.5, 199.5, 249.5, 449.5));
        assert_eq!((first.level, second.level), (f32::from(REST - 10_000), f32::from(REST + 10_000)));
        // The central 60 % of 200 samples.
        assert!((119..=121).contains(&first.settled), "{first:?}");
        assert_eq!((first.area, second.area), (-2_000_000.0, 2_000_000.0));
        // 16 samples outside, half of the gap of 50 inside.
        assert_eq!((first.span, second.span), (241.0, 241.0));
        assert_eq!((row.from, row.pulse_span, row.pulse_area), (at - 17, 17 + 466, 0.0));
        assert_eq!((row.recharge, row.flags), (0.0, Flags::default()));
    }
    assert_eq!((rows[0].cycle_span, rows[0].cycle_area), (10_000, 0.0));
    // Before the first pulse it was quiet from where the relays had settled.
    let before = rows[0].before.unwrap();
    assert_eq!(u64::from(before.count), 4000 - 16 - SIGHTED);
    assert_eq!(before.centre, (SIGHTED as f64 + 3983.0) as f32 / 2.0 - 4000.0);
}

#[test]
fn a_pulse_has_its_quiet_wherever_it_lies_in_a_stretch() {
    for at in 4000..4256 {
        let mut codes = quiet(6000);
        mirrored(&mut codes, at, 10_000);
        let row = rows(&recorded(&biphasic(), &codes))[0];
        assert_eq!((row.from as usize, row.pulse_span, row.pulse_area), (at - 17, 17 + 466, 0.0), "{at}");
    }
}

/// By less than begins a phase, and by more than what ends one.
#[test]
fn behind_a_rest_that_lies_elsewhere_phases_end_at_their_own_baseline() {
    for moved in [-400, 400] {
        let mut codes = quiet(20_000);
        mirrored(&mut codes, 4000, 10_000);
        // Both edges between its phases lie in the stretch of 256 samples in which it begins.
        mirrored(&mut codes, 14_082, 10_000);
        codes[4455..].iter_mut().for_each(|code| *code += moved);
        let row = rows(&recorded(&biphasic(), &codes))[1];
        let found: Vec<_> = row.phases().iter().map(|phase| (phase.start, phase.end, phase.area)).collect();
        assert_eq!(found, [(-0.5, 199.5, -2_000_000.0), (249.5, 449.5, 2_000_000.0)], "{moved}");
        assert_eq!(row.base, f64::from(REST + moved));
        // Two of one sign in one stretch of 256 samples.
        let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
        let mut codes = quiet(20_000);
        for at in [4400, 14_082, 14_202] {
            hold(&mut codes, at, at + 50, 10_000 * moved.signum());
        }
        codes[4455..].iter_mut().for_each(|code| *code += moved);
        let found = rows(&recorded(&program, &codes));
        assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4400, 14_082, 14_202], "{moved}");
    }
}

#[test]
fn a_small_pulse_is_found_on_an_offset_of_either_sign() {
    // 30 µA on an offset of 3000 codes.
    let small = Program { amplitude: 30e-6, ..biphasic() };
    for (zero, size) in [(-3000, 300), (-3000, -300), (3000, 300), (3000, -300)] {
        let mut codes = vec![zero + 2; 10_000];
        codes[..ZEROED as usize].fill(zero);
        codes[4000..4200].fill(zero + 2 + size);
        codes[4250..4450].fill(zero + 2 - size);
        let recording = recorded(&small, &codes);
        let found: Vec<(u64, u8, f64)> =
            rows(&recording).iter().map(|row| (row.at, row.count, row.pulse_area)).collect();
        assert_eq!(found, [(4000, 2, 0.0)], "{zero} {size}");
        assert_eq!(recording.contacts[0].peak, (302.0, if size > 0 { 4000 } else { 4250 }));
    }
}

#[test]
fn phases_too_far_apart_or_of_one_sign_are_pulses_of_their_own() {
    // The gap of 50.5 samples and one phase of 200.
    for (gap, pulses) in [(250, 1), (251, 1), (252, 2)] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200 + gap, 4400 + gap, 10_000);
        assert_eq!(rows(&recorded(&biphasic(), &codes)).len(), pulses, "{gap}");
    }
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4250, 4450, -10_000);
    hold(&mut codes, 4500, 4700, 10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!(found.iter().map(|row| (row.at, row.count)).collect::<Vec<_>>(), [(4000, 1), (4250, 2)]);
    // A third phase is none of a pulse of two.
    hold(&mut codes, 4250, 4450, 10_000);
    hold(&mut codes, 4500, 4700, -10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!(found.iter().map(|row| (row.at, row.count)).collect::<Vec<_>>(), [(4000, 2), (4500, 1)]);
    // Fifty samples between two pulses: half of them belong to each, but no more than 16.
    assert_eq!((found[0].pulse_span, found[1].from), (17 + 466, 4483));
}

#[test]
fn close_pulses_share_the_quiet_between_them() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    let mut codes = quiet(8000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4210, 4410, -10_000);
    let found = rows(&recorded(&program, &codes));
    assert_eq!(found.len(), 2);
    // Ten samples, parted in the middle between the edge of one, between two samples, and the first sample of the other.
    assert_eq!((found[0].from, u64::from(found[0].pulse_span)), (3983, 4205 - 3983));
    assert_eq!((found[1].from, found[1].cycle_span), (4204, 0));
    assert_eq!((found[0].cycle_span, found[0].cycle_area), (4204 - 3983, -2_000_000.0));
    let first = found[0].phases()[0];
    assert_eq!((first.area, first.span), (-2_000_000.0, 16.0 + 200.0 + 5.25));
    // Less than sixteen samples are halved; sixteen are enough for both.
    for (gap, span) in [(15, 7.75), (16, 16.0)] {
        let mut codes = quiet(8000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200 + gap, 4400 + gap, -10_000);
        let found = rows(&recorded(&program, &codes));
        assert_eq!(found[0].phases()[0].span, 216.0 + span, "{gap}");
    }
}

#[test]
fn a_phase_ends_with_its_last_sample_wherever_that_lies() {
    // The end of a stretch of 256 samples is one of these.
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    for end in 4090..4100 {
        let mut codes = quiet(20_000);
        hold(&mut codes, end - 200, end, -10_000);
        hold(&mut codes, 14_000, 14_200, -10_000);
        let found = rows(&recorded(&program, &codes));
        assert_eq!((found[0].end(), found[0].pulse_area), (end as f64 - 0.5, -2_000_000.0));
        assert_eq!(found[0].after.map(|level| level.count as usize), Some(14_000 - 16 - end - 16));
    }
}

#[test]
fn a_quiet_level_is_that_of_the_rest_next_to_the_pulse() {
    // 0.19 s of rest, of which no more than 65 536 samples belong to either pulse.
    let mut codes = quiet(220_000);
    codes[100_000..].fill(REST + 3);
    for (at, rest) in [(4000, REST), (200_000, REST + 3)] {
        codes[at..at + 200].fill(rest - 10_000);
    }
    let recording =
        recorded(&Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() }, &codes);
    let found = rows(&recording);
    let values = |row: &PulseRow| (row.before.map(|level| level.value), row.after.map(|level| level.value));
    assert_eq!(values(&found[0]), (Some(39.0), Some(39.0)));
    assert_eq!((values(&found[1]), found[1].base), ((Some(42.0), Some(42.0)), 42.0));
    assert_eq!(found[0].after.map(|level| level.count), Some(65_536));
    assert!((recording.period() - 1e-6).abs() < 1e-18);
    // A picture of all samples: stretches of 256, the zero and its marker among them.
    let overview = &recording.overview[0];
    let stretches: Vec<(i16, i16)> =
        codes.chunks(256).map(|part| (*part.iter().min().unwrap(), *part.iter().max().unwrap())).collect();
    assert_eq!((overview.stretch, &overview.extremes), (256, &stretches));
}

#[test]
fn a_quiet_level_is_found_about_the_zero_however_far_off_what_is_stated() {
    // A zero 1500 codes off, and a rest 490 beyond it, which a twentieth of 1 mA is not.
    let mut codes = vec![2030; 10_000];
    codes[..ZEROED as usize].fill(1540);
    codes[4000..4200].fill(2030 - 10_000);
    let recording = recorded(&biphasic(), &codes);
    assert_eq!(recording.zeros[0][0].level.value, 1540.0);
    let found: Vec<(u64, f64)> = rows(&recording).iter().map(|row| (row.at, row.base)).collect();
    assert_eq!(found, [(4000, 2030.0)]);
}

#[test]
fn a_phase_whose_beginning_was_not_seen_is_truncated() {
    // It flows already when the relays have settled.
    let mut codes = quiet(10_000);
    hold(&mut codes, 2010, 2300, -10_000);
    hold(&mut codes, 2350, 2550, 10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!((found.len(), found[0].at, found[0].count), (1, SIGHTED, 2));
    assert_eq!(found[0].flags, Flags { truncated: true, ..Flags::default() });
}

#[test]
fn phases_that_touch_share_their_edge_and_put_back_what_the_filter_let_through() {
    let program = Program { gap: 0.0, ..biphasic() };
    let touching = |gap: usize| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200 + gap, 4400 + gap, 10_000);
        let recording = recorded(&program, &codes);
        (rows(&recording)[0], recording.front_end)
    };
    let (row, front_end) = touching(0);
    let [first, second] = row.phases() else { panic!("{row:?}") };
    assert_eq!((first.end, second.start), (199.5, 199.5));
    // What of −10 000 comes late of its centre of area, and of a step of 20 000 before its 50 % instant.
    let late = (front_end.delay - front_end.area_delay) * 1e6;
    let carried = -10_000.0 * late + 20_000.0 * front_end.early * 1e6;
    assert!(carried.abs() > 1000.0);
    assert!((f64::from(first.area) + 2_000_000.0 + carried).abs() < 1.0, "{first:?} {carried}");
    assert!((f64::from(second.area) - 2_000_000.0 - carried).abs() < 1.0, "{second:?} {carried}");
    assert_eq!((first.span, second.span), (216.0, 216.0));
    // A sample on its way through the baseline is no gap; two are.
    let (row, _) = touching(1);
    let [first, second] = row.phases() else { panic!("{row:?}") };
    assert_eq!((first.end, second.start), (200.0, 200.0));
    let (row, _) = touching(2);
    let [first, second] = row.phases() else { panic!("{row:?}") };
    assert_eq!((first.end, second.start), (199.5, 201.5));
    assert_eq!((first.area, second.area, first.span), (-2_000_000.0, 2_000_000.0, 217.0));
}

#[test]
fn what_rings_behind_a_phase_is_no_pulse_and_the_same_later_is_one() {
    // 5 % of 10 000 codes within the settling time; 4 % of another height are beyond every threshold later on.
    let small = Program { amplitude: 0.2e-3, ..biphasic() };
    let run = |at: usize, size: i16| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        codes[at] = REST + size;
        rows(&recorded(&small, &codes)).iter().map(|row| (row.at, row.count)).collect::<Vec<_>>()
    };
    assert_eq!(run(4205, 500), [(4000, 1)]);
    assert_eq!(run(4205, 501), [(4000, 2)]);
    assert_eq!(run(4215, 500), [(4000, 1)], "the sixteenth sample");
    assert_eq!(run(4216, 500), [(4000, 2)]);
    assert_eq!(run(4216, 100), [(4000, 1)], "5 % of 0.2 mA are no more than the threshold");
    assert_eq!(run(4216, 101), [(4000, 2)]);
    // In one stretch of samples what rings first and what begins a phase then.
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    (codes[4205], codes[4230]) = (REST + 300, REST + 300);
    let found = rows(&recorded(&small, &codes));
    assert_eq!((found.len(), found[0].count), (1, 2));
    assert_eq!(found[0].phases()[1].start, 229.5);
}

#[test]
fn a_phase_that_outlasts_the_history_is_a_row_without_an_end() {
    let mut codes = quiet(100_000);
    hold(&mut codes, 4000, 80_000, -10_000);
    mirrored(&mut codes, 90_000, 10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 90_000]);
    assert_eq!(found[0].flags, Flags { truncated: true, endless: true, clipped: false });
    assert_eq!((found[0].count, found[0].cycle_span), (1, 0));
    assert_eq!((found[1].flags, found[1].count), (Flags::default(), 2));
    // It is quiet again from the settling behind its end on.
    let before = found[1].before.unwrap();
    assert_eq!((before.value, u64::from(before.count)), (f32::from(REST), 90_000 - 16 - 80_016));
    // It is given up at the end of the first stretch of 256 by which it lasts more than 49 152 samples.
    for (length, endless) in [(49_407, false), (49_408, true)] {
        let mut codes = quiet(80_000);
        hold(&mut codes, 4096, 4096 + length, -10_000);
        let found = rows(&recorded(&biphasic(), &codes));
        assert_eq!((found.len(), found[0].flags.endless, found[0].flags.truncated), (1, endless, endless));
        assert!(endless || found[0].pulse_area == -10_000.0 * length as f64);
    }
}

#[test]
fn a_record_that_ends_in_a_pulse_says_so() {
    let mut codes = quiet(4100);
    hold(&mut codes, 4000, 4100, -10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].count, found[0].flags.truncated), (1, true));
    // Between its phases it is whole as far as it goes.
    let mut codes = quiet(4220);
    hold(&mut codes, 4000, 4200, -10_000);
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!((found.len(), found[0].count, found[0].flags.truncated), (1, 1, false));
    assert_eq!(found[0].pulse_area, -2_000_000.0);
}

#[test]
fn a_sample_at_a_rail_is_told_with_its_pulse() {
    // In the stretch of samples in which its pulse begins, in a later one, and in the other phase.
    for (at, size) in [(14_010, -15_000), (14_010, 15_000), (14_100, -15_000), (14_300, 15_000_i16)] {
        let mut codes = quiet(26_000);
        let size_of = |n: usize| if (n, at, size) == (14_000, 14_010, 15_000) { -10_000 } else { 10_000 };
        for at in [4000, 14_000, 24_000] {
            mirrored(&mut codes, at, size_of(at));
        }
        codes[at..at + 10].fill(size);
        let recording = recorded(&biphasic(), &codes);
        let clipped: Vec<bool> = rows(&recording).iter().map(|row| row.flags.clipped).collect();
        assert_eq!(clipped, [false, true, false], "{at}");
        assert_eq!(recording.contacts[0].clipped, Some(at as u64));
        codes[at..at + 10].fill(size - size.signum());
        let recording = recorded(&biphasic(), &codes);
        assert_eq!((recording.contacts[0].clipped, rows(&recording)[1].flags.clipped), (None, false));
    }
    // What lies before a pulse is not its own, in the same stretch either.
    let mut codes = quiet(20_000);
    mirrored(&mut codes, 14_000, 10_000);
    codes[13_900] = -15_000;
    let found = rows(&recorded(&biphasic(), &codes));
    assert_eq!(
        found.iter().map(|row| (row.at, row.flags.clipped)).collect::<Vec<_>>(),
        [(13_900, true), (14_000, false)]
    );
}

#[test]
fn of_a_contact_that_nobody_asked_for_the_first_rows_are_kept() {
    let program =
        Program { waveform: Waveform::Monophasic, recovery: Recovery::None, rate: 1e4, ..biphasic() };
    let program = Program { width: 20e-6, gap: 5.5e-6, ..program };
    // A phase without an end follows, of which the last row knows nothing.
    let mut codes = quiet(4000 + 4100 * 100 + 60_000);
    hold(&mut codes, 4000 + 4100 * 100, 4000 + 4100 * 100 + 59_000, -10_000);
    for k in 0..4098 {
        hold(&mut codes, 4000 + 100 * k, 4020 + 100 * k, -10_000);
    }
    let with = |tables: Option<Vec<String>>| {
        let wanted = Wanted { tables, ..Wanted::default() };
        let setup = Setup { wanted, ..setup(&program) };
        seen(setup, &codes, &vec![0; codes.len()], &zero()).finish().contacts.swap_remove(0)
    };
    let unasked = with(Some(vec!["e2".into()]));
    assert_eq!((unasked.pulses.len(), unasked.table_full), (4096, true));
    assert_eq!(unasked.pulses.iter().last().map(|row| row.flags), Some(Flags::default()));
    for asked in [None, Some(vec!["e1".into()])] {
        let contact = with(asked);
        assert_eq!((contact.pulses.len(), contact.table_full), (4099, false));
    }
}

/// The row of the first phase is written before the samples behind it are looked at: the row of the second tells.
#[test]
fn a_phase_that_another_follows_at_once_is_less_certain_by_what_the_filter_hides() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    let skew = |follows: bool| {
        let mut codes = quiet(8000);
        hold(&mut codes, 4000, 4200, -2500);
        if follows {
            codes[4199] = REST - 1000;
            hold(&mut codes, 4200, 4400, 10_000);
        }
        let recording = recorded(&program, &codes);
        assert_eq!(recording.contacts[0].pulses.len(), 1 + usize::from(follows));
        recording.contacts[0].skew
    };
    assert_eq!(skew(false), 0.0);
    // Half of 2500 is a tenth of an edge of 12 500 and not its middle, at 0.496 of what is seen of it; an edge at the mean slope of its
    // 3.5 us from 10 to 90 % takes 4.38, and 1.6 times as much is allowed.
    assert!((skew(true) - 1.6 * 3.5 / 0.8 * 0.396).abs() < 0.03, "{}", skew(true));
}

#[test]
fn what_flows_where_a_window_begins_is_told() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    let mut codes = quiet(8000);
    hold(&mut codes, 4000, 4300, -10_000);
    assert_eq!(recorded(&program, &codes).contacts[0].cut, 0.0);
    // A hundred codes in each of a hundred samples: half of it at sample 4050, to within what the slope does to the level it is half of,
    // and 16 samples before that 3400 codes.
    for k in 0..100_u8 {
        codes[4000 + usize::from(k)] = REST - 100 * i16::from(k);
    }
    let recording = recorded(&program, &codes);
    let row = rows(&recording)[0];
    assert!((row.start() - 4050.0).abs() < 0.1 && (4033..=4034).contains(&row.from), "{row:?}");
    assert_eq!(recording.contacts[0].cut, 100.0 * (row.from - 4000) as f64);
}

/// Phases of alternating sign with seven samples between them, through edges of four samples on which the next begins: what lies
/// between two pulses is parted in its middle, so that of an edge of either nothing is lost.
#[test]
fn between_pulses_that_lie_close_no_charge_is_lost() {
    let pairs = Program {
        waveform: Waveform::Alternating,
        recovery: Recovery::None,
        width: 20e-6,
        gap: 0.0,
        rate: 1e6 / 54.0,
        ..biphasic()
    };
    let ramp = |t: f64| (t / 4.0 + 0.5).clamp(0.0, 1.0);
    let mut codes = quiet(12_000);
    for n in 0..40 {
        let (at, sign) = (4000.25 + 27.0 * f64::from(n), if n % 2 == 0 { -1.0 } else { 1.0 });
        for (k, code) in codes.iter_mut().enumerate().skip(3900) {
            let t = k as f64 - at;
            *code += (1e4 * sign * (ramp(t) - ramp(t - 20.0))).round() as i16;
        }
    }
    let found = rows(&recorded(&pairs, &codes));
    assert_eq!(found.len(), 40);
    for row in &found {
        let phase = row.phases()[0];
        let (width, area) = (f64::from(phase.end - phase.start), f64::from(phase.area).abs());
        // The base is the zero here, two codes below the rest. A window ends between two samples, where what an edge has at the next is
        // felt: less than a sixteenth of 1875 codes.
        let shift = (row.base - f64::from(REST)).abs() * f64::from(phase.span);
        assert!((area - 2e5).abs() < shift + 120.0 && (width - 20.0).abs() < 0.02, "{row:?}");
    }
}

/// A ramp to 49.2 uA whose recoveries of a quarter last for three fifths of the time: as long as they are too small to be found they are
/// no rest, and what comes behind the train is.
#[test]
fn a_recovery_that_grows_out_of_the_noise_does_not_become_the_baseline() {
    let program = Program {
        amplitude: 49.2e-6,
        width: 30e-6,
        gap: 7e-6,
        recovery: Recovery::Ratio(4.0),
        rate: 5000.0,
        ramp: Some(Ramp { up: 0.1, law: Law::Linear }),
        ..biphasic()
    };
    let mut codes = quiet(260_000);
    for n in 0..700_usize {
        let (at, part) = (4000 + 200 * n, ((n as f64 + 0.5) / 500.0).min(1.0));
        hold(&mut codes, at, at + 30, -(492.0 * part).round() as i16);
        hold(&mut codes, at + 37, at + 157, (123.0 * part).round() as i16);
    }
    let recording = recorded(&program, &codes);
    assert!(recording.contacts[0].endless.is_empty());
    let found = rows(&recording);
    let plateau: Vec<&PulseRow> = found.iter().filter(|row| row.at >= 104_000).collect();
    assert_eq!(plateau.len(), 200);
    for row in plateau {
        let [leading, recovery, _] = row.phases;
        assert_eq!((row.count, row.base), (2, f64::from(ZERO)), "{row:?}");
        assert!((f64::from(leading.level) - f64::from(REST - 492)).abs() < 1.0, "{row:?}");
        assert!((f64::from(recovery.level) - f64::from(REST + 123)).abs() < 1.0, "{row:?}");
    }
}

/// Forty microseconds later than programmed, twice as long as a phase lasts: it is the recovery still.
#[test]
fn a_short_phase_that_is_late_belongs_to_its_pulse() {
    let short = Program { width: 20e-6, ..biphasic() };
    let mut codes = quiet(30_000);
    for at in [4000, 14_000, 24_000] {
        hold(&mut codes, at, at + 20, -10_000);
        hold(&mut codes, at + 110, at + 130, 10_000);
    }
    let found = rows(&recorded(&short, &codes));
    assert_eq!(
        found.iter().map(|row| (row.at, row.count)).collect::<Vec<_>>(),
        [(4000, 2), (14_000, 2), (24_000, 2)]
    );
    assert!(found.iter().all(|row| row.pulse_area == 0.0 && row.phases[1].start == 109.5), "{found:?}");
}
