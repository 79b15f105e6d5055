//! Parts of one suite, run one by one, as one run.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{CaseFigures, Event, RunRecord, fold, readable};

use super::parts::missing;

/// A run with what its pictures are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its record.
    pub record: RunRecord,
    /// The pictures of its cases.
    pub figures: Vec<CaseFigures>,
    /// What a reader should know first.
    pub remarks: Vec<String>,
}

/// Why runs are not parts of one suite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no run to merge")]
    Nothing,
    /// A case was run in two of them.
    #[error(
        "`{case}` ran in {first} and in {second}, so they are not parts of one suite; `stimrig compare` shows two runs side by side"
    )]
    Twice {
        /// The case.
        case: String,
        /// One run.
        first: String,
        /// The other one.
        second: String,
    },
    /// They were not run under the same conditions.
    #[error("these runs are not parts of one suite: {}; --mixed merges them all the same, and says so on the page", .0.join("; "))]
    Different(Vec<String>),
}

/// Fidelity of a run in which nothing was simulated.
const RIG: &str = "rig";

/// One run of several, in their order. With `mixed`, what is not the same in all of them becomes a remark instead of an error.
///
/// # Errors
/// When a case is in two of them, or they differ in rig, tool, device, firmware, calibration, seed or the text of a scenario, phantom or
/// limit profile, or a part of the suite is not among several.
pub fn merge(parts: Vec<Part>, mixed: bool) -> Result<Part, MergeError> {
    let differences = differences(&parts);
    if !differences.is_empty() && !mixed {
        return Err(MergeError::Different(differences));
    }
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or(MergeError::Nothing)?;
    let mut ran: BTreeMap<(String, String), String> = BTreeMap::new();
    note_cases(&mut ran, &whole.record)?;
    for part in parts {
        note_cases(&mut ran, &part.record)?;
        whole = joined(whole, part);
    }
    whole.remarks.extend(differences.into_iter().map(|what| format!("merged from runs that differ: {what}")));
    let head = Event::RunStarted(Box::new(whole.record));
    whole.record = fold([&head]).ok_or(MergeError::Nothing)?;
    Ok(whole)
}

fn note_cases(ran: &mut BTreeMap<(String, String), String>, record: &RunRecord) -> Result<(), MergeError> {
    // Cases of one name within a run are two cases, not one that was run twice.
    let own: BTreeSet<(String, String)> =
        record.cases.iter().map(|case| (case.scenario.clone(), case.title())).collect();
    for key in own {
        let case = key.1.clone();
        if let Some(first) = ran.insert(key, record.id.clone()) {
            return Err(MergeError::Twice { case, first, second: record.id.clone() });
        }
    }
    Ok(())
}

fn joined(mut whole: Part, part: Part) -> Part {
    let next =
        whole.figures.iter().map(|figures| figures.case + 1).max().unwrap_or(0).max(whole.record.cases.len());
    whole
        .figures
        .extend(part.figures.into_iter().map(|figures| CaseFigures { case: figures.case + next, ..figures }));
    whole.remarks.extend(part.remarks);
    let (record, other) = (&mut whole.record, part.record);
    record.id = format!("{} + {}", record.id, other.id);
    record.started = record.started.clone().min(other.started);
    record.ended = record.ended.clone().max(other.ended);
    record.elapsed += other.elapsed;
    record.interrupted = record.interrupted.take().or(other.interrupted);
    // That of its cases is folded anew; what was measured when a run was recovered is in none of them.
    record.safe_state = record.safe_state.and(other.safe_state);
    record.partition = match (record.partition.take(), other.partition) {
        (Some(one), Some(more)) => Some(format!("{one} + {more}")),
        (one, more) => one.or(more),
    };
    // Whatever else was run on hardware: of a whole with a simulated part nobody may say that it was.
    if record.fidelity == RIG {
        record.fidelity = other.fidelity;
    }
    add(&mut record.defects, other.defects);
    add(&mut record.overrides, other.overrides);
    record.selected.extend(other.selected);
    record.scenarios.extend(other.scenarios);
    record.cases.extend(other.cases);
    add(&mut record.instruments, other.instruments);
    whole
}

