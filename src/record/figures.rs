//! What a case looked like, as data: enough to draw its report again, small enough to keep for every case.
//!
//! The raw samples themselves are evidence (`store::EVIDENCE`); these are what is left of them in a picture.

use serde::{Deserialize, Serialize};

/// Steps of the smallest number that is told apart in the largest of a trace.
const RESOLUTION: f64 = 20_000.0;

/// Pictures of one case. One line of `figures.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseFigures {
    /// Of this format: 1.
    pub version: u32,
    /// Position of the case among the selected ones.
    pub case: usize,
    /// Name of the case.
    pub name: String,
    /// The program loaded first, in words.
    pub program: String,
    /// Seconds in which it starts again.
    pub period: f64,
    /// Channels over the whole case, each stretch from its smallest to its largest value.
    pub overview: Vec<Trace>,
    /// What happened when.
    pub marks: Vec<MarkFigure>,
    /// Some pulses, with what they were to be.
    pub pulses: Vec<PulseFigure>,
    /// All pulses of the main contact over each other; time from the leading edge.
    pub overlay: Option<OverlayFigure>,
    /// Net charge of each pulse of the main contact.
    pub charge: Option<Points>,
    /// One for each check of the case, in their order.
    pub checks: Vec<CheckFigure>,
}

impl CaseFigures {
    /// The version written.
    pub const VERSION: u32 = 1;
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarkFigure {
    /// Seconds since the first sample of the case.
    pub time: f64,
    /// What.
    pub name: String,
    /// A fault, injected or declared.
    pub fault: bool,
}

/// One phase as it was to be. Seconds from the leading edge of its pulse, ampere at the contact.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigure {
    /// When it begins.
    pub start: f64,
    /// How long it lasts.
    pub width: f64,
    /// Signed current.
    pub current: f64,
}

/// One pulse: time in seconds from its leading edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PulseFigure {
    /// Its index in the table of its contact.
    pub pulse: u64,
    /// The contact.
    pub contact: String,
    /// Its leading edge, s since the first sample of the case.
    pub time: f64,
    /// Why its samples were kept.
    pub why: String,
    /// Measured current.
    pub measured: Trace,
    /// Programmed phases.
    pub programmed: Vec<PhaseFigure>,
    /// When the recharge switch was to be closed: start and length.
    pub recharge: Option<(f64, f64)>,
    /// Integral of measured less programmed current, C.
    pub charge_error: Trace,
    /// Measured voltage between the nodes of a sense.
    pub voltage: Option<Trace>,
    /// The same as the phantom is to show it, from the pulses the stimulator said it applies.
    pub predicted: Option<Trace>,
}

/// All pulses over each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlayFigure {
    /// From the smallest to the largest value at each instant; time from the leading edge.
    pub envelope: Trace,
    /// Of so many pulses.
    pub pulses: u64,
}

/// What a check was judged on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CheckFigure {
    /// Index of its picture in [`CaseFigures::pulses`].
    pub pulse: Option<usize>,
    /// Each unit (pulse, cycle, event) in order of time.
    pub units: Option<Points>,
    /// How often which value came.
    pub histogram: Option<Histogram>,
    /// The current around what decided, where that is no pulse.
    pub around: Option<Trace>,
    /// The limit is about a value that is not the same for each unit: that of the one that decided says nothing of the others.
    #[serde(default)]
    pub varied: bool,
}

/// A channel at even distances of time. Values are integers times `scale`, in the unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Name of the channel.
    pub name: String,
    /// SI base unit.
    pub unit: String,
    /// Time of the first value, s.
    pub start: f64,
    /// Time between values, s.
    pub step: f64,
    /// The unit's share in one.
    pub scale: f64,
    /// Values; the smallest of each stretch where `high` is not empty.
    pub low: Vec<i32>,
    /// The largest of each stretch; empty where a value stands for itself.
    pub high: Vec<i32>,
}

impl Trace {
    /// Of single values.
    pub fn of(name: &str, unit: &str, (start, step): (f64, f64), values: &[f64]) -> Self {
        let scale = scale_of(values.iter().copied());
        let low = values.iter().map(|value| whole(*value, scale)).collect();
        Self { name: name.to_owned(), unit: unit.to_owned(), start, step, scale, low, high: Vec::new() }
    }

    /// Of stretches from a smallest to a largest value.
    pub fn spread(name: &str, unit: &str, (start, step): (f64, f64), spans: &[(f64, f64)]) -> Self {
        let scale = scale_of(spans.iter().flat_map(|(low, high)| [*low, *high]));
        let low = spans.iter().map(|(low, _)| whole(*low, scale)).collect();
        let high = spans.iter().map(|(_, high)| whole(*high, scale)).collect();
        Self { name: name.to_owned(), unit: unit.to_owned(), start, step, scale, low, high }
    }

    /// (time, smallest, largest) in order of time.
    pub fn spans(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        (0..self.low.len()).map(|k| {
            let (low, high) = spans(&self.low, &self.high, self.scale, k);
            (self.start + k as f64 * self.step, low, high)
        })
    }
}

/// Values at any instants: integers times `scale` at `from` + `at` · `step`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Points {
    /// SI base unit.
    pub unit: String,
    /// Time of `at` = 0, s since the first sample of the case.
    pub from: f64,
    /// Time between whole numbers in `at`, s.
    pub step: f64,
    /// When.
    pub at: Vec<u32>,
    /// The unit's share in one.
    pub scale: f64,
    /// Values; the smallest of each stretch where `high` is not empty.
    pub low: Vec<i32>,
    /// The largest of each stretch; empty where a value stands for itself.
    pub high: Vec<i32>,
    /// How many there were.
    pub count: u64,
}

