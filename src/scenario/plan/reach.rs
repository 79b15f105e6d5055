//! Defects of a simulated stimulator that only some programs meet: do they reach anything?

use crate::rig::{Defect, DefectKind, DefectValue, Rig};
use crate::signal::Program;
use crate::source::Diagnostic;

use super::super::Case;
use super::{Plan, programs};

/// What is wrong with defects that cannot act: on contacts that a phantom lacks, or under programs that do not have what the
/// defect bends. An error where no case meets them, since a defect that acts nowhere would look like a pass; a warning where
/// some do.
pub fn unreached_defects(plans: &[Plan], rig: &Rig) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for defect in rig.sim.iter().flat_map(|bench| &bench.defects) {
        let before = problems.len();
        for contact in named(defect) {
            problems.extend(unwired(plans, rig, defect.kind, contact));
        }
        if !problems.iter().skip(before).any(Diagnostic::is_error) {
            problems.extend(idle(plans, rig, defect));
        }
    }
    problems
}

/// The contacts that a defect names.
fn named(defect: &Defect) -> &[String] {
    match (&defect.value, defect.kind) {
        (DefectValue::Names(contacts), DefectKind::DeadChannel | DefectKind::SwappedContacts) => contacts,
        _ => &[],
    }
}

fn has(case: &Case, contact: &str) -> bool {
    case.phantom.contacts.iter().any(|(name, _)| name == contact)
}

/// What is wrong with a defect of a contact that a phantom lacks.
fn unwired(plans: &[Plan], rig: &Rig, kind: DefectKind, contact: &str) -> Option<Diagnostic> {
    let mut without: Vec<&str> = Vec::new();
    for plan in plans.iter().filter(|plan| !has(&plan.case, contact)) {
        let phantom = plan.case.phantom.name.as_str();
        if !without.contains(&phantom) {
            without.push(phantom);
        }
    }
    if without.is_empty() {
        return None;
    }
    let reached = plans.iter().any(|plan| has(&plan.case, contact));
    let place = rig.places.find(&format!("sim.defects.{}", kind.name()));
    let what = format!("`{}` names contact `{contact}`, which {} lacks", kind.name(), without.join(", "));
    Some(if reached {
        place.warning(&what, Some("the defect does nothing there"))
    } else {
        place.error(&what, Some("name a contact of the phantom, or select scenarios on one that has it"))
    })
}

/// What is wrong with a defect whose contacts are wired, and that changes nothing of what a case programs.
fn idle(plans: &[Plan], rig: &Rig, defect: &Defect) -> Option<Diagnostic> {
    let why = lacking(defect.kind)?;
    // Of the others it has been said that they lack the contact.
    let wired = |plan: &&Plan| named(defect).iter().all(|contact| has(&plan.case, contact));
    let wired: Vec<&Plan> = plans.iter().filter(wired).collect();
    let acts = |plan: &Plan| programs(&plan.case).iter().any(|one| bends(defect, &plan.case, one.program));
    let idle: Vec<&Plan> = wired.iter().copied().filter(|plan| !acts(plan)).collect();
    let name = defect.kind.name();
    let place = rig.places.find(&format!("sim.defects.{name}"));
    let nowhere = Some("select scenarios on which it acts: a pass would show nothing");
    let Some(first) = idle.first() else {
        let apart = wired.is_empty() && !plans.is_empty();
        let what = format!("`{name}` does nothing here: no phantom has all of its contacts");
        return apart.then(|| place.error(&what, nowhere));
    };
    let of = format!("because {why}, as in `{}`", first.case.name);
    Some(if idle.len() == wired.len() {
        place.error(&format!("`{name}` does nothing here, {of}"), nowhere)
    } else {
        let what = format!("`{name}` does nothing in {} of {} cases, {of}", idle.len(), wired.len());
        place.warning(&what, Some("a pass of those shows nothing about it"))
    })
}

/// Why a program may not meet a defect; `None` for one that this does not decide.
fn lacking(kind: DefectKind) -> Option<&'static str> {
    match kind {
        DefectKind::DeadChannel => Some("the contact is not driven"),
        DefectKind::SwappedContacts => Some("both contacts carry the same"),
        DefectKind::ShareError => Some("no two contacts carry a share of one polarity"),
        DefectKind::Crosstalk => Some("no contact is idle"),
        _ => None,
    }
}

