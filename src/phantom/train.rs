//! Prediction: a train of pulses through a circuit.
//!
//! Pulses come as plain numbers, so that whoever owns the programs can hand them in.

use nalgebra::DVector;

use super::period::{Map, Period, set_modes};
use super::{Circuit, Drive, NetworkError, Output, Phantom, Probe, Waveform};

/// Instants closer together than this are one, s (a tenth of any timer's grid).
const TOGETHER: f64 = 1e-10;

/// One pulse of a train.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainPulse {
    /// (start in s, width in s, current in A of a contact whose share is −100 %), in order of time.
    pub phases: Vec<(f64, f64, f64)>,
    /// (start in s, duration in s) in which the recharge switch is closed.
    pub recharge: Option<(f64, f64)>,
}

impl TrainPulse {
    fn start(&self) -> f64 {
        self.phases.first().map_or(0.0, |(start, ..)| *start)
    }
}

/// The changes of drive (instant in s, drive from there on) that a train asks for; ends with the output off.
/// `shares` are those of a program, per contact of the phantom: −1 is the whole leading phase when cathodic.
pub fn changes(pulses: &[TrainPulse], shares: &[f64]) -> Vec<(f64, Drive)> {
    let mut changes: Vec<(f64, Drive)> = Vec::new();
    let mut push = |at: f64, drive: Drive| {
        // Back-to-back phases leave no instant in between; a recharge ends where the next pulse begins.
        while changes.last().is_some_and(|(last, _)| *last > at - TOGETHER) {
            changes.pop();
        }
        changes.push((at, drive));
    };
    for pulse in pulses {
        for &(start, width, current) in &pulse.phases {
            push(start, Drive::Currents(shares.iter().map(|share| -share * current).collect()));
            push(start + width, Drive::Off);
        }
        if let Some((start, duration)) = pulse.recharge {
            push(start, Drive::Recharge);
            push(start + duration, Drive::Off);
        }
    }
    changes
}

/// A train of which only the beginning is given.
#[derive(Debug, Clone, Copy)]
pub struct Train<'a> {
    /// The first pulses: all, or whole periods of them, as many as matter and at least two.
    pub pulses: &'a [TrainPulse],
    /// Pulses in a period: of a burst all, of an alternating pair both.
    pub group: usize,
    /// Pulses there are.
    pub total: u64,
}

/// A train is taken to repeat where as many changes of a capacitor as there are periods left, each as large as the last, are no
/// more than this, V: what two periods differ by is left to itself, and in a passive network its energy only decays.
const SETTLED: f64 = 1e-6;

/// Periods more than twice the modes of a network from which on one is solved instead of running them all.
const FEW: usize = 8;

/// Largest |voltages| over a train, V.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peaks {
    /// Of any driven source, upstream of its series capacitor.
    pub source: f64,
    /// Across the phantom, from any driven contact; a recharge puts the series capacitor's voltage there.
    pub phantom: f64,
    /// Of any series capacitor, where the drive changes.
    pub series: f64,
}

impl Peaks {
    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            source: self.source.max(other.source),
            phantom: self.phantom.max(other.phantom),
            series: self.series.max(other.series),
        }
    }
}

