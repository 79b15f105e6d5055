//! Which check catches which defect, and at which smallest size.

use serde::Serialize;

use crate::record::{CaseRecord, CheckRecord, Outcome, RunRecord, Verdict};
use crate::rig::{Defect, DefectValue};

/// A measurand that failed on a bench with the defect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Catch {
    /// Measurand.
    pub measurand: String,
    /// Cases in which it failed.
    pub cases: u64,
    /// Scenario file of the case that saw it most clearly.
    pub scenario: String,
    /// That case.
    pub case: String,
    /// Smallest size at which the same check of the same case still failed, in the unit of the defect; for an
    /// every-N-th defect the largest N. `None` for a defect without a size.
    pub smallest: Option<f64>,
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub defect: String,
    /// The size it was tried at, in SI base units; `None` for a defect without a size.
    pub size: Option<f64>,
    /// The size as text.
    pub shown: String,
    /// Whether the size is the N of every N-th.
    pub every: bool,
    /// Cases that did not pass.
    pub cases: u64,
    /// Reasons of cases that failed without a failed check: an ignored stop, a tripped guard.
    pub otherwise: Vec<String>,
    /// The measurands that failed, the one that catches it smallest first.
    pub caught: Vec<Catch>,
}

impl Row {
    /// Whether anything noticed.
    pub fn is_caught(&self) -> bool {
        !self.caught.is_empty() || !self.otherwise.is_empty()
    }

    /// Smallest size caught over the size tried: how far below it the suite still sees.
    pub fn reach(&self, catch: &Catch) -> Option<f64> {
        let (size, smallest) = (self.size?, catch.smallest?);
        Some(if self.every { size / smallest } else { (smallest / size).abs() })
    }
}

/// Defects of the catalogue that were not tried, for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Untried {
    /// Why not.
    pub why: String,
    /// Their names.
    pub defects: Vec<String>,
}

impl Untried {
    /// `a, b (why)`.
    pub(super) fn told(&self) -> String {
        format!("{} ({})", self.defects.join(", "), self.why)
    }
}

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// Seed of the bench.
    pub seed: u64,
    /// Defects in the order of the catalogue.
    pub defects: Vec<Row>,
    /// Those of the catalogue that nothing is known of.
    pub untried: Vec<Untried>,
}

impl Matrix {
    /// Notes that a defect was not tried.
    pub fn leave_out(&mut self, defect: &str, why: &str) {
        match self.untried.iter_mut().find(|group| group.why == why) {
            Some(group) => group.defects.push(defect.to_owned()),
            None => {
                self.untried.push(Untried { why: why.to_owned(), defects: vec![defect.to_owned()] });
            }
        }
    }

    /// Whether every defect that was tried was caught.
    pub fn holds(&self) -> bool {
        !self.defects.is_empty() && self.defects.iter().all(Row::is_caught)
    }
}

/// Ratio of a size that is caught to one that is not at which the search ends.
const CLOSE: f64 = 1.05;
/// The search goes no farther below the size tried.
const FLOOR: f64 = 1e-4;

/// Tries one defect on every case, then each measurand that failed on the case that saw it most clearly, at smaller and
/// smaller sizes. `run` runs all cases (`None`) or one by name on a bench with the defect.
///
/// # Errors
/// Whatever `run` could not do.
pub fn row<E>(
    defect: &Defect,
    shown: String,
    mut run: impl FnMut(&Defect, Option<&str>) -> Result<RunRecord, E>,
) -> Result<Row, E> {
    let record = run(defect, None)?;
    let size = match &defect.value {
        DefectValue::Amount(size) => Some(*size),
        DefectValue::Every(n) => Some(f64::from(*n)),
        DefectValue::Flag | DefectValue::Names(_) => None,
    };
    let mut row = Row {
        defect: defect.kind.name().to_owned(),
        size,
        shown,
        every: matches!(defect.value, DefectValue::Every(_)),
        cases: record.cases.iter().filter(|case| case.outcome != Outcome::Passed).count() as u64,
        otherwise: Vec::new(),
        caught: Vec::new(),
    };
    for case in record.cases.iter().filter(|case| case.outcome >= Outcome::Failed) {
        if !case.checks.iter().any(|check| check.verdict == Verdict::Fail) {
            let reason = case.reason.clone().unwrap_or_else(|| case.outcome.name().to_owned());
            if !row.otherwise.contains(&reason) {
                row.otherwise.push(reason);
            }
        }
    }
    for (case, check) in clearest(&record) {
        let (name, measurand) = (case.name.clone(), check.measurand.clone());
        let smallest = smallest(&defect.value, |value| {
            let smaller = Defect { kind: defect.kind, value };
            Ok(fails(&run(&smaller, Some(&name))?, &measurand))
        })?;
        row.caught.push(Catch {
            cases: record.cases.iter().filter(|case| failed(case, &measurand)).count() as u64,
            scenario: case.scenario.clone(),
            case: name,
            measurand,
            smallest,
        });
    }
    let reach = |catch: &Catch| row.reach(catch).unwrap_or(1.0);
    let mut caught = row.caught.clone();
    caught.sort_by(|a, b| reach(a).total_cmp(&reach(b)));
    Ok(Row { caught, ..row })
}

