//! The phantom selector's protocol: a line `slot N` connects the phantom of slot N, answered by `ok N` or `error: why`.

/// The answer to a line: `connect` is handed its slot.
pub(super) fn answer(
    words: &[&str],
    connect: impl FnOnce(usize) -> Result<(), String>,
) -> Result<String, String> {
    match words {
        ["slot", slot] => match slot.parse() {
            Ok(slot) => connect(slot).map(|()| format!("ok {slot}")),
            Err(_) => Err("expected `slot N`".to_owned()),
        },
        _ => Err("expected `slot N`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::Lines;
    use super::*;

    #[test]
    fn a_line_selects_a_slot_and_anything_else_is_refused() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let mut say = |text: &str| {
            lines.receive(text.as_bytes(), |words| {
                answer(words, |slot| {
                    seen.push(slot);
                    if slot < 3 { Ok(()) } else { Err("there is no slot 3".to_owned()) }
                })
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
