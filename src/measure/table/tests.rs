use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::*;

mod alike;

use crate::measure::{
    EdgeLevels, Extremes, Flags, JointRow, Level, PhaseRow, Plateau, PulseRow, Reading, ShapeRow, StepRow,
};

/// Any bits at all, or something that a bad moment may bring.
fn hostile(rng: &mut ChaCha8Rng) -> f32 {
    const BAD: [f32; 8] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MAX, f32::MIN_POSITIVE, -1e9, 16_777_217.0];
    match rng.random_range(0..10) {
        k @ 0..8 => BAD[k],
        _ => f32::from_bits(rng.random()),
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A pulse of a train at 10 kHz as a bench shows it: noise of 0.76 code, quiet between pulses, two clocks 30 ppm apart, edges
/// interpolated with an error of 0.01 sample that goes with their place between two samples.
fn benign(rng: &mut ChaCha8Rng, number: usize, before: Option<&PulseRow>) -> PulseRow {
    let begins = 40_000.3 + 100.003 * number as f64;
    let at = begins.ceil() as u64;
    let apart = before.map_or(100.0, |before| at.wrapping_sub(before.at) as f32);
    let noise = |rng: &mut ChaCha8Rng, n: f64| 0.76 * n.sqrt() * normal(rng);
    let level = |rng: &mut ChaCha8Rng, centre: f32| {
        let value = (2.3 + 0.76 * 1.25 / 5.0 * normal(rng)) as f32;
        Level { value, spread: 1.57 + 0.05 * normal(rng) as f32, count: 25, centre }.rounded()
    };
    let own = before.and_then(|before| before.after);
    let own = own.map(|level| Level { centre: level.centre - apart, ..level });
    let own = own.unwrap_or_else(|| level(rng, -17.5));
    let base = f64::from(own.value);
    let edge = |rng: &mut ChaCha8Rng, later: f64| {
        let error = 0.014 * (std::f64::consts::TAU * (begins + later)).sin();
        (begins - at as f64 + later + error + 1e-3 * normal(rng)) as f32
    };
    let phase = |rng: &mut ChaCha8Rng, at: f64, sign: f64| {
        let codes = (sign * 8192.0 * 14.0 + noise(rng, 14.0)).round();
        PhaseRow {
            start: edge(rng, at),
            end: edge(rng, at + 20.0),
            level: (codes / 14.0) as f32,
            settled: 14,
            area: (sign * 8192.0 * 20.0 + noise(rng, 30.0)) as f32,
            span: 29.0 + 1e-3 * normal(rng) as f32,
        }
    };
    let (pulse, cycle) = (noise(rng, 58.0).round(), noise(rng, 100.0).round());
    PulseRow {
        number,
        at,
        phases: [phase(rng, 0.0, -1.0), phase(rng, 30.0, 1.0), PhaseRow::default()],
        count: 2,
        from: at - 9,
        base,
        pulse_area: pulse - base * 58.0,
        pulse_span: 58,
        cycle_area: cycle - base * 100.0,
        cycle_span: 100,
        before: Some(own),
        after: Some(level(rng, 79.5)),
        recharge: 0.0,
        flags: Flags::default(),
    }
}

/// The same with some of its fields spoilt.
fn spoilt(rng: &mut ChaCha8Rng, mut row: PulseRow) -> PulseRow {
    let level = |rng: &mut ChaCha8Rng| Level {
        value: hostile(rng),
        spread: hostile(rng),
        count: rng.random(),
        centre: hostile(rng),
    };
    match rng.random_range(0..12) {
        0 => row.at = rng.random(),
        1 => row.base = f64::from_bits(rng.random()),
        2 => row.pulse_area = f64::from(hostile(rng)),
        3 => (row.cycle_area, row.cycle_span) = (f64::NAN, 0),
        4 => (row.before, row.after) = (None, None),
        5 => (row.before, row.after) = (Some(level(rng)), Some(level(rng))),
        6 => row.from = rng.random(),
        7 => row.count = rng.random(),
        8 => (row.pulse_span, row.cycle_span) = (rng.random(), rng.random()),
        9 => row.cycle_area = f64::from_bits(rng.random()),
        10 => row.flags = Flags { clipped: true, truncated: rng.random(), endless: rng.random() },
        _ => {
            for phase in &mut row.phases {
                *phase = PhaseRow {
                    start: hostile(rng),
                    end: hostile(rng),
                    level: hostile(rng),
                    settled: rng.random(),
                    area: hostile(rng),
                    span: hostile(rng),
                };
            }
        }
    }
    row
}

fn train(seed: u64, rows: usize, spoil: f64) -> Vec<PulseRow> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all: Vec<PulseRow> = Vec::new();
    for number in 0..rows {
        let row = benign(&mut rng, number, all.last());
        all.push(if rng.random::<f64>() < spoil { spoilt(&mut rng, row) } else { row });
    }
    all
}

