//! A plan as a person (and a script) reads it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::scenario::{Action, Check, Plan};
use crate::signal::{Program, Recovery, Sensed};

/// One case, bound to a rig.
#[derive(Debug, Serialize)]
pub(super) struct PlanText {
    case: String,
    file: String,
    rig: String,
    phantom: String,
    duration: String,
    peak_voltage: Option<String>,
    peak_recharge: Option<String>,
    settled: Option<String>,
    program: ProgramText,
    applied: ProgramText,
    channels: Vec<BTreeMap<&'static str, String>>,
    slow_channel: bool,
    missing: Vec<String>,
    steps: Vec<String>,
    limits: Vec<String>,
    checks: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ProgramText {
    amplitude: String,
    width: String,
    gap: String,
    recovery: String,
    rate: String,
    pulses: Option<u64>,
}

fn time(seconds: f64) -> String {
    engineering(seconds, Dimension::Time, 7)
}

impl ProgramText {
    fn of(program: &Program) -> Self {
        let recovery = match program.recovery {
            Recovery::Mirrored => "mirrored".to_owned(),
            Recovery::Ratio(ratio) => format!("ratio {ratio}"),
            Recovery::Passive { duration, .. } => format!("passive {}", time(duration)),
            Recovery::None => "none".to_owned(),
        };
        Self {
            amplitude: engineering(program.amplitude, Dimension::Current, 7),
            width: time(program.width),
            gap: time(program.gap),
            recovery,
            rate: engineering(program.rate, Dimension::Frequency, 7),
            pulses: program.pulse_limit(),
        }
    }
}

impl PlanText {
    pub(super) fn of(plan: &Plan, rig: &Rig) -> Self {
        let case = &plan.case;
        let channel = |channel: &crate::scenario::PlannedChannel| {
            let dimension = match channel.quantity {
                Sensed::Current => Dimension::Current,
                Sensed::Voltage => Dimension::Voltage,
            };
            BTreeMap::from([
                ("name", channel.name.clone()),
                ("range", engineering(channel.range, dimension, 4)),
            ])
        };
        let mut now = 0.0;
        let mut steps = Vec::with_capacity(case.steps.len());
        for step in &case.steps {
            let name = step.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            steps.push(format!("{:.4} s: {}{name}", now, described(&step.action)));
            now += crate::scenario::step_duration(&step.action);
        }
        Self {
            case: case.name.clone(),
            file: format!("{}#{}", case.file, case.number),
            rig: rig.name.clone(),
            phantom: case.phantom.name.clone(),
            duration: time(plan.duration),
            peak_voltage: plan.peak_voltage.map(|volts| engineering(volts, Dimension::Voltage, 5)),
            peak_recharge: plan.peak_recharge.map(|amperes| recharge(amperes, plan.largest_amplitude())),
            settled: plan.settled.map(time),
            program: ProgramText::of(&case.program),
            applied: ProgramText::of(&plan.applied),
            channels: plan.channels.iter().map(channel).collect(),
            slow_channel: plan.slow,
            missing: plan.missing.clone(),
            steps,
            limits: case.limits.iter().map(|profile| profile.file.clone()).collect(),
            checks: case.checks.iter().map(listed).collect(),
        }
    }
}

/// A recharge beyond the amplitudes decides the range of the currents, and with it their uncertainty.
fn recharge(amperes: f64, amplitude: f64) -> String {
    let text = |amperes| engineering(amperes, Dimension::Current, 5);
    match amperes > amplitude {
        true => format!(
            "{}: more than the {} of the pulses, so it decides the range of the currents, and a larger range is less certain",
            text(amperes),
            text(amplitude)
        ),
        false => text(amperes),
    }
}

fn listed(check: &Check) -> String {
    let of = check.profile.as_ref().map(|profile| format!("{profile}, ")).unwrap_or_default();
    format!("{of}line {}: {}", check.line, check.text)
}

fn described(action: &Action) -> String {
    match action {
        Action::Start => "start".to_owned(),
        Action::Stop => "stop".to_owned(),
        Action::Wait(seconds) => format!("wait {}", time(*seconds)),
        Action::Set(program) => format!("set {}", engineering(program.amplitude, Dimension::Current, 7)),
        Action::Program(program) => {
            format!("program {}", engineering(program.amplitude, Dimension::Current, 7))
        }
        Action::Inject(fault) => format!("inject {}", fault.name()),
        Action::Clear(name) => format!("clear {name}"),
        Action::Acknowledge => "acknowledge".to_owned(),
        Action::HostSilence(seconds) => format!("host silent for {}", time(*seconds)),
        Action::Zero => "zero".to_owned(),
        Action::Probe(_) => "probe".to_owned(),
    }
}
