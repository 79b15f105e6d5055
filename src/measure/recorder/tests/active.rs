//! What a recharge finds behind an active recovery flows at once, by either sign, and is as large as the recovery left it.

use super::*;

/// Leading edges of three pulses.
const EDGES: [usize; 3] = [4000, 14_000, 24_000];

/// Behind an active recovery a recharge of either sign, eight tenths as large as a phase at once: what falls from there is no pulse. One
/// that comes on top of it is, where it comes.
#[test]
fn one_as_large_as_a_phase_is_told_from_a_pulse_by_its_time_and_its_fall() {
    let program = Program { recharge: Some(2e-3), ..biphasic() };
    let ends = 451;
    let train = |sign: f64| {
        let mut codes = quiet(34_000);
        for at in EDGES {
            hold(&mut codes, at, at + 200, -10_000);
            hold(&mut codes, at + 251, at + ends, 10_000);
            decay(&mut codes, (at + ends, at + ends + 2000), 8000.0 * sign, 700.0);
        }
        codes
    };
    let codes = train(-1.0);
    let recording = recorded(&program, &codes);
    let found = rows(&recording);
    assert_eq!(found.iter().map(|row| row.at as usize).collect::<Vec<_>>(), EDGES, "{found:?}");
    for (row, at) in found.iter().zip(EDGES) {
        let at = at as u64;
        assert_eq!((row.count, row.flags), (2, Flags::default()), "{row:?}");
        assert_eq!((row.start(), row.phases[1].start), (at as f64 - 0.5, 250.5), "{row:?}");
        assert_eq!(row.pulse_area, area(&codes, at - 17, at + ends as u64 + 2000 + 16));
    }
    assert_eq!(recording.contacts[0].unread.within(0..9).count(), 0);
    // A millisecond later another pulse: both of its phases, and where it begins.
    for size in [-6000, -10_000] {
        let mut codes = train(-1.0);
        for k in 0..200 {
            codes[15_500 + k] += size;
            codes[15_751 + k] -= size;
        }
        let found = rows(&recorded(&program, &codes));
        let starts: Vec<u64> = found.iter().map(|row| row.at).collect();
        assert_eq!(starts, [4000, 14_000, 15_500, 24_000], "{found:?}");
        let levels = |row: &PulseRow| [0, 1].map(|k| f64::from(row.phases[k].level) - row.base);
        let whole = |rows: &[PulseRow], sign: f64| {
            let are = |[first, second]: [f64; 2]| first * sign < -2000.0 && second * sign > 2000.0;
            rows.iter().all(|row| row.count == 2 && are(levels(row)))
        };
        assert!(whole(&found, 1.0), "{found:?}");
        // The other way round.
        codes[ZEROED as usize..].iter_mut().for_each(|code| *code = REST - (*code - REST));
        let turned = rows(&recorded(&program, &codes));
        assert!(turned.iter().map(|row| row.at).eq(starts) && whole(&turned, -1.0), "{turned:?}");
    }
}

/// What a switch lets through may take two settling times to come; what comes later on top of it is a pulse.
#[test]
fn one_that_comes_slowly_is_no_pulse() {
    let program = Program { recharge: Some(2e-3), ..biphasic() };
    for (after, pulses) in [(20, vec![4000]), (32, vec![4000]), (33, vec![4000, 4491])] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4251, 4451, 10_000);
        hold(&mut codes, 4458, 4458 + after, -1000);
        decay(&mut codes, (4458 + after, 6451), -9000.0, 700.0);
        let found = rows(&recorded(&program, &codes));
        assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), pulses, "{after}");
    }
}

/// What is taken back behind a single phase has the other sign: what adds to it is none of the next.
#[test]
fn what_adds_to_one_of_the_other_sign_is_no_pulse() {
    for sign in [1, -1] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000 * sign);
        decay(&mut codes, (4250, 6251), f64::from(8000 * sign), 300.0);
        decay(&mut codes, (5250, 6251), f64::from(7000 * sign), 300.0);
        let found = rows(&recorded(&passive(), &codes));
        assert_eq!(found.iter().map(|row| row.at).collect::<Vec<_>>(), [4000], "{sign}");
    }
}

/// What a recovery that is too small or too large leaves flows back at once, by its own sign or the other, and is none of the recovery's
/// charge: over the sixteen samples behind an edge of its own it would be up to 12 000 code-samples of it.
#[test]
fn behind_an_active_recovery_it_is_parted_from_the_last_phase() {
    let program = Program { recharge: Some(2e-3), ..biphasic() };
    for size in [-800.0, -100.0, 0.0, 100.0, 240.0, 800.0, 3000.0] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4251, 4451, 9000);
        decay(&mut codes, (4451, 6451), size, 900.0);
        let recording = recorded(&program, &codes);
        let found = rows(&recording);
        assert_eq!(
            (found.len(), found[0].count, found[0].flags),
            (1, 2, Flags::default()),
            "{size}: {found:?}"
        );
        let last = found[0].phases()[1];
        assert_eq!(last.level, f32::from(REST + 9000), "{size}");
        let initial = f64::from(found[0].recharge);
        assert!((initial - size * f64::exp(0.5 / 900.0)).abs() < 1.5, "{size}: {initial}");
        // Half-way from the level to where the recharge begins lies between the last sample of the one and the first of the other.
        assert!((f64::from(last.end) - 450.5).abs() < 1e-3, "{size}: {last:?}");
        if size == 0.0 {
            assert_eq!(last.area, 1_800_000.0);
            continue;
        }
        let late = (recording.front_end.delay - recording.front_end.area_delay) * 1e6;
        let carried = 9000.0 * late + (initial - 9000.0) * recording.front_end.early * 1e6;
        let beyond = f64::from(last.area) - 1_800_000.0 + carried;
        assert!(beyond.abs() < 10.0, "{size}: {beyond} {carried}");
        assert_eq!(found[0].pulse_area, area(&codes, 3983, 6467), "{size}");
    }
}
