//! The two DC figures: balance (auto-zeroed) and leakage (absolute).

use crate::measure::{Input, Level, Measured, Nonlinearity, Zero};
use crate::signal::code_noise;

use super::super::level::{crept, share_of};
use super::super::zeroed::seen;
use super::super::{Cycle, Reason, Unit, Units, View};

pub(super) fn mean_dc_current(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let window = view.window()?;
    let (mut count, mut span, mut anchored) = (0, 0.0, 0.0);
    let mut inl = Nonlinearity::default();
    let (mut area, mut creep, mut clipped) = (0.0, 0.0, false);
    let mut noise = TrainNoise::default();
    // Of the edges, what all pulses share adds up, and what each has of its own does by its square.
    let (mut together, mut apart) = (0.0, 0.0_f64);
    for cycle in view.cycles(window)? {
        let net = view.cycle_charge(&cycle);
        let length = cycle.row.cycle_span as f64;
        count += 1;
        span += length;
        area += net.area;
        creep += net.creep;
        inl.add_scaled(&net.inl, 1.0);
        clipped |= cycle.row.flags.clipped;
        anchored += if cycle.row.before.is_none() { length } else { 0.0 };
        noise.add(view, &cycle);
        together += net.edge;
        apart = apart.hypot(net.edge);
    }
    let have = span / view.rate();
    // A hair of slack: fifty periods of a stimulator whose clock is fast are not quite a second.
    if have < 0.999 || count < 10 {
        return Err(Reason::TooShort { have, cycles: count, need: 1.0, fewest: 10 });
    }
    let rest = view.rest_level();
    let noise = noise.finish(view).hypot(anchored * rest.noise);
    let value = area * view.calibration.lsb / span;
    let per_code = view.calibration.lsb / span;
    let mut budget = vec![
        // Charge and duration come from the same clock, which cancels.
        Input::common("gain", view.calibration.gain_u * value),
        inl.input(view.calibration.inl, per_code),
        Input::noise("noise", noise * per_code),
    ];
    if together > 0.0 {
        let line = |edge: f64| view.by_phase(Input::common("edge interpolation", edge * per_code));
        let ([common, _], [_, own]) = (line(together), line(apart));
        budget.extend([common, own]);
    }
    if anchored > 0.0 && rest.offset > 0.0 {
        budget.push(Input::common("offset", rest.offset * anchored * per_code));
    }
    budget.extend(crept(creep * per_code));
    units.push(Unit { clipped, ..Unit::of(Measured::new(value, budget)) });
    Ok(())
}

/// Noise of the sum of successive net charges, code·samples.
///
/// A quiet interval between two pulses is in the sum once and in the baselines of both neighbours. With n samples in
/// it and c samples of cycles leaning on its level, it contributes σ²·(n − 2c + c²·spread/n).
#[derive(Default)]
struct TrainNoise {
    /// In units of the variance of one sample.
    variance: f64,
    /// What leans on the level behind the last cycle: how many samples, the level, and which pulse is behind it.
    leaning: Option<(f64, Level, usize)>,
}

impl TrainNoise {
    fn add(&mut self, view: &View<'_>, cycle: &Cycle<'_>) {
        let row = &cycle.row;
        let span = row.cycle_span as f64;
        let (Some(before), Some(after)) = (row.before, row.after) else {
            self.close(view);
            self.variance += span;
            return;
        };
        let centre = row.from as f64 - row.at as f64 + 0.5 * span;
        let part = share_of(&before, &after, centre);
        if self.leaning.is_some_and(|(.., behind)| behind != cycle.index) {
            self.close(view);
        }
        let lean = self.leaning.map_or(0.0, |(lean, ..)| lean);
        // The interval before this pulse: closed now, with what leaned on it from the cycle before.
        self.variance += leant(view, lean + (1.0 - part) * span, &before);
        if lean > 0.0 {
            // Its samples were in the cycle before and are already counted there; so is their share with its own level.
            self.variance -= 2.0 * (1.0 - part) * span;
        }
        self.variance += span - 2.0 * part * span;
        self.leaning = Some((part * span, after, cycle.behind()));
    }

    /// Nothing more leans on the last level.
    fn close(&mut self, view: &View<'_>) {
        if let Some((lean, level, _)) = self.leaning.take() {
            self.variance += leant(view, lean, &level);
        }
    }

    fn finish(mut self, view: &View<'_>) -> f64 {
        self.close(view);
        view.noise() * self.variance.max(0.0).sqrt()
    }
}

