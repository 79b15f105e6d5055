//! Cells: what a row consists of, as whole numbers.

/// Smallest cell that is a number of steps; below it lie the values that are no such number, bit by bit.
const LEAST: i64 = i64::MIN + (1 << 32);
/// Whole numbers beyond this are not all exact as a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The nearest whole number of steps of 1/`scale`. What cannot be one (no number, infinite, huge) is kept bit by bit.
#[inline]
pub fn grid(value: f32, scale: f64) -> i64 {
    steps(f64::from(value), scale).unwrap_or_else(|| i64::MIN + i64::from(value.to_bits()))
}

/// The value of a cell that [`grid`] has made.
#[inline]
pub fn ungrid(cell: i64, scale: f64) -> f32 {
    if cell < LEAST {
        f32::from_bits(cell.wrapping_sub(i64::MIN) as u32)
    } else {
        (cell as f64 / scale) as f32
    }
}

/// Of a sum of so many numbers; 0 of none.
fn mean(sum: i64, count: u32) -> f32 {
    (sum as f64 / f64::from(count.max(1))) as f32
}

/// The nearest whole number of steps of 1/`scale`, if there is one.
#[inline]
pub fn steps(value: f64, scale: f64) -> Option<i64> {
    nearest(value * scale)
}

/// The nearest whole number, away from zero if there are two; `None` where not all of them are exact as a float. Without the call
/// that rounding a float is.
#[inline]
pub(super) fn nearest(value: f64) -> Option<i64> {
    // A little less than a half: a whole half added to what is next below one would make it one.
    let outwards = value + 0.5_f64.next_down().copysign(value);
    (value.abs() < EXACT).then_some(outwards as i64)
}

/// A float of 64 bits that is as large is whole, and so is what is added to it: its lowest bits tell it.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;

/// A whole number next to a value that some cell is near to; of what is no number, 0.
#[inline]
pub(super) fn guess(value: f64) -> i64 {
    let whole = (value + WHOLE).to_bits() as i64;
    if value.is_nan() { 0 } else { whole.wrapping_sub(WHOLE.to_bits() as i64) }
}

/// Takes the cells of a row.
#[derive(Debug)]
pub struct Writer {
    cells: Vec<i64>,
    at: usize,
    stride: usize,
}

impl Writer {
    /// Into a list, from cell `at` on, every `stride`th. It is made as long as it takes.
    pub(super) fn new(cells: Vec<i64>, at: usize, stride: usize) -> Self {
        Self { cells, at, stride }
    }

    pub(super) fn into_cells(self) -> Vec<i64> {
        self.cells
    }

    /// A whole number.
    #[inline]
    pub fn put(&mut self, cell: i64) {
        match self.cells.get_mut(self.at) {
            Some(slot) => *slot = cell,
            None => self.extend(cell),
        }
        self.at += self.stride;
    }

    #[cold]
    fn extend(&mut self, cell: i64) {
        self.cells.resize(self.at + self.stride, 0);
        if let Some(slot) = self.cells.get_mut(self.at) {
            *slot = cell;
        }
    }

    /// Some zeros, of cells that are not read.
    #[inline]
    pub(super) fn skip(&mut self, cells: usize) {
        (0..cells).for_each(|_| self.put(0));
    }

    /// A whole number without sign, from another one that it is near to.
    #[inline]
    pub fn put_from(&mut self, value: u64, near: u64) {
        self.put(value.wrapping_sub(near) as i64);
    }

    /// A value in steps of 1/`scale`.
    #[inline]
    pub fn put_steps(&mut self, value: f32, scale: f64) {
        self.put(grid(value, scale));
    }

    /// A value that may be the mean of `count` whole numbers, in steps of 1/`scale`: their sum, and by how many steps the value
    /// is off what that makes. A sum scatters by fewer of its own steps than a mean does by steps far below its noise.
    pub fn put_mean(&mut self, value: f32, count: u32, scale: f64) {
        let sum = nearest(f64::from(value) * f64::from(count)).unwrap_or(0);
        self.put(i64::from(count));
        self.put(sum);
        self.put(grid(value, scale).wrapping_sub(grid(mean(sum, count), scale)));
    }

    /// A value in steps of 1/`scale`, from a number of steps that it is near to; what cannot be one is kept bit by bit, in a
    /// second cell.
    pub fn put_double(&mut self, value: f64, scale: f64, near: i64) {
        let steps = steps(value, scale);
        self.put(steps.unwrap_or(0).wrapping_sub(near));
        self.put(if steps.is_some() { 0 } else { value.to_bits() as i64 });
    }
}

