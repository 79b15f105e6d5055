//! What the host does about a stimulator while time passes, and whether it keeps up.

use crate::instrument::Status;

/// What is looked at in every slice of time.
pub(in crate::run) struct Watch {
    /// What a trip would be judged against is only armed once the scenario runs.
    pub guarded: bool,
    /// The stimulator may be stimulating, so its status is polled.
    pub polling: bool,
    /// No frame may go to the stimulator.
    pub silent: bool,
    /// What it last said.
    pub last_status: Option<Status>,
    /// How long this computer left the instruments alone.
    pub pace: Pace,
    /// Whether samples keep coming.
    pub flow: Flow,
}

impl Watch {
    /// Nothing is energised yet.
    pub(super) fn new() -> Self {
        Self {
            guarded: false,
            polling: false,
            silent: false,
            last_status: None,
            pace: Pace::new(),
            flow: Flow::default(),
        }
    }
}

/// The host's own pace: on a real bench time goes on while this computer does something else.
#[derive(Debug, Clone, Copy)]
pub(in crate::run) struct Pace {
    /// When it was last done with the instruments, ns.
    last: Option<u64>,
    /// The longest it then took to come back, ns.
    pub longest: u64,
    /// How long the stimulator waits for its host, ns.
    pub patience: u64,
}

impl Pace {
    /// Nobody waits yet.
    pub(in crate::run) fn new() -> Self {
        Self { last: None, longest: 0, patience: u64::MAX }
    }

    /// How long it took to come back.
    pub(super) fn look(&mut self, now: u64) -> u64 {
        let gap = self.last.map_or(0, |last| now.saturating_sub(last));
        self.longest = self.longest.max(gap);
        gap
    }

    /// Nobody has waited since.
    pub(in crate::run) fn anew(&mut self) {
        self.last = None;
    }

    pub(super) fn done(&mut self, now: u64) {
        self.last = Some(now);
    }
}

/// The samples of a load that answers and sends none any more: nobody sees the output then, the output guard least of all.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::run) struct Flow {
    /// Samples that had come, and when the last of them did, ns.
    last: (u64, u64),
}

impl Flow {
    /// How long none have come, ns, where `received` have in all.
    pub(super) fn dry(&mut self, received: u64, now: u64) -> u64 {
        if received != self.last.0 {
            self.last = (received, now);
        }
        now.saturating_sub(self.last.1)
    }
}
