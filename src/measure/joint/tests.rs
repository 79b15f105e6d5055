//! Pulses on several channels at once, on codes whose means follow by hand.

use super::*;
use crate::measure::{ChannelSetup, Flags, FrontEnd, PhaseRow, Wanted};
use crate::signal::{Calibration, Program};

mod short;

/// Settling of the front end, samples; how late a 50 % instant is.
const G: u64 = 16;
const LATE: f64 = 1.7;
/// What the channels read with their inputs shorted, codes.
const ZERO: f64 = 2.5;

/// Currents on channels 0 and 2, of 1 and 2 µA a code, and a voltage between them, at a megahertz.
fn setup() -> Setup {
    let channel = |name: &str, sensed, lsb| ChannelSetup {
        name: name.into(),
        sensed,
        calibration: Calibration { lsb, ..Calibration::default() },
    };
    Setup {
        sample_rate: 1e6,
        clock_u: 0.0,
        filter: (4, 1e5),
        channels: vec![
            channel("e1", Sensed::Current, 1e-6),
            channel("u1", Sensed::Voltage, 1e-3),
            channel("case", Sensed::Current, 2e-6),
        ],
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted { joint: true, pairs: vec![(0, 1)], outputs: vec![1], ..Wanted::default() },
        program: Program::biphasic(["e1", "case"], 1e-3, 200e-6, 50e-6, 50.0),
    }
}

fn joint() -> Joint {
    with(&setup(), G, LATE)
}

fn with(setup: &Setup, settling: u64, late_area: f64) -> Joint {
    let front_end = FrontEnd::bessel(setup.filter.0, setup.filter.1, 1.0 / setup.sample_rate);
    Joint::new(setup, Constants { settling, late_area, ..Constants::of(&front_end, setup.sample_rate) })
}

/// Codes that rise by one in ten samples, so that a mean tells where it was taken.
fn rising(count: usize) -> Vec<i16> {
    (0..count).map(|k| (k / 10) as i16).collect()
}

fn mean(codes: &[i16]) -> f64 {
    codes.iter().map(|code| f64::from(*code)).sum::<f64>() / codes.len() as f64
}

fn history(codes: &[i16]) -> History {
    let mut history = History::new();
    history.push(codes);
    history
}

/// A pulse whose leading edge is half a sample before sample `at`, with phases of these lengths 50 samples apart.
fn pulse(at: u64, lengths: &[u64], level: f32) -> (Finished, PulseRow) {
    let mut phases = [PhaseRow::default(); 3];
    let mut start = -0.5;
    for (phase, length) in phases.iter_mut().zip(lengths) {
        let end = start + *length as f32;
        *phase = PhaseRow { start, end, level, ..PhaseRow::default() };
        start = end + 50.0;
    }
    let row = PulseRow { from: at - 17, base: 5.0, ..PulseRow::of(at, phases, lengths.len()) };
    (Finished { row: 0, from: at - 17, to: at + 500, rest: 300, cut: false }, row)
}

/// What is recorded of some pulses, (finished, row, A per code), on these three channels.
fn measured(pulses: &[(Finished, PulseRow, f64)], planes: [&[i16]; 3]) -> JointRecord {
    let mut joint = joint();
    let histories = planes.map(history);
    for (finished, row, lsb) in pulses {
        joint.offer(*finished, row, *lsb, 1000.0, 66);
        joint.measure(row.at + 2000, |index| histories.get(index).map(|history| (history, ZERO)));
    }
    joint.measure(u64::MAX, |index| histories.get(index).map(|history| (history, ZERO)));
    joint.end()
}

/// What the first pulse of a record leaves over, A: as it is kept, or of channels of 1 and 2 µA a code.
fn left(row: &JointRow, levels: &[Plateau; 2]) -> f64 {
    let currents = levels.iter().zip([1e-6, 2e-6]);
    let sum: f64 = currents.map(|(plateau, lsb)| f64::from(plateau.level - plateau.base) * lsb).sum();
    row.residual.unwrap_or(sum.abs())
}

