//! What a check `after:` an instant looks at: the activity from there to the next start of the scenario.

use crate::measure::{Input, Interval};
use crate::scenario::{Action, Fault};
use crate::signal::Program;

use super::super::zeroed::seen;
use super::super::{Instant, Reason, View};
use super::due::Due;
use super::owed::LATENCY;

/// An instant and what was active around it.
pub(super) struct Event<'a> {
    /// The step's instant.
    pub(super) at: &'a Instant,
    /// Its sample.
    pub(super) t0: u64,
    /// Until when it is looked at: the scenario's next start, else the end of the record.
    pub(super) until: u64,
    /// The program in force.
    pub(super) program: &'a Program,
    /// Activity of every contact and of the stimulator's side before `until`, in order of time.
    pub(super) activity: Vec<Interval>,
}

impl<'a> Event<'a> {
    /// The event that a check is `after:`.
    ///
    /// # Errors
    /// An instant that was not reached or is not in the record, samples lost after it, and an activity that cannot be seen.
    pub(super) fn of(view: &View<'a>) -> Result<Self, Reason> {
        let after = view.check.after.as_deref().ok_or(Reason::Missing("after"))?;
        let step = view.case.step_of(after);
        let at = view.facts.instants.iter().find(|at| Some(at.step) == step);
        Self::at(view, at.ok_or_else(|| Reason::NoInstant(after.to_owned()))?)
    }

    /// Of a step's instant.
    ///
    /// # Errors
    /// As [`Event::of`].
    pub(super) fn at(view: &View<'a>, at: &'a Instant) -> Result<Self, Reason> {
        if at.ahead > 0 {
            return Err(Reason::BeforeRecord(-at.at() / view.rate()));
        }
        let t0 = at.sample;
        let starts = view.starts().filter(|one| one.step > at.step);
        let start = starts.map(|one| one.sample).min();
        let until = start.unwrap_or(view.recording.samples);
        // One that began before the event hides what came behind it as well.
        let lost = view.recording.lost_within(t0, until.saturating_add(1));
        if lost > 0 {
            return Err(Reason::SamplesLost(lost));
        }
        let program = view.facts.segments.iter().rfind(|segment| segment.from <= t0);
        let program = program.map_or(&view.case.program, |segment| &segment.programmed);
        let event = Self { at, t0, until, program, activity: Vec::new() };
        if event.interrupts_current(view) && view.recording.setup.vout.is_none() {
            return Err(Reason::NotObservable);
        }
        let contacts = view.recording.contacts.iter().flat_map(|contact| &contact.activity);
        let moved = view.recording.voltages.iter().flat_map(|voltage| &voltage.activity);
        let mut activity: Vec<Interval> =
            contacts.chain(moved).copied().filter(|interval| interval.first < until).collect();
        activity.sort_by_key(|interval| interval.first);
        Ok(Self { activity, ..event })
    }

    /// Whether the way of the current is open from there on, by this step or an earlier one that was not cleared, so that only the
    /// voltage at the stimulator tells.
    pub(super) fn interrupts_current(&self, view: &View<'_>) -> bool {
        let steps = view.case.steps.iter().take(self.at.step + 1).map(|step| &step.action);
        steps.fold(false, |open, action| match action {
            Action::Inject(Fault::OpenLead { .. }) => true,
            Action::Clear(fault) => open && fault != "open-lead",
            _ => open,
        })
    }

    /// The longest that a train in progress is silent by its program.
    pub(super) fn longest_rest(&self) -> f64 {
        self.program.longest_rest()
    }

    /// Quiet that shows it is off: 100 ms or what the program itself may be silent, samples.
    pub(super) fn quiet(&self, view: &View<'_>) -> u64 {
        (self.longest_rest().max(0.1) * view.rate()) as u64
    }

    /// A train was in progress: it had been started and not stopped, and was active or had only just been started. To
    /// show that something ended, there must have been something.
    ///
    /// # Errors
    /// [`Reason::NotRunning`].
    pub(super) fn running(&self, view: &View<'a>) -> Result<(), Reason> {
        let Some(started) = self.started(view) else { return Err(Reason::NotRunning) };
        let since = self.t0.saturating_sub((self.longest_rest() * view.rate()) as u64);
        let ran = self.only_just(view, started) || self.was_active(since.max(started.sample));
        if ran { Ok(()) } else { Err(Reason::NotRunning) }
    }

    /// Whether something was active between a sample and the event.
    fn was_active(&self, since: u64) -> bool {
        self.activity.iter().any(|interval| interval.first <= self.t0 && interval.last >= since)
    }

    /// Whether the event came so soon after a start that nothing need have come of it yet: the first pulse is due within a period.
    /// A record that begins behind the start may begin in a rest.
    fn only_just(&self, view: &View<'_>, started: &Instant) -> bool {
        let rest = self.longest_rest();
        let first = if started.ahead > 0 { rest } else { rest.min(self.program.period().max(LATENCY)) };
        let doubt = if started.marked { 0.0 } else { view.facts.round_trip };
        self.t0.saturating_sub(started.sample) as f64 <= (first + doubt) * view.rate()
    }