fn failed(case: &CaseRecord, measurand: &str) -> bool {
    case.checks.iter().any(|check| check.verdict == Verdict::Fail && check.measurand == measurand)
}

fn fails(record: &RunRecord, measurand: &str) -> bool {
    record.cases.iter().any(|case| failed(case, measurand))
}

/// Of each measurand that failed, the check that lies farthest beyond its limit, as a multiple of the limit's width.
fn clearest(record: &RunRecord) -> Vec<(&CaseRecord, &CheckRecord)> {
    let mut best: Vec<(&CaseRecord, &CheckRecord)> = Vec::new();
    let failing = record.cases.iter().flat_map(|case| {
        case.checks.iter().filter(|check| check.verdict == Verdict::Fail).map(move |check| (case, check))
    });
    for (case, check) in failing {
        match best.iter_mut().find(|(_, known)| known.measurand == check.measurand) {
            Some(known) if beyond(check) > beyond(known.1) => *known = (case, check),
            Some(_) => {}
            None => best.push((case, check)),
        }
    }
    best
}

fn beyond(check: &CheckRecord) -> f64 {
    let limit = &check.limit;
    let width = match (limit.lower, limit.upper) {
        (Some(lower), Some(upper)) if upper > lower => (upper - lower) / 2.0,
        (_, Some(bound)) | (Some(bound), _) if bound != 0.0 => bound.abs(),
        _ => 1.0,
    };
    -check.margin.unwrap_or(0.0) / width
}

/// The smallest size that `caught` still sees, by halving and then by bisection in equal ratios.
fn smallest<E>(
    value: &DefectValue,
    mut caught: impl FnMut(DefectValue) -> Result<bool, E>,
) -> Result<Option<f64>, E> {
    match value {
        DefectValue::Amount(size) if *size != 0.0 => {
            let mut at = |part: f64| caught(DefectValue::Amount(size * part));
            let (mut seen, mut unseen) = (1.0, 0.5);
            while at(unseen)? {
                (seen, unseen) = (unseen, unseen / 2.0);
                if unseen < FLOOR {
                    return Ok(Some(size * seen));
                }
            }
            while seen / unseen > CLOSE {
                let middle = f64::sqrt(seen * unseen);
                if at(middle)? { seen = middle } else { unseen = middle }
            }
            Ok(Some(size * seen))
        }
        DefectValue::Every(n) => {
            let (mut seen, mut unseen) = (*n, n.saturating_mul(2));
            while caught(DefectValue::Every(unseen))? {
                (seen, unseen) = (unseen, unseen.saturating_mul(2));
                if unseen > 1_000_000 {
                    return Ok(Some(f64::from(seen)));
                }
            }
            while unseen - seen > 1 {
                let middle = seen + (unseen - seen) / 2;
                if caught(DefectValue::Every(middle))? { seen = middle } else { unseen = middle }
            }
            Ok(Some(f64::from(seen)))
        }
        DefectValue::Amount(_) | DefectValue::Flag | DefectValue::Names(_) => Ok(None),
    }
}

