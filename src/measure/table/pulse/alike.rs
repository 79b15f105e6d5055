//! The pulses of a train: a block of rows that are of one kind, packed many at a time.
//!
//! What the cells are is said by [`Row::write`](super::Row::write); here are the same of rows that have equally many phases, areas that
//! are sums of codes, levels that lie on their grid, and nothing that is infinite or huge.

use wide::{f32x4, i32x4};

use super::super::column::{pack as column, pack_same, pack_steps};
use super::super::lanes::{LANES, Lanes, bits};
use super::super::{Column, GROUP, INSTANT};
use super::*;

/// From one pulse to the next there are fewer samples than this.
const APART: u64 = 1 << 14;

/// Sums of codes below this that are divided by how many they are of, as a float of 32 bits, tell of themselves: each mean times that
/// number lies within a quarter of the sum.
const EXACT: f32 = 4_194_304.0;

/// Columns in hand at a time: two of heads, two of what adds up, and those of a phase.
const COLUMNS: usize = 2 + 2 + PHASE_CELLS;

/// Packs a block of rows that are alike, in columns that may hold anything; `None` of others.
pub(super) fn pack(rows: &[PulseRow; BLOCK], columns: &mut Vec<Column>, out: &mut Vec<u8>) -> Option<()> {
    let [PulseRow { count, pulse_area, .. }, ..] = *rows;
    if !(1..=3).contains(&count) || pulse_area.is_nan() {
        return None;
    }
    columns.resize(COLUMNS, [0; BLOCK]);
    let [bits, apart, others @ ..] = columns.first_chunk_mut::<COLUMNS>()?;
    let (sums, scratch) = others.split_first_chunk_mut::<2>()?;
    let scratch: &mut [Column; PHASE_CELLS] = scratch.first_chunk_mut()?;
    let mut lanes = Lanes::new();
    let [from, ..] = &mut *scratch;
    let (all, base) = heads(rows, [&mut *bits, apart, from], &mut lanes)?;
    column(bits, out);
    pack_same(i64::from(count), out);
    pack_steps(apart, rows.iter().step_by(GROUP).map(|row| row.at as i64), out);
    column(from, out);
    let before = rows.iter().zip(&*bits).map(|(row, bits)| row.before.filter(|_| bits & BEFORE as i32 != 0));
    pack_levels(before, all & BEFORE != 0, scratch, &mut lanes, out)?;
    pack_same(base, out);
    sums.iter_mut().for_each(|sums| sums.fill(0));
    pack_phase(rows, |[phase, ..]| phase, Some(apart), (sums, scratch), &mut lanes, out)?;
    if count > 1 {
        pack_phase(rows, |[_, phase, _]| phase, None, (sums, scratch), &mut lanes, out)?;
    } else {
        pack_no_phase(rows, |[_, phase, _]| phase, &mut lanes, out);
    }
    if count > 2 {
        pack_phase(rows, |[.., phase]| phase, None, (sums, scratch), &mut lanes, out)?;
    } else {
        pack_no_phase(rows, |[.., phase]| phase, &mut lanes, out);
    }
    let [areas, _] = sums;
    pack_sums(rows, areas, scratch, &mut lanes, out)?;
    pack_levels(rows.iter().map(|row| row.after), all & AFTER != 0, scratch, &mut lanes, out)?;
    let [recharge, ..] = scratch;
    whole(rows, recharge, |row| row.recharge, RECHARGE, &mut lanes);
    lanes.hold().then_some(())?;
    column(recharge, out);
    Some(())
}

/// The first cells of rows, the samples from each row's to the next one's, and those from the first of its windows to that; returns
/// all the bits there are in the first cells, and the cell of the bases, which must be one and the same.
fn heads(rows: &[PulseRow; BLOCK], columns: [&mut Column; 3], lanes: &mut Lanes) -> Option<(i64, i64)> {
    let [bits, apart, from] = columns;
    let [first, ..] = rows;
    let absent: i64 = NO_PHASE.iter().skip(usize::from(first.count)).sum();
    let (mut last, mut all, mut base) = (first, 0, None);
    let slots = bits.iter_mut().zip(apart.iter_mut()).zip(from);
    for ((k, row), ((bits, apart), from)) in rows.iter().enumerate().zip(slots) {
        let later = row.at.wrapping_sub(last.at);
        lanes.equal(later / APART, 0);
        lanes.equal(row.count.into(), first.count.into());
        let (mut beside, mut kept) = (0, row.base.to_bits());
        if let Some(level) = row.before {
            // Where a level lies on its grid, so does what is passed on of it.
            let passed = |after: Level| (f64::from(after.centre) - later as f64) as f32;
            let passed = last.after.map(|after| Level { centre: passed(after), ..after });
            beside = if !k.is_multiple_of(GROUP) && same(row.before, passed) { SHARED } else { BEFORE };
            if f64::from(level.value).to_bits() == kept {
                (beside, kept) = (beside | QUIET, 0);
            }
        }
        let has = |is: bool, bit: i64| i64::from(is) * bit;
        let cell = has(row.flags.clipped, CLIPPED)
            | has(row.flags.truncated, TRUNCATED)
            | has(row.flags.endless, ENDLESS)
            | has(row.after.is_some(), AFTER)
            | has(!row.cycle_area.is_nan(), CYCLE)
            | beside
            | absent;
        lanes.equal(*base.get_or_insert(kept), kept);
        all |= cell;
        (*bits, *apart) = (cell as i32, later as i32);
        *from = lanes.cell(row.at.wrapping_sub(row.from) as i64);
        last = row;
    }
    // Nothing goes before the first: it is apart by anything.
    let [none, second, ..] = apart;
    *none = *second;
    Some((all, base.filter(|_| lanes.hold())? as i64))
}

