//! A pulse that is over becomes a row.

use super::building::{Building, Finished, Recharging};
use super::codes::extremes;
use super::contact::Contact;
use super::excursion::Excursion;
use super::history::History;
use super::order::larger;
use super::row::{Constants, Shape, measure};
use super::whole::{ceil, floor};
use super::{Flags, PhaseRow, PulseRow};

impl Contact {
    /// Writes what there is of the pulse under way, its running phase included.
    pub(super) fn cut(
        &mut self,
        history: &History,
        at: u64,
        incomplete: bool,
        constants: &Constants,
    ) -> bool {
        let Some(building) = &mut self.building else { return false };
        let running = self.side != 0 && self.run_counts;
        if running && let Some(slot) = building.excursions.get_mut(building.count) {
            *slot = Excursion { to: at, ..self.run };
            building.count += 1;
        }
        let rows = self.record.pulses.len();
        self.finish(history, at, running || incomplete, constants);
        self.record.pulses.len() > rows
    }

    /// A phase that outlasts the history becomes a row without an end. A recharge that does goes on.
    pub(super) fn give_up(&mut self, history: &History, to: u64, constants: &Constants) {
        self.run_before += self.charge(history, self.run.from, to);
        self.largest = self.largest.max(self.run_before.abs());
        if self.run_counts {
            if self.cut(history, to, true, constants)
                && let Some(row) = self.record.pulses.last_mut()
            {
                row.flags.endless = true;
                self.record.endless.push(row.number);
            }
            self.run_counts = false;
            self.last_sum = None;
        }
        self.run.from = to;
    }

    /// Writes the row of the pulse under way, from samples before `upto`, and forgets it.
    pub(super) fn finish(&mut self, history: &History, upto: u64, cut: bool, constants: &Constants) {
        let recharge = self.building.as_ref().and_then(|building| building.timing.recharge);
        if recharge.is_some_and(|switch| switch.at_once) {
            self.part(history, constants.settling);
        }
        self.write(history, upto, cut, constants);
        self.building = None;
    }

    /// A recharge that follows the last phase at once and has its sign is taken for more of it: parts them where the current falls below
    /// half of the phase's peak, and stays on its side for longer than an edge takes.
    #[inline(never)]
    fn part(&mut self, history: &History, g: u64) {
        let Some(building) = &mut self.building else { return };
        let complete = building.timing.either && building.count >= usize::from(building.timing.phases);
        let last = building.count.checked_sub(1).and_then(|last| building.excursions.get_mut(last));
        let Some(last) = last.filter(|last| complete && last.from >= history.start()) else {
            return;
        };
        let codes = history.slice(last.from, last.to);
        let (low, high) = extremes(codes);
        let (over, under) = (f64::from(high) - building.base, building.base - f64::from(low));
        let side = if over > under { 1.0 } else { -1.0 };
        let tall = |code: &i16| side * (f64::from(*code) - building.base) >= 0.5 * over.max(under);
        let to = codes.iter().rposition(tall).map_or(last.to, |at| last.from + at as u64 + 1);
        if last.to > to + 2 * g {
            building.follower.get_or_insert(Excursion { from: to, to, joined: true });
            last.to = to;
        }
    }

    /// The recharge that follows the last phase of a pulse, which ends at sample `end`, before sample `upto`.
    #[inline(never)]
    fn recharge(
        &self,
        history: &History,
        building: &Building,
        end: u64,
        (g, upto): (u64, u64),
    ) -> Option<Excursion> {
        let seen = building.follower.map(|seen| told(building, seen, end, g));
        seen.or_else(|| self.faint(history, building, end, (g, upto)))
    }

