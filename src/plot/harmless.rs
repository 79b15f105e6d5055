//! Text of others (names, reasons) that can neither drive a terminal nor turn what is written around it.

/// A control character, or a mark, an override or an isolate of the direction of writing: with one of those a name may make `failed` be
/// read before it as after it.
pub fn harms(letter: char) -> bool {
    letter.is_control() || turns(letter)
}

fn turns(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of several lines without what could move a cursor, clear a terminal or turn its words around; its lines stay.
pub fn lines(text: &str) -> String {
    text.chars().map(|letter| if harms(letter) && letter != '\n' { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_and_nothing_else_moves() {
        assert_eq!(lines("a\n  b\u{1b}[2Jc\r\td\u{202e}e"), "a\n  b\u{fffd}[2Jc\u{fffd}\u{fffd}d\u{fffd}e");
        assert_eq!(lines("2.0 ± 0.1 µA … ≤"), "2.0 ± 0.1 µA … ≤");
        assert!("\u{200f}\u{2067}".chars().all(turns) && !"a\u{200b}é".chars().any(turns));
    }
}
