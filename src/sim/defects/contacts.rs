//! Defects of the output stage that mix up its contacts.

use crate::rig::{Defect, DefectKind, DefectValue};

use super::{amount, has};

/// Which outputs carry another current than their own.
#[derive(Debug, Clone)]
pub(super) struct ContactDefects {
    dead: Option<usize>,
    swapped: Option<(usize, usize)>,
    share: f64,
    crosstalk: f64,
    reversed: bool,
}

impl ContactDefects {
    /// Those of the list that concern contacts; a contact that the phantom does not have is no output in use.
    pub(super) fn new(defects: &[Defect], contacts: &[String]) -> Self {
        let named = |kind: DefectKind, k: usize| {
            let names = defects.iter().find(|defect| defect.kind == kind).map(|defect| &defect.value);
            let Some(DefectValue::Names(names)) = names else { return None };
            contacts.iter().position(|contact| names.get(k) == Some(contact))
        };
        let swapped = |k| named(DefectKind::SwappedContacts, k);
        Self {
            dead: named(DefectKind::DeadChannel, 0),
            swapped: swapped(0).zip(swapped(1)),
            share: amount(defects, DefectKind::ShareError).unwrap_or(0.0),
            crosstalk: amount(defects, DefectKind::Crosstalk).unwrap_or(0.0),
            reversed: has(defects, DefectKind::PolarityReversed),
        }
    }

    /// The contact that an output is wired to.
    pub(super) fn wired(&self, output: usize) -> usize {
        match self.swapped {
            Some((a, b)) if output == a => b,
            Some((a, b)) if output == b => a,
            _ => output,
        }
    }

    /// Bends the currents, A. They sum to zero before and after.
    pub(super) fn bend(&self, currents: &mut [f64]) {
        if self.reversed {
            currents.iter_mut().for_each(|current| *current = -*current);
        }
        if let Some((a, b)) = self.swapped {
            currents.swap(a, b);
        }
        if self.share != 0.0 {
            self.divide_wrongly(currents);
        }
        if let Some(dead) = self.dead {
            die(currents, dead);
        }
        if self.crosstalk != 0.0 {
            self.leak_into_an_idle_contact(currents);
        }
    }

    /// The first contact that shares its polarity with a later one carries more than its share, that other one so much less.
    /// They are the same two in every phase, so that each contact stays balanced.
    fn divide_wrongly(&self, currents: &mut [f64]) {
        let mut rest = currents;
        while let [first, later @ ..] = rest {
            if let Some(next) = later.iter_mut().find(|later| **later * *first > 0.0) {
                let moved = self.share * *first;
                *first += moved;
                *next -= moved;
                return;
            }
            rest = later;
        }
    }

    /// The first driven contact couples into the first that is not; what flows there returns through the largest
    /// contact of the other polarity.
    fn leak_into_an_idle_contact(&self, currents: &mut [f64]) {
        let driven = currents.iter().copied().find(|current| *current != 0.0).unwrap_or(0.0);
        let leaked = self.crosstalk * driven;
        let back = currents
            .iter()
            .enumerate()
            .filter(|(_, current)| **current * driven < 0.0)
            .max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))
            .map(|(back, _)| back);
        let Some(idle) = currents.iter_mut().find(|current| **current == 0.0) else { return };
        *idle = leaked;
        if let Some(back) = back.and_then(|back| currents.get_mut(back)) {
            *back -= leaked;
        }
    }
}

