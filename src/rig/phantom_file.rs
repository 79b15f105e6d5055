//! A phantom file, lowered.

use crate::phantom::{Element, ElementKind, Phantom};
use crate::quantity::{Dimension, engineering};
use crate::source::{At, Context, Diagnostic, Fields, Source, parse};

pub(super) const KEYS: &[&str] =
    &["$schema", "version", "name", "about", "contacts", "elements", "sense", "area", "source"];
pub(super) const ELEMENT_KEYS: &[&str] = &["r", "c", "from", "to", "tolerance", "measured"];

/// Reads a phantom file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_phantom(source: &Source) -> Result<Phantom, Vec<Diagnostic>> {
    let (root, problems) = parse(source)?;
    let context = Context::new(source, problems);
    let phantom = context.root(&root).fields(KEYS).and_then(|fields| lower(&fields, source));
    let failed = context.failed();
    match phantom {
        Some(phantom) if !failed => Ok(phantom),
        _ => Err(context.finish()),
    }
}

fn lower(fields: &Fields<'_>, source: &Source) -> Option<Phantom> {
    fields.check_version();
    let name = fields.require("name").and_then(|at| at.text());
    let mut nodes = Vec::new();
    let contacts = fields.require("contacts").and_then(|at| contacts(&at, &mut nodes));
    let written = fields.require("elements").and_then(|at| {
        let items = at.list()?;
        if items.is_empty() {
            at.error("a phantom needs at least one element", None);
        }
        Some(items.iter().map(|item| element(item, &mut nodes)).collect::<Vec<_>>())
    });
    let (contacts, written) = (contacts?, written?);
    // What an element that could not be read connects is not known.
    let whole = written.iter().all(Option::is_some);
    let elements: Vec<Element> = written.into_iter().flatten().collect();
    if let Some(at) = fields.get("contacts").filter(|_| whole) {
        reachable(&at, &contacts, &elements, &nodes);
    }
    let senses = fields.or("sense", Vec::new(), |at| senses(at, &nodes, &contacts));
    let areas = fields.or("area", Vec::new(), |at| {
        let mut areas = Vec::new();
        for (key, at) in at.entries()? {
            if contacts.iter().all(|(name, _)| *name != key.text) {
                let known = contacts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                at.key_error(
                    &format!("there is no contact `{}`", key.text),
                    Some(&format!("one of: {known}")),
                );
            }
            areas.push((key.text.clone(), at.positive(Dimension::Area)?));
        }
        Some(areas)
    });
    let text = |key| fields.get(key).and_then(|at| at.text().map(str::to_owned));
    let source_note = text("source");
    Some(Phantom {
        name: name?.to_owned(),
        hash: source.hash.clone(),
        nodes,
        contacts,
        elements,
        senses,
        areas,
        source: source_note,
    })
}

fn contacts(at: &At<'_>, nodes: &mut Vec<String>) -> Option<Vec<(String, usize)>> {
    let mut contacts = Vec::new();
    for (key, at) in at.entries()? {
        if let Some(node) = at.text() {
            contacts.push((key.text.clone(), index(nodes, node)));
        }
        if key.text == "vout" {
            at.key_error("`vout` names the stimulator's own voltage, not a contact", None);
        }
        if key.text == "idle" {
            let help = "a check of `contact: idle` is about those";
            at.key_error("`idle` names all contacts that are not driven, not one of them", Some(help));
        }
        if key.text.contains([',', '"']) || key.text.contains(char::is_control) {
            at.key_error("a contact's name heads a column of a table", Some("without commas and quotes"));
        }
    }
    if contacts.len() < 2 {
        at.error("a phantom needs at least two contacts: an electrode and its return", None);
    }
    Some(contacts)
}

