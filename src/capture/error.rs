//! What is wrong with a file.

/// A file that cannot be read as a capture.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {fault}", self.place())]
pub struct CaptureError {
    /// The file, as given.
    pub file: String,
    /// Line from 1, where one is to blame.
    pub line: Option<u64>,
    /// Column (in bytes) from 1, where one is to blame.
    pub column: Option<u64>,
    /// What is wrong.
    pub fault: CaptureFault,
}

/// What can be wrong with a capture.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CaptureFault {
    /// No bytes, or blank lines alone.
    #[error("the file is empty")]
    Empty,
    /// More than [`super::MAX_BYTES`].
    #[error("the file has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Two bytes per character.
    #[error("the file is UTF-16 text")]
    Utf16,
    /// A file of a known kind that is not as its kind should be.
    #[error("the {what} cannot be read: {why}")]
    Unreadable {
        /// Which kind.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Not text.
    #[error("the file is binary, not text")]
    Binary,
    /// No line end for a long way.
    #[error("a line is longer than {limit} bytes")]
    LongLine {
        /// The limit.
        limit: usize,
    },
    /// No row of numbers.
    #[error("no row of numbers in the file")]
    NoNumbers,
    /// A table without a value column.
    #[error("the table has only {found} column, and needs a time and at least one channel")]
    MissingColumns {
        /// Columns found.
        found: usize,
    },
    /// More columns than any scope exports.
    #[error("the table has {found} columns, more than {limit}")]
    TooManyColumns {
        /// Columns found.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Two columns of one name.
    #[error("two columns are called `{0}`")]
    DuplicateColumn(String),
    /// A row with fewer cells than the header has names.
    #[error("the row has {found} cells where the header names {wanted}")]
    ShortRow {
        /// Cells found.
        found: usize,
        /// Cells due.
        wanted: usize,
    },
    /// The last row is cut off.
    #[error("the file ends in the middle of its last row ({found} of {wanted} cells)")]
    TruncatedRow {
        /// Cells found.
        found: usize,
        /// Cells due.
        wanted: usize,
    },
    /// The last row has no line end and its last number fewer characters than any before it.
    #[error("the file ends in the middle of the last number, `{text}`")]
    TruncatedNumber {
        /// What is left of it.
        text: String,
    },
    /// A row with more cells than the header has names.
    #[error("the row has {found} cells where the header names {wanted}")]
    LongRow {
        /// Cells found.
        found: usize,
        /// Cells due.
        wanted: usize,
    },
    /// An empty cell.
    #[error("the cell of column `{0}` is empty")]
    EmptyCell(String),
    /// A cell that is no number.
    #[error("`{text}` in column `{column}` is not a number")]
    NotANumber {
        /// The cell, shortened.
        text: String,
        /// Name of the column.
        column: String,
    },
    /// NaN or infinite.
    #[error("`{text}` in column `{column}` is not a finite number")]
    NotFinite {
        /// The cell.
        text: String,
        /// Name of the column.
        column: String,
    },
    /// The time column is in no unit of time.
    #[error("the time column is in `{0}`, which is not a unit of time")]
    TimeUnit(String),
    /// The header states no usable time base.
    #[error("the header states no usable start and increment of the time")]
    NoTimeBase,
    /// An array of codes without a time.
    #[error("nothing states how many samples a second it has")]
    NoSampleRate,
    /// Time stands still or runs backwards.
    #[error("the time does not grow: {after} s follows {before} s")]
    TimeNotGrowing {
        /// Time of the row before, s.
        before: f64,
        /// Time of this row, s.
        after: f64,
    },
    /// Rows are missing, or come twice.
    #[error("row number {after} follows {before}: rows are missing or out of order")]
    Sequence {
        /// Number of the row before.
        before: f64,
        /// Number of this row.
        after: f64,
    },
    /// Fewer than two rows.
    #[error("the file holds one sample; a waveform needs at least two")]
    OneSample,
}

impl CaptureFault {
    /// What to try next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::NoNumbers => {
                "export the waveform again as CSV, with its values and not the settings alone"
            }
            Self::TooLarge { .. } => "export a shorter record, or only the channels that are needed",
            Self::Utf16 => "save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)",
            Self::Binary | Self::LongLine { .. } => {
                "export the waveform as CSV text rather than in the scope's binary format"
            }
            Self::MissingColumns { .. } => {
                "a capture is a table with a time column and one column per channel, separated by `,`, `;` or tab"
            }
            Self::TooManyColumns { .. } => "keep the time column and the channels that are to be measured",
            Self::DuplicateColumn(_) => "rename one of them in the header row",
            Self::ShortRow { .. } | Self::EmptyCell(_) => {
                "a missing sample is not made up; export the record again"
            }
            Self::Unreadable { .. } => "export the record again, or as CSV",
            Self::TruncatedRow { .. } | Self::TruncatedNumber { .. } => {
                "the export was cut off; copy or export the file again"
            }
            Self::LongRow { .. } => "with decimal commas the columns must be separated by `;` or tab",
            Self::NotANumber { .. } => {
                "numbers are written like 1.25e-3, or 1,25e-3 in files separated by `;` or tab"
            }
            Self::NotFinite { .. } => {
                "samples the scope could not convert are not measured; widen its range and record again"
            }
            Self::TimeUnit(_) => "name the unit in the header, such as `Time (ms)`",
            Self::NoTimeBase => {
                "export again with the time column, or with `Start` and `Increment` in the header"
            }
            Self::NoSampleRate => {
                "`analyze` takes it as --sample-rate '1 MHz'; a structured array with a field time_s says it itself"
            }
            Self::TimeNotGrowing { .. } => {
                "rows must be in order of time and the time written with enough digits"
            }
            Self::Sequence { .. } => "export the record again, whole: its times are counted from its rows",
            Self::OneSample => "export the record, not the reading of a cursor",
        }
    }
}

impl CaptureError {
    pub(super) fn whole(file: &str, fault: CaptureFault) -> Self {
        Self { file: file.to_owned(), line: None, column: None, fault }
    }

    pub(super) fn at(file: &str, line: u64, fault: CaptureFault) -> Self {
        Self { file: file.to_owned(), line: Some(line), column: None, fault }
    }

    pub(super) fn cell(file: &str, line: u64, column: u64, fault: CaptureFault) -> Self {
        Self { file: file.to_owned(), line: Some(line), column: Some(column), fault }
    }

    /// `file:line:column` as far as it is known.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", self.file),
            (Some(line), None) => format!("{}:{line}", self.file),
            _ => self.file.clone(),
        }
    }
}
