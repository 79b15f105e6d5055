//! What is told of rows beside their numbers, and of the rests between them.

use super::*;
use crate::measure::Rise;
use crate::measure::shape::Shaper;

fn single() -> Program {
    Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() }
}

#[test]
fn rows_without_an_end_or_a_beginning_are_listed() {
    let mut codes = quiet(100_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 14_000, 80_000, -10_000);
    let contact = recorded(&single(), &codes).contacts.swap_remove(0);
    assert_eq!((&contact.endless[..], contact.unread.is_empty()), (&[1][..], true));
    // What still flows when the switch has opened has no edge of its own; what is cut is no wonder.
    let mut codes = quiet(12_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 6000, 6600, 3000);
    hold(&mut codes, 11_900, 12_000, -10_000);
    let recording = recorded(&passive(), &codes);
    let truncated: Vec<bool> = rows(&recording).iter().map(|row| row.flags.truncated).collect();
    assert_eq!(truncated, [false, true, true]);
    assert!(recording.contacts[0].unread.within(0..9).eq([1]));
}

#[test]
fn edges_that_have_samples_tell_how_slow_they_are() {
    // A quarter and three quarters of the level on either side of each of two pulses.
    let mut codes = quiet(20_000);
    for at in [4000, 14_000] {
        hold(&mut codes, at, at + 200, -10_000);
        for (outer, inner) in [(at - 2, at - 1), (at + 201, at + 200)] {
            (codes[outer], codes[inner]) = (REST - 2500, REST - 7500);
        }
    }
    let recording = recorded(&single(), &codes);
    // From a quarter to a half there is half a sample, and from a half to nought a sample and a half.
    assert_eq!(recording.contacts[0].rise.transition(), 0.8 * (0.5 + 1.5) / (0.25 + 0.5));
    assert_ne!(recording.contacts[0].rise, Rise::default());
    // An edge that two phases share takes a sample.
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4201, 4401, 10_000);
    let contact = recorded(&Program { gap: 0.0, ..biphasic() }, &codes).contacts.swap_remove(0);
    assert_eq!(contact.shared, 1.0);
}

/// Half the level of a phase is not the middle of its edge where something flows before it.
#[test]
fn a_phase_is_less_certain_by_what_flows_just_before_it() {
    let mut codes = quiet(8000);
    hold(&mut codes, 3980, 4000, 480);
    hold(&mut codes, 4000, 4200, -2000);
    let recording = recorded(&single(), &codes);
    assert_eq!(rows(&recording).len(), 1);
    let part = 1480.0 / 2480.0;
    let skew = recording.contacts[0].skew;
    assert!((skew - 1.6 * 3.5 / 0.8 * (part - 0.496)).abs() < 0.03, "{skew}");
}

#[test]
fn what_flows_at_the_ends_of_a_window_is_told_from_nine_codes_on() {
    for (flow, told) in [(8, 0.0), (9, 9.0), (-9, 9.0)] {
        for at in [3983, 4216] {
            let mut codes = quiet(8000);
            hold(&mut codes, 4000, 4200, -10_000);
            codes[at] = REST + flow;
            assert_eq!(recorded(&single(), &codes).contacts[0].cut, told, "{at} {flow}");
        }
    }
}

#[test]
fn shapes_are_those_of_the_phases_of_their_row() {
    let mut codes = quiet(20_000);
    for at in [4000, 14_000] {
        hold(&mut codes, at, at + 200, -10_000);
        hold(&mut codes, at + 250, at + 450, 10_000);
        (codes[at], codes[at + 250]) = (REST - 11_000, REST + 12_000);
    }
    let mut setup = setup(&biphasic());
    setup.wanted.shapes = vec!["e1".into()];
    let recording = seen(setup, &codes, &vec![0; codes.len()], &zero()).finish();
    let shaper = Shaper::new(1e6, recording.front_end.settling);
    let rows = rows(&recording);
    assert_eq!(recording.contacts[0].shapes.len(), 2);
    for (found, row) in recording.contacts[0].shapes.iter().zip(rows) {
        let defined = shaper.measure(&codes[..], row.at as f64, row.phases(), row.base);
        for (found, defined) in found.iter().zip(defined).take(2) {
            assert_eq!((found.count, found.step), (defined.count, defined.step), "{found:?} {defined:?}");
            assert!((found.excess - defined.excess).abs() < 1e-2 && found.excess >= 1000.0, "{found:?}");
        }
    }
}

/// Eight codes that fall to 1/e in 2640 samples behind each pulse; a line that goes on from rest to rest moves none of them.
#[test]
fn a_rest_that_creeps_is_told_and_one_on_a_line_is_not() {
    let excess = |course: &dyn Fn(usize) -> f64| {
        let mut codes = quiet(64_000);
        for (k, code) in codes.iter_mut().enumerate().skip(ZEROED as usize) {
            *code += course(k).round() as i16;
        }
        for at in (4000..64_000).step_by(10_000) {
            codes[at..at + 200].iter_mut().for_each(|code| *code -= 10_000);
        }
        let recording = recorded(&single(), &codes);
        let found = recording.contacts[0].creep.excess(0.76);
        (0..6).map(|row| found.at(row)).collect::<Vec<_>>()
    };
    let none = excess(&|_| 0.0);
    assert!(none.iter().all(|excess| *excess == 0.0), "{none:?}");
    let creeps =
        excess(&|k| if k < 4200 { 0.0 } else { 8.0 * (-(((k - 4200) % 10_000) as f64) / 2640.0).exp() });
    assert!(creeps.iter().all(|excess| *excess > 1.0), "{creeps:?}");
    // Of the first rest no line leads to it.
    let line = excess(&|k| k as f64 / 500.0);
    assert!(line[3..].iter().all(|excess| *excess == 0.0), "{line:?}");
}

