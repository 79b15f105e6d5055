//! `steps:` lowered; the default steps made explicit.

use crate::phantom::Phantom;
use crate::quantity::Dimension;
use crate::signal::{Program, Run};
use crate::source::{At, Key};

use super::{Action, Fault, ProbeAction, Step, program};

pub(super) const KEYS: &[&str] =
    &["start", "stop", "acknowledge", "wait", "set", "program", "inject", "clear", "host", "probe", "zero"];
pub(super) const FAULT_KEYS: &[&str] =
    &["fault", "contact", "between", "ohms", "to", "for", "rate", "amplitude"];

/// Instants that exist without being named.
pub(super) const BUILT_IN: [&str; 3] = ["start", "stop", "settled"];

/// Lowers the steps; `program` is what is loaded first. Without a phantom nothing is said of contacts.
pub(super) fn lower(at: &At<'_>, program: &Program, phantom: Option<&Phantom>) -> Option<Vec<Step>> {
    let items = at.list()?;
    let mut running = program.clone();
    let mut steps: Vec<Step> = Vec::new();
    let mut injected: Vec<Fault> = Vec::new();
    for item in &items {
        let Some(step) = step(item, program, &mut running, &mut injected, phantom) else { continue };
        if let Some(name) = &step.name {
            let taken = BUILT_IN.contains(&name.as_str())
                || steps.iter().any(|step| step.name.as_ref() == Some(name));
            if taken {
                item.error(
                    &format!("the instant `{name}` already exists"),
                    Some("each name stands for one instant"),
                );
            }
        }
        steps.push(step);
    }
    if !steps.iter().any(|step| step.action == Action::Start) && !at.context().failed() {
        at.key_error("no step starts the stimulation, so nothing can be judged", Some("add `- start: {}`"));
    }
    Some(steps)
}

/// Start, the stimulator's own run, stop.
pub(super) fn default(program: &Program, line: u32) -> Vec<Step> {
    let last = match program.run {
        Run::Pulses(pulses) => program.pulse(pulses.saturating_sub(1)),
        _ => program.pulse(program.pulse_limit().unwrap_or(1).saturating_sub(1)),
    };
    let end = last.recharge.map_or(last.end(), |(start, closed)| start + closed);
    let run = if let Run::Duration(duration) = program.run { end.max(duration) } else { end };
    // The stimulator ends by itself, on its own clock: leave it room so that the stop command never cuts its last pulse.
    let wait = run * (1.0 + 1e-4) + 10e-3;
    let step = |action| Step { action, name: None, line };
    vec![step(Action::Start), step(Action::Wait(wait)), step(Action::Stop)]
}

