//! Oscilloscopes of every make are armed, triggered by word, taken over and set up, whatever they were left at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stimrig::driver::scpi;
use stimrig::instrument::{InstrumentFault, Load, Port, Record, RecordRequest, StreamChannel, Trigger};
use stimrig::signal::Sensed;

use super::scopes::{LEVEL, SHUNT, is_right, record, record_of, rig};
use super::scripted::{MAKES, Make, POINTS, Scripted, Wrong};

/// Of a Tektronix `*OPC?` has no answer while it is armed: neither the arming nor a trigger by word may wait for one.
#[test]
fn every_make_is_armed_and_triggered_by_word_without_waiting_for_its_trigger() {
    for make in MAKES {
        let got = record_of(Scripted::new(make, Wrong::Nothing), SHUNT, None);
        let got = got.unwrap_or_else(|error| panic!("{make:?}: {error}"));
        assert!(got.head.forced && got.errors == 0, "{make:?}: {} errors", got.errors);
        assert_eq!(got.planes[0].len(), POINTS, "{make:?}");
    }
}

#[test]
fn an_acquisition_that_was_left_armed_is_stopped_whatever_the_make() {
    for make in MAKES {
        let got = is_right(make, Wrong::Taken);
        let notes = got.head.notes.join("; ");
        assert!(notes.contains("the oscilloscope was armed"), "{make:?}: {notes}");
    }
}

/// A link that is lost as soon as it is told to be.
struct Pulled(Scripted, Arc<AtomicBool>);

#[async_trait::async_trait]
impl Port for Pulled {
    fn now(&self) -> u64 {
        self.0.now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if self.1.load(Ordering::SeqCst) {
            return Err(InstrumentFault::Disconnected);
        }
        self.0.read(buffer, deadline).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        if self.1.load(Ordering::SeqCst) {
            return Err(InstrumentFault::Disconnected);
        }
        self.0.write_all(bytes).await
    }
}

/// It is as it was left: armed, and sending. Without it nobody sees whether the output is off.
#[test]
fn a_link_that_is_made_anew_while_it_is_armed_can_be_set_up_again() {
    for make in MAKES {
        let rig = rig(SHUNT);
        let pulled = Arc::new(AtomicBool::new(false));
        let port = Box::new(Pulled(Scripted::new(make, Wrong::Nothing), Arc::clone(&pulled)));
        let again: scpi::Reopen = Box::new(move || Ok(Box::new(Scripted::new(make, Wrong::Taken))));
        let mut load = scpi::Load::new(port, Some(again), &rig.channels, rig.capabilities.record.unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            load.identify().await.unwrap();
            let channel = StreamChannel {
                name: "e1".into(),
                quantity: Sensed::Current,
                range: rig.channels[0].ranges[0],
            };
            let channels = [channel];
            load.set_up(&channels).await.unwrap();
            let trigger = LEVEL.map(|level| Trigger { channel: 0, level });
            load.arm(&RecordRequest { before: 2e-3, after: 18e-3, trigger }).await.unwrap();
            pulled.store(true, Ordering::SeqCst);
            load.set_up(&channels).await.unwrap_or_else(|error| panic!("{make:?}: {error}"));
        });
    }
}

/// The inputs that it lacks cannot be switched off; those that a channel is on have to be there.
#[test]
fn two_inputs_are_enough_for_what_is_on_two_inputs() {
    for make in MAKES {
        is_right(make, Wrong::TwoInputs);
        let third = SHUNT.replace("CH1", "CH3");
        let error = record(make, Wrong::TwoInputs, &third).err().unwrap();
        assert!(matches!(error.fault, InstrumentFault::Refused(_)), "{make:?}: {error}");
        assert!(error.to_string().contains("set its channels up: "), "{make:?}: {error}");
    }
}

/// A DS1000Z has 24 000 samples in 60 000 with two inputs on, and does not know the depth of three.
#[test]
fn an_input_that_two_channels_share_is_one_input() {
    let channels = "    e1: { quantity: current, plus: CH1, minus: CH2, shunt: 100 ohm, ranges: [4 mA] }\n    v1: { quantity: voltage, input: CH2, ranges: [0.4 V] }\n";
    let scope = Scripted::new(Make::Ds1000z, Wrong::Nothing);
    let heard = scope.heard();
    let got = record_of(scope, channels, LEVEL).unwrap();
    assert_eq!(got.planes.len(), 2);
    let heard = heard.lock().unwrap();
    let depths: Vec<&String> = heard.iter().filter(|line| line.starts_with(":ACQ:MDEP ")).collect();
    assert_eq!(depths, [":ACQ:MDEP 60000"]);
}
