//! A pulse that is under way, what of a recharge behind it is still its own, and one that is over.

use super::Level;
use super::excursion::Excursion;
use super::history::KEPT;
use super::timing::{Switch, Timing};

/// A pulse that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Building {
    pub(super) excursions: [Excursion; 3],
    pub(super) count: usize,
    pub(super) positive: bool,
    /// Of the program that was in force when it began.
    pub(super) timing: Timing,
    pub(super) before: Option<Level>,
    pub(super) base: f64,
    /// Sample at which it began.
    pub(super) at: u64,
    /// Where a recharge begins to take charge back.
    pub(super) follower: Option<Excursion>,
    /// What flowed back through its recharge switch rings until this sample.
    pub(super) rings: u64,
    pub(super) clipped: bool,
    /// Largest magnitude of its leading phase, codes; 0 until that is over.
    pub(super) peak: f64,
    /// For how much longer its recharge has flowed than it was to, samples: by what the stimulator's clock is slow.
    pub(super) slow: u64,
}

/// A recharge whose pulse is written already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recharging {
    /// Its switch opens here.
    pub(super) open: u64,
    /// As [`Switch::slack`].
    pub(super) slack: u64,
    /// Sign of the leading phase.
    pub(super) positive: bool,
    /// What is larger is the size of a phase: [`Building::tall`].
    pub(super) tall: f64,
}

impl Building {
    /// What flows meanwhile and is larger than this, codes, has the size of a phase: half its own leading phase. What is taken back
    /// grows with the pulse, and the pulses behind one on a ramp are no smaller than it is.
    pub(super) fn tall(&self) -> f64 {
        0.5 * self.peak
    }

    /// Where the recharge switch opens, if it closes at all.
    #[inline(never)]
    pub(super) fn open(&self) -> Option<u64> {
        self.timing.recharge.map(|switch| self.at + switch.to + self.late(switch) + self.slow)
    }

    /// Where it must have opened, however slow the stimulator's clock may be.
    pub(super) fn must_open(&self) -> Option<u64> {
        Some(self.open()? + self.timing.recharge?.slack)
    }

    /// The recharge has flowed until sample `at`, where the switch opened; what rings behind it is over `settling` samples later.
    pub(super) fn flowed(&mut self, at: u64, settling: u64) {
        if let Some(open) = self.open().filter(|open| *open < at) {
            self.slow += at - open;
            self.rings = self.rings.max(at + settling + 1);
        }
    }

    /// A phase of it is over, and this was its peak, codes.
    #[inline]
    pub(super) fn add(&mut self, phase: Excursion, peak: f64) {
        if self.count == 0 {
            self.peak = peak;
        }
        if let Some(slot) = self.excursions.get_mut(self.count) {
            *slot = phase;
            self.count += 1;
        }
    }

    /// Whether a current of this sign that begins at sample `at` is its next phase.
    #[inline]
    pub(super) fn goes_on(&self, at: u64, positive: bool) -> bool {
        if self.count >= usize::from(self.timing.phases) {
            return false;
        }
        let last = self.excursions.get(self.count.wrapping_sub(1));
        let near = last.is_some_and(|last| at <= last.to + self.timing.allowance);
        near && positive == (self.positive == self.count.is_multiple_of(2))
    }

    /// Nothing more can belong to it from this sample on; `None` before it has a phase.
    pub(super) fn deadline(&self, settling: u64) -> Option<u64> {
        let last = self.excursions.get(self.count.checked_sub(1)?)?;
        let complete = self.count >= usize::from(self.timing.phases);
        let wait = if complete { 0 } else { self.timing.allowance } + settling + 2;
        let opened = self.open().map_or(0, |open| open + settling + 1);
        // A recharge that outlasts the history is not waited for.
        let opened = opened.min(self.at + (KEPT / 2) as u64);
        Some((last.to + wait).max(opened).max(self.rings))
    }

