//! TOML documents as trees that remember the line of every key and value, for files whose mistakes must be found and mended.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

/// A value and the line on which it starts, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The line.
    pub line: u32,
    /// The value.
    pub value: Value,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer; `None` where it does not fit into 64 bits.
    Integer(Option<i64>),
    /// A float; nothing of ours is one.
    Float,
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time, or both.
    Datetime(Datetime),
    /// An array.
    List(Vec<Node>),
    /// A table, inline or under a header.
    Table(Table),
}

/// A table and the line of its header.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Table {
    /// The line of the header, or of the brace; 1 for the document itself.
    pub line: u32,
    entries: BTreeMap<String, Entry>,
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The line of the key.
    pub line: u32,
    /// What it is set to.
    pub node: Node,
}

/// Something that is not TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: u32,
    /// The parser's words.
    pub message: String,
}

impl Value {
    /// Its type, with an article, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float => "a float",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Whether another value says the same, on whatever lines it stands.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.value.says_the_same_as(&other.value))
            }
            (Self::Table(one), Self::Table(other)) => {
                one.entries.len() == other.entries.len()
                    && one.iter().zip(other.iter()).all(|((name, one), (other_name, other))| {
                        name == other_name && one.node.value.says_the_same_as(&other.node.value)
                    })
            }
            // What no table of ours holds may be any float.
            (Self::Float, Self::Float) => false,
            (one, other) => one == other,
        }
    }

    /// The string, where it is one.
    #[must_use]
    pub const fn as_text(&self) -> Option<&String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The truth value, where it is one.
    #[must_use]
    pub const fn as_boolean(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    /// The list, where it is one.
    #[must_use]
    pub const fn as_list(&self) -> Option<&Vec<Node>> {
        if let Self::List(nodes) = self { Some(nodes) } else { None }
    }

    /// The table, where it is one.
    #[must_use]
    pub const fn as_table(&self) -> Option<&Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }
}

impl Table {
    /// The entry of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Every entry, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }
}

/// Parses a document; a byte-order mark and either line ending are accepted. The parser bounds the depth.
///
/// # Errors
/// The text is not TOML; every mistake that the parser could tell apart, in the order of the text.
pub fn parse(text: &str) -> Result<Table, Vec<SyntaxError>> {
    let lines = Lines::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(document.get_ref(), 1, &lines));
    }
    let mut errors: Vec<SyntaxError> = errors
        .iter()
        .map(|error| SyntaxError {
            line: error.span().map_or(1, |span| lines.at(span.start)),
            message: error.message().lines().next().unwrap_or_default().to_owned(),
        })
        .collect();
    errors.sort_by_key(|error| error.line);
    // After the first mistake on a line the parser is guessing; what it says of the rest of that line helps nobody.
    errors.dedup_by_key(|error| error.line);
    Err(errors)
}

struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|end| *end < offset)).unwrap_or(u32::MAX - 1) + 1
    }
}

fn table(table: &DeTable<'_>, line: u32, lines: &Lines) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let entry = Entry { line: lines.at(key.span().start), node: node(value, lines) };
            (key.get_ref().to_string(), entry)
        })
        .collect();
    Table { line, entries }
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines) -> Node {
    let line = lines.at(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(inner) => Value::Table(table(inner, line, lines)),
    };
    Node { line, value }
}

/// Quoted and escaped, and no longer than a line can bear.
#[must_use]
pub fn shown(text: &str) -> String {
    const LIMIT: usize = 80;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// A key as TOML writes it, bare where it can be.
#[must_use]
pub fn shown_key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(bare) { key.to_owned() } else { shown(key) }
}