    /// The start of the train that it met, unless the host had stopped that.
    fn started(&self, view: &View<'a>) -> Option<&'a Instant> {
        let before = |one: &&Instant| one.step < self.at.step;
        let stopped = view.stops().filter(before).map(|one| one.step).max();
        let start = view.begins().filter(before).max_by_key(|one| one.step);
        start.filter(|start| stopped.is_none_or(|stop| stop < start.step))
    }

    /// Last active sample at or after the event before the first quiet interval; `None` if nothing was active.
    ///
    /// # Errors
    /// [`Reason::NeverQuiet`] when the record ends before the quiet interval does.
    pub(super) fn last_active(&self, view: &View<'_>) -> Result<Option<u64>, Reason> {
        let quiet = self.quiet(view);
        let last = self.went_on(view);
        if last.unwrap_or(self.t0) + quiet > self.until {
            return Err(Reason::NeverQuiet(quiet as f64 / view.rate()));
        }
        Ok(last)
    }

    /// The same, be the quiet interval behind it whole or not: until then at least something was active again and again.
    pub(super) fn went_on(&self, view: &View<'_>) -> Option<u64> {
        let quiet = self.quiet(view);
        let mut last: Option<u64> = None;
        for interval in self.activity.iter().filter(|interval| interval.last >= self.t0) {
            if interval.first > last.unwrap_or(self.t0) + quiet {
                break;
            }
            last = Some(last.unwrap_or(0).max(interval.last));
        }
        last
    }

    /// Whether it is a stop itself.
    pub(super) fn is_stop(&self, view: &View<'_>) -> bool {
        view.stops().any(|stop| stop.step == self.at.step)
    }

    /// The first stop after it, in samples: what is quiet from there on is not its doing. Where it is no stop itself, that of the
    /// case's end is one too.
    pub(super) fn stopped(&self, view: &View<'a>) -> Option<u64> {
        self.stops(view).min()
    }

    /// All of them, in samples.
    pub(super) fn stops(&self, view: &View<'a>) -> impl Iterator<Item = u64> + use<'a> {
        let t0 = self.t0;
        let ending = view.facts.ending.filter(|_| !self.is_stop(view));
        view.stops().map(|at| at.sample).chain(ending).filter(move |stop| *stop > t0)
    }

    /// Until when, in samples, the train that it met ran: where nothing that was due between the last activity `last` and the stop
    /// was left out, it was that stop that ended it. `None` where it was not, or where the train had ended by itself.
    pub(super) fn ran_until(&self, view: &View<'a>, last: u64) -> Option<u64> {
        let stop = self.started(view).and_then(|_| self.stopped(view))?;
        let next = Due::behind(view, self, last)?.next(last as f64)?;
        (next >= stop as f64).then_some(stop)
    }

    /// That the host did not stop a train in progress before sample `to`.
    ///
    /// # Errors
    /// [`Reason::Stopped`].
    pub(super) fn unstopped(&self, view: &View<'a>, to: u64) -> Result<(), Reason> {
        let train = self.started(view);
        match train.and_then(|_| self.stopped(view)).filter(|stop| *stop < to) {
            Some(stop) => Err(Reason::Stopped { at: stop as f64 / view.rate() }),
            None => Ok(()),
        }
    }

    /// To show that the output of a train in progress was off from a sample on, something must have come of its start, and enough
    /// groups must have been due there before the host stopped it. At rest nothing is due, and whatever comes is seen.
    ///
    /// # Errors
    /// [`Reason::NeverRan`] and [`Reason::FewDue`].
    pub(super) fn shown(&self, view: &View<'a>, (from, to): (f64, f64), need: u64) -> Result<(), Reason> {
        let Some(started) = self.started(view) else { return Ok(()) };
        if !self.only_just(view, started) && !self.was_active(started.sample) {
            return Err(Reason::NeverRan);
        }
        let due = Due::of(view, self);
        if due.is_over(self.t0) {
            return Ok(());
        }
        let end = self.stopped(view).map_or(to, |stop| to.min(stop as f64));
        let seen = due.groups(from, end);
        if seen < need { Err(Reason::FewDue { seen, need }) } else { Ok(()) }
    }

    /// That the load saw the output from the event until sample `to`.
    ///
    /// # Errors
    /// [`Reason::Blind`].
    pub(super) fn seen(&self, view: &View<'_>, to: u64) -> Result<(), Reason> {
        seen(view.recording, self.t0, to)
    }

    /// The first activity in samples [from, to).
    pub(super) fn active_in(&self, from: u64, to: u64) -> Option<&Interval> {
        self.activity.iter().find(|interval| interval.last >= from && interval.first < to)
    }

    /// How well the instant is known, s.
    pub(super) fn skew(&self, view: &View<'_>) -> f64 {
        if self.at.marked { 1.0 / view.rate() } else { view.facts.round_trip }
    }
}

/// One-sided bounds as lines of a coverage factor of one: U is their sum.
pub(super) fn one_sided(bounds: &[(&'static str, f64)]) -> Vec<Input> {
    let total: f64 = bounds.iter().map(|(_, bound)| bound).sum();
    bounds.iter().map(|(name, bound)| Input::common(name, (bound * total).sqrt() / 1.960)).collect()
}
