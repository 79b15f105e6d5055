//! Pulses that never settle, and such as the range cuts off.

use super::*;

/// The channels without a filter, with a range of ±1000 codes.
fn unfiltered(settling: u64) -> Joint {
    let mut setup = Setup { filter: (0, 0.0), ..setup() };
    for channel in &mut setup.channels {
        channel.calibration.rails = (-1000, 1000);
    }
    with(&setup, settling, 0.0)
}

/// What is found of one pulse at sample 1000 whose phases have this length and lie `gap` apart: of all channels and of each.
fn found(mut joint: Joint, (length, gap): (u64, u64), planes: [&[i16]; 3]) -> (JointRow, [Plateau; 2]) {
    let (finished, mut row) = pulse(1000, &[length, length], -900.0);
    row.phases[1].start = row.phases[0].end + gap as f32;
    row.phases[1].end = row.phases[1].start + length as f32;
    let histories = planes.map(history);
    joint.offer(finished, &row, 1e-6, 1000.0, 66);
    joint.measure(u64::MAX, |index| histories.get(index).map(|history| (history, ZERO)));
    let record = joint.end();
    (record.rows.first().unwrap(), [0, 1].map(|k| record.plateaus[k].first().unwrap()))
}

#[test]
fn a_short_phase_has_the_whole_of_its_levels_and_of_what_they_leave_over() {
    let voltage = vec![0; 4000];
    // Phases that end before there is a plateau, with rest between them, less than the settling, and none at all.
    for (settling, length, gap) in
        [(2, 10, 4), (2, 10, 2), (2, 10, 0), (2, 5, 4), (2, 5, 0), (16, 20, 40), (16, 20, 10), (16, 20, 0)]
    {
        let (mut a, mut b) = (vec![5; 4000], vec![-3; 4000]);
        let second = 1000 + length + gap;
        for (from, sign) in [(1000, 1), (second, -1)] {
            a[from..from + length].fill(5 - 900 * sign);
            b[from..from + length].fill(-3 + 443 * sign);
        }
        let (row, levels) = found(unfiltered(settling), (length as u64, gap as u64), [&a, &voltage, &b]);
        assert_eq!((row.settled, row.readings, row.clipped), (0, 1, false));
        // 900 µA flow in and 886 out.
        assert!((left(&row, &levels) - 14e-6).abs() < 1e-8, "{settling} {length} {gap}: {row:?}");
        let of = levels.map(|plateau| plateau.level - plateau.base);
        assert!((of[0] + 900.0).abs() < 1e-2 && (of[1] - 443.0).abs() < 1e-2, "{length} {gap}: {of:?}");
    }
}

#[test]
fn what_comes_soon_behind_the_pulse_before_is_no_rest() {
    // A recovery of as much the other way ends `rest` samples before the pulse.
    let measured = |rest: usize, length: usize| {
        let (mut a, mut b) = (vec![3; 4000], vec![-2; 4000]);
        for (from, sign) in [(1000 - rest - length, -1), (1000, 1)] {
            a[from..from + length].fill(3 - 900 * sign);
            b[from..from + length].fill(-2 + 443 * sign);
        }
        let (finished, row) = pulse(1000, &[length as u64], -900.0);
        let mut joint = unfiltered(G);
        let histories = [&a[..], &a, &b].map(history);
        joint.offer(Finished { rest: rest as u64, ..finished }, &row, 1e-6, 1000.0, 66);
        joint.measure(u64::MAX, |index| {
            histories.get(index).map(|history| (history, [3.25, 0.0, -2.0][index]))
        });
        let record = joint.end();
        let levels = [0, 1].map(|k| record.plateaus[k].first().unwrap());
        (record.rows.first().unwrap(), levels, record.steps[0].first().unwrap())
    };
    for length in [60, 20] {
        for rest in [20, 47, 48, 100, 500] {
            let (row, levels, step) = measured(rest, length);
            let level = levels[0];
            let known = rest >= 48;
            // The settling on either side is not at rest, and fewer than sixteen samples are no baseline: then it is the zero.
            assert_eq!(
                (level.rest > 0, row.rest as usize),
                (known, if known { rest - 32 } else { 0 }),
                "{rest}"
            );
            assert_eq!(level.base, if known { 3.0 } else { 3.25 }, "{rest}");
            // −900 µA and 886; where the zero is a quarter of a code off, so is the level less it.
            let off = if known { 0.0 } else { 0.25e-6 };
            let wide = if row.settled > 0 { 1.0 } else { f64::from(row.span) / length as f64 };
            assert!((left(&row, &levels) - (14e-6 + off * wide)).abs() < 2e-8, "{rest} {length}: {row:?}");
            assert_eq!(step.voltage.before.is_known(), rest >= 40, "{rest}");
        }
    }
}

#[test]
fn what_the_range_has_cut_off_is_told_though_the_mean_lies_within_it() {
    let rail = vec![1000; 4000];
    let clipped = |length: usize, change: &dyn Fn(&mut [i16], &mut [i16])| {
        let (mut a, mut b) = (vec![5; 4000], vec![-3; 4000]);
        a[1000..1000 + length].fill(-990);
        b[1000..1000 + length].fill(497);
        change(&mut a, &mut b);
        // A voltage at the end of its range is no matter of the currents.
        found(unfiltered(G), (length as u64, 100), [&a, &rail, &b]).0.clipped
    };
    // It clips for its first half and then droops.
    assert!(clipped(200, &|a, _| a[1000..1100].fill(-1000)));
    assert!(!clipped(200, &|a, _| a[1000..1200].fill(-999)));
    // Of either channel and at either end, but only what a level is made of: samples 1040 to 1159 and the rest from 715 to 982.
    for (at, is) in [(1039, false), (1040, true), (1159, true), (1160, false)] {
        assert_eq!(clipped(200, &|a, _| a[at] = -1000), is, "{at}");
        assert_eq!(clipped(200, &|_, b| b[at] = 1000), is, "{at}");
    }
    // One that is cut off is not made good by another.
    assert!(clipped(200, &|a, b| (a[1050], b[1050]) = (-1000, 1000)));
    for (at, is) in [(714, false), (715, true), (982, true), (983, false)] {
        assert_eq!(clipped(200, &|a, _| a[at] = 1000), is, "{at}");
    }
    // A charge over a width lies at no rail, whatever was cut off.
    assert!(!clipped(10, &|_, _| ()));
    assert!(clipped(10, &|a, _| a[1004] = -1000) && clipped(10, &|_, b| b[1004] = 1000));
}