/// Adds what is not there yet.
fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// What is not the same in all of them.
fn differences(parts: &[Part]) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, of: &dyn Fn(&RunRecord) -> String| {
        let mut values: Vec<String> = parts.iter().map(|part| of(&part.record)).collect();
        values.dedup();
        if values.len() > 1 {
            values.sort();
            values.dedup();
            found.push(format!("{what}: {}", values.join(", ")));
        }
    };
    let text = |of: &Option<String>| of.clone().unwrap_or_else(|| "not stated".to_owned());
    let role = |record: &RunRecord, role: &str| {
        let found = record.instruments.iter().find(|instrument| instrument.role == role);
        let Some(found) = found else { return "none".to_owned() };
        let calibration = found.calibration.as_deref().map(|stated| format!(" calibration {stated}"));
        let (uid, firmware) = (readable(&found.uid), readable(&found.firmware));
        format!("{uid} firmware {firmware}{}", calibration.unwrap_or_default())
    };
    same("fidelity", &|record| record.fidelity.clone());
    same("rig", &|record| record.rig.clone());
    same("SHA-256 of the rig file", &|record| record.rig_hash.clone());
    same("tool", &|record| record.tool.clone());
    same("device under test", &|record| text(&record.dut));
    same("stimulator", &|record| role(record, "stimulator"));
    same("load", &|record| role(record, "load"));
    same("seed", &|record| record.seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string()));
    same("command line", &|record| match record.overrides.as_slice() {
        [] => "nothing overridden".to_owned(),
        overrides => overrides.join(" "),
    });
    found.extend(changed(parts).into_iter().map(|what| format!("{what} was changed in between")));
    if parts.len() > 1 {
        found.extend(missing(parts.iter().filter_map(|part| part.record.partition.as_deref())));
    }
    found
}

/// The files that some part was judged with as they were in no part before it.
fn changed(parts: &[Part]) -> BTreeSet<String> {
    // A phantom is known by its name alone: one suite may have several of one name, each beside its scenario.
    let mut known: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut changed = BTreeSet::new();
    for part in parts {
        let mut own: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (what, hash) in judged_with(&part.record) {
            own.entry(what).or_default().insert(hash);
        }
        for (what, hashes) in own {
            let before = known.entry(what.clone()).or_default();
            if !before.is_empty() && before.is_disjoint(&hashes) {
                changed.insert(what);
            }
            before.extend(hashes);
        }
    }
    changed
}

