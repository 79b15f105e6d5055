//! What the output guard watches while a case runs.

use std::collections::VecDeque;

use crate::signal::{Calibration, code_noise};

use super::history::STRETCH;

/// Standard deviations of noise that a 3-sample median does not exceed in ten million samples: 0.67 · 5.3, rounded up.
const NOISE: f64 = 4.0;
/// Standard uncertainties that a gain or an offset is allowed to be off by: of a program right at a limit one bench in a thousand
/// trips.
const COVERAGE: f64 = 3.0;

/// One quantity that the output guard watches.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Watched {
    /// What was seen.
    pub value: f64,
    /// By how much the load may have shown more than there was.
    pub uncertainty: f64,
}

impl Watched {
    /// The one that is more for certain.
    fn or_more(self, other: Self) -> Self {
        let at_least = |watched: Self| watched.value - watched.uncertainty;
        if at_least(other) > at_least(self) { other } else { self }
    }
}

/// What the output guard watches, in SI units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Guard {
    /// Largest 3-sample median of |i| on any contact so far, A.
    pub amplitude: Watched,
    /// Largest charge of one phase so far, a running one included, C.
    pub charge_per_phase: Watched,
    /// Largest |mean current| over a second that ended within the last 256 samples, on any contact, A; 0 during the first second.
    /// Such a second is sixteen times as many whole samples as fit into a sixteenth of one, and at least sixteen.
    pub mean_dc: Watched,
}

impl Guard {
    /// With what another contact showed.
    pub(super) fn and(self, amplitude: Watched, charge_per_phase: Watched, mean_dc: Watched) -> Self {
        Self {
            amplitude: self.amplitude.or_more(amplitude),
            charge_per_phase: self.charge_per_phase.or_more(charge_per_phase),
            mean_dc: self.mean_dc.or_more(mean_dc),
        }
    }
}

/// How wrong one channel may be for the guard.
pub(super) struct Wrong {
    lsb: f64,
    gain: f64,
    noise: f64,
    /// Non-linearity, and the offset where no zero was taken, codes.
    level: f64,
}

impl Wrong {
    /// From what the load states; `zeroed` once its offset was measured.
    pub(super) fn of(calibration: &Calibration, zeroed: bool) -> Self {
        let offset = if zeroed { 0.0 } else { COVERAGE * calibration.offset_u };
        Self {
            lsb: calibration.lsb,
            gain: COVERAGE * calibration.gain_u,
            noise: NOISE * code_noise(calibration.noise),
            level: calibration.inl + offset,
        }
    }

    /// A peak of so many codes, seen through a filter that overshoots a step by this part of it: from one phase to the next the
    /// step is twice the peak.
    pub(super) fn peak(&self, codes: f64, overshoot: f64) -> Watched {
        let uncertainty = (codes * (self.gain + 2.0 * overshoot) + self.noise + self.level) * self.lsb;
        Watched { value: codes * self.lsb, uncertainty }
    }

    /// A charge, C, of a phase with a peak of so many codes: a wrong level counts for as long as the phase lasts.
    pub(super) fn charge(&self, charge: f64, peak: f64) -> Watched {
        Watched { value: charge, uncertainty: charge * (self.gain + self.level / peak.max(1.0)) }
    }

    /// A mean of so many codes over many samples, whose noise averages out.
    pub(super) fn mean(&self, codes: f64) -> Watched {
        Watched { value: codes * self.lsb, uncertainty: (codes * self.gain + self.level) * self.lsb }
    }
}

/// Sixteenths of a second in a mean.
const SLOTS: usize = 16;

/// Running sums of one contact at sixteenths of a second.
#[derive(Debug, Clone, Default)]
struct Sums {
    channel: usize,
    at: VecDeque<(u64, i64)>,
}

/// Follows one-second means.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    slot: u64,
    /// When sums are due next; `None` where means begin anew with what is watched next.
    next: Option<u64>,
    /// Sums of a contact that are kept: those of every second that ended within a stretch, which is measured at once.
    kept: usize,
    contacts: Vec<Sums>,
}

