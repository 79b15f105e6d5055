//! How a current divides among the outputs.

use stimrig_protocol::MAX_CONTACTS;
use stimrig_protocol::stimulator::{Program, Refusal};

use crate::{Codes, Spec};

/// The shares of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// As asked for, millionths.
    asked: [i32; MAX_CONTACTS],
    /// Largest sink and largest source: each takes what rounding leaves over among its own kind.
    balancing: [usize; 2],
}

impl Shares {
    /// Those of a program, if they are balanced ones of outputs that are there.
    pub(crate) fn new(spec: &Spec, program: &Program) -> Result<Self, Refusal> {
        let asked = program.shares;
        let (driven, absent) = asked.split_at_checked(spec.outputs.into()).ok_or(Refusal::Shares)?;
        let sum: i64 = driven.iter().map(|share| i64::from(*share)).sum();
        let sources: i64 = driven.iter().map(|share| i64::from((*share).max(0))).sum();
        let whole = (sources - 1_000_000).abs() <= 32 && sum.abs() <= 32;
        if !whole || absent.iter().any(|share| *share != 0) {
            return Err(Refusal::Shares);
        }
        let outputs = || driven.iter().enumerate();
        let sink = outputs().min_by_key(|(_, share)| **share);
        let source = outputs().min_by_key(|(_, share)| -**share);
        let balancing =
            sink.zip(source).map(|((sink, _), (source, _))| [sink, source]).ok_or(Refusal::Shares)?;
        Ok(Self { asked, balancing })
    }

    /// Codes of the outputs for the code of a phase that is `parts` times what it has in common with the other phases of its pulse.
    ///
    /// Each output is quantised in that common part and multiplied by a whole number from there, so that every output balances to
    /// the code, not only their sum: a multiple that is not whole would be rounded at each output by itself.
    pub(crate) fn codes(&self, parts: u64, code: i32) -> Codes {
        let parts = i64::try_from(parts).unwrap_or(i64::MAX).max(1);
        let common = (i64::from(code.unsigned_abs()) + parts / 2) / parts * i64::from(code.signum());
        let mut codes =
            self.asked.map(|share| i32::try_from(nearest(i64::from(share) * common, 1_000_000)).unwrap_or(0));
        self.balance(&mut codes, i32::try_from(common).unwrap_or(0));
        let mut codes = codes.map(|common| i32::try_from(i64::from(common) * parts).unwrap_or(0));
        // A code that is no multiple (memory that was overwritten) still flows in full, and back.
        self.balance(&mut codes, code);
        codes
    }

    /// The outputs of the largest sink and the largest source. The voltage between them is never cancelled by what the others drive
    /// through the load, as that of a small one may be.
    pub(crate) fn largest(&self) -> [usize; 2] {
        self.balancing
    }

    /// Whether an output has a share.
    pub(crate) fn drives(&self, output: usize) -> bool {
        self.asked.get(output).is_some_and(|share| *share != 0)
    }

    /// No output that was asked for is too small for the converter.
    pub(crate) fn all_have_a_code(&self, codes: &Codes) -> bool {
        self.asked.iter().zip(codes).all(|(share, code)| *share == 0 || *code != 0)
    }

    /// Makes the sinks and the sources sum to `whole` each.
    fn balance(&self, codes: &mut Codes, whole: i32) {
        for (output, sign) in self.balancing.into_iter().zip([-1, 1]) {
            let of_kind = self.asked.iter().zip(codes.iter()).filter(|(share, _)| share.signum() == sign);
            let residue = sign * whole - of_kind.map(|(_, code)| *code).sum::<i32>();
            let Some(balancing) = codes.get_mut(output) else { continue };
            *balancing += residue;
            let direction = sign * whole.signum();
            let over = -*balancing * direction;
            if over > 0 {
                // Many small shares that were all rounded up are more than there is to divide: the largest must not pay for
                // that with a current of the other sign.
                *balancing = 0;
                self.take_back(codes, over, direction, sign);
            }
        }
    }

    /// Takes so many codes from the outputs of one kind, one from each, the last ones first.
    fn take_back(&self, codes: &mut Codes, mut over: i32, direction: i32, sign: i32) {
        while over > 0 {
            let before = over;
            for (share, code) in self.asked.iter().zip(codes.iter_mut()).rev() {
                if over > 0 && share.signum() == sign && *code != 0 {
                    *code -= direction;
                    over -= 1;
                }
            }
            if over == before {
                return;
            }
        }
    }
}

/// The quotient to the nearest whole number, halves away from zero.
pub(crate) fn nearest(value: i64, by: i64) -> i64 {
    let half = if value < 0 { -by / 2 } else { by / 2 };
    (value + half) / by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{program, spec};

    /// Seven equal sinks of four codes round to one each.
    #[test]
    fn no_output_is_driven_against_the_sign_of_its_share() {
        let mut asked = [0; MAX_CONTACTS];
        asked[..8].copy_from_slice(&[
            -142_858, -142_857, -142_857, -142_857, -142_857, -142_857, -142_857, 1_000_000,
        ]);
        let spec = Spec { outputs: 8, ..spec() };
        let shares = Shares::new(&spec, &Program { shares: asked, ..program() }).unwrap();
        for parts in [1, 2, 3, 4] {
            for code in -60..=60 {
                let codes = shares.codes(parts, code);
                let sinks: i32 = codes[..7].iter().sum();
                assert_eq!((sinks, codes[7]), (-code, code), "{parts} {codes:?}");
                let source = codes[7].signum();
                let against = |(code, share): (&i32, &i32)| code.signum() * share.signum() * source < 0;
                assert!(!codes.iter().zip(&asked).any(against), "{parts} {code}: {codes:?}");
                let other = shares.codes(parts, -code);
                assert_eq!(codes.map(|code| -code), other, "a mirrored phase takes all of it back");
            }
        }
        assert_eq!(shares.codes(1, 4)[..8], [0, -1, -1, -1, -1, 0, 0, 4]);
    }
}
