//! Programs on the board's grid: what is refused, how the rest is quantised, and the pulses that follow.

use stimrig_protocol::stimulator::{Burst, Cycle, Law, Program, Recovery, Refusal, Run, Waveform};

use crate::shares::{Shares, nearest};
use crate::{Codes, Guarded, Part, Phase, Pulse, Spec, Window};

const PS_PER_NS: u64 = 1000;

/// A program the board can run: integers of DAC codes and timer ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// As applied: what the reply says.
    program: Program,
    /// Code of the second phase (of the only one, where there is no second) at full amplitude.
    unit: u64,
    /// Leading amplitude and recovery width in thousandths of the recovery's amplitude and the leading width.
    ratio: u64,
    width: u64,
    second: u64,
    gap: u64,
    recharge: Option<u64>,
    tick_ps: u64,
    /// Ticks of pulses a duration allows.
    duration: Option<u64>,
    /// Bursts that the train emits: the program's own, unless a policy bends them.
    burst: Option<Burst>,
    shares: Shares,
    /// On and off times that the train keeps: the program's own, unless a policy bends them.
    cycle: Option<Cycle>,
    /// The amplitude in memory, pA: what is driven.
    amplitude: Guarded,
}

impl Plan {
    /// Checks and quantises a program.
    ///
    /// With a recovery of a k-th, the *recovery* is quantised first and the leading phase is exactly k times its code:
    /// quantising both would leave up to half a step times the width unbalanced in every pulse.
    ///
    /// # Errors
    /// The [`Refusal`] that names what cannot be done.
    pub fn new(spec: &Spec, asked: &Program) -> Result<Self, Refusal> {
        if asked.amplitude > spec.cap {
            return Err(Refusal::OverAmplitude);
        }
        if asked.waveform == Waveform::Alternating && asked.burst.is_some() {
            // Its bursts would be left out in silence.
            return Err(Refusal::Unsupported);
        }
        let shares = Shares::new(spec, asked)?;
        let ratio = match (asked.waveform, asked.recovery) {
            (Waveform::Biphasic, Recovery::Mirrored) => 1000,
            (Waveform::Biphasic, Recovery::Ratio(ratio)) if ratio >= 1 => u64::from(ratio),
            (Waveform::Monophasic, Recovery::Passive { .. } | Recovery::None) => 1000,
            (Waveform::Triphasic | Waveform::Alternating, Recovery::None | Recovery::Mirrored) => 1000,
            _ => return Err(Refusal::Unsupported),
        };
        // A recovery narrower than the leading phase is larger.
        let recovery = asked.amplitude.saturating_mul(1000) / ratio;
        if recovery > spec.cap {
            return Err(Refusal::OverAmplitude);
        }
        let largest = spec.cap.min(spec.full_scale);
        let mut unit = spec.code_of(recovery);
        while unit > 0 && spec.current_of(leading(unit, ratio).max(unit)) > largest {
            unit -= 1;
        }
        // Of a ratio that is not whole only such codes have a leading phase that is exactly as many times larger.
        unit -= unit % grain(ratio);
        if asked.waveform == Waveform::Triphasic {
            // The middle phase is twice the outer ones, in codes as well.
            unit -= unit % 2;
        }
        if unit == 0 {
            return Err(Refusal::Amplitude);
        }
        let width = spec.ticks(asked.width);
        let (passive, recharge) = (passive(asked).map(|ns| spec.ticks(ns)), asked.recharge);
        let recharge = passive.or(recharge.map(|ns| spec.ticks(ns)));
        let plan = Self {
            program: *asked,
            unit,
            ratio,
            width,
            second: leading(width, ratio),
            gap: spec.ticks(asked.gap),
            recharge,
            tick_ps: u64::from(spec.tick.max(1)) * PS_PER_NS,
            duration: match asked.run {
                Run::Duration(ns) => Some(spec.ticks(ns)),
                _ => None,
            },
            burst: asked.burst,
            shares,
            cycle: asked.cycle,
            amplitude: Guarded::new(0),
        };
        if !plan.shares.all_have_a_code(&plan.plateau()) {
            return Err(Refusal::Shares);
        }
        // A recovery that ends between two ticks would leave the rest of its charge in every pulse.
        let whole = width.is_multiple_of(grain(ratio));
        if width == 0 || !whole || recharge == Some(0) || !plan.fits() {
            return Err(Refusal::Timing);
        }
        Ok(plan.with_applied(spec))
    }

