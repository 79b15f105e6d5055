//! The device's echo of a train, compared with what was sent.

use crate::rig::device::stimjim::Train;

/// What the echo begins and ends with.
pub(super) const RULE: &str = "----------------------------------";

/// The first thing in which the echo (its lines between the two rules) is not the train.
pub(super) fn difference(train: &Train, lines: &[String]) -> Option<String> {
    let first_number = |line: &str, name: &str| {
        let rest = line.trim_start().strip_prefix(name)?;
        rest.split_whitespace().next()?.parse::<u64>().ok()
    };
    let value = |name: &str| lines.iter().find_map(|line| first_number(line, name));
    let [one, two] = train.modes;
    for (name, sent) in [
        ("mode[ch0]:", u64::from(one)),
        ("mode[ch1]:", u64::from(two)),
        ("period:", train.period),
        ("duration:", train.duration),
    ] {
        match value(name) {
            Some(got) if got == sent => {}
            Some(got) => return Some(format!("{name} {got} instead of {sent}")),
            None => return Some(format!("no line `{name}`")),
        }
    }
    let stages: Vec<(u64, i64, i64)> = lines
        .iter()
        .skip_while(|line| !line.contains("stage "))
        .skip(1)
        .filter_map(|line| stage(line))
        .collect();
    let sent: Vec<(u64, i64, i64)> = train
        .stages
        .iter()
        .map(|stage| (stage.microseconds, stage.microamps[0], stage.microamps[1]))
        .collect();
    (stages != sent).then(|| format!("stages {stages:?} instead of {sent:?}"))
}

/// `    0      200 usec      100uA        0uA`.
fn stage(line: &str) -> Option<(u64, i64, i64)> {
    let mut words = line.split_whitespace();
    let amplitude = |word: &str| word.trim_end_matches("uA").trim_end_matches("mV").parse::<i64>().ok();
    let _number: u32 = words.next()?.parse().ok()?;
    let length = words.next()?.parse().ok()?;
    (words.next()? == "usec").then_some(())?;
    Some((length, amplitude(words.next()?)?, amplitude(words.next()?)?))
}
