//! `--partition`: a part of the selected cases, so that several machines share a suite.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// One of several parts of a selection; together they are the whole, and no case is in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    by: By,
    /// From 1.
    part: u64,
    of: u64,
}

/// How cases are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// By the hash of the case's name: a case stays in its part whatever is added beside it.
    Hash,
    /// By its place in the selection: parts are of equal size.
    Slice,
}

impl Partition {
    /// Whether the case at this place of the selection (from 0), with this name, is in the part.
    pub fn takes(&self, place: usize, name: &str) -> bool {
        let key = match self.by {
            By::Slice => place as u64,
            By::Hash => {
                let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
                digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
            }
        };
        key % self.of == self.part - 1
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = (|| {
            let (by, part) = text.split_once(':')?;
            let by = match by {
                "hash" => By::Hash,
                // The older of nextest's two names.
                "slice" | "count" => By::Slice,
                _ => return None,
            };
            let (part, of) = part.split_once('/')?;
            Some(Self { by, part: part.parse().ok()?, of: of.parse().ok()? })
        })();
        let parsed = parsed
            .ok_or_else(|| format!("`{text}` is not a part, expected such as `hash:1/3` or `slice:2/3`"))?;
        if parsed.part == 0 || parsed.part > parsed.of {
            return Err(format!(
                "there is no part {} of {}: parts are counted from 1",
                parsed.part, parsed.of
            ));
        }
        Ok(parsed)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            By::Hash => "hash",
            By::Slice => "slice",
        };
        write!(f, "{by}:{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_in_exactly_one_part() {
        let names: Vec<String> = (0..200).map(|n| format!("case {n}")).collect();
        for by in ["hash", "slice"] {
            let parts: Vec<Partition> = (1..=3).map(|m| format!("{by}:{m}/3").parse().unwrap()).collect();
            for (place, name) in names.iter().enumerate() {
                assert_eq!(parts.iter().filter(|part| part.takes(place, name)).count(), 1, "{by} {name}");
            }
            let sizes = parts
                .iter()
                .map(|part| names.iter().enumerate().filter(|(at, name)| part.takes(*at, name)).count());
            assert!(
                sizes.clone().all(|size| (45..=90).contains(&size)),
                "{by}: {:?}",
                sizes.collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_case_keeps_its_part_of_hashes_whatever_stands_before_it() {
        let part: Partition = "hash:1/2".parse().unwrap();
        assert_eq!(part.takes(0, "rate"), part.takes(17, "rate"));
        assert_eq!(part.to_string(), "hash:1/2");
    }

    #[test]
    fn what_is_no_part_is_named() {
        for wrong in ["", "1/2", "hash", "hash:1", "hash:x/2", "range:1/2", "hash:-1/2"] {
            assert!(wrong.parse::<Partition>().unwrap_err().contains("expected such as"), "{wrong}");
        }
        for wrong in ["hash:0/2", "slice:3/2", "slice:0/0"] {
            assert!(wrong.parse::<Partition>().unwrap_err().contains("counted from 1"), "{wrong}");
        }
    }
}
