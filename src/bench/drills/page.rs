//! The drills as a page: what was done to the bench, what had to follow, and what did.

use crate::plot::page::{head, page as whole, table};

use super::{Drills, Kind, Tally, verdict};

/// The drills as a self-contained page.
pub fn page(found: &Drills, provenance: &str) -> String {
    let happened: u64 = found.kinds.values().map(|tally| tally.happened).sum();
    let under = format!(
        "{} trials, of which {happened} struck while the run was under way; seed {}, {:.0} s. {provenance}",
        found.trials(),
        found.seed,
        found.elapsed
    );
    let mut said = verdict(found);
    // The heading's sentence.
    if let Some(first) = said.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut body =
        head("Is the output off, whatever goes wrong?", &under, found.holds(), &format!("{said}."));
    body.push_str(
        "<p>A run is disturbed at a random instant. Afterwards the simulated world itself is asked, not the driver: no current reaches \
         the phantom any more. The record must name the cause, and nothing may pass on incomplete data. <em>Unsafe</em> is right where \
         nobody was left to see that the output is off: the tool says so loudly and does not claim that it is.</p>\n",
    );
    let own = |kind: Kind| !Kind::WITHIN.contains(&kind) && !Kind::ON_PORTS.contains(&kind);
    let groups: [(&str, &dyn Fn(Kind) -> bool); 3] = [
        ("Within one process, random scenarios in virtual time", &|kind| Kind::WITHIN.contains(&kind)),
        ("Processes of their own", &own),
        ("Boards behind ports, the smoke scenarios in real time", &|kind| Kind::ON_PORTS.contains(&kind)),
    ];
    for (title, belongs) in groups {
        let rows: Vec<_> = found.kinds.iter().filter(|(kind, _)| belongs(**kind)).map(row).collect();
        if !rows.is_empty() {
            body.push_str(&format!("<h2>{title}</h2>\n"));
            let columns = [
                "what goes wrong",
                "what must follow",
                "tried",
                "struck in time",
                "the runs ended as",
                "shows nothing",
                "wrong",
            ];
            body.push_str(&table(&columns, &rows));
        }
    }
    body.push_str(&longest(found));
    if !found.wrong.is_empty() {
        body.push_str("<h2>Wrong</h2>\n");
        body.push_str(&wrong(found));
    }
    if !found.nothing.is_empty() {
        body.push_str(
            "<h2>Shows nothing</h2>\n<p>Something was not as it must be, and this computer was measured to have done too much else: \
             neither good nor bad. No output that stayed on, no pass and no failed check is excused.</p>\n",
        );
        body.push_str(&nothing(found));
    }
    whole("stimrig bench drills", &body)
}

fn row((kind, tally): (&Kind, &Tally)) -> Vec<(String, &'static str)> {
    let outcomes: Vec<String> =
        tally.outcomes.iter().map(|(name, count)| format!("{count} {name}")).collect();
    vec![
        (kind.name().to_owned(), ""),
        (kind.must().to_owned(), ""),
        (tally.trials.to_string(), ""),
        (tally.happened.to_string(), ""),
        (outcomes.join(", "), ""),
        (tally.nothing.to_string(), ""),
        (tally.wrong.to_string(), if tally.wrong == 0 { "good" } else { "bad" }),
    ]
}

/// The longest times, where they were measured.
fn longest(found: &Drills) -> String {
    let off = found.slowest_off.map(|time| {
        format!("From a kill or a pulled plug to the last current that could reach the phantom: at most {time:.2} s.")
    });
    let signal = found.slowest_signal.map(|time| {
        format!("From a signal to the end of a process, its safe state measured: at most {time:.2} s of real time.")
    });
    let lines = off.into_iter().chain(signal);
    lines.map(|line| format!("<p>{line}</p>\n")).collect()
}

fn wrong(found: &Drills) -> String {
    let rows: Vec<Vec<(String, &str)>> = found
        .wrong
        .iter()
        .map(|wrong| {
            vec![
                (wrong.mishap.clone(), ""),
                (wrong.what.clone(), "bad"),
                (wrong.scenario.clone(), ""),
                (found.command(&wrong.repeat), ""),
            ]
        })
        .collect();
    table(&["what went wrong", "what was seen", "scenario", "repeat"], &rows)
}

fn nothing(found: &Drills) -> String {
    let rows: Vec<Vec<(String, &str)>> = found
        .nothing
        .iter()
        .map(|nothing| {
            vec![
                (nothing.mishap.clone(), ""),
                (nothing.what.clone(), ""),
                (nothing.why.clone(), ""),
                (found.command(&nothing.repeat), ""),
            ]
        })
        .collect();
    table(&["what went wrong", "what was seen", "what was measured of the computer", "repeat"], &rows)
}
