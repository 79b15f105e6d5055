//! The program nearest to another that a described device can be told.

use crate::quantity::{Dimension, engineering};
use crate::rig::device::{Features, Impossible, Pairs};
use crate::signal::{Program, Recovery, Run, Waveform};

use super::{Field, Template};

/// Parts of a step by which a value may be off without being another value.
const SAME: f64 = 1e-6;

/// The value of a field in a program, in its SI base unit.
pub fn value(program: &Program, field: Field) -> f64 {
    match field {
        Field::Amplitude => program.amplitude,
        Field::Width => program.width,
        Field::Gap => program.gap,
        Field::Rate => program.rate,
        Field::Period => program.period(),
        Field::Pulses => match program.run {
            Run::UntilStopped => 0.0,
            _ => program.pulse_limit().unwrap_or(0) as f64,
        },
        Field::Duration => match program.run {
            Run::UntilStopped => 0.0,
            Run::Duration(duration) => duration,
            Run::Pulses(pulses) => pulses as f64 * program.period(),
        },
        Field::Ramp => program.ramp.map_or(0.0, |ramp| ramp.up),
    }
}

/// The key under `program:` that a field belongs to.
fn key(field: Field) -> &'static str {
    match field {
        Field::Period => "rate",
        other => other.name(),
    }
}

/// The nearest program, as the device will emit it.
///
/// # Errors
/// Everything that the device cannot be told, or does otherwise by itself.
pub fn nearest(template: &Template, program: &Program, pairs: &Pairs) -> Result<Program, Vec<Impossible>> {
    let mut problems = lacking(template, program);
    problems.extend(unlike(template, program));
    problems.extend(wired(program, pairs));
    let mut nearest = program.clone();
    for (name, field, dimension) in Field::ALL {
        let quantity = Asked { name, field: *field, dimension: *dimension, value: value(program, *field) };
        match template.number(*field) {
            Some(number) => {
                let (made, wrong) = quantity.rounded(template, number.step());
                problems.extend(wrong);
                set(&mut nearest, *field, made);
            }
            None => problems.extend(quantity.unchangeable(template, program.waveform)),
        }
    }
    sendable(template, &nearest, &mut problems);
    if template.fixed.recharge && problems.is_empty() {
        recharged(template, &mut nearest, program, &mut problems);
    }
    if problems.is_empty() { Ok(nearest) } else { Err(problems) }
}

/// What no command of the template can express.
fn lacking(template: &Template, program: &Program) -> Vec<Impossible> {
    let can = |field| template.number(field).is_some();
    let features = Features {
        triphasic: true,
        alternating: true,
        ratio: true,
        monophasic: true,
        recharge: true,
        ramp: can(Field::Ramp),
        ..Features::default()
    };
    let mut problems = features.lacking(program, "the device of this template");
    let ends = can(Field::Pulses) || can(Field::Duration);
    if program.run != Run::UntilStopped && !ends {
        let key = if matches!(program.run, Run::Pulses(_)) { "pulses" } else { "duration" };
        let what = "the device of this template runs until it is stopped";
        problems.push(Impossible::new(key, what).but("let the steps stop it: start, wait, stop"));
    }
    problems
}

/// What the device always does, and the program asks for otherwise.
fn unlike(template: &Template, program: &Program) -> Vec<Impossible> {
    let fixed = &template.fixed;
    let mut problems = Vec::new();
    let mut differs = |key: &'static str, what: &str| {
        problems.push(Impossible::new(key, format!("the device of this template {what}")));
    };
    if program.waveform != fixed.waveform {
        differs("waveform", &format!("emits {:?} pulses only", fixed.waveform).to_lowercase());
    }
    if program.leading != fixed.leading {
        differs("leading", &format!("leads with the {:?} phase", fixed.leading).to_lowercase());
    }
    if program.recovery != fixed.recovery {
        differs("recovery", "recovers charge in its own way, stated as `fixed`");
    }
    if program.ramp.is_some_and(|ramp| ramp.law != fixed.law) {
        differs("ramp", "ramps by another law, stated as `fixed`");
    }
    problems
}

/// Contacts that its one output does not reach.
fn wired(program: &Program, pairs: &Pairs) -> Option<Impossible> {
    match pairs.split(program) {
        Err(problem) => Some(problem),
        Ok(outputs) if !matches!(outputs.as_slice(), [(0, factor)] if (factor - 1.0).abs() < 1e-9) => {
            let what = "the device of this template has one output, from the first contact of `outputs` to the second";
            Some(Impossible::new("contacts", what))
        }
        Ok(_) => None,
    }
}

/// A number that a program asks for.
struct Asked {
    name: &'static str,
    field: Field,
    dimension: Dimension,
    value: f64,
}

impl Asked {
    fn impossible(&self, what: String) -> Impossible {
        Impossible::new(key(self.field), what)
    }

    /// Whether a train need not have it, so that 0 says that it has none.
    fn is_optional(&self) -> bool {
        matches!(self.field, Field::Pulses | Field::Duration | Field::Ramp)
    }

