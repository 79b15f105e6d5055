//! What one check sees: its contact, its window, and what was programmed.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::measure::{ContactRecord, Excess, Measured, PulseRow, Recording, Runs, Zero};
use crate::scenario::{Action, Case, Check, Criterion, Nominal, interrupts};
use crate::signal::{Calibration, Program, code_noise};

use super::hidden::Sight;
use super::train::Course;
use super::{Facts, Instant, Reason, Unit};

/// A check with everything it is judged on.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The case.
    pub case: &'a Case,
    /// What the runner knows.
    pub facts: &'a Facts,
    /// What was measured.
    pub recording: &'a Recording,
    /// The check.
    pub check: &'a Check,
    /// The contact it is about.
    pub contact: &'a ContactRecord,
    /// Calibration of that contact's channel.
    pub calibration: Calibration,
    /// Its latest zero that is one.
    pub zero: Option<&'a Zero>,
    /// Rows of the contact's table that [`View::pulses`] and [`View::cycles`] look at, [from, to).
    pub rows: (usize, usize),
    /// Share of the variance of an edge's interpolation error that all pulses of the contact have in common, once it was asked for.
    pub(super) in_phase: OnceCell<f64>,
    /// Which program rules which of its rows.
    pub(super) course: Rc<Course<'a>>,
    /// By how much the quiet levels beside its pulses may be off what they were going to.
    pub(super) creep: Rc<Excess>,
}

/// Samples [from, to) of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// First sample.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// Standard deviation of one sample of a channel in codes, quantisation included: measured by its zero where that is long enough,
/// else as stated.
pub(super) fn deviation(calibration: &Calibration, zero: Option<&Zero>) -> f64 {
    let measured = zero.filter(|zero| zero.level.count >= 1000).map(|zero| zero.deviation);
    measured.unwrap_or_else(|| code_noise(calibration.noise))
}

/// What is found for certain on a contact.
fn sight(recording: &Recording, contact: &ContactRecord, calibration: &Calibration) -> Sight {
    let begins = contact.begins_codes * calibration.lsb;
    Sight::of(&recording.front_end, begins, 1.0 / recording.setup.sample_rate)
}

impl<'a> View<'a> {
    /// The check on its own contact (`idle` and the default fall back to the first with the largest leading share).
    ///
    /// # Errors
    /// [`Reason::NoContact`] when the contact is not sensed, [`Reason::TooManyPulses`] when its table is incomplete.
    pub fn new(
        case: &'a Case,
        facts: &'a Facts,
        recording: &'a Recording,
        check: &'a Check,
    ) -> Result<Self, Reason> {
        let named = check.contact.as_deref().filter(|name| *name != "idle");
        let contact = match named {
            Some(name) => recording.contact(name).ok_or_else(|| Reason::NoContact(name.to_owned()))?,
            None => {
                recording.main().ok_or_else(|| Reason::NoContact(case.program.main_contact().to_owned()))?
            }
        };
        Self::on(case, facts, recording, check, contact)
    }

    /// The same check on another contact.
    ///
    /// # Errors
    /// As [`View::new`].
    pub fn at(&self, contact: &'a ContactRecord) -> Result<Self, Reason> {
        Self::on(self.case, self.facts, self.recording, self.check, contact)
    }

    /// The check on a given contact.
    ///
    /// # Errors
    /// As [`View::new`].
    fn on(
        case: &'a Case,
        facts: &'a Facts,
        recording: &'a Recording,
        check: &'a Check,
        contact: &'a ContactRecord,
    ) -> Result<Self, Reason> {
        if contact.table_full {
            return Err(Reason::TooManyPulses);
        }
        if contact.pulses.is_bare() && !check.measurand.is_of_all_contacts() {
            return Err(Reason::Missing("the pulses of a contact that no check names"));
        }
        Self::besides_pulses(case, facts, recording, check, contact)
    }

