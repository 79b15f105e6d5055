//! The picture of a prediction: the whole of it, and the first pulse.

use crate::plot::{Band, Colour, Figure, PALETTE, Panel, Series};
use crate::quantity::{Dimension, engineering};

use super::{Prediction, summary};

/// Shades of the phases: greys, because every colour is that of a contact or of a sense.
const CATHODIC: Colour = (34, 34, 34);
const ANODIC: Colour = (110, 110, 110);
const RECHARGE: Colour = (80, 80, 80);

/// Currents and voltages of the first pulse, and of the whole.
pub fn figure(prediction: &Prediction) -> Figure {
    let whole = (0.0, (prediction.rows().max(2) - 1) as f64 / prediction.rate);
    let first = prediction.program.pulse(0);
    // The first pulse with as much of what follows as shows how the electrode relaxes.
    let active = first.recharge.map_or(first.end(), |(start, duration)| start + duration);
    let zoom = (0.0, (1.6 * active).min(whole.1));
    let panel =
        |title: &str, unit: &str, names: &[String], planes: &[Vec<f64>], window: (f64, f64), shaded: bool| {
            Panel {
                title: title.to_owned(),
                unit: unit.to_owned(),
                window: Some(window),
                series: series(prediction, names, planes, if unit == "A" { 0 } else { 2 }),
                bands: if shaded { bands(prediction) } else { Vec::new() },
                ..Panel::default()
            }
        };
    let (contacts, currents) = (&prediction.contacts, &prediction.currents);
    let (senses, voltages) = (&prediction.senses, &prediction.voltages);
    let mut panels =
        vec![panel("current into each contact, first pulse", "A", contacts, currents, zoom, true)];
    if !senses.is_empty() {
        panels.push(panel("voltage, first pulse", "V", senses, voltages, zoom, true));
    }
    if whole.1 > 1.5 * zoom.1 {
        panels.push(panel("current, whole run", "A", contacts, currents, whole, false));
        if !senses.is_empty() {
            panels.push(panel("voltage, whole run", "V", senses, voltages, whole, false));
        }
    }
    Figure {
        title: prediction.name.clone(),
        subtitle: format!(
            "predicted from the program, {} sampled at {}; positive current flows out of the stimulator into the contact",
            engineering(prediction.seconds, Dimension::Time, 4),
            engineering(prediction.rate, Dimension::Frequency, 6)
        ),
        panels,
        notes: summary(prediction).lines().skip(1).map(str::to_owned).collect(),
    }
}

fn series(prediction: &Prediction, names: &[String], planes: &[Vec<f64>], colour: usize) -> Vec<Series> {
    let one = |(at, (name, plane)): (usize, (&String, &Vec<f64>))| Series {
        name: name.clone(),
        points: plane.iter().enumerate().map(|(n, value)| (n as f64 / prediction.rate, *value)).collect(),
        colour: PALETTE.get((colour + at) % PALETTE.len()).copied().unwrap_or_default(),
        ..Series::default()
    };
    names.iter().zip(planes).enumerate().map(one).collect()
}

fn bands(prediction: &Prediction) -> Vec<Band> {
    let pulse = prediction.program.pulse(0);
    let phase = |phase: &crate::signal::Phase| Band {
        from: phase.start,
        to: phase.end(),
        colour: if phase.current > 0.0 { ANODIC } else { CATHODIC },
        label: if phase.current > 0.0 { "anodic".to_owned() } else { "cathodic".to_owned() },
    };
    let mut bands: Vec<Band> = pulse.phases().iter().map(phase).collect();
    bands.extend(pulse.recharge.map(|(start, duration)| Band {
        from: start,
        to: start + duration,
        colour: RECHARGE,
        label: "recharge".to_owned(),
    }));
    bands
}