#[test]
fn levels_are_means_of_the_settled_top_and_of_the_rest_before() {
    // −1000 codes on the one; 500 codes on the other, which is ten less for sixteen samples.
    let (mut a, mut b, voltage) = (rising(4000), vec![-3; 4000], rising(4000));
    a[1000..1200].fill(-1000);
    b[1000..1200].fill(500);
    b[1072..1088].fill(490);
    let (finished, row) = pulse(1000, &[200], -1000.0);
    let record = measured(&[(finished, row, 1e-6)], [&a, &voltage, &b]);
    assert_eq!((&record.currents[..], record.rows.len(), record.table_full), (&[0, 2][..], 1, false));
    // A fifth of 200 samples from either edge: 1040 to 1159. Before it the 300 samples of rest less 16 at either end.
    let (found, levels) =
        (record.rows.iter().next().unwrap(), [0, 1].map(|k| record.plateaus[k].iter().next().unwrap()));
    assert_eq!((found.leading, found.settled, found.span, found.rest), ((999.5, 1199.5), 120, 120, 268));
    let base = mean(&a[715..983]);
    assert!((f64::from(levels[0].base) - base).abs() < 1e-3 && levels[0].level == -1000.0, "{levels:?}");
    assert!(
        (f64::from(levels[1].level) - (500.0 - 10.0 * 16.0 / 120.0)).abs() < 1e-3 && levels[1].base == -3.0
    );
    // Means of sixteen from 1040 on, the third of which is that of the ten codes less.
    let over = |other: f64| ((-1000.0 - base) * 1e-6 + (other + 3.0) * 2e-6).abs();
    assert!((found.residual.unwrap() - over(500.0).max(over(490.0))).abs() < 1e-8, "{found:?}");
    assert_eq!(found.readings, 7);
    // What it takes is what its tables take.
    let parts = [record.rows.bytes(), record.plateaus[0].bytes(), record.plateaus[1].bytes()];
    let more = [record.steps[0].bytes(), record.extremes[0].bytes()];
    assert!(parts.iter().chain(&more).all(|bytes| *bytes > 0));
    assert_eq!(record.bytes(), parts.iter().chain(&more).sum::<usize>());
    // Nothing of the pulse before is left in what the next leaves over.
    let (second, row) = pulse(2000, &[200], -1000.0);
    a[2000..2200].fill(-1000);
    b[2000..2200].fill(-3 + 600);
    let pulses = [(finished, pulse(1000, &[200], -1000.0).1, 1e-6), (second, row, 1e-6)];
    let record = measured(&pulses, [&a, &voltage, &b]);
    let found = record.rows.iter().last().unwrap();
    let base = mean(&a[1715..1983]);
    let over = ((-1000.0 - base) * 1e-6 + 600.0 * 2e-6).abs();
    assert!((found.residual.unwrap() - over).abs() < 1e-8, "{found:?}");
}

/// Of very many contacts whose samples are not held: sixty-four bytes for each at every pulse, before any are packed.
#[test]
fn more_pulses_than_are_held_are_told() {
    let each = TABLE_BYTES / size_of::<StepRow>();
    let mut setup = setup();
    setup.wanted = Wanted { joint: true, pairs: vec![(0, 1); each / 1000], ..Wanted::default() };
    let mut joint = with(&setup, G, LATE);
    let histories = [0, 1, 2].map(|_| History::new());
    for k in 0..1010 {
        let at = 1000 * (k + 1);
        let (finished, row) = pulse(at, &[200], -1000.0);
        joint.offer(finished, &row, 1e-6, 1000.0, 66);
        joint.measure(at + 900, |index| histories.get(index).map(|history| (history, ZERO)));
        let full = k >= 1000;
        assert_eq!(joint.record.table_full, full && joint.record.rows.len() < k as usize + 1, "{k}");
    }
    let record = joint.end();
    assert!(record.table_full && (990..1005).contains(&record.rows.len()), "{}", record.rows.len());
}

