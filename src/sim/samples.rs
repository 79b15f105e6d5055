//! What the tests of several devices are plugged into and loaded with.

use stimrig_protocol::MAX_CONTACTS;
use stimrig_protocol::stimulator::{Program, Recovery, Run, Waveform};

use crate::phantom::{Element, ElementKind, Phantom};

/// 1 kohm between `e1` and `case`.
pub(super) fn r1k() -> Phantom {
    let element =
        Element { kind: ElementKind::Resistor, value: 1e3, tolerance: 0.0, measured_u: None, from: 0, to: 1 };
    Phantom {
        name: "r1k".to_owned(),
        hash: String::new(),
        nodes: vec!["a".to_owned(), "gnd".to_owned()],
        contacts: vec![("e1".to_owned(), 0), ("case".to_owned(), 1)],
        elements: vec![element],
        senses: Vec::new(),
        areas: Vec::new(),
        source: None,
    }
}

/// Mirrored pulses of 2 mA for 200 us and back after 50 us, at 50 Hz until they are stopped.
pub(super) fn program() -> Program {
    let mut shares = [0; MAX_CONTACTS];
    let [active, back, ..] = &mut shares;
    (*active, *back) = (-1_000_000, 1_000_000);
    Program {
        waveform: Waveform::Biphasic,
        anodic: false,
        amplitude: 2_000_000_000,
        width: 200_000,
        gap: 50_000,
        recovery: Recovery::Mirrored,
        recharge: None,
        period: 20_000_000_000,
        ramp: None,
        burst: None,
        cycle: None,
        shares,
        run: Run::UntilStopped,
    }
}