/// A table a person reads. `size` writes a size of a defect in its unit.
pub fn text(matrix: &Matrix, size: &dyn Fn(&Row, f64) -> String) -> String {
    let mut out = format!(
        "seed {}: the checks that fail on a bench with one defect, and the smallest size at which they still do\n\n",
        matrix.seed
    );
    for row in &matrix.defects {
        out.push_str(&format!("{:<26} {:>10}  ", row.defect, row.shown));
        let mut told: Vec<String> = row.caught.iter().map(|catch| told(row, catch, size)).collect();
        told.extend(row.otherwise.iter().map(|reason| format!("({reason})")));
        out.push_str(&if told.is_empty() { "NOT CAUGHT".to_owned() } else { told.join(" · ") });
        out.push('\n');
    }
    let missed = matrix.defects.iter().filter(|row| !row.is_caught()).count();
    out.push_str(&format!("\n{} defects, {missed} not caught\n", matrix.defects.len()));
    for group in &matrix.untried {
        out.push_str(&format!("not tried: {}\n", group.told()));
    }
    out
}

/// `charge_imbalance 0.46 %`.
pub(super) fn told(row: &Row, catch: &Catch, size: &dyn Fn(&Row, f64) -> String) -> String {
    let smallest = catch.smallest.map(|smallest| format!(" {}", size(row, smallest))).unwrap_or_default();
    format!("{}{smallest}", catch.measurand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head};
    use crate::rig::DefectKind;

    /// A suite that sees a gain error from 3 % on, and a missing pulse up to every 37th.
    fn run(defect: &Defect, _: Option<&str>) -> Result<RunRecord, ()> {
        let seen = match defect.value {
            DefectValue::Amount(size) => size >= 0.03,
            DefectValue::Every(n) => n <= 37,
            _ => true,
        };
        let verdict = if seen { Verdict::Fail } else { Verdict::Pass };
        let outcome = if seen { Outcome::Failed } else { Outcome::Passed };
        let checks = vec![check("amplitude", verdict), check("width", Verdict::Pass)];
        Ok(RunRecord { cases: vec![CaseRecord { outcome, checks, ..case("a") }], ..head() })
    }

    fn tried(kind: DefectKind, value: DefectValue) -> Row {
        row(&Defect { kind, value }, String::new(), run).unwrap()
    }

    #[test]
    fn the_smallest_size_is_found_from_above() {
        let gain = tried(DefectKind::GainError, DefectValue::Amount(0.05));
        assert_eq!(gain.caught.len(), 1);
        let smallest = gain.caught[0].smallest.unwrap();
        assert!((0.03..0.03 * CLOSE).contains(&smallest), "{smallest}");
        let missing = tried(DefectKind::MissingPulseEvery, DefectValue::Every(10));
        assert_eq!(missing.caught[0].smallest, Some(37.0));
        assert!((missing.reach(&missing.caught[0]).unwrap() - 10.0 / 37.0).abs() < 1e-12);
        assert_eq!(tried(DefectKind::NoLatch, DefectValue::Flag).caught[0].smallest, None);
    }

    #[test]
    fn a_defect_that_nothing_sees_is_said_to_be_missed() {
        let row = tried(DefectKind::GainError, DefectValue::Amount(0.01));
        assert!(!row.is_caught());
        let matrix = Matrix { seed: 1, defects: vec![row], untried: Vec::new() };
        assert!(!matrix.holds());
        assert!(text(&matrix, &|_, size| size.to_string()).contains("NOT CAUGHT"));
    }

    #[test]
    fn what_was_not_tried_is_named_by_its_reason() {
        let row = tried(DefectKind::GainError, DefectValue::Amount(0.05));
        let mut matrix = Matrix { seed: 1, defects: vec![row], untried: Vec::new() };
        for (defect, why) in [("no_latch", "no bench"), ("droop", "none here"), ("overshoot", "no bench")] {
            matrix.leave_out(defect, why);
        }
        let said = text(&matrix, &|_, size| size.to_string());
        let end = "1 defects, 0 not caught\nnot tried: no_latch, overshoot (no bench)\nnot tried: droop (none here)\n";
        assert!(said.ends_with(end), "{said}");
        assert!(matrix.holds());
    }
}
