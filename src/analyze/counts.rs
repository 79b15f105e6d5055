//! The distribution of 16-bit codes: how often each of them came.

use super::noise::{at_step, between_steps, of_median};
use super::pairs::{PIECE, Pairs};
use super::survey::{Kind, Outside, Survey, Tally};

impl Kind for i16 {
    type Tally = Codes;
}

/// As many as there are 16-bit numbers.
const BINS: usize = 1 << 16;

/// Tables that neighbours are counted in by turns: the next increment need not wait for this one where both hit one bin.
const LANES: usize = 4;

/// How often each number came.
#[derive(Debug, Clone)]
struct Table {
    // Of a size that is known, so that no number needs to be checked against it.
    lanes: [Box<[u64; BINS]>; LANES],
}

impl Default for Table {
    fn default() -> Self {
        Self { lanes: std::array::from_fn(|_| Box::new([0; BINS])) }
    }
}

impl Table {
    /// Counts a number in each lane.
    #[inline]
    fn add(&mut self, numbers: [u16; LANES]) {
        for (lane, number) in self.lanes.iter_mut().zip(numbers) {
            if let Some(bin) = lane.get_mut(usize::from(number)) {
                *bin += 1;
            }
        }
    }

    /// Counts what is left over.
    fn add_few(&mut self, numbers: impl Iterator<Item = u16>) {
        let [lane, ..] = &mut self.lanes;
        for number in numbers {
            if let Some(bin) = lane.get_mut(usize::from(number)) {
                *bin += 1;
            }
        }
    }

    /// Counts a number several times.
    fn add_many(&mut self, number: u16, times: u64) {
        let [lane, ..] = &mut self.lanes;
        if let Some(bin) = lane.get_mut(usize::from(number)) {
            *bin += times;
        }
    }

    fn total(self) -> Vec<u64> {
        let [total, others @ ..] = self.lanes;
        let mut total = total.to_vec();
        for lane in others {
            total.iter_mut().zip(lane.iter()).for_each(|(sum, count)| *sum += count);
        }
        total
    }
}

/// Bins in order of their codes.
fn bin(code: i16) -> u16 {
    (code as u16) ^ 0x8000
}

fn code(bin: usize) -> f64 {
    bin as f64 - 32_768.0
}

/// Codes and magnitudes of the differences of neighbours.
#[derive(Debug, Default)]
pub(super) struct Codes {
    codes: Table,
    steps: Table,
    /// Those of quiet pieces that neither of the two knows yet.
    pairs: Pairs,
}

impl Codes {
    /// Counts the codes of a piece, and the steps within it.
    fn add_piece(&mut self, piece: &[i16]) {
        if self.pairs.reach(piece, knows(&mut self.codes, &mut self.steps)) {
            self.pairs.add(piece);
            self.codes.add_few(piece.last().map(|code| bin(*code)).into_iter());
            return;
        }
        let next = piece.get(1..).unwrap_or(&[]);
        let ((codes, left), (following, _)) = (piece.as_chunks::<LANES>(), next.as_chunks::<LANES>());
        for codes in codes {
            self.codes.add(codes.map(bin));
        }
        self.codes.add_few(left.iter().map(|code| bin(*code)));
        for ([a, b, c, d], [e, f, g, h]) in codes.iter().zip(following) {
            self.steps.add([(a, e), (b, f), (c, g), (d, h)].map(step));
        }
        let done = LANES * following.len();
        self.steps.add_few(piece.iter().zip(next).skip(done).map(step));
    }
}

/// Lets codes and steps know how often a code came with another one behind it.
fn knows(codes: &mut Table, steps: &mut Table) -> impl FnMut(i32, i32, u64) {
    |code, next, times| {
        codes.add_many(bin(code as i16), times);
        steps.add_many(code.abs_diff(next) as u16, times);
    }
}

/// The difference of neighbours.
fn step((a, b): (&i16, &i16)) -> u16 {
    a.abs_diff(*b)
}

impl Tally<i16> for Codes {
    type Outside = Counts;

