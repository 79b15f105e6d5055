//! Is an instrument the one the rig file names?

use super::halt::Halt;

/// Compares the unique id that an instrument says with the one its rig file binds it to, if it does.
///
/// # Errors
/// [`Halt::Bench`] names both, and what to do.
pub(super) fn check(role: &str, named: Option<&str>, found: &str) -> Result<(), Halt> {
    match named {
        Some(named) if plain(found).is_empty() => Err(Halt::Bench(format!(
            "wrong {role}: the rig file names uid {named}, and the one on its port says none (leave `{role}.uid` out for such \
             a device)"
        ))),
        Some(named) if plain(named) != plain(found) => Err(Halt::Bench(format!(
            "wrong {role}: the rig file names uid {named}, uid {found} answers on its port (plug the right one in, or correct \
             `{role}.uid` in the rig file)"
        ))),
        _ => Ok(()),
    }
}

/// An id without what people put between its digits.
fn plain(uid: &str) -> String {
    let digits = uid.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | '-' | '_'));
    digits.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_however_it_is_written_and_a_stranger_is_named() {
        for named in [None, Some("00a1b2"), Some("00:A1:B2"), Some("00A1-B2"), Some("00 a1 b2")] {
            assert_eq!(check("load", named, "00a1b2"), Ok(()));
        }
        let Err(Halt::Bench(said)) = check("load", Some("00:a1:b3"), "00a1b2") else { panic!("another one") };
        for words in ["wrong load", "00:a1:b3", "00a1b2", "load.uid"] {
            assert!(said.contains(words), "{said}");
        }
    }
}
