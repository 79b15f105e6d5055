//! Does the record pass its trigger level where the instrument says that it was triggered?

use crate::instrument::Trigger;

use super::Load;
use super::transfer::Taken;
use super::trouble::Trouble;
use super::wiring::inverted;

/// Samples by which the stated instant may be off without a word.
pub(super) const SLACK: u64 = 8;

impl Load {
    /// The sample at which the record passes its trigger level: the one that is stated, if it does so there, else the first
    /// of all.
    ///
    /// # Errors
    /// [`Trouble::Record`] when it never does: then it was triggered by nothing that it shows.
    pub(super) async fn crossing(
        &mut self,
        taken: &Taken,
        trigger: Trigger,
        stated: u64,
        first: &[Vec<i16>],
    ) -> Result<u64, Trouble> {
        let wired = self.wired.get(trigger.channel).cloned();
        let found = wired.and_then(|wired| {
            let layout = taken.of_name(&wired.plus)?;
            // At the input: an inverting one falls where what is sensed rises.
            let volts = trigger.level / wired.stated.factor();
            Some((wired, layout, volts / layout.lsb + layout.zero, volts > 0.0))
        });
        let Some((wired, layout, level, rising)) = found else { return Ok(stated) };
        let own = taken.of_input(&wired.plus).map_or("", |(_, own, _)| own);
        // What was read has the sign of what is sensed.
        let raw = |codes: &[i16]| match wired.inverts() {
            true => codes.iter().copied().map(inverted).collect(),
            false => codes.to_vec(),
        };
        let from = stated.saturating_sub(SLACK + 1);
        let count = (2 * SLACK + 3).min(taken.points.saturating_sub(from));
        let near = match first
            .get(trigger.channel)
            .and_then(|codes| codes.get(from as usize..(from + count) as usize))
        {
            Some(codes) => raw(codes),
            None if count > 0 && taken.chunk < taken.points => self.fetch(own, &layout, from, count).await?,
            None => Vec::new(),
        };
        if passes(&near, level, rising).is_some() {
            return Ok(stated);
        }
        let mut at = 0;
        while at < taken.points {
            let count = taken.chunk.min(taken.points - at);
            let codes = match first.get(trigger.channel).filter(|_| at == 0) {
                Some(codes) => raw(codes),
                None => self.fetch(own, &layout, at, count).await?,
            };
            if let Some(found) = passes(&codes, level, rising) {
                return Ok(at + found);
            }
            at += count;
        }
        Err(Trouble::Record("it was triggered, but its record never passes the trigger level".to_owned()))
    }
}

/// The first sample beyond a level whose predecessor is not.
fn passes(codes: &[i16], level: f64, rising: bool) -> Option<u64> {
    let beyond = |code: i16| if rising { f64::from(code) >= level } else { f64::from(code) <= level };
    codes
        .windows(2)
        .position(|pair| matches!(pair, [a, b] if !beyond(*a) && beyond(*b)))
        .map(|k| k as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_passed_in_one_direction() {
        let codes = [0, 0, 5, 9, 9, 0, -9, 0];
        assert_eq!(passes(&codes, 6.0, true), Some(3));
        assert_eq!(passes(&codes, -6.0, false), Some(6));
        assert_eq!((passes(&codes, 10.0, true), passes(&[9, 9], 6.0, true)), (None, None));
    }
}