    fn add(&mut self, before: Option<i16>, samples: &[i16]) {
        let mut before = before.as_ref();
        for piece in samples.chunks(PIECE) {
            self.steps.add_few(before.zip(piece.first()).map(step).into_iter());
            self.add_piece(piece);
            before = piece.last();
        }
    }

    fn finish(mut self) -> (Survey, Counts) {
        self.pairs.tell(knows(&mut self.codes, &mut self.steps));
        let (codes, steps) = (Counts { bins: self.codes.total() }, Counts { bins: self.steps.total() });
        let filled = || codes.bins.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bin, _)| bin);
        let pairs = steps.count();
        let still = steps.bins.first().copied().unwrap_or(0);
        let step = steps.bins.iter().skip(1).position(|count| *count > 0).map_or(0.0, |at| at as f64 + 1.0);
        let survey = Survey {
            count: codes.count() as usize,
            rest: codes.median().map_or(0.0, code),
            noise: noise(&steps, pairs, step),
            step,
            low: filled().next().map_or(f64::INFINITY, code),
            high: filled().next_back().map_or(f64::NEG_INFINITY, code),
            changes: (pairs - still) as usize,
        };
        (survey, codes)
    }
}

/// As [`super::noise::white`] of the differences.
fn noise(steps: &Counts, pairs: u64, step: f64) -> f64 {
    let middle = steps.median().unwrap_or(0) as f64;
    if middle > 0.0 {
        let (mut below, mut inside) = (0, 0);
        for (difference, count) in steps.bins.iter().enumerate() {
            let difference = difference as f64;
            if at_step(difference, middle, step) {
                inside += count;
            } else if difference < middle {
                below += count;
            }
        }
        return of_median(between_steps(middle, step, (below as usize, inside as usize, pairs as usize)));
    }
    let kept = pairs * 9 / 10;
    let mut left = kept;
    let mut squares = 0.0;
    for (step, count) in steps.bins.iter().enumerate() {
        let taken = left.min(*count);
        squares += taken as f64 * (step * step) as f64;
        left -= taken;
        if left == 0 {
            break;
        }
    }
    if kept == 0 { 0.0 } else { (squares / (2.0 * kept as f64)).sqrt() }
}

/// How often each code came.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    bins: Vec<u64>,
}

impl Counts {
    fn count(&self) -> u64 {
        self.bins.iter().sum()
    }

    /// The bin of the median.
    fn median(&self) -> Option<usize> {
        let middle = self.count() / 2;
        let mut below = 0;
        self.bins.iter().position(|count| {
            below += count;
            below > middle
        })
    }
}

impl Outside<i16> for Counts {
    fn inside(&mut self, samples: &[i16]) {
        for sample in samples {
            if let Some(count) = self.bins.get_mut(usize::from(bin(*sample))) {
                *count = count.saturating_sub(1);
            }
        }
    }

    // They are counted already.
    fn outside(&mut self, _: &[i16]) {}

    fn level(&mut self, reach: f64) -> (f64, usize) {
        let Some(middle) = self.median() else { return (0.0, 0) };
        let reach = reach.max(0.0) as usize;
        let near = self.bins.iter().enumerate().take(middle + reach + 1).skip(middle.saturating_sub(reach));
        let (sum, count) = near.fold((0.0, 0.0), |(sum, all), (bin, count)| {
            let count = *count as f64;
            (sum + count * (bin as f64 - middle as f64), all + count)
        });
        (code(middle) + sum / count, self.count() as usize)
    }

    fn scatter(&mut self) -> f64 {
        let Some(middle) = self.median() else { return 0.0 };
        let of = |bin: Option<usize>| bin.and_then(|bin| self.bins.get(bin)).copied().unwrap_or(0);
        let half = self.count() / 2;
        let mut near = of(Some(middle));
        let mut reach = 0;
        while near <= half && reach < BINS {
            reach += 1;
            near += of(middle.checked_sub(reach)) + of(Some(middle + reach));
        }
        reach as f64
    }
}
