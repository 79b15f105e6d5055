use proptest::prelude::*;

use super::*;
use crate::signal::{Marker, MarkerBit};

pub(super) fn head() -> Head {
    Head {
        version: Head::VERSION,
        run: "01990000-0000-7000-8000-000000000000".into(),
        case: 0,
        name: "a case".into(),
        channel: "e1".into(),
        sensed: Sensed::Current,
        unit: "A".into(),
        stream: StreamKind::Fast,
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter_poles: 4,
        filter_cutoff: 1e5,
        calibration: Calibration {
            lsb: 122e-9,
            offset: 0.5,
            offset_u: 2.0,
            gain_u: 1e-3,
            inl: 0.6,
            noise: 1.1,
            rails: (-32_768, 32_767),
            ..Calibration::default()
        },
    }
}

/// What a reader finds: codes with their first index, markers, and how it ends.
type Found = (Vec<(u64, u64, Vec<i16>)>, Vec<Marker>, Option<Result<Done, Damage>>);

fn read(bytes: &[u8]) -> Result<Found, Fault> {
    let mut decoder = Decoder::new(bytes)?;
    // Another head is as good as none.
    if decoder.head() != &head() {
        return Err(Fault::Head);
    }
    let (mut data, mut marks, mut end) = (Vec::new(), Vec::new(), None);
    while let Some(item) = decoder.pull()? {
        match item {
            Ok(Item::Data(packed)) => {
                let mut codes = Vec::new();
                packed.unpack(&mut codes);
                assert_eq!(codes.len(), packed.count);
                data.push((packed.first, packed.lost, codes));
            }
            Ok(Item::Markers(found)) => marks.extend(found),
            Ok(Item::Done(done)) => end = Some(Ok(done)),
            Err(damage) => end = Some(Err(damage)),
        }
    }
    Ok((data, marks, end))
}

fn written(stretches: &[(u64, u64, Vec<i16>)], markers: &[Marker]) -> Vec<u8> {
    let mut cutter = Cutter::default();
    cutter.markers(markers);
    for (first, lost, codes) in stretches {
        cutter.samples(*first, *lost, codes);
    }
    cutter.contained(&head())
}

#[test]
fn noise_takes_a_third_of_its_bytes() {
    let mut seed = 1_u32;
    let mut code = || {
        let mut sum = 0;
        for _ in 0..4 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sum += (seed >> 24) as i16 & 3;
        }
        sum - 6
    };
    let codes: Vec<i16> = (0..200_000).map(|_| code()).collect();
    let bytes = written(&[(0, 0, codes)], &[]);
    assert!(bytes.len() < 200_000 * 2 / 3, "{}", bytes.len());
}

#[test]
fn another_file_a_newer_one_and_a_broken_head_are_named() {
    let whole = written(&[(0, 0, vec![1, 2, 3])], &[]);
    assert!(matches!(Decoder::new(&b"time,CH1\n"[..]), Err(Fault::NotOne)));
    assert!(matches!(Decoder::new(&whole[..20]), Err(Fault::Head)));
    let newer = Encoder::new(&Head { version: 2, ..head() }).take();
    assert!(matches!(Decoder::new(&newer[..]), Err(Fault::Newer(2))));
    let stopped = Encoder::new(&Head { sample_rate: 0.0, ..head() }).take();
    assert!(matches!(Decoder::new(&stopped[..]), Err(Fault::Head)));
}

#[test]
fn exchanged_blocks_and_bytes_behind_the_end_are_found() {
    let codes: Vec<i16> = (0..LONGEST as i32 * 3).map(|n| (n / 7) as i16).collect();
    let whole = written(&[(0, 0, codes)], &[]);
    let mut at = 8;
    let mut blocks = Vec::new();
    while at < whole.len() {
        let length = u32::from_le_bytes(*whole[at + 4..].first_chunk().unwrap()) as usize + 12;
        blocks.push(whole[at..at + length].to_vec());
        at += length;
    }
    assert_eq!(blocks.len(), 5, "head, three of data, the end");
    let mut joined = whole[..8].to_vec();
    [0, 2, 1, 3, 4].iter().for_each(|block| joined.extend(&blocks[*block]));
    assert_eq!(read(&joined).unwrap().2, Some(Err(Damage::Hash)));
    let longer = [&whole[..], b"x"].concat();
    assert_eq!(read(&longer).unwrap().2, Some(Err(Damage::Trailing(whole.len() as u64))));
}

