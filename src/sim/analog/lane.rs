//! One channel of the front end: signal → anti-alias filter → converter.

use nalgebra::Complex;

use crate::phantom::{Circuit, Probe, Sampled, Waveform};
use crate::signal::Calibration;

use super::bessel::{Bessel, Response};
use super::converter::Converter;
use super::noise::Gaussian;
use super::segment::{Instants, Segment};

/// Terms smaller than this fraction of full scale are dropped (denormals are slow, and nobody sees 1e-8 lsb).
const NEGLIGIBLE: f64 = 1e-12;
/// Samples evaluated together.
const CHUNK: usize = 256;

/// A channel, its filter's state and the closed form of the segment that is being rendered.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    probe: Probe,
    converter: Converter,
    negligible: f64,
    state: Vec<Complex<f64>>,
    /// What it sees in each segment that waits; longer than there are, for their memory.
    inputs: Vec<Waveform>,
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
            inputs: Vec::new(),
            response: Response::default(),
            steady: Sampled::default(),
            ringing: Vec::new(),
            codes: Vec::new(),
        }
    }

    pub(super) fn calibration(&self) -> Calibration {
        self.converter.calibration()
    }

    /// Notes what it sees in the `waiting`-th segment that waits. A shorted input sees nothing.
    pub(super) fn expect(&mut self, waiting: usize, circuit: &Circuit, shorted: bool) {
        if self.inputs.len() <= waiting {
            self.inputs.resize_with(waiting + 1, Waveform::default);
        }
        let Some(input) = self.inputs.get_mut(waiting) else { return };
        if shorted {
            *input = Waveform::default();
        } else {
            circuit.waveform(self.probe, input);
        }
    }

    /// Renders what is wanted of the segments that wait. If the last of them goes on, it is the first of those to come.
    pub(super) fn render(&mut self, segments: &[Segment], filter: &Bessel, gaussian: &Gaussian) {
        let mut inputs = std::mem::take(&mut self.inputs);
        for (segment, input) in segments.iter().zip(&inputs) {
            if !segment.begun {
                self.begin(input, filter, segment.at);
            }
            self.convert(gaussian, segment.first, segment.done, segment.wanted);
            if let Some(seconds) = segment.end {
                filter.step(input, &mut self.state, seconds);
            }
        }
        if !segments.is_empty() {
            inputs.swap(0, segments.len() - 1);
        }
        self.inputs = inputs;
    }

    /// Begins a segment.
    fn begin(&mut self, input: &Waveform, filter: &Bessel, at: Instants) {
        filter.respond(input, &self.state, &mut self.response);
        self.steady.set(&self.response.steady, at.first, at.period, self.negligible);
        self.ringing.clear();
        for &(pole, amplitude) in &self.response.ringing {
            self.ringing.push((amplitude * (pole * at.first).exp(), (pole * at.period).exp()));
        }
    }

    /// Converts the samples `from` to `to` of the segment whose first is number `first` of the stream.
    fn convert(&mut self, gaussian: &Gaussian, first: u64, from: u64, to: u64) {
        let (mut index, mut skip, mut left) = (first + from, from, (to - from) as usize);
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
                // Through memory, each product would wait for the one before to be written.
                let mut turning = *phasor;
                for value in values.iter_mut() {
                    *value += turning.re;
                    turning *= *factor;
                }
                *phasor = turning;
            }
            self.converter.convert(gaussian, index, values, &mut self.codes);
            index += now as u64;
            skip += now as u64;
            left -= now;
        }
    }
}
