//! What the instruments of a make are told, as a table.

use super::talk::Errors;

/// What a maker's data sheet states for its class: limits of error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DataSheet {
    /// Of the gain, as a fraction of full scale.
    pub gain: f64,
    /// Of the offset, as a part of a range's full scale, and V beside that.
    pub offset: (f64, f64),
    /// Of the time base.
    pub clock: f64,
}

/// A trigger on an input.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edge {
    /// As the instrument names it.
    pub input: &'static str,
    /// V.
    pub level: f64,
    pub rising: bool,
}

/// The words of a make. In braces stands what is filled in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    /// What a person calls it.
    pub name: &'static str,
    /// How errors are asked for.
    pub errors: Errors,
    /// What is said first, so that answers are bare.
    pub hello: &'static [&'static str],
    pub data_sheet: DataSheet,
    /// Names of its inputs.
    pub inputs: [&'static str; 4],
    /// Switches an `{input}` (its `{number}`) on, DC, no offset, no attenuation counted in; four `{division}`s of volts are its
    /// full scale, and `{range}` is all eight of them.
    pub channel: &'static [&'static str],
    /// Switches an `{input}` off.
    pub off: &'static str,
    /// Takes back what somebody may have left of an `{input}` at the front panel: a sign that is turned, 50 ohm. A model that does
    /// not know the word has nothing to take back.
    pub plain: &'static [&'static str],
    /// Triggers on an `{input}`'s `{slope}` at a `{level}` in V.
    pub trigger: &'static [&'static str],
    /// A rising slope and a falling one.
    pub slopes: [&'static str; 2],
    /// Arms one record.
    pub arm: &'static [&'static str],
    /// Triggers at once.
    pub force: &'static str,
    /// Ends whatever it acquires.
    pub stop: &'static str,
    /// Selects what [`Words::data`] sends: `{count}` samples of an `{input}`, counted `{from}` 0, or the `{first}` and the `{last}`
    /// of them counted from 1.
    pub select: &'static [&'static str],
    /// Sends samples of an `{input}`, as a block.
    pub data: &'static str,
    /// Samples that one transfer may hold; `u64::MAX` where an input comes whole or not at all.
    pub chunk: u64,
}

impl Words {
    /// The instrument's own name of an input that a rig file names: `CH1`, `CHAN1` and `C1` are one.
    pub(super) fn input(&self, named: &str) -> Option<&'static str> {
        let number = |name: &str| {
            let name = name.to_ascii_uppercase();
            let digits = digits(name.strip_prefix('C')?);
            (!digits.is_empty()).then(|| digits.to_owned())
        };
        let wanted = number(named)?;
        self.inputs.into_iter().find(|own| number(own).is_some_and(|own| own == wanted))
    }

    /// Switches an input on, ± `full` volts at the socket.
    pub(super) fn channel(&self, input: &str, full: f64) -> Vec<String> {
        let values = [
            ("{input}", input.to_owned()),
            ("{number}", digits(input).to_owned()),
            ("{division}", format!("{:E}", full / 4.0)),
            ("{range}", format!("{:E}", 2.0 * full)),
        ];
        fill(self.channel, &values)
    }

    /// Switches an input off.
    pub(super) fn off(&self, input: &str) -> Vec<String> {
        fill(&[self.off], &[("{input}", input.to_owned()), ("{number}", digits(input).to_owned())])
    }

    /// Takes an input as it is.
    pub(super) fn plain(&self, input: &str) -> Vec<String> {
        fill(self.plain, &[("{input}", input.to_owned()), ("{number}", digits(input).to_owned())])
    }

    /// Sets the trigger.
    pub(super) fn trigger(&self, edge: &Edge) -> Vec<String> {
        let [rising, falling] = self.slopes;
        let values = [
            ("{input}", edge.input.to_owned()),
            ("{level}", format!("{:E}", edge.level)),
            ("{slope}", if edge.rising { rising } else { falling }.to_owned()),
        ];
        fill(self.trigger, &values)
    }

    /// Selects samples [from, from + count) of an input, and the query that sends them.
    pub(super) fn fetch(&self, input: &str, from: u64, count: u64) -> (Vec<String>, String) {
        let values = [
            ("{input}", input.to_owned()),
            ("{from}", from.to_string()),
            ("{count}", count.to_string()),
            ("{first}", (from + 1).to_string()),
            ("{last}", (from + count).to_string()),
        ];
        (fill(self.select, &values), fill(&[self.data], &values).concat())
    }
}

/// The number at the end of an input's name.
fn digits(name: &str) -> &str {
    name.trim_start_matches(|c: char| !c.is_ascii_digit())
}

fn fill(words: &[&str], values: &[(&str, String)]) -> Vec<String> {
    let filled = words.iter().map(|word| {
        values.iter().fold((*word).to_owned(), |text, (place, value)| text.replace(place, value))
    });
    filled.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{keysight, rigol, siglent, siglent_new, tektronix};
    use super::*;

    const MAKES: [&Words; 7] = [
        &rigol::DS1000Z.words,
        &rigol::DHO.words,
        &rigol::MSO5000.words,
        &keysight::WORDS,
        &siglent::WORDS,
        &siglent_new::WORDS,
        &tektronix::WORDS,
    ];

    #[test]
    fn no_place_stays_open_in_any_make() {
        for words in MAKES {
            let input = words.input("CH2").unwrap();
            let (select, data) = words.fetch(input, 0, 10);
            let edge = Edge { input, level: -0.1, rising: false };
            let said =
                [words.channel(input, 0.4), words.off(input), words.trigger(&edge), select, vec![data]];
            for command in said.concat().into_iter().chain(words.plain(input)) {
                assert!(!command.contains(['{', '}']), "{}: {command}", words.name);
            }
        }
    }

    #[test]
    fn an_input_is_known_by_its_number_whatever_the_make_calls_it() {
        assert_eq!(rigol::DHO.words.input("CH1"), Some("CHAN1"));
        assert_eq!(siglent::WORDS.input("chan4"), Some("C4"));
        assert_eq!(tektronix::WORDS.input("C7"), None);
        assert_eq!((tektronix::WORDS.input("D1"), tektronix::WORDS.input("C")), (None, None));
    }
}
