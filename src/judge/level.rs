//! Levels and charges of a row on its baseline, with what is uncertain about them.

use crate::measure::{Input, Level, Nonlinearity, PhaseRow, PulseRow, ShapeRow};

use crate::signal::{Calibration, Recovery};

use super::{Cycle, View};

/// The baseline under an instant of a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// Codes.
    pub value: f64,
    /// Standard uncertainty from noise, codes.
    pub noise: f64,
    /// Standard uncertainty of an offset that was never measured, codes.
    pub offset: f64,
    /// By how much it may be off where its quiet samples were going to, codes.
    pub creep: f64,
}

impl View<'_> {
    /// Noise of a quiet level, codes: its spread is in units of the noise before quantisation, which the boundaries
    /// between codes see undisturbed.
    fn level_noise(&self, level: &Level) -> f64 {
        (self.level_spread(level) / f64::from(level.count.max(1))).sqrt() * self.noise()
    }

    /// The spread of a level in units of [`View::noise`], which has the quantisation in it.
    pub fn level_spread(&self, level: &Level) -> f64 {
        let variance = self.noise() * self.noise();
        let analogue = (variance - 1.0 / 12.0).max(0.25 * variance);
        f64::from(level.spread) * analogue / variance.max(f64::MIN_POSITIVE)
    }

    /// The level that stands in for a baseline that is never quiet: the load's zero, else its stated offset.
    pub fn rest_level(&self) -> Baseline {
        self.zero.map_or(
            Baseline {
                value: self.calibration.offset,
                noise: 0.0,
                offset: self.calibration.offset_u,
                creep: 0.0,
            },
            |zero| Baseline {
                value: f64::from(zero.level.value),
                noise: self.level_noise(&zero.level),
                offset: 0.0,
                creep: 0.0,
            },
        )
    }

    /// The baseline at `centre` samples after the row's reference: the quiet levels on either side, linear between.
    pub fn baseline(&self, row: &PulseRow, centre: f64) -> Baseline {
        let creep = self.creep.at(row.number);
        match (row.before, row.after) {
            (Some(before), Some(after)) => {
                let part = share_of(&before, &after, centre);
                let value = (1.0 - part) * f64::from(before.value) + part * f64::from(after.value);
                let noise = ((1.0 - part) * self.level_noise(&before)).hypot(part * self.level_noise(&after));
                Baseline { value, noise, offset: 0.0, creep }
            }
            (Some(only), None) => {
                Baseline { value: f64::from(only.value), noise: self.level_noise(&only), offset: 0.0, creep }
            }
            _ => self.rest_level(),
        }
    }

    /// The same with the IEEE 181 state level of the top: the mode of a histogram, known to within a bin. `None` for a
    /// top too short for one.
    pub fn phase_state(
        &self,
        row: &PulseRow,
        phase: &PhaseRow,
        shape: &ShapeRow,
    ) -> Option<(f64, Vec<Input>)> {
        let (level, bin) = shape.state;
        if !bin.is_finite() {
            return None;
        }
        let (value, mut budget) = self.phase_level(row, &PhaseRow { level, ..*phase });
        let lsb = self.calibration.lsb;
        budget.push(Input::rectangular("histogram bin", f64::from(bin) * lsb).independent());
        Some((value, budget))
    }

    /// Amplitude of a phase, signed, A, with its budget.
    pub fn phase_level(&self, row: &PulseRow, phase: &PhaseRow) -> (f64, Vec<Input>) {
        let lsb = self.calibration.lsb;
        let base = self.baseline(row, 0.5 * f64::from(phase.start + phase.end));
        let width = f64::from(phase.end - phase.start).max(1.0);
        let value = (f64::from(phase.level) - base.value) * lsb;
        let mut inl = Nonlinearity::of(&self.calibration);
        inl.add(f64::from(phase.level), 1.0);
        inl.add(base.value, -1.0);
        // Charge over width where the top is too short: the noise of the whole window over the width.
        let (noise, stretch) = match phase.settled {
            0 => (f64::from(phase.span).sqrt() / width, f64::from(phase.span) / width),
            n => (f64::from(n).sqrt().recip(), 1.0),
        };
        let mut budget: Vec<Input> = systematic(&self.calibration, value, &inl, lsb).collect();
        budget.push(Input::noise("noise", self.noise() * noise * lsb));
        budget.push(Input::noise("baseline", base.noise * stretch * lsb));
        if base.offset > 0.0 {
            budget.push(Input::common("offset", base.offset * lsb));
        }
        budget.extend(crept(base.creep * stretch * lsb));
        if phase.settled == 0 {
            let edges = self.recording.front_end.interpolation * 2_f64.sqrt() * self.rate();
            budget.extend(self.by_phase(Input::common("edge interpolation", value * edges / width)));
        }
        if let Some(rounding) = self.quantisation() {
            budget.push(rounding.scaled(lsb));
        }
        (value, budget)
    }

    /// Bias of a mean of integer codes when too little noise dithers them: at most (q/π)·exp(−2π²σ²/q²), whose
    /// distribution over levels is an arcsine; none above 0.5 lsb (domain.md 6.3). Codes.
    fn quantisation(&self) -> Option<Input> {
        let sigma = self.calibration.noise;
        let bound = ((-2.0 * (std::f64::consts::PI * sigma).powi(2)).exp() / std::f64::consts::PI).min(0.5);
        (sigma < 0.5).then(|| Input::rectangular("quantisation", bound))
    }

    /// Charge of a phase, signed, C, with its sensitivity to non-linearity (code·samples) and its noise, C.
    pub fn phase_charge(&self, row: &PulseRow, phase: &PhaseRow) -> Charge {
        let width = f64::from(phase.end - phase.start);
        let span = f64::from(phase.span);
        let base = self.baseline(row, 0.5 * f64::from(phase.start + phase.end));
        let area = f64::from(phase.area) - (base.value - row.base) * span;
        let mut inl = Nonlinearity::of(&self.calibration);
        inl.add(f64::from(phase.level), width);
        inl.add(base.value, -width);
        let noise = (self.noise() * span.sqrt()).hypot(base.noise * span);
        let last = row.phases().last().is_some_and(|last| last.end == phase.end);
        let shared = self.shared_edges(row, phase, base.value)
            + if last { self.recharged_edge(row, base.value) } else { 0.0 };
        let edge = shared.hypot(self.lone_edges(row, phase, base.value));
        Charge { area, inl, noise, offset: base.offset * span, creep: base.creep * span, edge, span }
    }

    /// What a sum of samples leaves uncertain of a charge at the edges of a phase that no other shares, code·samples: where each lies
    /// between two samples (domain.md 6.5, 6.6).
    fn lone_edges(&self, row: &PulseRow, phase: &PhaseRow, base: f64) -> f64 {
        let begins = row.phases().iter().any(|other| other.end == phase.start);
        let last = row.phases().last().is_some_and(|last| last.end == phase.end);
        let ends = row.phases().iter().any(|other| other.start == phase.end)
            || (last && self.is_recharged_at_once(row));
        let alone = 2.0 - f64::from(u8::from(begins)) - f64::from(u8::from(ends));
        f64::sqrt(alone) * (f64::from(phase.level) - base).abs() * self.summed()
    }

    /// The same at all edges of a pulse.
    fn pulse_edges(&self, row: &PulseRow, base: f64) -> f64 {
        row.steps(base, self.is_recharged_at_once(row)) * self.summed()
    }

    /// What a sum of samples makes of an edge whose step is one code, code·samples.
    fn summed(&self) -> f64 {
        self.recording.front_end.summed * self.rate()
    }

    /// Whether a recharge follows the last phase without a rest.
    fn is_recharged_at_once(&self, row: &PulseRow) -> bool {
        let program = self.program_at(row);
        // Only a passive recovery has the program's gap before it.
        let rests = matches!(program.recovery, Recovery::Passive { .. }) && program.gap * self.rate() >= 1.0;
        row.recharge != 0.0 && !rests
    }

    /// What interpolation leaves uncertain of the charge on one side of the edges that a phase shares with other phases,
    /// codes·samples.
    fn shared_edges(&self, row: &PulseRow, phase: &PhaseRow, base: f64) -> f64 {
        let level = |phase: &PhaseRow| f64::from(phase.level) - base;
        let shared = |other: &PhaseRow| match (other.end == phase.start, other.start == phase.end) {
            (true, _) => self.shared_edge(level(other), level(phase)),
            (_, true) => self.shared_edge(level(phase), level(other)),
            _ => 0.0,
        };
        row.phases().iter().map(shared).sum()
    }

    /// The same of the edge that a recharge shares which follows the last phase at once.
    fn recharged_edge(&self, row: &PulseRow, base: f64) -> f64 {
        let last = row.phases().last().filter(|_| self.is_recharged_at_once(row));
        last.map_or(0.0, |last| self.shared_edge(f64::from(last.level) - base, f64::from(row.recharge)))
    }

    /// Charge that an edge from one level to the next may have on the wrong side: what lies between the true instant and
    /// the one found, and the error of a sum that ends on an edge.
    fn shared_edge(&self, before: f64, after: f64) -> f64 {
        let front_end = &self.recording.front_end;
        let step = after - before;
        let moved = (before + front_end.height * step) * front_end.interpolation;
        moved.hypot(step * front_end.cut) * self.rate()
    }

    /// Charge of all driven phases of a pulse, without a recharge behind them.
    pub fn driven_charge(&self, row: &PulseRow) -> Charge {
        let mut all = Charge::default();
        for phase in row.phases() {
            all.add(&self.phase_charge(row, phase), 1.0);
        }
        // What one phase has too much at an edge between them another has too little.
        let edge = self.recharged_edge(row, row.base).hypot(self.pulse_edges(row, row.base));
        Charge { edge, ..all }
    }

    /// Net charge of the pulse window, recharge included.
    pub fn pulse_charge(&self, row: &PulseRow) -> Charge {
        let span = f64::from(row.pulse_span);
        let centre = row.from as f64 - row.at as f64 + 0.5 * span;
        let base = self.baseline(row, centre);
        let area = row.pulse_area - (base.value - row.base) * span;
        let noise = (self.noise() * span.sqrt()).hypot(base.noise * span);
        Charge {
            area,
            inl: self.pulse_inl(row, base.value, area),
            noise,
            offset: base.offset * span,
            creep: base.creep * span,
            edge: self.pulse_edges(row, base.value),
            span,
        }
    }

    /// Net charge of the cycle.
    ///
    /// The quiet samples of the cycle are those its second baseline level rests on. Their sum and that level share
    /// their noise: with n samples, cov(Σx, level) = σ², because the level is an unbiased estimate of the same mean. Left
    /// out, the uncertainty of a long cycle would be half as large again as it is.
    pub fn cycle_charge(&self, cycle: &Cycle<'_>) -> Charge {
        let row = &cycle.row;
        let span = row.cycle_span as f64;
        let centre = row.from as f64 - row.at as f64 + 0.5 * span;
        let base = self.baseline(row, centre);
        let area = row.cycle_area - (base.value - row.base) * span;
        let sigma = self.noise();
        let shared = match (row.before, row.after) {
            (Some(before), Some(after)) if cycle.whole => {
                let part = share_of(&before, &after, centre);
                2.0 * span * part * (f64::from(after.count).min(span) / f64::from(after.count.max(1)))
            }
            _ => 0.0,
        };
        let variance = sigma * sigma * (span - shared) + (base.noise * span).powi(2);
        let (mut inl, mut edge) = (Nonlinearity::default(), 0.0);
        for (row, own, length) in cycle.stretches() {
            let own = own - (base.value - row.base) * length;
            inl.add_scaled(&self.pulse_inl(&row, base.value, own), 1.0);
            edge += self.pulse_edges(&row, base.value);
        }
        Charge {
            area,
            inl,
            noise: variance.max(0.0).sqrt(),
            offset: base.offset * span,
            creep: base.creep * span,
            edge,
            span,
        }
    }

    /// Non-linearity of all phases of a pulse and of what a passive recharge takes back at small currents.
    fn pulse_inl(&self, row: &PulseRow, base: f64, net: f64) -> Nonlinearity {
        let mut inl = Nonlinearity::of(&self.calibration);
        let mut driven = 0.0;
        for phase in row.phases() {
            let width = f64::from(phase.end - phase.start);
            inl.add(f64::from(phase.level), width);
            inl.add(base, -width);
            driven += width * (f64::from(phase.level) - base);
        }
        let passive = net - driven;
        if row.recharge != 0.0 {
            // An exponential of the level at which it began and of this area, in steps of a quarter of its time constant.
            let level = f64::from(row.recharge);
            let step = 0.25 * (passive / level).abs();
            for k in 0..24 {
                inl.add(base + level * (-0.25 * (f64::from(k) + 0.5)).exp(), step);
                inl.add(base, -step);
            }
        }
        inl
    }
}

