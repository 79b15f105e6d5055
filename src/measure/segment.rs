//! Cutting the stream of one current channel into phases, and phases into pulses.

use std::hint::cold_path;

use super::Level;
use super::building::Building;
use super::contact::Contact;
use super::excursion::Excursion;
use super::history::History;
use super::lanes::first_beyond;
use super::order::larger;
use super::row::Constants;
use super::seek::Along;
use super::timing::Timing;

/// What is no larger than so many times the level that begins a phase may fall below the one that ends it by its noise alone: eight
/// deviations and four.
const FAINT: f64 = 2.0;

/// What leaves the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entered {
    /// The first phase of a pulse.
    Pulse,
    /// Another phase, or a recharge.
    Run,
    /// The phase before, which goes on.
    Again,
}

impl Contact {
    /// Follows the current through `codes`, the first at sample `from`.
    pub(super) fn segment(
        &mut self,
        history: &History,
        (codes, extremes): (&[i16], (i16, i16)),
        from: u64,
        timing: &Timing,
        constants: &Constants,
    ) {
        self.aim(extremes);
        let mut next = 0;
        loop {
            if self.side == 0 {
                let Some(hit) = self.resting(codes, next, from, constants) else { return };
                let Some(code) = codes.get(hit) else { return };
                let (at, positive) = (from + hit as u64, *code > self.bounds.still.high);
                match self.enter(at, positive, timing, constants) {
                    Entered::Run => {}
                    Entered::Pulse => {
                        self.begin(history, at, positive, timing, constants);
                        if self.base != self.bounds.base {
                            cold_path();
                            self.aim(extremes);
                        }
                    }
                    Entered::Again => {
                        cold_path();
                        self.aim(extremes);
                    }
                }
                next = hit + 1;
            }
            if self.run_counts {
                let Some(end) = self.driven(codes, next) else { return };
                // With the sample that ends a phase another may begin.
                self.leave(from + end as u64, constants);
                next = end;
            } else {
                cold_path();
                let Some(code) = codes.get(next) else { return };
                let y = f64::from(*code) - self.base;
                self.step(history, from + next as u64, y, timing, constants);
                if self.run_counts || self.base != self.bounds.base {
                    self.aim(extremes);
                }
                next += usize::from(self.side != 0);
            }
        }
    }

    /// What is looked for in a stretch of these extremes.
    #[inline]
    fn aim(&mut self, (low, high): (i16, i16)) {
        let (mut below, mut above) = (self.base - f64::from(low), f64::from(high) - self.base);
        if self.side != 0 {
            let furthest = if self.side > 0 { &mut above } else { &mut below };
            *furthest = larger(*furthest, self.run_peak);
        }
        self.bounds.aim(self.base, &self.thresholds, (below, above));
    }

    /// Index of the first of `codes`, which begin at sample `first`, from the one at `from` on that leaves the baseline.
    #[inline]
    fn resting(&self, codes: &[i16], from: usize, first: u64, constants: &Constants) -> Option<usize> {
        let rings = (self.left_at + constants.settling).saturating_sub(first) as usize;
        if rings > from {
            // While the filter may still ring after a phase it takes more to begin another.
            let near = codes.get(..rings).unwrap_or(codes);
            let hit = self.bounds.first_beyond(near, from, self.thresholds.enter(self.peak_before));
            if hit.is_some() {
                return hit;
            }
        }
        first_beyond(codes, from.max(rings), self.bounds.still)
    }

    /// Index of the sample that ends the phase under way, whose peak grows with those from the one at `from` on.
    #[inline]
    fn driven(&mut self, codes: &[i16], from: usize) -> Option<usize> {
        let mut along = Along { base: self.base, thresholds: self.thresholds, peak: self.run_peak };
        let end = along.follow(codes, from, self.side > 0, self.bounds.near);
        self.run_peak = along.peak;
        end
    }

    /// The sample at `at`, `y` from the baseline, in what is taken for a recharge; or the first behind it.
    fn step(&mut self, history: &History, at: u64, y: f64, timing: &Timing, constants: &Constants) {
        let along = y * f64::from(self.side);
        // What a closing switch lets through is largest at once.
        let rises = at <= self.run.from + 2 * constants.settling;
        self.run_least = if rises { along } else { self.run_least.min(along) };
        let grows = along > self.run_peak;
        self.run_peak = self.run_peak.max(along);
        if grows && along > self.tall() && self.is_too_late(constants) {
            self.begin(history, self.run.from, y > 0.0, timing, constants);
        } else if along - self.run_least > self.tall() && self.leads() {
            // A pulse begins on top of what the recharge still lets through.
            self.leave(at, constants);
            self.set_out(at, y > 0.0, false);
            self.begin(history, at, y > 0.0, timing, constants);
        } else if grows {
            // It lasts, however late that is.
        } else if self.is_open(at, constants) || along < self.thresholds.leave(self.run_peak) {
            // What still flows when the switch must have opened is the next phase.
            self.leave(at, constants);
        }
    }

    /// The current leaves the baseline at sample `at`.
    #[inline]
    fn enter(&mut self, at: u64, positive: bool, timing: &Timing, constants: &Constants) -> Entered {
        // What hardly stands out is lost in the noise now and then.
        if self.peak_before < FAINT * self.thresholds.high {
            cold_path();
            if self.goes_on(at, positive, constants) {
                return Entered::Again;
            }
        }
        let joined = at <= self.left_at + 1 && self.building.is_some();
        self.set_out(at, positive, joined);
        self.run_counts = true;
        if let Some(building) = &mut self.building {
            if building.goes_on(at, positive) {
                return Entered::Run;
            }
            if building.recharges(at, positive) {
                cold_path();
                self.run_counts = false;
                building.follower.get_or_insert(self.run);
                return Entered::Run;
            }
        } else if let Some(recharging) = self.recharging
            && at <= recharging.open
            && (positive != recharging.positive || timing.either)
        {
            cold_path();
            self.run_counts = false;
            return Entered::Run;
        }
        Entered::Pulse
    }

