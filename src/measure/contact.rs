//! Finding pulses on one current channel.

use std::hint::cold_path;

use crate::signal::{Calibration, code_noise};

use super::activity::CurrentActivity;
use super::again::Stands;
use super::building::{Building, Finished, Recharging};
use super::codes::long_sum;
use super::creep::Rest;
use super::excursion::Excursion;
use super::history::{History, KEPT};
use super::order::larger;
use super::quiet::Quiet;
use super::rise::Rise;
use super::row::Constants;
use super::seek::Bounds;
use super::shape::Shaper;
use super::thresholds::Thresholds;
use super::timing::Timing;
use super::{ContactRecord, Creep, Level, Runs, Table};

/// State of one current channel.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) record: ContactRecord,
    pub(super) calibration: Calibration,
    pub(super) zero: f64,
    /// Standard deviation of a sample at rest, codes: as stated, or what the zero showed where that is more.
    pub(super) noise: f64,
    pub(super) reached: u64,
    /// A sample, and Σ codes before it: the end of the latest pulse window, which the next one is near to, or one a little before
    /// the sample reached.
    pub(super) mark: (u64, i64),
    pub(super) base: f64,
    pub(super) thresholds: Thresholds,
    /// −1, 0, +1: on which side of the baseline.
    pub(super) side: i8,
    pub(super) run: Excursion,
    /// Charge of the run that is under way before `run.from`, where it has outlasted the history, code·samples.
    pub(super) run_before: f64,
    pub(super) run_peak: f64,
    /// The least that a recharge has come down to, codes along its side.
    pub(super) run_least: f64,
    pub(super) run_counts: bool,
    pub(super) peak_before: f64,
    pub(super) left_at: u64,
    pub(super) building: Option<Building>,
    /// Where the phases of the pulses before lay.
    pub(super) stands: [Stands; 3],
    pub(super) quiet: Quiet,
    pub(super) quiet_from: u64,
    /// Level of the rest before the last pulse, while nothing has come between.
    pub(super) last_rest: Option<Rest>,
    /// Σ codes before the last row's windows, while nothing has come between.
    pub(super) last_sum: Option<i64>,
    pub(super) last_end: Option<f64>,
    pub(super) recharging: Option<Recharging>,
    /// Where the rest after the last pulse began: its end, or the opening of the recharge switch and settling.
    pub(super) rest_from: f64,
    pub(super) finished: Vec<Finished>,
    /// Measures shapes, where they are asked for.
    pub(super) shaper: Option<Shaper>,
    /// Rows its table may hold, and bytes that it may take.
    pub(super) room: (usize, usize),
    /// Largest magnitude of a finished phase's charge, code·samples.
    pub(super) largest: f64,
    /// End of the latest stretch that touches a rail.
    pub(super) railed: u64,
    /// What is looked for in the stretch in hand.
    pub(super) bounds: Bounds,
    pub(super) activity: CurrentActivity,
}

/// The sum of so many samples is counted at once, if no pulse's window counts them before.
const FAR: u64 = 4096;

/// What cannot be told from rest before a zero was taken, codes: 1 uA, or where that is less than the stated offset and the
/// noise of 16-sample means may make, those.
fn unzeroed(calibration: &Calibration) -> f64 {
    let noise = code_noise(calibration.noise) / 4.0;
    (1e-6 / calibration.lsb).max(2.0 * calibration.offset_u + 7.0 * noise)
}

impl Contact {
    /// How wrong it may be for the output guard.
    pub(super) fn wrong(&self) -> super::guard::Wrong {
        super::guard::Wrong::of(&self.calibration, self.zero != self.calibration.offset)
    }

    pub(super) fn new(channel: usize, name: &str, calibration: Calibration, sample_rate: f64) -> Self {
        let thresholds = Thresholds::of(&calibration, f64::INFINITY);
        let record = ContactRecord {
            channel,
            name: name.to_owned(),
            pulses: Table::new(),
            shapes: Table::new(),
            endless: Vec::new(),
            unread: Runs::default(),
            restless: Runs::default(),
            creep: Creep::default(),
            begins_codes: thresholds.high,
            table_full: false,
            activity: Vec::new(),
            safe_codes: unzeroed(&calibration),
            peak: (0.0, 0),
            clipped: None,
            rise: Rise::default(),
            shared: 0.0,
            skew: 0.0,
            cut: 0.0,
        };
        let around = calibration.offset.round() as i32;
        Self {
            record,
            calibration,
            zero: calibration.offset,
            noise: code_noise(calibration.noise),
            reached: 0,
            mark: (0, 0),
            base: calibration.offset,
            thresholds,
            side: 0,
            run: Excursion { from: 0, to: 0, joined: false },
            run_before: 0.0,
            run_peak: 0.0,
            run_least: 0.0,
            run_counts: false,
            peak_before: 0.0,
            left_at: 0,
            building: None,
            stands: [Stands::NOWHERE; 3],
            quiet: Quiet::new(around, (12.0 * calibration.noise.max(1.0)) as i32 + 24),
            quiet_from: 0,
            last_rest: None,
            last_sum: None,
            last_end: None,
            recharging: None,
            rest_from: f64::INFINITY,
            finished: Vec::new(),
            shaper: None,
            room: (usize::MAX, usize::MAX),
            largest: 0.0,
            railed: 0,
            bounds: Bounds::new(),
            activity: CurrentActivity::new(sample_rate),
        }
    }

