//! Phases without a rest between them share one edge.

use super::edge::{Slope, crossing, last_crossing};
use super::excursion::{Excursion, Top};
use super::thresholds::Thresholds;

/// Which phases share an edge with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Joined {
    /// Whether phase `k` begins with the edge that ends phase `k` − 1.
    pub(super) with_last: [bool; 3],
    /// The longest that such an edge takes from half the level of one phase to half that of the other, samples: a rest between
    /// them is hidden in it, and no longer than it.
    pub(super) longest: f64,
}

/// Tells which phases begin with the edge that ends the one before, and gives both its instant: where the midpoint between their
/// levels is crossed (measurands.md, *width*).
pub(super) fn join(
    samples: &[i16],
    excursions: &[Excursion],
    tops: &mut [Top],
    base: f64,
    gapless: Option<&Thresholds>,
) -> Joined {
    let mut joined = Joined::default();
    let outer = tops.first().copied().zip(tops.last().copied());
    for (k, pair) in excursions.windows(2).enumerate() {
        let ([before, behind], Some([a, b])) = (pair, tops.get_mut(k..k + 2).and_then(<[Top]>::as_mut_array))
        else {
            break;
        };
        let between = behind.from.saturating_sub(before.to);
        let restless = gapless.is_some_and(|rests| passes_through((a, b), between, base, rests));
        if !behind.joined && !restless
            || outer.is_some_and(|outer| rests(samples, outer, (a, b), base, gapless))
        {
            continue;
        }
        joined.longest = joined.longest.max(b.start - a.end);
        let shared = meeting(samples, a, f64::from(b.level)).unwrap_or(0.5 * (a.end + b.start));
        (a.end, b.start) = (shared, shared);
        if let Some(joined) = joined.with_last.get_mut(k + 1) {
            *joined = true;
        }
    }
    joined
}

/// Whether the samples between two phases, `between` of them, are those of one edge: a fast converter sees several, a slow edge
/// makes several. An edge passes through what counts as rest in proportion to what it takes between the half levels. It is
/// flatter near its ends, where a small phase behind a tall one lies: three times as long is one edge still.
fn passes_through((a, b): (&Top, &Top), between: u64, base: f64, rests: &Thresholds) -> bool {
    let height = |top: &Top| (f64::from(top.level) - base).abs();
    let band = rests.leave(height(a)) + rests.enter(height(a));
    let expected = (b.start - a.end) * band / (0.5 * (height(a) + height(b))).max(1.0);
    between as f64 <= 1.0 + 3.0 * expected
}

/// So many times as long as it may be is an edge no more.
const LONGER: f64 = 1.1;

/// Whether two phases rest between each other though no sample shows it: half of the one level and half of the other are farther apart than
/// they are on an edge as fast as the outer ones of the pulse. Between a fifth and a half of their levels those take, together, 1.68 σ
/// behind a filter of many poles (σ of its step's slope), ln 4 τ behind a single pole; a shared one takes 1.4 to 1.8 σ,
/// ln(2 + a/b) τ between the halves of a and b. Phases that hardly stand out of the noise are not told apart so.
fn rests(
    samples: &[i16],
    (first, last): (Top, Top),
    (a, b): (&Top, &Top),
    base: f64,
    gapless: Option<&Thresholds>,
) -> bool {
    let height = |top: &Top| (f64::from(top.level) - base).abs();
    let (before, behind) = (height(a), height(b));
    if gapless.is_some_and(|rests| before.min(behind) < 4.0 * rests.high) {
        return false;
    }
    let longest = ((2.0 + before / behind).ln() / 4_f64.ln()).max(1.1);
    outer_edges(samples, (&first, &last), base)
        .is_some_and(|outer| b.start - a.end > 0.5 + LONGER * longest * outer)
}

/// How long the outer edges of a pulse take between a fifth and a half of their levels, together, samples.
fn outer_edges(samples: &[i16], (first, last): (&Top, &Top), base: f64) -> Option<f64> {
    let fifth = |top: &Top| base + 0.2 * (f64::from(top.level) - base);
    let slope = |top: &Top, begins: bool| {
        if (f64::from(top.level) > base) == begins { Slope::Rising } else { Slope::Falling }
    };
    let rises = last_crossing(samples, first.start as usize + 2, fifth(first), slope(first, true))?;
    let falls = crossing(samples, last.end as usize, fifth(last), slope(last, false))?;
    Some((first.start - rises) + (falls - last.end))
}

