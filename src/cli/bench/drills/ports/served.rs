//! A bench that is served by a process of its own, and the bystander beside it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::itself::itself;
use crate::sim::Look;

/// Patience with a bench that is to be served, and with its answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A served bench; it ends when this is dropped.
pub(super) struct Bench {
    child: Child,
    folder: PathBuf,
    bystander: File,
}

impl Bench {
    /// Serves the default bench in a folder.
    pub(super) fn serve(folder: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("a served bench: {error}");
        let mut command = itself().map_err(failed)?;
        command.args(["sim", "-q", "--dir"]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let began = Instant::now();
        while !folder.join("rig.yaml").exists() {
            if began.elapsed() > PATIENCE || !matches!(child.try_wait(), Ok(None)) {
                let _ = child.kill();
                let _ = child.wait();
                return Err("`stimrig sim` did not serve its bench".to_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // A terminal of somebody else's is not to become this process's own.
        let no_own = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let path = folder.join("bystander");
        let bystander =
            File::options().read(true).write(true).custom_flags(no_own).open(path).map_err(failed)?;
        Ok(Self { child, folder: folder.to_owned(), bystander })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its rig file.
    pub(super) fn rig(&self) -> PathBuf {
        self.folder.join("rig.yaml")
    }

    /// Looks at the output.
    pub(super) fn look(&mut self) -> Result<Look, String> {
        let answer = self.ask("look")?;
        serde_json::from_str(&answer).map_err(|error| format!("the bystander said `{answer}`: {error}"))
    }

    /// Tells the bystander to do something.
    pub(super) fn tell(&mut self, what: &str) -> Result<(), String> {
        let answer = self.ask(what)?;
        if answer == "ok" { Ok(()) } else { Err(format!("the bystander answers `{answer}` to `{what}`")) }
    }

    fn ask(&mut self, line: &str) -> Result<String, String> {
        let failed = |error: std::io::Error| format!("the bystander: {error}");
        self.bystander.write_all(format!("{line}\n").as_bytes()).map_err(failed)?;
        let (mut answer, mut buffer) = (Vec::new(), [0; 512]);
        while !answer.contains(&b'\n') {
            let mut fds = [PollFd::new(&self.bystander, PollFlags::IN)];
            let patience = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
            if poll(&mut fds, Some(&patience)) == Ok(0) {
                return Err("the bystander does not answer".to_owned());
            }
            match self.bystander.read(&mut buffer).map_err(failed)? {
                0 => return Err("the served bench has ended".to_owned()),
                count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
