//! Arguments of `stimrig run`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::FalseyValueParser;

use crate::quantity::{Dimension, Quantity};
use crate::run::{Keep, Waiting};

use super::partition::Partition;

/// How cases are chosen.
const FILTERS: &str = "Filters: name(…), tag(…), phantom(…), requirement(…), file(…), all(), none(). In the brackets =text is exact, \
                       ~text or text is contained, /…/ is a regular expression. Operators: ! not, & and, - and not, | or, ( ).";

/// `stimrig run`: flags follow nextest where it has one.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = format!("{FILTERS}\n\n{}", super::EXIT_CODES))]
pub struct RunArgs {
    /// Scenario files or folders; FILE#2 runs the second case of a file [default: scenarios]
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,

    /// Rig file [default: rig/sim.yaml, or the copy built into stimrig]
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    pub rig: Option<PathBuf>,
    /// Override a value of a simulated rig, such as sim.adc.noise='2 lsb' (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment, help_heading = "Simulated rigs")]
    pub set: Vec<(String, String)>,
    /// Give the simulated stimulator a defect, such as gain_error='5 %' (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment, help_heading = "Simulated rigs")]
    pub defect: Vec<(String, String)>,
    /// Seed of everything random on a simulated rig
    #[arg(
        long,
        value_name = "N",
        value_parser = seed,
        allow_negative_numbers = true,
        env = "STIMRIG_SEED",
        help_heading = "Simulated rigs"
    )]
    pub seed: Option<u64>,
    /// Cases run side by side on a simulated rig; fewer cases share as many cores [default: the number of processors]
    #[arg(
        short,
        long,
        value_name = "N",
        value_parser = at_least_one::<NonZeroUsize>,
        env = "STIMRIG_JOBS",
        help_heading = "Simulated rigs"
    )]
    pub jobs: Option<NonZeroUsize>,

    /// Run only matching cases, such as 'tag(smoke) & name(~balance)' (repeatable: any may match)
    #[arg(short = 'E', long, value_name = "EXPR", env = "STIMRIG_FILTER", help_heading = "Selection")]
    pub filter: Vec<String>,
    /// Run only this part of the selected cases, such as hash:1/3 or slice:2/3
    #[arg(long, value_name = "PART", env = "STIMRIG_PARTITION", help_heading = "Selection")]
    pub partition: Option<Partition>,
    /// Run the selection so many times; every attempt is kept, and the worst one counts
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroU32>, env = "STIMRIG_REPEAT", help_heading = "Selection")]
    pub repeat: Option<NonZeroU32>,
    /// What to do when no case is selected
    #[arg(
        long,
        value_enum,
        default_value = "fail",
        value_name = "ACTION",
        env = "STIMRIG_NO_TESTS",
        help_heading = "Selection"
    )]
    pub no_tests: NoTests,
    /// Start no further case after so many that did not pass
    #[arg(
        long,
        value_name = "N",
        value_parser = at_least_one::<NonZeroU32>,
        env = "STIMRIG_MAX_FAIL",
        conflicts_with = "fail_fast",
        help_heading = "Selection"
    )]
    pub max_fail: Option<NonZeroU32>,
    /// Start no further case after the first that did not pass
    #[arg(long, value_parser = FalseyValueParser::new(), env = "STIMRIG_FAIL_FAST", help_heading = "Selection")]
    pub fail_fast: bool,
    /// Treat missing capabilities and plan warnings as errors
    #[arg(long, value_parser = FalseyValueParser::new(), env = "STIMRIG_STRICT", help_heading = "Selection")]
    pub strict: bool,

    /// Wait for a rig that somebody else holds: so long, such as --wait=10min, or until it is free
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "forever",
        value_parser = waiting,
        env = "STIMRIG_WAIT",
        help_heading = "Real rigs"
    )]
    pub wait: Option<Waiting>,
    /// Do not wait for a rig that somebody else holds (the default, whatever STIMRIG_WAIT says)
    #[arg(long, help_heading = "Real rigs")]
    pub no_wait: bool,

    /// Keep runs in this folder
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS", help_heading = "Output")]
    pub runs: PathBuf,
    /// Of which cases to keep the raw samples
    #[arg(
        long,
        value_enum,
        default_value = "failures",
        value_name = "WHICH",
        env = "STIMRIG_KEEP",
        help_heading = "Output"
    )]
    pub keep: KeepArg,
    /// Sign the run with this private key (`stimrig keygen` makes one)
    #[arg(long, value_name = "FILE", env = "STIMRIG_SIGN", help_heading = "Output")]
    pub sign: Option<PathBuf>,
    /// Also write the record here; - is standard output
    #[arg(long, value_name = "PATH", env = "STIMRIG_JSON", help_heading = "Output")]
    pub json: Option<PathBuf>,
    /// Also write JUnit XML here
    #[arg(long, value_name = "PATH", env = "STIMRIG_JUNIT", help_heading = "Output")]
    pub junit: Option<PathBuf>,
    /// Also write CTRF (Common Test Report Format, JSON) here
    #[arg(long, value_name = "PATH", env = "STIMRIG_CTRF", help_heading = "Output")]
    pub ctrf: Option<PathBuf>,
    /// Also write TAP (Test Anything Protocol 14) here
    #[arg(long, value_name = "PATH", env = "STIMRIG_TAP", help_heading = "Output")]
    pub tap: Option<PathBuf>,
    /// Serial number of the device under test, for the record
    #[arg(long, value_name = "SERIAL", env = "STIMRIG_DUT", help_heading = "Output")]
    pub dut: Option<String>,
    /// Who runs it, for the record
    #[arg(long, value_name = "NAME", env = "STIMRIG_OPERATOR", help_heading = "Output")]
    pub operator: Option<String>,
}