#[test]
fn a_top_that_has_not_settled_is_charge_over_width() {
    let (mut a, mut b, voltage) = (vec![5; 4000], vec![-3; 4000], rising(4000));
    // Behind 16 samples of settling eight are a plateau, and seven are none.
    for length in [10, 20, 29, 30, 31, 40] {
        a[1000..1060].fill(5);
        a[1000..1000 + length].fill(-995);
        b[1000..1060].fill(-3);
        b[1000..1000 + length].fill(497);
        let (finished, row) = pulse(1000, &[length as u64], -995.0);
        let record = measured(&[(finished, row, 1e-6)], [&a, &voltage, &b]);
        let found = record.rows.iter().next().unwrap();
        // From the settling, and to a fifth of the width before the end.
        let top = (999.5 + length as f64 - 0.2 * length as f64).floor() + 1.0 - 1016.0;
        let expected = if top >= 8.0 { top as u32 } else { 0 };
        assert_eq!((found.settled, expected > 0), (expected, length >= 30), "{length}");
        let levels = [0, 1].map(|k| record.plateaus[k].iter().next().unwrap());
        assert!(
            (levels[0].level + 995.0).abs() < 1e-2 && (levels[1].level - 497.0).abs() < 1e-2,
            "{levels:?}"
        );
        if expected == 0 {
            // The window of its charge: 16 samples beyond either edge.
            assert_eq!(found.span, length as u32 + 33);
        }
        assert!(
            found.residual.is_none() && left(&found, &levels) < 1e-9,
            "they leave nothing over: {found:?}"
        );
    }
}

#[test]
fn a_rest_that_is_not_known_began_when_the_relays_had_switched() {
    let (a, voltage) = (rising(8000), rising(8000));
    let rest = |at: u64, rest: u64| {
        let (finished, row) = pulse(at, &[200], -1000.0);
        let record = measured(&[(Finished { rest, ..finished }, row, 1e-6)], [&a, &voltage, &a]);
        record.rows.iter().next().unwrap().rest
    };
    // From sample 66 to 17 before the pulse; no more than 1024. Of one that is known the settling on either side is no rest.
    assert_eq!((rest(1000, 0), rest(1000, 100), rest(4000, 0)), (1000 - 17 - 66, 68, 1024));
    assert_eq!((rest(4000, 1055), rest(4000, 1056), rest(4000, 1057)), (1023, 1024, 1024));
    // Fewer than sixteen samples are none.
    assert_eq!((rest(1000, 3), rest(1000, 47), rest(1000, 48)), (0, 0, 16));
}

#[test]
fn of_one_pulse_on_several_contacts_the_largest_says_where_its_edges_are() {
    let (a, voltage) = (rising(8000), rising(8000));
    // 1005 codes of 1 µA, 600 of 2 µA two samples later, and a smaller one three samples later.
    let small = pulse(1000, &[200], -1000.0);
    let (finished, large) = pulse(1002, &[200], 605.0);
    let third = pulse(1003, &[200], -990.0);
    let next = pulse(3000, &[200], -1000.0);
    let mut joint = joint();
    let histories = [&a[..], &voltage, &a].map(history);
    joint.offer(small.0, &small.1, 1e-6, 1000.0, 66);
    joint.offer(finished, &large, 2e-6, 1000.0, 66);
    joint.offer(third.0, &third.1, 1e-6, 1000.0, 66);
    // The same size again does not take its place.
    let (finished, same) = pulse(1004, &[200], 605.0);
    joint.offer(finished, &same, 2e-6, 1000.0, 66);
    // Neither does a level that lies far from zero and near its own base.
    let (finished, off) = pulse(1004, &[200], 1500.0);
    joint.offer(finished, &PulseRow { base: 900.0, ..off }, 1e-6, 1000.0, 66);
    // Nor one whose base is next to nothing beside it.
    let (finished, bare) = pulse(1004, &[200], 500.0);
    joint.offer(finished, &PulseRow { base: 0.5, ..bare }, 1e-6, 1000.0, 66);
    joint.offer(next.0, &next.1, 1e-6, 1000.0, 66);
    // Neither do pulses that are cut, but those do of which only an edge was not found.
    let truncated = Flags { truncated: true, ..Flags::default() };
    let endless = Flags { endless: true, ..truncated };
    for (at, cut, flags) in [(5000, true, truncated), (5000, false, endless), (7000, false, truncated)] {
        let (finished, row) = pulse(at, &[200], -1000.0);
        joint.offer(Finished { cut, ..finished }, &PulseRow { flags, ..row }, 1e-6, 1000.0, 66);
    }
    joint.measure(u64::MAX, |index| histories.get(index).map(|history| (history, ZERO)));
    let leading: Vec<(f64, f64)> = joint.end().rows.iter().map(|row| row.leading).collect();
    assert_eq!(leading, [(1001.5, 1201.5), (2999.5, 3199.5), (6999.5, 7199.5)]);
}