/// Where a phase gives way to another level without a gap: at the crossing of the midpoint between the two.
pub(super) fn meeting(samples: &[i16], top: &Top, next: f64) -> Option<f64> {
    let level = f64::from(top.level);
    let slope = if next > level { Slope::Rising } else { Slope::Falling };
    crossing(samples, (0.5 * (top.start + top.end)) as usize, 0.5 * (level + next), slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::row::{Constants, Shape, measured};
    use crate::measure::{FrontEnd, PhaseRow};
    use crate::signal::Calibration;

    /// Two phases of 1000 samples, of these heights, `rest` apart; every edge a straight line of `edge` samples. Each phase, and
    /// the samples between them that are within the thresholds.
    fn two(edge: f64, rest: f64, (a, b): (f64, f64), gapless: bool) -> [PhaseRow; 2] {
        // Half-way through their edges phases begin at 100.3 and end 1000 later.
        let ramp = |t: f64, at: f64| ((t - at) / edge + 0.5).clamp(0.0, 1.0);
        let height = |k: usize| {
            let t = k as f64;
            let leading = ramp(t, 100.3) - ramp(t, 1100.3);
            let recovery = ramp(t, 1100.3 + rest) - ramp(t, 2100.3 + rest);
            a * leading + b * recovery
        };
        let samples: Vec<i16> = (0..2400).map(|k| height(k).round() as i16).collect();
        let calibration = Calibration { lsb: 1e-6, noise: 0.5, ..Calibration::default() };
        let rests = Thresholds::of(&calibration, f64::INFINITY);
        let over = |limit: f64, from: usize, sign: f64| {
            let found = samples[from..].iter().position(|code| f64::from(*code) * sign > limit);
            (from + found.unwrap()) as u64
        };
        let under = |limit: f64, from: u64, sign: f64| {
            let found = samples[from as usize..].iter().position(|code| f64::from(*code) * sign < limit);
            from + found.unwrap() as u64
        };
        let (first, tall) = (over(rests.high, 0, a.signum()), a.abs());
        let ends = under(rests.leave(tall), first + 500, a.signum());
        let second = over(rests.enter(tall), ends as usize, b.signum());
        let last = under(rests.leave(b.abs()), second + 500, b.signum());
        let joined = second <= ends + 1;
        let excursions = [
            Excursion { from: first, to: ends, joined: false },
            Excursion { from: second, to: last, joined },
        ];
        let gapless = gapless.then_some(&rests);
        let pulse = Shape { excursions: &excursions, quiet: (20.0, 20.0), gapless, ..Shape::default() };
        let constants = Constants::of(&FrontEnd::bessel(0, 0.0, 1e-6), 1e6);
        let (_, found) = measured(&samples, first, &pulse, &constants);
        let at = |phase: PhaseRow| PhaseRow {
            start: phase.start + first as f32,
            end: phase.end + first as f32,
            ..phase
        };
        [at(found[0]), at(found[1])]
    }

    #[test]
    fn one_slow_edge_is_shared_however_many_samples_it_has() {
        for edge in [1.0, 3.0, 10.0, 40.0, 150.0] {
            for heights in [(-4000.0, 4000.0), (4000.0, -1000.0), (-4000.0, 400.0), (300.0, -300.0)] {
                let [a, b] = two(edge, 0.0, heights, true);
                assert_eq!(a.end, b.start, "{edge} {heights:?}");
                assert!((a.end - 1100.3).abs() < 0.6, "{edge} {heights:?} {a:?}");
                assert!((a.end - a.start - 1000.0).abs() < 0.6, "{edge} {heights:?} {a:?}");
            }
        }
    }

    #[test]
    fn a_rest_between_phases_is_a_gap_whether_the_program_has_one_or_not() {
        for (edge, rest) in [(1.0, 4.0), (3.0, 8.0), (10.0, 20.0), (40.0, 60.0)] {
            for gapless in [true, false] {
                let [a, b] = two(edge, rest, (-4000.0, 4000.0), gapless);
                assert!((f64::from(b.start - a.end) - rest).abs() < 0.6, "{edge} {rest} {a:?} {b:?}");
            }
        }
        // Where the program rests, an edge of many samples is no shared one.
        let [a, b] = two(40.0, 0.0, (-4000.0, 4000.0), false);
        assert!(b.start > a.end);
    }

    /// Edges of a filter of many poles have the slope of a bell: σ of 1.37 samples is one of 100 kHz at 1 MS/s. Samples rest at none of the
    /// phases' levels where the rest is as short as an edge.
    #[test]
    fn a_rest_that_no_sample_shows_is_told_by_how_far_the_halves_are_apart() {
        let step = |t: f64| 1.0 / (1.0 + (-1.702 * t / 1.37).exp());
        let widths = |rest: f64, (a, b): (f64, f64)| {
            let height = |k: i32| {
                let t = f64::from(k) - 100.3;
                a * (step(t) - step(t - 200.0)) + b * (step(t - 200.0 - rest) - step(t - 400.0 - rest))
            };
            let samples: Vec<i16> = (0..600).map(|k| height(k).round() as i16).collect();
            let calibration = Calibration { lsb: 1e-6, noise: 0.5, ..Calibration::default() };
            let rests = Thresholds::of(&calibration, 1e-6 * a.abs());
            let touching = [(100, 301, false), (302, 502, true)];
            let excursions = touching.map(|(from, to, joined)| Excursion { from, to, joined });
            let pulse = Shape {
                excursions: &excursions,
                quiet: (20.0, 20.0),
                gapless: Some(&rests),
                ..Shape::default()
            };
            let constants = Constants::of(&FrontEnd::bessel(0, 0.0, 1e-6), 1e6);
            let found = measured(&samples, 0, &pulse, &constants).1;
            [0, 1].map(|k| f64::from(found[k].end - found[k].start))
        };
        for heights in [(-4000.0, 4000.0), (4000.0, -2000.0), (-2000.0, 4000.0)] {
            for rest in [0.0, 4.5, 5.0, 6.0] {
                let [a, b] = widths(rest, heights);
                assert!((a - 200.0).abs() < 0.1 && (b - 200.0).abs() < 0.1, "{rest} {heights:?}: {a} {b}");
            }
        }
    }

    fn top(start: f64, end: f64, level: f32) -> Top {
        Top { start, end, level, settled: 8 }
    }

    /// Straight edges of ten samples: those outside take three each between a fifth and a half of their levels.
    #[test]
    fn halves_that_are_farther_apart_than_edges_take_have_a_rest_between_them() {
        let told = |base: f64, (a, b): (f64, f64), apart: f64, high: f64| {
            let ramp = |t: f64| (t / 10.0 + 0.5).clamp(0.0, 1.0);
            let ends = [50.0, 150.0, 150.0 + apart, 250.0 + apart];
            let height = |k: i32| {
                let [rises, gives, takes, falls] = ends.map(|end| ramp(f64::from(k) - end));
                base + a * (rises - gives) + b * (takes - falls)
            };
            let samples: Vec<i16> = (0..300).map(|k| height(k).round() as i16).collect();
            let [first, last] = [(ends[0], ends[1], a), (ends[2], ends[3], b)]
                .map(|(start, end, height)| top(start, end, (base + height) as f32));
            let rests_at = Thresholds { high, low: 0.5 * high, tall: f64::INFINITY };
            rests(&samples, (first, last), (&first, &last), base, Some(&rests_at))
        };
        for base in [0.0, 1200.0, -1200.0] {
            for heights in [(4000.0, -2000.0), (-2000.0, 4000.0), (8000.0, -800.0), (-8000.0, 800.0)] {
                let ratio = f64::abs(heights.0 / heights.1);
                let most = 0.5 + LONGER * ((2.0 + ratio).ln() / 4_f64.ln()).max(1.1) * 6.0;
                assert!(!told(base, heights, most - 0.03, 50.0), "{base} {heights:?} {most}");
                assert!(told(base, heights, most + 0.03, 50.0), "{base} {heights:?} {most}");
                // Four times what stands out of the noise is enough for the smaller one.
                let fourth = 0.25 * f64::abs(heights.0).min(f64::abs(heights.1));
                assert!(!told(base, heights, most + 5.0, fourth + 1.0), "{base} {heights:?}");
                assert!(told(base, heights, most + 5.0, fourth - 1.0), "{base} {heights:?}");
            }
        }
    }

    #[test]
    fn phases_that_touch_meet_half_way_and_what_their_edge_took_is_told() {
        let mut samples = vec![-1000_i16; 100];
        samples[50] = -500;
        samples[51] = 500;
        samples[52..].fill(1000);
        let touching =
            [(10, 50, false), (51, 90, true)].map(|(from, to, joined)| Excursion { from, to, joined });
        let joined = |samples: &[i16]| {
            let mut tops = [top(9.5, 49.5, -1000.0), top(52.5, 89.5, 1000.0)];
            let joined = join(samples, &touching, &mut tops, 0.0, None);
            assert_eq!((joined.with_last, joined.longest), ([false, true, false], 3.0));
            (tops[0].end, tops[1].start)
        };
        assert_eq!(joined(&samples), (50.5, 50.5));
        // Where the samples of the edge are not in hand it is the middle of what was found of it.
        assert_eq!(joined(&samples[..50]), (51.0, 51.0));
    }

    #[test]
    fn an_edge_is_looked_for_from_the_middle_of_its_own_phase_on() {
        let samples = [[0_i16; 20], [1000; 20], [0; 20], [500; 20], [-500; 20]].concat();
        assert_eq!(meeting(&samples, &top(59.5, 79.5, 500.0), -500.0), Some(79.5));
    }

    #[test]
    fn three_times_what_an_edge_takes_for_the_rest_is_one_edge_still() {
        let calibration = Calibration { lsb: 1e-6, noise: 0.5, ..Calibration::default() };
        let rests = Thresholds::of(&calibration, f64::INFINITY);
        let passes = |base: f64, between: u64| {
            let [a, b] = [(0.5, 100.0, -4000.0), (500.0, 900.0, 4000.0)]
                .map(|(start, end, height)| top(start, end, (base + height) as f32));
            passes_through((&a, &b), between, base, &rests)
        };
        // 400 samples for 4000 codes, a tenth of a sample for each that is rest.
        let most = (1.0 + 3.0 * 0.1 * (rests.leave(4000.0) + rests.enter(4000.0))).floor() as u64;
        assert!((2..2000).contains(&most), "{most}");
        for base in [0.0, 3000.0, -3000.0] {
            assert!(passes(base, most) && !passes(base, most + 1), "{base} {most}");
        }
    }
}
