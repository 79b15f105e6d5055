//! What keeps a bench from working: each finding with its remedy. Nothing is opened, nothing is sent.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, StatVfs, access, statvfs};

use crate::driver::port::find;
use crate::machine::Machine;
use crate::rig::{Port, Rig};

use super::Finding;
use super::returned;
use super::rigs::calibration_due;

/// A calibration that is due within so many days is due soon.
const SOON: i64 = 30;
/// Free bytes below which a run with samples may not fit, and below which none does.
const SPACE: (u64, u64) = (1 << 30, 64 << 20);

/// What is looked at besides the rig.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Where runs are kept.
    pub runs: PathBuf,
    /// Who holds which of the rig's devices, since when.
    pub held: Vec<String>,
    /// Runs that were killed while they held the rig.
    pub left: Vec<PathBuf>,
}

/// Looks at a computer and, if one is given, at a rig on it.
pub fn examine(machine: &Machine, rig: Option<&Rig>, circumstances: &Circumstances) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(rig) = rig {
        let ports = [
            ("stimulator", rig.wiring.stimulator.as_ref()),
            ("load", rig.wiring.load.as_ref()),
            ("phantom selector", rig.wiring.selector.as_ref()),
        ];
        for (device, port) in ports {
            match port {
                Some(port) => findings.extend(port_of(machine, device, port)),
                None if rig.sim.is_some() && device != "phantom selector" => {
                    findings.push(Finding::good(device, "simulated, in this process"));
                }
                None => {}
            }
        }
        findings.extend(probe(machine, rig));
        findings.extend(locks(rig, circumstances));
        findings.extend(calibration(rig));
        findings.extend(returned::look(rig));
    } else {
        findings.extend(plugged_in(machine));
    }
    let on_usb = machine.ports().iter().any(|port| port.usb.is_some());
    if on_usb {
        findings.push(rules(machine));
        findings.extend(modem_manager(machine));
    }
    findings.push(clock(rig));
    findings.extend(closed(&circumstances.runs));
    findings.push(space(&circumstances.runs));
    findings
}

fn plugged_in(machine: &Machine) -> Vec<Finding> {
    let ports = machine.ports();
    if ports.is_empty() {
        let remedy = "plug in the bench; `stimrig sim` serves a simulated one";
        return vec![Finding::warning("ports", "nothing with a port is plugged in", remedy)];
    }
    // A line of the main board is nobody's bench by itself.
    let opens = |node: &Path| access(machine.path(node), Access::READ_OK | Access::WRITE_OK).is_ok();
    let (open, closed): (Vec<_>, Vec<_>) =
        ports.iter().partition(|port| port.usb.is_none() || opens(&port.node));
    let names: Vec<_> = open.iter().map(|port| port.describe()).collect();
    let good = (!names.is_empty()).then(|| Finding::good("ports", names.join("; ")));
    let closed = closed.into_iter().map(|port| {
        let found = format!("{} may not be opened by this user", port.describe());
        Finding::warning("ports", found, machine.permission_remedy(&port.node))
    });
    good.into_iter().chain(closed).collect()
}

/// Is it there, may it be opened, does somebody hold it?
fn port_of(machine: &Machine, device: &str, port: &Port) -> Vec<Finding> {
    if let Port::Tcp(address) = port {
        return vec![Finding::good(device, format!("on the network at {address}, not asked"))];
    }
    let path = match find(machine, port) {
        Ok(path) => path,
        Err(trouble) => return vec![Finding::error(device, trouble.found(), trouble.next())],
    };
    let shown = machine.named(&path);
    if !path.exists() {
        let remedy = "plug it in and switch it on; `stimrig scan` shows what is there";
        return vec![Finding::error(device, format!("there is no {}", shown.display()), remedy)];
    }
    let mut findings = Vec::new();
    if access(&path, Access::READ_OK | Access::WRITE_OK).is_err() {
        let found = format!("{} may not be opened by this user", shown.display());
        findings.push(Finding::error(device, found, machine.permission_remedy(&shown)));
    }
    for holder in machine.holders(&shown) {
        let found = format!("{} is held by {holder}", shown.display());
        findings.push(Finding::error(device, found, "end that program, or wait until its run has ended"));
    }
    if findings.is_empty() {
        findings.push(Finding::good(device, format!("{} is there and free", shown.display())));
    }
    findings
}

