//! A phantom keeps what a run, or a test current, left on its capacitors. It is shorted until nothing is left.

use crate::phantom::{Circuit, Output, Phantom};
use crate::scenario::Fault;

use super::halt::Halt;
use super::session::Session;

/// This many time constants leave less than 1 %: what `measurands.md` calls relaxed.
const RELAXED: f64 = 5.0;
/// This many leave 1e-6 of the volt that a test current may have put there: less than any residual voltage resolves. Waited
/// for where the time allows.
const GONE: f64 = 14.0;
/// Shorter is not worth two relay actions, longer is not worth waiting for, s.
const RANGE: (f64, f64) = (0.02, 10.0);

/// Shorts the phantom's contacts together through the load's relays, with the stimulator disconnected. Returns whether
/// that was long enough for every capacitor. A load without such relays leaves it as it is.
///
/// # Errors
/// As [`Session::pass`], and when the load refuses.
pub(super) async fn discharge(session: &mut Session<'_>, phantom: &Phantom) -> Result<bool, Halt> {
    let longest = longest_time_constant(phantom);
    if !session.bench.capabilities.can("short-lead") {
        // A phantom without capacitors has nothing to keep.
        return Ok(longest == 0.0);
    }
    if let Some(((last, _), others)) = phantom.contacts.split_last() {
        for (contact, _) in others {
            let between = (contact.clone(), last.clone());
            session.instruments.switches()?.inject(&Fault::ShortLead { between }).await?;
        }
        session.pass_seconds((GONE * longest).clamp(RANGE.0, RANGE.1)).await?;
        session.instruments.switches()?.clear("short-lead").await?;
    }
    Ok(RELAXED * longest <= RANGE.1)
}

/// With all contacts shorted, s.
fn longest_time_constant(phantom: &Phantom) -> f64 {
    let output = Output { sense_input: None, ..Output::default() };
    let Ok(mut circuit) = Circuit::new(phantom, output) else { return f64::INFINITY };
    circuit.set_interlock(false);
    for contact in 1..phantom.contacts.len() {
        circuit.short(contact - 1, contact, true);
    }
    // A series capacitor that hangs in the air with the stimulator disconnected has no time constant to wait for.
    circuit.time_constants().filter(|tau| tau.is_finite()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::{Element, ElementKind};

    #[test]
    fn an_interface_discharges_through_its_access_resistance() {
        let element =
            |kind, value, from, to| Element { kind, value, tolerance: 0.0, measured_u: None, from, to };
        let phantom = Phantom {
            name: "rc".to_owned(),
            hash: String::new(),
            nodes: vec!["a".to_owned(), "b".to_owned(), "gnd".to_owned()],
            contacts: vec![("e1".to_owned(), 0), ("case".to_owned(), 2)],
            elements: vec![
                element(ElementKind::Resistor, 1e3, 0, 1),
                element(ElementKind::Capacitor, 1e-6, 1, 2),
                element(ElementKind::Resistor, 1e5, 1, 2),
            ],
            senses: Vec::new(),
            areas: Vec::new(),
            source: None,
        };
        // 1 µF through 1 kΩ ∥ 100 kΩ: τ = 0.990 ms.
        assert!((longest_time_constant(&phantom) - 1e-6 / (1e-3 + 1e-5)).abs() < 2e-9);
    }
}
