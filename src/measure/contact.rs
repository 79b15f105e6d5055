//! Finding pulses on one current channel.

use crate::signal::Calibration;

use super::activity::CurrentActivity;
use super::building::{Building, Finished};
use super::codes::Look;
use super::history::{History, KEPT};
use super::quiet::Quiet;
use super::row::{Constants, Excursion};
use super::seek::{Along, Band};
use super::shape::Shaper;
use super::thresholds::Thresholds;
use super::timing::Timing;
use super::{ContactRecord, Table};

/// State of one current channel.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) record: ContactRecord,
    pub(super) calibration: Calibration,
    pub(super) zero: f64,
    /// Σ codes before `reached`.
    pub(super) sum: i64,
    pub(super) reached: u64,
    pub(super) base: f64,
    thresholds: Thresholds,
    /// −1, 0, +1: on which side of the baseline.
    pub(super) side: i8,
    pub(super) run: Excursion,
    pub(super) run_peak: f64,
    pub(super) run_counts: bool,
    pub(super) peak_before: f64,
    pub(super) left_at: u64,
    pub(super) building: Option<Building>,
    pub(super) quiet: Quiet,
    pub(super) quiet_from: u64,
    /// Σ codes before the last row's windows, while nothing has come between.
    pub(super) last_sum: Option<i64>,
    pub(super) last_end: Option<f64>,
    /// A recharge whose pulse is written already: its switch opens here, and this was the sign of the leading phase.
    pub(super) recharging: Option<(u64, bool)>,
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
    /// Codes at which no phase begins: while the filter rings after one, and later.
    pub(super) ringing: Band,
    pub(super) still: Band,
    pub(super) activity: CurrentActivity,
}

/// What cannot be told from rest before a zero was taken, codes: 1 uA, or where that is less than the stated offset and the
/// noise of 16-sample means may make, those.
fn unzeroed(calibration: &Calibration) -> f64 {
    let noise = calibration.noise.hypot(1.0 / 12_f64.sqrt()) / 4.0;
    (1e-6 / calibration.lsb).max(2.0 * calibration.offset_u + 7.0 * noise)
}

impl Contact {
    pub(super) fn new(channel: usize, name: &str, calibration: Calibration, sample_rate: f64) -> Self {
        let record = ContactRecord {
            channel,
            name: name.to_owned(),
            pulses: Table::new(),
            shapes: Table::new(),
            table_full: false,
            activity: Vec::new(),
            safe_codes: unzeroed(&calibration),
            peak: (0.0, 0),
            clipped: None,
        };
        let around = calibration.offset.round() as i32;
        Self {
            record,
            calibration,
            zero: calibration.offset,
            sum: 0,
            reached: 0,
            base: calibration.offset,
            thresholds: Thresholds::of(&calibration, f64::INFINITY),
            side: 0,
            run: Excursion { from: 0, to: 0, joined: false },
            run_peak: 0.0,
            run_counts: false,
            peak_before: 0.0,
            left_at: 0,
            building: None,
            quiet: Quiet::new(around, (12.0 * calibration.noise.max(1.0)) as i32 + 24),
            quiet_from: 0,
            last_sum: None,
            last_end: None,
            recharging: None,
            rest_from: f64::INFINITY,
            finished: Vec::new(),
            shaper: None,
            room: (usize::MAX, usize::MAX),
            largest: 0.0,
            railed: 0,
            ringing: Band::new(),
            still: Band::new(),
            activity: CurrentActivity::new(sample_rate),
        }
    }

    /// Thresholds from the noise and the smallest amplitude expected on this contact, A.
    pub(super) fn expect(&mut self, smallest: f64) {
        self.thresholds = Thresholds::of(&self.calibration, smallest);
        let reach = (2.0 * self.thresholds.high).min(4096.0) as i32 + 24;
        self.quiet = Quiet::new(self.calibration.offset.round() as i32, reach);
        self.quiet.restart(self.quiet_from);
    }

    /// Another program may bring smaller pulses: thresholds are only ever lowered, so that a baseline goes on through a
    /// change.
    pub(super) fn expect_less(&mut self, smallest: f64) {
        self.thresholds = self.thresholds.or_less(Thresholds::of(&self.calibration, smallest), smallest);
    }

    /// A zero was taken: levels are counted from it until a quiet interval says better.
    pub(super) fn zeroed(&mut self, level: f64, sd16: f64) {
        self.zero = level;
        self.base = level;
        self.record.safe_codes = (1e-6 / self.calibration.lsb).max(7.0 * sd16);
    }

    /// Forgets what is under way, at sample `at`; quiet samples count from `resume`.
    pub(super) fn interrupt(&mut self, history: &History, at: u64, resume: u64, constants: &Constants) {
        self.cut(history, at, true, constants);
        self.side = 0;
        self.last_sum = None;
        self.last_end = None;
        self.recharging = None;
        self.rest_from = f64::INFINITY;
        self.base = self.zero;
        self.quiet.restart(resume);
        self.quiet_from = resume;
    }

