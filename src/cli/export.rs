//! `stimrig export`: raw samples of a run in the formats of other tools.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::capture::container::{Damage, End, Planes};
use crate::capture::format::{ExportError, Exported, Format, export};
use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::signal::StreamKind;
use crate::store::{KeptError, ReadError, StoreError, TraceFile, case_folders, open_traces, write_new};

use super::named_run::folder_of;
use super::stdout::{OutputError, print};

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A run: its folder, its id or the id's beginning, `latest` or `latest~1`; or the folder of one case in its evidence
    #[arg(value_name = "RUN")]
    named: PathBuf,
    /// Folder of all runs
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: FormatArg,
    /// Which case, by its number in the names of the evidence folders [default: all]
    #[arg(long, value_name = "N")]
    case: Option<usize>,
    /// The slow leakage channels instead of the fast ones
    #[arg(long)]
    slow: bool,
    /// File, or folder for several cases [default: this folder, named like the case]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Overwrite files
    #[arg(long)]
    force: bool,
}

/// Formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// sigrok session, for PulseView and sigrok-cli
    Sr,
    /// Table with a time column
    Csv,
    /// 16-bit PCM
    Wav,
    /// NumPy structured array
    Npy,
    /// Parquet table, for pandas
    Parquet,
    /// Value change dump with the markers
    Vcd,
}

impl From<FormatArg> for Format {
    fn from(argument: FormatArg) -> Self {
        match argument {
            FormatArg::Sr => Self::Sr,
            FormatArg::Csv => Self::Csv,
            FormatArg::Wav => Self::Wav,
            FormatArg::Npy => Self::Npy,
            FormatArg::Parquet => Self::Parquet,
            FormatArg::Vcd => Self::Vcd,
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{}: holds no raw samples; `stimrig run --keep always` keeps them", .0.display())]
    Nothing(PathBuf),
    #[error("{}: has no case {number} with raw samples; it has {known}", folder.display())]
    NoCase { folder: PathBuf, number: usize, known: String },
    #[error("{}: has no {stream} channels", folder.display())]
    NoChannels { folder: PathBuf, stream: &'static str },
    #[error("{}: several cases need a folder; name one with --output, or one case with --case", .0.display())]
    OneFile(PathBuf),
    #[error("{}: {damage}; `stimrig verify` says more. Nothing was exported", folder.display())]
    Damaged { folder: PathBuf, damage: End },
    #[error("{}: {source}", path.display())]
    Export { path: PathBuf, source: ExportError },
    #[error(transparent)]
    Run(#[from] ReadError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Told(#[from] OutputError),
}

/// Runs the command; 0, or 2 with nothing left of the file that failed; 70 if nobody can be told of it.
pub fn run(args: &Args) -> u8 {
    match execute(args) {
        Ok(()) => 0,
        Err(failure) => {
            say!("stimrig: {failure}");
            if matches!(failure, Failure::Told(_)) { EXIT_INTERNAL } else { EXIT_USAGE }
        }
    }
}

fn execute(args: &Args) -> Result<(), Failure> {
    let cases = cases(args)?;
    let format = Format::from(args.format);
    let several = cases.len() > 1;
    for case in &cases {
        let channels = channels(case, args.slow)?;
        let name = case.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let slow = if args.slow { "-slow" } else { "" };
        let file = format!("{name}{slow}.{}", format.name());
        let path = match &args.output {
            None => PathBuf::from(file),
            Some(folder) if folder.is_dir() => folder.join(file),
            Some(path) if several => return Err(Failure::OneFile(path.clone())),
            Some(path) => path.clone(),
        };
        let exported = write(case, channels, format, &path, args.force)?;
        print(&format!("{}\n", path.display()))?;
        if let End::Damaged { .. } = exported.end {
            say!("note: {}: {}; {} samples were readable", case.display(), exported.end, exported.samples);
        }
    }
    Ok(())
}

/// The folders of the cases that are wanted.
fn cases(args: &Args) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder_of(&args.runs, &args.named)?;
    let all = case_folders(&folder);
    if all.is_empty() {
        // The folder of one case.
        let own = crate::store::traces(&folder)?;
        return if own.is_empty() { Err(Failure::Nothing(folder)) } else { Ok(vec![folder]) };
    }
    let Some(number) = args.case else { return Ok(all) };
    let prefix = format!("{number:03}-");
    let named =
        |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
    all.iter().find(named).map(|path| vec![path.clone()]).ok_or_else(|| {
        let numbers = all.iter().filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            name.split('-').next()?.parse::<usize>().ok().map(|number| number.to_string())
        });
        let known = numbers.collect::<Vec<_>>().join(", ");
        Failure::NoCase { folder, number, known }
    })
}

/// The channels of one stream, by name.
fn channels(case: &Path, slow: bool) -> Result<Vec<TraceFile>, Failure> {
    let (stream, name) = if slow { (StreamKind::Slow, "slow") } else { (StreamKind::Fast, "fast") };
    let mut channels = open_traces(case)?;
    channels.retain(|channel| channel.head().stream == stream);
    if channels.is_empty() {
        return Err(Failure::NoChannels { folder: case.to_owned(), stream: name });
    }
    Ok(channels)
}

fn write(
    case: &Path,
    channels: Vec<TraceFile>,
    format: Format,
    path: &Path,
    force: bool,
) -> Result<Exported, Failure> {
    let mut planes = Planes::new(channels);
    write_new(path, force, |file| {
        let out = BufWriter::with_capacity(1 << 18, file);
        let exported = export(format, &mut planes, out)
            .map_err(|source| Failure::Export { path: path.to_owned(), source })?;
        match &exported.end {
            // What was cut off is exported as far as it goes.
            End::Whole | End::Damaged { damage: Damage::Cut(_), .. } => Ok(exported),
            damage => Err(Failure::Damaged { folder: case.to_owned(), damage: damage.clone() }),
        }
    })
}
