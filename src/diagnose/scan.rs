//! Who is behind each port: the devices are asked, whatever the ports are called.

use std::path::PathBuf;
use std::time::Duration;

use crate::driver::port::{self, Line};
use crate::driver::{native, pulse_pal, science_mode, stimjim};
use crate::instrument::{
    InstrumentError, InstrumentFault, Load as _, LoadIdentity, Port, Stimulator as _, StimulatorIdentity,
};
use crate::machine::{HardwarePort, Machine, PortKind};
use crate::phantom::Phantom;
use crate::rig::{self, Driver, Pairs};

/// Patience with `*IDN?`, ns: oscilloscopes take their time.
const IDN_PATIENCE: u64 = 500_000_000;

/// A port is closed on its runtime's next turn: so long before it is opened again.
const BETWEEN: Duration = Duration::from_millis(20);

/// What a port answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A stimulator, and the driver that speaks its protocol.
    Stimulator {
        /// As a rig file names it.
        driver: Driver,
        /// What it says of itself.
        identity: StimulatorIdentity,
    },
    /// A load that speaks the protocol of `hardware/protocol`.
    Load(LoadIdentity),
    /// An instrument that answers `*IDN?`, with what it says.
    Instrument(String),
    /// Something answered, in another protocol.
    Unknown(String),
    /// Nothing answered.
    Silence,
    /// It cannot be opened, and what to do.
    Closed(InstrumentError),
}

/// A port and who is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// How a rig file names it.
    pub port: rig::Port,
    /// One line about it.
    pub about: String,
    /// Who is there.
    pub answer: Answer,
    /// Other ports that carry the same serial number.
    pub doubles: Vec<PathBuf>,
}

/// Asks every port of the computer, unless `only` those named besides are wanted, who is there. Nothing is started by being
/// asked. `hold` keeps others from a port while it is asked; one that is somebody's is not asked: a question would disturb a run.
pub async fn scan<Held>(
    machine: &Machine,
    besides: &[rig::Port],
    only: bool,
    hold: impl Fn(&rig::Port) -> Result<Held, InstrumentError>,
) -> Vec<Scanned> {
    let hardware = if only { Vec::new() } else { machine.ports() };
    let mut scanned = Vec::new();
    for found in &hardware {
        let (port, doubles) = named(found, &hardware);
        let by_node = rig::Port::Path(found.node.display().to_string());
        let answer = held(&hold, machine, &by_node, found.kind).await;
        scanned.push(Scanned { port, about: found.describe(), answer, doubles });
    }
    for port in besides {
        let about = match port {
            rig::Port::SerialNumber(name)
            | rig::Port::Path(name)
            | rig::Port::Pty(name)
            | rig::Port::Tcp(name) => name.clone(),
        };
        let answer = held(&hold, machine, port, kind_of(port)).await;
        scanned.push(Scanned { port: port.clone(), about, answer, doubles: Vec::new() });
    }
    scanned
}

/// What kind a port is that was named: an instrument on USBTMC is asked nothing but who it is, however it is found. The bytes of
/// another protocol are commands to it, and each answer that it does not give keeps its file for seconds.
fn kind_of(port: &rig::Port) -> PortKind {
    let rig::Port::Path(path) = port else { return PortKind::Serial };
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    let name = whole.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.starts_with("usbtmc") { PortKind::Usbtmc } else { PortKind::Serial }
}

/// How to name a port so that it is found again: by its serial number where that is its alone, else by a stable link.
fn named(found: &HardwarePort, all: &[HardwarePort]) -> (rig::Port, Vec<PathBuf>) {
    let path = || rig::Port::Path(found.stable_path().display().to_string());
    let Some(number) = &found.serial_number else { return (path(), Vec::new()) };
    let doubles =
        all.iter().filter(|other| other.node != found.node && other.serial_number.as_ref() == Some(number));
    let doubles: Vec<_> = doubles.map(|other| other.node.clone()).collect();
    if !doubles.is_empty() {
        return (path(), doubles);
    }
    match found.kind {
        PortKind::Serial => (rig::Port::SerialNumber(number.clone()), doubles),
        PortKind::Usbtmc => (path(), doubles),
    }
}

/// Asks a port that is nobody's meanwhile.
async fn held<Held>(
    hold: impl Fn(&rig::Port) -> Result<Held, InstrumentError>,
    machine: &Machine,
    port: &rig::Port,
    kind: PortKind,
) -> Answer {
    match hold(port) {
        Ok(_until_it_has_answered) => ask(machine, port, kind).await,
        Err(error) => Answer::Closed(error),
    }
}

