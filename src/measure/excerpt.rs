//! The waveforms that are kept.

use super::building::Finished;
use super::history::History;
use super::{Excerpt, PulseRow};

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

/// What is to be largest for each of them.
fn standing_out(row: &PulseRow) -> [f64; 7] {
    let level = |phase: usize| {
        row.phases().get(phase).map_or(f64::NAN, |phase| (f64::from(phase.level) - row.base).abs())
    };
    let width = row.phases().first().map_or(f64::NAN, |phase| f64::from(phase.end - phase.start));
    [row.pulse_area.abs(), -level(0), level(0), -level(1), level(1), -width, width]
}

/// Keeps the first pulse, the last, and the ones that stand out.
#[derive(Debug)]
pub(super) struct Excerpts {
    first: Option<Excerpt>,
    last: Option<Excerpt>,
    extremes: [Option<Excerpt>; 7],
    /// What a pulse must exceed to take the place of each of them.
    limits: [f64; 7],
}

impl Excerpts {
    pub(super) fn new() -> Self {
        Self { first: None, last: None, extremes: Default::default(), limits: [f64::NEG_INFINITY; 7] }
    }

    /// Keeps the pulse where it is the first, an extreme or, as far as is known, the last, and `behind` samples that follow it.
    pub(super) fn offer<'h>(
        &mut self,
        pulse: Finished,
        row: &PulseRow,
        latest: bool,
        behind: u64,
        histories: impl Iterator<Item = &'h History> + Clone,
    ) {
        let values = standing_out(row);
        let outstanding = values.iter().zip(&self.limits).any(|(value, limit)| value > limit);
        if !latest && !outstanding && self.first.is_some() {
            return;
        }
        let margin = ((pulse.to - pulse.from) / 4).clamp(16, 512);
        let first = pulse.from.saturating_sub(margin);
        let to = (pulse.to + margin.max(behind)).min(first + LONGEST);
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
        let slots = self.extremes.iter_mut().zip(&mut self.limits);
        for ((slot, limit), ((why, slack), value)) in slots.zip(EXTREMES.iter().zip(values)) {
            if value > *limit {
                *limit = value + slack * value.abs();
                *slot = Some(cut(why));
            }
        }
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