impl Watch {
    pub(super) fn new(sample_rate: f64) -> Self {
        let slot = ((sample_rate / SLOTS as f64) as u64).max(1);
        Self { slot, next: None, kept: SLOTS + STRETCH.div_ceil(slot) as usize, contacts: Vec::new() }
    }

    fn of(&mut self, channel: usize) -> Option<&mut Sums> {
        if !self.contacts.iter().any(|sums| sums.channel == channel) {
            self.contacts.push(Sums { channel, ..Sums::default() });
        }
        self.contacts.iter_mut().find(|sums| sums.channel == channel)
    }

    /// The next sample in [from, to] at which sums are due.
    pub(super) fn due(&mut self, from: u64, to: u64) -> Option<u64> {
        let at = self.next.map_or(from, |next| next.max(from));
        let due = at <= to;
        self.next = Some(if due { at + self.slot } else { at });
        due.then_some(at)
    }

    /// Σ codes of a channel before sample `to`.
    pub(super) fn sum(&mut self, channel: usize, to: u64, sum: i64) {
        let kept = self.kept;
        if let Some(sums) = self.of(channel) {
            sums.at.push_back((to, sum));
            if sums.at.len() > kept {
                sums.at.pop_front();
            }
        }
    }

    /// The time base was interrupted: means begin anew.
    pub(super) fn forget(&mut self) {
        self.next = None;
        for sums in &mut self.contacts {
            sums.at.clear();
        }
    }

