//! What two judgements of the same case do not agree on.

use serde_json::Value;

use super::{CheckRecord, conform};

/// Every field of every check in which a second judgement differs from the stored one, one line each. Numbers must be the
/// same to the last bit.
pub fn differences(stored: &[CheckRecord], mut again: Vec<CheckRecord>) -> Vec<String> {
    again.iter_mut().for_each(conform::check);
    let mut lines = Vec::new();
    if stored.len() != again.len() {
        lines.push(format!("{} checks then, {} now", stored.len(), again.len()));
    }
    for (stored, again) in stored.iter().zip(&again) {
        if stored == again {
            continue;
        }
        let name = format!("{} (line {})", stored.measurand, stored.line);
        // A record is names and finite numbers: it is always JSON.
        let (stored, again) = (json(stored), json(again));
        let fields = stored.as_object().into_iter().flatten();
        let differ = fields.filter(|(key, value)| again.get(*key) != Some(*value));
        lines.extend(differ.map(|(key, value)| {
            let now = again.get(key).unwrap_or(&Value::Null);
            format!("{name}: {key} {value} then, {now} now")
        }));
    }
    lines
}

fn json(check: &CheckRecord) -> Value {
    serde_json::to_value(check).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::super::samples::check;
    use super::*;

    #[test]
    fn the_last_bit_of_a_value_is_a_difference() {
        let stored = [check("amplitude", Verdict::Pass)];
        assert!(differences(&stored, stored.to_vec()).is_empty());
        let mut other = stored.to_vec();
        other[0].value = other[0].value.map(f64::next_up);
        let lines = differences(&stored, other);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with("amplitude (line 17): value 0.0020012 then, 0.002001200000000"),
            "{lines:?}"
        );
        assert_eq!(differences(&stored, Vec::new()), ["1 checks then, 0 now"]);
    }
}
