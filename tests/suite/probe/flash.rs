//! `stimrig flash`.

use std::path::Path;
use std::process::{Output, Stdio};

use rstest::rstest;
use stimrig::sim::probe::{self as target};

use super::rig;
use crate::bench_on_ports::eventually;
use crate::command::{stimrig, text};

fn flash(arguments: &[&str], runs: &Path) -> Output {
    stimrig().arg("flash").args(arguments).arg("--runs").arg(runs).output().unwrap()
}

#[test]
fn an_image_is_written_verified_read_back_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fw.elf");
    std::fs::write(&image, target::elf(target::CHIP, target::FLASH_START)).unwrap();
    let output = flash(&[image.to_str().unwrap()], folder.path());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(said.contains("into SIM-M4 through SIM-PROBE-001") && said.contains("verified"), "{said}");
    let line = std::fs::read_to_string(folder.path().join("flashed.jsonl")).unwrap();
    let record: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    let hash = record["firmware"].as_str().unwrap();
    assert!(hash.len() == 64 && said.contains(hash), "{record:#}");
    assert_eq!(record["chip"], "SIM-M4");
    // A second one is added to it; without an image it is the one of the simulated board itself.
    assert_eq!(flash(&[], folder.path()).status.code(), Some(0));
    let lines = std::fs::read_to_string(folder.path().join("flashed.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn a_rig_that_names_its_firmware_runs_it_or_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let ours = target::elf(target::CHIP, target::FLASH_START);
    std::fs::write(folder.path().join("fw.elf"), &ours).unwrap();
    let rig = rig(&folder, "probe: { selector: simulated, chip: SIM-M4, elf: fw.elf }", "");
    let arguments = |rig: &Path| vec!["timing/pulse-train".to_owned(), rig.display().to_string()];
    let run = |rig: &Path| {
        let given = arguments(rig);
        crate::command::run(&[&super::scenario(&given[0]), "--rig", &given[1]])
    };
    let (exit, record) = run(&rig);
    assert_eq!(exit, 0, "{record:#}");
    assert!(record["instruments"].as_array().unwrap().iter().any(|one| one["role"] == "probe"));
    // Another build of it: one byte of its code differs from what the target runs.
    let mut other = ours;
    other[0x800] ^= 1;
    std::fs::write(folder.path().join("fw.elf"), other).unwrap();
    let (exit, record) = run(&rig);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 3, "{record:#}");
    assert!(reason.contains("does not run") && reason.contains("stimrig flash"), "{reason}");
}

#[rstest]
#[case("text", "neither an ELF nor an Intel HEX")]
#[case("other-board", "an image for SIM-M7")]
#[case("elsewhere", "has no memory")]
#[case("cut", "no 32-bit ELF")]
#[case("missing", "cannot be read")]
fn an_image_at_fault_is_named_before_the_probe_is_opened(#[case] image: &str, #[case] what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fw.elf");
    let whole = target::elf(target::CHIP, target::FLASH_START);
    let bytes = match image {
        "text" => b"hello".to_vec(),
        "other-board" => target::elf("SIM-M7", target::FLASH_START),
        "elsewhere" => target::elf(target::CHIP, 0x1000_0000),
        _ => whole[..40].to_vec(),
    };
    if image != "missing" {
        std::fs::write(&path, bytes).unwrap();
    }
    // The probe is not even there.
    let output = flash(&[path.to_str().unwrap(), "--set", "sim.probe=missing"], folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains(what) && text(&output).trim().lines().count() == 1, "{}", text(&output));
    assert!(!folder.path().join("flashed.jsonl").exists());
}

#[rstest]
#[case("in-use", "another program holds")]
#[case("missing", "probe.selector")]
#[case("locked", "readout protection")]
#[case("lost", "did not respond")]
fn a_probe_at_fault_is_named(#[case] trouble: &str, #[case] what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = flash(&["--set", &format!("sim.probe={trouble}")], folder.path());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains(what), "{}", text(&output));
}

#[test]
fn a_rig_without_a_probe_says_how_to_name_one() {
    let folder = tempfile::tempdir().unwrap();
    let rig = rig(&folder, "", "");
    let output = flash(&["--rig", rig.to_str().unwrap()], folder.path());
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("has no debug probe"), "{}", text(&output));
}

/// What a stimulator can emit is not asked of a rig whose core is flashed. There is no such probe here, and that is all that
/// is wrong.
#[rstest]
#[case::science_mode("rig/science-mode.yaml", true)]
#[case::template("rig/opennerve-uart.yaml", false)]
#[case::template_in_text("rig/template-text.yaml", true)]
#[case::stimjim("rig/stimjim.yaml", false)]
#[case::pulse_pal("rig/pulse-pal.yaml", false)]
#[case::by_hand("rig/manual.yaml", false)]
fn a_rig_of_any_stimulator_is_opened(#[case] rig: &str, #[case] says: bool) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fw.elf");
    std::fs::write(&image, target::elf("nRF52840_xxAA", 0)).unwrap();
    let text_of = std::fs::read_to_string(crate::command::root().join(rig)).unwrap();
    let file = folder.path().join("rig.yaml");
    // A probe of its own: tests run side by side, and a probe is held by one at a time.
    let selector = format!("f055:0001:NOT-{}", Path::new(rig).file_stem().unwrap().display());
    let probe = format!("probe: {{ selector: \"{selector}\", chip: nRF52840_xxAA }}\n");
    std::fs::write(&file, format!("{text_of}\n{probe}")).unwrap();
    let at = ["--rig", file.to_str().unwrap(), image.to_str().unwrap()];
    let output = flash(&[&at[..], &["--output-off"]].concat(), folder.path());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains(&selector), "{}", text(&output));
    // Who cannot say whether the output is off is not taken to say so.
    let output = flash(&at, folder.path());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert_eq!(text(&output).contains("--output-off"), !says, "{}", text(&output));
}

/// A board that takes the connection and says nothing: whoever stops waiting for it is told that nothing was written.
#[test]
fn a_signal_ends_a_flash_that_waits_for_its_stimulator() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fw.elf");
    std::fs::write(&image, target::elf("nRF52840_xxAA", 0)).unwrap();
    let listen = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (stimulator, load) = (listen(), listen());
    let at = |listener: &std::net::TcpListener| listener.local_addr().unwrap();
    let file = folder.path().join("rig.yaml");
    let text_of = format!(
        "version: 1\nname: silent\nstimulator: {{ driver: native, port: {{ tcp: '{}' }}, cap: 10 mA }}\n\
         load: {{ driver: native, port: {{ tcp: '{}' }}, channels: {{ e1: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA] }} }} }}\n\
         limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n\
         probe: {{ selector: \"f055:0001:NOT-silent\", chip: nRF52840_xxAA }}\n",
        at(&stimulator),
        at(&load)
    );
    std::fs::write(&file, text_of).unwrap();
    let locks = folder.path().join("locks");
    let mut command = stimrig();
    command.arg("flash").arg("--rig").arg(&file).arg(&image).arg("--runs").arg(folder.path());
    command.env("STIMRIG_LOCK_DIR", &locks);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It listens for signals before it takes the bench.
    eventually("it never took the bench", || {
        let files = std::fs::read_dir(&locks).into_iter().flatten().flatten();
        files
            .into_iter()
            .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("flash")))
    });
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", text(&output));
    assert!(text(&output).contains("ended by SIGTERM: nothing was flashed"), "{}", text(&output));
}