/// The files that a run was judged with, each with its hash. What an older record does not state is left out.
fn judged_with(record: &RunRecord) -> impl Iterator<Item = (String, &str)> {
    let scenarios = record.scenarios.iter().map(|(file, hash)| (file.clone(), hash.as_str()));
    let phantoms =
        record.cases.iter().map(|case| (format!("phantom {}", case.phantom), case.phantom_hash.as_str()));
    let profiles = record.cases.iter().flat_map(|case| &case.profiles);
    let profiles = profiles.map(|profile| (format!("profile {}", profile.file), profile.hash.as_str()));
    scenarios.chain(phantoms).chain(profiles).filter(|(_, hash)| !hash.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, head, profile};
    use crate::record::{CaseRecord, InstrumentRecord, Outcome, SafeState};

    fn part(id: &str, cases: Vec<CaseRecord>) -> Part {
        Part {
            record: RunRecord { id: id.into(), cases, ..head() },
            figures: Vec::new(),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn parts_become_one_run_with_the_worst_of_both() {
        let bad = CaseRecord { outcome: Outcome::Failed, ..case("b") };
        let live = CaseRecord { safe_state: SafeState::Impossible, ..case("c") };
        let whole =
            merge(vec![part("1", vec![case("a")]), part("2", vec![bad, live])], false).unwrap().record;
        assert_eq!((whole.id.as_str(), whole.cases.len(), whole.exit_code), ("1 + 2", 3, 1));
        assert_eq!((whole.outcome, whole.safe_state), (Some(Outcome::Failed), SafeState::Impossible));
    }

    #[test]
    fn a_simulated_part_is_not_made_hardware_by_its_place_and_what_was_laid_over_a_part_is_told() {
        let of = |id: &str, fidelity: &str, laid: &[&str]| {
            let mut part = part(id, vec![case(id)]);
            part.record.fidelity = fidelity.into();
            part.record.overrides = laid.iter().map(|laid| (*laid).to_owned()).collect();
            part.record.defects = part.record.overrides.clone();
            part
        };
        let (rig, sim) = (of("a", "rig", &["x", "y"]), of("b", "sim", &["y", "z"]));
        for parts in [vec![rig.clone(), sim.clone()], vec![sim, rig.clone()]] {
            let whole = merge(parts, true).unwrap().record;
            assert_eq!(whole.fidelity, "sim");
            for all in [whole.overrides, whole.defects] {
                let mut sorted = all;
                sorted.sort();
                assert_eq!(sorted, ["x", "y", "z"]);
            }
        }
        let rigs = merge(vec![rig, of("b", "rig", &["x", "y"])], false).unwrap().record;
        assert_eq!((rigs.fidelity.as_str(), rigs.overrides.len()), ("rig", 2));
    }

    #[test]
    fn an_output_that_was_not_off_when_a_run_was_recovered_is_not_off_in_the_whole() {
        let lost = |safe_state| {
            let recovered = Event::Recovered {
                at: "2026-01-02T03:04:06Z".into(),
                tool: "stimrig".into(),
                safe_state,
                found: Vec::new(),
            };
            let start = Event::RunStarted(Box::new(RunRecord { cases: vec![case("a")], ..head() }));
            Part { record: fold(&[start, recovered]).unwrap(), ..part("1", Vec::new()) }
        };
        for (state, code) in [(SafeState::Unconfirmed, 6), (SafeState::Impossible, 137)] {
            for parts in [
                vec![lost(state)],
                vec![lost(state), part("2", vec![case("b")])],
                vec![part("2", vec![case("b")]), lost(state)],
            ] {
                let whole = merge(parts, false).unwrap().record;
                assert_eq!((whole.safe_state, whole.exit_code), (state, code));
            }
        }
    }

    #[test]
    fn parts_judged_with_another_phantom_profile_or_calibration_are_no_parts_of_one() {
        let one = || {
            let judged = CaseRecord { profiles: vec![profile("p")], ..case("a") };
            let mut one = part("1", vec![judged]);
            one.record.instruments = vec![InstrumentRecord {
                role: "load".into(),
                driver: "native".into(),
                model: "m".into(),
                uid: "u".into(),
                firmware: "f".into(),
                calibration: Some("c-1".into()),
            }];
            one
        };
        let with = |change: &dyn Fn(&mut RunRecord)| {
            let mut other = one();
            (other.record.id, other.record.cases[0].name) = ("2".into(), "b".into());
            change(&mut other.record);
            merge(vec![one(), other], false).map_err(|error| error.to_string())
        };
        assert!(with(&|_| ()).is_ok(), "the same");
        assert!(with(&|record| record.cases[0].phantom_hash.clear()).is_ok(), "an older record states none");
        let refused = |change: &dyn Fn(&mut RunRecord), words: &str| {
            let error = with(change).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        refused(&|record| record.cases[0].phantom_hash = "44".into(), "phantom r1k was changed in between");
        refused(
            &|record| record.cases[0].profiles[0].hash = "44".into(),
            "profile scenarios/profiles/p.yaml was changed in between",
        );
        refused(
            &|record| record.instruments[0].calibration = Some("c-2".into()),
            "load: u firmware f calibration c-1, u firmware f calibration c-2",
        );
        // Two phantoms of one name, each beside its scenario: within a run they are two, and no change.
        let two = |id: &str, name: &str| {
            let other = CaseRecord { phantom_hash: "44".into(), ..case(name) };
            part(id, vec![case(&format!("{name} too")), other])
        };
        assert!(merge(vec![two("1", "a"), two("2", "b")], false).is_ok());
    }

    #[test]
    fn parts_of_which_one_is_missing_are_no_suite() {
        let of = |id: &str, partition: &str| {
            let mut part = part(id, vec![case(id)]);
            part.record.partition = Some(partition.into());
            part
        };
        let (first, third) = (of("1", "hash:1/3"), of("3", "hash:3/3"));
        let error = merge(vec![first.clone(), third.clone()], false).unwrap_err().to_string();
        assert!(error.contains("part hash:2/3 of the suite is not among them; --mixed"), "{error}");
        let whole = merge(vec![first.clone(), third.clone()], true).unwrap();
        assert_eq!(
            whole.remarks,
            ["merged from runs that differ: part hash:2/3 of the suite is not among them"]
        );
        assert!(merge(vec![first.clone(), of("2", "hash:2/3"), third], false).is_ok());
        assert!(merge(vec![first], false).is_ok(), "a part alone says itself what it is");
    }

    #[test]
    fn what_is_not_of_one_suite_is_named_and_merged_only_on_request() {
        let mut other = part("2", vec![case("b")]);
        other.record.dut = Some("SN-7".into());
        other.record.scenarios.insert("scenarios/amplitude/a.yaml".into(), "99".into());
        let parts = vec![part("1", vec![case("a")]), other];
        let error = merge(parts.clone(), false).unwrap_err().to_string();
        assert!(
            error.contains("device under test: SN-7, not stated") && error.contains("a.yaml was changed"),
            "{error}"
        );
        assert_eq!(merge(parts, true).unwrap().remarks.len(), 2);
        let twice = merge(vec![part("1", vec![case("a")]), part("2", vec![case("a")])], true).unwrap_err();
        assert!(twice.to_string().contains("`a` ran in 1 and in 2"), "{twice}");
        let one = part("1", vec![case("a"), case("a")]);
        assert_eq!(merge(vec![one.clone()], false).unwrap().record.cases.len(), 2);
        assert!(merge(vec![one.clone(), one], true).is_err(), "the same run twice");
    }
}
