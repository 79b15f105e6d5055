//! Bytes of a file to text, refusing what is not a text file of sensible size.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::quantity::hex;

use super::{Diagnostic, Place, Span};

/// The text of one file with its name.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path as given by the user, or a description such as `--set sim.adc.noise`.
    pub name: String,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
    /// Byte offset of the start of every line.
    starts: Arc<[usize]>,
    /// SHA-256 of its bytes, hexadecimal.
    pub hash: String,
}

impl Source {
    /// Larger files are refused before they are read.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Columns of a line that a diagnostic shows.
    const MAX_COLUMNS: u32 = 240;

    /// A text that is already known to be one.
    pub fn new(name: &str, text: &str) -> Self {
        Self::of(name, text, text.as_bytes())
    }

    fn of(name: &str, text: &str, bytes: &[u8]) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), text: text.into(), starts, hash: hex(&Sha256::digest(bytes)) }
    }

    /// Decodes a file's bytes.
    ///
    /// # Errors
    /// A diagnostic that says whether the file is too large, UTF-16, binary or broken UTF-8.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        let refuse = |what: &str, help: &str| Box::new(Diagnostic::of_file(name, what, Some(help)));
        if bytes.len() > Self::MAX_BYTES {
            return Err(Box::new(Self::too_large(name, bytes.len() as u64)));
        }
        if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) || looks_utf16(bytes) {
            return Err(refuse("the file is UTF-16 text", "save it as UTF-8"));
        }
        if bytes.contains(&0) {
            return Err(refuse("the file is binary, not YAML text", "name a scenario, rig or phantom file"));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                let before = text.get(..error.valid_up_to()).unwrap_or(text);
                let line = before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
                let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() as u32 + 1;
                let place = Place::bare(name, Span { line, column, length: 1 });
                return Err(Box::new(place.error("the file is not UTF-8 text", Some("save it as UTF-8"))));
            }
        };
        Ok(Self::of(name, text, bytes))
    }

    /// The diagnostic for a file beyond [`Source::MAX_BYTES`], which need not have been read to say so.
    pub fn too_large(name: &str, bytes: u64) -> Diagnostic {
        let what = format!("the file has {bytes} bytes, more than the {} allowed", Self::MAX_BYTES);
        Diagnostic::of_file(name, &what, Some("a scenario, rig or phantom file is a few kilobytes of text"))
    }

    /// A line of the text without its end, from 1.
    pub fn line(&self, number: u32) -> &str {
        let at = number.saturating_sub(1) as usize;
        let start = self.starts.get(at).copied().unwrap_or(self.text.len());
        let end = self.starts.get(at + 1).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r'])
    }

    /// A place in it.
    pub fn place(&self, span: Span, path: &str) -> Place {
        Place { file: self.name.clone(), span, path: path.to_owned(), excerpt: self.excerpt(span).to_owned() }
    }

    /// The line of a place as it is shown: what a person cannot read is not, and a long line is cut where it stops being readable.
    pub fn excerpt(&self, span: Span) -> &str {
        let shown = if span.column <= Self::MAX_COLUMNS { self.line(span.line) } else { "" };
        let end = shown.char_indices().nth(Self::MAX_COLUMNS as usize).map_or(shown.len(), |(at, _)| at);
        shown.get(..end).unwrap_or(shown)
    }
}

/// UTF-16 without a byte order mark: every other byte is zero, and the rest reads as text.
fn looks_utf16(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(64) & !1).unwrap_or(bytes);
    let half = |from: usize| head.iter().skip(from).step_by(2);
    let zero = |from: usize| half(from).all(|byte| *byte == 0);
    let text = |from: usize| half(from).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    head.len() >= 4 && ((zero(0) && text(1)) || (zero(1) && text(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_file_is_that_is_not_text() {
        let what = |bytes: &[u8]| Source::from_bytes("f", bytes).unwrap_err().what;
        assert_eq!(what(b"\xff\xfev\0e\0"), "the file is UTF-16 text");
        assert_eq!(what(b"v\0e\0r\0s\0"), "the file is UTF-16 text");
        assert_eq!(what(b"\x7fELF\x02\x01\x01\0\0\0\x05"), "the file is binary, not YAML text");
        assert!(what(&vec![b'a'; Source::MAX_BYTES + 1]).contains("more than the 1048576 allowed"));
        let broken = Source::from_bytes("f", b"a: b\nc: \xff\n").unwrap_err();
        assert_eq!((broken.place.span.line, broken.place.span.column), (2, 4));
    }

    #[test]
    fn the_hash_is_of_the_bytes() {
        // SHA-256 of "abc", FIPS 180-2.
        let source = Source::from_bytes("f", b"abc").unwrap();
        assert!(source.hash.starts_with("ba7816bf8f01cfea414140de5dae2223"), "{}", source.hash);
    }

    #[test]
    fn a_line_is_shown_as_far_as_it_can_be_read() {
        let source = Source::new("f", &format!("short\r\n{}\n", "µ".repeat(300)));
        let shown = |line, column| source.place(Span { line, column, length: 1 }, "").excerpt;
        assert_eq!(shown(1, 1), "short");
        assert_eq!(shown(2, 240), "µ".repeat(240));
        assert_eq!((shown(2, 241), shown(4, 1)), (String::new(), String::new()));
    }
}
