//! One column of a block: whole numbers near each other by how far each is from a common reference, or by the steps from one to the
//! next where those are smaller.
//!
//! Layout: a byte that says how, and the reference (variable length) where it is not nought. Of a column of steps there follow the
//! numbers with which its groups begin (variable length, each from the one before). Then, of numbers that are nearly all the
//! reference, how many are not (variable length), two parameters (a byte each), and for each of them by Rice's code how many lie between
//! it and the one before, and itself; of others the lengths of their groups (two bytes each) and the groups, those of the first half of
//! a group in turn with those of the second, by Rice's code with the parameter that the first byte says; of numbers that lie nowhere
//! together eight bytes each.

use std::fmt::Debug;

use wide::i32x4;

use super::bits::{Lengths, Lens, Pen, WIDEST};
use super::lanes::LANES;
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
/// Numbers of half a group.
const HALF: usize = GROUP / 2;
/// Of more numbers that are not the reference each has its own place.
const RAREST: usize = BLOCK / 4;
/// Of so many numbers one is looked at where a parameter is chosen.
const SAMPLED: usize = 8;
/// Numbers of a column that are looked at to see whether it goes on from one to the next.
const LOOKED_AT: usize = 32;

/// The numbers of a column.
pub(super) type Numbers<N> = [N; BLOCK];

/// Magnitude that the numbers of a column of 32 bits may have: the differences of their differences, folded, have as many.
pub(super) const NEAR: i32 = 1 << 28;

/// A number of a column: of 64 bits, or of 32 where all lie within [`NEAR`], and then in half the work.
pub(super) trait Number: Copy + Default + Ord {
    /// Without sign.
    type Folded: Copy + Default + Debug + Into<u64>;

    /// Less another one.
    fn less(self, other: Self) -> Self;

    /// Without sign: the nearer to nought, the smaller.
    fn folded(self) -> Self::Folded;

    /// With all bits.
    fn wide(self) -> i64;

