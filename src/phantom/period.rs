//! Periods of a train that all ask for the same: one is solved for every state it can begin in, the others follow from it.
//!
//! Without a compliance limit every voltage at every instant of a period is affine in the modes at its start. So the largest
//! one is convex in them: a period that begins between two others has no larger voltage than these, but for what it lies
//! beside the line between them. Most periods of a train need not be looked at.

use nalgebra::{DMatrix, DVector};

use super::train::{Peaks, Watch, stretch};
use super::{Circuit, Drive};

/// What a bound lies above the largest voltage so far, as a part of it, that is rounding: a tenth of what peaks are good to.
const ROUNDING: f64 = 1e-10;

/// x → map·x + offset over a period, for the modes x at its start.
#[derive(Debug, Clone)]
pub(super) struct Map {
    map: DMatrix<f64>,
    offset: DVector<f64>,
}

impl Map {
    /// That of a circuit without a compliance limit, which stands at the start of a period with nothing driven: `changes` count
    /// from there, and the period ends `rest` seconds after the last. `visit` sees every span, of the period that begins with empty modes
    /// (`None`) and of those that begin with one of them at 1.
    pub(super) fn new(
        circuit: &Circuit,
        changes: &[(f64, Drive)],
        rest: f64,
        mut visit: impl FnMut(Option<usize>, &Circuit, f64),
    ) -> Self {
        let mut trial = circuit.clone();
        let size = circuit.modes.len();
        let until = changes.last().map_or(0.0, |(at, _)| *at) + rest;
        let mut from = |start: Option<usize>| {
            trial.modes.clear();
            trial.modes.extend((0..size).map(|k| if start == Some(k) { 1.0 } else { 0.0 }));
            trial.settle();
            stretch(&mut trial, changes, Some(until), |circuit, span| visit(start, circuit, span));
            DVector::from_column_slice(&trial.modes)
        };
        let offset = from(None);
        let mut map = DMatrix::zeros(size, size);
        for (k, mut column) in map.column_iter_mut().enumerate() {
            column.copy_from(&(from(Some(k)) - &offset));
        }
        Self { map, offset }
    }

    /// Where the period after one begins that began at `start`.
    pub(super) fn after(&self, start: &DVector<f64>) -> DVector<f64> {
        &self.map * start + &self.offset
    }

    /// Lets a circuit at the start of a period pass `times` of them, by squaring.
    pub(super) fn repeat(self, circuit: &mut Circuit, mut times: u64) {
        let Self { map: mut a, offset: mut b } = self;
        let mut x = DVector::from_column_slice(&circuit.modes);
        while times > 0 {
            if times & 1 == 1 {
                x = &a * x + &b;
            }
            b = &a * &b + b;
            a = &a * &a;
            times >>= 1;
        }
        set_modes(circuit, &x);
    }
}

/// Puts a circuit, of which nothing is driven, into a state of its modes.
pub(super) fn set_modes(circuit: &mut Circuit, modes: &DVector<f64>) {
    circuit.modes.clear();
    circuit.modes.extend_from_slice(modes.as_slice());
    circuit.settle();
}

/// A stretch of constant waveforms within a period.
#[derive(Debug)]
struct Span {
    /// As it stands at its beginning.
    circuit: Circuit,
    seconds: f64,
    /// Its modes at the beginning: where those of the period's start are empty, and what each of these adds.
    empty: Vec<f64>,
    each: Vec<Vec<f64>>,
}

/// One period, solved.
#[derive(Debug)]
pub(super) struct Period {
    pub(super) map: Map,
    spans: Vec<Span>,
    /// The most that each mode at the start, at 1, adds to any voltage.
    gains: Vec<Peaks>,
    /// What each mode at the start, at 1, adds to the voltage of every capacitor there, V.
    capacitors: Vec<Vec<f64>>,
}

