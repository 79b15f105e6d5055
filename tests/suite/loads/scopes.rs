//! The oscilloscope driver against scripts of every make, well behaved and not.

use stimrig::driver::scpi;
use stimrig::instrument::{
    InstrumentError, InstrumentFault, Load, Reading, Record, RecordHead, RecordRequest, StreamChannel,
    Trigger,
};
use stimrig::rig::Rig;
use stimrig::signal::{Block, BlockSink, Sensed};
use stimrig::source::Source;

use super::scripted::{MAKES, Make, PERIOD, POINTS, Scripted, TRIGGER, Wrong, volts};

pub fn rig(channels: &str) -> Rig {
    let text = format!(
        "version: 1\nname: n\nstimulator: {{ driver: simulated }}\nload:\n  driver: scpi\n  sample_rate: 1 MHz\n  channels:\n{channels}"
    );
    Rig::read(&Source::new("rig.yaml", &text)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What was read: head, and the codes of each channel.
pub struct Got {
    pub head: RecordHead,
    pub planes: Vec<Vec<i16>>,
    pub errors: u64,
}

struct Planes(Vec<Vec<i16>>);

impl BlockSink for Planes {
    fn block(&mut self, block: &Block<'_>) {
        for (plane, codes) in self.0.iter_mut().zip(block.codes.chunks_exact(block.count)) {
            assert_eq!(plane.len() as u64, block.first);
            plane.extend_from_slice(codes);
        }
    }
}

pub const SHUNT: &str = "    e1: { quantity: current, input: CH1, shunt: 100 ohm, ranges: [4 mA] }\n";

/// The level that the first pulse passes.
pub const LEVEL: Option<f64> = Some(-1e-3);

/// The whole of a record, from hello to the last sample.
pub fn record(make: Make, wrong: Wrong, channels: &str) -> Result<Got, InstrumentError> {
    record_of(Scripted::new(make, wrong), channels, LEVEL)
}

/// As [`record`], begun by the host where there is no level.
pub fn record_of(scope: Scripted, channels: &str, level: Option<f64>) -> Result<Got, InstrumentError> {
    let rig = rig(channels);
    let port = Box::new(scope);
    let mut load = scpi::Load::new(port, None, &rig.channels, rig.capabilities.record.unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        load.identify().await?;
        let channels = rig.channels.iter().map(|channel| StreamChannel {
            name: channel.name.clone(),
            quantity: channel.quantity,
            range: channel.ranges[0],
        });
        let channels: Vec<StreamChannel> = channels.collect();
        load.set_up(&channels).await?;
        let trigger = level.map(|level| Trigger { channel: 0, level });
        load.arm(&RecordRequest { before: 2e-3, after: 18e-3, trigger }).await?;
        // As a run does between its steps.
        for _ in 0..6 {
            load.keepalive().await?;
        }
        let mut sink = Planes(vec![Vec::new(); channels.len()]);
        let mut head = None;
        for _ in 0..10_000 {
            match load.read(&mut sink).await? {
                Reading::Waiting | Reading::Part(_) => {}
                Reading::Head(found) => head = Some(found),
                Reading::End => {
                    let errors = load.link().total();
                    return Ok(Got { head: head.unwrap(), planes: sink.0, errors });
                }
            }
        }
        panic!("the record never ends");
    })
}

fn amperes(got: &Got, sample: usize) -> f64 {
    let calibration = got.head.calibrations[0];
    (f64::from(got.planes[0][sample]) - calibration.offset) * calibration.lsb
}

pub fn is_right(make: Make, wrong: Wrong) -> Got {
    let got = record(make, wrong, SHUNT).unwrap_or_else(|error| panic!("{make:?} {wrong:?}: {error}"));
    assert_eq!((got.planes[0].len(), got.head.samples), (POINTS, POINTS as u64), "{make:?} {wrong:?}");
    assert!((got.head.sample_rate * PERIOD - 1.0).abs() < 1e-6, "{make:?}");
    for sample in 0..POINTS {
        let (read, true_value) = (amperes(&got, sample), volts(sample) / 100.0);
        // Half a level of 4 mV, and its rounding.
        assert!(
            (read - true_value).abs() < 2.1e-5,
            "{make:?} {wrong:?}: sample {sample}: {read:e} {true_value:e}"
        );
    }
    got
}

#[test]
fn every_make_gives_its_volts_and_its_place_in_time() {
    for make in MAKES {
        let got = is_right(make, Wrong::Nothing);
        assert_eq!(got.errors, 0, "{make:?}");
        // Triggered while it was being looked at; the record begins 2000 samples before.
        let before = TRIGGER as f64 * PERIOD;
        assert!(got.head.began > -before - 1e-3 && got.head.began < 0.2, "{make:?}: {}", got.head.began);
        assert!((got.head.trigger - before).abs() < 1e-9, "{make:?}: {}", got.head.trigger);
        assert!(got.head.notes.iter().any(|note| note.contains("data sheet")), "{:?}", got.head.notes);
    }
}

/// What a preamble states of its codes counts, and what cannot be is refused.
#[test]
fn a_newer_siglent_says_what_its_codes_are() {
    for wrong in [Wrong::EightBits, Wrong::OtherCodes] {
        is_right(Make::SiglentNew, wrong);
    }
    let error = record(Make::SiglentNew, Wrong::NoCodes, SHUNT).err().unwrap().to_string();
    assert!(error.contains("0 codes in a division, which cannot be"), "{error}");
}

#[test]
fn a_probe_that_keeps_its_own_gain_is_refused() {
    for make in [Make::Tbs, Make::Mso] {
        let error = record(make, Wrong::CodedProbe, SHUNT).err().unwrap().to_string();
        assert!(error.contains("a probe with a gain of 0.1 is plugged into CH1"), "{error}");
    }
}

/// An inverting monitor: what is sensed has the other sign than the volts at the input, and its trigger the other slope.
#[test]
fn an_inverting_output_is_taken_with_its_sign() {
    for make in MAKES {
        let channels = "    e1: { quantity: current, input: CH1, scale: -10 mA/V, ranges: [4 mA] }\n";
        let stated = rig(channels);
        let port = Box::new(Scripted::new(make, Wrong::Nothing));
        let mut load = scpi::Load::new(port, None, &stated.channels, stated.capabilities.record.unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            load.identify().await.unwrap();
            let channel = StreamChannel {
                name: "e1".into(),
                quantity: Sensed::Current,
                range: stated.channels[0].ranges[0],
            };
            load.set_up(&[channel]).await.unwrap();
            // The first pulse is of -0.2 V, which is 2 mA.
            let trigger = Some(Trigger { channel: 0, level: 1e-3 });
            load.arm(&RecordRequest { before: 2e-3, after: 18e-3, trigger }).await.unwrap();
            for _ in 0..6 {
                load.keepalive().await.unwrap();
            }
            let mut sink = Planes(vec![Vec::new()]);
            let mut head = None;
            loop {
                match load.read(&mut sink).await.unwrap_or_else(|error| panic!("{make:?}: {error}")) {
                    Reading::Waiting | Reading::Part(_) => {}
                    Reading::Head(found) => head = Some(found),
                    Reading::End => break,
                }
            }
            let head = head.unwrap();
            let calibration = head.calibrations[0];
            assert!(calibration.lsb > 0.0 && calibration.rails.0 < calibration.rails.1, "{make:?}");
            assert!(
                !head.notes.iter().any(|note| note.contains("passes its trigger level")),
                "{:?}",
                head.notes
            );
            for sample in [0, TRIGGER + 100, TRIGGER + 300, TRIGGER + 3100] {
                let read = (f64::from(sink.0[0][sample]) - calibration.offset) * calibration.lsb;
                assert!((read + volts(sample) * 10e-3).abs() < 2.1e-5, "{make:?}: {sample}: {read:e}");
            }
        });
    }
}

