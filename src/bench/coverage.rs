//! How often value ± U holds the truth, over many benches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde::Serialize;

use super::trial::{MEASURANDS, Trial, trial};

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

    fn count(&mut self, covered: Option<bool>) {
        match covered {
            Some(covered) => {
                self.measured += 1;
                self.covered += u64::from(covered);
            }
            None => self.invalid += 1,
        }
    }
}

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Seed it can be repeated with.
    pub seed: u64,
    /// Benches drawn.
    pub benches: u64,
    /// Measurand → overall.
    pub overall: BTreeMap<&'static str, Share>,
    /// Stratum → measurand → its share.
    pub strata: BTreeMap<String, BTreeMap<&'static str, Share>>,
}

impl Coverage {
    /// Whether the claim holds: every measurand within 95 ± 1 %, every stratum at least 93 %, each but for three
    /// standard errors of its own count, and nothing unmeasured.
    pub fn holds(&self) -> bool {
        let overall = |share: &Share| {
            share.measured > 0
                && share.invalid == 0
                && (share.fraction() - 0.95).abs() <= 0.01 + 3.0 * share.standard_error()
        };
        let stratum = |share: &Share| share.fraction() >= 0.93 - 3.0 * share.standard_error();
        self.overall.values().all(overall) && self.strata.values().flat_map(BTreeMap::values).all(stratum)
    }

    fn add(&mut self, trial: &Trial) {
        let stratum = self.strata.entry(trial.stimulus.stratum()).or_default();
        for outcome in &trial.outcomes {
            let name = outcome.measurand.name();
            stratum.entry(name).or_default().count(outcome.covered);
            self.overall.entry(name).or_default().count(outcome.covered);
        }
    }

    fn merge(&mut self, other: &Self) {
        fn join(to: &mut BTreeMap<&'static str, Share>, from: &BTreeMap<&'static str, Share>) {
            for (name, share) in from {
                let total = to.entry(name).or_default();
                total.covered += share.covered;
                total.measured += share.measured;
                total.invalid += share.invalid;
            }
        }
        join(&mut self.overall, &other.overall);
        for (stratum, shares) in &other.strata {
            join(self.strata.entry(stratum.clone()).or_default(), shares);
        }
    }
}

/// Draws `benches` benches and tests the claim on each, on `threads` threads. The result depends on the seed alone.
pub fn coverage(seed: u64, benches: u64, threads: usize) -> Coverage {
    let empty = || Coverage {
        seed,
        benches,
        overall: MEASURANDS.iter().map(|measurand| (measurand.name(), Share::default())).collect(),
        strata: BTreeMap::new(),
    };
    let next = AtomicU64::new(0);
    let worker = || {
        let mut found = empty();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= benches {
                return found;
            }
            found.add(&trial(seed, index));
        }
    };
    let mut total = empty();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_table_on_any_number_of_threads() {
        let one = coverage(7, 6, 1);
        assert_eq!(one, coverage(7, 6, 2));
        assert_eq!(one.overall["amplitude"].measured, 6);
        assert!(one.overall.values().all(|share| share.invalid == 0), "{one:?}");
    }

    #[test]
    fn a_claim_that_is_too_small_or_too_large_does_not_hold() {
        let with = |covered| {
            let share = Share { covered, measured: 5000, invalid: 0 };
            let overall = [("amplitude", share)].into();
            Coverage { seed: 1, benches: 5000, overall, strata: BTreeMap::new() }.holds()
        };
        assert!(with(4750) && with(4800));
        assert!(!with(4600) && !with(4900));
    }
}
