//! Limit profiles: limits of a standard or of a class of devices, with where they come from.
//!
//! A scenario that names one is judged by its checks as well as by its own. Nothing is overridden: where both limit the
//! same measurand, both must pass, so that a scenario can tighten a profile and never loosen it.

use serde::{Deserialize, Serialize};

use crate::source::{Context, Diagnostic, Fields, Source, parse};

use super::Check;
use super::expect::{self, Contacts};

pub(super) const KEYS: &[&str] =
    &["$schema", "version", "name", "about", "citation", "verified", "verified_by", "expect"];

/// A limit profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What scenarios call it.
    pub name: String,
    /// Its file as found.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub hash: String,
    /// What it is for.
    pub about: Option<String>,
    /// Where its limits come from: document, edition, clause.
    pub citation: String,
    /// Who compared it with the cited document, and when; `None` for limits nobody here has compared with it.
    pub verified_by: Option<String>,
    /// Its limits.
    pub checks: Vec<Check>,
}

macro_rules! profiles {
    ($($name:literal,)*) => {
        &[$((
            $name,
            concat!("scenarios/profiles/", $name, ".yaml"),
            include_str!(concat!("../../scenarios/profiles/", $name, ".yaml")),
        ),)*]
    };
}

const PROFILES: &[(&str, &str, &str)] = profiles![
    "charge-balance",
    "dc-leakage",
    "electrical-neutrality",
    "external-accuracy",
    "implant-accuracy",
    "open-lead-response",
    "platinum-charge",
    "vns-label",
];

/// Path and text of a shipped profile.
pub fn builtin_profile(name: &str) -> Option<(&'static str, &'static str)> {
    PROFILES.iter().find(|(own, ..)| *own == name).map(|(_, path, text)| (*path, *text))
}

/// Names of the shipped profiles.
pub fn builtin_profiles() -> impl Iterator<Item = &'static str> + Clone {
    PROFILES.iter().map(|(name, ..)| *name)
}

/// Reads a profile file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_profile(source: &Source) -> Result<Profile, Vec<Diagnostic>> {
    let (root, problems) = parse(source)?;
    let context = Context::new(source, problems);
    let profile = context.root(&root).fields(KEYS).and_then(|fields| lower(&fields, source));
    let failed = context.failed();
    match profile {
        Some(profile) if !failed => Ok(profile),
        _ => Err(context.finish()),
    }
}

fn lower(fields: &Fields<'_>, source: &Source) -> Option<Profile> {
    fields.check_version();
    let text = |key| fields.get(key).and_then(|at| at.text().map(|text| text.trim().to_owned()));
    let name = fields.require("name").and_then(|at| at.text());
    let citation = fields.require("citation").and_then(|at| {
        let text = at.text()?.trim();
        if text.is_empty() {
            at.error("a limit without a source is an opinion", Some("document, edition and clause"));
        }
        Some(text.to_owned())
    });
    let words = [("true", true), ("false", false)];
    let verified = fields.require("verified").and_then(|at| at.word("true or false", &words));
    let verified_by = text("verified_by");
    match (verified, &verified_by) {
        (Some(true), by) if by.as_ref().is_none_or(String::is_empty) => fields.at().key_error(
            "`verified: true` needs `verified_by`",
            Some("who compared the limits with the cited document, and when"),
        ),
        (Some(false), Some(_)) => {
            if let Some(at) = fields.get("verified_by") {
                at.key_error("`verified` is false, so nobody has", Some("say `verified: true`"));
            }
        }
        _ => {}
    }
    let checks = fields.require("expect").and_then(|at| expect::lower(&at, Contacts::Unnamed));
    let name = name?.trim().to_owned();
    let checks = checks?.into_iter().map(|check| Check { profile: Some(name.clone()), ..check }).collect();
    Some(Profile {
        file: source.name.clone(),
        hash: source.hash.clone(),
        about: text("about"),
        citation: citation?,
        verified_by,
        checks,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_file_is_built_in_and_good() {
        let mut files: Vec<String> = std::fs::read_dir("scenarios/profiles")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
            .collect();
        files.sort();
        assert_eq!(files, builtin_profiles().collect::<Vec<_>>());
        for name in builtin_profiles() {
            let (path, text) = builtin_profile(name).unwrap();
            let profile = read_profile(&Source::new(path, text)).unwrap_or_else(|found| panic!("{found:#?}"));
            assert_eq!(profile.name, name);
            assert!(!profile.checks.is_empty() && profile.citation.len() > 20, "{profile:?}");
        }
    }

    #[test]
    fn a_profile_says_where_its_limits_come_from_and_who_has_checked_them() {
        let with = |head: &str| {
            let text =
                format!("version: 1\nname: p\n{head}expect:\n  - rate: {{ of: 50 Hz, within: 1 % }}\n");
            let profile = read_profile(&Source::new("p.yaml", &text));
            profile.map(|profile| profile.verified_by).map_err(|found| found[0].what.clone())
        };
        assert_eq!(with("citation: IEC 1\nverified: false\n"), Ok(None));
        let by = "A. Reader, 2026-02-03";
        assert_eq!(
            with(&format!("citation: IEC 1\nverified: true\nverified_by: {by}\n")),
            Ok(Some(by.into()))
        );
        assert_eq!(with("verified: false\n"), Err("`citation` is missing".into()));
        assert_eq!(with("citation: IEC 1\n"), Err("`verified` is missing".into()));
        assert_eq!(
            with("citation: IEC 1\nverified: true\n"),
            Err("`verified: true` needs `verified_by`".into())
        );
        assert_eq!(
            with("citation: IEC 1\nverified: true\nverified_by: ' '\n"),
            Err("`verified: true` needs `verified_by`".into())
        );
        assert_eq!(
            with("citation: IEC 1\nverified: false\nverified_by: x\n"),
            Err("`verified` is false, so nobody has".into())
        );
    }

    #[test]
    fn a_profile_names_no_contact() {
        let text = "version: 1\nname: p\ncitation: IEC 1\nverified: false\nexpect:\n  - amplitude: { at_most: 1 mA, contact: e1 }\n";
        let found = read_profile(&Source::new("p.yaml", text)).unwrap_err();
        assert_eq!(found[0].what, "a profile names no contact: it holds for any phantom");
    }
}