/// Largest voltages over a train. The circuit is left at the end of the last pulse.
///
/// Beyond the pulses that are given the last period is taken to repeat. That is exact too: a period maps the state linearly, so
/// the map is raised to the power of the periods left out. Give the circuit no compliance limit, else the map is not linear.
pub fn peaks(circuit: &mut Circuit, train: &Train<'_>, shares: &[f64]) -> Peaks {
    let Train { pulses, group, total } = *train;
    let group = group.max(1);
    let mut watch = Watch::default();
    let left = total.saturating_sub(pulses.len() as u64).div_ceil(group as u64);
    let back = |periods: usize| {
        pulses.len().checked_sub(group.saturating_mul(periods)).and_then(|k| pulses.get(k..))
    };
    let last_two = back(1)
        .zip(back(2))
        .and_then(|(last, before)| Some((last, last.first()?.start(), before.first()?.start())));
    let Some((last, start, earlier)) = last_two else {
        run(circuit, &changes(pulses, shares), |circuit, span| watch.see(circuit, span));
        return watch.peaks;
    };
    // One period, from its start, ending where the next one would begin.
    let period = start - earlier;
    let one: Vec<(f64, Drive)> =
        changes(last, shares).into_iter().map(|(at, drive)| (at - start, drive)).collect();
    let rest = (period - one.last().map_or(0.0, |(at, _)| *at)).max(0.0);
    // Where the pulses given end within a period none is found to repeat: they are run through as they are.
    let alike = if pulses.len().is_multiple_of(group) { first_alike(pulses, group) } else { pulses.len() };
    let begins: Vec<(u64, f64)> =
        (0_u64..).zip(pulses).step_by(group).skip(alike).map(|(n, pulse)| (n, pulse.start())).collect();
    // Solving a period takes as long as running one for every mode, and tells nothing of one that is cut short or is followed by
    // a pause.
    let even = begins
        .iter()
        .zip(begins.iter().skip(1))
        .all(|(one, next)| (next.1 - one.1 - period).abs() < TOGETHER);
    let many = begins.len() > 2 * circuit.modes.len() + FEW;
    let solve = circuit.output.compliance.is_infinite() && even && many && rest > 0.0;
    let stepped = if solve { (alike + 2).saturating_mul(group) } else { pulses.len() };
    let given = changes(pulses.get(..stepped).unwrap_or(pulses), shares);
    let ahead = |number: u64| (total.saturating_sub(number) as f64 / group as f64).max(1.0);
    let mut from = 0;
    let mut before: Option<Vec<f64>> = None;
    for (index, (number, at)) in begins.iter().enumerate() {
        let upto = from + given.get(from..).unwrap_or(&[]).partition_point(|(change, _)| change < at);
        stretch(circuit, given.get(from..upto).unwrap_or(&[]), Some(*at), |circuit, span| {
            watch.see(circuit, span)
        });
        from = upto;
        let state = circuit.capacitor_voltages();
        let change = |before: &Vec<f64>| {
            before.iter().zip(&state).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()))
        };
        if before.as_ref().is_some_and(|before| change(before) * ahead(*number) <= SETTLED) {
            run(circuit, &one, |circuit, span| watch.see(circuit, span));
            return watch.peaks;
        }
        if solve && index == 1 {
            let ahead = begins.iter().skip(2).map(|(number, _)| ahead(*number));
            let (map, settled) = solved(circuit, &one, rest, ahead, &mut watch);
            if !settled && left > 0 {
                circuit.advance(rest);
                map.repeat(circuit, left - 1);
                run(circuit, &one, |circuit, span| watch.see(circuit, span));
            }
            return watch.peaks;
        }
        before = Some(state);
    }
    run(circuit, given.get(from..).unwrap_or(&[]), |circuit, span| watch.see(circuit, span));
    if left == 0 {
        return watch.peaks;
    }
    circuit.advance(rest);
    Map::new(circuit, &one, rest, |_, _, _| {}).repeat(circuit, left - 1);
    run(circuit, &one, |circuit, span| watch.see(circuit, span));
    watch.peaks
}

/// Looks at the periods that follow where a circuit stands, from the one that begins there to the last that is given or that
/// has settled, and leaves it at the end of the last one's pulses. `ahead` are the periods left at each start after the
/// first. The map of a period, and whether they have settled.
fn solved(
    circuit: &mut Circuit,
    one: &[(f64, Drive)],
    rest: f64,
    ahead: impl Iterator<Item = f64>,
    watch: &mut Watch,
) -> (Map, bool) {
    circuit.set_drive(&Drive::Off);
    let mut period = Period::new(circuit, one, rest);
    let mut start = DVector::from_column_slice(&circuit.modes);
    let (mut whole, mut settled) = (Vec::new(), false);
    for ahead in ahead {
        let next = period.map.after(&start);
        settled = period.change(&start, &next) * ahead <= SETTLED;
        whole.push(std::mem::replace(&mut start, next));
        if settled {
            break;
        }
    }
    watch.peaks = period.largest(&whole, watch.peaks);
    set_modes(circuit, &start);
    run(circuit, one, |circuit, span| watch.see(circuit, span));
    (period.map, settled)
}

