//! A pulse as cells, and what is read of a voltage before it.
//!
//! Sums of codes come back as they were: a level that is a mean of `n` codes in steps of 1/n, an area as the sum it was taken
//! from. Quiet levels lie on the grid of [`Level::rounded`] when they are measured. What is rounded here:
//!
//! | column | step | standard uncertainty of that | beside |
//! |---|---|---|---|
//! | instants | 1/8192 sample | 3.5e-5 sample | interpolation of an edge, some 0.01 sample |
//! | area of a phase | 1/16 code·sample | 0.018 code·sample | noise of its window, above 2 code·samples |
//! | its length | 1/32 sample | 0.009 sample | times a difference of baselines, some tenths of a code: 0.003 of the area's 2 |
//! | level of a short phase | 1/1024 code | 2.8e-4 code | noise of an area over a width, above 0.1 code |
//! | recharge | 1/256 code | 1.1e-3 code | noise of a mean of four samples |

use super::super::{Flags, Level, PhaseRow, PulseRow};
use super::cells::{guess, nearest};
use super::{BLOCK, Column, INSTANT, Reader, Row, Writer, grid, ungrid};

mod alike;

const AREA: f64 = 16.0;
const SPAN: f64 = 32.0;
const SHORT: f64 = 1024.0;
const RECHARGE: f64 = 256.0;

/// Bits of the first cell.
const CLIPPED: i64 = 1;
const TRUNCATED: i64 = 1 << 1;
const ENDLESS: i64 = 1 << 2;
/// There is a level after the pulse.
const AFTER: i64 = 1 << 3;
/// There is a level before it, and it is the one after the pulse before.
const SHARED: i64 = 1 << 4;
/// There is one, and it is not.
const BEFORE: i64 = 1 << 5;
/// Areas are counted from the level before it.
const QUIET: i64 = 1 << 6;
/// The area of the pulse is no sum of codes less its base.
const PULSE_RAW: i64 = 1 << 7;
/// That of the cycle is none.
const CYCLE_RAW: i64 = 1 << 8;
/// There is an area of the cycle.
const CYCLE: i64 = 1 << 9;
/// There is no phase in this place.
const NO_PHASE: [i64; 3] = [1 << 10, 1 << 11, 1 << 12];
/// Cells of a phase, and of a level.
const PHASE_CELLS: usize = 6;
const LEVEL_CELLS: usize = 4;

impl Row for PulseRow {
    fn write(&self, before: Option<&Self>, cells: &mut Writer) {
        let own = self.before.map(Level::rounded);
        let shared = before.is_some_and(|before| own.is_some() && same(own, passed_on(before, self.at)));
        let quiet = own.is_some_and(|level| f64::from(level.value).to_bits() == self.base.to_bits());
        let (pulse, pulse_raw) = sum(self.pulse_area, self.base, f64::from(self.pulse_span));
        let (cycle, cycle_raw) = sum(self.cycle_area, self.base, self.cycle_span as f64);
        let has_cycle = !self.cycle_area.is_nan();
        let bit = |is: bool, bit: i64| if is { bit } else { 0 };
        let places = NO_PHASE.iter().zip(&self.phases).skip(usize::from(self.count));
        let absent: i64 = places.map(|(place, phase)| bit(*phase == PhaseRow::default(), *place)).sum();
        cells.put(
            bit(self.flags.clipped, CLIPPED)
                | bit(self.flags.truncated, TRUNCATED)
                | bit(self.flags.endless, ENDLESS)
                | bit(self.after.is_some(), AFTER)
                | bit(shared, SHARED)
                | bit(own.is_some() && !shared, BEFORE)
                | bit(quiet, QUIET)
                | bit(pulse_raw, PULSE_RAW)
                | bit(cycle_raw && has_cycle, CYCLE_RAW)
                | bit(has_cycle, CYCLE)
                | absent,
        );
        cells.put(i64::from(self.count));
        cells.put(self.at as i64);
        cells.put_from(self.at, self.from);
        write_level(self.before.filter(|_| !shared), cells);
        cells.put(if quiet { 0 } else { self.base.to_bits() as i64 });
        let mut areas = 0_i64;
        let phases = self.phases.iter().zip(NO_PHASE).zip(intervals(self)).enumerate();
        for (k, ((phase, place), interval)) in phases {
            if absent & place != 0 {
                cells.skip(PHASE_CELLS);
                continue;
            }
            let is_found = k < found(self.count);
            let (start, end) = if is_found { interval } else { instants(phase) };
            cells.put(start);
            cells.put(end);
            let width = if is_found { end } else { end.wrapping_sub(start) };
            areas = areas.wrapping_add(write_phase(phase, width, self.base, cells));
        }
        cells.put(i64::from(self.pulse_span));
        let near = if pulse_raw { 0 } else { together(areas, self.base * f64::from(self.pulse_span)) };
        cells.put(pulse.wrapping_sub(near));
        cells.put(self.cycle_span as i64);
        let near = if pulse_raw || cycle_raw { 0 } else { pulse };
        cells.put(if has_cycle { cycle.wrapping_sub(near) } else { 0 });
        write_level(self.after, cells);
        cells.put_steps(self.recharge, RECHARGE);
    }

