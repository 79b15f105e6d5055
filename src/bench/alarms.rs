//! False alarms: a clean bench, many seeds, and nothing may fail.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{CheckRecord, Outcome, RunRecord, Verdict};
use crate::statistics::poisson_bound;

/// What one check of one case said over all seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckTally {
    /// Scenario file.
    pub scenario: String,
    /// Case name.
    pub case: String,
    /// Measurand.
    pub measurand: String,
    /// The check as written.
    pub text: String,
    /// Times judged.
    pub judged: u64,
    /// Verdicts other than pass.
    pub failed: u64,
    /// The limit lay inside the uncertainty.
    pub inconclusive: u64,
    /// Could not be measured.
    pub invalid: u64,
    /// Largest part of its limit that value and uncertainty took together; 1 is the limit. `None` for counts and
    /// properties.
    pub used: Option<f64>,
    /// Median of that part.
    pub used_median: Option<f64>,
    #[serde(skip)]
    parts: Vec<f64>,
}

/// A case that did not pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// Seed with which it can be repeated.
    pub seed: u64,
    /// Scenario file.
    pub scenario: String,
    /// Case name.
    pub case: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
}

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarms {
    /// First seed.
    pub first_seed: u64,
    /// Seeds run.
    pub seeds: u64,
    /// Cases run over all seeds.
    pub cases: u64,
    /// Checks judged over all seeds.
    pub checks: u64,
    /// Everything that did not pass.
    pub alarms: Vec<Alarm>,
    /// Every check, the one nearest its limit first.
    pub by_check: Vec<CheckTally>,
}

impl Alarms {
    /// Whether something was judged and nothing alarmed.
    pub fn holds(&self) -> bool {
        self.alarms.is_empty() && self.checks > 0
    }

    /// Upper bound at 95 % confidence on the probability that a check of a clean bench does not pass, at most 1: that of the mean of a
    /// Poisson count, χ²(0.95; 2k + 2)/2 (F. Garwood, Biometrika 28, 1936). A case that alarmed without a check that did counts as one.
    pub fn rate_bound(&self) -> f64 {
        let seen: u64 =
            self.by_check.iter().map(|tally| tally.failed + tally.inconclusive + tally.invalid).sum();
        let bound = poisson_bound(seen.max(self.alarms.len() as u64));
        (bound / self.checks.max(1) as f64).min(1.0)
    }
}

/// Runs the suite on `seeds` clean benches. `run` runs it with a seed.
///
/// # Errors
/// Whatever `run` could not do.
pub fn alarms<E>(
    first_seed: u64,
    seeds: u64,
    mut run: impl FnMut(u64) -> Result<RunRecord, E>,
) -> Result<Alarms, E> {
    let mut found =
        Alarms { first_seed, seeds, cases: 0, checks: 0, alarms: Vec::new(), by_check: Vec::new() };
    let mut tallies: BTreeMap<(String, String, usize), CheckTally> = BTreeMap::new();
    for seed in first_seed..first_seed.saturating_add(seeds) {
        let record = run(seed)?;
        for case in &record.cases {
            found.cases += 1;
            if case.outcome != Outcome::Passed {
                found.alarms.push(Alarm {
                    seed,
                    scenario: case.scenario.clone(),
                    case: case.name.clone(),
                    outcome: case.outcome,
                    reason: case.reason.clone().unwrap_or_default(),
                });
            }
            for (index, check) in case.checks.iter().enumerate() {
                found.checks += 1;
                let tally = tallies
                    .entry((case.scenario.clone(), case.name.clone(), index))
                    .or_insert_with(|| CheckTally::of(&case.scenario, &case.name, check));
                tally.count(check);
            }
        }
    }
    found.by_check = tallies.into_values().map(CheckTally::finished).collect();
    found.by_check.sort_by(|a, b| {
        let part = |tally: &CheckTally| tally.used.unwrap_or(-1.0);
        b.failed.cmp(&a.failed).then(part(b).total_cmp(&part(a)))
    });
    Ok(found)
}

impl CheckTally {
    fn of(scenario: &str, case: &str, check: &CheckRecord) -> Self {
        Self {
            scenario: scenario.to_owned(),
            case: case.to_owned(),
            measurand: check.measurand.clone(),
            text: check.text.clone(),
            judged: 0,
            failed: 0,
            inconclusive: 0,
            invalid: 0,
            used: None,
            used_median: None,
            parts: Vec::new(),
        }
    }

    fn count(&mut self, check: &CheckRecord) {
        self.judged += 1;
        match check.verdict {
            Verdict::Pass => {}
            Verdict::Fail => self.failed += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Invalid => self.invalid += 1,
        }
        self.parts.extend(used(check));
    }

