//! One channel of the front end: signal → anti-alias filter → converter.

use nalgebra::Complex;

use crate::phantom::{Circuit, Probe, Waveform};
use crate::signal::Calibration;

use super::bessel::{Bessel, Response};
use super::converter::Converter;
use super::noise::Gaussian;

/// Terms smaller than this fraction of full scale are dropped (denormals are slow, and nobody sees 1e-8 lsb).
const NEGLIGIBLE: f64 = 1e-12;
/// Samples evaluated together.
const CHUNK: usize = 64;

/// Sample instants of one segment: sample k of the segment lies at `first` + k·`period` seconds from its start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Instants {
    pub first: f64,
    pub period: f64,
}

/// A channel, its filter's state and the closed form of the present segment.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    probe: Probe,
    converter: Converter,
    negligible: f64,
    state: Vec<Complex<f64>>,
    input: Waveform,
    response: Response,
    /// (present value, factor per sample).
    decays: Vec<(f64, f64)>,
    ringing: Vec<(Complex<f64>, Complex<f64>)>,
    pub codes: Vec<i16>,
}

impl Lane {
    /// A channel at rest at the circuit's present value.
    pub(super) fn new(probe: Probe, converter: Converter, range: f64, filter: &Bessel, level: f64) -> Self {
        Self {
            probe,
            converter,
            negligible: NEGLIGIBLE * range,
            state: filter.settled(level),
            input: Waveform::default(),
            response: Response::default(),
            decays: Vec::new(),
            ringing: Vec::new(),
            codes: Vec::new(),
        }
    }

    pub(super) fn calibration(&self) -> Calibration {
        self.converter.calibration()
    }

    /// Begins a segment. A shorted input sees nothing.
    pub(super) fn open(&mut self, circuit: &Circuit, shorted: bool, filter: &Bessel, at: Instants) {
        circuit.waveform(self.probe, &mut self.input);
        if shorted {
            self.input = Waveform::default();
        }
        filter.respond(&self.input, &self.state, &mut self.response);
        self.decays.clear();
        for &(rate, coefficient) in &self.response.steady.decays {
            let value = coefficient * (-rate * at.first).exp();
            self.decays.push((value, (-rate * at.period).exp()));
        }
        self.ringing.clear();
        for &(pole, amplitude) in &self.response.ringing {
            self.ringing.push((amplitude * (pole * at.first).exp(), (pole * at.period).exp()));
        }
    }

    /// Ends a segment after `seconds`.
    pub(super) fn close(&mut self, filter: &Bessel, seconds: f64) {
        filter.step(&self.input, &mut self.state, seconds);
    }

    /// Converts `count` samples: the `skip`-th and following of the segment, numbered `index` and on in the stream.
    pub(super) fn render(&mut self, gaussian: &Gaussian, index: u64, at: Instants, skip: u64, count: usize) {
        let (mut index, mut skip, mut left) = (index, skip, count);
        while left > 0 {
            let negligible = self.negligible;
            self.decays.retain(|(value, _)| value.abs() > negligible);
            self.ringing.retain(|(value, _)| value.norm_sqr() > negligible * negligible);
            let steady = &self.response.steady;
            let still = steady.slope.abs() * at.period * left as f64 <= negligible;
            if self.decays.is_empty() && self.ringing.is_empty() && still {
                let level = steady.constant + steady.slope * (at.first + skip as f64 * at.period);
                self.converter.convert_constant(gaussian, index, level, left, &mut self.codes);
                return;
            }
            let mut values = [0.0; CHUNK];
            let now = left.min(CHUNK);
            let values = values.get_mut(..now).unwrap_or_default();
            for (k, value) in (skip..).zip(values.iter_mut()) {
                *value = steady.constant + steady.slope * (at.first + k as f64 * at.period);
            }
            for (decay, factor) in &mut self.decays {
                for value in values.iter_mut() {
                    *value += *decay;
                    *decay *= *factor;
                }
            }
            for (phasor, factor) in &mut self.ringing {
                for value in values.iter_mut() {
                    *value += phasor.re;
                    *phasor *= *factor;
                }
            }
            self.converter.convert(gaussian, index, values, &mut self.codes);
            index += now as u64;
            skip += now as u64;
            left -= now;
        }
    }
}
