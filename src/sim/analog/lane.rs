//! One channel of the front end: signal → anti-alias filter → converter.

use nalgebra::Complex;

use crate::phantom::{Circuit, Probe, Sampled, Waveform};
use crate::signal::Calibration;

use super::bessel::{Bessel, Response};
use super::converter::Converter;
use super::noise::Gaussian;

/// Terms smaller than this fraction of full scale are dropped (denormals are slow, and nobody sees 1e-8 lsb).
const NEGLIGIBLE: f64 = 1e-12;
/// Samples evaluated together.
const CHUNK: usize = 256;

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
    steady: Sampled,
    /// (present value, factor per sample).
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
            steady: Sampled::default(),
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
        self.steady.set(&self.response.steady, at.first, at.period, self.negligible);
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
    pub(super) fn render(&mut self, gaussian: &Gaussian, index: u64, skip: u64, count: usize) {
        let (mut index, mut skip, mut left) = (index, skip, count);
        let negligible = self.negligible;
        while left > 0 {
            self.ringing.retain(|(value, _)| value.norm_sqr() > negligible * negligible);
            let constant = self.steady.constant(skip, left, negligible);
            if let Some(level) = constant.filter(|_| self.ringing.is_empty()) {
                self.converter.convert_constant(gaussian, index, level, left, &mut self.codes);
                return;
            }
            let mut values = [0.0; CHUNK];
            // A filter rings for a fraction of a chunk: what it has ceased to do need not be computed.
            let now = left.min(if self.ringing.is_empty() { CHUNK } else { CHUNK / 4 });
            let values = values.get_mut(..now).unwrap_or_default();
            self.steady.fill(skip, values);
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
