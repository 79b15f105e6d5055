//! What a passive recharge takes back belongs to its pulse, and what else flows meanwhile does not.

use super::*;
use crate::signal::{Burst, Law, Ramp};

/// Leading edges of three pulses.
const EDGES: [usize; 3] = [4000, 14_000, 24_000];
/// Samples from a leading edge to where the switch closes, to where it has opened, and to where its pulse ends.
const CLOSED: usize = 250;
const OPENED: usize = 2251;
const OVER: u64 = OPENED as u64 + 16;

/// Three pulses with what is taken back behind each.
fn train() -> Vec<i16> {
    let mut codes = quiet(34_000);
    for at in EDGES {
        hold(&mut codes, at, at + 200, -10_000);
        decay(&mut codes, (at + CLOSED, at + OPENED), 4000.0, 500.0);
    }
    codes
}

#[test]
fn it_is_counted_to_the_opening_of_its_switch() {
    let codes = train();
    let rows = rows(&recorded(&passive(), &codes));
    assert_eq!(rows.len(), 3);
    for (n, (row, at)) in rows.iter().zip(EDGES).enumerate() {
        let at = at as u64;
        assert_eq!((row.number, row.at, row.count), (n, at, 1), "{row:?}");
        // Both edges are crossed half-way between two samples; sixteen samples of quiet belong to the pulse on either side.
        assert_eq!((row.start(), row.end()), (at as f64 - 0.5, at as f64 + 199.5));
        assert_eq!((row.from, row.pulse_span), (at - 17, OVER as u32 + 17));
        assert_eq!(row.pulse_area, area(&codes, at - 17, at + OVER));
        assert_eq!((row.base, row.flags), (f64::from(REST), Flags::default()));
        // The means of the samples that are seen are those of the exponential half a sample earlier.
        assert!((f64::from(row.recharge) - 4000.0 * f64::exp(0.5 / 500.0)).abs() < 1.5, "{row:?}");
        let after = row.after.unwrap();
        let last = n == 2;
        assert_eq!(after.value, f32::from(REST));
        // Quiet from the pulse's end to sixteen samples before the next, or before the end of the record.
        let quiet = if last { 34_000 - 16 - at - OVER } else { 10_000 - 16 - OVER };
        assert_eq!(
            (u64::from(after.count), after.centre),
            (quiet, (OVER as f64 + quiet as f64 / 2.0 - 0.5) as f32)
        );
        if last {
            assert!(row.cycle_area.is_nan() && row.cycle_span == 0);
        } else {
            assert_eq!((row.cycle_area, row.cycle_span), (area(&codes, at - 17, at + 9983), 10_000));
            let before = rows[n + 1].before.unwrap();
            assert_eq!((before.value, before.count), (after.value, after.count));
            assert_eq!(before.centre, after.centre - 10_000.0);
        }
    }
}

/// A fiftieth of the phase begins nothing, and ten samples behind the phase would be counted with it.
#[test]
fn a_small_one_behind_a_short_gap_is_none_of_the_charge_of_its_phase() {
    let short = Program { gap: 10.5e-6, ..passive() };
    let phase = |size: f64| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        decay(&mut codes, (4210, 6211), size, 5000.0);
        let found = rows(&recorded(&short, &codes));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].phases()[0]
    };
    let (small, none) = (phase(200.0), phase(0.0));
    assert_eq!((small.area, small.span), (-2_000_000.0, 16.0 + 200.0 + 0.5 * 10.5));
    assert_eq!((none.area, none.span), (-2_000_000.0, 16.0 + 200.0 + 16.0));
}

