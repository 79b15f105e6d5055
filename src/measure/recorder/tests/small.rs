//! Recharges that begin nothing, and what of them is told by when their switch closes.

use super::*;

/// The only row of a record.
fn row(program: &Program, codes: &[i16]) -> PulseRow {
    let found = rows(&recorded(program, codes));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

/// What flows back behind 200 samples of 1 mA from sample `from` on, as far as the record of `count` samples goes.
fn recharge(program: &Program, from: usize, count: usize, flows: impl Fn(usize) -> i16) -> f32 {
    let mut codes = quiet(count.max(6300));
    hold(&mut codes, 4000, 4200, -10_000);
    for (k, code) in codes[from..6251].iter_mut().enumerate() {
        *code = REST + flows(k);
    }
    row(program, &codes[..count]).recharge
}

#[test]
fn behind_a_longer_gap_than_the_filter_takes_twice_it_is_none_of_the_phase() {
    for (gap, closes, seen) in [(20.5, 4220, true), (32.5, 4232, true), (33.5, 4233, false)] {
        let program = Program { gap: gap * 1e-6, ..passive() };
        assert_eq!(recharge(&program, closes, 10_000, |_| 200) > 100.0, seen, "{gap}");
    }
}

#[test]
fn it_is_seen_where_its_mean_stands_out_of_the_noise_and_there_are_samples_of_it() {
    let short = Program { gap: 10.5e-6, ..passive() };
    // Four deviations, of 0.58 codes, of a mean of sixteen.
    assert!(recharge(&short, 4210, 10_000, |_| 1) > 0.5);
    assert_eq!(recharge(&short, 4210, 10_000, |k| i16::from(k % 2 == 0)), 0.0);
    // The switch closes at 4210, and two settling times later it is known.
    assert!(recharge(&short, 4210, 4242, |_| 200) > 100.0);
    assert_eq!(recharge(&short, 4210, 4241, |_| 200), 0.0);
}

#[test]
fn a_pulse_that_lacks_a_phase_has_none_yet() {
    let program = Program { recharge: Some(2e-3), ..biphasic() };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4200, 6451, -200);
    let found = row(&program, &codes);
    assert_eq!((found.count, found.recharge), (1, 0.0));
    // Nor is what follows its first phase by the same sign.
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4200, 4290, -3000);
    assert_eq!(row(&program, &codes).recharge, 0.0);
    // Behind a single phase none has its sign.
    let touching = Program { gap: 0.0, ..passive() };
    assert_eq!(row(&touching, &codes).recharge, 0.0);
}

/// Of the recovery's own sign: what is no longer than an edge is part of that.
#[test]
fn one_is_parted_from_the_recovery_where_it_lasts_for_two_settling_times_on_any_offset() {
    let program = Program { recharge: Some(2e-3), ..biphasic() };
    for (offset, sign) in [(0, 1), (-4900, 1), (4900, -1)] {
        for (lasts, parted) in [(20, false), (32, false), (33, true), (200, true)] {
            let mut codes = quiet(10_000);
            hold(&mut codes, 4000, 4200, -9000 * sign);
            hold(&mut codes, 4251, 4451, 9000 * sign);
            hold(&mut codes, 4451, 4451 + lasts, 3000 * sign);
            codes.iter_mut().for_each(|code| *code += offset);
            let found = row(&program, &codes);
            assert_eq!(found.count, 2);
            assert_eq!(found.recharge != 0.0, parted, "{offset} {sign} {lasts}: {found:?}");
        }
    }
}

/// Above 100 codes something begins, and while the filter rings behind a phase of 10 000 above 500.
#[test]
fn one_that_is_seen_when_the_ringing_is_over_began_with_its_switch() {
    let small = Program { amplitude: 0.2e-3, gap: 0.0, ..passive() };
    // It is no recharge of a pulse whose switch is not known to have closed.
    let lacking = Program { amplitude: 0.2e-3, recharge: Some(2e-3), ..biphasic() };
    let found = |program: &Program, size: f64| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        decay(&mut codes, (4200, 6201), size, 60.0);
        row(program, &codes)
    };
    let whole = f64::from(found(&small, 400.0).recharge);
    assert!((whole - 400.0 * f64::exp(0.5 / 60.0)).abs() < 3.0, "{whole}");
    // A sample later it is the same.
    let area = |first: i16| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200, 6201, 110);
        codes[4216] = REST + first;
        let row = row(&small, &codes);
        (row.phases()[0].area, row.phases()[0].end)
    };
    let (first, later) = (area(110), area(99));
    assert!((first.0 - later.0).abs() < 10.0 && first.1 == later.1, "{first:?} {later:?}");
    let lacks = f64::from(found(&lacking, -240.0).recharge);
    assert!((lacks + 240.0 * f64::exp(-15.5 / 60.0)).abs() < 3.0, "{lacks}");
}

#[test]
fn one_that_touches_a_rail_long_after_its_pulse_is_told_with_that() {
    let clipped = |size: i16| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        decay(&mut codes, (4250, 6251), 4000.0, 2000.0);
        codes[5500] = size;
        row(&passive(), &codes).flags.clipped
    };
    assert!(clipped(15_000) && !clipped(1000));
}

/// 150 ms of it are more than the history holds, and so is a phase of 40 000 samples for half of it.
#[test]
fn one_is_waited_for_no_longer_than_its_pulse_is_held_and_a_phase_is_waited_for() {
    let recovery = Recovery::Passive { duration: 150e-3, per_burst: false };
    let longer = Program { recovery, rate: 5.0, ..passive() };
    let mut codes = quiet(170_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4250, 154_251), 3000.0, 300_000.0);
    let found = row(&longer, &codes);
    assert_eq!((found.flags, found.phases()[0].area), (Flags::default(), -2_000_000.0));
    let active = Program { recharge: Some(50e-3), rate: 10.0, ..biphasic() };
    let mut codes = quiet(120_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4250, 44_250, 10_000);
    let found = row(&active, &codes);
    assert_eq!((found.count, found.flags, found.phases[1].end), (2, Flags::default(), 40_249.5));
}
