//! Records that do not tell what is a pulse and what the rest between two of them.

use crate::quantity::{Dimension, engineering};

use super::finding::{Finding, FindingCode};
use super::noise::median;
use super::pulses::Pulses;
use super::row::{PhaseRow, Row};

/// A phase returns to zero that ends within this part of its height from there …
const RETURNS: f64 = 0.1;
/// … and is told of where so many of all phases do.
const OFTEN: f64 = 0.2;
/// Gaps of at least this part of the rests behind the pulses are as long.
const EQUAL: f64 = 0.95;
/// Fewer pulses than this keep no step.
const FEWEST: usize = 3;
/// Shorter gaps, in samples, are none.
const TOUCH: f64 = 2.0;

/// What may be taken for something else, if anything is; `rest` is the rest level, A.
pub(super) fn ambiguous(pulses: &Pulses, rest: f64) -> Option<Finding> {
    let message = upside_down(pulses, rest).or_else(|| equal_rests(pulses))?;
    Some(Finding { code: FindingCode::AmbiguousPulses, message })
}

fn phases(row: &Row) -> impl Iterator<Item = PhaseRow> {
    [Some(row.leading), row.recovery].into_iter().flatten()
}

/// The rest is where a trace is for most of the time. Of a train that is on for longer than it is off that is a phase.
fn upside_down(pulses: &Pulses, rest: f64) -> Option<String> {
    let gain = pulses.setting.as_ref()?.scale.gain;
    let returns = |phase: &PhaseRow| {
        let level = phase.level * gain;
        (rest + level).abs() <= RETURNS * level.abs()
    };
    let all = || pulses.rows.iter().flat_map(phases);
    let (many, count) = (all().filter(returns).count(), all().count());
    (many > 0 && many as f64 >= OFTEN * count as f64).then(|| {
        format!(
            "the trace is at {} for most of the time and returns to 0 in {many} of {count} phases: if it has no offset, what is taken \
             for the rest is a phase that is on for longer than it is off, and the numbers are those of the rests between",
            engineering(rest, Dimension::Current, 3)
        )
    })
}

/// Phases at equal distances are pulses of two phases or of one that alternate.
fn equal_rests(pulses: &Pulses) -> Option<String> {
    let gap = |row: &Row| row.recovery.map(|recovery| recovery.edges.start - row.leading.edges.end);
    let mut gaps: Vec<f64> = pulses.rows.iter().filter_map(gap).collect();
    let next = pulses.rows.iter().skip(1);
    let mut rests: Vec<f64> =
        pulses.rows.iter().zip(next).map(|(row, next)| next.leading.edges.start - row.end()).collect();
    if gaps.len() < FEWEST || rests.is_empty() {
        return None;
    }
    let (gap, rest) = (median(&mut gaps), median(&mut rests));
    let dt = pulses.setting.as_ref()?.dt;
    (gap > TOUCH && gap >= EQUAL * rest).then(|| {
        format!(
            "phases of either sign follow each other {} apart, all alike: whether they are pulses of two phases, which of them leads, or \
             pulses of one phase that alternate, the record does not tell",
            engineering(gap * dt, Dimension::Time, 3)
        )
    })
}
