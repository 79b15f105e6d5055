//! One column of a block: whole numbers near each other by how far each is from a common reference, or by the steps from one to the
//! next where those are smaller.
//!
//! Layout: a byte that says how, and the reference (variable length) where it is not nought. Of a column of steps there follow the
//! numbers with which its groups begin (variable length, each from the one before). Then, of numbers that are nearly all the
//! reference, how many are not (variable length), two parameters (a byte each), and for each of them by Rice's code how many lie between
//! it and the one before, and itself; of others the lengths of their groups (two bytes each) and the groups, by Rice's code with the
//! parameter that the first byte says; of numbers that lie nowhere together eight bytes each.

use super::bits::{Lengths, Lens, Pen, WIDEST, most};
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
/// Of more numbers that are not the reference each has its own place.
const RAREST: usize = BLOCK / 4;
/// Of so many numbers one is looked at where a parameter is chosen.
const SAMPLED: usize = 4;
/// Numbers of a column that are looked at to see whether it goes on from one to the next.
const LOOKED_AT: usize = 64;

/// The numbers of a column.
pub(super) type Numbers = [i64; BLOCK];

/// Appends a column.
pub(super) fn pack(numbers: &Numbers, out: &mut Vec<u8>) {
    let [first, others @ ..] = numbers;
    // Each is the one before it: compared as bytes, up to the first that is not.
    if numbers.get(..others.len()) == Some(others) {
        out.push(if *first == 0 { NOUGHT } else { SAME });
        if *first != 0 {
            put_signed(*first, out);
        }
    } else if goes_on(numbers) {
        let steps = steps(numbers);
        let mut last = 0;
        let place = out.len();
        pack_about(&steps, out, |out| {
            for begin in numbers.iter().step_by(GROUP) {
                put_signed(begin.wrapping_sub(last), out);
                last = *begin;
            }
        });
        if let Some(how) = out.get_mut(place) {
            *how |= STEPS;
        }
    } else {
        pack_about(numbers, out, |_| ());
    }
}

/// Appends numbers that are not all the same; `begin` what lies between the reference and them.
fn pack_about(numbers: &Numbers, out: &mut Vec<u8>, begin: impl FnOnce(&mut Vec<u8>)) {
    let reference = middle(numbers);
    let off = numbers.map(|number| folded(number.wrapping_sub(reference)));
    let mut lengths = Lengths::new();
    off.iter().step_by(SAMPLED).for_each(|off| lengths.add(*off));
    let (k, sampled) = lengths.parameter();
    let dense = sampled * SAMPLED;
    // Of those that are looked at as many are the reference, more or less.
    let rarely = 2 * SAMPLED * lengths.of_noughts() > BLOCK;
    let rare = if rarely { Rare::of(&off) } else { None }.filter(|rare| rare.cost < dense);
    let plain = rare.is_none() && dense >= 64 * BLOCK;
    out.push(match &rare {
        _ if plain => PLAIN,
        Some(_) => RARE,
        None => DENSE + k as u8,
    });
    put_signed(if plain { 0 } else { reference }, out);
    begin(out);
    match rare {
        _ if plain => numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes())),
        Some(rare) => rare.pack(&off, out),
        None => pack_groups(&off, k, out),
    }
}

/// Appends groups of numbers, each from a byte of its own on.
fn pack_groups(numbers: &[u64; BLOCK], k: u32, out: &mut Vec<u8>) {
    let lengths = out.len();
    out.resize(lengths + 2 * GROUPS, 0);
    let mut words = [0; most(GROUP)];
    for (index, group) in numbers.chunks(GROUP).enumerate() {
        let mut pen = Pen::new(&mut words);
        group.iter().for_each(|number| pen.number(*number, k));
        let length = pen.close(out);
        if let Some(slot) = out.get_mut(lengths + 2 * index..).and_then(<[u8]>::first_chunk_mut) {
            *slot = (length as u16).to_le_bytes();
        }
    }
}

/// How the few numbers that are not the reference are packed.
#[derive(Debug)]
struct Rare {
    count: usize,
    /// Parameters of how many lie between, and of the numbers less one.
    between: u32,
    size: u32,
    cost: usize,
}

impl Rare {
    /// Of numbers that are nought where they are the reference; `None` where too many are not.
    fn of(off: &[u64; BLOCK]) -> Option<Self> {
        let count = off.iter().filter(|off| **off != 0).count();
        if count > RAREST {
            return None;
        }
        let (mut places, mut sizes) = (Lengths::new(), Lengths::new());
        for (between, size) in others(off) {
            places.add(between);
            sizes.add(size);
        }
        let ((between, places), (size, sizes)) = (places.parameter(), sizes.parameter());
        Some(Self { count, between, size, cost: places + sizes })
    }

    fn pack(&self, off: &[u64; BLOCK], out: &mut Vec<u8>) {
        put_unsigned(self.count as u64, out);
        out.extend_from_slice(&[self.between as u8, self.size as u8]);
        let mut words = [0; most(2 * RAREST)];
        let mut pen = Pen::new(&mut words);
        for (between, size) in others(off) {
            pen.number(between, self.between);
            pen.number(size, self.size);
        }
        pen.close(out);
    }
}

/// Those that are not nought: how many lie between each and the one before, and itself less one.
fn others(off: &[u64; BLOCK]) -> impl Iterator<Item = (u64, u64)> {
    let mut behind = 0;
    let places = off.iter().enumerate().filter(|(_, off)| **off != 0);
    places.map(move |(place, off)| {
        let between = place - behind;
        behind = place + 1;
        (between as u64, off - 1)
    })
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
    for number in numbers {
        *number = reference.wrapping_add(unfolded(lens.number(k)));
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
fn goes_on(numbers: &Numbers) -> bool {
    let (mut steps, mut values) = ([0; LOOKED_AT], [0; LOOKED_AT]);
    let pairs = numbers.chunks_exact(BLOCK / LOOKED_AT);
    for ((step, value), some) in steps.iter_mut().zip(&mut values).zip(pairs) {
        if let [before, number, ..] = some {
            (*step, *value) = (number.wrapping_sub(*before), *number);
        }
    }
    about_middle(&steps) + LOOKED_AT as u32 / 2 < about_middle(&values)
}

/// Bits that some numbers take, each as its distance from the middle one of them.
fn about_middle(numbers: &[i64]) -> u32 {
    let middle = middle(numbers);
    let bits = |number: &i64| u64::BITS - folded(number.wrapping_sub(middle)).leading_zeros();
    numbers.iter().map(bits).sum()
}

/// Each number less the one before it; of the first, as the second.
fn steps(numbers: &Numbers) -> Numbers {
    let mut steps = *numbers;
    let pairs = steps.iter_mut().skip(1).zip(numbers);
    pairs.for_each(|(number, before)| *number = number.wrapping_sub(*before));
    let [first, second, ..] = &mut steps;
    *first = *second;
    steps
}

/// The middle one of some numbers spread over all.
fn middle(numbers: &[i64]) -> i64 {
    const SPREAD: usize = 31;
    let mut some = [0; SPREAD];
    for (k, slot) in some.iter_mut().enumerate() {
        *slot = numbers.get((2 * k + 1) * numbers.len() / (2 * SPREAD)).copied().unwrap_or(0);
    }
    let (_, middle, _) = some.select_nth_unstable(SPREAD / 2);
    *middle
}

/// A number without sign: the nearer to nought, the smaller.
#[inline]
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[inline]
fn unfolded(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_unsigned(folded(number), out);
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
