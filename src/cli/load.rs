//! Files to cases and rigs: the one place that reads scenario, rig and phantom files.

use std::path::{Path, PathBuf};

use crate::phantom::Phantom;
use crate::rig::{Certificate, DEFAULT_RIG, Rig, read_certificate, read_phantom};
use crate::scenario::{Case, Library, Wanted, read_scenario_among};
use crate::source::{Diagnostic, Kind, Source, parse};

use super::resolve::{Finder, resolve};
use super::side_by_side::side_by_side;
use super::text_file::{near_to, read};

/// Files that lie among scenarios and are none.
const NOT_SCENARIOS: [&str; 2] = ["requirements.yaml", "requirements.yml"];
/// Folders among scenarios in which files may be something else: limit profiles and calibrations.
const MIXED: [&str; 2] = ["profiles", "calibration"];
/// What only a scenario says; a limit profile has checks too.
const OF_SCENARIOS: [&str; 4] = ["program", "phantom", "steps", "matrix"];

/// Cases of one or more files, with what a person should know about them.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// All cases in order of files and numbers.
    pub cases: Vec<Case>,
    /// Warnings; errors are never beside cases.
    pub warnings: Vec<Diagnostic>,
    /// Files read.
    pub files: usize,
}

/// Reads the scenarios of files, folders and `FILE#NUMBER`; `scenarios/` if none are named.
///
/// # Errors
/// Every problem of every file: one bad file among many, and nothing runs.
pub fn load_cases(paths: &[PathBuf]) -> Result<Loaded, Vec<Diagnostic>> {
    let default = [PathBuf::from("scenarios")];
    let paths = if paths.is_empty() { &default } else { paths };
    let mut problems = Vec::new();
    let mut files: Vec<(PathBuf, Option<usize>)> = Vec::new();
    for path in paths {
        match collect(path) {
            Ok(found) => files.extend(found),
            Err(problem) => problems.push(*problem),
        }
    }
    let mut loaded = Loaded { files: files.len(), ..Loaded::default() };
    let (finder, library) = (Finder::default(), Library::default());
    let read = side_by_side(&files, |(path, _)| {
        read(path).map(|source| (cases_among(&source, path, &finder, &library), source.name))
    });
    for ((_, number), read) in files.into_iter().zip(read) {
        match read {
            Ok(((cases, found), file)) => {
                let count = cases.len();
                problems.extend(found);
                if let Some(number) = number.filter(|number| *number == 0 || *number > count && count > 0) {
                    let what = format!("there is no case {number}: it has {count}");
                    problems.push(Diagnostic::of_file(&file, &what, None));
                }
                loaded.cases.extend(
                    cases.into_iter().filter(|case| number.is_none_or(|wanted| case.number == wanted)),
                );
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    loaded.warnings = problems;
    Ok(loaded)
}

/// Lowers one scenario file; its phantoms and limit profiles are found from where it lies.
pub fn cases_of(source: &Source, path: &Path) -> (Vec<Case>, Vec<Diagnostic>) {
    cases_among(source, path, &Finder::default(), &Library::default())
}

fn cases_among(
    source: &Source,
    path: &Path,
    finder: &Finder,
    library: &Library,
) -> (Vec<Case>, Vec<Diagnostic>) {
    let folder = path.parent().unwrap_or(Path::new(""));
    read_scenario_among(source, &mut |wanted| finder.resolve(folder, wanted), library)
}

/// Reads the rig file, or the default bench, and lays `--set` and `--defect` over it.
///
/// # Errors
/// Every problem of the file and of the overrides.
pub fn load_rig(
    path: Option<&Path>,
    set: &[(String, String)],
    defects: &[(String, String)],
) -> Result<Rig, Vec<Diagnostic>> {
    let default = Path::new(DEFAULT_RIG.0);
    let source = match path {
        Some(path) => read(path).map_err(|problem| vec![*problem])?,
        // From any folder without a default bench of its own, the one in the binary.
        None if default.is_file() => read(default).map_err(|problem| vec![*problem])?,
        None => Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1),
    };
    Rig::read(&source)?.with_overrides(set, defects)
}

/// As [`load_rig`], with the calibration that the rig file names: what measures needs it.
///
/// # Errors
/// Every problem of the rig file, of the overrides, and of the calibration.
pub fn load_bench(
    path: Option<&Path>,
    set: &[(String, String)],
    defects: &[(String, String)],
) -> Result<Rig, Vec<Diagnostic>> {
    let mut rig = load_rig(path, set, defects)?;
    rig.certificate = certificate_of(&rig)?;
    let unread = rig.certificate.as_ref().map(|certificate| rig.unread_of(certificate)).unwrap_or_default();
    if unread.iter().any(Diagnostic::is_error) { Err(unread) } else { Ok(rig) }
}

/// The calibration that a rig file names.
///
/// # Errors
/// Why it cannot be read, and what is wrong with it.
pub fn certificate_of(rig: &Rig) -> Result<Option<Certificate>, Vec<Diagnostic>> {
    let Some(named) = &rig.wiring.calibration else { return Ok(None) };
    let path = Path::new(&rig.file).parent().unwrap_or(Path::new("")).join(named);
    let source = read(&path).map_err(|problem| {
        vec![rig.places.find("calibration").error(
            &format!("the calibration {}", problem.what),
            Some("`stimrig calibrate` writes one, and without the line the load's own statement counts"),
        )]
    })?;
    read_certificate(&source).map(Some)
}

/// The phantom that `sim.phantom` plugs in instead of the one a scenario names.
///
/// # Errors
/// When there is none of that name, or its file is wrong.
pub fn plugged_phantom(rig: &Rig) -> Result<Option<Phantom>, Vec<Diagnostic>> {
    let Some(name) = rig.sim.as_ref().and_then(|sim| sim.phantom.as_deref()) else { return Ok(None) };
    named_phantom(rig, name).map(Some)
}

/// The phantom that a rig file names: a path relative to it, or a name.
///
/// # Errors
/// When there is none of that name, or its file is wrong.
pub fn named_phantom(rig: &Rig, name: &str) -> Result<Phantom, Vec<Diagnostic>> {
    let folder = Path::new(&rig.file).parent().unwrap_or(Path::new("")).to_owned();
    let source = resolve(&folder, Wanted::Phantom(name))
        .map_err(|found| vec![Diagnostic::of_file(&rig.file, &found.what, None)])?;
    read_phantom(&source)
}

/// The same line of a scenario is wrong once, however many cases share it.
pub(super) fn add(problems: &mut Vec<Diagnostic>, found: impl IntoIterator<Item = Diagnostic>) {
    for problem in found {
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// The scenario files of a path: itself, or those below it in order of their names.
fn collect(path: &Path) -> Result<Vec<(PathBuf, Option<usize>)>, Box<Diagnostic>> {
    let text = path.display().to_string();
    let refuse = |what: &str, help: Option<&str>| Box::new(Diagnostic::of_file(&text, what, help));
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, &mut files).map_err(|error| refuse(&format!("cannot be read: {error}"), None))?;
        files.retain(|file| is_among_scenarios(path, file));
        if files.is_empty() {
            return Err(refuse("there is no scenario in this folder", None));
        }
        return Ok(files.into_iter().map(|file| (file, None)).collect());
    }
    if path.exists() {
        return Ok(vec![(path.to_owned(), None)]);
    }
    let numbered =
        text.rsplit_once('#').and_then(|(file, number)| Some((file, number.parse::<usize>().ok()?)));
    if let Some((file, number)) = numbered.filter(|(file, _)| Path::new(file).is_file()) {
        return Ok(vec![(PathBuf::from(file), Some(number))]);
    }
    Err(refuse("there is no such file or folder", near_to(path).as_deref()))
}

/// Whether a file says what only a scenario says. One that cannot be read may be a scenario: whoever reads it tells what is wrong.
fn may_be_a_scenario(path: &Path) -> bool {
    let Some((root, _)) = read(path).ok().and_then(|source| parse(&source).ok()) else { return true };
    match &root.kind {
        Kind::Map(entries) => entries.iter().any(|(key, _)| OF_SCENARIOS.contains(&key.text.as_str())),
        _ => true,
    }
}

/// Whether a file below a folder of scenarios is one, as far as its place and, where others may lie beside them, its keys tell.
fn is_among_scenarios(folder: &Path, file: &Path) -> bool {
    let below = file.strip_prefix(folder).unwrap_or(file);
    let is = |part: &std::ffi::OsStr, names: &[&str]| names.iter().any(|name| part == *name);
    let listed = below.iter().any(|part| is(part, &NOT_SCENARIOS));
    let mixed = below.parent().into_iter().flatten().any(|part| is(part, &MIXED));
    !listed && (!mixed || may_be_a_scenario(file))
}

/// The YAML files below a folder, hidden ones left out.
///
/// # Errors
/// A folder cannot be read.
pub fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    visit(folder, &mut |path| {
        files.push(path);
        true
    })?;
    Ok(())
}

/// Shows the files of [`walk`] to `each` until it returns false, and returns what it returned last.
///
/// # Errors
/// A folder cannot be read.
pub fn visit(folder: &Path, each: &mut dyn FnMut(PathBuf) -> bool) -> std::io::Result<bool> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<std::io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // A link to a folder above would never end.
        let go_on = if entry.file_type()?.is_dir() {
            visit(&path, each)?
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            each(path)
        } else {
            true
        };
        if !go_on {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "version: 1\nname: n\nphantom: mine\nprogram: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n";
    const PHANTOM: &str = "version: 1\nname: NAME\ncontacts: { e1: a, case: gnd }\nelements: [{ r: 1 kohm, from: a, to: gnd }]\n";

    #[test]
    fn a_phantom_is_found_beside_then_above_then_built_in() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("scenarios/x");
        let shelf = folder.path().join("fixtures/phantoms");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir_all(&shelf).unwrap();
        let file = deep.join("s.yaml");
        std::fs::write(&file, SCENARIO).unwrap();
        let found =
            || load_cases(std::slice::from_ref(&file)).map(|loaded| loaded.cases[0].phantom.name.clone());
        let missing = found().unwrap_err();
        assert_eq!(missing[0].what, "there is no phantom `mine`");
        std::fs::write(shelf.join("mine.yaml"), PHANTOM.replace("NAME", "shelf")).unwrap();
        assert_eq!(found().unwrap(), "shelf");
        std::fs::write(deep.join("mine.yaml"), PHANTOM.replace("NAME", "beside")).unwrap();
        assert_eq!(found().unwrap(), "beside");
        std::fs::write(&file, SCENARIO.replace("mine", "r1k")).unwrap();
        assert_eq!(found().unwrap(), "r1k");
        std::fs::write(&file, SCENARIO.replace("mine", "./mine.yaml")).unwrap();
        assert_eq!(found().unwrap(), "beside");
    }

    #[test]
    fn a_limit_profile_is_found_above_or_built_in_and_beside_only_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x/y");
        let (near, far) = (folder.path().join("profiles"), folder.path().join("scenarios/profiles"));
        for folder in [&deep, &near, &far] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let file = deep.join("s.yaml");
        let scenario = SCENARIO.replace("mine", "r1k");
        let limited = |by: &str| {
            std::fs::write(&file, format!("{scenario}limits: {by}\n")).unwrap();
            load_cases(std::slice::from_ref(&file)).map(|loaded| loaded.cases[0].limits[0].citation.clone())
        };
        let missing = limited("mine").unwrap_err();
        assert_eq!(missing[0].what, "there is no limit profile `mine`");
        let profile = |citation: &str| {
            format!(
                "version: 1\nname: mine\ncitation: {citation}\nverified: false\nexpect:\n  - width: {{ at_most: 1 ms }}\n"
            )
        };
        std::fs::write(deep.join("mine.yaml"), profile("beside")).unwrap();
        assert_eq!(limited("mine").unwrap_err()[0].what, missing[0].what, "a name beside is a scenario's");
        for (place, citation) in [(&near, "above"), (&far, "above, among the scenarios")] {
            std::fs::write(place.join("mine.yaml"), profile(citation)).unwrap();
            assert_eq!(limited("mine").unwrap(), citation);
        }
        assert_eq!(limited("./mine.yaml").unwrap(), "beside");
        assert!(limited("implant-accuracy").unwrap().contains("pulse generators"));
    }

    #[test]
    fn files_that_say_the_same_keep_their_own_names() {
        let folder = tempfile::tempdir().unwrap();
        let profile =
            "version: 1\nname: mine\ncitation: c\nverified: false\nexpect:\n  - width: { at_most: 1 ms }\n";
        let mut files = Vec::new();
        for part in ["a", "b", "c"] {
            let (file, profiles) =
                (folder.path().join(part).join("s.yaml"), folder.path().join(part).join("profiles"));
            std::fs::create_dir_all(&profiles).unwrap();
            std::fs::write(profiles.join("mine.yaml"), profile).unwrap();
            std::fs::write(&file, format!("{}limits: mine\n", SCENARIO.replace("mine", "r1k"))).unwrap();
            files.push(file);
        }
        let cases = load_cases(&files).unwrap().cases;
        for (case, file) in cases.iter().zip(&files) {
            let own = file.with_file_name("profiles").join("mine.yaml");
            assert_eq!(Path::new(&case.limits[0].file), own);
            assert_eq!(case.limits[0].hash, cases[0].limits[0].hash);
        }
        assert_eq!(cases.len(), 3);
    }

    #[test]
    fn one_case_of_a_file_is_chosen_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.yaml");
        let text = SCENARIO.replace("mine", "r1k").replace("amplitude: 1 mA", "amplitude: $a")
            + "matrix: { a: [1 mA, 2 mA] }\n";
        std::fs::write(&file, text).unwrap();
        let pick = |number: u32| load_cases(&[PathBuf::from(format!("{}#{number}", file.display()))]);
        assert_eq!(pick(2).unwrap().cases[0].name, "n [a=2 mA]");
        assert_eq!(pick(3).unwrap_err()[0].what, "there is no case 3: it has 2");
    }

    #[test]
    fn a_folder_is_walked_without_what_is_no_scenario() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b/s.yaml", &SCENARIO.replace("mine", "r1k"));
        write("a.yaml", &SCENARIO.replace("mine", "r500"));
        write("requirements.yaml", "SYS-1: text\n");
        write("README.md", "text");
        write("profiles/p.yaml", "name: p\nverified: false\nexpect:\n  - width: { at_most: 1 ms }\n");
        write("b/calibration/bench.yaml", "certificate: C-1\n");
        let phantoms = || {
            let loaded = load_cases(&[folder.path().to_owned()]).unwrap();
            loaded.cases.into_iter().map(|case| case.phantom.name).collect::<Vec<_>>()
        };
        assert_eq!(phantoms(), ["r500", "r1k"]);
        // Whatever the folder is called, a scenario in it runs, and what cannot be read is told.
        write("b/calibration/of/c.yaml", &SCENARIO.replace("mine", "r1k"));
        write("profiles/d.yaml", &SCENARIO.replace("mine", "r500"));
        assert_eq!(phantoms(), ["r500", "r1k", "r1k", "r500"]);
        write("profiles/e.yaml", "program: {\n");
        assert!(load_cases(&[folder.path().to_owned()]).is_err());
        let near = load_cases(&[folder.path().join("a.yml")]).unwrap_err();
        assert!(near[0].help.as_deref().is_some_and(|help| help.ends_with("a.yaml`?")), "{near:?}");
    }
}
