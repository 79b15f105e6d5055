use std::io::Cursor;

use super::*;
use crate::capture::container::{Decoder, Encoder};
use crate::signal::{Calibration, Marker, MarkerBit, Sensed, StreamKind};

fn head(channel: &str, sensed: Sensed, unit: &str, lsb: f64) -> Head {
    Head {
        version: Head::VERSION,
        run: "run".into(),
        case: 0,
        name: "case".into(),
        channel: channel.into(),
        sensed,
        unit: unit.into(),
        stream: StreamKind::Fast,
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter_poles: 4,
        filter_cutoff: 1e5,
        calibration: Calibration {
            lsb,
            offset: 0.25,
            offset_u: 2.0,
            gain_u: 1e-3,
            inl: 0.6,
            noise: 1.1,
            rails: (-32_768, 32_767),
            ..Calibration::default()
        },
    }
}

/// Containers of a current and a voltage: pulses on noise, a marker, and a loss if asked for.
fn containers(samples: usize, lost: u64) -> Vec<Vec<u8>> {
    let channels =
        [head("e1", Sensed::Current, "A", 1.220_703_125e-7), head("v1", Sensed::Voltage, "V", 3.1e-4)];
    let one = |(number, head): (usize, &Head)| {
        let mut seed = 7 + number as u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 30) as i16 - 2
        };
        let code = |n: usize| match n % 2000 {
            500..700 => -8200,
            750..950 => 8200,
            _ => 0,
        };
        let codes: Vec<i16> = (0..samples).map(|n| code(n) + noise()).collect();
        let mut encoder = Encoder::new(head);
        encoder.markers(&[Marker { sample: 40, bit: MarkerBit::StartTaken, value: true }]);
        let (before, after) = codes.split_at(samples / 2);
        encoder.samples(0, 0, before);
        encoder.samples(before.len() as u64 + lost, lost, after);
        encoder.finish();
        encoder.take()
    };
    channels.iter().enumerate().map(one).collect()
}

fn planes(containers: &[Vec<u8>]) -> Planes<&[u8]> {
    Planes::new(containers.iter().map(|bytes| Decoder::new(&bytes[..]).unwrap()).collect())
}

fn written(format: Format, containers: &[Vec<u8>]) -> Result<Vec<u8>, ExportError> {
    let mut out = Cursor::new(Vec::new());
    export(format, &mut planes(containers), &mut out).map(|exported| {
        assert_eq!(exported.end, End::Whole);
        out.into_inner()
    })
}

#[test]
fn every_format_is_read_back_to_the_same_values() {
    let containers = containers(7000, 0);
    let own = capture("own", planes(&containers)).unwrap();
    assert_eq!(own.traces.iter().map(|trace| trace.name.as_str()).collect::<Vec<_>>(), ["e1", "v1"]);
    for (format, name) in Format::ALL {
        let bytes = written(*format, &containers).unwrap();
        let read = crate::capture::read(name, &bytes).unwrap();
        for (own, read) in own.traces.iter().zip(&read.traces) {
            assert_eq!((&own.name, &own.unit), (&read.name, &read.unit), "{name}");
            assert!(own.values == read.values, "{name}: {} differs", own.name);
        }
        assert!(
            (read.time.dt / own.time.dt - 1.0).abs() < 1e-12 && read.time.is_uniform(),
            "{name}: {:?}",
            read.time
        );
        assert_eq!(read.samples(), 7000, "{name}");
    }
    let one = crate::capture::read("e1_A.trace", &containers[0]).unwrap();
    assert!(one.traces[0].values == own.traces[0].values && one.dialect == Dialect::Stimrig);
}

#[test]
fn lost_samples_leave_a_gap_in_time_or_are_refused() {
    let containers = containers(4000, 500);
    for (format, name) in Format::ALL {
        match (format, written(*format, &containers)) {
            (Format::Sr | Format::Wav | Format::Vcd, Err(ExportError::Lost { sample: 2500, .. })) => {}
            (Format::Csv | Format::Npy | Format::Parquet, Ok(bytes)) => {
                let read = crate::capture::read(name, &bytes).unwrap();
                assert!(!read.time.is_uniform() && read.samples() == 4000, "{name}");
            }
            (_, other) => panic!("{name}: {:?}", other.map(|bytes| bytes.len())),
        }
    }
}

#[test]
fn damaged_files_of_every_format_are_errors_and_no_panic() {
    let containers = containers(3000, 0);
    for (format, name) in Format::ALL {
        let bytes = written(*format, &containers).unwrap();
        for cut in (0..bytes.len()).step_by(bytes.len() / 60 + 1) {
            let _ = crate::capture::read(name, &bytes[..cut]);
            let mut changed = bytes.clone();
            changed[cut] ^= 0x5a;
            let _ = crate::capture::read(name, &changed);
        }
    }
}