/// Index of the first of the periods that all ask for what the last one does.
fn first_alike(pulses: &[TrainPulse], group: usize) -> usize {
    let periods: Vec<&[TrainPulse]> = pulses.chunks_exact(group).collect();
    let Some(last) = periods.last() else { return 0 };
    let begin = |period: &[TrainPulse]| period.first().map_or(0.0, TrainPulse::start);
    let near = |a: f64, b: f64| (a - b).abs() < TOGETHER;
    let same = |period: &[TrainPulse]| {
        let (own, other) = (begin(period), begin(last));
        let part = |a: Option<(f64, f64)>, b: Option<(f64, f64)>| match (a, b) {
            (Some(a), Some(b)) => near(a.0 - own, b.0 - other) && near(a.1, b.1),
            (a, b) => a.is_none() && b.is_none(),
        };
        period.iter().zip(*last).all(|(a, b)| {
            let phases = a.phases.iter().zip(&b.phases);
            a.phases.len() == b.phases.len()
                && phases.into_iter().all(|(a, b)| part(Some((a.0, a.1)), Some((b.0, b.1))) && a.2 == b.2)
                && part(a.recharge, b.recharge)
        })
    };
    periods.iter().rposition(|period| !same(period)).map_or(0, |other| other + 1)
}

/// Longest time constant of a train, s: that of the network with the recharge switch closed for `share` (0 … 1) of the
/// time, by averaging (a switch of R closed for that share conducts like R/share). Infinite without recharge if there is a
/// series capacitor; 0 for a network without capacitors.
///
/// # Errors
/// [`NetworkError`] as [`Circuit::new`].
pub fn settling(phantom: &Phantom, output: &Output, shares: &[f64], share: f64) -> Result<f64, NetworkError> {
    let averaged = Output { recharge: output.recharge / share.clamp(1e-12, 1.0), ..output.clone() };
    let mut circuit = Circuit::new(phantom, averaged)?;
    // A current that never limits, only to say which contacts are driven.
    circuit.set_drive(&Drive::Currents(shares.iter().map(|share| share * 1e-12).collect()));
    circuit.set_drive(if share > 0.0 { &Drive::Recharge } else { &Drive::Off });
    Ok(circuit.slowest_time_constant())
}

/// Values of `probes` at the instants n/`rate`, n = 0 … `count` − 1, planar; the circuit is driven by `changes`, whose
/// instants count from the first sample. What changes at a sample's instant is in force from that sample on.
pub fn sample(
    circuit: &mut Circuit,
    changes: &[(f64, Drive)],
    probes: &[Probe],
    rate: f64,
    count: usize,
) -> Vec<Vec<f64>> {
    let mut planes = vec![Vec::with_capacity(count); probes.len()];
    let mut waves = vec![Waveform::default(); probes.len()];
    let (mut now, mut next) = (0.0_f64, 0_usize);
    let end = count as f64 / rate;
    let ends = changes.iter().map(|(at, _)| *at).chain([end]);
    let drives = std::iter::once(None).chain(changes.iter().map(|(_, drive)| Some(drive)));
    for (until, drive) in ends.zip(drives) {
        if let Some(drive) = drive {
            circuit.set_drive(drive);
        }
        while now < until.min(end) {
            let span = circuit.span(until.min(end) - now);
            for (probe, wave) in probes.iter().zip(&mut waves) {
                circuit.waveform(*probe, wave);
            }
            while next < count && (next as f64 / rate) < now + span - TOGETHER {
                let t = (next as f64 / rate - now).max(0.0);
                for (plane, wave) in planes.iter_mut().zip(&waves) {
                    plane.push(wave.at(t));
                }
                next += 1;
            }
            circuit.step(span);
            now += span;
        }
    }
    planes
}

/// As [`stretch`], to the last change.
fn run(circuit: &mut Circuit, changes: &[(f64, Drive)], visit: impl FnMut(&Circuit, f64)) {
    stretch(circuit, changes, None, visit);
}