    fn read(number: usize, before: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        let bits = cells.take();
        let is = |bit: i64| bits & bit != 0;
        let count = cells.take() as u8;
        let at = cells.take() as u64;
        let from = at.wrapping_sub(cells.take_from(0));
        let own = level(is(BEFORE), cells);
        let own = if is(SHARED) { before.and_then(|before| passed_on(before, at)) } else { own };
        let base = cells.take();
        let base = match own.filter(|_| is(QUIET)) {
            Some(level) => f64::from(level.value),
            None => f64::from_bits(base as u64),
        };
        let mut phases = [PhaseRow::default(); 3];
        let (mut last, mut areas) = (since(at).wrapping_neg(), 0_i64);
        for (k, (phase, place)) in phases.iter_mut().zip(NO_PHASE).enumerate() {
            if is(place) {
                cells.skip(PHASE_CELLS);
                continue;
            }
            let (start, end) = (cells.take(), cells.take());
            let ends = if k < found(count) {
                let start = last.wrapping_add(start);
                last = start.wrapping_add(end);
                (start, last)
            } else {
                (start, end)
            };
            let area;
            (*phase, area) = read_phase(ends, base, cells);
            areas = areas.wrapping_add(area);
        }
        let pulse_span = cells.take() as u32;
        let pulse = cells.take();
        let cycle_span = cells.take() as u64;
        let cycle = cells.take();
        let after = level(is(AFTER), cells);
        let near = if is(PULSE_RAW) { 0 } else { together(areas, base * f64::from(pulse_span)) };
        let pulse = pulse.wrapping_add(near);
        let near = if is(PULSE_RAW) || is(CYCLE_RAW) { 0 } else { pulse };
        let cycle = cycle.wrapping_add(near);
        let area = |cell: i64, raw: bool, span: f64| {
            if raw { f64::from_bits(cell as u64) } else { cell as f64 - base * span }
        };
        Self {
            number,
            at,
            phases,
            count,
            from,
            base,
            pulse_area: area(pulse, is(PULSE_RAW), f64::from(pulse_span)),
            pulse_span,
            cycle_area: if is(CYCLE) { area(cycle, is(CYCLE_RAW), cycle_span as f64) } else { f64::NAN },
            cycle_span,
            before: own,
            after,
            recharge: cells.take_steps(RECHARGE),
            flags: Flags { clipped: is(CLIPPED), truncated: is(TRUNCATED), endless: is(ENDLESS) },
        }
    }

    fn pack_alike(rows: &[Self; BLOCK], columns: &mut Vec<Column>, out: &mut Vec<u8>) -> Option<()> {
        alike::pack(rows, columns, out)
    }

    /// When it began and ended, as one phase, and its flags: what it delivered is no number.
    fn bare(&self) -> Self {
        let mut whole = PhaseRow { level: f32::NAN, area: f32::NAN, ..PhaseRow::default() };
        if let (Some(first), Some(last)) = (self.phases().first(), self.phases().last()) {
            (whole.start, whole.end) = (coarse(first.start), coarse(last.end));
        }
        Self {
            phases: [whole, PhaseRow::default(), PhaseRow::default()],
            count: self.count.min(1),
            base: 0.0,
            pulse_area: f64::NAN,
            pulse_span: 0,
            cycle_area: f64::NAN,
            cycle_span: 0,
            before: None,
            after: None,
            recharge: 0.0,
            ..*self
        }
    }
}

/// Steps in a sample, of an instant of a bare row.
const BARE: f32 = 8.0;

/// An instant of a bare row: no later than it was, so that it lies in the same sample.
fn coarse(instant: f32) -> f32 {
    (instant * BARE).floor() / BARE
}

/// The sum of codes from which an area was taken, and whether it was taken from none: then the area bit by bit.
fn sum(area: f64, base: f64, span: f64) -> (i64, bool) {
    let sum = nearest(area + base * span);
    match sum.filter(|sum| (*sum as f64 - base * span).to_bits() == area.to_bits()) {
        Some(sum) => (sum, false),
        None => (area.to_bits() as i64, true),
    }
}

/// The level after a pulse as the one before the next, which is at sample `at`.
fn passed_on(row: &PulseRow, at: u64) -> Option<Level> {
    let later = at.wrapping_sub(row.at) as f64;
    let level = row.after?.rounded();
    Some(Level { centre: (f64::from(level.centre) - later) as f32, ..level })
}

