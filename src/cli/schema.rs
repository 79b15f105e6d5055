//! `stimrig schema`: JSON Schemas (draft-07) of the files, for editors and other tools.

use serde_json::Value;

use crate::record::EXIT_INTERNAL;

use super::stdout::print;

/// Print the JSON Schema of a file format
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which format
    pub format: Format,
}

/// File formats with a published schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Scenario files
    Scenario,
    /// Rig files
    Rig,
    /// Phantom files
    Phantom,
    /// Limit profiles
    Profile,
    /// Calibrations of a load
    Calibration,
    /// record.json of a run
    Record,
}

/// The schema of a format.
pub fn schema(format: Format) -> Value {
    match format {
        Format::Scenario => crate::scenario::scenario_schema(),
        Format::Rig => crate::rig::rig_schema(),
        Format::Phantom => crate::rig::phantom_schema(),
        Format::Profile => crate::scenario::profile_schema(),
        Format::Calibration => crate::rig::calibration_schema(),
        Format::Record => crate::record::schema().to_value(),
    }
}

/// Prints it.
pub fn run(args: &Args) -> u8 {
    match print(&format!("{:#}\n", schema(args.format))) {
        Ok(()) => 0,
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_INTERNAL
        }
    }
}