    /// Which of some numbers differ from another one, a bit for each.
    fn differ(some: &[Self; LANES], other: Self) -> u32;
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
    fn differ(some: &[Self; LANES], other: Self) -> u32 {
        some.iter().rev().fold(0, |bits, number| bits << 1 | u32::from(*number != other))
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
    fn differ(some: &[Self; LANES], other: Self) -> u32 {
        (!i32x4::new(*some).simd_eq(i32x4::splat(other))).to_bitmask()
    }
}

/// Appends a column.
pub(super) fn pack<N: Number>(numbers: &Numbers<N>, out: &mut Vec<u8>) {
    let [first, others @ ..] = numbers;
    // Each is the one before it: compared up to the first that is not.
    if numbers.get(..others.len()) == Some(others) {
        pack_same(first.wide(), out);
    } else if goes_on(numbers) {
        pack_steps(&steps(numbers), numbers.iter().step_by(GROUP).map(|begin| begin.wide()), out);
    } else {
        pack_about(numbers, out, |_| ());
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
    pack_about(steps, out, |out| {
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

/// Appends numbers; `begin` what lies between the reference and them.
fn pack_about<N: Number>(numbers: &Numbers<N>, out: &mut Vec<u8>, begin: impl FnOnce(&mut Vec<u8>)) {
    let reference = middle(numbers);
    let mut lengths = Lengths::new();
    let some = numbers.iter().step_by(SAMPLED);
    some.for_each(|number| lengths.add(number.less(reference).folded().into()));
    let (k, sampled) = lengths.parameter();
    let dense = sampled * SAMPLED;
    // Of those that are looked at as many are the reference, more or less: five eighths and more.
    let rarely = 8 * SAMPLED * lengths.of_noughts() > 5 * BLOCK;
    let rare = if rarely { Rare::of(numbers, reference) } else { None }.filter(|rare| rare.cost < dense);
    let plain = rare.is_none() && dense >= 64 * BLOCK;
    out.push(match &rare {
        _ if plain => PLAIN,
        Some(_) => RARE,
        None => DENSE + k as u8,
    });
    put_signed(if plain { 0 } else { reference.wide() }, out);
    begin(out);
    match rare {
        _ if plain => numbers.iter().for_each(|number| out.extend_from_slice(&number.wide().to_le_bytes())),
        Some(rare) => rare.pack(out),
        None => pack_groups(numbers, reference, k, out),
    }
}

/// Appends groups of numbers, each from a byte of its own on.
fn pack_groups<N: Number>(numbers: &Numbers<N>, reference: N, k: u32, out: &mut Vec<u8>) {
    let lengths = out.len();
    out.resize(lengths + 2 * GROUPS, 0);
    for (index, group) in numbers.as_chunks::<GROUP>().0.iter().enumerate() {
        let mut off = [N::Folded::default(); GROUP];
        off.iter_mut().zip(group).for_each(|(off, number)| *off = number.less(reference).folded());
        let (first, second) = off.split_at(HALF);
        let begin = out.len();
        let mut pen = Pen::new(out);
        pen.in_turn(first, second, k);
        pen.close();
        let length = out.len() - begin;
        if let Some(slot) = out.get_mut(lengths + 2 * index..).and_then(<[u8]>::first_chunk_mut) {
            *slot = (length as u16).to_le_bytes();
        }
    }
}

/// The few numbers of a column that are not the reference.
#[derive(Debug)]
struct Rare<N: Number> {
    count: usize,
    /// How many lie between each and the one before, and how far it is off.
    others: [(u32, N::Folded); RAREST],
    /// Parameters of either.
    between: u32,
    size: u32,
    cost: usize,
}

impl<N: Number> Rare<N> {
    /// `None` where too many are not the reference.
    fn of(numbers: &Numbers<N>, reference: N) -> Option<Self> {
        let mut others = [(0, N::Folded::default()); RAREST];
        let (mut count, mut behind) = (0, 0);
        for (from, some) in (0..).step_by(LANES).zip(numbers.as_chunks().0) {
            let mut differ = N::differ(some, reference);
            while differ != 0 {
                let lane = differ.trailing_zeros();
                differ &= differ - 1;
                let place = from + lane;
                let off = some.get(lane as usize)?.less(reference).folded();
                *others.get_mut(count)? = (place - behind, off);
                count += 1;
                behind = place + 1;
            }
        }
        let (mut places, mut sizes) = (Lengths::new(), Lengths::new());
        for (between, off) in others.iter().take(count) {
            places.add((*between).into());
            sizes.add((*off).into() - 1);
        }
        let ((between, places), (size, sizes)) = (places.parameter(), sizes.parameter());
        Some(Self { count, others, between, size, cost: places + sizes })
    }

    fn pack(&self, out: &mut Vec<u8>) {
        put_unsigned(self.count as u64, out);
        out.extend_from_slice(&[self.between as u8, self.size as u8]);
        let mut pen = Pen::new(out);
        for (between, off) in self.others.iter().take(self.count) {
            pen.number((*between).into(), self.between);
            pen.number((*off).into() - 1, self.size);
        }
        pen.close();
    }
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
        RARE => unpack_rare(rest, from, reference, numbers)?,
        dense => unpack_group(rest, from / GROUP, (u32::from(dense - DENSE), reference), numbers)?,
    };
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

fn unpack_group<'a>(
    groups: &'a [u8],
    index: usize,
    (k, reference): (u32, i64),
    numbers: &mut [i64],
) -> Option<&'a [u8]> {
    let (lengths, groups) = groups.split_at_checked(2 * GROUPS)?;
    let length = |bytes: &[u8; 2]| usize::from(u16::from_le_bytes(*bytes));
    let lengths = lengths.as_chunks().0.iter().map(length);
    let begin = lengths.clone().take(index).sum();
    let mut lens = Lens::new(groups.get(begin..)?);
    let k = k.min(WIDEST);
    let (first, second) = numbers.split_at_mut(HALF.min(numbers.len()));
    let mut second = second.iter_mut();
    for number in first {
        *number = reference.wrapping_add(unfolded(lens.number(k)));
        let other = lens.number(k);
        if let Some(number) = second.next() {
            *number = reference.wrapping_add(unfolded(other));
        }
    }
    groups.get(lengths.sum()..)
}

fn unpack_rare<'a>(bytes: &'a [u8], from: usize, reference: i64, numbers: &mut [i64]) -> Option<&'a [u8]> {
    numbers.fill(reference);
    let (count, bytes) = unsigned(bytes)?;
    let ([between, size], bytes) = bytes.split_first_chunk()?;
    let (between, size) = (u32::from(*between).min(WIDEST), u32::from(*size).min(WIDEST));
    let mut lens = Lens::new(bytes);
    let mut place = 0_usize;
    for _ in 0..count.min(BLOCK as u64) {
        place = place.wrapping_add(lens.number(between) as usize);
        let off = unfolded(lens.number(size).wrapping_add(1));
        if let Some(slot) = place.checked_sub(from).and_then(|place| numbers.get_mut(place)) {
            *slot = reference.wrapping_add(off);
        }
        place = place.wrapping_add(1);
    }
    Some(lens.rest())
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

/// Seven bits a byte, the lowest first; all but the last with the highest bit set.
fn put_unsigned(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (k, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * k);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(k + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests;