    fn finished(mut self) -> Self {
        self.parts.sort_by(f64::total_cmp);
        self.used = self.parts.last().copied();
        self.used_median = self.parts.get(self.parts.len() / 2).copied();
        self
    }
}

/// The part of a check's limit that its value and uncertainty take; `None` where there is no such thing.
pub fn used(check: &CheckRecord) -> Option<f64> {
    let (margin, uncertainty) = (check.margin?, check.uncertainty?);
    let limit = &check.limit;
    let width = match (limit.lower, limit.upper) {
        _ if limit.criterion == "holds" || limit.criterion == "equals" => return None,
        (Some(lower), Some(upper)) => (upper - lower) / 2.0,
        (_, Some(bound)) | (Some(bound), _) => bound.abs(),
        _ => return None,
    };
    (width > 0.0).then(|| (width - margin + uncertainty) / width)
}

/// A table a person reads.
pub fn text(found: &Alarms) -> String {
    let mut out = format!(
        "{} seeds from {}, {} cases, {} checks on clean benches: {} cases did not pass\n",
        found.seeds,
        found.first_seed,
        found.cases,
        found.checks,
        found.alarms.len()
    );
    for alarm in found.alarms.iter().take(20) {
        out.push_str(&format!(
            "\nseed {}  {}  {}\n    {}\n    {}\n",
            alarm.seed,
            alarm.outcome.name(),
            alarm.case,
            alarm.scenario,
            alarm.reason
        ));
    }
    out.push_str("\nnearest to their limits (100 %: value and uncertainty reach it)\n");
    for tally in found.by_check.iter().filter(|tally| tally.used.is_some()).take(15) {
        let percent = |part: Option<f64>| part.map_or(String::new(), |part| format!("{:.1} %", 100.0 * part));
        out.push_str(&format!(
            "{:>9}  median {:>8}  {:<22} {}\n",
            percent(tally.used),
            percent(tally.used_median),
            tally.measurand,
            tally.case
        ));
    }
    out.push_str(&format!(
        "\na check of a clean bench alarms in at most {:.3} % of cases (95 % confidence)\n",
        100.0 * found.rate_bound()
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};
    use crate::record::{CaseRecord, LimitRecord};

    fn record(verdict: Verdict, outcome: Outcome) -> RunRecord {
        let cases = vec![CaseRecord { outcome, checks: vec![check("amplitude", verdict)], ..case("a") }];
        RunRecord { cases, ..head() }
    }

    #[test]
    fn nothing_alarms_until_something_does() {
        let clean = alarms(1, 3, |_| Ok::<_, ()>(record(Verdict::Pass, Outcome::Passed))).unwrap();
        assert!(clean.holds() && clean.checks == 3);
        // −ln 0.05 = 2.9957 of three: three checks prove nothing.
        assert!((clean.rate_bound() - 20_f64.ln() / 3.0).abs() < 1e-9, "{}", clean.rate_bound());
        let bad = alarms(1, 3, |seed| {
            Ok::<_, ()>(if seed == 2 {
                record(Verdict::Fail, Outcome::Failed)
            } else {
                record(Verdict::Pass, Outcome::Passed)
            })
        });
        let bad = bad.unwrap();
        assert!(!bad.holds());
        assert_eq!((bad.alarms.len(), bad.alarms[0].seed, bad.by_check[0].failed), (1, 2, 1));
        assert!(text(&bad).contains("seed 2  failed  a"));
        // One of three: 4.74 of three, which no share is.
        assert_eq!(bad.rate_bound(), 1.0);
        let rare = Alarms { checks: 1000, ..bad };
        assert!((rare.rate_bound() - 4.743_865e-3).abs() < 1e-8, "{}", rare.rate_bound());
        let none = alarms(1, 1, |_| Ok::<_, ()>(head())).unwrap();
        assert!(!none.holds(), "a run without checks shows nothing");
    }

    #[test]
    fn the_part_used_is_one_where_value_and_uncertainty_reach_the_limit() {
        let at = |margin: f64| CheckRecord { margin: Some(margin), ..check("amplitude", Verdict::Pass) };
        // 3 % of 2 mA is 60 uA; U is 3.1 uA.
        assert!((used(&at(3.1e-6)).unwrap() - 1.0).abs() < 1e-9);
        assert!((used(&at(60e-6)).unwrap() - 3.1 / 60.0).abs() < 1e-9);
        let limit = LimitRecord { criterion: "holds".into(), nominal: None, lower: Some(1.0), upper: None };
        assert_eq!(used(&CheckRecord { limit, ..at(0.0) }), None);
    }
}
