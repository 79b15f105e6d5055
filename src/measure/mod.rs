//! From samples to numbers: one pass over the stream, bounded memory, every number with its uncertainty.

pub mod edge;
pub mod level;
pub mod sample;
pub mod window;

mod activity;
mod building;
mod channel;
mod codes;
mod contact;
mod creep;
mod excerpt;
mod finish;
mod flanks;
mod front_end;
mod guard;
mod histogram;
mod history;
mod joint;
mod nonlinearity;
mod overlay;
mod pyramid;
mod quiet;
mod recorder;
mod recording;
mod rise;
mod row;
mod seek;
mod segment;
mod setup;
mod shape;
mod shared_edge;
mod skew;
mod step;
mod table;
mod thresholds;
mod timing;
mod uncertainty;
mod voltage;
mod whole;
mod zero;

pub use creep::{Creep, Excess};
pub use front_end::FrontEnd;
pub use guard::{Guard, Watched};
pub use histogram::{Histogram, Level};
pub use joint::{Extremes, JointRecord, JointRow, Plateau};
pub use nonlinearity::Nonlinearity;
pub use overlay::Overlay;
pub use pyramid::Pyramid;
pub use recorder::Recorder;
pub use recording::{
    ContactRecord, Excerpt, Flags, Interval, PhaseRow, PulseRow, Recording, Runs, ShapeRow, SlowRecord,
    VoltageRecord, Zero,
};
pub use rise::Rise;
pub use setup::{ChannelSetup, Setup, SlowSetup, Wanted};
pub use step::{EdgeLevels, Reading, StepRow};
pub use table::{Row, Rows, TABLE_BYTES, Table};
pub use thresholds::RINGING;
pub use uncertainty::{Evaluation, Input, Measured, bounded_factor};