#[test]
fn what_is_wrong_with_a_channel_is_a_sentence_behind_its_name() {
    let said = |damage| End::Damaged { channel: "e1".into(), damage }.to_string();
    for (damage, expected) in [
        (Damage::Cut(7), "`e1` is cut off after byte 7"),
        (Damage::Changed(7), "`e1` is changed at byte 7"),
        (Damage::Hash, "`e1` is not as it was written: blocks were exchanged or removed"),
        (Damage::Trailing(7), "`e1` goes on behind its end at byte 7"),
    ] {
        assert!(said(damage).starts_with(expected), "{}", said(damage));
    }
}

#[test]
fn planes_say_what_is_missing_and_what_is_out_of_order() {
    let read = |stretches: &[(u64, u64, Vec<i16>)]| {
        let bytes = written(stretches, &[]);
        let mut planes = Planes::new(vec![Decoder::new(&bytes[..]).unwrap()]);
        let mut missing = Vec::new();
        while let Some(stretch) = planes.pull().unwrap() {
            missing.push((stretch.first, stretch.lost, stretch.missing));
        }
        (missing, planes.end().cloned())
    };
    let codes = || vec![1; 10];
    let (missing, end) = read(&[(0, 0, codes()), (15, 5, codes()), (30, 2, codes()), (40, 9, codes())]);
    assert_eq!(missing, [(0, 0, 0), (15, 5, 5), (30, 2, 5), (40, 9, 9)]);
    assert_eq!(end, Some(End::Whole));
    let (missing, end) = read(&[(20, 20, codes()), (10, 1, codes())]);
    assert_eq!((missing, end), (vec![(20, 20, 20)], Some(End::Behind(10))));
}

fn stretches() -> impl Strategy<Value = Vec<(u64, u64, Vec<i16>)>> {
    let codes = prop_oneof![
        proptest::collection::vec(any::<i16>(), 1..600),
        proptest::collection::vec(-6_i16..6, 1..600),
        (any::<i16>(), 1_usize..300).prop_map(|(code, count)| vec![code; count]),
    ];
    proptest::collection::vec((0_u64..3, codes), 1..6).prop_map(|parts| {
        let mut at = 0;
        let place = |(lost, codes): (u64, Vec<i16>)| {
            let first = at + lost;
            at = first + codes.len() as u64;
            (first, lost, codes)
        };
        parts.into_iter().map(place).collect()
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(stretches in stretches(), sample in any::<u64>()) {
        let markers = vec![Marker { sample, bit: MarkerBit::StartTaken, value: true }];
        let (data, marks, end) = read(&written(&stretches, &markers)).unwrap();
        let joined = |parts: &[(u64, u64, Vec<i16>)]| -> Vec<(u64, i16)> {
            parts.iter().flat_map(|(first, _, codes)| codes.iter().zip(*first..).map(|(code, at)| (at, *code))).collect()
        };
        prop_assert_eq!(joined(&data), joined(&stretches));
        prop_assert_eq!(marks, markers);
        let lost = |parts: &[(u64, u64, Vec<i16>)]| parts.iter().map(|(_, lost, _)| lost).sum::<u64>();
        let done = end.unwrap().unwrap();
        prop_assert_eq!((done.lost, lost(&data)), (lost(&stretches), lost(&stretches)));
        prop_assert_eq!(done.samples, stretches.last().map_or(0, |(first, _, codes)| first + codes.len() as u64));
    }

    #[test]
    fn a_cut_container_is_read_up_to_its_last_whole_block(stretches in stretches(), at in any::<prop::sample::Index>()) {
        let whole = written(&stretches, &[]);
        let first = Encoder::new(&head()).take().len();
        let cut = first + at.index(whole.len() - first);
        let (data, _, end) = read(&whole[..cut]).unwrap();
        let all = read(&whole).unwrap().0;
        prop_assert!(matches!(end, Some(Err(Damage::Cut(_)))), "{:?}", end);
        prop_assert_eq!(&all[..data.len()], &data[..]);
    }

    #[test]
    fn any_changed_byte_is_found(stretches in stretches(), at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let mut bytes = written(&stretches, &[]);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let unseen = matches!(read(&bytes), Ok((_, _, Some(Ok(_)))));
        prop_assert!(!unseen, "byte {} of {} changed unseen", at, bytes.len());
    }

    #[test]
    fn bytes_of_any_kind_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), keep in 0_usize..3) {
        if keep > 0 {
            let start = Encoder::new(&head()).take();
            bytes.splice(0..0, start.into_iter().take(if keep == 1 { 8 } else { usize::MAX }));
        }
        let _ = read(&bytes);
        if let Some(packed) = Packed::parse(&bytes) {
            packed.unpack(&mut Vec::new());
        }
    }
}