    /// Thresholds from the noise and the smallest amplitude expected on this contact, A.
    pub(super) fn expect(&mut self, smallest: f64) {
        self.thresholds = Thresholds::of(&self.calibration, smallest);
        self.record.begins_codes = self.thresholds.high;
        self.quiet = self.quiet_about(self.calibration.offset);
        self.quiet.restart(self.quiet_from, self.calibration.offset);
    }

    /// For quiet samples about a level: none lies farther from it than where a phase begins, and as much again is held.
    fn quiet_about(&self, level: f64) -> Quiet {
        let reach = (2.0 * self.thresholds.high).min(4096.0) as i32 + 24;
        Quiet::new(level.round() as i32, reach)
    }

    /// Another program may bring smaller pulses: thresholds are only ever lowered, so that a baseline goes on through a
    /// change.
    pub(super) fn expect_less(&mut self, smallest: f64) {
        self.thresholds = self.thresholds.or_less(Thresholds::of(&self.calibration, smallest), smallest);
    }

    /// A zero was taken: levels are counted from it, and looked for about it, until a quiet interval says better.
    pub(super) fn zeroed(&mut self, level: f64, deviation: f64, sd16: f64) {
        self.zero = level;
        self.noise = code_noise(self.calibration.noise).max(deviation);
        self.base = level;
        self.quiet = self.quiet_about(level);
        self.quiet.restart(self.quiet_from, level);
        self.record.safe_codes = (1e-6 / self.calibration.lsb).max(7.0 * sd16);
    }

    /// Forgets what is under way, at sample `at`; quiet samples count from `resume`.
    pub(super) fn interrupt(&mut self, history: &History, at: u64, resume: u64, constants: &Constants) {
        self.cut(history, at, true, constants);
        self.activity.settle(history);
        self.side = 0;
        self.last_sum = None;
        self.last_end = None;
        self.last_rest = None;
        self.recharging = None;
        self.rest_from = f64::INFINITY;
        self.base = self.zero;
        self.quiet.restart(resume, self.base);
        self.quiet_from = resume;
    }

    /// Continues after lost samples, at sample `at`; `history` still holds what was before.
    pub(super) fn resume(&mut self, history: &History, at: u64) {
        self.mark = (at, self.sum_before(history, self.reached));
        self.reached = at;
    }

    /// Everything before sample `to` is measured.
    fn reach(&mut self, history: &History, to: u64) {
        self.reached = to;
        // Where pulses follow each other fast, their windows count all samples.
        let (known, sum) = self.mark;
        if to.saturating_sub(known) >= FAR {
            self.mark = (to, sum + long_sum(history.slice(known, to)));
        }
    }

    /// Adds samples up to `to` that are not judged (zero, test source).
    pub(super) fn skip(&mut self, history: &History, to: u64) {
        self.reach(history, to);
        // What was not looked at cannot be known to be quiet.
        self.quiet_from = self.quiet_from.max(self.reached);
        self.finished.clear();
    }

    /// Σ codes before sample `at`, near the samples in hand.
    #[inline]
    pub(super) fn sum_before(&self, history: &History, at: u64) -> i64 {
        let (known, sum) = self.mark;
        if at < known { sum - history.sum(at, known) } else { sum + history.sum(known, at) }
    }

    /// Largest magnitude of the charge of a phase that no row tells yet, be it over or running, code·samples. With a recharge to
    /// wait for, a row comes tens of milliseconds behind its phases.
    pub(super) fn untold(&self, history: &History) -> f64 {
        let running = if self.side == 0 {
            0.0
        } else {
            self.run_before + self.charge(history, self.run.from, self.reached)
        };
        let over = self.building.iter().flat_map(|building| building.excursions.iter().take(building.count));
        over.map(|phase| self.charge(history, phase.from, phase.to).abs()).fold(running.abs(), f64::max)
    }

    /// Σ(code − base) over [from, to); 0 where that is not held any more.
    pub(super) fn charge(&self, history: &History, from: u64, to: u64) -> f64 {
        if from < history.start() {
            return 0.0;
        }
        history.sum(from, to) as f64 - self.base * to.saturating_sub(from) as f64
    }