/// What the areas of the phases, in steps, let expect of the sum of codes over the window of their pulse: next to nothing of it lies
/// outside their own windows, and all of it scatters alike.
fn together(areas: i64, rest: f64) -> i64 {
    guess(areas as f64 / AREA + rest)
}

fn same(a: Option<Level>, b: Option<Level>) -> bool {
    let bits =
        |level: Level| (level.value.to_bits(), level.spread.to_bits(), level.count, level.centre.to_bits());
    a.map(bits) == b.map(bits)
}

fn write_level(level: Option<Level>, cells: &mut Writer) {
    let Some(level) = level else { return cells.skip(LEVEL_CELLS) };
    cells.put(i64::from(level.count));
    level.cells().into_iter().for_each(|cell| cells.put(cell));
}

/// A level, where there is one.
fn level(is: bool, cells: &mut Reader<'_>) -> Option<Level> {
    if !is {
        cells.skip(LEVEL_CELLS);
        return None;
    }
    let count = cells.take() as u32;
    Some(Level::of_cells(count, [cells.take(), cells.take(), cells.take()]))
}

/// Instants of a phase in steps, start and end, from the sample that those of its pulse refer to.
fn instants(phase: &PhaseRow) -> (i64, i64) {
    (grid(phase.start, INSTANT), grid(phase.end, INSTANT))
}

/// In steps, for each phase that was found: from the end of the one before it (of the first: from the beginning of the record) to its
/// start, and from there to its end.
fn intervals(row: &PulseRow) -> [(i64, i64); 3] {
    let mut intervals = [(0, 0); 3];
    let mut last = since(row.at).wrapping_neg();
    for (interval, phase) in intervals.iter_mut().zip(row.phases()) {
        let (start, end) = instants(phase);
        *interval = (start.wrapping_sub(last), end.wrapping_sub(start));
        last = end;
    }
    intervals
}

/// How many phases a row of this count has.
fn found(count: u8) -> usize {
    if count > 3 { 0 } else { usize::from(count) }
}

/// A sample in steps.
fn since(at: u64) -> i64 {
    (at as i64).wrapping_mul(INSTANT as i64)
}

/// What there is of a phase besides its instants, which are `width` steps apart; returns the cell of its area.
fn write_phase(phase: &PhaseRow, width: i64, base: f64, cells: &mut Writer) -> i64 {
    let area = grid(phase.area, AREA);
    let [settled, level] = level_cells(phase, area, width, base);
    cells.put(settled);
    cells.put(area);
    cells.put(level);
    cells.put_steps(phase.span, SPAN);
    area
}

/// How many samples the level of a phase is the mean of, and whether it is their mean to the bit, as one cell; and the level.
fn level_cells(phase: &PhaseRow, area: i64, width: i64, base: f64) -> [i64; 2] {
    let n = f64::from(phase.settled);
    let sum = if phase.settled > 0 { grid(phase.level, n) } else { 0 };
    let mean = phase.settled > 0 && ungrid(sum, n).to_bits() == phase.level.to_bits();
    let near = if phase.settled > 0 { 0 } else { over_width(area, width, base) };
    let level = if mean { sum } else { grid(phase.level, SHORT).wrapping_sub(near) };
    [2 * i64::from(phase.settled) + i64::from(mean), level]
}

/// A phase between two instants, and the cell of its area.
fn read_phase((start, end): (i64, i64), base: f64, cells: &mut Reader<'_>) -> (PhaseRow, i64) {
    let settled = cells.take();
    let n = (settled / 2) as u32;
    let area = cells.take();
    let near = if n > 0 { 0 } else { over_width(area, end.wrapping_sub(start), base) };
    let level = near.wrapping_add(cells.take());
    let phase = PhaseRow {
        start: ungrid(start, INSTANT),
        end: ungrid(end, INSTANT),
        level: ungrid(level, if settled % 2 == 1 { f64::from(n) } else { SHORT }),
        settled: n,
        area: ungrid(area, AREA),
        span: cells.take_steps(SPAN),
    };
    (phase, area)
}

/// What area and width, in steps, let expect of the level of a phase that has not settled: it is made of them.
fn over_width(area: i64, width: i64, base: f64) -> i64 {
    guess((base + area as f64 / AREA / (width as f64 / INSTANT)) * SHORT)
}

/// A mean code and the number of samples it is of, in steps of one over that number: as it was.
impl Row for (f32, u32) {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        cells.put(i64::from(self.1));
        cells.put_steps(self.0, f64::from(self.1.max(1)));
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        let count = cells.take() as u32;
        (cells.take_steps(f64::from(count.max(1))), count)
    }
}
