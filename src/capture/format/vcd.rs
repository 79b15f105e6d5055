//! Value change dump: a real variable for each channel and a wire for each marker bit.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};

use crate::quantity::Quantity;
use crate::signal::MarkerBit;

use super::super::error::CaptureFault;
use super::super::time_base::TimeBase;
use super::{ExportError, Meta, Rows, Stretch, Table, Words, unreadable};

/// What precedes our addition, in a comment.
const MARK: &str = "stimrig ";

/// Marker bits with their names, in the order of their variables.
const BITS: &[(MarkerBit, &str)] = &[
    (MarkerBit::Lead, "lead"),
    (MarkerBit::Short, "short"),
    (MarkerBit::Leakage, "leakage"),
    (MarkerBit::Impedance, "impedance"),
    (MarkerBit::Interlock, "interlock"),
    (MarkerBit::Zero, "zero"),
    (MarkerBit::TestSource, "test_source"),
    (MarkerBit::Supply, "supply"),
    (MarkerBit::StartTaken, "start_taken"),
    (MarkerBit::StopTaken, "stop_taken"),
    (MarkerBit::ProgramTaken, "program_taken"),
];

/// The coarsest scale of which the sample period is a whole number, and its ticks per second: readers that fill in every tick (sigrok
/// does) then hold one value for a sample, not a thousand. Where none is, femtoseconds.
fn scale(rate: f64) -> (&'static str, f64) {
    const SCALES: [(&str, f64); 9] = [
        ("1 s", 1.0),
        ("1 ms", 1e3),
        ("100 us", 1e4),
        ("10 us", 1e5),
        ("1 us", 1e6),
        ("100 ns", 1e7),
        ("10 ns", 1e8),
        ("1 ns", 1e9),
        ("1 ps", 1e12),
    ];
    let whole = |ticks: f64| ticks >= 1.0 && (ticks - ticks.round()).abs() < 1e-9;
    SCALES.into_iter().find(|(_, ticks)| whole(ticks / rate)).unwrap_or(("1 fs", 1e15))
}

/// The identifier of a variable: printable characters from `!` on.
fn identifier(index: usize) -> String {
    let mut left = index;
    let mut text = String::new();
    loop {
        text.push(char::from(b'!' + (left % 94) as u8));
        left /= 94;
        if left == 0 {
            return text;
        }
    }
}

pub(super) struct Writer<W: Write> {
    out: BufWriter<W>,
    meta: Meta,
    words: Vec<Words>,
    last: Vec<Option<i16>>,
    /// Ticks per second.
    ticks: f64,
    /// One past the last sample.
    end: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(out: W, meta: Meta) -> Result<Self, ExportError> {
        let mut out = BufWriter::with_capacity(1 << 18, out);
        let (scale, ticks) = scale(meta.sample_rate);
        writeln!(
            out,
            "$comment {MARK}{} $end\n$timescale {scale} $end\n$scope module stimrig $end",
            meta.json()
        )?;
        for (index, channel) in meta.channels.iter().enumerate() {
            writeln!(out, "$var real 64 {} {} $end", identifier(index), channel.name.replace(' ', "_"))?;
        }
        for (index, (_, name)) in BITS.iter().enumerate() {
            writeln!(out, "$var wire 1 {} {name} $end", identifier(meta.channels.len() + index))?;
        }
        writeln!(out, "$upscope $end\n$enddefinitions $end")?;
        let words = meta.channels.iter().map(|_| Words::new()).collect();
        let last = vec![None; meta.channels.len()];
        let mut writer = Self { out, meta, words, last, ticks, end: 0 };
        writer.at(0)?;
        for index in 0..BITS.len() {
            writeln!(writer.out, "0{}", identifier(writer.meta.channels.len() + index))?;
        }
        Ok(writer)
    }

    fn at(&mut self, sample: u64) -> Result<(), ExportError> {
        Ok(writeln!(self.out, "#{}", (self.meta.time(sample) * self.ticks).round())?)
    }
}