/// Phases of 240 samples instead of 200: what still flows when the switch opens is not another pulse.
#[test]
fn it_is_as_late_as_the_phase_before_it() {
    let mut codes = quiet(34_000);
    for at in EDGES {
        hold(&mut codes, at, at + 240, -10_000);
        decay(&mut codes, (at + CLOSED + 40, at + OPENED + 40), 4000.0, 2000.0);
    }
    let rows = rows(&recorded(&passive(), &codes));
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, at) in rows.iter().zip(EDGES) {
        let at = at as u64;
        assert_eq!((row.at, row.count), (at, 1));
        // The sixteen samples by which a phase may end later are the quiet that belongs to the pulse.
        assert_eq!(row.pulse_area, area(&codes, at - 17, at + OPENED as u64 + 40), "{row:?}");
    }
}

/// A clock that is 0.4 to 1 % slow keeps its switch closed for 8 to 20 samples more, behind which the recharge ends at its tenth.
#[test]
fn what_still_flows_because_the_clock_is_slow_is_no_other_pulse() {
    for more in [8, 17, 20, 44] {
        let mut codes = quiet(34_000);
        for at in EDGES {
            hold(&mut codes, at, at + 200, -10_000);
            decay(&mut codes, (at + CLOSED, at + OPENED + more), 8000.0, 3000.0);
        }
        let recording = recorded(&passive(), &codes);
        let rows = rows(&recording);
        assert_eq!(rows.len(), 3, "{more}: {rows:?}");
        assert!(recording.contacts[0].unread.is_empty());
        for (row, at) in rows.iter().zip(EDGES) {
            let (at, ends) = (at as u64, OPENED as u64 + more.max(16) as u64);
            assert_eq!((row.at, row.count), (at, 1));
            assert!(row.pulse_area == area(&codes, at - 17, at + ends + 16), "{more}: {row:?}");
            assert_eq!(row.after.map(|level| level.value), Some(f32::from(REST)));
        }
    }
    // A twentieth longer is no clock's doing.
    let mut codes = quiet(34_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4000 + CLOSED, 4000 + OPENED + 100), 8000.0, 3000.0);
    assert_eq!(rows(&recorded(&passive(), &codes)).len(), 2);
}

/// It flows for 60 000 samples, which is longer than a phase is followed: its pulse is told before it is over.
#[test]
fn one_that_outlasts_the_history_leaves_its_pulse_whole() {
    let recovery = Recovery::Passive { duration: 60e-3, per_burst: false };
    let program = Program { recovery, rate: 10.0, ..passive() };
    let mut codes = quiet(210_000);
    for at in [4000, 104_000] {
        hold(&mut codes, at, at + 200, -10_000);
        decay(&mut codes, (at + CLOSED, at + CLOSED + 60_000), 2000.0, 200_000.0);
    }
    let recording = recorded(&program, &codes);
    assert!(recording.contacts[0].endless.is_empty() && recording.contacts[0].unread.is_empty());
    let rows = rows(&recording);
    assert_eq!(rows.len(), 2);
    for (row, at) in rows.iter().zip([4000, 104_000]) {
        assert_eq!((row.at, row.count, row.flags), (at, 1, Flags::default()), "{row:?}");
        assert_eq!((row.start(), row.end()), (at as f64 - 0.5, at as f64 + 199.5));
        assert_eq!((row.phases[0].level, row.phases[0].area), (f32::from(REST - 10_000), -2_000_000.0));
        assert_eq!(row.after.map(|level| level.value), Some(f32::from(REST)));
    }
    assert_eq!((rows[0].cycle_area, rows[0].cycle_span), (area(&codes, 3983, 103_983), 100_000));
}

#[test]
fn it_is_counted_to_its_end_wherever_that_lies_in_a_stretch() {
    for at in 4110..4160_u64 {
        let mut codes = quiet(8000);
        hold(&mut codes, at as usize, at as usize + 200, -10_000);
        let row = rows(&recorded(&passive(), &codes))[0];
        assert_eq!((row.from, u64::from(row.pulse_span)), (at - 17, OVER + 17), "{at}");
    }
}

