//! The waveforms that are kept.

use super::building::Finished;
use super::history::History;
use super::{Excerpt, PulseRow};

/// Longest excerpt, samples.
const LONGEST: u64 = 8192;

/// Keeps the first pulse, the last, and the ones that stand out: smallest and largest leading level, largest net area.
#[derive(Debug)]
pub(super) struct Excerpts {
    first: Option<Excerpt>,
    last: Option<Excerpt>,
    smallest: Option<(f64, Excerpt)>,
    largest: Option<(f64, Excerpt)>,
    unbalanced: Option<(f64, Excerpt)>,
}

impl Excerpts {
    pub(super) fn new() -> Self {
        Self { first: None, last: None, smallest: None, largest: None, unbalanced: None }
    }

    /// Keeps the pulse where it is the first, an extreme or, as far as is known, the last.
    pub(super) fn offer<'h>(
        &mut self,
        pulse: Finished,
        row: &PulseRow,
        latest: bool,
        histories: impl Iterator<Item = &'h History> + Clone,
    ) {
        let margin = ((pulse.to - pulse.from) / 4).clamp(16, 512);
        let first = pulse.from.saturating_sub(margin);
        let to = (pulse.to + margin).min(first + LONGEST);
        let level = row.phases().first().map_or(0.0, |phase| (f64::from(phase.level) - row.base).abs());
        let area = row.pulse_area.abs();
        let cut = |why: &'static str| Excerpt {
            pulse: pulse.row as u64,
            why,
            first: first.max(histories.clone().map(History::start).next().unwrap_or(0)),
            codes: histories.clone().map(|history| history.slice(first, to).to_vec()).collect(),
        };
        if self.first.is_none() {
            self.first = Some(cut("first pulse"));
        }
        // One buffer is reused for the last pulse: it changes with every pulse.
        match &mut self.last {
            _ if !latest => {}
            Some(last) => {
                last.pulse = pulse.row as u64;
                last.first = first;
                for (plane, history) in last.codes.iter_mut().zip(histories.clone()) {
                    plane.clear();
                    plane.extend_from_slice(history.slice(first, to));
                }
            }
            None => self.last = Some(cut("last pulse")),
        }
        if self.smallest.as_ref().is_none_or(|(held, _)| level < *held * 0.999) {
            self.smallest = Some((level, cut("smallest amplitude")));
        }
        if self.largest.as_ref().is_none_or(|(held, _)| level > *held * 1.001) {
            self.largest = Some((level, cut("largest amplitude")));
        }
        if self.unbalanced.as_ref().is_none_or(|(held, _)| area > *held * 1.01) {
            self.unbalanced = Some((area, cut("largest net charge")));
        }
    }

    /// What was kept, each pulse once.
    pub(super) fn into_kept(self) -> Vec<Excerpt> {
        let extremes =
            [self.unbalanced, self.smallest, self.largest].into_iter().flatten().map(|(_, kept)| kept);
        let mut kept: Vec<Excerpt> = Vec::new();
        for excerpt in self.first.into_iter().chain(extremes).chain(self.last) {
            if !kept.iter().any(|held| held.pulse == excerpt.pulse) {
                kept.push(excerpt);
            }
        }
        kept
    }
}