/// What somebody may have left at its front panel: a sign that is turned, 50 ohm, and an average instead of a single shot.
#[test]
fn an_input_is_taken_as_it_is_and_a_record_is_of_single_samples() {
    let words: [(Make, &[&str]); 7] = [
        (Make::Ds1000z, &[":CHAN1:INV OFF", ":ACQ:TYPE NORM"]),
        (Make::Dho, &[":CHAN1:INV OFF", ":ACQ:TYPE NORM"]),
        (Make::InfiniiVision, &[":CHAN1:INV 0", ":CHAN1:IMP ONEM", ":ACQ:TYPE NORM"]),
        (Make::Siglent, &["C1:INVS OFF", "C1:CPL D1M", "ACQW SAMPLING"]),
        (Make::SiglentNew, &[":CHANNEL1:INVERT OFF", ":CHANNEL1:IMPEDANCE ONEMEG", ":ACQUIRE:TYPE NORMAL"]),
        (Make::Tbs, &["CH1:INV OFF", "ACQ:MOD SAM"]),
        (Make::Mso, &["CH1:INV OFF", "CH1:TER MEG", "ACQ:MOD SAM"]),
    ];
    for (make, words) in words {
        let scope = Scripted::new(make, Wrong::Nothing);
        let heard = scope.heard();
        record_of(scope, SHUNT, LEVEL).unwrap_or_else(|error| panic!("{make:?}: {error}"));
        let heard = heard.lock().unwrap();
        for word in words {
            assert!(heard.iter().any(|line| line == word), "{make:?}: {word}: {heard:?}");
        }
    }
}

#[test]
fn a_monitor_without_a_gain_is_refused_at_its_line() {
    let text = "version: 1\nname: n\nstimulator: { driver: simulated }\nload:\n  driver: scpi\n  sample_rate: 1 MHz\n  channels:\n    e1: { quantity: current, input: CH1, monitor: 0 V/mA, ranges: [4 mA] }\n";
    let problems = Rig::read(&Source::new("rig.yaml", text)).unwrap_err();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|text| text.starts_with("rig.yaml:8:") && text.contains("0 V/mA")), "{said:?}");
}

#[test]
fn a_state_from_before_the_arming_is_not_believed() {
    for make in MAKES {
        is_right(make, Wrong::OldStop);
    }
}