/// Neither relays that switch nor two pulses without a rest between them have a line from the rest before them to that behind them.
#[test]
fn no_line_leads_from_rest_to_rest_over_what_came_between() {
    let excess = |pulses: &[usize], moves: usize, markers: &[Marker]| {
        let mut codes = quiet(40_000);
        for at in pulses {
            hold(&mut codes, *at, *at + 200, -10_000);
        }
        codes[moves..].iter_mut().for_each(|code| *code += 300);
        let recording = seen(setup(&single()), &codes, &vec![0; codes.len()], markers).finish();
        assert_eq!(recording.contacts[0].pulses.len(), pulses.len());
        let found = recording.contacts[0].creep.excess(0.76);
        (0..6).map(|row| found.at(row)).fold(0.0, f64::max)
    };
    let mut switched = zero();
    switched.push(marker(20_000, MarkerBit::Interlock, false));
    assert_eq!(excess(&[4000, 14_000, 24_000, 34_000], 20_010, &switched), 0.0);
    assert_eq!(excess(&[4000, 14_000, 14_205, 24_000], 14_405, &zero()), 0.0);
    // With one pulse between them there is one, and the rest behind it does not follow it.
    assert!(excess(&[4000, 14_000, 24_000], 14_205, &zero()) > 10.0);
}

/// A zero that scatters by a code lets a rest scatter by three times as much.
#[test]
fn a_rest_swings_beside_what_the_zero_does() {
    let restless = |half: i16| {
        let mut codes = quiet(20_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 14_000, 14_200, -10_000);
        let swing = |codes: &mut [i16], half: i16| {
            codes.iter_mut().enumerate().for_each(|(k, code)| *code += if k % 2 == 0 { half } else { -half });
        };
        swing(&mut codes[..ZEROED as usize], half);
        swing(&mut codes[5000..13_000], 3);
        !recorded(&single(), &codes).contacts[0].restless.is_empty()
    };
    assert!(restless(0) && !restless(1));
}

/// The rest lies three codes off a zero, on a contact whose threshold is its noise.
#[test]
fn a_level_is_found_where_only_noise_decides_what_a_pulse_is() {
    let small = Program { amplitude: 3e-6, ..single() };
    let mut codes = quiet(10_000);
    codes[ZEROED as usize..].fill(ZERO + 3);
    codes[4000..4200].fill(ZERO - 27);
    let found = rows(&recorded(&small, &codes));
    assert_eq!(found.iter().map(|row| (row.at, row.base)).collect::<Vec<_>>(), [(4000, f64::from(ZERO + 3))]);
}

#[test]
fn a_cycle_is_counted_over_more_than_the_history_holds() {
    let mut codes = quiet(420_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 404_000, 404_200, -10_000);
    let found = rows(&recorded(&single(), &codes));
    assert_eq!((found[0].cycle_span, found[0].cycle_area), (400_000, -2_000_000.0));
}

/// Quiet begins a settling time behind what was to be the end of a pulse that lacks a phase, and behind the end of one that does not.
#[test]
fn a_pulse_that_lacks_a_phase_is_waited_for_and_a_short_one_is_not() {
    let mut codes = quiet(36_000);
    hold(&mut codes, 4000, 4200, -10_000);
    for at in [14_000, 24_000] {
        hold(&mut codes, at, at + 100, -10_000);
        hold(&mut codes, at + 150, at + 250, 10_000);
    }
    let found = rows(&recorded(&biphasic(), &codes));
    let counts: Vec<u64> = found.iter().map(|row| row.before.map_or(0, |level| level.count.into())).collect();
    assert_eq!(counts[1..], [10_000 - 16 - 451 - 16, 10_000 - 16 - 250 - 16]);
}

#[test]
fn behind_switched_relays_nothing_goes_on() {
    let recovery = Recovery::Passive { duration: 50e-3, per_burst: false };
    let slow = Program { recovery, rate: 10.0, ..passive() };
    let mut codes = quiet(60_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 45_000, 45_200, 3000);
    let edges = |codes: &[i16], program: &Program, switched: Option<u64>| {
        let mut markers = zero();
        markers.extend(switched.map(|at| marker(at, MarkerBit::Interlock, false)));
        let recording = seen(setup(program), codes, &vec![0; codes.len()], &markers).finish();
        rows(&recording).iter().map(|row| row.at).collect::<Vec<_>>()
    };
    // No recharge, though its row was written before.
    assert_eq!(edges(&codes, &slow, None), [4000]);
    assert_eq!(edges(&codes, &slow, Some(40_000)), [4000, 45_000]);
    // No baseline: 490 codes above the zero is less than a pulse, and 590 below that is not looked for.
    let mut codes = quiet(20_000);
    codes[ZEROED as usize..].fill(ZERO + 490);
    codes[4000..4200].fill(ZERO + 490 - 10_000);
    codes[8000..].fill(ZERO - 100);
    assert_eq!(edges(&codes, &single(), Some(8000)), [4000]);
}
