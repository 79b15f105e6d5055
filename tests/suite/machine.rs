//! Ports, permissions and remedies on computers that are made up in a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use stimrig::diagnose::{Circumstances, Finding, Severity, examine};
use stimrig::driver::port::find;
use stimrig::machine::{Machine, PortKind};
use stimrig::rig::{Port, Rig};
use stimrig::source::Source;

/// A computer in a folder.
struct MadeUp(tempfile::TempDir);

impl MadeUp {
    fn new() -> Self {
        let computer = Self(tempfile::tempdir().unwrap());
        for folder in
            ["dev/serial/by-id", "dev/serial/by-path", "sys/class/tty", "sys/class/usbmisc", "proc", "etc"]
        {
            fs::create_dir_all(computer.0.path().join(folder)).unwrap();
        }
        computer
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A board with a serial port on USB, as the kernel shows one.
    fn plug(&self, place: &str, node: &str, serial: &str) {
        let device = format!("sys/devices/pci0/usb1/{place}");
        self.write(&format!("{device}/idVendor"), "16c0\n");
        self.write(&format!("{device}/idProduct"), "0483\n");
        self.write(&format!("{device}/serial"), &format!("{serial}\n"));
        self.write(&format!("{device}/manufacturer"), "Teensyduino\n");
        self.write(&format!("{device}/product"), "USB Serial\n");
        let interface = format!("{device}/{place}:1.0");
        self.write(&format!("{interface}/bInterfaceNumber"), "00\n");
        let class = if node.starts_with("usbtmc") { "usbmisc" } else { "tty" };
        let entry = self.0.path().join(&interface).join(class).join(node);
        fs::create_dir_all(&entry).unwrap();
        symlink(self.0.path().join(&interface), entry.join("device")).unwrap();
        symlink(&entry, self.0.path().join("sys/class").join(class).join(node)).unwrap();
        self.write(&format!("dev/{node}"), "");
        let bus = self.0.path().join("sys/bus/usb/devices");
        fs::create_dir_all(&bus).unwrap();
        symlink(self.0.path().join(&device), bus.join(place)).unwrap();
        let by_path = self.0.path().join(format!("dev/serial/by-path/pci-usb-{place}"));
        symlink(self.0.path().join("dev").join(node), by_path).unwrap();
    }

    fn machine(&self) -> Machine {
        Machine::at(self.0.path())
    }
}

fn serial(number: &str) -> Port {
    Port::SerialNumber(number.to_owned())
}

#[test]
fn a_board_is_found_by_its_serial_number_whatever_its_node_is_called() {
    let computer = MadeUp::new();
    computer.plug("1-1", "ttyACM3", "STIM-0042");
    computer.plug("1-2", "ttyACM0", "LOAD-0007");
    computer.plug("1-3", "usbtmc0", "DS1ZA1");
    let machine = computer.machine();
    let ports = machine.ports();
    assert_eq!(ports.len(), 3);
    assert_eq!((ports[2].kind, ports[1].interface), (PortKind::Usbtmc, Some(0)));
    assert_eq!(
        ports[1].describe(),
        "/dev/ttyACM3 Teensyduino USB Serial [16c0:0483] serial number STIM-0042"
    );
    assert_eq!(find(&machine, &serial("STIM-0042")).unwrap(), machine.path("/dev/ttyACM3"));
    let missing = find(&machine, &serial("STIM-0043")).unwrap_err();
    assert!(
        missing.found().contains("no device has serial number STIM-0043; plugged in: LOAD-0007, STIM-0042"),
        "{missing}"
    );
}

#[test]
fn two_devices_with_one_serial_number_are_an_error_that_lists_both() {
    let computer = MadeUp::new();
    computer.plug("1-1", "ttyACM0", "0001");
    computer.plug("1-2", "ttyACM1", "0001");
    let trouble = find(&computer.machine(), &serial("0001")).unwrap_err();
    assert_eq!(
        trouble.found(),
        "2 ports have serial number 0001: /dev/serial/by-path/pci-usb-1-1, /dev/serial/by-path/pci-usb-1-2"
    );
    assert!(trouble.next().contains("`path`"));
}

const RIG: &str = "version: 1
name: made-up
stimulator: { driver: native, port: { serial_number: STIM-0042 }, cap: 10 mA }
load: { driver: native, port: { serial_number: LOAD-0007 }, channels: { e1: { quantity: current, ranges: [4 mA] } } }
probe: { selector: \"0d28:0204:P1\", chip: nRF52840_xxAA }
phantoms: { slot1: r1k }
limits: { amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }
";

fn examined(computer: &MadeUp, rig: &str) -> Vec<Finding> {
    let rig = Rig::read(&Source::new("made-up.yaml", rig)).unwrap();
    let runs = computer.0.path().join("runs");
    examine(&computer.machine(), Some(&rig), &Circumstances { runs, ..Circumstances::default() })
}

fn about<'a>(findings: &'a [Finding], subject: &str) -> &'a Finding {
    findings
        .iter()
        .find(|finding| finding.subject == subject)
        .unwrap_or_else(|| panic!("{subject}: {findings:#?}"))
}

