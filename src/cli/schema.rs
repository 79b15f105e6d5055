//! `stimrig schema`: JSON Schemas (draft-07) of the files, for editors and other tools.

use serde_json::Value;

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
    /// record.json of a run
    Record,
}

/// The schema of a format.
pub fn schema(format: Format) -> Value {
    match format {
        Format::Scenario => crate::scenario::scenario_schema(),
        Format::Rig => crate::rig::rig_schema(),
        Format::Phantom => crate::rig::phantom_schema(),
        Format::Record => {
            let settings = schemars::generate::SchemaSettings::draft07();
            settings.into_generator().into_root_schema_for::<crate::record::RunRecord>().to_value()
        }
    }
}

/// Prints it.
pub fn run(args: &Args) -> u8 {
    println!("{:#}", schema(args.format));
    0
}
