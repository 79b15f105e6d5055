//! How often value ± U holds the truth, over many benches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Serialize;

use crate::record::Verdict;
use crate::statistics::wilson;

use super::trial::{self, BOUNDED, EXACT, Outcome, Trial};

/// Counts of one measurand, overall or in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Share {
    /// Benches whose interval held the truth.
    pub covered: u64,
    /// Benches that measured it.
    pub measured: u64,
    /// Benches that could not.
    pub invalid: u64,
}

impl Share {
    /// Fraction covered; 0 where nothing was measured.
    pub fn fraction(&self) -> f64 {
        if self.measured == 0 { 0.0 } else { self.covered as f64 / self.measured as f64 }
    }

    /// Standard error that the fraction has if the claim of 95 % is true.
    pub fn standard_error(&self) -> f64 {
        (0.95 * 0.05 / self.measured.max(1) as f64).sqrt()
    }

    /// Wilson's 95 % interval of the fraction.
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.covered, self.measured)
    }

    fn count(&mut self, covered: Option<bool>) {
        match covered {
            Some(covered) => {
                self.measured += 1;
                self.covered += u64::from(covered);
            }
            None => self.invalid += 1,
        }
    }

    fn join(&mut self, other: &Self) {
        self.covered += other.covered;
        self.measured += other.measured;
        self.invalid += other.invalid;
    }
}

/// Verdicts on the worst of many pulses that all lie exactly at the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AtLimit {
    /// Benches that judged it.
    pub judged: u64,
    /// Accepted.
    pub passed: u64,
    /// Rejected.
    pub failed: u64,
    /// Could not be measured.
    pub invalid: u64,
}

impl AtLimit {
    /// Standard error of a share of 2.5 % of the benches.
    pub fn standard_error(&self) -> f64 {
        (0.025 * 0.975 / self.judged.max(1) as f64).sqrt()
    }

    /// Whether neither is more frequent than 2.5 %, but for three standard errors.
    pub fn holds(&self) -> bool {
        let most = (0.025 + 3.0 * self.standard_error()) * self.judged as f64;
        self.judged > 0 && self.invalid == 0 && self.passed as f64 <= most && self.failed as f64 <= most
    }
}

/// A bound on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OneSided {
    /// The truth lies below value + U.
    pub share: Share,
    /// Benches whose U was no larger than it may be.
    pub tight: u64,
}

impl OneSided {
    /// Whether it holds in 99 % of benches, and U is as small as stated in all.
    pub fn holds(&self) -> bool {
        self.share.fraction() >= 0.99 && self.share.invalid == 0 && self.tight == self.share.measured
    }
}

type Names<T> = BTreeMap<&'static str, T>;

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Seed it can be repeated with.
    pub seed: u64,
    /// Benches drawn for the measurands of current; the other experiments have a quarter each.
    pub benches: u64,
    /// Measurand → overall.
    pub overall: Names<Share>,
    /// Stratum → measurand → its share.
    pub strata: BTreeMap<String, Names<Share>>,
    /// Measurand → decisions at the limit.
    pub at_limit: Names<AtLimit>,
    /// Measurand → its bound.
    pub one_sided: Names<OneSided>,
}

impl Coverage {
    fn empty(seed: u64, benches: u64) -> Self {
        Self {
            seed,
            benches,
            overall: EXACT
                .iter()
                .chain(&BOUNDED)
                .map(|measurand| (measurand.name(), Share::default()))
                .collect(),
            strata: BTreeMap::new(),
            at_limit: BTreeMap::new(),
            one_sided: BTreeMap::new(),
        }
    }

    /// Whether every claim holds: two-sided intervals within 95 ± 1 %, or at least 94 % where bounds make them, and each
    /// stratum at least 93 %, but for three standard errors of their own count; one-sided bounds in 99 %; at most 2.5 % wrong at
    /// the limit; nothing unmeasured.
    pub fn holds(&self) -> bool {
        let overall = |(name, share): (&&str, &Share)| {
            let off = share.fraction() - 0.95;
            let most = 0.01 + 3.0 * share.standard_error();
            share.measured > 0 && share.invalid == 0 && -off <= most && (off <= most || !is_exact(name))
        };
        let stratum = |share: &Share| share.fraction() >= 0.93 - 3.0 * share.standard_error();
        self.overall.iter().all(overall)
            && self.strata.values().flat_map(BTreeMap::values).all(stratum)
            && self.at_limit.values().all(AtLimit::holds)
            && self.one_sided.values().all(OneSided::holds)
    }

