//! What a program leads one to expect of the stream, in samples.

use crate::signal::{Kind, Program, Recovery, Waveform};

/// Lengths that decide what belongs to a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// Driven phases of a pulse.
    pub(super) phases: u8,
    /// A phase that begins later than this after the one before it is a new pulse.
    pub(super) allowance: u64,
    /// From the leading edge: the recharge switch closes and opens again, if it does.
    pub(super) recharge: Option<Switch>,
    /// Smallest leading amplitude that is expected, A at a share of 100 %.
    pub(super) smallest: f64,
    /// One phase follows the other without a rest.
    pub(super) gapless: bool,
    /// From the leading edge to the end of the last phase, on the plateau.
    pub(super) length: u64,
    /// A recharge may have the sign of the leading phase: behind an active recovery, where pulses of the other sign came before, and between
    /// more than two contacts, whose series capacitors discharge each other.
    pub(super) either: bool,
}

/// When the recharge switch is closed, in samples from the leading edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Switch {
    /// It closes.
    pub(super) from: u64,
    /// It opens.
    pub(super) to: u64,
    /// Only behind the last pulse of a burst; which that is shows when no other follows.
    pub(super) last_only: bool,
    /// A pulse whose last phase ends later than this is late, and so is its switch.
    pub(super) driven: u64,
    /// It closes at the end of the last phase, whatever the rest between two phases is.
    pub(super) at_once: bool,
    /// What still flows for so much longer without a break is still what it lets through: the stimulator's clock is slow.
    pub(super) slack: u64,
}

impl Timing {
    /// For pulses of which it is not known whether they are still those of another program: what either may bring. Of programs whose pulses
    /// have other phases this one tells.
    pub(super) fn or(self, other: Self) -> Self {
        if self.phases != other.phases {
            return self;
        }
        let both = |(a, b): (Switch, Switch)| Switch {
            from: a.from.min(b.from),
            to: a.to.max(b.to),
            last_only: a.last_only && b.last_only,
            driven: a.driven.max(b.driven),
            at_once: a.at_once && b.at_once,
            slack: a.slack.max(b.slack),
        };
        Self {
            phases: self.phases,
            allowance: self.allowance.max(other.allowance),
            recharge: self.recharge.zip(other.recharge).map(both).or(self.recharge).or(other.recharge),
            smallest: self.smallest.min(other.smallest),
            gapless: self.gapless && other.gapless,
            length: self.length.max(other.length),
            either: self.either || other.either,
        }
    }
}

/// A phase that begins no later than this behind the instant it was to, s, is still of its pulse, however short it is.
const LATE: f64 = 200e-6;

/// A clock that is slower than this is no longer the program's.
const SLOW: f64 = 0.02;

impl Timing {
    /// For a program at `rate` samples per second behind a front end that settles in `settling` samples.
    pub(super) fn of(program: &Program, rate: f64, settling: u64) -> Self {
        // On the plateau, where phases are longest; behind the last pulse of a burst, where a recharge is sure to be.
        let plateau = Program { ramp: None, ..program.clone() };
        let pulse = plateau.pulse(program.pulses_per_period() - 1);
        let length = pulse.end() - pulse.start;
        let closed = pulse.recharge.map(|(start, duration)| (start - pulse.start, duration));
        let last_only = matches!(program.recovery, Recovery::Passive { per_burst: true, .. });
        let slot = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => 0.5 * program.period(),
            (_, Some(burst)) => 1.0 / burst.rate,
            _ => program.period(),
        };
        let busy = closed.filter(|_| !last_only).map_or(length, |(start, duration)| start + duration);
        // From its leading edge to that of the pulse which follows what the switch lets through.
        let next = if last_only { program.period() - pulse.start } else { slot };
        let slack = |open: f64| (SLOW * open).min(0.5 * (next - open).max(0.0));
        let longest = pulse.phases().iter().map(|phase| phase.width).fold(0.0, f64::max);
        let allowance = program.gap + longest.max(2.0 * settling as f64 / rate).max(LATE);
        let driven = program.contacts.iter().filter(|contact| contact.share != 0.0).count();
        let first = program.pulse(0);
        let leading = first.phases().iter().filter(|phase| phase.kind == Kind::Leading);
        Self {
            phases: pulse.phases().len() as u8,
            allowance: (allowance.min(program.gap + 0.5 * (slot - busy).max(0.0)) * rate).ceil() as u64,
            recharge: closed.map(|(start, duration)| Switch {
                from: (start * rate) as u64,
                to: ((start + duration) * rate).ceil() as u64,
                last_only,
                driven: (length * rate).round() as u64 + settling,
                at_once: (start - length) * rate < 1.0,
                slack: (slack(start + duration) * rate) as u64,
            }),
            gapless: program.gap <= 0.0,
            length: (length * rate).ceil() as u64,
            either: pulse.phases().len() > 1 || program.waveform == Waveform::Alternating || driven > 2,
            smallest: leading.map(|phase| phase.current.abs()).fold(f64::INFINITY, f64::min),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Burst, Share};

    /// 2 mA, 200 µs, a gap of 53 µs: at 100 000 samples a second.
    fn program(rate: f64) -> Program {
        Program::biphasic(["e1", "case"], 2e-3, 200e-6, 53e-6, rate)
    }

    fn allowance(program: &Program, settling: u64) -> u64 {
        Timing::of(program, 1e5, settling).allowance
    }

