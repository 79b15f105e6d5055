//! The board in its world: what its deadlines are, and that they end.

use stimrig_protocol::stimulator::{Reply, State};

use super::*;
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
