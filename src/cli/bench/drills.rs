//! `stimrig bench drills`.

mod ports;
mod process;
mod within;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::bench::drills::{Drills, Trial, Wrong, page, text, wrong};
use crate::record::Outcome;
use crate::run::Interrupt;

use super::ended::Ended;
use super::progress::progress;
use super::suite::jobs;
use super::{Format, Show, json, provenance, show};

/// Whether the bench ends off and its record closed, whatever goes wrong at a random instant
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Trials within this process, on simulated benches
    #[arg(long, default_value_t = 1000)]
    trials: u64,
    /// Number of the first of them: a single one can be repeated
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of everything random [default: from the clock; it is printed]
    #[arg(long)]
    seed: Option<u64>,
    /// Processes that are killed, signalled, or left without room on their disk
    #[arg(long, default_value_t = 24)]
    processes: u64,
    /// Runs on benches behind ports, in real time, that are killed, signalled, or lose a plug
    #[arg(long, default_value_t = 24)]
    ports: u64,
    /// Trials at once [default: one per processor]
    #[arg(short, long, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if every trial ended as it must, 1 if not; a signal has its own code.
pub(super) fn run(args: &Args) -> u8 {
    let began = Instant::now();
    let seed =
        args.seed.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond().unsigned_abs() % 1_000_000);
    progress(&format!("seed {seed}"));
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return Ended::internal(format!("cannot listen for signals: {error}")).told(),
    };
    let mut found = Drills::new(seed, args.first);
    let tried = all(args, seed, &interrupt, &mut found);
    // Ctrl-C ends the processes that were started, too: what failed for that is not what ended this.
    if let Some(cause) = interrupt.cause() {
        return Ended::by(cause.name()).told();
    }
    if let Err(ended) = tried {
        return ended.told();
    }
    progress("");
    found.elapsed = began.elapsed().as_secs_f64();
    let shown = match args.show.format {
        Format::Text => Ok(text(&found)),
        Format::Json => json(&found),
        Format::Html => Ok(page(&found, &provenance())),
    };
    show(&args.show, shown, u8::from(!found.holds()))
}

fn all(args: &Args, seed: u64, interrupt: &Interrupt, found: &mut Drills) -> Result<(), Ended> {
    let bench = within::Bench::new()?;
    all_within(args, seed, &bench, interrupt, found)?;
    process::all(args.processes, seed, interrupt, found)?;
    ports::all(args.ports, jobs(args.jobs), seed, interrupt, found)
}

/// What `work` makes of each number below `count`, in their order. Several are worked on at once, each worker with what `begin`
/// gives it, until a signal comes; `told` hears how many are done.
fn numbered<Own, Made: Send>(
    (count, jobs): (u64, usize),
    interrupt: &Interrupt,
    begin: impl Fn(usize) -> Own + Sync,
    work: impl Fn(&mut Own, u64) -> Made + Sync,
    told: impl Fn(u64) + Sync,
) -> Vec<Made> {
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let all: Mutex<Vec<(u64, Made)>> = Mutex::default();
    let worker = |worker: usize| {
        let mut own = begin(worker);
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count || interrupt.cause().is_some() {
                return;
            }
            let made = work(&mut own, number);
            all.lock().unwrap_or_else(PoisonError::into_inner).push((number, made));
            told(done.fetch_add(1, Ordering::SeqCst) + 1);
        }
    };
    std::thread::scope(|scope| {
        for number in 0..jobs {
            scope.spawn(move || worker(number));
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, made)| made).collect()
}

/// The trials within this process, several at once; they are counted in their order.
fn all_within(
    args: &Args,
    seed: u64,
    bench: &within::Bench,
    interrupt: &Interrupt,
    found: &mut Drills,
) -> Result<(), Ended> {
    let all = numbered(
        (args.trials, jobs(args.jobs)),
        interrupt,
        |_| (),
        |(), number| {
            let trial = Trial::draw(seed, args.first.saturating_add(number));
            let result = bench.run(&trial).map(|seen| {
                let outcome = seen.happened.and(seen.record.outcome);
                (outcome, wrong(&trial, &seen))
            });
            (trial, result)
        },
        |done| progress(&format!("seed {seed}: {done} of {} trials", args.trials)),
    );
    for (trial, result) in all {
        let (outcome, what) = result.map_err(|ended| ended.at(&format!("trial {}", trial.number)))?;
        let wrong = what.map(|what| Wrong {
            trial: trial.number,
            repeat: format!("--first {} --trials 1 --processes 0 --ports 0", trial.number),
            mishap: trial.told(),
            what,
            scenario: trial.scenario.clone(),
        });
        found.count(trial.kind, outcome.map(Outcome::name), wrong);
    }
    Ok(())
}
