//! Benches made safe, whole ones and what is left of them.

use std::path::Path;

use async_trait::async_trait;

use super::super::lock::Waiting;
use super::*;
use crate::rig::{DEFAULT_RIG, SimBench, builtin_phantom, read_phantom};
use crate::sim::{Rack, serve};
use crate::source::Source;

#[test]
fn a_bench_at_rest_is_seen_to_be_off() {
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    let interrupt = Interrupt::default();
    let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
    let safe = make_safe(&rig, &lock, 2.0, &interrupt, None);
    assert_eq!(safe.safe_state, SafeState::Confirmed, "{safe:?}");
    let said = safe.found.join("\n");
    for words in ["uid", "stop acknowledged", "interlock open", "output measured off", "largest current"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_stimulator_that_is_driven_by_hand_is_asked_about() {
    struct Says(bool);
    #[async_trait]
    impl Operator for Says {
        fn tell(&self, _: &str) {}
        async fn confirm(&self, text: &str) -> bool {
            assert!(text.contains("OFF"), "{text}");
            self.0
        }
    }
    let text =
        "version: 1\nname: hand\nstimulator: { driver: manual, cap: 10 mA }\nload: { driver: simulated }\n";
    let rig = Rig::read(&Source::new("hand.yaml", text)).unwrap();
    let interrupt = Interrupt::default();
    let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
    let safe = |person: Option<bool>| {
        let person = person.map(|says| -> Arc<dyn Operator> { Arc::new(Says(says)) });
        make_safe(&rig, &lock, 0.1, &interrupt, person.as_ref())
    };
    for (person, state, says) in [
        (Some(true), SafeState::Confirmed, "says that the stimulator is off"),
        (Some(false), SafeState::Impossible, "did not say"),
        (None, SafeState::Impossible, "nobody is there"),
    ] {
        let found = safe(person);
        let said = found.found.join("\n");
        assert!(found.safe_state == state && said.contains(says), "{found:?}");
        // The load does its part in any case.
        assert!(said.contains("interlock open") && said.contains("output measured off"), "{said}");
    }
}

#[test]
fn every_current_that_a_real_load_senses_is_watched() {
    let text = "version: 1\nname: bench-a\nstimulator: { driver: native, port: { serial_number: S1 }, cap: 10 mA }\n\
         load:\n  driver: native\n  port: { serial_number: L1 }\n  channels:\n\
         \x20   e1: { quantity: current, shunt: 100 ohm, ranges: [4 mA] }\n\
         \x20   e7: { quantity: current, shunt: 100 ohm, ranges: [4 mA] }\n\
         \x20   v1: { quantity: voltage, ranges: [2 V] }\n\
         limits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }\n";
    let rig = Rig::read(&Source::new("bench-a.yaml", text)).unwrap();
    match look(&rig) {
        Ok(plan) => {
            let names: Vec<&str> = plan.channels.iter().map(|channel| channel.name.as_str()).collect();
            assert_eq!(names, ["e1", "e7"]);
            let watched = |contacts| watching(&plan, contacts).channels.len();
            assert_eq!((watched(Some(1)), watched(Some(2)), watched(None)), (1, 2, 2));
        }
        Err(problems) => panic!("{problems:?}"),
    }
}

/// Makes a rig safe that a file describes.
fn made(text: &str) -> Safe {
    let rig = Rig::read(&Source::new("bench.yaml", text)).unwrap_or_else(|problems| panic!("{problems:?}"));
    let interrupt = Interrupt::default();
    let lock = RigLock::take(&rig, Waiting::No, &interrupt, &mut |_| {}).unwrap();
    make_safe(&rig, &lock, 0.5, &interrupt, None)
}

/// Nothing of the probe is needed: an image that was cleaned away with the rest of a build is no reason to leave an output on.
#[test]
fn a_firmware_image_that_is_gone_keeps_no_bench_from_being_made_safe() {
    let safe = made(
        "version: 1\nname: elf\nstimulator: { driver: simulated }\nload: { driver: simulated }\n\
         probe: { selector: simulated, chip: stimrig-sim, elf: /nowhere/fw.elf }\n",
    );
    assert_eq!(safe.safe_state, SafeState::Confirmed, "{safe:?}");
}

/// A load on a port, and what a rig file says of it.
fn load(port: &Path) -> String {
    format!(
        "load:\n  driver: native\n  port: {{ pty: {port:?} }}\n  channels:\n\
         \x20   e1: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA, 32 mA] }}\n\
         \x20   case: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA, 32 mA] }}\n\
         limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n"
    )
}

#[test]
fn a_stimulator_that_cannot_be_reached_is_cut_off_and_looked_at() {
    let (path, text) = builtin_phantom("r1k").unwrap();
    let phantom = read_phantom(&Source::new(path, text)).unwrap();
    let bench = serve(Rack::new(&SimBench::default(), vec![phantom], 7), Box::new(|_| {})).unwrap();
    let stimulator = "stimulator: { driver: native, port: { pty: /nowhere/stimulator }, cap: 12.7 mA }";
    let safe = made(&format!("version: 1\nname: half\n{stimulator}\n{}", load(bench.load().unwrap())));
    let said = safe.found.join("\n");
    for words in
        ["there is no /nowhere/stimulator", "stop not acknowledged", "interlock open", "output measured off"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(safe.safe_state, SafeState::Confirmed, "{said}");
}

/// Nobody sees what comes of it, but it is told.
#[test]
fn a_stimulator_whose_load_cannot_be_reached_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let script = format!(
        "import sys, json\nlog = open({:?}, 'w')\nfor line in sys.stdin:\n request = json.loads(line)\n \
         print(request['request'], file=log, flush=True)\n \
         print(json.dumps({{'id': request['id'], 'ok': True, 'protocol': 1}}), flush=True)",
        heard.display().to_string()
    );
    let stimulator = format!(
        "stimulator: {{ driver: exec, command: [python3, -u, -c, {script:?}], cap: 10 mA, steps: {{ amplitude: 0.1 mA, width: 1 us }} }}"
    );
    let safe = made(&format!("version: 1\nname: half\n{stimulator}\n{}", load(Path::new("/nowhere/load"))));
    let said = safe.found.join("\n");
    for words in ["there is no /nowhere/load", "stop acknowledged", "output not measured"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(safe.safe_state, SafeState::Impossible, "{said}");
    let heard = std::fs::read_to_string(&heard).unwrap();
    assert!(heard.lines().any(|line| line == "stop"), "{heard}");
}

/// A stimulator that is spoken to in words which it does not know, beside an oscilloscope: what is quiet for as long as it is watched
/// may be between two pulses.
#[test]
fn without_an_interlock_a_stop_that_is_not_acknowledged_confirms_nothing() {
    let (path, text) = builtin_phantom("r1k").unwrap();
    let phantom = read_phantom(&Source::new(path, text)).unwrap();
    let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    let rack = Rack::new(&SimBench::default(), vec![phantom], 7).with_oscilloscope(&rig, 0);
    let bench = serve(rack, Box::new(|_| {})).unwrap();
    let template = "outputs: [[e1, case]]\n  template:\n    text: { terminator: \"\\n\" }\n    \
                    load: [{ send: \"A {amplitude:uA} {width:us} {rate:Hz}\" }]\n    start: { send: ON }\n    stop: { send: OFF, expect: ok }";
    for (driver, more, state) in
        [("native", "", SafeState::Confirmed), ("template", template, SafeState::Impossible)]
    {
        let safe = made(&format!(
            "version: 1\nname: scope\nstimulator:\n  driver: {driver}\n  port: {{ pty: {:?} }}\n  cap: 10 mA\n  {more}\n\
             load:\n  driver: scpi\n  port: {{ tcp: '{}' }}\n  memory: 6000000\n  sample_rate: 400 kHz\n  channels:\n    \
             e1: {{ quantity: current, input: CH1, shunt: 100 ohm, ranges: [1 mA, 4 mA] }}\n    \
             vout: {{ quantity: voltage, input: CH2, ranges: [2 V, 20 V] }}\n\
             limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n",
            bench.stimulator(),
            bench.scpi().unwrap()
        ));
        let said = safe.found.join("\n");
        assert!(said.contains("output measured off"), "{driver}: {said}");
        assert_eq!(safe.safe_state, state, "{driver}: {said}");
        assert_eq!(said.contains("will not go on"), state == SafeState::Impossible, "{driver}: {said}");
    }
}

/// A run that was killed while it held the core.
#[cfg(feature = "probe")]
#[test]
fn a_core_that_was_left_halted_goes_on_and_hears_the_stop() {
    use super::super::loading;
    use super::super::trial::on;
    use crate::sim::probe as sim;

    let folder = tempfile::tempdir().unwrap();
    let elf = folder.path().join("fw.elf");
    std::fs::write(&elf, sim::elf(sim::CHIP, sim::FLASH_START)).unwrap();
    let text = format!(
        "version: 1\nname: elf\nstimulator: {{ driver: simulated }}\nload: {{ driver: simulated }}\n\
         probe: {{ selector: simulated, chip: {}, elf: {elf:?} }}\n",
        sim::CHIP
    );
    let (halted, said, resumed) = on(&text, async |session, program| {
        session.instruments.stimulator.identify().await.unwrap();
        loading::load(session, program, false).await.unwrap();
        session.instruments.switches().unwrap().interlock(true).await.unwrap();
        session.instruments.stimulator.start().await.unwrap();
        session.pass_seconds(0.1).await.unwrap();
        let mut probe = session.instruments.probe.take().unwrap();
        probe.identify(OutputState::Injected).await.unwrap();
        probe.halt(OutputState::Injected).await.unwrap();
        let halted = teardown(session, 0.1).await;
        let mut found = Vec::new();
        assert!(goes_on(session, probe.as_mut(), &mut found).await, "{found:?}");
        (halted, found.join("\n"), teardown(session, 0.1).await)
    });
    assert!(!halted.stopped && halted.safe_state == SafeState::Confirmed, "{halted:?}");
    assert!(said.contains("told through the debug probe to go on"), "{said}");
    assert_eq!(resumed.steps, ["stop acknowledged", "interlock open", "output measured off"], "{resumed:?}");
    assert!(resumed.stopped && resumed.safe_state == SafeState::Confirmed, "{resumed:?}");
}