/// Within half a step, or the same bits.
fn near(got: f32, was: f32, step: f64) {
    let off = (f64::from(got) - f64::from(was)).abs();
    // A value as large as its own resolution is coarse is read back as it was.
    let same = got.to_bits() == was.to_bits() || (got == 0.0 && was == 0.0);
    assert!(same || off <= 0.500_001 * step, "{was} was read as {got}");
}

fn level_near(got: Option<Level>, was: Option<Level>) {
    assert_eq!(got.map(|level| level.count), was.map(|level| level.count));
    if let (Some(got), Some(was)) = (got, was) {
        near(got.value, was.value, 1.0 / 128.0 / f64::from(was.count.max(1)).sqrt());
        near(got.spread, was.spread, 1.0 / 64.0);
        near(got.centre, was.centre, 0.5);
    }
}

fn row_near(got: &PulseRow, was: &PulseRow) {
    let whole =
        |row: &PulseRow| (row.number, row.at, row.count, row.from, row.pulse_span, row.cycle_span, row.flags);
    assert_eq!(whole(got), whole(was));
    assert_eq!(got.base.to_bits(), was.base.to_bits());
    assert_eq!(got.pulse_area.to_bits(), was.pulse_area.to_bits());
    assert!(got.cycle_area.to_bits() == was.cycle_area.to_bits() || was.cycle_area.is_nan());
    assert_eq!(got.cycle_area.is_nan(), was.cycle_area.is_nan());
    level_near(got.before, was.before);
    level_near(got.after, was.after);
    near(got.recharge, was.recharge, 1.0 / 256.0);
    for (got, was) in got.phases.iter().zip(&was.phases) {
        near(got.start, was.start, 1.0 / 8192.0);
        near(got.end, was.end, 1.0 / 8192.0);
        near(got.level, was.level, 1.0 / 1024.0);
        assert_eq!(got.settled, was.settled);
        near(got.area, was.area, 1.0 / 16.0);
        near(got.span, was.span, 1.0 / 32.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_row_comes_back_within_half_a_step_whatever_it_holds(
        seed in any::<u64>(),
        spoil in prop_oneof![Just(0.0), Just(0.01), Just(0.3), Just(1.0)],
    ) {
        let rows = train(seed, BLOCK + LATEST + 40, spoil);
        let table: Table<PulseRow> = rows.iter().copied().collect();
        prop_assert_eq!(table.len(), rows.len());
        prop_assert_eq!(table.blocks.len(), 1);
        table.iter().zip(&rows).for_each(|(got, was)| row_near(&got, was));
    }
}

#[test]
fn a_row_reads_the_same_before_and_after_it_is_packed() {
    let rows = train(7, BLOCK + LATEST, 0.05);
    let (last, early) = rows.split_last().unwrap();
    let mut table: Table<PulseRow> = early.iter().copied().collect();
    let open: Vec<String> = table.iter().map(|row| format!("{row:?}")).collect();
    table.push(*last);
    assert_eq!(table.blocks.len(), 1);
    let packed: Vec<String> = table.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(open, packed[..open.len()]);
    // Single rows, ranges and jumps are the same rows.
    let mut jumping = table.iter();
    for index in [1040, 3, 129, 128, 1023, 1024, 0] {
        assert_eq!(format!("{:?}", table.get(index).unwrap()), packed[index]);
        assert_eq!(format!("{:?}", jumping.at(index).unwrap()), packed[index]);
    }
    assert_eq!(
        table.range(120..140).map(|row| row.number).collect::<Vec<_>>(),
        (120..140).collect::<Vec<_>>()
    );
    assert!(table.get(table.len()).is_none());
    assert!(table.recent(BLOCK).is_some() && table.recent(0).is_none());
}

#[test]
fn the_pulses_of_six_seconds_at_ten_kilohertz_take_some_nine_bytes_each() {
    let table: Table<PulseRow> = train(1, 60 * BLOCK, 0.0).into_iter().collect();
    let bytes = table.packed as f64 / (59 * BLOCK) as f64;
    assert!(bytes < 9.4, "{bytes}");
    // One pulse in fifty without its recovery.
    let mut rows = train(1, 60 * BLOCK, 0.0);
    for row in rows.iter_mut().step_by(50) {
        row.phases[1] = PhaseRow::default();
        (row.count, row.pulse_area) = (1, row.pulse_area - 163_840.0);
        row.cycle_area -= 163_840.0;
    }
    let table: Table<PulseRow> = rows.into_iter().collect();
    let bytes = table.packed as f64 / (59 * BLOCK) as f64;
    assert!(bytes < 9.9, "{bytes}");
}

/// Of a bare row there is when it was, and what it delivered is no number.
#[test]
fn a_bare_table_takes_a_part_of_a_byte_a_pulse() {
    let rows = train(2, WHOLE + 20 * BLOCK, 0.0);
    let (mut bare, mut whole) = (Table::bare(), Table::new());
    rows.iter().for_each(|row| (bare.push(*row), whole.push(*row)).0);
    let first: Table<PulseRow> = rows.iter().copied().take(WHOLE + LATEST).collect();
    let bytes = (bare.packed - first.packed) as f64 / (19 * BLOCK) as f64;
    assert!(bytes < 0.4, "{bytes}");
    assert!(bare.range(0..WHOLE).eq(whole.range(0..WHOLE)));
    for (got, was) in bare.range(WHOLE..rows.len()).zip(whole.range(WHOLE..rows.len())) {
        let near = |got: f64, was: f64| (0.0..0.126).contains(&(was - got));
        assert!(near(got.start(), was.start()) && near(got.end(), was.end()), "{got:?} {was:?}");
        assert_eq!(
            (got.number, got.at, got.from, got.count, got.flags),
            (was.number, was.at, was.from, 1, was.flags)
        );
        let delivered =
            [f64::from(got.phases[0].level), f64::from(got.phases[0].area), got.pulse_area, got.cycle_area];
        assert!(delivered.iter().all(|number| number.is_nan()) && (got.before, got.after) == (None, None));
    }
    assert!(bare.is_bare() && !whole.is_bare() && !Table::<PulseRow>::bare().is_bare());
}

#[test]
fn a_level_that_is_no_mean_of_codes_is_kept_to_a_part_of_one() {
    let mut rows = train(4, 3, 0.0);
    for (phase, off) in rows[1].phases.iter_mut().zip([0.3, -0.2, 0.1]) {
        (phase.settled, phase.level) = (2, phase.level.round() + off);
    }
    let table: Table<PulseRow> = rows.iter().copied().collect();
    table.iter().zip(&rows).for_each(|(got, was)| row_near(&got, was));
}

#[test]
fn a_table_is_bare_from_the_first_row_on_of_which_the_least_is_kept() {
    let mut table = Table { bare_from: 3, ..Table::new() };
    for (k, row) in train(4, 5, 0.0).into_iter().enumerate() {
        table.push(row);
        assert_eq!(table.is_bare(), k >= 3, "{k}");
    }
    assert!(table.iter().map(|row| row.pulse_area.is_nan()).eq([false, false, false, true, true]));
    // Rows of a range end where it does, wherever one looks.
    assert!(table.range(0..3).at(2).is_some() && table.range(0..3).at(4).is_none());
}

/// Two clocks that drift apart move every pulse between two samples, slowly, and its windows with it.
#[test]
fn what_drifts_takes_little_more_than_its_steps() {
    let size = |rows: &[PulseRow]| {
        let table: Table<PulseRow> = rows.iter().copied().collect();
        table.packed as f64 / (table.blocks.len() * BLOCK) as f64
    };
    let still = train(1, 9 * BLOCK + LATEST, 0.0);
    let mut drifting = still.clone();
    for (k, row) in drifting.iter_mut().enumerate() {
        let place = (0.003 * k as f64).fract() as f32;
        let [first, second, _] = &mut row.phases;
        (first.span, second.span) = (first.span + place, second.span - place);
    }
    // Of a sample in steps of 1/32 there are five bits in each; from one to the next there is a step or none: one of ten, in twelve bits.
    let (still, drifting) = (size(&still), size(&drifting));
    assert!(drifting < still + 0.4, "{still} {drifting}");
}

#[test]
fn a_place_is_found_among_packed_and_open_rows() {
    let rows = train(3, 3 * BLOCK + 500, 0.0);
    let table: Table<PulseRow> = rows.iter().copied().collect();
    for at in [0, 40_000, 40_001, 40_101, 100_000, 142_400, 142_404, 142_405, 340_000, u64::MAX] {
        let expected = rows.partition_point(|row| row.at < at);
        assert_eq!(table.partition_point(|row| row.at < at), expected, "{at}");
    }
    let table: Table<PulseRow> = train(3, 9 * BLOCK + LATEST, 0.0).into_iter().collect();
    for number in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 1, 5 * BLOCK - 7, 7 * BLOCK, 9 * BLOCK + 3] {
        assert_eq!(table.partition_point(|row| row.number < number), number);
    }
    assert_eq!(Table::<PulseRow>::new().partition_point(|_| true), 0);
}

#[test]
fn sums_and_levels_of_real_pulses_are_kept_as_they_were() {
    for row in train(9, 300, 0.0) {
        let got = rounded(row.number, &row, &mut Vec::new());
        assert_eq!(got.pulse_area.to_bits(), row.pulse_area.to_bits());
        assert_eq!(got.cycle_area.to_bits(), row.cycle_area.to_bits());
        assert_eq!((got.before, got.after), (row.before, row.after));
        let levels = |row: &PulseRow| row.phases.map(|phase| phase.level);
        assert_eq!(levels(&got), levels(&row));
    }
}

#[test]
fn other_rows_come_back_too() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let shape = |rng: &mut ChaCha8Rng| ShapeRow {
        step: hostile(rng),
        transition: hostile(rng),
        excess: hostile(rng),
        half: f32::INFINITY,
        top: (hostile(rng), 8000.25),
        count: rng.random(),
        peak: hostile(rng),
        third: (hostile(rng), hostile(rng)),
        state: (hostile(rng), f32::NAN),
    };
    let shapes: Vec<[ShapeRow; 3]> =
        (0..BLOCK + LATEST).map(|_| std::array::from_fn(|_| shape(&mut rng))).collect();
    let table: Table<[ShapeRow; 3]> = shapes.iter().copied().collect();
    for (got, was) in table.iter().flatten().zip(shapes.iter().flatten()) {
        near(got.step, was.step, 1.0 / 4096.0);
        near(got.transition, was.transition, 1.0 / 8192.0);
        near(got.peak, was.peak, 1.0 / 256.0);
        assert_eq!((got.count, got.half, got.top.1), (was.count, f32::INFINITY, 8000.25));
        assert!(got.state.1.is_nan());
    }
    let rows: Vec<JointRow> = (0..BLOCK + LATEST)
        .map(|k| {
            let start = 40_000.3 + 100.0 * k as f64;
            let residual = (k != 9).then(|| 2e-8 * normal(&mut rng).abs());
            let leading = if k == 5 { (f64::INFINITY, -1e300) } else { (start, start + 20.0) };
            JointRow { leading, settled: 14, span: 14, rest: 50, residual, readings: 1, clipped: k % 3 == 0 }
        })
        .collect();
    let table: Table<JointRow> = rows.iter().copied().collect();
    assert!((table.packed as f64) < 2.5 * BLOCK as f64, "{}", table.packed);
    for (k, (got, was)) in table.iter().zip(&rows).enumerate() {
        if k == 5 {
            assert_eq!(got.leading, was.leading);
        } else {
            assert!(
                (got.leading.0 - was.leading.0).abs() < 1e-4 && (got.leading.1 - was.leading.1).abs() < 1e-4
            );
        }
        let left = got.residual.zip(was.residual);
        assert!(left.map_or(k == 9 && got.residual.is_none(), |(got, was)| (got - was).abs() < 1e-12));
        assert_eq!((got.settled, got.span, got.rest, got.readings), (14, 14, 50, 1));
        assert_eq!(got.clipped, k % 3 == 0);
    }
    let plateaus: Vec<Plateau> = (0..BLOCK + LATEST)
        .map(|_| Plateau {
            base: hostile(&mut rng),
            rest: rng.random(),
            level: hostile(&mut rng),
            settled: 16,
        })
        .collect();
    let table: Table<Plateau> = plateaus.iter().copied().collect();
    for (got, was) in table.iter().zip(&plateaus) {
        near(got.base, was.base, 1.0 / 4096.0);
        near(got.level, was.level, 1.0 / 4096.0);
        assert_eq!((got.rest, got.settled), (was.rest, was.settled));
    }
    let means: Vec<(f32, u32)> = (0..BLOCK + LATEST).map(|k| ((k * 7 % 400) as f32 / 16.0, 16)).collect();
    let table: Table<(f32, u32)> = means.iter().copied().collect();
    assert!(table.iter().eq(means));
}

