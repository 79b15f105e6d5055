//! What one wants to know before energising, in a few lines.

use crate::quantity::{Dimension, engineering};

use super::Prediction;

/// Program, charge, and the extremes each channel will see.
pub fn summary(prediction: &Prediction) -> String {
    let program = &prediction.program;
    let pulses = program.pulses_before(prediction.seconds).min(program.pulse_limit().unwrap_or(u64::MAX));
    let (current, time) = (|v| engineering(v, Dimension::Current, 4), |v| engineering(v, Dimension::Time, 4));
    let mut text = format!(
        "{}\n  {pulses} pulses in {}: {}, {}, gap {}, {}\n  charge per phase {}\n",
        prediction.name,
        time(prediction.seconds),
        current(program.amplitude),
        time(program.width),
        time(program.gap),
        engineering(program.rate, Dimension::Frequency, 4),
        engineering(program.amplitude * program.width, Dimension::Charge, 4),
    );
    let extremes =
        |values: &[f64]| values.iter().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
    let channels = [
        (&prediction.contacts, &prediction.currents, Dimension::Current),
        (&prediction.senses, &prediction.voltages, Dimension::Voltage),
    ];
    for (names, planes, dimension) in channels {
        for (name, plane) in names.iter().zip(planes) {
            let (low, high) = extremes(plane);
            let shown = |value| engineering(value, dimension, 4);
            let last = plane.last().copied().unwrap_or(0.0);
            text.push_str(&format!(
                "  {name}: {} to {}, {} at the end\n",
                shown(low),
                shown(high),
                shown(last)
            ));
        }
    }
    text
}
