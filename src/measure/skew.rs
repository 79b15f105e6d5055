//! Edges beside which the output is not at the level of its phase.
//!
//! The filter makes a slope of a sharp edge. Half of the level of a phase is half of that slope only where the edge leads from rest to
//! the level: beside a top that shoots over or sinks, or where another phase follows at once, it is crossed earlier or later.

use super::sample::Sample;
use super::whole::floor;
use super::{FrontEnd, PhaseRow};

/// What the filter's own overshoot and straight lines between samples may make of the half of an edge, as a fraction of it.
const FLAT: f64 = 0.006;
/// How much less steep than a sharp one an edge may be and still be one: what is slower is the output's own, and its instant is where
/// it is seen.
const SHARP: f64 = 0.8;
/// What decays behind an edge has lost a part until it is seen: behind 100 kHz a third of what has a time constant of 10 µs.
const DECAYED: f64 = 1.6;

/// A sharp edge as the front end shows it; times in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SharpEdge {
    /// How far from its 50 % instant it is over, on either side.
    reach: f64,
    /// What it would take at the mean slope of its 10 to 90 %.
    length: f64,
    /// Where the 50 % instant lies between what is seen before it and behind it.
    half: f64,
    /// Part of it within a sample about that instant.
    steep: f64,
}

impl SharpEdge {
    /// Without a filter.
    #[cfg(test)]
    pub(super) const UNFILTERED: Self = Self { reach: 1.0, length: 1.0, half: 0.5, steep: 1.0 };

    pub(super) fn of(front_end: &FrontEnd, sample_rate: f64) -> Self {
        let transition = front_end.transition * sample_rate;
        let (half, steep) = front_end.edge.half;
        Self { reach: transition + 1.0, length: DECAYED * (transition / 0.8).max(1.0), half, steep }
    }

    /// By how much the width of one of `phases`, or the interval between two of them, may be wrong, samples: the largest. Their
    /// instants count from sample `origin` of `samples`; `noise` is the standard deviation of a sample. The pulse before them `ended`
    /// at that place of `samples`: what follows it at once is these.
    pub(super) fn skew<S: Sample>(
        &self,
        samples: &[S],
        origin: f64,
        phases: &[PhaseRow],
        ended: Option<f64>,
        noise: f64,
    ) -> f64 {
        let alone = (f64::INFINITY, f64::INFINITY);
        let mut most = ended.map_or(0.0, |ended| self.late(samples, ended, alone, noise).abs());
        let mut previous: Option<(f64, f64)> = None;
        for (k, phase) in phases.iter().enumerate() {
            // A phase too short for a level, as at the foot of a ramp of widths, is over before the filter shows what is beside an edge.
            if phase.settled == 0 {
                previous = None;
                continue;
            }
            let (start, end) = (f64::from(phase.start) + origin, f64::from(phase.end) + origin);
            let next = phases.get(k + 1).map_or(f64::INFINITY, |next| f64::from(next.start) + origin);
            let apart = previous.map_or(f64::INFINITY, |(ended, _)| start - ended);
            let begins = self.late(samples, start, (apart, end - start), noise);
            let ends = self.late(samples, end, (end - start, next - end), noise);
            most = most.max((ends - begins).abs());
            if let Some((ended, late)) = previous
                && ended < start
            {
                most = most.max((begins - late).abs());
            }
            previous = Some((end, ends));
        }
        most
    }

    /// By how much the edge at instant `at` is found later than it was, if it was a sharp one; the edges before it and behind it are as
    /// far away as `room` says.
    fn late<S: Sample>(&self, samples: &[S], at: f64, room: (f64, f64), noise: f64) -> f64 {
        let ends = value(samples, at - self.beside(room.0)).zip(value(samples, at + self.beside(room.1)));
        let Some(((before, behind), half)) = ends.zip(value(samples, at)) else { return 0.0 };
        let step = behind - before;
        let part = (half - before) / step;
        let off = part - self.half;
        // What has no step is no number, and tells nothing.
        let told = off.abs() > FLAT + 5.0 * noise / step.abs();
        if !told {
            return 0.0;
        }
        let Some((low, high)) = value(samples, at - 0.5).zip(value(samples, at + 0.5)) else { return 0.0 };
        // Away from its middle a sharp edge is less steep, by no more than a parabola is.
        let steep = SHARP * self.steep * 4.0 * part * (1.0 - part);
        if (high - low) / step >= steep { off.clamp(-0.5, 0.5) * self.length } else { 0.0 }
    }

