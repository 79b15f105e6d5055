//! What one wants to know before energising, in a few lines.

use crate::quantity::{Dimension, engineering};
use crate::signal::Program;

use super::Prediction;

/// Changes of program that have a line each.
const CHANGES: usize = 8;

/// Program, charge, and the extremes each channel will see.
pub fn summary(prediction: &Prediction) -> String {
    let mut lines = vec![prediction.name.clone()];
    lines.extend(pulses(prediction));
    lines.extend(prediction.again.map(|again| {
        let times = if again.starts == 1 { "once".to_owned() } else { format!("{} times", again.starts) };
        format!(
            "starts again {times} after the first stop, at {}: up to {}, charge per phase up to {}; not in the other lines",
            time(again.first),
            current(again.current),
            charge(again.charge)
        )
    }));
    let currents = prediction.contacts.iter().zip(&prediction.currents);
    let voltages = prediction.senses.iter().zip(&prediction.voltages);
    let currents = currents.map(|channel| (channel, Dimension::Current));
    let channels = currents.chain(voltages.map(|channel| (channel, Dimension::Voltage)));
    for (((name, plane), dimension), (low, high)) in channels.zip(&prediction.extremes) {
        let shown = |value: f64| engineering(value, dimension, 4);
        let last = plane.last().copied().unwrap_or(0.0);
        lines.push(format!("{name}: {} to {}, {} at the end", shown(*low), shown(*high), shown(last)));
    }
    lines.join("\n  ") + "\n"
}

/// How many pulses of which program, and the largest charge of a phase.
fn pulses(prediction: &Prediction) -> Vec<String> {
    let load = &prediction.load;
    let many = format!("{} pulses in {}", load.pulses, time(prediction.seconds));
    let mut lines = match prediction.programs.as_slice() {
        programs @ [_, _, ..] => {
            let changes = programs.iter().take(CHANGES);
            let mut lines = vec![format!("{many}: up to {}, changes while running", current(load.current))];
            lines
                .extend(changes.map(|(from, program)| format!("  from {}: {}", time(*from), words(program))));
            let more = programs.len().saturating_sub(CHANGES);
            lines.extend((more > 0).then(|| format!("  and {more} more changes")));
            lines
        }
        _ => vec![format!("{many}: {}", words(&prediction.program))],
    };
    let up_to = if load.is_even() { "" } else { "up to " };
    lines.push(format!("charge per phase {up_to}{}", charge(load.charge.1)));
    lines
}

/// `2 mA, 210 µs, gap 100 µs, 14 Hz`.
fn words(program: &Program) -> String {
    let rate = engineering(program.rate, Dimension::Frequency, 4);
    format!("{}, {}, gap {}, {rate}", current(program.amplitude), time(program.width), time(program.gap))
}

fn current(value: f64) -> String {
    engineering(value, Dimension::Current, 4)
}

fn time(value: f64) -> String {
    engineering(value, Dimension::Time, 4)
}

fn charge(value: f64) -> String {
    engineering(value, Dimension::Charge, 4)
}
