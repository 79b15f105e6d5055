//! One column of a block: whole numbers near each other by how far each is from a common reference, or by the steps from one to the
//! next where those are smaller.
//!
//! Layout: a byte that says how, and the reference (variable length) where it is not nought. Of a column of steps there follow the
//! numbers with which its groups begin (variable length, each from the one before). Then, of numbers that scatter about the reference, the
//! lengths of their groups (two bytes each) and the groups, with the parameter that the first byte says ([`rice`]). Behind them, and of
//! numbers that are nearly all the reference alone, those that lie apart ([`apart`]). Numbers that lie nowhere together have eight bytes
//! each.

use std::fmt::Debug;

use wide::i32x4;

use super::apart::{self, Beyond, Far, OTHERS, Places};
use super::bits::{put_unsigned, unsigned};
use super::lanes::LANES;
use super::lengths::{Code, Lengths};
use super::rice::{self, FAR, WIDEST};
use super::{BLOCK, GROUP};

/// The first byte: all are nought; all are the reference; eight bytes each; nearly all are the reference; the smallest of those that
/// say a parameter.
const NOUGHT: u8 = 0;
const SAME: u8 = 1;
const PLAIN: u8 = 2;
const RARE: u8 = 3;
const DENSE: u8 = 4;
/// In the first byte: the column is one of steps.
const STEPS: u8 = 0x80;
/// Groups of a column.
const GROUPS: usize = BLOCK / GROUP;
/// Of so many numbers one is looked at where a code is chosen: not the period of many a program.
const SAMPLED: usize = 17;
/// Numbers of a column that are looked at to see whether it goes on from one to the next.
const LOOKED_AT: usize = 32;

/// The numbers of a column.
pub(super) type Numbers<N> = [N; BLOCK];

/// Magnitude below which the numbers of a column of 32 bits must lie: the differences of their differences, folded, have 31 bits then.
pub(super) const NEAR: i32 = 1 << 28;

/// A number of a column: of 64 bits, or of 32 where all lie below [`NEAR`], and then in half the work.
pub(super) trait Number: Copy + Default + Ord {
    /// Without sign.
    type Folded: Copy + Default + Debug + Into<u64>;

    /// Less another one.
    fn less(self, other: Self) -> Self;

    /// Without sign: the nearer to nought, the smaller.
    fn folded(self) -> Self::Folded;

    /// With all bits.
    fn wide(self) -> i64;

    /// Of some numbers less another one, without sign, the lowest `k` bits, and what is above them, as far as a number can be.
    fn parts(some: &[Self; LANES], other: Self, k: u32) -> (i32x4, i32x4);
}

impl Number for i64 {
    type Folded = u64;

    #[inline]
    fn less(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    fn folded(self) -> u64 {
        ((self << 1) ^ (self >> 63)) as u64
    }

    #[inline]
    fn wide(self) -> i64 {
        self
    }

    #[inline]
    fn parts(some: &[Self; LANES], other: Self, k: u32) -> (i32x4, i32x4) {
        let off = some.map(|number| number.less(other).folded());
        let above = off.map(|off| (off >> k).min(i32::MAX as u64) as i32);
        (i32x4::new(off.map(|off| off as i32)) & mask(k), i32x4::new(above))
    }
}

impl Number for i32 {
    type Folded = u32;

