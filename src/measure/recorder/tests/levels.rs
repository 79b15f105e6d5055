//! Levels of a voltage before pulses and before a start, and what an excerpt holds.

use super::*;

/// A voltage that rises by one code in ten samples.
fn rising(count: usize) -> Vec<i16> {
    (0..count).map(|k| (k / 10) as i16).collect()
}

fn mean(codes: &[i16]) -> f64 {
    codes.iter().map(|code| f64::from(*code)).sum::<f64>() / codes.len() as f64
}

#[test]
fn before_a_pulse_it_is_the_end_of_its_rest() {
    let mut codes = quiet(44_000);
    for at in [4000, 14_000, 24_000] {
        hold(&mut codes, at, at + 200, -10_000);
    }
    // A pulse of its own 100 samples behind the one before: of so short a rest it is sixteen samples.
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    hold(&mut codes, 24_300, 24_500, -10_000);
    let voltage = rising(codes.len());
    let recording = seen(setup(&program), &codes, &voltage, &zero()).finish();
    let found: Vec<(f32, u32)> = recording.voltages[0].before_pulse.iter().collect();
    // From 4199.5 to 13 999.5 are 9800 samples, a twentieth of which are 490; before the first pulse no rest is known.
    let expected = [(4000_usize, 16_usize), (14_000, 490), (24_000, 490), (24_300, 16)];
    assert_eq!(found.len(), expected.len());
    for ((level, n), (at, count)) in found.into_iter().zip(expected) {
        assert_eq!(n as usize, count, "{at}");
        // Up to the first sample of the pulse's windows.
        let window = &voltage[at - 17 - count..at - 17];
        assert!((f64::from(level) - mean(window)).abs() < 1e-3, "{at} {level} {}", mean(window));
    }
}

/// Behind 16 samples of settling, and 16 before the edge, there are to be 16 more.
#[test]
fn before_a_pulse_that_comes_too_soon_there_is_none() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    for (rest, read) in [(20, 0), (47, 0), (48, 16), (60, 16)] {
        let mut codes = quiet(20_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200 + rest, 4400 + rest, -10_000);
        let recording = seen(setup(&program), &codes, &rising(codes.len()), &zero()).finish();
        let counts: Vec<u32> = recording.voltages[0].before_pulse.iter().map(|(_, n)| n).collect();
        assert_eq!(counts, [16, read], "{rest}");
    }
}

#[test]
fn of_a_long_rest_it_is_what_half_the_history_holds() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    let mut codes = quiet(720_000);
    for at in [4000, 710_000] {
        hold(&mut codes, at, at + 200, -10_000);
    }
    let recording = seen(setup(&program), &codes, &vec![0; codes.len()], &zero()).finish();
    assert_eq!(recording.voltages[0].before_pulse.iter().last().map(|(_, n)| n), Some(32_768));
}

#[test]
fn behind_a_recharge_the_rest_begins_with_the_opening_of_its_switch() {
    let mut codes = quiet(20_000);
    for at in [4000, 14_000] {
        hold(&mut codes, at, at + 200, -10_000);
        decay(&mut codes, (at + 250, at + 2251), 4000.0, 500.0);
    }
    let voltage = rising(codes.len());
    let recording = seen(setup(&passive()), &codes, &voltage, &zero()).finish();
    // From 6267 to 13 999.5.
    let counts: Vec<u32> = recording.voltages[0].before_pulse.iter().map(|(_, n)| n).collect();
    assert_eq!(counts, [16, 7732 / 20]);
}

#[test]
fn before_a_start_it_is_one_to_ten_milliseconds_old() {
    let codes = quiet(40_000);
    let voltage = rising(codes.len());
    let mut markers = zero();
    markers.push(marker(5_000, MarkerBit::StartTaken, true));
    markers.push(marker(30_500, MarkerBit::StartTaken, false));
    let recording = seen(setup(&biphasic()), &codes, &voltage, &markers).finish();
    let found = &recording.voltages[0].before_start;
    // At a megahertz 9000 samples; of the first only what there is.
    assert_eq!(found.len(), 2);
    for ((sample, level, n), (at, from, to)) in
        found.iter().zip([(5_000, 0, 4_000), (30_500, 20_500, 29_500)])
    {
        assert_eq!((*sample, *n as usize), (at, to - from));
        assert!((level - mean(&voltage[from..to])).abs() < 1e-9, "{level}");
    }
    // A start within the first millisecond has nothing before it.
    let early = [marker(900, MarkerBit::StartTaken, true)];
    let recording = seen(setup(&biphasic()), &codes, &voltage, &early).finish();
    assert_eq!(recording.voltages[0].before_start, []);
}

