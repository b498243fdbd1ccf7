//! The one reader of TOML files: documents as trees that remember the line of every value, so that a mistake can be found and mended.
//!
//! `sequester.toml`, cargo's configuration, manifests and the files of other tools are all read here; each says in its own words what is
//! wrong. The lock file alone is read by serde, which is faster for thousands of packages that all have one shape.

use std::collections::BTreeMap;

use camino::Utf8Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::files::regular::{self, Links, ReadError};

/// A value and the line on which it starts, counted from 1. A key stands on the line of its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    /// `None` where it does not fit into 64 bits.
    Integer(Option<i64>),
    /// Nothing that is read here is one, so its number is not kept.
    Float,
    Boolean(bool),
    Datetime(Datetime),
    List(Vec<Node>),
    /// Inline or under a header.
    Table(Table),
}

#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Table {
    /// The line of the header, or of the brace; 1 for the document itself.
    pub(crate) line: u32,
    nodes: BTreeMap<String, Node>,
}

/// Why a file gives no tree.
#[derive(Debug)]
pub(crate) enum DocumentError {
    Read(ReadError),
    Syntax(SyntaxError),
}

/// Something that is not TOML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Counted from 1.
    pub(crate) line: u32,
    /// The parser's words.
    pub(crate) message: String,
}

/// A value that is not of the type that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrongType {
    pub(crate) line: u32,
    /// The key with its tables: `workspace.package.version`.
    pub(crate) key: String,
    pub(crate) expected: &'static str,
    pub(crate) found: &'static str,
}

/// Reads a file of at most `limit` bytes; links are followed, and what is no regular file is refused.
pub(crate) fn read(path: &Utf8Path, limit: u64) -> Result<Table, DocumentError> {
    let text = regular::text(path, Links::Followed, limit).map_err(DocumentError::Read)?;
    parse(&text).map_err(DocumentError::Syntax)
}

/// Parses a document, or says what its first mistake is; see [`parse_whole`].
pub(crate) fn parse(text: &str) -> Result<Table, SyntaxError> {
    parse_whole(text).map_err(|errors| errors.into_iter().next().unwrap_or_default())
}

/// Parses a document; a byte-order mark and either line ending are accepted. The parser bounds the depth.
///
/// # Errors
/// The text is not TOML; every mistake that the parser could tell apart, in the order of the text.
pub(crate) fn parse_whole(text: &str) -> Result<Table, Vec<SyntaxError>> {
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
    let nodes = table.iter().map(|(key, value)| (key.get_ref().to_string(), node(value, lines))).collect();
    Table { line, nodes }
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

impl Value {
    /// Its type, with an article, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
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
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.value.says_the_same_as(&other.value))
            }
            (Self::Table(one), Self::Table(other)) => {
                one.nodes.len() == other.nodes.len()
                    && one.iter().zip(other.iter()).all(|((name, one), (other_name, other))| {
                        name == other_name && one.value.says_the_same_as(&other.value)
                    })
            }
            // What no table of ours holds may be any float.
            (Self::Float, Self::Float) => false,
            (one, other) => one == other,
        }
    }

    pub(crate) const fn as_text(&self) -> Option<&String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) const fn as_boolean(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    pub(crate) const fn as_list(&self) -> Option<&Vec<Node>> {
        if let Self::List(nodes) = self { Some(nodes) } else { None }
    }

    /// A list that holds nothing but strings.
    pub(crate) fn as_texts(&self) -> Option<Vec<String>> {
        self.as_list()?.iter().map(|node| node.value.as_text().cloned()).collect()
    }

    pub(crate) const fn as_table(&self) -> Option<&Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.nodes.get(key)
    }

    /// Every key and its value, in the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// The string of a key; `None` for anything else, too.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.value.as_text().map(String::as_str)
    }

    /// What stands at the end of these keys; an error where something on the way there is no table.
    pub(crate) fn find(&self, keys: &[&str]) -> Result<Option<&Node>, WrongType> {
        let Some((last, above)) = keys.split_last() else { return Ok(None) };
        let mut section = Section::root(self);
        for key in above {
            let Some(inner) = section.section(key)? else { return Ok(None) };
            section = inner;
        }
        Ok(section.table.get(last))
    }
}

/// A table with the keys that lead to it, read by types: a key that is not there is `None`, one of another type is an error.
#[derive(Clone)]
pub(crate) struct Section<'t> {
    pub(crate) table: &'t Table,
    above: String,
}