    /// The measurand of which the fewest benches tell, and the smallest share of it that would still have passed for the claim.
    pub fn blind(&self) -> Option<(&'static str, f64)> {
        let measured = self.overall.iter().filter(|(_, share)| share.measured > 0);
        let fewest = measured.min_by_key(|(_, share)| share.measured);
        fewest.map(|(name, share)| (*name, (0.94 - 3.0 * share.standard_error()).max(0.0)))
    }

    /// Whether it holds, in a sentence, and how well these benches can tell.
    pub(super) fn verdict(&self) -> String {
        if !self.holds() {
            return "the claim does not hold".to_owned();
        }
        let blind = self.blind().map(|(name, least)| {
            format!(
                ", as far as {} benches tell: of {name} {:.1} % would still have passed for it",
                self.benches,
                100.0 * least
            )
        });
        format!("the claim holds{}", blind.unwrap_or_default())
    }

    fn add(&mut self, trial: &Trial) {
        for outcome in &trial.outcomes {
            match outcome {
                Outcome::Covered(measurand, covered) => {
                    let stratum = self.strata.entry(trial.stratum.clone()).or_default();
                    stratum.entry(measurand.name()).or_default().count(*covered);
                    self.overall.entry(measurand.name()).or_default().count(*covered);
                }
                Outcome::AtLimit(measurand, verdict) => {
                    let at = self.at_limit.entry(measurand.name()).or_default();
                    at.judged += 1;
                    match verdict {
                        Verdict::Pass => at.passed += 1,
                        Verdict::Fail => at.failed += 1,
                        Verdict::Inconclusive => {}
                        Verdict::Invalid => at.invalid += 1,
                    }
                }
                Outcome::OneSided(measurand, found) => {
                    let one = self.one_sided.entry(measurand.name()).or_default();
                    one.share.count(found.map(|(below, _)| below));
                    one.tight += u64::from(found.is_some_and(|(_, tight)| tight));
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        let join = |to: &mut Names<Share>, from: &Names<Share>| {
            from.iter().for_each(|(name, share)| to.entry(name).or_default().join(share));
        };
        join(&mut self.overall, &other.overall);
        for (stratum, shares) in &other.strata {
            join(self.strata.entry(stratum.clone()).or_default(), shares);
        }
        for (name, from) in &other.at_limit {
            let to = self.at_limit.entry(name).or_default();
            to.judged += from.judged;
            to.passed += from.passed;
            to.failed += from.failed;
            to.invalid += from.invalid;
        }
        for (name, from) in &other.one_sided {
            let to = self.one_sided.entry(name).or_default();
            to.share.join(&from.share);
            to.tight += from.tight;
        }
    }
}

/// Whether a measurand's interval holds the truth in 95 % of benches and not more.
pub fn is_exact(name: &str) -> bool {
    EXACT.iter().any(|measurand| measurand.name() == name)
}

/// Draws `benches` benches and tests the claims on each, on `threads` threads. The result depends on the seed alone.
pub fn coverage(seed: u64, benches: u64, threads: usize) -> Coverage {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut found = Coverage::empty(seed, benches);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= benches {
                return found;
            }
            found.add(&trial::current(seed, index));
            if index.is_multiple_of(4) {
                for trial in [trial::electrode, trial::shutdown, trial::share, trial::shape, trial::leakage] {
                    found.add(&trial(seed, index / 4));
                }
            }
        }
    };
    let mut total = Coverage::empty(seed, benches);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            // A worker that panicked has counted nothing; the total then falls short and the claim does not hold.
            if let Ok(found) = worker.join() {
                total.merge(&found);
            }
        }
    });
    total
}

