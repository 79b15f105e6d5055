//! A Parquet table: a column for the time and one for each channel, 64-bit floats.

use std::io::{Seek, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{DataType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescriptor, Type};

use super::super::dialect::is_bare;
use super::super::error::CaptureFault;
use super::{ExportError, Format, Meta, Rows, Stretch, Table, format_error, unreadable};

/// Rows that are gathered before they are written.
const GROUP: usize = 1 << 19;

fn error(error: ParquetError) -> ExportError {
    format_error(Format::Parquet, error)
}

pub(super) struct Writer<W: Write + Send> {
    out: SerializedFileWriter<W>,
    meta: Meta,
    columns: Vec<Vec<f64>>,
}

impl<W: Write + Seek + Send> Writer<W> {
    pub(super) fn new(out: W, meta: Meta) -> Result<Self, ExportError> {
        let names =
            std::iter::once("time_s").chain(meta.channels.iter().map(|channel| channel.name.as_str()));
        let field = |name: &str| {
            let column = Type::primitive_type_builder(name, Physical::DOUBLE);
            column.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
        };
        let fields: Result<Vec<_>, _> = names.map(field).collect();
        let schema =
            Type::group_type_builder("samples").with_fields(fields.map_err(error)?).build().map_err(error)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(vec![KeyValue::new("stimrig".to_owned(), meta.json())]))
            .build();
        let out = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(error)?;
        let columns = vec![Vec::with_capacity(GROUP); meta.channels.len() + 1];
        Ok(Self { out, meta, columns })
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let mut group = self.out.next_row_group().map_err(error)?;
        for values in &mut self.columns {
            let Some(mut column) = group.next_column().map_err(error)? else { break };
            column.typed::<DoubleType>().write_batch(values, None, None).map_err(error)?;
            column.close().map_err(error)?;
            values.clear();
        }
        group.close().map_err(error)?;
        Ok(())
    }
}

impl<W: Write + Seek + Send> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        let times = (0..stretch.count as u64).map(|index| self.meta.time(stretch.first + index));
        if let Some((time, values)) = self.columns.split_first_mut() {
            time.extend(times);
            let planes = stretch.codes.chunks_exact(stretch.count.max(1));
            for ((values, plane), channel) in values.iter_mut().zip(planes).zip(&self.meta.channels) {
                values.extend(plane.iter().map(|code| channel.value(*code)));
            }
            if time.len() >= GROUP {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        if self.columns.first().is_some_and(|time| !time.is_empty()) {
            self.flush()?;
        }
        self.out.close().map(|_| ()).map_err(error)
    }
}

/// Reads a table of numbers whose first column is the time.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |error: ParquetError| unreadable("Parquet file", error);
    let reader = SerializedFileReader::new(bytes::Bytes::copy_from_slice(bytes)).map_err(bad)?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    for (index, column) in schema.columns().iter().enumerate() {
        if !is_plain(column) {
            let name = column.name();
            let why = format!(
                "column `{name}` holds no plain numbers; save floats, not dates or decimals, and the time in seconds as time_s"
            );
            return Err(unreadable("Parquet file", why));
        }
        // A duration is stored as a whole number of a unit that only its writer knows.
        let whole = matches!(column.physical_type(), Physical::INT32 | Physical::INT64);
        if index == 0 && whole && is_bare(column.name()) {
            return Err(CaptureFault::TimeUnit(column.name().to_owned()));
        }
    }
    let mut columns: Vec<(String, Vec<f64>)> =
        schema.columns().iter().map(|column| (column.name().to_owned(), Vec::new())).collect();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(bad)?;
        let damaged = |chunk: &ColumnChunkMetaData| {
            let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
            start < 0 || chunk.compressed_size() < 0
        };
        // The reader panics over a place that cannot be.
        if group.metadata().columns().iter().any(damaged) {
            return Err(unreadable("Parquet file", "its directory is damaged: save it again"));
        }
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        for (index, (name, values)) in columns.iter_mut().enumerate() {
            let before = values.len();
            match group.get_column_reader(index).map_err(bad)? {
                ColumnReader::DoubleColumnReader(column) => numbers(column, rows, values, |value| value),
                ColumnReader::FloatColumnReader(column) => numbers(column, rows, values, f64::from),
                ColumnReader::Int32ColumnReader(column) => numbers(column, rows, values, f64::from),
                ColumnReader::Int64ColumnReader(column) => {
                    numbers(column, rows, values, |value| value as f64)
                }
                _ => return Err(unreadable("Parquet file", format!("column `{name}` holds no numbers"))),
            }
            .map_err(bad)?;
            if values.len() - before != rows {
                return Err(CaptureFault::EmptyCell(name.clone()));
            }
        }
    }
    Ok(Table::with_time(columns))
}

/// Whether the numbers of a column are what they stand for: a date, a decimal and an unsigned number are stored as integers that
/// mean something else.
fn is_plain(column: &ColumnDescriptor) -> bool {
    use ConvertedType as C;
    match column.logical_type_ref() {
        Some(LogicalType::Integer(kind)) => kind.is_signed || kind.bit_width <= 16,
        Some(_) => false,
        None => matches!(
            column.converted_type(),
            C::NONE | C::UINT_8 | C::UINT_16 | C::INT_8 | C::INT_16 | C::INT_32 | C::INT_64
        ),
    }
}

fn numbers<T: DataType>(
    mut column: ColumnReaderImpl<T>,
    rows: usize,
    into: &mut Vec<f64>,
    value: impl Fn(T::T) -> f64,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < rows {
        values.clear();
        levels.clear();
        let (read, ..) =
            column.read_records((rows - done).min(1 << 16), Some(&mut levels), None, &mut values)?;
        if read == 0 {
            break;
        }
        done += read;
        into.extend(values.drain(..).map(&value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use parquet::basic::TimeUnit;
    use parquet::data_type::Int64Type;

    use super::*;

    /// What is read of the times 0, 1 and 2 in a column of whole numbers that stand for something, beside a current.
    fn times(name: &str, meaning: Option<LogicalType>) -> Result<f64, CaptureFault> {
        let whole = Type::primitive_type_builder(name, Physical::INT64).with_logical_type(meaning);
        let fields = [whole, Type::primitive_type_builder("i_A", Physical::DOUBLE)]
            .map(|field| Arc::new(field.with_repetition(Repetition::REQUIRED).build().unwrap()));
        let schema = Type::group_type_builder("samples").with_fields(fields.into()).build().unwrap();
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut out = SerializedFileWriter::new(&mut bytes, Arc::new(schema), properties).unwrap();
        let mut group = out.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[0, 1, 2], None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[0.0, 1e-3, 0.0], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        out.close().unwrap();
        read(&bytes)?.time.map(|time| time.dt)
    }

    #[test]
    fn whole_numbers_that_stand_for_something_else_are_not_taken_for_seconds() {
        for plain in [None, Some(LogicalType::integer(64, true))] {
            assert!(times("time_us", plain.clone()).is_ok_and(|dt| (dt / 1e-6 - 1.0).abs() < 1e-9));
            // A duration, whose unit only its writer knows.
            assert_eq!(times("time", plain), Err(CaptureFault::TimeUnit("time".to_owned())));
        }
        for other in [
            LogicalType::timestamp(false, TimeUnit::NANOS),
            LogicalType::time(false, TimeUnit::MICROS),
            LogicalType::integer(64, false),
        ] {
            let refused = times("time_us", Some(other.clone()));
            assert!(matches!(refused, Err(CaptureFault::Unreadable { .. })), "{other:?}: {refused:?}");
        }
    }
}