    /// By how much its switch is late, samples: what is wider than programmed makes late what is behind it, and what flows back then
    /// would be taken for another pulse. No pulse is believed to be longer than twice what it was to be.
    fn late(&self, switch: Switch) -> u64 {
        let whole = self.count >= usize::from(self.timing.phases);
        let last = self.excursions.get(self.count.wrapping_sub(1)).filter(|_| whole);
        last.map_or(0, |last| last.to.saturating_sub(self.at + switch.driven).min(switch.driven))
    }

    /// Where its recharge switch closes behind the last phase, which ends at sample `end`: with a shorter phase than that of the plateau
    /// sooner.
    pub(super) fn closes(&self, switch: Switch, end: u64) -> u64 {
        let dead = switch.from.saturating_sub(self.timing.length);
        if switch.at_once { end } else { end.max(self.at + switch.from).min(end + dead) }
    }

    /// The last phase, if a current of this sign at sample `at` is still of it by the program: it is under way again then.
    pub(super) fn taken_up(&mut self, at: u64, positive: bool) -> Option<Excursion> {
        let last = self.count.checked_sub(1)?;
        let same = positive == (self.positive == last.is_multiple_of(2));
        let run = self.excursions.get(last).filter(|_| same && at < self.at + self.timing.length).copied();
        self.count -= usize::from(run.is_some());
        run
    }

    /// Where it opened, seen from sample `upto`, at which the next pulse begins or nothing more is waited for. Between the
    /// pulses of a burst that is recharged at its end it never closes.
    #[inline]
    pub(super) fn opened(&self, upto: u64) -> Option<u64> {
        let last_only = self.timing.recharge?.last_only;
        self.open().filter(|open| self.follower.is_some() || !last_only || upto > *open)
    }

    /// Whether a current that begins at sample `at` is what the recharge takes back. After one phase it has the other sign;
    /// what a recharge finds after an active recovery, or after pulses of the other sign, has either.
    pub(super) fn recharges(&self, at: u64, positive: bool) -> bool {
        let returns = positive != self.positive || self.timing.either;
        returns && self.timing.recharge.is_some() && self.open().is_some_and(|open| at <= open)
    }

    /// Whether at sample `from` the switch has been closed for so long that what begins there is no recharge.
    pub(super) fn is_closed(&self, from: u64, settling: u64) -> bool {
        let closed =
            self.timing.recharge.map_or(u64::MAX, |switch| self.at + switch.from + self.late(switch));
        from > closed.saturating_add(2 * settling)
    }
}

/// A row that has just been written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finished {
    /// Its index in the table.
    pub(super) row: usize,
    /// First sample of its windows.
    pub(super) from: u64,
    /// End of its pulse window.
    pub(super) to: u64,
    /// Quiet samples between the pulse before and this one, as far as the program tells.
    pub(super) rest: u64,
    /// The end of the record, a loss or a relay cut it.
    pub(super) cut: bool,
}

