//! Messages of a described protocol: what they are made of, as bytes and back.

use regex::{Captures, Regex};

use super::{Checksum, Field};

/// A number within a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// Which of the program's.
    pub field: Field,
    /// What one unit of it stands for, in the SI base unit of the field.
    pub unit: f64,
    /// Digits behind the point (text only).
    pub decimals: usize,
}

impl Number {
    /// The smallest difference it can tell, in the SI base unit of the field.
    pub fn step(&self) -> f64 {
        self.unit / 10_f64.powi(self.decimals as i32)
    }
}

/// A piece of a text message.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it stands.
    Literal(String),
    /// A number.
    Number(Number),
}

/// How a number lies in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// 1, 2 or 4.
    pub bytes: usize,
    /// In two's complement.
    pub signed: bool,
}

impl Format {
    /// All, with their names in rig files.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("u8", Self { bytes: 1, signed: false }),
        ("i8", Self { bytes: 1, signed: true }),
        ("u16", Self { bytes: 2, signed: false }),
        ("i16", Self { bytes: 2, signed: true }),
        ("u32", Self { bytes: 4, signed: false }),
        ("i32", Self { bytes: 4, signed: true }),
    ];

    /// Smallest and largest whole number.
    pub fn range(self) -> (i64, i64) {
        let bits = 8 * self.bytes.min(4) as u32;
        if self.signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }

    /// A whole number within [`Format::range`] as bytes.
    pub fn encode(self, value: i64, big: bool) -> Vec<u8> {
        let mut bytes: Vec<u8> = value.to_le_bytes().into_iter().take(self.bytes).collect();
        if big {
            bytes.reverse();
        }
        bytes
    }

    /// Bytes as a whole number.
    pub fn decode(self, bytes: &[u8], big: bool) -> i64 {
        let join = |sum: i64, byte: &u8| sum << 8 | i64::from(*byte);
        let value = if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) };
        let (_, most) = self.range();
        if self.signed && value > most { value - (1 << (8 * self.bytes)) } else { value }
    }
}

/// A piece of a binary payload.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// As they stand.
    Bytes(Vec<u8>),
    /// A number.
    Number(Number, Format),
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A line.
    Text(Vec<Piece>),
    /// A frame.
    Binary {
        /// Its operation.
        opcode: u8,
        /// Its payload.
        payload: Vec<Item>,
    },
}

impl Message {
    /// The numbers in it.
    pub fn numbers(&self) -> Vec<&Number> {
        match self {
            Self::Text(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Number(number) => Some(number),
                    Piece::Literal(_) => None,
                })
                .collect(),
            Self::Binary { payload, .. } => payload
                .iter()
                .filter_map(|item| match item {
                    Item::Number(number, _) => Some(number),
                    Item::Bytes(_) => None,
                })
                .collect(),
        }
    }

    /// The numbers in it that have a size, and which.
    pub fn sized(&self) -> impl Iterator<Item = (&Number, Format)> {
        let items = match self {
            Self::Text(_) => &[],
            Self::Binary { payload, .. } => payload.as_slice(),
        };
        items.iter().filter_map(|item| match item {
            Item::Number(number, format) => Some((number, *format)),
            Item::Bytes(_) => None,
        })
    }

    /// As bytes, with the values of fields in their SI base units. A number must lie within the range of its format.
    pub fn encode(&self, framing: &Framing, value: impl Fn(Field) -> f64) -> Vec<u8> {
        match (self, framing) {
            (Self::Text(pieces), Framing::Text { terminator, .. }) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Number(number) => text.push_str(&format!(
                            "{:.*}",
                            number.decimals,
                            value(number.field) / number.unit
                        )),
                    }
                }
                text.push_str(terminator);
                text.into_bytes()
            }
            (Self::Binary { opcode, payload }, Framing::Binary { .. }) => {
                let mut bytes = Vec::new();
                for item in payload {
                    match item {
                        Item::Bytes(own) => bytes.extend(own),
                        Item::Number(number, format) => {
                            let whole = (value(number.field) / number.unit).round() as i64;
                            bytes.extend(format.encode(whole, framing.big()));
                        }
                    }
                }
                framing.frame(*opcode, None, &bytes)
            }
            _ => Vec::new(),
        }
    }
}

/// A regular expression as it is written and for lines that match as a whole; two with the same text are the same.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: Regex,
    whole: Regex,
}

impl Pattern {
    /// Of the text of a regular expression.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        let written = Regex::new(text)?;
        // A comment at the end (of a pattern that allows some) would swallow what follows it on its line.
        let whole =
            Regex::new(&format!("^(?:{text})$")).or_else(|_| Regex::new(&format!("^(?:{text}\n)$")))?;
        Ok(Self { written, whole })
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        self.written.as_str()
    }

    /// The names of its groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.written.capture_names().flatten()
    }

    /// What it finds anywhere in a line.
    pub fn anywhere<'l>(&self, line: &'l str) -> Option<Captures<'l>> {
        self.written.captures(line)
    }

    /// What it finds in a line that it matches as a whole: `OK` is not `NOK`.
    pub fn whole<'l>(&self, line: &'l str) -> Option<Captures<'l>> {
        self.whole.captures(line)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// A piece of a reply's payload.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyItem {
    /// So many bytes that say nothing.
    Skip(usize),
    /// So many bytes of text with a name (`model`, `uid`, `firmware`).
    Text(String, usize),
    /// A whole number with a name (`state`, `fault`, `pulses`).
    Number(String, Format),
}

impl ReplyItem {
    /// How many bytes it takes.
    pub fn length(&self) -> usize {
        match self {
            Self::Skip(bytes) | Self::Text(_, bytes) => *bytes,
            Self::Number(_, format) => format.bytes,
        }
    }
}