/// Whether a defect of the contacts changes a current of a program.
fn bends(defect: &Defect, case: &Case, program: &Program) -> bool {
    let share = |contact: &String| program.share_of(contact);
    let shares = || case.phantom.contacts.iter().map(|(name, _)| share(name));
    let of_sign = |sign: f64| shares().filter(|share| share * sign > 0.0).count();
    match (defect.kind, named(defect)) {
        (DefectKind::DeadChannel, [dead, ..]) => share(dead) != 0.0,
        (DefectKind::SwappedContacts, [one, other, ..]) => share(one) != share(other),
        (DefectKind::ShareError, _) => of_sign(1.0) > 1 || of_sign(-1.0) > 1,
        (DefectKind::Crosstalk, _) => shares().any(|share| share == 0.0),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::DEFAULT_RIG;
    use crate::scenario::{plan, read_scenario, shipped};
    use crate::source::Source;

    /// What is said of a defect and cases of a phantom with its contacts: how often as an error and as a warning, and the first.
    fn said(defect: (&str, &str), cases: &[(&str, &str)]) -> (usize, usize, String) {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let rig = rig.with_overrides(&[], &[(defect.0.to_owned(), defect.1.to_owned())]).unwrap();
        let planned = |(phantom, contacts): &(&str, &str)| {
            let text = format!(
                "version: 1\nname: of {phantom}\nphantom: {phantom}\nprogram: {{ amplitude: 1 mA, width: 200 us, rate: 50 Hz, contacts: {{ {contacts} }} }}\nexpect:\n  - amplitude: {{ of: programmed, within: 3 % }}\n"
            );
            let (mut cases, problems) = read_scenario(&Source::new("s", &text), &mut shipped);
            assert_eq!(problems, Vec::new());
            plan(cases.remove(0), &rig, false).unwrap()
        };
        let plans: Vec<Plan> = cases.iter().map(planned).collect();
        let problems = unreached_defects(&plans, &rig);
        let errors = problems.iter().filter(|problem| problem.is_error()).count();
        let first = problems.first().map(|problem| problem.what.clone()).unwrap_or_default();
        (errors, problems.len() - errors, first)
    }

    const ONE: (&str, &str) = ("star-8", "e1: -100 %, case: 100 %");
    const TWO: (&str, &str) = ("star-8", "e1: -70 %, e2: -30 %, case: 100 %");
    const EQUAL: (&str, &str) = ("star-8", "e1: -50 %, e2: -50 %, case: 100 %");
    const PLAIN: (&str, &str) = ("r1k", "e1: -100 %, case: 100 %");

    #[test]
    fn a_defect_of_contacts_that_no_program_meets_is_an_error_and_of_some_a_warning() {
        let cases = [
            (("share_error", "10 %"), ONE, TWO),
            (("crosstalk", "3 %"), PLAIN, ONE),
            (("dead_channel", "e2"), ONE, TWO),
            (("swapped_contacts", "[e1, e2]"), EQUAL, TWO),
        ];
        for (defect, without, with) in cases {
            let (errors, warnings, what) = said(defect, &[without, without]);
            assert_eq!((errors, warnings), (1, 0), "{what}");
            assert!(what.starts_with(&format!("`{}` does nothing here, because ", defect.0)), "{what}");
            let (errors, warnings, what) = said(defect, &[with, without, with]);
            assert_eq!((errors, warnings), (0, 1), "{what}");
            assert!(what.starts_with(&format!("`{}` does nothing in 1 of 3 cases, ", defect.0)), "{what}");
            assert_eq!(said(defect, &[with, with]).0 + said(defect, &[with, with]).1, 0);
        }
        // A source divided between two contacts is a share too.
        let sources = ("star-8", "e1: -100 %, e2: 50 %, e3: 50 %");
        assert_eq!(said(("share_error", "10 %"), &[sources]).0, 0);
        assert_eq!(said(("gain_error", "5 %"), &[ONE, PLAIN]), (0, 0, String::new()));
    }

    #[test]
    fn a_contact_that_a_phantom_lacks_is_told_once() {
        let (errors, warnings, what) = said(("dead_channel", "e2"), &[PLAIN]);
        assert_eq!((errors, warnings), (1, 0));
        assert_eq!(what, "`dead_channel` names contact `e2`, which r1k lacks");
        assert_eq!(said(("dead_channel", "e2"), &[PLAIN, TWO]), (0, 1, what));
        // The phantom that has it does not drive it.
        let (errors, warnings, _) = said(("dead_channel", "e2"), &[PLAIN, ONE]);
        assert_eq!((errors, warnings), (1, 1));
    }
}
