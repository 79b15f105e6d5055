//! The drills as a table a person reads.

use std::fmt::Write as _;

use super::Drills;

/// Trials that went wrong and are shown in full.
const SHOWN: usize = 10;

/// A table a person reads.
pub fn text(found: &Drills) -> String {
    let mut out = format!(
        "{} trials from {}, seed {}, in {:.1} s: {}\n\n{:<26}{:>8}{:>10}{:>10}{:>8}   outcomes\n",
        found.trials(),
        found.first,
        found.seed,
        found.elapsed,
        verdict(found),
        "what went wrong",
        "trials",
        "in time",
        "nothing",
        "bad"
    );
    for (kind, tally) in &found.kinds {
        let outcomes: Vec<String> =
            tally.outcomes.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let _ = writeln!(
            out,
            "{:<26}{:>8}{:>10}{:>10}{:>8}   {}",
            kind.name(),
            tally.trials,
            tally.happened,
            tally.nothing,
            tally.wrong,
            outcomes.join(", ")
        );
    }
    if let Some(slowest) = found.slowest_signal {
        let _ =
            writeln!(out, "\nfrom a signal to the end of the process: at most {slowest:.2} s of real time");
    }
    if let Some(slowest) = found.slowest_off {
        let _ = writeln!(
            out,
            "from a kill or a pulled plug on ports to the last current that could reach the phantom: at most {slowest:.2} s"
        );
    }
    for wrong in found.wrong.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "\ntrial {}: {}\n    {}\n    repeat: {}\n{}",
            wrong.trial,
            wrong.mishap,
            wrong.what,
            found.command(&wrong.repeat),
            indented(&wrong.scenario)
        );
    }
    if found.wrong.len() > SHOWN {
        let _ = writeln!(out, "\nand {} more (--format json has them all)", found.wrong.len() - SHOWN);
    }
    for nothing in found.nothing.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "\ntrial {} shows nothing: {}\n    {}\n    measured: {}\n    repeat: {}",
            nothing.trial,
            nothing.mishap,
            nothing.what,
            nothing.why,
            found.command(&nothing.repeat)
        );
    }
    if found.nothing.len() > SHOWN {
        let more = found.nothing.len() - SHOWN;
        let _ = writeln!(out, "\nand {more} more that show nothing (--format json has them all)");
    }
    out
}

/// Whether it holds, in words.
pub fn verdict(found: &Drills) -> String {
    let nothing = found.nothing.len();
    let show = |count: usize| if count == 1 { "shows" } else { "show" };
    match found.wrong.len() {
        0 if found.is_too_busy() => format!(
            "{nothing} of {} trials on ports {} nothing, because this computer was too busy: more than a fifth is no result; \
             run less beside it",
            found.on_ports(),
            show(nothing)
        ),
        0 if found.holds() && nothing == 0 => {
            "every output was off at the end, and every record says why".to_owned()
        }
        0 if found.holds() => format!(
            "every output was off at the end, and every record says why, but for {nothing} that {} nothing because this computer \
             was too busy",
            show(nothing)
        ),
        0 => "nothing happened in time: this shows nothing".to_owned(),
        1 => "1 did not end as it must".to_owned(),
        count => format!("{count} did not end as they must"),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}\n")).collect()
}
