//! A scenario file to its cases.

use std::sync::Arc;

use crate::quantity::Dimension;
use crate::signal::Run;
use crate::source::{At, Context, Diagnostic, Fields, Node, Places, Source, parse};

use super::expect::{self, Contacts};
use super::shelf::{Library, Resolve, Shelf};
use super::{Case, Check, Decision, Fidelity, lengths, matrix, program, rules, steps};

pub(super) const KEYS: &[&str] = &[
    "$schema",
    "version",
    "name",
    "about",
    "verifies",
    "min_fidelity",
    "tags",
    "phantom",
    "limits",
    "matrix",
    "program",
    "duration",
    "pulses",
    "steps",
    "expect",
    "decision",
];
pub(super) const FIDELITIES: &[(&str, Fidelity)] = &[("sim", Fidelity::Sim), ("rig", Fidelity::Rig)];
pub(super) const DECISIONS: &[(&str, Decision)] =
    &[("guarded", Decision::Guarded), ("simple", Decision::Simple)];

/// How long a scenario runs that does not say, s.
const DEFAULT_DURATION: f64 = 2.0;

/// Reads a scenario file and expands its matrix.
///
/// `resolve` finds a phantom or profile by the name or path that the scenario gives. The cases are empty if any diagnostic is
/// an error; warnings come beside the cases.
pub fn read_scenario(source: &Source, resolve: &mut Resolve<'_>) -> (Vec<Case>, Vec<Diagnostic>) {
    read_scenario_among(source, resolve, &Library::default())
}

/// As [`read_scenario`], one of many files whose phantoms and limit profiles are shared.
pub fn read_scenario_among(
    source: &Source,
    resolve: &mut Resolve<'_>,
    library: &Library,
) -> (Vec<Case>, Vec<Diagnostic>) {
    let (root, problems) = match parse(source) {
        Ok(parsed) => parsed,
        Err(problems) => return (Vec::new(), problems),
    };
    let context = Context::new(source, problems);
    let mut shelf = Shelf::new(resolve, library);
    let cases = all_cases(&Arc::new(root), source, &context, &mut shelf).unwrap_or_default();
    let problems = context.finish();
    let failed = problems.iter().any(Diagnostic::is_error);
    (if failed { Vec::new() } else { cases }, problems)
}

fn all_cases(
    root: &Arc<Node>,
    source: &Source,
    context: &Context<'_>,
    shelf: &mut Shelf<'_>,
) -> Option<Vec<Case>> {
    let at = context.root(root);
    let fields = at.fields(KEYS)?;
    let matrix = fields.get("matrix");
    let combinations = matrix::combinations(matrix.as_ref())?;
    let file = Arc::new(source.clone());
    let mut cases = Vec::with_capacity(combinations.len());
    for (index, combination) in combinations.iter().enumerate() {
        let tree = matrix::substitute(&at, combination).map_or_else(|| Arc::clone(root), Arc::new);
        let values: Vec<(String, String)> =
            combination.iter().map(|(name, value)| ((*name).to_owned(), value.inline())).collect();
        let case = lower(&tree, context, &file, index + 1, values, shelf);
        if let Some(case) = case {
            rules::check(&case, context);
            lengths::check(&case, context);
            cases.push(case);
        }
    }
    Some(cases)
}

fn lower(
    tree: &Arc<Node>,
    context: &Context<'_>,
    source: &Arc<Source>,
    number: usize,
    matrix: Vec<(String, String)>,
    shelf: &mut Shelf<'_>,
) -> Option<Case> {
    let root = context.root(tree);
    let fields = root.fields(KEYS)?;
    fields.check_version();
    let scenario = fields.require("name").and_then(|at| at.text().filter(|name| named(&at, name)));
    let words = |key| {
        fields.or(key, Vec::new(), |at| {
            Some(at.list()?.iter().filter_map(At::text).map(str::to_owned).collect())
        })
    };
    let (verifies, tags) = (words("verifies"), words("tags"));
    let about = fields.get("about").and_then(|at| at.text().map(|text| text.trim().to_owned()));
    let min_fidelity = fields.or("min_fidelity", Fidelity::Sim, |at| at.word("a fidelity", FIDELITIES));
    let decision = fields.or("decision", Decision::Guarded, |at| at.word("a decision rule", DECISIONS));
    let run = run(&fields);
    let phantom = fields.require("phantom").and_then(|at| shelf.phantom(&at));
    let (program_at, expect_at) = (fields.require("program"), expect_list(&fields));
    let limits = fields.or("limits", Vec::new(), |at| Some(shelf.profiles(at)));
    // Without a phantom nothing is said of contacts; what else is wrong with the file is told beside it.
    let program =
        program_at.as_ref().and_then(|at| program::lower(at, program::KEYS, None, phantom.as_ref()));
    let checks = expect_at.and_then(|at| expect::lower(&at, Contacts::Of(phantom.as_ref())));
    let mut program = program?;
    program.run = match run {
        None if fields.has("steps") => Run::UntilStopped,
        None => Run::Duration(DEFAULT_DURATION),
        Some(run) => run,
    };
    let steps = match fields.get("steps") {
        Some(at) => steps::lower(&at, &program, phantom.as_ref()),
        None => Some(steps::default(&program, program_at.map_or(0, |at| at.key_span().line))),
    };
    let phantom = phantom?;
    if !program::is_whole(&program) {
        return None;
    }
    let mut places = Places::default();
    places.keep(Arc::clone(tree), Arc::clone(source));
    let scenario = scenario?.trim().to_owned();
    let values = matrix.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
    let name = if values.is_empty() { scenario.clone() } else { format!("{scenario} [{values}]") };
    // A limit of a profile is judged beside the scenario's own, whatever that says about the same measurand.
    let mut checks = checks?;
    for (path, profile) in &limits {
        checks.extend(profile.checks.iter().map(|check| Check { path: path.clone(), ..check.clone() }));
    }
    Some(Case {
        file: source.name.clone(),
        hash: source.hash.clone(),
        number,
        scenario,
        name,
        about,
        matrix,
        verifies,
        min_fidelity,
        tags,
        phantom,
        program,
        steps: steps?,
        checks,
        limits: limits.into_iter().map(|(_, profile)| profile).collect(),
        decision,
        places,
    })
}

/// A name that can be listed, filtered and told from the others.
fn named(at: &At<'_>, name: &str) -> bool {
    // A folded block ends with a line end, which is no part of the name.
    let name = name.trim();
    let named = !name.is_empty() && !name.contains(char::is_control);
    if !named {
        at.error("a name is one line of text", Some("a sentence that is true when the scenario passes"));
    }
    named
}

fn expect_list<'a>(fields: &Fields<'a>) -> Option<At<'a>> {
    if !fields.has("expect") {
        fields.at().key_error("`expect` is missing: a scenario without a check proves nothing", None);
        return None;
    }
    fields.get("expect")
}

/// What the stimulator does by itself once started.
fn run(fields: &Fields<'_>) -> Option<Run> {
    let duration = fields.get("duration").and_then(|at| at.positive(Dimension::Time));
    let pulses = fields.get("pulses").and_then(|at| at.count(1));
    if let (Some(at), true) = (fields.get("pulses"), fields.has("duration")) {
        at.key_error("`duration` already says how long it runs", None);
    }
    duration.map(Run::Duration).or(pulses.map(Run::Pulses))
}
