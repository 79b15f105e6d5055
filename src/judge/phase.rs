//! Whether pulses and samples keep step: what part of an edge's interpolation error all pulses have in common.

use crate::measure::{ContactRecord, Input};
use crate::statistics::resultant;

use super::View;

/// Pulses looked at; of more, this many spread over all of them.
const MOST: usize = 4096;

/// Share of the variance of an edge's interpolation error that is common to all pulses of a contact.
///
/// The error is a function of where between two samples the edge lies, close to a sine of one sample period. Where
/// stimulator and converter share a grid that place is the same in every pulse and so is the error; where their clocks
/// are free it wanders, and the error with it. The mean of the edges' phasors tells which, and everything between: a sine
/// read at those places has a mean whose variance is the phasor's length squared times its own, and the rest of it
/// is each pulse's own.
fn in_phase(contact: &ContactRecord) -> f64 {
    let rows = &contact.pulses;
    let mut places: Vec<usize> = (0..rows.len().min(MOST)).collect();
    if rows.len() > MOST {
        places.iter_mut().for_each(|place| *place = spread(*place, rows.len()));
        places.sort_unstable();
    }
    let mut rows = rows.iter();
    let rows = places.into_iter().filter_map(|place| rows.at(place));
    resultant(rows.filter_map(|row| Some(f64::from(row.phases().first()?.start)))).unwrap_or(1.0)
}

/// Place `k` of an even but aperiodic spread over `length`: equal steps could keep step with the phase themselves.
fn spread(k: usize, length: usize) -> usize {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    ((k as f64 * GOLDEN).fract() * length as f64) as usize
}

impl View<'_> {
    /// A line that comes of interpolating edges as two: what all pulses share of it, and what each has of its own. Their
    /// sum has the variance and the tails of the one.
    pub fn by_phase(&self, line: Input) -> [Input; 2] {
        let part = |name, share: f64| Input {
            name,
            u: line.u * share.sqrt(),
            bounded: line.bounded * share,
            ..line
        };
        let common = *self.in_phase.get_or_init(|| in_phase(self.contact));
        let own = (1.0 - common).max(0.0);
        [part(line.name, common), part("edge interpolation at a free phase", own).independent()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Creep, PhaseRow, PulseRow, Rise, Runs, Table};

    fn contact(starts: impl Iterator<Item = f64>) -> ContactRecord {
        let row = |(number, start): (usize, f64)| {
            let phase = PhaseRow { start: start.fract() as f32, ..PhaseRow::default() };
            PulseRow { number, ..PulseRow::of(start.floor() as u64, [phase; 3], 1) }
        };
        ContactRecord {
            channel: 0,
            name: "e1".to_owned(),
            pulses: starts.enumerate().map(row).collect(),
            shapes: Table::new(),
            endless: Vec::new(),
            unread: Runs::default(),
            restless: Runs::default(),
            creep: Creep::default(),
            begins_codes: 0.0,
            table_full: false,
            activity: Vec::new(),
            safe_codes: 0.0,
            peak: (0.0, 0),
            clipped: None,
            rise: Rise::default(),
            shared: 0.0,
            skew: 0.0,
            cut: 0.0,
        }
    }

    #[test]
    fn a_shared_grid_is_told_from_free_clocks_and_from_half_a_turn() {
        let train = |period: f64, n: u32| contact((0..n).map(move |k| 100.3 + period * f64::from(k)));
        assert!(in_phase(&train(20_000.0, 50)) > 0.999_999);
        // Half a turn away is the same point of the circle's other side: nothing is common.
        assert!(in_phase(&train(20_000.5, 50)) < 1e-6);
        // 28 ppm between two clocks at 50 Hz: 0.56 samples from pulse to pulse.
        assert!(in_phase(&train(20_000.56, 50)) < 0.01);
        // A drift of a quarter sample over the whole train: (sin x / x)² with x = π/4.
        let quarter = in_phase(&train(20_000.0 + 0.25 / 200.0, 200));
        assert!((quarter - 0.8106).abs() < 0.01, "{quarter}");
        // Long trains are sampled, and equal steps do not deceive.
        assert!(in_phase(&train(100.1, 40_960)) < 0.01);
        assert!(in_phase(&train(100.0, 40_960)) > 0.999_999);
        assert_eq!(in_phase(&contact(std::iter::empty())), 1.0);
    }
}