/// Variance of so many samples' worth of a level.
fn leant(view: &View<'_>, samples: f64, level: &Level) -> f64 {
    samples * samples * view.level_spread(level) / f64::from(level.count.max(1))
}

/// The slow channel may end so much before the fast ones, s.
const LAG: f64 = 0.1;

/// Average of the slow channel over the window less its zero. The worst of the contacts where `contact: idle`.
pub(super) fn dc_leakage_current(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    let setup = view.recording.setup.slow.as_ref().ok_or(Reason::NoDcChannel)?;
    let window = view.window()?;
    let slow = &view.recording.slow;
    if slow.lost > 0 {
        return Err(Reason::SamplesLost(slow.lost));
    }
    seen(view.recording, window.from, window.to)?;
    let idle = view.check.contact.as_deref() == Some("idle");
    let wanted = |name: &str| {
        if idle { view.is_idle(window, name) } else { name == view.contact.name }
    };
    // The worst of those that are seen says nothing of the others.
    let sensed = |name: &str| setup.channels.iter().zip(&slow.codes).any(|(channel, _)| channel.name == name);
    let mut contacts = view.case.phantom.contacts.iter().filter(|_| idle);
    if let Some((name, _)) = contacts.find(|(name, _)| wanted(name) && !sensed(name)) {
        return Err(Reason::NoContact(name.clone()));
    }
    let front_end = crate::measure::FrontEnd::bessel(setup.filter.0, setup.filter.1, 1.0 / setup.sample_rate);
    let settle = front_end.settling;
    // Whole cycles only: the filter leaves a ripple of the pulses.
    let (from, to) = (window.from as f64 / view.rate() + settle, window.to as f64 / view.rate());
    let period = view.case.program.period();
    let whole = ((to - from) / period).floor() * period;
    if whole < 0.25 {
        return Err(Reason::TooShort {
            have: (to - from).max(0.0),
            cycles: 0,
            need: 0.25 + settle,
            fewest: 1,
        });
    }
    let at = |seconds: f64| (seconds * setup.sample_rate).round().max(0.0) as usize;
    let (first, last) = (at(from), at(from + whole));
    for (channel, codes) in
        setup.channels.iter().zip(&slow.codes).filter(|(channel, _)| wanted(&channel.name))
    {
        let (zero_from, zero_to) = slow
            .zeros
            .iter()
            .rfind(|(_, to)| *to as usize <= first)
            .or(slow.zeros.first())
            .copied()
            .ok_or(Reason::NoDcChannel)?;
        // The channel must settle on its zero too.
        let zero_from = zero_from as usize + at(settle);
        let zero = codes.get(zero_from..(zero_to as usize).max(zero_from)).unwrap_or(&[]);
        // A channel that fell silent says nothing of the rest of the window.
        if last > codes.len() + at(LAG) {
            return Err(Reason::SamplesLost((last - codes.len()) as u64));
        }
        let signal = codes.get(first..last.min(codes.len())).unwrap_or(&[]);
        if zero.is_empty() || signal.is_empty() {
            return Err(Reason::NoDcChannel);
        }
        // What moves while nothing flows moves while something does, and by how much then is not known.
        if !Zero::of(zero, zero_from as u64).is_some_and(|zero| zero.is_sound(&channel.calibration)) {
            let at = zero_from as f64 / setup.sample_rate;
            return Err(Reason::NoZero { channel: channel.name.clone(), at });
        }
        let mean =
            |codes: &[i16]| codes.iter().map(|code| f64::from(*code)).sum::<f64>() / codes.len() as f64;
        let calibration = channel.calibration;
        let (level, rest) = (mean(signal), mean(zero));
        let value = (level - rest) * calibration.lsb;
        let mut inl = Nonlinearity::of(&calibration);
        inl.add(level, 1.0);
        inl.add(rest, -1.0);
        let sigma = code_noise(calibration.noise);
        let noise = sigma * ((signal.len() as f64).recip() + (zero.len() as f64).recip()).sqrt();
        let clipped = signal.iter().any(|code| *code <= calibration.rails.0 || *code >= calibration.rails.1);
        let budget = vec![
            Input::common("gain", calibration.gain_u * value),
            inl.input(calibration.inl, calibration.lsb),
            Input::noise("noise", noise * calibration.lsb),
        ];
        units.push(Unit { clipped, ..Unit::of(Measured::new(value, budget)) });
    }
    match units.is_empty() {
        true if idle => Err(Reason::Missing("a contact that is idle all through the window")),
        true => Err(Reason::NoDcChannel),
        false => Ok(()),
    }
}
