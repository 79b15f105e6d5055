//! What all channels show at a pulse, as cells.
//!
//! Levels and readings of lines in steps of 1/4096 code (7e-5 code beside means of eight samples and more), instants as those of a
//! pulse, weights of a line in steps of 2^-18 (1.1e-6 beside 1/n of some hundred samples), the sum of the currents in steps of 2^-40 A
//! (0.26 pA beside the noise of sixteen samples on the most sensitive range there is).

use super::super::{EdgeLevels, Extremes, JointRow, Plateau, Reading, StepRow};
use super::{INSTANT, LEVEL, Reader, Row, Writer, steps};

const WEIGHT: f64 = 262_144.0;
const AMPERE: f64 = 1_099_511_627_776.0;

/// Where a pulse begins, in steps.
fn begins(start: f64) -> i64 {
    steps(start, INSTANT).unwrap_or(0)
}

impl Row for JointRow {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        cells.put_double(self.leading.0, INSTANT, 0);
        cells.put_double(self.leading.1, INSTANT, begins(self.leading.0));
        cells.put(2 * i64::from(self.settled) + i64::from(self.clipped));
        cells.put(i64::from(self.span));
        cells.put(i64::from(self.rest));
        cells.put_double(self.residual.unwrap_or(f64::NAN), AMPERE, 0);
        cells.put(i64::from(self.readings));
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        let start = cells.take_double(INSTANT, 0);
        let leading = (start, cells.take_double(INSTANT, begins(start)));
        let settled = cells.take();
        Self {
            leading,
            settled: (settled / 2) as u32,
            clipped: settled % 2 == 1,
            span: cells.take() as u32,
            rest: cells.take() as u32,
            residual: Some(cells.take_double(AMPERE, 0)).filter(|residual| !residual.is_nan()),
            readings: cells.take() as u32,
        }
    }
}

impl Row for Plateau {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        cells.put_mean(self.base, self.rest, LEVEL);
        cells.put_mean(self.level, self.settled, LEVEL);
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        let (base, rest) = cells.take_mean(LEVEL);
        let (level, settled) = cells.take_mean(LEVEL);
        Self { base, rest, level, settled }
    }
}

impl Row for Extremes {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        for (begins, ends) in self {
            cells.put_steps(*begins, LEVEL);
            cells.put_steps(*ends, LEVEL);
        }
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        std::array::from_fn(|_| (cells.take_steps(LEVEL), cells.take_steps(LEVEL)))
    }
}

impl Row for StepRow {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        for EdgeLevels { before, after, last, gap } in [self.current, self.voltage] {
            for reading in [before, after, last, gap] {
                cells.put_steps(reading.value, LEVEL);
                cells.put_steps(reading.spread, WEIGHT);
            }
        }
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        let mut reading = || Reading { value: cells.take_steps(LEVEL), spread: cells.take_steps(WEIGHT) };
        let mut levels =
            || EdgeLevels { before: reading(), after: reading(), last: reading(), gap: reading() };
        Self { current: levels(), voltage: levels() }
    }
}
