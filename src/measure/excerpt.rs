//! The waveforms that are kept.

use super::building::Finished;
use super::history::{History, KEPT};
use super::{Excerpt, PhaseRow, PulseRow};

/// Longest excerpt, samples.
const LONGEST: u64 = 8192;

/// In what a pulse may stand out, and by how much of it before it takes the place of the one that is held.
const EXTREMES: [(&str, f64); 7] = [
    ("largest net charge", 1e-2),
    ("smallest amplitude", 1e-3),
    ("largest amplitude", 1e-3),
    ("smallest recovery", 1e-3),
    ("largest recovery", 1e-3),
    ("narrowest pulse", 2e-3),
    ("widest pulse", 2e-3),
];

/// What is to be largest for each of them; what a pulse does not have is no number.
#[inline]
fn standing_out(row: &PulseRow) -> [f64; 7] {
    let [leading, second, _] = &row.phases;
    let of = |there: bool, value: f64| if there { value } else { f64::NAN };
    let level = |phase: &PhaseRow| (f64::from(phase.level) - row.base).abs();
    let (one, two) = (of(row.count > 0, level(leading)), of(row.count > 1, level(second)));
    let width = of(row.count > 0, f64::from(leading.end - leading.start));
    [row.pulse_area.abs(), -one, one, -two, two, -width, width]
}

/// Where the last pulse lies, as far as is known, with what surrounds it: the next may come before it is to be cut.
#[derive(Debug, Clone, Copy)]
struct Last {
    row: usize,
    /// Samples [from, to), which are held.
    from: u64,
    to: u64,
}

/// Keeps the first pulse, the last, and the ones that stand out.
#[derive(Debug)]
pub(super) struct Excerpts {
    first: Option<Excerpt>,
    /// The last one that was cut; what came behind it is not cut yet.
    last: Option<Excerpt>,
    latest: Option<Last>,
    extremes: [Option<Excerpt>; 7],
    /// What a pulse must exceed to take the place of each of them.
    limits: [f64; 7],
}

impl Excerpts {
    pub(super) fn new() -> Self {
        Self {
            first: None,
            last: None,
            latest: None,
            extremes: Default::default(),
            limits: [f64::NEG_INFINITY; 7],
        }
    }

    /// Keeps the pulse where it is the first, an extreme or, as far as is known, the last, and `behind` samples that follow it.
    #[inline]
    pub(super) fn offer<'h>(
        &mut self,
        pulse: &Finished,
        row: &PulseRow,
        latest: bool,
        behind: u64,
        histories: impl Iterator<Item = &'h History> + Clone,
    ) {
        let values = standing_out(row);
        let over = values.iter().zip(&self.limits).map(|(value, limit)| value > limit);
        if over.fold(self.first.is_none(), |any, over| any | over) {
            self.keep(pulse, values, behind, histories.clone());
        }
        if latest {
            let (first, to) = surroundings(pulse, behind);
            let end = histories.clone().next().map_or(0, History::end);
            self.latest = Some(Last { row: pulse.row, from: held(first, histories), to: to.min(end) });
        }
    }

    /// Keeps the pulse where it is the first or stands out.
    #[cold]
    fn keep<'h>(
        &mut self,
        pulse: &Finished,
        values: [f64; 7],
        behind: u64,
        histories: impl Iterator<Item = &'h History> + Clone,
    ) {
        let cut = |why| cut(pulse, why, behind, histories.clone());
        if self.first.is_none() {
            self.first = Some(cut("first pulse"));
        }
        let slots = self.extremes.iter_mut().zip(&mut self.limits);
        for ((slot, limit), ((why, slack), value)) in slots.zip(EXTREMES.iter().zip(values)) {
            if value > *limit {
                *limit = value + slack * value.abs();
                *slot = Some(cut(why));
            }
        }
    }

    /// Whether the last pulse is to be cut at sample `at`, before its samples are gone.
    #[inline]
    pub(super) fn ages(&self, at: u64) -> bool {
        self.latest.is_some_and(|latest| latest.from + (KEPT / 2) as u64 <= at)
    }

    /// Cuts the last pulse as far as is known, whose samples may not be held any more behind this.
    #[cold]
    pub(super) fn cut_last<'h>(&mut self, histories: impl Iterator<Item = &'h History>) {
        let Some(Last { row, from, to }) = self.latest.take() else { return };
        let codes = histories.map(|history| history.slice(from, to).to_vec()).collect();
        self.last = Some(Excerpt { pulse: row as u64, why: "last pulse", first: from, codes });
    }

    /// What was kept, each pulse once.
    pub(super) fn into_kept(self) -> Vec<Excerpt> {
        let mut kept: Vec<Excerpt> = Vec::new();
        for excerpt in self.first.into_iter().chain(self.extremes.into_iter().flatten()).chain(self.last) {
            if !kept.iter().any(|held| held.pulse == excerpt.pulse) {
                kept.push(excerpt);
            }
        }
        kept
    }
}

/// Samples [from, to) of a pulse with what surrounds it, `behind` samples behind it at least.
fn surroundings(pulse: &Finished, behind: u64) -> (u64, u64) {
    let margin = ((pulse.to - pulse.from) / 4).clamp(16, 512);
    let first = pulse.from.saturating_sub(margin);
    (first, (pulse.to + margin.max(behind)).min(first + LONGEST))
}

/// The first sample from `first` on that is held.
fn held<'h>(first: u64, mut histories: impl Iterator<Item = &'h History>) -> u64 {
    first.max(histories.next().map_or(0, History::start))
}

