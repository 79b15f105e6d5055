//! `stimrig analyze`.

use std::fs::File;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::analyze::{
    Analysis, AnalyzeError, Options, Scale, analyze, analyze_coded, figure, html, json, judge, table,
};
use crate::capture::{CaptureError, Coded, bytes, coded, read};
use crate::plot::{PlotError, draw};
use crate::quantity::{Dimension, Quantity, QuantityError};
use crate::record::{CheckRecord, EXIT_USAGE, Outcome, Verdict};

use crate::signal::StreamKind;
use crate::store::{KeptError, open_traces, write_atomic};

use super::pick_case::{NoCase, pick_case};
use super::stdout::{OutputError, print, stream};

/// Arguments of `analyze`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Captures: CSV of Tektronix, Rigol, Siglent or any other source, sigrok .sr, WAV, NumPy, Parquet, VCD, or the folder of
    /// a case in a run's evidence.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Column of the current [default: that of the contact that --expect judges, or the first in ampere].
    #[arg(long, value_name = "COLUMN")]
    current: Option<String>,
    /// What a displayed unit of that column stands for, such as '1 mA/A' or, of a monitor that inverts, '-10 mA/V'.
    #[arg(long, value_name = "CURRENT/UNIT", allow_hyphen_values = true)]
    scale: Option<String>,
    /// Column of the electrode voltage [default: the first in volt].
    #[arg(long, value_name = "COLUMN")]
    voltage: Option<String>,
    /// Limit of error of the instrument, of reading, such as '3 %'; without it U excludes the instrument.
    #[arg(long, value_name = "RATIO")]
    max_error: Option<String>,
    /// Samples per second of a NumPy array of 16-bit codes without a time, such as '1 MHz'.
    #[arg(long, value_name = "FREQUENCY")]
    sample_rate: Option<String>,
    /// Judge the record against the program and the checks of a scenario file (its phantom and steps are ignored).
    #[arg(long, value_name = "SCENARIO")]
    expect: Option<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Draw the waveform with what was measured, as SVG (with several files: NAME-1.svg, NAME-2.svg …).
    #[arg(long, value_name = "FILE.svg", value_parser = super::show::svg)]
    plot: Option<PathBuf>,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person at a terminal.
    Table,
    /// For a program.
    Json,
    /// One self-contained page.
    Html,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("{file}: {source}")]
    Analyze { file: String, source: AnalyzeError },
    #[error("{file}: {source}")]
    Open { file: String, source: std::io::Error },
    #[error("--max-error: {0}")]
    MaxError(QuantityError),
    #[error("--max-error: `{0}` is not between 0 and 100 %")]
    MaxErrorRange(String),
    #[error("--scale: {0}")]
    Scale(AnalyzeError),
    #[error("--sample-rate: {0}")]
    SampleRate(QuantityError),
    #[error("--sample-rate: {file} states its own")]
    SampleRateStated { file: String },
    #[error("--expect: {0}")]
    NoCase(#[from] NoCase),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Failure {
    fn help(&self) -> Option<&'static str> {
        match self {
            Self::Capture(error) => Some(error.fault.help()),
            Self::Analyze { source, .. } | Self::Scale(source) => Some(source.help()),
            Self::MaxError(_) | Self::MaxErrorRange(_) => {
                Some("state it as a ratio, such as --max-error '3 %'")
            }
            Self::SampleRate(_) => Some("state it as a frequency, such as --sample-rate '1 MHz'"),
            Self::SampleRateStated { .. } => Some("leave the option out, or the file"),
            Self::Kept(_) | Self::Open { .. } | Self::NoCase(_) | Self::Plot(_) | Self::Output(_) => None,
        }
    }
}

/// Runs the command; the exit code is 0 even with findings, 2 for a file that cannot be read, and with `--expect` that
/// of `run`.
pub fn run(args: &Args) -> u8 {
    match execute(args) {
        Ok(code) => code,
        Err(failure) => {
            say!("error: {failure}");
            if let Some(help) = failure.help() {
                say!("  help: {help}");
            }
            EXIT_USAGE
        }
    }
}

