//! How long the threads of a process were ready and had no processor, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the kernel is asked.
const EACH: Duration = Duration::from_millis(10);

/// Watches a process while it lives.
pub(super) struct Turns {
    ended: Arc<AtomicBool>,
    watching: Option<JoinHandle<u64>>,
}

impl Turns {
    /// Watches from now on.
    pub(super) fn watch(process: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let watching = std::thread::spawn(move || {
            let (mut known, mut longest) = (BTreeMap::new(), 0);
            while !end.load(Ordering::SeqCst) {
                longest = longest.max(look(process, &mut known));
                std::thread::sleep(EACH);
            }
            longest
        });
        Self { ended, watching: Some(watching) }
    }

    /// The longest that one of its threads waited between two looks, s: no single wait was longer. 0 where the kernel does not
    /// count.
    pub(super) fn end(mut self) -> f64 {
        self.ended.store(true, Ordering::SeqCst);
        let longest = self.watching.take().and_then(|watching| watching.join().ok());
        Duration::from_nanos(longest.unwrap_or(0)).as_secs_f64()
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

/// The most that a thread has waited since it was looked at last, ns. One that is new waited since it began.
fn look(process: u32, known: &mut BTreeMap<String, u64>) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return 0 };
    let waits = threads.flatten().filter_map(|thread| {
        let waited = waited(&fs::read_to_string(thread.path().join("schedstat")).ok()?)?;
        let name = thread.file_name().to_string_lossy().into_owned();
        let before = known.insert(name, waited).unwrap_or(0);
        Some(waited.saturating_sub(before))
    });
    waits.max().unwrap_or(0)
}

/// The second of the three numbers in `schedstat`: ns spent waiting on a run queue.
fn waited(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn the_kernels_line_is_read() {
        assert_eq!(waited("2645129 1234567 17\n"), Some(1_234_567));
        assert_eq!(waited(""), None);
    }

    #[test]
    fn processes_that_share_a_processor_wait_for_it_and_one_that_sleeps_does_not() {
        if fs::read_to_string("/proc/self/schedstat").is_err() {
            return;
        }
        let spin = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap()
        };
        let processors = std::thread::available_parallelism().unwrap().get();
        let mut spinning: Vec<_> = (0..3 * processors).map(|_| spin()).collect();
        let mut sleeping = Command::new("sleep").arg("60").spawn().unwrap();
        let watched = Turns::watch(spinning[0].id());
        std::thread::sleep(Duration::from_millis(400));
        // What it waited while it began is no part of its sleep.
        let (mut known, id) = (BTreeMap::new(), sleeping.id());
        let slept = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            look(id, &mut known) == 0
        });
        let waited = watched.end();
        for process in spinning.iter_mut().chain([&mut sleeping]) {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        assert!(waited > 1e-3 && slept, "{waited} s");
    }
}