/// What is to come back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A line that matches; named groups are read from it.
    Text {
        /// The whole line.
        pattern: Pattern,
        /// What a simulated device answers, with `{name}` for what the groups read.
        simulated: String,
    },
    /// A frame of the request's operation whose payload is made of these.
    Binary(Vec<ReplyItem>),
}

/// How messages are told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Framing {
    /// Lines.
    Text {
        /// What ends a line, in both directions.
        terminator: String,
        /// A line that refuses; its group `reason` says why.
        refused: Option<Pattern>,
    },
    /// Frames: header, opcode, length, (in replies) status, payload, checksum.
    Binary {
        /// What every frame begins with.
        header: Vec<u8>,
        /// Numbers, lengths and checksums have their high byte first.
        big: bool,
        /// The length counts the whole frame instead of the payload (without a status).
        whole: bool,
        /// What it ends with.
        checksum: Option<Checksum>,
        /// Replies carry a status: what its values mean; `ok` is success.
        status: Vec<(u8, String)>,
    },
}

impl Framing {
    /// High byte first.
    pub fn big(&self) -> bool {
        matches!(self, Self::Binary { big: true, .. })
    }

    /// Bytes of the checksum.
    fn sum(&self, bytes: &[u8]) -> Vec<u8> {
        let Self::Binary { checksum: Some(checksum), big, .. } = self else { return Vec::new() };
        let mut sum = checksum.of(bytes);
        if *big {
            sum.reverse();
        }
        sum
    }

    /// The length that the frame of a request states, which is one byte of it.
    pub fn stated_length(&self, request: &Message) -> usize {
        let Message::Binary { payload, .. } = request else { return 0 };
        let bytes = payload.iter().map(|item| match item {
            Item::Bytes(own) => own.len(),
            Item::Number(_, format) => format.bytes,
        });
        self.length(bytes.sum(), false)
    }

    /// What a frame with a payload of so many bytes states, with a status or without one.
    fn length(&self, payload: usize, status: bool) -> usize {
        match self {
            Self::Binary { header, whole: true, .. } => {
                header.len() + 2 + usize::from(status) + payload + self.sum(&[]).len()
            }
            _ => payload,
        }
    }

    /// A frame; replies have a status where the protocol has one.
    pub fn frame(&self, opcode: u8, status: Option<u8>, payload: &[u8]) -> Vec<u8> {
        let Self::Binary { header, .. } = self else { return Vec::new() };
        let length = self.length(payload.len(), status.is_some());
        let mut frame = header.clone();
        frame.extend([opcode, u8::try_from(length).unwrap_or(u8::MAX)]);
        frame.extend(status);
        frame.extend(payload);
        let sum = self.sum(&frame);
        frame.extend(sum);
        frame
    }

    /// Bytes before the payload of a request or a reply: header, opcode, length, status.
    pub fn head(&self, reply: bool) -> usize {
        match self {
            Self::Text { .. } => 0,
            Self::Binary { header, status, .. } => {
                header.len() + 2 + usize::from(reply && !status.is_empty())
            }
        }
    }

    /// Length of the whole frame whose first bytes these are (at least header, opcode and length).
    pub fn whole_length(&self, head: &[u8], reply: bool) -> Option<usize> {
        let Self::Binary { header, whole, .. } = self else { return None };
        let length = usize::from(*head.get(header.len() + 1)?);
        Some(if *whole { length } else { self.head(reply) + length + self.sum(&[]).len() })
    }

    /// Opcode, status and payload of a whole frame.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open<'f>(&self, frame: &'f [u8], reply: bool) -> Result<(u8, Option<u8>, &'f [u8]), String> {
        let Self::Binary { header, .. } = self else { return Err("no frame".to_owned()) };
        let sum = self.sum(&[]).len();
        let (head, end) = (self.head(reply), frame.len().checked_sub(sum).ok_or("a frame cut short")?);
        if !frame.starts_with(header) {
            return Err("a frame that does not begin with the header".to_owned());
        }
        let (body, stated) = frame.split_at_checked(end).ok_or("a frame cut short")?;
        if self.sum(body) != stated {
            return Err("a frame whose checksum is wrong".to_owned());
        }
        let opcode = *body.get(header.len()).ok_or("a frame cut short")?;
        let status = if head > header.len() + 2 { body.get(header.len() + 2).copied() } else { None };
        Ok((opcode, status, body.get(head..).ok_or("a frame cut short")?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_a_line_as_a_whole_whichever_way_of_several_it_takes() {
        let matches = |pattern: &str, line: &str| Pattern::new(pattern).unwrap().whole(line).is_some();
        assert!(matches("OK", "OK") && !matches("OK", "NOK") && !matches("OK", "OK 1"));
        // The first way in which it matches is the shorter one.
        assert!(matches("O|OK", "OK") && matches("^(?:O|OK)$", "OK"));
        let named = Pattern::new("(?P<model>.+?) (?P<uid>[0-9]+)?").unwrap();
        let found = named.whole("a b 7").unwrap();
        assert_eq!((&found["model"], &found["uid"]), ("a b", "7"));
        assert_eq!(named.names().collect::<Vec<_>>(), ["model", "uid"]);
        // What is written behind a comment in it is part of the comment.
        let told = Pattern::new("(?x) OK [0-9] # and a digit").unwrap();
        assert!(told.whole("OK7").is_some() && told.whole("OK77").is_none());
        assert!(told.anywhere("OK77").is_some());
        assert_eq!(told, told.clone());
        assert_ne!(told, named);
        assert!(Pattern::new("(").is_err());
    }
}
