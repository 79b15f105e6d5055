//! Outputs with two terminals, and the contacts they are wired to.

use crate::phantom::Phantom;
use crate::signal::{Program, Share};

use super::Impossible;

/// One output of a stimulator: positive current flows from the stimulator into the first contact and back from the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The contact at its active terminal.
    pub active: String,
    /// The contact at its return.
    pub back: String,
}

/// The outputs of a stimulator in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs(Vec<Pair>);

impl Pairs {
    /// Those that a rig file states, or one between a phantom's first contact and its return.
    pub fn of(stated: &[Pair], phantom: &Phantom) -> Self {
        if !stated.is_empty() {
            return Self(stated.to_vec());
        }
        let first = phantom.contacts.first().map_or("", |(name, _)| name.as_str());
        Self(vec![Pair { active: first.to_owned(), back: phantom.return_contact().to_owned() }])
    }

    /// The first output.
    pub fn first(&self) -> Pair {
        self.0.first().cloned().unwrap_or_else(|| Pair { active: String::new(), back: String::new() })
    }

    /// Numbers of both contacts of each output in a phantom; an output whose contacts it lacks has none.
    pub fn numbered(&self, phantom: &Phantom) -> Vec<Option<(usize, usize)>> {
        let number = |name: &str| phantom.contacts.iter().position(|(contact, _)| contact == name);
        self.0.iter().map(|pair| number(&pair.active).zip(number(&pair.back))).collect()
    }

    /// The whole and the shares of what outputs emit at a program's amplitude, given what each carries, A, with the sign of its
    /// factor in [`Pairs::split`].
    pub fn emitted(&self, program: &Program, levels: &[(usize, f64)]) -> (f64, Vec<Share>) {
        let carried = |contact: &str| -> f64 {
            let outputs = levels.iter().filter_map(|(index, level)| Some((self.0.get(*index)?, *level)));
            outputs
                .map(|(pair, level)| {
                    let active = if pair.active == contact { level } else { 0.0 };
                    let back = if pair.back == contact { level } else { 0.0 };
                    active - back
                })
                .sum()
        };
        let whole: f64 = program.contacts.iter().map(|share| carried(&share.contact).abs()).sum();
        let asked: f64 = program.contacts.iter().map(|share| share.share.abs()).sum();
        let amplitude = if asked > 0.0 { whole / asked } else { 0.0 };
        // One output cannot change the shares, nor can what is nothing.
        if levels.len() < 2 || amplitude == 0.0 {
            return (amplitude, program.contacts.clone());
        }
        let share = |own: &Share| Share {
            contact: own.contact.clone(),
            share: 0.0 - carried(&own.contact) / amplitude,
        };
        (amplitude, program.contacts.iter().map(share).collect())
    }

    /// What each output that carries current carries of a phase, as a signed factor of a phase's current.
    ///
    /// # Errors
    /// When the outputs cannot give the contacts their shares.
    pub fn split(&self, program: &Program) -> Result<Vec<(usize, f64)>, Impossible> {
        let mut taken: Vec<&str> = Vec::new();
        let mut factors = Vec::new();
        for (index, pair) in self.0.iter().enumerate() {
            let factor = program.scale_of(&pair.active);
            if factor != 0.0 && !taken.contains(&pair.active.as_str()) {
                taken.push(&pair.active);
                factors.push((index, factor));
            }
        }
        for share in &program.contacts {
            let carried: f64 = factors
                .iter()
                .filter_map(|(index, factor)| self.0.get(*index).map(|pair| (pair, factor)))
                .map(|(pair, factor)| match &share.contact {
                    contact if *contact == pair.active => *factor,
                    contact if *contact == pair.back => -factor,
                    _ => 0.0,
                })
                .sum();
            if (carried - program.scale_of(&share.contact)).abs() > 1e-6 {
                let wired: Vec<String> =
                    self.0.iter().map(|pair| format!("{} and {}", pair.active, pair.back)).collect();
                let what = format!(
                    "the stimulator's outputs are wired between {}: they cannot give `{}` its share",
                    wired.join(", "),
                    share.contact
                );
                let help = "state the wiring in the rig file: `stimulator: { outputs: [[e1, case]] }`";
                return Err(Impossible::new("contacts", what).but(help));
            }
        }
        Ok(factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(active: &str, back: &str) -> Pair {
        Pair { active: active.into(), back: back.into() }
    }

    fn program(shares: &[(&str, f64)]) -> Program {
        let contacts =
            shares.iter().map(|(contact, share)| Share { contact: (*contact).into(), share: *share });
        Program { contacts: contacts.collect(), ..Program::biphasic(["e1", "case"], 1e-3, 2e-4, 0.0, 50.0) }
    }

    #[test]
    fn outputs_add_up_to_the_shares_or_say_which_contact_they_cannot_serve() {
        let both = Pairs(vec![pair("e1", "case"), pair("e2", "case")]);
        let split = both.split(&program(&[("e1", -0.25), ("e2", -0.75), ("case", 1.0)])).unwrap();
        assert_eq!(split, [(0, 0.25), (1, 0.75)]);
        // The other way round, the current is of the other sign.
        assert_eq!(both.split(&program(&[("case", -1.0), ("e2", 1.0)])).unwrap(), [(1, -1.0)]);
        let wrong = both.split(&program(&[("e1", -1.0), ("e3", 1.0)])).unwrap_err();
        assert!(wrong.what.contains("they cannot give `e3` its share"), "{}", wrong.what);
    }
}
