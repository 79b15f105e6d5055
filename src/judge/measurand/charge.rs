//! Charge per phase, net charge, imbalance, and what accumulates.

use crate::measure::{Input, Measured, Nonlinearity, PulseRow};
use crate::scenario::{Nominal, PhaseChoice, WindowKind};
use crate::signal::{Kind, Program, Recovery, Waveform};

use super::super::level::{Charge, crept};
use super::super::view::Window;
use super::super::{Cycle, Found, Reason, Unit, Units, View};
use super::amplitude::{chosen, missing_phase};

pub(super) fn charge_per_phase(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    driven(view, view.check.phase, units)?;
    if view.check.phase != PhaseChoice::Leading {
        returned(view, view.window()?, units)?;
    }
    missing_phase(view, units)
}

/// Charge of the driven phases, in order of time.
pub(super) fn driven(view: &View<'_>, choice: PhaseChoice, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    let unit = view.calibration.lsb / view.rate();
    for row in view.pulses(window)? {
        let Some(asked) = view.asked(&row, view.nominal()) else { continue };
        if view.is_about_program() {
            view.known(&row, |pulse| pulse.amplitude * pulse.width)?;
        }
        for k in chosen(choice, &asked) {
            let nominal_phase = asked.phases().get(k);
            let (value, budget) = match view.found(window, &row, &asked, k)? {
                Found::Cut => continue,
                // What is not there carries nothing, or too little for as long as the phase was to last.
                Found::Absent(most) => {
                    let most = most * nominal_phase.map_or(0.0, |phase| phase.width);
                    (0.0, vec![Input::rectangular("not found", most)])
                }
                Found::At(_, phase) => {
                    let charge = view.phase_charge(&row, phase);
                    ((charge.area * unit).abs(), charge.budget(view))
                }
            };
            units.push(Unit {
                nominal: match view.nominal() {
                    Nominal::Value(value) => Some(value),
                    _ => nominal_phase
                        .map(|phase| phase.current.abs() * phase.width * view.share(&row, view.nominal())),
                },
                ..of_row(view, &row, Measured::new(value, budget))
            });
        }
    }
    Ok(())
}

/// What a passive recovery takes back: all charge of a cycle but that of its leading phases.
fn returned(view: &View<'_>, window: Window, units: &mut Units<'_>) -> Result<(), Reason> {
    let unit = view.calibration.lsb / view.rate();
    let nominal = match view.nominal() {
        Nominal::Value(value) => Some(value),
        _ => None,
    };
    let passive = |program: &Program| matches!(program.recovery, Recovery::Passive { .. });
    if !view.facts.segments.iter().any(|segment| passive(&segment.programmed)) {
        return Ok(());
    }
    for cycle in view.cycles(window)? {
        if !passive(view.program_at(&cycle.row)) {
            continue;
        }
        let leading = leading(view, &cycle);
        let mut back = view.cycle_charge(&cycle);
        // The leading phases' samples are part of the cycle's: their noise goes out with them.
        let noise = (back.noise.powi(2) - leading.noise.powi(2)).max(0.0).sqrt();
        back.add(&leading, -1.0);
        let back = Charge { noise, ..back };
        let measured = Measured::new((back.area * unit).abs(), back.budget(view));
        units.push(Unit { nominal, ..of_row(view, &cycle.row, measured) });
    }
    Ok(())
}

fn of_row(view: &View<'_>, row: &PulseRow, measured: Measured) -> Unit {
    Unit { clipped: row.flags.clipped, ..view.unit(row, measured) }
}

/// Cycles (or pulses, each as a cycle of its own) and their net charge in the window kind of the check.
fn nets<'a>(view: &View<'a>, mut each: impl FnMut(Cycle<'a>, Charge)) -> Result<(), Reason> {
    let window = view.window()?;
    // What flows where a window begins belongs to it or to the one before: a cycle has as much too little as the next has too much.
    // Both ends of a pulse's window lie apart.
    let cut = |net: Charge, ends: f64| {
        let by_sample = ends.sqrt() * view.contact.cut / 3_f64.sqrt();
        Charge { edge: net.edge.hypot(by_sample), ..net }
    };
    if view.check.window_kind == WindowKind::Cycle {
        for cycle in view.cycles(window)? {
            let net = view.cycle_charge(&cycle);
            each(cycle, cut(net, 1.0));
        }
        return Ok(());
    }
    for row in view.pulses(window)? {
        // What a recharge takes after an active recovery is no part of the pulse.
        let recharged = view.program_at(&row).recharge.is_some();
        let net = if recharged { view.driven_charge(&row) } else { view.pulse_charge(&row) };
        each(Cycle::alone(row, &view.contact.pulses), cut(net, 2.0));
    }
    Ok(())
}

pub(super) fn net_charge(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let unit = view.calibration.lsb / view.rate();
    let nominal = match view.nominal() {
        Nominal::Value(value) => value,
        _ => 0.0,
    };
    nets(view, |cycle, net| {
        let measured = Measured::new(net.area * unit, net.budget(view));
        units.push(Unit { nominal: Some(nominal), ..of_row(view, &cycle.row, measured) });
    })
}

