//! Time in a circuit: exact steps between the instants at which a source begins or ceases to limit at its compliance.

use super::circuit::RELEASE;
use super::{Circuit, Probe, Waveform};

/// Changes of the limiters at one instant; each change is monotone, so this is never reached.
const PASSES: usize = 32;

/// By how much that part grows when a limiter changes again at once: rounding is larger in some networks than in others.
const WIDER: f64 = 10.0;

/// Two changes of a circuit's limiters closer together than this are rounding, s.
const AT_ONCE: f64 = 1e-9;

impl Circuit {
    /// How long, at most `limit` seconds, the present waveforms hold: until a source begins or ceases to limit.
    pub fn span(&mut self, limit: f64) -> f64 {
        self.pending = None;
        if self.output.compliance.is_infinite() {
            return limit;
        }
        let mut span = limit;
        let mut wave = Waveform::default();
        for (k, (&current, &rail)) in self.drive.iter().zip(&self.rails).enumerate() {
            let level = self.output.compliance;
            let released = level * (1.0 - self.release);
            if k == self.wiring.reference || current == 0.0 || !level.is_finite() {
                continue;
            }
            self.waveform(Probe::Source(k), &mut wave);
            let wave = if current < 0.0 { wave.negated() } else { wave.clone() };
            let change =
                if rail == 0.0 { wave.first_above(level, span) } else { wave.first_below(released, span) };
            if let Some(instant) = change.filter(|instant| self.pending.is_none() || *instant < span) {
                span = instant;
                self.pending = Some((instant, k));
            }
        }
        span
    }

    /// Steps by `seconds`, at most the last [`span`](Self::span). Exact for any step.
    pub fn step(&mut self, seconds: f64) {
        self.without_tails();
        for ((z, push), rate) in self.modes.iter_mut().zip(&self.push).zip(&self.topology.modes.rates) {
            if *rate > 0.0 {
                let rest = push / rate;
                *z = rest + (*z - rest) * (-rate * seconds).exp();
            } else {
                *z += push * seconds;
            }
        }
        self.with_tails_after(seconds);
        self.unchanged += seconds;
        match self.pending.take() {
            Some((instant, contact)) if instant <= seconds => {
                let sign = self.drive.get(contact).map_or(0.0, |current| current.signum());
                if let Some(rail) = self.rails.get_mut(contact) {
                    *rail = if *rail == 0.0 { sign } else { 0.0 };
                }
                if self.unchanged < AT_ONCE {
                    self.release *= WIDER;
                }
                self.unchanged = 0.0;
                self.apply();
            }
            Some((instant, contact)) => self.pending = Some((instant - seconds, contact)),
            None => {}
        }
    }

    /// Lets `seconds` pass, across everything the limiters do meanwhile.
    pub fn advance(&mut self, seconds: f64) {
        let mut left = seconds;
        while left > 0.0 {
            let span = self.span(left);
            self.step(span);
            left -= span;
        }
    }

    /// After a change from outside: which sources limit from this instant on.
    pub(super) fn settle(&mut self) {
        self.pending = None;
        self.rails.fill(0.0);
        (self.release, self.unchanged) = (RELEASE, f64::INFINITY);
        self.apply();
        if self.output.compliance.is_infinite() {
            return;
        }
        for _ in 0..PASSES {
            let mut changed = false;
            for k in 0..self.drive.len() {
                let current = self.drive.get(k).copied().unwrap_or(0.0);
                let limits = self.rails.get(k).is_none_or(|rail| *rail != 0.0);
                if k == self.wiring.reference || current == 0.0 || limits {
                    continue;
                }
                if self.value(Probe::Source(k)) * current.signum() > self.output.compliance {
                    if let Some(rail) = self.rails.get_mut(k) {
                        *rail = current.signum();
                    }
                    changed = true;
                }
            }
            if !changed {
                return;
            }
            self.apply();
        }
    }
}