impl Finished {
    /// Samples of the rest before it in which what came before and what comes has settled, which takes `settling` on either side; `None`
    /// where nothing tells when that rest began.
    pub(super) fn settled_rest(&self, settling: u64) -> Option<u64> {
        (self.rest > 0).then(|| self.rest.saturating_sub(2 * settling))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A negative pulse of 200 samples at sample 1000, whose switch closes 250 samples behind its edge and opens 2000 behind it.
    fn building(phases: u8, last_only: bool) -> Building {
        let switch = Switch { from: 250, to: 2000, last_only, driven: 216, at_once: false, slack: 40 };
        Building {
            excursions: [Excursion::default(); 3],
            count: 0,
            positive: false,
            timing: Timing {
                phases,
                allowance: 100,
                recharge: Some(switch),
                smallest: 1e-3,
                gapless: false,
                length: 200,
                either: phases > 1,
            },
            before: None,
            base: 0.0,
            at: 1000,
            follower: None,
            rings: 0,
            clipped: false,
            peak: 0.0,
            slow: 0,
        }
    }

    #[test]
    fn a_switch_that_closes_behind_each_pulse_opens_whether_anything_flows_or_not() {
        let each = building(1, false);
        assert_eq!((each.open(), each.opened(0), each.opened(5000)), (Some(3000), Some(3000), Some(3000)));
        // Behind the last of a burst: where no other pulse came before, or where something flowed back.
        let last = building(1, true);
        assert_eq!((last.opened(2999), last.opened(3000), last.opened(3001)), (None, None, Some(3000)));
        assert_eq!(last.opened(9000), Some(3000));
        let flowing = Building { follower: Some(Excursion::default()), ..last };
        assert_eq!(flowing.opened(1500), Some(3000));
        let none = Building { timing: Timing { recharge: None, ..last.timing }, ..last };
        assert_eq!((none.open(), none.opened(9000), none.recharges(1500, true)), (None, None, false));
    }

    #[test]
    fn what_flows_on_behind_the_opening_is_late_by_as_much() {
        let mut pulse = building(1, false);
        assert_eq!((pulse.must_open(), pulse.deadline(16)), (Some(3040), None));
        pulse.add(Excursion { from: 1000, to: 1100, joined: false }, 500.0);
        assert_eq!((pulse.peak, pulse.deadline(16)), (500.0, Some(3017)));
        pulse.flowed(2990, 16);
        assert_eq!((pulse.open(), pulse.deadline(16)), (Some(3000), Some(3017)));
        pulse.flowed(3030, 16);
        assert_eq!(
            (pulse.open(), pulse.opened(5000), pulse.deadline(16)),
            (Some(3030), Some(3030), Some(3047))
        );
    }

    #[test]
    fn a_pulse_is_waited_for_until_its_next_phase_is_too_late() {
        let mut pulse = building(2, false);
        pulse.timing.recharge = None;
        assert!(!pulse.goes_on(1000, false), "it has not begun");
        pulse.add(Excursion { from: 1000, to: 1100, joined: false }, 500.0);
        // The other phase begins within a hundred samples.
        assert_eq!(pulse.deadline(16), Some(1100 + 100 + 18));
        assert!(pulse.goes_on(1200, true) && !pulse.goes_on(1201, true) && !pulse.goes_on(1150, false));
        pulse.add(Excursion { from: 1150, to: 1250, joined: false }, 400.0);
        assert_eq!((pulse.count, pulse.peak, pulse.deadline(16)), (2, 500.0, Some(1250 + 18)));
        assert!(!pulse.goes_on(1260, false), "it has both");
    }

    #[test]
    fn what_lasts_longer_makes_its_switch_late() {
        let lasted = |samples: u64| {
            let mut pulse = building(1, false);
            pulse.excursions[0] = Excursion { from: 1000, to: 1000 + samples, joined: false };
            Building { count: 1, ..pulse }
        };
        for (samples, late) in [(150, 0), (216, 0), (256, 40), (900, 216)] {
            let pulse = lasted(samples);
            assert_eq!(pulse.open(), Some(3000 + late), "{samples}");
            assert!(!pulse.is_closed(1282 + late, 16) && pulse.is_closed(1283 + late, 16));
        }
        // Its second phase is to come.
        let first = Building { timing: building(2, false).timing, ..lasted(256) };
        assert_eq!(first.open(), Some(3000));
    }

    #[test]
    fn a_recharge_returns_what_one_phase_has_left_and_has_either_sign_behind_two() {
        let (one, two) = (building(1, false), building(2, false));
        assert!(one.recharges(3000, true) && !one.recharges(3001, true) && !one.recharges(1500, false));
        assert!(two.recharges(3000, true) && two.recharges(3000, false) && !two.recharges(3001, false));
        // Closed at 1250: what grows tall two settling times later is a phase.
        assert!(!one.is_closed(1250 + 32, 16) && one.is_closed(1250 + 33, 16));
    }
}
