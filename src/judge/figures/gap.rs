//! Where a train lacks a pulse.

use crate::measure::PulseRow;
use crate::record::CheckRecord;
use crate::scenario::Measurand;

use super::super::View;
use super::super::train::slot;

/// The middle of the first gap in the train of a check that counts too few pulses, s since the first sample: between two pulses
/// that are no neighbours under one program, or behind the last one. `None` where there is none to be seen.
pub(super) fn first(view: &View<'_>, record: &CheckRecord) -> Option<f64> {
    let lacks = match view.check.measurand {
        Measurand::MissingPulses => record.value.is_some_and(|missing| missing > 0.0),
        Measurand::PulseCount => {
            record.value.zip(record.limit.lower).is_some_and(|(found, least)| found < least)
        }
        _ => false,
    };
    let window = view.window().ok().filter(|_| lacks)?;
    let (from, to) = (window.from as f64, window.to as f64);
    let mut last: Option<PulseRow> = None;
    for row in view.contact.pulses.iter().filter(|row| (from..to).contains(&row.start())) {
        if let Some(before) = last.replace(row).filter(|before| skips(view, before, &row)) {
            return Some(view.seconds(0.5 * (before.start() + row.start())));
        }
    }
    let last = last?;
    let (segment, _) = view.segment(&last)?;
    let ends = last.start() + segment.programmed.longest_rest() * view.rate();
    (ends < to).then(|| view.seconds(last.start()))
}

/// Whether a programmed pulse is missing between two rows of one train and one program.
fn skips(view: &View<'_>, before: &PulseRow, after: &PulseRow) -> bool {
    let one_train =
        view.trains().iter().any(|train| train.contains(&before.number) && train.contains(&after.number));
    let (Some(a), Some(b)) = (view.placed(before), view.placed(after)) else { return false };
    let apart = (after.start() - before.start()) / view.rate();
    one_train
        && std::ptr::eq(a.segment, b.segment)
        && b.n > a.n + 1
        && apart > 1.5 * slot(&a.segment.programmed)
}