fn execute(args: &Args) -> Result<u8, Failure> {
    let case = args.expect.as_deref().map(|path| pick_case(path, None)).transpose()?;
    let contact = case.as_ref().map(|case| case.program.main_contact().to_owned());
    let options = Options { contact, ..options(args)? };
    let mut results: Vec<(Analysis, Vec<CheckRecord>)> = Vec::with_capacity(args.files.len());
    let rate = args.sample_rate.as_deref().map(|text| Quantity::parse_as(text, Dimension::Frequency));
    let rate = rate.transpose().map_err(Failure::SampleRate)?;
    for file in &args.files {
        let analysis = one(file, &options, rate)?;
        let checks = case.as_ref().map_or_else(Vec::new, |case| judge(&analysis, case));
        results.push((analysis, checks));
    }
    if let Some(plot) = &args.plot {
        for (at, (analysis, _)) in results.iter().enumerate() {
            let path = if results.len() == 1 { plot.clone() } else { numbered(plot, at + 1) };
            write_atomic(&path, draw(&figure(analysis))?.as_bytes()).map_err(OutputError::from)?;
            say!("plot: {}", path.display());
        }
    }
    show(args.format, &results)?;
    Ok(exit_code(results.iter().flat_map(|(_, checks)| checks)))
}

/// Opens and measures one file: codes block by block, everything else in memory.
fn one(path: &Path, options: &Options, rate: Option<f64>) -> Result<Analysis, Failure> {
    let name = path.display().to_string();
    let failed = |source| match source {
        AnalyzeError::Capture(error) => Failure::Capture(*error),
        source => Failure::Analyze { file: name.clone(), source },
    };
    let codes = |mut recording: Coded<'_>| match rate {
        Some(rate) if rate != recording.sample_rate => Err(Failure::SampleRateStated { file: name.clone() }),
        _ => analyze_coded(&mut recording, options).map_err(failed),
    };
    if path.is_dir() {
        let mut channels = open_traces(path)?;
        channels.retain(|channel| channel.head().stream == StreamKind::Fast);
        return codes(coded::kept(&name, channels));
    }
    let open = |source| Failure::Open { file: name.clone(), source };
    let mut file = File::open(path).map_err(open)?;
    let length = file.metadata().map_err(open)?.len();
    // What states no length cannot be read again.
    if length > 0
        && let Some(recording) = coded::open(&name, &file, rate)?
    {
        return codes(recording);
    }
    if rate.is_some() {
        return Err(Failure::SampleRateStated { file: name });
    }
    if length > 0 {
        file.rewind().map_err(open)?;
    }
    analyze(&read(&name, &bytes(&name, file, length)?)?, options).map_err(failed)
}

fn show(format: Format, results: &[(Analysis, Vec<CheckRecord>)]) -> Result<(), Failure> {
    match format {
        Format::Table => {
            let tables: Vec<String> =
                results.iter().map(|(analysis, checks)| table(analysis, checks)).collect();
            print(&tables.join("\n"))?;
        }
        Format::Html => print(&html(results)?)?,
        Format::Json => stream(|out| {
            let mut documents = results.iter().map(|(analysis, checks)| json(analysis, checks));
            match results {
                // One file is one document; several are a list of them.
                [_] => {
                    documents.try_for_each(|document| serde_json::to_writer_pretty(&mut *out, &document))?
                }
                _ => serde_json::to_writer_pretty(&mut *out, &documents.collect::<Vec<_>>())?,
            }
            out.write_all(b"\n")
        })?,
    }
    Ok(())
}

/// The codes of `run`: a failed check outranks one that could not be measured, and that an inconclusive one.
fn exit_code<'a>(checks: impl Iterator<Item = &'a CheckRecord>) -> u8 {
    let outcome = checks.map(|check| match check.verdict {
        Verdict::Pass => Outcome::Passed,
        Verdict::Inconclusive => Outcome::Inconclusive,
        Verdict::Invalid => Outcome::Invalid,
        Verdict::Fail => Outcome::Failed,
    });
    let outcomes: Option<Outcome> = outcome.max();
    if outcomes.is_some() { crate::record::exit_code(outcomes, None) } else { 0 }
}

fn options(args: &Args) -> Result<Options, Failure> {
    let max_error = match &args.max_error {
        None => None,
        Some(text) => {
            let value = Quantity::parse_as(text, Dimension::Ratio).map_err(Failure::MaxError)?;
            if !(0.0..1.0).contains(&value) {
                return Err(Failure::MaxErrorRange(text.clone()));
            }
            Some(value)
        }
    };
    let scale = args.scale.as_deref().map(Scale::parse).transpose().map_err(Failure::Scale)?;
    let (current, voltage) = (args.current.clone(), args.voltage.clone());
    Ok(Options { current, contact: None, voltage, scale, max_error })
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    path.with_file_name(format!("{stem}-{number}.svg"))
}
