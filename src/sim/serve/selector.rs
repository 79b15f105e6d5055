//! The phantom selector's protocol: a line `slot N` connects the phantom of slot N, answered by `ok N` or `error: why`.

/// A host's lines, as they come in.
#[derive(Debug, Default)]
pub(super) struct Selector {
    line: Vec<u8>,
}

/// Longer than any request.
const LONGEST: usize = 64;

impl Selector {
    /// Takes bytes; hands each whole line's slot to `connect`, and returns what to answer.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        mut connect: impl FnMut(usize) -> Result<(), String>,
    ) -> String {
        let mut answers = String::new();
        for byte in bytes {
            if !matches!(byte, b'\n' | b'\r') {
                self.line.push(*byte);
                self.line.truncate(LONGEST);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let mut words = line.split_whitespace();
            let answer = match (words.next(), words.next().map(str::parse), words.next()) {
                (None, ..) => continue,
                (Some("slot"), Some(Ok(slot)), None) => connect(slot).map(|()| format!("ok {slot}")),
                _ => Err("expected `slot N`".to_owned()),
            };
            answers += &answer.unwrap_or_else(|reason| format!("error: {reason}"));
            answers.push('\n');
        }
        answers
    }

    /// Whoever wrote half a line has gone.
    pub(super) fn forget(&mut self) {
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_selects_a_slot_and_anything_else_is_refused() {
        let mut selector = Selector::default();
        let mut seen = Vec::new();
        let mut say = |text: &str| {
            selector.receive(text.as_bytes(), |slot| {
                seen.push(slot);
                if slot < 3 { Ok(()) } else { Err("there is no slot 3".to_owned()) }
            })
        };
        assert_eq!(say("sl"), "");
        assert_eq!(say("ot 2\r\n"), "ok 2\n");
        assert_eq!(
            say("slot 3\nslot x\nAT\n"),
            "error: there is no slot 3\nerror: expected `slot N`\nerror: expected `slot N`\n"
        );
        assert_eq!(seen, [2, 3]);
    }
}