    /// The program as quantised.
    pub fn applied(&self) -> &Program {
        &self.program
    }

    /// The amplitude in memory, pA.
    pub(crate) fn amplitude(&self) -> Guarded {
        self.amplitude
    }

    /// The amplitude in memory, to be overwritten.
    pub(crate) fn amplitude_mut(&mut self) -> &mut Guarded {
        &mut self.amplitude
    }

    /// Whether `kept` (pA), the amplitude in memory, is the program's own.
    pub(crate) fn is_commanded(&self, kept: u64) -> bool {
        kept == self.program.amplitude
    }

    /// The largest current of a phase at `kept` (pA), pA: a recovery narrower than the leading phase is larger.
    pub(crate) fn largest(&self, kept: u64) -> u64 {
        kept.max(kept.saturating_mul(1000) / self.ratio.max(1))
    }

    /// A code of the program at `kept` (pA), the amplitude in memory as it was checked.
    pub(crate) fn driven(&self, kept: u64, code: i32, largest: u64) -> i32 {
        let applied = self.program.amplitude.max(1);
        if kept == applied {
            return code;
        }
        let scaled = u128::from(code.unsigned_abs()) * u128::from(kept) / u128::from(applied);
        let scaled = u64::try_from(scaled).unwrap_or(u64::MAX).min(largest);
        code.signum() * i32::try_from(scaled).unwrap_or(i32::MAX)
    }

    /// The same plan with other bursts, which the reply does not tell.
    pub(crate) fn with_burst(self, bent: impl Fn(Burst) -> Burst) -> Self {
        Self { burst: self.burst.map(bent), ..self }
    }

    /// The same plan with other on and off times, which the reply does not tell.
    pub(crate) fn with_cycle(self, bent: impl Fn(Cycle) -> Cycle) -> Self {
        Self { cycle: self.cycle.map(bent), ..self }
    }

    /// The same plan at its plateau from the first pulse on.
    pub(crate) fn without_ramp(mut self) -> Self {
        self.program.ramp = None;
        self
    }

    /// Start of pulse `n` since the program took effect, ticks from its first. Rounded from the exact instant, so that a
    /// period that is no whole number of ticks does not drift from its rate. `period` is in ps: the program's own, unless a
    /// policy bends it. `into` is how far into an on-time the program took effect, ps.
    pub(crate) fn start(&self, n: u64, period: u64, into: u64) -> u64 {
        let per_group = self.pulses_per_group();
        let (group, inner) = (n / per_group, n % per_group);
        let inner_step = self.inner_step(period);
        let (turn, within) = self.turn(group, period, into);
        let on_time = match (self.cycle, turn) {
            (_, 0) | (None, _) => u128::from(within) * u128::from(period),
            (Some(cycle), turn) => {
                let whole = u128::from(cycle.on.saturating_add(cycle.off)) * u128::from(PS_PER_NS);
                (u128::from(turn) * whole).saturating_sub(u128::from(into))
                    + u128::from(within) * u128::from(period)
            }
        };
        let exact = on_time + u128::from(inner) * u128::from(inner_step);
        let tick = u128::from(self.tick_ps);
        u64::try_from((exact + tick / 2) / tick).unwrap_or(u64::MAX)
    }

