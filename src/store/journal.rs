//! The journal of a run: one JSON object per line, appended as things happen.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::{Event, Sink};

use super::StoreError;

/// One line: an event with both clocks. UTC says when, the monotonic count says how long, whatever happens to UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// UTC, RFC 3339.
    pub utc: String,
    /// Nanoseconds since the journal was opened, monotonic.
    pub ns: u64,
    /// What happened.
    pub event: Event,
}

/// What a journal is written to.
pub trait Medium: Write + Send {
    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// When the medium fails.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts it back to `length` bytes, the end of the last whole line.
    ///
    /// # Errors
    /// When the medium fails.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Medium for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// A journal being written. It takes events until the first error, keeps that error, and never writes after it: half a line
/// followed by whole ones would make everything after it unreadable.
#[derive(Debug)]
pub struct Journal<M> {
    medium: M,
    path: PathBuf,
    opened: Instant,
    length: u64,
    error: Option<StoreError>,
    /// Its last line is whole: after an error, what had been written of one more was cut off again.
    whole: bool,
}

impl Journal<File> {
    /// Creates the file; one that exists already is somebody else's run and is not touched.
    ///
    /// It is locked for as long as it is written: a journal that does not end and that nobody holds is of a run that was killed.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| StoreError::file(path, "create", source))?;
        // On a file system without locks a run that goes on looks like one that was killed, to who closes those.
        let _ = file.try_lock();
        Ok(Self::on(file, path))
    }

    /// Goes on with a journal that another process began, `length` bytes of which are whole lines. `file` is open for appending
    /// and locked.
    ///
    /// # Errors
    /// When half a line cannot be cut off.
    pub(super) fn resume(file: File, path: &Path, length: u64) -> Result<Self, StoreError> {
        file.set_len(length).map_err(|source| StoreError::file(path, "cut off half a line", source))?;
        Ok(Self { length, ..Self::on(file, path) })
    }
}

impl<M: Medium> Journal<M> {
    /// A journal on any medium; `path` names it in errors.
    pub fn on(medium: M, path: &Path) -> Self {
        Self { medium, path: path.to_owned(), opened: Instant::now(), length: 0, error: None, whole: true }
    }

    /// The first error, if there was one.
    pub fn error(&self) -> Option<&StoreError> {
        self.error.as_ref()
    }

    /// Takes the first error out, to end the run with it.
    pub fn take_error(&mut self) -> Option<StoreError> {
        self.error.take()
    }

    /// Whether the disk is full and the journal ends in a whole line, so that it can go on once there is room.
    pub fn is_full(&self) -> bool {
        self.whole && self.error.as_ref().is_some_and(StoreError::is_full)
    }

    fn append(&mut self, event: &Event) -> Result<(), StoreError> {
        let ns = u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let entry = Entry { utc: Timestamp::now().to_string(), ns, event: event.clone() };
        let mut line = serde_json::to_vec(&entry)
            .map_err(|source| StoreError::Serialize { path: self.path.clone(), source })?;
        line.push(b'\n');
        let path = self.path.clone();
        if let Err(source) = self.medium.write_all(&line) {
            // What is left of the line is cut off if the medium still can; a reader copes with it otherwise.
            self.whole = self.medium.cut(self.length).is_ok();
            return Err(StoreError::file(&path, "append an event", source));
        }
        self.length += line.len() as u64;
        if is_boundary(event) {
            self.medium.sync().map_err(|source| StoreError::file(&path, "synchronise", source))?;
        }
        Ok(())
    }
}

/// Where a power cut must lose nothing: the run's beginning, what ended it, and each judged case.
fn is_boundary(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted(_)
            | Event::CaseEnded { .. }
            | Event::Interrupted { .. }
            | Event::Recovered { .. }
            | Event::RunEnded { .. }
    )
}

impl<M: Medium> Sink for Journal<M> {
    fn take(&mut self, event: &Event) {
        if self.error.is_none()
            && let Err(error) = self.append(event)
        {
            self.error = Some(error);
        }
    }
}

/// Reads a journal back: its entries, and whether its last line was cut off (the host was killed, or the disk was full).
///
/// # Errors
/// When the file cannot be read, or a line before the last is not an event.
pub fn read_journal(path: &Path) -> Result<(Vec<Entry>, bool), StoreError> {
    let file = File::open(path).map_err(|source| StoreError::file(path, "open", source))?;
    let (entries, whole, length) = read_lines(&file, path)?;
    Ok((entries, whole < length))
}

