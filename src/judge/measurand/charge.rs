//! Charge per phase, net charge, imbalance, and what accumulates.

use crate::measure::{Input, Measured, Nonlinearity, PulseRow};
use crate::scenario::{Nominal, WindowKind};
use crate::signal::{Kind, Recovery};

use super::super::level::Charge;
use super::super::{Reason, Unit, View};
use super::amplitude::{chosen, missing_phase};

pub(super) fn charge_per_phase(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.window()?;
    let unit = view.calibration.lsb / view.rate();
    let mut units = Vec::new();
    for (index, row) in view.pulses(window)? {
        let Some(asked) = view.asked(row, view.nominal()) else { continue };
        for k in chosen(view.check.phase, row.phases().len()) {
            let Some(phase) = row.phases().get(k) else { continue };
            let charge = view.phase_charge(row, phase);
            units.push(Unit {
                nominal: match view.nominal() {
                    Nominal::Value(value) => Some(value),
                    _ => asked
                        .phases()
                        .get(k)
                        .map(|phase| phase.current.abs() * phase.width * view.share(row, view.nominal())),
                },
                clipped: row.flags.clipped,
                ..of_row(view, index, row, Measured::new((charge.area * unit).abs(), charge.budget(view)))
            });
        }
    }
    missing_phase(view, units)
}

fn of_row(view: &View<'_>, index: usize, row: &PulseRow, measured: Measured) -> Unit {
    Unit {
        pulse: Some(index as u64),
        time: Some(view.seconds(row.start())),
        clipped: row.flags.clipped,
        ..Unit::of(measured)
    }
}

/// Pulses and their net charge in the window kind of the check.
fn nets<'a>(view: &View<'a>) -> Result<Vec<(usize, &'a PulseRow, Charge)>, Reason> {
    let window = view.window()?;
    Ok(match view.check.window_kind {
        WindowKind::Cycle => view
            .cycles(window)?
            .into_iter()
            .map(|(index, row)| (index, row, view.cycle_charge(row)))
            .collect(),
        WindowKind::Pulse => view
            .pulses(window)?
            .into_iter()
            .map(|(index, row)| (index, row, view.pulse_charge(row)))
            .collect(),
    })
}

pub(super) fn net_charge(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let unit = view.calibration.lsb / view.rate();
    let nominal = match view.nominal() {
        Nominal::Value(value) => value,
        _ => 0.0,
    };
    let units = nets(view)?.into_iter().map(|(index, row, net)| Unit {
        nominal: Some(nominal),
        ..of_row(view, index, row, Measured::new(net.area * unit, net.budget(view)))
    });
    Ok(units.collect())
}

pub(super) fn charge_imbalance(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let by_mean = match view.check.definition.as_deref() {
        None | Some("leading-phase") => false,
        Some("mean-phase") => true,
        Some(other) => return Err(Reason::NotYet(format!("charge_imbalance with definition `{other}`"))),
    };
    let program = &view.case.program;
    let none = program.recovery == Recovery::None && program.recharge.is_none();
    let nominal = match view.nominal() {
        Nominal::Value(value) => value,
        _ if none && program.pulse(0).phases().len() == 1 => program.leading.sign(),
        _ => 0.0,
    };
    let units = nets(view)?.into_iter().filter_map(|(index, row, net)| {
        let measured = imbalance(view, row, &net, by_mean)?;
        Some(Unit { nominal: Some(nominal), ..of_row(view, index, row, measured) })
    });
    Ok(units.collect())
}

/// Qn/|Q1|, or 2 Qn/(|Q1| + |Q2|). Gain, shunt and clock scale both and cancel.
fn imbalance(view: &View<'_>, row: &PulseRow, net: &Charge, by_mean: bool) -> Option<Measured> {
    let programmed = view.case.program.pulse(0);
    let kind = |k: usize| programmed.phases().get(k).map_or(Kind::Recovery, |phase| phase.kind);
    let mut leading = Nonlinearity::default();
    let (mut q1, mut noise1) = (0.0_f64, 0.0_f64);
    for (k, phase) in row.phases().iter().enumerate().filter(|(k, _)| kind(*k) == Kind::Leading) {
        let _ = k;
        let charge = view.phase_charge(row, phase);
        q1 += charge.area;
        leading.add_scaled(&charge.inl, 1.0);
        noise1 = noise1.hypot(charge.noise);
    }
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
    inl.add_scaled(&leading, by_leading / size);
    // The leading phase's samples are part of the net's: their noise is the same noise.
    let rest = (net.noise * net.noise - noise1 * noise1).max(0.0).sqrt();
    let noise = (by_net * rest).hypot((by_net + by_leading) * noise1) / size;
    let mut budget = vec![inl.input(view.calibration.inl, 1.0), Input::noise("noise", noise)];
    if net.offset > 0.0 {
        budget.push(Input::common("offset", by_net * net.offset / size));
    }
    Some(Measured::new(value, budget))
}

/// Largest |running sum of net charges|: every pulse of the run, whole cycles where there is a next pulse.
pub(super) fn accumulated_charge(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    let window = view.whole_run()?;
    let unit = view.calibration.lsb / view.rate();
    let g = view.settling();
    let inside = |row: &PulseRow| row.from + g >= window.from && row.at < window.to;
    let rows = view.contact.pulses.iter().enumerate().filter(|(_, row)| inside(row));
    let mut worst: Option<(f64, Unit)> = None;
    let mut inl = Nonlinearity::default();
    let (mut sum, mut variance, mut offset, mut clipped) = (0.0, 0.0, 0.0, false);
    for (index, row) in rows {
        let cycle = row.cycle_span > 0 && row.from + row.cycle_span <= window.to;
        let net = if cycle { view.cycle_charge(row) } else { view.pulse_charge(row) };
        sum += net.area;
        variance += net.noise * net.noise;
        offset += net.offset;
        clipped |= row.flags.clipped;
        inl.add_scaled(&net.inl, 1.0);
        if worst.as_ref().is_none_or(|(largest, _)| sum.abs() > *largest) {
            let total = Charge { area: sum, inl, noise: f64::sqrt(variance), offset, span: 0.0 };
            let measured = Measured::new(sum * unit, total.budget(view));
            worst = Some((sum.abs(), Unit { clipped, ..of_row(view, index, row, measured) }));
        }
    }
    let seconds = |sample: u64| sample as f64 / view.rate();
    let none = Reason::NoPulse { from: seconds(window.from), to: seconds(window.to) };
    worst.map(|(_, unit)| vec![unit]).ok_or(none)
}
