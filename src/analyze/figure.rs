//! The picture: what was recorded, with what was read off it.

use crate::measure::Measured;
use crate::plot::{Band, Figure, Level, PALETTE, Panel, Series};
use crate::quantity::Dimension;

use super::measurer::MARGIN;
use super::words::{headline, scope_of_u, shown};
use super::{Analysis, Phase, Pulse, Trace};

/// The figure of one capture: the whole record, and beside a train its first pulse.
pub fn figure(analysis: &Analysis) -> Figure {
    let mut panels = Vec::new();
    let pulses = &analysis.pulses;
    let whole = (analysis.t0, analysis.t0 + (analysis.samples.max(1) - 1) as f64 / analysis.sample_rate);
    // Around the first pulse, with a part of its length before and after, where that shows more than the whole record.
    let first = pulses.first();
    let zoom = first.as_ref().map(|first| {
        let at = |sample: f64| analysis.t0 + sample / analysis.sample_rate;
        let (from, to) = (at(first.window.0), at(first.window.1));
        let margin = MARGIN * (to - from);
        ((from - margin).max(whole.0), (to + margin).min(whole.1))
    });
    if pulses.len() > 1 {
        panels.push(current(analysis, whole, "current, whole record", false));
    }
    let view = zoom.unwrap_or(whole);
    let title = if pulses.len() > 1 { "current, first pulse" } else { "current" };
    panels.push(current(analysis, view, title, true));
    if let Some(trace) = &analysis.channels.voltage {
        panels.push(voltage(analysis, trace, first.as_ref(), view));
    }
    if pulses.len() == 1 && view != whole {
        panels.push(current(analysis, whole, "current, whole record", false));
    }
    let mut notes: Vec<String> = analysis
        .findings
        .iter()
        .map(|finding| format!("! {}: {}", finding.code.name(), finding.message))
        .collect();
    if let Some(pulse) = &first {
        let resistance = pulse
            .access_resistance
            .as_ref()
            .map(|r| format!(" · access {}", shown(r, Dimension::Resistance, pulse.voltage_clipped)));
        notes.push(format!(
            "net charge {} · imbalance {} of the leading phase{}",
            shown(&pulse.net_charge, Dimension::Charge, pulse.is_clipped()),
            shown(&pulse.charge_imbalance, Dimension::Ratio, pulse.is_clipped()),
            resistance.unwrap_or_default(),
        ));
        notes.push(scope_of_u(analysis));
    }
    let count = match pulses.len() {
        0 => "no pulse found".to_owned(),
        1 => "1 pulse".to_owned(),
        many => format!("{many} pulses"),
    };
    Figure {
        title: analysis.file.clone(),
        subtitle: format!("{} · {count}", headline(analysis)),
        panels,
        notes,
    }
}

/// The trace in a window: the first pulse where that is what it shows.
fn series(trace: &Trace, first: bool, colour: usize) -> Series {
    Series {
        name: trace.name.clone(),
        points: if first && !trace.first.is_empty() { &trace.first } else { &trace.whole }.clone(),
        colour: PALETTE.get(colour).copied().unwrap_or_default(),
        ..Series::default()
    }
}

fn bands(analysis: &Analysis, window: (f64, f64), labelled: bool) -> Vec<Band> {
    let at = |sample: f64| analysis.t0 + sample / analysis.sample_rate;
    let band = |phase: &Phase| Band {
        from: at(phase.edges.start),
        to: at(phase.edges.end),
        colour: PALETTE.get(usize::from(phase.polarity > 0)).copied().unwrap_or_default(),
        label: match (labelled, phase.polarity) {
            (false, _) => String::new(),
            (true, -1) => "cathodic".to_owned(),
            (true, _) => "anodic".to_owned(),
        },
    };
    // Beyond some hundred pulses the shading is a grey wall.
    analysis
        .pulses
        .iter()
        .take(200)
        .flat_map(|pulse| pulse.phases)
        .map(|phase| band(&phase))
        .filter(|band| band.to >= window.0 && band.from <= window.1)
        .collect()
}

fn current(analysis: &Analysis, window: (f64, f64), title: &str, labelled: bool) -> Panel {
    let at = |sample: f64| analysis.t0 + sample / analysis.sample_rate;
    let mut levels = Vec::new();
    if let Some(pulse) = analysis.pulses.first().filter(|_| labelled) {
        for phase in &pulse.phases {
            levels.extend(dimensions(phase, analysis.rest, &at));
        }
        levels.extend(gap(&pulse, analysis.rest, &at));
    }
    Panel {
        title: format!("{title} (`{}`)", analysis.channels.current.name),
        unit: "A".to_owned(),
        window: Some(window),
        series: vec![series(&analysis.channels.current, labelled, 0)],
        bands: bands(analysis, window, labelled),
        levels,
        ..Panel::default()
    }
}

/// The level of a phase and, at half of it, its width.
fn dimensions(phase: &Phase, rest: f64, at: &impl Fn(f64) -> f64) -> [Level; 2] {
    let signed = f64::from(phase.polarity) * phase.amplitude.value;
    let (from, to) = (at(phase.edges.start), at(phase.edges.end));
    let level = Measured { value: signed, ..phase.amplitude.clone() };
    let amplitude = shown(&level, Dimension::Current, phase.clipped);
    let width = shown(&phase.width, Dimension::Time, phase.clipped);
    [
        Level { from, to, y: rest + signed, label: amplitude, bars: false },
        Level { from, to, y: rest + 0.5 * signed, label: width, bars: true },
    ]
}

fn gap(pulse: &Pulse, rest: f64, at: &impl Fn(f64) -> f64) -> Option<Level> {
    let (first, second) = (pulse.phases.first()?, pulse.phases.get(1)?);
    let gap = pulse.gap.as_ref().filter(|gap| gap.value > 0.0)?;
    // Drawn off the trace, on the side of the second phase.
    let y = rest + 0.12 * f64::from(second.polarity) * second.amplitude.value;
    let (from, to) = (at(first.edges.end), at(second.edges.start));
    let label = format!("gap {}", shown(gap, Dimension::Time, pulse.is_clipped()));
    Some(Level { from, to, y, label, bars: true })
}

fn voltage(analysis: &Analysis, trace: &Trace, pulse: Option<&Pulse>, window: (f64, f64)) -> Panel {
    let mut title = format!("voltage (`{}`)", trace.name);
    if let Some(pulse) = pulse {
        let parts = [("access voltage", &pulse.access_voltage), ("polarization", &pulse.polarization)];
        for (what, estimate) in parts {
            if let Some(estimate) = estimate {
                title.push_str(&format!(
                    " · {what} {}",
                    shown(estimate, Dimension::Voltage, pulse.voltage_clipped)
                ));
            }
        }
    }
    Panel {
        title,
        unit: "V".to_owned(),
        window: Some(window),
        series: vec![series(trace, true, 2)],
        bands: bands(analysis, window, false),
        ..Panel::default()
    }
}