#[test]
fn before_a_pulse_that_was_cut_there_is_none_and_the_others_keep_theirs() {
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() };
    let mut codes = quiet(40_000);
    // The second is cut, and the last is under way when the record ends.
    for (from, to) in [(4000, 4200), (10_000, 10_100), (14_000, 14_200), (24_000, 24_200), (39_900, 40_000)] {
        hold(&mut codes, from, to, -10_000);
    }
    let voltage = rising(codes.len());
    let mut relay = zero();
    relay.push(marker(10_100, MarkerBit::Interlock, false));
    let switched = seen(setup(&program), &codes, &voltage, &relay).finish();
    let mut recorder = Recorder::new(setup(&program));
    push(&mut recorder, 0, &[&codes[..10_100], &voltage[..10_100]], &zero());
    push(&mut recorder, 10_600, &[&codes[10_600..], &voltage[10_600..]], &[]);
    for recording in [switched, recorder.finish()] {
        let edges: Vec<u64> = rows(&recording).iter().map(|row| row.at).collect();
        assert_eq!(edges, [4000, 10_000, 14_000, 24_000, 39_900]);
        let found: Vec<(f32, u32)> = recording.voltages[0].before_pulse.iter().collect();
        assert_eq!(found.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [16, 0, 16, 490, 0]);
        for ((level, n), at) in found.into_iter().zip(edges).filter(|((_, n), _)| *n > 0) {
            let to = at as usize - 17;
            let window = &voltage[to - n as usize..to];
            assert!((f64::from(level) - mean(window)).abs() < 1e-3, "{at} {level} {}", mean(window));
        }
    }
}

/// At ten megahertz ten milliseconds are more samples than are sure to be held.
#[test]
fn before_a_start_it_does_not_depend_on_the_blocks_behind_a_loss() {
    let codes = vec![REST; 132_800];
    let voltage = rising(codes.len());
    let start = [marker(132_400, MarkerBit::StartTaken, true)];
    for size in [codes.len(), 100, 7] {
        let mut recorder = Recorder::new(Setup { sample_rate: 1e7, ..setup(&biphasic()) });
        push(&mut recorder, 0, &[&codes[..1000], &voltage[..1000]], &[]);
        let mut first = 1100;
        while first < codes.len() {
            let to = (first + size).min(codes.len());
            let within: &[Marker] = if first == 1100 { &start } else { &[] };
            push(&mut recorder, first as u64, &[&codes[first..to], &voltage[first..to]], within);
            first = to;
        }
        let recording = recorder.finish();
        assert_eq!(recording.lost, [(1000, 100)]);
        let counts: Vec<u32> = recording.voltages[0].before_start.iter().map(|(.., n)| *n).collect();
        // Half of what was held went at 132 096, where a stretch ended that left too little room for the next.
        assert_eq!(counts, [132_400 - 10_000 - (132_096 - 65_536)], "{size}");
    }
}

#[test]
fn a_movement_of_fifty_millivolts_is_activity_of_the_stimulators_side_alone() {
    let codes = quiet(20_000);
    // 500 codes of 0.1 mV.
    let step = |size: i16| {
        let mut voltage = vec![0; 20_000];
        voltage[8000..].fill(size);
        voltage
    };
    let activity = |size: i16, vout: Option<usize>| {
        let setup = Setup { vout, ..setup(&biphasic()) };
        let recorder = seen(setup, &codes, &step(size), &zero());
        let last = recorder.last_activity();
        let voltages = recorder.finish().voltages;
        assert_eq!(last, voltages[0].activity.last().copied());
        voltages[0].activity.clone()
    };
    assert_eq!(activity(501, Some(1)), [Interval { first: 8000, last: 8015 }]);
    assert_eq!(activity(-501, Some(1)), [Interval { first: 8000, last: 8015 }]);
    assert_eq!(activity(500, Some(1)), []);
    assert_eq!(activity(501, None), []);
    // Without a zero it is the same.
    let plain = |lsb: f64, noise: f64, size: i16| {
        let mut setup = setup(&biphasic());
        setup.channels[1].calibration = Calibration { lsb, noise, ..Calibration::default() };
        seen(setup, &codes, &step(size), &[]).finish().voltages[0].activity.len()
    };
    assert_eq!((plain(1e-4, 0.5, 500), plain(1e-4, 0.5, 501)), (0, 1));
    // Rounding alone scatters by 0.29 codes, and a mean of sixteen by a quarter of that.
    assert_eq!(plain(1.0, 0.0, 1), 1);
    // Where the noise of sixteen samples is a seventh of more than that, seven of its deviations: 100 codes are 25.
    let noisy = |size: i16| {
        let mut setup = setup(&biphasic());
        setup.channels[1].calibration = Calibration { lsb: 1e-2, noise: 100.0, ..Calibration::default() };
        let recorder = seen(setup, &codes, &step(size), &[]);
        recorder.finish().voltages[0].activity.len()
    };
    assert_eq!((noisy(175), noisy(176)), (0, 1));
    // After a zero it is what was seen there: means of sixteen at 10 and −10, but for a few that lie over two of them.
    let mut voltage: Vec<i16> = (0..20_000).map(|k| if k / 16 % 2 == 0 { 10 } else { -10 }).collect();
    voltage[2000..].fill(0);
    let zeroed = |size: i16| {
        let mut setup = setup(&biphasic());
        setup.channels[1].calibration = Calibration { lsb: 1e-2, noise: 100.0, ..Calibration::default() };
        let mut voltage = voltage.clone();
        voltage[8000..].fill(size);
        seen(setup, &codes, &voltage, &zero()).finish().voltages[0].activity.len()
    };
    assert_eq!((zeroed(66), zeroed(72)), (0, 1));
}