/// Of fast trains a contact tells of several pulses at once, the largest last of all contacts.
#[test]
fn each_pulse_is_measured_once_however_many_a_contact_tells_of_at_a_time() {
    let (a, voltage) = (rising(8000), rising(8000));
    let histories = [&a[..], &voltage, &a].map(history);
    let mut joint = joint();
    // The first contact has not found the third pulse, the second not the last; it is the larger, half a sample later.
    for (places, lsb, late) in
        [(&[1000_u64, 1100, 1300, 1400][..], 1e-6, 0.0), (&[1000, 1100, 1200, 1300], 2e-6, 0.5)]
    {
        for at in places {
            let (finished, mut row) = pulse(*at, &[20, 20], -1000.0);
            row.phases
                .iter_mut()
                .for_each(|phase| (phase.start, phase.end) = (phase.start + late, phase.end + late));
            joint.offer(finished, &row, lsb, 1000.0, 66);
        }
    }
    joint.measure(3000, |index| histories.get(index).map(|history| (history, ZERO)));
    // What a contact tells of when it has been measured is no other pulse.
    let (finished, row) = pulse(1400, &[20, 20], -1000.0);
    joint.offer(finished, &row, 2e-6, 1000.0, 66);
    joint.measure(u64::MAX, |index| histories.get(index).map(|history| (history, ZERO)));
    let starts: Vec<f64> = joint.end().rows.iter().map(|row| row.leading.0).collect();
    assert_eq!(starts, [1000.0, 1100.0, 1200.0, 1300.0, 1399.5]);
}

#[test]
fn a_pulse_waits_for_the_samples_behind_it_or_for_the_next() {
    let (a, voltage) = (rising(8000), rising(8000));
    let histories = [&a[..], &voltage, &a].map(history);
    // One phase: 1000 samples of rest behind it, less the settling and five; a line of 100 samples begins 16 behind its end.
    let (finished, row) = pulse(1000, &[200], -1000.0);
    let mut joint = joint();
    joint.offer(finished, &row, 1e-6, 1000.0, 66);
    let end = 1216 + 100;
    joint.measure(end - 1, |index| histories.get(index).map(|history| (history, ZERO)));
    assert_eq!(joint.record.rows.len(), 0);
    joint.measure(end, |index| histories.get(index).map(|history| (history, ZERO)));
    assert_eq!(joint.record.rows.len(), 1);
    for at in [2000, 3000] {
        let (finished, row) = pulse(at, &[200], -1000.0);
        joint.offer(finished, &row, 1e-6, 1000.0, 66);
    }
    // Two that wait: the first is measured with what there is.
    joint.measure(1, |index| histories.get(index).map(|history| (history, ZERO)));
    assert_eq!(joint.record.rows.len(), 2);
    joint.measure(1, |index| histories.get(index).map(|history| (history, ZERO)));
    assert_eq!(joint.end().rows.len(), 2);
}

