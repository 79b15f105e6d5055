//! Whether the samples of a load that neither numbers nor marks them come as fast as they are taken: what is lost on their way is
//! then seen by nothing but the clock.

use super::pace::SECOND;

/// Samples come in pieces: how far they lag is told by the least of so long, s.
const PIECE: f64 = 0.5;
/// More than this of them missing is no delay, s, beside what the load's clock and the host's may differ by.
const LOST: f64 = 0.15;
const CLOCKS: f64 = 3e-4;

/// How far the samples lag behind the host's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrival {
    /// When the first of them came, ns.
    began: Option<u64>,
    /// The piece of time under way, counted from there.
    piece: u64,
    /// The least lag of the first piece, of the last whole one, and of the one under way, s.
    first: f64,
    last: f64,
    now: f64,
    /// The largest, s.
    most: f64,
    /// For how long they come, s.
    lasted: f64,
}

impl Arrival {
    /// At `now` ns so many seconds of samples have come in all.
    pub(super) fn note(&mut self, now: u64, sampled: f64) {
        if sampled == 0.0 {
            return;
        }
        let lag = |began: u64| now.saturating_sub(began) as f64 / SECOND - sampled;
        let Some(began) = self.began else {
            self.began = Some(now);
            let lag = lag(now);
            (self.first, self.last, self.now, self.most) = (lag, lag, lag, lag);
            return;
        };
        let lag = lag(began);
        self.lasted = now.saturating_sub(began) as f64 / SECOND;
        let piece = (self.lasted / PIECE) as u64;
        if piece > self.piece {
            (self.last, self.now, self.piece) = (self.now, lag, piece);
        }
        self.now = self.now.min(lag);
        self.most = self.most.max(lag);
        if piece == 0 {
            self.first = self.now;
        }
    }

    /// How old samples were at most beyond what the youngest are, s.
    pub(super) fn late(&self) -> f64 {
        self.most - self.first.min(self.last).min(self.now)
    }

    /// How many seconds of samples are missing, where that is more than any delay.
    pub(super) fn lost(&self) -> Option<f64> {
        let missing = self.last.min(self.now) - self.first;
        (missing > LOST + CLOCKS * self.lasted).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds of samples in pieces of 50 ms, of which those between two instants never come, by a clock so much fast.
    fn arrival(gone: (f64, f64), fast: f64) -> Arrival {
        let mut arrival = Arrival::default();
        let mut sampled = 0.0;
        for step in 1..=200_u32 {
            let now = f64::from(step) * 0.05;
            if !(gone.0..gone.1).contains(&now) {
                sampled += 0.05 * (1.0 + fast);
            }
            // It is looked at every 10 ms.
            for look in 0..5_u32 {
                arrival.note(((now + f64::from(look) * 0.01) * SECOND) as u64, sampled);
            }
        }
        arrival
    }

    #[test]
    fn samples_that_never_come_are_told_from_those_that_come_late() {
        let whole = arrival((20.0, 20.0), 0.0);
        assert_eq!(whole.lost(), None);
        // As old as a piece is long, less the last look at it.
        assert!((whole.late() - 0.04).abs() < 1e-6, "{whole:?}");
        let holed = arrival((4.975, 5.275), 0.0);
        assert!(holed.lost().is_some_and(|lost| (lost - 0.3).abs() < 1e-6), "{holed:?}");
        // Clocks may differ, and what is missing at the end is missing too.
        assert_eq!((arrival((20.0, 20.0), 1e-4).lost(), arrival((20.0, 20.0), -1e-4).lost()), (None, None));
        assert!(arrival((8.0, 11.0), 0.0).lost().is_some());
    }

    /// A computer that was busy for a second passes everything on afterwards.
    #[test]
    fn a_delay_that_was_made_up_for_is_no_loss() {
        let mut arrival = Arrival::default();
        for step in 1..=100_u32 {
            let now = f64::from(step) * 0.05;
            let sampled = if (40..60).contains(&step) { 1.95 } else { now };
            arrival.note((now * SECOND) as u64, sampled);
        }
        assert_eq!(arrival.lost(), None);
        assert!((arrival.late() - 1.0).abs() < 1e-6, "{arrival:?}");
    }
}