    #[inline]
    fn less(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    fn folded(self) -> u32 {
        ((self << 1) ^ (self >> 31)) as u32
    }

    #[inline]
    fn wide(self) -> i64 {
        i64::from(self)
    }

    #[inline]
    fn parts(some: &[Self; LANES], other: Self, k: u32) -> (i32x4, i32x4) {
        let off = i32x4::new(*some) - i32x4::splat(other);
        let sign: i32x4 = off >> 31_u32;
        let off = (off + off) ^ sign;
        (off & mask(k), off >> k)
    }
}

/// The lowest `k` bits.
#[inline]
fn mask(k: u32) -> i32x4 {
    i32x4::splat(((1_u64 << k) - 1) as i32)
}

/// Appends a column.
pub(super) fn pack<N: Number>(numbers: &Numbers<N>, out: &mut Vec<u8>) {
    let [first, others @ ..] = numbers;
    // Each is the one before it: compared up to the first that is not.
    if numbers.get(..others.len()) == Some(others) {
        return pack_same(first.wide(), out);
    }
    let about = About::of(numbers);
    if !about.lengths.are_mostly_noughts() && goes_on(numbers) {
        pack_steps(&steps(numbers), numbers.iter().step_by(GROUP).map(|begin| begin.wide()), out);
    } else {
        about.pack(numbers, out, |_| ());
    }
}

/// Appends a column of numbers that are all the same.
pub(super) fn pack_same(number: i64, out: &mut Vec<u8>) {
    out.push(if number == 0 { NOUGHT } else { SAME });
    if number != 0 {
        put_signed(number, out);
    }
}

/// Appends a column that goes on by these steps, each from the number before it (of the first, any), with the numbers that its groups
/// begin with.
pub(super) fn pack_steps<N: Number>(
    steps: &Numbers<N>,
    begins: impl Iterator<Item = i64>,
    out: &mut Vec<u8>,
) {
    let place = out.len();
    About::of(steps).pack(steps, out, |out| {
        let mut last = 0;
        for begin in begins {
            put_signed(begin.wrapping_sub(last), out);
            last = begin;
        }
    });
    if let Some(how) = out.get_mut(place) {
        *how |= STEPS;
    }
}

/// What the numbers of a column are told from.
#[derive(Debug)]
struct About<N: Number> {
    reference: N,
    /// Of some of them, each as it is off that.
    lengths: Lengths,
}

impl<N: Number> About<N> {
    fn of(numbers: &Numbers<N>) -> Self {
        let reference = middle(numbers);
        let some = numbers.iter().step_by(SAMPLED);
        Self { reference, lengths: Lengths::of(some.map(|number| number.less(reference).folded().into())) }
    }

    /// Appends the numbers; `begin` what lies between the reference and them.
    fn pack(&self, numbers: &Numbers<N>, out: &mut Vec<u8>, begin: impl FnOnce(&mut Vec<u8>)) {
        let (code, _) = self.lengths.code();
        let (how, about) = match code {
            Code::Plain => (PLAIN, 0),
            Code::Rare => (RARE, self.reference.wide()),
            Code::Dense(k) => (DENSE + k as u8, self.reference.wide()),
        };
        out.push(how);
        put_signed(about, out);
        begin(out);
        match code {
            Code::Plain => {
                numbers.iter().for_each(|number| out.extend_from_slice(&number.wide().to_le_bytes()));
            }
            Code::Rare => apart::write_others(numbers, self.reference, out),
            Code::Dense(k) => pack_groups(numbers, self.reference, k, out),
        }
    }
}

/// Appends groups of numbers, each from a byte of its own on, and those that are far.
fn pack_groups<N: Number>(numbers: &Numbers<N>, reference: N, k: u32, out: &mut Vec<u8>) {
    let lengths = out.len();
    out.resize(lengths + 2 * GROUPS, 0);
    let (mut places, mut far): (Places, _) = ([0; _], Far::beyond(FAR - 1));
    let mut low = [0; GROUP];
    let groups = numbers.as_chunks().0.iter().zip(places.as_chunks_mut().0);
    for (index, (group, places)) in groups.enumerate() {
        let begin = out.len();
        rice::write(group, reference, k, (&mut low, places, &mut far), out);
        let length = out.len() - begin;
        if let Some(slot) = out.get_mut(lengths + 2 * index..).and_then(<[u8]>::first_chunk_mut) {
            *slot = (length as u16).to_le_bytes();
        }
    }
    apart::write(numbers, reference, (&places, &far), Beyond { k, least: FAR }, out);
}

/// Reads the first numbers of a group, which begins at number `from`; returns what follows the column.
pub(super) fn unpack<'a>(column: &'a [u8], from: usize, numbers: &mut [i64]) -> Option<&'a [u8]> {
    let (how, rest) = column.split_first()?;
    let (steps, how) = (how & STEPS != 0, how & !STEPS);
    let (reference, mut rest) = if how == NOUGHT { (0, rest) } else { signed(rest)? };
    let (mut begin, mut last) = (None, 0_i64);
    for group in 0..if steps { GROUPS } else { 0 } {
        let (from_last, behind) = signed(rest)?;
        (last, rest) = (last.wrapping_add(from_last), behind);
        begin = if group == from / GROUP { Some(last) } else { begin };
    }
    let rest = match how {
        NOUGHT | SAME => {
            numbers.fill(reference);
            rest
        }
        PLAIN => {
            let (plain, rest) = rest.split_at_checked(8 * BLOCK)?;
            let own = plain.as_chunks().0.get(from..)?;
            numbers.iter_mut().zip(own).for_each(|(number, bytes)| *number = i64::from_le_bytes(*bytes));
            rest
        }
        RARE => {
            numbers.fill(0);
            apart::read(rest, from, OTHERS, numbers)?
        }
        dense => {
            let k = u32::from(dense - DENSE).min(WIDEST);
            let rest = unpack_group(rest, from / GROUP, k, numbers)?;
            apart::read(rest, from, Beyond { k, least: FAR }, numbers)?
        }
    };
    if how >= RARE {
        numbers.iter_mut().for_each(|number| *number = reference.wrapping_add(unfolded(*number as u64)));
    }
    if let (Some(begin), Some((first, others))) = (begin, numbers.split_first_mut()) {
        *first = begin;
        let mut sum = begin;
        for number in others {
            sum = sum.wrapping_add(*number);
            *number = sum;
        }
    }
    Some(rest)
}

