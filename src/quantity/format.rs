//! SI values as a person reads them.

use super::Dimension;

/// `0.002` A → `2 mA`, with `digits` significant digits and trailing zeros kept out.
pub fn engineering(value: f64, dimension: Dimension, digits: usize) -> String {
    // What rounds up to the next prefix has it: 1 µA, not 1000 nA.
    let (scale, unit) = scale_of(rounded(value, digits), dimension);
    let scaled = value / scale;
    // Beyond the prefixes a person reads a power of ten, not a row of zeros.
    let text = if scaled != 0.0 && scaled.is_finite() && !(1e-6..1e9).contains(&scaled.abs()) {
        format!("{scaled:.0$e}", digits.saturating_sub(1).min(3))
    } else {
        significant(scaled, digits)
    };
    format!("{text} {unit}").trim_end().to_owned()
}

/// Two bounds with one unit, `1.94 … 2.06 mA`, in the scale of the larger.
pub fn range(lower: f64, upper: f64, dimension: Dimension, digits: usize) -> String {
    let (scale, unit) = scale_of(lower.abs().max(upper.abs()), dimension);
    let show = |value: f64| significant(value / scale, digits);
    format!("{} … {} {unit}", show(lower), show(upper)).trim_end().to_owned()
}

/// `2.0012 mA ± 0.0031 mA` → `2.0012 ± 0.0031 mA`: the value to the last digit of a two-digit uncertainty.
pub fn with_uncertainty(value: f64, uncertainty: f64, dimension: Dimension) -> String {
    if !(uncertainty.is_finite() && uncertainty > 0.0) {
        return engineering(value, dimension, 6);
    }
    let (scale, unit) =
        scale_of(if value == 0.0 { uncertainty } else { value.abs().max(uncertainty) }, dimension);
    let (value, uncertainty) = (value / scale, uncertainty / scale);
    let places = decimals(uncertainty, 2);
    format!("{value:.places$} ± {uncertainty:.places$} {unit}").trim_end().to_owned()
}

/// Significant digits that show on which side of its limits a value lies, and how far apart these are: four, or as many more as it
/// takes for a limit to be shown off by a tenth of the way to the value, and to the other limit, at most.
pub fn telling_digits(value: Option<f64>, limits: [Option<f64>; 2]) -> usize {
    let apart = match limits {
        [Some(lower), Some(upper)] if lower < upper => upper - lower,
        _ => f64::INFINITY,
    };
    let told = |digits: &usize| {
        limits.into_iter().flatten().all(|limit| {
            let way = value.map_or(f64::INFINITY, |value| (value - limit).abs());
            (rounded(limit, *digits) - limit).abs() <= 0.1 * way.min(apart)
        })
    };
    (4..9).find(told).unwrap_or(9)
}

/// A value rounded to so many significant digits.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.0$e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// The factor and unit in which `value` has one to three digits before the point.
fn scale_of(value: f64, dimension: Dimension) -> (f64, String) {
    match dimension {
        Dimension::Ratio => (1e-2, "%".to_owned()),
        Dimension::Number => (1.0, String::new()),
        Dimension::Area => (1e-4, "cm²".to_owned()),
        Dimension::ChargeDensity => (1e-2, "µC/cm²".to_owned()),
        Dimension::Codes => (1.0, "lsb".to_owned()),
        _ => {
            let unit = if dimension == Dimension::Resistance { "Ω" } else { dimension.unit() };
            // A hair of slack: 1e-3 held as 0.00099999… is still one milli.
            let magnitude = value.abs() * (1.0 + 1e-12);
            let prefixes =
                [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")];
            let found = prefixes.iter().find(|(scale, _)| magnitude >= *scale);
            let (scale, prefix) = match found {
                Some(pair) => *pair,
                None if magnitude == 0.0 => (1.0, ""),
                None => (1e-12, "p"),
            };
            (scale, format!("{prefix}{unit}"))
        }
    }
}

fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        // Nothing has no sign.
        return format!("{}", value + 0.0);
    }
    let places = decimals(value, digits);
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Decimal places that show `digits` significant digits of `value`.
fn decimals(value: f64, digits: usize) -> usize {
    // Of what is shown: 0.000999 to two digits is 0.0010, not 0.00100.
    let leading = rounded(value, digits).abs().log10().floor();
    let places = digits as f64 - 1.0 - leading;
    if places.is_finite() && places > 0.0 { places.min(12.0) as usize } else { 0 }
}

