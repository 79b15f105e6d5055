//! Shares that the board's converter can make.

use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;

use super::super::Case;
use super::{Planned, applied};
use crate::source::Diagnostic;

/// A share that the converter's steps move by more than this part of itself is worth a warning: it is the limit at which
/// a share counts as wrong.
const COARSE: f64 = 0.05;

/// Refuses shares that round to nothing, and warns of those that the steps of the converter change beyond recognition.
pub(super) fn check(case: &Case, rig: &Rig, programs: &[Planned<'_>], problems: &mut Vec<Diagnostic>) {
    for planned in programs {
        let made = applied::quantised(planned.program, rig, &case.phantom);
        if made.amplitude <= 0.0 {
            continue;
        }
        for (asked, made) in planned.program.contacts.iter().zip(&made.contacts) {
            let off = (made.share - asked.share).abs();
            if off <= COARSE * asked.share.abs() {
                continue;
            }
            let percent = |share: f64| engineering(share, Dimension::Ratio, 3);
            let place = planned.place(case, &format!("contacts.{}", asked.contact));
            let amplitude = engineering(planned.program.amplitude, Dimension::Current, 3);
            let help = Some("take a larger share, or a larger amplitude");
            problems.push(if made.share * asked.share < 0.0 {
                let what = format!(
                    "the steps of the board's converter leave nothing of {amplitude} to a share of {}: the others are rounded up",
                    percent(asked.share)
                );
                place.error(&what, help)
            } else if made.share == 0.0 {
                let what = format!(
                    "a share of {} of {amplitude} is less than half a step of the board's converter",
                    percent(asked.share)
                );
                place.error(&what, help)
            } else {
                let what = format!(
                    "a share of {} of {amplitude} becomes {} on the board's converter",
                    percent(asked.share),
                    percent(made.share)
                );
                place.warning(&what, help)
            });
        }
    }
}
