//! `stimrig explain MEASURAND`: what a number means, for the person who has to believe it.

use std::io::{self, Write};

use crate::record::EXIT_USAGE;
use crate::scenario::Measurand;
use crate::source::nearest;

use super::stdout::{done, stream};

mod charge;
mod dynamics;
mod faults;
mod pulse;

/// `stimrig explain`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one; without it, all are listed
    #[arg(value_name = "MEASURAND")]
    pub measurand: Option<String>,
}

/// What there is to say about one measurand. Its unit is that of [`Measurand::dimension`].
#[derive(Debug)]
struct Text {
    measurand: Measurand,
    /// What one value belongs to: a pulse, a cycle, an event, ….
    per: &'static str,
    /// One line.
    brief: &'static str,
    /// How it is computed.
    definition: &'static str,
    /// Where it is taken unless `in` says otherwise.
    window: &'static str,
    /// Which criteria make sense, with an example.
    criteria: &'static str,
    /// What its uncertainty is made of.
    uncertainty: &'static str,
    /// Where the definition or the limit comes from.
    source: &'static str,
}

/// The default window of most measurands.
const TRAIN: &str = "end of the ramp after `start` to `stop`, ending at the first injected fault; pulses cut by either end are left out";
/// The window of measurands that belong to a fault or another named instant.
const AFTER: &str = "from the instant named by `after`, in the time base of the samples";

fn texts() -> impl Iterator<Item = &'static Text> {
    [pulse::TEXTS, charge::TEXTS, dynamics::TEXTS, faults::TEXTS].into_iter().flatten()
}

/// Explains one measurand, or lists them.
pub fn run(args: &Args) -> u8 {
    let Some(name) = &args.measurand else {
        return done(stream(|out| list(out)), 0);
    };
    match texts().find(|text| text.measurand.name() == name.trim()) {
        Some(text) => done(stream(|out| show(text, columns(), out)), 0),
        None => {
            let near = meant(name).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let _ = writeln!(
                io::stderr(),
                "stimrig: `{}` is not a measurand{near} (`stimrig explain` lists them)",
                name.escape_debug()
            );
            EXIT_USAGE
        }
    }
}

fn list(mut out: impl Write) -> io::Result<()> {
    for measurand in Measurand::ALL {
        if let Some(text) = texts().find(|text| text.measurand == *measurand) {
            let (name, unit) = (measurand.name(), measurand.dimension().unit());
            writeln!(out, "{name:<24} {unit:<7} {}", text.brief)?;
        }
    }
    Ok(())
}

/// Columns that a line may take: those of the terminal, but no more than are easily read.
fn columns() -> usize {
    const MOST: usize = 97;
    terminal_size::terminal_size().map_or(MOST, |(width, _)| usize::from(width.0).min(MOST))
}

/// What there is to say, in lines of at most so many columns.
fn show(text: &Text, columns: usize, mut out: impl Write) -> io::Result<()> {
    const TITLE: usize = 13;
    let (name, unit) = (text.measurand.name(), text.measurand.dimension().unit());
    writeln!(out, "{name} [{unit}], one value per {}\n  {}\n", text.per, text.brief)?;
    for (title, body) in [
        ("definition", text.definition),
        ("window", text.window),
        ("criteria", text.criteria),
        ("uncertainty", text.uncertainty),
        ("source", text.source),
    ] {
        let mut title = title;
        for line in wrapped(body, columns.saturating_sub(TITLE).max(30)) {
            writeln!(out, "{title:<TITLE$}{line}")?;
            title = "";
        }
    }
    Ok(())
}

/// Breaks text between words so that no line is longer than `width` characters unless one word is.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The measurand that was most likely meant.
fn meant(name: &str) -> Option<&'static str> {
    nearest(name.trim(), Measurand::ALL.iter().map(|measurand| measurand.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measurand_of_the_language_is_explained_once() {
        for measurand in Measurand::ALL {
            let found: Vec<_> = texts().filter(|text| text.measurand == *measurand).collect();
            assert_eq!(found.len(), 1, "{}", measurand.name());
            let text = found[0];
            for part in [
                text.per,
                text.brief,
                text.definition,
                text.window,
                text.criteria,
                text.uncertainty,
                text.source,
            ] {
                assert!(!part.trim().is_empty(), "{}", measurand.name());
            }
            assert!(text.brief.chars().count() <= 80, "{}: the list is one line each", measurand.name());
            assert!(text.criteria.contains(measurand.name()), "{}: criteria show a check", measurand.name());
        }
        assert_eq!(texts().count(), Measurand::ALL.len());
    }

    #[test]
    fn a_typo_finds_its_neighbour() {
        for (typo, meant) in [
            ("charge-imbalance", "charge_imbalance"),
            ("ampltude", "amplitude"),
            ("Shutdown latency", "shutdown_latency"),
            ("dc_leakage", "dc_leakage_current"),
        ] {
            assert_eq!(super::meant(typo), Some(meant));
        }
        assert_eq!(meant("zzz"), None);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let widest = |columns: usize| {
            let mut shown = Vec::new();
            texts().for_each(|text| show(text, columns, &mut shown).unwrap());
            let shown = String::from_utf8(shown).unwrap();
            shown.lines().map(|line| line.chars().count()).max()
        };
        for columns in [80, 97] {
            assert!(
                widest(columns).is_some_and(|widest| widest <= columns),
                "{columns}: {:?}",
                widest(columns)
            );
        }
    }

    #[test]
    fn text_is_wrapped_between_words() {
        let lines = wrapped("one two three  four", 9);
        assert_eq!(lines, ["one two", "three", "four"]);
    }
}
