//! A case around a recording: steps, checks, facts.

use stimrig::judge::{Facts, Instant, Segment, judge};
use stimrig::measure::Recording;
use stimrig::phantom::Phantom;
use stimrig::record::CheckRecord;
use stimrig::scenario::{
    Action, Case, Check, Criterion, Decision, Fidelity, Measurand, Nominal, Step, Tolerance,
};
use stimrig::signal::Program;

pub fn check(measurand: Measurand, criterion: Criterion) -> Check {
    Check { line: 1, ..Check::new(measurand, criterion) }
}

pub fn within(rel: f64, abs: f64) -> Criterion {
    Criterion::Within { of: Nominal::Programmed, tolerance: Tolerance { rel, abs } }
}

pub fn case(program: &Program, steps: Vec<Action>, checks: Vec<Check>) -> Case {
    let name = |action: &Action| {
        matches!(action, Action::Inject(_) | Action::HostSilence(_)).then(|| "event".to_owned())
    };
    Case {
        file: String::new(),
        hash: String::new(),
        number: 1,
        scenario: String::new(),
        name: String::new(),
        about: None,
        matrix: Vec::new(),
        verifies: Vec::new(),
        min_fidelity: Fidelity::Sim,
        tags: Vec::new(),
        phantom: Phantom {
            name: "r1k".into(),
            hash: String::new(),
            nodes: vec!["a".into(), "gnd".into()],
            contacts: vec![("e1".into(), 0), ("case".into(), 1)],
            elements: Vec::new(),
            senses: vec![("v1".into(), 0, 1)],
            areas: Vec::new(),
            source: None,
        },
        program: program.clone(),
        steps: steps.into_iter().map(|action| Step { name: name(&action), action, line: 1 }).collect(),
        checks,
        limits: Vec::new(),
        decision: Decision::Guarded,
        places: Default::default(),
    }
}

/// Instants of the steps, one sample each.
pub fn facts(program: &Program, instants: &[u64], ended: u64) -> Facts {
    Facts {
        instants: instants
            .iter()
            .enumerate()
            .map(|(step, sample)| Instant { step, sample: *sample, ahead: 0, marked: true })
            .collect(),
        segments: vec![Segment {
            requested: 0,
            from: 0,
            programmed: program.clone(),
            applied: program.clone(),
        }],
        statuses: Vec::new(),
        ending: None,
        ended,
        restarts: Vec::new(),
        link_errors: 0,
        cap: 12.7e-3,
        poll_period: 0.01,
        round_trip: 1e-3,
        expired: None,
        relaxed: true,
        time_constant: Some(0.0),
        output: None,
    }
}

/// Judges one check of a case that starts and stops at the given samples.
pub fn judged(
    program: &Program,
    recording: &Recording,
    (start, stop): (u64, u64),
    check: Check,
) -> CheckRecord {
    let case = case(program, vec![Action::Start, Action::Stop], vec![check]);
    let facts = facts(program, &[start, stop], recording.samples);
    judge(&case, &facts, recording).remove(0)
}
