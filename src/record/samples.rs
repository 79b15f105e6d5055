//! Small records for the tests of this crate: valid, complete, and plainly not measured.

use super::{
    BudgetRecord, CaseFigures, CaseRecord, CheckRecord, LimitRecord, Outcome, ProfileRecord, RunRecord,
    SafeState, Verdict, WorstRecord,
};

/// The head of a run without cases.
pub(crate) fn head() -> RunRecord {
    RunRecord {
        version: 1,
        id: "0190c0de-0000-7000-8000-000000000001".into(),
        fidelity: "sim".into(),
        outcome: None,
        safe_state: SafeState::Confirmed,
        exit_code: 0,
        interrupted: None,
        dut: None,
        operator: None,
        seed: Some(1),
        started: "2026-01-02T03:04:05Z".into(),
        ended: "2026-01-02T03:04:06Z".into(),
        elapsed: 1.0,
        tool: "stimrig 0.1.0".into(),
        host: "bench".into(),
        rig: "sim".into(),
        rig_hash: "00".into(),
        defects: Vec::new(),
        rig_file: "rig/sim.yaml".into(),
        overrides: Vec::new(),
        partition: None,
        rerun_of: None,
        selected: Vec::new(),
        devices: Some(Vec::new()),
        scenarios: [("scenarios/amplitude/a.yaml".to_owned(), "11".to_owned())].into(),
        instruments: Vec::new(),
        cases: Vec::new(),
    }
}

/// A passed case without checks.
pub(crate) fn case(name: &str) -> CaseRecord {
    CaseRecord {
        scenario: "scenarios/amplitude/a.yaml".into(),
        number: 1,
        name: name.into(),
        attempt: 0,
        matrix: Default::default(),
        verifies: vec!["SYS-AM-001".into()],
        tags: vec!["smoke".into()],
        phantom: "r1k".into(),
        phantom_hash: "33".into(),
        profiles: Vec::new(),
        outcome: Outcome::Passed,
        sim_only: false,
        reason: None,
        safe_state: SafeState::Confirmed,
        elapsed: 0.25,
        checks: Vec::new(),
        events: Vec::new(),
        notes: Vec::new(),
        unasked: Vec::new(),
        evidence: None,
        log: Vec::new(),
    }
}

/// A check of 2 mA against 3 %.
pub(crate) fn check(measurand: &str, verdict: Verdict) -> CheckRecord {
    CheckRecord {
        measurand: measurand.into(),
        verdict,
        value: Some(2.0012e-3),
        unit: "A".into(),
        uncertainty: Some(3.1e-6),
        uncertainty_family: None,
        coverage: Some(1.96),
        limit: LimitRecord {
            criterion: "within".into(),
            nominal: Some(2e-3),
            lower: Some(1.94e-3),
            upper: Some(2.06e-3),
        },
        margin: Some(58.8e-6),
        statistic: "worst".into(),
        count: 25,
        worst: Some(WorstRecord { pulse: Some(12), time: Some(0.241) }),
        reason: None,
        budget: vec![budget_line("gain", 1e-6), budget_line("noise", 1e-8)],
        profile: None,
        line: 17,
        text: format!("{measurand}: {{ of: programmed, within: 3 % }}"),
        decision: "guarded".into(),
        upper_bound: None,
        sketch: None,
    }
}

/// A limit profile that nobody has compared with its source.
pub(crate) fn profile(name: &str) -> ProfileRecord {
    ProfileRecord {
        name: name.into(),
        file: format!("scenarios/profiles/{name}.yaml"),
        hash: "22".into(),
        citation: "ISO 14708-2 cl. 16.2".into(),
        verified: false,
        verified_by: None,
    }
}

/// One line of a budget.
pub(crate) fn budget_line(input: &str, contribution: f64) -> BudgetRecord {
    BudgetRecord { input: input.into(), contribution, kind: "B".into() }
}

/// The pictures of a case of which none was drawn.
pub(crate) fn figures(case: usize, name: &str) -> CaseFigures {
    CaseFigures {
        version: CaseFigures::VERSION,
        case,
        name: name.into(),
        program: String::new(),
        period: 0.02,
        overview: Vec::new(),
        marks: Vec::new(),
        pulses: Vec::new(),
        overlay: None,
        charge: None,
        checks: Vec::new(),
    }
}