fn step(
    item: &At<'_>,
    base: &Program,
    running: &mut Program,
    injected: &mut Vec<Fault>,
    phantom: Option<&Phantom>,
) -> Option<Step> {
    let entries = item.entries_or(|| match item.node().as_text() {
        Some(word @ ("start" | "stop" | "acknowledge" | "zero")) => format!("write `- {word}: {{}}`"),
        _ => "such as `- wait: 1 s`".to_owned(),
    })?;
    let mut name = None;
    let mut actions: Vec<(&Key, &At<'_>)> = Vec::new();
    for (key, at) in &entries {
        match key.text.as_str() {
            "as" => name = at.text().map(str::to_owned),
            text if KEYS.contains(&text) => actions.push((key, at)),
            text => {
                let near = crate::source::nearest(text, KEYS.iter().copied()).map_or_else(
                    || format!("one of: {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                at.key_error(&format!("there is no step `{text}`"), Some(&near));
                return None;
            }
        }
    }
    let [(key, at)] = actions.as_slice() else {
        let what = if actions.is_empty() { "this step does nothing" } else { "a step does one thing" };
        item.error(what, Some("write each as its own `- …` item"));
        return None;
    };
    let action = match key.text.as_str() {
        "start" => nothing(at).map(|()| Action::Start),
        "stop" => nothing(at).map(|()| Action::Stop),
        "acknowledge" => nothing(at).map(|()| Action::Acknowledge),
        "zero" => nothing(at).map(|()| Action::Zero),
        "wait" => at.not_negative(Dimension::Time).map(Action::Wait),
        "set" if empty(at) => {
            at.error("this `set` changes nothing", Some("such as `{ amplitude: 3 mA }`"));
            None
        }
        "set" => program::lower(at, program::SET_KEYS, Some(running), phantom)
            .map(|program| Action::Set(Box::new(program))),
        "program" => program::lower(at, program::KEYS, Some(base), phantom)
            .map(|program| Action::Program(Box::new(program))),
        "inject" => fault(at, phantom).and_then(|fault| inject(at, fault, injected)),
        "clear" => cleared(at, injected, phantom).map(Action::Clear),
        "host" => {
            let fields = at.fields(&["silence"])?;
            fields.require("silence").and_then(|at| at.positive(Dimension::Time)).map(Action::HostSilence)
        }
        _ => probe(at).map(Action::Probe),
    }?;
    if let Action::Set(program) | Action::Program(program) = &action {
        *running = (**program).clone();
    }
    Some(Step { action, name, line: key.span.line })
}

fn empty(at: &At<'_>) -> bool {
    at.node().is_null() || (at.node().as_text().is_none() && at.children().is_empty())
}

/// `{}`, or nothing written.
fn nothing(at: &At<'_>) -> Option<()> {
    if at.node().is_null() {
        return Some(());
    }
    at.fields(&[]).map(|_| ())
}

/// A fault is injected once before it is cleared; those that are over by themselves may come again.
fn inject(at: &At<'_>, fault: Fault, injected: &mut Vec<Fault>) -> Option<Action> {
    let passes = matches!(fault, Fault::BrownOut { .. } | Fault::OverAmplitude { .. });
    if injected.contains(&fault) && !passes {
        at.key_error(&format!("this `{}` is injected already", fault.name()), Some("clear it first"));
        return None;
    }
    injected.push(fault.clone());
    Some(Action::Inject(fault))
}

/// The name of what is cleared, by its name or as the map that injected it.
fn cleared(at: &At<'_>, injected: &mut Vec<Fault>, phantom: Option<&Phantom>) -> Option<String> {
    let (name, map) = if at.node().as_text().is_some() {
        let names: Vec<(&str, &str)> = Fault::NAMES.iter().map(|name| (*name, *name)).collect();
        (at.word("a fault", &names)?.to_owned(), None)
    } else {
        let fault = fault(at, phantom)?;
        (fault.name().to_owned(), Some(fault))
    };
    let same: Vec<&Fault> = injected.iter().filter(|fault| fault.name() == name).collect();
    if same.is_empty() {
        at.key_error(&format!("`{name}` is cleared but was not injected before"), None);
    } else if let Some(map) = map {
        if !same.contains(&&map) {
            let help = format!("write it as it was injected, or by its name: `clear: {name}`");
            at.key_error(&format!("this `{name}` was not injected before"), Some(&help));
        } else if same.iter().any(|other| **other != map) {
            let what = format!("the load ends every `{name}` at once, and another one is injected");
            at.key_error(&what, Some(&format!("clear them together: `clear: {name}`")));
        }
    }
    injected.retain(|fault| fault.name() != name);
    Some(name)
}

fn fault(at: &At<'_>, phantom: Option<&Phantom>) -> Option<Fault> {
    let names: Vec<(&str, &str)> = Fault::NAMES.iter().map(|name| (*name, *name)).collect();
    if at.node().as_text().is_some() {
        return match at.word("a fault", &names)? {
            "core-halt" => Some(Fault::CoreHalt),
            name => {
                at.error(
                    &format!("`{name}` needs its parameters"),
                    Some("such as `{ fault: open-lead, contact: e1 }`"),
                );
                None
            }
        };
    }
    let fields = at.fields(FAULT_KEYS)?;
    let name = fields.require("fault")?.word("a fault", &names)?;
    let allowed: &[&str] = match name {
        "open-lead" => &["contact"],
        "short-lead" => &["contact", "between"],
        "leakage" => &["contact", "ohms"],
        "impedance-step" => &["to"],
        "brown-out" => &["for"],
        "corrupt-link" => &["rate"],
        "over-amplitude" => &["amplitude"],
        _ => &[],
    };
    for key in FAULT_KEYS.iter().filter(|key| **key != "fault" && !allowed.contains(key) && fields.has(key)) {
        if let Some(at) = fields.get(key) {
            at.key_error(&format!("`{name}` has no `{key}`"), None);
        }
    }
    let contact = || fields.require("contact").and_then(|at| contact(&at, phantom));
    let value = |key, dimension| fields.require(key).and_then(|at| at.positive(dimension));
    Some(match name {
        "open-lead" => Fault::OpenLead { contact: contact()? },
        "short-lead" => Fault::ShortLead { between: shorted(at, &fields, phantom)? },
        "leakage" => {
            let (contact, ohms) = (contact(), value("ohms", Dimension::Resistance));
            if contact.as_deref() == Some(back(phantom)) {
                at.error("a leakage goes from a contact to the return, and this is the return", None);
                return None;
            }
            Fault::Leakage { contact: contact?, ohms: ohms? }
        }
        "impedance-step" => Fault::ImpedanceStep { to: value("to", Dimension::Resistance)? },
        "brown-out" => Fault::BrownOut { duration: value("for", Dimension::Time)? },
        "corrupt-link" => {
            let rate = value("rate", Dimension::Ratio)?;
            if rate > 1.0 {
                at.error("at most all bytes, 100 %", None);
            }
            Fault::CorruptLink { rate }
        }
        "over-amplitude" => Fault::OverAmplitude { amplitude: value("amplitude", Dimension::Current)? },
        _ => Fault::CoreHalt,
    })
}

/// The return contact; nothing is called like that of a phantom that could not be read.
fn back(phantom: Option<&Phantom>) -> &str {
    phantom.map_or("", Phantom::return_contact)
}

fn shorted(
    at: &At<'_>,
    fields: &crate::source::Fields<'_>,
    phantom: Option<&Phantom>,
) -> Option<(String, String)> {
    let pair = match (fields.get("contact"), fields.get("between")) {
        (Some(at), None) => (contact(&at, phantom)?, back(phantom).to_owned()),
        (None, Some(at)) => {
            let names: Vec<String> =
                at.list()?.iter().map(|item| contact(item, phantom)).collect::<Option<_>>()?;
            match names.as_slice() {
                [one, other] => (one.clone(), other.clone()),
                _ => {
                    at.error("a short lies between two contacts", Some("such as `[e1, e2]`"));
                    return None;
                }
            }
        }
        _ => {
            at.error("a short names one `contact` or the two it lies `between`", None);
            return None;
        }
    };
    if pair.0 == pair.1 {
        at.error(&format!("`{}` cannot be shorted to itself", pair.0), None);
        return None;
    }
    Some(pair)
}

/// A contact of the phantom, by name; any name where the phantom could not be read.
pub(super) fn contact(at: &At<'_>, phantom: Option<&Phantom>) -> Option<String> {
    let name = at.text()?;
    if let Some(phantom) = phantom.filter(|phantom| phantom.node_of(name).is_none()) {
        at.unknown(
            &format!("contact in phantom `{}` named", phantom.name),
            phantom.contacts.iter().map(|(name, _)| name.as_str()),
        );
        return None;
    }
    Some(name.to_owned())
}

fn probe(at: &At<'_>) -> Option<ProbeAction> {
    if at.node().as_text().is_some() {
        let known =
            [("halt", ProbeAction::Halt), ("resume", ProbeAction::Resume), ("reset", ProbeAction::Reset)];
        return at.word("a probe action", &known);
    }
    let write = at.fields(&["write"])?.require("write")?.fields(&["symbol", "value"])?;
    let symbol = write.require("symbol").and_then(|at| at.text());
    let value = write.require("value").and_then(|at| {
        let text = at.text()?;
        let value = match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        if value.is_none() {
            at.error(&format!("`{text}` is not a 32-bit value"), Some("such as `0x1`"));
        }
        value
    });
    Some(ProbeAction::Write { symbol: symbol?.to_owned(), value: value? })
}