/// Drives a circuit, which stands at the first change, and on to the instant `until`, where there is one; `visit` sees every span of
/// constant waveforms before it passes.
pub fn stretch(
    circuit: &mut Circuit,
    changes: &[(f64, Drive)],
    until: Option<f64>,
    mut visit: impl FnMut(&Circuit, f64),
) {
    let following = changes.iter().skip(1).map(|(at, _)| Some(*at)).chain([until]);
    for ((at, drive), next) in changes.iter().zip(following) {
        circuit.set_drive(drive);
        let mut left = next.map_or(0.0, |next| next - at);
        while left > 0.0 {
            let span = circuit.span(left);
            visit(circuit, span);
            circuit.step(span);
            left -= span;
        }
    }
}

/// The largest voltages so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) peaks: Peaks,
    wave: Waveform,
}

impl Watch {
    /// Looks at the next `span` seconds of every driven contact.
    pub(super) fn see(&mut self, circuit: &Circuit, span: f64) {
        for contact in circuit.driven() {
            let mut peak = |probe: Probe, floor: f64| {
                circuit.waveform(probe, &mut self.wave);
                self.wave.peak_above(floor, span)
            };
            let source = peak(Probe::Source(contact), self.peaks.source);
            let phantom = peak(Probe::Contact(contact), self.peaks.phantom);
            let series = self.peaks.series.max(circuit.series_voltage(contact).abs());
            self.peaks = Peaks { source, phantom, series };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Output;
    use super::super::contacts::star;
    use super::super::golden::rc;
    use super::*;

    fn unlimited(blocking_capacitor: f64) -> Output {
        Output { compliance: f64::INFINITY, blocking_capacitor, ..Output::default() }
    }

    fn train(count: u32, second: f64) -> Vec<TrainPulse> {
        let pulse = |n: u32| {
            let start = f64::from(n) * 0.02;
            TrainPulse {
                phases: vec![(start, 200e-6, -2e-3), (start + 250e-6, 200e-6, second)],
                recharge: None,
            }
        };
        (0..count).map(pulse).collect()
    }

    #[test]
    fn the_peak_of_a_single_pulse_is_its_end() {
        let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
        let pulses = train(1, 2e-3);
        let one = Train { pulses: &pulses, group: 1, total: 1 };
        let peak = peaks(&mut circuit, &one, &[-1.0, 1.0]).source;
        let expected = 2.0 + 200.0 * -(-2e-3_f64).exp_m1();
        assert!((peak - expected).abs() < 1e-8, "{peak}");
    }

    #[test]
    fn a_recharge_puts_the_series_capacitors_voltage_across_the_phantom() {
        // 2 mA for 5 ms: 10 uC on 2.2 uF, then over 200 ohm into 1 kohm, which took 2 V while driven.
        let mut circuit = Circuit::new(&rc(1e3, 1.0, 1e5), unlimited(2.2e-6)).unwrap();
        let pulses = [TrainPulse { phases: vec![(0.0, 5e-3, -2e-3)], recharge: Some((6e-3, 5e-3)) }];
        let peaks = peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total: 1 }, &[-1.0, 1.0]);
        let series = 10e-6 / 2.2e-6;
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-4, "{peaks:?} {expected}");
        near(peaks.series, series);
        near(peaks.source, 2.0 + series);
        near(peaks.phantom, series * 1e3 / 1.2e3);
    }

    #[test]
    fn periods_left_out_give_the_same_peak_as_periods_run() {
        // 1 % imbalance charges the series capacitor for ever and the interface to its steady state.
        let run = |count: u32, group: usize| {
            let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(2.2e-6)).unwrap();
            let pulses = train(count, 2.02e-3);
            peaks(&mut circuit, &Train { pulses: &pulses, group, total: 500 }, &[-1.0, 1.0]).source
        };
        let few = |count: u32| {
            let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
            let pulses = train(count, 3e-3);
            peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total: 5 }, &[-1.0, 1.0]).source
        };
        assert!((few(2) - few(5)).abs() < 1e-9 && (few(4) - few(5)).abs() < 1e-9, "{} {}", few(4), few(5));
        let (jumped, in_fives, stepped) = (run(20, 1), run(20, 5), run(500, 1));
        assert!((jumped - stepped).abs() < 1e-8, "{jumped} {stepped}");
        assert!((in_fives - stepped).abs() < 1e-8, "{in_fives} {stepped}");
        assert!(stepped > 2.8, "{stepped}: 499 · 4 nC / 2.2 uF on top of 2 V");
    }

    #[test]
    fn a_train_that_has_settled_has_the_peak_and_the_end_of_all_its_pulses() {
        for (second, blocking, ramp) in [(2e-3, 0.0, 1), (2e-3, 2.2e-6, 1), (1.9e-3, 0.0, 30)] {
            let mut pulses = train(500, second);
            for (n, pulse) in pulses.iter_mut().enumerate().take(ramp) {
                pulse.phases.iter_mut().for_each(|phase| phase.2 *= (n + 1) as f64 / ramp as f64);
            }
            let phantom = rc(1e3, 1e-6, 1e5);
            let mut every = Circuit::new(&phantom, unlimited(blocking)).unwrap();
            let mut watch = Watch::default();
            run(&mut every, &changes(&pulses, &[-1.0, 1.0]), |circuit, span| watch.see(circuit, span));
            let mut settled = Circuit::new(&phantom, unlimited(blocking)).unwrap();
            let whole = Train { pulses: &pulses, group: 1, total: 500 };
            let found = peaks(&mut settled, &whole, &[-1.0, 1.0]).source;
            assert!((found - watch.peaks.source).abs() < 1e-6, "{found} {:?}", watch.peaks);
            let ends = settled.capacitor_voltages().into_iter().zip(every.capacitor_voltages());
            assert!(ends.into_iter().all(|(a, b)| (a - b).abs() < 1e-6), "{second} {blocking} {ramp}");
        }
    }

    #[test]
    fn periods_that_ask_for_the_same_are_told_from_a_ramp() {
        let mut pulses = train(12, 2e-3);
        assert_eq!((first_alike(&pulses, 1), first_alike(&pulses, 4)), (0, 0));
        pulses[5].phases[1].2 = 1.9e-3;
        assert_eq!((first_alike(&pulses, 1), first_alike(&pulses, 4)), (6, 2));
        pulses[6].phases[0].1 = 100e-6;
        assert_eq!(first_alike(&pulses, 1), 7, "a phase of another width");
        pulses[7].phases[1].0 += 1e-5;
        assert_eq!(first_alike(&pulses, 1), 8, "a gap that is longer");
        pulses[11].recharge = Some((0.2207, 1e-3));
        assert_eq!(first_alike(&pulses, 1), 11);
        assert_eq!(first_alike(&[], 1), 0);
    }

    /// What a period changes is too little to see, but there are half a million of them.
    #[test]
    fn a_charge_that_nothing_drains_adds_up_however_little_each_pulse_leaves() {
        let mut phantom = rc(1e3, 1e-6, 1e5);
        phantom.elements.pop();
        let (total, left) = (500_000, 2.5e-12);
        let pulses = train(20, 2e-3 - left);
        let mut circuit = Circuit::new(&phantom, unlimited(0.0)).unwrap();
        let found = peaks(&mut circuit, &Train { pulses: &pulses, group: 1, total }, &[-1.0, 1.0]).source;
        // 2 V, 0.4 µC on 1 µF, and 0.5 fC of each pulse before.
        let exact = 2.4 + (total - 1) as f64 * left * 200e-6 / 1e-6;
        assert!((found - exact).abs() < 1e-8, "{found} {exact}");
    }

    #[test]
    fn changes_follow_each_other_and_a_pulse_ends_what_reaches_into_it() {
        let asked = |pulses: &[TrainPulse]| changes(pulses, &[-1.0, 1.0]);
        let current = |amperes: f64| Drive::Currents(vec![amperes, -amperes]);
        let recharged = TrainPulse { phases: vec![(0.0, 1e-4, -1e-3)], recharge: Some((2e-4, 9e-3)) };
        let next = TrainPulse { phases: vec![(5e-3, 1e-4, -1e-3)], recharge: None };
        let off = |at: f64| (at, Drive::Off);
        let whole = [(0.0, current(-1e-3)), off(1e-4), (2e-4, Drive::Recharge), off(2e-4 + 9e-3)];
        assert_eq!(asked(std::slice::from_ref(&recharged)), whole);
        let cut = [&whole[..3], &[(5e-3, current(-1e-3)), off(5e-3 + 1e-4)]].concat();
        assert_eq!(asked(&[recharged, next]), cut);
        // A twentieth of a nanosecond is no instant in between, a fifth is one.
        let second = |gap: f64| {
            let phases = vec![(0.0, 1e-4, -1e-3), (1e-4 + gap, 1e-4, 1e-3)];
            asked(&[TrainPulse { phases, recharge: None }]).len()
        };
        assert_eq!((second(0.0), second(5e-11), second(2e-10)), (3, 3, 4));
    }

    #[test]
    fn settling_is_that_of_the_averaged_network() {
        let phantom = rc(1e3, 1e-6, 1e5);
        let tau = |capacitor, share| settling(&phantom, &unlimited(capacitor), &[-1.0, 1.0], share).unwrap();
        assert!((tau(0.0, 0.0) - 0.1).abs() < 1e-9, "the interface alone");
        assert_eq!(tau(2.2e-6, 0.0), f64::INFINITY);
        // No series capacitor: C discharges through Rct ∥ (Rs + R/share).
        let path = 1e3 + 200.0 / 0.25;
        let expected = 1e-6 / (1e-5 + 1.0 / path);
        assert!((tau(0.0, 0.25) / expected - 1.0).abs() < 1e-9);
        // With it the slow mode is longer than either alone, and finite.
        assert!(tau(2.2e-6, 0.25) > 0.1 && tau(2.2e-6, 0.25) < 1.0, "{}", tau(2.2e-6, 0.25));
        // Only what has a share is recharged: 700 Ω and 100 Ω behind the second contact, none of the first's 300 Ω.
        let second = settling(&star(), &unlimited(2.2e-6), &[0.0, -1.0, 1.0], 0.25).unwrap();
        assert!((second / ((700.0 + 100.0 + 200.0 / 0.25) * 2.2e-6) - 1.0).abs() < 1e-9, "{second}");
    }

    #[test]
    fn samples_see_a_change_from_its_instant_on() {
        let mut circuit = Circuit::new(&rc(1e3, 1e-6, 1e5), unlimited(0.0)).unwrap();
        let pulses = [TrainPulse { phases: vec![(2e-6, 3e-6, -1e-3), (5e-6, 2e-6, 1e-3)], recharge: None }];
        let changes = changes(&pulses, &[-1.0, 1.0]);
        let planes = sample(&mut circuit, &changes, &[Probe::Current(0), Probe::Current(1)], 1e6, 9);
        assert_eq!(planes[0], [0.0, 0.0, -1e-3, -1e-3, -1e-3, 1e-3, 1e-3, 0.0, 0.0]);
        assert!(planes[0].iter().zip(&planes[1]).all(|(out, back)| out + back == 0.0));
        // 1 V and 5 µs of a leaky capacitor from the first change on, then the same back from there; the circuit is left where
        // the samples end.
        let mut circuit = Circuit::new(&rc(1e3, 1e-9, 1e4), unlimited(0.0)).unwrap();
        let changes = [(2e-6, Drive::Currents(vec![1e-3, -1e-3])), (7e-6, Drive::Off)];
        let planes = sample(&mut circuit, &changes, &[Probe::Nodes(0, 2)], 1e6, 12);
        let charged = |t: f64| 10.0 * -(-t / 1e-5).exp_m1();
        for (n, value) in planes[0].iter().enumerate() {
            let t = n as f64 * 1e-6;
            let exact = match n {
                0..2 => 0.0,
                2..7 => 1.0 + charged(t - 2e-6),
                _ => charged(5e-6) * (-(t - 7e-6) / 1e-5).exp(),
            };
            assert!((value - exact).abs() < 1e-9, "{n}: {value} {exact}");
        }
        let end = charged(5e-6) * (-0.5_f64).exp();
        assert!((circuit.value(Probe::Nodes(1, 2)) - end).abs() < 1e-9);
    }
}
