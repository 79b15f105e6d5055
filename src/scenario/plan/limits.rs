//! Hard limits of the bench and what it can observe.

use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::signal::{Law, Program, Pulse, Recovery, Waveform};
use crate::source::{Diagnostic, Severity};

use super::super::{Action, Case, Criterion, Fault, Measurand, Timeline};
use super::Planned;

/// Shorter phases cannot be told from the front end's own step response on the simulated bench, s.
const SHORTEST_PHASE: f64 = 15e-6;
/// Phases nearer to each other than this touch behind the front end of the simulated bench: their gap would be told as none, and
/// each as wider by half of it; of two pulses it would not be known where one ends and the next begins, s.
const SHORTEST_GAP: f64 = 7e-6;
/// Silence is proved by three periods without a pulse, after every stop: beyond this nobody waits for it, s.
const LONGEST_PERIOD: f64 = 60.0;
/// The most that one case may take, s: a day.
const LONGEST_CASE: f64 = 86_400.0;

pub(super) fn check(case: &Case, rig: &Rig, programs: &[Planned<'_>], problems: &mut Vec<Diagnostic>) {
    for planned in programs {
        program(case, rig, planned, problems);
    }
    let end = Timeline::of(&case.steps).end;
    if end > LONGEST_CASE {
        let (taken, limit) =
            (engineering(end, Dimension::Time, 4), engineering(LONGEST_CASE, Dimension::Time, 4));
        let key = ["duration", "pulses", "steps"].into_iter().find(|key| case.places.has(key));
        let what = format!("the case would take {taken}, more than the {limit} of a day");
        problems.push(case.places.find(key.unwrap_or("program.rate")).error(&what, None));
    }
    cap(case, rig, problems);
    for (index, step) in case.steps.iter().enumerate() {
        let Action::Inject(Fault::OverAmplitude { amplitude }) = &step.action else { continue };
        let place = case.places.find(&format!("steps[{index}].inject.amplitude"));
        let current = |amperes| engineering(amperes, Dimension::Current, 4);
        if *amplitude <= rig.cap {
            let what =
                format!("{} is not above the stimulator's cap of {}", current(*amplitude), current(rig.cap));
            problems.push(place.error(&what, None));
        }
        let over = Program { amplitude: *amplitude, ..case.in_force(index).clone() };
        let charge = |coulombs| engineering(coulombs, Dimension::Charge, 4);
        let (largest, most) = (over.largest_current(), rig.limits.amplitude);
        if largest > most {
            let what = format!("{} is above the bench's limit of {}", current(largest), current(most));
            problems.push(place.error(&what, None));
        }
        // A stimulator that does not refuse it emits it.
        let (phase, most) = (charge_per_phase(&over), rig.limits.charge_per_phase);
        if phase > most * (1.0 + 1e-9) {
            let what = format!(
                "{} in phases of {} is a charge of {}, above the bench's limit of {}",
                current(*amplitude),
                engineering(over.width, Dimension::Time, 4),
                charge(phase),
                charge(most)
            );
            problems.push(place.error(&what, Some("narrower pulses show the same")));
        }
    }
}

/// A limit that a scenario sets in the place of the cap is none that is above it.
fn cap(case: &Case, rig: &Rig, problems: &mut Vec<Diagnostic>) {
    for check in case.checks.iter().filter(|check| check.measurand == Measurand::CapNeverExceeded) {
        let most = match check.criterion {
            Criterion::AtMost(most) | Criterion::Magnitude(most) | Criterion::Between(_, most) => most,
            _ => continue,
        };
        if most > rig.cap * (1.0 + 1e-9) {
            let current = |amperes| engineering(amperes, Dimension::Current, 4);
            let what = format!(
                "this allows {}, and the stimulator's cap is {}: an output above the cap would pass",
                current(most),
                current(rig.cap)
            );
            let help = Some("leave the limit out, and it is the cap");
            problems.push(case.problem(check, "", Severity::Warning, &what, help));
        }
    }
}

/// Of the contact that carries most, C: no share is larger than the whole.
fn charge_per_phase(program: &Program) -> f64 {
    let largest = program.contacts.iter().map(|share| share.share.abs()).fold(0.0, f64::max);
    program.amplitude * program.width * largest
}

fn program(case: &Case, rig: &Rig, planned: &Planned<'_>, problems: &mut Vec<Diagnostic>) {
    let (program, limits) = (planned.program, &rig.limits);
    // What the stimulator makes of it, where that is known here.
    let made = rig.nearest(program, &case.phantom).unwrap_or_else(|_| program.clone());
    let mut exceeds = |key: &str, value: &dyn Fn(&Program) -> f64, limit: f64, dimension, what: &str| {
        let text = |value| engineering(value, dimension, 4);
        let (asked, made) = (value(program), value(&made));
        let above = |value: f64| value > limit * (1.0 + 1e-9);
        let allowed = format!("above the {} that rig `{}` allows", text(limit), rig.name);
        if above(asked) {
            let what = format!("{what} of {} is {allowed}", text(asked));
            problems.push(planned.place(case, key).error(&what, None));
        } else if above(made) {
            let what = format!(
                "{what} of {} becomes {} on this stimulator's steps, {allowed}",
                text(asked),
                text(made)
            );
            let help = "ask for so much less that it is rounded down";
            problems.push(planned.place(case, key).error(&what, Some(help)));
        }
    };
    // The bench's own limit, or the stimulator's cap where that is lower.
    let most = limits.amplitude.min(rig.cap);
    let (key, what) = match program.largest_current() > program.amplitude * (1.0 + 1e-9) {
        true => ("recovery", "a recovery"),
        false => ("amplitude", "an amplitude"),
    };
    exceeds(key, &Program::largest_current, most, Dimension::Current, what);
    let charge = charge_per_phase;
    exceeds("width", &charge, limits.charge_per_phase, Dimension::Charge, "a charge per phase");
    // Nothing takes the charge of a lone phase back, so its mean is the direct current; a recharge is a passive recovery by
    // another name.
    if program.waveform == Waveform::Monophasic
        && program.recovery == Recovery::None
        && program.recharge.is_none()
    {
        let in_a_second = |program: &Program| {
            let pulses = program.pulse_limit().map_or(f64::INFINITY, |pulses| pulses as f64);
            let group = program.pulses_per_period() as f64;
            // The fullest second of slow bursts is that in which one lies.
            let burst = program.burst.map_or(0.0, |burst| group.min(burst.rate));
            (program.rate * group).max(burst).min(pulses)
        };
        exceeds(
            "recovery",
            &|program| charge(program) * in_a_second(program),
            limits.mean_dc,
            Dimension::Current,
            "a mean current over 1 s",
        );
    }
    if let Some(limit) = limits.shannon_k {
        let total = (program.amplitude * program.width).max(made.amplitude * made.width);
        for share in program.contacts.iter().filter(|share| share.share != 0.0) {
            let k = case.phantom.shannon_k(&share.contact, total * share.share.abs());
            let Some(k) = k else { continue };
            if k > limit {
                let what = format!(
                    "Shannon's k of {k:.2} at `{}` is above {limit} of rig `{}`",
                    share.contact, rig.name
                );
                problems.push(planned.place(case, "amplitude").error(&what, None));
            }
        }
    }
    if program.period() > LONGEST_PERIOD {
        let what = format!(
            "a period of {} is longer than the {} within which an output can be shown to be off",
            engineering(program.period(), Dimension::Time, 4),
            engineering(LONGEST_PERIOD, Dimension::Time, 4)
        );
        problems.push(planned.place(case, "rate").error(&what, None));
    }
    let narrowest =
        |pulse: &Pulse| pulse.phases().iter().map(|phase| phase.width).fold(pulse.width, f64::min);
    let shortest = match program.ramp {
        Some(ramp) if ramp.law == Law::Width => narrowest(&program.pulse(0)),
        _ => narrowest(&Program { ramp: None, ..program.clone() }.pulse(0)),
    };
    if rig.is_simulated() && shortest < SHORTEST_PHASE - 1e-12 {
        let what = format!(
            "a phase of {} cannot be observed on this bench, whose filter needs {}",
            engineering(shortest, Dimension::Time, 4),
            engineering(SHORTEST_PHASE, Dimension::Time, 4)
        );
        problems.push(planned.place(case, "width").error(&what, None));
    }
    let between = matches!(program.waveform, Waveform::Biphasic | Waveform::Triphasic);
    if rig.is_simulated() && between && program.gap > 0.0 && program.gap < SHORTEST_GAP - 1e-12 {
        let what = format!(
            "a gap of {} cannot be told from none on this bench, whose filter needs {}",
            engineering(program.gap, Dimension::Time, 4),
            engineering(SHORTEST_GAP, Dimension::Time, 4)
        );
        problems.push(planned.place(case, "gap").error(&what, Some("take none, or a longer one")));
    }
    if rig.is_simulated() {
        apart(case, planned, problems);
    }
}

/// Between two pulses the output rests long enough to be seen at rest. Pulses that overlap have been told of.
fn apart(case: &Case, planned: &Planned<'_>, problems: &mut Vec<Diagnostic>) {
    // What follows the ramp and lies within an on-time: nothing is nearer to each other.
    let plateau = Program { ramp: None, cycle: None, ..planned.program.clone() };
    let group = plateau.pulses_per_period();
    let rest = |before: u64| plateau.start_of(before + 1) - plateau.pulse(before).end();
    // Within a burst or a pair, and from its last pulse to the next one's first.
    let shortest = rest(0).min(rest(group - 1));
    // Periods are written in hertz: what is left of rounding one of them is no rest.
    if !(-1e-9..SHORTEST_GAP - 1e-9).contains(&shortest) {
        return;
    }
    let needs = engineering(SHORTEST_GAP, Dimension::Time, 4);
    let what = if shortest < 1e-9 {
        format!(
            "pulses without a rest between them cannot be told apart on this bench, whose filter needs {needs}"
        )
    } else {
        format!(
            "a rest of {} between pulses cannot be told from none on this bench, whose filter needs {needs}",
            engineering(shortest, Dimension::Time, 4)
        )
    };
    let key = if plateau.burst.is_some() { "burst" } else { "rate" };
    problems.push(planned.place(case, key).error(&what, Some("lower the rate, or the widths")));
}
