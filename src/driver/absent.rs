//! A stimulator that cannot be reached: its port is gone, or another program holds it.

use async_trait::async_trait;

use crate::instrument::{Applied, InstrumentError, InstrumentFault, StimulatorIdentity};
use crate::signal::Program;

use super::device::Device;

const ABSENT: Device = Device { name: "stimulator", refused: "plug the stimulator in again" };

/// Hears nothing: every command fails, a stop most of all. With it the load can still be told to be safe, and looked at.
pub struct Stimulator;

fn gone<T>(doing: &str) -> Result<T, InstrumentError> {
    Err(ABSENT.failed(doing, InstrumentFault::Disconnected))
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        gone("identify")
    }

    async fn load(&mut self, _: &Program) -> Result<Applied, InstrumentError> {
        gone("load a program")
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        gone("start")
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        gone("stop")
    }

    async fn acknowledge(&mut self) -> Result<(), InstrumentError> {
        gone("acknowledge a fault")
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        gone("keep alive")
    }
}