/// Weight of the level after the pulse in a baseline at `centre`: linear between the two. A level on a few samples (of
/// the first pulse after a zero) would only add noise to one on many, which then stands alone.
pub fn share_of(before: &Level, after: &Level, centre: f64) -> f64 {
    const FEW: u32 = 16;
    if before.count < after.count / FEW {
        return 1.0;
    }
    if after.count < before.count / FEW {
        return 0.0;
    }
    let (from, to) = (f64::from(before.centre), f64::from(after.centre));
    if to > from { ((centre - from) / (to - from)).clamp(0.0, 1.0) } else { 0.5 }
}

/// An area under the current, in codes times samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Charge {
    /// Signed area.
    pub area: f64,
    /// Its sensitivity to non-linearity.
    pub inl: Nonlinearity,
    /// Standard uncertainty from noise, baseline included.
    pub noise: f64,
    /// Standard uncertainty from an unmeasured offset.
    pub offset: f64,
    /// How much of it a baseline that crept may have hidden or added.
    pub creep: f64,
    /// Standard uncertainty from where edges lie between two samples: those that other phases share, by interpolation, and all
    /// others by the sum that passes over them.
    pub edge: f64,
    /// Length of the window, samples.
    pub span: f64,
}

impl Charge {
    /// Adds `factor` (1 or −1) times another charge, of other samples.
    pub fn add(&mut self, other: &Self, factor: f64) {
        self.area += factor * other.area;
        self.inl.add_scaled(&other.inl, factor);
        self.noise = self.noise.hypot(other.noise);
        self.offset += factor * other.offset;
        self.creep += factor * other.creep;
        self.edge += other.edge;
        self.span += factor * other.span;
    }