    /// Whether pulse `n` since the program took effect takes back charge that pulses before it left: the second of a pair, a
    /// later one of a burst that is recharged at its end. A train that ended before it would leave that charge.
    pub(crate) fn owes(&self, n: u64) -> bool {
        let together = self.program.waveform == Waveform::Alternating
            || matches!(self.program.recovery, Recovery::Passive { per_burst: true, .. });
        together && !n.is_multiple_of(self.pulses_per_group())
    }

    /// Time since the beginning of the on-time (without cycling: of the train) at which pulse `n` is due, ps: what a ramp
    /// counts, and where another program goes on.
    pub(crate) fn elapsed(&self, n: u64, period: u64, into: u64) -> u64 {
        let (turn, within) = self.turn(n / self.pulses_per_group(), period, into);
        within.saturating_mul(period).saturating_add(if turn == 0 { into } else { 0 })
    }

    /// What pulse `n` since the program took effect holds of what is balanced by its phases.
    pub(crate) fn part(&self, n: u64) -> Part {
        match self.program.waveform {
            Waveform::Alternating if n.is_multiple_of(2) => Part::First,
            Waveform::Alternating => Part::Second,
            _ => Part::Whole,
        }
    }

    /// Whether the next pulse, the `n`-th of this program, is the first of its burst or pair.
    pub(crate) fn begins_group(&self, n: u64) -> bool {
        n.is_multiple_of(self.pulses_per_group())
    }

    /// Whether a train under this plan goes on in the on-time of one under another.
    pub(crate) fn continues(&self, other: &Self) -> bool {
        self.program.cycle.is_none() || self.program.cycle == other.program.cycle
    }

    /// On-time in which a group falls, from 0, and its number within it.
    fn turn(&self, group: u64, period: u64, into: u64) -> (u64, u64) {
        if self.cycle.is_none() {
            return (0, group);
        }
        let first = self.groups_per_on(period, into);
        match group.checked_sub(first) {
            None => (0, group),
            Some(rest) => {
                let per_on = self.groups_per_on(period, 0);
                (1 + rest / per_on, rest % per_on)
            }
        }
    }

    /// Whether the program still emits a pulse, the `n`-th since the start, that many ticks behind the first.
    pub(crate) fn emits(&self, n: u64, ticks: u64) -> bool {
        match self.program.run {
            Run::UntilStopped => true,
            Run::Pulses(pulses) => n < pulses,
            Run::Duration(_) => self.duration.is_none_or(|duration| ticks < duration),
        }
    }

    /// Pulse `n` since the program took effect, `into` ps into its on-time: a change of program does not restart a ramp.
    pub(crate) fn pulse(&self, n: u64, into: u64) -> Pulse {
        let (unit, width) = self.in_force(n, into);
        self.shaped(n, unit, width)
    }

    fn shaped(&self, n: u64, unit: u64, width: u64) -> Pulse {
        let second_width = if width == self.width { self.second } else { leading(width, self.ratio) };
        let sign = if self.program.anodic { -1 } else { 1 };
        let code = |magnitude: u64| sign * i32::try_from(magnitude).unwrap_or(i32::MAX);
        let lead = code(leading(unit, self.ratio));
        let mut pulse = Pulse::default();
        let after = width.saturating_add(self.gap);
        match self.program.waveform {
            Waveform::Biphasic => {
                pulse.push(Phase { start: 0, width, code: lead });
                pulse.push(Phase { start: after, width: second_width, code: -code(unit) });
            }
            Waveform::Monophasic => pulse.push(Phase { start: 0, width, code: lead }),
            Waveform::Triphasic => {
                // Half of an odd code would leave one code unbalanced: the middle phase is twice the outer ones.
                let half = code(unit / 2);
                pulse.push(Phase { start: 0, width, code: half });
                pulse.push(Phase { start: after, width, code: -2 * half });
                pulse.push(Phase { start: after.saturating_mul(2), width, code: half });
            }
            Waveform::Alternating => {
                pulse.push(Phase { start: 0, width, code: if n.is_multiple_of(2) { lead } else { -lead } });
            }
        }
        let per_burst = matches!(self.program.recovery, Recovery::Passive { per_burst: true, .. });
        let last_of_burst = self.burst.is_none_or(|burst| {
            let pulses = u64::from(burst.pulses.max(1));
            n % pulses == pulses - 1
        });
        if let Some(duration) = self.recharge.filter(|_| !per_burst || last_of_burst) {
            let dead = if passive(&self.program).is_some() { self.gap } else { 0 };
            pulse.recharge = Some(Window { start: pulse.end_of_phases().saturating_add(dead), duration });
        }
        pulse
    }