impl Period {
    /// As [`Map::new`].
    pub(super) fn new(circuit: &Circuit, changes: &[(f64, Drive)], rest: f64) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        let (mut last, mut next) = (None, 0);
        let map = Map::new(circuit, changes, rest, |start, circuit, seconds| {
            if start != last {
                (last, next) = (start, 0);
            }
            let modes = circuit.modes.clone();
            match (start, spans.get_mut(next)) {
                (Some(_), Some(span)) => {
                    span.each
                        .push(modes.iter().zip(&span.empty).map(|(with, without)| with - without).collect());
                }
                _ => spans.push(Span { circuit: circuit.clone(), seconds, empty: modes, each: Vec::new() }),
            }
            next += 1;
        });
        let size = circuit.modes.len();
        let gains = (0..size).map(|mode| gain(&spans, mode)).collect();
        let mut trial = circuit.clone();
        let mut voltages = |start: Option<usize>| {
            trial
                .modes
                .iter_mut()
                .zip(0..)
                .for_each(|(mode, k)| *mode = if start == Some(k) { 1.0 } else { 0.0 });
            trial.capacitor_voltages()
        };
        let empty = voltages(None);
        let capacitors = (0..size)
            .map(|mode| {
                voltages(Some(mode)).iter().zip(&empty).map(|(with, without)| with - without).collect()
            })
            .collect();
        Self { map, spans, gains, capacitors }
    }

    /// Largest difference of a capacitor's voltage between two starts, V.
    pub(super) fn change(&self, one: &DVector<f64>, other: &DVector<f64>) -> f64 {
        let mut changes = vec![0.0; self.capacitors.first().map_or(0, Vec::len)];
        for ((a, b), each) in one.iter().zip(other.iter()).zip(&self.capacitors) {
            changes.iter_mut().zip(each).for_each(|(change, volts)| *change += (a - b) * volts);
        }
        changes.iter().fold(0.0, |most, change| most.max(change.abs()))
    }

    /// The larger of `so_far` and the largest voltages of the periods that begin at `starts`.
    pub(super) fn largest(&mut self, starts: &[DVector<f64>], so_far: Peaks) -> Peaks {
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return so_far };
        let ends = [self.peaks(first), self.peaks(last)];
        let mut most = so_far.max(ends[0]).max(ends[1]);
        let mut between = vec![((first, ends[0]), (last, ends[1]), starts)];
        while let Some((one, other, within)) = between.pop() {
            let inner = within.get(1..within.len().saturating_sub(1)).unwrap_or(&[]);
            if inner.iter().all(|start| self.bound(one, other, start).within(most)) {
                continue;
            }
            let (before, after) = within.split_at(within.len() / 2);
            let Some(middle) = after.first() else { continue };
            let peaks = self.peaks(middle);
            most = most.max(peaks);
            between.push(((middle, peaks), other, after));
            let before = within.get(..=before.len()).unwrap_or(before);
            between.push((one, (middle, peaks), before));
        }
        most
    }

    /// The largest voltages of the period that begins at `start`.
    fn peaks(&mut self, start: &DVector<f64>) -> Peaks {
        let mut watch = Watch::default();
        for Span { circuit, seconds, empty, each } in &mut self.spans {
            circuit.modes.clone_from(empty);
            for (mode, adds) in start.iter().zip(&*each) {
                circuit.modes.iter_mut().zip(adds).for_each(|(sum, add)| *sum += mode * add);
            }
            watch.see(circuit, *seconds);
        }
        watch.peaks
    }

    /// What the voltages of the period that begins at `start` cannot exceed, from two others.
    fn bound(
        &self,
        (one, at_one): (&DVector<f64>, Peaks),
        (other, at_other): (&DVector<f64>, Peaks),
        start: &DVector<f64>,
    ) -> Peaks {
        let parts = || one.iter().zip(other.iter()).zip(start.iter()).zip(&self.gains);
        // The part of the way from `other` to `one`, by the mode in which the two differ most in effect.
        let effect = |((one, other), gain): ((&f64, &f64), &Peaks)| {
            (one - other).abs() * gain.source.max(gain.phantom)
        };
        let (mut largest, mut part) = (0.0, 0.0);
        for (((one, other), start), gain) in parts() {
            let effect = effect(((one, other), gain));
            if effect > largest {
                (largest, part) = (effect, ((start - other) / (one - other)).clamp(0.0, 1.0));
            }
        }
        let mix = |one: f64, other: f64| part * one + (1.0 - part) * other;
        let mut bound = at_one.with(at_other, mix);
        for (((one, other), start), gain) in parts() {
            let beside = (start - mix(*one, *other)).abs();
            bound = bound.with(*gain, |bound, gain| bound + beside * gain);
        }
        bound
    }
}

