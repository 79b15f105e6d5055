//! A run read back: its record, and what its pictures are drawn from.

use std::fs;
use std::path::Path;

use crate::record::{CaseFigures, RunRecord};

use super::read::{Known, read_known};
use super::{FIGURES, JOURNAL, RECORD, ReadError, StoreError, VerifyError, runs_in};

/// A run as it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its record.
    pub record: RunRecord,
    /// The pictures of its cases; none of a run that was made before there were any.
    pub figures: Vec<CaseFigures>,
    /// What a reader should know: that the run did not end or still goes on, that a line is cut off.
    pub notes: Vec<String>,
}

/// Reads the run in `folder`. Of one that was killed, as much as was known by then.
///
/// # Errors
/// When the folder is no run, or a file in it is not of this version.
pub fn read_run(folder: &Path) -> Result<Stored, ReadError> {
    if runs_in(folder)? != [folder] {
        return Err(VerifyError::NotARun(folder.to_owned()).into());
    }
    let Known { record, cut, goes_on } = read_known(folder)?;
    let last = if cut { "; its last line is cut off" } else { "" };
    let killed = !folder.join(RECORD).exists();
    let how = if goes_on { "goes on" } else { "did not end" };
    let notes = killed.then(|| format!("the run {how}: this is what {JOURNAL} knew by then{last}"));
    Ok(Stored { record, figures: read_figures(folder)?, notes: notes.into_iter().collect() })
}

/// The pictures of a run in the order of its cases; a last line that is cut off is left out.
///
/// # Errors
/// When the file cannot be read, or a line is not of this version.
pub fn read_figures(folder: &Path) -> Result<Vec<CaseFigures>, StoreError> {
    let path = folder.join(FIGURES);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::file(&path, "read", source)),
    };
    let whole = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let parsed = whole.enumerate().map(|(at, line)| {
        serde_json::from_slice::<CaseFigures>(line).map_err(|source| StoreError::Corrupt {
            path: path.clone(),
            line: at + 1,
            source,
        })
    });
    let mut figures = parsed.collect::<Result<Vec<_>, _>>()?;
    figures.sort_by_key(|figures| figures.case);
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::super::RunFolder;
    use super::*;
    use crate::record::samples::{case, figures, head};
    use crate::record::{Event, Outcome, Sink as _};

    #[test]
    fn a_run_that_goes_on_and_one_that_was_killed_are_told_as_what_they_are() {
        let runs = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::create(runs.path(), "one").unwrap();
        let path = folder.path().to_owned();
        folder.take(&Event::RunStarted(Box::new(head())));
        folder.take(&Event::CaseEnded { case: 0, record: Box::new(case("a")) });
        let stored = read_run(&path).unwrap();
        assert!(stored.record.interrupted.is_none() && stored.notes[0].starts_with("the run goes on"));
        drop(folder);
        let stored = read_run(&path).unwrap();
        assert_eq!((stored.record.outcome, stored.record.exit_code), (Some(Outcome::Aborted), 137));
        assert!(stored.notes[0].starts_with("the run did not end"), "{:?}", stored.notes);
    }

    fn line(case: usize) -> String {
        let figures = figures(case, &format!("case {case}"));
        serde_json::to_string(&figures).unwrap() + "\n"
    }

    #[test]
    fn cases_come_in_order_and_a_cut_last_line_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_figures(folder.path()).unwrap(), Vec::new());
        let text = format!("{}{}{}", line(2), line(0), &line(1)[..40]);
        fs::write(folder.path().join(FIGURES), &text).unwrap();
        let cases: Vec<_> = read_figures(folder.path()).unwrap().iter().map(|figures| figures.case).collect();
        assert_eq!(cases, [0, 2]);
        fs::write(folder.path().join(FIGURES), format!("{}{{}}\n{}", line(0), line(1))).unwrap();
        let error = read_figures(folder.path()).unwrap_err().to_string();
        assert!(error.contains("figures.jsonl:2"), "{error}");
    }
}
