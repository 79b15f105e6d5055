//! Which of the phases that were found is which of those that a pulse was to have.

use crate::measure::{PhaseRow, PulseRow, RINGING};
use crate::signal::{Phase, Pulse};

use super::hidden::CERTAIN;
use super::{Reason, View, Window};

/// What became of a phase that a pulse was to have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'r> {
    /// It is this one of the row's, and which.
    At(usize, &'r PhaseRow),
    /// It is not there: less than this flowed, A.
    Absent(f64),
    /// The window begins or ends within the pulse: what is missing of it may lie outside.
    Cut,
}

impl View<'_> {
    /// Phase `k` of the pulse `asked` that a row was to be. Where the row has fewer phases than the pulse was to have, they are
    /// told apart by their signs: half of an output stage may be dead.
    ///
    /// # Errors
    /// [`Reason::Unseen`] where a phase that small need not have been found.
    pub fn found<'r>(
        &self,
        window: Window,
        row: &'r PulseRow,
        asked: &Pulse,
        k: usize,
    ) -> Result<Found<'r>, Reason> {
        let (there, wanted) = (row.phases(), asked.phases());
        if let Some(phase) = there.get(k).filter(|_| there.len() >= wanted.len()) {
            return Ok(Found::At(k, phase));
        }
        let scale = self.program_at(row).scale_of(&self.contact.name);
        let places = places(row, wanted, scale);
        let place = places.get(k).copied().flatten();
        if let Some((at, phase)) = place.and_then(|at| Some((at, there.get(at)?))) {
            return Ok(Found::At(at, phase));
        }
        let (from, to) = self.due(row, wanted, &places);
        let g = self.settling() as f64;
        if scale == 0.0 || from < window.from as f64 - g || to > window.to as f64 + g {
            return Ok(Found::Cut);
        }
        let most = self.least_found(asked, k, scale);
        let due = wanted.get(k).map_or(0.0, |phase| (phase.current * scale).abs());
        if due < CERTAIN * most {
            return Err(Reason::Unseen { pulse: row.number });
        }
        Ok(Found::Absent(most))
    }

    /// The leading phase of a row, where it is there: not a recovery that came alone.
    pub(super) fn leading<'r>(&self, row: &'r PulseRow, asked: &Pulse) -> Option<&'r PhaseRow> {
        let (there, wanted) = (row.phases(), asked.phases());
        if there.len() >= wanted.len() {
            return there.first();
        }
        let scale = self.program_at(row).scale_of(&self.contact.name);
        let [leading, ..] = places(row, wanted, scale);
        there.first().filter(|_| leading.is_some() || scale == 0.0)
    }

    /// By how much what was found of a row came behind its leading phase, s, where that one is missing and so small that it need not have
    /// been found: 0 of any other row.
    pub(super) fn behind_lead(&self, row: &PulseRow, asked: &Pulse) -> f64 {
        let scale = self.program_at(row).scale_of(&self.contact.name);
        let due = asked.phases().first().map_or(0.0, |phase| (phase.current * scale).abs());
        if self.leading(row, asked).is_some() || due >= CERTAIN * self.least_found(asked, 0, scale) {
            return 0.0;
        }
        let (from, _) = self.due(row, asked.phases(), &places(row, asked.phases(), scale));
        (row.start() - from) / self.rate() - self.recording.front_end.delay
    }

    /// From where to where the pulse was to last, samples without the filter's delay: the phases that are there say when it began.
    fn due(&self, row: &PulseRow, wanted: &[Phase], places: &[Option<usize>; 3]) -> (f64, f64) {
        let first = wanted.iter().zip(places).find(|(_, place)| place.is_some()).map(|(phase, _)| phase);
        let first = first.or(wanted.first());
        let at = row.start() - self.recording.front_end.delay * self.rate();
        let away = |instant: f64| at + first.map_or(0.0, |first| instant - first.start) * self.rate();
        let begins = wanted.first().map_or(0.0, |phase| phase.start);
        (away(begins), away(wanted.last().map_or(0.0, Phase::end)))
    }

    /// Smallest current of phase `k` that is told from noise, and from what the filter makes of the phase before, A.
    fn least_found(&self, asked: &Pulse, k: usize, scale: f64) -> f64 {
        let rest = self.contact.begins_codes * self.calibration.lsb;
        let (before, own) = (k.checked_sub(1).and_then(|k| asked.phases().get(k)), asked.phases().get(k));
        let near = before
            .zip(own)
            .filter(|(before, own)| own.start - before.end() < self.recording.front_end.settling);
        near.map_or(rest, |(before, _)| rest.max(RINGING * (before.current * scale).abs()))
    }
}

/// Which of a row's phases each wanted one is, in their order and with their signs.
fn places(row: &PulseRow, wanted: &[Phase], scale: f64) -> [Option<usize>; 3] {
    let mut rest = row.phases().iter().enumerate().peekable();
    let mut places = [None; 3];
    for (place, wanted) in places.iter_mut().zip(wanted) {
        let same = |level: f32| (f64::from(level) - row.base) * wanted.current * scale > 0.0;
        *place = rest.next_if(|(_, found)| same(found.level)).map(|(at, _)| at);
    }
    places
}
