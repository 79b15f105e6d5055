//! Current and voltage of one contact around the edges of a leading phase, by straight lines.

use super::codes::extremes;
use super::history::History;
use crate::signal::Calibration;

/// A straight line through samples, read at an instant: the value in codes, and its variance for samples of unit variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Codes; NaN where there were too few samples for a line.
    pub value: f32,
    /// Σ of squared weights of the samples in `value`.
    pub spread: f32,
}

impl Reading {
    const NONE: Self = Self { value: f32::NAN, spread: f32::NAN };

    /// Fewest samples of a line.
    pub(super) const FEWEST: usize = 8;

    /// Least squares over samples [from, to), read at `at`. Where one of them lies at a rail the line reads as that rail, however
    /// far from it the others are: how far the signal went beyond is not known.
    pub(super) fn line(history: &History, (from, to): (u64, u64), at: f64, rails: (i16, i16)) -> Self {
        let codes = history.slice(from, to.max(from));
        if codes.len() < Self::FEWEST || codes.len() as u64 != to - from {
            return Self::NONE;
        }
        let n = codes.len() as f64;
        let middle = 0.5 * (n - 1.0);
        let (mut sum, mut tilt) = (0.0, 0.0);
        for (k, code) in codes.iter().enumerate() {
            sum += f64::from(*code);
            tilt += (k as f64 - middle) * f64::from(*code);
        }
        let squares = n * (n * n - 1.0) / 12.0;
        let reach = at - from as f64 - middle;
        let value = match extremes(codes) {
            (low, _) if low <= rails.0 => f32::from(rails.0),
            (_, high) if high >= rails.1 => f32::from(rails.1),
            _ => (sum / n + tilt / squares * reach) as f32,
        };
        Self { value, spread: (n.recip() + reach * reach / squares) as f32 }
    }

    /// True where a line was found.
    pub fn is_known(&self) -> bool {
        self.value.is_finite()
    }
}

/// Where the lines of one pulse lie, samples since the stream began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    before: (u64, u64),
    after: (u64, u64),
    last: (u64, u64),
    gap: (u64, u64),
    /// Instants of the two edges in a signal that the filter delays by its area.
    edges: (f64, f64),
}

/// What the front end does, in samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitting {
    /// Settling time.
    pub(super) settling: u64,
    /// By how much the 50 % instant of a step comes later than a slow signal behind the same filter.
    pub(super) late: f64,
    /// Longest line: 100 µs.
    pub(super) longest: u64,
}

/// Samples before an edge that the filter has already begun to bend: of a four-pole Bessel filter the response to a step
/// begins its delay before the 50 % instant, four samples on a bench of 1 MS/s and 100 kHz.
const FOREBODING: u64 = 5;

impl Windows {
    /// For a leading phase between its 50 % instants, quiet for `rest` samples before and for `follow` behind.
    pub(super) fn new(leading: (f64, f64), rest: u64, follow: f64, fitting: &Fitting) -> Self {
        let (start, end) = leading;
        let g = fitting.settling as f64;
        let part = (0.4 * (end - start)).min(fitting.longest as f64);
        let index = |instant: f64| instant.ceil().max(0.0) as u64;
        let last_to = index(end).saturating_sub(FOREBODING);
        let from = index(start - g);
        let top = index(start + g);
        let behind = index(end + g);
        let follow = (end + follow).min(1e18) as u64;
        Self {
            before: (from.saturating_sub(rest.min(fitting.longest)), from),
            after: (top, (index(start + g + part)).min(last_to).max(top)),
            last: (index(end - part).max(top).min(last_to), last_to),
            gap: (behind, follow.saturating_sub(FOREBODING).min(behind + fitting.longest).max(behind)),
            edges: (start - fitting.late, end - fitting.late),
        }
    }

    /// One past the last sample that a line needs.
    pub(super) fn end(&self) -> u64 {
        self.gap.1.max(self.last.1)
    }
}

/// Where the lines lie that tell how a phase of any kind begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ends {
    pub(super) first: (u64, u64),
    pub(super) last: (u64, u64),
    /// Instants of the two edges in a signal that the filter delays by its area.
    pub(super) edges: (f64, f64),
}

impl Ends {
    /// Settled samples of which a line takes all there are.
    const FEW: u64 = 24;

    /// For a phase between its 50 % instants.
    pub(super) fn of((start, end): (f64, f64), fitting: &Fitting) -> Self {
        let index = |instant: f64| instant.ceil().max(0.0) as u64;
        let (from, to) = (index(start) + fitting.settling, index(end).saturating_sub(FOREBODING));
        let part = ((0.4 * (end - start)) as u64).clamp(Self::FEW, fitting.longest.max(Self::FEW));
        Self {
            first: (from, (from + part).min(to).max(from)),
            last: (to.saturating_sub(part).max(from).min(to), to),
            edges: (start - fitting.late, end - fitting.late),
        }
    }
}

/// One channel around a leading phase, codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeLevels {
    /// Line before the pulse, read at its leading edge.
    pub before: Reading,
    /// Line over the beginning of the top, read back at the leading edge.
    pub after: Reading,
    /// Line over the end of the top, read at the end of the phase.
    pub last: Reading,
    /// Line over the gap, read back at the end of the phase.
    pub gap: Reading,
}

