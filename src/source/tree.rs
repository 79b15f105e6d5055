//! The positioned tree.

/// Where something stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters on that line, at least 1.
    pub length: u32,
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Text; never interpreted here (`no`, `017` and `1_000` stay what was written).
    Scalar {
        /// The text, escapes resolved.
        text: String,
        /// Written in quotes or as a block, so never null.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in file order, without duplicate keys.
    Map(Vec<(Key, Node)>),
}

/// One value of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands. A value that came in through an alias stands where it was defined.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

impl Node {
    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        if let Kind::Scalar { text, .. } = &self.kind { Some(text) } else { None }
    }

    /// True for a value that was left out, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(name, _)| name.text == key).map(|(_, value)| value)
    }

    /// The value as one line, as it stands in the name of a case (`{ratio: 4}`).
    pub fn inline(&self) -> String {
        match &self.kind {
            Kind::Scalar { text, .. } => text.clone(),
            Kind::List(items) => {
                format!("[{}]", items.iter().map(Self::inline).collect::<Vec<_>>().join(", "))
            }
            Kind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", key.text, value.inline()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The value as YAML on one line, which reads as the same tree.
    pub fn flow(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "~".to_owned(),
            Kind::Scalar { text, .. } => quoted(text),
            Kind::List(items) => {
                format!("[{}]", items.iter().map(Self::flow).collect::<Vec<_>>().join(", "))
            }
            Kind::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| format!("{}: {}", quoted(&key.text), value.flow()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Number of nodes and depth of the tree under (and including) this one.
    pub(super) fn size(&self) -> (usize, usize) {
        let add = |(count, depth): (usize, usize), child: &Self| {
            let (more, deep) = child.size();
            (count + more, depth.max(deep + 1))
        };
        match &self.kind {
            Kind::Scalar { .. } => (1, 1),
            Kind::List(items) => items.iter().fold((1, 1), add),
            Kind::Map(entries) => entries.iter().map(|(_, value)| value).fold((1, 1), add),
        }
    }
}
