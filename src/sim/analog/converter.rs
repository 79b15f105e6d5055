//! An analogue-to-digital converter with the errors its calibration states.

use crate::signal::Calibration;

use super::noise::{Gaussian, key, normal, uniform};

/// Knots of the integral non-linearity over full scale.
const KNOTS: usize = 33;
/// Samples converted together.
const CHUNK: usize = 64;

/// What a converter is specified to: the distributions its errors are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grade {
    pub bits: u32,
    /// Standard uncertainty of the gain, fraction.
    pub gain: f64,
    /// Standard uncertainty of the offset, lsb.
    pub offset: f64,
    /// Half-width of the non-linearity at each knot, lsb.
    pub inl: f64,
    /// Standard deviation of the noise, lsb.
    pub noise: f64,
}

/// One channel's converter with its errors drawn.
#[derive(Debug, Clone)]
pub(super) struct Converter {
    /// Codes per ampere or volt, gain error included.
    scale: f64,
    offset: f64,
    /// Non-linearity at the knots, codes; one more so that the last interval needs no special case.
    inl: [f64; KNOTS + 1],
    /// Knots per code.
    per_code: f64,
    noise: f64,
    noise_key: u64,
    low: f64,
    high: f64,
    calibration: Calibration,
}

impl Converter {
    /// Draws a converter for the channel `name` of a bench. `range` is ± full scale, A or V.
    pub(super) fn new(grade: &Grade, name: &str, range: f64, bench_seed: u64, noise_seed: u64) -> Self {
        let bits = grade.bits.clamp(2, 16);
        let half = f64::from(1_u32 << (bits - 1));
        let lsb = range / half;
        let draw = key(bench_seed, name);
        let mut inl = [0.0; KNOTS + 1];
        for (counter, knot) in (16..).zip(inl.iter_mut().take(KNOTS)) {
            *knot = grade.inl * (2.0 * uniform(draw, counter) - 1.0);
        }
        Self {
            scale: (1.0 + grade.gain * normal(draw, 1)) / lsb,
            offset: grade.offset * normal(draw, 2),
            inl,
            per_code: (KNOTS - 1) as f64 / (2.0 * half),
            noise: grade.noise,
            noise_key: key(noise_seed, name),
            low: -half,
            high: half - 1.0,
            calibration: Calibration {
                lsb,
                offset: 0.0,
                offset_u: grade.offset,
                gain_u: grade.gain,
                inl: grade.inl,
                noise: grade.noise,
                rails: (-half as i16, (half - 1.0) as i16),
                ..Calibration::default()
            },
        }
    }

    /// What the calibration says: the distributions, never the draws.
    pub(super) fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The code of a value without noise and non-linearity.
    #[inline]
    fn linear(&self, value: f64) -> f64 {
        value * self.scale + self.offset
    }

    /// Where a code lies among the knots; beyond the rails the outermost ones hold.
    #[inline]
    fn position(&self, code: f64) -> f64 {
        // The pitch is a power of two: the product is the quotient.
        ((code - self.low) * self.per_code).clamp(0.0, (KNOTS - 1) as f64)
    }

    /// The non-linearity at a knot and by how much it is more at the next.
    #[inline]
    fn section(&self, knot: usize) -> (f64, f64) {
        let at = |knot: usize| self.inl.get(knot).copied().unwrap_or(0.0);
        (at(knot), at(knot + 1) - at(knot))
    }

    /// The code, not yet rounded, of a value without noise.
    #[inline]
    pub(super) fn ideal(&self, value: f64) -> f64 {
        let code = self.linear(value);
        let position = self.position(code);
        let knot = position as usize;
        let (left, more) = self.section(knot);
        code + left + more * (position - knot as f64)
    }