impl EdgeLevels {
    pub(super) fn of(history: &History, windows: &Windows, rails: (i16, i16)) -> Self {
        let line = |window, at| Reading::line(history, window, at, rails);
        let (leading, trailing) = windows.edges;
        Self {
            before: line(windows.before, leading),
            after: line(windows.after, leading),
            last: line(windows.last, trailing),
            gap: line(windows.gap, trailing),
        }
    }

    /// Whether the range has cut off something of a line.
    pub fn at_a_rail(&self, calibration: &Calibration) -> bool {
        let lines = [self.before, self.after, self.last, self.gap];
        lines.iter().any(|line| line.is_known() && calibration.at_a_rail(line.value))
    }
}

/// Current and voltage of one contact at one pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRow {
    /// On the contact's current channel.
    pub current: EdgeLevels,
    /// On its voltage channel.
    pub voltage: EdgeLevels,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_pulse_lie_where_the_filter_has_settled() {
        let fitting = Fitting { settling: 12, late: 1.7, longest: 100 };
        // A phase of 200.4 samples: a line takes two fifths of its top, none more than 100 samples, and all of them end five
        // samples before an edge.
        let windows = Windows::new((1000.2, 1200.6), 60, 300.0, &fitting);
        assert_eq!((windows.before, windows.after), ((929, 989), (1013, 1093)));
        assert_eq!((windows.last, windows.gap), ((1121, 1196), (1213, 1313)));
        assert_eq!(windows.edges, (1000.2 - 1.7, 1200.6 - 1.7));
        assert_eq!(windows.end(), 1313);
        let long = Windows::new((1000.2, 2000.6), 500, 40.0, &fitting);
        assert_eq!((long.before, long.after), ((889, 989), (1013, 1113)));
        assert_eq!((long.last, long.gap), ((1901, 1996), (2013, 2035)));
        // What follows too soon leaves no gap, and then the top is what is waited for last but for the settling.
        let none = Windows::new((1000.2, 1200.6), 60, 8.0, &fitting);
        assert_eq!((none.gap, none.end()), ((1213, 1213), 1213));
    }

    #[test]
    fn a_line_is_read_where_it_is_asked_for() {
        const RAILS: (i16, i16) = (i16::MIN, i16::MAX);
        let mut history = History::new();
        history.push(&[0; 100]);
        history.push(&(0..100).map(|k| 3 * k).collect::<Vec<i16>>());
        let read = Reading::line(&history, (110, 190), 100.0, RAILS);
        assert!(f64::from(read.value).abs() < 1e-4 && read.is_known(), "{read:?}");
        assert!(Reading::line(&history, (110, 118), 100.0, RAILS).is_known(), "eight samples are a line");
        // Ninety samples to the middle: 1/80 + 49.5²/(80·(80² − 1)/12).
        let expected = 1.0 / 80.0 + 49.5 * 49.5 / (80.0 * 6399.0 / 12.0);
        assert!((f64::from(read.spread) - expected).abs() < 1e-6);
        assert!(!Reading::line(&history, (190, 193), 190.0, RAILS).is_known());
        assert!(!Reading::line(&history, (190, 230), 190.0, RAILS).is_known(), "samples that are not there");
        // The last sample, or the first, lies at a rail.
        for (rails, rail) in [((i16::MIN, 297), 297.0), ((30, i16::MAX), 30.0)] {
            assert_eq!(Reading::line(&history, (110, 200), 110.0, rails).value, rail);
        }
    }

    #[test]
    fn a_line_with_samples_at_a_rail_or_beyond_reads_as_the_rail() {
        let mut history = History::new();
        history.push(&(0..100).map(|k| 3 * k).collect::<Vec<i16>>());
        // From 30 to 297, read in the middle at 150.
        let read = |rails| Reading::line(&history, (10, 100), 50.0, rails).value;
        assert!((read((29, 298)) - 150.0).abs() < 1e-4);
        for (rails, rail) in [((30, 298), 30.0), ((31, 298), 31.0), ((29, 297), 297.0), ((29, 296), 296.0)] {
            assert_eq!(read(rails), rail);
        }
    }

    #[test]
    fn one_line_at_a_rail_is_enough_and_a_line_that_is_missing_is_none() {
        let calibration = Calibration { rails: (-100, 100), ..Calibration::default() };
        let line = |value| Reading { value, spread: 0.1 };
        let flat = EdgeLevels { before: line(0.0), after: line(90.0), last: line(-90.0), gap: Reading::NONE };
        assert!(!flat.at_a_rail(&calibration));
        for rail in [-100.0, 100.0] {
            assert!(EdgeLevels { before: line(rail), ..flat }.at_a_rail(&calibration));
            assert!(EdgeLevels { after: line(rail), ..flat }.at_a_rail(&calibration));
            assert!(EdgeLevels { last: line(rail), ..flat }.at_a_rail(&calibration));
            assert!(EdgeLevels { gap: line(rail), ..flat }.at_a_rail(&calibration));
        }
    }
}
