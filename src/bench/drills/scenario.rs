//! Random scenarios for drills.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Draws a scenario: its text, whether all of it passes on a clean bench, and how long its steps take, s.
pub(super) fn draw(dice: &mut ChaCha8Rng, number: u64) -> (String, bool, f64) {
    let pick = |dice: &mut ChaCha8Rng, from: &[&'static str]| {
        from.get(dice.random_range(0..from.len())).copied().unwrap_or_default()
    };
    let phantom = pick(dice, &["r500", "r1k", "rc-1k-1u", "scs-lead"]);
    let amplitude: f64 = dice.random_range(0.3..3.0);
    let width: u32 = dice.random_range(60..=300);
    let gap = pick(dice, &["", ", gap: 50 us", ", gap: 100 us"]);
    let rate: u32 = dice.random_range(25..=200);
    let mut text = format!(
        "version: 1\nname: drill {number}\nphantom: {phantom}\n\
         program: {{ amplitude: {amplitude:.2} mA, width: {width} us{gap}, rate: {rate} Hz }}\n"
    );
    if dice.random::<f64>() < 0.6 {
        let length = dice.random_range(0.25..1.2_f64);
        text += &format!(
            "duration: {:.0} ms\nexpect:\n  - amplitude: {{ of: programmed, within: 5 % }}\n\
             \x20 - charge_imbalance: {{ at_most: 5 % }}\n  - missing_pulses: {{ at_most: 0 }}\n",
            length * 1e3
        );
        return (text, true, length);
    }
    text += "steps:\n  - start: {}\n  - wait: 120 ms\n";
    let mut length = 0.12;
    let mut faults: Vec<&str> = Vec::new();
    for _ in 0..dice.random_range(1..=4) {
        match dice.random_range(0..6_u32) {
            0 => text += "  - stop: {}\n  - wait: 60 ms\n  - start: {}\n",
            1 => text += "  - acknowledge: {}\n",
            2 => {
                let fault = pick(
                    dice,
                    &["open-lead, contact: e1", "impedance-step, to: 2 kohm", "brown-out, for: 40 ms"],
                );
                let name = fault.split(',').next().unwrap_or(fault);
                // What is injected already is not injected again.
                if !faults.contains(&name) {
                    text += &format!("  - inject: {{ fault: {fault} }}\n");
                    faults.push(name);
                }
            }
            3 => {
                let silence = dice.random_range(50..=700_u32);
                text += &format!("  - host: {{ silence: {silence} ms }}\n");
                length += f64::from(silence) * 1e-3;
            }
            4 if !faults.is_empty() => {
                let fault = faults.swap_remove(0);
                text += &format!("  - clear: {fault}\n");
            }
            _ => {}
        }
        let wait = dice.random_range(20..=200_u32);
        text += &format!("  - wait: {wait} ms\n");
        length += f64::from(wait) * 1e-3 + 0.06;
    }
    text += "  - stop: {}\n  - wait: 100 ms\nexpect:\n  - cap_never_exceeded: {}\n  - link_errors: { at_most: 100000 }\n";
    (text, false, length + 0.1)
}
