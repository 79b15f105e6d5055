//! What the firmware of a Pulse Pal does with triggers and voltages that nobody asked it for: its device end does the same, and
//! the driver ends it.

use stimrig::instrument::{Port, Stimulator};
use stimrig::signal::{Program, Run};

use super::pulse_pal::{bytes, driver, program};
use super::*;

/// What it is told in hexadecimal, and after how many microseconds it is looked at.
async fn told(bench: &mut Bench, hex: &str, microseconds: u64) -> (Vec<u8>, bool) {
    bench.stimulator.write_all(&bytes(hex)).await.unwrap();
    bench.clock.sleep(microseconds * 1000).await;
    (hear(&mut bench.stimulator).await, bench.witness.truth().driven)
}

/// Whether it drives at any time of so many milliseconds, and how often it begins to.
async fn begins(bench: &mut Bench, milliseconds: u64) -> usize {
    let mut driven = bench.witness.truth().driven;
    let mut begun = usize::from(driven);
    for _ in 0..milliseconds * 20 {
        bench.clock.sleep(50_000).await;
        begun += usize::from(!driven && bench.witness.truth().driven);
        driven = bench.witness.truth().driven;
    }
    begun
}

/// As the firmware does: a trigger during a train is kept, and no abort takes it away.
#[test]
fn a_trigger_during_a_train_starts_the_next_when_that_one_ends_or_is_aborted() {
    block_on(async {
        let mut bench = bench("rig/pulse-pal.yaml", "r1k");
        // Pulses of 1 ms, one every 11 ms.
        assert!(told(&mut bench, "d5 4d 01", 100).await.1);
        assert!(!told(&mut bench, "d5 4d 01", 2000).await.1);
        assert!(told(&mut bench, "d5 50", 150).await.1, "the second train begins");
        assert!(!told(&mut bench, "d5 50", 150).await.1);
        assert_eq!(begins(&mut bench, 15).await, 0, "and was the last one");
        // Trains of 20 ms.
        assert_eq!(told(&mut bench, "d5 4a 0a 01 90 01 00 00", 100).await.0, [1]);
        told(&mut bench, "d5 4d 01", 2000).await;
        told(&mut bench, "d5 4d 01", 100).await;
        // One more of the first train, two of the second, none of a third.
        assert_eq!(begins(&mut bench, 70).await, 3);
    });
}

#[test]
fn a_stop_ends_what_was_triggered_twice() {
    block_on(async {
        let Bench { stimulator: port, mut clock, witness, .. } = bench("rig/pulse-pal.yaml", "r1k");
        let mut stimulator = driver(port);
        stimulator.identify().await.unwrap();
        stimulator.load(&Program { run: Run::UntilStopped, ..program() }).await.unwrap();
        stimulator.start().await.unwrap();
        pass(&mut clock, 25).await;
        stimulator.start().await.unwrap();
        pass(&mut clock, 25).await;
        stimulator.stop().await.unwrap();
        for _ in 0..600 {
            assert!(!witness.truth().driven, "{:?}", witness.truth());
            clock.sleep(50_000).await;
        }
        // Nor does the trigger outlive the program that it was for.
        stimulator.start().await.unwrap();
        stimulator.start().await.unwrap();
        stimulator.load(&program()).await.unwrap();
        for _ in 0..600 {
            assert!(!witness.truth().driven, "{:?}", witness.truth());
            clock.sleep(50_000).await;
        }
    });
}

#[test]
fn a_fixed_voltage_lasts_until_something_else_sets_the_channel() {
    block_on(async {
        let mut bench = bench("rig/pulse-pal.yaml", "r1k");
        assert_eq!(told(&mut bench, "d5 4f 01 00 c0", 100).await, (vec![1], true));
        assert_eq!(told(&mut bench, "d5 50", 100).await, (vec![], false));
        told(&mut bench, "d5 4f 01 00 c0", 100).await;
        // A train of 2 ms, and its end.
        told(&mut bench, "d5 4a 0a 01 28 00 00 00", 100).await;
        assert!(!told(&mut bench, "d5 4d 01", 3000).await.1);
        // All parameters, of which the first channel's voltage between pulses is one: it is there at once.
        let mut program = vec![0xD5, 0x49];
        program.resize(180, 0);
        program[2 + 128 + 4..2 + 128 + 6].copy_from_slice(&[0, 0xC0]);
        let hex: Vec<String> = program.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(told(&mut bench, &hex.join(" "), 100).await, (vec![1], true));
        // A voltage of zero lasts no longer than any other.
        assert_eq!(told(&mut bench, "d5 4f 01 00 80", 100).await, (vec![1], false));
        assert_eq!(told(&mut bench, "d5 50", 100).await, (vec![], true));
    });
}

/// One build and not two: it has no command for all channels, and takes the channel first where it is told to loop.
#[test]
fn the_device_end_is_the_build_of_the_recorded_exchanges() {
    block_on(async {
        let mut bench = bench("rig/pulse-pal.yaml", "r1k");
        assert_eq!(told(&mut bench, "d5 5b 12 01 01 01 01", 200).await, (vec![], false));
        assert_eq!(told(&mut bench, "d5 52 02 01", 200).await, (vec![1], false), "nothing is wired to it");
        assert_eq!(told(&mut bench, "d5 52 01 01", 200).await, (vec![1], true));
        assert_eq!(told(&mut bench, "d5 52 01 00", 200).await, (vec![1], false));
    });
}