    /// Replaces values by their codes, not yet rounded.
    fn ideals(&self, values: &mut [f64]) {
        let span = |(low, high): (f64, f64), value: &f64| {
            (if *value < low { *value } else { low }, if *value > high { *value } else { high })
        };
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), span);
        let knot = |value: f64| self.position(self.linear(value)) as usize;
        if knot(low) != knot(high) {
            values.iter_mut().for_each(|value| *value = self.ideal(*value));
            return;
        }
        // Nearly always neighbours lie between the same knots, and several of them are computed at a time.
        let (left, more) = self.section(knot(low));
        let before = knot(low) as f64;
        for value in values {
            let code = self.linear(*value);
            *value = code + left + more * (self.position(code) - before);
        }
    }

    /// Converts noise-free values, samples `first` and on.
    pub(super) fn convert(&self, gaussian: &Gaussian, first: u64, values: &mut [f64], codes: &mut Vec<i16>) {
        let mut index = first;
        for chunk in values.chunks_mut(CHUNK) {
            self.ideals(chunk);
            let mut noise = [0.0; CHUNK];
            let noise = noise.get_mut(..chunk.len()).unwrap_or_default();
            gaussian.fill(self.noise_key, index, noise);
            let noisy = chunk.iter().zip(&*noise).map(|(ideal, z)| self.quantise(ideal + self.noise * z));
            codes.extend(noisy);
            index += chunk.len() as u64;
        }
    }

    /// As `convert`, for `count` samples of one constant value: most of a record is rest.
    pub(super) fn convert_constant(
        &self,
        gaussian: &Gaussian,
        first: u64,
        value: f64,
        count: usize,
        codes: &mut Vec<i16>,
    ) {
        let ideal = self.ideal(value);
        let mut noise = [0.0; CHUNK];
        let (mut index, mut left) = (first, count);
        while left > 0 {
            let now = left.min(noise.len());
            let chunk = noise.get_mut(..now).unwrap_or_default();
            gaussian.fill(self.noise_key, index, chunk);
            codes.extend(chunk.iter().map(|z| self.quantise(ideal + self.noise * z)));
            index += now as u64;
            left -= now;
        }
    }

    /// Rounds to the nearest code and clips at the rails.
    #[inline]
    fn quantise(&self, code: f64) -> i16 {
        // Shifted to positive values, truncation is floor; half up is the converter's own rounding.
        let shifted = code.clamp(self.low, self.high) + 32_768.5;
        (shifted as i32 - 32_768) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRADE: Grade = Grade { bits: 16, gain: 5e-4, offset: 2.0, inl: 1.0, noise: 0.7 };

    fn codes(converter: &Converter, value: f64, count: usize) -> Vec<i16> {
        let mut codes = Vec::new();
        converter.convert_constant(&Gaussian::new(), 0, value, count, &mut codes);
        codes
    }

    #[test]
    fn an_ideal_converter_rounds_to_the_nearest_code_and_clips() {
        let grade = Grade { gain: 0.0, offset: 0.0, inl: 0.0, noise: 0.0, ..GRADE };
        let converter = Converter::new(&grade, "e1", 32.768e-3, 1, 1);
        for (value, code) in
            [(0.0, 0), (1.4e-6, 1), (1.6e-6, 2), (-1.4e-6, -1), (-1.6e-6, -2), (1.0, 32767), (-1.0, -32768)]
        {
            assert_eq!(codes(&converter, value, 1), [code], "{value}");
        }
    }

    #[test]
    fn draws_have_the_stated_distributions() {
        let n = 4000;
        let drawn: Vec<Converter> = (0..n).map(|seed| Converter::new(&GRADE, "e1", 4e-3, seed, 0)).collect();
        let sd = |values: Vec<f64>| (values.iter().map(|v| v * v).sum::<f64>() / n as f64).sqrt();
        let gain = sd(drawn.iter().map(|c| c.scale * c.calibration.lsb - 1.0).collect());
        let offset = sd(drawn.iter().map(|c| c.offset).collect());
        let knot = sd(drawn.iter().map(|c| c.inl[11]).collect());
        assert!((gain / 5e-4 - 1.0).abs() < 0.05, "{gain}");
        assert!((offset / 2.0 - 1.0).abs() < 0.05, "{offset}");
        assert!((knot * 3.0_f64.sqrt() - 1.0).abs() < 0.05, "{knot}");
    }

    #[test]
    fn gain_and_offset_can_be_recovered_from_codes() {
        let grade = Grade { inl: 0.0, ..GRADE };
        let converter = Converter::new(&grade, "case", 4e-3, 5, 9);
        let mean = |value| {
            let codes = codes(&converter, value, 200_000);
            codes.iter().map(|code| f64::from(*code)).sum::<f64>() / codes.len() as f64
        };
        let (zero, high) = (mean(0.0), mean(3e-3));
        // Standard error of a mean: 0.76 lsb / √200000 = 1.7e-3 lsb.
        assert!((zero - converter.offset).abs() < 8e-3);
        let gain = (high - zero) / (3e-3 / converter.calibration.lsb);
        assert!((gain - converter.scale * converter.calibration.lsb).abs() < 1e-6);
        assert!((gain - 1.0).abs() > 1e-6, "an error was drawn");
    }

    #[test]
    fn noise_has_its_stated_deviation_with_quantisation_on_top() {
        let converter = Converter::new(&GRADE, "v1", 2.0, 5, 9);
        let codes = codes(&converter, 0.1, 200_000);
        let n = codes.len() as f64;
        let mean = codes.iter().map(|c| f64::from(*c)).sum::<f64>() / n;
        let variance = codes.iter().map(|c| (f64::from(*c) - mean).powi(2)).sum::<f64>() / n;
        let expected = 0.49 + 1.0 / 12.0;
        assert!((variance / expected - 1.0).abs() < 0.02, "{variance}");
    }
}
