//! One measured pulse: numbers, not samples.

use super::Level;

/// One phase of a measured pulse. Instants in samples relative to the pulse's `at`, levels in raw codes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PhaseRow {
    /// 50 % instant of its first edge.
    pub start: f32,
    /// 50 % instant of its second edge.
    pub end: f32,
    /// Mean of the central 60 %, codes.
    pub level: f32,
    /// Samples in that mean; 0 when fewer than eight could be used and the level is charge over width.
    pub settled: u32,
    /// Σ(code − base) over the phase's charge window, code·samples.
    pub area: f32,
    /// Length of that window, samples.
    pub span: f32,
}

/// The shape of one phase. Levels in raw codes, times in samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapeRow {
    /// Its level less the level before its first edge, codes.
    pub step: f32,
    /// t90 − t10 of its first edge; NaN where the edge does not reach 90 %.
    pub transition: f32,
    /// Largest excess over its level behind the first edge, codes; NaN where the phase is too short for one.
    pub excess: f32,
    /// From there until half of the excess is left; infinite where it does not fall that far.
    pub half: f32,
    /// A straight line through the top, at 10 % and at 90 % of the phase, codes.
    pub top: (f32, f32),
    /// Samples the line rests on; 0 where they are too few.
    pub count: u32,
    /// Largest median of three neighbouring distances from the pulse's baseline, codes.
    pub peak: f32,
    /// Instants at a third of the peak instead of half the level, start and end, as those of the phase.
    pub third: (f32, f32),
    /// IEEE 181 state level of the settled top and the width of a histogram bin, codes.
    pub state: (f32, f32),
}

/// Properties of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// A sample of the pulse is at a rail.
    pub clipped: bool,
    /// Samples were lost in it, the record ended in it, or an edge was not found: edges or charges are not to be trusted.
    pub truncated: bool,
    /// It outlasted the history: its instants are not to be trusted.
    pub endless: bool,
}

/// One measured pulse of one contact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PulseRow {
    /// Its place in its table.
    pub number: usize,
    /// Sample to which the instants of its phases refer.
    pub at: u64,
    /// Up to three phases.
    pub phases: [PhaseRow; 3],
    /// How many of them are there.
    pub count: u8,
    /// First sample of its windows: the leading 50 % instant less the settling time.
    pub from: u64,
    /// Level from which all its areas are counted, codes: the quiet level before it, else the zero.
    pub base: f64,
    /// Σ(code − base) over the pulse window, recharge included, code·samples.
    pub pulse_area: f64,
    /// Length of that window, samples.
    pub pulse_span: u32,
    /// Σ(code − base) to the first sample of the next pulse's windows; NaN while there is none.
    pub cycle_area: f64,
    /// Length of the cycle, samples; 0 while there is no next pulse.
    pub cycle_span: u64,
    /// Quiet level before it.
    pub before: Option<Level>,
    /// Quiet level after it.
    pub after: Option<Level>,
    /// Level, counted from `base`, at which a passive recharge begins, codes; 0 where there is none.
    pub recharge: f32,
    /// Properties.
    pub flags: Flags,
}

impl PulseRow {
    /// The phases that were found, leading first.
    pub fn phases(&self) -> &[PhaseRow] {
        self.phases.get(..usize::from(self.count)).unwrap_or(&[])
    }

    /// Leading 50 % instant in samples since the stream began, still delayed by the filter.
    pub fn start(&self) -> f64 {
        self.at as f64 + self.phases().first().map_or(0.0, |phase| f64::from(phase.start))
    }

    /// Root of the sum of squares of the steps at the edges of its driven phases and of a recharge behind them, codes: a sum of
    /// samples is wrong by a part of each of them ([`summed`](super::FrontEnd::summed)). Levels are counted from `base`; `at_once`
    /// where the recharge follows the last phase without a rest.
    pub fn steps(&self, base: f64, at_once: bool) -> f64 {
        let (mut squares, mut before) = (0.0, None);
        for phase in self.phases() {
            let level = f64::from(phase.level) - base;
            squares += match before {
                Some((end, last)) if end == phase.start => f64::powi(level - last, 2),
                Some((_, last)) => level.powi(2) + f64::powi(last, 2),
                None => level.powi(2),
            };
            before = Some((phase.end, level));
        }
        let (last, back) = (before.map_or(0.0, |(_, last)| last), f64::from(self.recharge));
        squares += if at_once { (back - last).powi(2) } else { last.powi(2) + back.powi(2) };
        squares.sqrt()
    }

    /// Last 50 % instant in samples since the stream began, still delayed by the filter.
    pub fn end(&self) -> f64 {
        self.at as f64 + self.phases().last().map_or(0.0, |phase| f64::from(phase.end))
    }
}

#[cfg(test)]
impl PulseRow {
    /// A row of these phases, counted from sample `at`, on a baseline of 0; without levels beside it and areas.
    pub(crate) fn of(at: u64, phases: [PhaseRow; 3], count: usize) -> Self {
        Self {
            number: 0,
            at,
            phases,
            count: count as u8,
            from: 0,
            base: 0.0,
            pulse_area: 0.0,
            pulse_span: 0,
            cycle_area: f64::NAN,
            cycle_span: 0,
            before: None,
            after: None,
            recharge: 0.0,
            flags: Flags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phases of these levels, with rests of 5 samples between them or none, on a baseline of 7 codes.
    fn row(levels: &[f32], rest: f32, recharge: f32) -> PulseRow {
        let mut phases = [PhaseRow::default(); 3];
        for (k, (phase, level)) in phases.iter_mut().zip(levels).enumerate() {
            let start = (100.0 + rest) * k as f32;
            *phase = PhaseRow { start, end: start + 100.0, level: 7.0 + level, ..PhaseRow::default() };
        }
        PulseRow { base: 7.0, recharge, ..PulseRow::of(0, phases, levels.len()) }
    }

    #[test]
    fn an_edge_between_two_phases_has_the_step_from_one_level_to_the_other() {
        let squares = |levels: &[f32], rest: f32, recharge: f32, at_once: bool| {
            row(levels, rest, recharge).steps(7.0, at_once).powi(2)
        };
        let cases: [(&[f32], f32, f32, bool, f64); 6] = [
            (&[-10.0, 10.0], 5.0, 0.0, false, 4.0 * 100.0),
            (&[-10.0, 10.0], 0.0, 0.0, true, 100.0 + 400.0 + 100.0),
            (&[5.0, -10.0, 5.0], 0.0, 0.0, false, 25.0 + 225.0 + 225.0 + 25.0),
            (&[-10.0], 0.0, 4.0, false, 100.0 + 100.0 + 16.0),
            (&[-10.0], 0.0, 4.0, true, 100.0 + 196.0),
            (&[], 0.0, 0.0, false, 0.0),
        ];
        for (levels, rest, recharge, at_once, expected) in cases {
            let found = squares(levels, rest, recharge, at_once);
            assert!((found - expected).abs() < 1e-9, "{levels:?} {found}");
        }
    }
}
