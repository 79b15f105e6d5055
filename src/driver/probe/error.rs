//! What probe-rs says, as one line that says what to try.

use std::error::Error;
use std::io::ErrorKind;

use probe_rs::architecture::arm::{ArmError, DapError};
use probe_rs::config::RegistryError;
use probe_rs::flashing::{FileDownloadError, FlashError};
use probe_rs::probe::{DebugProbeError, ProbeCreationError};

use crate::instrument::InstrumentFault;

/// Why something could not be done, and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) fault: InstrumentFault,
    pub(super) next: String,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.fault {
            InstrumentFault::Refused(why) => write!(f, "{why} ({})", self.next),
            fault => write!(f, "{fault} ({})", self.next),
        }
    }
}

impl Trouble {
    pub(super) fn refused(why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { fault: InstrumentFault::Refused(why.into()), next: next.into() }
    }

    /// Of an error of probe-rs: the whole chain of causes in one line, and what the deepest known one asks for.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut chain = vec![error];
        while let Some(cause) = chain.last().copied().and_then(Error::source) {
            chain.push(cause);
        }
        let said = line(&chain);
        let remedy = chain.iter().rev().find_map(|cause| remedy(*cause));
        let (kind, next) = remedy.unwrap_or((Kind::Other, "check the probe's cable and the target's power"));
        let fault = match kind {
            Kind::Busy => InstrumentFault::Busy,
            Kind::Permission => InstrumentFault::Permission,
            Kind::Gone | Kind::Other => InstrumentFault::Refused(said),
        };
        Self { fault, next: next.to_owned() }
    }
}

impl<E: Error + 'static> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Busy,
    Permission,
    Gone,
    Other,
}

/// The causes from the outermost in, each once: the outer ones of probe-rs say little by themselves.
fn line(chain: &[&(dyn Error + 'static)]) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in chain {
        let text = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.trim_end_matches('.').to_owned();
        // An outer error that repeats its source in its own words.
        if let Some(last) = said.last_mut()
            && last.ends_with(&text)
        {
            continue;
        }
        let empty = ["An ARM specific error occurred", "An error with the flashing procedure has occurred"];
        if !(text.is_empty() || empty.contains(&text.as_str()) && cause.source().is_some()) {
            said.push(text);
        }
    }
    said.join(": ")
}

fn remedy(cause: &(dyn Error + 'static)) -> Option<(Kind, &'static str)> {
    if let Some(error) = cause.downcast_ref::<std::io::Error>() {
        return match error.kind() {
            ErrorKind::ResourceBusy => {
                Some((Kind::Busy, "close the other debugger: a probe has one owner at a time"))
            }
            ErrorKind::PermissionDenied => {
                Some((Kind::Permission, "install the udev rules of rig/udev, and plug the probe in anew"))
            }
            _ => None,
        };
    }
    if let Some(ProbeCreationError::NotFound) = cause.downcast_ref() {
        return Some((Kind::Gone, "plug the probe in, or correct `probe.selector` in the rig file"));
    }
    if let Some(DebugProbeError::Usb(_)) = cause.downcast_ref() {
        return Some((Kind::Gone, "plug the probe in anew"));
    }
    if cause.downcast_ref::<RegistryError>().is_some() {
        return Some((Kind::Other, "correct `probe.chip` in the rig file"));
    }
    if let Some(ArmError::MissingPermissions(_)) = cause.downcast_ref() {
        return Some((Kind::Other, LOCKED));
    }
    if let Some(error) = cause.downcast_ref::<DapError>() {
        return match error {
            DapError::FaultResponse => Some((Kind::Other, LOCKED)),
            DapError::NoAcknowledge => {
                Some((Kind::Gone, "check the cable between probe and target, and the target's power"))
            }
            _ => None,
        };
    }
    match cause.downcast_ref::<FlashError>() {
        Some(FlashError::NoSuitableNvm { .. }) => {
            return Some((Kind::Other, "this image is for another chip: correct the image, or `probe.chip`"));
        }
        Some(FlashError::Verify) => {
            return Some((Kind::Other, "flash again; if it stays so, the flash is worn or the supply weak"));
        }
        _ => {}
    }
    match cause.downcast_ref::<FileDownloadError>() {
        Some(FileDownloadError::Flash(_) | FileDownloadError::IO(_) | FileDownloadError::Other(_)) | None => {
            None
        }
        Some(_) => Some((Kind::Other, "name an ELF or Intel HEX image for this chip")),
    }
}

/// What a target that answers its port but not its memory needs.
const LOCKED: &str = "the target's memory is closed to a debugger: lift its readout protection, which erases it, \
                      or check `probe.chip`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_chain_is_one_line_and_the_deepest_known_cause_says_what_to_do() {
        let error = probe_rs::Error::Arm(ArmError::Dap(DapError::NoAcknowledge));
        let trouble = Trouble::of(&error);
        let InstrumentFault::Refused(said) = &trouble.fault else { panic!("{trouble:?}") };
        assert!(said.contains("Target device did not respond to request"), "{said}");
        assert!(!said.contains("ARM specific error") && !said.contains('\n'), "{said}");
        assert!(trouble.next.contains("cable"), "{trouble:?}");
        let busy =
            DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::Usb(ErrorKind::ResourceBusy.into()));
        assert_eq!(Trouble::of(&busy).fault, InstrumentFault::Busy);
        let missing = DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::NotFound);
        assert!(Trouble::of(&missing).next.contains("probe.selector"));
    }
}
