//! The board in its world: what its deadlines are, and that they end.

use stimrig_protocol::MAX_CONTACTS;
use stimrig_protocol::stimulator::{Program, Recovery, Reply, State, Waveform};

use super::*;
use crate::phantom::Element;
use crate::rig::{Defect, DefectKind, DefectValue};
use crate::sim::samples::{program, r1k};

#[test]
fn a_stopped_core_does_not_forget_its_fault_and_time_goes_on() {
    let latched = Defect { kind: DefectKind::NoLatch, value: DefectValue::Flag };
    let bench = SimBench { defects: vec![latched], ..SimBench::default() };
    let mut analog = Analog::new(&bench, &r1k(), 1, 1).unwrap();
    let mut device = StimulatorDevice::new(&bench, &r1k(), 1, &mut analog);
    let mut hal = OutputStage { stage: &mut device.stage, analog: &mut analog };
    let board = device.endpoint.board_mut();
    assert!(matches!(board.handle(0, &Request::Load(program()), &mut hal), Reply::Applied(_)));
    assert_eq!(board.handle(0, &Request::Start, &mut hal), Reply::Done);
    board.halt(0);
    let mut calls = 0;
    while let Some(due) = device.next_deadline().filter(|due| *due <= 2_000_000_000) {
        analog.advance(due);
        device.on_deadline(due, &mut analog);
        calls += 1;
        assert!(calls < 1_000, "it waits for the same deadline for ever");
    }
    assert_eq!(device.endpoint.board().status().fault, FaultCode::Watchdog);
    // Once it runs, it forgets.
    device.endpoint.board_mut().resume();
    assert!(device.next_deadline().is_some_and(|due| due < 2_000_000_000));
    analog.advance(2_000_000_000);
    device.on_deadline(2_000_000_000, &mut analog);
    assert_eq!(device.endpoint.board().status().state, State::Running);
}

/// A device on 1 kΩ, with a defect, that was told to load and start a program at time 0.
fn started(defect: DefectKind, program: Program) -> (StimulatorDevice, Analog) {
    let flag = Defect { kind: defect, value: DefectValue::Flag };
    let bench = SimBench { defects: vec![flag], ..SimBench::default() };
    let mut analog = Analog::new(&bench, &r1k(), 1, 1).unwrap();
    analog.interlock(true);
    let mut device = StimulatorDevice::new(&bench, &r1k(), 1, &mut analog);
    assert!(matches!(ask(&mut device, &mut analog, Request::Load(program)), Reply::Applied(_)));
    assert_eq!(ask(&mut device, &mut analog, Request::Start), Reply::Done);
    (device, analog)
}

/// What the board answers to a request that arrives now.
fn ask(device: &mut StimulatorDevice, analog: &mut Analog, request: Request) -> Reply {
    let now = analog.now();
    let ticks = (now as f64 / device.tick) as u64;
    let mut hal = OutputStage { stage: &mut device.stage, analog };
    let reply = device.endpoint.board_mut().handle(ticks, &request, &mut hal);
    device.look(now);
    reply
}

fn run_to(device: &mut StimulatorDevice, analog: &mut Analog, to: u64) {
    while let Some(due) = device.next_deadline().filter(|due| *due <= to) {
        analog.advance(due);
        device.on_deadline(due, analog);
    }
    analog.advance(to);
}

/// A stop between the pulses of a pair: the second one is not driven, which is the defect and no short.
#[test]
fn an_output_that_a_stop_has_cut_is_no_short_lead() {
    let pairs = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program() };
    for defect in [DefectKind::TruncatedPulseOnStop, DefectKind::StopBetweenPhases] {
        let (mut device, mut analog) = started(defect, pairs);
        // The first pulse lasts from 0.1 ms to 0.3 ms, the second one is due at 10.1 ms.
        run_to(&mut device, &mut analog, 5_000_000);
        assert_eq!(ask(&mut device, &mut analog, Request::Stop), Reply::Done);
        run_to(&mut device, &mut analog, 50_000_000);
        assert!(analog.truth().last_driven.is_some_and(|at| at < 1_000_000), "{defect:?}: it was cut");
        let status = device.endpoint.board().status();
        assert_eq!((status.state, status.fault), (State::Idle, FaultCode::None), "{defect:?}");
        assert_eq!(ask(&mut device, &mut analog, Request::Start), Reply::Done);
        run_to(&mut device, &mut analog, 51_000_000);
        assert!(analog.truth().last_driven.is_some_and(|at| at > 50_000_000), "{defect:?}: it starts again");
    }
}