    /// A recharge that follows the last phase of a pulse, which ends at sample `end`, and is too small to begin anything: none of it is
    /// the phase's charge, and without a gap it bends the edge that they share. It is there if its mean over a settling time behind
    /// the closing of its switch, before sample `upto`, stands out of the noise. Behind a single phase it has the other sign, unless pulses
    /// of that sign came before.
    fn faint(
        &self,
        history: &History,
        building: &Building,
        end: u64,
        (g, upto): (u64, u64),
    ) -> Option<Excursion> {
        let timing = building.timing;
        let switch = timing.recharge.filter(|_| building.count >= usize::from(timing.phases))?;
        let from = building.closes(switch, end);
        // Half-way to what is farther away lies behind the quiet that is counted with the phase.
        if from > end + 2 * g {
            return None;
        }
        let (first, last) = (from + g, from + 2 * g);
        if last > upto || first < history.start() {
            return None;
        }
        let mean = history.sum(first, last) as f64 / g.max(1) as f64 - building.base;
        let back = if building.positive { -mean } else { mean };
        let back = if timing.either { mean.abs() } else { back };
        let seen = back > 4.0 * self.noise / (g.max(1) as f64).sqrt();
        seen.then_some(Excursion { from, to: from, joined: switch.at_once })
    }

    fn write(&mut self, history: &History, upto: u64, cut: bool, constants: &Constants) {
        let Some(building) = &self.building else { return };
        let excursions = building.excursions.get(..building.count.min(3)).unwrap_or(&[]);
        let (Some(leading), Some(last)) = (excursions.first(), excursions.last()) else { return };
        let g = constants.settling;
        let first = leading.from.saturating_sub(g + 8).max(history.start());
        let none = building.timing.recharge.is_none() && building.follower.is_none();
        let recharge = if none { None } else { self.recharge(history, building, last.to, (g, upto)) };
        let needed = recharge.map_or(last.to + g + 8, |recharge| recharge.from + 3 * g);
        let samples = history.slice(first, needed.min(upto));
        let at = leading.from;
        let opened = building.opened(upto);
        let settled = opened.map_or(0, |open| open + g);
        let near = upto < last.to + g;
        let parted = self.last_end.map_or(f64::NEG_INFINITY, |end| 0.5 * (end + real(at)) - real(first));
        let beside = (parted, if near { real(upto) - real(first) } else { f64::INFINITY });
        let gapless = building.timing.gapless.then_some(&self.thresholds);
        // Behind a phase that was cut there is none.
        let quiet = (real(g), if upto > last.to { real(g) } else { 0.0 });
        let recharge = recharge.as_ref();
        let pulse = Shape { excursions, recharge, base: building.base, quiet, beside, gapless };
        let mut measured = [PhaseRow::default(); 3];
        let found = measure(samples, first, at, pulse, constants, (&mut self.stands, &mut measured));
        let edge = |pick: Option<f32>| real(at) + f64::from(pick.unwrap_or(0.0));
        let phases = measured.get(..usize::from(found.count)).unwrap_or(&measured);
        let (start, end) =
            (edge(phases.first().map(|phase| phase.start)), edge(phases.last().map(|phase| phase.end)));
        let foreground = pulse.before(start - real(first));
        let background = pulse.behind(end - real(first));
        let from = floor(start - foreground).max(0) as u64;
        let to = (ceil(end + background).max(0) as u64).max(settled).min(upto).max(from);
        let sum_from = self.sum_before(history, from.max(history.start()));
        let span = (to - from) as u32;
        let place = |sample: u64| sample as i64 - first as i64;
        let sum = found.summed.and_then(|summed| summed.about(samples, place(from), place(to)));
        let sum = sum.unwrap_or_else(|| history.sum(from, to));
        self.mark = (to, sum_from + sum);
        let area = sum as f64 - building.base * f64::from(span);
        let contiguous = self.last_sum.take();
        if let (Some(before), Some(previous)) = (contiguous, self.record.pulses.last_mut()) {
            previous.cycle_span = from.saturating_sub(previous.from);
            previous.cycle_area = (sum_from - before) as f64 - previous.base * real(previous.cycle_span);
        }
        let flags = Flags {
            clipped: building.clipped || (self.railed > first && clipped(samples, self.calibration.rails)),
            truncated: found.flags.truncated || cut,
            endless: false,
        };
        if !flags.truncated {
            let ended = self.last_end.map(|end| end - real(first));
            let origin = at as i64 - first as i64;
            let skew = constants.sharp.skew(samples, origin, (phases, found.edges), ended, self.noise);
            raise(&mut self.record.skew, skew);
            let code = |at: u64| samples.get(at.saturating_sub(first) as usize);
            let flows = |at: u64| code(at).map_or(0.0, |code| (f64::from(*code) - building.base).abs());
            let limit = REST * self.noise.max(1.0);
            let flow = larger(flows(from), flows(to));
            if flow > limit {
                raise(&mut self.record.cut, flow);
            }
        }
        let rest = floor(larger(start - self.rest_from, 0.0)) as u64;
        self.rest_from = larger(end, real(settled));
        self.recharging = None;
        if let Some(open) = opened.filter(|open| upto < *open) {
            self.recharging = Some(Recharging {
                open,
                slack: building.timing.recharge.map_or(0, |switch| switch.slack),
                positive: building.positive,
                tall: building.tall(),
            });
        }
        // Phases that are too small to be found are no rest either: a recovery that lasts longer than the rest would become the baseline.
        let lacks = building.count < usize::from(building.timing.phases);
        let due = if lacks { at + building.timing.length + g } else { 0 };
        self.quiet_from = to.max(last.to + g).max(due).max(settled);
        self.quiet.restart(at, building.base);
        self.last_end = Some(end);
        // Those that are not there have no charge.
        let [a, b, c] = measured.map(|phase| phase.area.abs());
        raise(&mut self.largest, f64::from(larger(larger(a, b), c)));
        if self.record.is_full(self.room) {
            self.record.table_full = true;
            return;
        }
        self.last_sum = (!cut).then_some(sum_from);
        self.record.rise = self.record.rise.and(found.rise);
        raise(&mut self.record.shared, found.shared);
        let row = self.record.pulses.len();
        self.finished.push(Finished { row, from, to, rest, cut });
        if found.flags.truncated && !cut {
            self.record.unread.add(row);
        }
        if let Some(shaper) = self.shaper {
            let shapes = shaper.measure(samples, real(at) - real(first), phases, building.base);
            self.record.shapes.push(shapes);
        }
        self.record.pulses.push(PulseRow {
            number: row,
            at,
            phases: measured,
            count: found.count,
            from,
            base: building.base,
            pulse_area: area,
            pulse_span: span,
            cycle_area: f64::NAN,
            cycle_span: 0,
            before: building.before,
            after: None,
            recharge: found.recharge,
            flags,
        });
    }
}

/// A recharge that was seen to begin just when the filter ceased to ring behind the last phase, which ends at sample `end`, began where its
/// switch closed: what is smaller than the ringing is not told from it before.
fn told(building: &Building, seen: Excursion, end: u64, g: u64) -> Excursion {
    let whole = building.count >= usize::from(building.timing.phases);
    match building.timing.recharge.filter(|_| whole && seen.from.abs_diff(end + g) <= 1) {
        Some(switch) => {
            let from = building.closes(switch, end).min(seen.from);
            Excursion { from, joined: switch.at_once, ..seen }
        }
        None => seen,
    }
}

/// So many deviations of a sample, or codes, from the baseline are rest: the filter's settling leaves 1e-4 of a step, which is less.
const REST: f64 = 8.0;

/// A sample's index as a real number: far below 2⁶³, where a signed conversion is one instruction.
#[inline]
fn real(sample: u64) -> f64 {
    sample as i64 as f64
}

/// Keeps the largest of what is found.
#[inline]
fn raise(most: &mut f64, found: f64) {
    if found > *most {
        *most = found;
    }
}

#[cold]
fn clipped(codes: &[i16], rails: (i16, i16)) -> bool {
    let (low, high) = extremes(codes);
    low <= rails.0 || high >= rails.1
}