fn unpack_group<'a>(groups: &'a [u8], index: usize, k: u32, numbers: &mut [i64]) -> Option<&'a [u8]> {
    let (lengths, groups) = groups.split_at_checked(2 * GROUPS)?;
    let length = |bytes: &[u8; 2]| usize::from(u16::from_le_bytes(*bytes));
    let lengths = lengths.as_chunks().0.iter().map(length);
    let begin = lengths.clone().take(index).sum();
    rice::read(groups.get(begin..)?, k, numbers)?;
    groups.get(lengths.sum()..)
}

/// Whether a column goes on from number to number, and takes less room as steps: of some spread over it, whether the step to
/// each from the one before is nearer to the middle step than the number itself is to the middle number, by half a bit and more.
fn goes_on<N: Number>(numbers: &Numbers<N>) -> bool {
    let (mut steps, mut values) = ([N::default(); LOOKED_AT], [N::default(); LOOKED_AT]);
    let pairs = numbers.chunks_exact(BLOCK / LOOKED_AT);
    for ((step, value), some) in steps.iter_mut().zip(&mut values).zip(pairs) {
        if let [before, number, ..] = some {
            (*step, *value) = (number.less(*before), *number);
        }
    }
    about_middle(&steps) + LOOKED_AT as u32 / 2 < about_middle(&values)
}

/// Bits that some numbers take, each as its distance from the middle one of them.
fn about_middle<N: Number>(numbers: &[N; LOOKED_AT]) -> u32 {
    let middle = middle(numbers);
    let bits = |number: &N| u64::BITS - number.less(middle).folded().into().leading_zeros();
    numbers.iter().map(bits).sum()
}

/// Each number less the one before it; of the first, as the second.
fn steps<N: Number>(numbers: &Numbers<N>) -> Numbers<N> {
    let mut steps = *numbers;
    let pairs = steps.iter_mut().skip(1).zip(numbers);
    pairs.for_each(|(number, before)| *number = number.less(*before));
    let [first, second, ..] = &mut steps;
    *first = *second;
    steps
}

/// About the middle of some numbers: of 27 spread over all, the middle of three of three of three.
fn middle<N: Number, const COUNT: usize>(numbers: &[N; COUNT]) -> N {
    const SPREAD: usize = 27;
    let at = |k: usize| numbers.get((2 * k + 1) * COUNT / (2 * SPREAD)).copied().unwrap_or_default();
    let of_three = |k: usize| middle_of([at(k), at(k + 9), at(k + 18)]);
    let of_nine = |k: usize| middle_of([of_three(k), of_three(k + 3), of_three(k + 6)]);
    middle_of([of_nine(0), of_nine(1), of_nine(2)])
}

/// The middle one of three.
#[inline]
fn middle_of<N: Number>([a, b, c]: [N; 3]) -> N {
    a.min(b).max(a.max(b).min(c))
}

/// Undoes [`Number::folded`].
#[inline]
fn unfolded(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_unsigned(number.folded(), out);
}

fn signed(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = unsigned(bytes)?;
    Some((unfolded(number), rest))
}

#[cfg(test)]
mod tests;