/// The step of a plateau is 600 times smaller than the noise of its level; the sums it is made of scatter by three codes.
#[test]
fn plateaus_take_the_bits_of_the_sums_they_are_made_of() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    // Where a pulse lies between two samples moves the level before it, slowly, by hundreds of codes.
    let mean = |rng: &mut ChaCha8Rng, level: f64, n: u32| {
        (((level * f64::from(n) + 0.76 * f64::from(n).sqrt() * normal(rng)).round()) / f64::from(n)) as f32
    };
    let plateaus: Vec<Plateau> = (0..5 * BLOCK + LATEST)
        .map(|k| {
            let place = (0.003 * k as f64).fract();
            let (base, level) = (mean(&mut rng, 300.0 * place, 16), mean(&mut rng, -24_000.0, 8));
            Plateau { base, rest: 16, level, settled: 8 }
        })
        .collect();
    let table: Table<Plateau> = plateaus.iter().copied().collect();
    let bytes = table.packed as f64 / (5 * BLOCK) as f64;
    // Four bits a sum, beside 23 and 13 bits in steps of 1/4096 code.
    assert!(bytes < 1.1, "{bytes}");
    let stated = |value: f32| ((f64::from(value) * 4096.0).round() / 4096.0) as f32;
    let expected = plateaus.iter().map(|row| (stated(row.base), stated(row.level)));
    assert!(table.iter().map(|row| (row.base, row.level)).eq(expected));
}

