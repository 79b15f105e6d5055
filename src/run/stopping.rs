//! The two commands that make a bench safe: the stop, and the interlock, which does not wait for a stop that takes its time.

use std::pin::pin;
use std::time::Duration;

use crate::instrument::{InstrumentError, InstrumentFault};

use super::instruments::Instruments;

/// So long a stop may take before the interlock opens beside it. A load that hears nothing meanwhile opens it by itself after half a
/// second.
pub(super) const HASTE: Duration = Duration::from_millis(400);

/// What is said of a stop that was acknowledged too late: with the interlock open nobody sees whether it is obeyed.
pub(super) const LATE: &str = "the stop was acknowledged so late that the interlock had opened beside it, and whether the stimulator obeys one was not seen: make its link or its helper program faster";

/// What became of a stop.
#[derive(Debug)]
pub(super) struct Stopped {
    /// Whether it was acknowledged.
    pub stop: Result<(), InstrumentError>,
    /// What became of the interlock, where that was opened beside it.
    pub interlock: Option<Result<(), InstrumentError>>,
}

/// Sends a stop. The interlock opens beside one that has not come to its end within [`HASTE`]: a described protocol has deadlines of
/// its own, a helper program a second, and a USBTMC file is held by the kernel for five.
///
/// On a simulated bench in this process a stop takes no real time at all.
pub(super) async fn stop(instruments: &mut Instruments) -> Stopped {
    let Instruments { stimulator, load, .. } = instruments;
    let mut stopping = pin!(stimulator.stop());
    if let Ok(stop) = tokio::time::timeout(HASTE, stopping.as_mut()).await {
        return Stopped { stop, interlock: None };
    }
    let Some(switches) = load.switches() else {
        return Stopped { stop: stopping.await, interlock: None };
    };
    let (stop, opened) = tokio::join!(stopping, async {
        match switches.interlock(false).await {
            // One that did not answer is asked once more at once: the stop may take seconds.
            Err(error) if error.fault == InstrumentFault::Timeout => switches.interlock(false).await,
            opened => opened,
        }
    });
    Stopped { stop, interlock: Some(opened) }
}

/// What became of both commands.
#[derive(Debug)]
pub(super) struct Both {
    /// Whether the stop was acknowledged.
    pub stop: Result<(), InstrumentError>,
    /// Whether the interlock confirmed that it is open; `None` where there is none.
    pub interlock: Option<Result<(), InstrumentError>>,
}

/// Gives both commands to a bench of which nothing is known. What is not acknowledged is sent once more: a device may take the first
/// request for the last one of a host that was killed, and answers it without obeying; the next has another number.
pub(super) async fn both(instruments: &mut Instruments) -> Both {
    let Stopped { stop, interlock: beside } = stop(instruments).await;
    let interlock = match (beside, instruments.load.switches()) {
        (Some(Ok(())), _) => Some(Ok(())),
        (_, Some(switches)) => Some(twice(async || switches.interlock(false).await).await),
        (_, None) => None,
    };
    let stop = match stop {
        Ok(()) => Ok(()),
        Err(_) => instruments.stimulator.stop().await,
    };
    Both { stop, interlock }
}

/// Once more where the device took the first for the last request of a host that was killed: it has another number then.
pub(super) async fn twice<T, E>(mut act: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    match act().await {
        Ok(done) => Ok(done),
        Err(_) => act().await,
    }
}
