//! SCPI headers: `:CHANnel1:SCALe?` in long and short form, any case.

/// One command as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words<'a> {
    parts: Vec<(String, Option<usize>)>,
    pub(super) query: bool,
    pub(super) argument: &'a str,
}

impl<'a> Words<'a> {
    /// Splits a line into header and argument.
    pub(super) fn of(line: &'a str) -> Self {
        let (header, argument) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        let query = header.ends_with('?');
        let parts = header.trim_end_matches('?').trim_start_matches(':').split(':').map(|part| {
            let digits = part.len() - part.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let (name, number) = part.split_at(part.len() - digits);
            (name.to_ascii_uppercase(), number.parse().ok())
        });
        Self { parts: parts.collect(), query, argument: argument.trim() }
    }

    /// Whether these are its words, written as in a manual: `CHANnel:SCALe`. A number behind the first is no part of it.
    pub(super) fn is(&self, manual: &str) -> bool {
        let mut words = manual.split(':');
        let all = self.parts.iter().all(|(part, _)| words.next().is_some_and(|word| matches(part, word)));
        all && words.next().is_none()
    }

    /// The number behind the first word, from 1; 0 where there is none.
    pub(super) fn number(&self) -> usize {
        self.parts.first().and_then(|(_, number)| *number).unwrap_or(0)
    }
}

/// `CHAN` and `CHANNEL` are both `CHANnel`.
pub(super) fn matches(word: &str, manual: &str) -> bool {
    let short: String = manual.chars().filter(|c| !c.is_ascii_lowercase()).collect();
    word.eq_ignore_ascii_case(&short) || word.eq_ignore_ascii_case(manual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_forms_are_one_header() {
        for line in [":CHANnel2:SCALe 0.5", ":chan2:scal 0.5", "CHAN2:SCALE  0.5 "] {
            let words = Words::of(line);
            assert!(words.is("CHANnel:SCALe") && !words.query && words.number() == 2, "{line}");
            assert_eq!(words.argument, "0.5");
        }
        let query = Words::of("*IDN?");
        assert!(query.is("*IDN") && query.query);
        assert!(!Words::of(":CHAN1:SCA 1").is("CHANnel:SCALe"));
        assert!(!Words::of(":CHAN1").is("CHANnel:SCALe"));
    }
}
