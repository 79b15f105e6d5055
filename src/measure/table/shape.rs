//! The shapes of a pulse's phases as cells.
//!
//! Levels in steps of 1/4096 code (7e-5 code beside means of eight samples and more), what is read off single samples in steps of
//! 1/256 code (1.1e-3 beside their noise), instants and durations as those of a pulse.

use super::super::ShapeRow;
use super::{INSTANT, LEVEL, Reader, Row, Writer};

const SINGLE: f64 = 256.0;

impl Row for [ShapeRow; 3] {
    fn write(&self, _: Option<&Self>, cells: &mut Writer) {
        for shape in self {
            cells.put_steps(shape.step, LEVEL);
            cells.put_steps(shape.transition, INSTANT);
            cells.put_steps(shape.excess, SINGLE);
            cells.put_steps(shape.half, INSTANT);
            cells.put_steps(shape.top.0, LEVEL);
            cells.put_steps(shape.top.1, LEVEL);
            cells.put(i64::from(shape.count));
            cells.put_steps(shape.peak, SINGLE);
            cells.put_steps(shape.third.0, INSTANT);
            cells.put_steps(shape.third.1, INSTANT);
            cells.put_steps(shape.state.0, LEVEL);
            cells.put_steps(shape.state.1, LEVEL);
        }
    }

    fn read(_: usize, _: Option<&Self>, cells: &mut Reader<'_>) -> Self {
        std::array::from_fn(|_| ShapeRow {
            step: cells.take_steps(LEVEL),
            transition: cells.take_steps(INSTANT),
            excess: cells.take_steps(SINGLE),
            half: cells.take_steps(INSTANT),
            top: (cells.take_steps(LEVEL), cells.take_steps(LEVEL)),
            count: cells.take() as u32,
            peak: cells.take_steps(SINGLE),
            third: (cells.take_steps(INSTANT), cells.take_steps(INSTANT)),
            state: (cells.take_steps(LEVEL), cells.take_steps(LEVEL)),
        })
    }
}
