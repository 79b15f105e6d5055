//! The reference board's timer: what becomes of times, and whether pulses are over in time.

use crate::rig::StimulatorSpec;
use crate::signal::{Program, Recovery, Waveform};

/// A time as the board is told it, ns.
pub(super) fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// A period as the board is told it, ps.
fn picoseconds(seconds: f64) -> u128 {
    (seconds * 1e12).round() as u128
}

/// How long the recharge switch is closed instead of an active recovery, s.
pub(super) fn passive(program: &Program) -> Option<f64> {
    if let Recovery::Passive { duration, .. } = program.recovery { Some(duration) } else { None }
}

/// The board's timer. It counts ticks of whole nanoseconds, and is told periods in picoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timer {
    /// A tick, ns.
    tick: u64,
}

impl Timer {
    /// That of a board.
    pub(super) fn of(spec: &StimulatorSpec) -> Self {
        Self { tick: nanoseconds(spec.timer).max(1) }
    }

    /// The ticks nearest to a time in s.
    pub(super) fn ticks(self, seconds: f64) -> u64 {
        nanoseconds(seconds).saturating_add(self.tick / 2) / self.tick
    }

    /// The time of so many ticks, s.
    pub(super) fn seconds(self, ticks: u64) -> f64 {
        ticks.saturating_mul(self.tick) as f64 * 1e-9
    }

    /// From the start of a pulse to where its last phase or its recharge ends, ticks. `recharged` where the switch closes
    /// behind it.
    fn length(self, program: &Program, recharged: bool) -> u64 {
        let (width, gap) = (self.ticks(program.width), self.ticks(program.gap));
        let ratio = if let Recovery::Ratio(ratio) = program.recovery { thousandths(ratio) } else { 1000 };
        let recovery = width.saturating_mul(ratio).saturating_add(500) / 1000;
        let phases = match program.waveform {
            Waveform::Biphasic => width.saturating_add(gap).saturating_add(recovery),
            Waveform::Triphasic => width.saturating_mul(3).saturating_add(gap.saturating_mul(2)),
            Waveform::Monophasic | Waveform::Alternating => width,
        };
        let closed = match (passive(program), program.recharge) {
            (Some(duration), _) => gap.saturating_add(self.ticks(duration)),
            (None, Some(duration)) => self.ticks(duration),
            (None, None) => 0,
        };
        if recharged { phases.saturating_add(closed) } else { phases }
    }

    /// Where a pulse may not be over when the next begins: how long it takes, and how long is sure to be there, ticks. Each
    /// start is rounded to a tick of its own, so only the whole ticks between two exact ones are.
    pub(super) fn overlap(self, program: &Program) -> Option<(u64, u64)> {
        let (period, tick) = (picoseconds(program.period()).max(1), u128::from(self.tick) * 1000);
        let step = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => period / 2,
            (_, Some(burst)) => picoseconds(1.0 / burst.rate),
            _ => 0,
        };
        let last = program.pulses_per_period().saturating_sub(1);
        let per_burst = matches!(program.recovery, Recovery::Passive { per_burst: true, .. });
        let within = (last > 0).then(|| (self.length(program, !per_burst), step));
        let length = self.length(program, true);
        let inside = u128::from(last).saturating_mul(step);
        let behind = (length, period.saturating_sub(inside));
        let on_time = program.cycle.map(|cycle| {
            let [on, off] = [cycle.on_time, cycle.off_time].map(|time| u128::from(nanoseconds(time)) * 1000);
            let groups = on.saturating_sub(tick / 2).div_ceil(period).max(1);
            let before = (groups - 1).saturating_mul(period).saturating_add(inside);
            (length, (on + off).saturating_sub(before))
        });
        let whole = |room: u128| u64::try_from(room / tick).unwrap_or(u64::MAX);
        let mut rooms = within.into_iter().chain([behind]).chain(on_time);
        rooms.find_map(|(length, room)| (length > whole(room)).then(|| (length, whole(room))))
    }
}

/// A ratio as the board is told it.
pub(super) fn thousandths(ratio: f64) -> u64 {
    ((ratio * 1e3).round() as u64).max(1)
}
