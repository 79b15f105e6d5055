//! Codes in blocks against the same values in memory.

use std::io::Cursor;

use super::*;
use crate::capture::coded;

/// A NumPy array of two channels: biphasic pulses every 9973 samples, of every slope of edge, on noise; the voltage over a resistor
/// and a capacitor.
fn recording(samples: usize) -> Vec<u8> {
    let header = format!(
        "{{'descr': [('i_A', '<i2'), ('v_V', '<i2')], 'fortran_order': False, 'shape': ({samples},), }}\n"
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let (mut seed, mut current, mut charge) = (9_u32, 0.0, 0.0);
    for n in 0..samples {
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 16) / 65_536.0 - 0.5
        };
        let asked = match n % 9973 {
            4000..4300 => -6000.0,
            4340..4640 => 6000.0,
            _ => 0.0,
        };
        current += (asked - current) * if n / 9973 % 3 == 0 { 0.05 } else { 0.4 };
        charge += 0.001 * current;
        let voltage = current + charge;
        for value in [current, voltage] {
            bytes.extend(((value + 2.0 * noise()).round() as i16).to_le_bytes());
        }
    }
    bytes
}

fn near(a: &crate::measure::Measured, b: &crate::measure::Measured, what: &str) {
    for (a, b) in [(a.value, b.value), (a.expanded(), b.expanded())] {
        assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-12, "{what}: {a:e} {b:e}");
    }
}

#[test]
fn codes_in_blocks_give_what_their_values_in_memory_give() {
    let bytes = recording(420_000);
    let open = || coded::open("x.npy", Cursor::new(&bytes), Some(1e6)).unwrap().unwrap();
    let whole = analyze(&open().capture().unwrap(), &Options::default()).unwrap();
    let blocks = analyze_coded(&mut open(), &Options::default()).unwrap();
    assert_eq!(whole.pulses.len(), 42);
    assert_eq!((blocks.samples, blocks.pulses.len()), (420_000, 42));
    for (index, (a, b)) in whole.pulses.iter().zip(blocks.pulses.iter()).enumerate() {
        assert!((a.time - b.time).abs() < 1e-12, "{} {}", a.time, b.time);
        for (a, b) in a.phases.iter().zip(&b.phases) {
            near(&a.amplitude, &b.amplitude, "amplitude");
            near(&a.width, &b.width, "width");
            near(&a.charge, &b.charge, "charge");
        }
        near(&a.net_charge, &b.net_charge, "net charge");
        near(a.access_voltage.as_ref().unwrap(), b.access_voltage.as_ref().unwrap(), "access voltage");
        // Slow edges leave no room for a line in the gap.
        match (&a.polarization, &b.polarization) {
            (Some(a), Some(b)) => near(a, b, "polarization"),
            (a, b) => assert!(a.is_none() && b.is_none() && index % 3 == 0),
        }
        match (whole.pulses.cycle(a.index), blocks.pulses.cycle(a.index)) {
            (Some(own), Some(other)) => {
                assert!(
                    (own.0 - other.0).abs() < 1e-9 && (own.1 - other.1).abs() < 1e-6,
                    "{own:?} {other:?}"
                );
            }
            (own, other) => assert!(own.is_none() && other.is_none() && a.index == 41),
        }
    }
    for (a, b) in whole.summary.iter().zip(&blocks.summary) {
        near(&a.estimate, &b.estimate, a.name);
    }
    assert_eq!(whole.findings, blocks.findings);
    assert_eq!(whole.channels, blocks.channels);
    assert!(!blocks.channels.current.first.is_empty() && blocks.channels.current.whole.len() > 10_000);
}

#[test]
fn a_cycle_has_the_sum_of_its_samples() {
    let bytes = recording(60_000);
    let mut coded = coded::open("x.npy", Cursor::new(&bytes), Some(1e6)).unwrap().unwrap();
    let found = analyze_coded(&mut coded, &Options::default()).unwrap();
    let capture = coded.capture().unwrap();
    for (pulse, next) in found.pulses.iter().zip(found.pulses.iter().skip(1)) {
        let (from, to) = (pulse.window.0, next.window.0);
        let sum = crate::measure::window::windowed_sum(&capture.traces[0].values, from, to);
        let expected = (sum - found.rest * (to - from)) * 1e-6;
        let (charge, length) = found.pulses.cycle(pulse.index).unwrap();
        assert!(
            (charge - expected).abs() < 1e-9 && (length - (to - from)).abs() < 1e-6,
            "{charge} {expected}"
        );
    }
}
