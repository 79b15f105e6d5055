//! Which rows of a table have something in common.

use std::ops::Range;

/// Rows of a table that have something in common, in order: of very many runs of neighbours the last ones are told as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs(Vec<Range<usize>>);

impl Runs {
    const MOST: usize = 4096;

    /// Adds a row, none before those that are in it.
    pub(super) fn add(&mut self, row: usize) {
        let full = self.0.len() >= Self::MOST;
        match self.0.last_mut().filter(|last| full || row <= last.end) {
            Some(last) => last.end = last.end.max(row + 1),
            None => self.0.push(row..row + 1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that lie in a range.
    pub fn within(&self, rows: Range<usize>) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(move |run| run.start.max(rows.start)..run.end.min(rows.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_in_runs_and_of_very_many_the_last_as_one() {
        let mut runs = Runs::default();
        assert!(runs.is_empty() && runs.within(0..9).next().is_none());
        [3, 4, 4, 7, 8].into_iter().for_each(|row| runs.add(row));
        assert!(!runs.is_empty());
        assert_eq!(runs.0, [3..5, 7..9]);
        let within = |rows| runs.within(rows).collect::<Vec<_>>();
        assert_eq!((within(0..20), within(4..8), within(5..7)), (vec![3, 4, 7, 8], vec![4, 7], vec![]));
        let mut many = Runs::default();
        (0..3 * Runs::MOST).step_by(2).for_each(|row| many.add(row));
        assert_eq!(many.0.len(), Runs::MOST);
        let last = 3 * Runs::MOST - 2;
        assert_eq!(many.0.last(), Some(&(2 * Runs::MOST - 2..last + 1)));
    }
}