    /// The check on a given contact whatever became of its table of pulses: for what is not read off that.
    ///
    /// # Errors
    /// [`Reason::NoContact`] when the contact is not sensed.
    pub fn besides_pulses(
        case: &'a Case,
        facts: &'a Facts,
        recording: &'a Recording,
        check: &'a Check,
        contact: &'a ContactRecord,
    ) -> Result<Self, Reason> {
        let setup = recording.setup.channels.get(contact.channel);
        let calibration = setup
            .map(|channel| channel.calibration)
            .ok_or_else(|| Reason::NoContact(contact.name.clone()))?;
        let zeros = recording.zeros.get(contact.channel);
        let zero = zeros.and_then(|zeros| zeros.iter().rfind(|zero| zero.is_sound(&calibration)));
        let rows = (0, usize::MAX);
        let sight = sight(recording, contact, &calibration);
        let course = Course::of(case, facts, recording, contact, &sight);
        Ok(Self {
            case,
            facts,
            recording,
            check,
            contact,
            calibration,
            zero,
            rows,
            in_phase: OnceCell::new(),
            course: Rc::new(course),
            creep: Rc::new(contact.creep.excess(deviation(&calibration, zero))),
        })
    }

    /// Sample rate, Hz.
    pub fn rate(&self) -> f64 {
        self.recording.setup.sample_rate
    }

    /// Settling time `g`, samples.
    pub fn settling(&self) -> u64 {
        (self.recording.front_end.settling * self.rate()).round() as u64
    }

    /// Standard deviation of one sample in codes, quantisation included: measured by the zero, else as stated.
    pub fn noise(&self) -> f64 {
        deviation(&self.calibration, self.zero)
    }

    /// Seconds since the first sample, freed of the filter's delay.
    pub fn seconds(&self, sample: f64) -> f64 {
        sample / self.rate() - self.recording.front_end.delay
    }

    /// What its contact's channel finds for certain.
    pub(super) fn sight(&self) -> Sight {
        sight(self.recording, self.contact, &self.calibration)
    }

    /// Instants of the steps that `wanted` accepts, in order.
    pub fn instants_of<F>(&self, wanted: F) -> impl Iterator<Item = &'a Instant> + use<'a, F>
    where
        F: Fn(&Action) -> bool,
    {
        self.facts.instants_of(self.case, wanted)
    }