#[test]
fn the_doctor_finds_nothing_on_a_good_bench_and_each_thing_that_is_wrong() {
    let computer = MadeUp::new();
    computer.plug("1-1", "ttyACM3", "STIM-0042");
    computer.plug("1-2", "ttyACM0", "LOAD-0007");
    computer.write("sys/bus/usb/devices/1-9/idVendor", "0d28\n");
    computer.write("sys/bus/usb/devices/1-9/idProduct", "0204\n");
    computer.write("sys/bus/usb/devices/1-9/serial", "P1\n");
    computer.write("etc/udev/rules.d/69-stimrig.rules", "ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n");
    computer.write("proc/812/comm", "ModemManager\n");
    let good = examined(&computer, RIG);
    assert!(good.iter().all(|finding| finding.severity == Severity::Good), "{good:#?}");
    // Each of them gone, or in the way.
    fs::remove_file(computer.0.path().join("etc/udev/rules.d/69-stimrig.rules")).unwrap();
    fs::remove_dir_all(computer.0.path().join("sys/bus/usb/devices/1-9")).unwrap();
    let held = computer.0.path().join("proc/4711/fd");
    fs::create_dir_all(&held).unwrap();
    computer.write("proc/4711/comm", "minicom\n");
    symlink("/dev/ttyACM3", held.join("5")).unwrap();
    let rig = RIG.replace("LOAD-0007", "LOAD-0008") + "calibration: gone.yaml\n";
    let wrong = examined(&computer, &rig);
    let stimulator = about(&wrong, "stimulator");
    assert_eq!(stimulator.found, "/dev/ttyACM3 is held by minicom (process 4711)");
    assert!(about(&wrong, "load").found.contains("no device has serial number LOAD-0008"));
    assert!(about(&wrong, "debug probe").found.contains("not plugged in"));
    assert!(about(&wrong, "calibration").found.contains("cannot be read"));
    for subject in ["udev rules", "ModemManager"] {
        assert_eq!(about(&wrong, subject).severity, Severity::Warning);
    }
    assert!(wrong.iter().all(|finding| (finding.severity == Severity::Good) == finding.remedy.is_none()));
}

#[test]
fn the_doctor_names_ports_that_cannot_be_opened_where_no_rig_is_named_too() {
    let computer = MadeUp::new();
    computer.plug("1-1", "ttyACM3", "STIM-0042");
    computer.plug("1-2", "ttyACM0", "LOAD-0007");
    let ports = || {
        let all = examine(&computer.machine(), None, &Circumstances::default());
        all.into_iter().filter(|finding| finding.subject == "ports").collect::<Vec<_>>()
    };
    assert!(ports().len() == 1 && ports()[0].severity == Severity::Good, "{:#?}", ports());
    // Nothing is forbidden to root, who can open as little what is not there.
    fs::remove_file(computer.0.path().join("dev/ttyACM3")).unwrap();
    let found = ports();
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].severity == Severity::Good && found[0].found.contains("LOAD-0007"), "{found:#?}");
    assert!(
        found[1].severity == Severity::Warning && found[1].found.contains("may not be opened"),
        "{found:#?}"
    );
    assert!(found[1].remedy.is_some());
}