    /// Codes of the outputs for the code of phase `index`, quantised where the phases of a pulse have their common part: what
    /// leading phase and recovery are whole multiples of, the outer phases of three.
    pub(crate) fn codes(&self, index: usize, code: i32) -> Codes {
        // The ratio in lowest terms is that of the two multiples.
        let steps = grain(self.ratio);
        let parts = match (self.program.waveform, index) {
            (Waveform::Biphasic, 0) => steps.saturating_mul(self.ratio) / 1000,
            (Waveform::Biphasic, _) => steps,
            (Waveform::Triphasic, 1) => 2,
            _ => 1,
        };
        self.shares.codes(parts, code)
    }

    /// Whether an output has a share.
    pub(crate) fn drives(&self, output: usize) -> bool {
        self.shares.drives(output)
    }

    /// Outputs of the largest sink and the largest source.
    pub(crate) fn largest_outputs(&self) -> [usize; 2] {
        self.shares.largest()
    }

    /// Codes of the outputs at the leading phase of the plateau.
    fn plateau(&self) -> Codes {
        let code = leading(self.unit, self.ratio);
        let code = if self.program.waveform == Waveform::Triphasic { code / 2 } else { code };
        self.codes(0, i32::try_from(code).unwrap_or(i32::MAX))
    }

    /// From a pulse of a pair or burst to the next of the same, ps.
    fn inner_step(&self, period: u64) -> u64 {
        match (self.program.waveform, self.burst) {
            (Waveform::Alternating, _) => period / 2,
            (_, Some(burst)) => burst.period,
            _ => 0,
        }
    }

    fn pulses_per_group(&self) -> u64 {
        match (self.program.waveform, self.burst) {
            (Waveform::Alternating, _) => 2,
            (_, Some(burst)) => u64::from(burst.pulses.max(1)),
            _ => 1,
        }
    }

    /// Periods that begin within an on-time of which `into` ps have passed; half a tick of tolerance, because a period is
    /// rounded to a picosecond.
    fn groups_per_on(&self, period: u64, into: u64) -> u64 {
        let on = self.cycle.map_or(0, |cycle| cycle.on.saturating_mul(PS_PER_NS)).saturating_sub(into);
        on.saturating_sub(self.tick_ps / 2).div_ceil(period.max(1)).max(1)
    }

    /// Code of the unit amplitude and leading width at a pulse of the ramp.
    fn in_force(&self, n: u64, into: u64) -> (u64, u64) {
        let Some(ramp) = self.program.ramp else { return (self.unit, self.width) };
        // Position (n + ½)·Tp/t as a fraction of integers.
        let elapsed = self.elapsed(n, self.program.period, into);
        let above = 2 * u128::from(elapsed) + u128::from(self.program.period);
        let below = 2 * u128::from(ramp.up) * u128::from(PS_PER_NS);
        if above >= below {
            return (self.unit, self.width);
        }
        let linear =
            |full: u64| u64::try_from((u128::from(full) * above + below / 2) / below).unwrap_or(full);
        let grain = grain(self.ratio);
        let balanced = |value: u64| value - value % grain;
        match ramp.law {
            Law::Linear => (balanced(linear(self.unit)), self.width),
            Law::QuarterSine => {
                let sine = quarter_sine(above as f64 / below as f64);
                (balanced((self.unit as f64 * sine + 0.5) as u64), self.width)
            }
            Law::Width => (self.unit, balanced(linear(self.width)).max(grain)),
        }
    }

