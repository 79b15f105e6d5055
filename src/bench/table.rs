//! The coverage experiment as text.

use super::Coverage;

/// A table a person reads: one line per measurand, with its least covered stratum.
pub fn text(coverage: &Coverage) -> String {
    let mut out = format!(
        "{} benches, seed {}: value ± U (95 %) holds the truth\n\n{:<18} {:>9} {:>9} {:>8}   least covered stratum\n",
        coverage.benches, coverage.seed, "measurand", "covered", "measured", "invalid"
    );
    for (name, share) in &coverage.overall {
        let least = coverage
            .strata
            .iter()
            .filter_map(|(stratum, shares)| shares.get(name).map(|share| (stratum, share)))
            .filter(|(_, share)| share.measured > 0)
            .min_by(|a, b| a.1.fraction().total_cmp(&b.1.fraction()));
        let least = least.map_or(String::new(), |(stratum, share)| {
            format!("{:.2} % of {} ({stratum})", 100.0 * share.fraction(), share.measured)
        });
        out.push_str(&format!(
            "{name:<18} {:>7.2} % {:>9} {:>8}   {least}\n",
            100.0 * share.fraction(),
            share.measured,
            share.invalid
        ));
    }
    out.push_str(if coverage.holds() { "\nthe claim holds\n" } else { "\nthe claim does not hold\n" });
    out
}
