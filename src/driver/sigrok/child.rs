//! `sigrok-cli` as a child: what it writes is read by a thread of its own, so that its pipe never fills up.

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::trouble::Trouble;

/// Pieces that may wait: some 16 MB.
const WAITING: usize = 256;
const PIECE: usize = 1 << 16;
/// From the end of its output to its own: longer is no end but a hang.
const LEAVING: Duration = Duration::from_secs(1);
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(5);

/// A running `sigrok-cli`; ended when dropped.
pub(super) struct Running {
    child: Child,
    pieces: mpsc::Receiver<Vec<u8>>,
    complaint: oneshot::Receiver<String>,
    /// How it ended, once that is known.
    over: Option<Trouble>,
}

/// Runs `sigrok-cli` to its end and returns what it wrote. Call it within a runtime.
///
/// # Errors
/// [`Trouble::Silent`] when it has not ended in time; it is killed then.
pub(super) async fn output(arguments: &[String], patience: Duration) -> Result<String, Trouble> {
    output_of("sigrok-cli", arguments, patience).await
}

/// As [`output`], with another program in its place.
async fn output_of(program: &str, arguments: &[String], patience: Duration) -> Result<String, Trouble> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    // A device that does not answer can keep it for ever.
    let ended = tokio::time::timeout(patience, command.output()).await;
    let output = ended.map_err(|_| Trouble::Silent)?.map_err(missing)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.trim().is_empty() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Trouble::Refused(last_line(&complaint)));
    }
    Ok(text)
}

fn missing(error: std::io::Error) -> Trouble {
    Trouble::NotStarted(error.to_string())
}

fn last_line(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    line.trim().chars().take(160).collect()
}

impl Running {
    pub(super) fn start(arguments: &[String]) -> Result<Self, Trouble> {
        Self::start_as("sigrok-cli", arguments)
    }