impl Points {
    /// Stretches (time, smallest, largest value) in order of time, which are of `count` values: each value by itself where they
    /// are at most `most`, else the extremes of so many equal stretches of time.
    pub fn of(unit: &str, values: &[(f64, f64, f64)], count: u64, most: usize) -> Option<Self> {
        let (from, to) = (values.first()?.0, values.last()?.0);
        let thinned = count > most as u64;
        let ticks = if thinned { most as f64 } else { 65_535.0 };
        let step = if to > from { (to - from) / ticks } else { 1.0 };
        let tick = |time: f64| ((time - from) / step).clamp(0.0, ticks - 1.0).round() as u32;
        let scale = scale_of(values.iter().flat_map(|(_, low, high)| [*low, *high]));
        let mut points = Self {
            unit: unit.to_owned(),
            from,
            step,
            at: Vec::new(),
            scale,
            low: Vec::new(),
            high: Vec::new(),
            count,
        };
        for run in values.chunk_by(|a, b| thinned && tick(a.0) == tick(b.0)) {
            let Some((time, ..)) = run.first() else { continue };
            points.at.push(tick(*time));
            points.low.push(whole(run.iter().map(|(_, low, _)| *low).fold(f64::INFINITY, f64::min), scale));
            if thinned {
                let highest = run.iter().map(|(.., high)| *high).fold(f64::NEG_INFINITY, f64::max);
                points.high.push(whole(highest, scale));
            }
        }
        Some(points)
    }

    /// (time, smallest, largest) in order of time.
    pub fn spans(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.at.iter().enumerate().map(|(k, at)| {
            let (low, high) = spans(&self.low, &self.high, self.scale, k);
            (self.from + f64::from(*at) * self.step, low, high)
        })
    }
}

/// How often values came, in equal steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// SI base unit.
    pub unit: String,
    /// Where the first step begins.
    pub from: f64,
    /// Width of a step.
    pub step: f64,
    /// How many in each.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// Of values, each with how often it came, in some √n steps; `None` where they are too few or all the same.
    pub fn of(unit: &str, values: impl Iterator<Item = (f64, u32)> + Clone) -> Option<Self> {
        const FEWEST: u64 = 8;
        let count: u64 = values.clone().map(|(_, times)| u64::from(times)).sum();
        let (low, high) = values
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (v, _)| (low.min(v), high.max(v)));
        if count < FEWEST || !(high > low && (high - low).is_finite()) {
            return None;
        }
        let steps = ((count as f64).sqrt() as usize).clamp(5, 40);
        let step = (high - low) / steps as f64;
        let mut counts = vec![0; steps];
        for (value, times) in values {
            let at = (((value - low) / step) as usize).min(steps - 1);
            if let Some(bin) = counts.get_mut(at) {
                *bin += times;
            }
        }
        Some(Self { unit: unit.to_owned(), from: low, step, counts })
    }
}

fn scale_of(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.filter(|value| value.is_finite()).map(f64::abs).fold(0.0, f64::max);
    if largest > 0.0 { largest / RESOLUTION } else { 1.0 }
}

/// As a whole number of steps; what is no number counts as none of them.
fn whole(value: f64, scale: f64) -> i32 {
    (value / scale).round() as i32
}

fn spans(low: &[i32], high: &[i32], scale: f64, k: usize) -> (f64, f64) {
    let smallest = low.get(k).copied().unwrap_or(0);
    let largest = high.get(k).copied().unwrap_or(smallest);
    (f64::from(smallest) * scale, f64::from(largest) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_keeps_its_values_to_a_part_in_twenty_thousand_and_survives_json() {
        let values = [0.0, -2.0123e-3, 1.9999e-3, f64::NAN];
        let trace = Trace::of("e1", "A", (1.0, 0.5), &values);
        let back: Trace = serde_json::from_str(&serde_json::to_string(&trace).unwrap()).unwrap();
        assert_eq!(back, trace);
        let read: Vec<_> = back.spans().collect();
        assert_eq!(read.len(), 4);
        assert!((read[1].1 + 2.0123e-3).abs() < 1e-7 && read[1].0 == 1.5 && read[3].1 == 0.0);
    }

    #[test]
    fn many_points_become_the_extremes_of_stretches() {
        let value = |k: i32| if k == 777 { 5.0 } else { 1.0 };
        let values: Vec<_> = (0..10_000).map(|k| (f64::from(k), value(k), value(k))).collect();
        let points = Points::of("A", &values, 10_000, 200).unwrap();
        assert!(points.at.len() <= 201 && points.count == 10_000);
        let spikes: Vec<_> = points.spans().filter(|(.., high)| *high > 4.0).collect();
        assert_eq!(spikes.len(), 1);
        assert!((spikes[0].0 - 777.0).abs() < 51.0 && (spikes[0].1 - 1.0).abs() < 1e-3);
        let few = Points::of("A", &values[..3], 3, 200).unwrap();
        assert!(few.high.is_empty() && few.at.len() == 3);
        assert_eq!(Points::of("A", &[], 0, 200), None);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let values = (0..100).map(|k| (f64::from(k % 10), 1));
        let histogram = Histogram::of("A", values).unwrap();
        assert_eq!(histogram.counts.iter().sum::<u32>(), 100);
        assert_eq!(histogram.counts.len(), 10);
        assert_eq!(Histogram::of("A", std::iter::repeat_n((1.0, 1), 50)), None);
    }
}