fn element(at: &At<'_>, nodes: &mut Vec<String>) -> Option<Element> {
    let fields = at.fields(ELEMENT_KEYS)?;
    let (kind, dimension, key) = match (fields.has("r"), fields.has("c")) {
        (true, false) => (ElementKind::Resistor, Dimension::Resistance, "r"),
        (false, true) => (ElementKind::Capacitor, Dimension::Capacitance, "c"),
        _ => {
            at.error(
                "an element is either a resistor `r` or a capacitor `c`",
                Some("such as `{ r: 1 kohm, from: a, to: b }`"),
            );
            return None;
        }
    };
    let nominal = fields.get(key).and_then(|at| at.positive(dimension));
    let tolerance = fields.or("tolerance", 0.0, |at| at.not_negative(Dimension::Ratio));
    let measured = fields.get("measured").and_then(|at| measured(&at, dimension));
    let ends =
        (fields.require("from").and_then(|at| at.text()), fields.require("to").and_then(|at| at.text()));
    let (from, to) = (index(nodes, ends.0?), index(nodes, ends.1?));
    if from == to {
        at.error("both ends are on the same node", None);
    }
    if let (Some(nominal), Some((value, _)), Some(at)) = (nominal, measured, fields.get("measured"))
        && !(0.5..=2.0).contains(&(value / nominal))
    {
        let what = format!(
            "{} was measured of a part of {}",
            engineering(value, dimension, 5),
            engineering(nominal, dimension, 5)
        );
        at.error(&what, Some("is the prefix of its unit right?"));
    }
    Some(Element {
        kind,
        value: measured.map_or(nominal?, |(value, _)| value),
        tolerance,
        measured_u: measured.map(|(_, uncertainty)| uncertainty),
        from,
        to,
    })
}

/// `1.0003 kohm ± 0.2 ohm`: value and standard uncertainty. What stands after ± is the expanded uncertainty of a
/// certificate (k = 2).
fn measured(at: &At<'_>, dimension: Dimension) -> Option<(f64, f64)> {
    let text = at.text()?;
    let parts = text.split_once('±').or_else(|| text.split_once("+-")).or_else(|| text.split_once("+/-"));
    let read = |part: &str| crate::quantity::Quantity::parse_as(part.trim(), dimension);
    let outcome = parts.map(|(value, uncertainty)| Ok((read(value)?, read(uncertainty)? / 2.0)));
    match outcome {
        Some(Ok((value, uncertainty))) if value > 0.0 && uncertainty >= 0.0 => Some((value, uncertainty)),
        Some(Err(error)) => {
            let error: crate::quantity::QuantityError = error;
            at.error(&error.to_string(), Some("such as `1.0003 kohm ± 0.2 ohm`"));
            None
        }
        _ => {
            at.error(
                &format!("`{text}` is not a measured value with its uncertainty"),
                Some("such as `1.0003 kohm ± 0.2 ohm`"),
            );
            None
        }
    }
}

fn senses(
    at: &At<'_>,
    nodes: &[String],
    contacts: &[(String, usize)],
) -> Option<Vec<(String, usize, usize)>> {
    let mut senses = Vec::new();
    for (key, at) in at.entries()? {
        let ends = at.list()?;
        let mut found = ends.iter().map(|end| {
            let name = end.text()?;
            let node = nodes.iter().position(|node| node == name);
            if node.is_none() {
                end.unknown("node", nodes.iter().map(String::as_str));
            }
            node
        });
        match (found.next(), found.next(), found.next()) {
            (Some(plus), Some(minus), None) => {
                senses.extend(plus.zip(minus).map(|(p, m)| (key.text.clone(), p, m)))
            }
            _ => at.error("a sense channel lies between two nodes", Some("such as `[a, gnd]`")),
        }
        if key.text == "vout" {
            at.key_error("`vout` is the stimulator's own voltage, every bench has it", None);
        }
        if contacts.iter().any(|(name, _)| *name == key.text) {
            let what = format!("`{}` is a contact, whose channel is its current", key.text);
            at.key_error(&what, Some("give the voltage a name of its own, such as `v1`"));
        }
        if let Some((name, plus, minus)) = senses.last()
            && *name == key.text
            && plus == minus
        {
            at.error("both ends are on the same node: this is always 0 V", None);
        }
    }
    Some(senses)
}

/// Every contact must touch an element, and every element hang together with a contact.
fn reachable(at: &At<'_>, contacts: &[(String, usize)], elements: &[Element], nodes: &[String]) {
    for (name, node) in contacts {
        if elements.iter().all(|element| element.from != *node && element.to != *node) {
            at.error(&format!("no element touches contact `{name}`"), None);
        }
    }
    let mut reached: Vec<usize> = contacts.iter().map(|(_, node)| *node).collect();
    loop {
        let before = reached.len();
        for element in elements {
            for (here, there) in [(element.from, element.to), (element.to, element.from)] {
                if reached.contains(&here) && !reached.contains(&there) {
                    reached.push(there);
                }
            }
        }
        if reached.len() == before {
            break;
        }
    }
    for (_, node) in nodes.iter().enumerate().filter(|(index, _)| !reached.contains(index)) {
        at.error(&format!("node `{node}` is not connected to any contact"), None);
    }
}

