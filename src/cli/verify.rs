//! `stimrig verify`: is a run what it was when it ended, and does its judgement follow from its samples?

use std::path::{Path, PathBuf};

use crate::analyze::replay;
use crate::plot::harmless;
use crate::record::{CaseRecord, EXIT_INTERNAL, EXIT_USAGE, differences};
use crate::store::{
    KeptError, Verification, VerifyError, case_folder, open_traces, read_basis, read_public_key, read_record,
    runs_in, verify,
};

use super::named_run::folder_of;
use super::stdout::{done, print};

/// A file was changed, or a judgement differs.
const EXIT_ALTERED: u8 = 1;
/// Nothing contradicts the run, but something that would prove it is missing.
const EXIT_UNPROVEN: u8 = 5;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 intact, 1 altered or judged otherwise, 2 no run or unusable key, \
                        5 unfinished, or nothing kept to judge again.")]
pub struct Args {
    /// A run: its folder, its id or the id's beginning, `latest` or `latest~1`; or a folder of runs, whose chain is then checked from
    /// its first to its last [default: all in --runs]
    #[arg(value_name = "RUN")]
    named: Vec<PathBuf>,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Public key the runs must be signed with
    #[arg(long, value_name = "FILE", env = "STIMRIG_KEY")]
    key: Option<PathBuf>,
    /// Measure and judge the raw samples again; every value must come out the same
    #[arg(long)]
    reanalyze: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> u8 {
    let key = match args.key.as_deref().map(read_public_key).transpose() {
        Ok(key) => key,
        Err(error) => return refuse(&error),
    };
    let named = args.named.iter().map(|named| folder_of(&args.runs, named)).collect::<Result<Vec<_>, _>>();
    let folders = match named {
        Ok(named) if named.is_empty() => vec![args.runs.clone()],
        Ok(named) => named,
        Err(error) => return refuse(&error),
    };
    let mut worst = 0;
    for folder in &folders {
        let (runs, none) = match runs_in(folder) {
            Ok(runs) => (runs, None),
            // Where all were taken away, the chain that is left tells of them.
            Err(error @ VerifyError::NotARun(_)) => (Vec::new(), Some(error)),
            Err(error) => return refuse(&error),
        };
        let whole_chain = runs != [folder.clone()];
        for run in runs {
            let code = match verify(&run, key.as_deref(), whole_chain) {
                Ok(found) => told(&found, args.reanalyze),
                Err(error) => refuse(&error),
            };
            worst = rank(worst, code);
        }
        if whole_chain {
            let code = match (Verification::of_chain(folder), none) {
                (Ok(chain), _) if !chain.findings.is_empty() => told(&chain, false),
                (Ok(_), Some(error)) => return refuse(&error),
                (Ok(_), None) => 0,
                (Err(error), _) => refuse(&error),
            };
            worst = rank(worst, code);
        }
    }
    worst
}

fn refuse(error: &dyn std::error::Error) -> u8 {
    say!("stimrig: {error}");
    EXIT_USAGE
}

/// Altered outranks what could not be told or read, and that what is not proven.
fn rank(a: u8, b: u8) -> u8 {
    [EXIT_ALTERED, EXIT_INTERNAL, EXIT_USAGE, EXIT_UNPROVEN]
        .into_iter()
        .find(|code| a == *code || b == *code)
        .unwrap_or(0)
}

fn told(found: &Verification, reanalyze: bool) -> u8 {
    let (word, mut code) = match (&found.manifest, found.findings.is_empty()) {
        (_, false) => ("ALTERED", EXIT_ALTERED),
        (None, true) => ("unfinished", EXIT_UNPROVEN),
        (Some(_), true) => ("intact", 0),
    };
    let mut text = format!("{word:<10} {}", found.folder.display());
    if let Some(manifest) = &found.manifest {
        let after = manifest.previous.as_ref().map_or("the first", |previous| previous.run.as_str());
        let after = if manifest.previous.is_some() { format!("after {after}") } else { after.to_owned() };
        text += &format!("  {} files, rig {}, {after}", manifest.files.len(), manifest.rig);
    }
    text.push('\n');
    for finding in &found.findings {
        text += &format!("  {finding}\n");
    }
    for note in &found.notes {
        text += &format!("  note: {note}\n");
    }
    if reanalyze {
        let (lines, judged) = judged_again(&found.folder);
        text += &lines;
        code = rank(code, judged);
    }
    // Names of files are anybody's.
    done(print(&harmless::lines(&text)), code)
}

/// Judges every case of which samples were kept again, and says what came out otherwise.
fn judged_again(folder: &Path) -> (String, u8) {
    let record = match read_record(folder) {
        Ok((record, _)) => record,
        Err(error) => return (format!("  cannot be judged again: {error}\n"), EXIT_USAGE),
    };
    let (mut text, mut code, mut same, mut checks) = (String::new(), 0, 0_usize, 0_usize);
    for case in &record.cases {
        let Some(inside) = &case.evidence else { continue };
        match again(folder, inside, case) {
            Ok(Compared { tool, differences }) if !differences.is_empty() => {
                code = EXIT_ALTERED;
                text += &format!(
                    "  {}: judged otherwise ({tool} then, stimrig {} now)\n",
                    case.name,
                    env!("CARGO_PKG_VERSION")
                );
                for difference in differences {
                    text += &format!("    {difference}\n");
                }
            }
            Ok(_) => {
                same += 1;
                checks += case.checks.len();
            }
            Err(error) => {
                code = rank(code, EXIT_UNPROVEN);
                text += &format!("  {}: cannot be judged again: {error}\n", case.name);
            }
        }
    }
    let without = record.cases.iter().filter(|case| case.evidence.is_none()).count();
    if same > 0 {
        text += &format!(
            "  {same} cases judged again from their samples: {checks} checks, every value the same\n"
        );
    }
    if without > 0 {
        text += &format!("  {without} cases without raw samples (`stimrig run --keep always` keeps them)\n");
        code = rank(code, EXIT_UNPROVEN);
    }
    (text, code)
}

/// A case judged again.
struct Compared {
    tool: String,
    differences: Vec<String>,
}

fn again(folder: &Path, inside: &str, case: &CaseRecord) -> Result<Compared, KeptOrReplay> {
    let folder = case_folder(folder, inside)?;
    let basis = read_basis(&folder)?;
    let recording = replay(&basis, open_traces(&folder)?)?;
    let mut differences = differences(&case.checks, basis.judge(&recording));
    if basis.case.name != case.name {
        differences.insert(0, format!("{inside} is of another case, `{}`", basis.case.name));
    }
    Ok(Compared { tool: basis.tool, differences })
}

#[derive(Debug, thiserror::Error)]
enum KeptOrReplay {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Replay(#[from] crate::analyze::ReplayError),
}
