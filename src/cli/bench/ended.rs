//! How an experiment ends that could not be carried through.

use crate::record::{EXIT_INTERNAL, EXIT_USAGE, Outcome, exit_code};

use super::progress::progress;

/// What is said of it, and its exit code: those of `run`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    code: u8,
    what: String,
}

impl Ended {
    /// A file or an argument is wrong.
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self { code: EXIT_USAGE, what: what.into() }
    }

    /// stimrig, or the computer, could not do what it was to.
    pub(super) fn internal(what: impl Into<String>) -> Self {
        Self { code: EXIT_INTERNAL, what: what.into() }
    }

    /// A signal, or another cause that ends a run, by its name in records. Always with the code of that cause: the bench exists in
    /// this process alone, often with a defect on purpose, so there is no output that anybody has to go and switch off.
    pub(super) fn by(cause: &str) -> Self {
        Self { code: exit_code(Some(Outcome::Aborted), Some(cause)), what: format!("ended by {cause}") }
    }

    /// Where it happened, before what happened.
    pub(super) fn at(self, place: &str) -> Self {
        Self { what: format!("{place}: {}", self.what), ..self }
    }

    /// Says it; returns the exit code.
    pub(super) fn told(&self) -> u8 {
        progress("");
        say!("stimrig: {}", self.what);
        self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{INTERNAL_ERROR, STORAGE_LOST};

    #[test]
    fn what_ends_an_experiment_has_the_exit_code_that_it_has_in_a_run() {
        for (cause, code) in
            [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 143), (INTERNAL_ERROR, 70), (STORAGE_LOST, 70)]
        {
            assert_eq!(Ended::by(cause).at("gain_error").code, code, "{cause}");
        }
        assert_eq!(Ended::by("SIGINT").at("gain_error").what, "gain_error: ended by SIGINT");
        assert_eq!((Ended::usage("").code, Ended::internal("").code), (2, 70));
    }
}
