//! No stimulator: what is measured was recorded before, or runs by itself.

use async_trait::async_trait;

use crate::instrument::{Applied, InstrumentError, StimulatorIdentity};
use crate::signal::Program;

/// Takes every command and does nothing: there is nobody to command.
pub struct Stimulator;

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        Ok(StimulatorIdentity {
            model: "none".to_owned(),
            uid: String::new(),
            firmware: String::new(),
            cap: 0.0,
            compliance: 0.0,
            watchdog: f64::INFINITY,
        })
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        Ok(Applied { program: program.clone() })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        Ok(())
    }
}