#[test]
fn the_charge_of_a_phase_goes_half_way_to_what_takes_it_back() {
    let codes = train();
    let rows = rows(&recorded(&passive(), &codes));
    for (row, at) in rows.iter().zip(EDGES) {
        let phase = row.phases()[0];
        assert_eq!((phase.level, phase.area), (f32::from(REST - 10_000), -2_000_000.0));
        // From 16.5 samples before the edge to 16 behind the last: the middle of the gap lies later.
        assert_eq!(phase.span, 16.0 + 200.0 + 16.0, "{at}");
    }
    // Where the switch closes 20 samples behind the phase, it is the middle between the two.
    let sooner = Program { gap: 20.5e-6, ..passive() };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4220, 6221), 4000.0, 500.0);
    let row = recorded(&sooner, &codes).contacts[0].pulses.iter().next().unwrap();
    assert_eq!(row.phases()[0].span, 16.0 + 200.0 + 0.5 * 20.5);
    assert!((f64::from(row.recharge) - 4000.0 * f64::exp(0.5 / 500.0)).abs() < 1.5, "{row:?}");
}

#[test]
fn without_a_gap_its_charge_begins_where_the_current_turns() {
    let touching = Program { gap: 0.0, ..passive() };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4200, 6201), 6000.0, 400.0);
    let recording = recorded(&touching, &codes);
    let row = rows(&recording)[0];
    let initial = f64::from(row.recharge);
    assert!((initial - 6000.0 * f64::exp(0.5 / 400.0)).abs() < 1.5, "{row:?}");
    // Half-way from −10 000 to there, between the last sample of the one and the first of the other.
    let part = (0.5 * (initial - 10_000.0) + 10_000.0) / 16_000.0;
    let phase = row.phases()[0];
    assert!((f64::from(phase.end) - (199.0 + part)).abs() < 1e-3, "{phase:?}");
    // The 200 samples up to there, less what the filter would have let through of the step by then.
    let late = (recording.front_end.delay - recording.front_end.area_delay) * 1e6;
    let carried = -10_000.0 * late + (initial + 10_000.0) * recording.front_end.early * 1e6;
    let beyond = f64::from(phase.area) + 2_000_000.0 + carried;
    assert!(carried.abs() > 1000.0 && beyond.abs() < 10.0, "{beyond} {carried}");
    assert_eq!(row.pulse_area, area(&codes, 3983, 4000 + 2201 + 16));
}

/// A recharge beside the recovery has no rest before it, whatever the gap of the program is: over the sixteen samples of quiet behind
/// an edge of its own, its three hundredths of a phase would be 4700 code-samples of the phase's charge.
#[test]
fn a_small_one_that_follows_at_once_in_spite_of_a_gap_shares_the_edge_too() {
    let pairs = Program {
        waveform: Waveform::Alternating,
        recovery: Recovery::None,
        recharge: Some(2e-3),
        gap: 20.5e-6,
        rate: 50.0,
        ..biphasic()
    };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4200, 6201), 300.0, 400.0);
    let recording = recorded(&pairs, &codes);
    let row = rows(&recording)[0];
    let initial = f64::from(row.recharge);
    assert!((initial - 300.0 * f64::exp(0.5 / 400.0)).abs() < 1.5, "{row:?}");
    let late = (recording.front_end.delay - recording.front_end.area_delay) * 1e6;
    let carried = -10_000.0 * late + (initial + 10_000.0) * recording.front_end.early * 1e6;
    let beyond = f64::from(row.phases()[0].area) + 2_000_000.0 + carried;
    assert!(beyond.abs() < 10.0, "{beyond} {carried}");
}

