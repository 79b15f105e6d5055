//! The largest voltages over a train, most of whose periods are not run through.

use nalgebra::DVector;

use super::super::period::{Map, Period, set_modes};
use super::super::{Circuit, Drive, Probe, Waveform};
use super::steps::{TOGETHER, run, stretch};
use super::{Train, TrainPulse, changes};

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
pub(super) fn first_alike(pulses: &[TrainPulse], group: usize) -> usize {
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

/// The largest voltages so far.
#[derive(Debug, Default)]
pub(in crate::phantom) struct Watch {
    pub(in crate::phantom) peaks: Peaks,
    wave: Waveform,
}

impl Watch {
    /// Looks at the next `span` seconds of every driven contact.
    pub(in crate::phantom) fn see(&mut self, circuit: &Circuit, span: f64) {
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