    /// Continues after lost samples, at sample `at`.
    pub(super) fn resume(&mut self, at: u64) {
        self.reached = at;
    }

    /// Adds samples up to `to` that are not judged (zero, test source).
    pub(super) fn skip(&mut self, to: u64, look: Look) {
        self.sum += look.sum;
        self.reached = to;
        // What was not looked at cannot be known to be quiet.
        self.quiet_from = self.quiet_from.max(self.reached);
        self.finished.clear();
    }

    /// Σ codes before sample `at`, near the samples in hand.
    pub(super) fn sum_before(&self, history: &History, at: u64) -> i64 {
        if at < self.reached {
            self.sum - history.sum(at, self.reached)
        } else {
            self.sum + history.sum(self.reached, at)
        }
    }

    /// Charge of the phase that is running, code·samples.
    pub(super) fn running(&self, history: &History) -> f64 {
        if self.side == 0 || self.run.from < history.start() {
            return 0.0;
        }
        let n = self.reached.saturating_sub(self.run.from) as f64;
        (self.sum - self.sum_before(history, self.run.from)) as f64 - self.base * n
    }

    /// Measures samples [from, to), which `history` ends with and of which `look` is known. Activity is looked for from
    /// `since` on.
    pub(super) fn range(
        &mut self,
        history: &History,
        (from, to): (u64, u64),
        Look { low, high, sum }: Look,
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
            self.segment(history, codes, from, timing, constants);
        }
        let due = |building: &mut Building| building.count > 0 && to >= building.deadline;
        if self.side == 0
            && let Some(building) = self.building.take_if(due)
        {
            self.finish(history, &building, to, false, constants);
        }
        if self.side != 0 && to.saturating_sub(self.run.from) > (KEPT - 16_384) as u64 {
            self.give_up(history, to, constants);
        }
        if self.building.is_none() && self.side == 0 {
            self.settle(history, to.saturating_sub(constants.settling));
        }
        self.sum += sum;
        self.reached = to;
    }

    /// Counts [quiet_from, to) as quiet.
    fn settle(&mut self, history: &History, to: u64) {
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
        if (f64::from(high) - zero).max(zero - f64::from(low)) <= self.record.peak.0 {
            return;
        }
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

    fn segment(
        &mut self,
        history: &History,
        codes: &[i16],
        from: u64,
        timing: &Timing,
        constants: &Constants,
    ) {
        let (mut rest, mut at) = (codes, from);
        loop {
            let passed = self.pass(rest, at, constants);
            let Some((code, after)) = rest.get(passed..).and_then(<[i16]>::split_first) else { return };
            at += passed as u64;
            self.step(history, at, f64::from(*code) - self.base, timing, constants);
            (rest, at) = (after, at + 1);
        }
    }

    /// How many samples, the first at `at`, change nothing but the peak of the phase under way.
    fn pass(&mut self, codes: &[i16], at: u64, constants: &Constants) -> usize {
        // What a recharge takes back is looked at sample by sample: it may turn out to be the next pulse.
        if self.side != 0 && !self.run_counts {
            return 0;
        }
        if self.side != 0 {
            let side = f64::from(self.side);
            let (low, part) = (self.thresholds.low, Thresholds::PART);
            let mut along = Along { base: self.base, side, low, part, peak: self.run_peak };
            let passed = along.follow(codes);
            self.run_peak = along.peak;
            return passed;
        }
        let ringing = (self.left_at + constants.settling).saturating_sub(at);
        let ringing = (ringing.min(codes.len() as u64)) as usize;
        let (near, later) = codes.split_at_checked(ringing).unwrap_or((codes, &[]));
        let reach = self.thresholds.enter(self.peak_before);
        let hit = if near.is_empty() { None } else { self.ringing.beyond(near, self.base, reach) };
        hit.or_else(|| self.still.beyond(later, self.base, self.thresholds.high).map(|k| ringing + k))
            .unwrap_or(codes.len())
    }

    /// The sample at `at`, `y` from the baseline.
    fn step(&mut self, history: &History, at: u64, y: f64, timing: &Timing, constants: &Constants) {
        if self.side == 0 {
            let ringing = at < self.left_at + constants.settling;
            let before = if ringing { self.peak_before } else { 0.0 };
            if y.abs() > self.thresholds.enter(before) {
                self.enter(history, at, y > 0.0, timing, constants);
            }
            return;
        }
        let along = y * f64::from(self.side);
        if along > self.run_peak {
            self.run_peak = along;
            if !self.run_counts && along > self.thresholds.tall && self.is_a_pulse(constants) {
                self.begin(history, self.run.from, y > 0.0, timing, constants);
            }
        } else if !self.run_counts && self.is_open(at, constants) {
            // What still flows when the switch must have opened is the next phase.
            self.leave(at, constants);
            if y.abs() > self.thresholds.enter(self.peak_before) {
                self.enter(history, at, y > 0.0, timing, constants);
            }
        } else if along < self.thresholds.leave(self.run_peak) {
            self.leave(at, constants);
            if -along > self.thresholds.enter(self.peak_before) {
                self.enter(history, at, y > 0.0, timing, constants);
            }
        }
    }

    /// The current leaves the baseline at sample `at`.
    fn enter(&mut self, history: &History, at: u64, positive: bool, timing: &Timing, constants: &Constants) {
        let joined = at <= self.left_at + 1 && self.building.is_some();
        self.side = if positive { 1 } else { -1 };
        self.run = Excursion { from: at, to: at, joined };
        self.run_peak = 0.0;
        self.run_counts = true;
        if let Some(building) = &self.building {
            let last = building.excursions.get(building.count.saturating_sub(1));
            let near = last.is_some_and(|last| at <= last.to + building.timing.allowance);
            let alternates = positive == (building.positive == building.count.is_multiple_of(2));
            if building.count < usize::from(building.timing.phases) && near && alternates {
                return;
            }
            if building.recharges(at, positive) {
                self.run_counts = false;
                if let Some(building) = &mut self.building {
                    building.follower.get_or_insert(self.run);
                }
                return;
            }
        } else if let Some((open, leading)) = self.recharging
            && at <= open
            && (positive != leading || timing.phases > 1)
        {
            self.run_counts = false;
            return;
        }
        self.begin(history, at, positive, timing, constants);
    }

    /// Whether the run taken for a recharge is one no longer: it has the size of a phase, and began too late for a
    /// recharge or has the sign of the leading phase.
    fn is_a_pulse(&self, constants: &Constants) -> bool {
        // Where the pulse is written already, the switch has been closed for long.
        self.building.as_ref().map_or(self.recharging.is_some(), |building| {
            building.outgrows(self.run.from, self.side > 0, constants.settling)
        })
    }

    /// Whether the recharge switch of the pulse under way must have opened by sample `at`.
    fn is_open(&self, at: u64, constants: &Constants) -> bool {
        let recharging = self.recharging.map(|(open, _)| open);
        let open = self.building.as_ref().map_or(recharging, Building::open);
        open.is_some_and(|open| open + constants.settling < at)
    }

    /// A pulse begins at sample `at`; one that is under way is over.
    fn begin(&mut self, history: &History, at: u64, positive: bool, timing: &Timing, constants: &Constants) {
        self.run_counts = true;
        if let Some(mut building) = self.building.take() {
            // A run that was taken for a recharge until it grew tall.
            building.follower = building.follower.filter(|follower| follower.from < at);
            self.finish(history, &building, at, false, constants);
        }
        self.settle(history, at.saturating_sub(constants.settling));
        let (after, before) = self.quiet.levels(history, at);
        if self.last_sum.is_some()
            && let Some(last) = self.record.pulses.last_mut()
        {
            last.after = after;
        }
        self.base = before.map_or(self.zero, |level| f64::from(level.value));
        self.building = Some(Building {
            excursions: [self.run; 3],
            count: 0,
            positive,
            timing: *timing,
            before,
            base: self.base,
            at,
            follower: None,
            deadline: u64::MAX,
            clipped: false,
        });
    }

    /// The current is back on the baseline (or beyond it) at sample `at`.
    fn leave(&mut self, at: u64, constants: &Constants) {
        self.side = 0;
        self.left_at = at;
        self.peak_before = self.run_peak;
        let run = Excursion { to: at, ..self.run };
        let Some(building) = self.building.as_mut().filter(|_| self.run_counts) else {
            if self.building.is_none() {
                self.quiet_from = self.quiet_from.max(at + constants.settling);
                self.quiet.restart(at);
            }
            return;
        };
        if let Some(slot) = building.excursions.get_mut(building.count) {
            *slot = run;
            building.count += 1;
        }
        let complete = building.count >= usize::from(building.timing.phases);
        let wait = if complete { 0 } else { building.timing.allowance } + constants.settling + 2;
        let opened = building.open().map_or(0, |open| open + constants.settling + 1);
        // A recharge that outlasts the history is not waited for.
        building.deadline = (at + wait).max(opened.min(building.at + (KEPT / 2) as u64));
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
            if let Some(last) = self.record.pulses.last_mut() {
                last.after = after;
            }
        }
        self.record.activity = std::mem::take(&mut self.activity.intervals);
        self.record
    }

    /// The latest activity so far.
    pub(super) fn last_activity(&self) -> Option<super::Interval> {
        self.activity.intervals.last().copied()
    }
}
