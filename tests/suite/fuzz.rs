//! The fuzz targets on a stable compiler: every kept input, and the shipped files with bytes changed.

use std::fs;

#[path = "../../fuzz/targets.rs"]
mod targets;

type Target = (&'static str, fn(&[u8]), &'static [&'static str]);

/// Name, body, and the files it begins with.
const TARGETS: &[Target] = &[
    ("frames", targets::frames, &["fixtures/wire/v1/samples.hex"]),
    (
        "scenario",
        targets::scenario,
        &["scenarios/fault-shutdown/open-lead.yaml", "scenarios/timing/rate.yaml"],
    ),
    ("rig", targets::rig, &["rig/sim.yaml"]),
    ("phantom", targets::phantom, &["fixtures/phantoms/scs-lead.yaml"]),
    ("profile", targets::profile, &["scenarios/profiles/implant-accuracy.yaml"]),
    ("csv", targets::recording, &["fixtures/captures/TEK00001.CSV"]),
    ("wav", targets::recording, &["fuzz/seeds/wav/two-channels", "fuzz/seeds/wav/floats"]),
    ("npy", targets::recording, &["fuzz/seeds/npy/with-time", "fuzz/seeds/npy/codes"]),
    ("sr", targets::recording, &["fuzz/seeds/sr/codes", "fuzz/seeds/sr/floats"]),
    ("vcd", targets::recording, &["fuzz/seeds/vcd/two-channels"]),
    ("parquet", targets::recording, &["fuzz/seeds/parquet/two-channels"]),
    ("container", targets::container, &["fuzz/seeds/container/e1"]),
    ("circuit", targets::circuit, &["scenarios/timing/rate.yaml"]),
];

#[test]
fn what_once_broke_a_target_no_longer_does() {
    for folder in fs::read_dir("fuzz/regressions").into_iter().flatten().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap();
        let (_, target, _) = TARGETS.iter().find(|(own, ..)| *own == name).expect("a folder is a target's");
        for entry in fs::read_dir(&folder).unwrap() {
            target(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

/// A generator small enough to be the same everywhere.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn a_file_with_bytes_changed_is_read_or_refused() {
    for (name, target, seeds) in TARGETS {
        for path in *seeds {
            let whole = fs::read(path).unwrap();
            let whole = &whole[..whole.len().min(20_000)];
            target(whole);
            let mut state = 1;
            for _ in 0..if *name == "csv" { 20 } else { 60 } {
                let mut bytes = whole.to_vec();
                for _ in 0..=next(&mut state) % 4 {
                    let (from, to) = (next(&mut state) % bytes.len(), next(&mut state) % bytes.len());
                    match next(&mut state) % 4 {
                        0 => bytes[from] = next(&mut state) as u8,
                        1 => drop(bytes.drain(from..(from + 8).min(bytes.len() - 1).max(from))),
                        2 => bytes.swap(from, to),
                        _ => {
                            let piece = bytes[from..(from + 12).min(bytes.len())].to_vec();
                            bytes.splice(to..to, piece);
                        }
                    }
                }
                target(&bytes);
            }
        }
    }
}