/// Is the debug probe plugged in? Its selector is vendor:product, in hexadecimal, and perhaps a serial number.
fn probe(machine: &Machine, rig: &Rig) -> Option<Finding> {
    let probe = rig.wiring.probe.as_ref()?;
    let mut wanted = probe.selector.splitn(3, ':');
    let (vendor, product, serial) = (wanted.next()?, wanted.next()?, wanted.next());
    let there = machine.usb_devices().into_iter().any(|device| {
        device.vendor.eq_ignore_ascii_case(vendor)
            && device.product.eq_ignore_ascii_case(product)
            && serial.is_none_or(|serial| device.serial_number.as_deref() == Some(serial))
    });
    Some(if there {
        Finding::good("debug probe", format!("{} is plugged in", probe.selector))
    } else {
        Finding::error(
            "debug probe",
            format!("{} is not plugged in", probe.selector),
            "plug it in, or correct `probe.selector` (`lsusb` lists vendor:product)",
        )
    })
}

/// Who has the rig, and whether the last who had it left it as it should be.
fn locks(rig: &Rig, circumstances: &Circumstances) -> Vec<Finding> {
    let held = circumstances.held.iter().map(|held| {
        let remedy = "wait until it has ended (`--wait` does), or end that process: it leaves the bench safe";
        Finding::error("lock", held.clone(), remedy)
    });
    let left = circumstances.left.iter().map(|run| {
        let found = format!("{} left the rig without its output being seen to be off", run.display());
        Finding::warning("lock", found, format!("stimrig safe --rig {}", rig.file))
    });
    let found: Vec<Finding> = held.chain(left).collect();
    if found.is_empty() && rig.sim.is_none() {
        vec![Finding::good("lock", "nobody has the rig")]
    } else {
        found
    }
}

/// What a calibration measured counts until it is due.
fn calibration(rig: &Rig) -> Option<Finding> {
    let file = rig.wiring.calibration.as_deref()?;
    let remedy = "calibrate the load again (stimrig calibrate)";
    let Some((certificate, days)) = calibration_due(rig) else {
        let remedy = "correct `calibration` in the rig file, or the file (`stimrig check` names its line)";
        return Some(Finding::error("calibration", format!("{file} cannot be read"), remedy));
    };
    let (id, due) = (&certificate.id, certificate.due);
    if !rig.capabilities.stream {
        let found =
            format!("{id} is not applied to a load that takes records: every case would be a rig error");
        let remedy =
            "leave `calibration` out, and state `accuracy` and `offset_error` of the channels instead";
        return Some(Finding::error("calibration", found, remedy));
    }
    Some(match days {
        ..0 => {
            let found = format!("{id} was due on {due}, {} days ago: every check would be invalid", -days);
            Finding::error("calibration", found, remedy)
        }
        0..=SOON => Finding::warning("calibration", format!("{id} is due on {due}, in {days} days"), remedy),
        _ => Finding::good("calibration", format!("{id} is due on {due}, in {days} days")),
    })
}

/// Without rules a port belongs to root, or to a group in which nobody is by himself.
fn rules(machine: &Machine) -> Finding {
    match machine.udev_rules() {
        Some(file) => Finding::good("udev rules", file.display().to_string()),
        None => Finding::warning(
            "udev rules",
            "those of stimrig are not installed",
            "sudo cp rig/udev/69-stimrig.rules /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger",
        ),
    }
}

/// It opens every new serial port and talks to it as if it were a modem.
fn modem_manager(machine: &Machine) -> Option<Finding> {
    let running = machine.process_named("ModemManager")?;
    if machine.udev_rules().is_some_and(|file| {
        std::fs::read_to_string(machine.path(file)).is_ok_and(|text| text.contains("ID_MM_DEVICE_IGNORE"))
    }) {
        return Some(Finding::good("ModemManager", "runs, and is told to leave the bench alone"));
    }
    Some(Finding::warning(
        "ModemManager",
        format!("{running} writes to every serial port that is plugged in"),
        "install rig/udev/69-stimrig.rules, which tell it to leave the bench alone, or `sudo systemctl disable --now ModemManager`",
    ))
}