#[test]
fn excerpts_hold_the_first_the_last_and_those_that_stand_out() {
    let mut codes = quiet(104_000);
    // (leading, its width, recovery): the second is the smallest, the third the largest, and so on.
    let pulses: [(i16, usize, i16); 9] = [
        (-10_000, 200, 10_000),
        (-8_000, 200, 9_000),
        (-12_000, 200, 9_500),
        (-10_000, 150, 10_000),
        (-10_000, 250, 10_000),
        (-10_000, 200, 7_000),
        (-10_000, 200, 13_000),
        (-10_005, 200, 10_005),
        (-10_000, 200, 10_000),
    ];
    for (n, (leading, width, recovery)) in pulses.into_iter().enumerate() {
        let at = 4000 + 10_000 * n;
        hold(&mut codes, at, at + width, leading);
        hold(&mut codes, at + 300, at + 500, recovery);
    }
    let program = Program { gap: 100.5e-6, ..biphasic() };
    let voltage = rising(codes.len());
    let recording = seen(setup(&program), &codes, &voltage, &zero()).finish();
    let kept: Vec<(u64, &str)> = recording.excerpts.iter().map(|kept| (kept.pulse, kept.why)).collect();
    // Net charges of 0, 200, 500, 500, 500, 600 and 600 thousand code·samples; the last two do not differ by a hundredth. The one
    // with the largest has the smallest recovery as well, and is kept once.
    assert_eq!(
        kept,
        [
            (0, "first pulse"),
            (5, "largest net charge"),
            (1, "smallest amplitude"),
            (2, "largest amplitude"),
            (6, "largest recovery"),
            (3, "narrowest pulse"),
            (4, "widest pulse"),
            (8, "last pulse"),
        ]
    );
    for excerpt in &recording.excerpts {
        // The windows of a pulse are 533 samples long; a quarter of them lies before, and as many behind as far as they had been
        // measured when it was over.
        let at = 4000 + 10_000 * excerpt.pulse as usize;
        let (first, to) = (at - 17 - 133, at + 516 + 133);
        assert_eq!(excerpt.first as usize, first);
        for (plane, codes) in excerpt.codes.iter().zip([&codes, &voltage]) {
            let end = first + plane.len();
            assert!((at + 516..=to).contains(&end) && plane[..] == codes[first..end], "{end} {to}");
        }
        assert_eq!(excerpt.codes.len(), 2);
    }
    // Of a long one the first 8192 samples.
    let mut long = quiet(30_000);
    hold(&mut long, 4000, 16_000, -10_000);
    let excerpts = recorded(&program, &long).excerpts;
    assert_eq!((excerpts[0].first, excerpts[0].codes[0].len()), (4000 - 17 - 512, 8192));
    let overlay = recording.overlay.unwrap();
    assert_eq!((overlay.lead, overlay.pulses), (133, 9));
    // 100 samples behind the leading edge, and 100 behind the second one.
    assert_eq!(overlay.extremes[133 + 17 + 100], (REST - 12_000, REST - 8_000));
    assert_eq!(overlay.extremes[133 + 17 + 400], (REST + 7_000, REST + 13_000));
}

/// Each pulse leaves the current 200 codes higher than it found it, which is too little to be a phase; after six of them the rest lies
/// farther from the zero than what was looked for about it.
#[test]
fn a_baseline_that_creeps_away_is_found_where_it_is() {
    let mut codes = quiet(84_000);
    let edges: Vec<usize> = (0..8).map(|n| 4000 + 10_000 * n).collect();
    for at in &edges {
        codes[at + 100..].iter_mut().for_each(|code| *code += 200);
        codes[*at..at + 200].iter_mut().for_each(|code| *code -= 8000);
        codes[at + 250..at + 450].iter_mut().for_each(|code| *code += 8000);
    }
    let recording = recorded(&biphasic(), &codes);
    let rows = rows(&recording);
    assert_eq!(rows.iter().map(|row| row.at as usize).collect::<Vec<_>>(), edges);
    for (n, row) in (0..).zip(&rows) {
        let levels = [row.before, row.after].map(|level| level.map(|level| level.value));
        let rests = [n, n + 1].map(|n| Some(f32::from(REST + 200 * n)));
        assert_eq!((levels, row.base), (rests, f64::from(REST + 200 * n)), "{row:?}");
        assert_eq!((row.count, row.flags), (2, Flags::default()));
    }
}