/// A table a person reads: one line per measurand, with its least covered stratum.
pub fn text(found: &Coverage) -> String {
    let mut out = format!(
        "{} benches, seed {}: value ± U (95 %) holds the truth\n\n{:<22} {:>9} {:>9} {:>8}   least covered stratum\n",
        found.benches, found.seed, "measurand", "covered", "measured", "invalid"
    );
    for (name, share) in found.overall.iter().filter(|(name, _)| is_exact(name)) {
        out.push_str(&line(found, name, share));
    }
    out.push_str("\nmade of bounds for the most part: held in 95 % or more\n\n");
    for (name, share) in found.overall.iter().filter(|(name, _)| !is_exact(name)) {
        out.push_str(&line(found, name, share));
    }
    let percent = |count: u64, of: u64| 100.0 * count as f64 / of.max(1) as f64;
    out.push_str("\nvalue + U is an upper bound (99 %), U at most three samples and the filter's tail\n\n");
    for (name, one) in &found.one_sided {
        out.push_str(&format!(
            "{name:<22} {:>7.2} % {:>9} {:>8}   U as small as that in {:.2} %\n",
            100.0 * one.share.fraction(),
            one.share.measured,
            one.share.invalid,
            percent(one.tight, one.share.measured)
        ));
    }
    out.push_str("\nthe worst of many pulses, all exactly at the limit (2.5 % each at most)\n\n");
    for (name, at) in &found.at_limit {
        out.push_str(&format!(
            "{name:<22} passed {:>5.2} %  failed {:>5.2} %  of {}\n",
            percent(at.passed, at.judged),
            percent(at.failed, at.judged),
            at.judged
        ));
    }
    out + &format!("\n{}\n", found.verdict())
}

/// One measurand.
fn line(found: &Coverage, name: &str, share: &Share) -> String {
    let of = |(stratum, shares): (_, &Names<Share>)| shares.get(name).map(|share| (stratum, *share));
    let strata = found.strata.iter().filter_map(of).filter(|(_, share)| share.measured > 0);
    let least = strata.min_by(|a: &(&String, Share), b| a.1.fraction().total_cmp(&b.1.fraction()));
    let least = least.map_or(String::new(), |(stratum, share)| {
        format!("{:.2} % of {} ({stratum})", 100.0 * share.fraction(), share.measured)
    });
    let (covered, Share { measured, invalid, .. }) = (100.0 * share.fraction(), share);
    format!("{name:<22} {covered:>7.2} % {measured:>9} {invalid:>8}   {least}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_table_on_any_number_of_threads() {
        let one = coverage(7, 8, 1);
        assert_eq!(one, coverage(7, 8, 2));
        assert_eq!(one.overall["amplitude"].measured, 8);
        assert_eq!(one.overall["residual_voltage"].measured, 2);
        assert_eq!(one.one_sided["shutdown_latency"].share.measured, 2);
        assert!(one.overall.values().all(|share| share.invalid == 0), "{one:?}");
    }

    #[test]
    fn a_claim_that_is_too_small_or_too_large_does_not_hold() {
        let with = |covered| {
            let share = Share { covered, measured: 5000, invalid: 0 };
            Coverage { overall: [("amplitude", share)].into(), ..Coverage::empty(1, 5000) }.holds()
        };
        assert!(with(4750) && with(4800));
        // Of 100 benches the standard error is √(0.95·0.05/100) = 2.18 %: 94 % less three of them.
        let few = |measured| ("amplitude", Share { covered: measured, measured, invalid: 0 });
        let found =
            Coverage { overall: [few(100), ("width", few(5000).1)].into(), ..Coverage::empty(1, 5000) };
        let (name, least) = found.blind().unwrap();
        assert!(name == "amplitude" && (least - 0.874_617).abs() < 1e-6, "{name} {least}");
        assert_eq!(Coverage::empty(1, 1).blind(), None);
        assert!(!with(4600) && !with(4900));
        let at = |passed, failed| AtLimit { judged: 5000, passed, failed, invalid: 0 }.holds();
        assert!(at(125, 0) && at(0, 125) && !at(200, 0) && !at(0, 200));
        let bound =
            |covered, tight| OneSided { share: Share { covered, measured: 5000, invalid: 0 }, tight }.holds();
        assert!(bound(4950, 5000) && !bound(4949, 5000) && !bound(5000, 4999));
    }

    #[test]
    fn an_interval_of_a_share_is_wilsons() {
        let (low, high) = Share { covered: 95, measured: 100, invalid: 0 }.interval();
        assert!((low - 0.8882).abs() < 1e-4 && (high - 0.9785).abs() < 1e-4, "{low} {high}");
    }
}
