//! Words of others made harmless, and words for outcomes and verdicts.

use maud::{Markup, html};

use crate::record::{Outcome, Verdict};

use super::super::paint::plain;

/// Characters of a text that are shown.
const LONGEST: usize = 400;

/// Text of others, without what could move or reorder what is around it, and not longer than can be read.
pub(super) fn text(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return plain(text);
    }
    let head: String = text.chars().take(LONGEST - 60).collect();
    let tail: String = text.chars().skip(length - 30).collect();
    format!("{} … {} ({length} characters)", plain(&head), plain(&tail))
}

/// The same of a sentence, with what it quotes in backticks as code.
pub(super) fn prose(sentence: &str) -> Markup {
    let sentence = text(sentence);
    let parts: Vec<&str> = sentence.split('`').collect();
    // One that does not close quotes nothing: where a long text was cut, or of somebody who writes so.
    let paired = parts.len() % 2 == 1;
    html! {
        @if paired {
            @for (at, part) in parts.iter().enumerate() {
                @if at % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (sentence) }
    }
}

/// The same, kept apart from the direction of what is around it.
pub(super) fn name(name: &str) -> Markup {
    html! { bdi { (text(name)) } }
}

/// Sign, word and class of an outcome: never colour alone.
pub(super) fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("✔", "good"),
        Outcome::Skipped => ("–", "soft"),
        Outcome::Inconclusive => ("?", "odd"),
        Outcome::Invalid => ("!", "odd"),
        Outcome::Aborted => ("■", "bad"),
        Outcome::Failed | Outcome::RigError | Outcome::Unsafe => ("✘", "bad"),
    }
}

/// The same for a check.
pub(super) fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("✔", "good"),
        Verdict::Inconclusive => ("?", "odd"),
        Verdict::Invalid => ("!", "odd"),
        Verdict::Fail => ("✘", "bad"),
    }
}

/// A sign and a word in their colour.
pub(super) fn chip((sign, class): (&str, &str), word: &str) -> Markup {
    html! { span class={ "chip " (class) } { span aria-hidden="true" { (sign) } " " (word) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_quotes_is_code_and_cannot_leave_it() {
        assert_eq!(
            prose("did not come: 3 (`missing_pulses: { equals: 0 }` would judge it)").into_string(),
            "did not come: 3 (<code>missing_pulses: { equals: 0 }</code> would judge it)"
        );
        assert_eq!(prose("`</code><b>`").into_string(), "<code>&lt;/code&gt;&lt;b&gt;</code>");
        assert_eq!(prose("one ` alone").into_string(), "one ` alone");
    }
}