/// `stimrig doctor` and `stimrig rigs` on a rig of this computer: what they say, and their exit codes.
#[test]
fn locks_and_calibrations_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("made-up.yaml");
    let text = RIG.replace("serial_number: STIM-0042", "tcp: '127.0.0.1:9'").replace("probe:", "# probe:");
    fs::write(&rig, text + "calibration: cal.yaml\n").unwrap();
    let calibrated = |due: &str| {
        let head = "version: 1\ncertificate: CAL-7\nunit: \"00\"\ndate: 2020-01-01\n";
        fs::write(folder.path().join("cal.yaml"), format!("{head}due: {due}\nchannels: []\n")).unwrap();
    };
    let said = |command: &str| {
        let mut stimrig = crate::command::stimrig();
        stimrig.arg(command).args(if command == "doctor" { &["--rig"][..] } else { &[] }).arg(&rig);
        let output = stimrig.env("STIMRIG_LOCK_DIR", folder.path().join("locks")).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let in_days = |days: i64| {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        today.checked_add(jiff::ToSpan::days(days)).unwrap().to_string()
    };
    for (days, doctor, rigs) in [
        (400, "ok       calibration: CAL-7 is due on", "for 400 d"),
        (9, "warning  calibration: CAL-7 is due on", "for 9 d"),
        (-3, "ERROR    calibration: CAL-7 was due on", "EXPIRED 3 d ago"),
    ] {
        calibrated(&in_days(days));
        assert!(said("doctor").contains(doctor), "{days}: {}", said("doctor"));
        assert!(said("rigs").contains(rigs), "{days}: {}", said("rigs"));
    }
    assert!(said("doctor").contains("ok       lock: nobody has the rig"), "{}", said("doctor"));
    // Somebody has it, and then somebody was killed.
    let safe = || {
        let mut stimrig = crate::command::stimrig();
        stimrig.args(["safe", "--rig"]).arg(&rig).arg("--runs").arg(folder.path().join("runs"));
        stimrig.env("STIMRIG_LOCK_DIR", folder.path().join("locks")).output().unwrap()
    };
    assert_eq!(safe().status.code(), Some(6));
    let locks: Vec<_> = fs::read_dir(folder.path().join("locks")).unwrap().flatten().collect();
    let lock =
        locks.iter().find(|lock| lock.file_name().to_string_lossy().contains("localhost")).unwrap().path();
    let holder = "{\"pid\":4242,\"user\":\"ada\",\"host\":\"bench\",\"rig\":\"made-up\",\"command\":\"stimrig run\",\"since\":\"2026-01-02T03:04:05Z\",\"run\":\"/runs/one\"}\n";
    fs::write(&lock, holder).unwrap();
    let left = said("doctor");
    assert!(
        left.contains("warning  lock: /runs/one left the rig") && left.contains("stimrig safe --rig"),
        "{left}"
    );
    let file = fs::File::open(&lock).unwrap();
    file.lock().unwrap();
    let held = said("doctor");
    assert!(
        held.contains("ERROR    lock: rig `made-up` is in use") && held.contains("process 4242 of ada"),
        "{held}"
    );
    assert!(said("rigs").contains("ada (process 4242, since 2026-01-02T03:04:05Z)"), "{}", said("rigs"));
}

#[test]
fn a_scope_that_ties_the_return_to_earth_is_noticed() {
    let computer = MadeUp::new();
    let scope = |channel: &str| {
        let load = "load: { driver: native, port: { serial_number: LOAD-0007 }, channels: { e1: { quantity: current, ranges: [4 mA] } } }";
        let load_with = format!(
            "load: {{ driver: scpi, port: {{ tcp: \"10.0.0.1:5555\" }}, channels: {{ e1: {channel} }} }}"
        );
        examined(&computer, &RIG.replace(load, &load_with))
    };
    let tied = scope("{ quantity: current, input: CH1, shunt: 100 ohm, ranges: [4 mA] }");
    assert_eq!(about(&tied, "return to earth").severity, Severity::Warning);
    let floating = scope("{ quantity: current, plus: CH1, minus: CH2, shunt: 100 ohm, ranges: [4 mA] }");
    assert_eq!(about(&floating, "return to earth").severity, Severity::Good);
}

#[test]
fn a_port_that_may_not_be_opened_says_who_may() {
    let computer = MadeUp::new();
    computer.write("etc/group", "root:x:0:\n");
    computer.write("dev/ttyACM0", "");
    let gid = std::os::unix::fs::MetadataExt::gid(&fs::metadata(computer.0.path()).unwrap());
    computer.write("etc/group", &format!("dialout:x:{gid}:\n"));
    let remedy = computer.machine().permission_remedy(Path::new("/dev/ttyACM0"));
    assert!(remedy.contains("69-stimrig.rules"), "{remedy}");
    assert_eq!(computer.machine().group_of(Path::new("/dev/ttyACM0")).as_deref(), Some("dialout"));
}

#[test]
fn every_example_bench_can_be_read() {
    let files = fs::read_dir("rig").unwrap().map(|entry| entry.unwrap().path());
    let benches: Vec<_> = files.filter(|path| path.display().to_string().starts_with("rig/bench-")).collect();
    assert!(benches.len() >= 4, "{benches:?}");
    for file in benches {
        let name = file.display().to_string();
        let rig = Rig::read(&Source::new(&name, &fs::read_to_string(&file).unwrap()));
        let rig = rig.unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        assert!(!rig.is_simulated() && !rig.phantoms.is_empty(), "{name}");
        assert_eq!(format!("rig/{}.yaml", rig.name), name);
    }
}