/// Records carry times: a clock before the rig file was written is wrong.
fn clock(rig: Option<&Rig>) -> Finding {
    let written = rig.and_then(|rig| std::fs::metadata(&rig.file).and_then(|found| found.modified()).ok());
    let now = SystemTime::now();
    let first_version = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    if now < first_version || written.is_some_and(|written| written > now + Duration::from_secs(60)) {
        return Finding::error(
            "clock",
            "this computer's clock is behind",
            "set it: `sudo timedatectl set-ntp true`",
        );
    }
    Finding::good("clock", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// No run is begun that could not be kept.
fn closed(runs: &Path) -> Option<Finding> {
    let whole = std::path::absolute(runs).unwrap_or_else(|_| runs.to_owned());
    let nearest = whole.ancestors().find(|place| place.symlink_metadata().is_ok())?;
    let found = if !nearest.is_dir() {
        "is no folder"
    } else if access(nearest, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        "may not be written to by this user"
    } else {
        return None;
    };
    let remedy = "let this user own a folder there, or keep runs elsewhere (--runs)";
    Some(Finding::error("runs", format!("{} {found}", nearest.display()), remedy))
}

fn space(runs: &Path) -> Finding {
    let whole = std::path::absolute(runs).unwrap_or_else(|_| runs.to_owned());
    let existing = whole.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let free = statvfs(existing).map(|found: StatVfs| found.f_bavail.saturating_mul(found.f_frsize));
    let remedy = "remove old runs, or keep them elsewhere (--runs)";
    match free {
        Ok(free) if free < SPACE.1 => {
            Finding::error("disk", format!("{} MB free for runs", free >> 20), remedy)
        }
        Ok(free) if free < SPACE.0 => {
            Finding::warning("disk", format!("{} MB free for runs", free >> 20), remedy)
        }
        Ok(free) => Finding::good("disk", format!("{} GB free for runs", free >> 30)),
        Err(error) => Finding::warning("disk", format!("free space is not known: {error}"), remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Severity;

    #[test]
    fn runs_that_could_not_be_kept_are_told_before_one_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(closed(&folder.path().join("new/runs")), None);
        assert_eq!(closed(folder.path()), None);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        for runs in [file.clone(), file.join("runs")] {
            let found = closed(&runs).unwrap();
            assert_eq!((found.severity, found.subject.as_str()), (Severity::Error, "runs"));
            assert_eq!(found.found, format!("{} is no folder", file.display()));
        }
        let locked = folder.path().join("locked");
        std::fs::create_dir(&locked).unwrap();
        std::fs::set_permissions(&locked, std::os::unix::fs::PermissionsExt::from_mode(0o500)).unwrap();
        // Nothing is locked for root.
        let told = closed(&locked.join("runs"));
        let writes = std::fs::write(locked.join("probe"), "").is_ok();
        assert_eq!(told.is_none(), writes, "{told:?}");
    }
    use crate::machine::today;
    use crate::rig::Certificate;
    use crate::source::Source;

    #[test]
    fn a_calibration_of_an_oscilloscope_is_told_of_before_a_run_meets_it() {
        let look = |load: &str, input: &str| {
            let text = format!(
                "version: 1\nname: b\nstimulator: {{ driver: native, port: {{ tcp: 'b:1' }}, cap: 10 mA }}\n\
                 load: {{ driver: {load}, port: {{ tcp: 'b:2' }}, channels: {{ e1: {{ quantity: current, {input}shunt: 100 ohm, ranges: [4 mA] }} }} }}\n\
                 limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\ncalibration: c.yaml\n"
            );
            let source = Source::new("b.yaml", text.as_str());
            let mut rig = Rig::read(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
            rig.certificate = Some(Certificate {
                id: "C".to_owned(),
                unit: "U".to_owned(),
                date: today(),
                due: jiff::civil::Date::MAX,
                reference: None,
                file: "c.yaml".to_owned(),
                channels: Vec::new(),
            });
            calibration(&rig).unwrap()
        };
        let (scope, board) = (look("scpi", "input: CH1, "), look("native", ""));
        assert!(scope.severity == Severity::Error && scope.found.contains("takes records"), "{scope:?}");
        assert_eq!(board.severity, Severity::Good, "{board:?}");
    }
}
