//! Without a filter before the converter nothing is seen of what lies between two samples.

use stimrig::measure::Setup;
use stimrig::scenario::{Check, Criterion, Measurand, Statistic};

use super::bench::{Bench, steps};
use super::case::{check, judged};
use super::stream::{markers, program, record, setup};

#[test]
fn what_lies_between_two_samples_is_in_the_uncertainty_of_a_charge() {
    let program = program(2e-3, 40.5e-6, 50e-6, 50.0);
    let mut bench = Bench::ideal(3, 4e-3);
    bench.cutoff = 1e9;
    // 0.7 µs behind a sample: every leading phase holds 41 samples, every recovery phase 40.
    let codes = bench.sample(&steps(&program, 40e-3 + 0.7e-6, 1.2), 1_220_000);
    let setup = Setup { filter: (0, 0.0), ..setup(&bench, &program) };
    let recording = record(setup, &codes, &markers(20_000), &[4096]);
    let cases = [
        (Measurand::ChargeImbalance, 0.0, 1.0 / 41.0),
        (Measurand::NetCharge, 0.0, 2e-9),
        (Measurand::MeanDcCurrent, 0.0, 100e-9),
        (Measurand::ChargePerPhase, 81e-9, 1e-9),
    ];
    for (measurand, truth, off) in cases {
        for statistic in [Statistic::Worst, Statistic::Mean] {
            if measurand == Measurand::MeanDcCurrent && statistic == Statistic::Mean {
                continue;
            }
            let asked = Check { statistic, ..check(measurand, Criterion::AtMost(10.0)) };
            let found = judged(&program, &recording, (39_000, 1_200_000), asked);
            let (value, u) = (found.value.unwrap(), found.uncertainty.unwrap());
            assert!(((value - truth).abs() / off - 1.0).abs() < 0.1, "{found:?}");
            assert!(u > off && u < 2.0 * off, "{found:?}");
        }
    }
}
