//! Phases that give way, and such as lack an edge.

use super::super::phase::plain;
use super::*;

const CONSTANTS: Constants =
    Constants { settling: 4, early: 0.0, late_area: 0.0, sharp: SharpEdge::UNFILTERED };

/// Codes one after another, so many of each.
fn held(codes: &[(i16, usize)]) -> Vec<i16> {
    codes.iter().flat_map(|(code, count)| std::iter::repeat_n(*code, *count)).collect()
}

#[test]
fn a_phase_that_has_given_way_by_its_middle_ends_where_it_last_stood() {
    // A thousand codes for forty samples, and a tenth of it for eighty more.
    let samples = held(&[(100, 50), (-900, 40), (0, 80), (100, 50)]);
    let (top, truncated) = plain(&samples, (50, 169), 100.0, 4.0);
    assert!(!truncated);
    // Half-way from 100 to −900 is −400: crossed at 49.5 going down; going up, from −900 to 0, at 89 and five ninths.
    assert_eq!((top.start, top.level), (49.5, -900.0));
    assert!((top.end - (89.0 + 5.0 / 9.0)).abs() < 1e-9, "{top:?}");
}

#[test]
fn a_phase_that_stands_at_its_middle_ends_with_the_edge_behind_it() {
    for base in [1000, 100, -300] {
        let low = base - 1000;
        let samples = held(&[(base, 50), (low, 70), (base, 20), (low, 30), (base, 50)]);
        let (top, truncated) = plain(&samples, (50, 169), f64::from(base), 4.0);
        assert!(!truncated);
        assert_eq!((top.start, top.end, top.level), (49.5, 119.5, f32::from(low)), "{base}");
    }
}

#[test]
fn two_edges_that_are_missing_do_not_make_up_for_each_other() {
    let truncated = |before: usize, behind: usize| {
        let samples = held(&[(0, before), (-900, 20), (0, 20), (900, 20), (0, behind)]);
        let at = before as u64;
        let excursions =
            [(at, at + 20), (at + 40, at + 60)].map(|(from, to)| Excursion { from, to, joined: false });
        let pulse = Shape { excursions: &excursions, quiet: (4.0, 4.0), ..Shape::default() };
        measured(&samples, at, &pulse, &CONSTANTS).0.flags.truncated
    };
    for (before, behind, is) in [(20, 20, false), (0, 20, true), (20, 0, true), (0, 0, true)] {
        assert_eq!(truncated(before, behind), is, "{before} {behind}");
    }
}