/// Three hundredths of a phase begin nothing. The edge is the crossing half-way to them all the same, and they are no part of the
/// phase's charge: over the sixteen samples of quiet behind an edge of its own they would be 4700 code-samples of it.
#[test]
fn without_a_gap_it_is_told_from_the_phase_however_small_it_is() {
    let touching = Program { gap: 0.0, ..passive() };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4200, 6201), 300.0, 400.0);
    let recording = recorded(&touching, &codes);
    let row = rows(&recording)[0];
    let initial = f64::from(row.recharge);
    assert!((initial - 300.0 * f64::exp(0.5 / 400.0)).abs() < 1.5, "{row:?}");
    let part = (0.5 * (initial - 10_000.0) + 10_000.0) / 10_300.0;
    let phase = row.phases()[0];
    assert!((f64::from(phase.end) - (199.0 + part)).abs() < 1e-3, "{phase:?}");
    let late = (recording.front_end.delay - recording.front_end.area_delay) * 1e6;
    let carried = -10_000.0 * late + (initial + 10_000.0) * recording.front_end.early * 1e6;
    let beyond = f64::from(phase.area) + 2_000_000.0 + carried;
    assert!(beyond.abs() < 10.0, "{beyond} {carried}");
    // Where nothing flows, nothing is told from it.
    codes[4200..].fill(REST);
    let row = rows(&recorded(&touching, &codes))[0];
    assert_eq!((row.recharge, row.phases()[0].area), (0.0, -2_000_000.0));
}

#[test]
fn behind_an_active_recovery_it_has_either_sign() {
    let program = Program { recharge: Some(1e-3), ..biphasic() };
    for size in [3000.0, -3000.0] {
        let mut codes = quiet(16_000);
        for at in [4000, 14_000] {
            hold(&mut codes, at, at + 200, -10_000);
            hold(&mut codes, at + 250, at + 450, 10_000);
            // The switch closes with the end of the recovery, 450.5 samples behind the edge.
            decay(&mut codes, (at + 460, at + 1451), size, 300.0);
        }
        let rows = rows(&recorded(&program, &codes));
        assert_eq!(rows.len(), 2, "{size}");
        for (row, at) in rows.iter().zip([4000, 14_000]) {
            assert_eq!((row.at, row.count), (at, 2));
            assert!((f64::from(row.recharge) - size * f64::exp(0.5 / 300.0)).abs() < 1.5, "{row:?}");
            assert_eq!(row.pulse_area, area(&codes, at - 17, at + 1451 + 16), "{row:?}");
        }
    }
}

#[test]
fn a_phase_of_the_leading_sign_meanwhile_is_the_next_pulse() {
    let mut codes = quiet(14_000);
    for at in [4000, 5000] {
        hold(&mut codes, at, at + 200, -10_000);
        decay(&mut codes, (at + CLOSED, at + OPENED), 4000.0, 500.0);
    }
    codes[5200..5250].fill(REST);
    let rows = rows(&recorded(&passive(), &codes));
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 5000]);
    assert_eq!(rows[0].pulse_area, area(&codes, 3983, 5000), "until the next begins");
    assert!(
        (f64::from(rows[0].recharge) - 4000.0 * f64::exp(0.5 / 500.0)).abs() < 1.5,
        "it is seen all the same"
    );
    assert!(rows[1].before.is_none() && rows[0].after.is_none(), "between them it was never quiet");
    // Without a quiet level before it, areas are counted from the zero.
    let span = OVER + 17;
    assert_eq!((rows[1].base, u64::from(rows[1].pulse_span)), (f64::from(ZERO), span));
    let more = f64::from(REST - ZERO) * span as f64;
    assert_eq!(rows[1].pulse_area, area(&codes, 4983, 5000 + OVER) + more);
}