    /// Whether what leaves the baseline at sample `at` is still the phase before: it goes on then.
    fn goes_on(&mut self, at: u64, positive: bool, constants: &Constants) -> bool {
        let building = self.building.as_mut().filter(|_| self.run_counts);
        let building = building.filter(|_| at <= self.left_at + constants.settling);
        let Some(run) = building.and_then(|building| building.taken_up(at, positive)) else { return false };
        self.side = if positive { 1 } else { -1 };
        self.run = run;
        self.run_peak = self.peak_before;
        true
    }

    /// A run begins at sample `at`.
    fn set_out(&mut self, at: u64, positive: bool, joined: bool) {
        self.side = if positive { 1 } else { -1 };
        self.run = Excursion { from: at, to: at, joined };
        self.run_before = 0.0;
        self.run_peak = 0.0;
    }

    /// What is taken for a recharge and is larger than this may be a phase, codes. The smallest phase that is expected is not enough
    /// to tell: behind the ramp that begins with it, a recharge may be as large.
    fn tall(&self) -> f64 {
        let own = self.building.as_ref().map(Building::tall);
        let own = own.or(self.recharging.map(|recharging| recharging.tall));
        self.thresholds.tall.max(own.unwrap_or(0.0))
    }

    /// Whether the run taken for a recharge began too late for one: if it has the size of a phase, it is one.
    fn is_too_late(&self, constants: &Constants) -> bool {
        // Where the pulse is written already, the switch has been closed for long.
        let closed = |building: &Building| building.is_closed(self.run.from, constants.settling);
        self.building.as_ref().map_or(self.recharging.is_some(), closed)
    }

    /// Whether the run has the sign of the leading phase: what adds to a recharge by the size of a phase begins another pulse.
    fn leads(&self) -> bool {
        let recharging = self.recharging.map(|recharging| recharging.positive);
        let positive = self.building.as_ref().map(|building| building.positive).or(recharging);
        positive == Some(self.side > 0)
    }

    /// Whether the recharge switch of the pulse under way must have opened by sample `at`.
    fn is_open(&self, at: u64, constants: &Constants) -> bool {
        let recharging = self.recharging.map(|recharging| recharging.open + recharging.slack);
        let open = self.building.as_ref().map_or(recharging, Building::must_open);
        open.is_some_and(|open| open + constants.settling < at)
    }

    /// A pulse begins at sample `at`; one that is under way is over.
    fn begin(&mut self, history: &History, at: u64, positive: bool, timing: &Timing, constants: &Constants) {
        self.run_counts = true;
        if let Some(building) = &mut self.building {
            // A run that was taken for a recharge until it grew tall.
            if building.follower.is_some_and(|follower| follower.from >= at) {
                building.follower = None;
            }
            self.finish(history, at, false, constants);
        }
        self.settle(history, at.saturating_sub(constants.settling));
        let rested = self.quiet.is_baseline();
        if !rested && self.last_sum.is_some() {
            self.unrested();
        }
        let before = if rested { self.rest_over(history, at) } else { None };
        self.base = before.map_or(self.zero, |level| f64::from(level.value));
        let building = self.building.insert(Building {
            excursions: [Excursion { from: 0, to: 0, joined: false }; 3],
            count: 0,
            positive,
            timing: *timing,
            before: None,
            base: self.base,
            at,
            follower: None,
            rings: 0,
            clipped: false,
            peak: 0.0,
            slow: 0,
        });
        // A level that has just been written would be waited for, which most pulses of a fast train do not have.
        if before.is_some() {
            building.before = before;
        }
    }

    /// A rest that is long enough for a baseline ends at sample `at`, for the pulse behind which this is its level.
    #[inline(never)]
    fn rest_over(&mut self, history: &History, at: u64) -> Option<Level> {
        let (after, before) = self.quiet.levels(history, at);
        if self.last_sum.is_some() {
            self.rested(after);
        }
        if self.quiet.is_restless(self.noise) {
            // It is the level behind the pulse before this one too.
            let next = self.record.pulses.len();
            let first = if self.last_sum.is_some() { next.saturating_sub(1) } else { next };
            (first..=next).for_each(|row| self.record.restless.add(row));
        }
        before
    }

    /// The current is back on the baseline (or beyond it) at sample `at`.
    #[inline]
    fn leave(&mut self, at: u64, constants: &Constants) {
        self.side = 0;
        self.left_at = at;
        self.peak_before = self.run_peak;
        let run = Excursion { to: at, ..self.run };
        match &mut self.building {
            Some(building) if self.run_counts => building.add(run, self.run_peak),
            _ => self.flowed(at, constants),
        }
    }

    /// What was taken for a recharge is over at sample `at`.
    #[inline(never)]
    fn flowed(&mut self, at: u64, constants: &Constants) {
        if let Some(building) = &mut self.building {
            // What flows on behind the last instant at which the switch can have opened did not come through it.
            let last = building.must_open().unwrap_or(at);
            building.flowed(at.min(last), constants.settling);
        } else {
            self.quiet_from = self.quiet_from.max(at + constants.settling);
            self.quiet.clear();
        }
    }
}