    /// How far from an edge what lies beside it is read, where the next one is `room` away.
    #[inline]
    fn beside(&self, room: f64) -> f64 {
        let near = 0.5 * room;
        match room > 0.0 && near < self.reach {
            true if near > 1.0 => near,
            true => 1.0,
            false => self.reach,
        }
    }
}

/// `samples` at an instant, on straight lines between them.
#[inline]
fn value<S: Sample>(samples: &[S], at: f64) -> Option<f64> {
    let whole = floor(at);
    let [a, b] = samples.get(usize::try_from(whole).ok()?..)?.first_chunk()?;
    Some(a.value() + (b.value() - a.value()) * (at - whole as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(samples: &[i16], origin: f64, phases: &[PhaseRow], noise: f64) -> f64 {
        SharpEdge::UNFILTERED.skew(samples, origin, phases, None, noise)
    }

    fn phase(start: f64, end: f64) -> PhaseRow {
        PhaseRow { start: start as f32, end: end as f32, settled: 8, ..PhaseRow::default() }
    }

    /// Sixty samples of which [20, 40) are `top`.
    fn one(top: i16) -> Vec<i16> {
        let mut samples = vec![0; 60];
        samples[20..40].fill(top);
        samples
    }

    #[test]
    fn a_flat_top_and_an_edge_of_the_outputs_own_tell_nothing() {
        assert_eq!(skew(&one(1000), 0.0, &[phase(19.5, 39.5)], 1.0), 0.0);
        assert_eq!(skew(&one(-1000), 0.0, &[phase(19.5, 39.5)], 1.0), 0.0);
        // Up in ten samples, half of it at 25, and a step down: a tenth of it within a sample.
        let slow: Vec<i16> = (0..60).map(|k: i16| ((k - 20).clamp(0, 10)) * 100).collect();
        assert_eq!(skew(&slow, 0.0, &[phase(25.0, 70.0)], 1.0), 0.0);
        // An exponential is no straight line: half of it lies elsewhere between its neighbours, and is where it is seen.
        let lag: Vec<i16> =
            (0..60).map(|k| (1000.0 * (1.0 - (-0.25 * f64::from(k - 20).max(0.0)).exp())) as i16).collect();
        assert_eq!(skew(&lag, 0.0, &[phase(22.77, 70.0)], 1.0), 0.0);
        assert_eq!(skew(&[0_i16; 4], 0.0, &[phase(-3.0, 9.0)], 1.0), 0.0);
        // Of a phase without a level nothing is told.
        let short = PhaseRow { settled: 0, ..phase(19.0 + 5.0 / 12.0, 39.5) };
        let mut over = one(1000);
        over[20] = 1200;
        assert_eq!(skew(&over, 0.0, &[short], 0.0), 0.0);
    }

    #[test]
    fn half_the_level_is_crossed_early_on_an_edge_that_shoots_over() {
        // From 0 to 1200 half of 1000 is crossed after 5/12 of a sample; a sample later there are 1200 − 200·5/12.
        let mut samples = one(1000);
        samples[20] = 1200;
        let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
        let at = phase(19.0 + 5.0 / 12.0, 39.5);
        let with = |noise: f64| skew(&samples, 0.0, &[at], noise);
        assert!((with(0.0) - early).abs() < 1e-5, "{} {early}", with(0.0));
        // 5 % of the step: five deviations of 5 codes are less, of 12 codes more.
        assert!(with(5.0) > 0.0 && with(12.0) == 0.0);
        // The same where instants count from another sample.
        let moved = phase(9.0 + 5.0 / 12.0, 29.5);
        assert!((skew(&samples, 10.0, &[moved], 0.0) - early).abs() < 1e-5);
    }

    /// A phase of −1000 at once behind one of 250, which are taken for two pulses: half of 250 is an early tenth of their edge.
    #[test]
    fn a_phase_that_another_follows_at_once_ends_early() {
        let mut samples = one(250);
        samples[40..50].fill(-1000);
        let at = phase(19.5, 39.0 + 125.0 / 1250.0);
        let ends = skew(&samples, 0.0, &[at], 0.0);
        assert!((ends - 0.4).abs() < 1e-5, "{ends}");
        // What comes behind it is seen with the next pulse, which is as wide as it looks but for a tenth of its own edge.
        let next = phase(39.0 + 750.0 / 1250.0, 49.5);
        let of = |ended| SharpEdge::UNFILTERED.skew(&samples, 0.0, &[next], ended, 0.0);
        assert!((of(None) - 0.1).abs() < 1e-5, "{}", of(None));
        assert!((of(Some(39.1)) - 0.4).abs() < 1e-5, "{}", of(Some(39.1)));
    }

    #[test]
    fn of_an_interval_both_edges_count() {
        // The first phase sinks from 1000 to 800 and the second rises back: half of 1000 is crossed an eighth early and late.
        let mut samples = vec![0_i16; 100];
        for (from, top) in [(20, 1000), (30, 800), (60, 800), (70, 1000)] {
            samples[from..from + 10].fill(top);
        }
        let phases = [phase(19.5, 39.0 + 300.0 / 800.0), phase(59.0 + 500.0 / 800.0, 79.5)];
        let [first, second] = phases.map(|phase| skew(&samples, 0.0, &[phase], 0.0));
        assert!((first - 0.125).abs() < 1e-5 && (second - 0.125).abs() < 1e-5, "{first} {second}");
        let both = skew(&samples, 0.0, &phases, 0.0);
        assert!((both - 0.25).abs() < 1e-5, "{both}");
    }

    /// Edges of four samples, half-way at `edges`: up to 1000 and back, and down to −1000 and back, in turn.
    fn slopes(edges: [f64; 4]) -> Vec<i16> {
        let ramp = |t: f64, at: f64| 1000.0 * ((t - at) / 4.0 + 0.5).clamp(0.0, 1.0);
        let [a, b, c, d] = edges;
        let height = |t: f64| ramp(t, a) - ramp(t, b) - ramp(t, c) + ramp(t, d);
        (0..100).map(|k| height(f64::from(k)) as i16).collect()
    }

    /// A filter that would look twelve samples far, and less than a quarter of whose edge is within a sample.
    const SLOW: SharpEdge = SharpEdge { reach: 12.0, length: 1.0, half: 0.5, steep: 0.15 };

    #[test]
    fn beside_an_edge_it_is_looked_no_farther_than_half_way_to_the_next() {
        // Six samples from edge to edge: three samples beside each it is flat, and twelve samples beside it is another phase.
        let samples = slopes([20.0, 26.0, 32.0, 38.0]);
        for origin in [0.0, 10.0] {
            let phases = [phase(20.0 - origin, 26.0 - origin), phase(32.0 - origin, 38.0 - origin)];
            assert_eq!(SLOW.skew(&samples, origin, &phases, None, 0.0), 0.0, "{origin}");
        }
        // Phases that share an edge have no rest between them, and each of them is as far as the filter looks.
        let samples = slopes([20.0, 40.0, 40.0, 60.0]);
        let phases = [phase(20.0, 40.0), phase(40.0, 60.0)];
        assert_eq!(SLOW.skew(&samples, 0.0, &phases, None, 0.0), 0.0);
    }

    #[test]
    fn a_phase_is_as_much_too_wide_as_both_its_edges_say() {
        let mut samples = one(1000);
        samples[20] = 1200;
        samples[39] = 1200;
        let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
        let at = phase(19.0 + 5.0 / 12.0, 39.0 + 7.0 / 12.0);
        assert!((skew(&samples, 0.0, &[at], 0.0) - 2.0 * early).abs() < 1e-5);
        // What is early at both is wrong by the difference.
        samples[39] = 900;
        let at = phase(19.0 + 5.0 / 12.0, 39.0 + 4.0 / 9.0);
        let end = 500.0 / (900.0 + 100.0 * 5.0 / 9.0) - 0.5;
        assert!((skew(&samples, 0.0, &[at], 0.0) - (early - end).abs()).abs() < 1e-5, "{early} {end}");
    }

    #[test]
    fn what_lies_before_the_first_sample_is_not_in_hand() {
        let of = |start: f64, samples: &[i16]| skew(samples, 0.0, &[phase(start, 300.0)], 0.0);
        // Half of 600 is crossed at 0.6; at the first sample but one are 500.
        assert!((of(1.0, &[0, 500, 600, 600, 600]) - (500.0 / 600.0 - 0.5)).abs() < 1e-5);
        assert_eq!(of(0.9, &[0, 1000, 500, 500, 500]), 0.0);
    }

    /// From 10 to 90 % a filter takes 0.35 of the period of its cut-off: beside an edge it is looked a sample farther.
    #[test]
    fn a_sharp_edge_is_over_where_it_is_looked_beside_it() {
        let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
        let sharp = SharpEdge::of(&front_end, 1e6);
        // 0.35/100 kHz are 3.5 samples.
        assert!((3.4..3.7).contains(&(sharp.reach - 1.0)), "{sharp:?}");
    }
}
