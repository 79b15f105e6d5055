//! What passes from the cases to the run.

use crate::record::{Event, InstrumentRecord};

/// What a worker tells the thread that owns the sink.
pub(super) enum Message {
    /// Something happened.
    Event(Event),
    /// An instrument said who it is.
    Identity(InstrumentRecord),
}