    #[test]
    fn a_phase_may_follow_a_gap_and_the_longest_phase_later() {
        let timing = Timing::of(&program(50.0), 1e5, 5);
        // 53 µs and 200 µs; with a slow front end twice its 300 µs.
        assert_eq!((timing.phases, timing.allowance, timing.recharge), (2, 26, None));
        assert_eq!(allowance(&program(50.0), 30), 66);
        let four = Program { recovery: Recovery::Ratio(4.0), ..program(50.0) };
        assert_eq!(allowance(&four, 5), 86, "53 µs and 800 µs");
        // However short a phase is: 50 µs and 200 µs.
        assert_eq!(allowance(&Program::biphasic(["e1", "case"], 2e-3, 20e-6, 50e-6, 50.0), 5), 25);
        // At 1 kHz 547 µs lie between the pulses: half of it.
        assert_eq!(allowance(&program(1000.0), 30), 33, "53 µs and 273.5 µs");
        // Of a pair that alternates each has half a period: 53 µs and half of 4.8 ms.
        let pair = Program { waveform: Waveform::Alternating, recovery: Recovery::None, ..program(100.0) };
        assert_eq!(allowance(&pair, 400), 246);
    }

    #[test]
    fn a_recharge_counts_from_the_leading_edge_of_its_pulse() {
        let recharged = |rate| Program { recharge: Some(300e-6), ..program(rate) };
        let timing = Timing::of(&recharged(1000.0), 1e5, 30);
        assert_eq!(
            timing.recharge,
            Some(Switch { from: 45, to: 76, last_only: false, driven: 75, at_once: true, slack: 1 })
        );
        // Until it opens after 753 µs the pulse is not over; where the next comes before that, the gap is all there is.
        assert_eq!(timing.allowance, 18, "53 µs and half of 247 µs");
        assert_eq!(allowance(&recharged(1400.0), 30), 6);
        // Three pulses of 1 ms 2 ms apart; the switch closes 53 µs behind the last of them.
        let burst = Program {
            waveform: Waveform::Monophasic,
            width: 1e-3,
            recovery: Recovery::Passive { duration: 5e-3, per_burst: true },
            burst: Some(Burst { pulses: 3, rate: 500.0 }),
            ..program(40.0)
        };
        let timing = Timing::of(&burst, 1e5, 30);
        assert_eq!(
            timing.recharge,
            Some(Switch { from: 105, to: 606, last_only: true, driven: 130, at_once: false, slack: 12 })
        );
        assert_eq!((timing.phases, timing.allowance), (1, 56), "53 µs and half of the 1 ms between pulses");
        // The next burst begins 21 ms behind the last pulse, 447 µs after the switch has opened: half of it is less than a fiftieth.
        let recovery = Recovery::Passive { duration: 19.5e-3, per_burst: true };
        let recharge = Timing::of(&Program { recovery, ..burst }, 1e5, 30).recharge;
        assert_eq!(recharge.map(|switch| (switch.to, switch.slack)), Some((2056, 22)));
    }

    #[test]
    fn what_either_of_two_programs_may_bring_is_waited_for() {
        let recharged = |recharge, width| {
            let program = Program { recharge: Some(recharge), width, ..program(50.0) };
            Timing::of(&program, 1e5, 5)
        };
        let (old, new) = (recharged(8e-3, 200e-6), recharged(2e-3, 300e-6));
        let (long, late) = (old.recharge.unwrap(), new.recharge.unwrap());
        let both = new.or(old);
        let switch = Switch { from: long.from, to: long.to, driven: late.driven, ..long };
        assert_eq!((both.recharge, both.length, both.allowance), (Some(switch), new.length, new.allowance));
        let none = Timing { recharge: None, ..new };
        assert_eq!((none.or(old).recharge, old.or(none).recharge), (old.recharge, old.recharge));
        let single = Timing { phases: 1, ..old };
        assert_eq!(new.or(single), new);
        // What holds of both is sure; what holds of one may be.
        let sure = |this: bool| {
            let recharge = Some(Switch { last_only: this, at_once: !this, ..long });
            Timing { recharge, gapless: this, either: this, ..old }
        };
        for (this, that) in [(true, false), (false, true)] {
            let both = sure(this).or(sure(that));
            let switch = Switch { last_only: false, at_once: false, ..long };
            assert_eq!(both, Timing { recharge: Some(switch), gapless: false, either: true, ..old });
        }
    }

    #[test]
    fn a_recharge_has_either_sign_behind_a_recovery_and_in_pairs() {
        let either = |waveform, recovery| {
            let program = Program { waveform, recovery, recharge: Some(1e-3), ..program(50.0) };
            Timing::of(&program, 1e5, 5).either
        };
        assert!(
            either(Waveform::Biphasic, Recovery::Mirrored) && either(Waveform::Alternating, Recovery::None)
        );
        assert!(!either(Waveform::Monophasic, Recovery::None));
        let three = [("e1", -1.0), ("e2", 0.5), ("case", 0.5)];
        let contacts = three.map(|(contact, share)| Share { contact: contact.to_owned(), share }).to_vec();
        let steered = Program { waveform: Waveform::Monophasic, contacts, ..program(50.0) };
        assert!(Timing::of(&steered, 1e5, 5).either);
    }

    #[test]
    fn phases_without_a_gap_follow_each_other_without_a_rest() {
        let gapless = |gap| Timing::of(&Program { gap, ..program(50.0) }, 1e5, 5).gapless;
        assert!(gapless(0.0) && !gapless(53e-6));
    }

    #[test]
    fn the_smallest_leading_phase_is_looked_for() {
        let smallest = |program: &Program| Timing::of(program, 1e5, 5).smallest;
        assert_eq!(smallest(&program(50.0)), 2e-3);
        let three = Program { waveform: Waveform::Triphasic, ..program(50.0) };
        assert_eq!((smallest(&three), Timing::of(&three, 1e5, 5).phases), (1e-3, 3));
        let half = Program { recovery: Recovery::Ratio(4.0), ..program(50.0) };
        assert_eq!(smallest(&half), 2e-3, "what takes the charge back does not lead");
    }
}