#[test]
fn what_is_as_tall_as_a_phase_is_one_where_it_begins_too_late_for_a_recharge() {
    // The filter may show a closing two settling times late.
    for (late, expected) in [(32, vec![4000]), (33, vec![4000, 4283])] {
        let mut codes = quiet(12_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4000 + CLOSED + late, 4600, 10_000);
        let found = rows(&recorded(&passive(), &codes));
        assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), expected, "{late}");
        // What is a pulse of its own was taken back by none.
        assert!(found.len() == 1 || found[0].recharge == 0.0, "{found:?}");
    }
    // What flows back behind it is its own recharge.
    let mut codes = quiet(12_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4400, 4600, 10_000);
    decay(&mut codes, (4650, 6651), -4000.0, 500.0);
    let found = rows(&recorded(&passive(), &codes));
    assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 4400]);
    // It is counted from the zero, two codes below the rest.
    let expected = -4000.0 * f64::exp(0.5 / 500.0);
    assert!((f64::from(found[1].recharge) - expected).abs() < 4.5, "{found:?}");
    // Half the programmed amplitude is tall; what stays below it is taken back, however late.
    for (size, count) in [(5000, 1), (5001, 2)] {
        let mut codes = quiet(12_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 5000, 5200, size);
        let found = rows(&recorded(&passive(), &codes));
        assert_eq!(found.len(), count, "{size}");
        assert_eq!(found[0].recharge == 0.0, count == 2, "{found:?}");
    }
}

/// The smallest pulse of the ramp is 5 uA, and half of it tall: what a pulse of 1 mA has left to take back is larger for long.
#[test]
fn on_a_ramp_the_tail_of_a_recharge_is_measured_by_its_own_pulse() {
    let program = Program { ramp: Some(Ramp { up: 1.0, law: Law::Linear }), ..passive() };
    // Below 200 codes, a fortieth of its peak, it counts as over, and then it is found to flow still.
    let mut codes = quiet(12_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4000 + CLOSED, 4000 + OPENED), 8000.0, 500.0);
    let found = rows(&recorded(&program, &codes));
    assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4000], "{found:?}");
    assert_eq!(found[0].pulse_area, area(&codes, 3983, 4000 + OVER));
    // What has half the size of the pulse itself is a phase all the same, unless the smallest that is expected is larger.
    for (own, tall) in [(10_000, 5000), (400, 200), (40, 25)] {
        for (size, count) in [(tall, 1), (tall + 1, 2)] {
            let mut codes = quiet(12_000);
            hold(&mut codes, 4000, 4200, -own);
            hold(&mut codes, 5000, 5200, size);
            assert_eq!(rows(&recorded(&program, &codes)).len(), count, "{own} {size}");
        }
    }
    // So it is behind a row that did not wait for the opening.
    let recovery = Recovery::Passive { duration: 50e-3, per_burst: false };
    let slow = Program { recovery, rate: 10.0, ..program };
    for (size, count) in [(5000, 2), (5001, 3)] {
        let mut codes = quiet(150_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 45_000, 45_200, size);
        hold(&mut codes, 104_000, 104_200, -10_000);
        assert_eq!(rows(&recorded(&slow, &codes)).len(), count, "{size}");
    }
}

#[test]
fn what_still_flows_when_the_switch_has_opened_is_the_next_pulse() {
    // The switch opens 2251 samples behind the edge, that of a clock 2 % slow 45 later, and the filter has settled 16 later.
    let mut codes = quiet(12_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 6000, 6600, 3000);
    let found = rows(&recorded(&passive(), &codes));
    assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 4000 + OVER + 45 + 1], "{found:?}");
    // It has no edge of its own.
    assert_eq!((found[1].count, found[1].flags.truncated, found[1].recharge), (1, true, 0.0));
    assert!(found[1].phases()[0].area > 3000.0 * 300.0, "it is what flows until 6600: {found:?}");
    // One that begins with the opening is a recharge still, and one sample later it is not.
    for (at, count) in [(4000 + OPENED, 1), (4000 + OPENED + 1, 2)] {
        let mut codes = quiet(12_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, at, at + 10, 3000);
        assert_eq!(rows(&recorded(&passive(), &codes)).len(), count, "{at}");
    }
}

