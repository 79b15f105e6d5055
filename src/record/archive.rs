//! Where raw samples go while they are measured, and pictures once they are judged.

use crate::measure::Setup;
use crate::signal::BlockSink;

use super::CaseFigures;

/// Takes what is kept of a run's cases besides their records. Several cases may be under way at once.
pub trait Archive: Sync {
    /// A case begins, whose stream is `setup`. `case` is its position among the selected ones.
    fn begin(&self, case: usize, name: &str, setup: &Setup) -> Box<dyn CaseArchive>;

    /// The pictures of a case that has ended, whether its samples are kept or not.
    fn figures(&self, figures: &CaseFigures);
}

/// Takes the raw samples of one case. It never fails the case: what could not be kept is said at the end.
pub trait CaseArchive: BlockSink {
    /// The case has ended. With `basis`, what a judgement needs besides the samples, all of it is kept; without, nothing.
    fn end(self: Box<Self>, basis: Option<&[u8]>) -> Kept;
}

/// What was kept of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Its folder within the run's.
    pub folder: Option<String>,
    /// Why something of it is missing.
    pub trouble: Option<String>,
}
