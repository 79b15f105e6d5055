//! Overshoot, droop and transition time: the shape of a phase.

use crate::measure::{Input, Measured, Nonlinearity, PhaseRow, PulseRow, ShapeRow};
use crate::signal::Pulse;

use super::super::{Found, Reason, Unit, Units, View};
use super::amplitude::{chosen, missing_phase};

/// Below this multiple of the filter's own transition an edge is only known to be faster than can be told.
const RESOLVED: f64 = 1.2;

/// Extreme less level over the step from the baseline, freed of what the filter adds and of what it hides.
pub(super) fn overshoot(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    phases(view, units, |row, phase, shape| {
        let top = height(view, row, phase);
        let seen = f64::from(shape.excess) / top.abs();
        // The larger of nothing and what is no number would be nothing.
        if !seen.is_finite() {
            return None;
        }
        let edge = &view.recording.front_end.edge;
        let own = edge.overshoot * f64::from(shape.step) / top;
        let part = edge.seen(f64::from(shape.half) / view.rate());
        let passed = (seen - own.abs()).max(0.0);
        let value = passed / part;
        let mut inl = Nonlinearity::of(&view.calibration);
        let (level, sign) = (f64::from(phase.level), top.signum());
        inl.add(level + sign * f64::from(shape.excess), 1.0);
        inl.add(level, -1.0);
        let budget = vec![
            // The largest of some twenty samples: about two deviations above their mean.
            Input::noise("noise", 2.0 * view.noise() / top.abs() / part),
            inl.input(view.calibration.inl, 1.0 / top),
            Input::rectangular("filter's own overshoot", own),
            // An excess of another shape than an exponential's is hidden to another part.
            Input::rectangular("what the filter hides", 0.5 * (value - passed)),
        ];
        value.is_finite().then(|| Measured::new(value, budget))
    })
}

/// How far the top sinks between 10 % and 90 % of the phase, by the straight line through it.
pub(super) fn droop(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let settling = view.settling() as f64;
    phases(view, units, |row, phase, shape| {
        let n = f64::from(shape.count);
        let width = f64::from(phase.end - phase.start);
        let (early, late) = (f64::from(shape.top.0), f64::from(shape.top.1));
        let base = view.baseline(row, 0.5 * f64::from(phase.start + phase.end));
        let top = early - base.value;
        let value = (early - late) / top;
        let mut inl = Nonlinearity::of(&view.calibration);
        inl.add(early, 1.0 - value);
        inl.add(late, -1.0);
        inl.add(base.value, value);
        // Standard uncertainty of the slope of a line through n samples: σ·√(12/n³).
        let noise = 0.8 * width * view.noise() * (12.0 / n.powi(3)).sqrt();
        let mut budget = vec![
            Input::noise("noise", noise / top),
            inl.input(view.calibration.inl, 1.0 / top),
            Input::noise("baseline", value * base.noise / top),
        ];
        if base.offset > 0.0 {
            budget.push(Input::common("offset", value * base.offset / top));
        }
        if 0.1 * width < settling {
            // The line begins where the edge has settled to 1e-4 and is carried back to 10 %.
            budget.push(Input::rectangular("settling", 1e-4 * settling / (0.1 * width)));
        }
        (n > 0.0 && value.is_finite()).then(|| Measured::new(value, budget))
    })
}

/// t90 − t10 of each pulse's leading edge, the filter's own removed in quadrature.
pub(super) fn transition_time(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let edge = view.recording.front_end.edge;
    each(
        view,
        units,
        |k, _| k == 0,
        |row, phase, shape| {
            let seen = f64::from(shape.transition) / view.rate();
            let own = edge.transition;
            // An edge that never reaches 90 % has no duration.
            if !seen.is_finite() {
                return None;
            }
            if seen < RESOLVED * own {
                let bound = (RESOLVED * RESOLVED - 1.0).sqrt() * own;
                // A single bounded line has U = 1.645·a/√3: this one makes U the bound itself.
                let unresolved = Input::rectangular("filter", bound * 3_f64.sqrt() / 1.645);
                let measured = Measured::new(bound, vec![unresolved]);
                return Some(Unit { upper_bound: Some(bound), ..Unit::of(measured) });
            }
            let value = (seen * seen - own * own).sqrt();
            // A straight or an exponential edge leaves 10 to 90 % at a slope of at least a fifth of the step in its time.
            let slope = 0.2 * height(view, row, phase).abs() / (seen * view.rate());
            let jitter = (4.0_f64 / 3.0).sqrt() * view.noise() / slope / view.rate();
            let [shared, free] = view.by_phase(Input::common("edge interpolation", edge.spread));
            let clock = Input::common("clock", view.recording.setup.clock_u * value);
            let budget = vec![clock, shared, free, Input::noise("noise", jitter)];
            let mut budget: Vec<Input> = budget.into_iter().map(|line| line.scaled(seen / value)).collect();
            // Quadrature is exact for Gaussian edges; straight and exponential ones stray by up to a tenth of the filter's.
            budget.push(Input::rectangular("filter removed", 0.1 * own));
            Some(Unit::of(Measured::new(value, budget)))
        },
    )
}

/// Height of a phase over the baseline, codes, signed.
fn height(view: &View<'_>, row: &PulseRow, phase: &PhaseRow) -> f64 {
    f64::from(phase.level) - view.baseline(row, 0.5 * f64::from(phase.start + phase.end)).value
}

/// One unit per phase that the check means.
fn phases(
    view: &View<'_>,
    units: &mut Units<'_>,
    measure: impl Fn(&PulseRow, &PhaseRow, &ShapeRow) -> Option<Measured>,
) -> Result<(), Reason> {
    let wanted = |k: usize, asked: &Pulse| chosen(view.check.phase, asked).any(|chosen| chosen == k);
    each(view, units, wanted, |row, phase, shape| measure(row, phase, shape).map(Unit::of))
}

fn each(
    view: &View<'_>,
    units: &mut Units<'_>,
    wanted: impl Fn(usize, &Pulse) -> bool,
    measure: impl Fn(&PulseRow, &PhaseRow, &ShapeRow) -> Option<Unit>,
) -> Result<(), Reason> {
    let window = view.window()?;
    let mut short = false;
    let mut shapes = view.contact.shapes.iter();
    for row in view.pulses(window)? {
        let shapes = shapes.at(row.number).ok_or(Reason::NoShape)?;
        let asked = view.program_at(&row).pulse(0);
        for k in (0..asked.phases().len()).filter(|k| wanted(*k, &asked)) {
            let (at, phase) = match view.found(window, &row, &asked, k)? {
                Found::At(at, phase) => (at, phase),
                Found::Cut => continue,
                Found::Absent(_) => return Err(Reason::LacksPhase { pulse: row.number }),
            };
            let Some(shape) = shapes.get(at) else { continue };
            let Some(unit) = measure(&row, phase, shape) else {
                short = true;
                continue;
            };
            units.push(Unit {
                nominal: Some(0.0),
                pulse: Some(row.number as u64),
                time: Some(view.seconds(row.start())),
                clipped: row.flags.clipped,
                ..unit
            });
        }
    }
    // A phase whose shape cannot be told makes the check invalid: the others say nothing about it.
    if short { Err(Reason::ShortTop) } else { missing_phase(view, units) }
}