#[test]
fn a_scope_that_is_not_ready_for_its_trigger_is_waited_for_and_then_named() {
    for make in MAKES {
        let error = record(make, Wrong::NeverReady, SHUNT).err().unwrap().to_string();
        assert!(error.contains("arm it") && error.contains("does not wait for one yet"), "{make:?}: {error}");
    }
    // One that is triggered while nothing can have been started has seen something else.
    for make in [Make::Ds1000z, Make::Siglent, Make::SiglentNew, Make::Mso] {
        let error = record(make, Wrong::Early, SHUNT).err().unwrap().to_string();
        assert!(error.contains("triggered before anything was started"), "{make:?}: {error}");
    }
}

#[test]
fn short_blocks_are_gone_on_with_and_a_broken_one_is_asked_for_again() {
    for make in MAKES {
        // A make that sends an input whole cannot be asked for the rest of it.
        if make != Make::InfiniiVision {
            let got = is_right(make, Wrong::Short);
            assert!(got.errors > 0, "{make:?}: short blocks are not counted");
        }
        let got = is_right(make, Wrong::Cut);
        assert!(got.errors > 0, "{make:?}: a broken block is not counted");
        let got = is_right(make, Wrong::Long);
        assert!(got.errors > 0, "{make:?}: a block of another length is not counted");
    }
    is_right(Make::InfiniiVision, Wrong::PlusZero);
}

#[test]
fn a_trigger_that_lies_elsewhere_is_found_in_the_record() {
    let got = record(Make::Tbs, Wrong::Misplaced, SHUNT).unwrap();
    let note = got.head.notes.iter().find(|note| note.contains("passes its trigger level"));
    assert!(note.unwrap().contains(&format!("sample {}", TRIGGER + 500)), "{:?}", got.head.notes);
    // What is said of its place is of the record, not of what was asked for.
    let true_place = (TRIGGER + 500) as f64 * PERIOD;
    assert!((got.head.trigger - true_place).abs() < 1e-9, "{}", got.head.trigger);
}

#[test]
fn what_is_wrong_with_the_instrument_is_named() {
    let said =
        |wrong: Wrong| record(Make::Ds1000z, wrong, SHUNT).err().map(|error| error.to_string()).unwrap();
    let cases = [
        (Wrong::Indefinite, "no stated length (#0)"),
        (Wrong::Silent, "no answer within the deadline"),
        (Wrong::Multimeter, "HEWLETT-PACKARD 34401A, no oscilloscope"),
        (Wrong::Complaining, "-222"),
    ];
    for (wrong, words) in cases {
        let text = said(wrong);
        assert!(text.contains(words), "{wrong:?}: {text}");
        assert!(text.starts_with("oscilloscope: "), "{text}");
    }
    // Somebody else's transfer and arming are ended, and said.
    let got = is_right(Make::Ds1000z, Wrong::Taken);
    let notes = got.head.notes.join("; ");
    assert!(notes.contains("1011 bytes of somebody else's transfer"), "{notes}");
    assert!(notes.contains("the oscilloscope was armed"), "{notes}");
}

#[test]
fn an_input_that_is_not_there_is_refused_by_name() {
    let channel = SHUNT.replace("CH1", "CH7");
    let error = record(Make::Ds1000z, Wrong::Nothing, &channel).err().unwrap();
    assert!(matches!(error.fault, InstrumentFault::Refused(_)));
    assert!(error.to_string().contains("no input `CH7`; it has CHAN1, CHAN2"), "{error}");
}

#[test]
fn a_difference_has_its_common_mode_and_its_shunt_in_the_budget() {
    let channels = "    e1: { quantity: current, plus: CH1, minus: CH2, shunt: 100 ohm, tolerance: 0.1 %, accuracy: 1 %, mismatch: 0.5 %, ranges: [4 mA] }\n    case: { quantity: current, input: CH3, monitor: 1 mV/uA, tolerance: 2 %, accuracy: 1 %, ranges: [4 mA] }\n";
    let got = record(Make::Ds1000z, Wrong::Nothing, channels).unwrap();
    let [difference, monitor] = got.head.calibrations[..] else { panic!() };
    // Both inputs see the same: nothing is left.
    assert!(got.planes[0].iter().all(|code| *code == 0));
    assert!((difference.lsb - 4e-5).abs() < 1e-12 && difference.offset == 0.0);
    // 0.5 % of ±0.4 V at each input, in codes of 4 mV.
    assert!((difference.common_mode - 0.5).abs() < 1e-9 && difference.inl > difference.common_mode);
    assert!((difference.element_u * 3_f64.sqrt() - 1e-3).abs() < 1e-9);
    // 1 V per mA; tolerance of its gain beside that of the scope.
    assert!((monitor.lsb - 4e-6).abs() < 1e-12, "{}", monitor.lsb);
    assert!((monitor.element_u * 3_f64.sqrt() - 0.02).abs() < 1e-9 && monitor.gain_u > monitor.element_u);
    assert_eq!(rig(channels).channels[1].quantity, Sensed::Current);
}