fn index(nodes: &mut Vec<String>, name: &str) -> usize {
    nodes.iter().position(|node| node == name).unwrap_or_else(|| {
        nodes.push(name.to_owned());
        nodes.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "version: 1
name: rc
contacts: { e1: a, case: gnd }
elements:
  - { r: 1 kohm, from: a, to: b, tolerance: 0.1 %, measured: 1.0003 kohm ± 0.2 ohm }
  - { c: 1 uF, from: b, to: gnd, tolerance: 1 % }
sense: { v1: [a, gnd] }
area: { e1: 0.12 cm2 }
";

    #[test]
    fn a_measured_value_replaces_the_nominal() {
        let phantom = read_phantom(&Source::new("rc.yaml", GOOD)).unwrap();
        assert_eq!(phantom.nodes, ["a", "gnd", "b"]);
        let first = &phantom.elements[0];
        assert_eq!((first.value, first.measured_u, first.tolerance), (1000.3, Some(0.1), 0.001));
        assert_eq!(phantom.senses, [("v1".to_owned(), 0, 1)]);
        assert!((phantom.area_of("e1").unwrap() - 0.12e-4).abs() < 1e-18);
    }

    #[test]
    fn a_contact_has_a_name_that_means_nothing_else() {
        let named = |name: &str| {
            let file = GOOD.replace("{ e1:", &format!("{{ {name}:"));
            read_phantom(&Source::new("rc.yaml", &file)).map_err(|found| found[0].what.clone())
        };
        assert!(named("e-2").is_ok() && named("\"tip 1\"").is_ok());
        assert!(named("idle").unwrap_err().starts_with("`idle` names all contacts"));
        assert!(named("vout").unwrap_err().starts_with("`vout` names"));
        assert_eq!(named("\"e1,e2\"").unwrap_err(), "a contact's name heads a column of a table");
    }

    #[test]
    fn a_voltage_has_a_name_of_its_own_and_two_ends() {
        let sense = |text: &str| {
            let file = GOOD.replace("{ v1: [a, gnd] }", text);
            let found = read_phantom(&Source::new("rc.yaml", &file)).err().unwrap_or_default();
            found.iter().map(|problem| problem.what.clone()).collect::<Vec<_>>()
        };
        assert_eq!(sense("{ v1: [a, gnd], v2: [b, gnd] }"), [""; 0]);
        assert_eq!(sense("{ e1: [a, gnd] }"), ["`e1` is a contact, whose channel is its current"]);
        assert_eq!(
            sense("{ v1: [a, gnd], v2: [b, b] }"),
            ["both ends are on the same node: this is always 0 V"]
        );
    }

    #[test]
    fn what_was_measured_is_of_the_part_that_is_named() {
        let measured = |text: &str| {
            let file = GOOD.replace("measured: 1.0003 kohm", &format!("measured: {text}"));
            read_phantom(&Source::new("rc.yaml", &file)).map_err(|found| found[0].what.clone())
        };
        assert!(measured("0.6 kohm").is_ok() && measured("1900 ohm").is_ok());
        assert_eq!(measured("1.0003 Mohm").unwrap_err(), "1.0003 MΩ was measured of a part of 1 kΩ");
        assert!(measured("1.0003 ohm").is_err());
    }

    #[test]
    fn what_is_wrong_is_said_at_once() {
        let bad = "version: 1\nname: x\ncontacts: { e1: a, case: gnd }\nelements:\n  - { r: 1 mA, from: b, to: c }\n  - { r: -1 ohm, from: a, to: a }\nsense: { v1: [a, z] }\narea: { e2: 1 cm2 }\n";
        let problems = read_phantom(&Source::new("x.yaml", bad)).unwrap_err();
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in
            ["`1 mA` is a current", "must be above zero", "same node", "no node `z`", "no contact `e2`"]
        {
            assert!(text.iter().any(|line| line.contains(part)), "{part}: {text:?}");
        }
    }
}
