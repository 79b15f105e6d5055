//! All channels at the pulses of fast trains, between which there is little rest or none that has settled.

use stimrig::record::Verdict;
use stimrig::scenario::{Check, Criterion, Measurand, Nominal, Tolerance};
use stimrig::signal::{Polarity, Program};

use super::case::within;
use super::joint::{judged, on, recorded, steered, units_of};

fn about(value: f64) -> Criterion {
    Criterion::Within { of: Nominal::Value(value), tolerance: Tolerance { rel: 0.02, abs: 0.0 } }
}

/// A front end of 1 MS/s and 100 kHz takes 16 samples to settle: at 10 kHz the recovery before a pulse, or the edge it ends with, lies
/// where otherwise there is rest.
#[test]
fn a_level_is_not_counted_from_the_pulse_before() {
    for (seed, (rate, width, gap)) in
        (0..).zip([(10e3, 30e-6, 20e-6), (10e3, 20e-6, 10e-6), (9e3, 25e-6, 15e-6), (1e3, 200e-6, 50e-6)])
    {
        let program = Program { rate, width, gap, ..steered(Polarity::Cathodic) };
        // A tenth of 2 mA comes back through no sensed contact.
        let recording = recorded(&program, seed, [1.0, 1.0, 0.9], 4096);
        let joint = recording.joint.as_ref().unwrap();
        // Each pulse once, though the contact with the most current tells of it last.
        let starts: Vec<f64> = joint.rows.iter().map(|row| row.leading.0).collect();
        let slot = 1e6 / rate;
        assert!(starts.len() as f64 > 0.02 * rate, "{rate} {}", starts.len());
        for pair in starts.windows(2) {
            assert!(((pair[1] - pair[0]) / slot - 1.0).abs() < 1e-2, "{rate}: {pair:?}");
        }
        for left in units_of(
            &program,
            &recording,
            Check::new(Measurand::KirchhoffResidual, Criterion::AtMost(170e-6)),
        ) {
            assert!((left / 0.2e-3 - 1.0).abs() < 0.06, "{rate} {width:e}: {left:e}");
        }
        let lsb = recording.setup.channels[0].calibration.lsb;
        for (plateaus, truth) in joint.plateaus.iter().zip([-1.4e-3, -0.6e-3, 1.8e-3]) {
            for plateau in plateaus {
                let level = f64::from(plateau.level - plateau.base) * lsb;
                assert!((level / truth - 1.0).abs() < 0.02, "{rate} {width:e}: {level:e} {truth:e}");
            }
        }
        for (contact, verdict) in [("e1", Verdict::Pass), ("e2", Verdict::Pass)] {
            let found = judged(&program, &recording, on(Measurand::CurrentShare, within(0.05, 0.0), contact));
            assert_eq!(found.verdict, verdict, "{rate} {width:e} {contact}: {found:?}");
        }
        // A line through the rest takes eight samples that have settled: of fewer there is no resistance.
        let rest = slot * 1e-6 - 2.0 * width - gap;
        let found = judged(&program, &recording, Check::new(Measurand::AccessResistance, about(500.0)));
        let expected = if rest > 40e-6 && width > 41e-6 { Verdict::Pass } else { Verdict::Invalid };
        assert_eq!(found.verdict, expected, "{rate} {width:e}: {found:?}");
    }
}
