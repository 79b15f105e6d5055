//! Whether the load sees the output at all. With its inputs shorted, or while its own source drives the phantom, what it shows says
//! nothing about the stimulator: no activity is then no quiet output.

use crate::instrument::{InstrumentError, InstrumentFault};

use super::halt::Halt;
use super::pace::{POLL, SECOND};
use super::session::{Session, Sight};

/// How long the load's word that it sees may take, s, and in samples: it comes with a block of them.
const PATIENCE: f64 = 0.1;
const BLOCK: f64 = 10_000.0;
/// A test current that is none, A: switched on and off where only the word of the last one was lost.
const LEAST: f64 = 1e-9;

impl Session<'_> {
    /// Ends what keeps the load from seeing the output, if anything does: a host that was killed, or an exchange that was lost in the
    /// middle of the setup, leaves it so.
    ///
    /// # Errors
    /// What the load says, and that it does not see all the same.
    pub(super) async fn see(&mut self) -> Result<(), Halt> {
        // What has ended it may be on its way.
        if self.sees_soon().await? {
            return Ok(());
        }
        let Sight { shorted, driven } = self.intake.sight;
        let blind = "the load's inputs were shorted, or its test source was on, and its samples showed nothing: this was ended";
        self.progress(blind);
        self.note(&[blind.to_owned()]);
        let contacts: Vec<String> =
            self.bench.phantom.contacts.iter().map(|(name, _)| name.clone()).collect();
        let switches = self.instruments.switches()?;
        if driven {
            for contact in &contacts {
                unless_refused(switches.test_source(contact, 0.0).await)?;
            }
        }
        // On and off again: where only the word of it was lost there is a new one.
        if shorted {
            switches.zero(true).await?;
            switches.zero(false).await?;
        }
        if let Some(contact) = contacts.first().filter(|_| driven) {
            for current in [LEAST, 0.0] {
                unless_refused(switches.test_source(contact, current).await)?;
            }
        }
        match self.sees_soon().await? {
            true => Ok(()),
            false => Err(Halt::Bench(
                "the load's inputs stay shorted, or its test source on, and nothing can be seen of the output: switch the load off and on"
                    .to_owned(),
            )),
        }
    }

    /// Whether the load sees the output, or says within a while that it does.
    async fn sees_soon(&mut self) -> Result<bool, Halt> {
        let patience = PATIENCE.max(BLOCK / self.intake.setup.sample_rate);
        let end = self.instruments.clock.now().saturating_add((patience * SECOND) as u64);
        while !self.intake.sight.is_clear() && self.instruments.clock.now() < end {
            self.instruments.clock.sleep(POLL).await;
            self.drain().await?;
        }
        Ok(self.intake.sight.is_clear())
    }
}

/// A contact that the load does not have, and a source that it refuses behind a closed interlock, drive nothing.
fn unless_refused(said: Result<(), InstrumentError>) -> Result<(), InstrumentError> {
    match said {
        Err(error) if matches!(error.fault, InstrumentFault::Refused(_)) => Ok(()),
        said => said,
    }
}
