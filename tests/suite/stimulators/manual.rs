//! Driven by hand, rehearsed: a pseudo-terminal plays the person at the bench.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::runs::{PLAIN, scenario};
use crate::command::stimrig;

/// Runs a command on a terminal whose person does `press` whenever asked to press Enter; returns exit code, what they saw and
/// standard output.
fn at_a_terminal(
    mut command: Command,
    mut press: impl FnMut(usize) -> &'static [u8] + Send + 'static,
) -> (i32, String, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let child = command
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    let mut terminal = File::from(master);
    let person = std::thread::spawn(move || {
        let (mut seen, mut answered) = (String::new(), 0);
        let mut buffer = [0; 4096];
        // A terminal that its last process has left ends with an error.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            while seen.matches("press Enter").count() > answered {
                terminal.write_all(press(answered)).unwrap();
                answered += 1;
            }
        }
        seen
    });
    let output = child.wait_with_output().unwrap();
    let seen = person.join().unwrap();
    (output.status.code().unwrap(), seen, String::from_utf8(output.stdout).unwrap())
}

fn run_by_hand(operator: bool) -> (Command, tempfile::NamedTempFile, tempfile::TempDir) {
    let (file, runs) = (scenario(PLAIN), tempfile::tempdir().unwrap());
    let mut command = stimrig();
    command
        .args(["run", "--rig", "rig/manual.yaml", "--json", "-", "--runs"])
        .arg(runs.path())
        .arg(file.path());
    if operator {
        command.args(["--operator", "R. Weiss"]);
    }
    (command, file, runs)
}

#[test]
fn a_person_sets_and_switches_and_the_load_measures() {
    let (command, _file, _runs) = run_by_hand(true);
    let (code, seen, stdout) = at_a_terminal(command, |_| b"\n");
    let record: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{seen}"));
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{seen}");
    assert_eq!((&record["safe_state"], &record["operator"]), (&"confirmed".into(), &"R. Weiss".into()));
    let order = ["amplitude 2 mA, width 200 µs", "switch the output ON", "switch the output OFF"];
    let places: Vec<_> =
        order.map(|words| seen.find(words).unwrap_or_else(|| panic!("{words}: {seen}"))).to_vec();
    assert!(places.is_sorted(), "{seen}");
}

#[test]
fn without_a_terminal_or_a_name_nothing_is_run() {
    let (command, _file, _runs) = run_by_hand(false);
    let (code, seen, _) = at_a_terminal(command, |_| b"\n");
    assert!(code == 2 && seen.contains("nobody is named"), "{seen}");
    let (mut command, _file, _runs) = run_by_hand(true);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = crate::command::text(&output);
    assert!(output.status.code() == Some(2) && said.contains("there is no terminal"), "{said}");
    let (mut command, _file, _runs) = run_by_hand(true);
    command.env("CI", "true");
    let (code, seen, _) = at_a_terminal(command, |_| b"\n");
    assert!(code == 2 && seen.contains("the environment says `CI`"), "{seen}");
}