pub(super) fn charge_imbalance(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let by_mean = match view.check.definition.as_deref() {
        None | Some("leading-phase") => false,
        Some("mean-phase") => true,
        Some(other) => {
            return Err(Reason::UnknownDefinition(format!("charge_imbalance with definition `{other}`")));
        }
    };
    let alone = |program: &Program| {
        program.waveform == Waveform::Monophasic
            && program.recovery == Recovery::None
            && program.recharge.is_none()
    };
    let stated = match view.nominal() {
        Nominal::Value(value) => Some(value),
        _ => None,
    };
    nets(view, |cycle, net| {
        let program = view.program_at(&cycle.row);
        let nominal = stated.unwrap_or(if alone(program) { program.leading.sign() } else { 0.0 });
        if let Some(measured) = imbalance(view, &cycle, &net, by_mean) {
            units.push(Unit { nominal: Some(nominal), ..of_row(view, &cycle.row, measured) });
        }
    })
}

/// Charge of all leading phases of a cycle: both outer ones of a triphasic pulse, all of a burst, the first of a pair.
fn leading(view: &View<'_>, cycle: &Cycle<'_>) -> Charge {
    let program = view.program_at(&cycle.row);
    let programmed = program.pulse(0);
    let leads = |k: usize| programmed.phases().get(k).is_some_and(|phase| phase.kind == Kind::Leading);
    let pulses = if program.waveform == Waveform::Alternating { 1 } else { cycle.count };
    let mut all = Charge::default();
    for row in cycle.pulses().take(pulses) {
        for (_, phase) in row.phases().iter().enumerate().filter(|(k, _)| leads(*k)) {
            all.add(&view.phase_charge(&row, phase), 1.0);
        }
    }
    all
}

/// Qn/|Q1|, or 2 Qn/(|Q1| + |Q2|). Gain, shunt and clock scale both and cancel.
fn imbalance(view: &View<'_>, cycle: &Cycle<'_>, net: &Charge, by_mean: bool) -> Option<Measured> {
    let leading = leading(view, cycle);
    let (q1, noise1) = (leading.area, leading.noise);
    if q1 == 0.0 {
        return None;
    }
    // What recovers is whatever is not the leading charge: active phases and a passive recharge alike.
    let q2 = net.area - q1;
    let size = if by_mean { 0.5 * (q1.abs() + q2.abs()) } else { q1.abs() };
    let value = net.area / size;
    // δ(Qn/s) = (δQn − value·δs)/s with s = |Q1|, or the mean of |Q1| and |Q2| = |Qn − Q1|.
    let (by_net, by_leading) = if by_mean {
        (1.0 - 0.5 * value * q2.signum(), -0.5 * value * (q1.signum() - q2.signum()))
    } else {
        (1.0, -value * q1.signum())
    };
    let mut inl = Nonlinearity::default();
    inl.add_scaled(&net.inl, by_net / size);
    inl.add_scaled(&leading.inl, by_leading / size);
    // The leading phase's samples are part of the net's: their noise is the same noise.
    let rest = (net.noise * net.noise - noise1 * noise1).max(0.0).sqrt();
    let noise = (by_net * rest).hypot((by_net + by_leading) * noise1) / size;
    let mut budget = vec![inl.input(view.calibration.inl, 1.0), Input::noise("noise", noise)];
    if net.offset > 0.0 {
        budget.push(Input::common("offset", by_net * net.offset / size));
    }
    budget.extend(crept((by_net * net.creep + by_leading * leading.creep) / size));
    let edge = f64::hypot(by_net * net.edge, by_leading * leading.edge) / size;
    if edge > 0.0 {
        budget.extend(view.by_phase(Input::common("edge interpolation", edge)));
    }
    Some(Measured::new(value, budget))
}

/// Largest |running sum of net charges|: every cycle of the run, one that no other follows to the end of its last pulse. What is
/// uncertain about the sum grows with it, so where it may have been largest is told beside where it was.
pub(super) fn accumulated_charge(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.whole_run()?;
    view.followed(window)?;
    let unit = view.calibration.lsb / view.rate();
    let g = view.settling();
    let inside = |cycle: &Cycle<'_>| cycle.row.from + g >= window.from && cycle.row.at < window.to;
    let mut worst: Option<(f64, Unit)> = None;
    let mut reach: Option<(f64, Unit)> = None;
    let mut total = Charge::default();
    let mut clipped = false;
    for cycle in view.all_cycles().filter(inside) {
        let ends = cycle.whole && cycle.row.from + cycle.row.cycle_span <= window.to;
        let Some(cycle) = (if ends { Some(cycle) } else { cycle.until(window.to) }) else { continue };
        total.add(&view.cycle_charge(&cycle), 1.0);
        clipped |= cycle.row.flags.clipped;
        let measured = Measured::new(total.area * unit, total.budget(view));
        let (largest, reaches) = (measured.value.abs(), measured.value.abs() + measured.expanded());
        let exceeds = |held: &Option<(f64, Unit)>, by: f64| held.as_ref().is_none_or(|(most, _)| by > *most);
        let (farther, larger) = (exceeds(&reach, reaches), exceeds(&worst, largest));
        if !farther && !larger {
            continue;
        }
        let unit = Unit { clipped, ..of_row(view, &cycle.row, measured) };
        if farther {
            reach = Some((reaches, unit.clone()));
        }
        if larger {
            worst = Some((largest, unit));
        }
    }
    let ((_, worst), (_, reach)) = worst.zip(reach).ok_or_else(|| view.no_pulse(window))?;
    let elsewhere = worst.pulse != reach.pulse;
    units.push(worst);
    if elsewhere {
        units.push(reach);
    }
    Ok(())
}
