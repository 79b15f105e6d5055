//! What bounds the voltages of a period that is not looked at.

use super::super::Output;
use super::super::contacts::star;
use super::super::golden::rc;
use super::super::train::{TrainPulse, changes};
use super::*;

const REST: f64 = 15e-3;

/// Changes of a period, a circuit at its start, and the period solved.
type Solved = (Vec<(f64, Drive)>, Circuit, Period);

/// On a phantom of one state and on a star.
fn solved(recharge: Option<(f64, f64)>) -> [Solved; 2] {
    let pulse = TrainPulse { phases: vec![(0.0, 200e-6, -2e-3), (250e-6, 200e-6, 1e-3)], recharge };
    let output = Output { compliance: f64::INFINITY, blocking_capacitor: 2.2e-6, ..Output::default() };
    [(rc(1e3, 1e-6, 1e5), vec![-1.0, 1.0]), (star(), vec![-0.75, -0.25, 1.0])].map(|(phantom, shares)| {
        let one = changes(std::slice::from_ref(&pulse), &shares);
        let circuit = Circuit::new(&phantom, output.clone()).unwrap();
        let period = Period::new(&circuit, &one, REST);
        (one, circuit, period)
    })
}

/// The largest voltages of the period that begins at `start`, run.
fn run(circuit: &Circuit, one: &[(f64, Drive)], start: &DVector<f64>) -> Peaks {
    let (mut circuit, mut watch) = (circuit.clone(), Watch::default());
    set_modes(&mut circuit, start);
    let until = one.last().unwrap().0 + REST;
    stretch(&mut circuit, one, Some(until), |circuit, span| watch.see(circuit, span));
    watch.peaks
}

fn all(peaks: Peaks) -> [f64; 3] {
    [peaks.source, peaks.phantom, peaks.series]
}

/// A few states whose modes differ by some volts.
fn starts(period: &Period, seed: u64, count: usize) -> Vec<DVector<f64>> {
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let volts: Vec<f64> =
        period.gains.iter().map(|gain| 3.0 / gain.source.max(gain.phantom).max(1e-9)).collect();
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut draw = || DVector::from_iterator(volts.len(), volts.iter().map(|volts| volts * normal()));
    (0..count).map(|_| draw()).collect()
}

#[test]
fn a_state_adds_its_gain_to_the_voltages_at_most() {
    // Without a recharge nothing but decay becomes of a mode, and what it adds is largest where the period begins.
    for (one, circuit, period) in solved(None) {
        for (mode, gain) in period.gains.iter().enumerate() {
            let mut start = DVector::zeros(period.gains.len());
            // So large that what is driven is nothing beside it.
            start[mode] = 1e9;
            let found = all(run(&circuit, &one, &start)).map(|volts| volts / 1e9);
            for (found, gain) in found.into_iter().zip(all(*gain)) {
                assert!((found - gain).abs() < 1e-6 * gain + 1e-7, "{mode}: {found} {gain}");
            }
        }
    }
}

#[test]
fn between_two_periods_the_bound_is_on_the_line_and_beside_it_by_the_gain_above() {
    for (one, circuit, period) in solved(None) {
        for seed in 0..10 {
            let ends = starts(&period, seed, 2);
            let peaks = [&ends[0], &ends[1]].map(|start| run(&circuit, &one, start));
            let bound =
                |start: &DVector<f64>| all(period.bound((&ends[0], peaks[0]), (&ends[1], peaks[1]), start));
            for part in [0.0, 0.2, 0.7, 1.0] {
                let on = &ends[0] * part + &ends[1] * (1.0 - part);
                let line: Vec<f64> = all(peaks[0])
                    .into_iter()
                    .zip(all(peaks[1]))
                    .map(|(a, b)| part * a + (1.0 - part) * b)
                    .collect();
                for (found, line) in bound(&on).into_iter().zip(&line) {
                    assert!((found - line).abs() < 1e-9 * line.max(1.0), "{seed} {part}: {found} {line}");
                }
                // Beside it in the mode by which the two differ least in volts: the place on the line is that of the others.
                let effect = |k: usize| {
                    let gain = period.gains[k];
                    (ends[0][k] - ends[1][k]).abs() * gain.source.max(gain.phantom)
                };
                let least = (0..period.gains.len()).min_by(|a, b| effect(*a).total_cmp(&effect(*b))).unwrap();
                for beside in [0.3, -0.3] {
                    let mut start = on.clone();
                    start[least] += beside;
                    let gain = all(period.gains[least]);
                    for ((found, line), gain) in bound(&start).into_iter().zip(&line).zip(gain) {
                        let above = line + 0.3 * gain;
                        assert!(
                            (found - above).abs() < 1e-9 * above.max(1.0),
                            "{seed} {part}: {found} {above}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn no_period_exceeds_its_bound() {
    for recharge in [None, Some((1e-3, 3e-3))] {
        for (one, circuit, period) in solved(recharge) {
            for seed in 0..20 {
                let [a, b, start] = &starts(&period, seed, 3)[..] else { unreachable!() };
                let [at_a, at_b, own] = [a, b, start].map(|start| run(&circuit, &one, start));
                let bound = period.bound((a, at_a), (b, at_b), start);
                for (own, bound) in all(own).into_iter().zip(all(bound)) {
                    assert!(own <= bound * (1.0 + 1e-8), "{seed}: {own} {bound}");
                }
            }
        }
    }
}

#[test]
fn voltages_are_within_others_where_each_of_them_is() {
    let peaks = |source, phantom, series| Peaks { source, phantom, series };
    let most = peaks(3.0, 2.0, 1.0);
    for own in [most, peaks(1.0, 2.0, 1.0), peaks(3.0 * (1.0 + 5e-11), 1.0, 0.0), Peaks::default()] {
        assert!(own.within(most), "{own:?}");
    }
    for more in [peaks(3.0 + 1e-9, 0.0, 0.0), peaks(0.0, 2.0 + 1e-9, 0.0), peaks(0.0, 0.0, 1.0 + 1e-9)] {
        assert!(!more.within(most), "{more:?}");
    }
}
