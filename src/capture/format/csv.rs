//! A table with a time column; the text reader reads it back.

use std::io::{BufWriter, Write};

use super::{ExportError, Meta, Rows, Stretch, Words};

pub(super) struct Writer<W: Write> {
    out: BufWriter<W>,
    meta: Meta,
    words: Vec<Words>,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, meta: Meta) -> Result<Self, ExportError> {
        let mut out = BufWriter::with_capacity(1 << 18, out);
        let names = meta.channels.iter().map(|channel| channel.name.as_str());
        writeln!(out, "time_s,{}", names.collect::<Vec<_>>().join(","))?;
        let words = meta.channels.iter().map(|_| Words::new()).collect();
        Ok(Self { out, meta, words })
    }
}

impl<W: Write> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        for index in 0..stretch.count {
            write!(self.out, "{}", self.meta.time(stretch.first + index as u64))?;
            let planes = stretch.codes.chunks_exact(stretch.count);
            for ((plane, channel), words) in planes.zip(&self.meta.channels).zip(&mut self.words) {
                let code = plane.get(index).copied().unwrap_or(0);
                self.out.write_all(b",")?;
                self.out.write_all(words.of(code, || channel.value(code)).as_bytes())?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        Ok(self.out.flush()?)
    }
}
