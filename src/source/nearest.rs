//! The nearest valid word.

/// The candidate a person most likely meant, if one is near enough to be worth offering.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase().replace(['-', ' '], "_");
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let near = strsim::jaro_winkler(&folded, &candidate.to_lowercase().replace('-', "_"));
        let edits = strsim::damerau_levenshtein(&folded, &candidate.replace('-', "_"));
        // Jaro-Winkler alone finds short words near that share nothing but a letter or two.
        // A word that was cut short is meant, however much is missing.
        let begun = folded.len() >= 3 && candidate.replace('-', "_").starts_with(&folded);
        let close = near > 0.8 && (begun || edits <= 1 + folded.chars().count() / 3);
        if close && best.is_none_or(|(so_far, _)| near > so_far) {
            best = Some((near, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_what_was_meant_and_nothing_far_off() {
        let words = ["amplitude", "width", "gap", "rate", "recovery", "open-lead"];
        assert_eq!(nearest("amplitdue", words), Some("amplitude"));
        assert_eq!(nearest("Widht", words), Some("width"));
        assert_eq!(nearest("open_lead", words), Some("open-lead"));
        assert_eq!(nearest("colour", words), None);
        assert_eq!(nearest("x", words), None);
    }
}