    /// Whether each pulse is over before the next begins: within a group, before the next group, and before the next on-time.
    fn fits(&self) -> bool {
        let period = self.program.period;
        let nothing = self.program.cycle.is_some_and(|cycle| cycle.on == 0 || cycle.off == 0);
        if nothing || period / PS_PER_NS == 0 || self.program.ramp.is_some_and(|ramp| ramp.up == 0) {
            return false;
        }
        // Each instant is rounded to a tick of its own: only the whole ticks between two exact ones are sure to be there.
        let holds = |room: u128, n: u64| {
            u128::from(self.shaped(n, self.unit, self.width).end()) <= room / u128::from(self.tick_ps)
        };
        let (last, step) = (self.pulses_per_group() - 1, u128::from(self.inner_step(period)));
        let behind_last = |until: u128| holds(until.saturating_sub(u128::from(last) * step), last);
        let within = last == 0 || holds(step, 0);
        let on_time = self.program.cycle.is_none_or(|cycle| {
            let whole = (u128::from(cycle.on) + u128::from(cycle.off)) * u128::from(PS_PER_NS);
            let groups_before = u128::from(self.groups_per_on(period, 0) - 1);
            behind_last(whole.saturating_sub(groups_before * u128::from(period)))
        });
        within && behind_last(period.into()) && on_time
    }

    fn with_applied(mut self, spec: &Spec) -> Self {
        self.program.amplitude = spec.current_of(leading(self.unit, self.ratio));
        self.amplitude = Guarded::new(self.program.amplitude);
        self.program.width = spec.nanoseconds(self.width);
        self.program.gap = spec.nanoseconds(self.gap);
        if let Recovery::Passive { per_burst, .. } = self.program.recovery {
            let duration = spec.nanoseconds(self.recharge.unwrap_or(0));
            self.program.recovery = Recovery::Passive { duration, per_burst };
        } else {
            self.program.recharge = self.recharge.map(|ticks| spec.nanoseconds(ticks));
        }
        let codes = self.plateau();
        let whole: i64 = codes.iter().map(|code| i64::from(*code).max(0)).sum();
        for (share, code) in self.program.shares.iter_mut().zip(codes) {
            *share = i32::try_from(nearest(i64::from(code) * 1_000_000, whole.max(1))).unwrap_or(0);
        }
        if let Some(duration) = self.duration {
            self.program.run = Run::Duration(spec.nanoseconds(duration));
        }
        self
    }
}

/// `ratio` thousandths of a value, to the nearest: exact for whole ratios.
fn leading(value: u64, ratio: u64) -> u64 {
    value.saturating_mul(ratio).saturating_add(500) / 1000
}

/// Multiples of this are codes, or ticks, of which `ratio` thousandths are whole.
fn grain(ratio: u64) -> u64 {
    let (mut a, mut b) = (ratio, 1000);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    1000 / a.max(1)
}

fn passive(program: &Program) -> Option<u64> {
    if let Recovery::Passive { duration, .. } = program.recovery { Some(duration) } else { None }
}

/// sin(π/2·x) for 0 ≤ x ≤ 1 by its Taylor series to x¹¹: the first term left out is (π/2)¹³/13! < 6·10⁻⁸, a
/// five-hundredth of a step of a 16-bit DAC. `core` has no sine.
fn quarter_sine(x: f64) -> f64 {
    let y = core::f64::consts::FRAC_PI_2 * x;
    let z = y * y;
    y * (1.0 - z / 6.0 * (1.0 - z / 20.0 * (1.0 - z / 42.0 * (1.0 - z / 72.0 * (1.0 - z / 110.0)))))
}

#[cfg(test)]
pub(crate) mod tests;
