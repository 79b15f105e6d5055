//! What a run says when somebody else is on the stimulator's port: exit 3, the name of the trouble, and a bench that is safe.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use stimrig::driver::port::{Line, open};
use stimrig::instrument::InstrumentFault;
use stimrig::rig::Port;
use stimrig_protocol::stimulator::{Refusal, Reply};
use stimrig_protocol::{Decoder, Kind, MESSAGE_FRAME, encode_message};

use crate::bench_on_ports::SimBench;
use crate::command::run;

/// Somebody on a pseudo-terminal: answers what it reads, on a thread of its own, until the host closes it.
pub fn device(mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> PathBuf {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let host = ioctl_tiocgptpeer(&master, flags).unwrap();
    let mut settings = tcgetattr(&host).unwrap();
    settings.make_raw();
    tcsetattr(&host, OptionalActions::Now, &settings).unwrap();
    let path = PathBuf::from(ptsname(&master, Vec::new()).unwrap().into_string().unwrap());
    rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK | OFlags::RDWR).unwrap();
    std::thread::spawn(move || {
        // Held open, so that nobody being there yet is no hang-up.
        let _host = host;
        let mut buffer = [0; 4096];
        loop {
            let count = rustix::io::read(master.as_fd(), &mut buffer).unwrap_or(0);
            let said = answer(&buffer[..count]);
            let _ = rustix::io::write(&master, &said);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    path
}

/// A run whose stimulator is at `port`: its case.
fn run_with(port: &str) -> serde_json::Value {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    let own = format!("pty: \"{}\"", bench.path("stimulator").display());
    let rig = bench.changed(&own, port);
    let (exit, mut record) = run(&["--rig", rig.to_str().unwrap(), "scenarios/timing/rate.yaml#1"]);
    assert_eq!((exit, &record["safe_state"]), (3, &"confirmed".into()), "{record:#}");
    record["cases"][0].take()
}

fn reason_with(port: &str) -> String {
    run_with(port)["reason"].as_str().unwrap().to_owned()
}

fn pty(path: PathBuf) -> String {
    format!("pty: \"{}\"", path.display())
}

#[test]
fn an_echo_and_a_modem_are_told_from_silence() {
    let echo = reason_with(&pty(device(<[u8]>::to_vec)));
    assert!(echo.contains("sends back what it is sent"), "{echo}");
    let modem =
        reason_with(&pty(device(|said| if said.is_empty() { vec![] } else { b"\r\nERROR\r\n".to_vec() })));
    assert!(modem.contains("another protocol: `\\r\\nERROR\\r\\n"), "{modem}");
    assert!(modem.contains("stimrig scan"), "{modem}");
    let silence = reason_with(&pty(device(|_| Vec::new())));
    assert!(silence.contains("no answer within the deadline") && silence.contains("powered"), "{silence}");
}

#[test]
fn noise_and_another_version_are_named() {
    // As much as the terminal takes.
    let noise: Vec<u8> = (0..8192_u32).map(|k| (k.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise = reason_with(&pty(device(move |_| noise.clone())));
    assert!(noise.contains("another protocol"), "{noise}");
    let mut decoder = Decoder::new(vec![0; 4096]);
    let other = reason_with(&pty(device(move |said| {
        decoder.push(said);
        let mut answers = Vec::new();
        while let Some(frame) = decoder.pull() {
            let mut buffer = [0; MESSAGE_FRAME];
            let reply = Reply::Refused(Refusal::Version);
            let length = encode_message(&mut buffer, Kind::StimulatorReply, frame.sequence, &reply).unwrap();
            answers.extend_from_slice(&buffer[..length]);
        }
        answers
    })));
    assert!(other.contains("protocol versions differ") && other.contains("flash the firmware"), "{other}");
}

#[test]
fn a_socket_is_a_port_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut host, _) = listener.accept().unwrap();
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = host.read(&mut buffer) {
            host.write_all(&buffer[..count]).unwrap();
        }
    });
    let echo = reason_with(&format!("tcp: \"{address}\""));
    assert!(echo.contains("sends back what it is sent"), "{echo}");
}

#[test]
fn a_port_that_is_missing_or_held_is_named_with_its_holder() {
    let missing = reason_with("path: /dev/serial/by-id/usb-nobody-if00");
    assert!(
        missing.contains("there is no /dev/serial/by-id/usb-nobody-if00") && missing.contains("stimrig scan"),
        "{missing}"
    );
    let path = device(|_| Vec::new());
    let held = fs::File::options().read(true).write(true).open(&path).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let held = reason_with(&pty(path));
    let own = std::process::id().to_string();
    assert!(held.contains("another program holds the port") && held.contains(&own), "{held}");
}

#[test]
fn an_instrument_gets_each_command_in_one_write_and_late_answers_are_nobodys() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("usbtmc0");
    // It answers the second command at once, the first never.
    let target =
        device(|said| if said.starts_with(b"*IDN?") { b"MAKER,MODEL,1,2\n".to_vec() } else { Vec::new() });
    std::os::unix::fs::symlink(target, &link).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let port = Port::Path(link.display().to_string());
        let mut port = open(&port, "load", Line::default()).unwrap();
        let mut buffer = [0; 64];
        let soon = port.now();
        assert_eq!(port.read(&mut buffer, soon).await, Err(InstrumentFault::Timeout));
        port.write_all(b"*IDN?\n").await.unwrap();
        let deadline = port.now() + 5_000_000_000;
        let count = port.read(&mut buffer, deadline).await.unwrap();
        assert_eq!(&buffer[..count], b"MAKER,MODEL,1,2\n");
    });
}