/// A pulse as it is kept.
fn cut<'h>(
    pulse: &Finished,
    why: &'static str,
    behind: u64,
    histories: impl Iterator<Item = &'h History> + Clone,
) -> Excerpt {
    let (first, to) = surroundings(pulse, behind);
    Excerpt {
        pulse: pulse.row as u64,
        why,
        first: held(first, histories.clone()),
        codes: histories.map(|history| history.slice(first, to).to_vec()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offers pulses without phases, as the last ones, and tells first samples and lengths of what is kept.
    fn kept(history: &History, windows: &[(u64, u64)]) -> Vec<(u64, usize)> {
        let mut excerpts = Excerpts::new();
        for (row, (from, to)) in windows.iter().copied().enumerate() {
            let pulse = Finished { row, from, to, rest: 0, cut: false };
            let row = PulseRow::of(from, [PhaseRow::default(); 3], 0);
            excerpts.offer(&pulse, &row, true, 0, [history].into_iter());
        }
        excerpts.cut_last([history].into_iter());
        excerpts.into_kept().iter().map(|kept| (kept.first, kept.codes[0].len())).collect()
    }

    #[test]
    fn what_is_kept_begins_with_what_is_held() {
        let mut history = History::new();
        history.restart(1000);
        history.push(&[1; 400]);
        assert_eq!(kept(&history, &[(1100, 1200), (1250, 1350)]), [(1075, 150), (1225, 150)]);
        // The surroundings of a pulse just behind a loss are not held, be it the first of all or not.
        assert_eq!(kept(&history, &[(1010, 1110)]), [(1000, 135)]);
        assert_eq!(kept(&history, &[(1250, 1350), (1010, 1110)]), [(1225, 150), (1000, 135)]);
    }

    #[test]
    fn the_last_pulse_is_cut_before_its_samples_are_gone() {
        let mut history = History::new();
        history.push(&[1; 4096]);
        let mut excerpts = Excerpts::new();
        let pulse = Finished { row: 3, from: 2000, to: 2100, rest: 0, cut: false };
        let row = PulseRow::of(2000, [PhaseRow::default(); 3], 0);
        excerpts.offer(&pulse, &row, true, 0, [&history].into_iter());
        let ages: Vec<u64> = (0..1000).map(|k| 256 * k).filter(|at| excerpts.ages(*at)).take(1).collect();
        assert_eq!(ages, [(1975 + KEPT as u64 / 2).next_multiple_of(256)]);
        excerpts.cut_last([&history].into_iter());
        assert!(!excerpts.ages(u64::MAX));
        // Nothing comes behind it: it is not cut anew.
        history.restart(9000);
        excerpts.cut_last([&history].into_iter());
        let last = excerpts.last.unwrap();
        assert_eq!((last.pulse, last.first, last.codes[0].len()), (3, 1975, 150));
    }

    #[test]
    fn a_pulse_is_kept_where_it_stands_out_by_more_than_a_little() {
        let mut history = History::new();
        history.push(&[0; 4096]);
        let mut excerpts = Excerpts::new();
        for (row, level) in [100.0, 100.05, 101.0, 99.0, 100.0].into_iter().enumerate() {
            let phase = PhaseRow { start: 30.0, end: 50.0, level: 5000.0 + level, ..PhaseRow::default() };
            let from = 500 * row as u64 + 100;
            let offered = PulseRow { base: 5000.0, ..PulseRow::of(from, [phase; 3], 1) };
            excerpts.offer(
                &Finished { row, from, to: from + 100, rest: 0, cut: false },
                &offered,
                row == 4,
                0,
                [&history].into_iter(),
            );
        }
        excerpts.cut_last([&history].into_iter());
        let kept: Vec<_> = excerpts.into_kept().iter().map(|kept| (kept.pulse, kept.why)).collect();
        let expected =
            [(0, "first pulse"), (3, "smallest amplitude"), (2, "largest amplitude"), (4, "last pulse")];
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_width_counts_from_edge_to_edge_and_what_is_missing_counts_for_nothing() {
        let mut history = History::new();
        history.push(&[0; 4096]);
        let kept = |count: usize, widths: [f32; 4]| {
            let mut excerpts = Excerpts::new();
            for (row, width) in widths.into_iter().enumerate() {
                let found =
                    PhaseRow { start: 30.0, end: 30.0 + width, level: row as f32, ..PhaseRow::default() };
                let mut phases = [PhaseRow::default(); 3];
                phases.iter_mut().take(count).for_each(|phase| *phase = found);
                let from = 500 * row as u64 + 100;
                let offered = PulseRow { base: row as f64 - 100.0, ..PulseRow::of(from, phases, count) };
                let pulse = Finished { row, from, to: from + 100, rest: 0, cut: false };
                excerpts.offer(&pulse, &offered, row == 3, 0, [&history].into_iter());
            }
            excerpts.cut_last([&history].into_iter());
            excerpts.into_kept().iter().map(|kept| (kept.pulse, kept.why)).collect::<Vec<_>>()
        };
        // A thousandth is no more than a little.
        let expected = [(0, "first pulse"), (2, "widest pulse"), (3, "last pulse")];
        assert_eq!(kept(1, [20.0, 20.02, 20.1, 20.0]), expected);
        assert_eq!(kept(0, [20.0; 4]), [(0, "first pulse"), (3, "last pulse")]);
    }
}