/// 50 ms after its fault it runs again, unless it was stopped within them.
#[test]
fn what_was_stopped_does_not_start_again_with_its_fault_forgotten() {
    for stopped in [false, true] {
        let (mut device, mut analog) = started(DefectKind::NoLatch, program());
        analog.short(0, 1, true);
        run_to(&mut device, &mut analog, 10_000_000);
        assert_eq!(device.endpoint.board().status().fault, FaultCode::ShortLead);
        if stopped {
            assert_eq!(ask(&mut device, &mut analog, Request::Stop), Reply::Done);
        }
        analog.short(0, 1, false);
        run_to(&mut device, &mut analog, 70_000_000);
        let expected = if stopped { State::Latched } else { State::Running };
        assert_eq!(device.endpoint.board().status().state, expected, "stopped: {stopped}");
    }
}

/// 300 Ω and 450 Ω from two contacts to a node that lies 188 Ω from the case.
fn star() -> Phantom {
    let one = r1k();
    let resistor = |value, from, to| Element { value, from, to, ..one.elements[0].clone() };
    let contact = |name: &str, node| (name.to_owned(), node);
    Phantom {
        nodes: ["a", "b", "common", "gnd"].map(str::to_owned).to_vec(),
        contacts: vec![contact("e1", 0), contact("e2", 1), contact("case", 3)],
        elements: vec![resistor(300.0, 0, 2), resistor(450.0, 1, 2), resistor(188.0, 2, 3)],
        ..one
    }
}

/// What the case takes back lifts the common node by as much as the first contact's own part of the current makes across its lead:
/// 0.385 · 300 Ω are 0.615 · 188 Ω. That contact stands at the case's voltage, and nothing is shorted.
#[test]
fn an_output_whose_voltage_is_cancelled_by_the_others_is_no_short_lead() {
    let mut shares = [0; MAX_CONTACTS];
    shares[..3].copy_from_slice(&[385_000, -1_000_000, 615_000]);
    let (bench, phantom) = (SimBench::default(), star());
    let mut analog = Analog::new(&bench, &phantom, 1, 1).unwrap();
    analog.interlock(true);
    let mut device = StimulatorDevice::new(&bench, &phantom, 1, &mut analog);
    let steered = Program { shares, ..program() };
    assert!(matches!(ask(&mut device, &mut analog, Request::Load(steered)), Reply::Applied(_)));
    assert_eq!(ask(&mut device, &mut analog, Request::Start), Reply::Done);
    // The leading phase of the first pulse begins within 0.1 ms and lasts for 0.2 ms.
    run_to(&mut device, &mut analog, 200_000);
    assert!(analog.output_voltage().abs() < 0.05, "{}", analog.output_voltage());
    assert!((analog.voltage_between([1, 2]) + 2e-3 * (450.0 + 0.615 * 188.0)).abs() < 0.15);
    run_to(&mut device, &mut analog, 50_000_000);
    assert_eq!(device.endpoint.board().status().fault, FaultCode::None);
    // Between the largest sink and the largest source a short is one.
    analog.short(1, 2, true);
    run_to(&mut device, &mut analog, 70_000_000);
    assert_eq!(device.endpoint.board().status().fault, FaultCode::ShortLead);
}

/// Both sinks stand at −0.74 V against the case. The smaller one shorted to it, −0.52 V are left between the two largest.
#[test]
fn a_short_of_the_smaller_of_two_contacts_is_reported() {
    let mut shares = [0; MAX_CONTACTS];
    shares[..3].copy_from_slice(&[-600_000, -400_000, 1_000_000]);
    for shorted in [0, 1] {
        let (bench, phantom) = (SimBench::default(), star());
        let mut analog = Analog::new(&bench, &phantom, 1, 1).unwrap();
        analog.interlock(true);
        let mut device = StimulatorDevice::new(&bench, &phantom, 1, &mut analog);
        let steered = Program { shares, ..program() };
        assert!(matches!(ask(&mut device, &mut analog, Request::Load(steered)), Reply::Applied(_)));
        assert_eq!(ask(&mut device, &mut analog, Request::Start), Reply::Done);
        run_to(&mut device, &mut analog, 45_000_000);
        assert_eq!(device.endpoint.board().status().fault, FaultCode::None);
        analog.short(shorted, 2, true);
        // Each pulse tells, so no more than a period passes.
        run_to(&mut device, &mut analog, 70_000_000);
        assert_eq!(device.endpoint.board().status().fault, FaultCode::ShortLead, "contact {shorted}");
    }
}