impl Peaks {
    fn with(self, other: Self, of: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            source: of(self.source, other.source),
            phantom: of(self.phantom, other.phantom),
            series: of(self.series, other.series),
        }
    }

    fn within(self, most: Self) -> bool {
        let within = |own: f64, most: f64| own <= most * (1.0 + ROUNDING);
        within(self.source, most.source)
            && within(self.phantom, most.phantom)
            && within(self.series, most.series)
    }
}

/// The most that a mode at the start of a period, at 1, adds to any voltage: every term of it at its largest.
fn gain(spans: &[Span], mode: usize) -> Peaks {
    let mut most = Peaks::default();
    for span in spans {
        let Some(adds) = span.each.get(mode) else { continue };
        let of =
            |weights: &[f64]| weights.iter().zip(adds).map(|(weight, add)| (weight * add).abs()).sum::<f64>();
        for at in span.circuit.driven().filter_map(|contact| span.circuit.topology.voltages.get(contact)) {
            let series: Vec<f64> = at.source.modes.iter().zip(&at.lead.modes).map(|(a, b)| a - b).collect();
            let own =
                Peaks { source: of(&at.source.modes), phantom: of(&at.contact.modes), series: of(&series) };
            most = most.max(own);
        }
    }
    most
}

#[cfg(test)]
mod bounds;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::contacts::star;
    use super::super::golden::rc;
    use super::super::train::{Train, TrainPulse, changes, peaks};
    use super::super::{Output, Phantom};
    use super::*;

    const REST: f64 = 15e-3;

    /// Periods from a state of the capacitors on, one by one and from the first of them; each peak is good to 1e-9.
    fn agree(phantom: &Phantom, output: &Output, shares: &[f64], pulse: &TrainPulse, charged: &[f64]) {
        let one = changes(std::slice::from_ref(pulse), shares);
        let until = one.last().unwrap().0 + REST;
        let mut plain = Circuit::new(phantom, output.clone()).unwrap();
        stretch(&mut plain, &one, Some(until), |_, _| {});
        let mut voltages = plain.capacitor_voltages();
        voltages.iter_mut().zip(charged).for_each(|(voltage, more)| *voltage += more);
        plain.set_capacitor_voltages(&voltages);
        let mut period = Period::new(&plain, &one, REST);
        let mut start = DVector::from_column_slice(&plain.modes);
        let (mut starts, mut watch) = (Vec::new(), Watch::default());
        for _ in 0..60 {
            let next = period.map.after(&start);
            starts.push(std::mem::replace(&mut start, next));
            stretch(&mut plain, &one, Some(until), |circuit, span| watch.see(circuit, span));
        }
        let (found, exact) = (period.largest(&starts, Peaks::default()), watch.peaks);
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 2e-9 * b + 1e-12, "{found:?} {exact:?}");
        near(found.source, exact.source);
        near(found.phantom, exact.phantom);
        near(found.series, exact.series);
        let end = DVector::from_column_slice(&plain.modes);
        assert!(period.change(&start, &end) < 1e-9 * exact.source.max(1.0), "{start} {end}");
    }

    fn pulse(second: f64, recharge: f64) -> TrainPulse {
        TrainPulse {
            phases: vec![(0.0, 200e-6, -2e-3), (250e-6, 200e-6, second)],
            recharge: (recharge > 0.0).then_some((1e-3, recharge)),
        }
    }

    proptest! {
        #[test]
        fn periods_that_follow_from_one_have_the_peaks_of_periods_run(
            (rs, c, rct) in (1.0..4.0_f64, -8.0..-5.0_f64, 3.0..6.0_f64),
            (second, recharge, blocked) in (0.0..3e-3_f64, prop_oneof![Just(0.0), 1e-4..1e-2_f64], any::<bool>()),
            charged in prop::collection::vec(-3.0..3.0_f64, 4),
        ) {
            let [rs, c, rct] = [rs, c, rct].map(|power| 10.0_f64.powf(power));
            let blocking_capacitor = if blocked { 2.2e-6 } else { 0.0 };
            let output = Output { compliance: f64::INFINITY, blocking_capacitor, ..Output::default() };
            let pulse = pulse(second, recharge);
            agree(&rc(rs, c, rct), &output, &[-1.0, 1.0], &pulse, &charged);
            agree(&star(), &output, &[-0.75, -0.25, 1.0], &pulse, &charged);
            agree(&star(), &output, &[0.0, -1.0, 1.0], &pulse, &charged);
        }
    }

    /// 1 kohm and nothing else: no state, and every period the same.
    #[test]
    fn a_network_without_capacitors_has_no_state() {
        let mut phantom = rc(1e3, 1e-6, 1e5);
        phantom.elements.retain(|element| element.kind != super::super::ElementKind::Capacitor);
        let output = Output { compliance: f64::INFINITY, ..Output::ideal() };
        agree(&phantom, &output, &[-1.0, 1.0], &pulse(2e-3, 0.0), &[]);
    }

    /// An off-time between equal pulses, and a recharge that the next pulse cuts short: no period follows from the one before.
    #[test]
    fn a_train_with_a_pause_or_with_a_cut_recharge_has_the_peaks_of_all_its_pulses() {
        for (pause, recharge) in [(0.0, 0.0), (0.3, 0.0), (0.3, 1e-3), (0.0, 30e-3)] {
            let mut pulses = vec![pulse(2.02e-3, recharge); 60];
            for (n, pulse) in pulses.iter_mut().enumerate() {
                let later = n as f64 * 20e-3 + if n < 30 { 0.0 } else { pause };
                pulse.phases.iter_mut().for_each(|phase| phase.0 += later);
                pulse.recharge.iter_mut().for_each(|(start, _)| *start += later);
            }
            let output = Output { compliance: f64::INFINITY, ..Output::default() };
            let circuit = || Circuit::new(&rc(1e3, 1e-6, 1e5), output.clone()).unwrap();
            let (mut every, mut watch) = (circuit(), Watch::default());
            stretch(&mut every, &changes(&pulses, &[-1.0, 1.0]), None, |circuit, span| {
                watch.see(circuit, span)
            });
            let (mut quick, total) = (circuit(), pulses.len() as u64);
            let found = peaks(&mut quick, &Train { pulses: &pulses, group: 1, total }, &[-1.0, 1.0]);
            let near = |a: f64, b: f64| assert!((a - b).abs() < 2e-9 * b, "{pause} {recharge}: {a} {b}");
            near(found.source, watch.peaks.source);
            near(found.phantom, watch.peaks.phantom);
            near(found.series, watch.peaks.series);
            for (a, b) in quick.capacitor_voltages().into_iter().zip(every.capacitor_voltages()) {
                assert!((a - b).abs() < 1e-9, "{pause} {recharge}: {a} {b}");
            }
        }
    }

    /// Peaks and end of a train of which only `given` pulses are told, and of all its pulses run.
    fn goes_on(phantom: &Phantom, output: &Output, second: f64, (given, total): (usize, usize)) {
        let mut pulses = vec![pulse(second, 0.0); total];
        for (n, pulse) in pulses.iter_mut().enumerate() {
            pulse.phases.iter_mut().for_each(|phase| phase.0 += n as f64 * 20e-3);
        }
        let circuit = || Circuit::new(phantom, output.clone()).unwrap();
        let (mut every, mut watch) = (circuit(), Watch::default());
        stretch(&mut every, &changes(&pulses, &[-1.0, 1.0]), None, |circuit, span| watch.see(circuit, span));
        let mut quick = circuit();
        let train = Train { pulses: &pulses[..given], group: 1, total: total as u64 };
        let found = peaks(&mut quick, &train, &[-1.0, 1.0]);
        for (a, b) in [(found.source, watch.peaks.source), (found.phantom, watch.peaks.phantom)] {
            assert!((a - b).abs() < 2e-9 * b, "{given} {total}: {a} {b}");
        }
        for (a, b) in quick.capacitor_voltages().into_iter().zip(every.capacitor_voltages()) {
            assert!((a - b).abs() < 1e-9, "{given} {total}: {a} {b}");
        }
    }

    #[test]
    fn a_train_that_goes_on_charges_on_or_stays_as_it_is() {
        // A hundredth of each charge stays, and leaks away in a second: nothing has settled after 1.2 s.
        let output = Output { compliance: f64::INFINITY, ..Output::default() };
        for more in [1, 2, 7] {
            goes_on(&rc(1e3, 1e-6, 1e6), &output, 2.02e-3, (60, 60 + more));
        }
        // Of three pulses that leave nothing behind the second is the same as the first.
        let output = Output { compliance: f64::INFINITY, ..Output::ideal() };
        goes_on(&rc(1e3, 1e-7, 1e3), &output, 1e-3, (3, 50));
    }
}