/// Asks a port, in an order in which no question can make a stimulator stimulate: those come first that a device of somebody
/// else's would take for a command of its own if it heard the frames of the native protocol, and each is asked in its own words
/// for something that changes nothing. Whoever has answered is asked nothing more; the serial line is opened anew for each.
async fn ask(machine: &Machine, port: &rig::Port, kind: PortKind) -> Answer {
    let asking = Asking { machine, port };
    match asking.open(Line::default()) {
        Err(error) => Answer::Closed(error),
        Ok(opened) if kind == PortKind::Usbtmc => instrument(opened).await.unwrap_or(Answer::Silence),
        // One that cannot be opened any more is as good as silent.
        Ok(opened) => asking.in_turn(opened).await.unwrap_or(Answer::Silence),
    }
}

/// A port that is being asked.
struct Asking<'a> {
    machine: &'a Machine,
    port: &'a rig::Port,
}

impl Asking<'_> {
    fn open(&self, line: Line) -> Result<Box<dyn Port>, InstrumentError> {
        port::open_on(self.machine, self.port, "port", line)
    }

    async fn again(&self, line: Line) -> Result<Box<dyn Port>, InstrumentError> {
        tokio::time::sleep(BETWEEN).await;
        self.open(line)
    }

    async fn in_turn(&self, opened: Box<dyn Port>) -> Result<Answer, InstrumentError> {
        let nobody = nobody();
        let pairs = || Pairs::of(&[], &nobody);
        let usual = Line::default();
        let found = |driver, identity| Ok(Answer::Stimulator { driver, identity });
        // Two bytes, of which no other device makes anything.
        if let Ok(identity) = pulse_pal::Stimulator::new(opened, pairs(), 1.0, 0.0).recognise().await {
            return found(Driver::PulsePal, identity);
        }
        let opened = self.again(usual).await?;
        if let Ok(identity) = stimjim::Stimulator::new(opened, pairs(), 0.0).recognise().await {
            return found(Driver::Stimjim, identity);
        }
        let opened = self.again(usual).await?;
        let said = match native::Stimulator::new(opened, &nobody, 0.0).identify().await {
            Ok(identity) => return found(Driver::Native, identity),
            Err(error) => error.fault,
        };
        let opened = self.again(usual).await?;
        if let Ok(identity) = native::Load::new(opened, &nobody).identify().await {
            return Ok(Answer::Load(identity));
        }
        // Not every adapter is fast enough.
        if let Ok(opened) = self.again(science_mode::LINE).await
            && let Ok(identity) = science_mode::Stimulator::new(opened, pairs(), 0.0).recognise().await
        {
            return found(Driver::ScienceMode, identity);
        }
        let text = instrument(self.again(usual).await?).await;
        Ok(match (text, said) {
            (Some(found @ Answer::Instrument(_)), _) => found,
            (found, InstrumentFault::Timeout) => found.unwrap_or(Answer::Silence),
            (_, fault) => Answer::Unknown(fault.to_string()),
        })
    }
}

/// Wired to nothing: only who it is is asked.
fn nobody() -> Phantom {
    Phantom {
        name: String::new(),
        hash: String::new(),
        nodes: Vec::new(),
        contacts: Vec::new(),
        elements: Vec::new(),
        senses: Vec::new(),
        areas: Vec::new(),
        source: None,
    }
}

/// Asks `*IDN?`, which instruments with a command language answer with four fields. `None` if nothing is said.
async fn instrument(mut port: Box<dyn Port>) -> Option<Answer> {
    port.write_all(b"*IDN?\n").await.ok()?;
    let deadline = port.now().saturating_add(IDN_PATIENCE);
    let (mut answer, mut buffer) = (Vec::new(), [0; 256]);
    while !answer.contains(&b'\n') && answer.len() < 1024 {
        match port.read(&mut buffer, deadline).await {
            Ok(count) => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer).trim().to_owned();
    // Maker, model, serial number, version: an echo or a modem has not that many.
    let printable = text.chars().all(|c| !c.is_control());
    if printable && text.split(',').count() >= 3 && !text.contains('?') {
        return Some(Answer::Instrument(text));
    }
    (!text.is_empty()).then(|| Answer::Unknown(format!("it answers `{}` to *IDN?", text.escape_debug())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_on_usbtmc_is_known_by_its_node_and_by_a_link_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (node, link) = (folder.path().join("usbtmc0"), folder.path().join("scope"));
        std::fs::write(&node, "").unwrap();
        std::os::unix::fs::symlink(&node, &link).unwrap();
        let kind = |path: &std::path::Path| kind_of(&rig::Port::Path(path.display().to_string()));
        assert_eq!((kind(&node), kind(&link)), (PortKind::Usbtmc, PortKind::Usbtmc));
        assert_eq!(kind(&folder.path().join("ttyS0")), PortKind::Serial);
        assert_eq!(kind_of(&rig::Port::Tcp("usbtmc0:5025".to_owned())), PortKind::Serial);
    }
}