/// `1 case`, `2 cases`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The beginning of a hash or id that tells it from others; whoever needs all of it finds it in the record.
pub fn short_hash(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_bench_note() {
        assert_eq!(engineering(2e-3, Dimension::Current, 4), "2 mA");
        assert_eq!(engineering(-2.0004e-4, Dimension::Time, 5), "-200.04 µs");
        assert_eq!(engineering(0.005, Dimension::Ratio, 3), "0.5 %");
        assert_eq!(engineering(0.0, Dimension::Charge, 3), "0 C");
        assert_eq!(engineering(-0.0, Dimension::Number, 3), "0");
        assert_eq!(engineering(25.0, Dimension::Number, 3), "25");
        assert_eq!(range(9.9e-4, 1.01e-3, Dimension::Current, 4), "0.99 … 1.01 mA");
        assert_eq!(range(-4.12e-7, -3.88e-7, Dimension::Charge, 4), "-412 … -388 nC");
        assert_eq!(range(98.0, 100.0, Dimension::Number, 4), "98 … 100");
        assert_eq!(engineering(1e297, Dimension::Current, 4), "1.000e288 GA");
        assert_eq!(engineering(1e-300, Dimension::Time, 3), "1.00e-288 ps");
        assert_eq!(with_uncertainty(2.0012e-3, 3.1e-6, Dimension::Current), "2.0012 ± 0.0031 mA");
        assert_eq!(with_uncertainty(0.0, 2e-9, Dimension::Current), "0.0 ± 2.0 nA");
    }

    #[test]
    fn what_rounds_up_has_the_prefix_and_the_digits_of_what_is_shown() {
        assert_eq!(engineering(9.9996e-7, Dimension::Current, 3), "1 µA");
        assert_eq!(engineering(9.994e-7, Dimension::Current, 3), "999 nA");
        assert_eq!(engineering(-9.9996e-4, Dimension::Voltage, 4), "-1 mV");
        assert_eq!(engineering(0.99996, Dimension::Number, 4), "1");
        assert_eq!(with_uncertainty(1.000_21e-3, 9.98e-7, Dimension::Current), "1.0002 ± 0.0010 mA");
        assert_eq!(with_uncertainty(1.000_21e-3, 9.91e-7, Dimension::Current), "1.00021 ± 0.00099 mA");
    }

    #[test]
    fn a_limit_has_the_digits_that_tell_the_side_of_the_value() {
        let digits = |value, limit| telling_digits(value, [None, Some(limit)]);
        assert_eq!(digits(Some(2.1e-3), 2.000_04e-3), 4);
        assert_eq!(digits(Some(2.000_06e-3), 2.000_04e-3), 6);
        assert_eq!(digits(Some(2e-3 / 3.0), 2e-3 / 3.0), 9, "exactly at it: all there is");
        assert_eq!((digits(None, 2.000_04e-3), telling_digits(Some(1.0), [None, None])), (4, 4));
        // 0.02 % of 2 mA: in four digits both limits would be 2 mA, whatever the value is.
        for value in [None, Some(2.1e-3)] {
            let limits = [1.9996e-3, 2.0004e-3];
            let digits = telling_digits(value, limits.map(Some));
            assert_eq!(range(limits[0], limits[1], Dimension::Current, digits), "1.9996 … 2.0004 mA");
        }
        assert_eq!(telling_digits(Some(7.0), [Some(5.0), Some(5.0)]), 4, "a count");
    }

    #[test]
    fn a_hash_is_cut_where_it_is_long_and_never_within_a_letter() {
        assert_eq!(short_hash("3fa9c2d81b07e5"), "3fa9c2d81b07");
        assert_eq!((short_hash("3fa9"), short_hash("")), ("3fa9", ""));
        assert_eq!(short_hash("elevenbytesä"), "elevenbytesä");
    }
}
