//! Steps that stop or reset the stimulator's core.

use crate::source::Context;

use super::super::{Action, Case, Fault, ProbeAction};

/// A core is stopped while its output runs only by the fault that says so: what follows is then judged as a fault.
pub(super) fn check(case: &Case, context: &Context<'_>) {
    let mut running = false;
    for (index, step) in case.steps.iter().enumerate() {
        match &step.action {
            Action::Start => running = true,
            Action::Stop => running = false,
            action if action.is_fault() => running = false,
            Action::Probe(ProbeAction::Halt | ProbeAction::Reset) if running => {
                let place = case.places.find(&format!("steps[{index}].probe"));
                let help = "write `inject: core-halt`, or stop first";
                context.report(
                    place.error("the core is not stopped while the stimulator may be running", Some(help)),
                );
            }
            _ => {}
        }
    }
    resumed(case, context);
}

/// A halted core hears nothing.
fn resumed(case: &Case, context: &Context<'_>) {
    let mut halted = false;
    for (index, step) in case.steps.iter().enumerate() {
        match &step.action {
            Action::Inject(Fault::CoreHalt) | Action::Probe(ProbeAction::Halt) => halted = true,
            Action::Probe(ProbeAction::Resume | ProbeAction::Reset) => halted = false,
            Action::Clear(fault) if fault == "core-halt" => halted = false,
            action if halted && asks(action) => {
                let places = ["start", "stop", "acknowledge", "set", "program"];
                let paths = places.map(|key| format!("steps[{index}].{key}"));
                let path = paths.iter().find(|path| case.places.has(path));
                let place = case.places.find(path.map_or("steps", String::as_str));
                let help = "add `- probe: resume` before it";
                context.report(
                    place.error("the stimulator's core is halted here: it hears nothing", Some(help)),
                );
                return;
            }
            _ => {}
        }
    }
}

fn asks(action: &Action) -> bool {
    matches!(
        action,
        Action::Start
            | Action::Stop
            | Action::Acknowledge
            | Action::Set(_)
            | Action::Program(_)
            | Action::Inject(Fault::OverAmplitude { .. })
    )
}