/// What `--keep` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeepArg {
    /// Of all
    Always,
    /// Of those that did not pass
    Failures,
    /// Of none
    Never,
}

impl From<KeepArg> for Keep {
    fn from(argument: KeepArg) -> Self {
        match argument {
            KeepArg::Always => Self::Always,
            KeepArg::Failures => Self::Failures,
            KeepArg::Never => Self::Never,
        }
    }
}

/// What `--no-tests` says about an empty selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NoTests {
    /// Exit 4
    Fail,
    /// Say so, exit 0
    Warn,
    /// Exit 0
    Pass,
}

impl RunArgs {
    /// The defaults, for these cases. What the environment says about a run counts here too.
    pub(super) fn of(paths: Vec<String>) -> Result<Self, clap::Error> {
        use clap::{Args as _, FromArgMatches as _};
        let command = Self::augment_args(clap::Command::new("run"));
        Self::from_arg_matches(&command.try_get_matches_from(std::iter::once("run".to_owned()).chain(paths))?)
    }

    /// How long to wait for a rig that is held.
    pub fn waiting(&self) -> Waiting {
        self.wait.filter(|_| !self.no_wait).unwrap_or(Waiting::No)
    }

    /// After how many cases that did not pass to start no further one.
    pub fn failures_allowed(&self) -> Option<usize> {
        if self.fail_fast {
            return Some(1);
        }
        self.max_fail.map(|count| usize::try_from(count.get()).unwrap_or(usize::MAX))
    }
}

/// `10 min`, or `forever`.
pub(super) fn waiting(text: &str) -> Result<Waiting, String> {
    if text == "forever" {
        return Ok(Waiting::Forever);
    }
    let parsed = Quantity::parse(text).ok();
    let seconds = parsed.filter(|parsed| parsed.dimension == Dimension::Time).map(|parsed| parsed.value);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.map(Waiting::For).ok_or_else(|| format!("`{text}` is no duration, such as 30s or 10min"))
}

/// A count of which there is no zero.
fn at_least_one<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| "expected a whole number from 1 on".to_owned())
}

/// A seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| "expected a whole number from 0 on".to_owned())
}

/// `key=value`; the value may hold further equals signs.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!(
            "`{text}` is not of the form name=value, such as sim.adc.noise='2 lsb' or stop_ignored=true"
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        run: RunArgs,
    }

    fn parse(arguments: &[&str]) -> Result<RunArgs, clap::Error> {
        let arguments = std::iter::once("run").chain(arguments.iter().copied());
        Cli::try_parse_from(arguments).map(|cli| cli.run)
    }

    #[test]
    fn the_defaults_run_everything_on_the_default_bench() {
        let args = parse(&[]).unwrap();
        assert!(args.paths.is_empty() && args.rig.is_none() && args.filter.is_empty());
        assert_eq!((args.runs, args.no_tests), (PathBuf::from("runs"), NoTests::Fail));
    }

    #[test]
    fn assignments_keep_their_quantities() {
        let args =
            parse(&["--set", "sim.adc.noise=2 lsb", "--defect", "gain_error=5 %", "--defect", "a=b=c"])
                .unwrap();
        assert_eq!(args.set, [("sim.adc.noise".to_owned(), "2 lsb".to_owned())]);
        assert_eq!(args.defect[1], ("a".to_owned(), "b=c".to_owned()));
        assert!(parse(&["--set", "noise"]).is_err());
    }

    #[test]
    fn waiting_has_a_length_or_none() {
        let wait = |arguments: &[&str]| parse(arguments).map(|args| args.waiting());
        assert_eq!(wait(&[]).unwrap(), Waiting::No);
        assert_eq!(wait(&["--wait"]).unwrap(), Waiting::Forever);
        assert_eq!(wait(&["--wait", "scenarios/a.yaml"]).unwrap(), Waiting::Forever, "a path is no duration");
        assert_eq!(wait(&["--wait=1.5min"]).unwrap(), Waiting::For(Duration::from_secs(90)));
        assert_eq!(wait(&["--wait=30 s", "--no-wait"]).unwrap(), Waiting::No);
        for bad in ["--wait=90", "--wait=3mA", "--wait=-1s"] {
            assert!(wait(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn fail_fast_is_one_failure() {
        assert_eq!(parse(&["--fail-fast"]).unwrap().failures_allowed(), Some(1));
        assert_eq!(parse(&["--max-fail", "3"]).unwrap().failures_allowed(), Some(3));
        assert_eq!(parse(&[]).unwrap().failures_allowed(), None);
        for zero in ["--max-fail", "--repeat", "--jobs"] {
            let error = parse(&[zero, "0"]).unwrap_err().to_string();
            assert!(error.contains("expected a whole number from 1 on"), "{error}");
        }
        assert!(parse(&["--max-fail", "3", "--fail-fast"]).is_err());
    }
}
