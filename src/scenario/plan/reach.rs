//! Defects of a simulated stimulator that name contacts: do they reach anything?

use crate::rig::{DefectKind, DefectValue, Rig};
use crate::source::Diagnostic;

use super::Plan;

/// What is wrong with defects that name a contact which a phantom lacks: an error where no plan has it, since a defect that
/// acts nowhere would look like a pass; a warning where some have.
pub fn unreached_defects(plans: &[Plan], rig: &Rig) -> Vec<Diagnostic> {
    let defects = rig.sim.iter().flat_map(|bench| &bench.defects);
    let named = defects
        .filter(|defect| matches!(defect.kind, DefectKind::DeadChannel | DefectKind::SwappedContacts))
        .filter_map(|defect| match &defect.value {
            DefectValue::Names(contacts) => Some((defect.kind, contacts)),
            _ => None,
        });
    let mut problems = Vec::new();
    for (kind, contacts) in named {
        for contact in contacts {
            problems.extend(unreached(plans, rig, kind, contact));
        }
    }
    problems
}

fn unreached(plans: &[Plan], rig: &Rig, kind: DefectKind, contact: &str) -> Option<Diagnostic> {
    let mut without: Vec<&str> = Vec::new();
    for plan in plans {
        let phantom = &plan.case.phantom;
        let has = phantom.contacts.iter().any(|(name, _)| name == contact);
        if !has && !without.contains(&phantom.name.as_str()) {
            without.push(&phantom.name);
        }
    }
    if without.is_empty() {
        return None;
    }
    let reached = plans.iter().any(|plan| plan.case.phantom.contacts.iter().any(|(name, _)| name == contact));
    let place = rig.places.find(&format!("sim.defects.{}", kind.name()));
    let what = format!("`{}` names contact `{contact}`, which {} lacks", kind.name(), without.join(", "));
    Some(if reached {
        place.warning(&what, Some("the defect does nothing there"))
    } else {
        place.error(&what, Some("name a contact of the phantom, or select scenarios on one that has it"))
    })
}
