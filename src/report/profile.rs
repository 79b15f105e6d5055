//! Limits taken from a profile: whose they are, and what their word is worth.

use crate::record::{CaseRecord, CheckRecord, ProfileRecord};

/// The profile that states the limit of a check.
pub(super) fn of_check<'a>(case: &'a CaseRecord, check: &CheckRecord) -> Option<&'a ProfileRecord> {
    let name = check.profile.as_ref()?;
    case.profiles.iter().find(|profile| profile.name == *name)
}

/// File and line in which the limit of a check is written.
pub(super) fn place<'a>(case: &'a CaseRecord, check: &CheckRecord) -> (&'a str, u32) {
    (of_check(case, check).map_or(&case.scenario, |profile| &profile.file), check.line)
}

/// `dc-leakage (not verified): ISO 14708-2 cl. 16.2`.
pub(super) fn cited(profile: &ProfileRecord) -> String {
    format!("{} ({}): {}", profile.name, standing(profile), profile.citation)
}

/// `not verified`, or who has compared the limits with the document.
pub(super) fn standing(profile: &ProfileRecord) -> String {
    match &profile.verified_by {
        Some(by) if profile.verified => format!("verified by {by}"),
        None if profile.verified => "verified".to_owned(),
        _ => "not verified".to_owned(),
    }
}

/// Every profile that limited a run, once.
pub(super) fn of_cases(cases: &[CaseRecord]) -> Vec<&ProfileRecord> {
    let mut found: Vec<&ProfileRecord> = Vec::new();
    for profile in cases.iter().flat_map(|case| &case.profiles) {
        if !found.iter().any(|known| known.name == profile.name && known.hash == profile.hash) {
            found.push(profile);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, check, head, profile};
    use crate::record::{Outcome, Verdict};
    use crate::report::{annotations, junit, step_summary};

    #[test]
    fn every_report_says_whose_limit_it_is_and_that_nobody_has_verified_it() {
        let of_profile = CheckRecord {
            profile: Some("dc-leakage".into()),
            line: 10,
            ..check("dc_leakage_current", Verdict::Fail)
        };
        let mut record = head();
        record.cases = vec![CaseRecord {
            outcome: Outcome::Failed,
            profiles: vec![profile("dc-leakage")],
            checks: vec![check("amplitude", Verdict::Pass), of_profile],
            ..case("a")
        }];
        let cited = "dc-leakage (not verified): ISO 14708-2 cl. 16.2";
        let xml = junit(&record, None);
        assert!(xml.contains(&format!("<property name=\"limits\" value=\"{cited}\"/>")), "{xml}");
        assert!(xml.contains("scenarios/profiles/dc-leakage.yaml:10: fail dc_leakage_current"), "{xml}");
        assert!(xml.contains("[dc-leakage, not verified]"), "{xml}");
        let shown = annotations(&record);
        assert!(
            shown[0].starts_with("::error file=scenarios/profiles/dc-leakage.yaml,line=10,"),
            "{shown:?}"
        );
        assert!(shown[0].ends_with(&format!("limit of {cited}")), "{shown:?}");
        assert!(step_summary(&record, None).contains("dc-leakage (not verified): ISO 14708-2"));
    }

    #[test]
    fn a_verified_profile_names_who_verified_it() {
        let verified = |by: Option<&str>| ProfileRecord {
            verified: true,
            verified_by: by.map(str::to_owned),
            ..profile("p")
        };
        assert_eq!(standing(&verified(Some("A. Reader"))), "verified by A. Reader");
        assert_eq!(standing(&verified(None)), "verified");
    }
}
