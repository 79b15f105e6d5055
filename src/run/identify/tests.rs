//! The identification of a phantom, and how long it is driven for that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::super::trial::{SIMULATED, count_sleep, on};
use super::*;
use crate::instrument::{
    InstrumentError, InstrumentFault, Load, LoadIdentity, Sampling, Stream, StreamSetup, Switches,
};
use crate::phantom::{Element, ElementKind};
use crate::scenario::Fault;

fn phantom(ohm: f64, farad: Option<f64>) -> Phantom {
    let element =
        |kind, value, from, to, tolerance| Element { kind, value, tolerance, measured_u: None, from, to };
    let mut elements = vec![element(ElementKind::Resistor, ohm, 0, 1, 0.001)];
    elements.push(match farad {
        Some(farad) => element(ElementKind::Capacitor, farad, 1, 2, 0.01),
        None => element(ElementKind::Resistor, 1e-3, 1, 2, 0.0),
    });
    Phantom {
        name: "named".to_owned(),
        hash: String::new(),
        nodes: vec!["a".to_owned(), "b".to_owned(), "gnd".to_owned()],
        contacts: vec![("e1".to_owned(), 0), ("case".to_owned(), 2)],
        elements,
        senses: vec![("v1".to_owned(), 0, 2)],
        areas: Vec::new(),
        source: None,
    }
}

fn compared(named: &Phantom, plugged: &Phantom) -> Result<String, String> {
    let (expected, seen) = (expected(named, "e1").unwrap(), expected(plugged, "e1").unwrap());
    compare(named, &expected, &seen, (2e-3, 0.1))
}

#[test]
fn the_test_current_is_within_the_range_and_within_what_the_bench_allows() {
    let expected = Response { early: 1e3, late: 1e3, slope: 0.0 };
    // 40 % of 2 V across 1 kohm are 0.8 mA.
    let limits = |amplitude| Limits { amplitude, charge_per_phase: 25e-6, mean_dc: 1e-4, shannon_k: None };
    let current = |range, limit| test_current(&expected, range, &limits(limit));
    assert!((current(2.0, 10e-3) - 0.8e-3).abs() < 1e-12);
    assert_eq!((current(20.0, 10e-3), current(20.0, 0.5e-3), current(2.0, 0.5e-3)), (1e-3, 0.5e-3, 0.5e-3));
    // 2 uC in the 10 ms for which it flows at most.
    let charge = Limits { charge_per_phase: 2e-6, ..limits(10e-3) };
    assert!((test_current(&expected, 20.0, &charge) - 0.2e-3).abs() < 1e-12);
}

#[test]
fn the_named_phantom_is_recognised_with_its_values() {
    let found = compared(&phantom(1e3, Some(1e-6)), &phantom(1e3, Some(1e-6))).unwrap();
    // The early window lies 60 µs behind the step, where 1 µF has already taken 60 Ω.
    assert_eq!(found, "R 1.06 kΩ, C 1 µF");
}

#[test]
fn a_wrong_resistor_and_a_wrong_capacitor_are_named_both_sides() {
    let named = phantom(1e3, Some(1e-6));
    let wrong_r = compared(&named, &phantom(1.02e3, Some(1e-6))).unwrap_err();
    assert!(wrong_r.contains("1.06 kΩ") && wrong_r.contains("1.08 kΩ"), "{wrong_r}");
    let wrong_c = compared(&named, &phantom(1e3, Some(1.1e-6))).unwrap_err();
    assert!(wrong_c.contains("C 1 µF") && wrong_c.contains("C 1.1 µF"), "{wrong_c}");
    // A capacitor where the file has none, and none where it has one.
    assert!(compared(&phantom(1e3, None), &named).is_err());
    assert!(compared(&named, &phantom(1e3, None)).is_err());
}

