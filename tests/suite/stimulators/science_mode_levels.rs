//! What ScienceMode stimulators do between a stop and the next start, and with periods and ramps that stimrig does not ask for.

use stimrig::instrument::{Port, Reports, State, Stimulator};
use stimrig::rig::device::science_mode::{Packet, Point, command, encode_point};

use super::science_mode::{running, sent};
use super::*;

/// The vendor's header: a stop switches the high voltage off, and only an initialisation switches it on.
#[test]
fn what_was_stopped_is_initialised_before_it_starts_again() {
    block_on(async {
        let Bench { stimulator: mut port, load, mut clock, .. } = bench("rig/science-mode.yaml", "r500");
        let _load = close_interlock(load, &phantom("r500")).await;
        let [.., update, state, stop] = <[Packet; 8]>::try_from(sent()).unwrap();
        let initialise = Packet { number: 0, command: command::ML_INIT, payload: vec![1] };
        let level = Packet { number: 0, command: command::STIM_STATUS, payload: vec![] };
        for (packet, result) in [
            (&initialise, &[0][..]),
            (&update, &[0]),
            (&level, &[0, 3, 0]),
            (&stop, &[0]),
            (&level, &[0, 0, 0]),
            (&update, &[7]),
            (&state, &[7, 4]),
            (&initialise, &[0]),
            (&update, &[0]),
        ] {
            port.write_all(&packet.encode()).await.unwrap();
            pass(&mut clock, 2).await;
            let answer = Packet::take(&mut hear(&mut port).await).unwrap().unwrap();
            assert_eq!(answer.payload, result, "{packet:?}");
        }
    });
    block_on(async {
        let (mut stimulator, mut load, mut clock) = running("r1k", 5e-3).await;
        for _ in 0..2 {
            stimulator.stop().await.unwrap();
            stimulator.keepalive().await.unwrap();
            assert_eq!(stimulator.status().await.unwrap().state, State::Idle);
            stimulator.start().await.unwrap();
            pass(&mut clock, 100).await;
            load.keepalive().await.unwrap();
            assert_eq!(stimulator.status().await.unwrap().state, State::Running);
        }
    });
}

/// When current begins within 60 ms of an update of the first channel, in steps of 50 us: a pulse of one point.
async fn begins(
    stimulator: &mut sim::MemoryPort,
    bench: (&mut sim::VirtualClock, &sim::Witness),
    head: [u8; 3],
    steps: i64,
) -> Vec<u64> {
    let (clock, witness) = bench;
    let point = encode_point(&Point { steps, microseconds: 200 });
    let payload = [&[1], &head[..], &point].concat();
    let packet = Packet { number: 1, command: command::ML_UPDATE, payload };
    stimulator.write_all(&packet.encode()).await.unwrap();
    let answer = Packet::take(&mut hear(stimulator).await).unwrap().unwrap();
    assert_eq!(answer.payload, [0], "{head:?}");
    let mut driven = false;
    let mut begun = Vec::new();
    for look in 0..1200 {
        let now = witness.truth().driven;
        if now && !driven {
            begun.push(look);
        }
        driven = now;
        clock.sleep(50_000).await;
    }
    begun
}

#[test]
fn the_device_end_keeps_quarters_of_a_millisecond_and_ramps() {
    block_on(async {
        let Bench { stimulator: mut port, load, mut clock, witness, .. } =
            bench("rig/science-mode.yaml", "r500");
        let _load = close_interlock(load, &phantom("r500")).await;
        let initialise = Packet { number: 0, command: command::ML_INIT, payload: vec![1] };
        port.write_all(&initialise.encode()).await.unwrap();
        assert!(!hear(&mut port).await.is_empty());
        // 12.25 ms, and the shortest that there is.
        let begun = begins(&mut port, (&mut clock, &witness), [0, 0, 49 << 1 | 1], 20).await;
        let periods: Vec<u64> = begun.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(periods.len() == 4 && periods.iter().all(|looks| (244..=246).contains(looks)), "{periods:?}");
        let begun = begins(&mut port, (&mut clock, &witness), [0, 0, 1 << 1 | 1], 20).await;
        assert!((238..=242).contains(&begun.len()), "{}", begun.len());
        // Half a milliampere, one step: of sixteen equal parts of it the eighth is the first that rounds to it. Of a channel
        // that plays already no ramp is asked.
        let half = [15, 0, 4 << 1];
        assert_eq!(begins(&mut port, (&mut clock, &witness), half, 1).await.first(), Some(&0));
        let stop = Packet { number: 2, command: command::ML_STOP, payload: vec![] };
        for packet in [stop, initialise] {
            port.write_all(&packet.encode()).await.unwrap();
            assert!(!hear(&mut port).await.is_empty());
        }
        let begun = begins(&mut port, (&mut clock, &witness), half, 1).await;
        assert!(begun[0].abs_diff(7 * 40) <= 1 && (begun[1] - begun[0]).abs_diff(40) <= 1, "{begun:?}");
    });
}
