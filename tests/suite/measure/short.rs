//! All channels at phases that end before they have settled, and at such as are cut off.

use stimrig::measure::JointRow;
use stimrig::record::Verdict;
use stimrig::scenario::{Check, Criterion, Measurand};
use stimrig::signal::{Polarity, Program};

use super::bench::{Bench, steps};
use super::case::{check, judged as judged_alone, within};
use super::joint::{judged, on, recorded, steered, units_of};
use super::stream::{markers, program, record, setup};

fn residual(most: f64) -> Check {
    Check::new(Measurand::KirchhoffResidual, Criterion::AtMost(most))
}

fn share(contact: &str) -> Check {
    on(Measurand::CurrentShare, within(0.05, 0.0), contact)
}

#[test]
fn a_phase_that_never_settles_has_its_levels_and_leaves_over_what_it_does() {
    for (seed, (width, gap)) in
        (0..).zip([(12e-6, 50e-6), (20e-6, 50e-6), (20e-6, 10e-6), (20e-6, 0.0), (15e-6, 0.0)])
    {
        let program = Program { width, gap, ..steered(Polarity::Cathodic) };
        // A tenth of 2 mA comes back through no sensed contact.
        let recording = recorded(&program, seed, [1.0, 1.0, 0.9], 4096);
        let joint = recording.joint.as_ref().unwrap();
        assert_eq!(joint.rows.len(), 5);
        for row in &joint.rows {
            assert_eq!((row.settled, row.readings, row.residual), (0, 1, None));
        }
        for left in units_of(&program, &recording, residual(170e-6)) {
            assert!((left / 0.2e-3 - 1.0).abs() < 0.05, "{width:e} {gap:e}: {left:e}");
        }
        let lsb = recording.setup.channels[0].calibration.lsb;
        for (plateaus, truth) in joint.plateaus.iter().zip([-1.4e-3, -0.6e-3, 1.8e-3]) {
            for plateau in plateaus {
                let level = f64::from(plateau.level - plateau.base) * lsb;
                assert!((level / truth - 1.0).abs() < 0.02, "{width:e} {gap:e}: {level:e} {truth:e}");
            }
        }
        let found = judged(&program, &recording, residual(170e-6));
        assert_eq!(found.verdict, Verdict::Fail, "{width:e} {gap:e}: {found:?}");
        assert!(found.uncertainty.unwrap() < 10e-6, "{found:?}");
        for contact in ["e1", "e2"] {
            let found = judged(&program, &recording, share(contact));
            assert_eq!(found.verdict, Verdict::Pass, "{width:e} {gap:e} {contact}: {found:?}");
        }
        let good = judged(&program, &recorded(&program, seed, [1.0; 3], 4096), residual(10e-6));
        assert_eq!(good.verdict, Verdict::Pass, "{width:e} {gap:e}: {good:?}");
    }
}

#[test]
fn levels_that_are_cut_off_in_part_are_not_decided() {
    let program = steered(Polarity::Cathodic);
    let mut recording = recorded(&program, 1, [1.0; 3], 4096);
    let checks = || [share("e1"), share("e2"), residual(10e-6)];
    for check in checks() {
        assert_eq!(judged(&program, &recording, check).verdict, Verdict::Pass);
    }
    let rows = &mut recording.joint.as_mut().unwrap().rows;
    let mut changed: Vec<JointRow> = rows.iter().collect();
    assert!(changed.iter().all(|row| !row.clipped));
    changed[2].clipped = true;
    *rows = changed.into_iter().collect();
    for check in checks() {
        let found = judged(&program, &recording, check);
        assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
        assert!(found.reason.as_ref().unwrap().starts_with("clipped"), "{found:?}");
    }
}

/// 12.6 mA for 20 us and back at once: the edge between the two phases is of twice the amplitude, and the filter rings 0.8 % of that.
#[test]
fn what_the_filter_adds_to_a_short_phase_is_none_of_its_current() {
    let program = program(12.6e-3, 20e-6, 0.0, 50.0);
    let mut bench = Bench::drawn(42, 32e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.235), 300_000);
    let recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let cap = check(Measurand::CapNeverExceeded, Criterion::AtMost(13e-3));
    let found = judged_alone(&program, &recording, (39_000, 235_000), cap);
    // Its gain is off by 0.05 % or so.
    assert!((found.value.unwrap() - 12.6e-3).abs() < 4e-3 * 12.6e-3, "{found:?}");
}
