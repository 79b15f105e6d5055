use super::*;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

fn read(bytes: &[u8]) -> Vec<i64> {
    let mut all = vec![0; BLOCK];
    for (k, slot) in all.chunks_mut(GROUP).enumerate() {
        assert_eq!(unpack(bytes, GROUP * k, slot), Some(&[7_u8][..]));
        // The first alone is the first of all.
        let mut first = [0];
        assert_eq!(unpack(bytes, GROUP * k, &mut first), Some(&[7_u8][..]));
        assert_eq!(first[0], slot[0]);
    }
    all
}

/// Bytes of a column that reads as it was.
fn round(number: impl Fn(i64) -> i64) -> usize {
    let numbers: Numbers<i64> = std::array::from_fn(|k| number(k as i64));
    round_of(&numbers)
}

fn round_of<N: Number>(numbers: &Numbers<N>) -> usize {
    let mut bytes = Vec::new();
    pack(numbers, &mut bytes);
    let size = bytes.len();
    bytes.push(7);
    assert_eq!(read(&bytes), numbers.map(|number| number.wide()));
    size
}

/// Numbers that scatter evenly below `range`.
fn noise(range: i64) -> impl Fn(i64) -> i64 {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
    let noise: Vec<i64> = (0..BLOCK).map(|_| rng.random_range(0..range)).collect();
    move |k| noise[k as usize]
}

#[test]
fn numbers_take_the_bits_of_their_distance_from_the_middle() {
    assert_eq!((round(|_| 0), round(|_| 7), round(|_| -123_456)), (1, 2, 4));
    // Even numbers take six bits each and with one parameter five and one or two noughts and a one: half a bit more, and the lengths of
    // the groups.
    let even = noise(64);
    let plain = round(|k| 1_000_000 + even(k));
    assert!((768 + 64..=768 + 64 + 24).contains(&plain), "{plain}");
    // Some that stray take up to seventy-four bits each.
    let strayed = round(|k| if k % 100 == 50 { -5 << 40 } else { 1_000_000 + even(k) });
    assert!(strayed <= plain + 10 * 11, "{strayed}");
    // What lies nowhere together takes eight bytes.
    let nowhere = noise(i64::MAX);
    assert!((8 * BLOCK..8 * BLOCK + 4).contains(&round(nowhere)));
}

#[test]
fn those_that_are_rare_take_their_place_and_themselves() {
    // One of a hundred: ten bits for its place, and three; not one of each number.
    assert!(round(|k| if k % 100 == 50 { 9 } else { 5 }) <= 10 * 13 / 8 + 6);
    // The bits of one of so many, and no more than eight beside them.
    for every in [3, 4, 5, 7, 300] {
        let bits = 8 * round(|k| i64::from(k % every == 1) * (3 - k % 5));
        let others = BLOCK as f64 / every as f64 + 1.0;
        let most = others * ((every as f64).log2() + 8.0) + 64.0;
        assert!((bits as f64) < most, "{every}: {bits} {most}");
    }
}

#[test]
fn what_goes_on_is_told_from_what_scatters() {
    let noise = noise(509);
    let all = |number: &dyn Fn(i64) -> i64| goes_on::<i64>(&std::array::from_fn(|k| number(k as i64)));
    // A drift, a long wave with a little noise, and steps of one size from the ends of the range on.
    assert!(all(&|k| 40_000 + 100 * k));
    assert!(all(&|k| (1e6 * (k as f64 / 300.0).sin()) as i64 + noise(k)));
    assert!(all(&|k| i64::MAX.wrapping_add(1000 * k)));
    // Noise alone doubles the variance of a step.
    assert!(!all(&noise) && !all(&|k| (k % 2) * 1000));
    // Steps of one size, and where each of four groups begins: five bytes, and three from one to the next.
    assert!(round(|k| 3_000_000_000 + 819_200 * k) <= 1 + 3 + 5 + 3 * 5 + 4);
}

#[test]
fn what_is_no_column_is_none() {
    let mut numbers = [0; GROUP];
    for bytes in
        [&[][..], &[SAME], &[PLAIN, 0], &[RARE, 0, 4], &[RARE, 0], &[DENSE, 0, 9, 9], &[SAME | STEPS, 0, 1]]
    {
        assert_eq!(unpack(bytes, 0, &mut numbers), None, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out(
        numbers in prop::collection::vec(
            prop_oneof![8 => -50_i64..50, 1 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX)],
            BLOCK,
        ),
        rare in any::<bool>(),
        drift in prop_oneof![Just(0_i64), Just(1 << 30)],
    ) {
        let of = |k: i64| if rare && k % 9 != 0 { 5 } else { numbers[k as usize] };
        round(|k| of(k).wrapping_add(drift.wrapping_mul(k)));
    }

    #[test]
    fn numbers_of_32_bits_take_the_bytes_of_the_same_with_64(
        numbers in prop::collection::vec(
            prop_oneof![
                60 => -50..50,
                20 => -3000..3000,
                1 => -NEAR..=NEAR,
                1 => Just(NEAR),
                1 => Just(-NEAR),
            ],
            BLOCK,
        ),
        rare in any::<bool>(),
        shift in 0..14_u32,
        drift in prop_oneof![Just(0), Just(1 << 13)],
    ) {
        let of = |k: usize| if rare && !k.is_multiple_of(9) { 5 } else { numbers[k] >> shift };
        let near: Numbers<i32> = std::array::from_fn(|k| (of(k) + drift * k as i32).clamp(1 - NEAR, NEAR - 1));
        prop_assert_eq!(round_of(&near), round_of(&near.map(i64::from)));
        let (mut bytes, mut wide) = (Vec::new(), Vec::new());
        pack(&near, &mut bytes);
        pack(&near.map(i64::from), &mut wide);
        prop_assert_eq!(bytes, wide);
    }
}