    /// As [`Running::start`], with another program in its place.
    fn start_as(program: &str, arguments: &[String]) -> Result<Self, Trouble> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C is for this process alone: whether the output is off is seen by what this one writes.
            .process_group(0)
            .spawn()
            .map_err(missing)?;
        let (send, pieces) = mpsc::channel(WAITING);
        let (complain, complaint) = oneshot::channel();
        if let Some(mut out) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut buffer = vec![0; PIECE];
                while let Ok(count @ 1..) = out.read(&mut buffer) {
                    // Nobody listens any more: the child is being ended.
                    if send.blocking_send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                        return;
                    }
                }
            });
        }
        if let Some(mut err) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut text = String::new();
                // A complaint that is no text is no reason.
                let _ = err.read_to_string(&mut text);
                let _ = complain.send(last_line(&text));
            });
        }
        Ok(Self { child, pieces, complaint, over: None })
    }

    /// Waits for what comes first; `None` when nothing does.
    ///
    /// # Errors
    /// As [`Running::take`].
    pub(super) async fn first(&mut self, patience: Duration) -> Result<Option<Vec<u8>>, Trouble> {
        match tokio::time::timeout(patience, self.pieces.recv()).await {
            Ok(Some(piece)) => Ok(Some(piece)),
            Ok(None) => Err(self.ended().await),
            Err(_) => Ok(None),
        }
    }

    /// What has come; `None` when nothing has.
    ///
    /// # Errors
    /// [`Trouble::Ended`] or [`Trouble::Crashed`] with its complaint when it has ended, which it does not by itself.
    pub(super) async fn take(&mut self) -> Result<Option<Vec<u8>>, Trouble> {
        match self.pieces.try_recv() {
            Ok(piece) => Ok(Some(piece)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(self.ended().await),
        }
    }

    /// How it ended, once its output is closed, and its last words. Neither is waited for without end: the output of a stimulator may
    /// be on meanwhile.
    async fn ended(&mut self) -> Trouble {
        if let Some(over) = &self.over {
            return over.clone();
        }
        let heard = tokio::time::timeout(LEAVING, &mut self.complaint).await;
        let words = heard.ok().and_then(Result::ok).unwrap_or_else(|| last_line(""));
        let status = tokio::time::timeout(LEAVING, async {
            loop {
                match self.child.try_wait() {
                    Ok(None) => tokio::time::sleep(LOOK).await,
                    Ok(Some(status)) => return Some(status),
                    Err(_) => return None,
                }
            }
        });
        // One that stays is ended when this is dropped.
        let over = match status.await {
            Ok(Some(status)) if status.signal().is_some() => Trouble::Crashed(words),
            _ => Trouble::Ended(words),
        };
        self.over = Some(over.clone());
        over
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and with a signal of its own at that: nothing of it matters any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// What a shell that stands for `sigrok-cli` comes to.
    fn came_to(script: &str) -> Trouble {
        let arguments = ["-c", script].map(str::to_owned);
        let mut running = Running::start_as("sh", &arguments).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let trouble = runtime.block_on(running.first(Duration::from_secs(60))).unwrap_err();
        // Whoever asks again, as every end of a case does, is told the same.
        assert_eq!(runtime.block_on(running.take()), Err(trouble.clone()));
        trouble
    }

    #[test]
    fn a_crash_is_told_from_an_end_by_how_it_ended_not_by_what_it_said() {
        let said = "echo sigrok-cli has crashed >&2;";
        let words = || "sigrok-cli has crashed".to_owned();
        assert_eq!(came_to(&format!("{said} exit 1")), Trouble::Ended(words()));
        assert_eq!(came_to(&format!("{said} kill -ABRT $$")), Trouble::Crashed(words()));
        assert_eq!(came_to("exit 0"), Trouble::Ended("it said nothing".to_owned()));
    }

    #[test]
    fn one_that_closes_its_output_and_stays_is_not_waited_for() {
        let begun = Instant::now();
        // With its last words, or while they may still come.
        for script in ["exec sleep 600 >&- 2>&-", "exec sleep 600 >&-"] {
            assert_eq!(came_to(script), Trouble::Ended("it said nothing".to_owned()), "{script}");
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }

    /// What a shell that stands for `sigrok-cli` wrote until it ended.
    fn wrote(script: &str, patience: Duration) -> Result<String, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let arguments = ["-c", script].map(str::to_owned);
        runtime.block_on(output_of("sh", &arguments, patience))
    }

    #[test]
    fn one_that_does_not_end_is_killed_and_named() {
        let minute = Duration::from_secs(60);
        assert_eq!(wrote("echo demo", minute), Ok("demo\n".to_owned()));
        assert_eq!(wrote("echo no device >&2", minute), Err(Trouble::Refused("no device".to_owned())));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let begun = Instant::now();
        let script = format!("echo $$ > {}; exec sleep 60", file.display());
        assert_eq!(wrote(&script, Duration::from_millis(500)), Err(Trouble::Silent));
        // Gone, or dead and not yet buried; one that had not even begun has written no number.
        let pid = std::fs::read_to_string(&file).unwrap_or_default();
        let stat = std::path::Path::new("/proc").join(format!("{}/stat", pid.trim()));
        let runs = || std::fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z "));
        while !pid.trim().is_empty() && runs() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{pid} goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    /// What a terminal sends with Ctrl-C goes to its whole group.
    #[test]
    fn it_leads_a_process_group_of_its_own() {
        let script = "read -r pid name state parent group rest < /proc/$$/stat; echo $((group - $$)) >&2";
        assert_eq!(came_to(script), Trouble::Ended("0".to_owned()));
    }

    #[test]
    fn a_program_that_is_not_there_is_one_that_cannot_be_started() {
        let missing = Running::start_as("no-such-sigrok-cli", &[]);
        assert!(matches!(missing, Err(Trouble::NotStarted(_))));
    }
}
