//! The floors of `ARCHITECTURE.md`: a module imports only from floors below its own, never a sibling.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Floor by floor, from the ground up. The order is the architecture; change it here and in `ARCHITECTURE.md` together.
const FLOORS: &[&[&str]] = &[
    &["quantity", "signal", "phantom"],
    &["capture", "measure", "plot", "statistics", "verdict"],
    &["source"],
    &["rig"],
    &["scenario", "record"],
    &["instrument", "judge", "machine"],
    &["driver", "sim"],
    &["analyze", "bench", "diagnose", "history", "predict", "report", "run", "store", "trace"],
    &["cli"],
];

/// Pure floors do no I/O and know no clock; `judge` is as pure as what it stands on.
const PURE_BELOW: usize = 5;
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::process", "std::time::", "std::thread", "tokio", "tracing"];

/// A file of one idea is 100–250 lines; beyond this it holds two.
const LONGEST: usize = 500;

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Source without comments and without its tests, which may look anywhere.
fn shipped(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules named after `crate::` (and inside `crate::{a, b}`).
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate` and words ending in "crate" are not paths of ours.
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let word =
            |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            for item in group.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    found.push(word(item.trim_start()));
                }
                match item.chars().last() {
                    Some('{') => depth += 1,
                    Some('}') if depth == 0 => break,
                    Some('}') => depth -= 1,
                    _ => {}
                }
            }
        } else {
            found.push(word(rest));
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    let with_module = files.into_iter().filter_map(|path| {
        let inside = path.strip_prefix(&root).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        // `lib.rs` and `main.rs` stand outside the floors; a file of tests may look anywhere.
        let outside = module.ends_with(".rs") || path.ends_with("tests.rs") || path.ends_with("golden.rs");
        (!outside).then_some((module, path, text))
    });
    with_module.collect()
}

#[test]
fn a_module_imports_only_from_floors_below_its_own() {
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (module, path, text) in sources() {
        let Some(floor) = floor_of(&module) else {
            wrong.push(format!("{}: `{module}` stands on no floor", path.display()));
            continue;
        };
        *seen.entry(module.clone()).or_default() += 1;
        for import in imports(&shipped(&text)) {
            if import != module && floor_of(&import).is_none_or(|below| below >= floor) {
                wrong.push(format!("{}: `{module}` (floor {floor}) imports `{import}`", path.display()));
            }
        }
    }
    for module in FLOORS.iter().flat_map(|floor| floor.iter()) {
        if !seen.contains_key(*module) {
            wrong.push(format!("`{module}` has a floor and no source"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_floors_do_no_input_or_output() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        if floor_of(&module).is_some_and(|floor| floor < PURE_BELOW) || module == "judge" {
            let code = shipped(&text);
            for word in IMPURE.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}: `{word}` on a pure floor", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_source_names_a_yaml_reader() {
    for (module, path, text) in sources() {
        let code = shipped(&text);
        let names = code.contains("serde_saphyr") || code.contains("granit_parser");
        assert!(!names || module == "source", "{} names a YAML reader", path.display());
    }
}

#[test]
fn only_run_sees_both_drivers_and_the_simulator() {
    let mut both: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for (module, _, text) in sources() {
        let imports = imports(&shipped(&text));
        let entry = both.entry(module).or_default();
        entry.0 |= imports.iter().any(|name| name == "driver");
        entry.1 |= imports.iter().any(|name| name == "sim");
    }
    let seeing: Vec<_> =
        both.iter().filter(|(_, (driver, sim))| *driver && *sim).map(|(name, _)| name).collect();
    assert!(seeing.iter().all(|name| *name == "run"), "{seeing:?}");
}

#[test]
fn files_hold_one_idea() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "hardware", "tests", "benches"] {
        if root.join(folder).is_dir() {
            rust_files(&root.join(folder), &mut files);
        }
    }
    let long = files.iter().filter_map(|path| {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        (lines > LONGEST && !path.components().any(|part| part.as_os_str() == "target"))
            .then(|| format!("{}: {lines} lines", path.display()))
    });
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_check_itself_sees_an_upward_import() {
    assert_eq!(imports("use crate::run::Options;"), ["run"]);
    assert_eq!(imports("use crate::{signal::{Block, Pulse}, verdict};"), ["signal", "verdict"]);
    assert_eq!(imports("let x = crate::sim::open();"), ["sim"]);
    assert!(imports("macro $crate_ish").is_empty());
    assert_eq!(shipped("a // crate::run\nb\n#[cfg(test)]\nuse crate::run;"), "a \nb");
}