/// A dead output carries nothing. The sources of the other polarity find no way for its part and carry that much less.
fn die(currents: &mut [f64], dead: usize) {
    let Some(own) = currents.get_mut(dead).map(std::mem::take) else { return };
    let opposite = |current: &f64| *current * own < 0.0;
    let total: f64 = currents.iter().copied().filter(opposite).sum();
    if total != 0.0 {
        let left = (total + own) / total;
        currents.iter_mut().filter(|current| opposite(current)).for_each(|current| *current *= left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bent(kind: DefectKind, value: DefectValue, currents: &[f64]) -> Vec<f64> {
        let contacts: Vec<String> = ["e1", "e2", "e3", "case"].map(str::to_owned).to_vec();
        let mut currents = currents.to_vec();
        ContactDefects::new(&[Defect { kind, value }], &contacts).bend(&mut currents);
        assert!(currents.iter().sum::<f64>().abs() < 1e-15, "{currents:?}");
        currents
    }

    fn names(names: &[&str]) -> DefectValue {
        DefectValue::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    const DRIVEN: [f64; 4] = [-0.75e-3, -0.25e-3, 0.0, 1e-3];

    #[test]
    fn contacts_die_change_places_and_divide_wrongly() {
        assert_eq!(bent(DefectKind::DeadChannel, names(&["e2"]), &DRIVEN), [-0.75e-3, 0.0, 0.0, 0.75e-3]);
        let swapped = bent(DefectKind::SwappedContacts, names(&["e1", "e2"]), &DRIVEN);
        assert_eq!(swapped, [-0.25e-3, -0.75e-3, 0.0, 1e-3]);
        let divided = bent(DefectKind::ShareError, DefectValue::Amount(0.1), &DRIVEN);
        assert!((divided[0] + 0.825e-3).abs() < 1e-15 && (divided[1] + 0.175e-3).abs() < 1e-15);
        let reversed = bent(DefectKind::PolarityReversed, DefectValue::Flag, &DRIVEN);
        assert_eq!(reversed, DRIVEN.map(|current| -current));
    }

    /// Both polarities have two contacts: the leading phase and its recovery are divided at the same ones.
    #[test]
    fn a_wrong_division_leaves_every_contact_balanced() {
        for driven in [[-0.6e-3, -0.4e-3, 0.5e-3, 0.5e-3], [0.5e-3, -0.6e-3, -0.4e-3, 0.5e-3]] {
            let first = bent(DefectKind::ShareError, DefectValue::Amount(0.1), &driven);
            let second =
                bent(DefectKind::ShareError, DefectValue::Amount(0.1), &driven.map(|current| -current));
            assert!(first.iter().zip(&second).all(|(a, b)| a + b == 0.0), "{first:?} {second:?}");
            assert_eq!(first[0], driven[0] + 0.1 * driven[0]);
        }
    }

    #[test]
    fn crosstalk_needs_an_idle_contact() {
        let coupled = bent(DefectKind::Crosstalk, DefectValue::Amount(0.03), &DRIVEN);
        assert_eq!(coupled[..2], DRIVEN[..2]);
        assert!(
            (coupled[2] + 22.5e-6).abs() < 1e-12 && (coupled[3] - 1.0225e-3).abs() < 1e-12,
            "{coupled:?}"
        );
        let all = [-0.5e-3, -0.25e-3, -0.25e-3, 1e-3];
        assert_eq!(bent(DefectKind::Crosstalk, DefectValue::Amount(0.03), &all), all);
    }

    /// What the board senses at an output is what that output drives.
    #[test]
    fn contacts_that_change_places_are_sensed_where_they_are() {
        let contacts: Vec<String> = ["e1", "e2", "case"].map(str::to_owned).to_vec();
        let wired = |defects: &[Defect]| [0, 1, 2].map(|k| ContactDefects::new(defects, &contacts).wired(k));
        let swapped = Defect { kind: DefectKind::SwappedContacts, value: names(&["e1", "e2"]) };
        assert_eq!((wired(&[]), wired(&[swapped])), ([0, 1, 2], [1, 0, 2]));
    }

    #[test]
    fn a_contact_that_is_not_there_is_no_output_in_use() {
        assert_eq!(bent(DefectKind::DeadChannel, names(&["e9"]), &DRIVEN), DRIVEN);
        assert_eq!(bent(DefectKind::SwappedContacts, names(&["e1", "e9"]), &DRIVEN), DRIVEN);
    }
}