    /// Budget lines in coulomb; `unit` is the charge of one code·sample.
    pub fn budget(&self, view: &View<'_>) -> Vec<Input> {
        let unit = view.calibration.lsb / view.rate();
        let value = self.area * unit;
        let mut budget: Vec<Input> = systematic(&view.calibration, value, &self.inl, unit).collect();
        budget.push(Input::common("clock", view.recording.setup.clock_u * value));
        budget.push(Input::noise("noise", self.noise * unit));
        if self.offset > 0.0 {
            budget.push(Input::common("offset", self.offset * unit));
        }
        budget.extend(crept(self.creep * unit));
        if self.edge > 0.0 {
            budget.extend(view.by_phase(Input::common("edge interpolation", self.edge * unit)));
        }
        budget
    }
}

/// The line of a baseline that crept, where it did: with what its shape leaves open, for it need not be an exponential.
pub fn crept(by: f64) -> Option<Input> {
    const SHAPE: f64 = 1.25;
    (by != 0.0).then(|| Input::rectangular("baseline creep", SHAPE * by))
}

/// What the channel itself adds to `value`: its gain and non-linearity, and as lines of their own what stands before it: the
/// shunt or monitor output, and what a difference of two inputs leaves of their common mode. `scale` turns codes into the
/// unit of the value.
fn systematic(
    calibration: &Calibration,
    value: f64,
    inl: &Nonlinearity,
    scale: f64,
) -> impl Iterator<Item = Input> {
    let part = |whole: f64, part: f64| (whole * whole - part * part).max(0.0).sqrt();
    let Calibration { gain_u, element_u, common_mode, .. } = *calibration;
    let element = Input::common("shunt or monitor", element_u * value);
    let common = Input { name: "common mode", ..inl.input(common_mode, scale) };
    [
        Some(Input::common("gain", part(gain_u, element_u) * value)),
        Some(inl.input(part(calibration.inl, common_mode), scale)),
        (element_u > 0.0).then_some(element),
        (common_mode > 0.0).then_some(common),
    ]
    .into_iter()
    .flatten()
}