impl<W: Write> Rows for Writer<W> {
    fn stretch(&mut self, stretch: &Stretch<'_>) -> Result<(), ExportError> {
        let mut markers = stretch.markers.iter().peekable();
        for index in 0..stretch.count {
            let sample = stretch.first + index as u64;
            let mut told = sample == 0;
            while let Some(marker) = markers.next_if(|marker| marker.sample <= sample) {
                if !std::mem::replace(&mut told, true) {
                    self.at(sample)?;
                }
                if let Some(bit) = BITS.iter().position(|(bit, _)| *bit == marker.bit) {
                    let name = identifier(self.meta.channels.len() + bit);
                    writeln!(self.out, "{}{name}", u8::from(marker.value))?;
                }
            }
            for (channel, plane) in stretch.codes.chunks_exact(stretch.count).enumerate() {
                let code = plane.get(index).copied().unwrap_or(0);
                let (Some(last), Some(meta)) = (self.last.get_mut(channel), self.meta.channels.get(channel))
                else {
                    continue;
                };
                if last.replace(code) == Some(code) {
                    continue;
                }
                let word =
                    self.words.get_mut(channel).map_or("", |words| words.of(code, || meta.value(code)));
                if !std::mem::replace(&mut told, true) {
                    let tick = (self.meta.time(sample) * self.ticks).round();
                    writeln!(self.out, "#{tick}")?;
                }
                writeln!(self.out, "r{word} {}", identifier(channel))?;
            }
        }
        self.end = stretch.first + stretch.count as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ExportError> {
        // The last sample lasts until here.
        if self.end > 0 {
            self.at(self.end)?;
        }
        Ok(self.out.flush()?)
    }
}

/// More samples of all channels than this are not made of a few changes: in memory they take what a file may.
const MOST: f64 = (1 << 25) as f64;

/// Reads the real variables of a dump; each holds its value until it changes.
pub(super) fn read(bytes: &[u8]) -> Result<Table, CaptureFault> {
    let bad = |why: &str| unreadable("VCD file", why);
    let text = std::str::from_utf8(bytes).map_err(|_| bad("it is no text"))?;
    let (head, body) = text.split_once("$enddefinitions").ok_or_else(|| bad("it has no $enddefinitions"))?;
    let tick = definition(head, "$timescale").and_then(|scale| Quantity::parse(&scale).ok());
    let tick = tick.map(|tick| tick.value).filter(|tick| *tick > 0.0).ok_or(CaptureFault::NoTimeBase)?;
    let comment = definition(head, "$comment");
    let meta: Option<Meta> =
        comment.and_then(|comment| serde_json::from_str(comment.strip_prefix(MARK)?).ok());
    let mut names = Vec::new();
    let mut index = BTreeMap::new();
    let mut words = head.split_whitespace();
    while words.by_ref().any(|word| word == "$var") {
        if let (Some("real"), Some(_), Some(id), Some(name)) =
            (words.next(), words.next(), words.next(), words.next())
        {
            index.insert(id, names.len());
            names.push(name.to_owned());
        }
    }
    let (changes, end) = changes(body, &index).ok_or_else(|| bad("a change or a time in it is no number"))?;
    // A variable has no value before its first change.
    let mut firsts = vec![None; names.len()];
    for (at, column, _) in changes.iter().rev() {
        if let Some(first) = firsts.get_mut(*column) {
            *first = Some(*at);
        }
    }
    let start = firsts.iter().flatten().max().copied().unwrap_or(0);
    let since = |at: u64| at.saturating_sub(start);
    let times = changes.iter().map(|(at, ..)| since(*at));
    let dt = meta.as_ref().map_or_else(|| common_period(times, tick), |meta| 1.0 / meta.sample_rate);
    let samples = (since(end) as f64 * tick / dt).round();
    if !(2.0..MOST / names.len().max(1) as f64).contains(&samples) {
        return Err(if samples < 2.0 {
            CaptureFault::OneSample
        } else {
            bad("its changes lie on no common grid of times")
        });
    }
    let mut columns: Vec<(String, Vec<f64>)> =
        names.into_iter().map(|name| (name, Vec::with_capacity(samples as usize))).collect();
    for (at, column, value) in changes {
        let Some((_, values)) = columns.get_mut(column) else { continue };
        let sample = (since(at) as f64 * tick / dt).round() as usize;
        let held = values.last().copied().unwrap_or(0.0);
        values.resize(sample.min(samples as usize).max(values.len()), held);
        match values.get_mut(sample) {
            // Of several changes at one time the last one holds.
            Some(before) => *before = value,
            None if sample < samples as usize => values.push(value),
            None => {}
        }
    }
    columns.retain(|(_, values)| !values.is_empty());
    for (_, values) in &mut columns {
        let held = values.last().copied().unwrap_or(0.0);
        values.resize(samples as usize, held);
    }
    let time = TimeBase { t0: start as f64 * tick, dt, dt_u: 0.0, worst_deviation: None };
    Ok(Table { time: Ok(time), columns, rails: None })
}

/// The text of a declaration, up to its `$end`.
fn definition(head: &str, keyword: &str) -> Option<String> {
    let (text, _) = head.split_once(keyword)?.1.split_once("$end")?;
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Every change of a real variable: when in ticks, of which, to what; and the last time.
type Changes = (Vec<(u64, usize, f64)>, u64);

fn changes(body: &str, index: &BTreeMap<&str, usize>) -> Option<Changes> {
    let (mut found, mut now) = (Vec::new(), 0);
    let mut words = body.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if let Some(time) = word.strip_prefix('#') {
            let time: u64 = time.parse().ok()?;
            if time < now {
                return None;
            }
            now = time;
        } else if let Some(value) = word.strip_prefix(['r', 'R']) {
            let id = words.next()?;
            if let Some(column) = index.get(id) {
                found.push((now, *column, value.parse().ok()?));
            }
        } else if word.starts_with(['b', 'B']) {
            words.next()?;
        }
    }
    Some((found, now))
}

/// The longest period, s, of which every time of a change, in ticks, is a multiple.
fn common_period(times: impl Iterator<Item = u64>, tick: f64) -> f64 {
    fn divisor(a: u64, b: u64) -> u64 {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    times.fold(0, divisor).max(1) as f64 * tick
}

#[cfg(test)]
mod tests {
    use super::{read, scale};

    #[test]
    fn a_tick_is_as_long_as_it_can_be() {
        for (rate, name) in
            [(1e6, "1 us"), (1e3, "1 ms"), (2e6, "100 ns"), (2.5e5, "1 us"), (5e8, "1 ns"), (3e6, "1 fs")]
        {
            assert_eq!(scale(rate).0, name, "{rate}");
        }
    }

    #[test]
    fn no_value_is_made_up_before_the_first_change() {
        let dump = "$timescale 1 us $end\n$var real 64 ! a $end\n$var real 64 % b $end\n$var real 64 & none $end\n$enddefinitions $end\n\
                    #1000001\nr1 !\n#1000005\nr2 !\nr10 %\n#1000007\nr3 !\n#1000011\nr20 %\n#1000013\n";
        let table = read(dump.as_bytes()).unwrap();
        let time = table.time.unwrap();
        assert!((time.t0 - 1.000_005).abs() < 1e-12 && (time.dt - 2e-6).abs() < 1e-18, "{time:?}");
        let expected = [("a", vec![2.0, 3.0, 3.0, 3.0]), ("b", vec![10.0, 10.0, 10.0, 20.0])];
        assert_eq!(table.columns, expected.map(|(name, values)| (name.to_owned(), values)));
    }

    #[test]
    fn of_two_changes_at_one_time_the_last_one_holds() {
        let dump = "$timescale 1 us $end\n$var real 64 ! a $end\n$var real 64 % b $end\n$enddefinitions $end\n\
                    #0\nr1 !\nr10 %\n#2\nr5 !\nr20 %\nr7 !\n#4\nr2 !\n#8\nr9 !\n";
        let columns = read(dump.as_bytes()).unwrap().columns;
        let expected = [("a", vec![1.0, 7.0, 2.0, 2.0]), ("b", vec![10.0, 20.0, 20.0, 20.0])];
        assert_eq!(columns, expected.map(|(name, values)| (name.to_owned(), values)));
    }
}
