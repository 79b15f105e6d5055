//! A suite of scenarios that an experiment runs again and again.

use std::path::PathBuf;

use crate::cli::Output;
use crate::cli::filter::Filter;
use crate::cli::load::{load_bench, load_cases};
use crate::cli::recover::take;
use crate::cli::signals::listen;
use crate::measure::Setup;
use crate::record::{Archive, CaseArchive, CaseFigures, EXIT_USAGE, Event, Fold, Kept, RunRecord, Sink};
use crate::rig::{Defect, Rig};
use crate::run::{Interrupt, Keep, Options, Origin, RigLock, Waiting, suite};
use crate::scenario::{Case, plan};
use crate::signal::{Block, BlockSink};
use crate::source::{Diagnostic, render};

use super::ended::Ended;

/// Scenarios, and how to run them.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Scenario files or folders [default: scenarios/]
    paths: Vec<PathBuf>,
    /// Only matching cases, such as 'tag(smoke)' (repeatable: any may match)
    #[arg(short = 'E', long, value_name = "EXPR")]
    filter: Vec<String>,
    /// Simulated bench to start from [default: rig/sim.yaml]
    #[arg(long, value_name = "FILE")]
    rig: Option<PathBuf>,
    /// Cases at once [default: one per processor]
    #[arg(short, long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// The cases of an experiment on its clean bench.
pub(super) struct Suite {
    cases: Vec<Case>,
    rig: Rig,
    jobs: usize,
    interrupt: Interrupt,
    lock: RigLock,
}

#[derive(Default)]
struct Folding(Fold);

impl Sink for Folding {
    fn take(&mut self, event: &Event) {
        self.0.take(event);
    }
}

/// Keeps no samples.
struct Nothing;

impl Archive for Nothing {
    fn figures(&self, _: &CaseFigures) {}

    fn begin(&self, _: usize, _: &str, _: &Setup) -> Box<dyn CaseArchive> {
        Box::new(Self)
    }
}

impl BlockSink for Nothing {
    fn block(&mut self, _: &Block<'_>) {}
}

impl CaseArchive for Nothing {
    fn end(self: Box<Self>, _: Option<&[u8]>) -> Kept {
        Kept::default()
    }
}

impl Suite {
    /// Reads everything; what is wrong is said, and the exit code returned.
    pub(super) fn load(args: &Selection, output: &Output) -> Result<Self, u8> {
        let refuse = |problems: &[Diagnostic]| {
            say_all!("{}", render(problems, output.color()));
            EXIT_USAGE
        };
        let usage = |what: &str| {
            say!("stimrig: {what}");
            EXIT_USAGE
        };
        let filter = Filter::any(&args.filter).map_err(|error| usage(&error.to_string()))?;
        let rig = load_bench(args.rig.as_deref(), &[], &[]).map_err(|problems| refuse(&problems))?;
        if rig.sim.is_none() {
            return Err(usage(&format!(
                "`{}` is a real rig, and this experiment needs a simulated one",
                rig.name
            )));
        }
        let cases = load_cases(&args.paths).map_err(|problems| refuse(&problems))?.cases;
        let cases: Vec<Case> = cases.into_iter().filter(|case| filter.matches(&case.into())).collect();
        if cases.is_empty() {
            return Err(usage("no case is selected"));
        }
        let jobs = jobs(args.jobs);
        let interrupt = listen()?;
        let lock = take(&rig, Waiting::No, &interrupt)?;
        Ok(Self { cases, rig, jobs, interrupt, lock })
    }

    /// Runs all cases, or those of one name, on the bench with a seed and defects.
    ///
    /// # Errors
    /// When a case cannot be planned, or a signal ended the run.
    pub(super) fn run(&self, seed: u64, defects: &[Defect], only: Option<&str>) -> Result<RunRecord, Ended> {
        let rig = self.bench(seed, defects);
        let wanted = self.cases.iter().filter(|case| only.is_none_or(|name| case.name == name));
        let plans: Result<Vec<_>, Vec<Diagnostic>> =
            wanted.map(|case| plan(case.clone(), &rig, false)).collect();
        let plans = plans.map_err(|problems| Ended::usage(render(&problems, false)))?;
        let options = Options {
            id: uuid::Uuid::now_v7().to_string(),
            jobs: self.jobs,
            max_fail: None,
            dut: None,
            operator: None,
            person: None,
            plugged: None,
            keep: Keep::Never,
            tool: super::provenance(),
            origin: Origin::default(),
            tamper: None,
        };
        let mut sink = Folding::default();
        suite(&plans, &rig, &self.lock, &options, &self.interrupt, &Nothing, &mut sink);
        let record = sink.0.record().ok_or_else(|| Ended::internal("the run left no record"))?;
        match &record.interrupted {
            Some(cause) => Err(Ended::by(cause)),
            None => Ok(record),
        }
    }

    /// What is wrong with a defect on this bench: one that cannot act there would look like one that nothing catches.
    pub(super) fn inert(&self, defect: &Defect) -> Vec<Diagnostic> {
        let bench = self.bench(0, std::slice::from_ref(defect));
        bench.with_overrides(&[], &[]).err().unwrap_or_default()
    }

    fn bench(&self, seed: u64, defects: &[Defect]) -> Rig {
        let mut rig = self.rig.clone();
        if let Some(bench) = &mut rig.sim {
            bench.seed = seed;
            bench.defects = defects.to_vec();
        }
        rig
    }
}

/// How much at once: as asked, else one per processor.
pub(super) fn jobs(asked: Option<u16>) -> usize {
    let asked = asked.map(usize::from);
    asked.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1)
}
