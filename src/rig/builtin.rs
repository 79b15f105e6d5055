//! The default bench and the shipped phantoms, built into the binary so that it runs from any folder.

/// Path and text of the default bench.
pub const DEFAULT_RIG: (&str, &str) = ("rig/sim.yaml", include_str!("../../rig/sim.yaml"));

macro_rules! phantoms {
    ($($name:literal,)*) => {
        &[$((
            $name,
            concat!("fixtures/phantoms/", $name, ".yaml"),
            include_str!(concat!("../../fixtures/phantoms/", $name, ".yaml")),
        ),)*]
    };
}

const PHANTOMS: &[(&str, &str, &str)] = phantoms![
    "r500",
    "r1k",
    "r2k",
    "r10k",
    "retina-4k",
    "rc-1k-1u",
    "scs-lead",
    "drg-lead",
    "star-8",
    "ci-10k",
    "cpe-ladder",
];

/// Path and text of a shipped phantom.
pub fn builtin_phantom(name: &str) -> Option<(&'static str, &'static str)> {
    PHANTOMS.iter().find(|(own, ..)| *own == name).map(|(_, path, text)| (*path, *text))
}

/// Names of the shipped phantoms.
pub fn builtin_phantoms() -> impl Iterator<Item = &'static str> + Clone {
    PHANTOMS.iter().map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, SimBench, read_phantom};
    use crate::source::Source;

    #[test]
    fn every_phantom_file_is_built_in_and_good() {
        let mut files: Vec<String> = std::fs::read_dir("fixtures/phantoms")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
            .collect();
        files.sort();
        let mut names: Vec<&str> = builtin_phantoms().collect();
        names.sort_unstable();
        assert_eq!(files, names);
        for name in names {
            let (path, text) = builtin_phantom(name).unwrap();
            assert_eq!(read_phantom(&Source::new(path, text)).unwrap().name, name);
        }
    }

    #[test]
    fn the_default_bench_file_writes_out_the_defaults() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        assert_eq!(rig.sim, Some(SimBench::default()));
        assert_eq!(rig.cap, 12.7e-3);
    }
}
