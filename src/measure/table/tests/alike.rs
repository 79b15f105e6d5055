//! Blocks of pulses that are packed many at a time, beside the same ones packed one after the other.

use super::*;

/// As they read once they are packed.
fn read(block: &Block) -> Vec<String> {
    let (mut rows, mut cells) = (Vec::<PulseRow>::new(), Vec::new());
    (0..BLOCK).step_by(GROUP).for_each(|from| block.unpack(from, &mut rows, &mut cells));
    rows.iter().map(|row| format!("{row:?}")).collect()
}

/// Whether rows are alike; what they read as is the same in any case.
fn are_alike(rows: &[PulseRow]) -> bool {
    let mut desk = Desk::default();
    let rows = rows.first_chunk().unwrap();
    let any = Block::of_any(rows, &mut desk).unwrap();
    let block = Block::of(rows, &mut desk).unwrap();
    assert_eq!(read(&block), read(&any));
    let (bytes, most) = (block.bytes() as f64, any.bytes() as f64);
    assert!(bytes <= 1.002 * most + 16.0, "{bytes} {most}");
    PulseRow::pack_alike(rows, &mut Vec::new(), &mut Vec::new()).is_some()
}

/// A train with some of what trains have: other numbers of phases, phases too short for a level, no quiet levels, a recharge.
fn some_train(seed: u64) -> Vec<PulseRow> {
    let mut rows = train(seed, BLOCK, 0.0);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (count, short, unquiet) = (rng.random_range(1..=3), rng.random::<bool>(), rng.random::<bool>());
    let (recharges, apart) = (rng.random::<bool>(), rng.random_range(0..3) * 8000_u64);
    for (k, row) in rows.iter_mut().enumerate() {
        let [first, second, third] = &mut row.phases;
        *third =
            PhaseRow { start: second.end, end: second.end + 7.5 + 1e-3 * normal(&mut rng) as f32, ..*first };
        for phase in row.phases.iter_mut().skip(count) {
            *phase = PhaseRow::default();
        }
        for phase in row.phases.iter_mut().take(count).filter(|_| short) {
            (phase.level, phase.settled) = (phase.level + 0.01 * normal(&mut rng) as f32, 0);
        }
        if unquiet {
            (row.before, row.after, row.base) = (None, None, 2.25);
            (row.pulse_area, row.cycle_area) = (11.0 - 2.25 * 58.0, -3.0 - 2.25 * 100.0);
        }
        row.recharge = if recharges { normal(&mut rng) as f32 } else { 0.0 };
        row.flags.clipped = k % 7 == 3;
        row.count = count as u8;
        (row.at, row.from) = (row.at + k as u64 * apart, row.from + k as u64 * apart);
    }
    rows
}

#[test]
fn the_pulses_of_a_train_are_alike_and_read_as_they_do_one_by_one() {
    let alike = (0..40).filter(|seed| are_alike(&some_train(*seed))).count();
    assert_eq!(alike, 40);
}

#[test]
fn pulses_of_which_one_is_of_another_kind_read_as_they_do_one_by_one() {
    let mut alike = 0;
    for seed in 0..200 {
        let mut rows = some_train(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let k = rng.random_range(0..BLOCK);
        rows[k] = spoilt(&mut rng, rows[k]);
        alike += usize::from(are_alike(&rows));
    }
    assert!((10..100).contains(&alike), "{alike}");
}

#[test]
fn halves_of_a_step_and_what_is_just_too_far_read_as_they_do_one_by_one() {
    for seed in 0..60 {
        let mut rows = some_train(seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scale = 2_f32.powi(rng.random_range(0..12));
        let half = |rng: &mut ChaCha8Rng, step: f32| (rng.random_range(-99..99) as f32 + 0.5) / step * scale;
        for row in &mut rows {
            for phase in row.phases.iter_mut().take(usize::from(row.count)) {
                (phase.start, phase.end) = (half(&mut rng, 8192.0), half(&mut rng, 8192.0));
                (phase.area, phase.span) = (half(&mut rng, 16.0), half(&mut rng, 32.0));
                phase.level = half(&mut rng, 1024.0);
            }
            row.recharge = half(&mut rng, 256.0);
        }
        are_alike(&rows);
        let k = rng.random_range(0..BLOCK);
        rows[k].phases[0].end = (f64::from(1 << 27) / 8192.0) as f32;
        are_alike(&rows);
        rows[k].phases[0].end = (f64::from((1 << 27) - 8) / 8192.0) as f32;
        are_alike(&rows);
    }
}

#[test]
fn a_nought_of_either_sign_is_kept() {
    let is_quiet = |row: &PulseRow| row.before.is_some_and(|level| f64::from(level.value) == row.base);
    let mut rows = (0..).map(some_train).find(|rows| is_quiet(&rows[300])).unwrap();
    for row in &mut rows[300..302] {
        row.before = row.before.map(|level| Level { value: -0.0, ..level });
        row.after = row.before.map(|level| Level { centre: 79.5, ..level });
        (row.base, row.pulse_area, row.cycle_area) = (-0.0, 7.0, -0.0);
        row.phases[0].level = -0.0;
    }
    assert!(!are_alike(&rows));
    for row in &mut rows[300..302] {
        (row.before, row.after, row.base, row.cycle_area) = (None, None, 0.0, 0.0);
    }
    assert!(are_alike(&rows));
    rows[301].base = 1.0;
    assert!(!are_alike(&rows), "it has a base of its own");
}

#[test]
fn what_lies_in_the_place_of_a_phase_that_no_row_has_is_kept() {
    let rows = (0..).map(some_train).find(|rows| rows[0].count == 1).unwrap();
    let none = PhaseRow::default();
    let one = [
        PhaseRow { start: 1.0, ..none },
        PhaseRow { end: 1.0, ..none },
        PhaseRow { level: 1.0, ..none },
        PhaseRow { settled: 1, ..none },
        PhaseRow { area: 1.0, ..none },
        PhaseRow { span: 1.0, ..none },
    ];
    for (phase, place) in one.into_iter().flat_map(|phase| [(phase, 1), (phase, 2)]) {
        let mut rows = rows.clone();
        rows[700].phases[place] = phase;
        assert!(!are_alike(&rows), "{phase:?} {place}");
    }
    // Of a number of phases that no row can have, all are in such places.
    for count in [0, 4] {
        let mut rows = some_train(1);
        rows.iter_mut().for_each(|row| row.count = count);
        assert!(!are_alike(&rows), "{count}");
    }
}

#[test]
fn a_level_that_is_rounded_is_no_base_and_what_is_far_behind_is_none_of_a_train() {
    let rows = (0..).map(some_train).find(|rows| rows[0].before.is_some()).unwrap();
    let mut off = rows.clone();
    let row = &mut off[700];
    // Levels lie on a grid that has no thirds.
    let level = row.before.map(|level| Level { value: level.value + 1.0 / 3000.0, ..level });
    row.before = level;
    row.base = level.map_or(0.0, |level| f64::from(level.value));
    row.pulse_area = 11.0 - row.base * f64::from(row.pulse_span);
    row.cycle_area = f64::NAN;
    assert!(!are_alike(&off));
    for far in [1 << 20, 1 << 40] {
        let mut late = rows.clone();
        late[700..].iter_mut().for_each(|row| (row.at, row.from) = (row.at + far, row.from + far));
        assert!(!are_alike(&late), "{far}");
    }
}
