use std::io::Cursor;

use super::*;
use crate::capture::coded;
use crate::capture::container::{Cutter, Decoder};
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
        let mut cutter = Cutter::default();
        cutter.markers(&[Marker { sample: 40, bit: MarkerBit::StartTaken, value: true }]);
        let (before, after) = codes.split_at(samples / 2);
        cutter.samples(0, 0, before);
        cutter.samples(before.len() as u64 + lost, lost, after);
        cutter.contained(head)
    };
    channels.iter().enumerate().map(one).collect()
}

fn decoders(containers: &[Vec<u8>]) -> Vec<Decoder<Cursor<&[u8]>>> {
    containers.iter().map(|bytes| Decoder::new(Cursor::new(&bytes[..])).unwrap()).collect()
}

fn written(format: Format, containers: &[Vec<u8>]) -> Result<Vec<u8>, ExportError> {
    let mut out = Cursor::new(Vec::new());
    export(format, &mut Planes::new(decoders(containers)), &mut out).map(|exported| {
        assert_eq!(exported.end, End::Whole);
        out.into_inner()
    })
}

#[test]
fn every_format_is_read_back_to_the_same_values() {
    let containers = containers(7000, 0);
    let own = coded::kept("own", decoders(&containers)).capture().unwrap();
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

/// Containers without the data block of that number, and without an end: a run that was killed, and then tampered with.
fn without_block(containers: &[Vec<u8>], number: usize) -> Vec<Vec<u8>> {
    let one = |bytes: &Vec<u8>| {
        let (magic, mut rest) = bytes.split_at(8);
        let (mut kept, mut data) = (magic.to_vec(), 0);
        while rest.len() >= 12 && !rest.starts_with(b"DONE") {
            let length = u32::from_le_bytes(*rest[4..].first_chunk().unwrap()) as usize + 12;
            let (block, behind) = rest.split_at(length);
            data += usize::from(block.starts_with(b"DATA"));
            if !block.starts_with(b"DATA") || data != number + 1 {
                kept.extend_from_slice(block);
            }
            rest = behind;
        }
        assert!(data > number + 1);
        kept
    };
    containers.iter().map(one).collect()
}

#[test]
fn a_block_that_is_gone_leaves_a_gap_in_time_or_is_refused() {
    let containers = without_block(&containers(300_000, 0), 1);
    for (format, name) in Format::ALL {
        let mut out = Cursor::new(Vec::new());
        let exported = export(*format, &mut Planes::new(decoders(&containers)), &mut out);
        match (format, exported) {
            (Format::Sr | Format::Wav | Format::Vcd, Err(ExportError::Lost { sample, .. })) => {
                assert!(sample > 65_536, "{name}: {sample}");
            }
            (Format::Csv | Format::Npy | Format::Parquet, Ok(exported)) => {
                assert!(exported.samples < 300_000 && matches!(exported.end, End::Damaged { .. }), "{name}");
                let read = crate::capture::read(name, out.get_ref()).unwrap();
                assert!(!read.time.is_uniform(), "{name}");
            }
            (_, other) => panic!("{name}: {other:?}"),
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

/// All codes of a recording, read block by block, twice.
fn codes(bytes: &[u8], rate: Option<f64>) -> Result<Vec<Vec<i16>>, CaptureError> {
    let mut coded = coded::open("x", Cursor::new(bytes), rate)?.expect("it holds codes");
    let wanted: Vec<usize> = (0..coded.channels.len()).collect();
    let mut all = Vec::new();
    for _ in 0..2 {
        coded.rewind()?;
        all = vec![Vec::new(); wanted.len()];
        let mut planes = Vec::new();
        while coded.pull(&wanted, &mut planes)?.is_some() {
            all.iter_mut().zip(&planes).for_each(|(all, plane)| all.extend_from_slice(plane));
        }
    }
    Ok(all)
}

#[test]
fn codes_are_read_block_by_block_whatever_holds_them() {
    let containers = containers(300_000, 0);
    let expected: Vec<Vec<i16>> = containers.iter().map(|one| codes(one, None).unwrap().remove(0)).collect();
    assert_eq!(expected[0].len(), 300_000);
    for format in [Format::Wav, Format::Sr] {
        assert_eq!(codes(&written(format, &containers).unwrap(), None).unwrap(), expected, "{format:?}");
    }
    // One channel alone, and one after the other, as NumPy has them.
    let array = |descr: &str, shape: &str, codes: &[i16]| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(codes.iter().flat_map(|code| code.to_le_bytes()));
        bytes
    };
    let one = array("'<i2'", "(300000,)", &expected[0]);
    assert_eq!(codes(&one, Some(1e6)).unwrap(), expected[..1]);
    let frames: Vec<i16> = expected[0].iter().zip(&expected[1]).flat_map(|(a, b)| [*a, *b]).collect();
    for bytes in [
        array("'<i2'", "(300000, 2)", &frames),
        array("[('e1_A', '<i2'), ('v1_V', '<i2')]", "(300000,)", &frames),
    ] {
        assert_eq!(codes(&bytes, Some(1e6)).unwrap(), expected);
    }
    assert_eq!(codes(&one, None).unwrap_err().fault, CaptureFault::NoSampleRate);
}

#[test]
fn codes_that_are_missing_or_are_none_are_named() {
    let containers = containers(3000, 0);
    let fault = |bytes: &[u8]| codes(bytes, Some(1e6)).unwrap_err().fault.to_string();
    let wav = written(Format::Wav, &containers).unwrap();
    assert!(fault(&wav[..5000]).contains("ends before its last sample"));
    let mut npy =
        b"\x93NUMPY\x01\x00\x40\x00{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }".to_vec();
    npy.resize(10 + 64, b' ');
    npy.extend([0; 10]);
    assert!(fault(&npy).contains("cut off"), "{}", fault(&npy));
    // A session whose values were scaled afterwards: they are no codes any more.
    let meta = r#"{"version":1,"sample_rate":1e6,"channels":[{"name":"e1_A","lsb":1e-9,"offset":0.0}]}"#;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let session = "[device 1]\nsamplerate=1000000\ntotal analog=1\nanalog1=e1_A\n";
    for (name, bytes) in [
        ("metadata", session.as_bytes()),
        ("stimrig.json", meta.as_bytes()),
        ("analog-1-1-1", &1.0_f32.to_le_bytes()),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    assert!(fault(&zip.finish().unwrap().into_inner()).contains("no codes of stimrig.json"));
    // Dumps that would be made of more samples than fit into memory.
    let dump = "$timescale 1 ns $end\n$var real 64 ! a $end\n$enddefinitions $end\n#0\nr1 !\n#1\nr2 !\n#1000000000\n";
    let refused = crate::capture::read("x.vcd", dump.as_bytes()).unwrap_err();
    assert!(refused.to_string().contains("no common grid"), "{refused}");
}

#[test]
fn a_first_column_in_no_unit_of_time_is_refused() {
    let time = |name: &str| {
        let columns = [(name, vec![0.0, 1.0, 2.0]), ("i_A", vec![0.0; 3])];
        Table::with_time(columns.map(|(name, values)| (name.to_owned(), values)).into()).time
    };
    for (name, dt) in [("time_s", 1.0), ("t", 1.0), ("t_us", 1e-6), ("time_usec", 1e-6)] {
        assert!(time(name).is_ok_and(|time| (time.dt / dt - 1.0).abs() < 1e-9), "{name}");
    }
    for name in ["ticks", "timestamp", "t_samples"] {
        assert_eq!(time(name), Err(CaptureFault::TimeUnit(name.to_owned())));
    }
    assert_eq!(time("v_V"), Err(CaptureFault::NoTimeBase));
}