    /// Of the means less `zero` over a second that has just ended the farthest from 0, codes; 0 before a second has passed.
    pub(super) fn mean_of(&self, channel: usize, zero: f64) -> f64 {
        let Some(sums) = self.contacts.iter().find(|sums| sums.channel == channel) else { return 0.0 };
        let seconds = sums.at.iter().zip(sums.at.iter().skip(SLOTS)).filter(|((from, _), (to, _))| to > from);
        let means =
            seconds.map(|((from, before), (to, after))| (after - before) as f64 / (to - from) as f64 - zero);
        means.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} {b}");
    }

    fn calibration() -> Calibration {
        Calibration { lsb: 2e-6, offset_u: 5.0, gain_u: 1e-3, inl: 3.0, noise: 0.8, ..Calibration::default() }
    }

    #[test]
    fn what_was_seen_may_be_less_by_what_the_load_states() {
        let (zeroed, own) = (Wrong::of(&calibration(), true), Wrong::of(&calibration(), false));
        // 10 000 codes of 2 µA: three times the gain's 0.1 %, twice a filter's 2 % (a step between phases is twice the peak),
        // four times the noise, that of a rounded code with it, and 3 codes of non-linearity.
        let noise = 4.0 * (0.8_f64 * 0.8 + 1.0 / 12.0).sqrt();
        let peak = zeroed.peak(1e4, 0.02);
        near(peak.value, 20e-3);
        near(peak.uncertainty, (1e4 * (3e-3 + 0.04) + noise + 3.0) * 2e-6);
        // Without a zero the offset is three times its 5 codes.
        near(own.peak(1e4, 0.02).uncertainty, peak.uncertainty + 15.0 * 2e-6);
        // A mean has no noise; a charge has its level's error for as long as it lasts.
        let mean = own.mean(50.0);
        near(mean.value, 100e-6);
        near(mean.uncertainty, (50.0 * 3e-3 + 18.0) * 2e-6);
        let charge = own.charge(4e-6, 1e4);
        near(charge.value, 4e-6);
        near(charge.uncertainty, 4e-6 * (3e-3 + 18.0 / 1e4));
        // A phase of no height cannot be off by more than its level is.
        near(own.charge(4e-6, 0.0).uncertainty, 4e-6 * (3e-3 + 18.0));
    }

    #[test]
    fn of_two_contacts_the_one_that_is_more_for_certain_counts() {
        let watched = |value, uncertainty| Watched { value, uncertainty };
        let first = Guard {
            amplitude: watched(10.0, 1.0),
            charge_per_phase: watched(10.0, 1.0),
            mean_dc: watched(10.0, 1.0),
        };
        // 12 ± 4 is at least 8, 9.5 ± 0.1 at least 9.4, 5 ± 0 at least 5; the first is at least 9.
        let both = first.and(watched(12.0, 4.0), watched(9.5, 0.1), watched(5.0, 0.0));
        assert_eq!((both.amplitude, both.charge_per_phase), (watched(10.0, 1.0), watched(9.5, 0.1)));
        assert_eq!(both.mean_dc, watched(10.0, 1.0));
    }

    /// Two contacts at 1600 samples a second: sums are due every 100 of them.
    #[test]
    fn a_mean_is_what_flowed_over_the_last_second() {
        let mut watch = Watch::new(1600.0);
        // The first contact carries 4 codes for two seconds and 8 from there on, the second −2 all the while.
        let sums = |to: u64| {
            let to = to as i64;
            (4 * to + 4 * (to - 3200).max(0), -2 * to)
        };
        let mut asked = Vec::new();
        for to in (50..=6400).step_by(50) {
            while let Some(at) = watch.due(to - 50, to) {
                asked.push(at);
                let (first, second) = sums(at);
                watch.sum(0, at, first);
                watch.sum(7, at, second);
            }
            let last = to / 100 * 100;
            let exact = match last {
                0..1600 => 0.0,
                1600..3200 => 4.0 - 0.5,
                3200..4800 => 4.0 + 4.0 * (last - 3200) as f64 / 1600.0 - 0.5,
                _ => 8.0 - 0.5,
            };
            near(watch.mean_of(0, 0.5), exact);
            near(watch.mean_of(7, 0.0), if last < 1600 { 0.0 } else { -2.0 });
            assert_eq!(watch.mean_of(3, 1.0), 0.0, "nobody has seen that contact");
        }
        assert!(asked.iter().copied().eq((0..=6400).step_by(100)));
        // The same instant over and over is no time.
        (0..17).for_each(|_| watch.sum(5, 100, 900));
        assert_eq!(watch.mean_of(5, 1.0), 0.0);
        watch.forget();
        assert_eq!((watch.mean_of(0, 0.5), watch.mean_of(7, 0.0)), (0.0, 0.0));
    }

    #[test]
    fn sums_are_due_each_sixteenth_however_long_the_stretches_are() {
        let due = |watch: &mut Watch, ranges: &[(u64, u64)]| {
            let of =
                |(from, to): &(u64, u64)| std::iter::from_fn(|| watch.due(*from, *to)).collect::<Vec<_>>();
            ranges.iter().flat_map(of).collect::<Vec<_>>()
        };
        let mut watch = Watch::new(1600.0);
        assert_eq!(due(&mut watch, &[(30, 90), (90, 130), (130, 430), (430, 431)]), [30, 130, 230, 330, 430]);
        // Behind an interruption they count from what is watched first.
        watch.forget();
        assert_eq!(due(&mut watch, &[(475, 500), (500, 575)]), [475, 575]);
        // A rate so low that a slot would be less than a sample.
        assert_eq!(due(&mut Watch::new(8.0), &[(0, 0), (0, 3)]), [0, 1, 2, 3]);
    }

    /// At a kilohertz four sixteenths of a second, of 62 samples each, lie in a stretch of 256.
    #[test]
    fn of_the_seconds_that_ended_within_a_stretch_the_one_with_most_counts() {
        let mut watch = Watch::new(1000.0);
        // From 620 to 1612 there flow −5 codes.
        let sum = |to: u64| -5 * (to.clamp(620, 1612) - 620) as i64;
        let mut seen = Vec::new();
        for from in (0..2560).step_by(256) {
            while let Some(at) = watch.due(from, from + 256) {
                watch.sum(0, at, sum(at));
            }
            seen.push(watch.mean_of(0, 0.0));
        }
        // It is over within the seventh stretch, three sixteenths before the end of that.
        assert_eq!((seen[2], seen[6]), (0.0, -5.0));
        assert!(seen.iter().all(|mean| (-5.0..=0.0).contains(mean)), "{seen:?}");
        assert!(seen[9] > -2.0, "{seen:?}");
    }
}