#[test]
fn edges_and_extremes_come_back_within_half_a_step() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let extremes: Vec<Extremes> = (0..BLOCK + LATEST)
        .map(|_| std::array::from_fn(|_| (hostile(&mut rng), (900.0 * normal(&mut rng)) as f32)))
        .collect();
    let table: Table<Extremes> = extremes.iter().copied().collect();
    for (got, was) in table.iter().flatten().zip(extremes.iter().flatten()) {
        near(got.0, was.0, 1.0 / 4096.0);
        near(got.1, was.1, 1.0 / 4096.0);
    }
    let mut reading =
        || Reading { value: (900.0 * normal(&mut rng)) as f32, spread: (normal(&mut rng) / 300.0) as f32 };
    let mut levels = || EdgeLevels { before: reading(), after: reading(), last: reading(), gap: reading() };
    let steps: Vec<StepRow> =
        (0..BLOCK + LATEST).map(|_| StepRow { current: levels(), voltage: levels() }).collect();
    let table: Table<StepRow> = steps.iter().copied().collect();
    let all = |row: &StepRow| {
        [row.current, row.voltage].map(|levels| [levels.before, levels.after, levels.last, levels.gap])
    };
    for (got, was) in table.iter().zip(&steps) {
        for (got, was) in all(&got).iter().flatten().zip(all(was).iter().flatten()) {
            near(got.value, was.value, 1.0 / 4096.0);
            near(got.spread, was.spread, 1.0 / 262_144.0);
        }
    }
}

