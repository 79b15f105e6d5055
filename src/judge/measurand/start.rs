//! From a start to the first pulse.

use crate::measure::{Input, Measured};

use super::super::{Reason, Unit, Units, View};
use super::time::edges;

/// First leading 50 % instant after each start that was to begin a train, less the instant at which the board took it.
///
/// The marker bit is sampled: the board took the start within the sample period before. On a bench without the bit the
/// instant is the host's, and the round trip of the link is all that is known about it.
pub(super) fn start_latency(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let own = view;
    for (number, start) in view.begins().enumerate() {
        // Where the check names no contact, it is the first of those that the program in force then drives.
        let other = match (&view.check.contact, own.segment_at(start.sample)) {
            (None, Some((segment, _))) => own.recording.contact(segment.programmed.main_contact()),
            _ => None,
        };
        let other = other.filter(|contact| contact.name != own.contact.name);
        let other = other.map(|contact| own.at(contact)).transpose()?;
        let view = other.as_ref().unwrap_or(own);
        let rows = &view.contact.pulses;
        let until = view.default_record_end(start.sample);
        let train = view.trains().get(number).filter(|train| !train.is_empty());
        let first = train.and_then(|train| rows.get(train.start)).filter(|row| row.at < until);
        // Of what was lost before it nobody knows that it was not the first.
        let seen = first.as_ref().map_or(until, |row| row.at);
        match view.recording.lost_within(start.sample, seen) {
            0 => {}
            lost => return Err(Reason::SamplesLost(lost)),
        }
        let Some(row) = first else {
            // Never: later than any limit.
            units.push(Unit::exact(f64::INFINITY));
            continue;
        };
        if view.placed(&row).is_some_and(|placed| placed.hidden > 0.0) {
            return Err(Reason::NotPlaced { pulse: row.number });
        }
        // A leading phase that goes under in the noise came before what was found, as long as the program has it, or not at all.
        let behind = view
            .placed(&row)
            .map_or(0.0, |placed| view.behind_lead(&row, &placed.pulse(&placed.segment.programmed)));
        let seconds = view.seconds(row.start()) - behind - start.at() / view.rate();
        let level = row.phases().first().map_or(1.0, |phase| f64::from(phase.level) - row.base);
        let mut budget = edges(view, seconds, level, 1.0);
        budget.push(match start.marked {
            true => Input::rectangular("marker", 1.0 / view.rate()).independent(),
            false => Input::rectangular("round trip", view.facts.round_trip),
        });
        if behind > 0.0 {
            budget.push(Input::rectangular("leading phase unseen", behind));
        }
        let unit = view.unit(&row, Measured::new(seconds, budget));
        // Its number is of another table then.
        units.push(if other.is_some() { Unit { pulse: None, ..unit } } else { unit });
    }
    if units.is_empty() { Err(Reason::NoInstant("start".to_owned())) } else { Ok(()) }
}