    /// The first of them.
    pub fn instant_of(&self, wanted: impl Fn(&Action) -> bool) -> Option<&'a Instant> {
        self.instants_of(wanted).next()
    }

    /// Instants of the starts, in order.
    pub fn starts(&self) -> impl Iterator<Item = &'a Instant> + use<'a> {
        self.instants_of(|action| *action == Action::Start)
    }

    /// Instants of those that were to begin a train, in order: one for each of [`View::trains`].
    pub fn begins(&self) -> impl Iterator<Item = &'a Instant> + use<'a> {
        self.facts.begins(self.case)
    }

    /// Instants of the stops, in order.
    pub fn stops(&self) -> impl Iterator<Item = &'a Instant> + use<'a> {
        self.instants_of(|action| *action == Action::Stop)
    }

    /// A named instant, as a sample.
    ///
    /// # Errors
    /// [`Reason::NoInstant`] and, for `settled`, [`Reason::NotSettled`].
    pub fn named(&self, name: &str) -> Result<u64, Reason> {
        match self.step_instant(name) {
            Some(at) => Ok(at.sample),
            None if name == "settled" => self.settled(),
            None => Err(Reason::NoInstant(name.to_owned())),
        }
    }

    /// As [`View::named`], of an instant that must lie in the record: what is said to have come so long after it is told by no
    /// other.
    ///
    /// # Errors
    /// As [`View::named`], and [`Reason::BeforeRecord`].
    pub fn recorded(&self, name: &str) -> Result<u64, Reason> {
        match self.step_instant(name) {
            Some(at) if at.ahead > 0 => Err(Reason::BeforeRecord(-at.at() / self.rate())),
            _ => self.named(name),
        }
    }

    fn step_instant(&self, name: &str) -> Option<&'a Instant> {
        let steps = &self.case.steps;
        let named = |at: &&Instant| steps.get(at.step).is_some_and(|s| s.name.as_deref() == Some(name));
        self.facts.instants.iter().find(named).or_else(|| match name {
            "start" => self.starts().next(),
            "stop" => self.stops().next(),
            _ => None,
        })
    }

    /// End of the ramp after the first start: the first leading edge plus the ramp's time.
    fn ramp_end(&self) -> Result<u64, Reason> {
        let start = self.named("start")?;
        let programmed = self.segment_at(start).map(|(segment, _)| &segment.programmed);
        let ramp = programmed.unwrap_or(&self.case.program).ramp_end();
        if ramp <= 0.0 {
            return Ok(start);
        }
        let rows = &self.contact.pulses;
        let first = rows.get(rows.partition_point(|row| row.from + self.settling() < start));
        Ok(first.map_or(start, |row| row.start() as u64) + (ramp * self.rate()).round() as u64)
    }

    /// The first cycle by which exp(−t/τ) is at most 1 %, t from the end of the ramp, or from the last change of program
    /// before the first stop if that comes later.
    fn settled(&self) -> Result<u64, Reason> {
        let tau = self.facts.time_constant.ok_or(Reason::NotSettled)?;
        let ramp = self.ramp_end()?;
        let stop = self.named("stop").unwrap_or(self.ends());
        let changes = self.facts.segments.iter().map(|segment| segment.from).filter(|from| *from < stop);
        let from = changes.fold(ramp, u64::max) as f64;
        let earliest = from + tau * 100_f64.ln() * self.rate();
        let rows = &self.contact.pulses;
        let row = rows.get(rows.partition_point(|row| row.start() < earliest));
        row.map(|row| row.from).ok_or(Reason::NotSettled)
    }

    /// The window of the check: `in:`, else from the end of the ramp to `stop`, ending at the first fault that changes
    /// what the stimulator is to deliver.
    ///
    /// # Errors
    /// Instants that were not reached, and an empty window.
    pub fn window(&self) -> Result<Window, Reason> {
        let (from, to) = match &self.check.window {
            Some((from, to)) => (self.named(from)?, self.named(to)?),
            None => (self.ramp_end()?, self.default_end()),
        };
        let seconds = |sample: u64| sample as f64 / self.rate();
        if to <= from {
            return Err(Reason::EmptyWindow { from: seconds(from), to: seconds(to) });
        }
        self.unbroken(from, to)
    }

    /// Samples [from, to) as a window, if none is missing of them and of the g by which it is widened.
    fn unbroken(&self, from: u64, to: u64) -> Result<Window, Reason> {
        let g = self.settling();
        match self.recording.lost_within(from.saturating_sub(g), to.saturating_add(g)) {
            0 => Ok(Window { from, to }),
            lost => Err(Reason::SamplesLost(lost)),
        }
    }

    /// When the end of the case began, which stops what no step has stopped, samples; where that is not known, when it was over.
    fn ends(&self) -> u64 {
        self.facts.ending.unwrap_or(self.facts.ended)
    }

    fn default_end(&self) -> u64 {
        let stop = self.named("stop").unwrap_or(self.ends());
        let fault = self.instant_of(interrupts);
        fault.map_or(stop, |at| at.sample.min(stop))
    }

    /// Until when a train that goes on would be seen after sample `t0`: the first stop after it, be it that of the case's end.
    pub fn default_record_end(&self, t0: u64) -> u64 {
        let stops = self.stops().map(|at| at.sample).chain(self.facts.ending);
        stops.filter(|stop| *stop > t0).min().unwrap_or(self.recording.samples)
    }

    /// The run from the first start to the end of teardown, or `in:`.
    ///
    /// # Errors
    /// As [`View::window`].
    pub fn whole_run(&self) -> Result<Window, Reason> {
        if self.check.window.is_some() {
            return self.window();
        }
        self.unbroken(self.named("start")?, self.facts.ended.max(1))
    }

    /// Where on and off times are looked for: `in:`, else from the first start, ramps included, to the default end.
    ///
    /// # Errors
    /// As [`View::window`].
    pub fn cycling_window(&self) -> Result<Window, Reason> {
        match self.check.window {
            Some(_) => self.window(),
            None => self.unbroken(self.named("start")?, self.default_end()),
        }
    }

    /// A unit that is about a pulse.
    pub(super) fn unit(&self, row: &PulseRow, measured: Measured) -> Unit {
        Unit { pulse: Some(row.number as u64), time: Some(self.seconds(row.start())), ..Unit::of(measured) }
    }

    /// What is wrong with a window without a pulse.
    pub(super) fn no_pulse(&self, window: Window) -> Reason {
        let seconds = |sample: u64| sample as f64 / self.rate();
        Reason::NoPulse { from: seconds(window.from), to: seconds(window.to) }
    }

    /// Whether all that was put out in a window was seen to end. A pulse that was to last beyond the window is judged by what
    /// looks at its end, not here.
    ///
    /// # Errors
    /// [`Reason::StayedOn`] where it was not: what an output delivers that stays on is in no row, and the others say nothing
    /// about it.
    pub fn ended(&self, window: Window) -> Result<(), Reason> {
        let rows = &self.contact.pulses;
        let unknown = |index: &usize| {
            let row = rows.get(*index)?;
            let length = self.asked(&row, Nominal::Programmed).map_or(0.0, |asked| asked.end() - asked.start);
            let due = row.start() + length * self.rate();
            let until = rows.get(index + 1).map_or(u64::MAX, |next| next.from);
            (due <= window.to as f64 && until > window.from).then(|| self.seconds(row.start()))
        };
        match self.contact.endless.iter().find_map(unknown) {
            Some(at) => Err(Reason::StayedOn { at }),
            None => Ok(()),
        }
    }

    /// Whether all that was put out in a window was followed to its end and read. A pulse that was to last beyond the window is
    /// judged by what looks at its end, not here.
    ///
    /// # Errors
    /// As [`View::ended`]. [`Reason::Unread`] where a pulse has no edge to be measured from though nothing has cut it;
    /// [`Reason::NoBaseline`] where what lies between the pulses is not quiet.
    pub fn followed(&self, window: Window) -> Result<(), Reason> {
        self.ended(window)?;
        let rows = &self.contact.pulses;
        let (unread, restless) = (&self.contact.unread, &self.contact.restless);
        if unread.is_empty() && restless.is_empty() {
            return Ok(());
        }
        let inside = self.inside(window);
        // Those of a run lie one behind the other: most are passed over without a look at each.
        let (first, last) = (
            rows.partition_point(|row| row.start() < window.from as f64 - self.settling() as f64),
            rows.partition_point(|row| row.start() <= (window.to + 2 * self.settling()) as f64),
        );
        let here = |row: &usize| rows.get(*row).is_some_and(|row| inside(&row));
        let found = |runs: &Runs| runs.within(first..last).find(here);
        if let Some(pulse) = found(unread) {
            return Err(Reason::Unread { pulse });
        }
        match found(restless) {
            Some(pulse) => Err(Reason::NoBaseline { pulse }),
            None => Ok(()),
        }
    }

    /// Whether a row lies wholly inside a window that is widened by g at both ends.
    fn inside(&self, window: Window) -> impl Fn(&PulseRow) -> bool + use<> {
        let g = self.settling() as f64;
        let delay = self.recording.front_end.delay * self.rate();
        let (from, to) = (window.from as f64 - g, window.to as f64 + g);
        move |row: &PulseRow| row.start() - delay >= from && row.end() - delay <= to
    }

    /// Pulses wholly inside a window that is widened by g at both ends.
    ///
    /// # Errors
    /// [`Reason::NoPulse`] when there is none: a pass needs evidence; the others as [`View::followed`].
    pub fn pulses(&self, window: Window) -> Result<impl Iterator<Item = PulseRow> + use<'a>, Reason> {
        self.followed(window)?;
        let inside = self.inside(window);
        let sound = |row: &PulseRow| !row.flags.truncated && !row.flags.endless && row.count > 0;
        let rows = self.contact.pulses.range(self.rows.0..self.rows.1);
        let mut found = rows.filter(move |row| inside(row) && sound(row)).peekable();
        if found.peek().is_some() { Ok(found) } else { Err(self.no_pulse(window)) }
    }

    /// The program in force at a pulse.
    pub fn program_at(&self, row: &PulseRow) -> &'a Program {
        self.placed(row).map_or(&self.case.program, |placed| &placed.segment.programmed)
    }

    /// Share of the check's contact at a pulse, as a magnitude: programmed, or as the board said it applies it.
    pub fn share(&self, row: &PulseRow, of: Nominal) -> f64 {
        let segment = self.segment(row).map(|(segment, _)| segment);
        let program = segment.map_or(&self.case.program, |segment| match of {
            Nominal::Applied => &segment.applied,
            _ => &segment.programmed,
        });
        program.share_of(&self.contact.name).abs()
    }

    /// Whether the criterion is a tolerance about what is programmed.
    pub fn nominal_is_programmed(&self) -> bool {
        matches!(self.check.criterion, Criterion::Within { of: Nominal::Programmed, .. })
    }

    /// Whether what is programmed or applied decides the verdict.
    pub fn is_about_program(&self) -> bool {
        matches!(self.check.criterion, Criterion::Within { of: Nominal::Programmed | Nominal::Applied, .. })
    }

    /// What the criterion's tolerance is about; programmed where it names nothing.
    pub fn nominal(&self) -> Nominal {
        match self.check.criterion {
            Criterion::Within { of, .. } => of,
            _ => Nominal::Programmed,
        }
    }
}