/// Fills a column with values in steps of 1/`scale`, a power of two.
#[inline]
fn whole(
    rows: &[PulseRow; BLOCK],
    column: &mut Column,
    of: impl Fn(&PulseRow) -> f32,
    scale: f64,
    lanes: &mut Lanes,
) {
    for (rows, slot) in rows.as_chunks::<LANES>().0.iter().zip(column.as_chunks_mut().0) {
        let values = f32x4::new(rows.each_ref().map(&of)) * f32x4::splat(scale as f32);
        *slot = lanes.whole(values).to_array();
    }
}

/// Packs the levels beside rows, where there are any.
#[inline]
fn pack_levels(
    levels: impl Iterator<Item = Option<Level>>,
    any: bool,
    columns: &mut [Column; PHASE_CELLS],
    lanes: &mut Lanes,
    out: &mut Vec<u8>,
) -> Option<()> {
    if !any {
        (0..LEVEL_CELLS).for_each(|_| pack_same(0, out));
        return Some(());
    }
    let [counts, values, spreads, centres, ..] = columns;
    let slots = counts.iter_mut().zip(values.iter_mut()).zip(spreads.iter_mut()).zip(centres.iter_mut());
    for ((((count, value), spread), centre), level) in slots.zip(levels) {
        let cells = level.map_or([0; LEVEL_CELLS], |level| kept(level, lanes));
        [*count, *value, *spread, *centre] = cells;
    }
    lanes.hold().then_some(())?;
    for numbers in [counts, values, spreads, centres] {
        column(numbers, out);
    }
    Some(())
}

/// The cells of a level, which must be one that is kept as it is.
#[inline]
fn kept(level: Level, lanes: &mut Lanes) -> [i32; LEVEL_CELLS] {
    let scales = f32x4::new(level.scales());
    let values = f32x4::new([level.value, level.spread, level.centre, 0.0]);
    let cells = lanes.whole(values * scales);
    let kept = f32x4::from_i32x4(cells) / scales;
    lanes.equal(bits(kept).simd_eq(bits(values)).all().into(), 1);
    let [value, spread, centre, _] = cells.to_array();
    [lanes.cell(level.count.into()), value, spread, centre]
}

/// Packs a phase that all rows have. `apart` is what lies between the rows' samples, for the first phase: that is used up. `sums` are the
/// areas of the phases before it and the end of the last, in steps.
#[inline]
fn pack_phase(
    rows: &[PulseRow; BLOCK],
    of: impl Fn(&[PhaseRow; 3]) -> &PhaseRow,
    apart: Option<&mut Column>,
    (sums, columns): (&mut [Column; 2], &mut [Column; PHASE_CELLS]),
    lanes: &mut Lanes,
    out: &mut Vec<u8>,
) -> Option<()> {
    phase_cells(rows, of, (sums, &mut *columns), lanes);
    if !lanes.hold() {
        return None;
    }
    let [start, end, settled, area, level, span] = columns;
    if let Some(apart) = apart {
        // Its start from the beginning of the record, from row to row.
        let mut last = 0;
        for (apart, start) in apart.iter_mut().zip(&*start) {
            *apart = *apart * INSTANT as i32 + (start - last);
            last = *start;
        }
        let begins = rows.iter().zip(&*start).step_by(GROUP);
        let begins = begins.map(|(row, start)| since(row.at).wrapping_add(i64::from(*start)));
        pack_steps(apart, begins, out);
    } else {
        column(start, out);
    }
    for numbers in [end, settled, area, level, span] {
        column(numbers, out);
    }
    Some(())
}