#[test]
fn a_recharge_that_outlasts_the_history_is_waited_for_no_longer() {
    // 50 ms: from 250 samples behind the edge to 50 251. The row is written after half the history.
    let recovery = Recovery::Passive { duration: 50e-3, per_burst: false };
    let slow = Program { recovery, rate: 10.0, ..passive() };
    let at = |program: &Program, (from, to): (usize, usize), size: i16| {
        let mut codes = quiet(150_000);
        hold(&mut codes, 4000, 4200, -10_000);
        decay(&mut codes, (4250, 54_251), 4000.0, 5000.0);
        hold(&mut codes, from, to, size);
        hold(&mut codes, 104_000, 104_200, -10_000);
        let rows = rows(&recorded(program, &codes));
        rows.iter().map(|row| row.at).collect::<Vec<_>>()
    };
    let long = |size: i16| at(&slow, (45_000, 45_200), size);
    // What flows on has the sign of a recharge and is no pulse; the leading sign, or a phase's size, begins a pulse.
    assert_eq!(long(4000), [4000, 104_000]);
    assert_eq!(long(-3000), [4000, 45_000, 104_000]);
    assert_eq!(long(8000), [4000, 45_000, 104_000]);
    // So does what begins once the switch is open.
    assert_eq!(at(&slow, (54_251, 54_261), 3000), [4000, 104_000]);
    assert_eq!(at(&slow, (54_252, 54_262), 3000), [4000, 54_252, 104_000]);
    // Behind an active recovery what is taken back has either sign.
    let active = Program { recharge: Some(50e-3), rate: 10.0, ..biphasic() };
    assert_eq!(at(&active, (45_000, 45_200), -3000), [4000, 104_000]);
    // Of one longer than the history the row is written while its samples are held.
    let recovery = Recovery::Passive { duration: 150e-3, per_burst: false };
    let longer = Program { recovery, rate: 5.0, ..passive() };
    let mut codes = quiet(170_000);
    hold(&mut codes, 4000, 4200, -10_000);
    let row = rows(&recorded(&longer, &codes))[0];
    assert_eq!((row.flags, row.phases()[0].area), (Flags::default(), -2_000_000.0));
}

#[test]
fn what_flows_behind_a_row_moves_its_quiet_level_and_not_the_sample_it_counts_from() {
    let recovery = Recovery::Passive { duration: 50e-3, per_burst: false };
    let slow = Program { recovery, rate: 10.0, ..passive() };
    let mut codes = quiet(150_000);
    for at in [4000, 104_000] {
        hold(&mut codes, at, at + 200, -10_000);
    }
    // Behind half the history the row is written; this is a recharge yet. It is quiet from the opening of the switch on.
    hold(&mut codes, 45_000, 45_200, 3000);
    let rows = rows(&recorded(&slow, &codes));
    let (after, before) = (rows[0].after.unwrap(), rows[1].before.unwrap());
    assert_eq!((rows.len(), after.count, before.count), (2, 103_984 - 54_267, 103_984 - 54_267));
    let middle = 0.5 * (54_267.0 + 103_983.0);
    assert_eq!((after.centre, before.centre), ((middle - 4000.0) as f32, (middle - 104_000.0) as f32));
}

#[test]
fn at_the_end_of_a_burst_only_the_last_pulse_is_recharged() {
    let recovery = Recovery::Passive { duration: 2e-3, per_burst: true };
    let burst = Some(Burst { pulses: 3, rate: 500.0 });
    let program = Program { recovery, burst, ..passive() };
    let mut codes = quiet(14_000);
    for at in [4000, 6000, 8000] {
        hold(&mut codes, at, at + 200, -10_000);
    }
    decay(&mut codes, (8000 + CLOSED, 8000 + OPENED), 8000.0, 600.0);
    let rows = rows(&recorded(&program, &codes));
    assert_eq!(rows.iter().map(|row| row.at).collect::<Vec<_>>(), [4000, 6000, 8000]);
    for row in &rows[..2] {
        assert_eq!((row.recharge, row.pulse_span), (0.0, 17 + 216), "{row:?}");
        assert_eq!(row.pulse_area, -2_000_000.0);
    }
    assert!((f64::from(rows[2].recharge) - 8000.0 * f64::exp(0.5 / 600.0)).abs() < 1.5);
    assert_eq!(rows[2].pulse_area, area(&codes, 7983, 8000 + OVER));
}
