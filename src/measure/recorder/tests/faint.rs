//! Phases that hardly stand out, edges behind a small overshoot, and rests that lie a little off the last.

use super::*;

fn found(program: &Program, codes: &[i16]) -> Vec<(u64, u8)> {
    rows(&recorded(program, codes)).iter().map(|row| (row.at, row.count)).collect()
}

/// What is no larger than twice the 500 codes that begin a phase may fall back for sixteen samples.
#[test]
fn one_that_hardly_stands_out_goes_on_through_what_noise_takes_out_of_it() {
    let run = |size: i16, from: usize, missing: usize| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -size);
        hold(&mut codes, 4250, 4450, size);
        hold(&mut codes, from, from + missing, 0);
        codes
    };
    for (from, missing) in [(4100, 1), (4100, 16), (4350, 1), (4350, 16)] {
        assert_eq!(found(&biphasic(), &run(800, from, missing)), [(4000, 2)], "{from} {missing}");
    }
    assert_eq!(found(&biphasic(), &run(800, 4100, 17)), [(4000, 1), (4117, 2)]);
    assert_eq!(found(&biphasic(), &run(1000, 4100, 1)), [(4000, 2)]);
    assert_eq!(found(&biphasic(), &run(1001, 4100, 1)), [(4000, 1), (4101, 2)]);
    // By the program a pulse is over 450.5 samples behind its leading edge.
    for (at, pulses) in [(4449, vec![(4000, 1)]), (4450, vec![(4000, 1), (4451, 1)])] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4600, -800);
        codes[at] = REST;
        assert_eq!(found(&biphasic(), &codes), pulses);
    }
}

#[test]
fn a_sample_of_rest_between_two_phases_is_their_edge_and_two_are_a_gap() {
    for (rest, end, start) in [(1, 200.0, 200.0), (2, 199.5, 201.5)] {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        hold(&mut codes, 4200 + rest, 4400 + rest, 10_000);
        let row = rows(&recorded(&biphasic(), &codes))[0];
        assert_eq!((row.phases[0].end, row.phases[1].start), (end, start), "{rest}");
    }
}

/// What counts as the end of a phase is a part of its largest current, on either side of any offset, however long ago that was: 40
/// codes of a rest that lies elsewhere are more than the end of a phase of 1000 codes, and less than that of one of 8000.
#[test]
fn a_phase_ends_by_the_largest_it_has_been() {
    let recovery = Recovery::None;
    let small = Program { amplitude: 0.1e-3, waveform: Waveform::Monophasic, recovery, ..biphasic() };
    for (offset, sign) in [(-9000, 1), (9000, -1), (0, 1), (0, -1)] {
        for long in [false, true] {
            let mut codes = vec![offset; 8000];
            // In one stretch of 256 samples, or with the largest in the first of three.
            let (start, end) = if long { (4000, 4540) } else { (4100, 4200) };
            codes[start..start + 100].fill(offset + sign * 8000);
            codes[start + 100..end].fill(offset + sign * 1000);
            codes[end..].fill(offset + sign * 40);
            // Another pulse of the same sign.
            codes[end + 50..end + 60].fill(offset + sign * 1000);
            let expected = [(start as u64, 1), (end as u64 + 50, 1)];
            assert_eq!(found(&small, &codes), expected, "{offset} {sign} {long}");
        }
    }
}

#[test]
fn of_a_rest_that_swings_the_pulses_on_either_side_are_told() {
    let restless = |from: usize, to: usize| {
        let mut codes = quiet(34_000);
        for at in [4000, 14_000, 24_000] {
            hold(&mut codes, at, at + 200, -10_000);
            hold(&mut codes, at + 250, at + 450, 10_000);
        }
        codes[from..to].iter_mut().step_by(2).for_each(|code| *code += 20);
        recorded(&biphasic(), &codes).contacts[0].restless.within(0..9).collect::<Vec<_>>()
    };
    assert_eq!(restless(2100, 3900), [0]);
    assert_eq!(restless(5000, 13_000), [0, 1]);
    assert_eq!(restless(15_000, 23_000), [1, 2]);
    assert_eq!(restless(25_000, 33_000), [2]);
}