/// The entries of a journal, how many bytes its whole lines have, and how many it has in all.
pub(super) fn read_lines(file: &File, path: &Path) -> Result<(Vec<Entry>, u64, u64), StoreError> {
    let mut reader = BufReader::new(file);
    let mut entries = Vec::new();
    let mut whole = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read =
            reader.read_until(b'\n', &mut line).map_err(|source| StoreError::file(path, "read", source))?;
        if read == 0 {
            return Ok((entries, whole, whole));
        }
        // A line is whole when it ends in a newline; only the last can lack it.
        if line.last() != Some(&b'\n') {
            return Ok((entries, whole, whole + read as u64));
        }
        let entry = serde_json::from_slice(&line).map_err(|source| StoreError::Corrupt {
            path: path.to_owned(),
            line: entries.len() + 1,
            source,
        })?;
        entries.push(entry);
        whole += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::{case, head};

    fn events() -> Vec<Event> {
        vec![
            Event::RunStarted(Box::new(head())),
            Event::CaseStarted { case: 0, name: "a\nb \u{7} \"c\"".into(), planned: None },
            Event::Progress { case: 0, time: 0.25, what: "open-lead injected".into() },
            Event::CaseEnded { case: 0, record: Box::new(case("a")) },
            Event::Interrupted { signal: "SIGINT".into() },
            Event::RunEnded { ended: "2026-01-02T03:04:06Z".into(), elapsed: 1.5 },
        ]
    }

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("journal.jsonl");
        let mut journal = Journal::create(&path).unwrap();
        events().iter().for_each(|event| journal.take(event));
        assert!(journal.error().is_none());
        path
    }

    #[test]
    fn reads_back_what_was_written_with_both_clocks() {
        let folder = tempfile::tempdir().unwrap();
        let (entries, cut) = read_journal(&written(folder.path())).unwrap();
        assert!(!cut);
        assert!(entries.is_sorted_by_key(|entry| entry.ns));
        assert!(entries.iter().all(|entry| entry.utc.parse::<Timestamp>().is_ok()));
        let read: Vec<Event> = entries.into_iter().map(|entry| entry.event).collect();
        assert_eq!(read, events());
    }

    #[test]
    fn a_cut_last_line_loses_that_line_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        let last = bytes.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap();
        for removed in [1, 2, last / 2, last] {
            std::fs::write(&path, &bytes[..bytes.len() - removed]).unwrap();
            let (entries, cut) = read_journal(&path).unwrap();
            assert_eq!((entries.len(), cut), (events().len() - 1, true), "{removed} bytes removed");
        }
    }

    #[test]
    fn a_changed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let text = std::fs::read_to_string(&path).unwrap().replacen("case-started", "case-sTarted", 1);
        std::fs::write(&path, text).unwrap();
        let error = read_journal(&path).unwrap_err().to_string();
        assert!(error.contains("journal.jsonl:2: "), "{error}");
    }

    #[test]
    fn an_existing_journal_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let before = std::fs::read(&path).unwrap();
        assert!(Journal::create(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    /// A disk with room for a few bytes, which keeps what fits of a write as a real one does.
    #[derive(Debug)]
    struct FullDisk {
        bytes: Vec<u8>,
        room: usize,
        can_cut: bool,
    }

    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room - self.bytes.len());
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Medium for FullDisk {
        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            if !self.can_cut {
                return Err(io::ErrorKind::Other.into());
            }
            self.bytes.truncate(length as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_keeps_every_line_that_was_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let whole = std::fs::read(&path).unwrap().len();
        for room in (0..whole).step_by(97) {
            for can_cut in [true, false] {
                let mut journal = Journal::on(FullDisk { bytes: Vec::new(), room, can_cut }, &path);
                events().iter().for_each(|event| journal.take(event));
                // Times differ by a digit or two from one journal to the next.
                if room + 64 < whole {
                    let error = journal.error().expect("the disk was full").to_string();
                    assert!(error.contains("free some space"), "{error}");
                }
                let copy = folder.path().join("copy.jsonl");
                std::fs::write(&copy, &journal.medium.bytes).unwrap();
                let (entries, cut) = read_journal(&copy).unwrap();
                let read: Vec<Event> = entries.into_iter().map(|entry| entry.event).collect();
                assert_eq!(read, events()[..read.len()], "a prefix, room {room}");
                assert!(!(cut && can_cut));
            }
        }
    }
}