impl<'t> Section<'t> {
    pub(crate) const fn root(table: &'t Table) -> Self {
        Self { table, above: String::new() }
    }

    /// The key with its tables, as a message names it.
    pub(crate) fn dotted(&self, key: &str) -> String {
        let key = shown_key(key);
        if self.above.is_empty() { key } else { format!("{}.{key}", self.above) }
    }

    /// Says that the value of this key, or a part of it, is not what is expected.
    pub(crate) fn wrong(&self, key: &str, node: &Node, expected: &'static str) -> WrongType {
        WrongType { line: node.line, key: self.dotted(key), expected, found: node.value.kind() }
    }

    /// What `read` makes of the value of this key; an error where it makes nothing of it.
    pub(crate) fn typed<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&'t Value) -> Option<T>,
    ) -> Result<Option<T>, WrongType> {
        let Some(node) = self.table.get(key) else { return Ok(None) };
        read(&node.value).map(Some).ok_or_else(|| self.wrong(key, node, expected))
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'t str>, WrongType> {
        self.typed(key, "a string", |value| value.as_text().map(String::as_str))
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>, WrongType> {
        self.typed(key, "`true` or `false`", Value::as_boolean)
    }

    pub(crate) fn list(&self, key: &str) -> Result<Option<&'t Vec<Node>>, WrongType> {
        self.typed(key, "a list", Value::as_list)
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, WrongType> {
        self.typed(key, "a list of strings", Value::as_texts)
    }

    pub(crate) fn section(&self, key: &str) -> Result<Option<Self>, WrongType> {
        let table = self.typed(key, "a table", Value::as_table)?;
        Ok(table.map(|table| Self { table, above: self.dotted(key) }))
    }

    /// The table that `node`, which is the value of this key or an entry of its list, is.
    pub(crate) fn inner(&self, key: &str, node: &'t Node) -> Result<Self, WrongType> {
        let table = node.value.as_table().ok_or_else(|| self.wrong(key, node, "a table"))?;
        Ok(Self { table, above: self.dotted(key) })
    }

    /// The tables of a table of tables, by key.
    pub(crate) fn sections(&self) -> impl Iterator<Item = Result<(&'t str, Self), WrongType>> {
        self.table.iter().map(|(key, node)| Ok((key, self.inner(key, node)?)))
    }
}

/// The keys as a reader writes them.
pub(crate) fn dotted(keys: &[&str]) -> String {
    keys.iter().map(|key| shown_key(key)).collect::<Vec<_>>().join(".")
}

/// A key as TOML writes it, bare where it can be.
pub(crate) fn shown_key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(bare) { key.to_owned() } else { shown(key) }
}

/// Quoted and escaped, and no longer than a line can bear.
pub(crate) fn shown(text: &str) -> String {
    const LIMIT: usize = 80;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, parse};

    /// Where each key stands as the text says it: every line that sets a key ends with its line.
    #[test]
    fn a_key_stands_on_the_line_of_its_value() {
        let text =
            "top = 1\n\n[a.b]\nc.d = '''\n\n'''\ne = [\n  2,\n]\n[a]\nf = { g = 3 }\n[[h]]\ni = 4\n[[h]]\n[[h.j]]\n";
        let lines: [(&[&str], u32); 8] = [
            (&["top"], 1),
            (&["a", "b"], 3),
            (&["a", "b", "c", "d"], 4),
            (&["a", "b", "e"], 7),
            (&["a"], 10),
            (&["a", "f", "g"], 11),
            (&["h"], 12),
            (&["none"], 0),
        ];
        let table = parse(text).unwrap_or_default();
        for (keys, line) in lines {
            let found = table.find(keys).map(|node| node.map_or(0, |node| node.line));
            assert_eq!(found, Ok(line), "{keys:?}");
        }
        let tables: Vec<&Table> = table
            .get("h")
            .and_then(|list| list.value.as_list())
            .into_iter()
            .flatten()
            .filter_map(|node| node.value.as_table())
            .collect();
        assert_eq!(tables.iter().map(|table| table.line).collect::<Vec<_>>(), [12, 14]);
    }

    #[test]
    fn what_leads_to_a_key_must_be_a_table() {
        let table = parse("[a]\n\"b c\" = 1\n").unwrap_or_default();
        let wrong = table.find(&["a", "b c", "d"]).err();
        let said = wrong.map(|wrong| (wrong.line, wrong.key, wrong.expected, wrong.found));
        assert_eq!(said, Some((2, "a.\"b c\"".to_owned(), "a table", "an integer")));
    }
}
