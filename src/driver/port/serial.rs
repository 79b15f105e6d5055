//! Serial lines and pseudo-terminals.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Access, OFlags, major};
use rustix::termios::ioctl_tiocnxcl;
use tokio_serial::{
    ClearBuffer, DataBits, ErrorKind, FlowControl, Parity, SerialPort, SerialStream, StopBits,
};

use crate::instrument::Port;
use crate::machine::Machine;

use super::Line;
use super::stream::StreamPort;
use super::trouble::Trouble;

/// Opens a terminal device for this program alone. Modem lines, which a pseudo-terminal does not have, are left alone.
pub(super) fn open(machine: &Machine, path: &Path, line: Line) -> Result<Box<dyn Port>, Trouble> {
    // What the operating system says about the path is clearer than what the library makes of it.
    rustix::fs::access(path, Access::READ_OK | Access::WRITE_OK)
        .map_err(|error| Trouble::of_path(machine, path, &error.into()))?;
    let settings = tokio_serial::new(path.to_string_lossy(), line.baud)
        .data_bits(DataBits::Eight)
        .stop_bits(if line.two_stop_bits { StopBits::Two } else { StopBits::One })
        .flow_control(if line.handshake { FlowControl::Hardware } else { FlowControl::None })
        .parity(if line.even_parity { Parity::Even } else { Parity::None });
    let handle =
        pseudo_terminal(path).transpose().map_err(|error| Trouble::of_path(machine, path, &error))?;
    let stream = SerialStream::open(&settings).map_err(|error| match error.kind() {
        ErrorKind::NoDevice => Trouble::busy(machine, path),
        ErrorKind::Io(kind) => Trouble::of_path(machine, path, &kind.into()),
        _ => Trouble::of_path(machine, path, &std::io::Error::other(error.to_string())),
    })?;
    // The lock on the file stays: it keeps other runs away, and ends with its process. One that cannot be lifted is no worse
    // than it was.
    let _lifted = handle.map(ioctl_tiocnxcl);
    // What was sent to whoever had the port before. A device that has no queue to clear has nothing stale in it.
    let _ = stream.clear(ClearBuffer::All);
    Ok(Box::new(StreamPort::new(stream)))
}

/// Another handle on a pseudo-terminal, with which the exclusive mode that the library sets is lifted; `None` for a device.
///
/// The mode of a device ends when it is closed for the last time. That of a pseudo-terminal lasts as long as the program at its
/// other end: after a run that was killed, nobody but root could open it again, to make the bench safe least of all.
fn pseudo_terminal(path: &Path) -> Option<std::io::Result<File>> {
    // The major numbers of Unix98 pseudo-terminals (Linux, devices.txt).
    let is_one = std::fs::metadata(path).is_ok_and(|node| (136..=143).contains(&major(node.rdev())));
    let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed();
    is_one.then(|| File::options().read(true).write(true).custom_flags(flags).open(path))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use rustix::fs::{FlockOperation, flock};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// As nobody, for whom an exclusive mode counts; whoever may not become nobody counts as they are.
    fn opens(path: &Path) -> bool {
        let command = || {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("exec 3<> {}", path.display())).stderr(Stdio::null());
            command
        };
        command().uid(65534).gid(65534).status().or_else(|_| command().status()).unwrap().success()
    }

    /// Whoever is killed lifts nothing: so nothing may be left that has to be lifted.
    #[tokio::test]
    async fn a_pseudo_terminal_can_be_opened_after_whoever_was_killed() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let path = PathBuf::from(name.to_str().unwrap());
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        assert!(opens(&path), "before anybody has it");
        let _held =
            open(&Machine::here(), &path, Line::default()).unwrap_or_else(|trouble| panic!("{trouble}"));
        assert!(opens(&path), "its exclusive mode would outlive whoever is killed");
        // Another run is kept away all the same.
        let other = File::options().read(true).write(true).open(&path).unwrap();
        assert!(flock(&other, FlockOperation::NonBlockingLockExclusive).is_err());
    }
}