    /// Measures samples [from, to), which `history` ends with and whose extremes are known. Activity is looked for from
    /// `since` on.
    pub(super) fn range(
        &mut self,
        history: &History,
        (from, to): (u64, u64),
        (low, high): (i16, i16),
        since: u64,
        timing: &Timing,
        constants: &Constants,
    ) {
        self.finished.clear();
        let codes = history.slice(from, to);
        self.rails(codes, from, (low, high));
        self.peak(history, (from, to), since, (low, high));
        let bounds = (self.zero, self.record.safe_codes);
        self.activity.look(history, since, (from, to), (low, high), bounds);
        if self.side != 0
            || f64::from(high) - self.base > self.thresholds.low
            || self.base - f64::from(low) > self.thresholds.low
        {
            self.segment(history, (codes, (low, high)), from, timing, constants);
        }
        if self.building.as_ref().is_some_and(|building| self.is_over(building, to, constants.settling)) {
            self.finish(history, to, false, constants);
        }
        if self.side != 0 && to.saturating_sub(self.run.from) > (KEPT - 16_384) as u64 {
            cold_path();
            self.give_up(history, to, constants);
        }
        if self.building.is_none() && self.side == 0 {
            self.settle(history, to.saturating_sub(constants.settling));
        }
        self.reach(history, to);
    }

    /// Whether nothing more of a pulse is waited for at sample `to`. A recharge that flows for longer than it is waited for goes on
    /// behind its row, until its switch opens: by then the samples of the pulse may be gone.
    fn is_over(&self, building: &Building, to: u64, settling: u64) -> bool {
        let outlasts = || !self.run_counts && building.open().is_some_and(|open| to < open);
        let due = || building.deadline(settling).is_some_and(|deadline| to >= deadline);
        (self.side == 0 || outlasts()) && due()
    }

    /// The rest behind the last row is over, and this was its level.
    pub(super) fn rested(&mut self, level: Option<Level>) {
        let Some(level) = level else {
            self.unrested();
            return;
        };
        if let Some(last) = self.record.pulses.last_mut() {
            last.after = Some(level);
        }
        let (moved, rest) = self.quiet.moved(&level, self.last_rest);
        self.last_rest = Some(rest);
        if let Some(moved) = moved {
            self.record.creep.add(self.record.pulses.len().saturating_sub(1), &moved);
        }
    }

    /// The rest behind the last row is over, and was too short for a level.
    pub(super) fn unrested(&mut self) {
        if let Some(last) = self.record.pulses.last_mut() {
            last.after = None;
        }
        self.last_rest = None;
    }

    /// Counts [quiet_from, to) as quiet.
    pub(super) fn settle(&mut self, history: &History, to: u64) {
        if to > self.quiet_from {
            let from = self.quiet_from.max(history.start());
            self.quiet.add(history, from, to);
            self.quiet_from = to;
        }
    }

    fn rails(&mut self, codes: &[i16], from: u64, (low, high): (i16, i16)) {
        let rails = self.calibration.rails;
        if low > rails.0 && high < rails.1 {
            return;
        }
        cold_path();
        self.railed = from + codes.len() as u64;
        if let Some(building) = &mut self.building {
            building.clipped = true;
        }
        if self.record.clipped.is_none() {
            let at = codes.iter().position(|code| *code <= rails.0 || *code >= rails.1);
            self.record.clipped = at.map(|at| from + at as u64);
        }
    }

    /// Keeps the largest median of three; a chunk that cannot beat it costs nothing.
    fn peak(&mut self, history: &History, (from, to): (u64, u64), since: u64, (low, high): (i16, i16)) {
        let zero = self.zero;
        if larger(f64::from(high) - zero, zero - f64::from(low)) <= self.record.peak.0 {
            return;
        }
        cold_path();
        let first = from.saturating_sub(2).max(since);
        for (k, three) in history.slice(first, to).windows(3).enumerate() {
            if let [a, b, c] = three {
                let middle = (*a).max(*b).min((*a).min(*b).max(*c));
                let size = (f64::from(middle) - zero).abs();
                if size > self.record.peak.0 {
                    self.record.peak = (size, first + k as u64 + 1);
                }
            }
        }
    }

    /// Ends the record at sample `at`.
    pub(super) fn end(mut self, history: &History, at: u64, constants: &Constants) -> ContactRecord {
        if self.building.is_some() {
            self.cut(history, at, false, constants);
        } else {
            self.settle(history, at.saturating_sub(constants.settling));
        }
        if self.last_sum.is_some() {
            let (after, _) = self.quiet.levels(history, at);
            if self.quiet.is_restless(self.noise) {
                self.record.restless.add(self.record.pulses.len().saturating_sub(1));
            }
            self.rested(after);
        }
        self.activity.settle(history);
        self.record.activity = std::mem::take(&mut self.activity.intervals);
        self.record
    }

    /// The latest activity so far.
    pub(super) fn last_activity(&self, history: &History) -> Option<super::Interval> {
        self.activity.latest(history)
    }
}