/// The cells of a phase, four rows at a time; adds its areas to those before it, and its ends are the last ones.
#[inline]
fn phase_cells(
    rows: &[PulseRow; BLOCK],
    of: impl Fn(&[PhaseRow; 3]) -> &PhaseRow,
    ([areas, ends], columns): (&mut [Column; 2], &mut [Column; PHASE_CELLS]),
    lanes: &mut Lanes,
) {
    let [start, end, settled, area, level, span] = columns;
    let edges = quads(start).zip(quads(end)).zip(quads(ends));
    let tops = quads(settled).zip(quads(level));
    let charges = quads(area).zip(quads(span)).zip(quads(areas));
    let (limit, instant) = (f32x4::splat(EXACT), f32x4::splat(INSTANT as f32));
    let slots = edges.zip(tops).zip(charges);
    for (rows, ((((start, end), last), (settled, level)), ((area, span), areas))) in
        rows.as_chunks().0.iter().zip(slots)
    {
        let phases: [&PhaseRow; LANES] = rows.each_ref().map(|row| of(&row.phases));
        let heads = phases.map(|phase| {
            let settled = f32::from_bits(phase.settled);
            f32x4::new([phase.start, phase.end, phase.level, settled])
        });
        let [starts, ends, levels, counts] = f32x4::transpose(heads);
        let (starts, ends) = (lanes.whole(starts * instant), lanes.whole(ends * instant));
        let charges = lanes.whole(f32x4::new(phases.map(|phase| phase.area)) * f32x4::splat(AREA as f32));
        let spans = lanes.whole(f32x4::new(phases.map(|phase| phase.span)) * f32x4::splat(SPAN as f32));
        let widths = ends - starts;
        *start = (starts - i32x4::new(*last)).to_array();
        (*end, *last, *area, *span) =
            (widths.to_array(), ends.to_array(), charges.to_array(), spans.to_array());
        *areas = (i32x4::new(*areas) + charges).to_array();
        let counts = bits(counts);
        let n = f32x4::from_i32x4(counts);
        let sums = levels * n;
        let means = lanes.whole(sums);
        let exact = sums.abs().simd_lt(limit) & n.simd_lt(limit) & n.simd_gt(f32x4::splat(0.0));
        if ((f32x4::from_i32x4(means) / n).simd_eq(levels) & exact).all() {
            (*settled, *level) = ((counts + counts + i32x4::splat(1)).to_array(), means.to_array());
            continue;
        }
        // Some level is no mean: it is told from area and width.
        for (((settled, level), (area, width)), row) in
            settled.iter_mut().zip(level).zip(area.iter().zip(&*end)).zip(rows)
        {
            let cells = level_cells(of(&row.phases), i64::from(*area), i64::from(*width), row.base);
            [*settled, *level] = cells.map(|cell| lanes.cell(cell));
        }
    }
}

/// A column, some rows at a time.
#[inline]
fn quads(column: &mut Column) -> impl Iterator<Item = &mut [i32; LANES]> {
    column.as_chunks_mut().0.iter_mut()
}

/// Packs the cells of a phase that no row has.
#[inline]
fn pack_no_phase(
    rows: &[PulseRow; BLOCK],
    of: impl Fn(&[PhaseRow; 3]) -> &PhaseRow,
    lanes: &mut Lanes,
    out: &mut Vec<u8>,
) {
    let all_bits = |all: u32, row: &PulseRow| {
        let PhaseRow { start, end, level, settled, area, span } = of(&row.phases);
        all | start.to_bits() | end.to_bits() | level.to_bits() | settled | area.to_bits() | span.to_bits()
    };
    lanes.equal(rows.iter().fold(0, all_bits).into(), 0);
    (0..PHASE_CELLS).for_each(|_| pack_same(0, out));
}

/// Packs the areas of pulses and cycles, which must be sums of codes less their base.
fn pack_sums(
    rows: &[PulseRow; BLOCK],
    areas: &Column,
    columns: &mut [Column; PHASE_CELLS],
    lanes: &mut Lanes,
    out: &mut Vec<u8>,
) -> Option<()> {
    let [spans, pulses, cycle_spans, cycles, ..] = columns;
    let slots = spans.iter_mut().zip(pulses.iter_mut()).zip(cycle_spans.iter_mut()).zip(cycles.iter_mut());
    for ((row, area), (((span, pulse), cycle_span), cycle)) in rows.iter().zip(areas).zip(slots) {
        *span = lanes.cell(row.pulse_span.into());
        *cycle_span = lanes.cell(row.cycle_span as i64);
        let rest = row.base * f64::from(*span);
        let sum = lanes.sum(row.pulse_area, rest);
        *pulse = lanes.cell(sum.wrapping_sub(together((*area).into(), rest)));
        *cycle = 0;
        if !row.cycle_area.is_nan() {
            let whole = lanes.sum(row.cycle_area, row.base * f64::from(*cycle_span));
            *cycle = lanes.cell(whole.wrapping_sub(sum));
        }
    }
    lanes.hold().then_some(())?;
    for numbers in [spans, pulses, cycle_spans, cycles] {
        column(numbers, out);
    }
    Some(())
}