/// A load whose samples come late, or are lost for good; it notes when its source is switched. Without a load while it is being put
/// in the other's place.
#[derive(Default)]
struct Late {
    load: Option<Box<dyn Load>>,
    /// So often nothing has come yet.
    withheld: usize,
    /// Then the port is gone.
    lost: bool,
    slept: Arc<AtomicU64>,
    /// What the source was told, A, and when, ns of counted sleep.
    told: Arc<Mutex<Vec<(f64, u64)>>>,
}

impl Late {
    fn own(&mut self) -> &mut dyn Switches {
        self.load.as_mut().unwrap().switches().unwrap()
    }
}

#[async_trait]
impl Load for Late {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        self.load.as_mut().unwrap().identify().await
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Stream(self)
    }

    fn switches(&mut self) -> Option<&mut dyn Switches> {
        Some(self)
    }
}

#[async_trait]
impl Stream for Late {
    async fn start(&mut self, _: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError> {
        Ok(Vec::new())
    }

    async fn drain(&mut self, sink: &mut dyn BlockSink) -> Result<usize, InstrumentError> {
        if let Some(left) = self.withheld.checked_sub(1) {
            self.withheld = left;
            return Ok(0);
        }
        if self.lost {
            return Err(InstrumentError {
                device: "load".to_owned(),
                doing: "read samples".to_owned(),
                fault: InstrumentFault::Disconnected,
                next: "plug it in again".to_owned(),
            });
        }
        let Sampling::Stream(stream) = self.load.as_mut().unwrap().sampling() else { return Ok(0) };
        stream.drain(sink).await
    }

    async fn end(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }
}

#[async_trait]
impl Switches for Late {
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError> {
        self.own().interlock(closed).await
    }

    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError> {
        self.own().inject(fault).await
    }

    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError> {
        self.own().clear(fault).await
    }

    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError> {
        self.own().zero(on).await
    }

    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError> {
        let now = self.slept.load(Ordering::SeqCst);
        self.told.lock().unwrap().push((amplitude, now));
        self.own().test_source(contact, amplitude).await
    }
}

/// What a drive of 100 µA into the first contact shows of its current, as a part of it, and what the source was told when.
fn driven(withheld: usize, lost: bool) -> (Result<Response, Halt>, Vec<(f64, u64)>) {
    on(SIMULATED, async |session, _| {
        let slept = count_sleep(session);
        let told = Arc::new(Mutex::new(Vec::new()));
        let load = Some(std::mem::replace(&mut session.instruments.load, Box::new(Late::default())));
        session.instruments.load = Box::new(Late { load, withheld, lost, slept, told: Arc::clone(&told) });
        let seen = drive(session, "e1", 0, 1e-4).await;
        let told = told.lock().unwrap().clone();
        (seen, told)
    })
}

#[test]
fn the_source_is_switched_off_in_time_however_late_its_samples_come() {
    // At once, within the time it is held anyway, and long after.
    for (withheld, longest) in [(0, 2.0 * LENGTH), (2, 4.0 * LENGTH), (30, LONGEST)] {
        let (seen, told) = driven(withheld, false);
        let [(on, from), (off, to)] = told.as_slice() else { panic!("{withheld}: {told:?}") };
        assert_eq!((*on, *off), (1e-4, 0.0), "{withheld}");
        let flowed = (to - from) as f64 / SECOND;
        assert!((LENGTH..=longest).contains(&flowed), "{withheld}: it flowed for {flowed} s");
        // All of the source's current passes the contact, and what comes late is read all the same.
        let seen = seen.unwrap();
        assert!((seen.early - 1.0).abs() < 0.01 && (seen.late - 1.0).abs() < 0.01, "{withheld}: {seen:?}");
    }
}

#[test]
fn the_source_is_switched_off_where_the_samples_are_lost() {
    for withheld in [1, 2, 30] {
        let (seen, told) = driven(withheld, true);
        let said = seen.unwrap_err().to_string();
        assert!(said.contains("read samples") && said.contains("the port is gone"), "{said}");
        assert_eq!(told.last().map(|(current, _)| *current), Some(0.0), "{withheld}: {told:?}");
    }
}