#[test]
fn a_table_knows_how_many_rows_it_has_and_what_they_take() {
    let mut table = Table::<Plateau>::new();
    assert!(table.is_empty() && table.bytes() == 0);
    let plateau = |level| Plateau { base: 1.0, rest: 16, level, settled: 8 };
    table.push(plateau(2.0));
    assert!(!table.is_empty());
    assert_eq!((table.len(), table.bytes()), (1, 16), "four numbers of four bytes");
    // Equal rows cost next to nothing once they are packed.
    for _ in 1..BLOCK + LATEST {
        table.push(plateau(2.0));
    }
    let last = plateau(2.5);
    *table.last_mut().unwrap() = last;
    assert_eq!((table.last(), table.get(BLOCK)), (Some(last), Some(plateau(2.0))));
    let mut rows = table.iter();
    assert_eq!(rows.size_hint(), (BLOCK + LATEST, Some(BLOCK + LATEST)));
    assert_eq!(rows.nth(BLOCK + LATEST - 2), Some(plateau(2.0)));
    assert_eq!((rows.size_hint(), rows.next(), rows.next()), ((1, Some(1)), Some(last), None));
    assert_eq!(table.iter().nth(BLOCK + LATEST), None);
    let open = LATEST * 16;
    assert_eq!(table.len(), BLOCK + LATEST);
    assert!(table.bytes() > open && table.bytes() < open + 96, "{} {open}", table.bytes());
}