    /// What is made of it in so large steps, and why it cannot be.
    fn rounded(&self, template: &Template, step: f64) -> (f64, Vec<Impossible>) {
        let (name, asked, dimension) = (self.name, self.value, self.dimension);
        let mut problems = Vec::new();
        let steps = (asked / step).round();
        let made = if (asked / step - steps).abs() < SAME { asked } else { steps * step };
        let range = template.ranges.iter().find(|(own, ..)| *own == self.field);
        if let Some((_, least, most)) = range
            && !(least - SAME * step..=most + SAME * step).contains(&made)
            && !(asked == 0.0 && self.is_optional())
        {
            problems.push(self.impossible(format!(
                "a {name} of {} is outside {} to {}, what the device of this template takes",
                shown(asked, dimension),
                shown(*least, dimension),
                shown(*most, dimension)
            )));
        }
        if made == 0.0 && asked != 0.0 {
            problems.push(self.impossible(format!(
                "a {name} of {} is less than half a step of {}",
                shown(asked, dimension),
                shown(step, dimension)
            )));
        }
        (made, problems)
    }

    /// Why it cannot be, where no command carries it: the device has its own.
    fn unchangeable(&self, template: &Template, waveform: Waveform) -> Option<Impossible> {
        let mut stated = template.fixed.numbers.iter();
        let stated = stated.find(|(own, _)| *own == self.field).map(|(_, value)| *value);
        let own = stated.or((self.field == Field::Gap).then_some(0.0))?;
        // A lone phase has no gap behind it.
        let lone = matches!(waveform, Waveform::Monophasic | Waveform::Alternating);
        let optional = self.is_optional() || (self.field == Field::Gap && lone);
        let differs = !optional && (own - self.value).abs() > SAME * own.abs().max(1e-12);
        differs.then(|| {
            self.impossible(format!(
                "the device of this template has a {} of {}, which no command changes",
                self.name,
                shown(own, self.dimension)
            ))
        })
    }
}

/// What the messages cannot carry: a number beyond its format would be sent as another one, and a train that is to end after a
/// number of pulses would end elsewhere.
fn sendable(template: &Template, nearest: &Program, problems: &mut Vec<Impossible>) {
    for (number, format) in template.load.iter().flat_map(|exchange| exchange.send.sized()) {
        let (field, asked) = (number.field, value(nearest, number.field));
        let (units, (least, most)) = ((asked / number.unit).round(), format.range());
        if !(least as f64..=most as f64).contains(&units) {
            let (name, dimension) = (field.name(), field.dimension());
            let what = format!(
                "a {name} of {} is {units} in the units of the template, and its {} byte(s) hold {least} to {most}",
                shown(asked, dimension),
                format.bytes
            );
            let help = "ask for less, or state a larger `as` or `step` in the template";
            problems.push(Impossible::new(key(field), what).but(help));
        }
    }
    // A number that a second command repeats in coarser steps would be another one there.
    for number in template.load.iter().flat_map(|exchange| exchange.send.numbers()) {
        let Some(first) = template.number(number.field).filter(|first| first.step() != number.step()) else {
            continue;
        };
        let (asked, step, dimension) =
            (value(nearest, number.field), number.step(), number.field.dimension());
        if (asked / step - (asked / step).round()).abs() >= SAME.max(1e-12 * asked / step) {
            let what = format!(
                "a {} of {} is sent twice, in steps of {} and of {}, and would be two",
                number.field.name(),
                shown(asked, dimension),
                shown(first.step(), dimension),
                shown(step, dimension)
            );
            let help = "ask for what both steps can tell, or send both in the same steps";
            problems.push(Impossible::new(key(number.field), what).but(help));
        }
    }
    for field in [Field::Pulses, Field::Duration] {
        let Some(number) = template.number(field) else { continue };
        let (asked, step) = (value(nearest, field), number.step());
        let off = (asked / step - (asked / step).round()).abs() >= SAME;
        // A duration that was asked for is on its step by now.
        if off {
            let what = format!(
                "a {} of {} is no whole number of steps of {}: the train would end elsewhere",
                field.name(),
                shown(asked, field.dimension()),
                shown(step, field.dimension())
            );
            let key = if matches!(nearest.run, Run::Pulses(_)) { "pulses" } else { "duration" };
            problems.push(Impossible::new(key, what));
        }
    }
}

/// A device that connects its outputs from the end of each phase or pulse to the next.
fn recharged(template: &Template, nearest: &mut Program, program: &Program, problems: &mut Vec<Impossible>) {
    let plain = Program { recharge: None, ..nearest.clone() };
    let rest = plain.pulse(1).start - plain.pulse(0).end();
    let until_next = |asked: f64| (asked - rest).abs() <= 1e-6;
    match program.recharge {
        Some(asked) if !until_next(asked) => problems.push(Impossible::new(
            "recharge",
            format!(
                "the device of this template connects its outputs until the next phase, here for {}",
                shown(rest, Dimension::Time)
            ),
        )),
        _ if matches!(template.fixed.recovery, Recovery::Passive { .. }) => {}
        _ => nearest.recharge = Some(rest),
    }
}

fn set(program: &mut Program, field: Field, made: f64) {
    match field {
        Field::Amplitude => program.amplitude = made,
        Field::Width => program.width = made,
        Field::Gap => program.gap = made,
        Field::Rate => program.rate = made,
        Field::Period => program.rate = if made == program.period() { program.rate } else { made.recip() },
        Field::Ramp => {
            if let Some(ramp) = &mut program.ramp {
                ramp.up = made;
            }
        }
        // The number of pulses is whole: what its steps cannot tell is refused.
        Field::Pulses => {}
        Field::Duration => {
            if let Run::Duration(duration) = &mut program.run {
                *duration = made;
            }
        }
    }
}

fn shown(value: f64, dimension: Dimension) -> String {
    if dimension == Dimension::Number { format!("{value}") } else { engineering(value, dimension, 4) }
}