/// Gives the cells of a row back.
#[derive(Debug)]
pub struct Reader<'a> {
    cells: &'a [i64],
    at: usize,
    stride: usize,
}

impl<'a> Reader<'a> {
    /// From cell `at` on, every `stride`th.
    pub(super) fn new(cells: &'a [i64], at: usize, stride: usize) -> Self {
        Self { cells, at, stride }
    }

    /// As [`Writer::put`].
    #[inline]
    pub fn take(&mut self) -> i64 {
        let cell = self.cells.get(self.at).copied().unwrap_or(0);
        self.at += self.stride;
        cell
    }

    /// As [`Writer::skip`].
    #[inline]
    pub(super) fn skip(&mut self, cells: usize) {
        self.at += cells * self.stride;
    }

    /// As [`Writer::put_from`].
    pub fn take_from(&mut self, near: u64) -> u64 {
        near.wrapping_add(self.take() as u64)
    }

    /// As [`Writer::put_steps`].
    pub fn take_steps(&mut self, scale: f64) -> f32 {
        ungrid(self.take(), scale)
    }

    /// As [`Writer::put_mean`]: the value, and of how many numbers.
    pub fn take_mean(&mut self, scale: f64) -> (f32, u32) {
        let count = self.take() as u32;
        let near = grid(mean(self.take(), count), scale);
        (ungrid(near.wrapping_add(self.take()), scale), count)
    }

    /// As [`Writer::put_double`].
    pub fn take_double(&mut self, scale: f64, near: i64) -> f64 {
        let cell = near.wrapping_add(self.take());
        match self.take() {
            0 => cell as f64 / scale,
            bits => f64::from_bits(bits as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_goes_away_from_zero_and_what_is_not_exact_is_no_number_of_steps() {
        for (value, whole) in [(2.5, 3), (-2.5, -3), (2.49, 2), (-2.49, -2), (0.5, 1), (-0.5, -1), (7.0, 7)] {
            assert_eq!(nearest(value), Some(whole), "{value}");
        }
        for value in [
            0.5_f64.next_down(),
            2.5_f64.next_down(),
            2_f64.powi(51) + 0.5,
            2_f64.powi(52) - 0.5,
            2_f64.powi(52) + 1.0,
        ] {
            assert_eq!(
                (nearest(value), nearest(-value)),
                (Some(value.round() as i64), Some(-value.round() as i64)),
                "{value}"
            );
        }
        assert_eq!(nearest(EXACT - 1.0), Some(9_007_199_254_740_991));
        for value in [EXACT, -EXACT, f64::NAN, f64::INFINITY] {
            assert_eq!(nearest(value), None, "{value}");
        }
    }

    #[test]
    fn a_mean_reads_as_the_number_of_steps_it_is_nearest_to_whatever_it_is_a_mean_of() {
        let cells_of = |value: f32, count: u32| {
            let mut writer = Writer::new(Vec::new(), 0, 1);
            writer.put_mean(value, count, 4096.0);
            writer.into_cells()
        };
        for (sum, count) in
            [(-1_234_567_i64, 25), (400_003, 16), (7, 1024), (-3, 0), (0, 7), (32_767_000, 1000)]
        {
            for off in [0.0, 0.013, -40.5] {
                let value = (sum as f64 / f64::from(count.max(1)) + off) as f32;
                let cells = cells_of(value, count);
                let stated = ((f64::from(value) * 4096.0).round() / 4096.0) as f32;
                assert_eq!(
                    Reader::new(&cells, 0, 1).take_mean(4096.0),
                    (stated, count),
                    "{sum} {count} {off}"
                );
                // Of what is a mean, the sum tells all.
                if off == 0.0 && count > 0 && value.abs() < 1e5 {
                    assert!(cells[1] == sum && cells[2].abs() <= 1, "{cells:?}");
                }
            }
        }
        for value in [f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX, f32::MIN_POSITIVE] {
            for count in [0, 1, 16, u32::MAX] {
                let (got, of) = Reader::new(&cells_of(value, count), 0, 1).take_mean(4096.0);
                let small = value.abs() < 1.0;
                assert!(
                    of == count && if small { got == 0.0 } else { got.to_bits() == value.to_bits() },
                    "{value} {count} {got}"
                );
            }
        }
    }
}