#[test]
fn edges_are_lines_between_what_lies_before_and_behind() {
    let (a, voltage) =
        (rising(8000), (0..8000).map(|k| (3 * k % 20_000 - 10_000) as i16).collect::<Vec<_>>());
    let steps = |lengths: &[u64], gap: f64, rest: u64| {
        let (finished, row) = pulse(1000, lengths, -1000.0);
        let mut joint = joint();
        let histories = [&a[..], &voltage, &a].map(history);
        joint.offer(Finished { rest, ..finished }, &row, 1e-6, gap, 66);
        joint.measure(u64::MAX, |index| histories.get(index).map(|history| (history, ZERO)));
        (joint.end().steps[0].iter().next().unwrap(), histories)
    };
    let fitting = Fitting { settling: G, late: LATE, longest: 100 };
    // Two phases are 50 samples apart; behind one alone the output is left alone for what the program says, less the settling.
    for (lengths, gap, rest, follow) in [
        (&[200_u64, 200][..], 1000.0, 300, 50.0),
        (&[200], 80.0, 72, 80.0 - 16.0),
        (&[200], 1000.0, 300, 984.0),
    ] {
        let (found, histories) = steps(lengths, gap, rest);
        let windows = Windows::new((999.5, 1199.5), rest - 2 * G, follow, &fitting);
        for (found, history) in [(found.current, &histories[0]), (found.voltage, &histories[1])] {
            // A table keeps them to a part of a code.
            let lines = |edges: EdgeLevels| [edges.before, edges.after, edges.last, edges.gap];
            for (found, line) in
                lines(found).into_iter().zip(lines(EdgeLevels::of(history, &windows, (i16::MIN, i16::MAX))))
            {
                assert!((found.value - line.value).abs() < 2e-3, "{found:?} {line:?}");
                assert!((found.spread / line.spread - 1.0).abs() < 1e-3, "{found:?} {line:?}");
            }
        }
        // A line of three codes a sample is one of three codes a sample, wherever it is read.
        let at = |instant: f64| (3.0 * (instant - LATE) - 10_000.0) as f32;
        assert!((found.voltage.before.value - at(999.5)).abs() < 0.1, "{found:?}");
        assert!((found.voltage.last.value - at(1199.5)).abs() < 0.1, "{found:?}");
    }
}

#[test]
fn a_voltage_is_told_where_each_phase_has_settled_and_before_it_ends() {
    let voltage = rising(8000);
    let (finished, row) = pulse(1000, &[200, 40], -1000.0);
    let record = measured(&[(finished, row, 1e-6)], [&voltage, &voltage, &voltage]);
    let [first, second, third] = record.extremes[0].iter().next().unwrap();
    // The voltage rises by as much every sample: what it is at an edge, delayed by the filter, is on that line.
    let at = history(&voltage);
    let near = |found: f32, window: (u64, u64), edge: f64| {
        let line = Reading::line(&at, window, edge - LATE, (i16::MIN, i16::MAX)).value;
        assert!((found - line).abs() < 1e-2, "{found} {line}");
    };
    // 999.5 to 1199.5: two fifths from behind the settling, and as many up to where the filter bends the end.
    near(first.0, (1016, 1096), 999.5);
    near(first.1, (1115, 1195), 1199.5);
    // 1249.5 to 1289.5: of the nineteen that are settled all.
    near(second.0, (1266, 1285), 1249.5);
    near(second.1, (1266, 1285), 1289.5);
    assert!(third.0.is_nan() && third.1.is_nan());
    // Of fewer than a line needs there is a level, and of none the first that is settled.
    let fitting = Fitting { settling: G, late: LATE, longest: 100 };
    let (a, b) = extremes_of((&at, (i16::MIN, i16::MAX)), (999.5, 1030.5), &fitting);
    near(a, (1016, 1026), 999.5);
    near(b, (1016, 1026), 1030.5);
    let (a, b) = extremes_of((&at, (i16::MIN, i16::MAX)), (999.5, 1028.5), &fitting);
    near(a, (1016, 1024), 999.5);
    near(b, (1016, 1024), 1028.5);
    for (end, samples) in [(1027.5, 1016..1023), (1020.5, 1016..1017)] {
        let (a, b) = extremes_of((&at, (i16::MIN, i16::MAX)), (999.5, end), &fitting);
        assert!(a.is_nan() && (f64::from(b) - mean(&voltage[samples])).abs() < 1e-3, "{a} {b}");
    }
}
